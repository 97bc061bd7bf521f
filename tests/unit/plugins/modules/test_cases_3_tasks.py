# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance cases 20 to 39, 80 and 97: tasks, their targets, roles, outputs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import Account
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.comparing import apply, changed_fields
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.subjects import (
    INSTANCES,
    PATCH_TASK,
    PROD,
    ROLES,
    TOPICS,
)

INSTALL = PATCH_TASK.creation()
RUNBOOK = {"window": "prod", "name": "stop", "task_type": "AUTOMATION", "task_arn": "AWS-StopEC2Instance"}
LINKED_ROLE = "arn:aws:iam::123456789012:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM"
COMMAND = {"name": "command", "window": "prod", "task_type": "RUN_COMMAND", "task_arn": "X", "window_targets": ["web"]}


@pytest.fixture
def prepared(account: Account) -> Account:
    """The account with a window and its targets."""
    PATCH_TASK.prepare(account)
    return account


def _stored(account: Account, task: dict[str, Any]) -> dict[str, Any]:
    where = {"WindowId": task["window_id"], "WindowTaskId": task["window_task_id"]}
    return account.by_hand("GetMaintenanceWindowTask", **where)


def _command(account: Account, task: dict[str, Any]) -> dict[str, Any]:
    return dict(_stored(account, task)["TaskInvocationParameters"]["RunCommand"])


def test_case_020_a_task_without_targets(prepared: Account) -> None:
    done = apply(prepared, "ssm_window_task", **RUNBOOK)

    assert done["changed"]
    assert done["task"]["window_targets"] is None


@pytest.mark.parametrize("rate", ["max_concurrency", "max_errors"])
def test_case_021_a_task_without_targets_has_no_rates(prepared: Account, rate: str) -> None:
    (violation,) = prepared.refuses("ssm_window_task", **RUNBOOK, **{rate: "1"})
    assert violation.startswith(f"{rate}: ")

    prepared.run("ssm_window_task", **RUNBOOK)
    (request,) = prepared.inputs("RegisterTaskWithMaintenanceWindow")
    assert not {"MaxConcurrency", "MaxErrors"} & set(request)


def test_case_022_the_placeholders_of_a_task_without_targets(prepared: Account) -> None:
    task = prepared.run("ssm_window_task", **RUNBOOK)["task"]
    assert _stored(prepared, task)["MaxErrors"] == "1"

    again = prepared.run("ssm_window_task", **RUNBOOK)
    assert not again["changed"]
    assert again["task"]["max_errors"] is None
    described = apply(prepared, "ssm_window_task", **RUNBOOK, description="new")
    assert changed_fields(described) == {"description"}


def test_case_022_targets_come_and_go(prepared: Account) -> None:
    task = prepared.run("ssm_window_task", **RUNBOOK)["task"]

    with_targets = apply(prepared, "ssm_window_task", **RUNBOOK, window_targets=["web"])
    assert with_targets["task"]["max_concurrency"] == "10%"
    without = apply(prepared, "ssm_window_task", **RUNBOOK, window_targets=[])

    assert changed_fields(without) == {"window_targets", "max_concurrency", "max_errors"}
    assert without["task"]["window_task_id"] == task["window_task_id"]
    assert _stored(prepared, task)["Targets"] == []


def test_case_023_a_task_has_no_option_for_another_key(prepared: Account) -> None:
    failed = prepared.fails("ssm_window_task", **RUNBOOK, targets=[{"key": "tag:Env", "values": ["prod"]}])

    assert "targets" in failed["msg"]
    assert "window_targets" in failed["msg"]
    assert not prepared.calls()


def test_case_024_eleven_targets(prepared: Account) -> None:
    violations = prepared.refuses("ssm_patch_task", **{**INSTALL, "window_targets": [f"t-{n}" for n in range(11)]})

    assert any(text.startswith("window_targets: 11 targets, but a task takes at most 10") for text in violations)


def test_case_025_a_resource_group_belongs_on_a_target(prepared: Account) -> None:
    failed = prepared.fails("ssm_window_task", **RUNBOOK, resource_group="one")
    assert "resource_group" in failed["msg"]

    target = {"window": "prod", "name": "group", "resource_group": "one"}
    assert apply(prepared, "ssm_window_target", **target)["target"]["resource_type"] == "RESOURCE_GROUP"


