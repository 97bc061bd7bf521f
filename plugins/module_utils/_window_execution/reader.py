# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a window, one of its executions, and the nodes of each command of that execution."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._aws.client import Api, Job, run_jobs
from .._aws.errors import PatchingError
from .._info.readers import WORKERS
from .._info.windows import WindowReader
from .._patch_run.send import list_instances
from .._resources import window as window_resource
from .nodes import nodes_in, nodes_of
from .outcome import problem_of

Answer = dict[str, Any]

# The values of the window in the result.
_WINDOW = ("name", "window_id", "enabled", "schedule", "schedule_timezone", "duration", "next_execution_time")
_READING = {"enabled": None, "tags": None, "instance_id": None, "include": ["executions"], "execution_count": 1}
NOTHING: Answer = {"window": None, "execution": None, "problem": None}


class ExecutionReader:
    """Reads the execution with a given ID, or else the one in progress, or else the most recent one."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def look(self, window: str, execution_id: str | None) -> Answer:
        """The result of the module.

        Args:
            window: The name or ID of the window.
            execution_id: The ID of the execution, if it is known.

        Raises:
            PatchingError: There is no such window or execution, or two windows have the name.
        """
        found = self._window(window, execution_id)
        execution = found["current_execution"] or next(iter(found["executions"]), None)
        if execution is None and execution_id is not None:
            raise PatchingError(
                f"Window {found['name']} has no execution {execution_id} among those that AWS lists; it keeps them for"
                " 30 days."
            )
        if execution is not None:
            self._add_nodes(execution)
        shown = {name: found[name] for name in _WINDOW}
        return {"window": shown, "execution": execution, "problem": problem_of(shown, execution)}

    def _window(self, window: str, execution_id: str | None) -> dict[str, Any]:
        is_id = window_resource.KIND.is_id(window)
        chosen = {"names": None if is_id else [window], "window_ids": [window] if is_id else None}
        found = WindowReader(self._api, {**_READING, **chosen, "window_execution_id": execution_id}).read()
        if not found:
            raise PatchingError(
                f"The window {window!r} does not exist in this account and Region. Check the name, the account and the"
                " Region."
            )
        if len(found) > 1:
            ids = ", ".join(one["window_id"] for one in found)
            raise PatchingError(f"Several windows are named {window}: {ids}. Specify the ID of one of them.")
        return found[0]

    def _add_nodes(self, execution: dict[str, Any]) -> None:
        invocations = [(task, one) for task in execution["tasks"] for one in task["invocations"]]
        run_jobs([self._job(task["task_type"], one) for task, one in invocations], WORKERS)
        nodes = {node["instance_id"] for task in execution["tasks"] for node in nodes_in(task)}
        execution["node_count"] = len(nodes)

    def _job(self, task_type: str | None, invocation: dict[str, Any]) -> Job:
        def read() -> Iterable[Job]:
            command_id = invocation["command_id"]
            listed = list_instances(self._api, command_id) if command_id else []
            invocation["instances"] = nodes_of(invocation, listed) if task_type == "RUN_COMMAND" else None
            return ()

        return read
