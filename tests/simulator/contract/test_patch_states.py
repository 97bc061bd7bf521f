# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The patch states of nodes and groups, and the patches of a node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from .node_support import BLANK, HYBRID, LINUX, SILENT, UNKNOWN, WINDOWS, plant, walk
from .support import Client, Doors, Maker, needs, outcome, refused

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
STATE_MEMBERS = {
    *("InstanceId", "PatchGroup", "BaselineId", "SnapshotId", "OwnerInformation", "Operation", "RebootOption"),
    *("OperationStartTime", "OperationEndTime", "InstalledCount", "InstalledOtherCount", "MissingCount"),
    *("InstalledPendingRebootCount", "InstalledRejectedCount", "FailedCount", "UnreportedNotApplicableCount"),
    *("NotApplicableCount", "AvailableSecurityUpdateCount", "CriticalNonCompliantCount"),
    *("SecurityNonCompliantCount", "OtherNonCompliantCount"),
}
LACKING = ("missing", "failed", "availablesecurityupdate", "notapplicable")


@pytest.fixture(autouse=True)
def nodes(doors: Doors, account: str) -> None:
    plant(doors, account)


def states(ssm: Client, *instance_ids: str) -> dict[str, dict[str, Any]]:
    found = ssm.describe_instance_patch_states(InstanceIds=list(instance_ids))["InstancePatchStates"]
    return {record["InstanceId"]: record for record in found}


def plain(state: str) -> str:
    return state.replace("_", "").lower()


def patches(ssm: Client, instance_id: str = WINDOWS, **filters: list[str]) -> list[dict[str, Any]]:
    given = {"Filters": [{"Key": key, "Values": values} for key, values in filters.items()]} if filters else {}
    return list(walk(ssm.describe_instance_patches, "Patches", InstanceId=instance_id, **given))


def test_the_members_of_a_record(ssm: Client) -> None:
    needs(ssm, "InstancePatchState", "AvailableSecurityUpdateCount")
    record = states(ssm, LINUX)[LINUX]
    assert set(record) == STATE_MEMBERS
    assert record["OwnerInformation"] == ""
    assert record["OperationStartTime"] < record["OperationEndTime"]
    expected = {"PatchGroup": "Web", "Operation": "Scan", "MissingCount": 1, "UnreportedNotApplicableCount": -1}
    assert {key: record[key] for key in expected} == expected
    installed = states(ssm, WINDOWS)[WINDOWS]
    assert set(installed) == STATE_MEMBERS | {"LastNoRebootInstallOperationTime"}
    assert (installed["Operation"], installed["RebootOption"]) == ("Install", "NoReboot")


def test_nodes_without_a_report_are_absent_or_blank(ssm: Client) -> None:
    found = states(ssm, WINDOWS, SILENT, BLANK, UNKNOWN)
    assert set(found) == {WINDOWS, BLANK}
    blank = found[BLANK]
    assert (blank["PatchGroup"], blank["BaselineId"], blank["SnapshotId"]) == ("", "", "")
    assert (blank["OperationEndTime"], blank["UnreportedNotApplicableCount"]) == (NEVER, -1)


def test_the_baseline_of_a_record(ssm: Client, make: Maker, doors: Doors, account: str) -> None:
    default = ssm.get_default_patch_baseline(OperatingSystem="WINDOWS")["BaselineId"]
    assert default.startswith("arn:")
    # Nodes report the bare id, which GetPatchBaseline refuses for a baseline of AWS: steampipe-plugin-aws, #1732.
    reported = states(ssm, WINDOWS)[WINDOWS]["BaselineId"]
    assert reported == default.rpartition("/")[2]
    with refused("DoesNotExistException"):
        ssm.get_patch_baseline(BaselineId=reported)
    baseline, group = make.baseline(), make.name("group")
    ssm.register_patch_baseline_for_patch_group(BaselineId=baseline, PatchGroup=group)
    plant(doors, account, [{"InstanceId": UNKNOWN, "OperatingSystem": "WINDOWS", "Tags": {"Patch Group": group}}])
    record = states(ssm, UNKNOWN)[UNKNOWN]
    assert (record["BaselineId"], record["PatchGroup"]) == (baseline, group)


