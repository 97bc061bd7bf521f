# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules are told so that they call all that they can call. A new one is an entry in MODULE_CASES."""

from __future__ import annotations

from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

from ansible_collections.patchfleet.aws.tests.faults import transitions

Args = dict[str, Any]
Before = list[tuple[str, Args]]

ACCOUNT, REGION = "123456789012", "eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/patching-windows"
NOTIFICATION = {
    "topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:patching",
    "role_arn": f"arn:aws:iam::{ACCOUNT}:role/patching-notifications",
}
WINDOW = {"name": "prod", "schedule": "cron(0 2 ? * TUE#2 *)", "duration": 4, "cutoff": 1}
WEB = {"window": "prod", "name": "web"}
INSTALL = {"window": "prod", "name": "install"}
AFTER = {"window": "prod", "name": "after"}
LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
# What stands before a module for one resource in a window begins.
TARGETED: Before = [("ssm_maintenance_window", WINDOW), ("ssm_window_target", {**WEB, "patch_groups": ["web"]})]
OPEN: Before = [("ssm_maintenance_window", {**WINDOW, "allow_unassociated_targets": True})]
INSTALLED: Before = [*TARGETED, ("ssm_patch_task", {**INSTALL, "operation": "Install", "window_targets": ["web"]})]
GONE = {"state": "absent"}
SYNC = {"name": "compliance", "bucket": "patching-compliance", "account_id": ACCOUNT}
# A window that nobody owns gets the tag by the first write to its content.
MINE = {"setup": "mine"}


BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/patchfleet-boundary"
AROUND: Args = {
    "service_role": {"name": "patching-windows", "permissions_boundary": BOUNDARY, "tags": {"team": "a"}},
    "notification_role": {"name": "patching-notifications", "permissions_boundary": BOUNDARY},
    "notification_topic": {"name": "patching", "kms_key": "alias/patching", "tags": {"team": "a"}},
    "output_bucket": {
        "name": "patching-output",
        "writer_roles": ["web-nodes"],
        "data_sync": {"prefix": "inventory"},
        "tags": {"team": "a"},
    },
    "events_rule": {"name": "patching-events", "tags": {"team": "a"}},
}
OTHER_AROUND: Args = {
    "service_role": {
        "name": "patching-windows",
        "description": "other",
        "task_types": ["RUN_COMMAND", "AUTOMATION"],
        "runbooks": ["AWS-PatchInstanceWithRollback"],
        "tags": {"owner": "b"},
    },
    "notification_role": {"name": "patching-notifications"},
    "notification_topic": {"name": "patching", "display_name": "Patching", "kms_key": "", "tags": {"owner": "b"}},
    "output_bucket": {
        "name": "patching-output",
        "kms_key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
        "tags": {"owner": "b"},
        "expiration_days": 7,
    },
    "events_rule": {"name": "patching-events", "description": "other", "events": ["window"], "tags": {"owner": "b"}},
}
TAKEN: Args = {name: AROUND[name] for name in ("service_role", "output_bucket")}
UNBOUND: Args = {"service_role": {**AROUND["service_role"], "permissions_boundary": ""}}
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": "ec2.amazonaws.com"}}]}'
)


@dataclass(frozen=True)
class ModuleCase:
    """A module in an account of its own. given: its arguments, run by run.

    fleet: the nodes of the account, as a seed tells them. before: what other modules made first. later: seconds that
    have passed since. fails: the runs end as failures, such as those of a command that was cancelled. administrator: it
    needs more than the example policies allow, and runs with all the documented actions.
    """

    name: str
    module: str
    given: list[Args]
    before: Before = field(default_factory=list)
    fleet: Args = field(default_factory=dict)
    later: int = 0
    fails: bool = False
    administrator: bool = False


def _with_roles(declared: Args) -> Args:
    """A setup whose first patch task has roles of its own."""
    task = declared["windows"][0]["patch_tasks"][0]
    task.update(service_role_arn=ROLE, notification=NOTIFICATION)
    return declared


