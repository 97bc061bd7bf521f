# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of a window."""

from __future__ import annotations

from typing import Any

from ssmsim.errors import does_not_exist, limit_exceeded, validation
from ssmsim.filters import equals, select
from ssmsim.needs import linked_role
from ssmsim.paging import page
from ssmsim.registry import operation
from ssmsim.store import Record, Region
from ssmsim.validate import require
from ssmsim.window_targets import refuse_valueless, shown_targets, values_of
from ssmsim.windows import TARGETS, TASKS, WINDOWS, addressed, missing_window, of_window, window_of

MOST_TASKS = 20
MOST_WINDOW_TARGETS = 10
_RATES = ("MaxErrors", "MaxConcurrency")
_MEMBERS = (
    "Targets",
    "TaskArn",
    "ServiceRoleArn",
    "TaskParameters",
    "TaskInvocationParameters",
    "Priority",
    "MaxConcurrency",
    "MaxErrors",
    "LoggingInfo",
    "Name",
    "Description",
    "CutoffBehavior",
    "AlarmConfiguration",
)
_BLOCKS = {
    "RUN_COMMAND": "RunCommand",
    "AUTOMATION": "Automation",
    "STEP_FUNCTIONS": "StepFunctions",
    "LAMBDA": "Lambda",
}
_FILTERS = {
    "WindowTaskId": equals("WindowTaskId"),
    "TaskArn": equals("TaskArn"),
    "Priority": equals("Priority"),
    "TaskType": equals("TaskType"),
}
_BAD_RATES = {
    "MaxErrors": "Max Errors must be a number of at least 0, or a percentage between 0 and 100",
    "MaxConcurrency": "Max Concurrency must be a number greater than 0, or a percentage between 1 and 100",
}
_TARGETS_NEEDED = (
    "For Run Command tasks, you must specify at least one resource as the target of the task. You can specify between "
    "1 and 50 instance IDs, or between 1 and 10 maintenance window target IDs"
)


