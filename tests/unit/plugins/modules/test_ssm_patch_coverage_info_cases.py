# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_coverage_info: times, tags, baselines and tasks that are easily misjudged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import GRADED, baseline, node, plant

MODULE = "ssm_patch_coverage_info"
PATCH_TUESDAY = "cron(0 2 ? * TUE#2 *)"
WEB = {"name": "web", "patch_groups": ["web"]}
INSTALL = {"name": "install", "operation": "Install", "window_targets": ["web"]}
LINUX = baseline("web", **GRADED)


def window(name: str, schedule: str = PATCH_TUESDAY, zone: str = "UTC", **changed: Any) -> dict[str, Any]:
    contents = {"targets": [WEB], "patch_tasks": [INSTALL]}
    when = {"schedule": schedule, "schedule_timezone": zone, "duration": 4, "cutoff": 1}
    return {"name": name, **when, **contents, **changed}


@pytest.mark.parametrize(
    ("one", "other", "hours"),
    [
        # The night in which Berlin's clocks go forward has 23 hours, and the one in which they go back 25.
        (("at(2026-03-28T03:30:00)", "Europe/Berlin"), ("at(2026-03-29T03:30:00)", "Europe/Berlin"), "23 hours"),
        (("at(2026-10-24T03:30:00)", "Europe/Berlin"), ("at(2026-10-25T03:00:00)", "Europe/Berlin"), None),
        (("at(2026-03-03T23:30:00)", "UTC"), ("at(2026-03-04T00:30:00)", "UTC"), "1 hour"),
        (("at(2026-03-04T02:00:00)", "Asia/Tokyo"), ("at(2026-03-03T12:30:00)", "America/New_York"), "0.5 hours"),
        (("at(2026-03-04T02:00:00)", "Pacific/Kiritimati"), ("at(2026-03-04T02:00:00)", "Pacific/Pago_Pago"), None),
        (("at(2026-03-03T02:00:00)", "UTC"), ("at(2026-03-04T02:00:00)", "UTC"), None),
        (("rate(1 hour)", "UTC"), ("cron(30 2 25 * ? *)", "UTC"), "0.5 hours"),
        (("cron(0 2 ? * SUN *)", "UTC"), ("cron(0 22 L * ? *)", "UTC"), "4 hours"),
    ],
)
def test_two_installs_are_as_far_apart_as_clocks_say_that_never_change(
    account: Account, one: tuple[str, str], other: tuple[str, str], hours: str | None
) -> None:
    plant(account, LINUX, nodes=[node(0, "web")])
    account.run("ssm_patch_setup", windows=[window("one", *one), window("two", *other)])

    result = account.run(MODULE)

    assert [one["finding"] for one in result["findings"]] == (["double_covered"] if hours else [])
    assert all(f"{hours} apart" in one["text"] for one in result["findings"])


@pytest.mark.parametrize(
    ("created", "schedule", "offset"),
    [
        ("2026-01-13T01:00:00Z", PATCH_TUESDAY, 4),
        ("2026-01-14T12:00:00Z", PATCH_TUESDAY, 4),
        ("2026-01-13T03:00:00Z", PATCH_TUESDAY, 6),
        ("2026-01-31T03:00:00Z", "cron(0 2 ? * 7L *)", 1),
    ],
)
def test_a_new_window_skips_the_run_of_a_cron_day_that_has_passed(
    account: Account, created: str, schedule: str, offset: int
) -> None:
    account.simulator.set_clock(created)
    plant(account, LINUX, nodes=[node(0, "web", MissingCount=1)])
    declared = [window("one", schedule, "America/New_York", schedule_offset=offset)]
    planned = account.run("ssm_patch_setup", check=True, windows=declared)
    before = account.run("ssm_patch_forecast_info", planned=planned)["runs"]
    account.run("ssm_patch_setup", windows=declared)

    result = account.run(MODULE, level="instances")
    runs = account.run("ssm_patch_forecast_info")["runs"]

    [listed] = account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    announced = datetime.fromisoformat(listed["NextExecutionTime"])
    assert datetime.fromisoformat(result["instances"][0]["next_install"]) == announced
    assert [datetime.fromisoformat(run["run_time"]) for run in (*before, *runs)] == [announced] * 2


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ({"PatchGroup": "web", "Patch Group": "web", "patchgroup": "other"}, []),
        ({"PatchGroup": "web "}, ["not_reached", "group_misspelt"]),
        ({"patch-group": "web"}, ["not_reached", "group_misspelt"]),
        ({"PatchGroups": "web"}, ["not_reached", "group_misspelt"]),
        ({"PathGroup": "web"}, ["not_reached", "group_misspelt"]),
        ({"Patch Group": "web"}, ["not_reached"]),
        ({"PatchGroup": ""}, ["not_reached"]),
        ({"PatchGroupOwner": "web"}, ["not_reached"]),
        ({"PatchGroup2": "web"}, ["not_reached"]),
        ({"PatchGroup": "web", "Patch Group": "other"}, ["two_patch_groups"]),
        ({"PatchGroup": "w" * 256}, ["not_reached", "group_without_baseline"]),
        ({"PatchGroup": "'\"<script>{{ 7 * 7 }}%s\u202e\U0001f600"}, ["not_reached", "group_without_baseline"]),
    ],
)
def test_tags_that_nearly_fit_are_found_and_no_others(account: Account, tags: dict[str, str], found: list[str]) -> None:
    plant(account, LINUX, nodes=[{**node(0), "Tags": tags}, node(1, "web")])
    account.run("ssm_patch_setup", windows=[window("one")])

    result = account.run(MODULE, level="instances")

    assert [row["findings"] for row in result["instances"]] == [found, []]
    assert {one["finding"] for one in result["findings"]} == {*found}


