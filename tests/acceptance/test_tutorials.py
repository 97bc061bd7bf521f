# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Courses of documented calls: tutorials of the User Guide and the AWS CLI's examples of changes and reads."""

from __future__ import annotations

from typing import Any

from .scenario_runner import (
    ABSENT,
    BASELINE,
    PATCH_TASK,
    TARGET,
    TASK,
    WINDOW,
    Args,
    Call,
    Refused,
    Run,
    Scenario,
    ScenarioRunner,
    scenarios,
)
from .surroundings import INSTANCES, OTHER_ROLE, ROLE, in_window, target, window

FIRST = {"schedule": "cron(0 16 ? * TUE *)", "duration": 4, "cutoff": 1, "allow_unassociated_targets": True}
COMMAND = "TaskInvocationParameters.RunCommand"
SLR = "arn:aws:iam::123456789012:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM"


def shell(**options: Any) -> Args:
    """Arguments of a task that runs a script on the target."""
    rates = {"max_concurrency": "1", "max_errors": "1", "priority": 10, "service_role_arn": ROLE}
    base = {
        "name": "shell",
        "task_type": "RUN_COMMAND",
        "task_arn": "AWS-RunShellScript",
        "window_targets": ["servers"],
    }
    return in_window(**{**base, **rates, "run_command": {"parameters": {"commands": ["df"]}}, **options})


