# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patching now: whom it reaches, and what is told before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.patch_run_nodes import (
    DATABASE,
    INSTALL,
    MODULE,
    SCAN,
    WEB,
    node,
    plant,
    plant_servers,
    statuses,
)
from ssmsim import resource_groups

UNKNOWN = "i-0000000000000000f"


@pytest.fixture
def fleet(account: Account) -> Account:
    """An account with servers in two patch groups."""
    plant_servers(account)
    return account


def test_check_mode_names_the_nodes_and_sends_nothing(fleet: Account) -> None:
    planned = fleet.run(MODULE, check=True, **INSTALL)

    assert planned["changed"]
    assert statuses(planned) == dict.fromkeys(WEB)
    assert all(one["name"] and one["status"] is None for one in planned["instances"])
    assert planned["command"]["target_count"] == 2
    assert planned["command"]["command_id"] is None
    assert planned["command"]["snapshot_id"] is None
    assert planned["command"]["document_name"] == "AWS-RunPatchBaseline"
    assert set(fleet.calls()) == {"DescribeInstanceInformation"}


def test_check_mode_and_a_run_answer_in_the_same_shape(fleet: Account) -> None:
    planned, done = fleet.run(MODULE, check=True, **INSTALL), fleet.run(MODULE, **INSTALL)

    assert planned["command"].keys() == done["command"].keys()
    assert [one.keys() for one in planned["instances"]] == [one.keys() for one in done["instances"]]
    assert [one["instance_id"] for one in planned["instances"]] == [one["instance_id"] for one in done["instances"]]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"patch_groups": ["Webb"]}, "matches tag:PatchGroup Webb. Check the names"),
        ({"patch_groups": ["Web"], "patch_group_key": "Patch Group"}, "(patch_group_key: PatchGroup)"),
        ({"instance_tags": {"PatchGroup": "Web", "Env": "test"}}, "matches tag:PatchGroup Web and tag:Env test"),
        ({"tag_keys": ["Owner"]}, "matches tag-key Owner"),
        ({"instance_ids": [WEB[0], UNKNOWN]}, f"in this account and Region: {UNKNOWN}."),
    ],
)
def test_for_nobody_nothing_is_sent(fleet: Account, check: bool, given: dict[str, Any], text: str) -> None:
    failed = fleet.fails(MODULE, check=check, operation="Scan", **given)

    assert text in failed["msg"]
    assert failed["msg"].endswith("No command was sent.")
    assert not failed["changed"]
    assert not fleet.calls(writes=True)


@pytest.mark.parametrize(("number", "end"), [(10, "9."), (11, "9, and 1 more."), (30, "9, and 20 more.")])
def test_ten_ids_that_are_not_managed_are_named(fleet: Account, number: int, end: str) -> None:
    unknown = [f"i-0000000000000{one}" for one in range(1000, 1000 + number)]

    message = fleet.fails(MODULE, operation="Scan", instance_ids=unknown)["msg"]

    assert message.partition(" Check the ID")[0].endswith(f"i-0000000000000100{end}")


def test_a_patch_group_that_nobody_is_in_is_told(fleet: Account) -> None:
    done = fleet.run(MODULE, operation="Scan", patch_groups=["Web", "Databse"])

    assert done["warnings"] == ["No managed node matches tag:PatchGroup Databse."]
    assert statuses(done) == dict.fromkeys(WEB, "Success")


@pytest.mark.parametrize("check", [True, False])
def test_an_agent_that_does_not_answer_is_told(account: Account, check: bool) -> None:
    plant_servers(account, PingStatus="ConnectionLost")

    given = {"operation": "Scan", "instance_ids": list(WEB), "wait": False}
    done = account.run(MODULE, check=check, **given)

    assert done["warnings"] == [
        f"The SSM Agent of these nodes is offline, so the command might not be delivered: {WEB[1]}."
    ]


def test_a_node_that_is_gone_meanwhile_fails_the_run(account: Account) -> None:
    plant_servers(account, PingStatus="Inactive")

    failed = account.fails(MODULE, **SCAN)

    assert f"1 of 2 instances did not succeed: {WEB[1]} Failed (Undeliverable)." in failed["msg"]
    assert statuses(failed) == {WEB[0]: "Success", WEB[1]: "Undeliverable"}


@pytest.fixture
def grouped(account: Account) -> Account:
    """An account with resource groups."""
    hybrid = "mi-00000000000000009"
    nodes = [*(node(one, "Web") for one in WEB), node(hybrid, "Web"), node(DATABASE[0], "Database")]
    groups = {"web": [*WEB, hybrid], "empty": [], "many": [{"Key": "tag:Env", "Values": ["prod"]}]}
    resources = {"nodes": nodes, "resource_groups": groups}
    account.simulator.plant({"regions": [{"account": ACCOUNT, "region": REGION, "fleet": resources}]})
    account.clear_log()
    return account


def test_a_resource_group_is_named_by_its_members(grouped: Account) -> None:
    group = {"operation": "Scan", "resource_group": "web", "max_concurrency": "100%"}

    planned, done = grouped.run(MODULE, check=True, **group), grouped.run(MODULE, **group)

    assert list(statuses(planned)) == [*WEB, "mi-00000000000000009"] == list(statuses(done))
    assert grouped.inputs("SendCommand")[0]["Targets"] == [{"Key": "resource-groups:Name", "Values": ["web"]}]