def test_at_most_fifty_nodes_are_asked_for(ssm: Client) -> None:
    ids = [f"i-{number:017x}" for number in range(51)]
    assert ssm.describe_instance_patch_states(InstanceIds=ids[:50])["InstancePatchStates"] == []
    with refused("ValidationException", saying="instanceIds"):
        ssm.describe_instance_patch_states(InstanceIds=ids)


def test_states_in_pages(ssm: Client, doors: Doors, account: str) -> None:
    ids = [f"i-{number:017x}" for number in range(25)]
    plant(doors, account, [{"InstanceId": name, "Tags": {"PatchGroup": "Many"}} for name in ids])
    call, key = ssm.describe_instance_patch_states, "InstancePatchStates"
    found = [record["InstanceId"] for record in walk(call, key, InstanceIds=ids, MaxResults=10)]
    assert sorted(found) == ids
    call = ssm.describe_instance_patch_states_for_patch_group
    for size in ({"MaxResults": 10}, {}):
        found = [record["InstanceId"] for record in walk(call, key, PatchGroup="Many", **size)]
        assert sorted(found) == ids


def test_the_size_of_a_page_of_a_group(ssm: Client, doors: Doors, account: str, settle: Callable[..., None]) -> None:
    ids = [f"i-{number:017x}" for number in range(12)]
    plant(doors, account, [{"InstanceId": name, "Tags": {"PatchGroup": "Many"}} for name in ids])
    answer = ssm.describe_instance_patch_states_for_patch_group(PatchGroup="Many")
    settle("nodes on a page of a group", len(answer["InstancePatchStates"]), strict=5, lenient=12)


def in_group(ssm: Client, *filters: tuple[str, str, str], group: str = "Web") -> set[str]:
    given = [{"Key": key, "Type": kind, "Values": [value]} for key, kind, value in filters]
    request = {"PatchGroup": group} | ({"Filters": given} if given else {})
    found = walk(ssm.describe_instance_patch_states_for_patch_group, "InstancePatchStates", **request)
    return {record["InstanceId"] for record in found}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], {WINDOWS, LINUX}),
        ([("MissingCount", "Equal", "3")], {WINDOWS}),
        ([("MissingCount", "NotEqual", "3")], {LINUX}),
        ([("MissingCount", "GreaterThan", "0")], {WINDOWS, LINUX}),
        ([("MissingCount", "LessThan", "3")], {LINUX}),
        ([("MissingCount", "GreaterThan", "0"), ("FailedCount", "Equal", "0")], {LINUX}),
        ([("InstalledRejectedCount", "GreaterThan", "0")], {WINDOWS}),
        ([("NotApplicableCount", "Equal", "5")], {WINDOWS}),
        ([("InstalledPendingRebootCount", "Equal", "9")], set()),
    ],
)
def test_filters_of_a_group(ssm: Client, filters: list[tuple[str, str, str]], expected: set[str]) -> None:
    assert in_group(ssm, *filters) == expected


@pytest.mark.parametrize(
    "wrong", [("PatchGroup", "Equal", "Web"), ("MissingCount", "Equal", "many"), ("MissingCount", "Equal", "-1")]
)
def test_a_filter_of_a_group_that_is_none(ssm: Client, wrong: tuple[str, str, str]) -> None:
    with refused("InvalidFilter"):
        in_group(ssm, wrong)


def test_a_group_that_no_node_reported(ssm: Client) -> None:
    needs(ssm, "DescribePatchGroupStateResult", "InstancesWithAvailableSecurityUpdates")
    assert in_group(ssm, group="Nobody") == set()
    answer = ssm.describe_patch_group_state(PatchGroup="Nobody")
    assert len(counts := {key: count for key, count in answer.items() if key.startswith("Instances")}) == 13
    assert set(counts.values()) == {0}


