# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of a report. The fields of these classes are also the columns of the CSV files and the members of the JSON
report.

Unknown values are None.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

SCHEMA = "patchfleet.aws/patch-report"
SCHEMA_VERSION = 1


@dataclass(slots=True)
class Node:
    """One node, as ssm_patch_compliance_info returns it with C(level=instances)."""

    instance_id: str
    name: str | None = None
    platform_type: str | None = None
    platform_name: str | None = None
    platform_version: str | None = None
    resource_type: str | None = None
    ping_status: str | None = None
    last_ping_time: str | None = None
    agent_version: str | None = None
    patch_groups: tuple[str, ...] = ()
    status: str | None = None
    compliant: bool | None = None
    stale: bool | None = None
    pending_reboot: bool | None = None
    ungraded: bool | None = None
    patch_group: str | None = None
    baseline_id: str | None = None
    snapshot_id: str | None = None
    operation: str | None = None
    operation_start_time: str | None = None
    operation_end_time: str | None = None
    reboot_option: str | None = None
    last_no_reboot_install_operation_time: str | None = None
    install_override_list: str | None = None
    installed_count: int | None = None
    installed_other_count: int | None = None
    installed_pending_reboot_count: int | None = None
    installed_rejected_count: int | None = None
    missing_count: int | None = None
    failed_count: int | None = None
    not_applicable_count: int | None = None
    unreported_not_applicable_count: int | None = None
    critical_noncompliant_count: int | None = None
    security_noncompliant_count: int | None = None
    other_noncompliant_count: int | None = None
    available_security_update_count: int | None = None
    coverage: str | None = None
    next_install: str | None = None
    next_install_window: str | None = None
    next_install_task: str | None = None
    next_install_count: int | None = None
    next_install_reboot: bool | None = None
    next_install_unknown: str | None = None
    instance_name: str | None = None
    tags: dict[str, Any] = field(default_factory=dict)
    exception: str | None = None

    def title(self) -> str:
        """The display name of the node: its tag Name, its computer name, or its ID."""
        return self.instance_name or self.name or self.instance_id

    def groups(self) -> tuple[str | None, ...]:
        """The patch groups of the node, from its tags and its last report, or a single None."""
        last = (self.patch_group,) if self.patch_group else ()
        return tuple(dict.fromkeys((*self.patch_groups, *last))) or (None,)

    def system(self) -> str | None:
        """The operating system with its version."""
        return " ".join(part for part in (self.platform_name, self.platform_version) if part) or self.platform_type


@dataclass(slots=True)
class Patch:
    """One patch on one node, as ssm_patch_compliance_info returns it with C(level=patches)."""

    instance_id: str
    name: str | None = None
    patch_group: str | None = None
    title: str | None = None
    kb_id: str | None = None
    classification: str | None = None
    severity: str | None = None
    state: str | None = None
    installed_time: str | None = None
    cve_ids: tuple[str, ...] = ()
    release_date: str | None = None
    compliance_level: str | None = None
    baseline_id: str | None = None
    exception: str | None = None


@dataclass(slots=True)
class TaskRun:
    """One task of one run of a window."""

    name: str | None = None
    task_arn: str | None = None
    task_type: str | None = None
    status: str | None = None
    status_details: str | None = None
    start_time: str | None = None
    end_time: str | None = None


@dataclass(slots=True)
class WindowRun:
    """One run of a window."""

    window_execution_id: str
    status: str | None = None
    status_details: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    tasks: tuple[TaskRun, ...] = ()


@dataclass(slots=True)
class Window:
    """A maintenance window with its last and its next runs."""

    window_id: str
    name: str | None = None
    description: str | None = None
    schedule: str | None = None
    schedule_timezone: str | None = None
    schedule_offset: int | None = None
    duration: int | None = None
    cutoff: int | None = None
    enabled: bool | None = None
    next_runs: tuple[str, ...] = ()
    executions: tuple[WindowRun, ...] = ()


