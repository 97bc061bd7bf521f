# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Register, get, describe, update and deregister the tasks of a window."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest

from .support import (
    INSTANCE,
    OTHER_INSTANCE,
    RUN_COMMAND,
    UNKNOWN_UUID,
    UNKNOWN_WINDOW,
    Client,
    Maker,
    as_sets,
    hooked,
    outcome,
    refused,
)

LINKED_ROLE = "role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM"
ALARM = {"IgnorePollAlarmFailure": True, "Alarms": [{"Name": "patching-goes-wrong"}]}
NOTIFYING: dict[str, Any] = {
    "RunCommand": {
        "Comment": "monthly patching",
        "DocumentVersion": "$LATEST",
        "DocumentHash": "0" * 64,
        "DocumentHashType": "Sha256",
        "NotificationConfig": {
            "NotificationArn": "arn:aws:sns:eu-west-1:123456789012:patching",
            "NotificationEvents": ["Failed", "TimedOut"],
            "NotificationType": "Command",
        },
        "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "/patching", "CloudWatchOutputEnabled": True},
        "OutputS3BucketName": "patching-output",
        "OutputS3KeyPrefix": "runs",
        "Parameters": {"Operation": ["Install"], "RebootOption": ["NoReboot"]},
        "TimeoutSeconds": 600,
    }
}
OTHER_TYPES: dict[str, tuple[str, dict[str, Any]]] = {
    "AUTOMATION": ("AWS-StopEC2Instance", {"Automation": {"Parameters": {"InstanceId": [INSTANCE]}}}),
    "LAMBDA": (
        "arn:aws:lambda:eu-west-1:123456789012:function:SSM-patch",
        {"Lambda": {"Payload": b'{"target": "{{TARGET_ID}}"}', "Qualifier": "1", "ClientContext": "e30="}},
    ),
    "STEP_FUNCTIONS": (
        "arn:aws:states:eu-west-1:123456789012:stateMachine:SSM-patch",
        {"StepFunctions": {"Input": '{"id": "{{RESOURCE_ID}}"}', "Name": "{{INVOCATION_ID}}"}},
    ),
}


def get(ssm: Client, window: str, task: str) -> dict[str, Any]:
    shown = ssm.get_maintenance_window_task(WindowId=window, WindowTaskId=task)
    return {key: value for key, value in shown.items() if key != "ResponseMetadata"}


def listed(ssm: Client, window: str, *filters: dict[str, Any]) -> dict[str, dict[str, Any]]:
    pages = ssm.get_paginator("describe_maintenance_window_tasks").paginate(WindowId=window, Filters=list(filters))
    return {found["WindowTaskId"]: found for page in pages for found in page["Tasks"]}


def clean(shown: dict[str, Any]) -> dict[str, Any]:
    """A task without ids, without unset fields, and with its targets in no order."""
    kept = {key: value for key, value in shown.items() if value not in ("", {}, None)}
    for added in ("WindowTaskId", "ResponseMetadata", "TaskType", "Type"):
        kept.pop(added, None)
    return kept | {"Targets": as_sets(kept.get("Targets", []))}


