# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reason why a completed execution was not successful. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._aws.text import printable
from .._patch_run.command import described, name_failed, not_succeeded
from .._summary.lists import task_title
from .nodes import is_unfinished, nodes_in

Entry = Mapping[str, Any]

_SKIPPED = "SKIPPED_OVERLAPPING"


def problem_of(window: Entry, execution: Entry | None) -> str | None:
    """The reason. None if the execution was successful, or has not started or ended.

    AWS reports a command as successful if no more nodes failed than its max_errors allows.
    """
    if execution is None or is_unfinished(execution):
        return None
    reasons = [*_reasons(execution)]
    if execution["status"] == "SUCCESS" and not reasons:
        return None
    head = f"Execution {execution['window_execution_id']} of window {window['name']} ended {described(execution)}"
    return printable(": ".join([head, *(["; ".join(reasons)] if reasons else [])]).rstrip(".") + ".")


def _reasons(execution: Entry) -> Iterator[str]:
    if execution["status"] == _SKIPPED:
        yield "AWS skipped it, because an earlier execution was still in progress"
    elif not any(task["invocations"] for task in execution["tasks"]):
        yield "it reached no node; check the tasks of the window and their targets"
    for task in execution["tasks"]:
        reasons = [*_task_reasons(task)]
        if reasons or task["status"] != "SUCCESS":
            yield f"task {task_title(task)} {described(task)}" + "".join(f", {reason}" for reason in reasons)


def _task_reasons(task: Entry) -> Iterator[str]:
    nodes = nodes_in(task)
    failed, unknown = not_succeeded(nodes), [node for node in nodes if node["status"] is None]
    failed = [node for node in failed if node["status"] is not None]
    running = len(nodes) - len(failed) - len(unknown) - sum(node["status"] == "Success" for node in nodes)
    if failed:
        yield f"{len(failed)} of {len(nodes)} nodes did not succeed{name_failed(failed)}"
    if unknown:
        yield f"the result of {len(unknown)} of {len(nodes)} nodes is unknown, because AWS does not list them"
    if running:
        yield f"{running} of {len(nodes)} nodes have not finished"
