# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A window whose tasks patch the nodes of the patch group Web, in the format of a seed."""

from __future__ import annotations

from typing import Any

SCAN, INSTALL = {"Operation": ["Scan"]}, {"Operation": ["Install"], "RebootOption": ["NoReboot"]}


def patch_task(name: str, parameters: dict[str, Any] = SCAN, **members: Any) -> dict[str, Any]:
    """A task that patches all nodes of the target web at the same time."""
    return {
        "Name": name,
        "TaskType": "RUN_COMMAND",
        "TaskArn": "AWS-RunPatchBaseline",
        "Targets": [{"Key": "WindowTargetIds", "Values": ["web"]}],
        "MaxConcurrency": "100%",
        "MaxErrors": "0",
        "TaskInvocationParameters": {"RunCommand": {"Parameters": parameters}},
        **members,
    }


def web_window(tasks: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    """A window that opens each night at 02:00, with the target web."""
    criteria = [{"Key": "tag:PatchGroup", "Values": ["Web"]}]
    return {
        "Name": "prod",
        "Schedule": "cron(0 2 ? * * *)",
        "Duration": 4,
        "Cutoff": 1,
        "AllowUnassociatedTargets": False,
        "Targets": [{"Name": "web", "ResourceType": "INSTANCE", "Targets": criteria}],
        "Tasks": tasks,
        **members,
    }


def web_node(instance_id: str, **members: Any) -> dict[str, Any]:
    """A node of the patch group with two missing patches."""
    return {"InstanceId": instance_id, "Tags": {"PatchGroup": "Web"}, "MissingCount": 2, **members}
