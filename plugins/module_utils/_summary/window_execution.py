# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarizes what an execution of a window did on which nodes, from C(ssm_window_execution_info)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._aws.text import printable
from .executions import state_of, times_of
from .lists import counted, task_title
from .patch_run import lines_by_state

Entry = Mapping[str, Any]

_UNFINISHED = ("PENDING", "IN_PROGRESS", "CANCELLING")


def window_execution_lines(result: Entry, check_mode: bool) -> list[str]:
    """The execution, its tasks, and the number and names of the nodes of each task in each status."""
    window, execution = result.get("window"), result["execution"]
    if not window:
        return ["No execution was read"]
    name = printable(str(window["name"]))
    if execution is None:
        opening = window["next_execution_time"]
        opens = f"opens {opening}" if opening else "does not open"
        return [f"Would wait for {name}, which {opens}" if check_mode else f"{name}: no execution; it {opens} next"]
    execution_id = execution["window_execution_id"]
    head = f"{name}: {state_of(execution)}, {times_of(execution)} (execution {execution_id})"
    if execution["status"] in _UNFINISHED:
        way = f"watch_window={window['window_id']} watch_window_execution_id={execution_id}"
        continues = f"{name} is in progress; wait for it with {way}"
        head = f"Would follow {name}, {times_of(execution)} (execution {execution_id})" if check_mode else continues
    return [head, *(line for task in execution["tasks"] for line in _task(task))]


def _task(task: Entry) -> Iterator[str]:
    title = task_title(task)
    nodes = [node for one in task["invocations"] for node in one["instances"] or ()]
    done = sum(node["status"] == "Success" for node in nodes)
    succeeded = f", {done} of {counted(len(nodes), 'node')} succeeded" if nodes else ""
    yield f"{title}: {state_of(task)}{succeeded}"
    for line in lines_by_state(nodes):
        yield f"{title}: {line}"
