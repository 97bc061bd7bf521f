# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each node of an account is covered. Pure. Nodes that are alike share one verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import groupby
from typing import Any

from .._aws.nodes import OTHER_GROUP_TAG
from .._compliance.platforms import operating_system, product
from .._fleet.baselines import (
    BY_DEFAULT,
    TWO_GROUPS,
    Effective,
    approves_nothing,
    effective_baseline,
    misspelt_key,
    nearly_fitting,
)
from .._fleet.estimates import Estimate, TaskOutlook, WindowTimes
from .._fleet.model import INSTALL, Account, Node, PatchTask, Tags, Window
from .._fleet.reach import Index, Reached
from .._fleet.tasks import collect
from . import findings
from .findings import Finding, NodeFinding

COVERED, DOUBLE, SCAN_ONLY, UNCOVERED, UNMANAGED = "covered", "double_covered", "scan_only", "uncovered", "unmanaged"


@dataclass(frozen=True, eq=False)
class Verdict:
    """How a node is covered.

    coverage: None if it could not be read whether an Install reaches the node. tasks: the tasks that reach it, with the
    numbers of their targets that select it.
    """

    coverage: str | None
    double: bool | None
    tasks: tuple[tuple[PatchTask, tuple[int, ...]], ...]
    groups: tuple[str, ...]
    system: str | None
    baseline: Effective
    findings: tuple[NodeFinding, ...]

    @property
    def covered(self) -> bool | None:
        """Whether an Install of an open window reaches the node. None if unknown."""
        return None if self.coverage is None else self.coverage in (COVERED, DOUBLE)

    def tasks_of(self, operation: str, is_open: bool = True) -> Iterator[PatchTask]:
        """The tasks with an operation, either in windows that open or in those that do not."""
        return (task for task, _targets in self.tasks if task.operation == operation and task.window.is_open is is_open)

    def next_task(self, operation: str, windows: Container[str] | None = None) -> PatchTask | None:
        """The next task with an operation, in any window or in those with the specified IDs."""
        tasks = (task for task in self.tasks_of(operation) if windows is None or task.window.id in windows)
        return min(tasks, key=lambda task: (task.window.runs[0], task.priority, task.title), default=None)


@dataclass(frozen=True)
class WindowSurvey:
    """A window with patch tasks: the most nodes that one of its Installs or Scans reaches, and the time they need."""

    window: Window
    installs: int
    scans: int
    estimate: Estimate | None


