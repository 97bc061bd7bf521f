# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instances behind the nodes, and those that Systems Manager does not know, as EC2 shows them."""

from __future__ import annotations

from typing import Any

import pytest

from .node_support import HYBRID, LINUX, UNKNOWN, WINDOWS, plant, walk
from .support import Client, Doors, Endpoint, refused

NODES: list[dict[str, Any]] = [
    {"InstanceId": WINDOWS, "OperatingSystem": "WINDOWS", "Tags": {"PatchGroup": "Web"}},
    {"InstanceId": LINUX},
    {"InstanceId": HYBRID, "Tags": {"PatchGroup": "Web"}},
    {"InstanceId": UNKNOWN, "Tags": {"PatchGroup": "Web"}, "Managed": False},
]


@pytest.fixture
def ec2(endpoint: Endpoint, doors: Doors, account: str) -> Client:
    pytest.importorskip("moto")
    plant(doors, account, NODES)
    return endpoint.client_of(account, "ec2")


def instances(ec2: Client, *filters: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The tags of each instance."""
    pages = ec2.get_paginator("describe_instances").paginate(Filters=list(filters))
    found = (entry for page in pages for group in page["Reservations"] for entry in group["Instances"])
    return {entry["InstanceId"]: {tag["Key"]: tag["Value"] for tag in entry.get("Tags", [])} for entry in found}


def managed(ssm: Client, **request: Any) -> set[str]:
    listed = walk(ssm.describe_instance_information, "InstanceInformationList", **request)
    return {entry["InstanceId"] for entry in listed}


def test_all_but_the_hybrid_nodes_are_instances(ec2: Client) -> None:
    assert instances(ec2) == {WINDOWS: {"PatchGroup": "Web"}, LINUX: {}, UNKNOWN: {"PatchGroup": "Web"}}
    assert set(instances(ec2)) == {WINDOWS, LINUX, UNKNOWN}
    assert set(instances(ec2, {"Name": "tag:PatchGroup", "Values": ["Web"]})) == {WINDOWS, UNKNOWN}


def test_systems_manager_does_not_know_an_unmanaged_instance(ec2: Client, ssm: Client) -> None:
    assert managed(ssm) == {WINDOWS, LINUX, HYBRID} == (set(instances(ec2)) - {UNKNOWN}) | {HYBRID}
    with refused("InvalidInstanceId"):
        ssm.describe_instance_patches(InstanceId=UNKNOWN)
    assert ssm.describe_instance_patch_states(InstanceIds=[UNKNOWN])["InstancePatchStates"] == []


def test_tags_of_instances_are_those_of_ec2(ec2: Client, ssm: Client) -> None:
    by_group = {"Filters": [{"Key": "tag:PatchGroup", "Values": ["Database"]}]}
    ec2.create_tags(Resources=[LINUX], Tags=[{"Key": "PatchGroup", "Value": "Database"}])
    assert managed(ssm, **by_group) == {LINUX}
    ec2.delete_tags(Resources=[LINUX], Tags=[{"Key": "PatchGroup"}])
    assert managed(ssm, **by_group) == set()


def test_nodes_that_are_planted_later_appear(ec2: Client, doors: Doors, account: str) -> None:
    assert len(instances(ec2)) == 3
    plant(doors, account, [{"InstanceId": "i-0123456789abcdef1", "Managed": False}])
    assert len(instances(ec2)) == 4
