# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_forecast_info: the nodes that a run does not reach before the cutoff, against what the simulator does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._summary.forecast import forecast_lines
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import GRADED, baseline, node, plant

MODULE = "ssm_patch_forecast_info"
GROUPS = ("web", "database")
TARGETS = [{"name": group, "patch_groups": [group]} for group in GROUPS]
RATE = 2
INSTALL = {"name": "install", "operation": "Install", "window_targets": ["web"], "max_concurrency": str(RATE)}
CANCELED = {**INSTALL, "cutoff_behavior": "CANCEL_TASK"}
SECOND_TUESDAY = "cron(0 2 ? * TUE#2 *)"


def window(*tasks: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A window that has an hour before its cutoff."""
    when = {"schedule": SECOND_TUESDAY, "duration": 2, "cutoff": 1}
    return {"name": "prod", **when, "targets": TARGETS, "patch_tasks": [*tasks], **changed}


def set_up(account: Account, declared: dict[str, Any], nodes: int = 8) -> None:
    """A window that has run once on some nodes, and then got many more."""
    plant(account, baseline(*GROUPS, **GRADED), nodes=[node(number, "web") for number in range(nodes)])
    account.run("ssm_patch_setup", windows=[declared])
    account.simulator.advance(14 * 86400)
    more = [node(number, "web", MissingCount=1) for number in range(nodes, 60)]
    plant(account, nodes=[*more, *(node(number, "database", MissingCount=1) for number in range(60, 80))])


def open_window(account: Account, run: dict[str, Any]) -> set[str]:
    """Move the clock past a run; the nodes that lack patches before the run and have them after it."""
    fleet = account.simulator._regions["123456789012", "eu-central-1"].fleet
    lacking = {one.instance_id for one in fleet if one.counts.missing}
    account.simulator.set_clock(run["run_time"])
    account.simulator.advance(12 * 3600)
    return lacking - {one.instance_id for one in fleet if one.counts.missing}


@pytest.mark.parametrize("task", [INSTALL, CANCELED], ids=["continued", "canceled"])
def test_nodes_that_the_cutoff_leaves_are_late(account: Account, task: dict[str, Any]) -> None:
    set_up(account, window(task))
    result = account.run(MODULE, level="instances")

    [run] = result["runs"]
    patched = open_window(account, run)

    late, estimate = run["late_count"], run["estimate"]
    assert (estimate["nodes"], estimate["concurrency"], estimate["starts_after"]) == (60, RATE, 0)
    assert estimate["needed"] == pytest.approx(30 * estimate["seconds_for_node"])
    assert estimate["needed"] > estimate["available"] == 3600
    marked = {row["instance_id"] for row in result["instances"] if row["may_miss_cutoff"]}
    [line] = [one for one in forecast_lines(result, False) if one.startswith(run["run_time"])]
    if task is INSTALL:
        assert (late, len(patched), marked) == (0, 52, set())
        assert line.endswith("may continue after the cutoff")
    else:
        assert 0 < len(patched) < 52
        # The nodes of the last batches take as long as others only on average.
        assert late == pytest.approx(60 - 8 - len(patched), abs=3 * RATE + 2)
        assert len(marked) == 60
        assert line.endswith(f"{late} of 60 nodes may not be reached before the cutoff")


def test_what_the_cutoff_has_canceled_says_how_fast_nodes_are(account: Account) -> None:
    set_up(account, window(CANCELED))
    [first] = account.run(MODULE)["runs"]
    open_window(account, first)
    # AWS keeps executions for 30 days.
    account.simulator.advance(20 * 86400)

    [run] = account.run(MODULE)["runs"]
    coverage = account.run("ssm_patch_coverage_info")

    assert not {*run["estimate"]["executions"]} & {*first["estimate"]["executions"]}
    assert len(run["estimate"]["executions"]) == 1
    assert run["late_count"] == pytest.approx(first["late_count"], abs=2 * RATE)
    assert "too_many_nodes" in {one["finding"] for one in coverage["findings"]}
    account.faults({"op": "ListCommandInvocations", "do": "AccessDeniedException"})
    denied = account.run(MODULE)
    assert denied["runs"][0]["late_count"] is None
    assert [gap["action"] for gap in denied["gaps"]] == ["ssm:ListCommandInvocations"]


def test_an_install_that_never_got_its_turn_is_late_as_a_whole(account: Account) -> None:
    scan = {**INSTALL, "name": "scan", "operation": "Scan", "max_concurrency": "1", "window_targets": [*GROUPS]}
    account.simulator.plant({"commands": {"scan_seconds": 120}})
    set_up(account, window(scan, {**INSTALL, "priority": 2}), nodes=60)

    result = account.run(MODULE, level="instances")
    coverage = account.run("ssm_patch_coverage_info")

    [run] = result["runs"]
    assert (run["late_count"], run["estimate"]["seconds_for_node"], run["estimate"]["needed"]) == (60, None, None)
    assert run["estimate"]["starts_after"] > run["estimate"]["available"]
    assert all(row["may_miss_cutoff"] for row in result["instances"])
    assert "too_many_nodes" in {one["finding"] for one in coverage["findings"]}
    assert open_window(account, run) == set()


def test_nodes_of_all_targets_are_marked_because_their_order_is_unknown(account: Account) -> None:
    set_up(account, window({**CANCELED, "window_targets": [*GROUPS], "max_concurrency": "20"}))
    account.run("ssm_patch_task", window="prod", name="install", max_concurrency="3")

    result = account.run(MODULE, level="instances")

    [run] = result["runs"]
    assert {row["patch_groups"][0] for row in result["instances"] if row["may_miss_cutoff"]} == {*GROUPS}
    patched = open_window(account, run)
    assert run["late_count"] == pytest.approx(80 - 8 - len(patched), abs=12)


def test_a_task_that_does_not_patch_takes_its_time(account: Account) -> None:
    commands = {"parameters": {"commands": ["sleep 3000"]}}
    before = {"name": "before", "task_type": "RUN_COMMAND", "task_arn": "AWS-RunShellScript", "run_command": commands}
    before |= {"window_targets": ["web"], "max_concurrency": "1", "max_errors": "0", "priority": 0}
    set_up(account, window({**CANCELED, "max_concurrency": "100%"}, tasks=[before]), nodes=30)

    [run] = account.run(MODULE)["runs"]

    executions = account.by_hand("DescribeMaintenanceWindowExecutions", WindowId=run["window_id"])["WindowExecutions"]
    tasks = account.by_hand(
        "DescribeMaintenanceWindowExecutionTasks", WindowExecutionId=executions[0]["WindowExecutionId"]
    )["WindowExecutionTaskIdentities"]
    [took] = [one["EndTime"] - one["StartTime"] for one in tasks if one["TaskArn"] == "AWS-RunShellScript"]
    assert run["estimate"]["starts_after"] == pytest.approx(took, abs=1)


def test_a_planned_setup_is_estimated_at_its_rate(account: Account) -> None:
    set_up(account, window(CANCELED))
    faster = window({**CANCELED, "max_concurrency": "100%"})
    new = window(CANCELED, name="new")
    planned = account.run("ssm_patch_setup", check=True, windows=[faster, new])

    runs = {run["window"]: run for run in account.run(MODULE, planned=planned, window="prod")["runs"]}
    runs |= {run["window"]: run for run in account.run(MODULE, planned=planned, window="new")["runs"]}

    assert (runs["prod"]["late_count"], runs["prod"]["estimate"]["concurrency"]) == (0, 60)
    assert (runs["new"]["late_count"], runs["new"]["estimate"]) == (None, None)


def test_no_executions_are_read_if_none_are_wanted(account: Account) -> None:
    set_up(account, window(CANCELED))
    account.clear_log()

    [run] = account.run(MODULE, execution_count=0)["runs"]

    assert (run["late_count"], run["estimate"]) == (None, None)
    assert not [one for one in account.calls() if "Execution" in one]
    account.refuses(MODULE, "execution_count: 51 must be from 0 to 50", execution_count=51)


@pytest.mark.parametrize(
    ("odd", "max_errors", "late"),
    [
        # A node that does not respond makes the command wait for an hour, and failures end it after three nodes.
        ({"PingStatus": "ConnectionLost"}, "100%", False),
        ({"Failing": True}, "2", True),
    ],
)
def test_a_command_that_did_not_complete_says_how_long_its_nodes_took(
    account: Account, odd: dict[str, Any], max_errors: str, late: bool
) -> None:
    count, rate = (40, "1") if late else (10, RATE)
    nodes = [node(number, "web", MissingCount=1, **(odd if number < 3 else {})) for number in range(count)]
    plant(account, baseline("web", **GRADED), nodes=nodes)
    task = {**CANCELED, "max_concurrency": str(rate), "max_errors": max_errors}
    account.run("ssm_patch_setup", windows=[window(task, targets=TARGETS[:1])])
    account.simulator.advance(14 * 86400)

    result = account.run("ssm_patch_coverage_info")
    [run] = account.run(MODULE)["runs"]

    # The simulator installs for five minutes, give or take a fifth.
    assert 240 <= run["estimate"]["seconds_for_node"] <= 360
    assert run["estimate"]["seconds_for_node"] == result["windows"][0]["estimate"]["seconds_for_node"]
    assert (run["late_count"] > 0) == late == ("too_many_nodes" in {one["finding"] for one in result["findings"]})


def test_a_runbook_takes_its_time_on_each_node_and_is_not_canceled_once_it_runs(account: Account) -> None:
    runbook = {"name": "runbook", "task_type": "AUTOMATION", "task_arn": "AWS-PatchInstanceWithRollback"}
    runbook |= {"automation": {"parameters": {"InstanceId": ["{{RESOURCE_ID}}"]}}, "cutoff_behavior": "CANCEL_TASK"}
    runbook |= {"window_targets": ["web"], "max_concurrency": "1", "max_errors": "0"}
    account.simulator.plant({"executions": {"seconds": 1500}})
    set_up(account, window(tasks=[runbook]), nodes=4)

    [run] = account.run(MODULE)["runs"]

    assert (run["estimate"]["seconds_for_node"], run["estimate"]["nodes"]) == (1500, 60)
    # The third one begins ten minutes before the cutoff.
    assert run["late_count"] == 60 - 3
    account.simulator.set_clock(run["run_time"])
    account.simulator.advance(12 * 3600)
    [execution, *_] = account.by_hand("DescribeMaintenanceWindowExecutions", WindowId=run["window_id"])[
        "WindowExecutions"
    ]
    ids = {"WindowExecutionId": execution["WindowExecutionId"]}
    [task] = account.by_hand("DescribeMaintenanceWindowExecutionTasks", **ids)["WindowExecutionTaskIdentities"]
    ids |= {"TaskId": task["TaskExecutionId"], "MaxResults": 100}
    ran = account.by_hand("DescribeMaintenanceWindowExecutionTaskInvocations", **ids)[
        "WindowExecutionTaskInvocationIdentities"
    ]
    assert [one["Status"] for one in ran].count("SUCCESS") == 3
