# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compliance items and their summaries, those of patches and those that clients put."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from .node_support import LINUX, SILENT, UNKNOWN, WINDOWS, plant, walk
from .support import Client, Doors, outcome, refused

WHEN = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
CUSTOM = "Custom:Antivirus"
ITEM_MEMBERS = {
    *("ComplianceType", "ResourceType", "ResourceId", "Id", "Title", "Status", "Severity", "ExecutionSummary"),
    "Details",
}
DETAILS = {
    *("DocumentName", "DocumentVersion", "InstalledTime", "PatchBaselineId", "PatchGroup", "PatchSeverity"),
    *("PatchState", "Classification"),
}
LEVELS = ("Critical", "High", "Medium", "Low", "Informational", "Unspecified")


@pytest.fixture(autouse=True)
def nodes(doors: Doors, account: str) -> None:
    plant(doors, account)


def as_filters(filters: dict[str, Any]) -> list[dict[str, Any]]:
    """Filters from `Key=[values]` or `Key=(type, [values])`."""
    parts = {key: given if isinstance(given, tuple) else ("EQUAL", given) for key, given in filters.items()}
    return [{"Key": key, "Type": kind, "Values": values} for key, (kind, values) in parts.items()]


def items(ssm: Client, instance_id: str = WINDOWS, **filters: Any) -> list[dict[str, Any]]:
    request = {"ResourceIds": [instance_id], "ResourceTypes": ["ManagedInstance"]}
    return list(walk(ssm.list_compliance_items, "ComplianceItems", **request, Filters=as_filters(filters)))


def resources(ssm: Client, **filters: Any) -> dict[tuple[str, str], dict[str, Any]]:
    call = ssm.list_resource_compliance_summaries
    found = walk(call, "ResourceComplianceSummaryItems", Filters=as_filters(filters))
    return {(entry["ResourceId"], entry["ComplianceType"]): entry for entry in found}


def summaries(ssm: Client, **filters: Any) -> dict[str, dict[str, Any]]:
    found = ssm.list_compliance_summaries(Filters=as_filters(filters))["ComplianceSummaryItems"]
    return {entry["ComplianceType"]: entry for entry in found}


def item(name: str, status: str = "NON_COMPLIANT", severity: str = "HIGH", **more: Any) -> dict[str, Any]:
    return {"Id": name, "Title": f"Check {name}", "Status": status, "Severity": severity} | more


def put(ssm: Client, *entries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    request = {
        "ResourceId": LINUX,
        "ResourceType": "ManagedInstance",
        "ComplianceType": CUSTOM,
        "ExecutionSummary": {"ExecutionTime": WHEN, "ExecutionId": "scan-7", "ExecutionType": "Agent"},
        "Items": list(entries),
    }
    return ssm.put_compliance_items(**(request | changes))


def test_the_members_of_an_item(ssm: Client) -> None:
    (failed,) = items(ssm, PatchState=["Failed"])
    assert set(failed) == ITEM_MEMBERS
    assert (failed["ComplianceType"], failed["ResourceId"], failed["Status"]) == ("Patch", WINDOWS, "NON_COMPLIANT")
    assert set(failed["Details"]) - {"CVEIds"} == DETAILS
    assert failed["Details"]["PatchGroup"] == "Web"
    assert set(failed["ExecutionSummary"]) == {"ExecutionTime", "ExecutionId", "ExecutionType"}
    assert failed["ExecutionSummary"]["ExecutionType"] == "Command"


def test_the_status_of_each_state(ssm: Client) -> None:
    pairs = Counter((entry["Details"]["PatchState"], entry["Status"]) for entry in items(ssm))
    assert pairs == {
        ("Missing", "NON_COMPLIANT"): 3,
        ("Failed", "NON_COMPLIANT"): 1,
        ("InstalledPendingReboot", "NON_COMPLIANT"): 2,
        ("InstalledRejected", "NON_COMPLIANT"): 1,
        ("AvailableSecurityUpdate", "COMPLIANT"): 2,
        ("Installed", "COMPLIANT"): 20,
        ("InstalledOther", "COMPLIANT"): 4,
        ("NotApplicable", ""): 5,
    }


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"Status": ["NON_COMPLIANT"]}, 7),
        ({"Status": ("NOT_EQUAL", ["COMPLIANT"])}, 12),
        ({"Status": ["NON_COMPLIANT"], "PatchState": ["Missing"]}, 3),
        ({"PatchState": ["Missing", "Failed"]}, 4),
        ({"PatchState": ("BEGIN_WITH", ["Installed"])}, 27),
        ({"PatchState": ("NOT_EQUAL", ["Installed", "InstalledOther"])}, 14),
        ({"ComplianceType": ["Association"]}, 0),
        ({"ExecutionTime": ("LESS_THAN", ["2020-01-01T00:00:00Z"])}, 0),
        ({"ExecutionTime": ("GREATER_THAN", ["2020-01-01T00:00:00Z"])}, 38),
        ({"DocumentName": ["AWS-RunPatchBaseline"]}, 38),
        ({"PatchGroup": ["Web"], "ExecutionType": ["Command"]}, 38),
    ],
)
def test_filters_of_items(ssm: Client, filters: dict[str, Any], count: int) -> None:
    assert len(items(ssm, **filters)) == count


