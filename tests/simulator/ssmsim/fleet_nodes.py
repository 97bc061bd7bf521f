# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates single nodes of a seed, in which every member can be set."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ssmsim.baselines import find
from ssmsim.fleet import Counts, Fleet, Node, Report, Run
from ssmsim.patch_policy import Policy
from ssmsim.platforms import PLATFORMS, Platform

COUNTS = {
    "InstalledCount": "installed",
    "InstalledOtherCount": "installed_other",
    "InstalledPendingRebootCount": "pending_reboot",
    "InstalledRejectedCount": "rejected",
    "MissingCount": "missing",
    "FailedCount": "failed",
    "UnreportedNotApplicableCount": "unreported",
    "NotApplicableCount": "not_applicable",
    "AvailableSecurityUpdateCount": "available_security",
}
"""The counts of a state record, with their names in a node."""
_NODE = {"InstanceId", "OperatingSystem", "Product", "Tags", "PingStatus", "Failing", "Managed", "Record"}
_REPORT = {
    *("PatchGroup", "BaselineId", "Operation", "RebootOption", "OperationStartTime", "OperationEndTime"),
    *("SnapshotId", "ExecutionId", "InstallOverrideList", "LastNoRebootInstallOperationTime"),
}
_TOLD = {
    *("LastPingDateTime", "AgentVersion", "IsLatestVersion", "PlatformName", "PlatformVersion", "ActivationId"),
    *("IamRole", "RegistrationDate", "Name", "IPAddress", "ComputerName", "SourceId", "SourceType"),
}
_DATES = ("LastPingDateTime", "RegistrationDate")
_RECORDS = ("reported", "absent", "blank")


def named_node(fleet: Fleet, entry: dict[str, Any]) -> None:
    """Add the node of an entry in ``nodes``. Raises ValueError for an invalid entry."""
    unknown = entry.keys() - _NODE - _REPORT - _TOLD - COUNTS.keys()
    record = entry.get("Record", "reported")
    if unknown or "InstanceId" not in entry or record not in _RECORDS:
        raise ValueError(
            f"fleet: a node needs InstanceId, Record is one of {', '.join(_RECORDS)}, and these keys are not known: "
            f"{', '.join(sorted(unknown)) or 'none'}"
        )
    tags = tuple(entry.get("Tags", {}).items())
    if not entry.get("Managed", True):
        fleet.unmanaged[entry["InstanceId"]] = tags
        return
    platform = _platform(entry.get("OperatingSystem", "AMAZON_LINUX_2023"), entry.get("Product"))
    status = entry.get("PingStatus", "Online")
    told = {key: seconds(entry[key]) if key in _DATES else entry[key] for key in _TOLD if key in entry}
    node = Node(
        entry["InstanceId"],
        platform,
        tags,
        _counts(entry, platform),
        ping_status=status,
        silent_since=None if status == "Online" else planting_time(fleet).timestamp(),
        failing=entry.get("Failing", False),
        blank=record == "blank",
        told=told or None,
    )
    _check_room(fleet, node)
    if record == "reported":
        node.report = _report(fleet, node, entry)
    fleet.add(node)


def planting_time(fleet: Fleet) -> datetime:
    """The end of the simulated past: the current full minute, so that the same seed creates the same fleet."""
    return fleet.region.now().replace(second=0, microsecond=0)


def _platform(operating_system: str, product: str | None) -> Platform:
    releases = {release.product: release for release in PLATFORMS.get(operating_system, ())}
    found = releases.get(product) if product else next(iter(releases.values()), None)
    if found is None:
        raise ValueError(
            f"fleet: no node runs {product or operating_system}; there are: {', '.join(releases or PLATFORMS)}"
        )
    return found


def _counts(entry: dict[str, Any], platform: Platform) -> Counts:
    windows = platform.packaging == "kb"
    usual = Counts(installed=20 if windows else 80, unreported=0 if windows else -1)
    return usual._replace(**{name: entry[key] for key, name in COUNTS.items() if key in entry})


def _check_room(fleet: Fleet, node: Node) -> None:
    """Check that the catalog has enough patches for a node, and that its operating system has such states.

    Counts of rejected patches are not checked, because the node could have had another baseline at that time.
    """
    counts, there = node.counts, len(fleet.patches(node))
    needed = counts.missing + counts.failed + counts.pending_reboot + counts.installed
    if needed + 2 * max(counts.rejected, counts.available_security) > there:
        raise ValueError(f"fleet: {node.instance_id}: there are only {there} patches for {node.platform.product}")
    if node.platform.packaging != "kb" and counts.available_security:
        raise ValueError(f"fleet: {node.instance_id}: only Windows has security updates that are available")


def _report(fleet: Fleet, node: Node, entry: dict[str, Any]) -> Report:
    group = fleet.patch_group(dict(node.tags))
    operation = entry.get("Operation", "Scan")
    policy = fleet.policy(group, node.platform.operating_system)
    if "BaselineId" in entry:
        # Reports keep the ID of a deleted baseline.
        policy = Policy(find(fleet.region, entry["BaselineId"]) or {**policy.record, "BaselineId": entry["BaselineId"]})
    run = Run(
        policy,
        entry.get("PatchGroup", group),
        operation,
        entry.get("RebootOption", "NoReboot" if operation == "Scan" else "RebootIfNeeded"),
        entry.get("SnapshotId") or fleet.region.new_uuid(),
        entry.get("ExecutionId") or fleet.region.new_uuid(),
        entry.get("InstallOverrideList", ""),
    )
    ended = seconds(entry.get("OperationEndTime") or entry.get("OperationStartTime") or planting_time(fleet))
    started = seconds(entry.get("OperationStartTime", ended - 15))
    last_no_reboot = entry.get("LastNoRebootInstallOperationTime", started if node.counts.pending_reboot else None)
    return Report(run, node.counts, started, ended, None if last_no_reboot is None else seconds(last_no_reboot))


def seconds(moment: Any) -> float:
    """The seconds since the epoch of an ISO date (UTC without an offset), a datetime or a number of seconds."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return float(moment)