@scenarios(
    Scenario(
        "CLI update-maintenance-window",
        (
            Run(WINDOW, {"name": "first", **FIRST}),
            Run(
                WINDOW,
                {"window_id": "<first.window_id>", "name": "My-Renamed-MW"},
                {"Name": "My-Renamed-MW", "Schedule": FIRST["schedule"], "Enabled": True, "Duration": 4}
                | {"AllowUnassociatedTargets": True},
            ),
            Run(WINDOW, {"window_id": "<first.window_id>", "enabled": False}, {"Enabled": False}),
            Run(WINDOW, {"window_id": "<first.window_id>", "enabled": True}, {"Enabled": True}),
        ),
    ),
    Scenario(
        "Guide update a window",
        (
            window(unassociated=True),
            target(Targets=[{"Key": "InstanceIds", "Values": [INSTANCES[0]]}]),
            Run(
                TARGET,
                in_window(window_target_id="<servers.WindowTargetId>", name="NewTargetName", description="described"),
                {"Name": "NewTargetName", "Description": "described", "Targets.0.Values": [INSTANCES[0]]},
            ),
            Run(
                TARGET,
                in_window(name="NewTargetName", description="", instance_ids=[*INSTANCES[:2]]),
                {"Description": ABSENT, "Targets": [{"Key": "InstanceIds", "Values": [*INSTANCES[:2]]}]},
            ),
            Run(
                WINDOW,
                {"name": "tuesdays", "start_date": "2026-10-01T10:10:10Z", "end_date": "2026-11-01T10:10:10Z"},
                {"StartDate": "2026-10-01T10:10:10Z", "EndDate": "2026-11-01T10:10:10Z"},
            ),
        ),
    ),
    Scenario(
        "Guide update a Run Command task",
        (
            window(unassociated=True),
            target(Name="servers"),
            Run(TASK, shell(), {f"{COMMAND}.Parameters": {"commands": ["df"]}}),
            Run(
                TASK,
                shell(
                    task_arn="AWS-RunPowerShellScript",
                    run_command={"comment": "A comment", "parameters": {"commands": "ipconfig"}},
                    priority=1,
                    max_concurrency="10",
                    max_errors="4",
                    description="A description",
                ),
                {
                    "TaskArn": "AWS-RunPowerShellScript",
                    "Priority": 1,
                    "MaxConcurrency": "10",
                    "MaxErrors": "4",
                    "Description": "A description",
                    COMMAND: {"Comment": "A comment", "Parameters": {"commands": ["ipconfig"]}},
                },
            ),
            Run(
                TASK,
                in_window(
                    name="shell",
                    instance_ids=[INSTANCES[0]],
                    run_command={"parameters": {"UpdateLevel": "{{ssm:UpdateLevel}}"}},
                ),
                {
                    "Targets": [{"Key": "InstanceIds", "Values": [INSTANCES[0]]}],
                    COMMAND: {"Comment": "A comment", "Parameters": {"UpdateLevel": ["{{ssm:UpdateLevel}}"]}},
                },
            ),
        ),
    ),
    Scenario(
        "Guide update an Automation task",
        (
            window(),
            target(Name="servers"),
            Run(
                TASK,
                in_window(
                    name="auto", task_type="AUTOMATION", task_arn="AutoTestDoc", window_targets=["servers"], priority=0
                ),
                {"Priority": 0, "MaxConcurrency": "10%", "MaxErrors": "10%"},
            ),
            Run(
                TASK,
                in_window(
                    name="auto",
                    automation={
                        "parameters": {
                            "instanceId": "{{TARGET_ID}}",
                            "initiator": "{{WINDOW_ID}}.Task-{{WINDOW_TASK_ID}}",
                        }
                    },
                    max_concurrency="10",
                    max_errors="5",
                ),
                {
                    "TaskInvocationParameters.Automation.Parameters": {
                        "instanceId": ["{{TARGET_ID}}"],
                        "initiator": ["{{WINDOW_ID}}.Task-{{WINDOW_TASK_ID}}"],
                    },
                    "MaxConcurrency": "10",
                    "MaxErrors": "5",
                },
            ),
        ),
    ),
    Scenario(
        "Guide update Lambda and Step Functions tasks",
        (
            window(),
            target(Name="servers"),
            target("more", Name="more"),
            Run(
                TASK,
                in_window(
                    name="function",
                    task_type="LAMBDA",
                    task_arn="arn:aws:lambda:us-east-2:111122223333:function:SSMTestLambda",
                    window_targets=["servers"],
                ),
            ),
            Run(
                TASK,
                in_window(
                    name="function",
                    window_targets=["more", "<servers.WindowTargetId>"],
                    lambda_function={"payload": '{"targetId":"{{TARGET_ID}}","targetType":"{{TARGET_TYPE}}"}'},
                ),
                {
                    "TaskInvocationParameters.Lambda.Payload": (
                        '{"targetId":"{{TARGET_ID}}","targetType":"{{TARGET_TYPE}}"}'
                    ),
                    "Targets.0.Values": ["<more.WindowTargetId>", "<servers.WindowTargetId>"],
                },
            ),
            Run(
                TASK,
                in_window(
                    name="machine",
                    task_type="STEP_FUNCTIONS",
                    task_arn="arn:aws:states:us-east-2:111122223333:execution:SSMStepFunctionTest",
                    window_targets=["servers"],
                    step_functions={"input": '{"instanceId":"{{ TARGET_ID }}"}'},
                ),
                {"TaskInvocationParameters.StepFunctions.Input": '{"instanceId":"{{ TARGET_ID }}"}'},
            ),
        ),
    ),
    Scenario(
        "CLI update-maintenance-window-task to the service-linked role",
        (
            window(),
            target(Name="servers"),
            Run(TASK, shell(), {"ServiceRoleArn": ROLE}),
            Run(TASK, shell(service_role_arn=OTHER_ROLE), {"ServiceRoleArn": OTHER_ROLE}),
            Run(TASK, shell(service_role_arn=SLR), {"ServiceRoleArn": SLR, f"{COMMAND}.Parameters.commands": ["df"]}),
            Run(TASK, shell(service_role_arn=None), {"ServiceRoleArn": SLR}, changed=False),
            Run(TASK, shell(service_role_arn=""), {"ServiceRoleArn": SLR}, changed=False),
            Run(TASK, shell(name="other", service_role_arn=SLR)),
            Run(TASK, shell(name="other", service_role_arn=ROLE), {"ServiceRoleArn": ROLE}),
            Run(TASK, shell(name="other", service_role_arn=""), {f"{COMMAND}.Parameters.commands": ["df"]}),
        ),
    ),
    Scenario(
        "Guide deregister a target safely and by force",
        (
            window(),
            target(Name="servers"),
            Run(TASK, shell()),
            Call(
                "DeregisterTargetFromMaintenanceWindow",
                {
                    "WindowId": "<tuesdays.WindowId>",
                    "WindowTargetId": "<servers.WindowTargetId>",
                    "Safe": True,
                },
                error="TargetInUseException",
            ),
            Refused(TARGET, in_window(name="servers", state="absent"), ("shell", "force")),
            Run(TARGET, in_window(name="servers", state="absent", force=True)),
        ),
    ),
    Scenario(
        "CLI register-task with task parameters of the older API",
        (
            window(),
            target(Name="servers"),
            Call(
                "RegisterTaskWithMaintenanceWindow",
                {
                    "WindowId": "<tuesdays.WindowId>",
                    "Targets": [{"Key": "WindowTargetIds", "Values": ["<servers.WindowTargetId>"]}],
                    "TaskArn": "AWS-RunShellScript",
                    "ServiceRoleArn": ROLE,
                    "TaskType": "RUN_COMMAND",
                    "TaskParameters": {"commands": {"Values": ["df"]}},
                    "LoggingInfo": {"S3BucketName": "logs-of-patching", "S3Region": "eu-central-1"},
                    "MaxConcurrency": "1",
                    "MaxErrors": "1",
                    "Priority": 10,
                    "Name": "shell",
                },
                keep="shell",
            ),
            Run(TASK, shell(), changed=False),
            Run(
                TASK,
                shell(priority=5),
                {
                    "WindowTaskId": "<shell.WindowTaskId>",
                    "Priority": 5,
                    COMMAND: {"OutputS3BucketName": "logs-of-patching", "Parameters": {"commands": ["df"]}},
                    "TaskParameters": ABSENT,
                    "LoggingInfo": ABSENT,
                },
            ),
        ),
    ),
    Scenario(
        "CLI describe windows and tasks",
        (
            window(),
            target(Name="servers"),
            Run(TASK, shell(priority=3)),
            Run(TASK, in_window(name="restart", task_type="AUTOMATION", task_arn="AWS-RestartEC2Instance", priority=3)),
            Run(TASK, shell(name="first", priority=1)),
            *(
                Call(
                    "DescribeMaintenanceWindowTasks",
                    {
                        "WindowId": "<tuesdays.WindowId>",
                        "Filters": [{"Key": key, "Values": [value]} for key, value in filters.items()],
                    },
                    {f"Tasks.{number}.Name": name for number, name in enumerate([*names, None])},
                )
                for filters, names in (
                    ({"TaskArn": "AWS-RestartEC2Instance"}, ["restart"]),
                    ({"Priority": "1"}, ["first"]),
                    ({"Priority": "1", "TaskType": "RUN_COMMAND"}, ["first"]),
                    ({"Priority": "3", "TaskType": "AUTOMATION"}, ["restart"]),
                    ({"Priority": "2"}, []),
                )
            ),
            Call(
                "DescribeMaintenanceWindows",
                {"Filters": [{"Key": "Enabled", "Values": ["true"]}, {"Key": "Name", "Values": ["tuesdays"]}]},
                {"WindowIdentities.0.WindowId": "<tuesdays.WindowId>", "WindowIdentities.1": ABSENT},
            ),
        ),
    ),
    Scenario(
        "CLI update and rename a baseline",
        (
            Run(
                BASELINE,
                {
                    "name": "WindowsPatching",
                    "operating_system": "WINDOWS",
                    "description": "Patches for Windows Servers",
                    "approval_rules": [
                        {
                            "filters": {"PRODUCT": ["WindowsServer2016"]},
                            "approve_after_days": 0,
                            "compliance_level": "CRITICAL",
                        }
                    ],
                },
                {"ApprovalRules.PatchRules.0.ApproveAfterDays": 0},
            ),
            Run(
                BASELINE,
                {
                    "baseline_id": "<WindowsPatching.baseline_id>",
                    "rejected_patches": ["KB2032276", "MS10-048"],
                    "approved_patches": ["KB2124261"],
                },
                {
                    "RejectedPatches": ["KB2032276", "MS10-048"],
                    "ApprovedPatches": ["KB2124261"],
                    "ApprovalRules.PatchRules.0.ComplianceLevel": "CRITICAL",
                    "Description": "Patches for Windows Servers",
                },
            ),
            Run(
                BASELINE,
                {
                    "baseline_id": "<WindowsPatching.baseline_id>",
                    "name": "Windows-Server-2012-R2-Important-and-Critical-Security-Updates",
                },
                {"ApprovedPatches": ["KB2124261"], "ApprovalRules.PatchRules.0.ApproveAfterDays": 0},
            ),
        ),
    ),
    Scenario(
        "Guide groups, defaults and tags of baselines",
        (
            Run(
                BASELINE,
                {
                    "name": "Windows-Server-2012R2",
                    "operating_system": "WINDOWS",
                    "approved_patches": ["KB2032276"],
                    "patch_groups": ["Web Servers"],
                    "tags": {"Project": "Testing"},
                    "default": True,
                },
                {"PatchGroups": ["Web Servers"], "Tags": {"Project": "Testing"}, "Default": True},
            ),
            Run(
                BASELINE,
                {"name": "AWS-DefaultPatchBaseline", "patch_groups": ["Backend"], "default": True},
                {"PatchGroups": ["Backend"], "Default": True},
            ),
            Refused(
                BASELINE,
                {"name": "Windows-Server-2012R2", "patch_groups": ["Web Servers", "Backend"]},
                ("Backend", "AWS-DefaultPatchBaseline", "move_patch_groups"),
            ),
            Run(
                BASELINE,
                {
                    "name": "Windows-Server-2012R2",
                    "patch_groups": ["Web Servers", "Backend"],
                    "move_patch_groups": True,
                },
                {"PatchGroups": ["Web Servers", "Backend"], "Default": False},
            ),
            Run(BASELINE, {"name": "Windows-Server-2012R2", "tags": {}}, {"Tags": {}}),
            Call(
                "DescribePatchBaselines",
                {"Filters": [{"Key": "OWNER", "Values": ["Self"]}]},
                {
                    "BaselineIdentities.0.BaselineId": "<Windows-Server-2012R2.baseline_id>",
                    "BaselineIdentities.1": ABSENT,
                },
            ),
            Run(BASELINE, {"name": "Windows-Server-2012R2", "state": "absent"}),
            Call("DescribePatchGroups", {}, {"Mappings": ABSENT}),
        ),
    ),
)
def test_course(runner: ScenarioRunner, scenario: Scenario) -> None:
    runner.run_steps(*scenario.steps)


