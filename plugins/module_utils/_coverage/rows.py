# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows and counts of the result. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .._compliance.rows import Row
from .._fleet.model import INSTALL, SCAN, Node, PatchTask
from .findings import ABOUT, FINDINGS, NODE_FINDINGS, Finding, NodeFinding
from .survey import DOUBLE, SCAN_ONLY, Survey, Verdict, WindowSurvey

_NAMED = 10
INSTANCE_FIELDS = (
    *("instance_id", "name", "instance_name", "platform_type", "platform_name", "platform_version", "operating_system"),
    *("resource_type", "ping_status", "instance_state", "managed", "patch_groups", "coverage", "covered"),
    *("next_install", "next_scan", "next_install_window", "next_install_task", "next_install_reboot_option"),
    *("next_install_overridden", "install_tasks", "scan_tasks", "idle_tasks"),
    *("baseline_id", "baseline_name", "baseline_reason", "findings", "actions"),
)
"""The columns of a CSV file. Rows in other formats also contain the tags, and the tasks with their runs."""
SUMMARY = (
    *("managed", "covered", "uncovered", "scan_only", "double_covered", "group_without_baseline", "group_misspelt"),
    *("baseline_approves_nothing", "agent_offline", "unmanaged"),
)
_BY_FINDING = ("group_without_baseline", "group_misspelt", "baseline_approves_nothing", "agent_offline")


