# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy documents of roles, topic and bucket, and how they are merged with policies of others. Pure functions.

Sources: https://docs.aws.amazon.com/systems-manager/latest/userguide/maintenance-window-tasks-permissions.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/inventory-create-resource-data-sync.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies

Policy = dict[str, Any]
Statement = dict[str, Any]
VERSION = "2012-10-17"
_QUALIFIED = re.compile(r":function:[^:]+:")
# Document names with these prefixes are reserved for AWS, whose documents have no account in their ARN.
_AWS_DOCUMENT = re.compile(r"(?:AWS|Amazon)")


@dataclass(frozen=True)
class Place:
    """The partition, account and Region of the resources."""

    partition: str
    account: str
    region: str

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """An ARN in this account and Region."""
        where = self.region if region is None else region
        whose = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{where}:{whose}:{resource}"

    def role(self, name: str, path: str = "/") -> str:
        """The ARN of a role with a name. An ARN is returned unchanged."""
        return name if name.startswith("arn:") else self.arn("iam", f"role{path}{name}", region="")

    def anywhere(self, service: str, resource: str, name: str = "") -> str:
        """The ARN of a named resource in any Region of this account. An ARN is returned unchanged."""
        return name if name.startswith("arn:") else self.arn(service, resource + name, region="*")

    def document(self, name: str) -> str:
        """The ARN of a document with a name, in any Region. An ARN is returned unchanged."""
        if name.startswith("arn:"):
            return name
        account = "" if _AWS_DOCUMENT.match(name) else self.account
        return self.arn("ssm", f"document/{name}", region="*", account=account)


def policy(statements: Iterable[Statement]) -> Policy:
    """A policy document with these statements."""
    return {"Version": VERSION, "Statement": list(statements)}


def _allow(sid: str, actions: str | Sequence[str], resources: str | Sequence[str], **more: Any) -> Statement:
    # S3 and IAM return a list with one element as that element, so single values are written without a list.
    return {"Sid": sid, "Effect": "Allow", **more, "Action": single(actions), "Resource": single(resources)}


def single(values: str | Sequence[str]) -> str | list[str]:
    """The values as a list, or a single value without a list."""
    if isinstance(values, str):
        return values
    return values[0] if len(values) == 1 else list(values)


def trust_policy(place: Place) -> Policy:
    """Allows Systems Manager to assume a role on behalf of this account only."""
    statement = {
        "Sid": "PatchfleetSystemsManager",
        "Effect": "Allow",
        "Principal": {"Service": "ssm.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": place.account},
            # Roles are global, and AWS does not document the window as the source for all task types.
            "ArnLike": {"aws:SourceArn": place.anywhere("ssm", "*")},
        },
    }
    return policy([statement])


