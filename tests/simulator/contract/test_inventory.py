# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory: entries of nodes by type, and their counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from .node_support import BLANK, HYBRID, LINUX, NODES, SILENT, UNKNOWN, WINDOWS, plant, walk
from .support import Client, Doors, refused

INFORMATION, SUMMARY = "AWS:InstanceInformation", "AWS:PatchSummary"
ATTRIBUTES = {
    INFORMATION: {
        *("AgentType", "AgentVersion", "ComputerName", "InstanceId", "InstanceStatus", "IpAddress"),
        *("PlatformName", "PlatformType", "PlatformVersion", "ResourceType"),
    },
    SUMMARY: {
        *("PatchGroup", "BaselineId", "SnapshotId", "OwnerInformation", "InstalledCount", "InstalledOtherCount"),
        *("InstalledPendingRebootCount", "InstalledRejectedCount", "NotApplicableCount", "MissingCount"),
        *("UnreportedNotApplicableCount", "FailedCount", "OperationType", "OperationStartTime", "OperationEndTime"),
        *("InstallOverrideList", "RebootOption", "LastNoRebootInstallOperationTime", "ExecutionId"),
        *("NonCompliantSeverity", "SecurityNonCompliantCount", "CriticalNonCompliantCount"),
        "OtherNonCompliantCount",
    },
    "AWS:PatchCompliance": {"Title", "KBId", "Classification", "Severity", "State", "InstalledTime"},
    "AWS:ComplianceItem": {
        *("ComplianceType", "ExecutionId", "ExecutionType", "ExecutionTime", "Id", "Title", "Status", "Severity"),
        *("DocumentName", "DocumentVersion", "Classification", "PatchBaselineId", "PatchSeverity", "PatchState"),
        *("PatchGroup", "InstalledTime"),
    },
    "AWS:ComplianceSummary": {
        *("ComplianceType", "PatchGroup", "PatchBaselineId", "Status", "OverallSeverity", "ExecutionId"),
        *("ExecutionType", "ExecutionTime"),
        *(
            f"{name}{level}Count"
            for name in ("Compliant", "NonCompliant")
            for level in ("Critical", "High", "Medium", "Low", "Informational", "Unspecified")
        ),
    },
}
BY_PLATFORM = {"Expression": f"{INFORMATION}.PlatformType"}


@pytest.fixture(autouse=True)
def nodes(doors: Doors, account: str) -> None:
    plant(doors, account)


