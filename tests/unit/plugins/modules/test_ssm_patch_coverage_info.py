# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_coverage_info: fleets with a planted hole of each kind, and one without any."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._coverage.findings import FINDINGS
from ansible_collections.patchfleet.aws.plugins.module_utils._coverage.rows import INSTANCE_FIELDS
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import GRADED, baseline, node, plant

MODULE = "ssm_patch_coverage_info"
WINDOW = {"name": "prod", "schedule": "cron(0 2 ? * TUE#2 *)", "schedule_timezone": "Europe/Berlin"}
HOURS = {"duration": 4, "cutoff": 1}
WEB = {"name": "web", "patch_groups": ["web"]}
INSTALL = {"name": "install", "operation": "Install", "window_targets": ["web"]}
LINUX = baseline("web", **GRADED)


def window(*tasks: dict[str, Any], targets: Any = (WEB,), **changed: Any) -> dict[str, Any]:
    return {**WINDOW, **HOURS, "targets": [*targets], "patch_tasks": [*(tasks or (INSTALL,))], **changed}


def set_up(account: Account, *windows: dict[str, Any]) -> None:
    account.run("ssm_patch_setup", windows=[*windows])
    account.clear_log()


def seen(result: dict[str, Any]) -> list[str]:
    return [one["finding"] for one in result["findings"]]


def rows(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["instance_id"]: row for row in result["instances"]}


def test_a_fleet_that_is_covered_has_no_finding_and_is_read_once(account: Account) -> None:
    plant(account, LINUX, nodes=[node(number, "web") for number in range(3)])
    set_up(account, window())

    result = account.run(MODULE, level="instances")

    assert result["findings"] == []
    assert result["summary"] == {
        **dict.fromkeys(result["summary"], 0),
        "managed": 3,
        "covered": 3,
        "coverage_percent": 100.0,
        "unmanaged": None,
    }
    row = result["instances"][0]
    assert row["coverage"] == "covered"
    assert row["next_install"] == "2026-01-13T02:00:00+01:00"
    assert row["install_tasks"] == ["prod/install"]
    assert (row["baseline_name"], row["baseline_reason"]) == ("baseline-AMAZON_LINUX_2023", "patch_group")
    assert row["tasks"][0]["window_targets"] == ["web"]
    assert row["tasks"][0]["next_runs"][1:] == ["2026-02-10T02:00:00+01:00", "2026-03-10T02:00:00+01:00"]
    assert set(row) == {*INSTANCE_FIELDS, "tags", "tasks"}
    assert result["groups"] == [{"patch_group": "web", **result["summary"]}]
    assert account.calls() == dict.fromkeys(
        (
            *("DescribeMaintenanceWindows", "DescribeMaintenanceWindowTargets", "DescribeMaintenanceWindowTasks"),
            *("GetMaintenanceWindowTask", "DescribeMaintenanceWindowExecutions", "DescribePatchBaselines"),
            *("GetPatchBaseline", "DescribePatchGroups", "DescribeInstanceInformation", "DescribeInstances"),
        ),
        1,
    )


WIDE = {"name": "wide", "patch_groups": ["web", "twice", "empty"]}
NOBODY = {"name": "nobody", "instance_tags": {"Env": "none"}}
SCANNED = {"name": "scan", "patch_groups": ["scan"]}
TWICE = {"name": "twice", "patch_groups": ["twice"]}
HOLED_NODES = [
    node(0, "web"),
    node(1),
    node(2, "scan"),
    node(3, "twice"),
    node(4, "Web"),
    node(5, "web", OperatingSystem="UBUNTU"),
    node(6, "empty"),
    node(7, "web", PingStatus="ConnectionLost"),
    node(8, "web", Managed=False),
    {**node(9), "Tags": {"patch group": "web"}},
]
HOLED_WINDOWS = [
    window({**INSTALL, "window_targets": ["wide", "nobody"]}, targets=[WIDE, NOBODY]),
    window({**INSTALL, "window_targets": ["lost"]}, targets=[{**WEB, "name": "lost"}], name="bare"),
    window(
        {"name": "scan", "operation": "Scan", "window_targets": ["scan"]},
        targets=[SCANNED],
        name="scans",
        schedule="cron(0 1 * * ? *)",
    ),
    window({**INSTALL, "window_targets": ["twice"]}, targets=[TWICE], name="later", schedule="cron(0 9 ? * TUE#2 *)"),
    window(name="off", enabled=False),
    window(name="past", start_date="2025-12-01T00:00:00Z", end_date="2026-01-02T00:00:00Z"),
    window(name="never", schedule="cron(0 2 1 1 ? 2026)", schedule_timezone="UTC"),
]


