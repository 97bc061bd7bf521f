# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a seed says of a fleet is what is there; and which nodes fit which targets."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.unit.simulator.fleet_site import CLOCK, REGION, Site
from ssmsim import Simulator
from ssmsim.aws_baselines import predefined_defaults
from ssmsim.platforms import PLATFORMS

DAY = 86_400
NOW = 1_768_435_200.0
NODE, OTHER, HYBRID = "i-0123456789abcdef0", "i-0fedcba9876543210", "mi-0123456789abcdef0"
SHARES = {
    "missing": ("MissingCount", 30),
    "failed": ("FailedCount", 10),
    "pending_reboot": ("InstalledPendingRebootCount", 15),
    "rejected": ("InstalledRejectedCount", 5),
}


@pytest.fixture(scope="module")
def site() -> Site:
    shares = {"missing": 0.3, "failed": 0.1, "pending_reboot": 0.15, "rejected": 0.05, "never_scanned": 0.2}
    others = {"blank_records": 0.25, "stale": 0.1, "stale_days": 90, "hybrid": 0.2, "connection_lost": 0.07}
    # Without a baseline that blocks them, no node tells of rejected patches.
    blocking = [
        {"Name": "Blocking", "OperatingSystem": system, "Default": True, "RejectedPatchesAction": "BLOCK"}
        for system in PLATFORMS
    ]
    return Site(baselines=blocking, fleet={"count": 100, "unmanaged": 0.12, **shares, **others})


def test_no_baseline_of_aws_blocks_what_it_rejects() -> None:
    states = Site(fleet={"count": 40, "rejected": 1, "never_scanned": 0}).states()
    assert {record["InstalledRejectedCount"] for record in states.values()} == {0}


def test_shares_are_exact(site: Site) -> None:
    states, listed = site.states(), site.information()
    assert len(listed) == len(site.fleet) == 100
    for member, count in SHARES.values():
        assert sum(record[member] > 0 for record in states.values()) == count, member
    blank = [record for record in states.values() if not record["BaselineId"]]
    assert (len(states), len(blank), len(site.fleet.unmanaged)) == (85, 5, 12)
    old = [record for record in states.values() if 0 < record["OperationEndTime"] < NOW - 89 * DAY]
    assert len(old) == 10
    assert sum(entry["ResourceType"] == "ManagedInstance" for entry in listed.values()) == 20
    assert Counter(entry["PingStatus"] for entry in listed.values()) == {"Online": 93, "ConnectionLost": 7}


def test_a_blank_record_is_as_empty_as_the_service_shows_it(site: Site) -> None:
    record = next(record for record in site.states().values() if not record["BaselineId"])
    assert (record["PatchGroup"], record["SnapshotId"], record["UnreportedNotApplicableCount"]) == ("", "", -1)
    assert record["OperationStartTime"] == record["OperationEndTime"] == 0
    assert site.patches(record["InstanceId"]) == []


def test_reports_are_of_the_past_and_in_order(site: Site) -> None:
    for record in site.states().values():
        assert record["OperationStartTime"] <= record["OperationEndTime"] < NOW
        assert record["OwnerInformation"] == ""
        if record["InstalledPendingRebootCount"]:
            assert (record["Operation"], record["RebootOption"]) == ("Install", "NoReboot")
            assert record["LastNoRebootInstallOperationTime"] == record["OperationStartTime"]
        elif record["BaselineId"]:
            assert "LastNoRebootInstallOperationTime" not in record


def test_the_same_seed_is_the_same_fleet_and_another_one_is_not() -> None:
    fleets = [Site(seed=seed, fleet={"count": 20}).states() for seed in (1, 1, 2)]
    assert fleets[0] == fleets[1]
    assert fleets[0].keys().isdisjoint(fleets[2])


def test_regions_have_fleets_of_their_own_and_reset_plants_them_again() -> None:
    account = "210987654321"
    seed = {"fleet": {"count": 3}, "regions": [{"region": "eu-west-1", "account": account, "fleet": {"count": 5}}]}
    simulator = Simulator(clock=CLOCK, seed=seed)

    def ids(region: str, owner: str) -> set[str]:
        listed = simulator.execute("DescribeInstanceInformation", region, owner, {})["InstanceInformationList"]
        return {entry["InstanceId"] for entry in listed}

    here, there = ids(REGION, "123456789012"), ids("eu-west-1", account)
    assert (len(here), len(there), len(ids("eu-west-1", "123456789012"))) == (3, 5, 0)
    simulator.plant({"fleet": {"count": 4}})
    assert len(ids(REGION, "123456789012")) == 7
    simulator.reset()
    assert ids(REGION, "123456789012") == here


