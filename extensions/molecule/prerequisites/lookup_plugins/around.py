# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account holds around its patching, read by boto3 alone.

roles, buckets, topics and rules by name; policies are parsed. statements: of all policies, with the name of what they
belong to. writes: the operations on this account that changed something, from the log of the simulator. Account and
region come from the environment.
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
IAM, S3, SNS, EVENTS = (boto3.client(service) for service in ("iam", "s3", "sns", "events"))


def role(name: str) -> Raw:
    """A role with its inline policies."""
    known = IAM.get_role(RoleName=name)["Role"]
    return {
        "arn": known["Arn"],
        "trust": known["AssumeRolePolicyDocument"],
        "boundary": known.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "tags": {tag["Key"]: tag["Value"] for tag in known.get("Tags", [])},
        "policies": {
            policy: IAM.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in IAM.list_role_policies(RoleName=name)["PolicyNames"]
        },
        "attached": IAM.list_attached_role_policies(RoleName=name)["AttachedPolicies"],
        "profiles": len(IAM.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]),
    }


def bucket(name: str) -> Raw:
    """A bucket; what it lacks is null."""
    rules = part(S3.get_bucket_lifecycle_configuration, "Rules", name)
    encryption = part(S3.get_bucket_encryption, "ServerSideEncryptionConfiguration", name)
    ownership = part(S3.get_bucket_ownership_controls, "OwnershipControls", name)
    return {
        "region": S3.get_bucket_location(Bucket=name)["LocationConstraint"],
        "policy": json.loads(part(S3.get_bucket_policy, "Policy", name) or "null"),
        "encryption": encryption and encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"],
        "ownership": ownership and ownership["Rules"][0]["ObjectOwnership"],
        "public_access_block": part(S3.get_public_access_block, "PublicAccessBlockConfiguration", name),
        "lifecycle": {rule.pop("ID"): rule for rule in rules or []},
        "objects": [entry["Key"] for entry in S3.list_objects_v2(Bucket=name).get("Contents", [])],
    }


def part(read: Any, key: str, name: str) -> Any:
    """One part of a bucket's configuration, null where S3 says that there is none."""
    try:
        return read(Bucket=name)[key]
    except S3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return None


def topic(arn: str) -> Raw:
    """A topic."""
    attributes = SNS.get_topic_attributes(TopicArn=arn)["Attributes"]
    return {
        "arn": arn,
        "policy": json.loads(attributes["Policy"]),
        "key": attributes.get("KmsMasterKeyId", ""),
        "display_name": attributes["DisplayName"],
    }


def rule(known: Raw) -> Raw:
    """A rule with its targets."""
    targets = EVENTS.list_targets_by_rule(Rule=known["Name"])["Targets"]
    return {
        "arn": known["Arn"],
        "state": known["State"],
        "pattern": json.loads(known["EventPattern"]),
        "targets": [target["Arn"] for target in targets],
    }


def writes() -> list[str]:
    """The operations that changed something in this account, in order."""
    simulator = HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
    simulator.request("GET", "/_sim/log")
    log = json.load(simulator.getresponse())
    return [call["op"] for call in log if call["write"] and call["account"] == os.environ["AWS_ACCESS_KEY_ID"]]


def statements(around: Raw) -> list[Raw]:
    """All statements of all policies, each with its owner."""
    policies = [(name, policy) for name, known in around["roles"].items() for policy in known["policies"].values()]
    policies += [(name, known["policy"]) for kind in ("buckets", "topics") for name, known in around[kind].items()]
    return [{"owner": name, **each} for name, policy in policies if policy for each in policy["Statement"]]


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, _terms: Any, variables: Any = None, **_options: Any) -> list[Raw]:
        """Read the account."""
        topics = [known["TopicArn"] for known in SNS.list_topics()["Topics"]]
        around: Raw = {
            "roles": {known["RoleName"]: role(known["RoleName"]) for known in IAM.list_roles()["Roles"]},
            "buckets": {known["Name"]: bucket(known["Name"]) for known in S3.list_buckets()["Buckets"]},
            "topics": {arn.split(":")[-1]: topic(arn) for arn in topics},
            "rules": {known["Name"]: rule(known) for known in EVENTS.list_rules()["Rules"]},
        }
        return [json.loads(json.dumps({**around, "statements": statements(around), "writes": writes()}, default=str))]