class Survey:
    """The verdicts on an account. gap: Installs on a node that are closer than this count as double coverage."""

    def __init__(self, account: Account, gap: timedelta) -> None:
        self._account = account
        self._gap = gap
        self.targets, self.tasks = collect(account)
        self._tasks_of: dict[int, list[PatchTask]] = defaultdict(list)
        for task in self.tasks:
            for number in task.targets:
                self._tasks_of[number].append(task)
        self._index = Index(self.targets, account.members)
        self._example = findings.example_of(self.tasks, dict(enumerate(self.targets)))
        named = {
            value for one in self.targets for key, values in one.criteria if key in OTHER_GROUP_TAG for value in values
        }
        self._known_groups = sorted({group for _system, group in account.registered} | named)
        self._verdicts: dict[Any, Verdict] = {}
        self._clashes: dict[tuple[int, ...], findings.Clash | None] = {}
        self._near: dict[str, str | None] = {}
        self._outlooks: dict[PatchTask, TaskOutlook | None] = {}
        self.reached = dict.fromkeys(range(len(self.targets)), 0)
        self._by_task: dict[PatchTask, int] = dict.fromkeys(self.tasks, 0)
        for node in account.nodes:
            self._count(self._index.reached(node), operating_system(node.facts))

    def _count(self, reached: Reached, system: str | None) -> None:
        for number in reached.certain:
            self.reached[number] += 1
        for task in {task for number in reached.certain for task in self._tasks_on(number, system)}:
            self._by_task[task] += 1

    def _tasks_on(self, number: int, system: str | None) -> Iterator[PatchTask]:
        """The tasks of a target that run on an operating system."""
        return (task for task in self._tasks_of[number] if task.runs_on(system))

    def verdict(self, node: Node) -> Verdict:
        """How a managed node is covered."""
        reached = self._index.reached(node)
        system, online = operating_system(node.facts), node.facts.ping_status in (None, "Online")
        key = (reached, node.tags, system, product(node.facts), online or node.state or "offline")
        found = self._verdicts.get(key)
        if found is None:
            found = self._verdicts[key] = self._judge(node, reached)
        return found

    def unmanaged(self, node: Node) -> Verdict:
        """The verdict on an instance that is not managed."""
        baseline = Effective(None, "not_managed")
        return Verdict(UNMANAGED, False, (), node.groups, None, baseline, (findings.not_managed(),))

    def _judge(self, node: Node, reached: Reached) -> Verdict:
        by_task: dict[PatchTask, list[int]] = {}
        unfit: dict[PatchTask, None] = {}
        groups, system = node.groups, operating_system(node.facts)
        for number in reached.certain:
            for task in self._tasks_of[number]:
                if task.runs_on(system):
                    by_task.setdefault(task, []).append(number)
                elif task.operation == INSTALL:
                    unfit[task] = None
        tasks = tuple((task, tuple(by_task[task])) for task in self.tasks if task in by_task)
        installs = [(task, number) for task, numbers in tasks for number in numbers if _installs(task)]
        is_unknown = any(_installs(task) for number in reached.possible for task in self._tasks_on(number, system))
        clash = self._clash(tuple((task, number) for task, number in installs))
        double = True if clash else None if is_unknown else False
        baseline = effective_baseline(self._account, system, groups)
        scans = any(task.operation != INSTALL and task.window.is_open for task, _numbers in tasks)
        coverage = (
            DOUBLE if clash else COVERED if installs else None if is_unknown else SCAN_ONLY if scans else UNCOVERED
        )
        found = [
            *self._coverage_findings(coverage, tasks, clash, unfit),
            *self._group_findings(node.tags, groups, system, baseline),
            *self._baseline_findings(node, system, baseline),
        ]
        if node.facts.ping_status not in (None, "Online"):
            found.append(findings.agent_offline(node.state))
        return Verdict(coverage, double, tasks, groups, system, baseline, tuple(found))

    def _clash(self, installs: tuple[tuple[PatchTask, int], ...]) -> findings.Clash | None:
        key = tuple(number for task, target in installs for number in (id(task), target))
        if key not in self._clashes:
            found = findings.closest(installs)
            self._clashes[key] = found if found and found.gap < self._gap else None
        return self._clashes[key]

    def _coverage_findings(
        self,
        coverage: str | None,
        tasks: tuple[tuple[PatchTask, tuple[int, ...]], ...],
        clash: findings.Clash | None,
        unfit: Iterable[PatchTask],
    ) -> Iterator[NodeFinding]:
        others = [task for task, _numbers in tasks if task.operation == INSTALL and not task.window.is_open]
        others += unfit
        if coverage == UNCOVERED:
            yield findings.not_reached(others, self._example)
        if coverage == SCAN_ONLY:
            scans = [task for task, _numbers in tasks if task.window.is_open]
            yield findings.scan_only(scans, others, self._example)
        if clash:
            yield findings.double_covered(clash)

    def _group_findings(
        self, tags: Tags, groups: tuple[str, ...], system: str | None, baseline: Effective
    ) -> Iterator[NodeFinding]:
        if key := misspelt_key(tags):
            yield findings.group_key_misspelt(key)
        if baseline.reason == TWO_GROUPS:
            yield findings.two_patch_groups(groups)
        for group in groups:
            if system is None or (system, group) in self._account.registered:
                continue
            near = self._nearly(group)
            if near:
                yield findings.group_misspelt(group, near)
            elif baseline.reason == BY_DEFAULT:
                default = self._name(baseline.baseline_id)
                yield findings.group_without_baseline(group, system, default)

    def _nearly(self, group: str) -> str | None:
        """The known group that an unknown one is similar to."""
        if group not in self._near:
            is_known = group in self._known_groups
            self._near[group] = None if is_known else nearly_fitting(group, self._known_groups)
        return self._near[group]

    def _baseline_findings(self, node: Node, system: str | None, baseline: Effective) -> Iterator[NodeFinding]:
        raw = self._account.baselines.get(baseline.baseline_id or "")
        if raw and system and approves_nothing(raw, product(node.facts)):
            name, baseline_id = self._name(baseline.baseline_id), baseline.baseline_id or ""
            yield findings.baseline_approves_nothing(name, baseline_id, product(node.facts), system)

    def _name(self, baseline_id: str | None) -> str:
        return str(self._account.identities.get(baseline_id or "", {}).get("BaselineName") or baseline_id)

    def baseline_name(self, verdict: Verdict) -> str | None:
        """The name of the effective baseline."""
        return self._name(verdict.baseline.baseline_id) if verdict.baseline.baseline_id else None

    @cached_property
    def windows(self) -> list[WindowSurvey]:
        """The windows that have patch tasks."""
        return [self._window(window, [*tasks]) for window, tasks in groupby(self.tasks, lambda task: task.window)]

    def _window(self, window: Window, tasks: list[PatchTask]) -> WindowSurvey:
        installs, scans = (
            max((self._by_task[task] for task in tasks if (task.operation == INSTALL) is is_install), default=0)
            for is_install in (True, False)
        )
        estimated = self._times(window, tasks).estimate() if window.is_open else None
        return WindowSurvey(window, installs, scans, estimated)

    def _times(self, window: Window, tasks: list[PatchTask]) -> WindowTimes:
        return WindowTimes(window, tasks, self.reached, self._account)

    def outlook(self, task: PatchTask) -> TaskOutlook | None:
        """What a task reaches before the cutoff of its window. None if no execution shows it."""
        if task not in self._outlooks:
            same_window = [one for one in self.tasks if one.window is task.window]
            self._outlooks[task] = self._times(task.window, same_window).outlook(task)
        return self._outlooks[task]

    def findings(self) -> Iterator[Finding]:
        """Findings about windows, tasks and targets, regardless of the selected nodes."""
        for one in self.windows:
            yield from findings.window_findings(one.window, one.estimate)
        for task in self.tasks:
            yield from findings.task_findings(task)
        for number, target in enumerate(self.targets):
            tasks = self._tasks_of[number]
            yield from findings.target_findings(self._account, target, tasks, self.reached[number])


def _installs(task: PatchTask) -> bool:
    return task.operation == INSTALL and task.window.is_open