WHOLE = _with_roles(transitions.whole())
NODES = ["i-00000000000000001", "i-00000000000000002"]
_MISSING = {"Tags": {"PatchGroup": "web"}, "MissingCount": 2}
# Of what Windows lacks, more is read.
WINDOWS = {"InstanceId": "i-00000000000000003", "OperatingSystem": "WINDOWS", "AvailableSecurityUpdateCount": 2}
# A second task of the document that reaches no node.
IDLE: Before = [
    ("ssm_window_target", {"window": "prod", "name": "nobody", "patch_groups": ["nobody"]}),
    ("ssm_patch_task", {"window": "prod", "name": "idle", "operation": "Scan", "window_targets": ["nobody"]}),
]
FLEET: Args = {
    "nodes": [{**_MISSING, "InstanceId": node} for node in NODES] + [{**_MISSING, **WINDOWS}],
    "resource_groups": {"web": NODES},
}
# The files that a report is made of go with the process.
_FOLDER = TemporaryDirectory()
REPORT: Args = {"dest": _FOLDER.name}
NOW = {"operation": "Install", "reboot_option": "NoReboot", "patch_groups": ["web"]}
SETUP: Before = [("ssm_patch_setup", WHOLE)]
# A window that reaches nodes in each way and that the cutoff stops, and a fleet with a hybrid and a silent node.
REACHED: Before = [
    ("ssm_patch_baseline", {**LINUX, "patch_groups": ["web"]}),
    *INSTALLED,
    ("ssm_maintenance_window", {**WINDOW, "allow_unassociated_targets": True}),
    ("ssm_window_target", {"window": "prod", "name": "group", "resource_group": "web"}),
    ("ssm_patch_task", {"window": "prod", "name": "own", "operation": "Install", "instance_ids": NODES}),
    (
        "ssm_patch_task",
        {"window": "prod", "name": "install", "cutoff_behavior": "CANCEL_TASK", "timeout_seconds": 86400},
    ),
]
SILENT: Args = {**_MISSING, "InstanceId": "i-00000000000000005", "PingStatus": "ConnectionLost"}
MIXED_FLEET: Args = {**FLEET, "nodes": [*FLEET["nodes"], {**_MISSING, "InstanceId": "mi-00000000000000004"}, SILENT]}

