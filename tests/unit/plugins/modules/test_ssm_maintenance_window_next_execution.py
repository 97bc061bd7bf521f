# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode computes when a window opens next, and a schedule that never comes true is told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account

MODULE = "ssm_maintenance_window"
WINDOW = {"name": "prod", "schedule": "cron(0 2 ? * TUE#2 *)", "duration": 4, "cutoff": 1}
KEY = "next_execution_time"


def check_and_run(account: Account, **options: Any) -> str | None:
    """What check mode predicts, which the run must confirm."""
    planned = account.run(MODULE, check=True, **options)["window"][KEY]
    done = account.run(MODULE, **options)["window"][KEY]
    assert planned == done
    return None if planned is None else str(planned)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"enabled": False}, None),
        ({"schedule": "cron(0 3 ? * MON *)"}, "2026-01-05T03:00Z"),
        ({"schedule": "cron(30 0 3 ? * MON *)"}, "2026-01-05T03:00:30Z"),
        ({"schedule_timezone": "Europe/Berlin"}, "2026-01-13T02:00+01:00"),
        ({"schedule_offset": 3}, "2026-01-16T02:00Z"),
        ({"start_date": "2026-06-01T00:00:00Z"}, "2026-06-09T02:00Z"),
        ({"end_date": "2026-01-14T00:00:00Z"}, "2026-01-13T02:00Z"),
        ({"end_date": "2026-01-12T00:00:00Z"}, None),
        ({"schedule": "at(2026-02-01T04:00:00)"}, "2026-02-01T04:00Z"),
    ],
    ids=str,
)
def test_after_a_change(account: Account, options: dict[str, Any], expected: str | None) -> None:
    assert check_and_run(account, **WINDOW) == "2026-01-13T02:00Z"
    assert check_and_run(account, **{**WINDOW, **options}) == expected


@pytest.mark.parametrize(
    ("zone", "expected"), [("Europe/Berlin", "2026-04-20T03:00+02:00"), ("America/New_York", "2026-03-16T03:00-04:00")]
)
def test_the_run_is_skipped_of_a_cron_day_that_has_passed(account: Account, zone: str, expected: str) -> None:
    account.simulator.set_clock("2026-03-10T06:30:00Z")
    options = {"schedule": "cron(0 3 ? * TUE#2 *)", "schedule_offset": 6, "schedule_timezone": zone}
    assert check_and_run(account, **{**WINDOW, **options}) == expected


def test_a_new_window_that_is_disabled_opens_never(account: Account) -> None:
    assert check_and_run(account, **WINDOW, enabled=False) is None
    assert check_and_run(account, name="prod", enabled=True) == "2026-01-13T02:00Z"


def test_what_does_not_move_the_schedule_leaves_the_time_that_aws_tells(account: Account) -> None:
    made = account.run(MODULE, **{**WINDOW, "schedule": "rate(7 days)"})["window"]
    planned = account.run(MODULE, check=True, name="prod", description="changed")
    assert planned["window"][KEY] == made[KEY]


@pytest.mark.parametrize(
    "options",
    [
        {"schedule": "cron(0 2 31 2 ? *)"},
        {"schedule": "cron(0 2 ? * TUE 2020)"},
        {"end_date": "2020-01-01T00:00:00Z"},
        {"start_date": "2026-01-02T00:00:00Z", "end_date": "2026-01-03T00:00:00Z"},
    ],
    ids=str,
)
def test_a_schedule_that_never_opens_is_told(account: Account, options: dict[str, Any]) -> None:
    declared = {**WINDOW, **options}
    for check in (True, False, False):
        told = account.run(MODULE, check=check, **declared)["warnings"]
        assert [text for text in told if "never opens the window again" in text], told
    assert not account.run(MODULE, **declared, enabled=False)["warnings"]


def test_a_moment_in_the_past(account: Account) -> None:
    declared = {**WINDOW, "schedule": "at(2020-01-01T00:00:00)"}
    assert "never opens" in account.run(MODULE, check=True, **declared)["warnings"][0]
    done = account.outcome(MODULE, **declared)
    if account.profile == "strict":
        assert "is in the past" in done["msg"]
    else:
        assert not done.get("failed")


def test_a_schedule_that_opens_is_not_told(account: Account) -> None:
    assert account.run(MODULE, **WINDOW)["warnings"] == []
