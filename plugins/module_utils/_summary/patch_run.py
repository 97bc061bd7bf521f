# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarizes what a patch run did or would do on which nodes, from the result of C(ssm_patch_run)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .lists import SHOWN, counted, listed

Result = Mapping[str, Any]

_UNFINISHED = ("Pending", "InProgress", "Delayed", "Cancelling")


def patch_run_lines(result: Result, check_mode: bool) -> list[str]:
    """The command, and the number and names of nodes in each status."""
    command, nodes = result.get("command"), result.get("instances")
    if not command:
        return ["No command was sent"]
    operation = command.get("operation") or "the command"
    if check_mode and not command.get("command_id"):
        whom = "nodes that are not known yet" if nodes is None else _nodes(nodes)
        return [f"Would run {operation} on {whom}"]
    done = sum(node["status"] == "Success" for node in nodes or ())
    total = max(command.get("target_count") or 0, len(nodes or ()))
    head = f"{operation} ended {command['status']}: {done} of {counted(total, 'node')} succeeded"
    if command["status"] in _UNFINISHED:
        head = f"{operation} continues; wait for it with patch_now_command_id={command['command_id']}"
    elif command["status"] is None:
        head = f"The result of {operation} is unknown"
    lines = [f"{head} (command {command.get('command_id')})", *lines_by_state(nodes or ())]
    if len(nodes or ()) > SHOWN:
        lines.append(f"To list all nodes, run with patch_now_command_id={command.get('command_id')} and -v")
    return lines


def lines_by_state(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line for each status of nodes, with the names of the first ones."""
    states: dict[str, list[Mapping[str, Any]]] = {}
    for node in nodes:
        states.setdefault(str(node["status_details"] or node["status"]), []).append(node)
    # Success is last, so that failures are not overlooked.
    order = sorted(states, key=lambda state: (state == "Success", state))
    return [f"{state}: {_nodes(states[state])}" for state in order]


def _nodes(nodes: Sequence[Mapping[str, Any]]) -> str:
    return f"{counted(len(nodes), 'node')}: {listed([_node(node) for node in nodes])}" if nodes else "no nodes"


def _node(node: Mapping[str, Any]) -> str:
    code = node.get("exit_code")
    more = [str(node["name"])] if node.get("name") else []
    more += [f"exit code {code}"] if code else []
    return f"{node['instance_id']} ({', '.join(more)})" if more else str(node["instance_id"])
