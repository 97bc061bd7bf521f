# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed nodes of an account in a Region, and the effects of patching operations on them.

A node stores only the number of its patches in each state. The patches themselves are taken from the catalog's list for
its product on request (:mod:`ssmsim.node_patches`), so that a node needs about 400 bytes. Beginning with the newest
patch, the list contains the missing, failed, pending and installed ones, so patches keep their place if their state
changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ssmsim.baselines import find
from ssmsim.patch_catalogue import Patch, latest_month, patches_of
from ssmsim.patch_groups import baseline_for
from ssmsim.patch_policy import Policy
from ssmsim.platforms import Platform
from ssmsim.store import Record, Region
from ssmsim.tags import HOLDERS, tags_of

Tags = tuple[tuple[str, str], ...]
Test = Callable[["Node"], bool]

GROUP_TAGS = ("Patch Group", "PatchGroup")
"""The tag keys that put a node into a patch group."""
_SECONDS = {"Scan": 15.0, "Install": 180.0}
_KINDS_OF_RESOURCE = {"AWS::EC2::Instance": "i-", "AWS::SSM::ManagedInstance": "mi-"}


class Counts(NamedTuple):
    """The numbers of a node's patches in each state. ``unreported`` is -1 if the system does not report it."""

    installed: int = 0
    installed_other: int = 0
    pending_reboot: int = 0
    rejected: int = 0
    missing: int = 0
    failed: int = 0
    unreported: int = -1
    not_applicable: int = 0
    available_security: int = 0


class NonCompliant(NamedTuple):
    """The numbers of patches that make a node noncompliant: critical in the baseline, security patches, others."""

    critical: int
    security: int
    other: int


