# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of an invocation: those that AWS lists for its command, and those that it has not listed yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._patch_run.command import Facts, instance_facts, is_running

Entry = Mapping[str, Any]

_UNFINISHED = frozenset({"PENDING", "IN_PROGRESS", "CANCELLING"})


def is_unfinished(entry: Entry) -> bool:
    """Whether an execution, a task or an invocation has not ended."""
    return entry["status"] in _UNFINISHED


def nodes_of(invocation: Entry, listed: Iterable[Facts]) -> list[Facts]:
    """The facts of each node of an invocation of Run Command, in the order of the IDs.

    The status of a node is null if the command has ended and AWS does not list the node.
    """
    found = {one["instance_id"]: one for one in listed}
    missing = set(invocation["instance_ids"]) - found.keys()
    status = None if invocation["command_id"] and not is_unfinished(invocation) else _node_status(invocation)
    found |= {one: instance_facts({"InstanceId": one, "Status": status}) for one in missing}
    return [found[instance_id] for instance_id in sorted(found)]


def _node_status(invocation: Entry) -> str:
    """The Run Command status of a node that the command has not reached."""
    return "Pending" if is_unfinished(invocation) else invocation["status"].title().replace("_", "")


def nodes_in(task: Entry) -> list[Facts]:
    """The nodes of all invocations of a task. Empty if it is not a Run Command task."""
    return [node for one in task["invocations"] for node in one["instances"] or ()]


def is_settled(execution: Entry) -> bool:
    """Whether AWS lists all parts of a completed execution as completed. Its listings can lag behind."""
    return bool(execution["tasks"]) and not any(map(_is_open, _parts(execution)))


def _parts(execution: Entry) -> Iterator[Entry]:
    for task in execution["tasks"]:
        yield from (task, *task["invocations"], *nodes_in(task))


def _is_open(part: Entry) -> bool:
    return part["status"] is None or is_unfinished(part) or is_running(part)
