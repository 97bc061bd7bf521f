# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stored executions of maintenance windows, and how requests find them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ssmsim.errors import ServiceError, does_not_exist
from ssmsim.store import Record, Region

HISTORY = timedelta(days=30)
SUCCESS, FAILED, TIMED_OUT = "SUCCESS", "FAILED", "TIMED_OUT"
PENDING, IN_PROGRESS = "PENDING", "IN_PROGRESS"
CANCELLING, CANCELLED, SKIPPED = "CANCELLING", "CANCELLED", "SKIPPED_OVERLAPPING"


@dataclass(eq=False)
class Stage:
    """The base of executions, their tasks and their invocations: an ID, a status, and times."""

    id: str
    status: str = PENDING
    details: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.end is not None

    def begin(self, now: datetime) -> None:
        """Start it now."""
        self.status, self.start = IN_PROGRESS, now

    def finish(self, now: datetime, status: str, details: str | None = None) -> None:
        """End it."""
        self.status, self.details, self.end = status, details, now

    def shown(self) -> dict[str, Any]:
        """The API members that all three kinds have."""
        return {"Status": self.status, "StatusDetails": self.details, "StartTime": self.start, "EndTime": self.end}


@dataclass(eq=False)
class Invocation(Stage):
    """A task on one registered target or on the nodes that the task specifies. If it is not Run Command, on one node.

    parameters: its parameters. execution_id: the ID of the command, automation or state machine execution. errors: the
    number of failed nodes.
    """

    nodes: list[str] = field(default_factory=list)
    target: Record = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    execution_id: str | None = None
    errors: int = 0


@dataclass(eq=False)
class TaskExecution(Stage):
    """A task in one execution. task: its definition when the window opened. halted: the status of invocations that will
    no longer start."""

    task: Record = field(default_factory=dict)
    invocations: list[Invocation] = field(default_factory=list)
    halted: str | None = None

    @property
    def priority(self) -> int:
        """Tasks with a lower number run first."""
        return int(self.task.get("Priority", 0))


@dataclass(eq=False)
class Execution(Stage):
    """One opening of a window. window: its definition at that time."""

    window: Record = field(default_factory=dict)
    tasks: list[TaskExecution] = field(default_factory=list)
    opened: datetime = field(kw_only=True)

    @property
    def cutoff(self) -> datetime:
        """The time from which no task starts."""
        return self.opened + timedelta(hours=self.window["Duration"] - self.window["Cutoff"])


class Book:
    """The executions of a Region: those of the last 30 days, and those that have not ended."""

    def __init__(self) -> None:
        self._by_id: dict[str, Execution] = {}
        self._by_window: dict[str, list[Execution]] = defaultdict(list)
        self._unfinished: dict[str, Execution] = {}

    def add(self, execution: Execution) -> None:
        """Add an execution, and remove those of its window that are too old."""
        self._by_id[execution.id] = execution
        kept = self._by_window[execution.window["WindowId"]]
        while kept and kept[0].over and kept[0].opened < execution.opened - HISTORY:
            del self._by_id[kept.pop(0).id]
        kept.append(execution)
        self._unfinished[execution.id] = execution

    def unfinished(self) -> list[Execution]:
        """The executions that have not ended, oldest first."""
        self._unfinished = {key: one for key, one in self._unfinished.items() if not one.over}
        return list(self._unfinished.values())

    def of_window(self, window_id: str, now: datetime) -> list[Execution]:
        """The executions of a window that are still kept, newest first."""
        return [one for one in reversed(self._by_window.get(window_id, [])) if one.opened >= now - HISTORY]

    def find(self, execution_id: str, now: datetime) -> Execution:
        """An execution that is still kept. Raises DoesNotExistException."""
        found = self._by_id.get(execution_id)
        if found is None or found.opened < now - HISTORY:
            raise _missing("Maintenance window execution", execution_id)
        return found


def book_of(region: Region) -> Book:
    """The executions of a Region."""
    return region.hold(Book)


def execution_of(region: Region, request: dict[str, Any]) -> Execution:
    """The execution that a request names. Raises DoesNotExistException."""
    return book_of(region).find(request["WindowExecutionId"], region.now())


def task_of(region: Region, request: dict[str, Any]) -> TaskExecution:
    """The task execution that a request names. Raises DoesNotExistException."""
    tasks = execution_of(region, request).tasks
    found = next((task for task in tasks if task.id == request["TaskId"]), None)
    if found is None:
        raise _missing("Maintenance window task execution", request["TaskId"])
    return found


def invocation_of(region: Region, request: dict[str, Any]) -> Invocation:
    """The invocation that a request names. Raises DoesNotExistException."""
    invocations = task_of(region, request).invocations
    found = next((one for one in invocations if one.id == request["InvocationId"]), None)
    if found is None:
        raise _missing("Maintenance window task invocation", request["InvocationId"])
    return found


def _missing(what: str, name: str) -> ServiceError:
    return does_not_exist(f"{what} {name} does not exist")
