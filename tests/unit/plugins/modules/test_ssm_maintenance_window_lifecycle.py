# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_maintenance_window: options set, cleared and left alone; names; what goes with a window."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import apply, changed_fields
from ansible_collections.patchfleet.aws.tests.support.resource_cases import (
    PATCH_TASK,
    PROD,
    TARGET,
)

OPTIONAL = {
    "start_date": "2027-01-01T00:00:00Z",
    "end_date": "2028-01-01T00:00:00Z",
    "schedule_timezone": "Europe/Berlin",
    "schedule_offset": 3,
    "description": "all of it",
}
MEMBERS = {"StartDate", "EndDate", "ScheduleTimezone", "ScheduleOffset", "Description"}


def _stored(account: Account) -> dict[str, Any]:
    (identity,) = account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    return account.by_hand("GetMaintenanceWindow", WindowId=identity["WindowId"])


def test_every_optional_field_can_be_cleared(account: Account) -> None:
    account.run("ssm_maintenance_window", **PROD, **OPTIONAL)
    assert set(_stored(account)) >= MEMBERS
    empty = {name: 0 if name == "schedule_offset" else "" for name in OPTIONAL}

    done = apply(account, "ssm_maintenance_window", name="prod", **empty)

    assert changed_fields(done) == set(OPTIONAL)
    assert not set(_stored(account)) & MEMBERS


def test_fields_that_are_not_mentioned_survive_a_replacing_update(account: Account) -> None:
    account.run("ssm_maintenance_window", **PROD, **OPTIONAL, enabled=False, allow_unassociated_targets=True)
    before = _stored(account)

    apply(account, "ssm_maintenance_window", name="prod", end_date="")

    (request,) = account.inputs("UpdateMaintenanceWindow")[1:]
    assert request["Replace"] is True
    after = _stored(account)
    del before["EndDate"]
    for facts in (before, after):
        facts.pop("ModifiedDate")
        facts.pop("NextExecutionTime", None)
    assert after == before


def test_a_window_is_disabled_and_enabled(account: Account) -> None:
    account.run("ssm_maintenance_window", **PROD)

    for enabled in (False, True):
        done = apply(account, "ssm_maintenance_window", name="prod", enabled=enabled)
        assert done["changed"]
        assert _stored(account)["Enabled"] is enabled


def test_a_window_that_could_not_be_disabled_is_reported_and_disabled_by_the_next_run(account: Account) -> None:
    account.faults({"op": "UpdateMaintenanceWindow", "do": "AccessDeniedException"})

    failed = account.fails("ssm_maintenance_window", **PROD, enabled=False)

    assert _stored(account)["WindowId"] in failed["msg"]
    assert "exists and is enabled" in failed["msg"]
    account.faults()
    assert apply(account, "ssm_maintenance_window", **PROD, enabled=False)["changed"]


def test_an_offset_out_of_range_is_refused(account: Account) -> None:
    (violation,) = account.refuses("ssm_maintenance_window", **PROD, schedule_offset=12)

    assert "schedule_offset" in violation
    assert "from 1 to 6" in violation
    assert not account.calls()


@pytest.mark.parametrize("schedule", ["rate(7 days)", "cron(0 2 ? * TUE *)", "at(2027-01-01T00:00:00)"])
def test_an_offset_needs_a_numbered_day(account: Account, schedule: str) -> None:
    (violation,) = account.refuses("ssm_maintenance_window", **{**PROD, "schedule": schedule}, schedule_offset=2)

    assert violation.startswith("schedule_offset: ")


def test_a_schedule_that_takes_no_offset_does_not_drop_it_silently(account: Account) -> None:
    account.run("ssm_maintenance_window", **PROD, schedule_offset=2)

    (violation,) = account.refuses("ssm_maintenance_window", name="prod", schedule="rate(7 days)")
    assert "schedule_offset: 0" in violation
    done = apply(account, "ssm_maintenance_window", name="prod", schedule="rate(7 days)", schedule_offset=0)

    assert changed_fields(done) == {"schedule", "schedule_offset"}


def test_a_window_that_was_deleted_elsewhere_is_created_again(account: Account) -> None:
    window = account.run("ssm_maintenance_window", **PROD)["window"]
    account.by_hand("DeleteMaintenanceWindow", WindowId=window["window_id"])

    again = apply(account, "ssm_maintenance_window", **PROD)

    assert again["window"]["window_id"] != window["window_id"]


def test_two_windows_of_one_name_are_told_apart_by_id(account: Account) -> None:
    windows = [{"Name": "prod", "Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 0}] * 2
    ids = [
        account.by_hand("CreateMaintenanceWindow", **one, AllowUnassociatedTargets=False)["WindowId"] for one in windows
    ]

    (violation,) = account.refuses("ssm_maintenance_window", **PROD)
    assert all(one in violation for one in ids)
    (violation,) = account.refuses("ssm_window_target", **TARGET.creation())
    assert all(one in violation for one in ids)

    assert apply(account, "ssm_maintenance_window", window_id=ids[0], description="first")["changed"]
    assert (
        apply(account, "ssm_window_target", **{**TARGET.creation(), "window": ids[1]})["target"]["window_id"] == ids[1]
    )


def test_a_window_is_renamed_by_its_id(account: Account) -> None:
    window = account.run("ssm_maintenance_window", **PROD)["window"]

    done = apply(account, "ssm_maintenance_window", window_id=window["window_id"], name="renamed")

    assert changed_fields(done) == {"name"}
    assert done["window"]["window_id"] == window["window_id"]


def test_a_window_that_never_opens_again_has_no_next_execution(account: Account) -> None:
    done = account.run("ssm_maintenance_window", **PROD, end_date="2026-01-02T00:00:00Z")

    assert done["window"]["next_execution_time"] is None
    account.simulator.advance(7 * 86400)
    assert account.run("ssm_maintenance_window", **PROD)["window"]["next_execution_time"] is None


def test_deleting_a_window_lists_what_it_holds(account: Account) -> None:
    TARGET.prepare(account)
    account.run("ssm_window_target", **{**TARGET.creation(), "name": "web"})
    account.run("ssm_patch_task", **PATCH_TASK.creation())

    done = apply(account, "ssm_maintenance_window", name="prod", state="absent")

    headers = [entry["before_header"] for entry in done["diff"]]
    assert headers == ["window prod", "target prod/web", "task prod/install"]
    assert all(entry["after"] == {} and entry["before"] for entry in done["diff"])


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ("cron(0 16 * * TUE *)", "day-of-month"),
        ("0 16 * * 2", "cron("),
        ("rate(0 days)", "rate"),
        ("cron(0 25 ? * TUE *)", "hours"),
        ("cron(0 16 ? * TUES *)", "day-of-week"),
    ],
)
def test_a_wrong_schedule_is_refused_with_its_wrong_field(account: Account, schedule: str, field: str) -> None:
    violations = account.refuses("ssm_maintenance_window", **{**PROD, "schedule": schedule})

    assert any(text.startswith("schedule: ") and field in text for text in violations), violations
    assert not account.calls()
