# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setups as CloudFormation, CDK, scripts of the AWS CLI and the console make them, and how to declare each."""

from __future__ import annotations

from .foreign_setup import (
    INSTALL,
    LINKED_ROLE,
    ONE,
    PATCH,
    REBOOTING,
    ROLE,
    SCAN,
    Setup,
    patch_task,
    run_command,
    tagged,
    window,
)

CLOUDFORMATION = [
    Setup(
        "CloudFormation, the example of the guide: a resource group",
        window("MaintenanceWindow", "cron(20 17 ? * MON-FRI *)", 1, 0, AllowUnassociatedTargets=True),
        {
            "group": {
                "ResourceType": "RESOURCE_GROUP",
                "Targets": [{"Key": "resource-groups:Name", "Values": ["TestResourceGroup"]}],
            }
        },
        [
            run_command(
                PATCH,
                ["group"],
                {**INSTALL, "RebootOption": ["NoReboot"]},
                ("1", "1"),
                Description="Apply OS patches",
                Priority=0,
            )
        ],
        {
            "name": "MaintenanceWindow",
            "schedule": "cron(20 17 ? * MON-FRI *)",
            "targets": [{"name": "group", "resource_group": "TestResourceGroup"}],
            "patch_tasks": [
                patch_task("install", "Install", ["group"], ("1", "1"), priority=0, reboot_option="NoReboot")
            ],
        },
        stack=True,
    ),
    Setup(
        "CloudFormation, output to CloudWatch",
        window("WeeklyPatching"),
        {"production": tagged("PatchGroup", "production")},
        [
            run_command(
                PATCH,
                ["production"],
                REBOOTING,
                ("25%", "10%"),
                command={
                    "CloudWatchOutputConfig": {
                        "CloudWatchLogGroupName": "/aws/ssm/patch-manager",
                        "CloudWatchOutputEnabled": True,
                    }
                },
            )
        ],
        {
            "name": "WeeklyPatching",
            "targets": [{"name": "production", "patch_groups": ["production"]}],
            "patch_tasks": [patch_task("install", "Install", ["production"], ("25%", "10%"), cloudwatch_output=True)],
        },
        stack=True,
    ),
    Setup(
        "CloudFormation, parameters beside TaskInvocationParameters, where the service ignores them",
        window("SecurityPatchWindow", "cron(0 2 ? * SAT *)"),
        {"production": tagged("PatchGroup", "Production")},
        [
            run_command(
                PATCH,
                ["production"],
                None,
                ("25%", "10%"),
                TaskParameters={"Operation": {"Values": ["Install"]}},
                command={"OutputS3BucketName": "patch-logs"},
            )
        ],
        {
            "name": "SecurityPatchWindow",
            "targets": [{"name": "production", "patch_groups": ["Production"]}],
            "patch_tasks": [patch_task("install", "Install", ["production"], ("25%", "10%"))],
        },
        written=frozenset({"operation", "reboot_option"}),
    ),
    Setup(
        "CloudFormation, a window that scans",
        window("mw-datanode-kafka", "cron(0 6 ? * SUN *)"),
        {"kafka": tagged("corp:patch-group", "datanode-kafka")},
        [run_command(PATCH, ["kafka"], SCAN, ("100%", "0"))],
        {
            "name": "mw-datanode-kafka",
            "targets": [{"name": "kafka", "instance_tags": {"corp:patch-group": ["datanode-kafka"]}}],
            "patch_tasks": [patch_task("scan", "Scan", ["kafka"], ("100%", "0"))],
        },
    ),
]

CDK = [
    Setup(
        "CDK, a named task on an unnamed target",
        window("views3-patch-window", "cron(0 5 * * ? *)", 2, Tags=[{"Key": "views3", "Value": "true"}]),
        {"targets": tagged("views3", "true")},
        [
            run_command(
                PATCH,
                ["targets"],
                INSTALL,
                ("1", "1"),
                Name="viewS3-AWS-RunPatchBaseline",
                command={
                    "CloudWatchOutputConfig": {
                        "CloudWatchOutputEnabled": True,
                        "CloudWatchLogGroupName": "views3Patching",
                    }
                },
            )
        ],
        {
            "name": "views3-patch-window",
            "targets": [{"name": "views3", "instance_tags": {"views3": "true"}}],
            "patch_tasks": [patch_task("viewS3-AWS-RunPatchBaseline", "Install", ["views3"], ("1", "1"))],
        },
    ),
    Setup(
        "CDK, a target and a task for each system, and a targetless runbook",
        window("patch-all", AllowUnassociatedTargets=True),
        {
            "linux": tagged("Patch", "Linux", Name="LinuxInstances"),
            "windows": tagged("Patch", "Windows", Name="WindowsInstances"),
        },
        [
            run_command(PATCH, ["linux"], INSTALL, ("1", "1"), Name="PatchLinuxInstances"),
            run_command(PATCH, ["windows"], INSTALL, ("1", "1")),
            {"TaskType": "AUTOMATION", "TaskArn": "Company-ScanImages", "Priority": 1, "ServiceRoleArn": ROLE},
        ],
        {
            "name": "patch-all",
            "targets": [
                {"name": "LinuxInstances", "instance_tags": {"Patch": "Linux"}},
                {"name": "WindowsInstances", "instance_tags": {"Patch": "Windows"}},
            ],
            "patch_tasks": [
                patch_task("PatchLinuxInstances", "Install", ["LinuxInstances"], ("1", "1")),
                patch_task("PatchWindowsInstances", "Install", ["WindowsInstances"], ("1", "1")),
            ],
            "tasks": [
                {
                    "name": "images",
                    "task_type": "AUTOMATION",
                    "task_arn": "Company-ScanImages",
                    "service_role_arn": ROLE,
                }
            ],
        },
        stack=True,
    ),
]

