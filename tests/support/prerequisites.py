# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The prerequisite resources, created by others and read, with boto3 only."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import boto3

from .account import ACCOUNT, REGION

ALL: dict[str, Any] = {
    "service_role": {"name": "patching-windows", "tags": {"team": "a"}},
    "notification_role": {"name": "patching-notifications"},
    "notification_topic": {"name": "patching", "kms_key": "alias/patching", "display_name": "Patching"},
    "output_bucket": {"name": "patching-output", "writer_roles": ["web-nodes"]},
    "events_rule": {"name": "patching-events"},
}
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:patching"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/patching-events"
BUCKET = "arn:aws:s3:::patching-output"
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "ssm:ListCommands", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Own", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@cache
def client(service: str) -> Any:
    """A client in the account that is independent of the collection."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, region_name=REGION, **keys)


class Hand:
    """Creates and reads resources with boto3 only."""

    def __init__(self) -> None:
        self.iam, self.sns, self.s3, self.events = (client(name) for name in ("iam", "sns", "s3", "events"))

    def create(self, option: str, tags: dict[str, str] | None = None) -> None:
        """Create a resource with the name that ALL declares."""
        pairs = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        name = ALL[option]["name"]
        if option.endswith("_role"):
            trust = json.dumps(TRUST)
            self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Description="theirs", Tags=pairs)
            document = json.dumps(DOCUMENT)
            self.iam.put_role_policy(RoleName=name, PolicyName="theirs", PolicyDocument=document)
        elif option == "notification_topic":
            self.sns.create_topic(Name=name, Tags=pairs)
            self.sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="ops@example.com")
        elif option == "output_bucket":
            where = {"LocationConstraint": REGION}
            self.s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
            self.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs})
            statement = {"Sid": "Own", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"{BUCKET}/*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            self.s3.put_bucket_policy(Bucket=name, Policy=document)
            rule = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}}
            self.s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
        else:
            pattern = json.dumps({"source": ["aws.ec2"]})
            self.events.put_rule(Name=name, EventPattern=pattern, Tags=pairs)
            self.events.put_targets(Rule=name, Targets=[{"Id": "theirs", "Arn": TOPIC}])

    def tag(self, option: str, tags: dict[str, str]) -> None:
        """Set tags of a resource."""
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        name = ALL[option]["name"]
        if option.endswith("_role"):
            self.iam.tag_role(RoleName=name, Tags=pairs)
        elif option == "notification_topic":
            self.sns.tag_resource(ResourceArn=TOPIC, Tags=pairs)
        elif option == "output_bucket":
            self.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs})
        else:
            self.events.tag_resource(ResourceARN=RULE, Tags=pairs)

    def state(self, option: str) -> Any:
        """The complete state of a resource in the account, or None if it does not exist."""
        name = ALL[option]["name"]
        try:
            return self._state(option, name)
        except (self.iam.exceptions.NoSuchEntityException, self.sns.exceptions.NotFoundException):
            return None
        except self.events.exceptions.ResourceNotFoundException:
            return None
        except self.s3.exceptions.ClientError:
            return None

    def _state(self, option: str, name: str) -> Any:
        if option.endswith("_role"):
            role = self.iam.get_role(RoleName=name)["Role"]
            own = self.iam.list_role_policies(RoleName=name)["PolicyNames"]
            policies = {one: self.iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in own}
            facts = ("Description", "AssumeRolePolicyDocument", "PermissionsBoundary", "MaxSessionDuration")
            return {key: role.get(key) for key in facts} | {"tags": _tags(role.get("Tags")), "policies": policies}
        if option == "notification_topic":
            attributes = self.sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]
            kept = {key: attributes.get(key) or "" for key in ("Policy", "DisplayName", "KmsMasterKeyId")}
            policy = json.loads(kept.pop("Policy"))
            subscriptions = len(self.sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"])
            tags = _tags(self.sns.list_tags_for_resource(ResourceArn=TOPIC)["Tags"])
            return kept | {"policy": policy, "tags": tags, "subscriptions": subscriptions}
        if option == "output_bucket":
            self.s3.head_bucket(Bucket=name)
            return {
                "policy": self._part("get_bucket_policy", "Policy"),
                "tags": _tags(self._part("get_bucket_tagging", "TagSet")),
                "lifecycle": self._part("get_bucket_lifecycle_configuration", "Rules"),
                "encryption": self._part("get_bucket_encryption", "ServerSideEncryptionConfiguration"),
                "public": self._part("get_public_access_block", "PublicAccessBlockConfiguration"),
            }
        rule = self.events.describe_rule(Name=name)
        targets = self.events.list_targets_by_rule(Rule=name)["Targets"]
        tags = _tags(self.events.list_tags_for_resource(ResourceARN=RULE)["Tags"])
        facts = {key: rule.get(key) for key in ("Description", "EventPattern", "State")}
        return facts | {"tags": tags, "targets": {target["Id"]: target["Arn"] for target in targets}}

    def _part(self, operation: str, member: str) -> Any:
        try:
            return getattr(self.s3, operation)(Bucket="patching-output")[member]
        except self.s3.exceptions.ClientError:
            return None


def _tags(listed: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed or []}
