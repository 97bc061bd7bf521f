# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory data of a node by type. All values are strings."""

from __future__ import annotations

from collections.abc import Callable

from ssmsim.compliance_items import iso, items, put_for, tally, verdicts
from ssmsim.fleet import Node, of
from ssmsim.fleet_nodes import COUNTS
from ssmsim.instance_information import information
from ssmsim.node_patches import patches_on, spelled
from ssmsim.patch_policy import LEVELS
from ssmsim.patch_states import state
from ssmsim.store import Record, Region

Content = list[dict[str, str]]

INFORMATION = "AWS:InstanceInformation"
WITHOUT_DATA = frozenset(
    f"AWS:{name}"
    for name in (
        *("Application", "AWSComponent", "BillingInfo", "File", "InstanceDetailedInformation", "Network", "Service"),
        *("Tag", "WindowsRegistry", "WindowsRole", "WindowsUpdate"),
    )
)
"""Types of the service for which nodes of a fleet have no data."""
_SUMMARY_COUNTS = [*(key for key in COUNTS if key != "AvailableSecurityUpdateCount"), "CriticalNonCompliantCount"]


def content(region: Region, node: Node, type_name: str) -> Content:
    """The entries of a type on a node. Empty if the node never reported."""
    make = _CONTENTS.get(type_name)
    return make(region, node) if make else []


def has_content(region: Region, node: Node, type_name: str) -> bool:
    """Whether a node has entries of a type, without creating them."""
    if type_name.startswith("AWS:Compliance") and put_for(region, node.instance_id):
        return True
    return type_name == INFORMATION or (type_name in _CONTENTS and node.report is not None)


def capture_time(region: Region, node: Node, type_name: str) -> str:
    """The time of the entries: the end of the last operation, or the last ping for AWS:InstanceInformation."""
    if type_name == INFORMATION or node.report is None:
        return iso(information(region, node)["LastPingDateTime"])
    return iso(node.report.ended)


def _information(region: Region, node: Node) -> Content:
    found = information(region, node)
    online = found["PingStatus"] == "Online"
    return [
        {
            "AgentType": "amazon-ssm-agent",
            "AgentVersion": found["AgentVersion"],
            "ComputerName": found["ComputerName"],
            "InstanceId": node.instance_id,
            "InstanceStatus": "Active" if online else found["PingStatus"],
            "IpAddress": found["IPAddress"],
            "PlatformName": found["PlatformName"],
            "PlatformType": found["PlatformType"],
            "PlatformVersion": found["PlatformVersion"],
            "ResourceType": found["ResourceType"],
        }
    ]


def _patch_summary(region: Region, node: Node) -> Content:
    report = node.report
    if report is None:
        return []
    record = state(of(region), node)
    last = record["LastNoRebootInstallOperationTime"]
    verdict = next(iter(verdicts(region, node)))
    texts = ("PatchGroup", "BaselineId", "SnapshotId", "OwnerInformation", "RebootOption")
    counts = (*_SUMMARY_COUNTS, "SecurityNonCompliantCount", "OtherNonCompliantCount")
    return [
        {
            **{key: record[key] for key in texts},
            **{key: str(record[key]) for key in counts},
            "OperationType": record["Operation"],
            "OperationStartTime": iso(report.started),
            "OperationEndTime": iso(report.ended),
            "InstallOverrideList": record.get("InstallOverrideList", ""),
            "LastNoRebootInstallOperationTime": "" if last is None else iso(last),
            "ExecutionId": report.run.execution_id,
            "NonCompliantSeverity": verdict.severity if verdict.status == "NON_COMPLIANT" else "",
        }
    ]


def _patch_compliance(region: Region, node: Node) -> Content:
    return [
        {
            "Title": found.patch.title,
            "KBId": found.patch.id,
            "Classification": found.patch.classification,
            "Severity": found.patch.severity,
            "State": spelled(found.state),
            "InstalledTime": iso(found.installed),
        }
        for found in patches_on(of(region), node)
    ]


def _compliance_item(region: Region, node: Node) -> Content:
    return [
        {
            **{key: str(item.get(key, "")) for key in ("ComplianceType", "Id", "Title", "Status", "Severity")},
            **_execution(item["ExecutionSummary"]),
            **item.get("Details", {}),
        }
        for item in items(region, node)
    ]


def _compliance_summary(region: Region, node: Node) -> Content:
    return [
        {
            "ComplianceType": verdict.compliance_type,
            "PatchGroup": node.report.run.patch_group if node.report and not verdict.put else "",
            "PatchBaselineId": node.report.run.policy.reported_id if node.report and not verdict.put else "",
            "Status": verdict.status,
            "OverallSeverity": verdict.severity,
            **_execution(verdict.execution),
            **{
                f"{name}{level.title()}Count": str(counts[level])
                for name, counts in zip(("Compliant", "NonCompliant"), tally(of(region), verdict), strict=True)
                for level in LEVELS
            },
        }
        for verdict in verdicts(region, node)
    ]


def _execution(summary: Record) -> dict[str, str]:
    return {
        "ExecutionId": str(summary.get("ExecutionId", "")),
        "ExecutionType": str(summary.get("ExecutionType", "")),
        "ExecutionTime": iso(summary["ExecutionTime"]),
    }


_CONTENTS: dict[str, Callable[[Region, Node], Content]] = {
    INFORMATION: _information,
    "AWS:PatchSummary": _patch_summary,
    "AWS:PatchCompliance": _patch_compliance,
    "AWS:ComplianceItem": _compliance_item,
    "AWS:ComplianceSummary": _compliance_summary,
}
TYPES = frozenset(_CONTENTS) | WITHOUT_DATA
"""The types of AWS."""
