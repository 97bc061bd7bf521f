# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarizes the executions of windows, from the result of C(ssm_maintenance_window_info)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._aws.text import printable
from .._schedules.schedule import parse_instant
from .lists import listed, task_title

Result = Mapping[str, Any]


def execution_lines(result: Result, _check_mode: bool) -> list[str]:
    """One line for each execution, each of its tasks, and each invocation that did not succeed."""
    lines = [line for window in result["windows"] for line in _window(window)]
    return lines or ["The window does not exist in this account and Region"]


def _window(window: Mapping[str, Any]) -> Iterator[str]:
    name = f"{printable(str(window['name']))} ({window['window_id']})"
    executions = window.get("executions") or ()
    if not executions:
        yield f"{name}: AWS does not list this execution"
    for execution in executions:
        yield f"{name}: {state_of(execution)}, {times_of(execution)}"
        for task in execution.get("tasks") or ():
            yield from _task(task)


def _task(task: Mapping[str, Any]) -> Iterator[str]:
    yield f"Task {task_title(task)}: {state_of(task)}"
    for invocation in task.get("invocations") or ():
        if invocation["status"] != "SUCCESS":
            yield f"{_whom(invocation)}: {state_of(invocation)}{_command(invocation)}"


def _whom(invocation: Mapping[str, Any]) -> str:
    target = invocation.get("window_target") or invocation.get("window_target_id") or "invocation"
    nodes = invocation.get("instance_ids") or ()
    return f"{printable(str(target))} ({listed([*map(str, nodes)])})" if nodes else printable(str(target))


def state_of(one: Mapping[str, Any]) -> str:
    """The status, with its details."""
    details = one.get("status_details")
    return f"{one['status']} ({printable(str(details))})" if details else str(one["status"])


def _command(invocation: Mapping[str, Any]) -> str:
    return f", command {invocation['command_id']}" if invocation.get("command_id") else ""


def times_of(execution: Mapping[str, Any]) -> str:
    """When an execution started and ended."""
    began, ended = (_second(execution.get(name)) for name in ("start_time", "end_time"))
    return f"{f'started {began}' if began else 'not started'}, {f'ended {ended}' if ended else 'not ended'}"


def _second(moment: str | None) -> str | None:
    parsed = parse_instant(moment or "")
    return parsed.replace(microsecond=0).isoformat() if parsed else moment
