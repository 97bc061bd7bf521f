# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The executions of windows in ssm_maintenance_window_info: what is told of them, and what is read for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account

WINDOWS = "ssm_maintenance_window_info"
EXECUTIONS = ["executions"]
WEB, DATABASE = "i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb"
HOUR, DAY = 3600, 86400
ON_WEB = [{"Key": "InstanceIds", "Values": [WEB]}]
SCAN, INSTALL = {"Operation": ["Scan"]}, {"Operation": ["Install"], "RebootOption": ["NoReboot"]}
SECRET = "a word that nobody else uses"
DESCRIBE = "DescribeMaintenanceWindowExecution"
LISTINGS = {
    f"{DESCRIBE}s": "WindowExecutions",
    f"{DESCRIBE}Tasks": "WindowExecutionTaskIdentities",
    f"{DESCRIBE}TaskInvocations": "WindowExecutionTaskInvocationIdentities",
}


@pytest.fixture(autouse=True)
def fleet(account: Account) -> None:
    nodes = {"nodes": [{"InstanceId": WEB}, {"InstanceId": DATABASE}]}
    settings = {"scan_seconds": 600, "install_seconds": 600, "other_seconds": 600, "spread": 0}
    region = {"account": ACCOUNT, "region": REGION, "fleet": nodes}
    account.simulator.plant({"commands": settings, "executions": {"seconds": 600}, "regions": [region]})


def make_window(account: Account, name: str = "prod", **members: Any) -> str:
    request = {"Schedule": "cron(0 2 ? * * *)", "Duration": 4, "Cutoff": 1, "AllowUnassociatedTargets": True}
    return str(account.by_hand("CreateMaintenanceWindow", Name=name, **{**request, **members})["WindowId"])


def make_target(account: Account, window_id: str, name: str = "web", **members: Any) -> str:
    request = {"WindowId": window_id, "ResourceType": "INSTANCE", "Targets": ON_WEB, "Name": name, **members}
    return str(account.by_hand("RegisterTargetWithMaintenanceWindow", **request)["WindowTargetId"])


def make_task(account: Account, window_id: str, name: str = "scan", target: str | None = None, **members: Any) -> str:
    """A scan, on the target or on the web node."""
    request = {
        "WindowId": window_id,
        "Name": name,
        "TaskType": "RUN_COMMAND",
        "TaskArn": "AWS-RunPatchBaseline",
        "MaxConcurrency": "1",
        "MaxErrors": "0",
        "Targets": [{"Key": "WindowTargetIds", "Values": [target]}] if target else ON_WEB,
        "TaskInvocationParameters": {"RunCommand": {"Parameters": SCAN}},
        **members,
    }
    return str(account.by_hand("RegisterTaskWithMaintenanceWindow", **request)["WindowTaskId"])


def told(account: Account, **args: Any) -> dict[str, Any]:
    (window,) = account.run(WINDOWS, include=EXECUTIONS, **args)["windows"]
    return window


def hours(entries: list[dict[str, Any]]) -> list[float]:
    """Hours from the start of the simulated year to the start of each entry."""
    origin = datetime.fromisoformat("2026-01-01T00:00:00Z").timestamp()
    return [(datetime.fromisoformat(one["start_time"]).timestamp() - origin) / HOUR for one in entries]


def alter(
    account: Account, monkeypatch: pytest.MonkeyPatch, operation: str, change: Callable[[dict[str, Any]], Any]
) -> None:
    """Let the answers of an operation be something else."""
    real = account.simulator.execute

    def execute(called: str, *where: Any) -> Any:
        answer = real(called, *where)
        return change(answer) if called == operation else answer

    monkeypatch.setattr(account.simulator, "execute", execute)


def test_an_execution_with_its_tasks_and_invocations(account: Account) -> None:
    window = make_window(account)
    target = make_target(account, window, OwnerInformation="team web")
    task_id = make_task(account, window, target=target)
    account.simulator.advance(DAY)

    (execution,) = told(account)["executions"]

    (task,) = execution.pop("tasks")
    (invocation,) = task.pop("invocations")
    assert (execution["status"], execution["status_details"], hours([execution])) == ("SUCCESS", None, [2])
    assert execution["end_time"] == task["end_time"] == invocation["end_time"] > invocation["start_time"]
    assert set(execution) == {"window_execution_id", "status", "status_details", "start_time", "end_time"}
    assert (task["name"], task["window_task_id"]) == ("scan", task_id)
    assert (task["task_type"], task["task_arn"]) == ("RUN_COMMAND", "AWS-RunPatchBaseline")
    (command,) = account.by_hand("ListCommands")["Commands"]
    shown = ("command_id", "execution_id", "window_target_id", "window_target", "instance_ids", "owner_information")
    assert {name: invocation[name] for name in shown} == {
        "command_id": command["CommandId"],
        "execution_id": command["CommandId"],
        "window_target_id": target,
        "window_target": "web",
        "instance_ids": [WEB],
        "owner_information": "team web",
    }
    assert (invocation["status"], invocation["status_details"]) == ("SUCCESS", "Success")


