# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform's acceptance tests of aws_ssm_patch_baseline, aws_ssm_patch_group and aws_ssm_default_patch_baseline,
told as module calls. Terraform takes WINDOWS where no operating system is given; here it is always named.
"""

from __future__ import annotations

from typing import Any

from .scenario_runner import ABSENT, BASELINE, Args, Call, Refused, Run, Scenario, ScenarioRunner, scenarios

DESCRIPTION = "Baseline of all updates that are approved for production"
WINDOWS = {"name": "base", "operating_system": "WINDOWS"}
LINUX = {"name": "base", "operating_system": "AMAZON_LINUX"}
PATCHES = {"approved_patches": ["KB123456"], "approved_patches_compliance_level": "CRITICAL"}
BASIC = {**WINDOWS, **PATCHES, "description": DESCRIPTION}
STORED = {
    "Name": "base",
    "OperatingSystem": "WINDOWS",
    "Description": DESCRIPTION,
    "ApprovedPatches": ["KB123456"],
    "ApprovedPatchesComplianceLevel": "CRITICAL",
}
BY_ID = {"baseline_id": "<base.baseline_id>"}
ARN = "arn:aws:ssm:eu-central-1:123456789012:patchbaseline/"
PRODUCTS = ["AmazonLinux2016.03", "AmazonLinux2016.09", "AmazonLinux2017.03", "AmazonLinux2017.09"]
FILTERS = {"PRODUCT": PRODUCTS, "SEVERITY": ["Critical", "Important"]}
STORED_FILTERS = {
    "PatchFilters": [
        {"Key": "PRODUCT", "Values": PRODUCTS},
        {"Key": "SEVERITY", "Values": ["Critical", "Important"]},
    ]
}
RULE = "ApprovalRules.PatchRules.0"


def rule(**options: Any) -> Args:
    """Arguments with one approval rule for Amazon Linux."""
    return {
        "approval_rules": [{"filters": FILTERS, "compliance_level": "CRITICAL", "enable_non_security": True} | options]
    }


def source(release: str) -> Args:
    """A repository of a release of Amazon Linux."""
    configuration = "[amzn-main] \nname=amzn-main-Base\nmirrorlist=http://repo./$awsregion./$awsdomain\ngpgcheck=1"
    return {"name": f"My-AL{release}", "products": [f"AmazonLinux{release}"], "configuration": configuration}


def stored_source(release: str) -> Args:
    """The same as the service stores it."""
    return {name.capitalize(): value for name, value in source(release).items()}


WITH_SOURCE = {**LINUX, **PATCHES, "approved_patches": ["test123"], "description": DESCRIPTION}
CLASSIFIED = {"CLASSIFICATION": ["CriticalUpdates"]}
DEFAULTS = {"operating_system": "AMAZON_LINUX_2022", **PATCHES}


@scenarios(
    Scenario(
        "basic",
        (
            Run(
                BASELINE,
                BASIC,
                {**STORED, "ApprovedPatchesEnableNonSecurity": False, "RejectedPatches": ABSENT, "Tags": {}},
            ),
            Run(
                BASELINE,
                {
                    **BY_ID,
                    "name": "updated",
                    "description": f"{DESCRIPTION} - August 2017",
                    "approved_patches": ["KB123456", "KB456789"],
                    "approved_patches_compliance_level": "HIGH",
                },
                {
                    "BaselineId": "<base.baseline_id>",
                    "Name": "updated",
                    "Description": f"{DESCRIPTION} - August 2017",
                    "ApprovedPatches": ["KB456789", "KB123456"],
                    "ApprovedPatchesComplianceLevel": "HIGH",
                },
            ),
            Run(BASELINE, {"name": "updated", "approved_patches": ["KB456789", "KB123456"]}, changed=False),
            Run(BASELINE, {"name": "updated", "state": "absent"}),
        ),
    ),
    Scenario(
        "tags",
        (
            Run(BASELINE, {**BASIC, "tags": {"key1": "value1"}}, {**STORED, "Tags": {"key1": "value1"}}),
            Run(
                BASELINE,
                {**WINDOWS, "tags": {"key1": "value1updated", "key2": "value2"}},
                {**STORED, "Tags": {"key1": "value1updated", "key2": "value2"}},
            ),
            Run(BASELINE, {**WINDOWS, "tags": {"key2": "value2"}}, {**STORED, "Tags": {"key2": "value2"}}),
        ),
    ),
    Scenario(
        "disappears",
        (
            Run(BASELINE, BASIC, STORED),
            Call("DeletePatchBaseline", {"BaselineId": "<base.baseline_id>"}),
            Refused(BASELINE, {**BY_ID, "description": "other"}, ("<base.baseline_id>",)),
            Run(BASELINE, {**WINDOWS, "state": "absent"}, changed=False),
            Run(BASELINE, BASIC, STORED, new_id=True),
        ),
    ),
    Scenario(
        "operatingSystem",
        (
            Run(
                BASELINE,
                {
                    **LINUX,
                    "description": DESCRIPTION,
                    "tags": {"Name": "My Patch Baseline"},
                    **rule(approve_after_days=7),
                },
                {
                    "OperatingSystem": "AMAZON_LINUX",
                    f"{RULE}.ApproveAfterDays": 7,
                    f"{RULE}.ComplianceLevel": "CRITICAL",
                    f"{RULE}.EnableNonSecurity": True,
                    f"{RULE}.PatchFilterGroup": STORED_FILTERS,
                    "Tags": {"Name": "My Patch Baseline"},
                },
            ),
            Refused(BASELINE, {**BY_ID, "operating_system": "WINDOWS"}, ("operating_system:", "recreate")),
            Run(
                BASELINE,
                {
                    # The id goes with the old one; by the name the next run knows that this is done.
                    **BY_ID,
                    "name": "base",
                    "operating_system": "WINDOWS",
                    "recreate": True,
                    "approval_rules": [
                        {
                            "filters": {"PRODUCT": ["WindowsServer2012R2"], "MSRC_SEVERITY": ["Critical", "Important"]},
                            "approve_after_days": 7,
                            "compliance_level": "INFORMATIONAL",
                        }
                    ],
                },
                {
                    "OperatingSystem": "WINDOWS",
                    f"{RULE}.ApproveAfterDays": 7,
                    f"{RULE}.ComplianceLevel": "INFORMATIONAL",
                    "Description": DESCRIPTION,
                    "Tags": {"Name": "My Patch Baseline"},
                },
                new_id=True,
            ),
        ),
    ),
    Scenario(
        "approveUntilDateParam",
        (
            Run(
                BASELINE,
                {**LINUX, **rule(approve_until_date="2020-01-01")},
                {f"{RULE}.ApproveUntilDate": "2020-01-01", f"{RULE}.PatchFilterGroup": STORED_FILTERS},
            ),
            Run(
                BASELINE,
                {**LINUX, **rule(approve_until_date="2020-02-02")},
                {f"{RULE}.ApproveUntilDate": "2020-02-02", f"{RULE}.EnableNonSecurity": True},
            ),
        ),
    ),
    Scenario(
        "approveAfterDays",
        (
            Run(BASELINE, {**LINUX, **rule(approve_after_days=360)}, {f"{RULE}.ApproveAfterDays": 360}),
            Refused(BASELINE, {**LINUX, **rule(approve_after_days=361)}, ("approval_rules", "360")),
        ),
    ),
    Scenario(
        "approvalRuleEmpty",
        (
            Run(
                BASELINE,
                {**BASIC, "approval_rules": [{"filters": CLASSIFIED, "approve_until_date": "2024-01-02"}]},
                {**STORED, f"{RULE}.ApproveUntilDate": "2024-01-02", f"{RULE}.ApproveAfterDays": ABSENT},
            ),
            Run(
                BASELINE,
                {**BASIC, "approval_rules": [{"filters": CLASSIFIED, "approve_after_days": 7}]},
                {**STORED, f"{RULE}.ApproveAfterDays": 7, f"{RULE}.ApproveUntilDate": ABSENT},
            ),
        ),
    ),
    Scenario(
        "sources",
        (
            Run(
                BASELINE,
                {**WITH_SOURCE, "sources": [source("2017.09")]},
                {"Sources": [stored_source("2017.09")], "ApprovedPatches": ["test123"]},
            ),
            Run(
                BASELINE,
                {**WITH_SOURCE, "sources": [source("2017.09"), source("2018.03")]},
                {"Sources": [stored_source("2017.09"), stored_source("2018.03")]},
            ),
            Run(BASELINE, {**LINUX, "sources": []}, {"Sources": ABSENT, "ApprovedPatches": ["test123"]}),
        ),
    ),
    Scenario(
        "approvedPatchesNonSec",
        (
            Run(
                BASELINE,
                {**LINUX, **PATCHES, "approved_patches_enable_non_security": True},
                {"ApprovedPatchesEnableNonSecurity": True},
            ),
            Run(
                BASELINE,
                {**LINUX, "approved_patches_enable_non_security": False},
                {"ApprovedPatchesEnableNonSecurity": False, "ApprovedPatches": ["KB123456"]},
            ),
        ),
    ),
    Scenario(
        "rejectPatchesAction",
        (
            Run(
                BASELINE,
                {**BASIC, "rejected_patches_action": "ALLOW_AS_DEPENDENCY"},
                {**STORED, "RejectedPatchesAction": "ALLOW_AS_DEPENDENCY"},
            ),
            Run(
                BASELINE, {**WINDOWS, "rejected_patches_action": "BLOCK"}, {**STORED, "RejectedPatchesAction": "BLOCK"}
            ),
        ),
    ),
    Scenario(
        "availableSecurityUpdatesComplianceStatus",
        (
            Run(
                BASELINE,
                {**BASIC, "available_security_updates_compliance_status": "COMPLIANT"},
                {**STORED, "AvailableSecurityUpdatesComplianceStatus": "COMPLIANT"},
            ),
            Run(
                BASELINE,
                {**BASIC, "available_security_updates_compliance_status": "NON_COMPLIANT"},
                {**STORED, "AvailableSecurityUpdatesComplianceStatus": "NON_COMPLIANT"},
            ),
        ),
        needs="AvailableSecurityUpdatesComplianceStatus",
    ),
    Scenario(
        "deleteDefault",
        (
            Run(BASELINE, BASIC, {**STORED, "Default": False}),
            Call("RegisterDefaultPatchBaseline", {"BaselineId": "<base.baseline_id>"}),
            Call("DeletePatchBaseline", {"BaselineId": "<base.baseline_id>"}, error="ResourceInUseException"),
            Run(BASELINE, {**WINDOWS, "state": "absent"}),
            Run(BASELINE, {"name": "AWS-DefaultPatchBaseline"}, {"Default": True}, changed=False),
        ),
    ),
)
def test_terraform_patch_baseline(runner: ScenarioRunner, scenario: Scenario) -> None:
    runner.run_steps(*scenario.steps)


@scenarios(
    Scenario(
        "basic",
        (
            Run(BASELINE, {**WINDOWS, **PATCHES, "patch_groups": ["group"]}, {"PatchGroups": ["group"]}),
            Call("GetPatchBaselineForPatchGroup", {"PatchGroup": "group"}, {"BaselineId": "<base.baseline_id>"}),
            Run(BASELINE, {**WINDOWS, "patch_groups": []}, {"PatchGroups": ABSENT, "ApprovedPatches": ["KB123456"]}),
        ),
    ),
    Scenario(
        "disappears",
        (
            Run(BASELINE, {**WINDOWS, **PATCHES, "patch_groups": ["group"]}, {"PatchGroups": ["group"]}),
            Call("DeregisterPatchBaselineForPatchGroup", {"BaselineId": "<base.baseline_id>", "PatchGroup": "group"}),
            Run(BASELINE, WINDOWS, {"PatchGroups": ABSENT}, changed=False),
            Run(BASELINE, {**WINDOWS, **PATCHES, "patch_groups": ["group"]}, {"PatchGroups": ["group"]}),
        ),
    ),
    Scenario(
        "multipleBaselines",
        tuple(
            Run(
                BASELINE,
                {"name": f"base-{system}", "operating_system": system, **PATCHES, "patch_groups": ["group"]},
                {"PatchGroups": ["group"], "OperatingSystem": system},
            )
            for system in ("CENTOS", "AMAZON_LINUX_2", "AMAZON_LINUX")
        )
        + tuple(
            Run(
                BASELINE,
                {"name": f"base-{system}", "patch_groups": ["group"]},
                {"PatchGroups": ["group"]},
                changed=False,
            )
            for system in ("CENTOS", "AMAZON_LINUX_2", "AMAZON_LINUX")
        ),
    ),
)
def test_terraform_patch_group(runner: ScenarioRunner, scenario: Scenario) -> None:
    runner.run_steps(*scenario.steps)


def test_terraform_patch_group_multiple_baselines_of_one_name(runner: ScenarioRunner) -> None:
    systems = ("CENTOS", "AMAZON_LINUX_2", "AMAZON_LINUX")
    ids = set()
    for changed in (True, False):
        for system in systems:
            runner.ids.clear()
            step = Run(
                BASELINE, {"name": "base", "operating_system": system, "patch_groups": ["group"]}, changed=changed
            )
            ids.add(runner.run(step)["BaselineId"])
    assert len(ids) == 3
    mappings = runner.ssm.describe_patch_groups()["Mappings"]
    assert {one["BaselineIdentity"]["OperatingSystem"]: one["PatchGroup"] for one in mappings} == dict.fromkeys(
        systems, "group"
    )


@scenarios(
    Scenario(
        "basic",
        (
            Run(BASELINE, {**WINDOWS, **PATCHES, "default": True}, {"Default": True}),
            Run(BASELINE, {**BY_ID, "default": True}, {"Default": True}, changed=False),
            Run(BASELINE, {**WINDOWS, "default": False}, {"Default": False}),
            Run(BASELINE, {"name": "AWS-DefaultPatchBaseline", "default": True}, {"Default": True}, changed=False),
        ),
    ),
    Scenario(
        "disappears",
        (
            Run(BASELINE, {**WINDOWS, **PATCHES, "default": True}, {"Default": True}),
            Run(BASELINE, {"name": "AWS-DefaultPatchBaseline", "default": True}, {"Default": True}),
            Run(BASELINE, {**WINDOWS, "default": False}, {"Default": False}, changed=False),
            Run(BASELINE, {**WINDOWS, "default": True}, {"Default": True}),
        ),
    ),
    Scenario(
        "otherOperatingSystem",
        (
            Run(BASELINE, {"name": "base", **DEFAULTS, "default": True}, {"Default": True}),
            Run(BASELINE, {"name": "AWS-DefaultPatchBaseline"}, {"Default": True}, changed=False),
            Run(BASELINE, {"name": "base", "state": "absent"}),
            Run(
                BASELINE,
                {"name": "AWS-AmazonLinux2022DefaultPatchBaseline", "default": True},
                {"Default": True},
                changed=False,
            ),
        ),
    ),
    Scenario(
        "wrongOperatingSystem",
        (
            Run(BASELINE, {"name": "base", **DEFAULTS}, {"Default": False}),
            Refused(
                BASELINE,
                {**BY_ID, "operating_system": "UBUNTU", "default": True},
                ("operating_system:", "AMAZON_LINUX_2022"),
            ),
        ),
    ),
    Scenario(
        "systemDefault",
        (
            Run(
                BASELINE,
                {"name": "AWS-CentOSDefaultPatchBaseline", "operating_system": "CENTOS", "default": True},
                {"Default": True, "OperatingSystem": "CENTOS"},
                changed=False,
            ),
            Refused(BASELINE, {"name": "AWS-CentOSDefaultPatchBaseline", "state": "absent"}, ("AWS",)),
        ),
    ),
    Scenario(
        "update",
        (
            Run(BASELINE, {**WINDOWS, **PATCHES, "default": True}, {"Default": True}),
            Run(BASELINE, {**WINDOWS, **PATCHES, "name": "updated", "default": True}, {"Default": True}),
            Run(BASELINE, WINDOWS, {"Default": False}, changed=False),
            Run(BASELINE, {**WINDOWS, "name": "updated", "default": False}, {"Default": False}),
        ),
    ),
)
def test_terraform_default_patch_baseline(runner: ScenarioRunner, scenario: Scenario) -> None:
    runner.run_steps(*scenario.steps)


def test_terraform_default_patch_baseline_by_arn(runner: ScenarioRunner) -> None:
    created = runner.run(Run(BASELINE, {**WINDOWS, **PATCHES}))
    by_arn: Args = {"baseline_id": ARN + created["BaselineId"], "default": True}
    result = runner.account.run(BASELINE, **by_arn)
    assert result["changed"]
    assert result["baseline"]["baseline_id"] == created["BaselineId"]
    assert not runner.account.run(BASELINE, **by_arn)["changed"]
    runner.run_steps(Run(BASELINE, {**BY_ID, "default": True}, {"Default": True}, changed=False))


def test_terraform_default_patch_baseline_multi_region(runner: ScenarioRunner) -> None:
    first = runner.run(Run(BASELINE, {**WINDOWS, **PATCHES, "default": True}, {"Default": True}))
    elsewhere: Args = {
        "region": "us-west-2",
        "name": "alternate",
        "operating_system": "WINDOWS",
        **PATCHES,
        "default": True,
    }
    second = runner.account.run(BASELINE, **elsewhere)["baseline"]["baseline_id"]
    assert not runner.account.run(BASELINE, **elsewhere)["changed"]
    ids = [
        runner.client(region).get_default_patch_baseline(OperatingSystem="WINDOWS")["BaselineId"]
        for region in ("eu-central-1", "us-west-2")
    ]
    assert ids == [first["BaselineId"], second]
    assert runner.account.run(BASELINE, region="us-west-2", name="alternate", state="absent")["changed"]
    restored = runner.client("us-west-2").get_default_patch_baseline(OperatingSystem="WINDOWS")["BaselineId"]
    assert restored.startswith("arn:aws:ssm:us-west-2:")
