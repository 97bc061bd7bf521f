# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EventBridge rule."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)

from .resource import Apis, Call, Resource, Stored, Values, optional, tag_calls

TARGET_ID = "patchfleet-topic"
_GONE = frozenset({"ResourceNotFoundException"})
_DETAIL_TYPES = {
    "window": (
        "Maintenance Window Execution State-change Notification",
        "Maintenance Window State-change Notification",
        "Maintenance Window Target Registration Notification",
        "Maintenance Window Task Execution State-change Notification",
        "Maintenance Window Task Registration Notification",
    ),
    "command": ("EC2 Command Status-change Notification",),
    "compliance": ("Configuration Compliance State Change",),
}


class Rule(Resource):
    """A rule with the topic as its target. topic_arn: the ARN of the topic."""

    noun = "rule"
    services = ("events",)
    topic_arn: str = ""

    @property
    def arn(self) -> str:
        """Its ARN on the default event bus."""
        return self.place.arn("events", f"rule/{self.name}")

    def read(self, apis: Apis) -> Stored | None:
        """The current rule, with its targets."""
        api = apis["events"]
        rule = optional(api, "DescribeRule", _GONE, Name=self.name)
        if rule is None:
            return None
        targets = api.call("ListTargetsByRule", Rule=self.name).get("Targets", [])
        tags = boto3_tag_list_to_ansible_dict(api.call("ListTagsForResource", ResourceARN=self.arn).get("Tags"))
        values = {
            "description": rule.get("Description", ""),
            "event_pattern": json.loads(rule.get("EventPattern") or "null"),
            "state": rule.get("State", ""),
            "targets": {target["Id"]: target["Arn"] for target in targets},
        }
        extra = {"schedule": rule.get("ScheduleExpression"), "managed_by": rule.get("ManagedBy")}
        return Stored(self.arn, values, tags, [], extra)

    def read_violations(self, stored: Stored) -> list[str]:
        """Violations if the rule belongs to an AWS service, or runs on a schedule."""
        if stored.extra["managed_by"]:
            return [f"{self.option}.name: AWS manages the rule {self.name}; choose another name"]
        if stored.extra["schedule"]:
            return [f"{self.option}.name: the rule {self.name} runs on a schedule; choose another name"]
        return []

    def wanted(self, before: Stored | None, join: bool) -> Values:
        """The rule as declared. If others created it, only the target is added."""
        if before and join:
            return {**before.values, "targets": {**before.values["targets"], TARGET_ID: self.topic_arn}}
        return {
            "description": self.options["description"],
            "event_pattern": self._pattern(),
            "state": "ENABLED",
            "targets": {TARGET_ID: self.topic_arn},
        }

    def _pattern(self) -> dict[str, list[str]]:
        given = self.options["detail_types"]
        types = sorted(given or {name for event in self.options["events"] for name in _DETAIL_TYPES[event]})
        return {"source": ["aws.ssm"], "detail-type": types}

    def warnings(self, stored: Stored, join: bool) -> list[str]:
        """A warning if a rule that others created has another event pattern, which is kept."""
        if not join or _normal(stored.values["event_pattern"]) == _normal(self._pattern()):
            return []
        return [f"The {self.title} keeps the event pattern that it had before this setup used it."]

    def withdrawn(self, before: Values) -> Values:
        """The values without the target of this module."""
        return {**before, "targets": {key: arn for key, arn in before["targets"].items() if key != TARGET_ID}}

    def create(self, after: Values, tags: dict[str, str]) -> list[Call]:
        """Create the rule, then its target."""
        return [self._put(after, Tags=ansible_dict_to_boto3_tag_list(tags)), self._put_target(after)]

    def update(self, stored: Stored, after: Values) -> list[Call]:
        """The calls for the values that differ."""
        before, calls = stored.values, []
        if any(_normal(before[name]) != _normal(after[name]) for name in ("description", "event_pattern", "state")):
            calls.append(self._put(after))
        if gone := sorted(before["targets"].keys() - after["targets"].keys()):
            calls.append(Call("events", "RemoveTargets", {"Rule": self.name, "Ids": gone}))
        if after["targets"].get(TARGET_ID) not in (None, before["targets"].get(TARGET_ID)):
            calls.append(self._put_target(after))
        return calls

    def tag(self, _stored: Stored | None, after: dict[str, str], removed: list[str]) -> list[Call]:
        """Set and remove tags of the rule. PutRule accepts tags only when it creates a rule."""
        return tag_calls("events", ("TagResource", "UntagResource"), {"ResourceARN": self.arn}, after, removed)

    def delete(self, stored: Stored) -> list[Call]:
        """Delete the targets, then the rule."""
        ids = sorted(stored.values["targets"])
        targets = [Call("events", "RemoveTargets", {"Rule": self.name, "Ids": ids})] if ids else []
        return [*targets, Call("events", "DeleteRule", {"Name": self.name})]

    def _put(self, after: Values, **more: Any) -> Call:
        request = {
            "Name": self.name,
            "Description": after["description"],
            "EventPattern": json.dumps(after["event_pattern"]),
            "State": after["state"],
        }
        return Call("events", "PutRule", {**request, **more})

    def _put_target(self, after: Values) -> Call:
        targets = [{"Id": TARGET_ID, "Arn": after["targets"][TARGET_ID]}]
        return Call("events", "PutTargets", {"Rule": self.name, "Targets": targets})


def _normal(value: Any) -> Any:
    """A pattern with its lists sorted, because their order is irrelevant."""
    if isinstance(value, dict):
        return {key: sorted(entries) if isinstance(entries, list) else entries for key, entries in value.items()}
    return value