def test_parameters_are_not_told(account: Account) -> None:
    window = make_window(account)
    parameters = {"commands": [f"echo {SECRET}"]}
    make_task(
        account,
        window,
        TaskArn="AWS-RunShellScript",
        TaskInvocationParameters={"RunCommand": {"Parameters": parameters}},
    )
    account.simulator.advance(DAY)
    entry = told(account)
    assert entry["executions"][0]["tasks"][0]["invocations"][0]["command_id"]
    assert SECRET not in json.dumps(entry)


def test_what_is_no_command_has_no_command_id(account: Account) -> None:
    window = make_window(account)
    block = {"TaskInvocationParameters": {"Automation": {"Parameters": {"InstanceId": ["{{TARGET_ID}}"]}}}}
    make_task(account, window, "stop", TaskType="AUTOMATION", TaskArn="AWS-StopEC2Instance", **block)
    account.simulator.advance(DAY)
    (task,) = told(account)["executions"][0]["tasks"]
    (invocation,) = task["invocations"]
    assert (task["name"], task["output_s3_url"], task["cloudwatch_log_group"]) == ("stop", None, None)
    assert invocation["execution_id"]
    assert (invocation["command_id"], invocation["window_target_id"], invocation["window_target"]) == (None, None, None)


@pytest.mark.parametrize(
    ("command", "url", "group"),
    [
        ({}, None, None),
        ({"OutputS3BucketName": "logs"}, "s3://logs", None),
        ({"OutputS3BucketName": "logs", "OutputS3KeyPrefix": "patching/prod"}, "s3://logs/patching/prod", None),
        ({"CloudWatchOutputConfig": {"CloudWatchOutputEnabled": True}}, None, "/aws/ssm/AWS-RunPatchBaseline"),
        (
            {"CloudWatchOutputConfig": {"CloudWatchOutputEnabled": True, "CloudWatchLogGroupName": "patching"}},
            None,
            "patching",
        ),
        (
            {"CloudWatchOutputConfig": {"CloudWatchOutputEnabled": False, "CloudWatchLogGroupName": "patching"}},
            None,
            None,
        ),
    ],
)
def test_where_the_output_is(account: Account, command: dict[str, Any], url: str | None, group: str | None) -> None:
    window = make_window(account)
    make_task(account, window, TaskInvocationParameters={"RunCommand": {"Parameters": SCAN, **command}})
    account.simulator.advance(DAY)
    (task,) = told(account)["executions"][0]["tasks"]
    assert (task["output_s3_url"], task["cloudwatch_log_group"]) == (url, group)


def test_the_current_execution_and_the_next_are_apart(account: Account) -> None:
    window = make_window(account)
    make_task(account, window)
    account.simulator.set_clock("2026-01-02T02:05:00Z")

    entry = told(account)
    current = entry["current_execution"]
    assert (current["status"], current["end_time"], hours([current])) == ("IN_PROGRESS", None, [26])
    assert current == entry["executions"][0]
    assert entry["next_execution_time"].startswith("2026-01-03T02:00")
    assert current["tasks"][0]["invocations"][0]["status"] == "IN_PROGRESS"

    account.simulator.advance(HOUR)
    entry = told(account)
    assert (entry["current_execution"], entry["executions"][0]["status"]) == (None, "SUCCESS")


def test_the_execution_that_goes_on_is_told_though_later_ones_were_skipped(account: Account) -> None:
    window = make_window(account, Schedule="rate(5 minutes)", Duration=1, Cutoff=0)
    make_task(account, window)
    account.simulator.advance(3 * 300 - 10)

    entry = told(account, execution_count=1)

    (newest,) = entry["executions"]
    assert (newest["status"], newest["tasks"]) == ("SKIPPED_OVERLAPPING", [])
    assert (entry["current_execution"]["status"], hours([entry["current_execution"]])) == ("IN_PROGRESS", [1 / 12])
    assert entry["current_execution"]["tasks"][0]["name"] == "scan"


