# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests of the AWS CLI's examples, the User Guide's tutorials and the examples of CloudFormation and Terraform.

Ids that are cut off in print are whole here. A role for notifications, which AWS needs and some examples forget, is
added.
"""

from __future__ import annotations

from typing import Any

from .examples import Example, examples, hold
from .scenario_runner import PATCH_TASK, TARGET, TASK, Args, Raw, Refused, ScenarioRunner
from .surroundings import INSTANCES, ROLE, in_window, target, window

SNS = "arn:aws:sns:eu-central-1:123456789012:my-sns-topic-name"


def task(title: str, request: Raw, args: Args, module: str = TASK, **beyond: Any) -> Example:
    """A task in a window that has a target and lets instances in that it does not know."""
    around = (window(unassociated=True), target(Name="servers"))
    told = {"WindowId": "<tuesdays.WindowId>", **request}
    members = {name.replace("__", "."): value for name, value in beyond.items()}
    return Example(title, module, told, in_window(**args), around, members)


def on_instance(priority: int, concurrency: int, errors: int) -> Raw:
    """Members of a task on one instance."""
    rates = {"Priority": priority, "MaxConcurrency": str(concurrency), "MaxErrors": str(errors)}
    return {"Targets": [{"Key": "InstanceIds", "Values": [INSTANCES[0]]}], "ServiceRoleArn": ROLE, **rates}


def on_target(priority: int, concurrency: int, errors: int) -> Raw:
    """Members of a task on the registered target."""
    targets = [{"Key": "WindowTargetIds", "Values": ["<servers.WindowTargetId>"]}]
    return {**on_instance(priority, concurrency, errors), "Targets": targets}


def rated(priority: int, concurrency: int, errors: int, **options: Any) -> Args:
    """Options of a task on one instance."""
    rates = {"priority": priority, "max_concurrency": str(concurrency), "max_errors": str(errors)}
    where = {} if "window_targets" in options else {"instance_ids": [INSTANCES[0]]}
    return {"service_role_arn": ROLE, **rates, **where, **options}


def automatic(document: str, parameters: Args, version: str) -> tuple[Raw, Args]:
    """Members and options of an Automation task."""
    lists = {name: value if isinstance(value, list) else [value] for name, value in parameters.items()}
    invocation = {"Automation": {"DocumentVersion": version, "Parameters": lists}}
    options = {"automation": {"document_version": version, "parameters": parameters}}
    return (
        {"TaskType": "AUTOMATION", "TaskArn": document, "TaskInvocationParameters": invocation},
        {"task_type": "AUTOMATION", "task_arn": document, **options},
    )


LAMBDA = "arn:aws:lambda:us-east-1:111222333444:function:SSMTestLAMBDA"
MACHINE = "arn:aws:states:us-east-1:111222333444:stateMachine:SSMTestStateMachine"
RESTART, RESTART_ARGS = automatic("AWS-RestartEC2Instance", {"InstanceId": "{{TARGET_ID}}"}, "$LATEST")
ROLLBACK, ROLLBACK_ARGS = automatic("AWS-PatchInstanceWithRollback", {"instanceId": ["{{RESOURCE_ID}}"]}, "1")
PAYLOAD = '{"InstanceId":"{{RESOURCE_ID}}","targetType":"{{TARGET_TYPE}}"}'
MODULE_LIST = {
    "commands": ["Get-Module -ListAvailable"],
    "executionTimeout": ["3600"],
    "source": ["https://gallery.example.com/EZOut.zip"],
    "workingDirectory": ["\\"],
}


@examples(
    task(
        "CLI register-task Automation",
        {**on_instance(0, 1, 1), **RESTART, "Name": "AutomationExample", "Description": "Restarting for maintenance"},
        rated(0, 1, 1, **RESTART_ARGS, description="Restarting for maintenance"),
    ),
    task(
        "CLI register-task Lambda",
        {
            **on_instance(0, 10, 5),
            "TaskType": "LAMBDA",
            "TaskArn": LAMBDA,
            "TaskInvocationParameters": {"Lambda": {"Payload": PAYLOAD.encode(), "Qualifier": "$LATEST"}},
            "Name": "Lambda_Example",
            "Description": "My Lambda Example",
        },
        rated(
            0,
            10,
            5,
            task_type="LAMBDA",
            task_arn=LAMBDA,
            description="My Lambda Example",
            lambda_function={"payload": PAYLOAD, "qualifier": "$LATEST"},
        ),
    ),
    task(
        "CLI register-task Run Command",
        {
            **on_instance(10, 1, 1),
            "TaskType": "RUN_COMMAND",
            "TaskArn": "AWS-InstallPowerShellModule",
            "Name": "SSMInstallPowerShellModule",
            "TaskInvocationParameters": {
                "RunCommand": {
                    "Comment": "",
                    "OutputS3BucketName": "runcommandlogs",
                    "Parameters": MODULE_LIST,
                    "TimeoutSeconds": 600,
                }
            },
        },
        rated(
            10,
            1,
            1,
            task_type="RUN_COMMAND",
            task_arn="AWS-InstallPowerShellModule",
            run_command={
                "comment": "",
                "output_s3_bucket": "runcommandlogs",
                "parameters": MODULE_LIST,
                "timeout_seconds": 600,
            },
        ),
    ),
    task(
        "CLI register-task Step Functions",
        {
            **on_target(0, 10, 5),
            "TaskType": "STEP_FUNCTIONS",
            "TaskArn": MACHINE,
            "TaskInvocationParameters": {"StepFunctions": {"Input": '{"instanceId":"{{TARGET_ID}}"}'}},
            "Name": "Step_Functions_Example",
            "Description": "My Step Functions Example",
        },
        rated(
            0,
            10,
            5,
            window_targets=["servers"],
            task_type="STEP_FUNCTIONS",
            task_arn=MACHINE,
            description="My Step Functions Example",
            step_functions={"input": '{"instanceId":"{{TARGET_ID}}"}'},
        ),
    ),
    task(
        "Guide Run Command with notifications",
        {
            **on_target(10, 1, 1),
            "TaskType": "RUN_COMMAND",
            "TaskArn": "AWS-UpdateSSMAgent",
            "Name": "My-Run-Command-Task",
            "Description": "My Run Command task to update SSM Agent on an instance",
            "TaskInvocationParameters": {
                "RunCommand": {
                    "Comment": "A TaskInvocationParameters test comment",
                    "NotificationConfig": {
                        "NotificationArn": SNS,
                        "NotificationEvents": ["All"],
                        "NotificationType": "Invocation",
                    },
                    "ServiceRoleArn": ROLE,
                    "OutputS3BucketName": "doc-example-bucket",
                    "OutputS3KeyPrefix": "DOC-EXAMPLE-FOLDER",
                    "TimeoutSeconds": 3600,
                }
            },
        },
        rated(
            10,
            1,
            1,
            window_targets=["servers"],
            task_type="RUN_COMMAND",
            task_arn="AWS-UpdateSSMAgent",
            description="My Run Command task to update SSM Agent on an instance",
            run_command={
                "comment": "A TaskInvocationParameters test comment",
                "notification": {"topic_arn": SNS, "role_arn": ROLE, "events": ["All"], "type": "Invocation"},
                "output_s3_bucket": "doc-example-bucket",
                "output_s3_prefix": "DOC-EXAMPLE-FOLDER",
                "timeout_seconds": 3600,
            },
        ),
    ),
    task(
        "Guide Automation without targets",
        {
            **RESTART,
            "ServiceRoleArn": ROLE,
            "Priority": 0,
            "Name": "My-Restart-EC2-Instances-Automation-Task",
            "Description": "Automation task to restart EC2 instances",
        },
        {
            **RESTART_ARGS,
            "service_role_arn": ROLE,
            "priority": 0,
            "description": "Automation task to restart EC2 instances",
        },
    ),
    task("Guide Automation of an unnamed task", ROLLBACK, ROLLBACK_ARGS, Priority=1),
    task(
        "Walkthrough Install",
        {
            **on_target(1, 2, 1),
            "TaskType": "RUN_COMMAND",
            "TaskArn": "AWS-RunPatchBaseline",
            "TaskInvocationParameters": {"RunCommand": {"Parameters": {"Operation": ["Install"]}}},
        },
        rated(1, 2, 1, window_targets=["servers"], operation="Install"),
        PATCH_TASK,
        TaskInvocationParameters__RunCommand__Parameters={"Operation": ["Install"], "RebootOption": ["RebootIfNeeded"]},
    ),
    task(
        "Terraform Run Command with notifications",
        {
            **on_instance(1, 2, 1),
            "TaskType": "RUN_COMMAND",
            "TaskArn": "AWS-RunShellScript",
            "TaskInvocationParameters": {
                "RunCommand": {
                    "OutputS3BucketName": "logs-of-patching",
                    "OutputS3KeyPrefix": "output",
                    "ServiceRoleArn": ROLE,
                    "TimeoutSeconds": 600,
                    "NotificationConfig": {
                        "NotificationArn": SNS,
                        "NotificationEvents": ["All"],
                        "NotificationType": "Command",
                    },
                    "Parameters": {"commands": ["date"]},
                }
            },
        },
        rated(
            1,
            2,
            1,
            task_type="RUN_COMMAND",
            task_arn="AWS-RunShellScript",
            run_command={
                "output_s3_bucket": "logs-of-patching",
                "output_s3_prefix": "output",
                "timeout_seconds": 600,
                "notification": {"topic_arn": SNS, "role_arn": ROLE, "events": ["All"], "type": "Command"},
                "parameters": {"commands": "date"},
            },
        ),
    ),
)
def test_tasks(runner: ScenarioRunner, example: Example) -> None:
    hold(runner, example)


def test_what_the_guide_gets_wrong_is_refused(runner: ScenarioRunner) -> None:
    """A tag without its prefix, and a topic without a role that may publish to it."""
    runner.run_steps(window(), target(Name="servers"))
    role_without_prefix = [{"key": "tag:Environment", "values": ["Prod"]}, {"key": "Role", "values": ["Web"]}]
    notification = {"topic_arn": SNS, "events": ["All"], "type": "Invocation"}
    agent = {"task_type": "RUN_COMMAND", "task_arn": "AWS-UpdateSSMAgent", "window_targets": ["servers"]}
    runner.run_steps(
        Refused(TARGET, in_window(name="web", targets=role_without_prefix), ("'Role'", "tag:Role")),
        Refused(
            TASK,
            in_window(name="agent", **agent, run_command={"notification": notification}),
            ("run_command.notification.role_arn:", "service_role_arn"),
        ),
    )
