# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance cases 11 to 19: optional fields, set, cleared, left alone."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import Account
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.comparing import apply, changed_fields
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.subjects import PATCH_TASK, PROD, TARGET

LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
RULE = {"filters": {"CLASSIFICATION": ["Security"]}}
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


def test_case_011_a_task_is_sent_without_empty_members(account: Account) -> None:
    PATCH_TASK.prepare(account)
    account.run("ssm_patch_task", **PATCH_TASK.creation())

    (request,) = account.inputs("RegisterTaskWithMaintenanceWindow")
    assert "Description" not in request
    assert "ServiceRoleArn" not in request


def test_case_012_a_target_without_description_lives(account: Account) -> None:
    TARGET.prepare(account)

    apply(account, "ssm_window_target", **TARGET.creation())
    apply(account, "ssm_window_target", **TARGET.identity, patch_groups=["Db"])
    apply(account, "ssm_window_target", **TARGET.identity, state="absent")

    requests = account.inputs("RegisterTargetWithMaintenanceWindow") + account.inputs("UpdateMaintenanceWindowTarget")
    assert len(requests) == 2
    assert not any("Description" in request or "OwnerInformation" in request for request in requests)


def test_case_013_every_optional_field_can_be_cleared(account: Account) -> None:
    account.run("ssm_maintenance_window", **PROD, **OPTIONAL)
    assert set(_stored(account)) >= MEMBERS
    empty = {name: 0 if name == "schedule_offset" else "" for name in OPTIONAL}

    done = apply(account, "ssm_maintenance_window", name="prod", **empty)

    assert changed_fields(done) == set(OPTIONAL)
    assert not set(_stored(account)) & MEMBERS


def test_case_014_fields_that_are_not_mentioned_survive_a_replacing_update(account: Account) -> None:
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


def test_case_015_enabled_and_disabled(account: Account) -> None:
    account.run("ssm_maintenance_window", **PROD)

    for enabled in (False, True):
        done = apply(account, "ssm_maintenance_window", name="prod", enabled=enabled)
        assert done["changed"]
        assert _stored(account)["Enabled"] is enabled


def test_case_016_a_window_that_could_not_be_disabled(account: Account) -> None:
    account.faults({"op": "UpdateMaintenanceWindow", "do": "AccessDeniedException"})

    failed = account.fails("ssm_maintenance_window", **PROD, enabled=False)

    assert _stored(account)["WindowId"] in failed["msg"]
    assert "exists and is enabled" in failed["msg"]
    account.faults()
    assert apply(account, "ssm_maintenance_window", **PROD, enabled=False)["changed"]


def test_case_017_the_range_of_the_offset(account: Account) -> None:
    (violation,) = account.refuses("ssm_maintenance_window", **PROD, schedule_offset=12)

    assert "schedule_offset" in violation
    assert "from 1 to 6" in violation
    assert not account.calls()


@pytest.mark.parametrize("schedule", ["rate(7 days)", "cron(0 2 ? * TUE *)", "at(2027-01-01T00:00:00)"])
def test_case_018_an_offset_needs_a_numbered_day(account: Account, schedule: str) -> None:
    (violation,) = account.refuses("ssm_maintenance_window", **{**PROD, "schedule": schedule}, schedule_offset=2)

    assert violation.startswith("schedule_offset: ")


def test_case_018_a_schedule_that_takes_no_offset_does_not_drop_it_silently(account: Account) -> None:
    account.run("ssm_maintenance_window", **PROD, schedule_offset=2)

    (violation,) = account.refuses("ssm_maintenance_window", name="prod", schedule="rate(7 days)")
    assert "schedule_offset: 0" in violation
    done = apply(account, "ssm_maintenance_window", name="prod", schedule="rate(7 days)", schedule_offset=0)

    assert changed_fields(done) == {"schedule", "schedule_offset"}


def test_case_019_a_date_gives_way_to_days(account: Account) -> None:
    dated = {**RULE, "approve_until_date": "2026-01-01"}
    account.run("ssm_patch_baseline", **LINUX, approval_rules=[dated])

    apply(account, "ssm_patch_baseline", **LINUX, approval_rules=[{**RULE, "approve_after_days": 0}])

    (identity,) = account.by_hand("DescribePatchBaselines", Filters=[{"Key": "OWNER", "Values": ["Self"]}])[
        "BaselineIdentities"
    ]
    (rule,) = account.by_hand("GetPatchBaseline", BaselineId=identity["BaselineId"])["ApprovalRules"]["PatchRules"]
    assert rule["ApproveAfterDays"] == 0
    assert "ApproveUntilDate" not in rule


@pytest.mark.parametrize("wrong", [{"approve_after_days": 0, "approve_until_date": "2026-01-01"}, {}], ids=str)
def test_case_019_exactly_one_of_days_and_date(account: Account, wrong: dict[str, Any]) -> None:
    (violation,) = account.refuses("ssm_patch_baseline", **LINUX, approval_rules=[{**RULE, **wrong}])

    assert violation.startswith("approval_rules[0]: give exactly one of")