@pytest.mark.parametrize("module", ["ssm_patch_task", "ssm_window_task"])
def test_case_026_the_role_that_publishes(prepared: Account, module: str) -> None:
    base, wrap = (
        (INSTALL, lambda told: told) if module == "ssm_patch_task" else (COMMAND, lambda told: {"run_command": told})
    )
    topic = {"topic_arn": TOPICS[0]}
    (violation,) = prepared.refuses(module, **base, service_role_arn=ROLES[1], **wrap({"notification": topic}))
    assert "notification.role_arn: is missing" in violation

    told = {"notification": {**topic, "role_arn": ROLES[0]}}
    task = apply(prepared, module, **base, service_role_arn=ROLES[1], **wrap(told))["task"]

    assert _command(prepared, task)["ServiceRoleArn"] == ROLES[0]
    assert _stored(prepared, task)["ServiceRoleArn"] == ROLES[1]
    config = _command(prepared, task)["NotificationConfig"]
    assert set(config["NotificationEvents"]) == {"Failed", "TimedOut"}
    assert config["NotificationType"] == "Command"


def test_case_027_the_service_linked_role_is_no_difference(prepared: Account) -> None:
    task = apply(prepared, "ssm_patch_task", **INSTALL)["task"]
    assert _stored(prepared, task)["ServiceRoleArn"] == LINKED_ROLE

    assert task["service_role_arn"] is None
    apply(prepared, "ssm_patch_task", **INSTALL, service_role_arn=ROLES[0])
    done = apply(prepared, "ssm_patch_task", **INSTALL, service_role_arn="")
    assert changed_fields(done) == {"service_role_arn"}
    assert _stored(prepared, task)["ServiceRoleArn"] == LINKED_ROLE


@pytest.mark.parametrize(
    "command", [{"cloudwatch_output": True}, {"notification": {"topic_arn": TOPICS[0], "role_arn": ROLES[0]}}], ids=str
)
def test_case_028_outputs_are_for_commands_only(prepared: Account, command: dict[str, Any]) -> None:
    (violation,) = prepared.refuses("ssm_window_task", **RUNBOOK, run_command=command)

    assert violation.startswith("run_command: is for RUN_COMMAND tasks only")


def test_case_029_cloudwatch_on_off_on(prepared: Account) -> None:
    ids = set()
    for enabled in (True, False, True):
        done = apply(prepared, "ssm_patch_task", **INSTALL, cloudwatch_output=enabled)
        ids.add(done["task"]["window_task_id"])
        assert done["changed"]
        assert _command(prepared, done["task"])["CloudWatchOutputConfig"]["CloudWatchOutputEnabled"] is enabled
    assert len(ids) == 1


def test_case_029_a_log_group_that_aws_chose_is_no_difference(prepared: Account) -> None:
    task = prepared.run("ssm_patch_task", **INSTALL, cloudwatch_output=True)["task"]
    command = _command(prepared, task)
    command["CloudWatchOutputConfig"]["CloudWatchLogGroupName"] = "/aws/ssm/AWS-RunPatchBaseline"
    where = {"WindowId": task["window_id"], "WindowTaskId": task["window_task_id"]}
    prepared.by_hand("UpdateMaintenanceWindowTask", **where, TaskInvocationParameters={"RunCommand": command})

    assert not prepared.run("ssm_patch_task", **INSTALL, cloudwatch_output=True)["changed"]


def test_case_030_settings_among_the_parameters(prepared: Account) -> None:
    parameters = {"CloudWatchOutputConfig": {"CloudWatchOutputEnabled": True}}
    (violation,) = prepared.refuses("ssm_window_task", **COMMAND, run_command={"parameters": parameters})

    assert "run_command.cloudwatch_output" in violation


def test_case_031_one_alarm(prepared: Account) -> None:
    alarm = {"name": "stop", "ignore_poll_failure": True}

    task = apply(prepared, "ssm_patch_task", **INSTALL, alarm=alarm)["task"]

    assert task["alarm"] == alarm
    stored = _stored(prepared, task)["AlarmConfiguration"]
    assert stored == {"Alarms": [{"Name": "stop"}], "IgnorePollAlarmFailure": True}
    failed = prepared.fails("ssm_patch_task", **INSTALL, alarm=[{"name": "one"}, {"name": "two"}])
    assert "alarm" in failed["msg"]