def test_a_full_run_command_task_is_read_back(ssm: Client, make: Maker, window: str, role: str) -> None:
    request = make.task_request(
        window,
        Name="Install-patches",
        Description="installs what is missing",
        ServiceRoleArn=role,
        CutoffBehavior="CANCEL_TASK",
        AlarmConfiguration=ALARM,
        TaskInvocationParameters={"RunCommand": NOTIFYING["RunCommand"] | {"ServiceRoleArn": role}},
    )
    task = ssm.register_task_with_maintenance_window(**request)["WindowTaskId"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", task)
    shown = get(ssm, window, task)
    assert (shown["TaskType"], shown["WindowTaskId"]) == ("RUN_COMMAND", task)
    assert clean(shown) == clean(request)


@pytest.mark.parametrize(("kind", "form"), OTHER_TYPES.items(), ids=OTHER_TYPES)
@pytest.mark.parametrize("with_targets", [True, False], ids=["targets", "targetless"])
def test_the_other_types_with_and_without_targets(
    ssm: Client, make: Maker, window: str, kind: str, form: tuple[str, dict[str, Any]], with_targets: bool
) -> None:
    arn, parameters = form
    maker = make.task if with_targets else make.targetless_task
    task = maker(window, TaskType=kind, TaskArn=arn, TaskInvocationParameters=parameters)
    shown = get(ssm, window, task)
    assert (shown["TaskType"], shown["TaskArn"]) == (kind, arn)
    assert shown["TaskInvocationParameters"] == parameters
    assert bool(shown.get("Targets")) == with_targets


def test_a_payload_is_base64_on_the_wire(ssm: Client, make: Maker, window: str) -> None:
    arn, parameters = OTHER_TYPES["LAMBDA"]
    task = make.task(window, TaskType="LAMBDA", TaskArn=arn, TaskInvocationParameters=parameters)
    bodies: list[bytes] = []

    def note(http_response: Any, **_: Any) -> None:
        bodies.append(http_response.content)

    with hooked(ssm, "after-call.ssm.GetMaintenanceWindowTask", note):
        get(ssm, window, task)
    assert base64.b64encode(parameters["Lambda"]["Payload"]) in bodies[0]


def test_a_targetless_task_shows_placeholder_rates(ssm: Client, make: Maker, window: str) -> None:
    shown = get(ssm, window, make.targetless_task(window))
    assert (shown["MaxConcurrency"], shown["MaxErrors"]) == ("1", "1")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("MaxConcurrency", "5", "Maintenance window tasks without targets do not support MaxConcurrency values."),
        ("MaxErrors", "1", "Maintenance window tasks without targets do not support MaxErrors values."),
    ],
)
def test_a_targetless_task_takes_no_rate(
    ssm: Client, make: Maker, window: str, field: str, value: str, message: str
) -> None:
    with refused("ValidationException", saying=message):
        make.targetless_task(window, **{field: value})
    assert listed(ssm, window) == {}


def test_a_targetless_task_with_both_rates_gets_both_sentences(make: Maker, window: str) -> None:
    """As in https://github.com/hashicorp/terraform-provider-aws/issues/19396."""
    told = " ".join(
        f"Maintenance window tasks without targets do not support {rate} values."
        for rate in ("MaxErrors", "MaxConcurrency")
    )
    with refused("ValidationException", saying=told):
        make.targetless_task(window, MaxConcurrency="5", MaxErrors="1")


@pytest.mark.parametrize("missing", [["MaxConcurrency"], ["MaxErrors"], ["MaxConcurrency", "MaxErrors"]])
def test_targets_need_both_rates(ssm: Client, make: Maker, window: str, missing: list[str]) -> None:
    with refused("ValidationException", saying="a percentage between"):
        make.task(window, **dict.fromkeys(missing))
    assert listed(ssm, window) == {}


def test_run_command_needs_targets(make: Maker, window: str) -> None:
    message = "For Run Command tasks, you must specify at least one resource as the target of the task."
    with refused("ValidationException", saying=message):
        make.task(window, Targets=None, MaxConcurrency=None, MaxErrors=None)


@pytest.mark.parametrize("key", ["tag:Env", "tag-key", "resource-groups:Name", "X"])
def test_task_targets_are_ids_only(make: Maker, window: str, key: str) -> None:
    message = f"{key} is an invalid window task target type, use WindowTargetIds or InstanceIds"
    with refused("ValidationException", saying=message):
        make.task(window, Targets=[{"Key": key, "Values": ["web"]}])


def test_at_most_ten_window_targets(ssm: Client, make: Maker, window: str) -> None:
    targets = [make.target(window) for _ in range(11)]
    with refused("ValidationException", "ResourceLimitExceededException", saying="number of window targets is 10"):
        make.task(window, Targets=[{"Key": "WindowTargetIds", "Values": targets}])
    ten = [{"Key": "WindowTargetIds", "Values": targets[:10]}]
    task = make.task(window, Targets=ten)
    assert as_sets(get(ssm, window, task)["Targets"]) == as_sets(ten)


