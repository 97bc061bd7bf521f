# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The patches that there are, those that a baseline lets through, and the snapshots that nodes fetch."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from .node_support import HYBRID, LINUX, UNKNOWN, WINDOWS, plant, walk
from .support import UNKNOWN_BASELINE, Client, Doors, Maker, needs, refused

SNAPSHOT = "6c2d8a5e-1b7f-4a3e-9d55-0f8e6f1c2b34"
PRODUCT = "WindowsServer2019"
CRITICAL = {"PRODUCT": [PRODUCT], "MSRC_SEVERITY": ["Critical"]}
SECURITY = {"PRODUCT": [PRODUCT], "CLASSIFICATION": ["SecurityUpdates"]}
WINDOWS_MEMBERS = {
    *("Id", "ReleaseDate", "Title", "Description", "ContentUrl", "Vendor", "ProductFamily", "Product"),
    *("Classification", "MsrcSeverity", "KbNumber", "MsrcNumber", "Language"),
}
LINUX_MEMBERS = {"Name", "Epoch", "Version", "Release", "Arch", "Severity", "Repository", "AdvisoryIds", "CVEIds"}

Filters = dict[str, list[str]]


def as_filters(filters: Filters) -> list[dict[str, Any]]:
    return [{"Key": key, "Values": values} for key, values in filters.items()]


def rule(filters: Filters, level: str = "UNSPECIFIED", **approval: Any) -> dict[str, Any]:
    group = {"PatchFilters": as_filters(filters)}
    return {"PatchFilterGroup": group, "ComplianceLevel": level} | (approval or {"ApproveAfterDays": 7})


def available(ssm: Client, size: int = 100, **filters: list[str]) -> list[dict[str, Any]]:
    request: dict[str, Any] = {"MaxResults": size} | ({"Filters": as_filters(filters)} if filters else {})
    return list(walk(ssm.describe_available_patches, "Patches", **request))


def effective(ssm: Client, baseline: str, size: int = 100) -> dict[str, dict[str, Any]]:
    """The statuses of the patches by KB number."""
    call = ssm.describe_effective_patches_for_patch_baseline
    found = walk(call, "EffectivePatches", BaselineId=baseline, MaxResults=size)
    return {entry["Patch"]["KbNumber"]: entry["PatchStatus"] for entry in found}


def with_rules(make: Maker, *rules: dict[str, Any], **changes: Any) -> str:
    return make.baseline(ApprovalRules={"PatchRules": list(rules)}, **changes)


def test_the_members_of_a_patch_of_windows(ssm: Client) -> None:
    (patch, *_) = available(ssm, **CRITICAL)
    assert set(patch) >= WINDOWS_MEMBERS - {"MsrcNumber", "Language"}
    assert (patch["Product"], patch["ProductFamily"], patch["MsrcSeverity"]) == (PRODUCT, "Windows", "Critical")
    assert patch["KbNumber"].startswith("KB")
    assert patch["ReleaseDate"] < datetime.now(UTC)


def test_the_members_of_a_patch_of_amazon_linux(ssm: Client) -> None:
    answer = ssm.describe_available_patches(MaxResults=1, Filters=as_filters({"PRODUCT": ["AmazonLinux2"]}))
    (patch,) = answer["Patches"]
    assert set(patch) >= LINUX_MEMBERS
    assert "KbNumber" not in patch


def test_filters_of_windows_add_up(ssm: Client) -> None:
    critical, security = available(ssm, **CRITICAL), available(ssm, **SECURITY)
    both = available(ssm, **CRITICAL, CLASSIFICATION=["SecurityUpdates"])
    ids = [{patch["Id"] for patch in found} for found in (critical, security, both)]
    assert ids[0] & ids[1] == ids[2] != set()
    assert {patch["MsrcSeverity"] for patch in critical} == {"Critical"}


def test_a_patch_by_its_number(ssm: Client) -> None:
    wanted = available(ssm, **CRITICAL)[:2]
    numbers = [patch["KbNumber"] for patch in wanted]
    found = available(ssm, PATCH_ID=numbers)
    assert {patch["KbNumber"] for patch in found} == set(numbers)
    assert available(ssm, PATCH_ID=["KB0000001"]) == []


