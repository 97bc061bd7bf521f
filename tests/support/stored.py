# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Responses of reads of windows, targets, tasks and baselines, for tests without an account."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import botocore.session
from ansible_collections.patchfleet.aws.plugins.module_utils._info.export import WindowParts, declare_window
from ansible_collections.patchfleet.aws.plugins.module_utils._options.kind import Kind
from ansible_collections.patchfleet.aws.plugins.module_utils._resources.tasks import tidied
from ansible_collections.patchfleet.aws.plugins.module_utils._state.declaration import (
    Declaration,
    make_entry,
    violations,
)

Raw = dict[str, Any]
WINDOW_ID = "mw-0123456789abcdef0"
BASELINE_ID = "pb-0123456789abcdef0"
INSTANCES = ["i-0123456789abcdef0", "i-0123456789abcdef1"]
WINDOW: Raw = {
    "WindowId": WINDOW_ID,
    "Name": "prod",
    "Schedule": "cron(0 2 ? * TUE#2 *)",
    "Duration": 4,
    "Cutoff": 1,
    "AllowUnassociatedTargets": False,
    "Enabled": True,
}
SERVERS: Raw = {
    "WindowTargetId": "00000000-0000-0000-0000-000000000001",
    "Name": "servers",
    "ResourceType": "INSTANCE",
    "Targets": [{"Key": "tag:PatchGroup", "Values": ["Web"]}],
}
INSTALL: Raw = {
    "WindowTaskId": "00000000-0000-0000-0000-00000000000a",
    "Name": "install",
    "TaskType": "RUN_COMMAND",
    "TaskArn": "AWS-RunPatchBaseline",
    "Targets": [{"Key": "WindowTargetIds", "Values": [SERVERS["WindowTargetId"]]}],
    "MaxConcurrency": "10%",
    "MaxErrors": "10%",
    "Priority": 1,
    "ServiceRoleArn": "arn:aws:iam::123456789012:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM",
    "TaskInvocationParameters": {
        "RunCommand": {"Parameters": {"Operation": ["Install"], "RebootOption": ["RebootIfNeeded"]}}
    },
}
LAMBDA: Raw = {
    "WindowTaskId": "00000000-0000-0000-0000-00000000000b",
    "Name": "tell",
    "TaskType": "LAMBDA",
    "TaskArn": "SSMtell",
    "Priority": 1,
    "MaxConcurrency": "1",
    "MaxErrors": "1",
    "TaskInvocationParameters": {"Lambda": {"Payload": b'{"id": "{{RESOURCE_ID}}"}'}},
}
GROUP = "resource-groups:Name"
TYPES = "resource-groups:ResourceTypeFilters"
NOTIFICATION = {"NotificationArn": "arn:aws:sns:eu-central-1:123456789012:one"}
ROLE = "arn:aws:iam::123456789012:role/one"
BASELINE: Raw = {
    "BaselineId": BASELINE_ID,
    "Name": "linux",
    "OperatingSystem": "AMAZON_LINUX_2023",
    "GlobalFilters": {"PatchFilters": []},
    "ApprovalRules": {"PatchRules": []},
    "ApprovedPatches": [],
    "ApprovedPatchesComplianceLevel": "UNSPECIFIED",
    "ApprovedPatchesEnableNonSecurity": False,
    "RejectedPatches": [],
    "RejectedPatchesAction": "ALLOW_AS_DEPENDENCY",
    "Sources": [],
    "PatchGroups": [],
}


@cache
def _model() -> Any:
    return botocore.session.get_session().get_service_model("ssm")


@cache
def shape(operation: str) -> Any:
    """The botocore shape of an operation's input."""
    return _model().operation_model(operation).input_shape


def check(kind: Kind, options: dict[str, Any]) -> list[str]:
    """Violations in the options of one resource."""
    return violations(Declaration({kind.name: (make_entry(kind, options),)}), shape)


def task(raw: Raw, command: Raw | None = None, **members: Any) -> Raw:
    """A task with other members. command: other members of its RunCommand structure."""
    changed = {**deepcopy(raw), **members}
    if command is not None:
        changed["TaskInvocationParameters"]["RunCommand"].update(command)
    return changed


def run_command(parameters: Raw, arn: str = "AWS-RunPatchBaseline", **members: Any) -> Raw:
    """A Run Command task with these parameters."""
    return task(INSTALL, {"Parameters": parameters}, TaskArn=arn, **members)


def parts(targets: list[Raw], tasks: list[Raw], tags: dict[str, str] | None = None, **members: Any) -> WindowParts:
    """A window as it was read."""
    return WindowParts({**WINDOW, **members}, tags or {}, targets, [tidied(raw) for raw in tasks])


def declared(*tasks: Raw, targets: tuple[Raw, ...] = (SERVERS,), **members: Any) -> tuple[dict[str, Any], list[str]]:
    """The declaration of a window with these tasks, and what it does not contain."""
    found = declare_window(parts([*targets], [*tasks], **members), 1, check)
    assert found.options is not None
    return found.options, found.undeclared


def unlike(raw: Raw, number: int, **members: Any) -> Raw:
    """Another resource with a different ID and different values of these members."""
    id_member = "WindowTaskId" if "TaskArn" in raw else "WindowTargetId"
    return {**raw, id_member: f"00000000-0000-0000-0000-{number:012d}", **members}