def patching(name: str, day: str, duration: int, group: str) -> Args:
    """A window of the walkthrough, in which a patch group is patched."""
    named = {"patch_groups": [group], "patch_group_key": "Patch Group", "owner_information": group}
    install = {"name": f"{name}-install", "operation": "Install", "window_targets": [f"{name}-servers"]}
    return {
        "name": name,
        "schedule": f"cron(0 0 22 ? * {day} *)",
        "duration": duration,
        "cutoff": 0,
        "tags": {"Environment": "Production"},
        "targets": [{"name": f"{name}-servers", **named}],
        "patch_tasks": [{**install, "service_role_arn": ROLE, "max_concurrency": "2", "max_errors": "1"}],
    }


def test_walkthrough_of_a_server_environment(runner: ScenarioRunner) -> None:
    """The whole tutorial is one call; what its single modules would declare is there afterwards."""
    account = runner.account
    baseline = {
        "name": "Production-Baseline",
        "operating_system": "WINDOWS",
        "tags": {"Environment": "Production"},
        "approval_rules": [
            {
                "filters": {
                    "MSRC_SEVERITY": ["Critical", "Important"],
                    "CLASSIFICATION": ["SecurityUpdates", "Updates"],
                },
                "approve_after_days": 7,
            }
        ],
        "patch_groups": ["Database Servers", "Front-End Servers"],
    }
    windows = [
        patching("Production-Tuesdays", "TUE", 1, "Database Servers"),
        patching("Production-Saturdays", "SAT", 2, "Front-End Servers"),
    ]
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        result = account.run("ssm_patch_setup", check=check, baselines=[baseline], windows=windows)
        assert result["changed"] is changed, result["diff"]
    for declared, told in zip(windows, result["windows"], strict=True):
        runner.ids[f"{declared['name']}.window_id"] = told["window_id"]
        (servers,), (install,) = declared["targets"], declared["patch_tasks"]
        where = {"window": declared["name"]}
        runner.run_steps(
            Run(TARGET, {**where, **servers}, {"OwnerInformation": servers["owner_information"]}, changed=False),
            Run(
                PATCH_TASK,
                {**where, **install},
                {"MaxConcurrency": "2", "TaskArn": "AWS-RunPatchBaseline"},
                changed=False,
            ),
        )
    runner.run_steps(Run(BASELINE, baseline, {"PatchGroups": ["Database Servers", "Front-End Servers"]}, changed=False))
