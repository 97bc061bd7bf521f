# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the next Install does on each node, and the rows of the result. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from .._compliance.outlook import NEW_BASELINE, OFFLINE, OVERRIDE, UNREAD, outlook, reason_of
from .._compliance.reader import Result
from .._compliance.rows import Row
from .._coverage.survey import Verdict
from .._fleet.estimates import TaskOutlook
from .._fleet.model import Node, PatchTask
from .approvals import Approval, Approvals, may_be_installed
from .planned import known_id

_RUN_FIELDS = ("run_time", "window", "window_id", "task", "window_task_id")
# The columns of CSV files.
INSTANCE_FIELDS = (
    *("instance_id", "name", "instance_name", "patch_groups", "ping_status", *_RUN_FIELDS, "reboot_option"),
    *("install_count", "reboot", "unknown_reason", "may_miss_cutoff", "baseline_id", "baseline_name", "reported_at"),
)
PATCH_FIELDS = (
    *("instance_id", "name", *_RUN_FIELDS, "kb_id", "title", "classification", "severity", "state"),
    *("cve_ids", "release_date", "approved_at", "approved_by", "will_install"),
)
# The time of the run, the ID of the window and the ID of the task.
_RunKey = tuple[datetime, str, str]


@dataclass
class NodeForecast:
    """What an Install will do on a node.

    new_baseline: whether a planned setup changes which patches are approved for the node. outlook: what the task
    reaches before the cutoff, None if unknown. install_count, reboot: None if unknown. reason: why they are unknown,
    or why nothing is installed.
    """

    node: Node
    verdict: Verdict
    task: PatchTask
    run: datetime
    new_baseline: bool = False
    outlook: TaskOutlook | None = None
    install_count: int | None = None
    reboot: bool | None = None
    reason: str | None = None
    reported_at: str | None = None
    patches: list[Row] = field(default_factory=list)

    @property
    def may_miss_cutoff(self) -> bool | None:
        """Whether the task might not reach the node before the cutoff. None if unknown.

        AWS does not document the order of targets and nodes, so this is the same for all nodes of a task.
        """
        return None if self.outlook is None else self.outlook.late > 0


def forecast_node(found: NodeForecast, result: Result, approvals: Approvals | None) -> NodeForecast:
    """Complete the forecast from the last report of the node. approvals: None if patches were not read."""
    row = result.row
    found.reported_at = row["operation_end_time"]
    reason = reason_of(row, found.task.is_overridden, found.verdict.baseline.baseline_id)
    if found.new_baseline and reason not in (OFFLINE, OVERRIDE):
        reason = NEW_BASELINE
    elif reason is None and approvals is not None and result.missing is None:
        reason = UNREAD
    found.reason = reason
    if approvals is not None:
        found.patches = [
            _patch_row(found, patch, approvals.approval(patch, found.run))
            for patch in result.patches
            if may_be_installed(patch)
        ]
    count = None if approvals is None else sum(one["will_install"] for one in found.patches)
    found.install_count, found.reboot, _reason = outlook(row, found.task.reboot_option, reason, count)
    return found


def _patch_row(found: NodeForecast, patch: Row, approval: Approval) -> Row:
    is_decided = found.reason not in (OFFLINE, OVERRIDE, NEW_BASELINE)
    return {
        "instance_id": patch["instance_id"],
        "name": patch["name"],
        **_run(found.task, found.run),
        **{name: patch[name] for name in ("kb_id", "title", "classification", "severity", "state")},
        **{name: patch[name] for name in ("cve_ids", "release_date")},
        "approved_at": approval.at.isoformat() if approval.at else None,
        "approved_by": approval.by,
        "will_install": approval.approved and is_decided,
    }


def node_row(found: NodeForecast, baseline_name: str | None) -> Row:
    """The row of a node."""
    facts = found.node.facts
    return {
        "instance_id": facts.instance_id,
        "name": facts.name,
        "instance_name": found.node.name_tag,
        "patch_groups": [*found.verdict.groups],
        "ping_status": facts.ping_status,
        **_run(found.task, found.run),
        "reboot_option": found.task.reboot_option,
        "install_count": found.install_count,
        "reboot": found.reboot,
        "unknown_reason": found.reason,
        "may_miss_cutoff": found.may_miss_cutoff,
        "baseline_id": known_id(found.verdict.baseline.baseline_id),
        "baseline_name": baseline_name,
        "reported_at": found.reported_at,
    }


class Runs:
    """The forecast runs, with counts of their nodes."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._runs: dict[_RunKey, Row] = {}
        # In the order of their first node. A run has few of them, regardless of its number of nodes.
        self._approvals: dict[_RunKey, dict[Approvals, None]] = {}

    def add(self, found: NodeForecast, approvals: Approvals | None) -> None:
        """Count a node. approvals: None if patches were not read."""
        task = found.task
        key = (found.run, task.window.id, task.id)
        if key not in self._runs:
            self._runs[key], self._approvals[key] = _new_run(task, found.run, found.outlook), {}
        if approvals is not None:
            self._approvals[key][approvals] = None
        run = self._runs[key]
        run["node_count"] += 1
        run["offline_count"] += found.reason == OFFLINE
        run["unknown_count"] += found.install_count is None
        run["install_node_count"] += bool(found.install_count)
        run["patch_count"] += found.install_count or 0
        run["reboot_count"] += bool(found.reboot)

    def rows(self) -> list[Row]:
        """The runs, sorted by time."""
        return [{**self._runs[key], "newly_approved": self._newly_approved(key)} for key in sorted(self._runs)]

    def _newly_approved(self, key: _RunKey) -> list[Row]:
        found: dict[tuple[str, str], Row] = {}
        for approvals in self._approvals[key]:
            for one in approvals.newly_approved(self._now, key[0]):
                found.setdefault((one["kb_id"], one["product"]), one)
        return [*found.values()]


def _new_run(task: PatchTask, run: datetime, outlook: TaskOutlook | None) -> Row:
    counts = ("node_count", "install_node_count", "patch_count", "reboot_count", "offline_count", "unknown_count")
    return {
        **_run(task, run),
        "operation": task.operation,
        "reboot_option": task.reboot_option,
        **dict.fromkeys(counts, 0),
        "late_count": None if outlook is None else outlook.late,
        "estimate": None
        if outlook is None
        else {**outlook.estimate._asdict(), "executions": [*outlook.estimate.executions]},
    }


def _run(task: PatchTask, run: datetime) -> Row:
    window = task.window
    return {
        "run_time": run.isoformat(),
        "window": window.name,
        "window_id": known_id(window.id),
        "task": task.name,
        "window_task_id": known_id(task.id),
    }