def test_applications_are_asked_for(ssm: Client, private_account: None) -> None:
    assert {patch["ProductFamily"] for patch in available(ssm)} == {"Windows"}
    applications = available(ssm, PATCH_SET=["APPLICATION"])
    assert applications
    assert "Windows" not in {patch["ProductFamily"] for patch in applications}
    family = applications[0]["ProductFamily"]
    found = available(ssm, PATCH_SET=["APPLICATION"], PRODUCT_FAMILY=[family])
    assert {patch["ProductFamily"] for patch in found} == {family}


def test_filters_of_amazon_linux(ssm: Client, private_account: None) -> None:
    product = {"PRODUCT": ["AmazonLinux2"]}
    everything = available(ssm, **product)
    patch = next(patch for patch in everything if patch["CVEIds"])
    keys = {"NAME": "Name", "VERSION": "Version", "RELEASE": "Release", "SEVERITY": "Severity", "ARCH": "Arch"}
    for key, member in keys.items():
        found = available(ssm, **product, **{key: [patch[member]]})
        assert {other[member] for other in found} == {patch[member]}
        assert patch in found
    assert patch in available(ssm, **product, CVE_ID=patch["CVEIds"])
    assert available(ssm, **product, ADVISORY_ID=patch["AdvisoryIds"]) == [patch]


@pytest.mark.parametrize("filters", [{"COLOUR": ["red"]}, {"CVE_ID": ["CVE-2025-10000"]}])
def test_keys_that_do_not_fit_the_platform(ssm: Client, filters: Filters) -> None:
    with refused("ValidationException"):
        available(ssm, **filters)


def test_available_patches_in_pages(ssm: Client, private_account: None) -> None:
    found = [patch["Id"] for patch in available(ssm, 7, **CRITICAL)]
    assert len(set(found)) == len(found) > 14
    with refused("ValidationException"):
        ssm.describe_available_patches(NextToken="bm8gdG9rZW4=")


def test_a_baseline_without_rules_has_no_effective_patches(ssm: Client, make: Maker) -> None:
    assert effective(ssm, make.baseline()) == {}


def test_effective_patches_are_those_of_the_rules(ssm: Client, make: Maker) -> None:
    baseline = with_rules(make, rule(CRITICAL, "CRITICAL"))
    statuses = effective(ssm, baseline)
    assert set(statuses) == {patch["KbNumber"] for patch in available(ssm, **CRITICAL)}
    assert {status["ComplianceLevel"] for status in statuses.values()} == {"CRITICAL"}
    for status in statuses.values():
        approved = status["ApprovalDate"] <= datetime.now(UTC)
        assert status["DeploymentStatus"] == ("APPROVED" if approved else "PENDING_APPROVAL")


def test_the_gravest_level_of_several_rules(ssm: Client, make: Maker, private_account: None) -> None:
    baseline = with_rules(make, rule(SECURITY, "LOW"), rule(CRITICAL, "HIGH"))
    critical = {patch["KbNumber"] for patch in available(ssm, **CRITICAL)}
    levels = {number: status["ComplianceLevel"] for number, status in effective(ssm, baseline).items()}
    assert {levels[number] for number in critical} == {"HIGH"}
    assert {level for number, level in levels.items() if number not in critical} == {"LOW"}


def test_patches_wait_for_their_approval(ssm: Client, make: Maker) -> None:
    soon, late = (with_rules(make, rule(CRITICAL, ApproveAfterDays=days)) for days in (0, 360))
    first, second = effective(ssm, soon), effective(ssm, late)
    assert set(first) == set(second)
    assert {status["DeploymentStatus"] for status in first.values()} == {"APPROVED"}
    assert Counter(status["DeploymentStatus"] for status in second.values())["PENDING_APPROVAL"] > 0
    for number, status in second.items():
        assert status["ApprovalDate"] - first[number]["ApprovalDate"] == timedelta(days=360)


