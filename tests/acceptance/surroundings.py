# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What targets and tasks need around them in most scenarios, made by somebody else."""

from __future__ import annotations

from .scenario_runner import Args, Call, Raw

ROLE = "arn:aws:iam::123456789012:role/MaintenanceWindows"
OTHER_ROLE = "arn:aws:iam::123456789012:role/MaintenanceWindowsUpdated"
INSTANCES = ("i-02573cafcf0123456", "i-0471e042400123456", "i-07782c72fa0123456")
SCHEDULE = {"Schedule": "cron(0 16 ? * TUE *)", "Duration": 3, "Cutoff": 1}
IN_WINDOW = {"window": "<tuesdays.WindowId>"}


def window(*, unassociated: bool = False) -> Call:
    """A window, known as C(tuesdays)."""
    request = {"Name": "tuesdays", **SCHEDULE, "AllowUnassociatedTargets": unassociated}
    return Call("CreateMaintenanceWindow", request, keep="tuesdays")


def target(keep: str = "servers", **members: object) -> Call:
    """A registered target of that window."""
    request: Raw = {
        "WindowId": "<tuesdays.WindowId>",
        "ResourceType": "INSTANCE",
        "Targets": [{"Key": "tag:Name", "Values": ["acceptance"]}],
        **members,
    }
    return Call("RegisterTargetWithMaintenanceWindow", request, keep=keep)


def in_window(**options: object) -> Args:
    """Arguments of a module in that window."""
    return {**IN_WINDOW, **options}
