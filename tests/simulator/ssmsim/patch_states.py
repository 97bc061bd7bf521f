# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The patch states of nodes and patch groups in Patch Manager, from the last report of each node."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ssmsim.errors import invalid_filter, invalid_instance_id
from ssmsim.filters import select
from ssmsim.fleet import Counts, Fleet, Node, of
from ssmsim.fleet_nodes import COUNTS
from ssmsim.node_patches import Found, patches_on, plain, spelled
from ssmsim.paging import page
from ssmsim.registry import operation
from ssmsim.store import Record, Region

_GROUP_COUNTS = {
    "InstancesWithInstalledPatches": "installed",
    "InstancesWithInstalledOtherPatches": "installed_other",
    "InstancesWithInstalledPendingRebootPatches": "pending_reboot",
    "InstancesWithInstalledRejectedPatches": "rejected",
    "InstancesWithMissingPatches": "missing",
    "InstancesWithFailedPatches": "failed",
    "InstancesWithNotApplicablePatches": "not_applicable",
    "InstancesWithUnreportedNotApplicablePatches": "unreported",
    "InstancesWithAvailableSecurityUpdates": "available_security",
}
_GROUP_VERDICTS = (
    "InstancesWithCriticalNonCompliantPatches",
    "InstancesWithSecurityNonCompliantPatches",
    "InstancesWithOtherNonCompliantPatches",
)
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "Equal": operator.eq,
    "NotEqual": operator.ne,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
}
_COUNT_FILTERS = {key: name for key, name in COUNTS.items() if name != "available_security"}
_PATCH_FILTERS: dict[str, Callable[[Found, str], bool]] = {
    "Classification": lambda found, value: found.patch.classification == value,
    "KBId": lambda found, value: found.patch.id == value,
    "Severity": lambda found, value: found.patch.severity == value,
    "State": lambda found, value: plain(found.state) == plain(value),
}
_BLANK: Record = {
    **dict.fromkeys(COUNTS, 0),
    "UnreportedNotApplicableCount": -1,
    **dict.fromkeys(("CriticalNonCompliantCount", "SecurityNonCompliantCount", "OtherNonCompliantCount"), 0),
    **dict.fromkeys(("PatchGroup", "BaselineId", "SnapshotId", "OwnerInformation", "Operation"), ""),
    **dict.fromkeys(("OperationStartTime", "OperationEndTime"), 0.0),
}


@operation("DescribePatchGroupState")
def describe_patch_group_state(region: Region, request: Record) -> Record:
    fleet = of(region)
    nodes = fleet.reported(request["PatchGroup"])
    answer = {"Instances": len(nodes), **dict.fromkeys((*_GROUP_COUNTS, *_GROUP_VERDICTS), 0)}
    for node, report in nodes:
        for member, name in _GROUP_COUNTS.items():
            answer[member] += getattr(report.counts, name) > 0
        for member, count in zip(_GROUP_VERDICTS, fleet.noncompliant(node, report), strict=True):
            answer[member] += count > 0
    return answer


@operation("DescribeInstancePatchStates")
def describe_instance_patch_states(region: Region, request: Record) -> Record:
    """The states of nodes. Nodes that never reported are absent, or have a record without values."""
    fleet = of(region)
    asked = map(fleet.find, dict.fromkeys(request["InstanceIds"]))
    nodes = [node for node in asked if node and (node.report or node.blank)]
    answer = page(region, "DescribeInstancePatchStates", request, region.arrange(nodes), "InstancePatchStates")
    return answer | {"InstancePatchStates": [state(fleet, node) for node in answer["InstancePatchStates"]]}


@operation("DescribeInstancePatchStatesForPatchGroup")
def describe_instance_patch_states_for_patch_group(region: Region, request: Record) -> Record:
    """The model limits a response to five nodes, which is the default page size in the strict profile."""
    fleet = of(region)
    found = fleet.reported(request["PatchGroup"])
    for test in map(_count_test, request.get("Filters", [])):
        found = [(node, report) for node, report in found if test(report.counts)]
    name, size = "DescribeInstancePatchStatesForPatchGroup", 5 if region.strict else 50
    answer = page(region, name, request, region.arrange(found), "InstancePatchStates", size)
    return answer | {"InstancePatchStates": [state(fleet, node) for node, _ in answer["InstancePatchStates"]]}


@operation("DescribeInstancePatches")
def describe_instance_patches(region: Region, request: Record) -> Record:
    fleet = of(region)
    node = fleet.find(request["InstanceId"])
    # According to the reference, this is also the error for an agent that is not running.
    if node is None or (region.strict and node.ping_status != "Online"):
        raise invalid_instance_id(request["InstanceId"])
    found = select(list(patches_on(fleet, node)), request.get("Filters", []), _PATCH_FILTERS, invalid_filter)
    answer = page(region, "DescribeInstancePatches", request, region.arrange(found), "Patches")
    return answer | {"Patches": [patch_as_read(patch) for patch in answer["Patches"]]}


def state(fleet: Fleet, node: Node) -> Record:
    """The InstancePatchState of a node with a record."""
    report = node.report
    if report is None:
        return {"InstanceId": node.instance_id, **_BLANK}
    run = report.run
    critical, security, other = fleet.noncompliant(node, report)
    record: dict[str, Any] = {
        "InstanceId": node.instance_id,
        "PatchGroup": run.patch_group,
        "BaselineId": run.policy.reported_id,
        "SnapshotId": run.snapshot_id,
        "OwnerInformation": "",
        **{member: getattr(report.counts, name) for member, name in COUNTS.items()},
        "CriticalNonCompliantCount": critical,
        "SecurityNonCompliantCount": security,
        "OtherNonCompliantCount": other,
        "OperationStartTime": report.started,
        "OperationEndTime": report.ended,
        "Operation": run.operation,
        "RebootOption": run.reboot_option,
        "LastNoRebootInstallOperationTime": report.last_no_reboot,
    }
    return record | ({"InstallOverrideList": run.install_override_list} if run.install_override_list else {})


def patch_as_read(found: Found) -> Record:
    """The PatchComplianceData of a patch, with the state in the spelling of filters instead of the model."""
    record: dict[str, Any] = {
        "Title": found.patch.title,
        "KBId": found.patch.id,
        "Classification": found.patch.classification,
        "Severity": found.patch.severity,
        "State": spelled(found.state),
        "InstalledTime": found.installed,
    }
    lacks = found.state in ("MISSING", "FAILED") and found.patch.cves
    return record | ({"CVEIds": ",".join(found.patch.cves)} if lacks else {})


def _count_test(entry: dict[str, Any]) -> Callable[[Counts], bool]:
    key, value = entry["Key"], entry["Values"][0]
    if key not in _COUNT_FILTERS:
        raise invalid_filter(f"The filter key {key} is not valid. Valid keys are: {', '.join(_COUNT_FILTERS)}.")
    if not value.isdecimal():
        raise invalid_filter(f"The value {value} of the filter {key} is not an integer greater than or equal to 0.")
    name, compare = _COUNT_FILTERS[key], _COMPARISONS[entry["Type"]]
    return lambda counts: compare(getattr(counts, name), int(value))