@pytest.mark.parametrize(("count", "size", "pages"), [(1, 10, 1), (10, 10, 1), (25, 25, 1), (150, 100, 2)])
def test_no_more_executions_are_read_than_asked_for(account: Account, count: int, size: int, pages: int) -> None:
    make_window(account, Schedule="rate(1 hour)", Duration=1, Cutoff=0)
    account.simulator.advance(200 * HOUR + 60)
    account.clear_log()
    entry = told(account, execution_count=count)
    assert hours(entry["executions"]) == pytest.approx([200 - number for number in range(count)], abs=0.01)
    asked = account.inputs(f"{DESCRIBE}s")
    assert [request["MaxResults"] for request in asked] == [size] * pages
    assert account.calls()[f"{DESCRIBE}Tasks"] == count


def test_every_thing_is_read_once(account: Account) -> None:
    for name in ("one", "two"):
        window = make_window(account, name)
        target = make_target(account, window)
        make_task(account, window, "scan", target)
        make_task(account, window, "install", target, TaskInvocationParameters={"RunCommand": {"Parameters": INSTALL}})
    account.by_hand("UpdateMaintenanceWindow", WindowId=window, Enabled=False)
    account.simulator.advance(3 * DAY)
    account.clear_log()

    found = account.run(WINDOWS, include=[*EXECUTIONS, "targets", "tasks"], execution_count=2)["windows"]

    assert [len(one["executions"]) for one in found] == [2, 0]
    assert account.calls() == {
        "DescribeMaintenanceWindows": 1,
        "GetMaintenanceWindow": 2,
        "ListTagsForResource": 2,
        "DescribeMaintenanceWindowTargets": 2,
        "DescribeMaintenanceWindowTasks": 2,
        "GetMaintenanceWindowTask": 4,
        f"{DESCRIBE}s": 2,
        f"{DESCRIBE}Tasks": 2,
        f"{DESCRIBE}TaskInvocations": 4,
    }


def test_executions_do_not_go_into_the_declaration(account: Account) -> None:
    window = make_window(account)
    make_task(account, window, target=make_target(account, window))
    (plain,) = account.run(WINDOWS)["windows"]
    entry = told(account)
    assert entry["declaration"] == plain["declaration"]
    assert set(entry) - set(plain) == {"executions", "current_execution"}


def test_tasks_of_the_same_document_are_told_apart_by_targets_and_parameters(account: Account) -> None:
    window = make_window(account)
    web = make_target(account, window)
    database = make_target(account, window, "database", Targets=[{"Key": "InstanceIds", "Values": [DATABASE]}])
    install = {"TaskInvocationParameters": {"RunCommand": {"Parameters": INSTALL}}}
    make_task(account, window, "scan-web", web, Priority=1)
    make_task(account, window, "scan-db", database, Priority=2)
    make_task(account, window, "install-web", web, Priority=3, **install)
    make_task(account, window, "scan-node", Priority=4)
    account.simulator.advance(DAY)
    tasks = told(account)["executions"][0]["tasks"]
    assert [task["name"] for task in tasks] == ["scan-web", "scan-db", "install-web", "scan-node"]


def test_a_task_of_which_there_are_two_has_no_name(account: Account) -> None:
    window = make_window(account)
    for name in ("one", "two"):
        make_task(account, window, name)
    account.simulator.advance(DAY)
    tasks = told(account)["executions"][0]["tasks"]
    assert [(task["name"], task["window_task_id"]) for task in tasks] == [(None, None)] * 2
    assert [task["possible_names"] for task in tasks] == [["one", "two"]] * 2


@pytest.mark.parametrize(
    ("differing", "names"),
    [
        ({"Priority": 3}, [("scan", []), ("second", []), ("third", [])]),
        ({"MaxConcurrency": "50%"}, [("scan", []), ("second", []), ("third", [])]),
        ({"MaxErrors": "7"}, [("scan", []), ("second", []), ("third", [])]),
        (
            {"TaskInvocationParameters": {"RunCommand": {"Parameters": SCAN}}},
            [("scan", []), ("second", []), ("third", [])],
        ),
        # The service does not return the targets of a task that has not started.
        ({"Targets": "database"}, [("scan", []), (None, ["second", "third"]), (None, ["second", "third"])]),
    ],
)
def test_tasks_that_have_not_started_are_told_apart(
    account: Account, differing: dict[str, Any], names: list[tuple[str | None, list[str]]]
) -> None:
    window = make_window(account)
    web, install = make_target(account, window), {"RunCommand": {"Parameters": INSTALL}}
    if "Targets" in differing:
        database = make_target(account, window, "database", Targets=[{"Key": "InstanceIds", "Values": [DATABASE]}])
        differing = {"Targets": [{"Key": "WindowTargetIds", "Values": [database]}]}
    make_task(account, window, "scan", web, Priority=1)
    make_task(account, window, "second", web, Priority=2, TaskInvocationParameters=install)
    make_task(account, window, "third", web, **{"Priority": 2, "TaskInvocationParameters": install, **differing})
    account.simulator.set_clock("2026-01-01T02:01:00Z")

    tasks = told(account)["current_execution"]["tasks"]

    assert [task["status"] for task in tasks] == ["IN_PROGRESS", "PENDING", "PENDING"]
    assert [tasks[0]["name"], *sorted(task["name"] or "" for task in tasks[1:])] == [one[0] or "" for one in names]
    assert sorted(task["possible_names"] for task in tasks) == sorted(one[1] for one in names)


