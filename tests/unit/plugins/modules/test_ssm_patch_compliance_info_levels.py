# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The compliance level of a patch is computed from the baseline of its node, and fits what AWS counts by levels."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.levels import compliance_level
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.platforms import product_fits
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import baseline, node, plant

MODULE = "ssm_patch_compliance_info"
WINDOWS = {"OperatingSystem": "WINDOWS"}


def rule(level: str | None, **filters: list[str]) -> dict[str, Any]:
    """An approval rule as the service stores it."""
    entries = [{"Key": key, "Values": values} for key, values in filters.items()]
    return {"PatchFilterGroup": {"PatchFilters": entries}, "ApproveAfterDays": 0, "ComplianceLevel": level}


def rules(*given: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A baseline of these rules."""
    return {"ApprovalRules": {"PatchRules": [*given]}, **members}


PATCH = {"kb_id": "KB5000001", "classification": "SecurityUpdates", "severity": "Critical"}


@pytest.mark.parametrize(
    ("raw", "level"),
    [
        (rules(rule("HIGH", CLASSIFICATION=["SecurityUpdates"])), "HIGH"),
        (rules(rule("LOW", PRODUCT=["*"]), rule("CRITICAL", MSRC_SEVERITY=["Critical"])), "CRITICAL"),
        (rules(rule("HIGH", PRODUCT=["WindowsServer2019"])), None),
        (rules(rule("HIGH", PRODUCT=["WindowsServer2022"])), "HIGH"),
        (rules(rule("HIGH", MSRC_SEVERITY=["Important"])), None),
        (rules(rule(None, PRODUCT=["*"])), "UNSPECIFIED"),
        (rules(ApprovedPatches=["KB5000001"], ApprovedPatchesComplianceLevel="MEDIUM"), "MEDIUM"),
        (rules(rule("LOW"), ApprovedPatches=["KB5000001"]), "UNSPECIFIED"),
        ({}, None),
    ],
)
def test_the_highest_level_of_what_is_about_the_patch_counts(raw: dict[str, Any], level: str | None) -> None:
    assert compliance_level(raw, PATCH, "WindowsServer2022") == level


@pytest.mark.parametrize(
    ("product", "wanted", "fits"),
    [
        ("RedhatEnterpriseLinux8.9", "RedhatEnterpriseLinux8.9", True),
        ("RedhatEnterpriseLinux8.9", "redhatenterpriselinux8", True),
        ("RedhatEnterpriseLinux8", "RedhatEnterpriseLinux8.9", True),
        ("RedhatEnterpriseLinux8.9", "RedhatEnterpriseLinux8.8", False),
        ("RedhatEnterpriseLinux8", "RedhatEnterpriseLinux88", False),
        ("RedhatEnterpriseLinux88", "RedhatEnterpriseLinux8", False),
        ("RedhatEnterpriseLinux8.9", "RedhatEnterpriseLinux8*", True),
        ("RedhatEnterpriseLinux8.9", "*", True),
    ],
)
def test_a_product_fits_with_and_without_its_minor_version(product: str, wanted: str, fits: bool) -> None:
    assert product_fits(product, wanted) is fits


def test_patches_of_level_critical_are_as_many_as_the_service_counts(account: Account) -> None:
    graded = rules(
        rule("CRITICAL", MSRC_SEVERITY=["Critical"]), rule("MEDIUM", MSRC_SEVERITY=["Important", "Moderate"])
    )
    nodes = [node(number, "web", **WINDOWS, MissingCount=3 * number, FailedCount=1) for number in range(1, 5)]
    plant(account, baseline("web", system="WINDOWS", **graded), nodes=nodes)

    answer = account.run(MODULE, level="patches")

    counted = Counter(row["instance_id"] for row in answer["patches"] if row["compliance_level"] == "CRITICAL")
    assert {one["instance_id"]: one["critical_noncompliant_count"] for one in answer["instances"]} == {
        one["instance_id"]: counted[one["instance_id"]] for one in answer["instances"]
    }
    assert sum(counted.values()) > 0
    assert {row["baseline_id"] for row in answer["patches"]} == {one["baseline_id"] for one in answer["instances"]}


def test_the_level_costs_no_call(account: Account) -> None:
    graded = rules(rule("HIGH", PRODUCT=["*"]))
    plant(account, baseline("web", system="WINDOWS", **graded), nodes=[node(1, "web", **WINDOWS, MissingCount=2)])
    answer = account.run(MODULE, level="patches", patch_groups=["web"])

    assert {row["compliance_level"] for row in answer["patches"] if row["state"] == "MISSING"} == {"HIGH"}
    calls = account.calls()
    assert calls["GetPatchBaseline"] == calls["DescribePatchBaselines"] == calls["DescribeInstancePatches"] == 1


def test_what_is_installed_or_cannot_be_judged_has_no_level(account: Account) -> None:
    graded = rules(rule("HIGH", PRODUCT=["*"]))
    nodes = [node(1, "web", **WINDOWS, MissingCount=2, InstalledCount=2)]
    plant(account, baseline("web", system="WINDOWS", **graded), nodes=nodes)
    patches = account.run(MODULE, level="patches")["patches"]
    assert {(row["state"], row["compliance_level"]) for row in patches} == {("MISSING", "HIGH"), ("INSTALLED", None)}

    account.faults({"op": "GetPatchBaseline", "do": "AccessDeniedException"})
    assert {row["compliance_level"] for row in account.run(MODULE, level="patches")["patches"]} == {None}
