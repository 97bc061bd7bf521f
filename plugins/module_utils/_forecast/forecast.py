# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the next Install does on each node, and the rows that say so. Pure functions."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime

from .._compliance.reader import Result
from .._compliance.rows import Row
from .._coverage.survey import Verdict
from .._fleet.model import INSTALL, Node, PatchTask
from .._resources.tasks import parameters_of
from .approvals import Approval, Approvals, may_be_installed
from .planned import known_id

_NO_REBOOT = "NoReboot"
_RUN_FIELDS = ("run_time", "window", "window_id", "task", "window_task_id")
# The columns of CSV files.
INSTANCE_FIELDS = (
    *("instance_id", "name", "instance_name", "patch_groups", "ping_status", *_RUN_FIELDS, "reboot_option"),
    *("install_count", "reboot", "unknown_reason", "baseline_id", "baseline_name", "reported_at"),
)
PATCH_FIELDS = (
    *("instance_id", "name", *_RUN_FIELDS, "kb_id", "title", "classification", "severity", "state"),
    *("cve_ids", "release_date", "approved_at", "approved_by", "will_install"),
)
# When, and the ids of the window and of the task.
_RunKey = tuple[datetime, str, str]
# Why it is not known how much is installed.
OVERRIDE, NEVER_SCANNED, UNREAD, OFFLINE = "override", "never_scanned", "not_read", "agent_offline"
NEW_BASELINE = "baseline_changes"


@dataclass
class NodeForecast:
    """What an Install will do on a node.

    new_baseline: whether a planned setup changes what is approved for it. install_count, reboot: None where that is
    not known, for that reason.
    """

    node: Node
    verdict: Verdict
    task: PatchTask
    run: datetime
    new_baseline: bool = False
    install_count: int | None = None
    reboot: bool | None = None
    reason: str | None = None
    reported_at: str | None = None
    patches: list[Row] = field(default_factory=list)


def next_install(verdict: Verdict, windows: Container[str] | None) -> PatchTask | None:
    """The Install that runs next on a node, of any window or of these."""
    tasks = (task for task in verdict.tasks_of(INSTALL) if windows is None or task.window.id in windows)
    return min(tasks, key=lambda task: (task.window.runs[0], task.priority, task.title), default=None)


def is_overridden(task: PatchTask) -> bool:
    """Whether a list or a baseline that is not of the account decides what a task installs."""
    raw = task.window.tasks[task.id]
    overrides = {"InstallOverrideList", "BaselineOverride"}
    return raw.get("TaskType") == "AUTOMATION" or bool(overrides & {*parameters_of(raw)})


def forecast_node(found: NodeForecast, result: Result, approvals: Approvals | None) -> NodeForecast:
    """Fill in what is known from the last report. approvals: None where patches were not read."""
    row = result.row
    found.reported_at = row["operation_end_time"]
    found.reason = _reason(found, row, result, approvals)
    if approvals is not None:
        found.patches = [
            _patch_row(found, patch, approvals.approval(patch, found.run))
            for patch in result.patches
            if may_be_installed(patch)
        ]
    if found.reason in (None, OFFLINE):
        listed = sum(one["will_install"] for one in found.patches)
        count = (row["missing_count"] or 0) + (row["failed_count"] or 0) if approvals is None else listed
        # A node that does not answer gets nothing, unless it comes back.
        found.install_count = 0 if found.reason == OFFLINE else count
        pending = bool(row["installed_pending_reboot_count"])
        reboots = found.task.reboot_option != _NO_REBOOT and found.reason != OFFLINE
        found.reboot = reboots and bool(count or pending)
    return found


def _reason(found: NodeForecast, row: Row, result: Result, approvals: Approvals | None) -> str | None:
    if found.node.facts.ping_status not in (None, "Online"):
        return OFFLINE
    if is_overridden(found.task):
        return OVERRIDE
    if found.new_baseline:
        return NEW_BASELINE
    if row["status"] == NEVER_SCANNED or (row["status"] is not None and row["missing_count"] is None):
        return NEVER_SCANNED
    if row["missing_count"] is None or (approvals is not None and result.missing is None):
        return UNREAD
    return None


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
        "baseline_id": known_id(found.verdict.baseline.baseline_id),
        "baseline_name": baseline_name,
        "reported_at": found.reported_at,
    }


class Runs:
    """The runs that are forecast, with their nodes counted."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._runs: dict[_RunKey, Row] = {}
        # In the order of their first nodes; those of a run are few, however many nodes it has.
        self._approvals: dict[_RunKey, dict[Approvals, None]] = {}

    def add(self, found: NodeForecast, approvals: Approvals | None) -> None:
        """Count a node. approvals: None where patches were not read."""
        task = found.task
        key = (found.run, task.window.id, task.id)
        if key not in self._runs:
            self._runs[key], self._approvals[key] = _new_run(task, found.run), {}
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
        """The runs by their time."""
        return [{**self._runs[key], "newly_approved": self._newly_approved(key)} for key in sorted(self._runs)]

    def _newly_approved(self, key: _RunKey) -> list[Row]:
        found: dict[tuple[str, str], Row] = {}
        for approvals in self._approvals[key]:
            for one in approvals.newly_approved(self._now, key[0]):
                found.setdefault((one["kb_id"], one["product"]), one)
        return [*found.values()]


def _new_run(task: PatchTask, run: datetime) -> Row:
    counts = ("node_count", "install_node_count", "patch_count", "reboot_count", "offline_count", "unknown_count")
    return {
        **_run(task, run),
        "operation": task.operation,
        "reboot_option": task.reboot_option,
        **dict.fromkeys(counts, 0),
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
