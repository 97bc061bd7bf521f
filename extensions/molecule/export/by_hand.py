#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill an account as people do: in the console, with older tools and CloudFormation, with things without a name."""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import boto3

REGION = os.environ["AWS_REGION"]
SSM = boto3.client("ssm", region_name=REGION)
PLAIN = {"Schedule": "cron(0 2 ? * TUE *)", "Duration": 3, "Cutoff": 1, "AllowUnassociatedTargets": False}
RATES = {"MaxConcurrency": "5", "MaxErrors": "10%"}
STACK = [{"Key": "aws:cloudformation:stack-id", "Value": "arn:aws:cloudformation:eu-north-1:123456789012:stack/one/1"}]


def target(window_id: str, key: str, *values: str, **members: Any) -> str:
    """Register a target by one criterion; gives its id."""
    criteria = [{"Key": key, "Values": [*values]}]
    answer = SSM.register_target_with_maintenance_window(
        **{"WindowId": window_id, "ResourceType": "INSTANCE", "Targets": criteria, **members}
    )
    return str(answer["WindowTargetId"])


def command(window_id: str, target_ids: list[str], arn: str, **members: Any) -> None:
    """Register a Run Command task on targets."""
    targets = [{"Key": "WindowTargetIds", "Values": target_ids}]
    task = {"TaskType": "RUN_COMMAND", "TaskArn": arn, "Targets": targets, **RATES, **members}
    SSM.register_task_with_maintenance_window(WindowId=window_id, **task)


def console_window() -> None:
    """What the console leaves: empty parameters, filled-in ones, a target and a task without names."""
    tags = [{"Key": "Env", "Value": "prod"}, {"Key": "patchfleet:setup", "Value": "other"}]
    more = {"ScheduleTimezone": "Europe/Berlin", "StartDate": "2030-01-01T00:00:00+01:00", "Tags": tags}
    window_id = SSM.create_maintenance_window(Name="console", **PLAIN, **more)["WindowId"]
    web = target(window_id, "tag:Patch Group", "web", "api", Name="web", OwnerInformation="team: web")
    group = target(window_id, "resource-groups:Name", "servers", Name="group", ResourceType="RESOURCE_GROUP")
    target(window_id, "tag:Role", "db")
    empty = {"SnapshotId": [""], "InstallOverrideList": [""], "BaselineOverride": [""]}
    patch = {"Operation": ["Install"], "RebootOption": ["NoReboot"], **empty}
    run = {"Parameters": patch, "TimeoutSeconds": 600, "DocumentVersion": "$DEFAULT"}
    command(
        window_id,
        [web, group],
        "AWS-RunPatchBaseline",
        Name="install",
        Priority=1,
        TaskInvocationParameters={"RunCommand": run},
    )
    shell = {"commands": ["echo ${#list[@]}", "cat <<E\n{{ not a template }}\nE"], "executionTimeout": ["3600"]}
    command(
        window_id,
        [web],
        "AWS-RunShellScript",
        Name="script",
        Priority=0,
        TaskInvocationParameters={"RunCommand": {"Parameters": {**shell, "workingDirectory": [""]}}},
    )
    command(window_id, [web], "AWS-RunShellScript", TaskInvocationParameters={"RunCommand": {}})


def older_window() -> None:
    """A disabled window whose tasks have the parameters of the older API, or hold secrets."""
    window_id = SSM.create_maintenance_window(Name="older", **{**PLAIN, "Schedule": "rate(7 days)"})["WindowId"]
    SSM.update_maintenance_window(WindowId=window_id, Enabled=False)
    ids = [target(window_id, "InstanceIds", "i-0123456789abcdef1", "i-0123456789abcdef0", Name="nodes")]
    old = {"TaskParameters": {"Operation": {"Values": ["Scan"]}}, "Priority": 1}
    command(window_id, ids, "AWS-RunPatchBaseline", Name="scan", **old)
    payload = b'{"node": "{{TARGET_ID}}", "window": "{{WINDOW_ID}}"}'
    functions = {"tell": {"Payload": payload}, "login": {"Payload": b'{"password": "hunter2"}'}}
    for name, block in functions.items():
        SSM.register_task_with_maintenance_window(
            WindowId=window_id,
            TaskType="LAMBDA",
            TaskArn=f"SSM{name}",
            Name=name,
            Priority=2,
            TaskInvocationParameters={"Lambda": block},
        )


def baselines() -> None:
    """Own baselines, one of them the default, and groups of one of AWS."""
    rule = {
        "PatchFilterGroup": {"PatchFilters": [{"Key": "MSRC_SEVERITY", "Values": ["Important", "Critical"]}]},
        "ApproveAfterDays": 7,
    }
    made = SSM.create_patch_baseline(
        Name="Production",
        OperatingSystem="WINDOWS",
        ApprovalRules={"PatchRules": [rule]},
        RejectedPatches=["KB2", "KB1"],
    )
    SSM.register_default_patch_baseline(BaselineId=made["BaselineId"])
    SSM.register_patch_baseline_for_patch_group(BaselineId=made["BaselineId"], PatchGroup="web")
    owned = [{"Key": "OWNER", "Values": ["AWS"]}, {"Key": "OPERATING_SYSTEM", "Values": ["UBUNTU"]}]
    identity = SSM.describe_patch_baselines(Filters=owned)["BaselineIdentities"][0]
    SSM.register_patch_baseline_for_patch_group(BaselineId=identity["BaselineId"], PatchGroup="api")


def stacks() -> None:
    """What CloudFormation made, for which AWS sets a tag that no call can set."""
    window = {"Name": "stack", **PLAIN, "SystemTags": STACK}
    baseline = {"Name": "Stack", "OperatingSystem": "UBUNTU", "SystemTags": STACK}
    place = {"account": "123456789012", "region": REGION, "windows": [window], "baselines": [baseline]}
    simulator = HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
    simulator.request("POST", "/_sim/seed", json.dumps({"regions": [place]}))
    assert simulator.getresponse().status == 200


if __name__ == "__main__":
    console_window()
    older_window()
    baselines()
    stacks()
    for _ in range(2):
        SSM.create_maintenance_window(Name="namesake", **PLAIN)
