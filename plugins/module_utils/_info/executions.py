# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the last executions of a window with their tasks and invocations, and returns them in the result format."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.client import Api, Job, unless_gone
from .._aws.structures import Raw, iso_date, member
from .._resources.tasks import RUN_COMMAND, modernised

_PAGE_SIZES = (10, 100)
_SKIPPED = "SKIPPED_OVERLAPPING"
_PARAMETERS = (f"{RUN_COMMAND}.Parameters", "TaskInvocationParameters.Automation.Parameters")
_UNFINISHED = frozenset({"PENDING", "IN_PROGRESS", "CANCELLING"})


@dataclass(eq=False)
class _Execution:
    """One execution while it is read. invocations: by the ID of the task execution. gone: it no longer exists."""

    raw: Raw
    tasks: list[Raw] = field(default_factory=list)
    invocations: dict[str, list[Raw]] = field(default_factory=dict)
    gone: bool = False

    @property
    def id(self) -> str:
        """The ID of the execution."""
        return str(self.raw["WindowExecutionId"])

    @property
    def skipped(self) -> bool:
        """Whether the previous execution was still running, so that this one did nothing."""
        return bool(self.raw.get("Status") == _SKIPPED)


class WindowExecutions:
    """The last executions of one window, or the one with an ID (C(only))."""

    def __init__(self, api: Api, window_id: str, count: int, only: str | None = None) -> None:
        self._api = api
        self._window_id = window_id
        self._count = count
        self._only = only
        self._by_id: dict[str, _Execution] = {}

    def read(self) -> Iterable[Job]:
        """Read the listing, newest first, up to the requested executions and one that was not skipped."""
        operation, (least, most) = "DescribeMaintenanceWindowExecutions", _PAGE_SIZES
        size = min(max(self._count, least), most)
        member = "WindowExecutionId"
        listed = self._api.pages(operation, "WindowExecutions", member, WindowId=self._window_id, MaxResults=size)
        for one in map(_Execution, listed):
            # If an execution starts meanwhile, the next page repeats the last entry of this page.
            self._by_id.setdefault(one.id, one)
            if self._is_enough():
                break
        return [unless_gone(one, self._list_tasks) for one in self._wanted()]

    def _is_enough(self) -> bool:
        if self._only:
            return self._only in self._by_id
        return len(self._by_id) >= self._count and not all(found.skipped for found in self._found)

    @property
    def _found(self) -> list[_Execution]:
        """All executions that were read, newest first."""
        return list(self._by_id.values())

    def _wanted(self) -> list[_Execution]:
        """The executions to return: the newest ones, and the running one, after which others can have been skipped."""
        running, newest = self._running(), self._newest()
        return newest if self._only or running is None or running in newest else [*newest, running]

    def _newest(self) -> list[_Execution]:
        return [one for one in self._found if one.id == self._only] if self._only else self._found[: self._count]

    def _running(self) -> _Execution | None:
        """The running execution. A window has at most one: the last that was not skipped, unless it has ended."""
        last = next((one for one in self._found if not one.skipped), None)
        return last if last is not None and last.raw.get("Status") in _UNFINISHED else None

    def _list_tasks(self, one: _Execution) -> Iterable[Job]:
        if one.skipped:
            return ()
        operation, result = "DescribeMaintenanceWindowExecutionTasks", "WindowExecutionTaskIdentities"
        ids = {"WindowExecutionId": one.id}
        listed = self._api.pages(operation, result, "TaskExecutionId", **ids)
        one.tasks = list({task["TaskExecutionId"]: task for task in listed}.values())
        return [unless_gone(one, self._invocations_reader(task)) for task in one.tasks]

    def _invocations_reader(self, task: Raw) -> Callable[[_Execution], Iterable[Job]]:
        def read(one: _Execution) -> Iterable[Job]:
            operation = "DescribeMaintenanceWindowExecutionTaskInvocations"
            result = "WindowExecutionTaskInvocationIdentities"
            ids = {"WindowExecutionId": one.id, "TaskId": task["TaskExecutionId"]}
            found = self._api.pages(operation, result, "InvocationId", **ids)
            one.invocations[task["TaskExecutionId"]] = list({raw["InvocationId"]: raw for raw in found}.values())
            return ()

        return read

    def courses(self, tasks: Iterable[Raw]) -> Iterator[tuple[str, str, Raw, dict[str, Any]]]:
        """The invocations of tasks that still exist in the window.

        tasks: the current tasks of the window. Yields the IDs of task and execution, the invocation, and its request.
        """
        definitions = [modernised(task) for task in tasks]
        for one in self._wanted():
            for raw in [] if one.gone else one.tasks:
                invocations = one.invocations.get(raw["TaskExecutionId"], [])
                task_id = _definition(raw, invocations, definitions).get("WindowTaskId")
                for invocation in invocations if task_id else ():
                    yield str(task_id), one.id, invocation, _request(invocation)

    def told(self, tasks: Iterable[Raw], target_names: Mapping[str, str]) -> dict[str, Any]:
        """The executions in the result of a window. tasks: the current tasks of the window. target_names: by ID."""
        definitions = [modernised(task) for task in tasks]
        entries = {one.id: _entry(one, definitions, target_names) for one in self._wanted() if not one.gone}
        running = self._running()
        return {
            "current_execution": entries.get(running.id) if running else None,
            "executions": [entries[one.id] for one in self._newest() if not one.gone],
        }


