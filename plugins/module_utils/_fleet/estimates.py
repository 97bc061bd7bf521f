# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the tasks of a window take, and which nodes they do not reach before the cutoff. Pure functions.

https://docs.aws.amazon.com/systems-manager/latest/userguide/maintenance-windows.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor
from statistics import median
from typing import Any, NamedTuple

from .model import INSTALL, Account, PatchTask, Window


def concurrency_of(text: Any, nodes: int) -> int:
    """The number of concurrent nodes for a rate such as C(10) or C(10%). A percentage allows at least one."""
    rate = str(text or "1")
    number = rate.removesuffix("%")
    if not number.isdigit():
        return 1
    return max(1, min(nodes, nodes * int(number) // 100 if rate.endswith("%") else int(number)))


class Estimate(NamedTuple):
    """The time in seconds that a window needs for its nodes, and the time that is available before its cutoff.

    nodes, concurrency, seconds_for_node: of its slowest Install. executions: the source of the times, by ID.
    """

    nodes: int
    concurrency: int
    seconds_for_node: float
    needed: float
    available: float
    executions: tuple[str, ...]


class TaskEstimate(NamedTuple):
    """The time in seconds that a task needs for its nodes, and the time that is available before the cutoff.

    starts_after: the time between the opening of the window and its start. seconds_for_node, needed: None for a task
    that never ran and that starts too late.
    """

    nodes: int
    concurrency: int
    seconds_for_node: float | None
    starts_after: float
    needed: float | None
    available: float
    executions: tuple[str, ...]


class TaskOutlook(NamedTuple):
    """What a task reaches before the cutoff. late: the number of nodes that it does not reach."""

    estimate: TaskEstimate
    late: int


class WindowTimes:
    """How long the tasks of a window take. tasks: its patch tasks. reached: nodes of each target.

    Targets of a task run one after the other, tasks with the same priority concurrently.
    """

    def __init__(
        self, window: Window, tasks: Sequence[PatchTask], reached: Mapping[int, int], account: Account
    ) -> None:
        self._tasks = tasks
        self._reached = reached
        self._paces = account.paces
        self._available = (int(window.raw.get("Duration") or 0) - int(window.raw.get("Cutoff") or 0)) * 3600
        self._known = [task for task in tasks if account.paces.get(task.id) and self._nodes(task)]
        # Other tasks count as long as they took: their nodes are not resolved.
        patching = {task.id for task in tasks}
        others = {one: raw.get("Priority") or 0 for one, raw in window.tasks.items() if one not in patching}
        took = [(priority, median(account.times[one])) for one, priority in others.items() if account.times.get(one)]
        self._stages: dict[int, float] = {}
        for priority, needed in [*took, *((task.priority, self._needed(task)) for task in self._known)]:
            self._stages[priority] = max(self._stages.get(priority, 0.0), needed)

    def estimate(self) -> Estimate | None:
        """The estimate of the window. None if no execution shows how long a node takes.

        If the tasks before an Install leave it no time, so that it never ran, the slowest of these tasks counts.
        """
        installs = [task for task in self._tasks if task.operation == INSTALL]
        known = [task for task in installs if task in self._known]
        if not known and any(self._starts_after(task) >= self._available for task in installs):
            known = self._known
        if not known:
            return None
        slowest = max(known, key=self._needed)
        needed, executions = sum(self._stages.values()), self._executions(self._known)
        typical = self._seconds_for_node(slowest)
        return Estimate(self._nodes(slowest), self._concurrency(slowest), typical, needed, self._available, executions)

    def outlook(self, task: PatchTask) -> TaskOutlook | None:
        """What a task reaches before the cutoff. None if no execution shows it."""
        starts = self._starts_after(task)
        is_known, is_late = task in self._known, starts >= self._available
        if not self._nodes(task) or not (is_known or is_late):
            return None
        before = [one for one in self._known if one.priority < task.priority or one is task]
        typical, needed = (self._seconds_for_node(task), self._needed(task)) if is_known else (None, None)
        found = TaskEstimate(
            self._nodes(task),
            self._concurrency(task),
            typical,
            starts,
            needed,
            self._available,
            self._executions(before),
        )
        if is_late:
            return TaskOutlook(found, self._nodes(task))
        # A task that has started continues after the cutoff, unless it is canceled.
        late = self._left(task, self._available - starts) if task.is_canceled_at_cutoff else 0
        return TaskOutlook(found, late)

    def _left(self, task: PatchTask, seconds: float) -> int:
        """The number of nodes that are left after a time. Runbooks are not canceled once they run."""
        typical, left = self._seconds_for_node(task), 0
        rounding = ceil if task.is_runbook else floor
        for number in task.targets:
            count = self._reached[number]
            concurrency = concurrency_of(task.max_concurrency, count)
            batches = rounding(max(0.0, seconds) / typical) if typical else ceil(count / concurrency)
            left += max(0, count - batches * concurrency)
            seconds -= ceil(count / concurrency) * typical
        return left

    def _starts_after(self, task: PatchTask) -> float:
        return sum(needed for priority, needed in self._stages.items() if priority < task.priority)

    def _nodes(self, task: PatchTask) -> int:
        return sum(self._reached[one] for one in task.targets)

    def _concurrency(self, task: PatchTask) -> int:
        return concurrency_of(task.max_concurrency, max(self._reached[one] for one in task.targets))

    def _executions(self, tasks: Iterable[PatchTask]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(pace.window_execution_id for task in tasks for pace in self._paces[task.id]))

    def _needed(self, task: PatchTask) -> float:
        typical = self._seconds_for_node(task)
        counts = (self._reached[one] for one in task.targets)
        return sum(ceil(count / concurrency_of(task.max_concurrency, count)) * typical for count in counts if count)

    def _seconds_for_node(self, task: PatchTask) -> float:
        return float(median(pace.seconds / ceil(pace.nodes / pace.concurrency) for pace in self._paces[task.id]))