def holes(account: Account) -> None:
    """A fleet with a hole of every kind but a window that is too short. The number of a node says which."""
    plant(account, LINUX, baseline("empty", Name="empty"), nodes=HOLED_NODES)
    set_up(account, *HOLED_WINDOWS)
    account.run("ssm_window_target", window="bare", name="lost", state="absent", force=True)
    account.simulator.advance(2 * 86400)
    account.clear_log()


def test_every_planted_hole_is_found_and_no_other(account: Account) -> None:
    holes(account)

    result = account.run(MODULE, level="instances", include_unmanaged=True)

    assert {row["instance_id"][-1]: row["findings"] for row in result["instances"]} == {
        "0": [],
        "1": ["not_reached"],
        "2": ["scan_only", "group_without_baseline"],
        "3": ["double_covered", "group_without_baseline"],
        "4": ["not_reached", "group_misspelt"],
        "5": ["group_without_baseline"],
        "6": ["baseline_approves_nothing"],
        "7": ["agent_offline"],
        "8": ["not_managed"],
        "9": ["not_reached", "group_misspelt"],
    }
    about = {
        (one["finding"], one["window"], one["window_target"] or one["task"] or one["patch_group"])
        for one in result["findings"]
    }
    assert {one for one in about if one[1]} == {
        ("window_disabled", "off", None),
        ("window_ended", "past", None),
        ("window_never_opens", "never", None),
        ("task_without_targets", "bare", "install"),
        ("target_reaches_nobody", "prod", "nobody"),
        ("target_group_without_baseline", "prod", "wide"),
        ("target_group_without_baseline", "scans", "scan"),
        ("target_group_without_baseline", "later", "twice"),
    }
    order = [FINDINGS.index(one) for one in seen(result)]
    assert order == sorted(order)
    assert all(one["text"] and one["action"] for one in result["findings"])
    counts = {"managed": 9, "covered": 5, "uncovered": 4, "scan_only": 1, "double_covered": 1, "unmanaged": 1}
    counts |= {"group_without_baseline": 3, "group_misspelt": 2, "baseline_approves_nothing": 1, "agent_offline": 1}
    assert result["summary"] == {**counts, "coverage_percent": 55.55}


def test_windows_that_do_not_open_are_named_and_cover_nothing(account: Account) -> None:
    plant(account, LINUX, nodes=[node(0, "web")])
    set_up(account, window(enabled=False))

    result = account.run(MODULE, level="instances")

    assert result["instances"][0]["idle_tasks"] == ["prod/install"]
    assert result["instances"][0]["coverage"] == "uncovered"
    assert "prod/install would reach it" in result["findings"][0]["text"]
    assert [(one["opening"], one["next_runs"]) for one in result["windows"]] == [("disabled", [])]


@pytest.mark.parametrize(
    ("targets", "reached"),
    [
        ([{"name": "web", "instance_tags": {"Env": ["prod", "stage"], "App": "a"}}], {"0"}),
        ([{"name": "web", "tag_keys": ["App"]}], {"0", "2"}),
        ([{"name": "web", "instance_ids": [node(1)["InstanceId"], node(7)["InstanceId"]]}], {"1"}),
        ([{"name": "web", "resource_group": "some"}], {"1", "3"}),
        ([{"name": "web", "resource_group": "some", "resource_types": ["AWS::EC2::Instance"]}], {"1"}),
        ([{"name": "web", "patch_groups": ["db"], "patch_group_key": "Patch Group"}], {"3"}),
    ],
)
def test_targets_reach_the_nodes_that_a_run_reaches(account: Account, targets: Any, reached: set[str]) -> None:
    hybrid = {"InstanceId": "mi-00000000000000003", "Tags": {"Patch Group": "db"}}
    nodes = [
        {**node(0), "Tags": {"Env": "stage", "App": "a"}},
        {**node(1), "Tags": {"Env": "prod"}},
        {**node(2), "Tags": {"App": "a", "Env": "other"}},
        hybrid,
    ]
    plant(account, nodes=nodes, resource_groups={"some": [node(1)["InstanceId"], hybrid["InstanceId"]]})
    set_up(account, window(targets=targets))

    result = account.run(MODULE, level="instances")
    run = result["instances"][0]["next_install"] or next(
        one["next_install"] for one in result["instances"] if one["covered"]
    )
    account.simulator.set_clock(datetime.fromisoformat(run))
    account.simulator.advance(4 * 3600)

    assert {one[-1] for one, row in rows(result).items() if row["covered"]} == reached
    fleet = account.simulator._regions["123456789012", "eu-central-1"].fleet
    patched = {
        one.instance_id[-1]
        for one in fleet
        if one.report
        and one.report.run.operation == "Install"
        and one.report.ended > datetime.fromisoformat(run).timestamp()
    }
    assert patched == reached