BY_HAND = [
    Setup(
        "AWS CLI, the tutorial: patch groups with a space, nothing but owner information",
        window("Production-Tuesdays", "cron(0 0 22 ? * TUE *)", 1, 0),
        {"database": tagged("Patch Group", "Database Servers", OwnerInformation="Database Servers")},
        [run_command(PATCH, ["database"], INSTALL, ("2", "1"), ServiceRoleArn=ROLE)],
        {
            "name": "Production-Tuesdays",
            "targets": [
                {
                    "name": "database",
                    "patch_groups": ["Database Servers"],
                    "patch_group_key": "Patch Group",
                    "owner_information": "Database Servers",
                }
            ],
            "patch_tasks": [patch_task("install", "Install", ["database"], ("2", "1"), service_role_arn=ROLE)],
        },
        baseline={"Name": "Production-Baseline", "OperatingSystem": "WINDOWS", "Description": "Baseline for tests"},
        groups=("Database Servers", "Front-End Servers"),
        declared_baseline={
            "name": "Production-Baseline",
            "operating_system": "WINDOWS",
            "patch_groups": ["Front-End Servers", "Database Servers"],
        },
    ),
    Setup(
        "AWS CLI, task parameters and logging info of the first API, the document by its ARN",
        window("Weekly-Patching", AllowUnassociatedTargets=True),
        {"production": tagged("Environment", "Production")},
        [
            run_command(
                "arn:aws:ssm:eu-central-1::document/AWS-RunPatchBaseline",
                ["production"],
                None,
                ("50%", "10%"),
                ServiceRoleArn=ROLE,
                TaskParameters={"Operation": {"Values": ["Install"]}},
                LoggingInfo={"S3BucketName": "logs", "S3KeyPrefix": "patch-logs", "S3Region": "eu-central-1"},
            )
        ],
        {
            "name": "Weekly-Patching",
            "targets": [{"name": "production", "instance_tags": {"Environment": "Production"}}],
            "patch_tasks": [
                patch_task(
                    "install",
                    "Install",
                    ["production"],
                    ("50%", "10%"),
                    output_s3_bucket="logs",
                    output_s3_prefix="patch-logs",
                )
            ],
        },
    ),
    Setup(
        "AWS CLI, the walkthrough: one instance, a script before the patches",
        window("My-First-Maintenance-Window", "cron(0 16 ? * TUE *)", AllowUnassociatedTargets=True),
        {
            "single": {
                "ResourceType": "INSTANCE",
                "Targets": [{"Key": "InstanceIds", "Values": [ONE]}],
                "OwnerInformation": "Single instance",
            }
        },
        [
            run_command("AWS-RunShellScript", ["single"], {"commands": ["df"]}, ("1", "1"), Priority=10),
            run_command(PATCH, ["single"], SCAN, ("1", "1"), Priority=11),
        ],
        {
            "name": "My-First-Maintenance-Window",
            "targets": [{"name": "single", "instance_ids": [ONE]}],
            "patch_tasks": [patch_task("scan", "Scan", ["single"], ("1", "1"), priority=11)],
            "tasks": [
                {
                    "name": "df-script",
                    "task_type": "RUN_COMMAND",
                    "task_arn": "AWS-RunShellScript",
                    "window_targets": ["single"],
                    "priority": 10,
                    "run_command": {"parameters": {"commands": "df"}},
                }
            ],
        },
    ),
    Setup(
        "Console, which stores empty parameters",
        window("console-window", ScheduleTimezone="Europe/Berlin"),
        {"chosen": tagged("PatchGroup", "web", Name="chosen-by-hand")},
        [
            run_command(
                PATCH,
                ["chosen"],
                {
                    **REBOOTING,
                    "SnapshotId": [""],
                    "InstallOverrideList": [""],
                    "BaselineOverride": [""],
                },
                ("50", "0"),
                Name="patch-web",
                ServiceRoleArn=LINKED_ROLE,
                CutoffBehavior="CONTINUE_TASK",
                command={"DocumentVersion": "$DEFAULT", "TimeoutSeconds": 600, "Comment": ""},
            )
        ],
        {
            "name": "console-window",
            "schedule_timezone": "Europe/Berlin",
            "targets": [{"name": "chosen-by-hand", "patch_groups": ["web"]}],
            "patch_tasks": [
                patch_task("patch-web", "Install", ["chosen-by-hand"], ("50", "0"), reboot_option="RebootIfNeeded")
            ],
        },
    ),
    Setup(
        "Console, hooks that do nothing, any value of a tag",
        window("console-hooks"),
        {"tagged": {"ResourceType": "INSTANCE", "Targets": [{"Key": "tag-key", "Values": ["PatchGroup"]}]}},
        [
            run_command(
                "AWS-RunPatchBaselineWithHooks",
                ["tagged"],
                {
                    **REBOOTING,
                    "PreInstallHookDocName": ["Company-Prepare"],
                    "PostInstallHookDocName": ["AWS-Noop"],
                    "OnExitHookDocName": ["AWS-Noop"],
                },
                ("10%", "10%"),
                command={"DocumentVersion": "$DEFAULT", "TimeoutSeconds": 600},
            )
        ],
        {
            "name": "console-hooks",
            "targets": [{"name": "tagged", "tag_keys": ["PatchGroup"]}],
            "patch_tasks": [
                patch_task("install", "Install", ["tagged"], ("10%", "10%"), hooks={"pre_install": "Company-Prepare"})
            ],
        },
    ),
]
