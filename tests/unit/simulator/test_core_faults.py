# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that hit what exceeds a rate."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from ssmsim import faults
from ssmsim.faults import Call, Rule

CALL = Call("ssm", "DescribeMaintenanceWindows", "eu-west-1", "123456789012")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time that the rule sees."""

    def move(seconds: float) -> None:
        monkeypatch.setattr(faults, "time", SimpleNamespace(monotonic=lambda: seconds))

    move(100.0)
    return move


def hits(rule: Rule, count: int) -> list[bool]:
    return [rule.hits(CALL, lambda: 0.0) for _ in range(count)]


def test_a_burst_is_let_through_and_then_so_many_a_second(at: Callable[[float], None]) -> None:
    rule = Rule(do="ThrottlingException", per_second=2, burst=3)

    assert hits(rule, 5) == [False, False, False, True, True]
    at(101.0)
    assert hits(rule, 3) == [False, False, True]
    # A bucket holds no more than a burst, however long nothing is asked.
    at(200.0)
    assert hits(rule, 4) == [False, False, False, True]


def test_without_a_rate_every_call_is_hit() -> None:
    assert hits(Rule(do="ThrottlingException"), 3) == [True, True, True]
