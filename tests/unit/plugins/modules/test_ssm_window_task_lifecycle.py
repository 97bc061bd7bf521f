# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_window_task: every type of task, with and without targets."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import apply, changed_fields
from ansible_collections.patchfleet.aws.tests.support.resource_cases import (
    PATCH_TASK,
    ROLES,
    TOPICS,
    WINDOW_TASK,
)

RUNBOOK = {"window": "prod", "name": "stop", "task_type": "AUTOMATION", "task_arn": "AWS-StopEC2Instance"}
COMMAND = {"name": "command", "window": "prod", "task_type": "RUN_COMMAND", "task_arn": "X", "window_targets": ["web"]}
PARAMETERS = {"sourceType": ["S3"], "sourceInfo": ['{"path": "x"}'], "commandLine": ["sh run"]}


@pytest.fixture
def prepared(account: Account) -> Account:
    """The account with a window and its targets."""
    PATCH_TASK.prepare(account)
    return account


def _stored(account: Account, task: dict[str, Any]) -> dict[str, Any]:
    where = {"WindowId": task["window_id"], "WindowTaskId": task["window_task_id"]}
    return account.by_hand("GetMaintenanceWindowTask", **where)


def _with_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    return {**WINDOW_TASK.creation(), "run_command": {"parameters": parameters}}


def test_the_order_of_parameters_is_no_difference(account: Account) -> None:
    WINDOW_TASK.prepare(account)
    first = account.run("ssm_window_task", **_with_parameters(PARAMETERS))["task"]

    again = account.run("ssm_window_task", **_with_parameters(dict(reversed(PARAMETERS.items()))))

    assert not again["changed"]
    assert again["task"]["window_task_id"] == first["window_task_id"]


def test_one_parameter_changes_in_place(account: Account) -> None:
    WINDOW_TASK.prepare(account)
    first = account.run("ssm_window_task", **_with_parameters(PARAMETERS))["task"]

    done = apply(account, "ssm_window_task", **_with_parameters({**PARAMETERS, "commandLine": ["sh other"]}))

    assert done["changed"]
    assert done["task"]["window_task_id"] == first["window_task_id"]
    stored = account.by_hand(
        "GetMaintenanceWindowTask", WindowId=first["window_id"], WindowTaskId=first["window_task_id"]
    )
    assert stored["TaskInvocationParameters"]["RunCommand"]["Parameters"]["commandLine"] == ["sh other"]


def test_a_task_needs_no_targets(prepared: Account) -> None:
    done = apply(prepared, "ssm_window_task", **RUNBOOK)

    assert done["changed"]
    assert done["task"]["window_targets"] is None


@pytest.mark.parametrize("rate", ["max_concurrency", "max_errors"])
def test_a_task_without_targets_takes_no_rates(prepared: Account, rate: str) -> None:
    (violation,) = prepared.refuses("ssm_window_task", **RUNBOOK, **{rate: "1"})
    assert violation.startswith(f"{rate}: ")

    prepared.run("ssm_window_task", **RUNBOOK)
    (request,) = prepared.inputs("RegisterTaskWithMaintenanceWindow")
    assert not {"MaxConcurrency", "MaxErrors"} & set(request)


def test_the_service_s_rates_of_a_task_without_targets_are_no_difference(prepared: Account) -> None:
    task = prepared.run("ssm_window_task", **RUNBOOK)["task"]
    assert _stored(prepared, task)["MaxErrors"] == "1"

    again = prepared.run("ssm_window_task", **RUNBOOK)
    assert not again["changed"]
    assert again["task"]["max_errors"] is None
    described = apply(prepared, "ssm_window_task", **RUNBOOK, description="new")
    assert changed_fields(described) == {"description"}


def test_targets_of_a_task_are_added_and_removed(prepared: Account) -> None:
    task = prepared.run("ssm_window_task", **RUNBOOK)["task"]

    with_targets = apply(prepared, "ssm_window_task", **RUNBOOK, window_targets=["web"])
    assert with_targets["task"]["max_concurrency"] == "10%"
    without = apply(prepared, "ssm_window_task", **RUNBOOK, window_targets=[])

    assert changed_fields(without) == {"window_targets", "max_concurrency", "max_errors"}
    assert without["task"]["window_task_id"] == task["window_task_id"]
    assert _stored(prepared, task)["Targets"] == []


def test_a_task_refuses_criteria_of_a_target(prepared: Account) -> None:
    failed = prepared.fails("ssm_window_task", **RUNBOOK, targets=[{"key": "tag:Env", "values": ["prod"]}])

    assert "targets" in failed["msg"]
    assert "window_targets" in failed["msg"]
    assert not prepared.calls()


def test_a_resource_group_is_an_option_of_the_target_only(prepared: Account) -> None:
    failed = prepared.fails("ssm_window_task", **RUNBOOK, resource_group="one")
    assert "resource_group" in failed["msg"]

    target = {"window": "prod", "name": "group", "resource_group": "one"}
    assert apply(prepared, "ssm_window_target", **target)["target"]["resource_type"] == "RESOURCE_GROUP"


@pytest.mark.parametrize(
    "command", [{"cloudwatch_output": True}, {"notification": {"topic_arn": TOPICS[0], "role_arn": ROLES[0]}}], ids=str
)
def test_outputs_of_another_type_of_task_are_refused(prepared: Account, command: dict[str, Any]) -> None:
    (violation,) = prepared.refuses("ssm_window_task", **RUNBOOK, run_command=command)

    assert violation.startswith("run_command: applies only to RUN_COMMAND tasks")


def test_settings_among_the_parameters_are_refused(prepared: Account) -> None:
    parameters = {"CloudWatchOutputConfig": {"CloudWatchOutputEnabled": True}}
    (violation,) = prepared.refuses("ssm_window_task", **COMMAND, run_command={"parameters": parameters})

    assert "run_command.cloudwatch_output" in violation


@pytest.mark.parametrize("block", ["run_command", "automation", "lambda_function", "step_functions", "alarm"])
def test_empty_blocks_make_no_traceback(prepared: Account, block: str) -> None:
    done = apply(prepared, "ssm_window_task", **RUNBOOK, **{block: {}})

    assert done["changed"]
    assert done["task"][block] is None


def test_the_version_of_a_runbook_changes_in_place(prepared: Account) -> None:
    first = apply(prepared, "ssm_window_task", **RUNBOOK, automation={"document_version": "$DEFAULT"})["task"]

    done = apply(prepared, "ssm_window_task", **RUNBOOK, automation={"document_version": "$LATEST"})

    assert changed_fields(done) == {"automation.document_version"}
    assert done["task"]["window_task_id"] == first["window_task_id"]


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