@dataclass(frozen=True, slots=True)
class Run:
    """The values of a command that are the same on all its nodes."""

    policy: Policy
    patch_group: str
    operation: str
    reboot_option: str
    snapshot_id: str
    execution_id: str
    install_override_list: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The report of a node on its last operation. Times are in seconds since the epoch.

    ``fresh``: the number of patches that were installed last, and the time of their installation.
    """

    run: Run
    counts: Counts
    started: float
    ended: float
    last_no_reboot: float | None = None
    fresh: tuple[int, float] = (0, 0.0)


@dataclass(slots=True)
class Node:
    """A managed node. ``counts``: its actual state. ``report``: its last report.

    ``blank``: its state record exists but is empty, as the service shows for some nodes that never reported. ``told``:
    members of DescribeInstanceInformation that a seed sets.
    """

    instance_id: str
    platform: Platform
    tags: Tags
    counts: Counts
    report: Report | None = None
    ping_status: str = "Online"
    silent_since: float | None = None
    failing: bool = False
    blank: bool = False
    told: dict[str, Any] | None = None

    @property
    def hybrid(self) -> bool:
        """Whether it is not an EC2 instance."""
        return self.instance_id.startswith("mi-")


class Outcome(NamedTuple):
    """The result of a patching operation on a node."""

    success: bool
    exit_code: int
    stdout: str


class Fleet:
    """The nodes by ID, in the order of their creation."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.resource_groups: dict[str, list[dict[str, Any]]] = {}
        self.unmanaged: dict[str, Tags] = {}
        self.in_ec2: set[str] = set()
        self.ec2_tags: Mapping[str, dict[str, str]] = {}
        # The month before the latest, because most baselines approve patches a week after their release.
        self._month = latest_month(region.now()) - 1
        self._nodes: dict[str, Node] = {}
        self._reported: dict[str, dict[str, tuple[Node, Report]]] = {}
        self._policies: dict[str, Policy] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def add(self, node: Node) -> None:
        """Add a node, or replace the one with the same ID."""
        former = self._nodes.get(node.instance_id)
        if former is not None:
            self._file(former, None)
        self._nodes[node.instance_id] = node
        if node.report is not None:
            self._file(node, node.report)

    def find(self, instance_id: str) -> Node | None:
        """The node with this ID."""
        return self._nodes.get(instance_id)

    def ids(self) -> list[str]:
        """The IDs of all nodes."""
        return list(self._nodes)

    def matching(self, targets: list[dict[str, Any]]) -> list[str]:
        """The IDs of the nodes that match all targets of an API request, without unmanaged nodes."""
        tests = self._tests(targets)
        return [node.instance_id for node in self if all(test(node) for test in tests)]

    def fits(self, node: Node, targets: list[dict[str, Any]]) -> bool:
        """Whether a node matches all targets of an API request. Without targets, it does not."""
        return bool(targets) and all(test(node) for test in self._tests(targets))

    def reported(self, patch_group: str) -> list[tuple[Node, Report]]:
        """The nodes with a patch group in their last report, with that report."""
        return list(self._reported.get(patch_group, {}).values())

    def tags_of(self, node: Node) -> dict[str, str]:
        """The tags of a node. Those of ``mi-`` nodes are stored in Systems Manager, others in EC2 if it is loaded."""
        if node.instance_id in self.in_ec2:
            return dict(self.ec2_tags.get(node.instance_id, {}))
        return tags_of(self.region, "ManagedInstance", node.instance_id) if node.hybrid else dict(node.tags)

    def patch_group(self, tags: dict[str, str]) -> str:
        """The patch group in tags, or an empty string. It is unknown which of the two tag keys has precedence."""
        named = [tags[key] for key in GROUP_TAGS if key in tags]
        return self.region.arrange(named)[0] if named else ""

    def policy(self, patch_group: str, operating_system: str) -> Policy:
        """The current baseline for nodes of a patch group."""
        baseline_id = baseline_for(self.region, patch_group, operating_system)
        record = find(self.region, baseline_id)
        if record is None:
            raise ValueError(f"the baseline {baseline_id} is registered and does not exist")
        return self.policy_of(record)

    def policy_of(self, record: Record) -> Policy:
        """The policy of a baseline, the same one until the baseline changes."""
        baseline_id = record["BaselineId"]
        known = self._policies.get(baseline_id)
        if known is None or known.record is not record:
            known = self._policies[baseline_id] = Policy(record)
        return known

    def patches(self, node: Node) -> tuple[Patch, ...]:
        """The available patches for a node, newest first, as of the creation of the fleet."""
        return patches_of(node.platform.product, node.platform.packaging, self._month)

    def noncompliant(self, node: Node, report: Report) -> NonCompliant:
        """The noncompliant patches of a node, according to its report."""
        counts, patches = report.counts, self.patches(node)
        grades = report.run.policy.grades(patches)
        front = counts.missing + counts.failed + counts.pending_reboot
        available = available_places(patches, counts) if report.run.policy.counts_available else ()
        single = (*rejected_places(patches, counts), *available)
        parts = (grades.among(0, front), *(grades.among(place, place + 1) for place in single))
        return NonCompliant(*map(sum, zip(*parts, strict=True)))

    def operate(
        self,
        instance_id: str,
        operation: str,
        *,
        reboot_option: str,
        when: datetime,
        snapshot_id: str,
        execution_id: str,
        install_override_list: str = "",
        overridden: bool = False,
        started: datetime | None = None,
    ) -> Outcome:
        """Run a Scan or Install on a node, which ends at ``when``. Raises KeyError for an unknown node.

        ``overridden``: a BaselineOverride determined the patches, so the record of the node does not change.
        """
        node, ended = self._nodes[instance_id], when.timestamp()
        before = node.counts
        if operation == "Install":
            node.counts = _installed(before, reboot_option, failing=node.failing)
        else:
            # For a scan, patches that failed to install are missing.
            node.counts = before._replace(missing=before.missing + before.failed, failed=0)
        group = self.patch_group(self.tags_of(node))
        policy = self.policy(group, node.platform.operating_system)
        run = Run(policy, group, operation, reboot_option, snapshot_id, execution_id, install_override_list)
        begun = started.timestamp() if started else ended - _SECONDS[operation]
        gained = node.counts.installed - before.installed
        report = _report(node, run, begun, ended, gained)
        if not overridden:
            self._file(node, report)
            node.blank = False
        success = operation == "Scan" or not node.counts.failed
        exit_code = 0 if success else (-1 if node.platform.kind == "Windows" else 1)
        return Outcome(success, exit_code, _summary(node, report))

    def _file(self, node: Node, report: Report | None) -> None:
        """Set or remove the last report of a node, and update the index by patch group."""
        if node.report is not None:
            self._reported.get(node.report.run.patch_group, {}).pop(node.instance_id, None)
        if report is not None:
            self._reported.setdefault(report.run.patch_group, {})[node.instance_id] = (node, report)
        node.report = report

    def _tests(self, targets: list[dict[str, Any]]) -> list[Test]:
        return [self.test(target.get("Key", ""), target.get("Values", [])) for target in targets]

    def test(self, key: str, values: list[str]) -> Test:
        """A test whether a node matches one target of an API request."""
        wanted = frozenset(values)
        if key == "InstanceIds":
            return lambda node: node.instance_id in wanted
        if key == "tag-key":
            return lambda node: not wanted.isdisjoint(self.tags_of(node))
        if key.startswith("tag:"):
            name = key.removeprefix("tag:")
            return lambda node: self.tags_of(node).get(name) in wanted
        if key == "resource-groups:Name":
            members = {member for name in wanted for member in self._group(name)}
            return lambda node: node.instance_id in members
        if key == "resource-groups:ResourceTypeFilters":
            prefixes = tuple(prefix for kind, prefix in _KINDS_OF_RESOURCE.items() if kind in wanted)
            return lambda node: node.instance_id.startswith(prefixes)
        return lambda node: False

    def _group(self, name: str) -> list[str]:
        targets = self.resource_groups.get(name)
        return self.matching(targets) if targets else []


