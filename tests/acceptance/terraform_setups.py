# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setups as Terraform makes them, and how to declare each."""

from __future__ import annotations

from .foreign_setup import (
    FUNCTION,
    INSTALL,
    LINKED_ROLE,
    MACHINE,
    ONE,
    PATCH,
    REBOOTING,
    ROLE,
    SCAN,
    SUNDAYS,
    TOPIC,
    TWO,
    Setup,
    patch_task,
    run_command,
    tagged,
    window,
)

TERRAFORM = [
    Setup(
        "Terraform, the example of the registry: an unnamed target",
        window("maintenance-window-webapp", "cron(0 16 ? * TUE *)", 3),
        {"target1": tagged("Name", "acceptance_test")},
        [],
        {
            "name": "maintenance-window-webapp",
            "schedule": "cron(0 16 ? * TUE *)",
            "targets": [{"name": "webapp", "instance_tags": {"Name": "acceptance_test"}}],
        },
    ),
    Setup(
        "Terraform, an unnamed task on a named target",
        window("lz-weekly-patching", hours=2, Tags=[{"Key": "Name", "Value": "lz-weekly-patching"}]),
        {"prod": tagged("Environment", "prod", Name="prod-instances")},
        [
            run_command(
                PATCH,
                ["prod"],
                INSTALL,
                ("50%", "20%"),
                ServiceRoleArn=ROLE,
                command={"TimeoutSeconds": 600, "OutputS3BucketName": "config-logs"},
            )
        ],
        {
            "name": "lz-weekly-patching",
            **SUNDAYS,
            "duration": 2,
            "tags": {"Name": "lz-weekly-patching"},
            "targets": [{"name": "prod-instances", "instance_tags": {"Environment": ["prod"]}}],
            "patch_tasks": [
                patch_task(
                    "install",
                    "Install",
                    ["prod-instances"],
                    ("50%", "20%"),
                    service_role_arn=ROLE,
                    timeout_seconds=600,
                    output_s3_bucket="config-logs",
                )
            ],
        },
    ),
    Setup(
        "Terraform, everything named, with a baseline",
        window("shop-prod-patch-window", hours=2, ScheduleTimezone="UTC", Description="Weekly patching"),
        {"all": tagged("PatchGroup", "shop-prod", Name="shop-prod-targets")},
        [
            run_command(
                PATCH,
                ["all"],
                REBOOTING,
                ("1", "0"),
                Name="shop-prod-patch-install",
                ServiceRoleArn=ROLE,
                command={"TimeoutSeconds": 3600},
            )
        ],
        {
            "name": "shop-prod-patch-window",
            **SUNDAYS,
            "duration": 2,
            "schedule_timezone": "UTC",
            "targets": [{"name": "shop-prod-targets", "patch_groups": ["shop-prod"]}],
            "patch_tasks": [
                patch_task(
                    "shop-prod-patch-install",
                    "Install",
                    ["shop-prod-targets"],
                    ("1", "0"),
                    reboot_option="RebootIfNeeded",
                    timeout_seconds=3600,
                )
            ],
        },
        baseline={
            "Name": "shop-prod-baseline",
            "OperatingSystem": "AMAZON_LINUX_2",
            "ApprovalRules": {
                "PatchRules": [
                    {
                        "PatchFilterGroup": {
                            "PatchFilters": [
                                {"Key": "CLASSIFICATION", "Values": ["Security", "Bugfix"]},
                                {"Key": "SEVERITY", "Values": ["Critical", "Important"]},
                            ]
                        },
                        "ApproveAfterDays": 7,
                        "ComplianceLevel": "UNSPECIFIED",
                        "EnableNonSecurity": False,
                    }
                ]
            },
            "ApprovedPatchesComplianceLevel": "UNSPECIFIED",
        },
        groups=("shop-prod",),
        declared_baseline={
            "name": "shop-prod-baseline",
            "operating_system": "AMAZON_LINUX_2",
            "approval_rules": [
                {
                    "filters": {"SEVERITY": ["Important", "Critical"], "CLASSIFICATION": ["Bugfix", "Security"]},
                    "approve_after_days": 7,
                }
            ],
            "patch_groups": ["shop-prod"],
        },
    ),
    Setup(
        "Terraform before 0.12: parameters in task_parameters, the service-linked role by its ARN",
        window("Patch-maintenance-window", "rate(7 days)"),
        {"target1": tagged("os_type", "RedHat6", "CentOS6", "AmazonLinux2", "Ubuntu16")},
        [
            run_command(
                PATCH,
                ["target1"],
                None,
                ("3", "10"),
                Name="Run-Patch-Baseline-Document",
                Description="Task to install patches",
                ServiceRoleArn=LINKED_ROLE,
                TaskParameters={"Operation": {"Values": ["Install"]}},
            )
        ],
        {
            "name": "Patch-maintenance-window",
            "schedule": "rate(7 days)",
            "targets": [
                {"name": "linux", "instance_tags": {"os_type": ["Ubuntu16", "RedHat6", "CentOS6", "AmazonLinux2"]}}
            ],
            "patch_tasks": [patch_task("Run-Patch-Baseline-Document", "Install", ["linux"], ("3", "10"))],
        },
    ),
    Setup(
        "Terraform, the latest version of the document",
        window("corp-maintenance-window"),
        {"all": tagged("ssm-patching", "true", Name="corp-all", Description="All that opted in")},
        [
            run_command(
                PATCH,
                ["all"],
                REBOOTING,
                ("10%", "5%"),
                command={"DocumentVersion": "$LATEST", "TimeoutSeconds": 3600, "Comment": "Automated patch install"},
            )
        ],
        {
            "name": "corp-maintenance-window",
            "targets": [{"name": "corp-all", "instance_tags": {"ssm-patching": "true"}}],
            "patch_tasks": [patch_task("install", "Install", ["corp-all"], ("10%", "5%"), document_version="$LATEST")],
        },
    ),
    Setup(
        "Terraform, targets by count, a scan that notifies",
        window("patch-scan", "cron(0 18 ? * MON *)", ScheduleTimezone="US/Eastern", Description="Scans"),
        {"scan-0": tagged("PatchGroup", "automated"), "scan-1": tagged("PatchGroup", "manual")},
        [
            run_command(
                PATCH,
                ["scan-0", "scan-1"],
                SCAN,
                ("20", "5"),
                Description="Scans for available patches",
                ServiceRoleArn=LINKED_ROLE,
                command={
                    "DocumentVersion": "$LATEST",
                    "OutputS3BucketName": "patchlogs",
                    "OutputS3KeyPrefix": "Logs/scan",
                    "ServiceRoleArn": ROLE,
                    "NotificationConfig": {
                        "NotificationArn": TOPIC,
                        "NotificationEvents": ["All"],
                        "NotificationType": "Invocation",
                    },
                },
            )
        ],
        {
            "name": "patch-scan",
            "schedule_timezone": "US/Eastern",
            "targets": [
                {"name": "automated", "patch_groups": ["automated"]},
                {"name": "manual", "patch_groups": ["manual"]},
            ],
            "patch_tasks": [
                patch_task(
                    "scan",
                    "Scan",
                    ["manual", "automated"],
                    ("20", "5"),
                    notification={"topic_arn": TOPIC, "role_arn": ROLE, "events": ["All"], "type": "Invocation"},
                )
            ],
        },
    ),
    Setup(
        "Terraform, two tags that must both match",
        window("blog-dev-patching-window", hours=3, AllowUnassociatedTargets=True),
        {
            "target": {
                "ResourceType": "INSTANCE",
                "Targets": [
                    {"Key": "tag:Project", "Values": ["blog"]},
                    {"Key": "tag:Environment", "Values": ["dev"]},
                ],
            }
        },
        [
            run_command(
                PATCH, ["target"], REBOOTING, ("50%", "25%"), ServiceRoleArn=ROLE, command={"TimeoutSeconds": 600}
            )
        ],
        {
            "name": "blog-dev-patching-window",
            "allow_unassociated_targets": True,
            "targets": [{"name": "blog-dev", "instance_tags": {"Environment": "dev", "Project": "blog"}}],
            "patch_tasks": [patch_task("patch", "Install", ["blog-dev"], ("50%", "25%"))],
        },
    ),
    Setup(
        "Terraform, output to CloudWatch, stopped at the cutoff",
        window("amzn2-production", "cron(0 0 ? * TUE#2 *)", ScheduleOffset=2, EndDate="2030-01-01T00:00:00Z"),
        {"example": tagged("Patch Group", "amzn2-production", Name="amzn2-production")},
        [
            run_command(
                PATCH,
                ["example"],
                INSTALL,
                ("1", "3"),
                Name="amzn2-production-patching",
                ServiceRoleArn=LINKED_ROLE,
                CutoffBehavior="CANCEL_TASK",
                command={
                    "Comment": "Patch Baseline Install",
                    "CloudWatchOutputConfig": {
                        "CloudWatchLogGroupName": "/aws/vendedlogs/ssm",
                        "CloudWatchOutputEnabled": True,
                    },
                    "OutputS3BucketName": "autopatch",
                    "OutputS3KeyPrefix": "ssm-patch-install/",
                },
            )
        ],
        {
            "name": "amzn2-production",
            "schedule_offset": 2,
            "end_date": "2030-01-01T01:00:00+01:00",
            "targets": [
                {
                    "name": "amzn2-production",
                    "patch_groups": ["amzn2-production"],
                    "patch_group_key": "Patch Group",
                }
            ],
            "patch_tasks": [
                patch_task(
                    "amzn2-production-patching",
                    "Install",
                    ["amzn2-production"],
                    ("1", "3"),
                    cutoff_behavior="CANCEL_TASK",
                    cloudwatch_output=True,
                    cloudwatch_log_group="/aws/vendedlogs/ssm",
                )
            ],
        },
    ),
    Setup(
        "Terraform, an automation on instances that are not registered",
        window("restart", AllowUnassociatedTargets=True),
        {},
        [
            {
                "TaskType": "AUTOMATION",
                "TaskArn": "AWS-RestartEC2Instance",
                "Targets": [{"Key": "InstanceIds", "Values": [ONE]}],
                "MaxConcurrency": "2",
                "MaxErrors": "1",
                "Priority": 1,
                "TaskInvocationParameters": {
                    "Automation": {"DocumentVersion": "$LATEST", "Parameters": {"InstanceId": [ONE]}}
                },
            }
        ],
        {
            "name": "restart",
            "tasks": [
                {
                    "name": "restart",
                    "task_type": "AUTOMATION",
                    "task_arn": "AWS-RestartEC2Instance",
                    "instance_ids": [ONE],
                    "max_concurrency": "2",
                    "max_errors": "1",
                    "automation": {"document_version": "$LATEST", "parameters": {"InstanceId": ONE}},
                }
            ],
        },
    ),
    Setup(
        "Terraform, a function and a state machine",
        window("around-patching"),
        {"ids": {"ResourceType": "INSTANCE", "Targets": [{"Key": "InstanceIds", "Values": [TWO, ONE]}]}},
        [
            {
                "TaskType": "LAMBDA",
                "TaskArn": FUNCTION,
                "Targets": [{"Key": "InstanceIds", "Values": [ONE]}],
                "MaxConcurrency": "2",
                "MaxErrors": "1",
                "Priority": 1,
                "TaskInvocationParameters": {
                    "Lambda": {"ClientContext": "e30=", "Payload": "eyJrZXkxIjogInZhbHVlMSJ9", "Qualifier": "2"}
                },
            },
            {
                "TaskType": "STEP_FUNCTIONS",
                "TaskArn": MACHINE,
                "Priority": 2,
                "TaskInvocationParameters": {"StepFunctions": {"Input": '{"key1":"value1"}', "Name": "drain"}},
            },
        ],
        {
            "name": "around-patching",
            "targets": [{"name": "both", "instance_ids": [ONE, TWO]}],
            "tasks": [
                {
                    "name": "drain",
                    "task_type": "LAMBDA",
                    "task_arn": FUNCTION,
                    "instance_ids": [ONE],
                    "lambda_function": {"payload": {"key1": "value1"}, "qualifier": "2"},
                },
                {
                    "name": "machine",
                    "task_type": "STEP_FUNCTIONS",
                    "task_arn": MACHINE,
                    "priority": 2,
                    "step_functions": {"input": {"key1": "value1"}},
                },
            ],
        },
    ),
]