def test_the_last_task_that_is_left_needs_no_facts_of_its_own(account: Account) -> None:
    window = make_window(account)
    web = make_target(account, window)
    database = make_target(account, window, "database", Targets=[{"Key": "InstanceIds", "Values": [DATABASE]}])
    make_task(account, window, "one", web, Priority=1)
    make_task(account, window, "two", database, Priority=1, MaxErrors="0")
    make_task(
        account, window, "gone", make_target(account, window, "none", Targets=[{"Key": "tag:a", "Values": ["b"]}])
    )
    account.simulator.set_clock("2026-01-01T02:01:00Z")

    tasks = told(account)["current_execution"]["tasks"]

    assert sorted(task["name"] for task in tasks) == ["gone", "one", "two"]


def test_a_task_whose_double_was_removed_has_no_name_of_another(account: Account) -> None:
    window = make_window(account)
    web = make_target(account, window)
    install = {"TaskInvocationParameters": {"RunCommand": {"Parameters": INSTALL}}}
    make_task(account, window, "scan", web, Priority=1)
    removed = make_task(account, window, "install", web, Priority=2, **install)
    account.simulator.advance(DAY)
    account.by_hand("DeregisterTaskFromMaintenanceWindow", WindowId=window, WindowTaskId=removed)

    tasks = told(account)["executions"][0]["tasks"]

    assert [task["name"] for task in tasks] == ["scan", None]


def test_a_task_and_a_target_that_were_removed_have_no_name(account: Account) -> None:
    window = make_window(account)
    target = make_target(account, window)
    task_id = make_task(account, window, target=target)
    account.simulator.advance(DAY)
    account.by_hand("DeregisterTaskFromMaintenanceWindow", WindowId=window, WindowTaskId=task_id)
    account.by_hand("DeregisterTargetFromMaintenanceWindow", WindowId=window, WindowTargetId=target)
    (task,) = told(account)["executions"][0]["tasks"]
    (invocation,) = task["invocations"]
    assert (task["name"], task["task_arn"]) == (None, "AWS-RunPatchBaseline")
    assert (invocation["window_target_id"], invocation["window_target"]) == (target, None)


def test_tasks_come_in_the_order_of_their_start(account: Account) -> None:
    window = make_window(account)
    make_task(account, window, "second", Priority=2)
    make_task(account, window, "first", Priority=1, TaskArn="AWS-RunPatchBaselineWithHooks")
    account.simulator.set_clock("2026-01-01T02:00:10Z")
    first, second = told(account)["current_execution"]["tasks"]
    assert (first["name"], first["status"], hours([first])) == ("first", "IN_PROGRESS", [2])
    assert (second["name"], second["status"], second["start_time"]) == ("second", "PENDING", None)
    assert second["invocations"] == []


