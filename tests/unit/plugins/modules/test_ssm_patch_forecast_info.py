# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_forecast_info: forecasts against what the simulator does when its clock moves."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._forecast.forecast import INSTANCE_FIELDS, PATCH_FIELDS
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import GRADED, baseline, node, plant

MODULE = "ssm_patch_forecast_info"
WINDOW = {"name": "prod", "schedule": "cron(0 2 ? * TUE#2 *)", "duration": 4, "cutoff": 1}
WEB = {"name": "web", "patch_groups": ["web"]}
INSTALL = {"name": "install", "operation": "Install", "window_targets": ["web"], "max_concurrency": "100%"}
NODES = [
    node(0, "web", MissingCount=3),
    node(1, "web", InstalledPendingRebootCount=2),
    node(2, "web"),
    node(3, "web", MissingCount=2, OperatingSystem="WINDOWS"),
    node(4, "web", MissingCount=2, PingStatus="ConnectionLost"),
    node(5, "web", Record="absent"),
    node(6, MissingCount=1),
]


def set_up(account: Account, **changed: Any) -> None:
    windows = baseline("web", system="WINDOWS", Name="windows", **GRADED)
    plant(account, baseline("web", **GRADED), windows, nodes=NODES)
    task = {**INSTALL, **changed}
    account.run("ssm_patch_setup", windows=[{**WINDOW, "targets": [WEB], "patch_tasks": [task]}])
    account.clear_log()


def installed(account: Account, since: str) -> dict[str, int]:
    """How many patches each node has installed since a moment, by its number."""
    fleet = account.simulator._regions["123456789012", "eu-central-1"].fleet
    runs = [(one, one.report) for one in fleet if one.report and one.report.run.operation == "Install"]
    start = datetime.fromisoformat(since).timestamp()
    return {
        one.instance_id[-1]: one.counts.installed + one.counts.pending_reboot
        for one, report in runs
        if report.ended > start
    }


@pytest.mark.parametrize("level", ["instances", "patches"])
@pytest.mark.parametrize("reboot", ["RebootIfNeeded", "NoReboot"])
def test_the_run_does_what_was_forecast(account: Account, level: str, reboot: str) -> None:
    set_up(account, reboot_option=reboot)
    fleet = account.simulator._regions["123456789012", "eu-central-1"].fleet
    before = {one.instance_id[-1]: one.counts.installed + one.counts.pending_reboot for one in fleet}

    result = account.run(MODULE, level=level)

    rows = {row["instance_id"][-1]: row for row in result["instances"]}
    # No execution shows how long a node takes.
    assert {row["may_miss_cutoff"] for row in rows.values()} == {None}
    run = result["runs"][0]
    account.simulator.set_clock(run["run_time"])
    account.simulator.advance(4 * 3600)
    after = installed(account, run["run_time"])
    counts = {one: row["install_count"] for one, row in rows.items()}
    assert counts == {"0": 3, "1": 0, "2": 0, "3": 2, "4": 0, "5": None}
    assert {one: total - before[one] for one, total in after.items() if one != "5"} == {
        one: counts[one] for one in after if one != "5"
    }
    assert set(after) == {one for one, row in rows.items() if row["unknown_reason"] != "agent_offline"}
    reboots = {one for one, row in rows.items() if row["reboot"]}
    assert reboots == ({"0", "1", "3"} if reboot == "RebootIfNeeded" else set())
    pending = {one.instance_id[-1] for one in fleet if one.counts.pending_reboot}
    assert pending - {"5"} == (set() if reboot == "RebootIfNeeded" else {"0", "1", "3"})
    assert {one: row["unknown_reason"] for one, row in rows.items() if row["unknown_reason"]} == {
        "4": "agent_offline",
        "5": "never_scanned",
    }


def test_a_run_counts_its_nodes_and_says_when_it_is(account: Account) -> None:
    set_up(account)

    result = account.run(MODULE)

    counts = {"node_count": 6, "install_node_count": 2, "patch_count": 5, "reboot_count": 3}
    counts |= {"offline_count": 1, "unknown_count": 1}
    assert [{name: one[name] for name in counts} for one in result["runs"]] == [counts]
    assert [(one["run_time"], one["window"], one["task"]) for one in result["runs"]] == [
        ("2026-01-13T02:00:00+00:00", "prod", "install")
    ]
    assert result["summary"] == {"managed": 7, "forecast": 6, "without_install": 1}
    assert "DescribeInstancePatches" not in account.calls()


