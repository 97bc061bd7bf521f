# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator whose windows run on a few nodes, for the tests of executions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ssmsim import Simulator

ACCOUNT, REGION = "123456789012", "us-east-1"
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = 3600, 86400
SCAN, SCRIPT, OTHER = 30, 600, 100
SETTINGS = {"delivery_seconds": 0, "scan_seconds": SCAN, "install_seconds": 300, "other_seconds": SCRIPT, "spread": 0}
HOURLY = {"Schedule": "rate(1 hour)", "Duration": 1, "Cutoff": 0}
INSTALL = {"RunCommand": {"Parameters": {"Operation": ["Install"]}}}
SCRIPT_TASK = {
    "TaskArn": "AWS-RunShellScript",
    "TaskInvocationParameters": {"RunCommand": {"Parameters": {"commands": ["true"], "executionTimeout": ["172800"]}}},
}


def node_id(number: int) -> str:
    return f"i-{number:017x}"


class Site:
    """A simulator with a few nodes; every command and every function takes exactly as long as the seed says."""

    def __init__(self, *, strict: bool = False, nodes: int = 3, executions: Any = None, **settings: Any) -> None:
        listed = [{"InstanceId": node_id(number), "MissingCount": 2} for number in range(nodes)]
        for number in settings.pop("failing", ()):
            listed[number]["Failing"] = True
        seed = {
            "fleet": {"nodes": listed},
            "commands": {**SETTINGS, **settings},
            "executions": {"seconds": OTHER, **(executions or {})},
        }
        self.simulator = Simulator("strict" if strict else "lenient", START, seed)
        self.ids = [node_id(number) for number in range(nodes)]
        self.region = self.simulator._region(ACCOUNT, REGION)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.simulator.execute(operation, REGION, ACCOUNT, request)

    def window(self, **members: Any) -> str:
        whole = {"Name": "window", "AllowUnassociatedTargets": True, "Cutoff": 1, "Duration": 4, **members}
        whole.setdefault("Schedule", "cron(0 2 ? * * *)")
        window_id: str = self.call("CreateMaintenanceWindow", **whole)["WindowId"]
        return window_id

    def target(self, window_id: str, *ids: str, **members: Any) -> str:
        targets = [{"Key": "InstanceIds", "Values": list(ids)}]
        request = {"WindowId": window_id, "ResourceType": "INSTANCE", "Targets": targets, **members}
        target_id: str = self.call("RegisterTargetWithMaintenanceWindow", **request)["WindowTargetId"]
        return target_id

    def task(self, window_id: str, *targets: str, **members: Any) -> str:
        """A scan; on registered targets, else on all nodes."""
        ids = [{"Key": "InstanceIds", "Values": self.ids}]
        request = {
            "WindowId": window_id,
            "TaskType": "RUN_COMMAND",
            "TaskArn": "AWS-RunPatchBaseline",
            "MaxConcurrency": "100%",
            "MaxErrors": "0",
            "Targets": [{"Key": "WindowTargetIds", "Values": list(targets)}] if targets else ids,
            "TaskInvocationParameters": {"RunCommand": {"Parameters": {"Operation": ["Scan"]}}},
            **members,
        }
        task_id: str = self.call("RegisterTaskWithMaintenanceWindow", **request)["WindowTaskId"]
        return task_id

    def function(self, window_id: str, *targets: str, **members: Any) -> str:
        """A Lambda task, one invocation for each node."""
        lambda_task = {"TaskType": "LAMBDA", "TaskArn": "SSMFunction", "TaskInvocationParameters": {"Lambda": {}}}
        return self.task(window_id, *targets, **{**lambda_task, **members})

    def advance(self, seconds: float) -> None:
        self.simulator.advance(seconds)

    def executions(self, window_id: str) -> list[dict[str, Any]]:
        """Newest first."""
        answer = self.call("DescribeMaintenanceWindowExecutions", WindowId=window_id, MaxResults=100)
        listed: list[dict[str, Any]] = answer["WindowExecutions"]
        return listed

    def statuses(self, window_id: str) -> list[str]:
        return [one["Status"] for one in self.executions(window_id)]

    def tasks(self, window_id: str) -> list[dict[str, Any]]:
        """The tasks of the newest execution, in the order of their start."""
        execution_id = self.executions(window_id)[0]["WindowExecutionId"]
        answer = self.call("DescribeMaintenanceWindowExecutionTasks", WindowExecutionId=execution_id)
        listed: list[dict[str, Any]] = answer["WindowExecutionTaskIdentities"]
        return sorted(listed, key=lambda task: task.get("StartTime", float("inf")))

    def invocations(self, task: dict[str, Any]) -> list[dict[str, Any]]:
        request = {"WindowExecutionId": task["WindowExecutionId"], "TaskId": task["TaskExecutionId"]}
        answer = self.call("DescribeMaintenanceWindowExecutionTaskInvocations", **request)
        listed: list[dict[str, Any]] = answer["WindowExecutionTaskInvocationIdentities"]
        return sorted(listed, key=lambda one: (one.get("StartTime", float("inf")), one["Parameters"]))

    def cancel(self, window_id: str) -> None:
        execution_id = self.executions(window_id)[0]["WindowExecutionId"]
        self.call("CancelMaintenanceWindowExecution", WindowExecutionId=execution_id)
