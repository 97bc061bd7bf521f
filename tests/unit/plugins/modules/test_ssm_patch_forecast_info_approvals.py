# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_forecast_info: what is approved at the time of the run, as the service says once it is that time."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import GRADED, baseline, node, pages, plant

MODULE = "ssm_patch_forecast_info"
ALL = {"PRODUCT": ["*"]}
BASELINE = {"name": "base", "approval_rules": [{"filters": ALL, "approve_after_days": 0}]}


def set_up(account: Account, system: str) -> list[str]:
    """A node that lacks six patches, and a window that installs them; their names."""
    lacking = node(0, "web", MissingCount=6, OperatingSystem=system)
    plant(account, baseline("web", system=system, Name="base", **GRADED), nodes=[lacking])
    task = {"name": "install", "operation": "Install", "window_targets": ["web"]}
    when = {"schedule": "cron(0 2 ? * TUE#2 *)", "duration": 4, "cutoff": 1}
    targets = [{"name": "web", "patch_groups": ["web"]}]
    account.run("ssm_patch_setup", windows=[{"name": "prod", **when, "targets": targets, "patch_tasks": [task]}])
    return [one["kb_id"] for one in account.run(MODULE, level="patches")["patches"]]


@pytest.mark.parametrize(
    "rules",
    [
        [{"filters": ALL, "approve_after_days": 60}],
        [{"filters": ALL, "approve_after_days": 90}],
        [{"filters": ALL, "approve_until_date": "2025-11-01"}],
        [{"filters": {"MSRC_SEVERITY": ["Critical"]}, "approve_after_days": 90}],
        [],
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_patches_of_windows_are_installed_that_are_approved_then(
    account: Account, rules: list[dict[str, Any]], named: bool
) -> None:
    names = set_up(account, "WINDOWS")
    lists = {"rejected_patches": names[:2], "approved_patches": names[1:3]} if named else {}
    account.run("ssm_patch_baseline", name="base", operating_system="WINDOWS", approval_rules=rules, **lists)

    result = account.run(MODULE, level="patches")

    account.simulator.set_clock(result["runs"][0]["run_time"] if result["runs"] else "2026-01-13T02:00:00Z")
    asked = {"BaselineId": result["instances"][0]["baseline_id"]}
    listed = pages(account, "DescribeEffectivePatchesForPatchBaseline", "EffectivePatches", **asked)
    approved = {
        one["Patch"]["KbNumber"] for one in listed if one["PatchStatus"]["DeploymentStatus"].endswith("APPROVED")
    }
    assert {one["kb_id"] for one in result["patches"] if one["will_install"]} == approved & {*names}
    assert result["instances"][0]["install_count"] == len(approved & {*names})
    assert all(one["approved_by"] for one in result["patches"] if one["will_install"])


@pytest.mark.parametrize("system", ["AMAZON_LINUX_2023", "UBUNTU"])
def test_packages_that_are_rejected_since_the_last_report_are_not_installed(account: Account, system: str) -> None:
    kernel, openssl, bind, *_rest = set_up(account, system)
    rejected = [kernel, openssl.partition(".")[0], f"{bind.partition('.')[0]}*"]
    account.run("ssm_patch_baseline", **BASELINE, operating_system=system, rejected_patches=rejected)

    result = account.run(MODULE, level="patches")

    assert [one["approved_by"] for one in result["patches"][:3]] == ["rejected_patches"] * 3
    assert [one["will_install"] for one in result["patches"]] == [False] * 3 + [True] * 3
    assert result["instances"][0]["install_count"] == 3


@pytest.mark.parametrize("level", ["instances", "patches"])
def test_a_report_by_another_baseline_does_not_say_what_is_installed(account: Account, level: str) -> None:
    set_up(account, "AMAZON_LINUX_2023")
    moved = {"patch_groups": ["web"], "move_patch_groups": True, "operating_system": "AMAZON_LINUX_2023"}
    account.run("ssm_patch_baseline", **{**BASELINE, "name": "other"}, **moved)

    [row] = account.run(MODULE, level=level)["instances"]

    assert (row["install_count"], row["reboot"], row["unknown_reason"]) == (None, None, "baseline_changes")
