# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the last executions of a window with their tasks and invocations, and returns them in the result format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.client import Api, Job, unless_gone
from .._aws.structures import Raw, iso_date, member
from .._resources.tasks import RUN_COMMAND, modernised
from .executed_tasks import ExecutedTask, candidates, nodes_of, request_of

_PAGE_SIZES = (10, 100)
_SKIPPED = "SKIPPED_OVERLAPPING"
_UNFINISHED = frozenset({"PENDING", "IN_PROGRESS", "CANCELLING"})


@dataclass(eq=False)
class _Execution:
    """One execution while it is read. gone: it no longer exists."""

    raw: Raw
    tasks: list[ExecutedTask] = field(default_factory=list)
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
    """The last executions of one window, or the one with an ID (C(only)).

    with_details: also read what identifies tasks that have no invocations.
    """

    def __init__(
        self, api: Api, window_id: str, count: int, only: str | None = None, *, with_details: bool = False
    ) -> None:
        self._api = api
        self._window_id = window_id
        self._count = count
        self._only = only
        self._with_details = with_details
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
        one.tasks = [ExecutedTask(raw) for raw in {raw["TaskExecutionId"]: raw for raw in listed}.values()]
        return [unless_gone(one, self._invocations_reader(task)) for task in one.tasks]

    def _invocations_reader(self, task: ExecutedTask) -> Callable[[_Execution], Iterable[Job]]:
        def read(one: _Execution) -> Iterable[Job]:
            operation = "DescribeMaintenanceWindowExecutionTaskInvocations"
            result = "WindowExecutionTaskInvocationIdentities"
            found = self._api.pages(operation, result, "InvocationId", WindowExecutionId=one.id, TaskId=task.id)
            task.invocations = list({raw["InvocationId"]: raw for raw in found}.values())
            is_ambiguous = not task.invocations and sum(other.kind == task.kind for other in one.tasks) > 1
            return [unless_gone(one, self._details_reader(task))] if is_ambiguous and self._with_details else ()

        return read

    def _details_reader(self, task: ExecutedTask) -> Callable[[_Execution], Iterable[Job]]:
        def read(one: _Execution) -> Iterable[Job]:
            operation = "GetMaintenanceWindowExecutionTask"
            task.details = self._api.get(operation, "TaskExecutionId", WindowExecutionId=one.id, TaskId=task.id)
            return ()

        return read

    def courses(self, tasks: Iterable[Raw]) -> Iterator[tuple[str, str, Raw, dict[str, Any]]]:
        """The invocations of tasks that still exist in the window.

        tasks: the current tasks of the window. Yields the IDs of task and execution, the invocation, and its request.
        """
        definitions = [modernised(task) for task in tasks]
        for one in self._wanted():
            found = candidates(one.tasks, definitions)
            for task in [] if one.gone else one.tasks:
                task_id = _certain(found[task.id]).get("WindowTaskId")
                for invocation in task.invocations if task_id else ():
                    yield str(task_id), one.id, invocation, request_of(invocation)

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
    found = candidates(one.tasks, definitions)
    tasks = [_task_entry(task, found[task.id], target_names) for task in one.tasks]
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


def _certain(tasks: list[Raw]) -> Raw:
    """The task of the window that was executed, empty if it is not certain."""
    return tasks[0] if len(tasks) == 1 else {}


def _task_entry(task: ExecutedTask, possible: list[Raw], target_names: Mapping[str, str]) -> dict[str, Any]:
    raw, definition = task.raw, _certain(possible)
    entries = [_invocation_entry(raw, invocation, target_names) for invocation in task.invocations]
    return {
        "task_execution_id": raw["TaskExecutionId"],
        "name": definition.get("Name") or None,
        "possible_names": sorted({one["Name"] for one in possible if one.get("Name")}) if len(possible) > 1 else [],
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
    return {
        "invocation_id": raw["InvocationId"],
        "execution_id": execution_id,
        "command_id": execution_id if task_type == "RUN_COMMAND" else None,
        "window_target_id": target_id,
        "window_target": target_names.get(target_id) if target_id else None,
        # The parameters are never returned, because they can contain secrets.
        "instance_ids": nodes_of(raw),
        "owner_information": raw.get("OwnerInformation") or None,
        **_course(raw),
    }
