# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests of the AWS CLI's examples, the User Guide's tutorials and the examples of CloudFormation and Terraform.

Ids that are cut off in print are whole here.
"""

from __future__ import annotations

from typing import Any

from .examples import Example, examples, hold
from .scenario_runner import BASELINE, TARGET, WINDOW, Args, Raw, ScenarioRunner
from .surroundings import INSTANCES, in_window, window

FIRST = {"Name": "My-First-Maintenance-Window", "Schedule": "cron(0 16 ? * TUE *)", "Duration": 4, "Cutoff": 1}
FIRST_ARGS = {"schedule": "cron(0 16 ? * TUE *)", "duration": 4, "cutoff": 1}
PRODUCTION = [{"Key": "Environment", "Value": "Production"}]


def made_window(title: str, request: Raw, args: Args) -> Example:
    """A window; AllowUnassociatedTargets is required by the API and false in the module."""
    return Example(title, WINDOW, {"AllowUnassociatedTargets": False, **request}, args)


def registered(title: str, key: str, values: list[str], args: Args, **request: Any) -> Example:
    """A target with one criterion."""
    criteria = {"ResourceType": "INSTANCE", "Targets": [{"Key": key, "Values": values}]}
    return Example(
        title, TARGET, {"WindowId": "<tuesdays.WindowId>", **criteria, **request}, in_window(**args), (window(),)
    )


def rule(days: int | str, filters: dict[str, list[str]], **members: Any) -> tuple[Raw, Args]:
    """An approval rule as the API and as the module take it; days: a number, or a day."""
    pairs = [{"Key": key, "Values": values} for key, values in filters.items()]
    member, option = ("ApproveAfterDays", "approve_after_days")
    if isinstance(days, str):
        member, option = ("ApproveUntilDate", "approve_until_date")
    names = {"EnableNonSecurity": "enable_non_security", "ComplianceLevel": "compliance_level"}
    options = {names[name]: value for name, value in members.items()}
    return (
        {"PatchFilterGroup": {"PatchFilters": pairs}, member: days, **members},
        {"filters": filters, option: days, **options},
    )


def approving(title: str, request: Raw, args: Args, *rules: tuple[Raw, Args]) -> Example:
    """A baseline with approval rules; the API takes WINDOWS where no operating system is given."""
    system = request.get("OperatingSystem", "WINDOWS")
    told = {"ApprovalRules": {"PatchRules": [raw for raw, _options in rules]}} if rules else {}
    options = {"approval_rules": [option for _raw, option in rules]} if rules else {}
    return Example(title, BASELINE, {**request, **told}, {"operating_system": system, **args, **options})


AUTO_APPROVAL = {
    "MSRC_SEVERITY": ["Critical", "Important", "Moderate"],
    "CLASSIFICATION": ["SecurityUpdates", "Updates", "UpdateRollups", "CriticalUpdates"],
}
AMAZON_LINUX = {
    "SEVERITY": ["Important", "Critical"],
    "CLASSIFICATION": ["Security", "Bugfix"],
    "PRODUCT": ["AmazonLinux2017.09"],
}
REPOSITORY = (
    "[amzn-main] \nname=amzn-main-Base\nmirrorlist=http://repo./$awsregion./$awsdomain//$releasever/main/mirror.list"
)
SOURCE = {"Name": "My-AL2017.09", "Products": ["AmazonLinux2017.09"], "Configuration": REPOSITORY}
SOURCE_ARGS = {"name": "My-AL2017.09", "products": ["AmazonLinux2017.09"], "configuration": REPOSITORY}


@examples(
    made_window(
        "CLI create-maintenance-window",
        {**FIRST, "AllowUnassociatedTargets": True},
        {**FIRST_ARGS, "allow_unassociated_targets": True},
    ),
    made_window(
        "CLI create-maintenance-window with dates",
        {**FIRST, "StartDate": "2026-03-13T19:00:00Z", "EndDate": "2026-03-23T19:00:00Z"},
        {**FIRST_ARGS, "start_date": "2026-03-13T19:00:00Z", "end_date": "2026-03-23T20:00:00+01:00"},
    ),
    made_window(
        "Walkthrough Production-Tuesdays",
        {
            "Name": "Production-Tuesdays",
            "Schedule": "cron(0 0 22 ? * TUE *)",
            "Duration": 1,
            "Cutoff": 0,
            "Tags": PRODUCTION,
        },
        {"schedule": "cron(0 0 22 ? * TUE *)", "duration": 1, "cutoff": 0, "tags": {"Environment": "Production"}},
    ),
    made_window(
        "CLI get-maintenance-window with a rate",
        {"Name": "My-Maintenance-Window", "Schedule": "rate(3 days)", "Duration": 6, "Cutoff": 1},
        {"schedule": "rate(3 days)", "duration": 6, "cutoff": 1},
    ),
    made_window(
        "CloudFormation MaintenanceWindow",
        {
            "Name": "UpdateSSMAgentMaintenanceWindow",
            "Description": "Maintenance Window to update SSM Agent",
            "Schedule": "cron(0 4 ? * SUN *)",
            "ScheduleTimezone": "US/Eastern",
            "Duration": 2,
            "Cutoff": 1,
        },
        {
            "description": "Maintenance Window to update SSM Agent",
            "schedule": "cron(0 4 ? * SUN *)",
            "schedule_timezone": "US/Eastern",
            "duration": 2,
            "cutoff": 1,
        },
    ),
)
def test_windows(runner: ScenarioRunner, example: Example) -> None:
    hold(runner, example)


@examples(
    registered(
        "CLI register-target one instance",
        "InstanceIds",
        [INSTANCES[0]],
        {"instance_ids": [INSTANCES[0]], "owner_information": "Single instance"},
        OwnerInformation="Single instance",
    ),
    registered(
        "CLI register-target two instances",
        "InstanceIds",
        [*INSTANCES[:2]],
        {"instance_ids": [*INSTANCES[1::-1]], "owner_information": "Two instances in a list"},
        OwnerInformation="Two instances in a list",
    ),
    registered("Guide three instances", "InstanceIds", [*INSTANCES], {"instance_ids": [*INSTANCES]}),
    registered("Guide a tag", "tag:Region", ["East"], {"instance_tags": {"Region": "East"}}),
    registered(
        "Guide a patch group",
        "tag:Patch Group",
        ["my-patch-group"],
        {"patch_groups": ["my-patch-group"], "patch_group_key": "Patch Group"},
    ),
    registered(
        "Guide tag keys",
        "tag-key",
        ["Name", "Instance-Type", "CostCenter"],
        {"tag_keys": ["Name", "Instance-Type", "CostCenter"]},
    ),
    registered(
        "Walkthrough Database Servers",
        "tag:Patch Group",
        ["Database Servers"],
        {
            "patch_groups": ["Database Servers"],
            "patch_group_key": "Patch Group",
            "owner_information": "Database Servers",
        },
        OwnerInformation="Database Servers",
    ),
    registered(
        "CLI register-target two tags",
        "tag:Environment",
        ["Prod"],
        {
            "instance_tags": {"Environment": "Prod", "Role": "Web"},
            "owner_information": "Production Web Servers",
        },
        Targets=[{"Key": "tag:Environment", "Values": ["Prod"]}, {"Key": "tag:Role", "Values": ["Web"]}],
        OwnerInformation="Production Web Servers",
    ),
    registered(
        "API a resource group",
        "resource-groups:Name",
        ["production"],
        {"resource_group": "production"},
        ResourceType="RESOURCE_GROUP",
    ),
    registered(
        "Terraform a target",
        "tag:Name",
        ["acceptance_test"],
        {"description": "This is a target", "targets": [{"key": "tag:Name", "values": ["acceptance_test"]}]},
        Name="maintenance-window-target",
        Description="This is a target",
    ),
)
def test_targets(runner: ScenarioRunner, example: Example) -> None:
    hold(runner, example)


@examples(
    approving(
        "CLI create-patch-baseline auto-approval",
        {"Name": "Windows-Production-Baseline-AutoApproval", "OperatingSystem": "WINDOWS", "Description": "Production"},
        {"description": "Production"},
        rule(7, AUTO_APPROVAL),
    ),
    approving(
        "CLI create-patch-baseline cutoff date",
        {"Name": "Windows-Production-Baseline-AutoApproval", "OperatingSystem": "WINDOWS", "Description": "Production"},
        {"description": "Production"},
        rule("2020-07-07", AUTO_APPROVAL),
    ),
    approving(
        "CLI create-patch-baseline rules and repository",
        {
            "Name": "Amazon-Linux-2017.09-Production-Baseline",
            "OperatingSystem": "AMAZON_LINUX",
            "Tags": PRODUCTION,
            "Sources": [SOURCE],
        },
        {"tags": {"Environment": "Production"}, "sources": [SOURCE_ARGS]},
        rule(7, AMAZON_LINUX, EnableNonSecurity=True),
    ),
    approving(
        "CLI create-patch-baseline approved patches",
        {
            "Name": "Amazon-Linux-2017.09-Alpha-Baseline",
            "OperatingSystem": "AMAZON_LINUX",
            "ApprovedPatches": ["CVE-2018-1234567", "example-pkg-EE-2018*.amzn1.noarch"],
            "ApprovedPatchesComplianceLevel": "HIGH",
            "ApprovedPatchesEnableNonSecurity": True,
            "Tags": [{"Key": "Environment", "Value": "Alpha"}],
        },
        {
            "approved_patches": ["example-pkg-EE-2018*.amzn1.noarch", "CVE-2018-1234567"],
            "approved_patches_compliance_level": "HIGH",
            "approved_patches_enable_non_security": True,
            "tags": {"Environment": "Alpha"},
        },
    ),
    approving(
        "Guide Windows-Server-2012R2",
        {
            "Name": "Windows-Server-2012R2",
            "Tags": PRODUCTION,
            "Description": "Windows Server 2012 R2, Important and Critical security updates",
            "ApprovedPatches": ["KB2032276", "MS10-048"],
            "RejectedPatches": ["KB2124261"],
            "RejectedPatchesAction": "ALLOW_AS_DEPENDENCY",
        },
        {
            "tags": {"Environment": "Production"},
            "description": "Windows Server 2012 R2, Important and Critical security updates",
            "approved_patches": ["KB2032276", "MS10-048"],
            "rejected_patches": ["KB2124261"],
            "rejected_patches_action": "ALLOW_AS_DEPENDENCY",
        },
        rule(
            5,
            {
                "MSRC_SEVERITY": ["Important", "Critical"],
                "CLASSIFICATION": ["SecurityUpdates"],
                "PRODUCT": ["WindowsServer2012R2"],
            },
        ),
    ),
    approving(
        "Terraform global filters and two rules",
        {
            "Name": "patch-baseline",
            "Description": "Patch Baseline Description",
            "ApprovedPatches": ["KB123456", "KB456789"],
            "RejectedPatches": ["KB987654"],
            "GlobalFilters": {
                "PatchFilters": [
                    {"Key": "PRODUCT", "Values": ["WindowsServer2008"]},
                    {"Key": "CLASSIFICATION", "Values": ["ServicePacks"]},
                    {"Key": "MSRC_SEVERITY", "Values": ["Low"]},
                ]
            },
        },
        {
            "description": "Patch Baseline Description",
            "approved_patches": ["KB123456", "KB456789"],
            "rejected_patches": ["KB987654"],
            "global_filters": {
                "PRODUCT": ["WindowsServer2008"],
                "CLASSIFICATION": "ServicePacks",
                "MSRC_SEVERITY": ["Low"],
            },
        },
        rule(
            7,
            {
                "PRODUCT": ["WindowsServer2016"],
                "CLASSIFICATION": ["CriticalUpdates", "SecurityUpdates", "Updates"],
                "MSRC_SEVERITY": ["Critical", "Important", "Moderate"],
            },
            ComplianceLevel="HIGH",
        ),
        rule(7, {"PRODUCT": ["WindowsServer2012"]}),
    ),
    approving(
        "Terraform Microsoft applications",
        {"Name": "patch-baseline", "OperatingSystem": "WINDOWS"},
        {},
        rule(7, {"CLASSIFICATION": ["CriticalUpdates", "SecurityUpdates"], "MSRC_SEVERITY": ["Critical"]}),
        rule(7, {"PATCH_SET": ["APPLICATION"], "PRODUCT": ["Office 2013", "Office 2016"]}),
    ),
    approving(
        "Terraform all classifications",
        {"Name": "baseline", "OperatingSystem": "AMAZON_LINUX_2", "Description": "Test"},
        {"description": "Test"},
        rule(5, {"CLASSIFICATION": ["*"]}),
    ),
)
def test_baselines(runner: ScenarioRunner, example: Example) -> None:
    hold(runner, example)
