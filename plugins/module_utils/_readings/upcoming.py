# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next Install on each node, and the next runs of windows. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._compliance.outlook import OFFLINE, outlook, reason_of
from .merge import Fleet
from .model import Node, NodeCoverage, Reading
from .parse import plain
from .times import instant

_REPORT = ("ping_status", "status", "baseline_id", "missing_count", "failed_count", "installed_pending_reboot_count")


@dataclass(slots=True)
class UpcomingRun:
    """One next run of a task, with counts of the nodes in the report."""

    partition: str
    account_id: str
    region: str
    run_time: str
    window: str | None
    task: str | None
    node_count: int = 0
    install_node_count: int = 0
    patch_count: int = 0
    reboot_count: int = 0
    offline_count: int = 0
    unknown_count: int = 0

    def add(self, node: Node) -> None:
        """Count a node."""
        self.node_count += 1
        self.install_node_count += bool(node.next_install_count)
        self.patch_count += node.next_install_count or 0
        self.reboot_count += bool(node.next_install_reboot)
        self.offline_count += node.next_install_unknown == OFFLINE
        self.unknown_count += node.next_install_count is None


def set_next_install(node: Node, coverage: NodeCoverage) -> None:
    """Set when the next Install runs on a node, and what it does according to the node's last report."""
    node.next_install = coverage.next_install
    if coverage.next_install is None:
        return
    node.next_install_window, node.next_install_task = coverage.next_install_window, coverage.next_install_task
    report = {name: getattr(node, name) for name in _REPORT}
    reason = reason_of(report, bool(coverage.next_install_overridden), coverage.baseline_id)
    found = outlook(report, coverage.next_install_reboot_option, reason)
    node.next_install_count, node.next_install_reboot, node.next_install_unknown = found


def upcoming_runs(fleet: Fleet) -> list[tuple[Reading, UpcomingRun]]:
    """The runs after the time of the newest reading, in the order of their time."""
    now = instant(fleet.read_at())
    found: dict[tuple[str | None, ...], tuple[Reading, UpcomingRun]] = {}
    for reading, node in fleet.nodes():
        moment = instant(node.next_install)
        if node.next_install is None or moment is None or now is None or moment < now:
            continue
        where = (reading.partition, reading.account_id, reading.region)
        key = (*where, node.next_install, node.next_install_window, node.next_install_task)
        if key not in found:
            run = UpcomingRun(*where, node.next_install, node.next_install_window, node.next_install_task)
            found[key] = (reading, run)
        found[key][1].add(node)
    return sorted(found.values(), key=lambda pair: (instant(pair[1].run_time), _title(pair[1])))


def upcoming_rows(fleet: Fleet) -> list[dict[str, Any]] | None:
    """The same as values for JSON. None if the coverage was not read."""
    if all(node.coverage is None for _reading, node in fleet.nodes()):
        return None
    return [plain(run) for _reading, run in upcoming_runs(fleet)]


def _title(run: UpcomingRun) -> tuple[str, ...]:
    return (run.window or "", run.task or "", run.partition, run.account_id, run.region)
