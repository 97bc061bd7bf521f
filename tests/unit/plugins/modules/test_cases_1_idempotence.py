# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance cases 1 to 10: idempotence, and differences that are none."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import Account
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.comparing import apply, changed_fields
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.subjects import (
    PATCH_TASK,
    PROD,
    ROLES,
    TOPICS,
    WINDOW_TASK,
)

PARAMETERS = {"sourceType": ["S3"], "sourceInfo": ['{"path": "x"}'], "commandLine": ["sh run"]}
LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
AWS_LINUX = "AWS-AmazonLinux2023DefaultPatchBaseline"


def _task(account: Account, **args: Any) -> dict[str, Any]:
    return dict(account.run("ssm_window_task", **WINDOW_TASK.creation(), **args)["task"])


def _with_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    return {**WINDOW_TASK.creation(), "run_command": {"parameters": parameters}}


def test_case_001_the_order_of_parameters(account: Account) -> None:
    WINDOW_TASK.prepare(account)
    first = account.run("ssm_window_task", **_with_parameters(PARAMETERS))["task"]

    again = account.run("ssm_window_task", **_with_parameters(dict(reversed(PARAMETERS.items()))))

    assert not again["changed"]
    assert again["task"]["window_task_id"] == first["window_task_id"]


def test_case_002_one_parameter_changes_in_place(account: Account) -> None:
    WINDOW_TASK.prepare(account)
    first = account.run("ssm_window_task", **_with_parameters(PARAMETERS))["task"]

    done = apply(account, "ssm_window_task", **_with_parameters({**PARAMETERS, "commandLine": ["sh other"]}))

    assert done["changed"]
    assert done["task"]["window_task_id"] == first["window_task_id"]
    stored = account.by_hand(
        "GetMaintenanceWindowTask", WindowId=first["window_id"], WindowTaskId=first["window_task_id"]
    )
    assert stored["TaskInvocationParameters"]["RunCommand"]["Parameters"]["commandLine"] == ["sh other"]


def test_case_003_what_somebody_added_is_kept(account: Account) -> None:
    PATCH_TASK.prepare(account)
    task = account.run("ssm_patch_task", **PATCH_TASK.creation())["task"]
    where = {"WindowId": task["window_id"], "WindowTaskId": task["window_task_id"]}
    command = account.by_hand("GetMaintenanceWindowTask", **where)["TaskInvocationParameters"]["RunCommand"]
    sns = {"NotificationArn": TOPICS[0], "NotificationEvents": ["Failed"], "NotificationType": "Command"}
    noted = {"RunCommand": {**command, "NotificationConfig": sns, "ServiceRoleArn": ROLES[0]}}
    account.by_hand("UpdateMaintenanceWindowTask", **where, TaskInvocationParameters=noted)

    again = account.run("ssm_patch_task", **PATCH_TASK.creation())
    changed = apply(account, "ssm_patch_task", **PATCH_TASK.creation(), comment="new")

    assert not again["changed"]
    assert changed_fields(changed) == {"comment"}
    stored = account.by_hand("GetMaintenanceWindowTask", **where)["TaskInvocationParameters"]["RunCommand"]
    assert stored["NotificationConfig"] == sns
    assert stored["ServiceRoleArn"] == ROLES[0]


@pytest.mark.parametrize("empty", [{"notification": {}}, {"alarm": {}}, {"hooks": {}}], ids=str)
def test_case_004_an_empty_block_is_no_difference(account: Account, empty: dict[str, Any]) -> None:
    PATCH_TASK.prepare(account)

    done = apply(account, "ssm_patch_task", **PATCH_TASK.creation(), **empty)

    assert done["changed"]
    assert all(done["task"][name] is None for name in empty)


def test_case_005_two_criteria(account: Account) -> None:
    account.run("ssm_maintenance_window", **PROD)
    tags = {"Name": "web", "Role": ["front", "back"]}

    done = apply(account, "ssm_window_target", window="prod", name="servers", instance_tags=tags)

    criteria = {one["key"]: one["values"] for one in done["target"]["targets"]}
    assert criteria == {"tag:Name": ["web"], "tag:Role": ["front", "back"]}


def test_case_006_the_order_of_approved_patches(account: Account) -> None:
    patches = ["KB123456", "KB456789"]
    account.run("ssm_patch_baseline", **LINUX, approved_patches=patches)

    assert not account.run("ssm_patch_baseline", **LINUX, approved_patches=patches[::-1])["changed"]
    assert not account.run("ssm_patch_baseline", **LINUX, approved_patches=[*patches, *patches])["changed"]


def test_case_007_the_answer_is_what_a_fresh_read_says(account: Account) -> None:
    account.run("ssm_patch_baseline", **LINUX, description="one")
    account.simulator.advance(3600)

    done = account.run("ssm_patch_baseline", **LINUX, description="two", approved_patches=["a"])
    fresh = account.run("ssm_patch_baseline", **LINUX)

    assert done["baseline"] == {**fresh["baseline"], "tags": done["baseline"]["tags"]}
    assert done["baseline"]["description"] == "two"
    assert done["baseline"]["modified_date"] > done["baseline"]["created_date"]


def test_case_008_no_empty_member_in_a_rule(account: Account) -> None:
    rule = {"filters": {"CLASSIFICATION": ["Security"]}, "approve_until_date": "2026-01-01"}

    done = account.run("ssm_patch_baseline", **LINUX, approval_rules=[rule])

    (shown,) = done["baseline"]["approval_rules"]
    assert "approve_after_days" not in shown
    (request,) = account.inputs("CreatePatchBaseline")
    assert "ApproveAfterDays" not in request["ApprovalRules"]["PatchRules"][0]


def test_case_009_the_default_by_arn_and_by_id(account: Account) -> None:
    own = account.run("ssm_patch_baseline", **LINUX, default=True)["baseline"]["baseline_id"]
    arn = f"arn:aws:ssm:eu-central-1:123456789012:patchbaseline/{own}"

    for baseline_id in (arn, own):
        again = account.run("ssm_patch_baseline", baseline_id=baseline_id, default=True)
        assert not again["changed"]
        assert again["baseline"]["default"] is True


def test_case_010_a_baseline_of_aws_by_name_arn_and_id(account: Account) -> None:
    args = {"operating_system": "AMAZON_LINUX_2023", "patch_groups": ["Web"]}
    done = apply(account, "ssm_patch_baseline", name=AWS_LINUX, **args)
    arn = done["baseline"]["baseline_id"]
    assert arn.startswith("arn:")
    account.run("ssm_patch_baseline", **LINUX, default=True)

    for identity in ({"name": AWS_LINUX}, {"baseline_id": arn}):
        again = account.run("ssm_patch_baseline", **identity, patch_groups=["Web"])
        assert not again["changed"]
    assert apply(account, "ssm_patch_baseline", baseline_id=arn, default=True)["changed"]