def test_ids_of_a_task_count_where_the_window_allows_them(account: Account) -> None:
    plant(account, nodes=[node(0), node(1)])
    task = {"name": "own", "operation": "Install", "instance_ids": [node(0)["InstanceId"], node(1)["InstanceId"]]}
    registered = {"name": "one", "instance_ids": [node(1)["InstanceId"]]}
    set_up(account, window(task, targets=[registered], allow_unassociated_targets=True))
    allowed = account.run(MODULE, level="instances")
    account.run("ssm_maintenance_window", name="prod", allow_unassociated_targets=False)

    refused = account.run(MODULE, level="instances")

    assert [row["covered"] for row in allowed["instances"]] == [True, True]
    assert [row["covered"] for row in refused["instances"]] == [False, True]


def test_members_that_may_not_be_read_leave_the_coverage_open(account: Account) -> None:
    plant(account, nodes=[node(0, "web"), node(1)], resource_groups={"some": [node(1)["InstanceId"]]})
    both = {**INSTALL, "window_targets": ["web", "some"]}
    set_up(account, window(both, targets=[WEB, {"name": "some", "resource_group": "some"}]))
    account.faults({"service": "resource-groups", "op": "ListGroupResources", "do": "AccessDeniedException"})

    result = account.run(MODULE, level="instances")

    assert [row["covered"] for row in result["instances"]] == [True, None]
    assert [result["summary"][name] for name in ("covered", "uncovered", "double_covered")] == [None, None, None]
    assert not {"not_reached", "scan_only", "target_reaches_nobody"} & {*seen(result)}
    assert [gap["action"] for gap in result["gaps"]] == ["resource-groups:ListGroupResources"]


def test_a_resource_group_that_is_gone_reaches_nobody(account: Account) -> None:
    plant(account, nodes=[node(0)])
    set_up(account, window(targets=[{"name": "web", "resource_group": "gone"}]))

    result = account.run(MODULE)

    assert [one["text"] for one in result["findings"]][-1] == "There is no resource group 'gone'."
    assert result["gaps"] == []


def test_a_window_that_is_too_short_for_its_nodes_is_found_from_its_executions(account: Account) -> None:
    plant(account, LINUX, nodes=[node(number, "web") for number in range(40)])
    slow = {**INSTALL, "max_concurrency": "1"}
    set_up(account, window(slow, duration=2, cutoff=1))
    before = account.run(MODULE)
    account.simulator.advance(14 * 86400)

    result = account.run(MODULE)

    assert before["windows"][0]["estimate"] is None
    estimate = result["windows"][0]["estimate"]
    assert (estimate["nodes"], estimate["concurrency"], estimate["available"]) == (40, 1, 3600)
    assert estimate["needed"] == pytest.approx(40 * estimate["seconds_for_node"])
    assert len(estimate["executions"]) == 1
    assert seen(result) == ["too_many_nodes"]
    assert result["findings"][0]["computed_from"] == estimate
    assert result["computed_from"]["executions"] == 1
    assert account.run(MODULE, execution_count=0)["findings"] == []


def test_the_next_install_is_the_earliest_whatever_its_priority(account: Account) -> None:
    plant(account, LINUX, nodes=[node(0, "web")])
    later = window({**INSTALL, "priority": 1}, name="later", schedule="cron(0 9 ? * TUE#2 *)")
    set_up(account, window({**INSTALL, "priority": 5}), later)

    [row] = account.run(MODULE, level="instances")["instances"]

    assert (row["next_install_window"], row["next_install"]) == ("prod", "2026-01-13T02:00:00+01:00")


def test_installs_further_apart_than_asked_are_none_too_many(account: Account) -> None:
    plant(account, LINUX, nodes=[node(0, "web")])
    set_up(account, window(), window(name="later", schedule="cron(0 9 ? * TUE#2 *)"))

    assert account.run(MODULE)["summary"]["double_covered"] == 1
    assert account.run(MODULE, install_gap_hours=7)["summary"]["double_covered"] == 0
    assert account.run(MODULE, install_gap_hours=8)["summary"]["double_covered"] == 1


