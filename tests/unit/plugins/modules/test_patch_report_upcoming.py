# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""patch_report on what happens next: the same runs as ssm_patch_forecast_info, with no call of its own."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import GRADED, baseline, node, plant
from ansible_collections.patchfleet.aws.tests.support.reporting import PAGE, run_module

COUNTS = ("node_count", "install_node_count", "patch_count", "reboot_count", "offline_count", "unknown_count")
NODES = [
    node(0, "web", MissingCount=3),
    node(1, "web", InstalledPendingRebootCount=2),
    node(2, "web"),
    node(3, "web", MissingCount=2, PingStatus="ConnectionLost"),
    node(4, "web", Record="absent"),
    node(5, "db", MissingCount=1),
    node(6, "list", MissingCount=1),
    node(7, "nobody", MissingCount=1),
]


def window(group: str, schedule: str, zone: str = "Europe/Berlin", **task: Any) -> dict[str, Any]:
    return {
        "name": f"window-{group}",
        "schedule": schedule,
        "schedule_timezone": zone,
        "duration": 4,
        "cutoff": 1,
        "targets": [{"name": "nodes", "patch_groups": [group]}],
        "patch_tasks": [{"name": "install", "operation": "Install", "window_targets": ["nodes"], **task}],
    }


def read(account: Account, folder: Path) -> dict[str, Any]:
    """A reading as the role gives it."""
    plant(account, baseline("web", "db", "list", "nobody", **GRADED), nodes=NODES)
    account.run(
        "ssm_patch_setup",
        windows=[
            window("db", "cron(0 3 ? * SUN *)", reboot_option="NoReboot"),
            window("web", "cron(0 2 ? * SAT *)"),
            # Later than the others, although its local date is earlier.
            window(
                "list",
                "cron(0 22 ? * SAT *)",
                "America/New_York",
                install_override_list="https://example.com/list.yaml",
            ),
        ],
    )
    files = {name: str(folder / f"{name}.jsonl") for name in ("instances", "patches", "coverage")}
    account.run("ssm_patch_compliance_info", level="instances", dest=files["instances"])
    compliance = account.run("ssm_patch_compliance_info", level="patches", dest=files["patches"])
    coverage = account.run("ssm_patch_coverage_info", level="instances", dest=files["coverage"])
    summary = {**coverage["summary"], **compliance["summary"]}
    place = {"account_id": ACCOUNT, "region": REGION, "read_at": compliance["read_at"]}
    return {**place, **files, "summary": summary, "findings": coverage["findings"]}


def written(folder: Path, **options: Any) -> dict[str, str]:
    """The files of a report."""
    run_module(dest=str(folder / "out"), page=PAGE, **options)
    return {path.name: path.read_text(encoding="utf-8") for path in (folder / "out").iterdir()}


def test_the_runs_are_those_of_the_forecast(account: Account, tmp_path: Path) -> None:
    reading = read(account, tmp_path)
    forecast = account.run("ssm_patch_forecast_info", level="instances")

    files = written(tmp_path, readings=[reading])

    names = ("run_time", "window", "task", *COUNTS)
    runs = json.loads(files["report.json"])["upcoming_runs"]
    expected = [{name: run[name] for name in names} for run in forecast["runs"]]
    assert [{name: run[name] for name in names} for run in runs] == expected
    assert [run["window"] for run in runs] == ["window-web", "window-db", "window-list"]
    nodes = {row["instance_id"]: row for row in csv.DictReader(files["nodes.csv"].splitlines())}
    for row in forecast["instances"]:
        found = nodes[row["instance_id"]]
        count, reboot = ("" if row[name] is None else str(row[name]).lower() for name in ("install_count", "reboot"))
        assert (found["next_install_count"], found["next_install_reboot"]) == (count, reboot)
        assert found["next_install_unknown"] == (row["unknown_reason"] or "")
    assert nodes[NODES[7]["InstanceId"]]["next_install"] == ""


def test_the_page_has_the_runs_in_their_order(account: Account, tmp_path: Path) -> None:
    page = written(tmp_path, readings=[read(account, tmp_path)])["report.html"]

    table = page.partition('<table id="next-table"')[2].partition("</table>")[0]
    places = [table.index(f"window-{name}") for name in ("web", "db", "list")]
    assert places == sorted(places)
    assert "2026-01-03 01:00 UTC" in table


def test_without_coverage_nothing_is_said_about_what_comes(account: Account, tmp_path: Path) -> None:
    reading = {**read(account, tmp_path), "coverage": None, "findings": []}

    files = written(tmp_path, readings=[reading])

    assert json.loads(files["report.json"])["upcoming_runs"] is None
    assert 'id="next"' not in files["report.html"]


def test_reports_that_are_joined_forget_runs_that_are_over(account: Account, tmp_path: Path) -> None:
    reading = read(account, tmp_path)
    first = tmp_path / "first.json"
    first.write_text(written(tmp_path, readings=[reading], formats=["json"])["report.json"], encoding="utf-8")
    later = {**reading, "region": "us-east-1", "read_at": "2026-01-03T12:00:00+00:00"}

    joined = written(tmp_path, inputs=[str(first)], readings=[later], formats=["json"])["report.json"]

    runs = json.loads(joined)["upcoming_runs"]
    assert [(run["window"], run["region"]) for run in runs] == [
        ("window-db", REGION),
        ("window-db", "us-east-1"),
        ("window-list", REGION),
        ("window-list", "us-east-1"),
    ]
