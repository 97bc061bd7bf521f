# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_window_execution_info: which execution it follows, how long, and what it says about each node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.web_window import INSTALL, patch_task, web_node, web_window

MODULE = "ssm_window_execution_info"
HOUR, DAY = 3600, 86400
# The window opens two hours after the clock of the tests begins.
WAIT: dict[str, Any] = {"window": "prod", "wait": True, "begin_timeout": 3 * HOUR}
NODES = [f"i-{number:017x}" for number in range(3)]
DESCRIBE = "DescribeMaintenanceWindowExecution"
LISTINGS = (f"{DESCRIBE}s", f"{DESCRIBE}Tasks", f"{DESCRIBE}TaskInvocations", "ListCommandInvocations")


SCAN_THEN_INSTALL = [patch_task("scan", Priority=1), patch_task("install", INSTALL, Priority=2)]


def plant(account: Account, tasks: list[dict[str, Any]], *nodes: dict[str, Any], **members: Any) -> str:
    """A window with these tasks on three nodes, some of which are special; gives its ID."""
    special = {one["InstanceId"]: one for one in nodes}
    fleet = {"nodes": [web_node(one, **special.get(one, {})) for one in NODES]}
    window = web_window(tasks, **members)
    settings = {"scan_seconds": 600, "install_seconds": 600, "other_seconds": 600, "spread": 0}
    place = {"account": ACCOUNT, "region": REGION, "fleet": fleet, "windows": [window]}
    account.simulator.plant({"commands": settings, "executions": {"seconds": 600}, "regions": [place]})
    account.clear_log()
    found = account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    return str(next(one["WindowId"] for one in found if one["Name"] == window["Name"]))


def meanwhile(account: Account, monkeypatch: pytest.MonkeyPatch, moment: str, act: Callable[[], Any]) -> None:
    """Let somebody do something as soon as a wait has passed a moment."""
    left = [act]

    def sleep(seconds: float) -> None:
        account.simulator.advance(seconds)
        if left and account.simulator.now().isoformat() >= moment:
            left.pop()()

    monkeypatch.setattr(clock, "sleep", sleep)


def nodes(result: dict[str, Any], name: str) -> dict[str, str | None]:
    """The status of each node in a task."""
    (found,) = [one for one in result["execution"]["tasks"] if one["name"] == name]
    return {node["instance_id"]: node["status"] for one in found["invocations"] for node in one["instances"]}


def test_it_waits_for_the_opening_and_until_both_tasks_have_ended(account: Account) -> None:
    plant(account, SCAN_THEN_INSTALL)

    result = account.run(MODULE, **WAIT)

    execution = result["execution"]
    assert (execution["status"], execution["start_time"][:16]) == ("SUCCESS", "2026-01-01T02:00")
    assert [one["name"] for one in execution["tasks"]] == ["scan", "install"]
    assert nodes(result, "scan") == nodes(result, "install") == dict.fromkeys(NODES, "Success")
    assert (execution["node_count"], result["problem"], result["changed"]) == (3, None, False)
    assert result["window"]["next_execution_time"].startswith("2026-01-02T02:00")
    assert account.calls(writes=True) == {}
    # Every five minutes for two hours, then every 30 seconds for 20 minutes.
    assert account.calls()[f"{DESCRIBE}s"] <= 24 + 40 + 5


def test_one_that_is_in_progress_is_followed(account: Account) -> None:
    plant(account, SCAN_THEN_INSTALL)
    account.simulator.set_clock("2026-01-01T02:05:00Z")

    result = account.run(MODULE, window="prod", wait=True, begin_timeout=0)

    assert (result["execution"]["status"], result["execution"]["start_time"][:13]) == ("SUCCESS", "2026-01-01T02")


@pytest.mark.parametrize("chosen", ["last", "id", "without waiting"])
def test_one_that_has_ended_is_shown(account: Account, chosen: str) -> None:
    window_id = plant(account, SCAN_THEN_INSTALL)
    account.simulator.advance(2 * DAY)
    executions = account.by_hand(f"{DESCRIBE}s", WindowId=window_id)["WindowExecutions"]
    first = executions[-1]["WindowExecutionId"]
    args = {"last": {**WAIT, "last": True}, "id": {**WAIT, "window_execution_id": first}}.get(
        chosen, {"window": window_id}
    )

    result = account.run(MODULE, **args)

    assert result["execution"]["window_execution_id"] == (
        first if chosen == "id" else executions[0]["WindowExecutionId"]
    )
    assert nodes(result, "install") == dict.fromkeys(NODES, "Success")
    assert account.calls()[f"{DESCRIBE}s"] == 1


