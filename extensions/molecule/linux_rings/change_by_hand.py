#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change every declared field of every window, target, task and baseline of an account, as somebody would by hand.

The exit status is 1, with the fields named, if one that is declared is as it was.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent / "shared" / "lookup_plugins"))
from account import Account, Raw

WINDOW = {
    "Description": "by hand",
    "Schedule": "rate(8 days)",
    "ScheduleTimezone": "Asia/Tokyo",
    "Duration": 24,
    "Cutoff": 23,
    "AllowUnassociatedTargets": True,
    "Enabled": False,
}
TARGET: Raw = {
    "Description": "by hand",
    "OwnerInformation": "by hand",
    "Targets": [{"Key": "tag:ByHand", "Values": ["yes"]}],
}
TASK: Raw = {
    "Description": "by hand",
    "MaxConcurrency": "1",
    "MaxErrors": "0",
    "Priority": 9,
    "ServiceRoleArn": "arn:aws:iam::123456789012:role/by-hand",
    "Targets": [{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}],
}
RUN_COMMAND: Raw = {
    "Comment": "By hand",
    "TimeoutSeconds": 60,
    "OutputS3BucketName": "by-hand",
    "OutputS3KeyPrefix": "by-hand",
    "ServiceRoleArn": "arn:aws:iam::123456789012:role/by-hand",
    "NotificationConfig": {
        "NotificationArn": "arn:aws:sns:eu-central-1:123456789012:by-hand",
        "NotificationEvents": ["All"],
        "NotificationType": "Invocation",
    },
}
OTHER = {
    "Install": "Scan",
    "Scan": "Install",
    "RebootIfNeeded": "NoReboot",
    "CANCEL_TASK": "CONTINUE_TASK",
    "CONTINUE_TASK": "CANCEL_TASK",
}
FILTERS = [{"Key": "PRODUCT", "Values": ["*"]}]
BASELINE: Raw = {
    "Description": "by hand",
    "ApprovalRules": {
        "PatchRules": [
            {
                "PatchFilterGroup": {"PatchFilters": FILTERS},
                "ComplianceLevel": "LOW",
                "EnableNonSecurity": True,
                "ApproveAfterDays": 0,
            }
        ]
    },
    "RejectedPatches": ["by-hand"],
    "RejectedPatchesAction": "ALLOW_AS_DEPENDENCY",
}
# What a resource is and is called, and what the declaration leaves to AWS.
NOT_DECLARED = {
    "AvailableSecurityUpdatesComplianceStatus", "ApprovedPatches", "ApprovedPatchesComplianceLevel",
    "ApprovedPatchesEnableNonSecurity", "BaselineId", "Default", "GlobalFilters", "LoggingInfo", "Name",
    "OperatingSystem", "ResourceType", "Sources", "TaskArn", "TaskParameters", "TaskType",
}  # fmt: skip


def change(account: Account) -> None:
    """Change everything that is there."""
    ssm, ids = account.ssm, account.ids
    for window, raw in account.windows().items():
        ssm.update_maintenance_window(WindowId=ids[window], Name=window, **WINDOW, Replace=True)
        retag(ssm, "MaintenanceWindow", ids[window])
        for name in raw["Targets"]:
            ssm.update_maintenance_window_target(WindowId=ids[window], WindowTargetId=ids[f"{window}/{name}"], **TARGET)
        for name, task in raw["Tasks"].items():
            ssm.update_maintenance_window_task(
                WindowId=ids[window], WindowTaskId=ids[f"{window}/{name}"], **TASK, **otherwise(task)
            )
    for name, raw in account.baselines().items():
        ssm.update_patch_baseline(BaselineId=ids[name], **BASELINE)
        retag(ssm, "PatchBaseline", ids[name])
        for group in raw["PatchGroups"]:
            ssm.deregister_patch_baseline_for_patch_group(BaselineId=ids[name], PatchGroup=group)


def otherwise(task: Raw) -> Raw:
    """What a task has that is a choice between two, and what it has of its command: changed; nothing is added."""
    command = task["TaskInvocationParameters"]["RunCommand"]
    changed = {name: value for name, value in RUN_COMMAND.items() if name in command}
    changed["Parameters"] = {name: [OTHER[value] for value in values] for name, values in command["Parameters"].items()}
    return {
        "CutoffBehavior": OTHER[task["CutoffBehavior"]],
        "TaskInvocationParameters": {"RunCommand": changed},
    }


def retag(ssm: Any, resource_type: str, resource_id: str) -> None:
    """Change the tag of a resource and add another."""
    tags = [{"Key": "ring", "Value": "by hand"}, {"Key": "more", "Value": "by hand"}]
    ssm.add_tags_to_resource(ResourceType=resource_type, ResourceId=resource_id, Tags=tags)


def unchanged(before: Any, after: Any, path: str) -> list[str]:
    """The paths of declared fields that have the same value in both."""
    if isinstance(before, dict) and before and not path.endswith("Tags"):
        fields = (name for name in before if name not in NOT_DECLARED)
        return [found for name in fields for found in unchanged(before[name], after.get(name), f"{path}/{name}")]
    return [path] if before == after and before not in ({}, []) else []


def main() -> int:
    """Change the account of the environment; return the exit status."""
    account = Account(os.environ["AWS_REGION"], os.environ["AWS_ACCESS_KEY_ID"])
    before = {"windows": account.windows(), "baselines": account.baselines()}
    change(account)
    left = unchanged(before, {"windows": account.windows(), "baselines": account.baselines()}, "")
    print("\n".join(left), file=sys.stderr)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