def test_the_state_of_a_group(ssm: Client) -> None:
    needs(ssm, "DescribePatchGroupStateResult", "InstancesWithAvailableSecurityUpdates")
    answer = ssm.describe_patch_group_state(PatchGroup="Web")
    expected = {
        "Instances": 2,
        "InstancesWithInstalledPatches": 2,
        "InstancesWithInstalledOtherPatches": 2,
        "InstancesWithInstalledPendingRebootPatches": 1,
        "InstancesWithInstalledRejectedPatches": 1,
        "InstancesWithMissingPatches": 2,
        "InstancesWithFailedPatches": 1,
        "InstancesWithNotApplicablePatches": 1,
        "InstancesWithUnreportedNotApplicablePatches": 0,
        "InstancesWithCriticalNonCompliantPatches": 0,
        "InstancesWithAvailableSecurityUpdates": 1,
    }
    assert {key: answer[key] for key in expected} == expected
    assert answer["InstancesWithSecurityNonCompliantPatches"] > 0


def test_the_patches_of_windows(ssm: Client) -> None:
    found = patches(ssm)
    assert Counter(plain(patch["State"]) for patch in found) == {
        "installed": 20,
        "installedother": 4,
        "installedpendingreboot": 2,
        "installedrejected": 1,
        "missing": 3,
        "failed": 1,
        "notapplicable": 5,
        "availablesecurityupdate": 2,
    }
    for patch in found:
        state = plain(patch["State"])
        assert patch["KBId"].startswith("KB")
        assert (patch["InstalledTime"] <= NEVER) == (state in (*LACKING, "installedother"))
        untold = state in ("installedother", "notapplicable")
        assert (patch["Title"] == patch["Classification"] == patch["Severity"] == "") == untold
        assert state in ("missing", "failed") or "CVEIds" not in patch
    lacking = [patch for patch in found if plain(patch["State"]) == "missing"]
    assert any(patch.get("CVEIds", "").startswith("CVE-") for patch in lacking)


def test_the_patches_of_linux_are_packages(ssm: Client) -> None:
    (missing,) = patches(ssm, LINUX, State=["Missing"])
    assert missing["KBId"] == "kernel.x86_64"
    assert missing["Title"].startswith(missing["KBId"])


def test_a_node_that_never_reported_has_no_patches(ssm: Client) -> None:
    assert patches(ssm, SILENT) == patches(ssm, BLANK) == []


def test_patches_in_pages(ssm: Client) -> None:
    found = list(walk(ssm.describe_instance_patches, "Patches", InstanceId=LINUX, MaxResults=10))
    assert len({patch["KBId"] for patch in found}) == len(found) == 83


@pytest.mark.parametrize("state", ["InstalledPendingReboot", "INSTALLED_PENDING_REBOOT"])
def test_states_may_be_spelled_in_two_ways(ssm: Client, state: str) -> None:
    assert len(patches(ssm, State=[state])) == 2


def test_the_spelling_of_states(ssm: Client) -> None:
    """As in aws-cli, examples/ssm/describe-instance-patches.rst; the enumeration of the model has another one."""
    assert {patch["State"] for patch in patches(ssm)} == {
        *("Missing", "Failed", "Installed", "InstalledOther", "InstalledPendingReboot", "InstalledRejected"),
        *("NotApplicable", "AvailableSecurityUpdate"),
    }


def test_windows_does_not_know_when_it_installed_other_patches(ssm: Client) -> None:
    """boto3, #2069 and #3642: the first second of the year 1, which is not a date in zones west of Greenwich."""
    found = {patch["InstalledTime"] for patch in patches(ssm, State=["InstalledOther"])}
    assert {(moment - NEVER).total_seconds() for moment in found} == {-62135596800.0}


