# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declarations to disturb: what is there, and what is to become of it. They touch every kind and every action."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Json = Any
LINUX, UBUNTU = "AMAZON_LINUX_2023", "UBUNTU"
RULE = {"filters": {"CLASSIFICATION": ["Security"]}, "approve_after_days": 7}
LAMBDA = "arn:aws:lambda:eu-central-1:123456789012:function:patch"
OTHER = "by another controller"
# The longest name that there is, so that its .replaced form is cut.
LONG = "n" * 128


def whole() -> dict[str, Json]:
    """A setup of every kind, with a disabled window and a task that is no patch task."""
    return {
        "setup": "mine",
        "baselines": [
            {
                "name": "linux",
                "operating_system": LINUX,
                "approval_rules": [RULE],
                "patch_groups": ["web", "db"],
                "move_patch_groups": True,
                "tags": {"Team": "Größe 東京", "Empty": ""},
            },
            {"name": "ubuntu", "operating_system": UBUNTU, "rejected_patches": ["a", "b"], "default": True},
            {"name": "spare", "operating_system": LINUX},
        ],
        "windows": [_production(), _test()],
    }


def _production() -> dict[str, Json]:
    return {
        "name": "prod",
        "schedule": "cron(0 2 ? * TUE#2 *)",
        "schedule_offset": 2,
        "schedule_timezone": "Europe/Berlin",
        "description": "second Tuesday",
        "duration": 4,
        "cutoff": 1,
        "tags": {"Env": "prod"},
        "targets": [{"name": "web", "patch_groups": ["web"]}, {"name": LONG, "instance_tags": {"Role": ["db"]}}],
        "patch_tasks": [
            {"name": "scan", "operation": "Scan", "window_targets": ["web", LONG]},
            {
                "name": "install",
                "operation": "Install",
                "window_targets": ["web"],
                "max_errors": "25%",
                "alarm": {"name": "stop"},
                "output_s3_bucket": "some-bucket",
            },
        ],
        "tasks": [{"name": "after", "task_type": "AUTOMATION", "task_arn": "AWS-Nothing", "window_targets": ["web"]}],
    }


def _test() -> dict[str, Json]:
    return {
        "name": "test",
        "schedule": "rate(7 days)",
        "duration": 3,
        "cutoff": 0,
        "enabled": False,
        "targets": [{"name": "all", "tag_keys": ["PatchGroup"]}],
        "patch_tasks": [{"name": "install", "operation": "Install", "window_targets": ["all"]}],
    }


def changed() -> dict[str, Json]:
    """Updates in place: cleared fields, other values, moved groups, tags, a window that opens."""
    after = whole()
    linux, _ubuntu, spare = after["baselines"]
    linux.update(patch_groups=["web"], approval_rules=[{**RULE, "approve_after_days": 0}], tags={"Team": "x"})
    spare.update(patch_groups=["db", "more"], move_patch_groups=True)
    production, test = after["windows"]
    production.update(schedule="rate(1 day)", schedule_offset=0, description="", tags={})
    production["targets"][0]["patch_groups"] = ["web", "more"]
    production["patch_tasks"][1].update(alarm={}, output_s3_bucket="", operation="Scan", reboot_option="")
    test.update(enabled=True, description="opens")
    return after


def replaced() -> dict[str, Json]:
    """Targets of another kind, a task of another type."""
    after = whole()
    production = after["windows"][0]
    production["targets"] = [{"name": "web", "resource_group": "web"}, {"name": LONG, "resource_group": "db"}]
    production["tasks"][0].update(task_type="LAMBDA", task_arn=LAMBDA)
    return after


def fewer() -> dict[str, Json]:
    """Prune of a window, a baseline, a target and a task."""
    after = {**whole(), "prune": True}
    after["baselines"] = after["baselines"][:2]
    production = after["windows"][0]
    after["windows"] = [production]
    production["targets"] = production["targets"][:1]
    production["patch_tasks"] = production["patch_tasks"][1:]
    return after


def bare() -> dict[str, Json]:
    """Everything that is not mentioned goes back to what a new resource has."""
    return {
        "setup": "mine",
        "unset": "reset",
        "baselines": [{"name": "linux", "operating_system": LINUX, "patch_groups": ["web"]}],
        "windows": [
            {
                "name": "prod",
                "schedule": "rate(2 days)",
                "duration": 2,
                "cutoff": 0,
                "targets": [{"name": "web", "patch_groups": ["web"]}],
                "patch_tasks": [{"name": "install", "operation": "Install", "window_targets": ["web"]}],
            }
        ],
    }


def taken() -> dict[str, Json]:
    """The same, adopted from a setup that was called otherwise; nothing in it is pruned in the same run."""
    return {**whole(), "take_over": True}


def swapped() -> dict[str, Json]:
    """Groups and the default change places."""
    after = whole()
    linux, ubuntu, spare = after["baselines"]
    linux.update(patch_groups=["db"], default=False)
    spare.update(patch_groups=["web", "db-standby"], move_patch_groups=True, default=True)
    ubuntu.update(default=False, patch_groups=["web"])
    return after


def thinned() -> dict[str, Json]:
    """Entries that are to be absent, one of each kind."""
    after = whole()
    after["baselines"][2] = {"name": "spare", "state": "absent"}
    after["windows"][1] = {"name": "test", "state": "absent"}
    production = after["windows"][0]
    production["targets"][1] = {"name": LONG, "state": "absent"}
    production["patch_tasks"][0] = {"name": "scan", "state": "absent"}
    production["tasks"][0] = {"name": "after", "state": "absent"}
    # A playbook takes the tasks after the targets, one of which a task still uses.
    production["targets"][1]["force"] = True
    return after


def limited() -> dict[str, Json]:
    """The same prune with a limit that it just keeps; what is left of an interrupted one keeps it all the more."""
    return {**fewer(), "prune_limit": 6}


def modern() -> dict[str, Json]:
    """Changes to patch tasks, of which those that the older API made get today's form."""
    after = whole()
    after["windows"][0]["patch_tasks"][0].update(max_errors="20%", description="modern")
    return after


def gone() -> dict[str, Json]:
    """The end of a setup."""
    return {**whole(), "state": "absent"}


TRANSITIONS: dict[str, tuple[dict[str, Json] | None, dict[str, Json]]] = {
    "create": (None, whole()),
    "change": (whole(), changed()),
    "revert": (changed(), whole()),
    "replace": (whole(), replaced()),
    "prune": (whole(), fewer()),
    "reset": (whole(), bare()),
    "remove": (whole(), gone()),
    "take over": ({**whole(), "setup": "former"}, taken()),
    "swap": (whole(), swapped()),
    "thin": (whole(), thinned()),
    "limit": (whole(), limited()),
    "modernise": (whole(), modern()),
}


def other_values(declaration: dict[str, Json], number: int = 1) -> dict[str, Json]:
    """The same resources as another controller declares them, which differs about their values."""
    other = deepcopy(declaration)
    for window in other["windows"]:
        if window.get("state") != "absent":
            window["duration"] += number
        for child in (*window.get("targets", ()), *window.get("patch_tasks", ())):
            child["description"] = OTHER
    for baseline in other["baselines"]:
        baseline["description"] = OTHER
    return other
