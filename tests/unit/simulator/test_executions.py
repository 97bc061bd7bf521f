# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of executions: order of tasks, concurrency, errors, cutoff, overlap, cancellation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.unit.simulator.windows_site import (
    ACCOUNT,
    DAY,
    HOUR,
    HOURLY,
    INSTALL,
    OTHER,
    REGION,
    SCAN,
    SCRIPT_TASK,
    Site,
)
from ssmsim import Simulator, fleet


@pytest.fixture(params=[True, False], ids=["strict", "lenient"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site(strict=request.param)


def seconds_after(start: float, *moments: float) -> list[float]:
    return [round(moment - start) for moment in moments]


def test_a_window_without_tasks(site: Site) -> None:
    window = site.window()
    site.advance(DAY)
    (execution,) = site.executions(window)
    assert (execution["Status"], execution["StatusDetails"]) == ("SUCCESS", "No tasks to execute.")
    assert execution["StartTime"] == execution["EndTime"]


def test_a_task_whose_targets_are_nobody(site: Site) -> None:
    window = site.window()
    nobody = [{"Key": "tag:Nobody", "Values": ["has this"]}]
    site.task(window, site.target(window, Targets=nobody))
    site.advance(DAY)
    assert site.statuses(window) == ["SUCCESS"]
    (task,) = site.tasks(window)
    assert (task["Status"], task["StatusDetails"]) == ("SUCCESS", "No invocations to execute.")
    assert site.invocations(task) == []


def test_a_scan_runs_on_the_nodes_and_reports(site: Site) -> None:
    window = site.window()
    site.task(window, site.target(window, *site.ids, OwnerInformation="mine"))
    site.advance(DAY)
    (task,) = site.tasks(window)
    (invocation,) = site.invocations(task)
    command = site.call("ListCommands", CommandId=invocation["ExecutionId"])["Commands"][0]
    assert (command["Status"], command["TargetCount"]) == ("Success", 3)
    assert (invocation["Status"], invocation["StatusDetails"]) == ("SUCCESS", "Success")
    assert invocation["OwnerInformation"] == "mine"
    assert seconds_after(invocation["StartTime"], invocation["EndTime"]) == [SCAN]
    told = json.loads(invocation["Parameters"])
    assert sorted(told["instanceIds"]) == site.ids
    snapshots = set()
    for instance_id in site.ids:
        node = fleet.of(site.region).find(instance_id)
        assert node is not None
        assert node.report is not None
        assert node.report.run.execution_id == invocation["ExecutionId"]
        snapshots.add(node.report.run.snapshot_id)
    assert len(snapshots) == 1


def test_the_invocations_of_an_execution_share_a_snapshot_and_the_next_has_another(site: Site) -> None:
    window = site.window()
    targets = [site.target(window, instance_id) for instance_id in site.ids]
    site.task(window, *targets)

    def snapshots() -> set[str]:
        nodes = [fleet.of(site.region).find(instance_id) for instance_id in site.ids]
        return {node.report.run.snapshot_id for node in nodes if node and node.report}

    site.advance(DAY)
    first = snapshots()
    site.advance(DAY)
    assert (len(first), len(snapshots()), len(first | snapshots())) == (1, 1, 2)


def test_an_install_leaves_nothing_missing(site: Site) -> None:
    window = site.window()
    site.task(window, TaskInvocationParameters=INSTALL)
    site.advance(DAY)
    counts = [node.report.counts.missing for node in fleet.of(site.region) if node.report]
    assert counts == [0, 0, 0]


def test_tasks_run_in_the_order_of_priority_and_equal_ones_together(site: Site) -> None:
    window = site.window()
    for priority in (5, 1, 5):
        site.task(window, Priority=priority)
    site.function(window, Priority=0, MaxConcurrency="10")
    site.advance(DAY)
    tasks = site.tasks(window)
    start = tasks[0]["StartTime"]
    assert [task["TaskType"] for task in tasks] == ["LAMBDA", *["RUN_COMMAND"] * 3]
    assert seconds_after(start, *(task["StartTime"] for task in tasks)) == [0, OTHER, OTHER + SCAN, OTHER + SCAN]
    (execution,) = site.executions(window)
    assert seconds_after(start, execution["StartTime"], execution["EndTime"]) == [0, OTHER + 2 * SCAN]


def test_the_registered_targets_of_a_task_come_one_after_the_other(site: Site) -> None:
    window = site.window()
    site.task(window, *(site.target(window, instance_id) for instance_id in site.ids))
    site.advance(DAY)
    invocations = site.invocations(site.tasks(window)[0])
    start = invocations[0]["StartTime"]
    assert seconds_after(start, *(one["StartTime"] for one in invocations)) == [0, SCAN, 2 * SCAN]


@pytest.mark.parametrize(
    ("concurrency", "starts"), [("1", [0, 1, 2, 3]), ("2", [0, 0, 1, 1]), ("50%", [0, 0, 1, 1]), ("10%", [0, 1, 2, 3])]
)
def test_so_many_invocations_run_at_a_time(concurrency: str, starts: list[int]) -> None:
    site = Site(nodes=4)
    window = site.window()
    site.function(window, MaxConcurrency=concurrency)
    site.advance(DAY)
    invocations = site.invocations(site.tasks(window)[0])
    first = invocations[0]["StartTime"]
    assert seconds_after(first, *(one["StartTime"] for one in invocations)) == [OTHER * turn for turn in starts]


@pytest.mark.parametrize(
    ("errors", "status", "statuses"),
    [
        ("0", "FAILED", ["FAILED", "CANCELLED", "CANCELLED", "CANCELLED"]),
        ("1", "FAILED", ["FAILED", "FAILED", "CANCELLED", "CANCELLED"]),
        ("50%", "FAILED", ["FAILED", "FAILED", "FAILED", "CANCELLED"]),
        ("100%", "SUCCESS", ["FAILED"] * 4),
    ],
)
def test_a_task_with_more_errors_than_allowed_starts_no_more(errors: str, status: str, statuses: list[str]) -> None:
    site = Site(nodes=4, executions={"failing": ["SSMFunction"]})
    window = site.window()
    site.function(window, MaxConcurrency="1", MaxErrors=errors)
    site.advance(DAY)
    (task,) = site.tasks(window)
    assert task["Status"] == status
    assert [one["Status"] for one in site.invocations(task)] == statuses
    details = "One or more tasks in the orchestration failed." if status == "FAILED" else None
    (execution,) = site.executions(window)
    assert (execution["Status"], execution.get("StatusDetails")) == (status, details)


def test_a_command_that_fails_keeps_the_next_target_from_its_turn() -> None:
    site = Site(failing=[0])
    window = site.window()
    targets = [site.target(window, instance_id) for instance_id in site.ids]
    site.task(window, *targets, TaskInvocationParameters=INSTALL)
    site.advance(DAY)
    (task,) = site.tasks(window)
    assert task["Status"] == "FAILED"
    assert [one["Status"] for one in site.invocations(task)] == ["FAILED", "CANCELLED", "CANCELLED"]


def test_a_failed_task_does_not_keep_those_of_lower_priority_from_running() -> None:
    site = Site(executions={"failing": ["SSMFunction"]})
    window = site.window()
    site.function(window, Priority=1)
    site.task(window, Priority=2)
    site.advance(DAY)
    assert [task["Status"] for task in site.tasks(window)] == ["FAILED", "SUCCESS"]
    assert site.statuses(window) == ["FAILED"]


def test_no_task_starts_after_the_cutoff(site: Site) -> None:
    window = site.window(Duration=2, Cutoff=1)
    site.task(window, Priority=1, **script(site, HOUR + 60))
    site.task(window, Priority=2)
    site.advance(2 * HOUR + HOUR + 30)
    assert site.statuses(window) == ["IN_PROGRESS"]
    assert [task["Status"] for task in site.tasks(window)] == ["IN_PROGRESS", "TIMED_OUT"]
    site.advance(60)
    assert [task["Status"] for task in site.tasks(window)] == ["SUCCESS", "TIMED_OUT"]
    assert "StartTime" not in site.tasks(window)[1]
    assert site.statuses(window) == ["TIMED_OUT"]


def script(site: Site, seconds: int) -> dict[str, Any]:
    """A task that takes so long on each node; only one such duration in a test."""
    site.region.command_settings["other_seconds"] = seconds
    return SCRIPT_TASK


@pytest.mark.parametrize("behavior", ["CONTINUE_TASK", "CANCEL_TASK"])
def test_a_running_command_at_the_cutoff(site: Site, behavior: str) -> None:
    window = site.window(Duration=2, Cutoff=1)
    targets = [site.target(window, instance_id) for instance_id in site.ids]
    site.task(window, *targets, **script(site, HOUR - 60), CutoffBehavior=behavior)
    site.advance(6 * HOUR)
    (task,) = site.tasks(window)
    expected = {
        "CONTINUE_TASK": ("SUCCESS", ["SUCCESS"] * 3),
        "CANCEL_TASK": ("TIMED_OUT", ["SUCCESS", "TIMED_OUT", "TIMED_OUT"]),
    }
    invocations = site.invocations(task)
    assert (task["Status"], [one["Status"] for one in invocations]) == expected[behavior]
    commands = [site.call("ListCommands", CommandId=one["ExecutionId"])["Commands"][0] for one in invocations[:2]]
    second = "Success" if behavior == "CONTINUE_TASK" else "Cancelled"
    assert [command["Status"] for command in commands] == ["Success", second]


def test_what_is_no_command_goes_on_at_the_cutoff_but_starts_no_more() -> None:
    site = Site(executions={"seconds": HOUR - 60})
    window = site.window(Duration=2, Cutoff=1)
    site.function(window, MaxConcurrency="1", CutoffBehavior="CANCEL_TASK")
    site.advance(DAY)
    (task,) = site.tasks(window)
    assert task["Status"] == "TIMED_OUT"
    assert [one["Status"] for one in site.invocations(task)] == ["SUCCESS", "SUCCESS", "TIMED_OUT"]


def test_a_window_that_still_runs_is_skipped(site: Site) -> None:
    window = site.window(**HOURLY)
    site.task(window, **script(site, int(1.5 * HOUR)))
    site.advance(4 * HOUR + 60)
    assert site.statuses(window)[::-1] == ["SUCCESS", "SKIPPED_OVERLAPPING", "IN_PROGRESS", "SKIPPED_OVERLAPPING"]
    skipped = site.executions(window)[0]
    assert skipped["StartTime"] == skipped["EndTime"]
    answer = site.call("GetMaintenanceWindowExecution", WindowExecutionId=skipped["WindowExecutionId"])
    assert answer["TaskIds"] == []


def test_at_most_five_executions_run_at_a_time(site: Site) -> None:
    windows = [site.window() for _ in range(7)]
    for window in windows:
        site.task(window, **SCRIPT_TASK)
    site.advance(2 * HOUR + 60)
    running = [site.statuses(window) for window in windows]
    assert running[:5] == [["IN_PROGRESS"]] * 5
    waiting = "SKIPPED_OVERLAPPING" if site.region.strict else "PENDING"
    assert running[5:] == [[waiting]] * 2
    site.advance(HOUR)
    ended = "SKIPPED_OVERLAPPING" if site.region.strict else "SUCCESS"
    assert [site.statuses(window) for window in windows] == [["SUCCESS"]] * 5 + [[ended]] * 2


def test_an_execution_that_waits_until_the_cutoff_has_no_tasks() -> None:
    site = Site()
    windows = [site.window(Duration=1, Cutoff=0) for _ in range(6)]
    for window in windows:
        site.task(window, **script(site, 2 * HOUR))
    site.advance(6 * HOUR)
    assert site.statuses(windows[5]) == ["TIMED_OUT"]
    assert site.tasks(windows[5]) == []


def test_cancelling_ends_what_has_not_started_and_lets_run_what_runs(site: Site) -> None:
    window = site.window()
    site.task(window, Priority=1, **SCRIPT_TASK)
    site.task(window, Priority=2)
    site.advance(2 * HOUR + 60)
    site.cancel(window)
    assert site.statuses(window) == ["CANCELLING"]
    assert [task["Status"] for task in site.tasks(window)] == ["IN_PROGRESS", "CANCELLED"]
    site.cancel(window)
    site.advance(HOUR)
    assert site.statuses(window) == ["CANCELLED"]
    assert [task["Status"] for task in site.tasks(window)] == ["SUCCESS", "CANCELLED"]


def test_an_execution_that_waits_for_its_turn_is_cancelled_at_once() -> None:
    site = Site()
    windows = [site.window() for _ in range(6)]
    for window in windows:
        site.task(window, **SCRIPT_TASK)
    site.advance(2 * HOUR + 60)
    site.cancel(windows[5])
    assert site.statuses(windows[5]) == ["CANCELLED"]
    site.advance(HOUR)
    assert site.statuses(windows[5]) == ["CANCELLED"]


def test_a_command_that_somebody_cancels_makes_its_task_cancelled(site: Site) -> None:
    window = site.window()
    site.task(window, **SCRIPT_TASK)
    site.advance(2 * HOUR + 60)
    (invocation,) = site.invocations(site.tasks(window)[0])
    site.call("CancelCommand", CommandId=invocation["ExecutionId"])
    site.advance(60)
    assert (site.tasks(window)[0]["Status"], site.statuses(window)) == ("CANCELLED", ["CANCELLED"])


def test_a_role_without_the_rights(site: Site) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/unfit"
    site.simulator.plant({"executions": {"unfit_roles": [role]}})
    window = site.window()
    site.task(window, ServiceRoleArn=role)
    site.function(window)
    site.advance(DAY)
    tasks = {task["TaskType"]: task for task in site.tasks(window)}
    assert {kind: task["Status"] for kind, task in tasks.items()} == {"RUN_COMMAND": "FAILED", "LAMBDA": "SUCCESS"}
    (invocation,) = site.invocations(tasks["RUN_COMMAND"])
    assert invocation["StatusDetails"] == "The provided role does not contain the correct SSM permissions."
    assert "ExecutionId" not in invocation


def test_a_document_that_does_not_exist(site: Site) -> None:
    window = site.window()
    site.task(window, TaskArn="Nowhere")
    site.advance(DAY)
    (task,) = site.tasks(window)
    (invocation,) = site.invocations(task)
    assert (task["Status"], invocation["Status"]) == ("FAILED", "FAILED")
    assert "Nowhere" in invocation["StatusDetails"]


def test_ssm_parameters_that_do_not_exist() -> None:
    site = Site(executions={"parameters": ["Known"]})
    window = site.window()
    parameters = {"commands": ["echo {{ssm:Known}} {{ssm:LevelUp}}"]}
    site.task(window, TaskArn="AWS-RunShellScript", TaskInvocationParameters={"RunCommand": {"Parameters": parameters}})
    site.advance(DAY)
    (execution,) = site.executions(window)
    details = "The following SSM parameters are invalid: LevelUp"
    assert (execution["Status"], execution["StatusDetails"]) == ("FAILED", details)
    site.simulator.plant({"executions": {"parameters": ["Known", "LevelUp"]}})
    site.advance(DAY)
    assert site.statuses(window)[0] == "SUCCESS"


def test_instances_that_are_not_registered_are_left_out_once_they_are_not_allowed(site: Site) -> None:
    window = site.window()
    site.target(window, site.ids[0])
    site.task(window)
    site.call("UpdateMaintenanceWindow", WindowId=window, AllowUnassociatedTargets=False)
    site.advance(DAY)
    (invocation,) = site.invocations(site.tasks(window)[0])
    assert json.loads(invocation["Parameters"])["instanceIds"] == [site.ids[0]]


def test_pseudo_parameters_become_ids() -> None:
    site = Site()
    window = site.window()
    target = site.target(window, site.ids[0])
    text = "{{WINDOW_ID}} {{ WINDOW_TARGET_ID }} {{TARGET_ID}} {{UNKNOWN}}"
    command = {"RunCommand": {"Parameters": {"commands": [text]}}}
    automation = {"Automation": {"Parameters": {"InstanceId": [text]}}}
    site.task(window, target, TaskArn="AWS-RunShellScript", TaskInvocationParameters=command)
    site.task(window, target, TaskType="AUTOMATION", TaskArn="Runbook", TaskInvocationParameters=automation)
    site.advance(DAY)
    invocations = {task["TaskType"]: site.invocations(task)[0] for task in site.tasks(window)}
    told = {kind: json.loads(one["Parameters"])["parameters"] for kind, one in invocations.items()}
    assert told["RUN_COMMAND"]["commands"] == [f"{window} {target} {{{{TARGET_ID}}}} {{{{UNKNOWN}}}}"]
    assert told["AUTOMATION"]["InstanceId"] == [f"{window} {target} {site.ids[0]} {{{{UNKNOWN}}}}"]


@pytest.mark.parametrize("settings", [{"second": 1}, {"seconds": -1}, {"failing": "SSMFunction"}])
def test_settings_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"executions: .*{next(iter(settings))}"):
        Simulator(seed={"executions": settings})


def test_a_task_without_targets_has_one_invocation(site: Site) -> None:
    window = site.window()
    site.call(
        "RegisterTaskWithMaintenanceWindow",
        WindowId=window,
        TaskType="STEP_FUNCTIONS",
        TaskArn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:SSMMachine",
        TaskInvocationParameters={"StepFunctions": {"Input": "{}", "Name": "run"}},
    )
    site.advance(DAY)
    (invocation,) = site.invocations(site.tasks(window)[0])
    assert (invocation["Status"], json.loads(invocation["Parameters"])) == ("SUCCESS", {"input": "{}", "name": "run"})
    assert "WindowTargetId" not in invocation


def test_the_deprecated_parameters_of_a_command_count_where_there_are_no_others(site: Site) -> None:
    window = site.window()
    request = {
        "WindowId": window,
        "TaskType": "RUN_COMMAND",
        "TaskArn": "AWS-RunPatchBaseline",
        "MaxConcurrency": "1",
        "MaxErrors": "0",
        "Targets": [{"Key": "InstanceIds", "Values": site.ids}],
        "TaskParameters": {"Operation": {"Values": ["Scan"]}},
        "LoggingInfo": {"S3BucketName": "logs", "S3Region": REGION},
    }
    site.call("RegisterTaskWithMaintenanceWindow", **request)
    site.advance(DAY)
    assert site.statuses(window) == ["SUCCESS"]
    (invocation,) = site.invocations(site.tasks(window)[0])
    command = site.call("ListCommands", CommandId=invocation["ExecutionId"])["Commands"][0]
    assert command["OutputS3BucketName"] == "logs"
