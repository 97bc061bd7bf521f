# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other tools made is adopted: a declaration of the same changes names and tags only, and an export nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ssmsim.tags import store_tags

from .foreign_setup import Setup
from .other_setups import BY_HAND, CDK, CLOUDFORMATION
from .terraform_setups import TERRAFORM

STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/patching"
EVERY_SETUP = pytest.mark.parametrize(
    "setup", [*TERRAFORM, *CLOUDFORMATION, *CDK, *BY_HAND], ids=lambda setup: setup.tool
)


def _make(account: Account, setup: Setup) -> None:
    """The calls of the other tool."""
    if setup.baseline:
        baseline = account.by_hand("CreatePatchBaseline", **setup.baseline)["BaselineId"]
        for group in setup.groups:
            account.by_hand("RegisterPatchBaselineForPatchGroup", BaselineId=baseline, PatchGroup=group)
    window = account.by_hand("CreateMaintenanceWindow", **setup.window)["WindowId"]
    if setup.stack:
        tags = [{"Key": "aws:cloudformation:stack-id", "Value": STACK}]
        store_tags(account.simulator._region(ACCOUNT, REGION), "MaintenanceWindow", window, tags, system=True)
    ids = {
        key: account.by_hand("RegisterTargetWithMaintenanceWindow", WindowId=window, **raw)["WindowTargetId"]
        for key, raw in setup.targets.items()
    }
    for task in setup.tasks:
        raw = {name: value for name, value in task.items() if name != "on"}
        if "on" in task:
            raw["Targets"] = [{"Key": "WindowTargetIds", "Values": [ids[key] for key in task["on"]]}]
        account.by_hand("RegisterTaskWithMaintenanceWindow", WindowId=window, **raw)


def _declared(setup: Setup) -> dict[str, Any]:
    baselines = [setup.declared_baseline] if setup.declared_baseline else []
    return {"windows": [setup.declared], "baselines": baselines, "take_over": setup.stack}


def _exported(account: Account) -> dict[str, Any]:
    windows = account.run("ssm_maintenance_window_info", include=["targets", "tasks"])["windows"]
    baselines = account.run("ssm_patch_baseline_info", include=["patch_groups"])["baselines"]
    return {
        "windows": [one["declaration"] for one in windows if one["declaration"]],
        "baselines": [one["declaration"] for one in baselines if one["declaration"]],
    }


@EVERY_SETUP
def test_adopting_changes_names_and_tags_only(account: Account, setup: Setup) -> None:
    _make(account, setup)

    predicted = account.run("ssm_patch_setup", check=True, setup="adopted", **_declared(setup))
    done = account.run("ssm_patch_setup", setup="adopted", **_declared(setup))

    assert predicted["changes"] == done["changes"]
    assert {one["action"] for one in done["changes"]} == {"update"}
    assert {name for one in done["changes"] for name in one["fields"]} <= {"name", "setup", *setup.written}
    unnamed = [*(raw for raw in setup.targets.values()), *setup.tasks]
    renamed = [one for one in done["changes"] if "name" in one["fields"]]
    assert len(renamed) == sum("Name" not in raw for raw in unnamed)
    assert not account.run("ssm_patch_setup", setup="adopted", **_declared(setup))["changed"]


@EVERY_SETUP
@pytest.mark.parametrize("adopted", [False, True], ids=["as it was made", "adopted"])
def test_an_export_changes_nothing(account: Account, setup: Setup, adopted: bool) -> None:
    _make(account, setup)
    if adopted:
        account.run("ssm_patch_setup", **_declared(setup))

    exported = _exported(account)

    assert setup.stack or len(exported["windows"]) == 1
    if exported["windows"]:
        assert not account.run("ssm_patch_setup", **exported)["changes"]
    if adopted and not setup.stack:
        (window,) = exported["windows"]
        names = {child["name"] for kind in ("targets", "patch_tasks", "tasks") for child in window.get(kind, ())}
        assert names == {
            child["name"] for kind in ("targets", "patch_tasks", "tasks") for child in setup.declared.get(kind, ())
        }