def test_a_critical_security_patch_counts_as_both(ssm: Client, make: Maker, doors: Doors, account: str) -> None:
    """aws-cli, examples/ssm/describe-instance-patch-states.rst: 2 critical, 2 security, 1 other of 3 patches."""
    group = make.name("group")
    critical = {"PatchFilterGroup": {"PatchFilters": [{"Key": "PRODUCT", "Values": ["*"]}]}, "ApproveAfterDays": 0}
    rules = {"PatchRules": [{**critical, "ComplianceLevel": "CRITICAL"}]}
    baseline = make.baseline(ApprovalRules=rules)
    ssm.register_patch_baseline_for_patch_group(BaselineId=baseline, PatchGroup=group)
    node = {"InstanceId": UNKNOWN, "OperatingSystem": "WINDOWS", "Tags": {"PatchGroup": group}, "MissingCount": 6}
    plant(doors, account, [node])
    record = states(ssm, UNKNOWN)[UNKNOWN]
    security = [one for one in patches(ssm, UNKNOWN, State=["Missing"]) if one["Classification"] == "SecurityUpdates"]
    assert record["CriticalNonCompliantCount"] == 6
    assert record["SecurityNonCompliantCount"] == len(security) > 0
    assert record["OtherNonCompliantCount"] == 0


def test_a_node_may_have_more_patches_than_four_years_bring(ssm: Client, doors: Doors, account: str) -> None:
    """Counts of real nodes go beyond: 123 installed and 2063 not applicable in the example of aws-cli."""
    windows = {"InstanceId": UNKNOWN, "OperatingSystem": "WINDOWS", "Product": "WindowsServer2012"}
    counts = {"InstalledCount": 123, "NotApplicableCount": 2063}
    plant(doors, account, [{**windows, **counts}, {"InstanceId": LINUX, **counts}])
    for instance_id in (UNKNOWN, LINUX):
        found = Counter(patch["State"] for patch in patches(ssm, instance_id))
        assert found == {"Installed": 123, "NotApplicable": 2063}


def test_filters_of_patches(ssm: Client) -> None:
    assert len(patches(ssm, State=["Missing", "Failed"])) == 4
    everything = patches(ssm)
    first = everything[0]["KBId"]
    assert [patch["KBId"] for patch in patches(ssm, KBId=[first])] == [first]
    for key in ("Classification", "Severity"):
        values = {patch[key] for patch in everything if patch[key]}
        for value in values:
            expected = sum(patch[key] == value for patch in everything)
            assert len(patches(ssm, **{key: [value]})) == expected > 0
    missing = patches(ssm, State=["Missing"], Classification=["SecurityUpdates"])
    assert {(plain(patch["State"]), patch["Classification"]) for patch in missing} == {("missing", "SecurityUpdates")}


def test_an_unknown_filter_of_patches(ssm: Client) -> None:
    with refused("InvalidFilter"):
        patches(ssm, Colour=["red"])


def test_patches_of_an_unknown_node(ssm: Client) -> None:
    with refused("InvalidInstanceId"):
        patches(ssm, UNKNOWN)


def test_patches_of_a_node_that_is_not_online(ssm: Client, settle: Callable[..., None]) -> None:
    result = outcome(lambda: patches(ssm, HYBRID))
    settle("patches of a node that is not online", result, strict="InvalidInstanceId", lenient="success")


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("describe_instance_patch_states", {"InstanceIds": [WINDOWS]}),
        ("describe_instance_patch_states_for_patch_group", {"PatchGroup": "Web"}),
        ("describe_instance_patches", {"InstanceId": WINDOWS}),
    ],
)
def test_a_token_of_another_request(ssm: Client, operation: str, request_: dict[str, Any]) -> None:
    with refused("InvalidNextToken"):
        getattr(ssm, operation)(**request_, NextToken="bm8gdG9rZW4=")
