# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of an execution, from the opening of the window to the end of its last task."""

from __future__ import annotations

from functools import partial

from ssmsim import executions as ex
from ssmsim.command_course import share
from ssmsim.execution_work import invocations_of, lacks_target, missing_parameters, start_work, stop_work
from ssmsim.executions import Execution, Invocation, TaskExecution, book_of
from ssmsim.store import Record, Region
from ssmsim.windows import TASKS, of_window

MOST_RUNNING = 5
NO_TASKS, NO_INVOCATIONS = "No tasks to execute.", "No invocations to execute."
TASKS_FAILED = "One or more tasks in the orchestration failed."
INVALID_PARAMETERS = "The following SSM parameters are invalid: "


def open_window(region: Region, window: Record) -> None:
    """Open a window: its execution begins, waits for others to end, or is skipped."""
    now, book = region.now(), book_of(region)
    unfinished = book.unfinished()
    execution = Execution(region.new_uuid(), window=window, opened=now, start=now)
    book.add(execution)
    running = [one for one in unfinished if one.status != ex.PENDING]
    if any(one.window["WindowId"] == window["WindowId"] for one in unfinished):
        execution.finish(now, ex.SKIPPED)
    elif len(running) < MOST_RUNNING:
        _begin(region, execution)
    elif region.strict:  # It is unknown what happens to a sixth execution.
        execution.finish(now, ex.SKIPPED)
    else:
        region.at(execution.cutoff, partial(_cut_off, region, execution))


def cancel(region: Region, execution: Execution) -> None:
    """Start no more tasks. Running ones continue until their end."""
    if execution.over:
        return
    for task in execution.tasks:
        if task.status == ex.PENDING:
            task.finish(region.now(), ex.CANCELLED)
    execution.status = ex.CANCELLING
    _go_on(region, execution)


def _begin(region: Region, execution: Execution) -> None:
    now, window_id = region.now(), execution.window["WindowId"]
    tasks = sorted(of_window(region, TASKS, window_id), key=lambda task: int(task.get("Priority", 0)))
    missing = missing_parameters(region, tasks)
    if missing:
        execution.finish(now, ex.FAILED, INVALID_PARAMETERS + ", ".join(missing))
    elif not tasks:
        execution.finish(now, ex.SUCCESS, NO_TASKS)
    else:
        execution.status = ex.IN_PROGRESS
        execution.tasks = [TaskExecution(region.new_uuid(), task=task) for task in tasks]
        region.at(execution.cutoff, partial(_cut_off, region, execution))
        _go_on(region, execution)
    if execution.over:
        _let_in(region)


def _go_on(region: Region, execution: Execution) -> None:
    """Start the tasks of the next priority when the previous ones have ended. End an execution without more tasks."""
    while not execution.over and not _running(execution):
        waiting = [task for task in execution.tasks if task.status == ex.PENDING]
        if not waiting:
            _end(region, execution)
            return
        for task in waiting:
            if task.priority == waiting[0].priority:
                _start_task(region, execution, task)


def _running(execution: Execution) -> bool:
    return any(task.status == ex.IN_PROGRESS for task in execution.tasks)


def _end(region: Region, execution: Execution) -> None:
    now, statuses = region.now(), {task.status for task in execution.tasks}
    if execution.status == ex.CANCELLING:
        execution.finish(now, ex.CANCELLED)
    elif ex.FAILED in statuses:
        execution.finish(now, ex.FAILED, TASKS_FAILED)
    else:
        execution.finish(now, _unfinished(statuses) or ex.SUCCESS)
    _let_in(region)


def _unfinished(statuses: set[str]) -> str | None:
    """The status of an incomplete task or execution, from the statuses of its parts."""
    return next((status for status in (ex.TIMED_OUT, ex.CANCELLED) if status in statuses), None)


def _let_in(region: Region) -> None:
    """Begin the execution that has waited longest, if the limit allows it."""
    unfinished = book_of(region).unfinished()
    waiting = [one for one in unfinished if one.status == ex.PENDING]
    if waiting and len(unfinished) - len(waiting) < MOST_RUNNING:
        _begin(region, waiting[0])