def test_patches_have_what_approves_them_and_when(account: Account) -> None:
    set_up(account)

    result = account.run(MODULE, level="patches", instance_ids=[node(0)["InstanceId"], node(3)["InstanceId"]])

    linux = [one for one in result["patches"] if one["instance_id"] == node(0)["InstanceId"]]
    windows = [one for one in result["patches"] if one["instance_id"] == node(3)["InstanceId"]]
    assert (len(linux), len(windows)) == (3, 2)
    assert all(one["will_install"] and one["approved_by"] == "approve_after_days: 0" for one in linux + windows)
    assert [one["approved_at"] for one in linux] == [None] * 3
    assert all(one["approved_at"] == one["release_date"] for one in windows)


def test_what_the_baseline_approves_later_is_installed_by_a_later_run_only(account: Account) -> None:
    set_up(account)
    account.run(
        "ssm_patch_baseline",
        name="windows",
        operating_system="WINDOWS",
        approval_rules=[{"filters": {"PRODUCT": ["*"]}, "approve_after_days": 90}],
    )
    only = [node(3)["InstanceId"]]
    early = account.run(MODULE, level="patches", instance_ids=only)
    account.simulator.set_clock("2026-02-01T00:00:00Z")
    account.by_hand("UpdateMaintenanceWindow", WindowId=early["runs"][0]["window_id"], Schedule="cron(0 2 1 6 ? *)")

    late = account.run(MODULE, level="patches", instance_ids=only)

    assert [one["will_install"] for one in early["patches"]] == [False, False]
    assert early["instances"][0]["install_count"] == 0
    newly = late["runs"][0]["newly_approved"]
    assert newly
    assert all(one["approved_at"] <= "2026-06-01" for one in newly)
    assert early["runs"][0]["newly_approved"] == [
        one for one in early["runs"][0]["newly_approved"] if one["approved_at"] <= early["runs"][0]["run_time"]
    ]


@pytest.mark.parametrize(
    ("options", "nodes"),
    [
        ({"window": "other"}, 0),
        ({"window": "prod", "patch_groups": ["web"]}, 6),
        ({"instance_ids": [node(6)["InstanceId"]]}, 0),
    ],
)
def test_a_forecast_is_of_a_window_a_group_or_a_node(account: Account, options: dict[str, Any], nodes: int) -> None:
    set_up(account)
    account.run("ssm_maintenance_window", **{**WINDOW, "name": "other"})

    result = account.run(MODULE, level="instances", **options)

    assert len(result["instances"]) == nodes
    assert len(result["runs"]) == (1 if nodes else 0)


def test_a_list_of_patches_that_overrides_leaves_the_number_open(account: Account) -> None:
    set_up(account, install_override_list="https://example.com/list.yaml")

    row = account.run(MODULE, level="instances")["instances"][0]

    assert (row["install_count"], row["reboot"], row["unknown_reason"]) == (None, None, "override")


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
@pytest.mark.parametrize(("level", "fields"), [("instances", INSTANCE_FIELDS), ("patches", PATCH_FIELDS)])
def test_rows_go_to_a_file(account: Account, tmp_path: Path, suffix: str, level: str, fields: tuple[str, ...]) -> None:
    set_up(account)
    dest = tmp_path / f"forecast.{suffix}"
    returned = account.run(MODULE, level=level)

    predicted = account.run(MODULE, level=level, dest=str(dest), check=True)
    assert predicted["changed"]
    assert not dest.exists()
    written = account.run(MODULE, level=level, dest=str(dest))
    again = account.run(MODULE, level=level, dest=str(dest))

    assert (written["changed"], again["changed"]) == (True, False)
    assert not {"instances", "patches"} & {*written}
    assert (written["runs"], written["summary"]) == (returned["runs"], returned["summary"])
    text = dest.read_text(encoding="utf-8")
    if suffix == "jsonl":
        assert [json.loads(line) for line in text.splitlines()] == returned[level]
    else:
        rows = list(csv.DictReader(text.splitlines()))
        assert tuple(rows[0]) == fields == tuple(returned[level][0])
        assert [row["instance_id"] for row in rows] == [row["instance_id"] for row in returned[level]]


def test_mistakes_are_told(account: Account) -> None:
    account.refuses(MODULE, "dest: requires level=instances", "must end in .csv or .jsonl", dest="/tmp/forecast.txt")
    account.refuses(MODULE, "window: is empty", "concurrency: 0", window=" ", concurrency=0)
    account.refuses(MODULE, "window: 'nightly' does not exist", window="nightly")
