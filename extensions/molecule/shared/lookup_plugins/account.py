# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account holds, read by boto3 alone: {windows, baselines, ids, writes, assumed}.

windows and baselines are the service's own structures by name, without ids and dates, so that two accounts that were
set up alike are equal; targets and tasks are in their window, by name. ids: of all of them, as "window/target". writes:
the operations on this account and region that changed something, from the log of the simulator. assumed: how often
a role was assumed from here. The options region and access_key select another region and account than the environment.
"""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import boto3
from ansible.plugins.lookup import LookupBase

Raw = dict[str, Any]
VOLATILE = {
    "WindowId", "WindowTargetId", "WindowTaskId", "BaselineId", "CreatedDate", "ModifiedDate", "NextExecutionTime",
    "ResponseMetadata",
}  # fmt: skip


class Account:
    """What one account holds in one region."""

    def __init__(self, region: str, key: str) -> None:
        self.region, self.key = region, key
        self.ssm = boto3.Session(key, os.environ["AWS_SECRET_ACCESS_KEY"], region_name=region).client("ssm")
        self.ids: dict[str, str] = {}

    def listed(self, operation: str, result: str, **request: Any) -> list[Raw]:
        """All pages of a listing."""
        return [entry for page in self.ssm.get_paginator(operation).paginate(**request) for entry in page[result]]

    def tags(self, resource_type: str, resource_id: str) -> dict[str, str]:
        """The tags of a resource."""
        answer = self.ssm.list_tags_for_resource(ResourceType=resource_type, ResourceId=resource_id)
        return {tag["Key"]: tag["Value"] for tag in answer["TagList"]}

    def windows(self) -> dict[str, Raw]:
        """Every window with what is inside it."""
        return {
            entry["Name"]: self.window(entry["WindowId"])
            for entry in self.listed("describe_maintenance_windows", "WindowIdentities")
        }

    def window(self, window_id: str) -> Raw:
        """One window with what is inside it; tasks name their targets."""
        window = self.ssm.get_maintenance_window(WindowId=window_id)
        name = window["Name"]
        self.ids[name] = window_id
        targets, names = {}, {}
        for target in self.listed("describe_maintenance_window_targets", "Targets", WindowId=window_id):
            targets[target.get("Name", "")] = lasting(target)
            names[target["WindowTargetId"]] = target.get("Name", "")
            self.ids[f"{name}/{target.get('Name', '')}"] = target["WindowTargetId"]
        tasks = {}
        for listed in self.listed("describe_maintenance_window_tasks", "Tasks", WindowId=window_id):
            self.ids[f"{name}/{listed['Name']}"] = listed["WindowTaskId"]
            task = self.ssm.get_maintenance_window_task(WindowId=window_id, WindowTaskId=listed["WindowTaskId"])
            for criterion in task.get("Targets", []):
                criterion["Values"] = sorted(names.get(value, value) for value in criterion["Values"])
            tasks[task["Name"]] = lasting(task)
        tags = self.tags("MaintenanceWindow", window_id)
        return {**lasting(window), "Tags": tags, "Targets": targets, "Tasks": tasks}

    def baselines(self) -> dict[str, Raw]:
        """Every baseline of the account itself, with its groups and whether it is a default."""
        identities = self.listed(
            "describe_patch_baselines", "BaselineIdentities", Filters=[{"Key": "OWNER", "Values": ["Self"]}]
        )
        return {entry["BaselineName"]: self.baseline(entry) for entry in identities}

    def baseline(self, identity: Raw) -> Raw:
        """One baseline."""
        baseline_id = identity["BaselineId"]
        self.ids[identity["BaselineName"]] = baseline_id
        baseline = self.ssm.get_patch_baseline(BaselineId=baseline_id)
        baseline["PatchGroups"] = sorted(baseline["PatchGroups"])
        tags = self.tags("PatchBaseline", baseline_id)
        return {**lasting(baseline), "Default": identity["DefaultBaseline"], "Tags": tags}

    def calls(self) -> list[Raw]:
        """What was called here, in order."""
        simulator = HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
        simulator.request("GET", "/_sim/log")
        here = (self.region, self.key if self.key.isdigit() else "123456789012")
        log = json.load(simulator.getresponse())
        return [call for call in log if (call["region"], call["account"]) == here]


def lasting(raw: Raw) -> Raw:
    """A structure without what differs between two that were made alike."""
    return {key: value for key, value in raw.items() if key not in VOLATILE}


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, _terms: Any, variables: Any = None, **options: str) -> list[Raw]:
        """Read the account."""
        region, key = options.get("region", os.environ["AWS_REGION"]), options.get("access_key")
        account = Account(region, key or os.environ["AWS_ACCESS_KEY_ID"])
        windows, baselines, calls = account.windows(), account.baselines(), account.calls()
        found = {
            "windows": windows,
            "baselines": baselines,
            # The ids are known when the rest has been read.
            "ids": account.ids,
            "writes": [call["op"] for call in calls if call["write"]],
            "assumed": sum(call["op"] == "AssumeRole" for call in calls),
        }
        return [json.loads(json.dumps(found, default=str))]