@pytest.mark.parametrize("system", sorted(PLATFORMS))
def test_every_operating_system_has_nodes_and_patches(system: str) -> None:
    site = Site(fleet={"count": 10, "operating_systems": {system: 1}, "missing": 0.5, "never_scanned": 0})
    states = site.states()
    assert {record["BaselineId"] for record in states.values()} == {
        predefined_defaults(REGION)[system].rpartition("/")[2]
    }
    missing = [record for record in states.values() if record["MissingCount"]]
    for record in missing:
        (first, *_) = site.patches(record["InstanceId"], Filters=[{"Key": "State", "Values": ["Missing"]}])
        assert first["KBId"] in first["Title"]
        assert first["KBId"].startswith("KB") == (system == "WINDOWS")
    assert len(missing) == 5


def test_every_operating_system_of_the_model_has_platforms() -> None:
    assert set(PLATFORMS) == set(predefined_defaults(REGION))


def test_weights_decide_who_there_is() -> None:
    wish = {"patch_groups": {"A": 1, "B": 0}, "tags": {"Environment": {"prod": 1}}, "patch_group_tag": "PatchGroup"}
    site = Site(fleet={"count": 30, "operating_systems": {"SUSE": 1}, **wish})
    tags = [site.fleet.tags_of(node) for node in site.fleet]
    assert tags == [{"PatchGroup": "A", "Environment": "prod"}] * 30


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"counts": 3}, "counts"),
        ({"count": 3, "missing": 30}, "missing"),
        ({"count": 3, "operating_systems": {"BEOS": 1}}, "BEOS"),
        ({"count": 3, "patch_groups": {}}, "patch_groups"),
        ({"nodes": [{"InstanceId": NODE, "Missing": 3}]}, "Missing"),
        ({"nodes": [{"MissingCount": 3}]}, "InstanceId"),
        ({"nodes": [{"InstanceId": NODE, "Record": "none"}]}, "Record"),
        ({"nodes": [{"InstanceId": NODE, "OperatingSystem": "BEOS"}]}, "BEOS"),
        ({"nodes": [{"InstanceId": NODE, "OperatingSystem": "SUSE", "Product": "Suse9"}]}, "Suse9"),
        ({"nodes": [{"InstanceId": NODE, "OperatingSystem": "WINDOWS", "MissingCount": 300}]}, "240"),
        ({"nodes": [{"InstanceId": NODE, "AvailableSecurityUpdateCount": 1}]}, "Windows"),
    ],
)
def test_what_cannot_be_planted_is_told(wish: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Site(fleet=wish)


def test_a_single_node_is_as_its_author_wants_it() -> None:
    node = {
        "InstanceId": HYBRID,
        "OperatingSystem": "WINDOWS",
        "Product": "WindowsServer2022",
        "Tags": {"Patch Group": "Web"},
        "PingStatus": "Inactive",
        "LastPingDateTime": "2025-12-24T12:00:00Z",
        "ComputerName": "till-1",
        "MissingCount": 2,
        "UnreportedNotApplicableCount": 7,
        "Operation": "Install",
        "RebootOption": "NoReboot",
        "OperationEndTime": "2025-12-24T11:00:00Z",
        "LastNoRebootInstallOperationTime": "2025-12-24T10:00:00Z",
        "SnapshotId": "521c3536-930c-4aa9-950e-01234567abcd",
        "InstallOverrideList": "s3://bucket/list.yaml",
        "PatchGroup": "Former",
        "BaselineId": "pb-0123456789abcdef0",
    }
    site = Site(fleet={"nodes": [node]})
    (state,), (told,) = site.states().values(), site.information().values()
    same = (
        "MissingCount",
        "UnreportedNotApplicableCount",
        "Operation",
        "RebootOption",
        "SnapshotId",
        "PatchGroup",
        "BaselineId",
    )
    assert {key: state[key] for key in (*same, "InstallOverrideList")} == {
        key: node[key] for key in (*same, "InstallOverrideList")
    }
    assert state["OperationEndTime"] - state["LastNoRebootInstallOperationTime"] == 3600
    assert (told["PingStatus"], told["ComputerName"], told["ResourceType"]) == ("Inactive", "till-1", "ManagedInstance")
    assert told["LastPingDateTime"] == state["OperationEndTime"] + 3600
    assert "2022" in told["PlatformName"]


NODES = [
    {"InstanceId": NODE, "Tags": {"Role": "web", "Env": "prod"}},
    {"InstanceId": OTHER, "Tags": {"Role": "db", "Env": "prod"}},
    {"InstanceId": HYBRID, "Tags": {"Role": "web"}},
    {"InstanceId": "i-00000000000000001", "Tags": {"Role": "web"}, "Managed": False},
]
GROUPS = {"front": [{"Key": "tag:Role", "Values": ["web"]}], "named": [OTHER, "i-00000000000000001"]}


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([{"Key": "InstanceIds", "Values": [NODE, HYBRID, "i-00000000000000001"]}], {NODE, HYBRID}),
        ([{"Key": "tag:Role", "Values": ["web"]}], {NODE, HYBRID}),
        ([{"Key": "tag:Role", "Values": ["web", "db"]}], {NODE, OTHER, HYBRID}),
        ([{"Key": "tag:Role", "Values": ["web"]}, {"Key": "tag:Env", "Values": ["prod"]}], {NODE}),
        ([{"Key": "tag:role", "Values": ["web"]}], set()),
        ([{"Key": "tag-key", "Values": ["Env", "Other"]}], {NODE, OTHER}),
        ([{"Key": "resource-groups:Name", "Values": ["front"]}], {NODE, HYBRID}),
        ([{"Key": "resource-groups:Name", "Values": ["named"]}], {OTHER}),
        ([{"Key": "resource-groups:Name", "Values": ["nobody"]}], set()),
        ([{"Key": "resource-groups:ResourceTypeFilters", "Values": ["AWS::EC2::Instance"]}], {NODE, OTHER}),
        (
            [
                {"Key": "resource-groups:Name", "Values": ["front"]},
                {"Key": "resource-groups:ResourceTypeFilters", "Values": ["AWS::SSM::ManagedInstance"]},
            ],
            {HYBRID},
        ),
        ([{"Key": "WindowTargetIds", "Values": ["01234567-89ab-cdef-0123-456789abcdef"]}], set()),
    ],
)
def test_nodes_fit_targets(targets: list[dict[str, Any]], expected: set[str]) -> None:
    fleet = Site(fleet={"nodes": NODES, "resource_groups": GROUPS}).fleet
    assert set(fleet.matching(targets)) == expected
    assert {node.instance_id for node in fleet if fleet.fits(node, targets)} == expected