def test_a_node_in_two_targets_of_one_task_installs_twice(account: Account) -> None:
    plant(account, LINUX, nodes=[node(0, "web")])
    both = {"name": "ids", "instance_ids": [node(0)["InstanceId"]]}
    set_up(account, window({**INSTALL, "window_targets": ["web", "ids"]}, targets=[WEB, both]))

    found = account.run(MODULE)["findings"]

    assert [one["finding"] for one in found] == ["double_covered"]
    assert found[0]["text"] == "Two targets of the task prod/install select the node, so each run installs twice."


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"patch_groups": ["web"]}, ["0", "1"]),
        ({"instance_ids": [node(1)["InstanceId"], node(2)["InstanceId"]]}, ["1", "2"]),
        ({"instance_tags": {"Env": ["prod", 1]}}, ["1"]),
        ({"patch_groups": ["web"], "instance_tags": {"Env": "prod"}}, ["1"]),
        ({"patch_groups": []}, []),
        ({"only_findings": True}, ["2"]),
    ],
)
def test_options_choose_nodes_and_leave_targets_judged_by_all(
    account: Account, options: dict[str, Any], wanted: list[str]
) -> None:
    tagged = {**node(1), "Tags": {"PatchGroup": "web", "Env": "prod"}}
    plant(account, LINUX, nodes=[node(0, "web"), tagged, node(2)])
    set_up(account, window())

    result = account.run(MODULE, level="instances", **options)

    assert [row["instance_id"][-1] for row in result["instances"]] == wanted
    assert "target_reaches_nobody" not in seen(result)
    assert result["windows"][0]["install_node_count"] == 2


def test_ids_that_are_not_there_are_told(account: Account) -> None:
    plant(account, nodes=[node(0)])

    result = account.run(MODULE, instance_ids=[node(0)["InstanceId"], node(5)["InstanceId"]])

    assert result["not_found"] == [node(5)["InstanceId"]]
    assert node(5)["InstanceId"] in result["warnings"][0]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_rows_go_to_a_file(account: Account, tmp_path: Path, suffix: str) -> None:
    plant(account, LINUX, nodes=[node(0, "web"), node(1)])
    set_up(account, window())
    dest = tmp_path / f"coverage.{suffix}"
    expected = account.run(MODULE, level="instances")["instances"]

    predicted = account.run(MODULE, level="instances", dest=str(dest), check=True)
    assert predicted["changed"]
    assert not dest.exists()
    assert account.run(MODULE, level="instances", dest=str(dest))["changed"]
    assert not account.run(MODULE, level="instances", dest=str(dest))["changed"]

    text = dest.read_text(encoding="utf-8")
    if suffix == "jsonl":
        assert [json.loads(line) for line in text.splitlines()] == expected
    else:
        read = list(csv.DictReader(text.splitlines()))
        assert [row["coverage"] for row in read] == ["covered", "uncovered"]
        assert tuple(read[0]) == INSTANCE_FIELDS


def test_mistakes_are_told_at_once_before_any_call(account: Account) -> None:
    account.refuses(
        MODULE,
        "instance_ids: 'web'",
        "install_gap_hours: -1 must be from 0 to 8760",
        "next_run_count: 0 must be from 1 to 100",
        "concurrency: 0 must be at least 1",
        "only_findings: requires level=instances",
        "dest: requires level=instances",
        "instance_tags: the tag 'Env' requires a value",
        instance_ids=["web"],
        install_gap_hours=-1,
        next_run_count=0,
        concurrency=0,
        only_findings=True,
        dest="/tmp/x.csv",
        instance_tags={"Env": []},
    )
    account.refuses(MODULE, "instance_tags: the tag 'Env' requires a value", instance_tags={"Env": None})
    assert account.calls() == {}


@pytest.mark.parametrize("operation", ["DescribeMaintenanceWindows", "DescribeInstances", "DescribePatchGroups"])
def test_what_coverage_cannot_do_without_ends_the_run(account: Account, operation: str) -> None:
    plant(account, LINUX, nodes=[node(0, "web")])
    set_up(account, window())
    account.faults({"service": "*", "op": operation, "do": "AccessDeniedException"})

    assert operation in account.fails(MODULE)["msg"]


def test_a_setup_without_nodes_and_an_account_without_windows(account: Account) -> None:
    assert account.run(MODULE, level="instances")["findings"] == []
    set_up(account, window())
    assert seen(account.run(MODULE)) == ["target_reaches_nobody", "target_group_without_baseline"]


def test_tags_of_nodes_are_returned_without_a_further_call(account: Account) -> None:
    named = {**node(1, "web"), "Tags": {"PatchGroup": "web", "Owner": "web-team", "Name": "web-1", "Room": "12"}}
    hybrid = {**node(2, "web"), "InstanceId": "mi-00000000000000002", "Tags": {"PatchGroup": "web", "Owner": "data"}}
    plant(account, LINUX, nodes=[named, hybrid, node(3, "web")])
    account.clear_log()
    account.run(MODULE, level="instances")
    without = account.calls()
    account.clear_log()

    rows = account.run(MODULE, level="instances", include_tags=["Owner", "Cost"])["instances"]
    assert {row["instance_id"][-1]: (row["instance_name"], row["tags"]) for row in rows} == {
        "1": ("web-1", {"Owner": "web-team"}),
        "2": (None, {"Owner": "data"}),
        "3": (None, {}),
    }
    assert account.calls() == without
