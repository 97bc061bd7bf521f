# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The executions of windows: what reads show of them while they run and when they are over; how they are cancelled."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .support import REGION, UNKNOWN_UUID, UNKNOWN_WINDOW, Client, Doors, Maker, outcome, refused

WEB, DATABASE = "i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb"
NODES = [{"InstanceId": WEB, "Tags": {"Role": "web"}}, {"InstanceId": DATABASE, "Tags": {"Role": "database"}}]
START = datetime(2031, 1, 6, 2, tzinfo=UTC)
DAILY = {"Schedule": "cron(0 2 ? * * *)", "Duration": 4, "Cutoff": 1}
PARAMETERS = {"Operation": ["Scan"], "RebootOption": ["NoReboot"]}
SCAN = {"RunCommand": {"Parameters": PARAMETERS, "Comment": "weekly", "TimeoutSeconds": 600}}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SERVICE_LINKED = "role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM"


@pytest.fixture
def nodes(doors: Doors, account: str) -> Iterator[None]:
    """Two nodes; it is two hours before the daily windows open."""
    doors.post("seed", {"regions": [{"account": account, "region": REGION, "fleet": {"nodes": NODES}}]})
    with doors.clock("2031-01-06T00:00:00Z"):
        yield


@dataclass
class Night:
    """A window with one target and a scan on it, which has the higher priority, and an Automation."""

    window: str
    target: str
    account: str
    ssm: Client

    def executions(self, **request: Any) -> list[dict[str, Any]]:
        return self.ssm.describe_maintenance_window_executions(WindowId=self.window, **request)["WindowExecutions"]

    @property
    def execution(self) -> str:
        """The id of the newest execution."""
        return self.executions()[0]["WindowExecutionId"]

    def tasks(self, **request: Any) -> dict[str, dict[str, Any]]:
        """The tasks of the newest execution, by type."""
        answer = self.ssm.describe_maintenance_window_execution_tasks(WindowExecutionId=self.execution, **request)
        return {task["TaskType"]: task for task in answer["WindowExecutionTaskIdentities"]}

    def ids(self, task_type: str = "RUN_COMMAND") -> dict[str, str]:
        """What names a task of the newest execution."""
        return {"WindowExecutionId": self.execution, "TaskId": self.tasks()[task_type]["TaskExecutionId"]}

    def task(self, task_type: str = "RUN_COMMAND") -> dict[str, Any]:
        answer = self.ssm.get_maintenance_window_execution_task(**self.ids(task_type))
        del answer["ResponseMetadata"]
        return answer

    def invocations(self, task_type: str = "RUN_COMMAND", **request: Any) -> list[dict[str, Any]]:
        ids = self.ids(task_type)
        answer = self.ssm.describe_maintenance_window_execution_task_invocations(**ids, **request)
        return answer["WindowExecutionTaskInvocationIdentities"]


@pytest.fixture
def night(nodes: None, ssm: Client, make: Maker, account: str) -> Night:
    window = make.window(**DAILY)
    by_role = [{"Key": "tag:Role", "Values": ["web"]}]
    target = make.target(window, Targets=by_role, OwnerInformation="team web")
    on_target = [{"Key": "WindowTargetIds", "Values": [target]}]
    make.task(window, Targets=on_target, Priority=1, MaxErrors="25%", TaskInvocationParameters=SCAN)
    make.targetless_task(window, Priority=2)
    return Night(window, target, account, ssm)


def wait(doors: Doors, hours: float) -> None:
    doors.post("clock", {"advance": hours * 3600})