def entities(ssm: Client, type_name: str | None = None, *filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The data of each node."""
    request = more | ({"ResultAttributes": [{"TypeName": type_name}]} if type_name else {})
    request |= {"Filters": list(filters)} if filters else {}
    return {entity["Id"]: entity["Data"] for entity in walk(ssm.get_inventory, "Entities", **request)}


def by(key: str, *values: str, kind: str = "Equal") -> dict[str, Any]:
    return {"Key": key, "Values": list(values), "Type": kind}


def rows(ssm: Client, aggregator: dict[str, Any], **more: Any) -> list[dict[str, str]]:
    (entity,) = ssm.get_inventory(Aggregators=[aggregator], **more)["Entities"]
    (item,) = entity["Data"].values()
    return item["Content"]


@pytest.mark.parametrize("type_name", ATTRIBUTES)
def test_the_attributes_of_a_type(ssm: Client, type_name: str) -> None:
    item = entities(ssm, type_name)[WINDOWS][type_name]
    assert item["TypeName"] == type_name
    assert item["SchemaVersion"] == "1.0"
    datetime.strptime(item["CaptureTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    for row in item["Content"]:
        assert set(row) - {"CVEIds"} == ATTRIBUTES[type_name]
        assert all(isinstance(value, str) for value in row.values())


def test_all_nodes_and_the_information_about_them_without_attributes(ssm: Client) -> None:
    found = entities(ssm)
    assert set(found) == {node["InstanceId"] for node in NODES}
    (row,) = found[HYBRID][INFORMATION]["Content"]
    assert (row["InstanceStatus"], row["ResourceType"]) == ("ConnectionLost", "ManagedInstance")


def test_counts_are_strings(ssm: Client) -> None:
    (row,) = entities(ssm, SUMMARY)[WINDOWS][SUMMARY]["Content"]
    assert (row["MissingCount"], row["PatchGroup"], row["OperationType"]) == ("3", "Web", "Install")


def test_nodes_without_data_of_the_type(ssm: Client, settle: Callable[..., None]) -> None:
    found = entities(ssm, SUMMARY)
    assert found.keys() >= {WINDOWS, LINUX, HYBRID}
    settle("a node without data in the inventory", found.get(SILENT), strict={}, lenient=None)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (by(f"{INFORMATION}.InstanceId", LINUX, UNKNOWN), {LINUX}),
        (by(f"{INFORMATION}.PlatformType", "Windows", kind="NotEqual"), {LINUX, SILENT, BLANK, HYBRID}),
        (by(f"{INFORMATION}.PlatformName", "Amazon", kind="BeginWith"), {LINUX, SILENT, BLANK}),
        (by(f"{SUMMARY}.PatchGroup", "Web"), {WINDOWS, LINUX}),
        (by(f"{SUMMARY}.MissingCount", "2", kind="GreaterThan"), {WINDOWS}),
        (by(f"{SUMMARY}.MissingCount", "10", kind="LessThan"), {WINDOWS, LINUX, HYBRID}),
        (by("AWS:PatchCompliance.KBId", "kernel.x86_64"), {LINUX}),
    ],
)
def test_filters(ssm: Client, condition: dict[str, Any], expected: set[str]) -> None:
    assert set(entities(ssm, None, condition)) == expected


def test_filters_add_up(ssm: Client) -> None:
    conditions = by(f"{INFORMATION}.PlatformType", "Linux"), by(f"{SUMMARY}.PatchGroup", "Web")
    assert set(entities(ssm, SUMMARY, *conditions)) == {LINUX}


def test_the_inventory_in_pages(ssm: Client) -> None:
    assert set(entities(ssm, MaxResults=2)) == {node["InstanceId"] for node in NODES}


def test_counts_by_an_attribute(ssm: Client) -> None:
    found = {(row["PlatformType"], row["Count"]) for row in rows(ssm, BY_PLATFORM)}
    assert found == {("Windows", "1"), ("Linux", "4")}
    narrowed = rows(ssm, BY_PLATFORM, Filters=[by(f"{SUMMARY}.PatchGroup", "Web")])
    assert {(row["PlatformType"], row["Count"]) for row in narrowed} == {("Windows", "1"), ("Linux", "1")}


def test_nested_counts(ssm: Client) -> None:
    nested = BY_PLATFORM | {"Aggregators": [{"Expression": f"{INFORMATION}.ResourceType"}]}
    found = {(row["PlatformType"], row["ResourceType"], row["Count"]) for row in rows(ssm, nested)}
    expected = {("Windows", "EC2Instance", "1"), ("Linux", "EC2Instance", "3"), ("Linux", "ManagedInstance", "1")}
    assert found == expected


def test_groups_count_who_matches_and_who_does_not(ssm: Client) -> None:
    scanned = {"Name": "scanned", "Filters": [by(f"{SUMMARY}.SnapshotId", "true", kind="Exists")]}
    (row,) = rows(ssm, {"Groups": [scanned]})
    assert (row["matchingCount"], row["notMatchingCount"]) == ("3", "2")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ResultAttributes": [{"TypeName": "AWS:NoSuchType"}]}, "InvalidTypeNameException"),
        ({"Filters": [by("PlatformType", "Linux")]}, "InvalidFilter"),
        ({"Filters": [by(f"{INFORMATION}.PlatformType", "true", kind="Exists")]}, "InvalidFilter"),
        ({"Aggregators": [{"Expression": "PlatformType"}]}, "InvalidAggregatorException"),
        ({"Aggregators": [{}]}, "InvalidAggregatorException"),
        (
            {"Aggregators": [BY_PLATFORM], "ResultAttributes": [{"TypeName": SUMMARY}]},
            "InvalidResultAttributeException",
        ),
        ({"NextToken": "bm8gdG9rZW4="}, "InvalidNextToken"),
    ],
)
def test_an_inventory_that_cannot_be_told(ssm: Client, changes: dict[str, Any], code: str) -> None:
    with refused(code):
        ssm.get_inventory(**changes)


def test_entries_of_a_node(ssm: Client) -> None:
    request = {"InstanceId": LINUX, "TypeName": "AWS:PatchCompliance"}
    answer = ssm.list_inventory_entries(**request)
    assert {key: answer[key] for key in (*request, "SchemaVersion")} == request | {"SchemaVersion": "1.0"}
    found, token = answer["Entries"], answer["NextToken"]
    rest = ssm.list_inventory_entries(**request, NextToken=token)["Entries"]
    assert len({row["KBId"] for row in found + rest}) == 83
    assert [set(row) for row in found] == [ATTRIBUTES["AWS:PatchCompliance"]] * 50


def test_the_schema_of_applications_has_another_version(ssm: Client) -> None:
    """aws-cli, examples/ssm/list-inventory-entries.rst."""
    answer = ssm.list_inventory_entries(InstanceId=WINDOWS, TypeName="AWS:Application")
    assert answer["SchemaVersion"] == "1.1"


def test_filters_of_entries(ssm: Client) -> None:
    request = {"InstanceId": LINUX, "TypeName": "AWS:PatchCompliance"}
    for key in ("State", "AWS:PatchCompliance.State"):
        (row,) = ssm.list_inventory_entries(**request, Filters=[by(key, "Missing")])["Entries"]
        assert row["KBId"] == "kernel.x86_64"


def test_a_node_without_entries(ssm: Client) -> None:
    assert ssm.list_inventory_entries(InstanceId=SILENT, TypeName=SUMMARY)["Entries"] == []
    assert ssm.list_inventory_entries(InstanceId=LINUX, TypeName="AWS:Application")["Entries"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"InstanceId": UNKNOWN}, "InvalidInstanceId"),
        ({"TypeName": "AWS:NoSuchType"}, "InvalidTypeNameException"),
        ({"Filters": [by("Colour", "red")]}, "InvalidFilter"),
        ({"NextToken": "bm8gdG9rZW4="}, "InvalidNextToken"),
    ],
)
def test_entries_that_cannot_be_listed(ssm: Client, changes: dict[str, Any], code: str) -> None:
    with refused(code):
        ssm.list_inventory_entries(**({"InstanceId": LINUX, "TypeName": SUMMARY} | changes))