def test_items_in_pages(ssm: Client) -> None:
    call = ssm.list_compliance_items
    found = list(walk(call, "ComplianceItems", ResourceIds=[WINDOWS], MaxResults=7))
    assert len({entry["Id"] for entry in found}) == len(found) == 38


def test_items_of_all_nodes(ssm: Client) -> None:
    found = walk(
        ssm.list_compliance_items, "ComplianceItems", MaxResults=50, Filters=as_filters({"Id": ["kernel.x86_64"]})
    )
    assert [entry["ResourceId"] for entry in found] == [LINUX]


def test_a_node_that_never_reported_has_no_items(ssm: Client) -> None:
    assert items(ssm, SILENT) == []
    assert (SILENT, "Patch") not in resources(ssm)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ResourceIds": [UNKNOWN]}, "InvalidResourceId"),
        ({"ResourceIds": [WINDOWS, LINUX]}, "InvalidResourceId"),
        ({"ResourceTypes": ["Bucket"]}, "InvalidResourceType"),
        ({"Filters": [{"Key": "Colour", "Values": ["red"]}]}, "InvalidFilter"),
        ({"NextToken": "bm8gdG9rZW4="}, "InvalidNextToken"),
    ],
)
def test_items_that_cannot_be_listed(ssm: Client, changes: dict[str, Any], code: str) -> None:
    with refused(code):
        ssm.list_compliance_items(**changes)


@pytest.mark.parametrize("operation", ["list_compliance_summaries", "list_resource_compliance_summaries"])
def test_summaries_that_cannot_be_listed(ssm: Client, operation: str) -> None:
    with refused("InvalidFilter"):
        getattr(ssm, operation)(Filters=[{"Key": "Colour", "Values": ["red"]}])
    with refused("InvalidNextToken"):
        getattr(ssm, operation)(NextToken="bm8gdG9rZW4=")


def test_the_summary_of_a_resource(ssm: Client) -> None:
    summary = resources(ssm)[WINDOWS, "Patch"]
    assert (summary["Status"], summary["OverallSeverity"]) == ("NON_COMPLIANT", "UNSPECIFIED")
    assert summary["ResourceType"] == "ManagedInstance"
    assert summary["CompliantSummary"]["CompliantCount"] == 26
    assert summary["NonCompliantSummary"]["NonCompliantCount"] == 7
    expected = dict.fromkeys((f"{level}Count" for level in LEVELS), 0) | {"UnspecifiedCount": 7}
    assert summary["NonCompliantSummary"]["SeveritySummary"] == expected


def test_summaries_count_resources(ssm: Client) -> None:
    summary = summaries(ssm)["Patch"]
    assert summary["NonCompliantSummary"]["NonCompliantCount"] == 2
    assert summary["CompliantSummary"]["CompliantCount"] == 1


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"Status": ["NON_COMPLIANT"]}, {WINDOWS, LINUX}),
        ({"AWS:InstanceInformation.PlatformType": ["Windows"]}, {WINDOWS}),
        ({"InstanceId": [LINUX]}, {LINUX}),
        ({"PatchGroup": ["Web"]}, {WINDOWS, LINUX}),
        ({"OverallSeverity": ["CRITICAL"]}, set()),
    ],
)
def test_filters_of_summaries(ssm: Client, filters: dict[str, Any], expected: set[str]) -> None:
    assert {resource for resource, _ in resources(ssm, **filters)} == expected
    found = summaries(ssm, **filters)
    counted = found["Patch"]["NonCompliantSummary"]["NonCompliantCount"] if found else 0
    assert counted == len(expected)