def test_moments_are_in_utc_wherever_the_controller_is(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    make_window(account)
    account.simulator.advance(DAY)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        entry = told(account)
    time.tzset()
    assert entry["executions"][0]["start_time"] == "2026-01-01T02:00:00+00:00"
    assert entry["created_date"].startswith("2026-01-01T00:00:00")


def test_a_window_that_never_ran(account: Account) -> None:
    make_window(account)
    entry = told(account)
    assert (entry["executions"], entry["current_execution"]) == ([], None)


def test_why_nothing_ran(account: Account) -> None:
    make_window(account)
    account.simulator.advance(DAY)
    (execution,) = told(account)["executions"]
    assert (execution["status"], execution["status_details"]) == ("SUCCESS", "No tasks to execute.")


@pytest.mark.parametrize("count", [0, 1001])
def test_a_count_that_cannot_be_is_told_before_any_call(account: Account, count: int) -> None:
    text = f"execution_count: {count} must be from 1 to 1000"
    assert text in account.fails(WINDOWS, include=EXECUTIONS, execution_count=count)["msg"]
    assert not account.calls()


@pytest.mark.parametrize("operation", LISTINGS)
def test_a_read_that_is_denied_names_the_action(account: Account, operation: str) -> None:
    make_task(account, make_window(account))
    account.simulator.advance(DAY)
    account.faults({"op": operation, "do": "AccessDeniedException"})
    failed = account.fails(WINDOWS, include=EXECUTIONS)
    assert f"Allow the action ssm:{operation}" in failed["msg"]


def test_reads_are_repeated_where_the_rate_is_refused(account: Account) -> None:
    make_task(account, make_window(account))
    account.simulator.advance(DAY)
    account.faults({"op": f"{DESCRIBE}*", "do": "ThrottlingException", "times": 3})
    assert told(account)["executions"][0]["tasks"][0]["invocations"]


@pytest.mark.parametrize("operation", list(LISTINGS)[1:])
def test_an_execution_that_vanishes_meanwhile_is_left_out(account: Account, operation: str) -> None:
    make_task(account, make_window(account))
    account.simulator.advance(3 * DAY)
    account.faults({"op": operation, "do": "DoesNotExistException", "times": 1})
    assert len(told(account)["executions"]) == 2


@pytest.mark.parametrize("operation", LISTINGS)
def test_what_a_listing_repeats_is_told_once(account: Account, operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_task(account, make_window(account))
    account.simulator.advance(2 * DAY)
    before = told(account)
    assert len(before["executions"]) == 2
    key = LISTINGS[operation]
    alter(account, monkeypatch, operation, lambda answer: {**answer, key: [*answer[key], *answer[key]]})
    assert told(account) == before


@pytest.mark.parametrize("left", [None, ""], ids=["missing", "empty"])
@pytest.mark.parametrize(
    ("operation", "member"),
    [
        (f"{DESCRIBE}s", "WindowExecutionId"),
        (f"{DESCRIBE}Tasks", "TaskExecutionId"),
        (f"{DESCRIBE}TaskInvocations", "InvocationId"),
    ],
)
def test_an_answer_that_lacks_what_it_must_have_is_an_error(
    account: Account, operation: str, member: str, left: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_task(account, make_window(account))
    account.simulator.advance(DAY)
    key = LISTINGS[operation]
    lacking = [] if left is None else [(member, left)]
    without = lambda entry: dict([*(pair for pair in entry.items() if pair[0] != member), *lacking])  # noqa: E731
    alter(account, monkeypatch, operation, lambda answer: {**answer, key: [without(one) for one in answer[key]]})
    failed = account.fails(WINDOWS, include=EXECUTIONS)
    assert f"ssm:{operation} failed: the response contains no {member}" in failed["msg"]


@pytest.mark.parametrize("operation", LISTINGS)
def test_an_answer_without_its_listing_is_an_error(
    account: Account, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_task(account, make_window(account))
    account.simulator.advance(DAY)
    alter(account, monkeypatch, operation, lambda _answer: {})
    failed = account.fails(WINDOWS, include=EXECUTIONS)
    assert f"ssm:{operation} failed: the response contains no {LISTINGS[operation]}" in failed["msg"]


@pytest.mark.parametrize("operation", LISTINGS)
def test_what_else_is_missing_is_null(account: Account, operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_task(account, make_window(account))
    account.simulator.advance(DAY)
    key = LISTINGS[operation]
    needed = {"WindowExecutionId", "TaskExecutionId", "InvocationId", "Status"}
    bare = lambda entry: {name: value for name, value in entry.items() if name in needed}  # noqa: E731
    alter(account, monkeypatch, operation, lambda answer: {**answer, key: [bare(one) for one in answer[key]]})
    (execution,) = told(account)["executions"]
    (task,) = execution["tasks"]
    (invocation,) = task["invocations"]
    bared = {f"{DESCRIBE}s": execution, f"{DESCRIBE}Tasks": task, f"{DESCRIBE}TaskInvocations": invocation}[operation]
    assert (bared["status"], bared["start_time"], bared["end_time"]) == ("SUCCESS", None, None)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"instanceIds": 5, "parameters": []}', "null"])
def test_parameters_that_are_not_understood(account: Account, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    window = make_window(account)
    for name in ("one", "two"):
        make_task(account, window, name)
    account.simulator.advance(DAY)
    operation = f"{DESCRIBE}TaskInvocations"
    key = LISTINGS[operation]
    alter(
        account,
        monkeypatch,
        operation,
        lambda answer: {**answer, key: [{**one, "Parameters": text} for one in answer[key]]},
    )
    tasks = told(account)["executions"][0]["tasks"]
    assert [task["invocations"][0]["instance_ids"] for task in tasks] == [[], []]