class TestPseudoParameters:
    """maintenance-window-tasks-pseudo-parameters.html of the user guide says what each of them becomes."""

    TEXT = "{{TARGET_TYPE}} {{TARGET_ID}} {{ RESOURCE_ID }} {{WINDOW_ID}}"
    INPUT = json.dumps({"node": TEXT})
    TASKS = {  # noqa: RUF012
        "AUTOMATION": ("AWS-StopEC2Instance", {"Automation": {"Parameters": {"InstanceId": [TEXT]}}}),
        "LAMBDA": ("function:SSMTell", {"Lambda": {"Payload": INPUT.encode()}}),
        "STEP_FUNCTIONS": ("stateMachine:SSMTell", {"StepFunctions": {"Input": INPUT, "Name": "x"}}),
        "RUN_COMMAND": ("AWS-RunShellScript", {"RunCommand": {"Parameters": {"commands": [TEXT]}}}),
    }

    def told(
        self, ssm: Client, make: Maker, doors: Doors, account: str, task_type: str, criteria: dict[str, Any]
    ) -> tuple[str, str]:
        """The window, and what the invocation of a task was given."""
        window = make.window(**DAILY)
        target = make.target(window, **criteria)
        arn, parameters = self.TASKS[task_type]
        service = "lambda" if task_type == "LAMBDA" else "states"
        make.task(
            window,
            TaskType=task_type,
            TaskArn=f"arn:aws:{service}:{REGION}:{account}:{arn}" if ":" in arn else arn,
            Targets=[{"Key": "WindowTargetIds", "Values": [target]}],
            TaskInvocationParameters=parameters,
        )
        wait(doors, 8)
        (invocation,) = Night(window, target, account, ssm).invocations(task_type)
        given = json.loads(invocation["Parameters"])
        places = {
            "AUTOMATION": lambda: given["parameters"]["InstanceId"][0],
            "LAMBDA": lambda: json.loads(given["payload"])["node"],
            "STEP_FUNCTIONS": lambda: json.loads(given["input"])["node"],
            "RUN_COMMAND": lambda: given["parameters"]["commands"][0],
        }
        return window, places[task_type]()

    @pytest.mark.parametrize("task_type", ["AUTOMATION", "LAMBDA", "STEP_FUNCTIONS"])
    def test_of_a_resource_group(self, ssm: Client, make: Maker, doors: Doors, account: str, task_type: str) -> None:
        place = {"nodes": NODES, "resource_groups": {"web": [WEB]}}
        doors.post("seed", {"regions": [{"account": account, "region": REGION, "fleet": place}]})
        criteria = [{"Key": "resource-groups:Name", "Values": ["web"]}]
        with doors.clock("2031-01-06T00:00:00Z"):
            group = {"ResourceType": "RESOURCE_GROUP", "Targets": criteria}
            window, told = self.told(ssm, make, doors, account, task_type, group)
        assert told == f"RESOURCE_GROUP arn:aws:ec2:{REGION}:{account}:instance/{WEB} {WEB} {window}"

    @pytest.mark.parametrize("task_type", ["AUTOMATION", "LAMBDA", "STEP_FUNCTIONS"])
    def test_of_an_instance(
        self, nodes: None, ssm: Client, make: Maker, doors: Doors, account: str, task_type: str
    ) -> None:
        by_role = {"ResourceType": "INSTANCE", "Targets": [{"Key": "tag:Role", "Values": ["web"]}]}
        window, told = self.told(ssm, make, doors, account, task_type, by_role)
        assert told == f"INSTANCE {WEB} {WEB} {window}"

    def test_of_a_command(self, nodes: None, ssm: Client, make: Maker, doors: Doors, account: str) -> None:
        by_role = {"ResourceType": "INSTANCE", "Targets": [{"Key": "tag:Role", "Values": ["web"]}]}
        window, told = self.told(ssm, make, doors, account, "RUN_COMMAND", by_role)
        assert told == f"INSTANCE {{{{TARGET_ID}}}} {{{{ RESOURCE_ID }}}} {window}"