def _cut_off(region: Region, execution: Execution) -> None:
    """Start no more tasks after the cutoff. Running ones continue, unless their CutoffBehavior is CANCEL_TASK."""
    if execution.over:
        return
    if execution.status == ex.PENDING:
        execution.finish(region.now(), ex.TIMED_OUT)
        return
    for task in execution.tasks:
        if task.status == ex.PENDING:
            task.finish(region.now(), ex.TIMED_OUT)
        elif not task.over and task.task.get("CutoffBehavior") == "CANCEL_TASK":
            _halt(region, task)
    for task in execution.tasks:
        _feed(region, execution, task)
    _go_on(region, execution)


def _halt(region: Region, task: TaskExecution) -> None:
    """Start no more invocations, and cancel those that can be canceled."""
    task.halted = ex.TIMED_OUT
    for invocation in task.invocations:
        if invocation.status == ex.IN_PROGRESS:
            stop_work(region, task, invocation)


def _start_task(region: Region, execution: Execution, task: TaskExecution) -> None:
    task.begin(region.now())
    # It is unknown whether a task with a deregistered target fails or ignores it.
    if region.strict and lacks_target(region, execution, task):
        task.finish(region.now(), ex.FAILED)
        return
    task.invocations = invocations_of(region, execution, task)
    if task.invocations:
        _feed(region, execution, task)
    else:
        task.finish(region.now(), ex.SUCCESS, NO_INVOCATIONS)


def _feed(region: Region, execution: Execution, task: TaskExecution) -> None:
    """Start as many invocations as allowed, and end a task without further invocations."""
    if task.status != ex.IN_PROGRESS:
        return
    while (invocation := _next(task)) is not None:
        invocation.begin(region.now())
        start_work(region, execution, task, invocation, partial(_ended, region, execution, task, invocation))
    if all(one.status != ex.IN_PROGRESS for one in task.invocations):
        _end_task(region, task)


def _next(task: TaskExecution) -> Invocation | None:
    """The next invocation. Registered targets run one after the other, and MaxConcurrency applies to each."""
    unfinished = [one for one in task.invocations if not one.over]
    if not unfinished or task.halted or _failed(task):
        return None
    target = unfinished[0].target
    turn = [one for one in task.invocations if one.target is target]
    limit = share(task.task.get("MaxConcurrency", "1"), len(turn), least=1)
    waiting = [one for one in turn if one.status == ex.PENDING]
    return waiting[0] if waiting and sum(one.status == ex.IN_PROGRESS for one in turn) < limit else None


def _failed(task: TaskExecution) -> bool:
    """Whether more nodes failed than MaxErrors allows. Without targets, no failure is allowed."""
    nodes = sum(max(1, len(one.nodes)) for one in task.invocations)
    allowed = share(task.task.get("MaxErrors", "0"), nodes, least=0)
    return sum(one.errors for one in task.invocations) > allowed


def _end_task(region: Region, task: TaskExecution) -> None:
    now = region.now()
    for invocation in task.invocations:
        if not invocation.over:
            invocation.finish(now, task.halted or ex.CANCELLED)
    statuses = {one.status for one in task.invocations}
    # A command already applies MaxErrors to its nodes.
    failed = _failed(task) or (task.task["TaskType"] == "RUN_COMMAND" and ex.FAILED in statuses)
    task.finish(now, ex.FAILED if failed else _unfinished(statuses) or ex.SUCCESS)


def _ended(
    region: Region,
    execution: Execution,
    task: TaskExecution,
    invocation: Invocation,
    status: str,
    details: str | None = None,
    errors: int = 0,
) -> None:
    """End an invocation after its work has ended."""
    if task.halted and status == ex.CANCELLED:
        status = task.halted
    invocation.errors = errors
    invocation.finish(region.now(), status, details)
    _feed(region, execution, task)
    _go_on(region, execution)
