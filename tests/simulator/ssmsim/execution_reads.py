# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on the executions of maintenance windows."""

from __future__ import annotations

import json
from typing import Any

from ssmsim.errors import does_not_exist
from ssmsim.execution_course import cancel
from ssmsim.execution_work import task_parameters
from ssmsim.executions import Execution, Invocation, TaskExecution, book_of, execution_of, invocation_of, task_of
from ssmsim.filters import equals, select
from ssmsim.paging import page
from ssmsim.registry import operation
from ssmsim.store import Region
from ssmsim.window_runs import bounds
from ssmsim.window_tasks import shown_task
from ssmsim.windows import WINDOWS

_STATUS = {"STATUS": equals("Status")}


@operation("DescribeMaintenanceWindowExecutions")
def describe_maintenance_window_executions(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    limits = bounds(request.get("Filters", []), ("ExecutedBefore", "ExecutedAfter"))
    if region.strict and region.table(WINDOWS).latest(request["WindowId"]) is None:
        # It is unknown whether the history is kept after the deletion of the window.
        return page(region, "DescribeMaintenanceWindowExecutions", request, [], "WindowExecutions")
    found = [
        {**_ids(execution), **execution.shown()}
        for execution in book_of(region).of_window(request["WindowId"], region.now())
        if all(execution.opened < moment for moment in limits["ExecutedBefore"])
        and all(execution.opened > moment for moment in limits["ExecutedAfter"])
    ]
    return page(region, "DescribeMaintenanceWindowExecutions", request, found, "WindowExecutions")


@operation("GetMaintenanceWindowExecution")
def get_maintenance_window_execution(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    execution = execution_of(region, request)
    task_ids = region.arrange([task.id for task in execution.tasks])
    return {**_ids(execution), "TaskIds": task_ids, **execution.shown()}


@operation("DescribeMaintenanceWindowExecutionTasks")
def describe_maintenance_window_execution_tasks(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    execution = execution_of(region, request)
    tasks = [_task(region, execution, task) for task in execution.tasks]
    found = region.arrange(select(tasks, request.get("Filters", []), _STATUS))
    return page(region, "DescribeMaintenanceWindowExecutionTasks", request, found, "WindowExecutionTaskIdentities")


@operation("GetMaintenanceWindowExecutionTask")
def get_maintenance_window_execution_task(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    execution, task = execution_of(region, request), task_of(region, request)
    definition = shown_task(region, task.task)
    return {
        **definition,
        **_task(region, execution, task),
        "ServiceRole": definition["ServiceRoleArn"],
        "Type": definition["TaskType"],
        "TaskParameters": [_task_parameters(region, task)],
    }


@operation("DescribeMaintenanceWindowExecutionTaskInvocations")
def describe_maintenance_window_execution_task_invocations(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    task = task_of(region, request)
    invocations = [_invocation(request, task, one) for one in task.invocations]
    found = region.arrange(select(invocations, request.get("Filters", []), _STATUS))
    key = "WindowExecutionTaskInvocationIdentities"
    return page(region, "DescribeMaintenanceWindowExecutionTaskInvocations", request, found, key)


@operation("GetMaintenanceWindowExecutionTaskInvocation")
def get_maintenance_window_execution_task_invocation(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    return _invocation(request, task_of(region, request), invocation_of(region, request))


@operation("CancelMaintenanceWindowExecution")
def cancel_maintenance_window_execution(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    execution = execution_of(region, request)
    # AWS does not document what happens to a completed execution.
    if execution.over and region.strict:
        raise does_not_exist(f"Maintenance window execution {execution.id} is not in progress")
    cancel(region, execution)
    return {"WindowExecutionId": execution.id}


def _ids(execution: Execution) -> dict[str, Any]:
    return {"WindowId": execution.window["WindowId"], "WindowExecutionId": execution.id}


def _task(region: Region, execution: Execution, task: TaskExecution) -> dict[str, Any]:
    definition = shown_task(region, task.task)
    kept: dict[str, Any] = {
        key: definition[key] for key in ("TaskArn", "TaskType", "AlarmConfiguration") if key in definition
    }
    return {"WindowExecutionId": execution.id, "TaskExecutionId": task.id, **kept, **task.shown()}


def _task_parameters(region: Region, task: TaskExecution) -> dict[str, Any]:
    """The parameters of a document with their defaults. For a command, also the nodes on which it runs."""
    parameters = task_parameters(region, task.task)
    if task.task["TaskType"] == "RUN_COMMAND":
        parameters = parameters | {"aws:InstanceId": [node for one in task.invocations for node in one.nodes]}
    return {name: {"Values": values} for name, values in parameters.items()}


def _invocation(request: dict[str, Any], task: TaskExecution, invocation: Invocation) -> dict[str, Any]:
    target = invocation.target
    return {
        "WindowExecutionId": request["WindowExecutionId"],
        "TaskExecutionId": task.id,
        "InvocationId": invocation.id,
        "ExecutionId": invocation.execution_id,
        "TaskType": task.task["TaskType"],
        "Parameters": json.dumps(invocation.parameters),
        **{key: target[key] for key in ("OwnerInformation", "WindowTargetId") if key in target},
        **invocation.shown(),
    }
