# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform's acceptance tests of aws_ssm_maintenance_window_task, told as module calls."""

from __future__ import annotations

import base64
import json
from typing import Any

from .scenario_runner import ABSENT, TASK, Args, Call, Refused, Run, Scenario, ScenarioRunner, scenarios
from .surroundings import OTHER_ROLE, ROLE, in_window, target, window

AROUND = (window(), target(Name="servers"))
ON_SERVERS = [{"Key": "WindowTargetIds", "Values": ["<servers.WindowTargetId>"]}]
HASH = {"document_hash": "a" * 64, "document_hash_type": "Sha256"}
COMMAND = "TaskInvocationParameters.RunCommand"
AUTOMATION = "TaskInvocationParameters.Automation"


def command(*, name: str = "task", **options: Any) -> Args:
    """Arguments of a Run Command task on the target."""
    base = {"task_type": "RUN_COMMAND", "task_arn": "AWS-RunShellScript", "window_targets": ["servers"], "priority": 1}
    rates = {"max_concurrency": "2", "max_errors": "1", "service_role_arn": ROLE}
    return in_window(**{"name": name, **base, **rates, "run_command": {"parameters": {"commands": ["pwd"]}}, **options})


def other(task_type: str, arn: str, **options: Any) -> Args:
    """Arguments of a task of another type on the target."""
    plain = {"name": "task", "task_type": task_type, "task_arn": arn, "priority": 1, "service_role_arn": ROLE}
    return in_window(**{**plain, "window_targets": ["servers"], "max_concurrency": "2", "max_errors": "1", **options})


def targetless(**options: Any) -> Args:
    """Arguments of an Automation task without targets."""
    plain = {"name": "task", "task_type": "AUTOMATION", "task_arn": "AWS-StopEC2Instance", "service_role_arn": ROLE}
    return in_window(**{**plain, "priority": 1, **options})


def automation(version: str) -> Args:
    """Arguments of an Automation task with a version of its runbook."""
    parameters = {"InstanceId": "{{TARGET_ID}}", "NoReboot": "false"}
    return other("AUTOMATION", "AWS-CreateImage", automation={"document_version": version, "parameters": parameters})


BASIC = {
    "TaskType": "RUN_COMMAND",
    "TaskArn": "AWS-RunShellScript",
    "Priority": 1,
    "ServiceRoleArn": ROLE,
    "MaxConcurrency": "2",
    "MaxErrors": "1",
    "Targets": ON_SERVERS,
    f"{COMMAND}.Parameters": {"commands": ["pwd"]},
}
WITH_LOGS = {"cloudwatch_output": True, "cloudwatch_log_group": "patching"}