def test_the_next_one_is_waited_for_though_one_has_ended(account: Account) -> None:
    plant(account, [patch_task("scan")])
    account.simulator.set_clock("2026-01-02T01:00:00Z")

    result = account.run(MODULE, **WAIT)

    assert result["execution"]["start_time"][:13] == "2026-01-02T02"


@pytest.mark.parametrize(
    ("members", "args", "text"),
    [
        ({}, {"begin_timeout": 60}, "opens 2026-01-01T02:00:00+00:00, in 1 h 58 min, and begin_timeout is 60 seconds."),
        ({}, {"last": True}, "has no execution among those that AWS lists"),
        (
            {"Schedule": "at(2026-01-01T00:01:00)"},
            {},
            "does not open again: its schedule at(2026-01-01T00:01:00) has no",
        ),
        ({"Schedule": "rate(1 day)", "EndDate": "2025-06-01T00:00:00Z"}, {}, "does not open again"),
    ],
)
def test_what_will_not_begin_is_an_error_at_once(
    account: Account, members: dict[str, Any], args: dict[str, Any], text: str
) -> None:
    plant(account, [], **members)
    account.simulator.advance(120)

    result = account.fails(MODULE, **{**WAIT, **args})

    assert text in result["msg"]
    assert result["window"]["name"] == "prod"
    assert result["execution"] is None
    assert account.calls()[f"{DESCRIBE}s"] == 1


def test_a_window_that_is_disabled_is_an_error_in_check_mode_too(account: Account) -> None:
    window_id = plant(account, [patch_task("scan")])
    account.simulator.advance(DAY)
    account.by_hand("UpdateMaintenanceWindow", WindowId=window_id, Enabled=False)

    for check in (True, False):
        message = account.fails(MODULE, check=check, **WAIT)["msg"]
        assert (
            "is disabled, so it does not open. Enable it (ssm_maintenance_window with enabled: true); its last"
            in message
        )
        assert "ended SUCCESS at 2026-01-01T02:10" in message
    assert account.run(MODULE, window="prod")["execution"]["status"] == "SUCCESS"


def test_check_mode_says_when_and_waits_for_nothing(account: Account) -> None:
    plant(account, [patch_task("scan")])

    result = account.run(MODULE, check=True, **WAIT)

    assert (result["execution"], result["problem"]) == (None, None)
    assert result["window"]["next_execution_time"].startswith("2026-01-01T02:00")
    assert account.warnings == []
    assert account.run(MODULE, check=True, window="prod", wait=True, begin_timeout=60)["execution"] is None
    assert "A run that starts now fails. Window prod opens 2026-01-01T02:00:00+00:00, in 2 h" in account.warnings[0]
    assert account.simulator.now().isoformat().startswith("2026-01-01T00:00:00")