@dataclass(slots=True)
class NodeCoverage:
    """The coverage and tags of one node, as ssm_patch_coverage_info returns them with C(level=instances)."""

    instance_id: str
    coverage: str | None = None
    next_install: str | None = None
    next_install_window: str | None = None
    next_install_task: str | None = None
    next_install_reboot_option: str | None = None
    next_install_overridden: bool | None = None
    baseline_id: str | None = None
    instance_name: str | None = None
    tags: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Finding:
    """A reason why nodes are not patched as intended, as ssm_patch_coverage_info returns it."""

    finding: str
    text: str
    action: str
    node_count: int | None = None
    instance_ids: tuple[str, ...] = ()
    window: str | None = None
    task: str | None = None
    window_target: str | None = None
    patch_group: str | None = None
    baseline_id: str | None = None


@dataclass(slots=True)
class Gap:
    """A failed read, whose result is unknown to the report."""

    message: str
    action: str | None = None
    code: str | None = None
    scope: str | None = None


@dataclass(slots=True)
class PatchException:
    """An exception from the counts of a report until the end of a day: a node, a patch group or a patch, or the
    combination of those that are specified."""

    reason: str
    owner: str
    until: str
    node: str | None = None
    group: str | None = None
    patch: str | None = None

    def subject(self) -> str:
        """The node, group and patch that it names."""
        parts = (("node", self.node), ("group", self.group), ("patch", self.patch))
        return ", ".join(f"{kind} {name}" for kind, name in parts if name is not None)

    def text(self) -> str:
        """The reason, the owner and the last day."""
        return f"{self.reason} ({self.owner}, until {self.until})"


@dataclass(slots=True)
class Scope:
    """The requested nodes of an account and Region. An empty scope means all nodes."""

    patch_groups: tuple[str, ...] = ()
    instance_ids: tuple[str, ...] = ()
    instance_tags: dict[str, Any] = field(default_factory=dict)

    def is_everything(self) -> bool:
        """Whether it includes all nodes."""
        return not (self.patch_groups or self.instance_ids or self.instance_tags)

    def is_of_instances(self) -> bool:
        """Whether only IDs select the nodes."""
        return bool(self.instance_ids) and not (self.patch_groups or self.instance_tags)


@dataclass(slots=True)
class Reading:
    """The data that one run read of one account and Region.

    read_at: the time in UTC. account_name: None if only the ID is known. not_read: the names of unknown counts, with
    C(patches) if any patches and C(release_dates) if any release dates are unknown. windows: None if they could not be
    read. findings: the findings about coverage, also empty if the coverage was not read.
    """

    partition: str
    account_id: str
    region: str
    read_at: str
    scope: Scope = field(default_factory=Scope)
    not_read: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    windows: tuple[Window, ...] | None = None
    nodes: tuple[Node, ...] = ()
    patches: tuple[Patch, ...] = ()
    account_name: str | None = None
    findings: tuple[Finding, ...] = ()

    def is_unread(self) -> bool:
        """Whether nothing is known about the account and Region."""
        return "managed" in self.not_read and not self.nodes

    def place_name(self) -> str:
        """The display name of the account and Region."""
        named = self.account_name not in (None, "", self.account_id)
        account = f"{self.account_name} ({self.account_id})" if named else self.account_id
        return f"{account} {self.region}".strip()


class Place(NamedTuple):
    """The location of a node, patch or window."""

    partition: str
    account_id: str
    region: str


def groups_of(reading: Reading, node: Node) -> tuple[str | None, ...]:
    """The patch groups of a node. If the scope names groups, only those, because others are incomplete."""
    asked = reading.scope.patch_groups
    return tuple(group for group in node.groups() if not asked or group in asked)


def place_of(reading: Reading) -> Place:
    """The account and Region of a reading."""
    return Place(reading.partition, reading.account_id, reading.region)