MODULE_CASES = [
    ModuleCase(
        "window",
        "ssm_maintenance_window",
        [
            {**WINDOW, "tags": {"Env": "prod"}, "enabled": False},
            {**WINDOW, "tags": {"Team": "a"}, "enabled": True},
            {**WINDOW, **GONE},
        ],
    ),
    ModuleCase(
        "window with content",
        "ssm_maintenance_window",
        [{**WINDOW, "setup": "mine", "take_over": True, "tags": {"Env": "prod"}}, {**WINDOW, "setup": "mine", **GONE}],
        INSTALLED,
    ),
    ModuleCase(
        "target",
        "ssm_window_target",
        [
            {**WEB, **MINE, "patch_groups": ["web"]},
            {**WEB, **MINE, "patch_groups": ["db"]},
            {**WEB, **MINE, "resource_group": "web"},
            {**WEB, **MINE, **GONE},
        ],
        [("ssm_maintenance_window", WINDOW)],
    ),
    ModuleCase(
        "target in use",
        "ssm_window_target",
        [{**WEB, "resource_group": "web"}, {**WEB, **GONE, "force": True}],
        INSTALLED,
    ),
    ModuleCase(
        "patch task",
        "ssm_patch_task",
        [
            {**INSTALL, **MINE, "operation": "Scan", "window_targets": ["web"]},
            {**INSTALL, **MINE, "service_role_arn": ROLE, "notification": NOTIFICATION},
            {**INSTALL, **MINE, "operation": "Install", "alarm": {"name": "stop"}},
            {**INSTALL, **MINE, **GONE},
        ],
        TARGETED,
    ),
    ModuleCase(
        "window task",
        "ssm_window_task",
        [
            {**AFTER, **MINE, "task_type": "AUTOMATION", "task_arn": "AWS-Nothing", "window_targets": ["web"]},
            {**AFTER, **MINE, "service_role_arn": ROLE},
            {**AFTER, **MINE, "task_type": "LAMBDA", "task_arn": transitions.LAMBDA},
            {**AFTER, **MINE, **GONE},
        ],
        TARGETED,
    ),
    *(
        ModuleCase(
            f"task on nodes, by {module}", module, [{**AFTER, **given, "instance_ids": ["i-0123456789abcdef0"]}], OPEN
        )
        for module, given in (
            ("ssm_patch_task", {"operation": "Scan"}),
            ("ssm_window_task", {"task_type": "RUN_COMMAND", "task_arn": "AWS-RunShellScript"}),
        )
    ),
    ModuleCase(
        "window task with notifications",
        "ssm_window_task",
        [
            {
                **AFTER,
                "task_type": "RUN_COMMAND",
                "task_arn": "AWS-RunShellScript",
                "window_targets": ["web"],
                "run_command": {"parameters": {"commands": ["true"]}, "notification": NOTIFICATION},
            }
        ],
        TARGETED,
    ),
    ModuleCase(
        "baseline",
        "ssm_patch_baseline",
        [
            {
                **LINUX,
                "approval_rules": [transitions.RULE],
                "patch_groups": ["web"],
                "default": True,
                "tags": {"A": "b"},
            },
            {**LINUX, "approval_rules": [], "patch_groups": ["db"], "default": False, "tags": {"C": "d"}},
            {**LINUX, "setup": "mine", "take_over": True, "patch_groups": [], "purge_patch_groups": True},
            {**LINUX, "setup": "mine", **GONE},
        ],
    ),
    ModuleCase(
        "baseline that takes a group",
        "ssm_patch_baseline",
        [{**LINUX, "name": "other", "patch_groups": ["web"], "move_patch_groups": True}],
        [("ssm_patch_baseline", {**LINUX, "patch_groups": ["web"]})],
    ),
    ModuleCase(
        "baseline made anew",
        "ssm_patch_baseline",
        [{"name": "linux", "operating_system": "UBUNTU", "recreate": True, "patch_groups": ["web"]}],
        [("ssm_patch_baseline", {**LINUX, "patch_groups": ["web"], "default": True})],
    ),
    ModuleCase(
        "setup",
        "ssm_patch_setup",
        [WHOLE, transitions.changed(), transitions.replaced(), transitions.fewer(), transitions.gone()],
    ),
    ModuleCase("prerequisites", "patch_prerequisites", [AROUND, OTHER_AROUND, {**AROUND, **GONE}]),
    ModuleCase(
        "prerequisites that are taken over",
        "patch_prerequisites",
        [{**TAKEN, "take_over": True}, {**UNBOUND}, {**TAKEN, **GONE}],
        [
            ("amazon.aws.iam_role", {"name": "patching-windows", "assume_role_policy_document": TRUST}),
            ("amazon.aws.s3_bucket", {"name": "patching-output"}),
        ],
        administrator=True,
    ),
    ModuleCase(
        "windows as they are",
        "ssm_maintenance_window_info",
        [
            {"include": ["targets", "tasks", "next_runs"]},
            {"names": ["prod"], "tags": {"Env": "prod"}},
            {"instance_id": "i-0123456789abcdef0"},
        ],
        SETUP,
    ),
    ModuleCase(
        "baselines as they are",
        "ssm_patch_baseline_info",
        [{"owner": "all", "include": ["patch_groups"]}, {"names": ["linux"]}, {"default_only": True}],
        SETUP,
    ),
    ModuleCase(
        "executions",
        "ssm_maintenance_window_info",
        [{"include": ["executions"]}],
        [*INSTALLED, *IDLE],
        FLEET,
        later=60 * 86400,
    ),
    ModuleCase(
        "baselines with their patches",
        "ssm_patch_baseline_info",
        [{"names": ["windows"], "include": ["effective_patches"]}],
        [("ssm_patch_baseline", {"name": "windows", "operating_system": "WINDOWS"})],
    ),
    ModuleCase(
        "patch now",
        "ssm_patch_run",
        [
            {"operation": "Scan", "instance_ids": NODES, "notification": NOTIFICATION},
            {**NOW, "alarm": {"name": "stop"}},
            {"operation": "Scan", "resource_group": "web"},
        ],
        fleet=FLEET,
    ),
    ModuleCase(
        "patch now, too slowly",
        "ssm_patch_run",
        [{**NOW, "wait_timeout": 1, "cancel_on_timeout": True}],
        fleet=FLEET,
        fails=True,
    ),
    ModuleCase(
        "compliance",
        "ssm_patch_compliance_info",
        [
            {"patch_groups": ["web"], "level": "patches"},
            {"instance_ids": NODES, "include_unmanaged": True},
            {"instance_tags": {"PatchGroup": "web"}, "level": "instances"},
            {},
        ],
        [("ssm_patch_baseline", {**LINUX, "patch_groups": ["web"]})],
        FLEET,
    ),
    ModuleCase(
        "coverage",
        "ssm_patch_coverage_info",
        [{"level": "instances", "include_unmanaged": True}],
        REACHED,
        MIXED_FLEET,
        later=60 * 86400,
    ),
    ModuleCase(
        "report data",
        "ssm_patch_report_info",
        [{**REPORT, "include_unmanaged": True}],
        REACHED,
        MIXED_FLEET,
        later=60 * 86400,
    ),
    # The windows of the case above have installed everything.
    ModuleCase(
        "report data of missing patches",
        "ssm_patch_report_info",
        [{**REPORT, "patch_groups": ["web"]}],
        [("ssm_patch_baseline", {**LINUX, "patch_groups": ["web"]})],
        FLEET,
    ),
    ModuleCase(
        "forecast",
        "ssm_patch_forecast_info",
        [{"level": "patches"}],
        [
            ("ssm_patch_baseline", {**LINUX, "patch_groups": ["web"]}),
            *INSTALLED,
            ("ssm_window_target", {"window": "prod", "name": "group", "resource_group": "web"}),
            ("ssm_maintenance_window", {**WINDOW, "allow_unassociated_targets": True}),
            ("ssm_patch_task", {"window": "prod", "name": "own", "operation": "Install", "instance_ids": NODES}),
            (
                "ssm_patch_task",
                {"window": "prod", "name": "group", "operation": "Install", "window_targets": ["group"]},
            ),
        ],
        {**FLEET, "nodes": [*FLEET["nodes"], {**_MISSING, "InstanceId": "mi-00000000000000004"}]},
    ),
    ModuleCase(
        "forecast after executions",
        "ssm_patch_forecast_info",
        [{}],
        REACHED,
        MIXED_FLEET,
        later=60 * 86400,
    ),
    ModuleCase(
        "data sync",
        "ssm_resource_data_sync",
        [SYNC, {**SYNC, "prefix": "other", "recreate": True}, {**SYNC, "prefix": "other", **GONE}],
    ),
    ModuleCase(
        "audit",
        "ssm_patch_audit_info",
        [{}],
        [("ssm_patch_baseline", {**LINUX, "patch_groups": ["web"]}), *INSTALLED],
    ),
    ModuleCase(
        "execution", "ssm_window_execution_info", [{"window": "prod"}], [*INSTALLED, *IDLE], FLEET, later=60 * 86400
    ),
    ModuleCase("data syncs", "ssm_resource_data_sync_info", [{}], [("ssm_resource_data_sync", SYNC)]),
]
