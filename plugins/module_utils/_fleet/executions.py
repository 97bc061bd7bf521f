# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads how long tasks took in the last executions of windows."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

from .._aws.client import Api, Job
from .._aws.errors import ApiError
from .._aws.structures import Raw
from .._compliance.gaps import Gaps
from .._info.executions import WindowExecutions
from .estimates import concurrency_of
from .model import INSTALL, Account, Pace, Window
from .tasks import operation_of

# The IDs of the task and the execution, the invocation, and its request.
_Course = tuple[str, str, Raw, dict[str, Any]]
_COMMAND = "RUN_COMMAND"
_COMMAND_PAGE, _MOST_NODES = 50, 500
_STEP_SPAN = ("ResponseStartDateTime", "ResponseFinishDateTime")
_SPAN = ("StartTime", "EndTime")


def execution_jobs(
    api: Api, gaps: Gaps, count: int, account: Account, windows: Container[str] | None = None
) -> list[Job]:
    """The reads of the last executions of windows that will install. windows: their IDs, None for all."""
    return [
        partial(_read, api, gaps, count, account, window)
        for window in account.windows
        if count
        and window.is_open
        and (windows is None or window.id in windows)
        and any(operation_of(raw) == INSTALL for raw in window.tasks.values())
    ]


def _read(api: Api, gaps: Gaps, count: int, account: Account, window: Window) -> Iterable[Job]:
    executions = WindowExecutions(api, window.id, count)
    what = "last executions"
    jobs = gaps.read("DescribeMaintenanceWindowExecutions", what, [window.name], lambda: [*executions.read()])
    if jobs is None:
        return ()

    def read_all() -> Iterable[Job]:
        # The tasks and their invocations are either all read or all refused.
        waiting = [*jobs]
        while waiting:
            waiting += waiting.pop(0)()
        return ()

    def job() -> Iterable[Job]:
        done = gaps.read("DescribeMaintenanceWindowExecutionTasks", what, [window.name], read_all)
        # The tasks of a planned setup do not have their IDs.
        tasks = ({**raw, "WindowTaskId": task_id} for task_id, raw in window.tasks.items())
        courses = [] if done is None else [*executions.courses(tasks)]
        for task_id, pace in _paces(courses):
            account.paces.setdefault(task_id, []).append(pace)
        for task_id, seconds in _times(courses):
            account.times.setdefault(task_id, []).append(seconds)
        # The newest stopped command of each task of which no command completed.
        stopped = {one[0]: one for one in reversed(courses) if one[0] not in account.paces and _is_stopped(one[2])}
        return [partial(_read_nodes, api, gaps, account, window, one) for one in stopped.values()]

    return [job]


def _is_complete(raw: Raw) -> bool:
    """Whether the duration of an invocation is that of all its nodes.

    A command ends early at the cutoff and if too many nodes fail, and late if a node does not respond.
    """
    if raw.get("TaskType") != _COMMAND:
        return raw.get("Status") in ("SUCCESS", "FAILED")
    return raw.get("Status") == "SUCCESS" and raw.get("StatusDetails") in (None, "", "Success")


def _is_stopped(raw: Raw) -> bool:
    return raw.get("TaskType") == _COMMAND and bool(raw.get("ExecutionId") and raw.get("EndTime"))


def _read_nodes(api: Api, gaps: Gaps, account: Account, window: Window, course: _Course) -> Iterable[Job]:
    """Read the pace of a stopped command from the nodes that it finished."""
    task_id, execution_id, raw, _request = course
    read = partial(_seconds_of_nodes, api, raw["ExecutionId"])
    seconds = gaps.read("ListCommandInvocations", "duration of the last executions", [window.name], read)
    if seconds:
        account.paces[task_id] = [Pace(1, 1, median(seconds), execution_id)]
    return ()


def _seconds_of_nodes(api: Api, command_id: str) -> list[float]:
    """The seconds that nodes took which a command finished, of those that failed only if no other finished."""
    operation, result = "ListCommandInvocations", "CommandInvocations"
    wanted = {"CommandId": command_id, "Details": True, "MaxResults": _COMMAND_PAGE}
    found: dict[str, list[float]] = {"Success": [], "Failed": []}
    try:
        for one in islice(api.pages(operation, result, "InstanceId", **wanted), _MOST_NODES):
            steps = one.get("CommandPlugins") or ()
            starts, ends = ([step[name] for step in steps if step.get(name)] for name in _STEP_SPAN)
            if one.get("Status") in found and starts and ends:
                found[one["Status"]].append((max(ends) - min(starts)).total_seconds())
    except ApiError as error:
        # AWS keeps a command for 30 days.
        if error.code != "InvalidCommandId":
            raise
    return found["Success"] or found["Failed"]


def _paces(courses: Iterable[_Course]) -> Iterator[tuple[str, Pace]]:
    """The pace of each completed invocation, with the ID of its task."""
    for task_id, execution_id, raw, request in courses:
        seconds = _seconds([raw]) if _is_complete(raw) else None
        # Each node has an invocation of its own, except for commands.
        nodes = len(request.get("instanceIds") or ()) or int(raw.get("TaskType") != _COMMAND)
        if seconds is not None and nodes:
            concurrency = concurrency_of(request.get("maxConcurrency"), nodes)
            yield task_id, Pace(nodes, concurrency, seconds, execution_id)


def _times(courses: Iterable[_Course]) -> Iterator[tuple[str, float]]:
    """The seconds that each completed run of a task took, with the ID of the task."""
    runs: dict[tuple[str, str], list[Raw]] = {}
    for task_id, execution_id, raw, _request in courses:
        runs.setdefault((task_id, execution_id), []).append(raw)
    for (task_id, _execution_id), invocations in runs.items():
        seconds = _seconds(invocations)
        if seconds is not None:
            yield task_id, seconds


def _seconds(invocations: Iterable[Raw]) -> float | None:
    """The seconds from the first start to the last end. None if one did not complete."""
    starts, ends = [], []
    for raw in invocations:
        start, end = map(raw.get, _SPAN)
        if raw.get("Status") not in ("SUCCESS", "FAILED") or not start or not end:
            return None
        starts.append(start)
        ends.append(end)
    return float((max(ends) - min(starts)).total_seconds())
