# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed nodes: what they say of themselves, how they are found, and the tags of those outside of EC2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .node_support import BLANK, HYBRID, LINUX, NODES, SILENT, UNKNOWN, WINDOWS, plant, walk
from .support import Client, Doors, refused

EVERYBODY = {node["InstanceId"] for node in NODES}
MEMBERS = {
    *("InstanceId", "PingStatus", "LastPingDateTime", "AgentVersion", "IsLatestVersion", "PlatformType"),
    *("PlatformName", "PlatformVersion", "ResourceType", "IPAddress", "ComputerName", "SourceId", "SourceType"),
}
HYBRID_MEMBERS = MEMBERS | {"ActivationId", "IamRole", "RegistrationDate", "Name"}


@pytest.fixture(autouse=True)
def nodes(doors: Doors, account: str) -> None:
    plant(doors, account)


def found(ssm: Client, *filters: tuple[str, list[str]], **request: Any) -> set[str]:
    if filters:
        request["Filters"] = [{"Key": key, "Values": values} for key, values in filters]
    listed = walk(ssm.describe_instance_information, "InstanceInformationList", **request)
    return {entry["InstanceId"] for entry in listed}


def one(ssm: Client, instance_id: str) -> dict[str, Any]:
    filters = [{"Key": "InstanceIds", "Values": [instance_id]}]
    (entry,) = ssm.describe_instance_information(Filters=filters)["InstanceInformationList"]
    return entry


def test_the_members_of_an_instance(ssm: Client) -> None:
    entry = one(ssm, WINDOWS)
    assert set(entry) == MEMBERS
    expected = {"PingStatus": "Online", "PlatformType": "Windows", "ResourceType": "EC2Instance"}
    assert {key: entry[key] for key in expected} == expected
    assert datetime.now(UTC) - entry["LastPingDateTime"] < timedelta(minutes=10)


def test_the_members_of_a_hybrid_node(ssm: Client) -> None:
    entry = one(ssm, HYBRID)
    assert set(entry) == HYBRID_MEMBERS
    expected = {"PingStatus": "ConnectionLost", "PlatformType": "Linux", "ResourceType": "ManagedInstance"}
    assert {key: entry[key] for key in expected} == expected


def test_the_smallest_page(ssm: Client, doors: Doors, account: str) -> None:
    plant(doors, account, [{"InstanceId": f"i-{number:017x}"} for number in range(8)])
    entries = list(walk(ssm.describe_instance_information, "InstanceInformationList", MaxResults=5))
    assert len(entries) == 13
    assert len({entry["InstanceId"] for entry in entries}) == 13


@pytest.mark.parametrize("size", [4, 51])
def test_pages_have_five_to_fifty_nodes(ssm: Client, size: int) -> None:
    with refused("ValidationException", saying="maxResults"):
        ssm.describe_instance_information(MaxResults=size)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], EVERYBODY),
        ([("InstanceIds", [WINDOWS, LINUX, UNKNOWN])], {WINDOWS, LINUX}),
        ([("InstanceIds", [UNKNOWN])], set()),
        ([("tag:Role", ["front"])], {WINDOWS}),
        ([("tag:Role", ["front", "back"])], {WINDOWS, LINUX}),
        ([("tag:Role", ["Front"])], set()),
        ([("tag-key", ["PatchGroup"])], {WINDOWS, LINUX, SILENT, BLANK}),
        ([("PingStatus", ["ConnectionLost"])], {HYBRID}),
        ([("PlatformTypes", ["Windows"])], {WINDOWS}),
        ([("ResourceType", ["ManagedInstance"])], {HYBRID}),
        ([("ResourceType", ["EC2Instance"]), ("PlatformTypes", ["Linux"])], {LINUX, SILENT, BLANK}),
        ([("tag:PatchGroup", ["Web"]), ("tag:Role", ["back"])], {LINUX}),
    ],
)
def test_filters_add_up_and_their_values_are_alternatives(
    ssm: Client, filters: list[tuple[str, list[str]]], expected: set[str]
) -> None:
    assert found(ssm, *filters) == expected


def test_nodes_with_a_version_of_the_agent(ssm: Client) -> None:
    version = one(ssm, LINUX)["AgentVersion"]
    assert LINUX in found(ssm, ("AgentVersion", [version]))
    assert found(ssm, ("AgentVersion", ["1.0.0.0"])) == set()


def test_the_older_form_of_filters(ssm: Client) -> None:
    older = [{"key": "PlatformTypes", "valueSet": ["Windows"]}]
    assert found(ssm, InstanceInformationFilterList=older) == {WINDOWS}
    with refused("ValidationException"):
        found(ssm, ("PingStatus", ["Online"]), InstanceInformationFilterList=older)


def test_an_unknown_filter(ssm: Client) -> None:
    with refused("InvalidFilterKey", "ValidationException"):
        found(ssm, ("Colour", ["red"]))


@pytest.mark.parametrize("key", ["PingStatus", "PlatformTypes", "ResourceType"])
def test_a_filter_value_that_is_none(ssm: Client, key: str) -> None:
    with refused("InvalidInstanceInformationFilterValue", "ValidationException"):
        found(ssm, (key, ["Somewhere"]))


def test_a_token_of_another_request(ssm: Client) -> None:
    with refused("InvalidNextToken"):
        ssm.describe_instance_information(NextToken="bm8gdG9rZW4=")


def test_the_tags_of_a_hybrid_node(ssm: Client) -> None:
    node = {"ResourceType": "ManagedInstance", "ResourceId": HYBRID}
    assert ssm.list_tags_for_resource(**node)["TagList"] == []
    ssm.add_tags_to_resource(**node, Tags=[{"Key": "PatchGroup", "Value": "Till"}, {"Key": "Site", "Value": "4"}])
    assert found(ssm, ("tag:PatchGroup", ["Till"])) == {HYBRID}
    ssm.remove_tags_from_resource(**node, TagKeys=["PatchGroup"])
    assert found(ssm, ("tag:PatchGroup", ["Till"])) == set()
    assert ssm.list_tags_for_resource(**node)["TagList"] == [{"Key": "Site", "Value": "4"}]
    ssm.remove_tags_from_resource(**node, TagKeys=["Site"])
    assert ssm.list_tags_for_resource(**node)["TagList"] == []


@pytest.mark.parametrize("instance_id", [WINDOWS, "mi-00000000000000000"])
def test_instances_of_ec2_and_unknown_nodes_are_not_tagged_here(ssm: Client, instance_id: str) -> None:
    node = {"ResourceType": "ManagedInstance", "ResourceId": instance_id}
    with refused("InvalidResourceId"):
        ssm.add_tags_to_resource(**node, Tags=[{"Key": "PatchGroup", "Value": "Till"}])
    with refused("InvalidResourceId"):
        ssm.list_tags_for_resource(**node)