@scenarios(
    Scenario(
        "basic",
        (
            *AROUND,
            Run(TASK, command(), BASIC),
            Run(
                TASK,
                in_window(
                    name="task",
                    description="test description",
                    task_arn="AWS-InstallPowerShellModule",
                    priority=3,
                    max_concurrency="3",
                    max_errors="2",
                    service_role_arn=OTHER_ROLE,
                ),
                {
                    **BASIC,
                    "Description": "test description",
                    "TaskArn": "AWS-InstallPowerShellModule",
                    "Priority": 3,
                    "MaxConcurrency": "3",
                    "MaxErrors": "2",
                    "ServiceRoleArn": OTHER_ROLE,
                },
            ),
            Run(TASK, in_window(window_task_id="<task.window_task_id>", name="renamed"), {"Name": "renamed"}),
            Run(TASK, in_window(name="renamed", state="absent")),
        ),
    ),
    Scenario(
        "basic without a name",
        (
            *AROUND,
            Call(
                "RegisterTaskWithMaintenanceWindow",
                {
                    "WindowId": "<tuesdays.WindowId>",
                    "TaskType": "RUN_COMMAND",
                    "TaskArn": "AWS-RunShellScript",
                    "MaxConcurrency": "2",
                    "MaxErrors": "1",
                    "Targets": ON_SERVERS,
                    "TaskInvocationParameters": {"RunCommand": {"Parameters": {"commands": ["pwd"]}}},
                },
                keep="unnamed",
            ),
            Run(
                TASK,
                in_window(window_task_id="<unnamed.WindowTaskId>", run_command={"parameters": {"commands": "pwd"}}),
                {"Name": ABSENT, "Description": ABSENT},
                changed=False,
            ),
            Run(
                TASK,
                in_window(window_task_id="<unnamed.WindowTaskId>", description="test description"),
                {"Name": ABSENT, "Description": "test description", "Targets": ON_SERVERS},
            ),
        ),
    ),
    Scenario(
        "noTarget",
        (
            window(),
            Run(TASK, targetless(), {"Targets": ABSENT, "TaskArn": "AWS-StopEC2Instance", "ServiceRoleArn": ROLE}),
            Refused(TASK, targetless(max_errors="1"), ("max_errors:", "targets")),
        ),
    ),
    Scenario(
        "cutoff",
        (
            window(),
            Run(TASK, targetless(cutoff_behavior="CANCEL_TASK"), {"CutoffBehavior": "CANCEL_TASK"}),
            Run(TASK, targetless(cutoff_behavior="CONTINUE_TASK"), {"CutoffBehavior": "CONTINUE_TASK"}),
        ),
    ),
    Scenario(
        "noRole",
        (
            *AROUND,
            Run(TASK, command(service_role_arn=None, description="for the test"), {"Targets": ON_SERVERS}),
            Run(TASK, command(), BASIC),
        ),
    ),
    Scenario(
        "updateForcesNewResource which it need not",
        (
            *AROUND,
            Run(TASK, command(), BASIC),
            Run(
                TASK,
                command(description="for the test", run_command={"parameters": {"commands": ["date"]}}),
                {**BASIC, "Description": "for the test", f"{COMMAND}.Parameters": {"commands": ["date"]}},
            ),
        ),
    ),
    Scenario(
        "description",
        (
            *AROUND,
            Run(TASK, command(description="description1"), {**BASIC, "Description": "description1"}),
            Run(TASK, command(description="description2"), {**BASIC, "Description": "description2"}),
            Run(TASK, command(), {"Description": "description2"}, changed=False),
        ),
    ),
    Scenario(
        "taskInvocationAutomationParameters",
        (
            *AROUND,
            Run(TASK, automation("$DEFAULT"), {f"{AUTOMATION}.Parameters.InstanceId": ["{{TARGET_ID}}"]}),
            Run(
                TASK,
                automation("$LATEST"),
                {
                    f"{AUTOMATION}.DocumentVersion": "$LATEST",
                    f"{AUTOMATION}.Parameters": {"InstanceId": ["{{TARGET_ID}}"], "NoReboot": ["false"]},
                },
            ),
        ),
    ),
    Scenario(
        "taskInvocationLambdaParameters",
        (
            *AROUND,
            Run(
                TASK,
                other(
                    "LAMBDA",
                    "arn:aws:lambda:eu-central-1:123456789012:function:restart",
                    lambda_function={
                        "client_context": base64.b64encode(json.dumps({"key1": "value1"}).encode()).decode(),
                        "payload": {"number": 42},
                    },
                ),
                {"TaskInvocationParameters.Lambda.Payload": '{"number": 42}', "Targets": ON_SERVERS},
            ),
        ),
    ),
    Scenario(
        "taskInvocationRunCommandParameters",
        (
            *AROUND,
            Run(
                TASK,
                command(
                    run_command={
                        **HASH,
                        "comment": "test comment",
                        "timeout_seconds": 30,
                        "parameters": {"commands": ["date"]},
                    }
                ),
                {**BASIC, f"{COMMAND}.Comment": "test comment", f"{COMMAND}.TimeoutSeconds": 30}
                | {f"{COMMAND}.Parameters": {"commands": ["date"]}},
            ),
            Run(
                TASK,
                command(
                    run_command={
                        "comment": "test comment update",
                        "timeout_seconds": 60,
                        "output_s3_bucket": "logs-of-patching",
                        "output_s3_prefix": "foo",
                    }
                ),
                {
                    **BASIC,
                    COMMAND: {
                        "Comment": "test comment update",
                        "TimeoutSeconds": 60,
                        "OutputS3BucketName": "logs-of-patching",
                        "OutputS3KeyPrefix": "foo",
                        "DocumentHash": "a" * 64,
                        "DocumentHashType": "Sha256",
                        "Parameters": {"commands": ["date"]},
                    },
                    f"{COMMAND}.Parameters": {"commands": ["date"]},
                },
            ),
        ),
    ),
    Scenario(
        "taskInvocationRunCommandParametersCloudWatch",
        (
            *AROUND,
            Run(
                TASK,
                command(run_command={**HASH, **WITH_LOGS, "parameters": {"commands": ["date"]}}),
                {
                    f"{COMMAND}.CloudWatchOutputConfig": {
                        "CloudWatchLogGroupName": "patching",
                        "CloudWatchOutputEnabled": True,
                    }
                },
            ),
            Run(
                TASK,
                command(run_command={**WITH_LOGS, "cloudwatch_output": False}),
                {
                    f"{COMMAND}.CloudWatchOutputConfig.CloudWatchOutputEnabled": False,
                    f"{COMMAND}.DocumentHash": "a" * 64,
                },
            ),
            Run(
                TASK,
                command(run_command=WITH_LOGS),
                {
                    f"{COMMAND}.CloudWatchOutputConfig": {
                        "CloudWatchLogGroupName": "patching",
                        "CloudWatchOutputEnabled": True,
                    }
                },
            ),
        ),
    ),
    Scenario(
        "taskInvocationStepFunctionParameters",
        (
            *AROUND,
            Run(
                TASK,
                other(
                    "STEP_FUNCTIONS",
                    "arn:aws:states:eu-central-1:123456789012:activity:patching",
                    step_functions={"input": '{"key1": "value1", "key2": "value2"}', "name": "step-function"},
                ),
                {
                    "TaskInvocationParameters.StepFunctions": {
                        "Input": '{"key1": "value1", "key2": "value2"}',
                        "Name": "step-function",
                    }
                },
            ),
        ),
    ),
    Scenario(
        "emptyNotification",
        (
            *AROUND,
            Run(
                TASK,
                command(
                    task_arn="AWS-CreateImage",
                    run_command={"timeout_seconds": 600, "notification": {}, "parameters": {"Operation": ["Install"]}},
                ),
                {f"{COMMAND}.NotificationConfig": ABSENT, f"{COMMAND}.TimeoutSeconds": 600},
            ),
        ),
    ),
    Scenario(
        "disappears",
        (
            *AROUND,
            Run(TASK, command(), BASIC),
            Call(
                "DeregisterTaskFromMaintenanceWindow",
                {"WindowId": "<tuesdays.WindowId>", "WindowTaskId": "<task.window_task_id>"},
            ),
            Refused(TASK, in_window(window_task_id="<task.window_task_id>", priority=2), ("<task.window_task_id>",)),
            Run(TASK, in_window(name="task", state="absent"), changed=False),
            Run(TASK, command(), BASIC, new_id=True),
            Call(
                "DeregisterTargetFromMaintenanceWindow",
                {"WindowId": "<tuesdays.WindowId>", "WindowTargetId": "<servers.WindowTargetId>"},
            ),
            Refused(TASK, command(window_targets=["<servers.WindowTargetId>"]), ("<servers.WindowTargetId>",)),
            Refused(TASK, command(), ("'servers'",), foreseen=False),
        ),
    ),
)
def test_terraform(runner: ScenarioRunner, scenario: Scenario) -> None:
    runner.run_steps(*scenario.steps)