def of(region: Region) -> Fleet:
    """The fleet of an account in a Region, which has no nodes until they are created."""
    if region.fleet is None:
        region.fleet = Fleet(region)
    return region.fleet


def rejected_places(patches: tuple[Patch, ...], counts: Counts) -> range:
    """The places of a node's rejected patches in the list of its product: every second one from the second oldest."""
    end = len(patches) - 2
    return range(end, end - 2 * counts.rejected, -2)


def available_places(patches: tuple[Patch, ...], counts: Counts) -> range:
    """The places of a node's available security updates in the list of its product, which are security on Windows."""
    end = len(patches) - 1
    return range(end, end - 2 * counts.available_security, -2)


def _installed(counts: Counts, reboot_option: str, *, failing: bool) -> Counts:
    """The counts after an Install: missing patches are installed or fail, and a reboot completes pending ones."""
    lacking = counts.missing + counts.failed
    pending = counts.pending_reboot + (0 if failing else lacking)
    installed = counts.installed
    if reboot_option != "NoReboot":
        installed, pending = installed + pending, 0
    failed = lacking if failing else 0
    return counts._replace(installed=installed, pending_reboot=pending, missing=0, failed=failed)


def _report(node: Node, run: Run, started: float, ended: float, gained: int) -> Report:
    last = node.report
    last_no_reboot = last.last_no_reboot if last else None
    if run.operation == "Install" and run.reboot_option == "NoReboot":
        last_no_reboot = started
    fresh = (gained, ended) if gained or last is None else last.fresh
    return Report(run, told_by(run.policy, node.counts), started, ended, last_no_reboot, fresh)


def told_by(policy: Policy, counts: Counts) -> Counts:
    """The counts that a node reports. Rejected patches count as installed other, unless the baseline blocks them."""
    if policy.blocks_rejected:
        return counts
    return counts._replace(installed_other=counts.installed_other + counts.rejected, rejected=0)


def _summary(node: Node, report: Report) -> str:
    """The summary that AWS-RunPatchBaseline prints at its end."""
    run, counts = report.run, report.counts
    begun, ended = (
        datetime.fromtimestamp(at, UTC).strftime("%m/%d/%Y %H:%M:%S") for at in (report.started, report.ended)
    )
    lines = {
        "PatchGroup": run.patch_group,
        "BaselineId": run.policy.reported_id,
        "SnapshotId": run.snapshot_id,
        "RebootOption": run.reboot_option,
        "OwnerInformation": "",
        "OperationType": run.operation,
        "OperationStartTime": begun,
        "OperationEndTime": ended,
        "InstalledCount": counts.installed,
        "InstalledOtherCount": counts.installed_other,
        "InstalledPendingRebootCount": counts.pending_reboot,
        "InstalledRejectedCount": counts.rejected,
        "FailedCount": counts.failed,
        "MissingCount": counts.missing,
        "NotApplicableCount": counts.not_applicable,
        "UnreportedNotApplicableCount": counts.unreported,
    }
    text = "\n".join(f"{name:<28} : {value}" for name, value in lines.items())
    return f"Patch Summary for {node.instance_id}\n\n{text}\n"


def _tags_of_hybrid(region: Region, instance_id: str) -> dict[str, str] | None:
    node = of(region).find(instance_id)
    return dict(node.tags) if node is not None and node.hybrid else None


HOLDERS["ManagedInstance"] = _tags_of_hybrid
