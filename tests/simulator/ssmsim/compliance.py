# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compliance in Systems Manager, and the compliance items that clients put."""

from __future__ import annotations

import json
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from ssmsim.compliance_items import (
    PATCH,
    PUT,
    RESOURCE_TYPE,
    Verdict,
    all_subjects,
    iso,
    items,
    put_for,
    tally,
    verdict_on,
)
from ssmsim.errors import ServiceError, invalid_filter, invalid_resource_id, validation
from ssmsim.fleet import of
from ssmsim.paging import page
from ssmsim.patch_policy import LEVELS
from ssmsim.registry import operation
from ssmsim.store import Record, Region

Item = TypeVar("Item")
Value = Callable[[Item], str]

MOST_CUSTOM_TYPES = 10
_MOST_BYTES = 1024 * 1024
_ONLY_SIZE = 50
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "EQUAL": operator.eq,
    "NOT_EQUAL": operator.ne,
    "BEGIN_WITH": str.startswith,
    "LESS_THAN": operator.lt,
    "GREATER_THAN": operator.gt,
}


def _member(name: str) -> Value[Record]:
    return lambda item: str(item.get(name, ""))


def _detail(name: str) -> Value[Record]:
    return lambda item: str(item.get("Details", {}).get(name, ""))


def _execution(name: str) -> Value[Record]:
    return lambda item: _text(item["ExecutionSummary"].get(name, ""))


_ITEM_VALUES: dict[str, Value[Record]] = {
    **{key: _member(key) for key in ("ComplianceType", "Id", "Severity", "Status", "Title")},
    **{key: _execution(key) for key in ("ExecutionId", "ExecutionTime", "ExecutionType")},
    **{
        key: _detail(key)
        for key in (
            *("DocumentName", "DocumentVersion", "Classification", "InstalledTime"),
            *("PatchBaselineId", "PatchGroup", "PatchSeverity", "PatchState"),
        )
    },
}
_VERDICT_VALUES: dict[str, Value[Verdict]] = {
    "ComplianceType": lambda verdict: verdict.compliance_type,
    "Status": lambda verdict: verdict.status,
    "OverallSeverity": lambda verdict: verdict.severity,
    "InstanceId": lambda verdict: verdict.node.instance_id,
    "PatchGroup": lambda verdict: verdict.node.report.run.patch_group if verdict.node.report else "",
    "ExecutionId": lambda verdict: str(verdict.execution.get("ExecutionId", "")),
    "ExecutionType": lambda verdict: str(verdict.execution.get("ExecutionType", "")),
    "ExecutionTime": lambda verdict: _text(verdict.execution["ExecutionTime"]),
    "AWS:InstanceInformation.PlatformType": lambda verdict: verdict.node.platform.kind,
}


@operation("ListComplianceItems")
def list_compliance_items(region: Region, request: Record) -> Record:
    resource_types, resource_ids = request.get("ResourceTypes", []), request.get("ResourceIds", [])
    unknown = [name for name in resource_types if name != RESOURCE_TYPE]
    if unknown:
        raise _invalid_resource_type(unknown[0])
    if len(resource_ids) > 1:
        raise invalid_resource_id("One resource ID can be specified.")
    fleet = of(region)
    nodes = [fleet.find(resource_ids[0])] if resource_ids else list(fleet)
    if None in nodes:
        raise invalid_resource_id(f"The resource ID {resource_ids[0]} is not valid. Verify the ID and try again.")
    found = (item for node in region.arrange(nodes) if node for item in items(region, node))
    wanted = _filtered(found, request.get("Filters", []), _ITEM_VALUES)
    return page(region, "ListComplianceItems", request, wanted, "ComplianceItems")


@operation("ListComplianceSummaries")
def list_compliance_summaries(region: Region, request: Record) -> Record:
    """Counts of resources. The reference allows only 50 for MaxResults. It is unknown whether others are rejected."""
    if region.strict and request.get("MaxResults", _ONLY_SIZE) != _ONLY_SIZE:
        raise validation(f"MaxResults must be null or {_ONLY_SIZE}.")
    counts: dict[str, dict[str, Counter[str]]] = {}
    everything = (verdict_on(region, subject) for subject in all_subjects(region))
    for verdict in _filtered(everything, request.get("Filters", []), _VERDICT_VALUES):
        of_type = counts.setdefault(verdict.compliance_type, {"COMPLIANT": Counter(), "NON_COMPLIANT": Counter()})
        of_type[verdict.status][verdict.severity] += 1
    found = [
        {"ComplianceType": name, **_summaries(counted["COMPLIANT"], counted["NON_COMPLIANT"])}
        for name, counted in counts.items()
    ]
    return page(region, "ListComplianceSummaries", request, region.arrange(found), "ComplianceSummaryItems")


@operation("ListResourceComplianceSummaries")
def list_resource_compliance_summaries(region: Region, request: Record) -> Record:
    """Counts of items, one entry for each resource and compliance type.

    Verdicts take most of the time, so without filters, only those of the page are computed.
    """
    tests = [_test(entry, _VERDICT_VALUES) for entry in request.get("Filters", [])]
    found = (subject for subject in all_subjects(region) if not tests or _passes(verdict_on(region, subject), tests))
    name, key = "ListResourceComplianceSummaries", "ResourceComplianceSummaryItems"
    answer = page(region, name, request, found, key)
    return answer | {key: [_resource_summary(region, verdict_on(region, subject)) for subject in answer[key]]}