def _entry(one: _Execution, definitions: list[Raw], target_names: Mapping[str, str]) -> dict[str, Any]:
    tasks = [
        _task_entry(task, one.invocations.get(task["TaskExecutionId"], []), definitions, target_names)
        for task in one.tasks
    ]
    return {
        "window_execution_id": one.id,
        **_course(one.raw),
        "tasks": sorted(tasks, key=lambda task: _order(task, "task_execution_id")),
    }


def _course(raw: Raw) -> dict[str, Any]:
    """The progress of an execution, task or invocation."""
    return {
        "status": raw.get("Status") or None,
        "status_details": raw.get("StatusDetails") or None,
        "start_time": iso_date(raw.get("StartTime")),
        "end_time": iso_date(raw.get("EndTime")),
    }


def _order(entry: Mapping[str, Any], id_name: str) -> tuple[bool, str, str]:
    """The key to sort by start time. Entries that have not started are last."""
    start = entry["start_time"]
    return start is None, start or "", entry[id_name]


def _task_entry(
    raw: Raw, invocations: list[Raw], definitions: list[Raw], target_names: Mapping[str, str]
) -> dict[str, Any]:
    definition = _definition(raw, invocations, definitions)
    entries = [_invocation_entry(raw, invocation, target_names) for invocation in invocations]
    return {
        "task_execution_id": raw["TaskExecutionId"],
        "name": definition.get("Name") or None,
        "window_task_id": definition.get("WindowTaskId"),
        "task_type": raw.get("TaskType") or None,
        "task_arn": raw.get("TaskArn") or None,
        **_course(raw),
        **_output(definition),
        "invocations": sorted(entries, key=lambda one: _order(one, "invocation_id")),
    }


def _output(definition: Raw) -> dict[str, Any]:
    """The destinations of a command's output: the bucket, where it is stored by command ID, and the log group."""
    bucket, prefix, enabled, group = (
        member(definition, f"{RUN_COMMAND}.{path}")
        for path in (
            "OutputS3BucketName",
            "OutputS3KeyPrefix",
            "CloudWatchOutputConfig.CloudWatchOutputEnabled",
            "CloudWatchOutputConfig.CloudWatchLogGroupName",
        )
    )
    # The log group that AWS creates if none is specified.
    chosen = group or f"/aws/ssm/{str(definition.get('TaskArn')).rpartition('/')[2]}"
    return {
        "output_s3_url": f"s3://{bucket}/{prefix or ''}".rstrip("/") if bucket else None,
        "cloudwatch_log_group": chosen if enabled else None,
    }


def _invocation_entry(task: Raw, raw: Raw, target_names: Mapping[str, str]) -> dict[str, Any]:
    target_id, execution_id = raw.get("WindowTargetId") or None, raw.get("ExecutionId") or None
    task_type = task.get("TaskType") or raw.get("TaskType")
    nodes, _parameters = _nodes_and_parameters(raw)
    return {
        "invocation_id": raw["InvocationId"],
        "execution_id": execution_id,
        "command_id": execution_id if task_type == "RUN_COMMAND" else None,
        "window_target_id": target_id,
        "window_target": target_names.get(target_id) if target_id else None,
        "instance_ids": nodes,
        "owner_information": raw.get("OwnerInformation") or None,
        **_course(raw),
    }


def _request(invocation: Raw) -> dict[str, Any]:
    """The request of an invocation, which the service returns as JSON text."""
    try:
        request = json.loads(invocation.get("Parameters") or "{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _nodes_and_parameters(invocation: Raw) -> tuple[list[str], dict[str, Any]]:
    """The nodes and parameters of an invocation. Parameters are never returned, because they can contain secrets."""
    found = _request(invocation)
    nodes, parameters = found.get("instanceIds"), found.get("parameters")
    return (
        [str(node) for node in nodes] if isinstance(nodes, list) else [],
        parameters if isinstance(parameters, dict) else {},
    )


def _definition(raw: Raw, invocations: list[Raw], definitions: list[Raw]) -> Raw:
    """The task of the window that was executed, empty if unknown, because AWS does not return its ID."""
    kind = raw.get("TaskType"), raw.get("TaskArn")
    alike = [task for task in definitions if (task.get("TaskType"), task.get("TaskArn")) == kind]
    if len(alike) > 1:
        alike = [task for task in alike if invocations and all(_fits(task, one) for one in invocations)]
    return alike[0] if len(alike) == 1 else {}


def _fits(task: Raw, invocation: Raw) -> bool:
    """Whether a task can have started an invocation, based on its targets and the parameters of its document."""
    named = {value for entry in task.get("Targets") or () for value in entry.get("Values") or ()}
    nodes, parameters = _nodes_and_parameters(invocation)
    touched = {invocation["WindowTargetId"]} if invocation.get("WindowTargetId") else set(nodes)
    declared = [member(task, path) or {} for path in _PARAMETERS]
    return touched <= named and all(one.items() <= parameters.items() for one in declared)