def test_other_resources_of_a_group_are_no_nodes(grouped: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    real = resource_groups.members
    bucket = {"Identifier": {"ResourceArn": "arn:aws:s3:::logs", "ResourceType": "AWS::S3::Bucket"}}

    def members(*args: Any) -> dict[str, Any]:
        answer = real(*args)
        assert answer
        return {**answer, "Resources": [*answer["Resources"], bucket]}

    monkeypatch.setattr(resource_groups, "members", members)

    planned = grouped.run(MODULE, check=True, operation="Scan", resource_group="web")

    assert list(statuses(planned)) == [*WEB, "mi-00000000000000009"]
    (request,) = grouped.inputs("DescribeInstanceInformation")
    assert request["Filters"] == [{"Key": "InstanceIds", "Values": [*WEB, "mi-00000000000000009"]}]


def test_a_large_resource_group_is_read_page_by_page(account: Account) -> None:
    nodes = [node(f"i-{number:017x}", "Web") for number in range(120)]
    resources = {"nodes": nodes, "resource_groups": {"web": [one["InstanceId"] for one in nodes]}}
    account.simulator.plant({"regions": [{"account": ACCOUNT, "region": REGION, "fleet": resources}]})
    account.clear_log()

    planned = account.run(MODULE, check=True, operation="Scan", resource_group="web")

    assert list(statuses(planned)) == [one["InstanceId"] for one in nodes]
    assert account.calls() == {"ListGroupResources": 3, "DescribeInstanceInformation": 3}


def test_types_of_resources_narrow_a_group(grouped: Account) -> None:
    group = {"operation": "Scan", "resource_group": "many", "resource_types": ["AWS::EC2::Instance"]}

    planned = grouped.run(MODULE, check=True, **group)

    assert list(statuses(planned)) == [*WEB, *DATABASE]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("name", "text"),
    [("wbe", "The resource group 'wbe' does not exist"), ("empty", "'empty' contains no managed nodes")],
)
def test_a_resource_group_for_nobody(grouped: Account, check: bool, name: str, text: str) -> None:
    failed = grouped.fails(MODULE, check=check, operation="Scan", resource_group=name)

    assert text in failed["msg"]
    assert failed["msg"].endswith("No command was sent.")
    assert not grouped.calls(writes=True)


def test_a_resource_group_that_may_not_be_read_is_patched_all_the_same(grouped: Account) -> None:
    grouped.faults({"service": "resource-groups", "op": "*", "do": "AccessDeniedException"})

    planned = grouped.run(MODULE, check=True, operation="Scan", resource_group="web")
    done = grouped.run(MODULE, operation="Scan", resource_group="web", max_concurrency="100%")

    assert planned["instances"] is None
    assert planned["command"]["target_count"] is None
    assert "Allow the action resource-groups:ListGroupResources" in done["warnings"][0]
    assert list(statuses(done)) == [*WEB, "mi-00000000000000009"]


def test_a_command_that_reaches_nobody_fails(grouped: Account) -> None:
    grouped.faults({"service": "resource-groups", "op": "*", "do": "AccessDeniedException"})

    failed = grouped.fails(MODULE, operation="Scan", resource_group="empty")

    assert "reached no node" in failed["msg"]
    assert failed["command"]["status_details"] == "NoInstancesInTag"


@pytest.mark.parametrize("do", ["html", "drop", "InternalServerErrorException"])
def test_a_resource_group_whose_reading_is_lost_is_not_patched(grouped: Account, do: str) -> None:
    grouped.faults({"service": "resource-groups", "op": "*", "do": do})

    for check in (True, False):
        failed = grouped.fails(MODULE, check=check, operation="Scan", resource_group="web")
        assert "resource-groups:ListGroupResources failed" in failed["msg"]
        assert failed["msg"].endswith("No command was sent.")
    assert not grouped.calls(writes=True)


TYPES = "resource-groups:ResourceTypeFilters"
WIDER = {
    "types without a group": ({"targets": [{"key": TYPES, "values": ["AWS::EC2::Instance"]}]}, f"{TYPES} requires"),
    "no types": ({"resource_group": "web", "resource_types": []}, "resource_types: must not be empty"),
    "types and no group": ({"resource_types": ["AWS::EC2::Instance"]}, "resource_types: requires resource_group"),
    "no install list": ({"patch_groups": ["Web"], "install_override_list": ""}, "install_override_list: is empty"),
    "no override": ({"patch_groups": ["Web"], "baseline_override": ""}, "baseline_override: is empty"),
    "no document": ({"patch_groups": ["Web"], "document": ""}, "document: is empty"),
    "no hooks": ({"patch_groups": ["Web"], "hooks": {}}, "hooks: is empty, which would run without hooks"),
    "an empty hook": ({"patch_groups": ["Web"], "hooks": {"pre_install": "", "on_exit": "Tell"}}, "hooks: is empty"),
}


@pytest.mark.parametrize("given", WIDER, ids=WIDER.keys())
def test_what_is_empty_never_widens_a_command(grouped: Account, given: str) -> None:
    options, text = WIDER[given]
    grouped.refuses(MODULE, text, operation="Install", reboot_option="NoReboot", **options)
    assert not grouped.calls()


def test_a_thousand_nodes_are_read_once(account: Account) -> None:
    nodes = [node(f"i-{number:017x}", "Web") for number in range(1000)]
    plant(account, *nodes)

    planned = account.run(MODULE, check=True, **SCAN)
    assert account.calls() == {"DescribeInstanceInformation": 20}
    account.clear_log()
    done = account.run(MODULE, **SCAN, max_concurrency="100%", poll_interval=15)

    assert [one["instance_id"] for one in planned["instances"]] == [one["InstanceId"] for one in nodes]
    assert [one["instance_id"] for one in done["instances"]] == [one["InstanceId"] for one in nodes]
    # Delivery and scan take 31 seconds: three looks.
    looks = {"ListCommands": 3, "ListCommandInvocations": 20}
    assert account.calls() == {"DescribeInstanceInformation": 1, "SendCommand": 1, **looks}