@operation("PutComplianceItems")
def put_compliance_items(region: Region, request: Record) -> Record:
    """Replace the items of a type. PARTIAL, which is only for associations, replaces the items with the same IDs."""
    if request["ResourceType"] != RESOURCE_TYPE:
        raise _invalid_resource_type(request["ResourceType"])
    resource_id, compliance_type = request["ResourceId"], request["ComplianceType"]
    if of(region).find(resource_id) is None:
        raise invalid_resource_id(f"The resource ID {resource_id} is not valid. Verify the ID and try again.")
    stored = region.table(PUT).latest((resource_id, compliance_type))
    content_hash = request.get("ItemContentHash")
    if stored and content_hash and content_hash == stored.get("ItemContentHash"):
        return {}
    _judge_content(request)
    if stored is None:
        _judge_types(region, resource_id, compliance_type)
    kept = {item["Id"]: item for item in stored["Items"]} if stored and request.get("UploadType") == "PARTIAL" else {}
    kept |= {item["Id"]: item for item in request["Items"]}
    members = ("ResourceId", "ResourceType", "ComplianceType", "ExecutionSummary", "ItemContentHash")
    record = {key: request[key] for key in members if key in request}
    region.table(PUT).put((resource_id, compliance_type), {**record, "Items": list(kept.values())})
    return {}


def _judge_content(request: Record) -> None:
    compliance_type, sent = request["ComplianceType"], request["Items"]
    if compliance_type == PATCH or not compliance_type.startswith(("Custom:", "Association")):
        raise _invalid_content(f"The compliance type {compliance_type} can't be put.")
    if request.get("UploadType") == "PARTIAL" and compliance_type != "Association":
        raise _invalid_content("The upload type PARTIAL is valid for association compliance only.")
    ids = [item.get("Id") for item in sent]
    if None in ids or len(set(ids)) < len(ids):
        raise _invalid_content("Each item needs an Id of its own.")
    if len(json.dumps(sent)) > _MOST_BYTES:
        text = "The size of inventory data has exceeded the total size limit for the resource."
        raise ServiceError("TotalSizeLimitExceededException", text)


def _judge_types(region: Region, resource_id: str, compliance_type: str) -> None:
    custom = [record for record in put_for(region, resource_id) if record["ComplianceType"].startswith("Custom:")]
    if compliance_type.startswith("Custom:") and len(custom) >= MOST_CUSTOM_TYPES:
        text = f"A managed node can have at most {MOST_CUSTOM_TYPES} custom compliance types."
        raise ServiceError("ComplianceTypeCountLimitExceededException", text)


def _resource_summary(region: Region, verdict: Verdict) -> Record:
    return {
        "ComplianceType": verdict.compliance_type,
        "ResourceType": RESOURCE_TYPE,
        "ResourceId": verdict.node.instance_id,
        "Status": verdict.status,
        "OverallSeverity": verdict.severity,
        "ExecutionSummary": verdict.execution,
        **_summaries(*tally(of(region), verdict)),
    }


def _summaries(compliant: Counter[str], non_compliant: Counter[str]) -> Record:
    return {
        f"{name}Summary": {
            f"{name}Count": counts.total(),
            "SeveritySummary": {f"{level.title()}Count": counts[level] for level in LEVELS},
        }
        for name, counts in (("Compliant", compliant), ("NonCompliant", non_compliant))
    }


def _filtered(
    found: Iterable[Item], filters: list[dict[str, Any]], values: dict[str, Callable[[Item], str]]
) -> Iterator[Item]:
    """The entries that match all filters. The keys and types of filters are checked first."""
    tests = [_test(entry, values) for entry in filters]
    return (item for item in found if _passes(item, tests))


def _passes(item: Item, tests: list[Callable[[Item], bool]]) -> bool:
    return all(test(item) for test in tests)


def _test(entry: dict[str, Any], values: dict[str, Callable[[Item], str]]) -> Callable[[Item], bool]:
    key = entry.get("Key", "")
    if key not in values:
        raise invalid_filter(f"The filter key {key} is not valid. Valid keys are: {', '.join(values)}.")
    kind, wanted, value_of = entry.get("Type", "EQUAL"), entry.get("Values", []), values[key]
    compare, quantifier = _OPERATORS[kind], all if kind == "NOT_EQUAL" else any
    return lambda item: quantifier(compare(value_of(item), value) for value in wanted)


def _text(value: Any) -> str:
    """A timestamp in the format of filters. Other values are returned as strings."""
    if isinstance(value, (int, float)):
        return iso(value)
    return str(value)


def _invalid_resource_type(name: str) -> ServiceError:
    return ServiceError("InvalidResourceType", f"The resource type {name} is not valid.")


def _invalid_content(message: str) -> ServiceError:
    return ServiceError("InvalidItemContentException", message)
