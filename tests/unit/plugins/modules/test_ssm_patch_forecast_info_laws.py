# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forecasts of whole fleets, held against what happened when the clock of the simulator has passed the runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import GRADED, baseline, plant

MODULE = "ssm_patch_forecast_info"
TROUBLE = {"missing": 0.4, "failed": 0.1, "pending_reboot": 0.2, "never_scanned": 0.1, "connection_lost": 0.1}
FLEETS: dict[str, dict[str, Any]] = {
    "mixed": {"count": 60, "seed": 1, **TROUBLE},
    "Windows": {"count": 40, "seed": 2, "operating_systems": {"WINDOWS": 1}, **TROUBLE},
    "hybrid Linux": {"count": 30, "seed": 3, "operating_systems": {"UBUNTU": 1, "SUSE": 1}, "hybrid": 1, **TROUBLE},
    "all in order": {"count": 20, "seed": 4, **dict.fromkeys(TROUBLE, 0)},
    "all lacking": {"count": 20, "seed": 5, **dict.fromkeys(TROUBLE, 0), "missing": 1},
}
SYSTEMS = ("WINDOWS", "AMAZON_LINUX_2", "AMAZON_LINUX_2023", "UBUNTU", "SUSE", "REDHAT_ENTERPRISE_LINUX", "DEBIAN")
GROUPS = {"web": "RebootIfNeeded", "db": "NoReboot"}


def window(group: str, day: str) -> dict[str, Any]:
    # An error stops no node.
    rates = {"max_concurrency": "100%", "max_errors": "100%"}
    task = {"name": "install", "operation": "Install", "window_targets": ["nodes"], **rates}
    return {
        "name": f"window-{group}",
        "schedule": f"cron(0 2 ? * {day} *)",
        "schedule_timezone": "Europe/Berlin",
        "duration": 4,
        "cutoff": 1,
        "targets": [{"name": "nodes", "patch_groups": [group]}],
        "patch_tasks": [{**task, "reboot_option": GROUPS[group]}],
    }


@pytest.mark.parametrize("level", ["instances", "patches"])
@pytest.mark.parametrize("name", FLEETS)
def test_what_is_forecast_happens(account: Account, name: str, level: str) -> None:
    groups = {"web": 3, "db": 2, "": 1}
    baselines = [baseline(*GROUPS, system=system, **GRADED) for system in SYSTEMS]
    # A planted update that is only available stays so, even where its baseline approves it by now.
    fleet = {"patch_groups": groups, "patch_group_tag": "PatchGroup", "available_security": 0, **FLEETS[name]}
    plant(account, *baselines, **fleet)
    account.run("ssm_patch_setup", windows=[window("web", "SAT"), window("db", "SUN")])
    nodes = account.simulator._regions[ACCOUNT, REGION].fleet
    before = {one.instance_id: one.counts for one in nodes}

    result = account.run(MODULE, level=level)

    last = max(datetime.fromisoformat(run["run_time"]) for run in result["runs"])
    account.simulator.set_clock(last + timedelta(hours=4))
    rows = {row["instance_id"]: row for row in result["instances"]}
    assert set(rows) == {one.instance_id for one in nodes if dict(one.tags).get("PatchGroup")}
    for one in nodes:
        row, old, new = rows.get(one.instance_id), before[one.instance_id], one.counts
        installed = new.installed + new.pending_reboot - old.installed - old.pending_reboot
        if row is None or row["unknown_reason"] == "agent_offline":
            assert new == old
            assert row is None or (row["install_count"], row["reboot"]) == (0, False)
            continue
        assert one.report.run.operation == "Install"
        assert one.report.started >= datetime.fromisoformat(row["run_time"]).timestamp()
        assert one.report.run.reboot_option == row["reboot_option"]
        if row["unknown_reason"] == "never_scanned":
            assert (row["install_count"], row["reboot"]) == (None, None)
            continue
        # What a node fails to install was to be installed all the same.
        assert row["install_count"] == installed + (new.failed if one.failing else 0)
        if not one.failing:
            rebooted = bool(installed + old.pending_reboot) and not new.pending_reboot
            assert row["reboot"] is rebooted
    for run in result["runs"]:
        of_run = [row for row in rows.values() if row["window"] == run["window"]]
        assert run["patch_count"] == sum(row["install_count"] or 0 for row in of_run)
        assert run["reboot_count"] == sum(bool(row["reboot"]) for row in of_run)
        assert run["node_count"] == len(of_run)