def test_the_size_of_a_page_of_summaries(ssm: Client, settle: Callable[..., None]) -> None:
    assert ssm.list_compliance_summaries(MaxResults=50)["ComplianceSummaryItems"]
    result = outcome(lambda: ssm.list_compliance_summaries(MaxResults=10))
    settle("MaxResults 10 of ListComplianceSummaries", result, strict="ValidationException", lenient="success")


def test_items_that_a_client_puts(ssm: Client) -> None:
    put(ssm, item("a", Details={"Engine": "7"}), item("b", "COMPLIANT", "LOW"))
    found = {entry["Id"]: entry for entry in items(ssm, LINUX, ComplianceType=[CUSTOM])}
    assert set(found) == {"a", "b"}
    assert found["a"]["ExecutionSummary"] == {"ExecutionTime": WHEN, "ExecutionId": "scan-7", "ExecutionType": "Agent"}
    assert found["a"]["Details"] == {"Engine": "7"}
    summary = resources(ssm)[LINUX, CUSTOM]
    assert (summary["Status"], summary["OverallSeverity"]) == ("NON_COMPLIANT", "HIGH")
    assert summary["NonCompliantSummary"]["SeveritySummary"]["HighCount"] == 1
    assert summary["CompliantSummary"]["SeveritySummary"]["LowCount"] == 1
    assert summaries(ssm)[CUSTOM]["NonCompliantSummary"]["SeveritySummary"]["HighCount"] == 1
    assert set(summaries(ssm, ExecutionId=["scan-7"])) == {CUSTOM}


def test_items_that_are_put_again_replace(ssm: Client) -> None:
    put(ssm, item("a"), item("b"))
    put(ssm, item("b", "COMPLIANT"))
    assert [entry["Id"] for entry in items(ssm, LINUX, ComplianceType=[CUSTOM])] == ["b"]
    assert resources(ssm)[LINUX, CUSTOM]["Status"] == "COMPLIANT"


def test_the_same_content_is_ignored(ssm: Client) -> None:
    put(ssm, item("a"), ItemContentHash="one")
    put(ssm, item("b"), ItemContentHash="one")
    assert [entry["Id"] for entry in items(ssm, LINUX, ComplianceType=[CUSTOM])] == ["a"]
    put(ssm, item("b"), ItemContentHash="two")
    assert [entry["Id"] for entry in items(ssm, LINUX, ComplianceType=[CUSTOM])] == ["b"]


def test_parts_of_an_association(ssm: Client) -> None:
    put(ssm, item("a"), item("b"), ComplianceType="Association")
    put(ssm, item("b", "COMPLIANT"), ComplianceType="Association", UploadType="PARTIAL")
    found = {entry["Id"]: entry["Status"] for entry in items(ssm, LINUX, ComplianceType=["Association"])}
    assert found == {"a": "NON_COMPLIANT", "b": "COMPLIANT"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ResourceId": UNKNOWN}, "InvalidResourceId"),
        ({"ResourceType": "Bucket"}, "InvalidResourceType"),
        ({"Items": [item("a"), item("a")]}, "InvalidItemContentException"),
        ({"Items": [{"Severity": "LOW", "Status": "COMPLIANT"}]}, "InvalidItemContentException"),
        ({"UploadType": "PARTIAL"}, "InvalidItemContentException"),
        ({"Items": [item("a", Details={f"k{n}": "x" * 4096 for n in range(300)})]}, "TotalSizeLimitExceededException"),
    ],
)
def test_items_that_are_refused(ssm: Client, changes: dict[str, Any], code: str) -> None:
    with refused(code):
        put(ssm, item("a"), **changes)
    assert items(ssm, LINUX, ComplianceType=[CUSTOM]) == []


def test_a_node_has_ten_custom_types(ssm: Client) -> None:
    for number in range(10):
        put(ssm, item("a"), ComplianceType=f"Custom:Check{number}")
    with refused("ComplianceTypeCountLimitExceededException"):
        put(ssm, item("a"))
    put(ssm, item("b"), ComplianceType="Custom:Check0")
    put(ssm, item("a"), ResourceId=WINDOWS)
