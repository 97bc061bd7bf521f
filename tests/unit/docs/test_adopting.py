# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page on adopting: the worked conversion changes tags only, and its tables have each argument and real options."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import setup
from ansible_collections.patchfleet.aws.tests.support.account import Account
from simulator import CHECKOUT

PAGE = (CHECKOUT / "docs" / "adopting.md").read_text(encoding="utf-8")
# The arguments of version 6 of the Terraform AWS provider, from its registry pages.
ARGUMENTS = {
    "aws_ssm_maintenance_window": "name description schedule schedule_timezone schedule_offset start_date end_date"
    " duration cutoff allow_unassociated_targets enabled tags",
    "aws_ssm_maintenance_window_target": "window_id name description owner_information resource_type targets",
    "aws_ssm_maintenance_window_task": "window_id task_type task_arn name description targets max_concurrency"
    " max_errors priority service_role_arn cutoff_behavior task_invocation_parameters run_command_parameters parameter"
    " comment document_version document_hash document_hash_type timeout_seconds output_s3_bucket output_s3_key_prefix"
    " cloudwatch_config cloudwatch_output_enabled cloudwatch_log_group_name notification_config notification_arn"
    " notification_events notification_type automation_parameters lambda_parameters payload client_context qualifier"
    " step_functions_parameters input",
    "aws_ssm_patch_baseline": "name description operating_system approval_rule patch_filter approve_after_days"
    " approve_until_date compliance_level enable_non_security global_filter approved_patches"
    " approved_patches_compliance_level approved_patches_enable_non_security rejected_patches rejected_patches_action"
    " source available_security_updates_compliance_status tags",
    "aws_ssm_patch_group": "baseline_id patch_group",
    "aws_ssm_default_patch_baseline": "baseline_id operating_system",
}
_TABLE = r"^\| `{}` \| .+\n\| --- \| --- \|\n((?:\|.+\n)+)"


def _rows(resource: str) -> list[tuple[str, str]]:
    table = re.search(_TABLE.format(resource), PAGE, re.MULTILINE)
    assert table, resource
    rows = [line.strip("|\n").split(" | ") for line in table[1].splitlines()]
    return [(left, right) for left, right in rows]


def _option_names() -> set[str]:
    """Options and suboptions of a whole setup, and words that stand for one."""
    names = {"window", "patch_tasks", "tasks", "task_type"}
    waiting = list(setup.OPTIONS)
    while waiting:
        option = waiting.pop()
        names.add(option.name)
        waiting += option.suboptions or ()
    return names


@pytest.mark.parametrize("resource", ARGUMENTS)
def test_the_table_has_every_argument(resource: str) -> None:
    named = {word for left, _right in _rows(resource) for word in re.findall(r"\w+", left)}
    assert set(ARGUMENTS[resource].split()) <= named


@pytest.mark.parametrize("resource", ARGUMENTS)
def test_the_table_names_options_that_exist(resource: str) -> None:
    quoted = [text for _left, right in _rows(resource) for text in re.findall(r"`([a-z_.]+)`", right)]
    assert {word for text in quoted for word in text.split(".")} <= _option_names() | {"default_tags"}


# What Terraform sends for the configuration of the page, less the ids.
RULE = {
    "PatchFilterGroup": {
        "PatchFilters": [
            {"Key": "CLASSIFICATION", "Values": ["Security"]},
            {"Key": "SEVERITY", "Values": ["Critical", "Important"]},
        ]
    },
    "ApproveAfterDays": 7,
    "ComplianceLevel": "CRITICAL",
    "EnableNonSecurity": False,
}
BASELINE = {
    "Name": "web-baseline",
    "OperatingSystem": "AMAZON_LINUX_2023",
    "ApprovedPatchesComplianceLevel": "UNSPECIFIED",
    "ApprovalRules": {"PatchRules": [RULE]},
}
WINDOW = {
    "Name": "web-weekly",
    "Schedule": "cron(0 3 ? * SUN *)",
    "ScheduleTimezone": "Europe/Berlin",
    "Duration": 3,
    "Cutoff": 1,
    "AllowUnassociatedTargets": False,
}
TARGET = {
    "Name": "web",
    "ResourceType": "INSTANCE",
    "Targets": [{"Key": "tag:PatchGroup", "Values": ["web"]}],
}
PARAMETERS = {"Operation": ["Install"], "RebootOption": ["RebootIfNeeded"]}
TASK = {
    "Name": "install",
    "TaskType": "RUN_COMMAND",
    "TaskArn": "AWS-RunPatchBaseline",
    "Priority": 1,
    "ServiceRoleArn": "arn:aws:iam::123456789012:role/patching",
    "MaxConcurrency": "25%",
    "MaxErrors": "1",
    "TaskInvocationParameters": {"RunCommand": {"TimeoutSeconds": 600, "Parameters": PARAMETERS}},
}


def _terraform(account: Account) -> None:
    """Make what the configuration of the page makes."""
    by_hand = account.by_hand
    baseline = by_hand("CreatePatchBaseline", **BASELINE)["BaselineId"]
    by_hand("RegisterPatchBaselineForPatchGroup", BaselineId=baseline, PatchGroup="web")
    window = by_hand("CreateMaintenanceWindow", **WINDOW)["WindowId"]
    target = by_hand("RegisterTargetWithMaintenanceWindow", WindowId=window, **TARGET)["WindowTargetId"]
    targets = [{"Key": "WindowTargetIds", "Values": [target]}]
    by_hand("RegisterTaskWithMaintenanceWindow", WindowId=window, Targets=targets, **TASK)


def _declared() -> dict[str, Any]:
    found = re.search(r"^```yaml\n(# web.yml\n.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return {name.removeprefix("patching_"): value for name, value in yaml.safe_load(found[1]).items()}


def test_the_conversion_changes_the_tags_and_nothing_else(account: Account) -> None:
    _terraform(account)
    done = account.run("ssm_patch_setup", **_declared())
    assert [(one["kind"], one["name"], one["action"], one["fields"]) for one in done["changes"]] == [
        ("baseline", "web-baseline", "update", ["setup"]),
        ("window", "web-weekly", "update", ["setup"]),
    ]
