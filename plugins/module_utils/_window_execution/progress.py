# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes between two reads of an execution, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._aws.text import printable
from .._patch_run.command import described, is_running
from .._schedules import clock
from .._schedules.schedule import parse_instant
from .._summary.lists import listed, task_title
from .nodes import nodes_in
from .waiting import span

Entry = Mapping[str, Any]

_NAMED = 5
_WAITS_FOR_AGENT = "Delayed"


class Progress:
    """Keeps track of what was shown."""

    def __init__(self) -> None:
        self._shown: dict[str, Any] = {}

    def lines(self, answer: Entry) -> list[str]:
        """The lines about what has changed."""
        name, execution = printable(answer["window"]["name"]), answer["execution"]
        if execution is None:
            return [*self._opening(name, answer["window"]["next_execution_time"])]
        lines = [line for task in execution["tasks"] for line in self._task(task)]
        state = f"execution {execution['window_execution_id']} {described(execution)}"
        head = [f"{name}: {state}"] if self._is_new("execution", state) else []
        return [*lines, *head] if execution["end_time"] else [*head, *lines]

    def _opening(self, name: str, opening: str | None) -> Iterator[str]:
        moment = parse_instant(opening or "")
        if moment is not None and self._is_new("opening", moment):
            yield f"{name} opens {moment.isoformat()}, in {span(moment - clock.now())}"

    def _task(self, task: Entry) -> Iterator[str]:
        nodes = nodes_in(task)
        state = f"{task_title(task)}: {described(task)}"
        if nodes:
            state += f", {_counts(nodes)}"
        changed = self._changed(task["task_execution_id"], nodes)
        # A task that has not started yet needs no line.
        if self._is_new(task["task_execution_id"], state) and task["status"] != "PENDING":
            yield "; ".join([state, *changed])

    def _changed(self, task_id: str, nodes: Sequence[Entry]) -> list[str]:
        """The nodes that have ended, or begun to wait for their agent, since the last read, by status."""
        states: dict[str, list[str]] = {}
        for node in nodes:
            state = described(node) if node["status"] else "unknown"
            is_news = node["status"] == _WAITS_FOR_AGENT or not is_running(node)
            if self._is_new(f"{task_id} {node['instance_id']}", state) and is_news:
                states.setdefault(state, []).append(_title(node))
        order = sorted(states, key=lambda state: (state == "Success", state))
        return [f"{state}: {listed(states[state], _NAMED)}" for state in order]

    def _is_new(self, key: str, value: Any) -> bool:
        is_new = self._shown.get(key) != value
        self._shown[key] = value
        return is_new


def _counts(nodes: Sequence[Entry]) -> str:
    done = sum(node["status"] == "Success" for node in nodes)
    running = sum(node["status"] is None or is_running(node) for node in nodes)
    return f"{done} done, {len(nodes) - done - running} failed, {running} in progress, of {len(nodes)}"


def _title(node: Entry) -> str:
    more = [str(node["name"])] if node["name"] else []
    more += [f"exit code {node['exit_code']}"] if node["exit_code"] else []
    return f"{node['instance_id']} ({', '.join(more)})" if more else str(node["instance_id"])
