# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import CLOCK
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from ssmsim import Simulator

from .faulty_account import FaultyAccount


@pytest.fixture(scope="session")
def simulator() -> Simulator:
    """The simulator of this process, reset for each test."""
    return Simulator(profile=chosen_profile(), clock=CLOCK)


@pytest.fixture
def account(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyAccount]:
    """An empty account."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANSIBLE_"))]:
        monkeypatch.delenv(name)
    simulator.reset()
    yield FaultyAccount(simulator, chosen_profile(), monkeypatch)
    simulator.reset()