def service_policy(place: Place, role: Mapping[str, Any], passed: list[str]) -> Policy:
    """The permissions of a window's tasks. role: the options of the service role. passed: the ARNs of roles to pass."""
    types = role["task_types"]
    # Two of the three actions support no resource, and the groups that windows will use are unknown here.
    find = ["resource-groups:ListGroupResources", "resource-groups:ListGroups", "tag:GetResources"]
    statements = [_allow("FindTargets", find, "*")]
    if "RUN_COMMAND" in types:
        statements += _run_command(place, [place.document(name) for name in role["documents"]])
    if "AUTOMATION" in types:
        statements += _automation(place, [place.document(name) for name in role["runbooks"]])
    if "LAMBDA" in types:
        functions = [place.anywhere("lambda", "function:", name) for name in role["lambda_functions"]]
        # With a qualifier, the resource is the ARN of the version or alias.
        qualified = [f"{arn}:*" for arn in functions if not _QUALIFIED.search(arn)]
        statements.append(_allow("InvokeFunctions", "lambda:InvokeFunction", functions + qualified))
    if "STEP_FUNCTIONS" in types:
        statements += _step_functions([place.anywhere("states", "stateMachine:", n) for n in role["state_machines"]])
    if passed:
        condition = {"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}
        statements.append(_allow("PassRoles", "iam:PassRole", passed) | {"Condition": condition})
    return policy([*statements, *role["policy_statements"]])


def _run_command(place: Place, documents: list[str]) -> list[Statement]:
    nodes = [
        place.arn("ec2", "instance/*", region="*"),
        place.anywhere("ssm", "managed-instance/*"),
    ]
    follow = ["ssm:CancelCommand", "ssm:GetCommandInvocation", "ssm:ListCommandInvocations", "ssm:ListCommands"]
    return [
        _allow("SendPatchDocuments", "ssm:SendCommand", documents),
        _allow("SendToNodes", "ssm:SendCommand", nodes),
        # A command has no ARN, so these actions support no resource.
        _allow("FollowCommands", follow, "*"),
    ]


def _automation(place: Place, runbooks: list[str]) -> list[Statement]:
    # IAM has two ARN formats for runbooks. Which one it checks depends on the date and the Region.
    versions = [re.sub(r":document/(.+)$", r":automation-definition/\1:*", arn) for arn in runbooks]
    executions = place.anywhere("ssm", "automation-execution/*")
    return [
        _allow("StartRunbooks", "ssm:StartAutomationExecution", runbooks + versions),
        _allow("FollowRunbooks", ["ssm:GetAutomationExecution", "ssm:StartAutomationExecution"], executions),
    ]


def _step_functions(machines: list[str]) -> list[Statement]:
    executions = [re.sub(r":stateMachine:(.+)$", r":execution:\1:*", arn) for arn in machines]
    return [
        _allow("StartStateMachines", "states:StartExecution", machines),
        _allow("FollowStateMachines", "states:DescribeExecution", executions),
    ]


def notification_policy(place: Place, topic_arn: str, kms_key: str) -> Policy:
    """Allows Run Command to publish to the topic, and to use its key unless it is the AWS managed key."""
    statements = [_allow("Publish", "sns:Publish", topic_arn)]
    if kms_key not in ("", "alias/aws/sns"):
        statements.append(_use_key(place, kms_key))
    return policy(statements)


def _use_key(place: Place, key: str) -> Statement:
    actions = ["kms:Decrypt", "kms:GenerateDataKey"]
    if "alias/" not in key:
        return _allow("UseKeyOfTopic", actions, key if key.startswith("arn:") else place.arn("kms", f"key/{key}"))
    # An alias cannot be the resource of a policy, so it is in the condition.
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": re.sub(r"^arn:.*:alias/", "alias/", key)}}
    return _allow("UseKeyOfTopic", actions, place.arn("kms", "key/*")) | {"Condition": condition}


def topic_policy(place: Place, topic_arn: str, rule_arn: str | None) -> Policy:
    """Denies requests without TLS, and allows the rule to publish."""
    statements = [_tls_only("sns:Publish", topic_arn)]
    if rule_arn:
        condition = {
            "StringEquals": {"aws:SourceAccount": place.account},
            "ArnEquals": {"aws:SourceArn": rule_arn},
        }
        events = {"Principal": {"Service": "events.amazonaws.com"}}
        statements.append(
            _allow("PatchfleetPublishEvents", "sns:Publish", topic_arn, **events) | {"Condition": condition}
        )
    return policy(statements)


def bucket_policy(place: Place, bucket_arn: str, prefix: str, writer_roles: Iterable[str]) -> Policy:
    """Denies requests without TLS, and allows the nodes to write below the prefix."""
    # A list of denied actions could be incomplete.
    statements = [_tls_only("s3:*", [bucket_arn, f"{bucket_arn}/*"])]
    writers = sorted(place.role(name) for name in writer_roles)
    if writers:
        nodes = {"Principal": {"AWS": single(writers)}}
        below = "/".join(part for part in (bucket_arn, prefix, "*") if part)
        # The agent sets this ACL for each object. Other ACLs could make the output of a command public.
        private = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
        statements += [
            _allow("PatchfleetWriteOutput", "s3:PutObject", below, **nodes),
            _allow("PatchfleetOwnOutput", "s3:PutObjectAcl", below, **nodes) | {"Condition": private},
            _allow("PatchfleetFindEncryption", "s3:GetEncryptionConfiguration", bucket_arn, **nodes),
        ]
    return policy(statements)


def data_sync_statements(place: Place, bucket_arn: str, data_sync: Mapping[str, Any]) -> list[Statement]:
    """Allow resource data syncs of these accounts, or of this organization, to write below their prefix."""
    ssm = {"Principal": {"Service": "ssm.amazonaws.com"}}
    below = "/".join(part for part in (bucket_arn, (data_sync.get("prefix") or "").strip("/"), "*") if part)
    organization = data_sync.get("organization_id")
    accounts = sorted(data_sync.get("accounts") or [place.account])
    equal: dict[str, Any] = {"s3:x-amz-acl": "bucket-owner-full-control"}
    if organization:
        # Systems Manager sets this tag on objects of a sync that is shared with the organization.
        condition: dict[str, Any] = {"StringEquals": {**equal, "s3:RequestObjectTag/OrgId": organization}}
        folders = [f"{below}/accountid=*/*"]
    else:
        sources = [place.arn("ssm", "resource-data-sync/*", region="*", account=account) for account in accounts]
        equal["aws:SourceAccount"] = single(accounts)
        condition = {"StringEquals": equal, "ArnLike": {"aws:SourceArn": single(sources)}}
        folders = [f"{below}/accountid={account}/*" for account in accounts]
    statements = [
        _allow("PatchfleetDataSyncCheck", "s3:GetBucketAcl", bucket_arn, **ssm),
        _allow("PatchfleetDataSyncWrite", "s3:PutObject", folders, **ssm) | {"Condition": condition},
    ]
    tagging = _allow("PatchfleetDataSyncTag", "s3:PutObjectTagging", folders, **ssm)
    return [*statements, tagging] if organization else statements


def _tls_only(action: str, resource: str | list[str]) -> Statement:
    return {
        "Sid": "PatchfleetDenyWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def same_policy(one: Policy | None, other: Policy | None) -> bool:
    """Whether two policy documents mean the same."""
    return one == other or (one is not None and other is not None and not compare_policies(one, other))


def statements_of(document: Policy | None) -> list[Statement]:
    """The statements of a policy document, which can contain a single one without a list."""
    statements = (document or {}).get("Statement", [])
    return [statements] if isinstance(statements, dict) else list(statements)


def joined(document: Policy | None, own: Policy) -> Policy:
    """A policy document of others with our statements added. They replace earlier ones with the same Sid."""
    return {**(document or own), "Statement": [*statements_of(withdrawn(document, own)), *statements_of(own)]}


def withdrawn(document: Policy | None, own: Policy) -> Policy | None:
    """A policy document without our statements, or None if no statement is left."""
    sids = {statement.get("Sid") for statement in statements_of(own)}
    left = [statement for statement in statements_of(document) if statement.get("Sid") not in sids]
    return {**(document or {}), "Statement": left} if left else None
