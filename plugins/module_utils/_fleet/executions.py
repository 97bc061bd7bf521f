# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads how long tasks took in the last executions of windows."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from functools import partial
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
_COMMAND_PAGE = 50
_SPAN = ("StartTime", "EndTime")


def execution_jobs(
    api: Api, gaps: Gaps, count: int, account: Account, windows: Container[str] | None = None
) -> list[Job]:
    """The reads of the last executions of windows that will install. windows: IDs of windows, None for all."""
    installing = [
        window
        for window in account.windows
        if window.is_open
        and (windows is None or window.id in windows)
        and any(operation_of(raw) == INSTALL for raw in window.tasks.values())
    ]
    return [partial(_read, api, gaps, count, account, window) for window in installing if count]


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
        return [partial(_read_cut_off, api, gaps, account, window, one) for one in courses if _is_cut_off(window, one)]

    return [job]


def _is_cut_off(window: Window, course: _Course) -> bool:
    """Whether an invocation is a command that the cutoff has canceled."""
    task_id, _execution_id, raw, _request = course
    is_canceled = raw.get("Status") == "TIMED_OUT" and window.tasks[task_id].get("CutoffBehavior") == "CANCEL_TASK"
    return is_canceled and raw.get("TaskType") == "RUN_COMMAND" and all(map(raw.get, ("ExecutionId", *_SPAN)))


def _read_cut_off(api: Api, gaps: Gaps, account: Account, window: Window, course: _Course) -> Iterable[Job]:
    """Read the pace of a canceled command from the nodes that it finished."""
    task_id, execution_id, raw, request = course
    what = "nodes before the cutoff"
    read = partial(_count_done, api, raw["ExecutionId"])
    nodes = gaps.read("ListCommandInvocations", what, [window.name], read)
    if nodes:
        concurrency = concurrency_of(request.get("maxConcurrency"), len(request.get("instanceIds") or ()))
        seconds = (raw["EndTime"] - raw["StartTime"]).total_seconds()
        account.paces.setdefault(task_id, []).append(Pace(nodes, concurrency, seconds, execution_id))
    return ()


def _count_done(api: Api, command_id: str) -> int:
    """The number of nodes that a command finished."""
    operation, result = "ListCommandInvocations", "CommandInvocations"
    listed = api.pages(operation, result, "InstanceId", CommandId=command_id, MaxResults=_COMMAND_PAGE)
    try:
        return sum(one.get("Status") in ("Success", "Failed") for one in listed)
    except ApiError as error:
        # AWS keeps a command for 30 days.
        if error.code != "InvalidCommandId":
            raise
        return 0


def _paces(courses: Iterable[_Course]) -> Iterator[tuple[str, Pace]]:
    """The pace of each completed invocation, with the ID of its task."""
    for task_id, execution_id, raw, request in courses:
        seconds = _seconds([raw])
        # Each node has an invocation of its own, except for commands.
        nodes = len(request.get("instanceIds") or ()) or int(raw.get("TaskType") != "RUN_COMMAND")
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