@pytest.mark.parametrize("block", ["run_command", "automation", "lambda_function", "step_functions", "alarm"])
def test_case_032_empty_blocks_make_no_traceback(prepared: Account, block: str) -> None:
    done = apply(prepared, "ssm_window_task", **RUNBOOK, **{block: {}})

    assert done["changed"]
    assert done["task"][block] is None


def test_case_033_a_task_of_the_older_api_is_adopted(prepared: Account) -> None:
    (identity,) = prepared.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    where = {"WindowId": identity["WindowId"]}
    (target,) = prepared.by_hand("DescribeMaintenanceWindowTargets", **where, MaxResults=10)["Targets"][:1]
    old = {
        "TaskType": "RUN_COMMAND",
        "TaskArn": "AWS-RunPatchBaseline",
        "Name": "install",
        "MaxConcurrency": "1",
        "MaxErrors": "1",
        "Targets": [{"Key": "WindowTargetIds", "Values": [target["WindowTargetId"]]}],
        "TaskParameters": {"Operation": {"Values": ["Install"]}},
        "LoggingInfo": {"S3BucketName": "logs", "S3Region": "eu-central-1"},
    }
    task_id = prepared.by_hand("RegisterTaskWithMaintenanceWindow", **where, **old)["WindowTaskId"]

    done = apply(prepared, "ssm_patch_task", window="prod", name="install", max_errors="2")

    assert changed_fields(done) == {"max_errors"}
    assert done["task"]["operation"] == "Install"
    assert done["task"]["output_s3_bucket"] == "logs"
    stored = prepared.by_hand("GetMaintenanceWindowTask", **where, WindowTaskId=task_id)
    assert not stored.get("LoggingInfo")
    assert not stored.get("TaskParameters")
    command = stored["TaskInvocationParameters"]["RunCommand"]
    assert command["Parameters"] == {"Operation": ["Install"]}
    assert command["OutputS3BucketName"] == "logs"


def test_case_034_the_version_of_a_runbook_changes_in_place(prepared: Account) -> None:
    first = apply(prepared, "ssm_window_task", **RUNBOOK, automation={"document_version": "$DEFAULT"})["task"]

    done = apply(prepared, "ssm_window_task", **RUNBOOK, automation={"document_version": "$LATEST"})

    assert changed_fields(done) == {"automation.document_version"}
    assert done["task"]["window_task_id"] == first["window_task_id"]


def test_case_035_the_id_of_a_window_among_the_targets(prepared: Account) -> None:
    violations = prepared.refuses("ssm_patch_task", **{**INSTALL, "window_targets": ["mw-0123456789abcdef0"]})

    assert any("is the id of a window" in text for text in violations)


def test_case_037_an_unknown_reboot_option(prepared: Account) -> None:
    (violation,) = prepared.refuses("ssm_patch_task", **INSTALL, reboot_option="Reboot")

    assert "RebootIfNeeded, NoReboot" in violation


def test_case_039_name_and_description_change_in_place(prepared: Account) -> None:
    task = prepared.run("ssm_patch_task", **INSTALL)["task"]
    by_id = {"window": "prod", "window_task_id": task["window_task_id"]}

    done = apply(prepared, "ssm_patch_task", **by_id, name="other", description="other")

    assert changed_fields(done) == {"name", "description"}
    assert done["task"]["window_task_id"] == task["window_task_id"]


def test_case_080_an_override_is_not_in_the_compliance_data(prepared: Account) -> None:
    done = prepared.run("ssm_patch_task", **INSTALL, baseline_override="s3://bucket/override.json")

    assert any("compliance" in warning for warning in done["warnings"])


def test_case_097_hooks_choose_the_document(prepared: Account) -> None:
    hooks = {"pre_install": "Drain", "post_install": "Fill", "on_exit": "Tell"}

    task = apply(prepared, "ssm_patch_task", **INSTALL, hooks=hooks)["task"]

    assert _stored(prepared, task)["TaskArn"] == "AWS-RunPatchBaselineWithHooks"
    parameters = _command(prepared, task)["Parameters"]
    assert parameters["PreInstallHookDocName"] == ["Drain"]
    assert parameters["OnExitHookDocName"] == ["Tell"]
    without = apply(prepared, "ssm_patch_task", **INSTALL, hooks={})
    assert changed_fields(without) == {"document", *(f"hooks.{name}" for name in hooks)}
    assert _command(prepared, task)["Parameters"].keys() == {"Operation", "RebootOption"}


