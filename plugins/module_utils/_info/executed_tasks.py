# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks of a window were executed. AWS does not return their IDs with an execution. Pure functions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.structures import Raw, member
from .._resources.tasks import RUN_COMMAND

_PARAMETERS = (f"{RUN_COMMAND}.Parameters", "TaskInvocationParameters.Automation.Parameters")
# What an execution of a task has in common with the task.
_MEMBERS = ("Priority", "MaxConcurrency", "MaxErrors")


@dataclass(eq=False)
class ExecutedTask:
    """A task in an execution. details: read if it has no invocations and others run the same document."""

    raw: Raw
    invocations: list[Raw] = field(default_factory=list)
    details: Raw | None = None

    @property
    def id(self) -> str:
        """The ID of the execution of the task."""
        return str(self.raw["TaskExecutionId"])

    @property
    def kind(self) -> tuple[Any, Any]:
        """Its type, and what it runs."""
        return self.raw.get("TaskType"), self.raw.get("TaskArn")


def candidates(executed: Iterable[ExecutedTask], definitions: list[Raw]) -> dict[str, list[Raw]]:
    """The tasks of the window that each executed task can be, by the ID of its execution.

    One task is the certain result. definitions: the current tasks of the window.
    """
    executed = [*executed]
    counts = Counter(one.kind for one in executed)
    found = {one.id: _candidates(one, counts[one.kind], definitions) for one in executed}
    # A task that was executed as one cannot be another.
    settled: set[int] = set()
    while certain := [tasks[0] for tasks in found.values() if len(tasks) == 1 and id(tasks[0]) not in settled]:
        settled |= {id(task) for task in certain}
        for name, tasks in found.items():
            if len(tasks) > 1:
                found[name] = [task for task in tasks if id(task) not in settled]
    return found


def _candidates(one: ExecutedTask, count: int, definitions: list[Raw]) -> list[Raw]:
    alike = [task for task in definitions if (task.get("TaskType"), task.get("TaskArn")) == one.kind]
    if len(alike) == count == 1:
        return alike
    details = one.details
    if one.invocations:
        return [task for task in alike if all(_started(task, invocation) for invocation in one.invocations)]
    return alike if details is None else [task for task in alike if _has(task, details)]


def request_of(invocation: Raw) -> dict[str, Any]:
    """The request of an invocation, which the service returns as JSON text."""
    try:
        request = json.loads(invocation.get("Parameters") or "{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def nodes_of(invocation: Raw) -> list[str]:
    """The nodes of an invocation."""
    nodes = request_of(invocation).get("instanceIds")
    return [str(node) for node in nodes] if isinstance(nodes, list) else []


def _started(task: Raw, invocation: Raw) -> bool:
    """Whether a task can have started an invocation, based on its targets and the parameters of its document."""
    named = {value for entry in task.get("Targets") or () for value in entry.get("Values") or ()}
    target = invocation.get("WindowTargetId")
    touched = {target} if target else set(nodes_of(invocation))
    parameters = request_of(invocation).get("parameters")
    return touched <= named and _declares(task, parameters if isinstance(parameters, dict) else {})


def _has(task: Raw, details: Raw) -> bool:
    """Whether a task has the priority, rates and parameters of an execution."""
    given = [(task.get(name), details.get(name)) for name in _MEMBERS if name in task and name in details]
    parameters = {
        name: value.get("Values") for block in details.get("TaskParameters") or () for name, value in block.items()
    }
    return all(one == other for one, other in given) and _declares(task, parameters)


def _declares(task: Raw, parameters: Mapping[str, Any]) -> bool:
    return all((member(task, path) or {}).items() <= parameters.items() for path in _PARAMETERS)