def test_patches_are_approved_until_a_date(ssm: Client, make: Maker) -> None:
    dates = {patch["KbNumber"]: patch["ReleaseDate"].astimezone(UTC).date() for patch in available(ssm, **CRITICAL)}
    middle = sorted(dates.values())[len(dates) // 2]
    baseline = with_rules(make, rule(CRITICAL, ApproveUntilDate=middle.isoformat()))
    statuses = effective(ssm, baseline)
    approved = {number for number, status in statuses.items() if status["DeploymentStatus"] == "APPROVED"}
    assert approved == {number for number, released in dates.items() if released <= middle}


def test_global_filters_narrow_the_rules(ssm: Client, make: Maker) -> None:
    narrowed = {"PatchFilters": as_filters({"PRODUCT": ["WindowsServer2016"]})}
    assert effective(ssm, with_rules(make, rule(CRITICAL), GlobalFilters=narrowed)) == {}


def test_patches_that_are_named(ssm: Client, make: Maker) -> None:
    first, second, *_ = (patch["KbNumber"] for patch in available(ssm, **CRITICAL))
    baseline = make.baseline(ApprovedPatches=[first], ApprovedPatchesComplianceLevel="MEDIUM", RejectedPatches=[second])
    statuses = effective(ssm, baseline)
    assert {number: status["DeploymentStatus"] for number, status in statuses.items()} == {
        first: "EXPLICIT_APPROVED",
        second: "EXPLICIT_REJECTED",
    }
    assert statuses[first]["ComplianceLevel"] == "MEDIUM"


def test_effective_patches_in_pages(ssm: Client, make: Maker) -> None:
    baseline = with_rules(make, rule(CRITICAL))
    assert effective(ssm, baseline, 6) == effective(ssm, baseline) != {}
    with refused("ValidationException"):
        ssm.describe_effective_patches_for_patch_baseline(BaselineId=baseline, NextToken="bm8gdG9rZW4=")


def test_the_baseline_of_aws_has_effective_patches(ssm: Client, private_account: None) -> None:
    assert effective(ssm, ssm.get_default_patch_baseline()["BaselineId"])


def test_effective_patches_of_another_system(ssm: Client, make: Maker) -> None:
    with refused("UnsupportedOperatingSystem"):
        effective(ssm, make.baseline(OperatingSystem="UBUNTU"))


def test_effective_patches_of_a_baseline_that_is_none(ssm: Client) -> None:
    with refused("DoesNotExistException"):
        effective(ssm, UNKNOWN_BASELINE)
    with refused("InvalidResourceId", "ValidationException"):
        effective(ssm, "not-a-baseline-at-all")


def snapshot(ssm: Client, instance_id: str, **more: Any) -> dict[str, Any]:
    return ssm.get_deployable_patch_snapshot_for_instance(InstanceId=instance_id, SnapshotId=SNAPSHOT, **more)


def test_a_snapshot_is_fetched_from_a_presigned_address(ssm: Client, doors: Doors, account: str) -> None:
    needs(ssm, "GetDeployablePatchSnapshotForInstanceRequest", "UseS3DualStackEndpoint")
    plant(doors, account)
    answer = snapshot(ssm, WINDOWS)
    assert (answer["InstanceId"], answer["SnapshotId"], answer["Product"]) == (WINDOWS, SNAPSHOT, "WindowsServer2016")
    assert "X-Amz-Expires=86400" in urlsplit(answer["SnapshotDownloadUrl"]).query
    dual = urlsplit(snapshot(ssm, WINDOWS, UseS3DualStackEndpoint=True)["SnapshotDownloadUrl"])
    assert ".dualstack." in dual.netloc
    assert ".dualstack." not in urlsplit(answer["SnapshotDownloadUrl"]).netloc


def test_a_snapshot_with_another_baseline(ssm: Client, doors: Doors, account: str) -> None:
    plant(doors, account)
    assert snapshot(ssm, LINUX, BaselineOverride={"OperatingSystem": "AMAZON_LINUX_2023"})["SnapshotId"] == SNAPSHOT
    with refused("UnsupportedOperatingSystem"):
        snapshot(ssm, LINUX, BaselineOverride={"OperatingSystem": "WINDOWS"})


def test_applications_of_hybrid_nodes_need_more(ssm: Client, doors: Doors, account: str) -> None:
    plant(doors, account, [{"InstanceId": HYBRID, "OperatingSystem": "WINDOWS"}])
    applications = rule({"PATCH_SET": ["APPLICATION"], "PRODUCT": ["*"]})
    override = {"OperatingSystem": "WINDOWS", "ApprovalRules": {"PatchRules": [applications]}}
    with refused("UnsupportedFeatureRequiredException"):
        snapshot(ssm, HYBRID, BaselineOverride=override)


def test_a_snapshot_for_an_unknown_node(ssm: Client) -> None:
    with refused("InvalidInstanceId", "ValidationException", "AccessDeniedException"):
        snapshot(ssm, UNKNOWN)