@operation("RegisterTaskWithMaintenanceWindow")
def register_task_with_maintenance_window(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    def register() -> str:
        window = window_of(region, request)
        task = {key: request[key] for key in ("WindowId", "TaskType", *_MEMBERS) if key in request}
        if not task.get("Targets"):
            task.pop("Targets", None)
        _validate(region, window, task, "Targets" in task)
        if len(of_window(region, TASKS, window["WindowId"])) >= MOST_TASKS:
            raise limit_exceeded(f"The maximum number of tasks of a maintenance window is {MOST_TASKS}")
        task_id = region.new_uuid()
        region.table(TASKS).put(task_id, {"WindowTaskId": task_id, **task})
        return task_id

    return {"WindowTaskId": region.idempotent("RegisterTaskWithMaintenanceWindow", request, register)}


@operation("UpdateMaintenanceWindowTask")
def update_maintenance_window_task(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    window, stored = _addressed(region, request)
    if request.get("Targets") == [] and region.strict:
        raise validation("Please specify at least one target.")
    if request.get("Replace"):
        require(request, "TaskArn")
        stored = {key: stored[key] for key in ("WindowId", "WindowTaskId", "TaskType")}
    elif request.get("Targets") == []:
        # The rates of a task require targets, and are rejected without them.
        stored = {key: value for key, value in stored.items() if key not in _RATES}
    task = stored | {key: request[key] for key in _MEMBERS if key in request}
    if not task.get("Targets"):
        task.pop("Targets", None)
    _validate(region, window, task, bool(request.get("Targets")))
    region.table(TASKS).put(task["WindowTaskId"], task)
    return shown_task(region, task)


@operation("DeregisterTaskFromMaintenanceWindow")
def deregister_task_from_maintenance_window(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    _, task = _addressed(region, request)
    region.table(TASKS).remove(task["WindowTaskId"])
    return {key: task[key] for key in ("WindowId", "WindowTaskId")}


@operation("GetMaintenanceWindowTask")
def get_maintenance_window_task(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    window_of(region, request)
    task = region.table(TASKS).get(request["WindowTaskId"])
    if task is None or task["WindowId"] != request["WindowId"]:
        raise _missing_task(request)
    return shown_task(region, task)


@operation("DescribeMaintenanceWindowTasks")
def describe_maintenance_window_tasks(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    window_id = window_of(region, request)["WindowId"]
    tasks = [shown_task(region, task) for task in of_window(region, TASKS, window_id, lagging=True)]
    found = region.arrange(select(tasks, request.get("Filters", []), _FILTERS))
    return page(region, "DescribeMaintenanceWindowTasks", request, found, "Tasks")


def _addressed(region: Region, request: dict[str, Any]) -> tuple[Record, Record]:
    window = addressed(region, WINDOWS, request["WindowId"])
    if window is None:
        raise missing_window(request["WindowId"])
    task = addressed(region, TASKS, request["WindowTaskId"])
    if task is None or task["WindowId"] != window["WindowId"]:
        raise _missing_task(request)
    return window, task


def _missing_task(request: dict[str, Any]) -> Exception:
    return does_not_exist(f"Task {request['WindowTaskId']} of maintenance window {request['WindowId']} does not exist")


def shown_task(region: Region, task: Record) -> dict[str, Any]:
    """A task in the format of reads, with the values of the service for unset members."""
    filled: dict[str, Any] = {
        "ServiceRoleArn": _linked_role(region),
        "CutoffBehavior": "CONTINUE_TASK",
        "TaskParameters": {},
    }
    if not region.strict:
        filled["Priority"] = 0
    if "Targets" not in task:
        filled |= dict.fromkeys(_RATES, "1")
    targets = shown_targets(region, task.get("Targets", []))
    shown = filled | task | {"Targets": targets, "Type": task["TaskType"]}
    if "AlarmConfiguration" in task:
        shown["AlarmConfiguration"] = {"IgnorePollAlarmFailure": False, **task["AlarmConfiguration"]}
    return shown


def _linked_role(region: Region) -> str:
    return linked_role(region.region, region.account)


def _validate(region: Region, window: Record, task: Record, targets_sent: bool) -> None:
    if targets_sent:
        _validate_targets(region, window, task["Targets"])
    if "Targets" in task:
        lacking = [text for rate, text in _BAD_RATES.items() if rate not in task]
        if lacking:
            raise validation(" ".join(lacking))
    else:
        _validate_targetless(task)
    _validate_invocation(task)


def _validate_targets(region: Region, window: Record, targets: list[dict[str, Any]]) -> None:
    for entry in targets:
        if entry.get("Key") not in ("WindowTargetIds", "InstanceIds"):
            text = f"{entry.get('Key')} is an invalid window task target type, use WindowTargetIds or InstanceIds. "
            raise validation(text + _TARGETS_NEEDED)
    refuse_valueless(targets)
    registered = of_window(region, TARGETS, window["WindowId"])
    named = values_of(targets, "WindowTargetIds")
    if len(named) > MOST_WINDOW_TARGETS:
        raise validation(f"The maximum number of window targets is {MOST_WINDOW_TARGETS}")
    unknown = set(named) - {target["WindowTargetId"] for target in registered}
    # It is only known that the existence of documents and roles is not checked.
    if region.strict and unknown:
        raise validation(f"The window targets {', '.join(sorted(unknown))} are not registered with the window")
    if not window["AllowUnassociatedTargets"]:
        known = {value for target in registered for value in values_of(target["Targets"], "InstanceIds")}
        strangers = set(values_of(targets, "InstanceIds")) - known
        if strangers:
            raise validation(
                f"The maintenance window does not allow unassociated targets: {', '.join(sorted(strangers))}"
            )


def _validate_targetless(task: Record) -> None:
    if task["TaskType"] == "RUN_COMMAND":
        raise validation(_TARGETS_NEEDED)
    # Both sentences in one response: https://github.com/hashicorp/terraform-provider-aws/issues/19396
    sent = [rate for rate in _RATES if rate in task]
    if sent:
        raise validation(
            " ".join(f"Maintenance window tasks without targets do not support {rate} values." for rate in sent)
        )


def _validate_invocation(task: Record) -> None:
    parameters = task.get("TaskInvocationParameters")
    if parameters is None:
        return
    if list(parameters) != [_BLOCKS[task["TaskType"]]]:
        raise validation(
            "Task Invocation Parameters must contain an entry only for the Task Type specified in the Window Task."
        )
    command = parameters.get("RunCommand", {})
    if command.get("NotificationConfig") and "ServiceRoleArn" not in command:
        raise validation(
            "ServiceRoleArn of RunCommandInvocationParameter is required if NotificationConfig is specified"
        )