def test_instance_ids_need_a_window_that_allows_them_or_a_target(ssm: Client, make: Maker) -> None:
    window = make.window(AllowUnassociatedTargets=False)
    with refused("ValidationException"):
        make.task(window, Targets=[{"Key": "InstanceIds", "Values": [INSTANCE]}])
    make.target(window, Targets=[{"Key": "InstanceIds", "Values": [INSTANCE]}])
    task = make.task(window, Targets=[{"Key": "InstanceIds", "Values": [INSTANCE]}])
    assert list(listed(ssm, window)) == [task]


@pytest.mark.parametrize("others", [[], ["RunCommand", "Automation"]], ids=["none", "two"])
def test_the_invocation_block_is_that_of_the_type(make: Maker, window: str, others: list[str]) -> None:
    blocks = {**RUN_COMMAND, **OTHER_TYPES["AUTOMATION"][1]}
    sent = {key: blocks[key] for key in others} or OTHER_TYPES["STEP_FUNCTIONS"][1]
    message = "Task Invocation Parameters must contain an entry only for the Task Type specified in the Window Task."
    with refused("ValidationException", saying=message):
        make.task(window, TaskInvocationParameters=sent)


def test_notifications_need_the_publishing_role(make: Maker, window: str) -> None:
    message = "ServiceRoleArn of RunCommandInvocationParameter is required if NotificationConfig is specified"
    with refused("ValidationException", saying=message):
        make.task(window, TaskInvocationParameters=NOTIFYING)


def test_exactly_one_alarm(make: Maker, window: str) -> None:
    for alarms in ([], [{"Name": "one"}, {"Name": "two"}], [{"Name": " "}]):
        with refused("ValidationException"):
            make.task(window, AlarmConfiguration={"Alarms": alarms})


def test_defaults(ssm: Client, make: Maker, window: str) -> None:
    shown = get(ssm, window, make.task(window))
    assert shown["CutoffBehavior"] == "CONTINUE_TASK"
    assert shown["ServiceRoleArn"].endswith(LINKED_ROLE)
    assert not shown.get("TaskParameters")
    assert not [key for key in ("Name", "Description", "AlarmConfiguration", "LoggingInfo") if shown.get(key)]


def test_priority_when_omitted(ssm: Client, make: Maker, window: str, settle: Callable[..., None]) -> None:
    task = make.task(window, Priority=None)
    settle("Priority omitted", get(ssm, window, task).get("Priority"), strict=None, lenient=0, also=(1,))


def test_pseudo_parameters_are_stored_as_they_are(ssm: Client, make: Maker, window: str) -> None:
    block = {"RunCommand": {"Parameters": {"commands": ["echo {{WINDOW_ID}} {{ssm:level}}"]}}}
    task = make.task(window, TaskInvocationParameters=block)
    assert get(ssm, window, task)["TaskInvocationParameters"] == block


def test_deprecated_parameters_and_logging(ssm: Client, make: Maker, window: str) -> None:
    deprecated = {
        "TaskParameters": {"commands": {"Values": ["uptime"]}},
        "LoggingInfo": {"S3BucketName": "patching-output", "S3Region": "eu-west-1", "S3KeyPrefix": "runs"},
    }
    shown = get(ssm, window, make.task(window, TaskInvocationParameters=None, **deprecated))
    assert {key: shown.get(key) for key in deprecated} == deprecated


def test_the_same_task_twice_makes_two_tasks(ssm: Client, make: Maker, window: str) -> None:
    first, second = make.task(window, Name="Twin"), make.task(window, Name="Twin")
    assert first != second
    assert set(listed(ssm, window)) == {first, second}


def test_a_listing_calls_the_type_type_and_hides_the_invocation(ssm: Client, make: Maker, window: str) -> None:
    task = make.task(window, Name="Scan-nodes", AlarmConfiguration=ALARM)
    whole, shown = get(ssm, window, task), listed(ssm, window)[task]
    assert shown["Type"] == whole["TaskType"] == "RUN_COMMAND"
    assert not {"TaskType", "TaskInvocationParameters"} & set(shown)
    assert "Type" not in whole
    shared = ("WindowId", "TaskArn", "Priority", "ServiceRoleArn", "MaxConcurrency", "MaxErrors", "Name")
    assert {key: shown[key] for key in shared} == {key: whole[key] for key in shared}
    assert (shown["CutoffBehavior"], shown["AlarmConfiguration"]) == ("CONTINUE_TASK", ALARM)


