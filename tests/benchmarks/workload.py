# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is applied: windows with two targets and three tasks each, and baselines with a patch group each."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

WINDOWS = 50
BASELINES = 20
TARGETS_PER_WINDOW = 2
TASKS_PER_WINDOW = 3

Declaration = dict[str, Any]

_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FILTERS = {
    "WINDOWS": {"MSRC_SEVERITY": ["Critical", "Important"], "CLASSIFICATION": ["SecurityUpdates"]},
    "AMAZON_LINUX_2023": {"SEVERITY": ["Critical", "Important"], "CLASSIFICATION": ["Security"]},
    "UBUNTU": {"PRIORITY": ["Required", "Important"]},
    "REDHAT_ENTERPRISE_LINUX": {"SEVERITY": ["Critical"], "CLASSIFICATION": ["Security", "Bugfix"]},
}


def declaration(windows: int = WINDOWS, baselines: int = BASELINES) -> Declaration:
    """Return options of ssm_patch_setup, which are also variables of the role without their prefix."""
    return {
        "baselines": [_baseline(number) for number in range(baselines)],
        "windows": [_window(number, _group(number % max(baselines, 1))) for number in range(windows)],
    }


def with_one_change(before: Declaration) -> Declaration:
    """Return the same declaration with one hour more for the window in the middle."""
    after = deepcopy(before)
    after["windows"][len(after["windows"]) // 2]["duration"] += 1
    return after


def resources(of: Declaration) -> int:
    """Return how many resources a declaration names, so how many calls of single modules it takes."""
    children = sum(len(window[kind]) for window in of["windows"] for kind in ("targets", "patch_tasks", "tasks"))
    return len(of["baselines"]) + len(of["windows"]) + children


def _group(number: int) -> str:
    return f"bench-group-{number:02}"


def _baseline(number: int) -> dict[str, Any]:
    system = list(_FILTERS)[number % len(_FILTERS)]
    return {
        "name": f"bench-baseline-{number:02}",
        "operating_system": system,
        "description": f"Approved for {_group(number)}",
        "approval_rules": [{"filters": _FILTERS[system], "approve_after_days": 7, "compliance_level": "HIGH"}],
        "patch_groups": [_group(number)],
    }


def _window(number: int, group: str) -> dict[str, Any]:
    return {
        "name": f"bench-window-{number:02}",
        "description": f"Patching of {group}",
        "schedule": f"cron(0 0 {number % 24} ? * {_DAYS[number % 7]} *)",
        "schedule_timezone": "Europe/Berlin",
        "duration": 3,
        "cutoff": 1,
        "targets": [
            {"name": "group", "patch_groups": [group], "owner_information": "operations"},
            {"name": "tagged", "instance_tags": {"Environment": ["production"], "Team": [f"team-{number % 5}"]}},
        ],
        "patch_tasks": [
            {"name": "scan", "operation": "Scan", "window_targets": ["group", "tagged"], "priority": 1},
            {"name": "install", "operation": "Install", "window_targets": ["group"], "priority": 2},
        ],
        "tasks": [
            {
                "name": "report",
                "task_type": "RUN_COMMAND",
                "task_arn": "AWS-RunShellScript",
                "window_targets": ["group"],
                "max_concurrency": "10%",
                "max_errors": "10%",
                "priority": 3,
                "run_command": {"parameters": {"commands": ["uptime"]}, "timeout_seconds": 600},
            }
        ],
    }