def test_a_window_that_is_disabled_while_it_is_waited_for(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    window_id = plant(account, [patch_task("scan")])
    disable = {"WindowId": window_id, "Enabled": False}
    meanwhile(account, monkeypatch, "2026-01-01T01:00", lambda: account.by_hand("UpdateMaintenanceWindow", **disable))

    result = account.fails(MODULE, **WAIT)

    assert "is disabled" in result["msg"]
    assert account.simulator.now().isoformat() < "2026-01-01T01:10"


@pytest.mark.parametrize(("schedule", "hour"), [("cron(30 1 ? * * *)", "01:30"), ("cron(0 3 ? * * *)", "03:00")])
def test_a_window_that_is_moved_while_it_is_waited_for(
    account: Account, monkeypatch: pytest.MonkeyPatch, schedule: str, hour: str
) -> None:
    window_id = plant(account, [patch_task("scan")])
    move = {"WindowId": window_id, "Schedule": schedule}
    meanwhile(account, monkeypatch, "2026-01-01T01:00", lambda: account.by_hand("UpdateMaintenanceWindow", **move))

    assert account.run(MODULE, **WAIT)["execution"]["start_time"][11:16] == hour


def test_an_execution_that_is_not_listed_after_the_opening(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(account, [patch_task("scan")])
    real = account.simulator.execute

    def execute(operation: str, *where: Any) -> Any:
        answer = real(operation, *where)
        return {**answer, "WindowExecutions": []} if operation == f"{DESCRIBE}s" else answer

    monkeypatch.setattr(account.simulator, "execute", execute)

    message = account.fails(MODULE, **WAIT)["msg"]

    assert message == "Window prod opened 2026-01-01T02:00:00+00:00, but AWS lists no execution since."
    assert "2026-01-01T02:10" <= account.simulator.now().isoformat() < "2026-01-01T02:12"


@pytest.mark.parametrize("allowed", ["0", "3"])
def test_a_node_that_fails_is_a_problem_even_if_the_task_tolerates_it(account: Account, allowed: str) -> None:
    plant(account, [patch_task("install", INSTALL, MaxErrors=allowed)], {"InstanceId": NODES[1], "Failing": True})

    result = account.run(MODULE, **WAIT)

    assert nodes(result, "install") == {NODES[0]: "Success", NODES[1]: "Failed", NODES[2]: "Success"}
    assert f"1 of 3 nodes did not succeed: {NODES[1]}" in result["problem"]
    assert "Failed, exit code" in result["problem"]
    assert result["problem"].startswith(f"Execution {result['execution']['window_execution_id']} of window prod ended ")


def test_nodes_that_are_offline(account: Account) -> None:
    offline = [
        {"InstanceId": NODES[0], "PingStatus": "ConnectionLost"},
        {"InstanceId": NODES[1], "PingStatus": "Inactive"},
    ]
    plant(account, [patch_task("scan")], *offline)

    result = account.run(MODULE, **WAIT, wait_timeout=2 * DAY, poll_interval=300)

    assert nodes(result, "scan")[NODES[2]] == "Success"
    assert "2 of 3 nodes did not succeed" in result["problem"]
    assert "DeliveryTimedOut" in result["problem"]
    assert "Undeliverable" in result["problem"]


def test_a_cancelled_execution(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    window_id = plant(account, SCAN_THEN_INSTALL)

    def cancel() -> None:
        (running,) = account.by_hand(f"{DESCRIBE}s", WindowId=window_id)["WindowExecutions"]
        account.by_hand("CancelMaintenanceWindowExecution", WindowExecutionId=running["WindowExecutionId"])

    meanwhile(account, monkeypatch, "2026-01-01T02:05", cancel)

    result = account.run(MODULE, **WAIT)

    assert result["execution"]["status"] == "CANCELLED"
    # What runs is completed.
    assert nodes(result, "scan") == dict.fromkeys(NODES, "Success")
    assert result["problem"].endswith("of window prod ended CANCELLED: task install CANCELLED.")


def test_tasks_that_do_not_start_before_the_cutoff(account: Account) -> None:
    slow = {"commands": {"scan_seconds": 1.5 * HOUR, "spread": 0}}
    plant(account, SCAN_THEN_INSTALL, Duration=2, Cutoff=1)
    account.simulator.plant(slow)

    result = account.run(MODULE, **WAIT, poll_interval=300)

    assert result["execution"]["status"] == "TIMED_OUT"
    assert "task install TIMED_OUT" in result["problem"]
    assert nodes(result, "scan") == dict.fromkeys(NODES, "Success")


def test_an_execution_that_was_skipped(account: Account) -> None:
    plant(account, [patch_task("scan")], Schedule="rate(6 minutes)", Duration=1, Cutoff=0)
    account.simulator.advance(17 * 60)

    result = account.run(MODULE, **WAIT, last=True)

    assert result["execution"]["status"] == "SKIPPED_OVERLAPPING"
    assert "AWS skipped it, because an earlier execution was still in progress" in result["problem"]


@pytest.mark.parametrize(
    "tasks", [[], [patch_task("scan", Targets=[{"Key": "WindowTargetIds", "Values": ["nobody"]}])]]
)
def test_an_execution_that_reaches_no_node(account: Account, tasks: list[dict[str, Any]]) -> None:
    nobody = {
        "Name": "nobody",
        "ResourceType": "INSTANCE",
        "Targets": [{"Key": "tag:PatchGroup", "Values": ["Misspelt"]}],
    }
    plant(account, tasks, Targets=[nobody])

    result = account.run(MODULE, **WAIT)

    assert result["execution"]["node_count"] == 0
    assert "it reached no node; check the tasks of the window and their targets" in result["problem"]


def test_a_task_of_another_type_has_a_status_and_no_nodes(account: Account) -> None:
    block = {"Automation": {"Parameters": {"InstanceId": ["{{TARGET_ID}}"]}}}
    stop = patch_task("stop", TaskType="AUTOMATION", TaskArn="AWS-StopEC2Instance", TaskInvocationParameters=block)
    plant(account, [patch_task("scan", Priority=1), {**stop, "Priority": 2}])

    result = account.run(MODULE, **WAIT)

    scan, other = result["execution"]["tasks"]
    assert (other["name"], other["task_type"], other["status"]) == ("stop", "AUTOMATION", "SUCCESS")
    assert {one["instances"] for one in other["invocations"]} == {None}
    assert len(scan["invocations"][0]["instances"]) == result["execution"]["node_count"] == 3


def test_reads_that_are_throttled_are_repeated(account: Account) -> None:
    plant(account, SCAN_THEN_INSTALL)
    account.faults({"op": "*", "do": "ThrottlingException", "rate": 0.3})

    assert account.run(MODULE, **WAIT)["problem"] is None


@pytest.mark.parametrize("operation", LISTINGS)
def test_a_read_that_is_denied_names_the_action_and_what_was_known(account: Account, operation: str) -> None:
    plant(account, [patch_task("scan")])
    account.faults({"op": operation, "do": "AccessDeniedException", "after": 2})

    result = account.fails(MODULE, **WAIT)

    assert f"Allow the action ssm:{operation}" in result["msg"]
    assert result["window"]["name"] == "prod"
    assert result["error"]["code"] == "AccessDeniedException"


def test_the_time_is_over_and_the_execution_is_followed_again(account: Account) -> None:
    plant(account, SCAN_THEN_INSTALL)

    result = account.fails(MODULE, **WAIT, wait_timeout=700)

    execution_id = result["execution"]["window_execution_id"]
    assert f"The execution continues; wait for it with window_execution_id: {execution_id}." in result["msg"]
    assert (nodes(result, "scan"), nodes(result, "install")) == (
        dict.fromkeys(NODES, "Success"),
        dict.fromkeys(NODES, "InProgress"),
    )
    at_once = account.fails(MODULE, **WAIT, window_execution_id=execution_id, wait_timeout=0)
    assert "wait_timeout expired" in at_once["msg"]
    again = account.run(MODULE, **WAIT, window_execution_id=execution_id)
    assert nodes(again, "install") == dict.fromkeys(NODES, "Success")


def test_an_execution_of_another_window_is_an_error(account: Account) -> None:
    plant(account, [patch_task("scan")])
    account.simulator.advance(DAY)
    unknown = "01234567-89ab-cdef-0123-456789abcdef"

    assert f"has no execution {unknown}" in account.fails(MODULE, window="prod", window_execution_id=unknown)["msg"]


def test_windows_of_the_same_name_and_none(account: Account) -> None:
    first = plant(account, [])
    second = plant(account, [], Name="prod2")
    account.by_hand("UpdateMaintenanceWindow", WindowId=second, Name="prod")

    message = account.fails(MODULE, **WAIT)["msg"]

    assert f"Several windows are named prod: {', '.join(sorted([first, second]))}" in message
    assert account.run(MODULE, window=first)["window"]["window_id"] == first
    assert "The window 'Prod' does not exist in this account and Region" in account.fails(MODULE, window="Prod")["msg"]


@pytest.mark.parametrize("nothing_listed", [True, False])
def test_nodes_that_aws_lists_late_are_waited_for(
    account: Account, monkeypatch: pytest.MonkeyPatch, nothing_listed: bool
) -> None:
    """The execution has ended, and the listing of the command's nodes has not followed yet, or never does."""
    plant(account, [patch_task("scan")])
    real = account.simulator.execute

    def execute(operation: str, *where: Any) -> Any:
        answer = real(operation, *where)
        is_late = nothing_listed or account.simulator.now().isoformat() < "2026-01-01T02:10:40"
        return {"CommandInvocations": []} if operation == "ListCommandInvocations" and is_late else answer

    monkeypatch.setattr(account.simulator, "execute", execute)

    result = account.run(MODULE, **WAIT)

    assert nodes(result, "scan") == dict.fromkeys(NODES, None if nothing_listed else "Success")
    unknown = "the result of 3 of 3 nodes is unknown, because AWS does not list them"
    assert (unknown in (result["problem"] or "")) is nothing_listed


def test_tasks_that_aws_lists_late_are_waited_for(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(account, [patch_task("scan")])
    real = account.simulator.execute

    def execute(operation: str, *where: Any) -> Any:
        answer = real(operation, *where)
        is_late = account.simulator.now().isoformat() < "2026-01-01T02:10:40"
        is_listing = operation == "DescribeMaintenanceWindowExecutionTasks"
        return {"WindowExecutionTaskIdentities": []} if is_listing and is_late else answer

    monkeypatch.setattr(account.simulator, "execute", execute)

    assert nodes(account.run(MODULE, **WAIT), "scan") == dict.fromkeys(NODES, "Success")


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"window": " "}, "window: is empty"),
        ({"window_execution_id": "1"}, "window_execution_id: '1' is not a valid ID of an execution"),
        ({"begin_timeout": -1}, "begin_timeout: -1 must be at least 0"),
        ({"wait_timeout": -1}, "wait_timeout: -1 must be at least 0"),
        ({"poll_interval": 0}, "poll_interval: 0 must be at least 1"),
        (
            {"last": True, "window_execution_id": "01234567-89ab-cdef-0123-456789abcdef"},
            "last: cannot be combined with window_execution_id",
        ),
    ],
)
def test_options_that_are_wrong_are_refused_before_any_call(account: Account, args: dict[str, Any], text: str) -> None:
    assert text in account.fails(MODULE, **{**WAIT, **args})["msg"]
    assert account.calls() == {}