def test_each_filter_of_a_listing(ssm: Client, make: Maker, window: str) -> None:
    scan = make.task(window, Priority=0)
    stop = make.targetless_task(window, Priority=5)
    for key, value in {
        "WindowTaskId": stop,
        "TaskArn": "AWS-StopEC2Instance",
        "Priority": "5",
        "TaskType": "AUTOMATION",
    }.items():
        assert set(listed(ssm, window, {"Key": key, "Values": [value]})) == {stop}, key
    both = {"Key": "WindowTaskId", "Values": [scan, stop]}
    assert set(listed(ssm, window, both)) == {scan, stop}
    assert set(listed(ssm, window, both, {"Key": "TaskType", "Values": ["RUN_COMMAND"]})) == {scan}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("TaskArn", "AWS-RunPatchBaselineWithHooks"),
        ("Priority", 0),
        ("MaxConcurrency", "25%"),
        ("MaxErrors", "0"),
        ("Name", "Renamed"),
        ("Description", "changed"),
        ("CutoffBehavior", "CANCEL_TASK"),
        ("AlarmConfiguration", ALARM),
        ("Targets", [{"Key": "InstanceIds", "Values": [OTHER_INSTANCE]}]),
        ("TaskInvocationParameters", {"RunCommand": {"Comment": "only a comment"}}),
    ],
)
def test_an_update_changes_only_what_it_sends(ssm: Client, make: Maker, window: str, field: str, value: Any) -> None:
    task = make.task(window, Name="As-made", Description="as made")
    expected = clean(get(ssm, window, task)) | clean({field: value} | {"Targets": []})
    if field != "Targets":
        expected["Targets"] = {"InstanceIds": frozenset([INSTANCE])}
    else:
        expected["Targets"] = as_sets(value)
    answer = ssm.update_maintenance_window_task(WindowId=window, WindowTaskId=task, **{field: value})
    assert "TaskType" not in answer
    assert clean(answer) == expected
    assert clean(get(ssm, window, task)) == expected


def test_an_update_may_set_the_role(ssm: Client, make: Maker, window: str, role: str) -> None:
    task = make.task(window)
    answer = ssm.update_maintenance_window_task(WindowId=window, WindowTaskId=task, ServiceRoleArn=role)
    assert answer["ServiceRoleArn"] == get(ssm, window, task)["ServiceRoleArn"] == role


def test_replace_drops_what_it_does_not_name(ssm: Client, make: Maker, window: str, role: str) -> None:
    task = make.task(
        window,
        Name="Named",
        Description="described",
        ServiceRoleArn=role,
        CutoffBehavior="CANCEL_TASK",
        AlarmConfiguration=ALARM,
    )
    kept = make.task_request(window, TaskType=None, TaskInvocationParameters=RUN_COMMAND, Priority=7)
    ssm.update_maintenance_window_task(WindowTaskId=task, Replace=True, **kept)
    shown = get(ssm, window, task)
    assert not [key for key in ("Name", "Description", "AlarmConfiguration") if shown.get(key)]
    assert shown["ServiceRoleArn"].endswith(LINKED_ROLE)
    assert shown["CutoffBehavior"] == "CONTINUE_TASK"
    assert (shown["TaskType"], shown["Priority"]) == ("RUN_COMMAND", 7)


def test_replace_needs_the_task_arn(ssm: Client, make: Maker, window: str) -> None:
    task = make.task(window, Name="Named")
    request = make.task_request(window, TaskType=None, TaskArn=None)
    with refused("ValidationException"):
        ssm.update_maintenance_window_task(WindowTaskId=task, Replace=True, **request)
    assert get(ssm, window, task)["Name"] == "Named"


@pytest.mark.parametrize("missing", ["MaxConcurrency", "MaxErrors"])
def test_replace_with_targets_needs_both_rates(ssm: Client, make: Maker, window: str, missing: str) -> None:
    task = make.task(window)
    request = make.task_request(window, TaskType=None, **{missing: None})
    with refused("ValidationException"):
        ssm.update_maintenance_window_task(WindowTaskId=task, Replace=True, **request)


