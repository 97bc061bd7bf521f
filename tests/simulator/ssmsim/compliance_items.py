# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The compliance of nodes: patch compliance from their last report, and the items that clients put.

A verdict is the compliance of a node for a compliance type, without its single items.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ssmsim.fleet import Fleet, Node, Report, of
from ssmsim.node_patches import NON_COMPLIANT, Found, lacking, patches_on, spelled
from ssmsim.patch_policy import LEVELS
from ssmsim.store import Record, Region

RESOURCE_TYPE = "ManagedInstance"
PATCH = "Patch"
PUT = "compliance_items"
"""The table of what clients put, by (resource ID, compliance type)."""
_DOCUMENT = "AWS-RunPatchBaseline"


class Verdict(NamedTuple):
    """Whether a node is compliant. ``put`` is the record of a client. Without it, this is patch compliance."""

    compliance_type: str
    node: Node
    status: str
    severity: str
    execution: Record
    put: Record | None = None


class Subject(NamedTuple):
    """The subject of a verdict: a node with the record of a client, or with its patches."""

    node: Node
    put: Record | None = None


def verdict_on(region: Region, subject: Subject) -> Verdict:
    """The verdict on a subject."""
    node, put = subject
    if put is not None:
        grave = [item["Severity"] for item in put["Items"] if item["Status"] == "NON_COMPLIANT"]
        return Verdict(put["ComplianceType"], node, *_judged(grave), put["ExecutionSummary"], put)
    report = node.report
    if report is None:
        raise ValueError(f"{node.instance_id} never reported")
    lacks = lacking(of(region), node, report)
    grave = [found.level for found in lacks if _status(report, found) == "NON_COMPLIANT"]
    return Verdict(PATCH, node, *_judged(grave), _execution(report))


def verdicts(region: Region, node: Node) -> Iterator[Verdict]:
    """The verdicts on a node, one for each compliance type."""
    return (verdict_on(region, subject) for subject in _subjects(region, node))


def all_subjects(region: Region) -> Iterator[Subject]:
    """The subjects of all verdicts on all nodes."""
    for node in region.arrange(list(of(region))):
        yield from _subjects(region, node)


def _subjects(region: Region, node: Node) -> Iterator[Subject]:
    if node.report is not None:
        yield Subject(node)
    for record in put_for(region, node.instance_id):
        yield Subject(node, record)


def put_for(region: Region, resource_id: str) -> list[Record]:
    """The records that clients put for a resource."""
    return [record for record in region.table(PUT).values() if record["ResourceId"] == resource_id]


def items(region: Region, node: Node) -> Iterator[Record]:
    """The compliance items of a node."""
    fleet = of(region)
    if node.report is not None:
        for found in patches_on(fleet, node):
            yield _patch_item(node, node.report, found)
    for record in put_for(region, node.instance_id):
        shared = {key: record[key] for key in ("ComplianceType", "ResourceId", "ResourceType", "ExecutionSummary")}
        yield from (shared | item for item in record["Items"])


def tally(fleet: Fleet, verdict: Verdict) -> tuple[Counter[str], Counter[str]]:
    """The numbers of compliant and of noncompliant items by severity."""
    if verdict.put is not None:
        pairs = [(item["Status"], item["Severity"]) for item in verdict.put["Items"]]
    else:
        report = verdict.node.report
        pairs = [(_status(report, found), found.level) for found in patches_on(fleet, verdict.node)] if report else []
    compliant = Counter(severity for status, severity in pairs if status == "COMPLIANT")
    return compliant, Counter(severity for status, severity in pairs if status == "NON_COMPLIANT")


def iso(moment: float) -> str:
    """A time in the format of items and inventory."""
    return datetime.fromtimestamp(int(moment), UTC).isoformat().replace("+00:00", "Z")


def _judged(severities: list[str]) -> tuple[str, str]:
    return ("NON_COMPLIANT", min(severities, key=LEVELS.index)) if severities else ("COMPLIANT", "UNSPECIFIED")


def _execution(report: Report) -> Record:
    return {"ExecutionTime": report.ended, "ExecutionId": report.run.execution_id, "ExecutionType": "Command"}


def _status(report: Report, found: Found) -> str:
    if found.state == "NOT_APPLICABLE":
        return ""
    if found.state == "AVAILABLE_SECURITY_UPDATE":
        return "NON_COMPLIANT" if report.run.policy.counts_available else "COMPLIANT"
    return "NON_COMPLIANT" if found.state in NON_COMPLIANT else "COMPLIANT"


def _patch_item(node: Node, report: Report, found: Found) -> Record:
    patch = found.patch
    details: dict[str, Any] = {
        "DocumentName": _DOCUMENT,
        "DocumentVersion": "1",
        "InstalledTime": iso(found.installed),
        "PatchBaselineId": report.run.policy.reported_id,
        "PatchGroup": report.run.patch_group,
        "PatchSeverity": patch.severity,
        "PatchState": spelled(found.state),
        "Classification": patch.classification,
    }
    if found.state in ("MISSING", "FAILED") and patch.cves:
        details["CVEIds"] = ",".join(patch.cves)
    if report.run.install_override_list:
        details["InstallOverrideList"] = report.run.install_override_list
    return {
        "ComplianceType": PATCH,
        "ResourceType": RESOURCE_TYPE,
        "ResourceId": node.instance_id,
        "Id": patch.id,
        "Title": patch.title,
        "Status": _status(report, found),
        "Severity": found.level,
        "ExecutionSummary": _execution(report),
        "Details": details,
    }