def test_windows_are_found_for_an_instance_through_what_it_belongs_to() -> None:
    window = {"Schedule": "rate(7 days)", "Duration": 2, "Cutoff": 0, "AllowUnassociatedTargets": True}
    by_tag = {"ResourceType": "INSTANCE", "Targets": [{"Key": "tag:Role", "Values": ["web"]}]}
    by_group = {"ResourceType": "RESOURCE_GROUP", "Targets": [{"Key": "resource-groups:Name", "Values": ["named"]}]}
    windows = [
        {"Name": "by-tag", "Targets": [by_tag], **window},
        {"Name": "by-group", "Targets": [by_group], **window},
        {"Name": "by-nobody", **window},
    ]
    site = Site(windows=windows, fleet={"nodes": NODES, "resource_groups": GROUPS})

    def names(instance_id: str) -> set[str]:
        wanted = [{"Key": "InstanceIds", "Values": [instance_id]}]
        answer = site.call("DescribeMaintenanceWindowsForTarget", ResourceType="INSTANCE", Targets=wanted)
        return {entry["Name"] for entry in answer["WindowIdentities"]}

    assert [names(node) for node in (NODE, OTHER, "i-00000000000000001")] == [{"by-tag"}, {"by-group"}, set()]


@pytest.mark.parametrize(("profile", "group"), [("strict", "New"), ("lenient", "Old")])
def test_which_of_two_group_tags_counts(profile: str, group: str) -> None:
    node = {"InstanceId": NODE, "Tags": {"Patch Group": "Old", "PatchGroup": "New"}}
    (state,) = Site(profile, fleet={"nodes": [node]}).states().values()
    assert state["PatchGroup"] == group
