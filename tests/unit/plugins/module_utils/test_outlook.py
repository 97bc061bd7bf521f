# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the next Install does on a node: its last report, and what comes out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.outlook import outlook, reason_of

REPORT: dict[str, Any] = {
    "ping_status": "Online",
    "status": "noncompliant",
    "missing_count": 2,
    "failed_count": 1,
    "installed_pending_reboot_count": 0,
}


@pytest.mark.parametrize(
    ("changed", "is_overridden", "reason"),
    [
        ({}, False, None),
        ({"missing_count": 0}, False, None),
        ({"ping_status": None}, False, None),
        ({}, True, "override"),
        ({"ping_status": "ConnectionLost"}, False, "agent_offline"),
        ({"ping_status": "Inactive"}, True, "agent_offline"),
        ({"missing_count": None, "status": "never_scanned"}, False, "never_scanned"),
        ({"missing_count": None, "status": None}, False, "not_read"),
        ({"missing_count": None, "status": None}, True, "override"),
    ],
)
def test_why_a_report_does_not_say_what_is_installed(
    changed: dict[str, Any], is_overridden: bool, reason: str | None
) -> None:
    assert reason_of({**REPORT, **changed}, is_overridden) == reason


@pytest.mark.parametrize("reported", ["pb-1", "arn:aws:ssm:eu-west-1:123456789012:patchbaseline/pb-1"])
def test_a_report_by_another_baseline_does_not_say_it(reported: str) -> None:
    report = {**REPORT, "baseline_id": reported}

    assert reason_of(report, False, "pb-2") == "baseline_changes"
    assert reason_of(report, False, "pb-1") is None
    assert reason_of(report, False, None) is None
    assert reason_of({**REPORT, "baseline_id": None}, False, "pb-1") is None


@pytest.mark.parametrize(
    ("changed", "option", "count", "expected"),
    [
        ({}, "RebootIfNeeded", None, (3, True)),
        ({}, None, None, (3, True)),
        ({}, "NoReboot", None, (3, False)),
        ({"failed_count": None}, "RebootIfNeeded", None, (2, True)),
        ({"missing_count": 0, "failed_count": 0}, "RebootIfNeeded", None, (0, False)),
        (
            {"missing_count": 0, "failed_count": 0, "installed_pending_reboot_count": 1},
            "RebootIfNeeded",
            None,
            (0, True),
        ),
        ({"missing_count": 0, "failed_count": 0, "installed_pending_reboot_count": 1}, "NoReboot", None, (0, False)),
        ({}, "RebootIfNeeded", 0, (0, False)),
        ({}, "RebootIfNeeded", 1, (1, True)),
    ],
)
def test_what_an_install_does(
    changed: dict[str, Any], option: str | None, count: int | None, expected: tuple[int, bool]
) -> None:
    assert outlook({**REPORT, **changed}, option, None, count) == (*expected, None)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("agent_offline", (0, False)), ("override", (None, None)), ("never_scanned", (None, None))],
)
def test_what_is_not_known_is_null(reason: str, expected: tuple[Any, Any]) -> None:
    assert outlook(REPORT, "RebootIfNeeded", reason, 2) == (*expected, reason)