def test_replace_without_targets_makes_a_task_targetless(ssm: Client, make: Maker, window: str) -> None:
    arn, parameters = OTHER_TYPES["AUTOMATION"]
    task = make.task(window, TaskType="AUTOMATION", TaskArn=arn, TaskInvocationParameters=parameters)
    ssm.update_maintenance_window_task(
        WindowId=window, WindowTaskId=task, TaskArn=arn, TaskInvocationParameters=parameters, Replace=True
    )
    assert not get(ssm, window, task).get("Targets")


def test_run_command_cannot_become_targetless(ssm: Client, make: Maker, window: str) -> None:
    task = make.task(window)
    with refused("ValidationException"):
        ssm.update_maintenance_window_task(
            WindowId=window, WindowTaskId=task, TaskArn="AWS-RunPatchBaseline", Replace=True
        )
    assert get(ssm, window, task)["Targets"]


def test_an_empty_list_of_targets_in_an_update(
    ssm: Client, make: Maker, window: str, settle: Callable[..., None]
) -> None:
    arn, parameters = OTHER_TYPES["AUTOMATION"]
    task = make.task(window, TaskType="AUTOMATION", TaskArn=arn, TaskInvocationParameters=parameters)
    result = outcome(lambda: ssm.update_maintenance_window_task(WindowId=window, WindowTaskId=task, Targets=[]))
    settle("Targets [] on UpdateMaintenanceWindowTask", result, strict="ValidationException", lenient="success")
    assert bool(get(ssm, window, task).get("Targets")) == (result != "success")


def test_the_merged_task_is_what_must_be_valid(ssm: Client, make: Maker, window: str) -> None:
    task, targetless = make.task(window), make.targetless_task(window)
    with refused("ValidationException", saying="must contain an entry only for the Task Type"):
        ssm.update_maintenance_window_task(
            WindowId=window, WindowTaskId=task, TaskInvocationParameters=OTHER_TYPES["AUTOMATION"][1]
        )
    with refused("ValidationException", saying="without targets do not support MaxConcurrency"):
        ssm.update_maintenance_window_task(WindowId=window, WindowTaskId=targetless, MaxConcurrency="5")
    assert get(ssm, window, task)["TaskInvocationParameters"] == RUN_COMMAND


@pytest.mark.parametrize(
    "operation",
    ["get_maintenance_window_task", "update_maintenance_window_task", "deregister_task_from_maintenance_window"],
)
def test_a_missing_task_or_window_does_not_exist(ssm: Client, make: Maker, window: str, operation: str) -> None:
    task, other = make.task(window), make.window()
    for ids in ((window, UNKNOWN_UUID), (UNKNOWN_WINDOW, task), (other, task)):
        with refused("DoesNotExistException"):
            getattr(ssm, operation)(WindowId=ids[0], WindowTaskId=ids[1])
    assert list(listed(ssm, window)) == [task]


def test_an_unknown_window_has_no_tasks(ssm: Client, make: Maker) -> None:
    with refused("DoesNotExistException"):
        make.task(UNKNOWN_WINDOW)
    with refused("DoesNotExistException"):
        ssm.describe_maintenance_window_tasks(WindowId=UNKNOWN_WINDOW)


def test_deregister_removes_the_task_and_no_target(ssm: Client, make: Maker, window: str) -> None:
    target = make.target(window)
    task = make.task(window, Targets=[{"Key": "WindowTargetIds", "Values": [target]}])
    answer = ssm.deregister_task_from_maintenance_window(WindowId=window, WindowTaskId=task)
    assert (answer["WindowId"], answer["WindowTaskId"]) == (window, task)
    assert listed(ssm, window) == {}
    found = ssm.describe_maintenance_window_targets(WindowId=window)["Targets"]
    assert [entry["WindowTargetId"] for entry in found] == [target]
    with refused("DoesNotExistException"):
        ssm.deregister_task_from_maintenance_window(WindowId=window, WindowTaskId=task)