def test_hooks_and_overrides_exclude_each_other(prepared: Account) -> None:
    override = {"install_override_list": "s3://bucket/list"}
    violations = prepared.refuses("ssm_patch_task", **INSTALL, hooks={"on_exit": "Tell"}, **override)
    assert any("exclude each other" in text for text in violations)
    prepared.run("ssm_patch_task", **INSTALL, hooks={"on_exit": "Tell"})

    done = apply(prepared, "ssm_patch_task", **INSTALL, **override)

    assert changed_fields(done) == {"install_override_list", "hooks.on_exit", "document"}


def test_window_targets_give_way_to_instances(prepared: Account) -> None:
    prepared.run("ssm_patch_task", **INSTALL)
    by_id = {"window": "prod", "name": "install"}

    done = apply(prepared, "ssm_patch_task", **by_id, instance_ids=["i-0123456789abcdef0"])

    assert changed_fields(done) == {"window_targets", "instance_ids"}


def test_instances_that_are_no_targets_of_the_window(prepared: Account) -> None:
    prepared.run("ssm_maintenance_window", **{**PROD, "name": "other"})
    prepared.run("ssm_window_target", window="other", name="ids", instance_ids=[INSTANCES[0]])
    scan = {"window": "other", "name": "scan", "operation": "Scan"}

    (warning,) = prepared.run("ssm_patch_task", check=True, **scan, instance_ids=list(INSTANCES))["warnings"]
    assert warning.startswith(f"instance_ids: {INSTANCES[1]}: no target of window other names them")
    refused = prepared.fails("ssm_patch_task", **scan, instance_ids=list(INSTANCES))
    assert "allow_unassociated_targets: true" in refused["msg"]
    assert apply(prepared, "ssm_patch_task", **scan, instance_ids=[INSTANCES[0]])["changed"]
    prepared.run("ssm_maintenance_window", name="other", allow_unassociated_targets=True)
    assert apply(prepared, "ssm_patch_task", **scan, instance_ids=list(INSTANCES))["changed"]


def test_another_type_replaces_the_task(prepared: Account) -> None:
    old = prepared.run("ssm_window_task", **RUNBOOK, description="kept")["task"]
    function = {
        "task_type": "LAMBDA",
        "task_arn": "arn:aws:lambda:eu-central-1:123456789012:function:stop",
        "lambda_function": {"payload": {"a": 1}},
    }

    done = apply(prepared, "ssm_window_task", **{**RUNBOOK, **function})

    assert done["task"]["window_task_id"] != old["window_task_id"]
    assert done["task"]["description"] == "kept"
    tasks = prepared.by_hand("DescribeMaintenanceWindowTasks", WindowId=old["window_id"])["Tasks"]
    assert [task["Name"] for task in tasks] == ["stop"]


def test_an_interrupted_replacement_is_finished(prepared: Account) -> None:
    prepared.run("ssm_window_task", **RUNBOOK)
    prepared.faults({"op": "RegisterTask*", "do": "AccessDeniedException"})
    machine = {**RUNBOOK, "task_type": "STEP_FUNCTIONS", "task_arn": "arn:aws:states:eu-central-1:1:stateMachine:x"}
    prepared.fails("ssm_window_task", **machine)
    prepared.faults()

    done = apply(prepared, "ssm_window_task", **machine)

    window_id = done["task"]["window_id"]
    tasks = prepared.by_hand("DescribeMaintenanceWindowTasks", WindowId=window_id)["Tasks"]
    assert [(task["Name"], task["Type"]) for task in tasks] == [("stop", "STEP_FUNCTIONS")]


def test_a_patch_task_is_not_taken_for_another(prepared: Account) -> None:
    prepared.run("ssm_window_task", **RUNBOOK)

    for state in ("present", "absent"):
        (violation,) = prepared.refuses("ssm_patch_task", **{**INSTALL, "name": "stop"}, state=state)
        assert "ssm_window_task" in violation