class Totals:
    """Counts of nodes."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(SUMMARY, 0)
        self._unread: set[str] = set()

    def add(self, verdict: Verdict, managed: bool) -> None:
        """Count one node."""
        if not managed:
            self._counts["unmanaged"] += 1
            return
        self._counts["managed"] += 1
        if verdict.covered is None:
            self._unread |= {"covered", "uncovered", SCAN_ONLY}
        else:
            self._counts["covered" if verdict.covered else "uncovered"] += 1
        if verdict.double is None:
            self._unread.add(DOUBLE)
        for name in (SCAN_ONLY, DOUBLE):
            self._counts[name] += verdict.coverage == name
        found = {one.finding for one in verdict.findings}
        for name in _BY_FINDING:
            self._counts[name] += name in found

    def counts(self, unread: Iterable[str] = ()) -> Row:
        """The counts, None if not everything that they depend on was read, and the percentage of covered nodes."""
        gone = self._unread | {*unread}
        counts: Row = {name: None if name in gone else count for name, count in self._counts.items()}
        covered, managed = counts["covered"], counts["managed"]
        # Rounded down, so that 100 means all nodes.
        counts["coverage_percent"] = None if covered is None or not managed else covered * 10_000 // managed / 100
        return counts


class NodeFindings:
    """The findings about nodes, grouped by cause."""

    def __init__(self) -> None:
        self._counts: Counter[NodeFinding] = Counter()
        self._ids: dict[NodeFinding, list[str]] = {}

    def add(self, node: Node, verdict: Verdict) -> None:
        """Count the findings of a node."""
        for one in verdict.findings:
            self._counts[one] += 1
            named = self._ids.setdefault(one, [])
            if len(named) < _NAMED:
                named.append(node.facts.instance_id)

    def rows(self) -> list[Row]:
        """A row for each cause, sorted by urgency and then by the number of nodes."""
        order = sorted(self._counts, key=lambda one: (NODE_FINDINGS.index(one.finding), -self._counts[one], one.text))
        return [
            {
                **_about(dict(one.about)),
                "finding": one.finding,
                "text": one.text,
                "action": one.action,
                "node_count": self._counts[one],
                "instance_ids": self._ids[one],
                "computed_from": None,
            }
            for one in order
        ]


def finding_rows(found: Iterable[Finding]) -> list[Row]:
    """The rows of findings about windows and their contents."""
    return [
        {
            **_about(one.about),
            "finding": one.finding,
            "text": one.text,
            "action": one.action,
            "node_count": None,
            "instance_ids": [],
            "computed_from": None if one.computed_from is None else _plain(one.computed_from),
        }
        for one in sorted(found, key=lambda one: FINDINGS.index(one.finding))
    ]


def _about(about: Mapping[str, Any]) -> Row:
    return {name: about.get(name) for name in ABOUT}


def _plain(values: Mapping[str, Any]) -> Row:
    return {name: [*value] if isinstance(value, tuple) else value for name, value in values.items()}


class NodeRows:
    """Creates the rows of nodes. Nodes with the same verdict share its columns. tag_keys: of the tags to return."""

    def __init__(self, survey: Survey, next_run_count: int, tag_keys: Iterable[str]) -> None:
        self._survey = survey
        self._count = next_run_count
        self._tag_keys = tuple(dict.fromkeys(tag_keys))
        self._shared: dict[int, Row] = {}

    def row(self, node: Node, verdict: Verdict, managed: bool) -> Row:
        """The row of a node, with the columns of INSTANCE_FIELDS and its tasks."""
        shared = self._shared.get(id(verdict)) if managed else None
        if shared is None:
            shared = self._of_verdict(verdict)
            if managed:
                self._shared[id(verdict)] = shared
        facts, tags = node.facts, dict(node.tags)
        return {
            "instance_id": facts.instance_id,
            "name": facts.name,
            "instance_name": node.name_tag,
            "platform_type": facts.platform_type,
            "platform_name": facts.platform_name,
            "platform_version": facts.platform_version,
            "resource_type": facts.resource_type,
            "ping_status": facts.ping_status,
            "instance_state": node.state,
            "managed": managed,
            "tags": {key: tags[key] for key in self._tag_keys if key in tags},
            **shared,
        }

    def _of_verdict(self, verdict: Verdict) -> Row:
        install, scan = verdict.next_task(INSTALL), verdict.next_task(SCAN)
        idle = [*verdict.tasks_of(INSTALL, False), *verdict.tasks_of(SCAN, False)]
        return {
            "operating_system": verdict.system,
            "patch_groups": [*verdict.groups],
            "coverage": verdict.coverage,
            "covered": verdict.covered,
            "next_install": _next_run(install),
            "next_scan": _next_run(scan),
            "next_install_window": install and install.window.name,
            "next_install_task": install and install.name,
            "next_install_reboot_option": install and install.reboot_option,
            "next_install_overridden": install and install.is_overridden,
            "install_tasks": [task.title for task in verdict.tasks_of(INSTALL)],
            "scan_tasks": [task.title for task in verdict.tasks_of(SCAN)],
            "idle_tasks": [task.title for task in idle],
            "baseline_id": verdict.baseline.baseline_id,
            "baseline_name": self._survey.baseline_name(verdict),
            "baseline_reason": verdict.baseline.reason,
            "findings": [one.finding for one in verdict.findings],
            "actions": [one.action for one in verdict.findings],
            "tasks": [self._task(task, numbers) for task, numbers in verdict.tasks],
        }

    def _task(self, task: PatchTask, numbers: tuple[int, ...]) -> Row:
        targets = [self._survey.targets[number] for number in numbers]
        return {
            **_window(task.window.name, task.window.id, task.window.opening),
            "task": task.name,
            "window_task_id": task.id,
            "operation": task.operation,
            "reboot_option": task.reboot_option,
            "window_targets": [target.title for target in targets],
            "next_runs": [run.isoformat() for run in task.window.runs[: self._count]],
        }


def window_row(one: WindowSurvey, next_run_count: int) -> Row:
    """The row of a window."""
    window = one.window
    return {
        **_window(window.name, window.id, window.opening),
        "next_runs": [run.isoformat() for run in window.runs[:next_run_count]],
        "install_node_count": one.installs,
        "scan_node_count": one.scans,
        "estimate": None if one.estimate is None else _plain(one.estimate._asdict()),
    }


def _window(name: str, window_id: str, opening: str) -> Row:
    return {"window": name, "window_id": window_id, "opening": opening}


def _next_run(task: PatchTask | None) -> str | None:
    return task.window.runs[0].isoformat() if task else None