def test_a_runbook_without_targets_patches_the_node_that_it_names(account: Account) -> None:
    plant(account, LINUX, nodes=[node(0, "web"), node(1, "web")])
    parameters = {"InstanceId": [node(0)["InstanceId"]]}
    task = {"name": "rollback", "task_type": "AUTOMATION", "task_arn": "AWS-PatchInstanceWithRollback"}
    one = window("one", patch_tasks=[], tasks=[{**task, "automation": {"parameters": parameters}}])
    account.run("ssm_patch_setup", windows=[one])

    result = account.run(MODULE, level="instances")

    assert [row["install_tasks"] for row in result["instances"]] == [["one/rollback"], []]
    assert "task_without_targets" not in {one["finding"] for one in result["findings"]}


@pytest.mark.parametrize(
    ("document", "parameters", "reaches"),
    [
        ("AWS-RunPatchBaseline", {"Operation": ["Install"]}, ["0", "1"]),
        ("AWS-ApplyPatchBaseline", {"Operation": ["Install"]}, ["1"]),
        ("AWS-InstallWindowsUpdates", {"Action": ["Install"]}, ["1"]),
        ("AWS-InstallWindowsUpdates", {}, ["1"]),
        ("AWS-InstallWindowsUpdates", {"Action": ["Scan"]}, []),
        ("AWS-InstallMissingWindowsUpdates", {}, ["1"]),
        ("AWS-FindWindowsUpdates", {}, []),
    ],
)
def test_documents_for_windows_do_not_patch_other_nodes(
    account: Account, document: str, parameters: dict[str, Any], reaches: list[str]
) -> None:
    windows = baseline("web", system="WINDOWS", Name="windows", **GRADED)
    plant(account, LINUX, windows, nodes=[node(0, "web", MissingCount=1), node(1, "web", OperatingSystem="WINDOWS")])
    task = {
        "name": "install",
        "task_type": "RUN_COMMAND",
        "task_arn": document,
        "run_command": {"parameters": parameters},
    }
    task |= {"window_targets": ["web"], "max_concurrency": "1", "max_errors": "1"}
    account.run("ssm_patch_setup", windows=[window("one", patch_tasks=[], tasks=[task])])

    result = account.run(MODULE, level="instances")
    forecast = account.run("ssm_patch_forecast_info", level="instances")

    assert [row["instance_id"][-1] for row in result["instances"] if row["covered"]] == reaches
    assert [row["instance_id"][-1] for row in forecast["instances"]] == reaches
    assert [one["install_node_count"] for one in result["windows"]] == ([len(reaches)] if reaches else [])
    found = {one["text"] for one in result["findings"] if one["finding"] == "not_reached"}
    selects = (
        "No scheduled Install or Scan task reaches the node. one/install selects it, but with a document for Windows."
    )
    assert found == ({selects} if reaches == ["1"] else {selects[:51]} if not reaches else set())
    assert all("such as" not in one["action"] for one in result["findings"])
    reasons = {row["unknown_reason"] for row in forecast["instances"]}
    assert reasons == ({None} if "Operation" in parameters else {"override"} if reaches else set())


def test_two_installs_of_one_window_are_told_from_those_of_two(account: Account) -> None:
    plant(account, LINUX, nodes=[node(0, "web")])
    again = {**INSTALL, "name": "again", "priority": 2}
    account.run("ssm_patch_setup", windows=[window("one", patch_tasks=[INSTALL, again])])

    [found] = account.run(MODULE)["findings"]

    assert (found["finding"], found["text"]) == (
        "double_covered",
        "Two Install tasks run on the node in the same window: one/install and one/again.",
    )
    assert found["action"].endswith("or remove one of the tasks.")


def test_a_window_that_ends_before_its_next_run_covers_nothing(account: Account) -> None:
    plant(account, LINUX, nodes=[node(0, "web")])
    # Stored as it is in both profiles of the simulator.
    ends = {"early": "2026-01-12T00:00Z", "late": "2026-01-14T00:00Z"}
    account.run("ssm_patch_setup", windows=[window(name, end_date=date) for name, date in ends.items()])

    result = account.run(MODULE, level="instances")
    forecast = account.run("ssm_patch_forecast_info")

    assert result["instances"][0]["install_tasks"] == ["late/install"]
    assert [(one["finding"], one["text"]) for one in result["findings"]] == [
        (
            "window_never_opens",
            f"The window never opens again: the schedule {PATCH_TUESDAY} has no next run before its end_date"
            f" {ends['early']}.",
        )
    ]
    assert [run["window"] for run in forecast["runs"]] == ["late"]
    account.simulator.advance(14 * 86400)
    assert account.run(MODULE)["summary"]["uncovered"] == 1


@pytest.mark.parametrize("rate", ["1", "10%"])
def test_the_estimate_of_a_window_is_the_time_that_its_run_takes(account: Account, rate: str) -> None:
    groups = ("web", "database")
    plant(account, baseline(*groups, **GRADED), nodes=[node(number, groups[number % 2]) for number in range(30)])
    targets = [{"name": group, "patch_groups": [group]} for group in groups]
    task = {**INSTALL, "window_targets": [*groups], "max_concurrency": rate}
    account.run("ssm_patch_setup", windows=[window("one", "cron(0 2 ? * TUE *)", targets=targets, patch_tasks=[task])])
    account.simulator.advance(8 * 86400)

    [one] = account.run(MODULE)["windows"]

    [run] = account.by_hand("DescribeMaintenanceWindowExecutions", WindowId=one["window_id"])["WindowExecutions"]
    assert one["estimate"]["needed"] == pytest.approx(run["EndTime"] - run["StartTime"], abs=1)
