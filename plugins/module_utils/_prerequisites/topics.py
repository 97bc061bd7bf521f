# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The notification topic."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)

from .policies import Policy, joined, same_policy, topic_policy, withdrawn
from .resource import Apis, Call, Resource, Stored, Values, document, optional, tag_calls

_GONE = frozenset({"NotFound", "NotFoundException"})
_ATTRIBUTES = {"display_name": "DisplayName", "kms_key": "KmsMasterKeyId", "policy": "Policy"}


class Topic(Resource):
    """A topic. rule_arn: the ARN of the rule that can publish to it, or None."""

    noun = "topic"
    services = ("sns",)
    rule_arn: str | None = None

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.place.arn("sns", self.name)

    def read(self, apis: Apis) -> Stored | None:
        """The current topic, with the number of its confirmed subscriptions."""
        api = apis["sns"]
        answer = optional(api, "GetTopicAttributes", _GONE, TopicArn=self.arn)
        if answer is None:
            return None
        attributes = answer["Attributes"]
        tags = boto3_tag_list_to_ansible_dict(api.call("ListTagsForResource", ResourceArn=self.arn).get("Tags"))
        values = {
            "display_name": attributes.get("DisplayName", ""),
            "kms_key": attributes.get("KmsMasterKeyId", ""),
            "policy": document(attributes.get("Policy")),
        }
        return Stored(self.arn, values, tags, [], {"subscriptions": int(attributes.get("SubscriptionsConfirmed", 0))})

    def wanted(self, before: Stored | None, join: bool) -> Values:
        """The topic as declared."""
        old = before.values if before else {}
        own = topic_policy(self.place, self.arn, self.rule_arn)
        name, key = self.options.get("display_name"), self.options.get("kms_key")
        default_key = old["kms_key"] if join else "alias/aws/sns"
        return {
            "display_name": old.get("display_name", "") if name is None else name,
            "kms_key": default_key if key is None else key,
            "policy": joined(self._policy_of_others(old["policy"]), own) if join else own,
        }

    def withdrawn(self, before: Values) -> Values:
        """The values without the statements of this module."""
        return {**before, "policy": self._policy_of_others(before["policy"])}

    def _policy_of_others(self, document: Policy | None) -> Policy | None:
        """A policy without any statement that this module could have added."""
        return withdrawn(document, topic_policy(self.place, self.arn, "any"))

    def create(self, after: Values, tags: dict[str, str]) -> list[Call]:
        """Create the topic with all its attributes in one call."""
        attributes = {_ATTRIBUTES[name]: _text(value) for name, value in after.items() if value}
        request = {"Name": self.name, "Attributes": attributes, "Tags": ansible_dict_to_boto3_tag_list(tags)}
        return [Call("sns", "CreateTopic", request)]

    def update(self, stored: Stored, after: Values) -> list[Call]:
        """One call for each attribute that differs."""
        before = stored.values
        differing = [name for name in _ATTRIBUTES if name != "policy" and before[name] != after[name]]
        if not same_policy(before["policy"], after["policy"]):
            differing.append("policy")
        return [self._set(name, after[name]) for name in differing]

    def tag(self, _stored: Stored | None, after: dict[str, str], removed: list[str]) -> list[Call]:
        """Set and remove tags of the topic."""
        return tag_calls("sns", ("TagResource", "UntagResource"), {"ResourceArn": self.arn}, after, removed)

    def delete(self, _stored: Stored) -> list[Call]:
        """Delete the topic, which also deletes its subscriptions."""
        return [Call("sns", "DeleteTopic", {"TopicArn": self.arn})]

    def _set(self, name: str, value: Any) -> Call:
        request = {"TopicArn": self.arn, "AttributeName": _ATTRIBUTES[name], "AttributeValue": _text(value)}
        return Call("sns", "SetTopicAttributes", request)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value) if value else ""