class TestWhatRan:
    @pytest.fixture(autouse=True)
    def past(self, night: Night, doors: Doors) -> None:
        wait(doors, 8)

    def test_an_execution(self, night: Night) -> None:
        (execution,) = night.executions()
        assert UUID.fullmatch(execution.pop("WindowExecutionId"))
        assert execution.pop("StartTime") == START
        assert START < execution.pop("EndTime") < START + timedelta(hours=1)
        assert execution == {"WindowId": night.window, "Status": "SUCCESS"}

    def test_an_execution_by_its_id(self, night: Night, ssm: Client) -> None:
        answer = ssm.get_maintenance_window_execution(WindowExecutionId=night.execution)
        (listed,) = night.executions()
        assert set(answer.pop("TaskIds")) == {task["TaskExecutionId"] for task in night.tasks().values()}
        del answer["ResponseMetadata"], listed["WindowId"]
        assert answer == listed

    def test_the_tasks_of_an_execution(self, night: Night) -> None:
        tasks = night.tasks()
        assert {name: task["TaskArn"] for name, task in tasks.items()} == {
            "RUN_COMMAND": "AWS-RunPatchBaseline",
            "AUTOMATION": "AWS-StopEC2Instance",
        }
        command, automation = tasks["RUN_COMMAND"], tasks["AUTOMATION"]
        assert START == command["StartTime"] < command["EndTime"] <= automation["StartTime"] < automation["EndTime"]
        assert set(command) == {
            *("WindowExecutionId", "TaskExecutionId", "Status", "StartTime", "EndTime", "TaskArn", "TaskType"),
        }
        assert (command["Status"], command["WindowExecutionId"]) == ("SUCCESS", night.execution)

    def test_a_task_by_its_id(self, night: Night) -> None:
        task, listed = night.task(), night.tasks()["RUN_COMMAND"]
        (parameters,) = task.pop("TaskParameters")
        assert {name: task.pop(name) for name in ("Type", "Priority", "MaxConcurrency", "MaxErrors")} == {
            "Type": listed.pop("TaskType"),
            "Priority": 1,
            "MaxConcurrency": "50",
            "MaxErrors": "25%",
        }
        assert task.pop("ServiceRole") == f"arn:aws:iam::{night.account}:{SERVICE_LINKED}"
        assert task == listed
        # What the window task does not say is the document's default; the snapshot is the execution's.
        assert {name: entry["Values"] for name, entry in parameters.items() if name != "AssociationId"} == {
            **PARAMETERS,
            "BaselineOverride": [""],
            "InstallOverrideList": [""],
            "SnapshotId": ["{{ aws:ORCHESTRATION_ID }}"],
            "aws:InstanceId": [WEB],
        }

    def test_a_task_without_targets_shows_placeholders(self, night: Night) -> None:
        task = night.task("AUTOMATION")
        assert (task["MaxConcurrency"], task["MaxErrors"]) == ("1", "1")

    def test_an_invocation_on_a_registered_target(self, night: Night) -> None:
        (invocation,) = night.invocations()
        told = json.loads(invocation.pop("Parameters"))
        command, invocation_id = invocation.pop("ExecutionId"), invocation.pop("InvocationId")
        assert UUID.fullmatch(command)
        assert UUID.fullmatch(invocation_id)
        listed = night.tasks()["RUN_COMMAND"]
        assert invocation == {
            "WindowExecutionId": night.execution,
            "TaskExecutionId": listed["TaskExecutionId"],
            "TaskType": "RUN_COMMAND",
            "Status": "SUCCESS",
            "StatusDetails": "Success",
            "StartTime": listed["StartTime"],
            "EndTime": listed["EndTime"],
            "OwnerInformation": "team web",
            "WindowTargetId": night.target,
        }
        members = {"documentName", "instanceIds", "parameters", "maxConcurrency", "maxErrors"}
        assert set(told) == members | {"timeoutSeconds", "comment"}
        assert (told["documentName"], told["instanceIds"], told["comment"]) == ("AWS-RunPatchBaseline", [WEB], "weekly")
        assert told["parameters"].items() >= PARAMETERS.items()

    def test_an_invocation_by_its_id(self, night: Night, ssm: Client) -> None:
        (invocation,) = night.invocations()
        request = night.ids() | {"InvocationId": invocation["InvocationId"]}
        answer = ssm.get_maintenance_window_execution_task_invocation(**request)
        del answer["ResponseMetadata"]
        assert answer == invocation

    def test_an_invocation_leads_to_the_command(self, night: Night, ssm: Client) -> None:
        (invocation,) = night.invocations()
        command = {"CommandId": invocation["ExecutionId"], "InstanceId": WEB, "PluginName": "PatchLinux"}
        assert ssm.get_command_invocation(**command)["Status"] == "Success"

    def test_an_invocation_without_a_target_names_none(self, night: Night) -> None:
        (invocation,) = night.invocations("AUTOMATION")
        assert not {"WindowTargetId", "OwnerInformation"} & set(invocation)

    @pytest.mark.parametrize(("status", "count"), [("SUCCESS", 1), ("FAILED", 0), ("TIMED_OUT", 0)])
    def test_the_status_filter(self, night: Night, status: str, count: int) -> None:
        filters = [{"Key": "STATUS", "Values": [status]}]
        assert len(night.tasks(Filters=filters)) == 2 * count
        assert len(night.invocations(Filters=filters)) == count

    def test_other_filters_are_refused(self, night: Night, ssm: Client) -> None:
        for filters in ([{"Key": "Status", "Values": ["SUCCESS"]}], [{"Key": "TaskArn", "Values": ["a"]}]):
            with refused("ValidationException"):
                night.tasks(Filters=filters)
            with refused("ValidationException"):
                night.invocations(Filters=filters)

    def test_parts_of_another_execution_do_not_exist(self, night: Night, ssm: Client, doors: Doors) -> None:
        ids, (invocation,) = night.ids(), night.invocations()
        wait(doors, 24)
        other = night.execution
        assert other != ids["WindowExecutionId"]
        for call, request in (
            (ssm.get_maintenance_window_execution_task, {"WindowExecutionId": other}),
            (ssm.describe_maintenance_window_execution_task_invocations, {"WindowExecutionId": other}),
            (ssm.get_maintenance_window_execution_task, {"TaskId": invocation["InvocationId"]}),
        ):
            with refused("DoesNotExistException"):
                call(**ids | request)
        with refused("DoesNotExistException"):
            ssm.get_maintenance_window_execution_task_invocation(**night.ids(), InvocationId=invocation["InvocationId"])

    def test_cancelling_what_is_over(self, night: Night, ssm: Client, settle: Callable[..., None]) -> None:
        result = outcome(lambda: ssm.cancel_maintenance_window_execution(WindowExecutionId=night.execution))
        settle("cancelling an execution that is over", result, strict="DoesNotExistException", lenient="success")
        assert night.executions()[0]["Status"] == "SUCCESS"

    def test_the_history_of_a_window_that_was_deleted(
        self, night: Night, ssm: Client, settle: Callable[..., None]
    ) -> None:
        (execution,) = night.executions()
        ssm.delete_maintenance_window(WindowId=night.window)
        found = "listed" if night.executions() == [execution] else "not listed"
        settle("executions of a window that was deleted", found, strict="not listed", lenient="listed")
        answer = ssm.get_maintenance_window_execution(WindowExecutionId=execution["WindowExecutionId"])
        assert answer["Status"] == "SUCCESS"


