# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_task: targets, roles, outputs, hooks, and the tasks of others."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import apply, changed_fields
from ansible_collections.patchfleet.aws.tests.support.resource_cases import (
    INSTANCES,
    PATCH_TASK,
    PROD,
    ROLES,
    TARGET,
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


def test_more_than_ten_targets_are_refused(prepared: Account) -> None:
    violations = prepared.refuses("ssm_patch_task", **{**INSTALL, "window_targets": [f"t-{n}" for n in range(11)]})

    assert any(text.startswith("window_targets: 11 targets, but a task takes at most 10") for text in violations)


def test_more_than_fifty_instances_are_refused(prepared: Account) -> None:
    ids = [f"i-{number:017x}" for number in range(51)]

    violations = prepared.refuses("ssm_patch_task", **{**INSTALL, "window_targets": None, "instance_ids": ids})

    assert any(text.startswith("instance_ids: 51 instances, but a task takes at most 50") for text in violations)


@pytest.mark.parametrize("module", ["ssm_patch_task", "ssm_window_task"])
def test_the_name_of_an_unfinished_replacement_is_refused(prepared: Account, module: str) -> None:
    base = INSTALL if module == "ssm_patch_task" else COMMAND

    violations = prepared.refuses(module, **{**base, "name": "old.replaced"})

    assert any("'old.replaced' ends in .replaced" in text for text in violations)


@pytest.mark.parametrize("module", ["ssm_patch_task", "ssm_window_task"])
def test_a_notification_needs_the_role_that_publishes(prepared: Account, module: str) -> None:
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


def test_the_service_linked_role_is_no_difference(prepared: Account) -> None:
    task = apply(prepared, "ssm_patch_task", **INSTALL)["task"]
    assert _stored(prepared, task)["ServiceRoleArn"] == LINKED_ROLE

    assert task["service_role_arn"] is None
    apply(prepared, "ssm_patch_task", **INSTALL, service_role_arn=ROLES[0])
    done = apply(prepared, "ssm_patch_task", **INSTALL, service_role_arn="")
    assert changed_fields(done) == {"service_role_arn"}
    assert _stored(prepared, task)["ServiceRoleArn"] == LINKED_ROLE


def test_cloudwatch_output_is_switched_on_off_and_on(prepared: Account) -> None:
    ids = set()
    for enabled in (True, False, True):
        done = apply(prepared, "ssm_patch_task", **INSTALL, cloudwatch_output=enabled)
        ids.add(done["task"]["window_task_id"])
        assert done["changed"]
        assert _command(prepared, done["task"])["CloudWatchOutputConfig"]["CloudWatchOutputEnabled"] is enabled
    assert len(ids) == 1


def test_a_log_group_that_aws_chose_is_no_difference(prepared: Account) -> None:
    task = prepared.run("ssm_patch_task", **INSTALL, cloudwatch_output=True)["task"]
    command = _command(prepared, task)
    command["CloudWatchOutputConfig"]["CloudWatchLogGroupName"] = "/aws/ssm/AWS-RunPatchBaseline"
    where = {"WindowId": task["window_id"], "WindowTaskId": task["window_task_id"]}
    prepared.by_hand("UpdateMaintenanceWindowTask", **where, TaskInvocationParameters={"RunCommand": command})

    assert not prepared.run("ssm_patch_task", **INSTALL, cloudwatch_output=True)["changed"]


def test_a_task_takes_one_alarm(prepared: Account) -> None:
    alarm = {"name": "stop", "ignore_poll_failure": True}

    task = apply(prepared, "ssm_patch_task", **INSTALL, alarm=alarm)["task"]

    assert task["alarm"] == alarm
    stored = _stored(prepared, task)["AlarmConfiguration"]
    assert stored == {"Alarms": [{"Name": "stop"}], "IgnorePollAlarmFailure": True}
    failed = prepared.fails("ssm_patch_task", **INSTALL, alarm=[{"name": "one"}, {"name": "two"}])
    assert "alarm" in failed["msg"]


def test_a_task_of_the_older_api_is_adopted(prepared: Account) -> None:
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


def test_the_id_of_a_window_among_the_targets_is_refused(prepared: Account) -> None:
    violations = prepared.refuses("ssm_patch_task", **{**INSTALL, "window_targets": ["mw-0123456789abcdef0"]})

    assert any("is a window ID" in text for text in violations)


def test_an_unknown_reboot_option_is_refused(prepared: Account) -> None:
    (violation,) = prepared.refuses("ssm_patch_task", **INSTALL, reboot_option="Reboot")

    assert "RebootIfNeeded, NoReboot" in violation


def test_name_and_description_change_in_place(prepared: Account) -> None:
    task = prepared.run("ssm_patch_task", **INSTALL)["task"]
    by_id = {"window": "prod", "window_task_id": task["window_task_id"]}

    done = apply(prepared, "ssm_patch_task", **by_id, name="other", description="other")

    assert changed_fields(done) == {"name", "description"}
    assert done["task"]["window_task_id"] == task["window_task_id"]


def test_a_baseline_override_warns_that_it_may_not_show_in_compliance(prepared: Account) -> None:
    done = prepared.run("ssm_patch_task", **INSTALL, baseline_override="s3://bucket/override.json")

    assert any("compliance" in warning for warning in done["warnings"])


def test_hooks_choose_the_document(prepared: Account) -> None:
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
    assert any("are mutually exclusive" in text for text in violations)
    prepared.run("ssm_patch_task", **INSTALL, hooks={"on_exit": "Tell"})

    done = apply(prepared, "ssm_patch_task", **INSTALL, **override)

    assert changed_fields(done) == {"install_override_list", "hooks.on_exit", "document"}


def test_window_targets_give_way_to_instances(prepared: Account) -> None:
    prepared.run("ssm_patch_task", **INSTALL)
    by_id = {"window": "prod", "name": "install"}

    done = apply(prepared, "ssm_patch_task", **by_id, instance_ids=["i-0123456789abcdef0"])

    assert changed_fields(done) == {"window_targets", "instance_ids"}


def test_instances_that_are_no_targets_of_the_window_are_refused(prepared: Account) -> None:
    prepared.run("ssm_maintenance_window", **{**PROD, "name": "other"})
    prepared.run("ssm_window_target", window="other", name="ids", instance_ids=[INSTANCES[0]])
    scan = {"window": "other", "name": "scan", "operation": "Scan"}

    (warning,) = prepared.run("ssm_patch_task", check=True, **scan, instance_ids=list(INSTANCES))["warnings"]
    assert warning.startswith(f"instance_ids: {INSTANCES[1]}: no target of window other selects them by ID")
    refused = prepared.fails("ssm_patch_task", **scan, instance_ids=list(INSTANCES))
    assert "allow_unassociated_targets: true" in refused["msg"]
    assert apply(prepared, "ssm_patch_task", **scan, instance_ids=[INSTANCES[0]])["changed"]
    prepared.run("ssm_maintenance_window", name="other", allow_unassociated_targets=True)
    assert apply(prepared, "ssm_patch_task", **scan, instance_ids=list(INSTANCES))["changed"]


def test_a_patch_task_is_not_taken_for_another(prepared: Account) -> None:
    prepared.run("ssm_window_task", **RUNBOOK)

    for state in ("present", "absent"):
        (violation,) = prepared.refuses("ssm_patch_task", **{**INSTALL, "name": "stop"}, state=state)
        assert "ssm_window_task" in violation


def test_what_somebody_added_is_kept(account: Account) -> None:
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
def test_an_empty_block_is_no_difference(account: Account, empty: dict[str, Any]) -> None:
    PATCH_TASK.prepare(account)

    done = apply(account, "ssm_patch_task", **PATCH_TASK.creation(), **empty)

    assert done["changed"]
    assert all(done["task"][name] is None for name in empty)


def test_a_task_is_sent_without_empty_members(account: Account) -> None:
    PATCH_TASK.prepare(account)
    account.run("ssm_patch_task", **PATCH_TASK.creation())

    (request,) = account.inputs("RegisterTaskWithMaintenanceWindow")
    assert "Description" not in request
    assert "ServiceRoleArn" not in request


def test_without_its_window_nothing_is_absent_and_nothing_can_be_present(account: Account) -> None:
    for module, args in (("ssm_window_target", TARGET.creation()), ("ssm_patch_task", PATCH_TASK.creation())):
        assert not apply(account, module, **{**args, "state": "absent"})["changed"]
        assert "prod" in account.fails(module, **args)["msg"]


def _names(account: Account, window_id: str) -> list[tuple[str, str]]:
    tasks = account.by_hand("DescribeMaintenanceWindowTasks", WindowId=window_id)["Tasks"]
    return sorted((task["Name"], task["Type"]) for task in tasks)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_task_that_has_the_name_of_a_leftover_by_chance_is_left_alone(prepared: Account, state: str) -> None:
    other = prepared.run("ssm_patch_task", window="prod", name="other", operation="Scan", window_targets=["web"])[
        "task"
    ]
    ids = {"WindowId": other["window_id"], "WindowTaskId": other["window_task_id"]}
    prepared.by_hand("UpdateMaintenanceWindowTask", **ids, Name="scan.replaced")
    scan = {"window": "prod", "name": "scan", "operation": "Scan", "window_targets": ["web"]}

    assert apply(prepared, "ssm_patch_task", **scan)["changed"]
    assert not prepared.run("ssm_patch_task", **scan, description="new", check=True)["diff"][1:]
    apply(prepared, "ssm_patch_task", **{**scan, "state": state})

    here = [("scan", "RUN_COMMAND")] if state == "present" else []
    assert _names(prepared, other["window_id"]) == [*here, ("scan.replaced", "RUN_COMMAND")]
    described = {"window": "prod", "window_task_id": other["window_task_id"], "description": "mine"}
    assert changed_fields(apply(prepared, "ssm_patch_task", **described)) == {"description"}
    apply(prepared, "ssm_window_task", **{**described, "description": "again"})
    assert ("scan.replaced", "RUN_COMMAND") in _names(prepared, other["window_id"])


def test_a_scan_that_becomes_an_installation_shows_its_reboots(prepared: Account) -> None:
    task = {"window": "prod", "name": "patch", "window_targets": ["web"]}
    prepared.run("ssm_patch_task", **task, operation="Scan")
    prepared.clear_log()

    done = apply(prepared, "ssm_patch_task", **task, operation="Install")

    assert changed_fields(done) == {"operation", "reboot_option"}
    (sent,) = prepared.inputs("UpdateMaintenanceWindowTask")
    parameters = sent["TaskInvocationParameters"]["RunCommand"]["Parameters"]
    assert parameters == {"Operation": ["Install"], "RebootOption": ["RebootIfNeeded"]}


def test_a_scan_that_becomes_an_installation_keeps_what_it_stores_of_reboots(prepared: Account) -> None:
    task = {"window": "prod", "name": "patch", "window_targets": ["web"]}
    prepared.run("ssm_patch_task", **task, operation="Scan", reboot_option="NoReboot")

    assert changed_fields(apply(prepared, "ssm_patch_task", **task, operation="Install")) == {"operation"}


def test_a_task_of_cloudformation_without_an_operation_gets_the_declared_one(prepared: Account) -> None:
    window = prepared.run("ssm_maintenance_window", name="prod")["window"]["window_id"]
    (target,) = prepared.by_hand("DescribeMaintenanceWindowTargets", WindowId=window)["Targets"][:1]
    prepared.by_hand(
        "RegisterTaskWithMaintenanceWindow",
        WindowId=window,
        Name="patch",
        TaskType="RUN_COMMAND",
        TaskArn="AWS-RunPatchBaseline",
        Targets=[{"Key": "WindowTargetIds", "Values": [target["WindowTargetId"]]}],
        MaxConcurrency="1",
        MaxErrors="1",
        Priority=1,
        TaskParameters={"Operation": {"Values": ["Install"]}},
        TaskInvocationParameters={"RunCommand": {"OutputS3BucketName": "logs"}},
    )
    (violation,) = prepared.refuses("ssm_patch_task", window="prod", name="patch", description="new")
    assert violation.startswith("operation: is missing, and the task has none")

    done = apply(prepared, "ssm_patch_task", window="prod", name="patch", operation="Install")

    assert changed_fields(done) == {"operation", "reboot_option"}
    task = prepared.by_hand("GetMaintenanceWindowTask", WindowId=window, WindowTaskId=done["task"]["window_task_id"])
    assert not task["TaskParameters"]
    assert task["TaskInvocationParameters"]["RunCommand"]["OutputS3BucketName"] == "logs"


@pytest.mark.parametrize("stored", ["NoReboot", "RebootIfNeeded", None])
@pytest.mark.parametrize("given", [{}, {"operation": "Install"}])
def test_a_task_that_installs_shows_how_it_reboots_when_it_is_reset(
    prepared: Account, stored: str | None, given: dict[str, Any]
) -> None:
    task = prepared.run("ssm_patch_task", **{**INSTALL, "operation": "Install", "reboot_option": stored})["task"]
    if stored is None:
        parameters = {"Parameters": {"Operation": ["Install"]}}
        where = {"WindowId": task["window_id"], "WindowTaskId": task["window_task_id"]}
        prepared.by_hand("UpdateMaintenanceWindowTask", **where, TaskInvocationParameters={"RunCommand": parameters})
    declared = {"name": task["name"], "window_targets": task["window_targets"], **given}
    windows = [{"name": "prod", "patch_tasks": [declared]}]

    reset = {"windows": windows, "unset": "reset"}
    predicted = prepared.run("ssm_patch_setup", check=True, **reset)["windows"][0]["patch_tasks"]
    told = prepared.run("ssm_patch_setup", **reset)["windows"][0]["patch_tasks"]

    assert predicted[0]["reboot_option"] == told[0]["reboot_option"] == "RebootIfNeeded"
    assert _command(prepared, task)["Parameters"]["RebootOption"] == ["RebootIfNeeded"]
    assert not prepared.run("ssm_patch_setup", **reset)["changed"]


def test_a_task_that_scans_and_is_reset_has_no_option_for_reboots(prepared: Account) -> None:
    task = prepared.run("ssm_patch_task", **{**INSTALL, "operation": "Scan", "reboot_option": "NoReboot"})["task"]
    declared = {"name": task["name"], "window_targets": task["window_targets"]}

    done = prepared.run("ssm_patch_setup", windows=[{"name": "prod", "patch_tasks": [declared]}], unset="reset")

    assert done["windows"][0]["patch_tasks"][0]["reboot_option"] is None
    assert "RebootOption" not in _command(prepared, task)["Parameters"]


def test_a_cleared_option_for_reboots_is_a_warning_where_the_document_reboots(prepared: Account) -> None:
    prepared.run("ssm_patch_task", **{**INSTALL, "operation": "Install", "reboot_option": "NoReboot"})
    cleared = {"window": "prod", "name": INSTALL["name"], "reboot_option": ""}

    assert prepared.run("ssm_patch_task", **cleared, check=True)["warnings"] == [
        "reboot_option: is not set, so the document reboots nodes; specify NoReboot to prevent this"
    ]
    assert prepared.run("ssm_patch_task", **cleared, operation="Scan")["warnings"] == []


def test_a_task_that_installs_and_is_not_asked_to_change_stays_without_the_option(prepared: Account) -> None:
    task = prepared.run("ssm_patch_task", **{**INSTALL, "operation": "Install"})["task"]
    where = {"WindowId": task["window_id"], "WindowTaskId": task["window_task_id"]}
    invocation = {"RunCommand": {"Parameters": {"Operation": ["Install"]}}}
    prepared.by_hand("UpdateMaintenanceWindowTask", **where, TaskInvocationParameters=invocation)

    done = apply(prepared, "ssm_patch_task", window="prod", name=task["name"], priority=7)

    assert changed_fields(done) == {"priority"}


def test_a_task_that_scans_may_have_no_option_for_reboots(prepared: Account) -> None:
    scan = {**INSTALL, "operation": "Scan", "reboot_option": ""}

    assert apply(prepared, "ssm_patch_task", **scan)["task"]["reboot_option"] is None
    begins = {"window": "prod", "name": scan["name"], "operation": "Install"}
    assert apply(prepared, "ssm_patch_task", **begins)["task"]["reboot_option"] == "RebootIfNeeded"