def test_executions_are_listed_from_the_newest_to_the_oldest(night: Night, doors: Doors) -> None:
    wait(doors, 5 * 24)
    found = [execution["StartTime"] for execution in night.executions()]
    assert found == [START + timedelta(days=day) for day in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("filters", "days"),
    [
        ({"ExecutedAfter": "2031-01-07T12:00:00Z"}, (3, 2)),
        ({"ExecutedBefore": "2031-01-07T12:00:00+00:00"}, (1, 0)),
        ({"ExecutedAfter": "2031-01-07T01:00:00Z", "ExecutedBefore": "2031-01-09T01:00:00Z"}, (2, 1)),
        ({"ExecutedAfter": "2032-01-01T00:00:00Z"}, ()),
    ],
)
def test_executions_before_and_after_a_moment(
    night: Night, doors: Doors, filters: dict[str, str], days: tuple[int, ...]
) -> None:
    wait(doors, 4 * 24)
    entries = [{"Key": key, "Values": [value]} for key, value in filters.items()]
    found = [execution["StartTime"] for execution in night.executions(Filters=entries)]
    assert found == [START + timedelta(days=day) for day in days]


@pytest.mark.parametrize(
    "entry", [{"Key": "ExecutedAfter", "Values": ["yesterday"]}, {"Key": "STATUS", "Values": ["SUCCESS"]}]
)
def test_executions_have_no_other_filters(ssm: Client, window: str, entry: dict[str, Any]) -> None:
    with refused("ValidationException"):
        ssm.describe_maintenance_window_executions(WindowId=window, Filters=[entry])


def test_a_window_that_has_not_run_has_no_executions(ssm: Client, window: str) -> None:
    for window_id in (window, UNKNOWN_WINDOW):
        answer = ssm.describe_maintenance_window_executions(WindowId=window_id)
        assert answer["WindowExecutions"] == []


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("get_maintenance_window_execution", ()),
        ("cancel_maintenance_window_execution", ()),
        ("describe_maintenance_window_execution_tasks", ()),
        ("get_maintenance_window_execution_task", ("TaskId",)),
        ("describe_maintenance_window_execution_task_invocations", ("TaskId",)),
        ("get_maintenance_window_execution_task_invocation", ("TaskId", "InvocationId")),
    ],
)
def test_an_unknown_execution(ssm: Client, operation: str, members: tuple[str, ...]) -> None:
    request = dict.fromkeys(("WindowExecutionId", *members), UNKNOWN_UUID)
    with refused("DoesNotExistException"):
        getattr(ssm, operation)(**request)


def test_a_window_without_tasks(nodes: None, ssm: Client, make: Maker, doors: Doors) -> None:
    window = make.window(**DAILY)
    wait(doors, 3)
    (execution,) = ssm.describe_maintenance_window_executions(WindowId=window)["WindowExecutions"]
    assert (execution["Status"], execution["StatusDetails"]) == ("SUCCESS", "No tasks to execute.")
    assert ssm.get_maintenance_window_execution(WindowExecutionId=execution["WindowExecutionId"])["TaskIds"] == []


def test_a_task_that_fails(nodes: None, ssm: Client, make: Maker, doors: Doors, account: str) -> None:
    window = make.window(**DAILY)
    targets = [{"Key": "InstanceIds", "Values": [WEB]}]
    make.task(window, TaskArn="There-Is-No-Such-Document", Targets=targets)
    wait(doors, 3)
    night = Night(window, "", account, ssm)
    (execution,) = night.executions()
    details = "One or more tasks in the orchestration failed."
    assert (execution["Status"], execution["StatusDetails"]) == ("FAILED", details)
    assert night.task()["Status"] == "FAILED"
    (invocation,) = night.invocations()
    assert invocation["Status"] == "FAILED"
    assert not invocation.get("ExecutionId")


def test_a_task_whose_target_was_deregistered(
    night: Night, ssm: Client, doors: Doors, settle: Callable[..., None]
) -> None:
    ssm.deregister_target_from_maintenance_window(WindowId=night.window, WindowTargetId=night.target, Safe=False)
    wait(doors, 3)
    task = night.tasks()["RUN_COMMAND"]
    assert night.invocations() == []
    settle("a task whose target was deregistered", task["Status"], strict="FAILED", lenient="SUCCESS")


class TestWhatRuns:
    @pytest.fixture(autouse=True)
    def now(self, night: Night, doors: Doors) -> None:
        """The scan is under way, the Automation waits for it."""
        doors.post("clock", {"advance": 2 * 3600 + 5})

    def test_what_runs_has_no_end(self, night: Night) -> None:
        command, automation = night.tasks()["RUN_COMMAND"], night.tasks()["AUTOMATION"]
        (invocation,) = night.invocations()
        for running in (night.executions()[0], command, night.task(), invocation):
            assert running["Status"] == "IN_PROGRESS"
            assert "EndTime" not in running
        assert automation["Status"] == "PENDING"
        assert not {"StartTime", "EndTime"} & set(automation)
        assert night.invocations("AUTOMATION") == []

    def test_the_next_run_is_not_the_one_that_goes_on(self, night: Night, ssm: Client) -> None:
        # Users have taken NextExecutionTime for the run that has just begun.
        text = ssm.get_maintenance_window(WindowId=night.window)["NextExecutionTime"]
        assert datetime.fromisoformat(text) == START + timedelta(days=1)
        schedule = ssm.describe_maintenance_window_schedule(WindowId=night.window, MaxResults=1)
        (run,) = schedule["ScheduledWindowExecutions"]
        assert datetime.fromisoformat(run["ExecutionTime"]) == START + timedelta(days=1)

    def test_cancelling(self, night: Night, ssm: Client, doors: Doors) -> None:
        execution = night.execution
        answer = ssm.cancel_maintenance_window_execution(WindowExecutionId=execution)
        assert answer["WindowExecutionId"] == execution
        assert night.executions()[0]["Status"] == "CANCELLING"
        assert {name: task["Status"] for name, task in night.tasks().items()} == {
            "RUN_COMMAND": "IN_PROGRESS",
            "AUTOMATION": "CANCELLED",
        }
        wait(doors, 1)
        assert night.executions()[0]["Status"] == "CANCELLED"
        assert {name: task["Status"] for name, task in night.tasks().items()} == {
            "RUN_COMMAND": "SUCCESS",
            "AUTOMATION": "CANCELLED",
        }

    def test_a_window_that_is_disabled_or_deleted_meanwhile_ends_its_run(
        self, night: Night, ssm: Client, doors: Doors
    ) -> None:
        execution = night.execution
        ssm.update_maintenance_window(WindowId=night.window, Enabled=False)
        ssm.delete_maintenance_window(WindowId=night.window)
        wait(doors, 48)
        assert ssm.get_maintenance_window_execution(WindowExecutionId=execution)["Status"] == "SUCCESS"
