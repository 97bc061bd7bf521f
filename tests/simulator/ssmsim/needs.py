# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The permissions that a call requires: the IAM actions and their resources.

Actions and resources are those of the Service Authorization Reference. An action without resources is checked for
``*``, and so is one whose request does not name the resource.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ssmsim.faults import Call

_SSM = "ssm.amazonaws.com"
# Members in requests of Systems Manager that name a resource.
_KINDS = {"WindowId": "maintenancewindow", "BaselineId": "patchbaseline"}
# The resource types of AddTagsToResource and similar calls that differ from those in ARNs.
_TAGGED = {
    "MaintenanceWindow": "maintenancewindow",
    "PatchBaseline": "patchbaseline",
    "ManagedInstance": "managed-instance",
    "Parameter": "parameter",
    "Document": "document",
    "Automation": "automation-execution",
    "OpsItem": "opsitem",
}
# The resource types with tags that a policy can check, by their type in an ARN.
TAGGED = {"maintenancewindow": "MaintenanceWindow", "patchbaseline": "PatchBaseline"}
_CREATED = {"CreateMaintenanceWindow": "maintenancewindow", "CreatePatchBaseline": "patchbaseline"}
_REGISTRATIONS = frozenset({"RegisterTaskWithMaintenanceWindow", "UpdateMaintenanceWindowTask"})
# Targets and tasks have their own ARNs only for these actions. It is unknown whether they are checked.
_CHILDREN = {
    "UpdateMaintenanceWindowTarget": ("WindowTargetId", "windowtarget"),
    "UpdateMaintenanceWindowTask": ("WindowTaskId", "windowtask"),
}
# Actions of S3 whose names differ from the operation. The deletion of a configuration is a Put action.
_S3 = {
    "ListBuckets": "ListAllMyBuckets",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "DeleteObjects": "DeleteObject",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "DeleteBucketCors": "PutBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
}
# Actions with the permissions boundary of the role as a condition key.
_BOUNDED = frozenset(
    {
        "CreateRole",
        "PutRolePermissionsBoundary",
        "DeleteRolePermissionsBoundary",
        "PutRolePolicy",
        "DeleteRolePolicy",
        "AttachRolePolicy",
        "DetachRolePolicy",
    }
)
# Creation with tags requires a second action.
_TAG_ON_CREATE = {"iam": "iam:TagRole", "sns": "sns:TagResource", "events": "events:TagResource"}


@dataclass(frozen=True)
class Need:
    """An action that must be allowed on each of the resources.

    context: values of condition keys. tags: the tags of the resources, if they follow from the request.
    """

    action: str
    resources: tuple[str, ...] = ("*",)
    context: dict[str, str | list[str]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def partition_of(region: str) -> str:
    """The partition of a Region."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rpartition("-")[0].rpartition("-")[0], "aws")


def linked_role(region: str, account: str) -> str:
    """The ARN of the service-linked role, which tasks without a role use."""
    return f"arn:{partition_of(region)}:iam::{account}:role/aws-service-role/{_SSM}/AWSServiceRoleForAmazonSSM"


def of_ssm(call: Call, request: Any, linked: bool, strict: bool) -> list[Need]:
    """The permissions for a call of Systems Manager. linked: whether the account has the service-linked role."""
    if not isinstance(request, dict):
        request = {}
    context = _tag_context(request.get("Tags"), request.get("TagKeys"))
    needs = [Need(f"ssm:{call.op}", tuple(_ssm_resources(call, request, strict)) or ("*",), context)]
    if call.op == "SendCommand":
        needs = _command_needs(call, request)
    if call.op in _CREATED and request.get("Tags"):
        needs.append(Need("ssm:AddTagsToResource", (_ssm_arn(call, _CREATED[call.op], "*"),), context))
    needs += [Need("iam:PassRole", (role,), {"iam:PassedToService": _SSM}) for role in _passed_roles(request)]
    if not linked and _relies_on_linked_role(call, request):
        role = linked_role(call.region, call.account)
        needs.append(Need("iam:CreateServiceLinkedRole", (role,), {"iam:AWSServiceName": _SSM}))
    return needs


def of_other(call: Call, request: dict[str, Any], role_path: str = "/", role_boundary: str | None = None) -> list[Need]:
    """The permissions for a call of another service.

    role_path, role_boundary: of the role in an IAM request. The boundary can be the one that the request sets.
    """
    if (call.service, call.op) == ("sts", "GetCallerIdentity"):
        return []
    action = _S3.get(call.op, call.op) if call.service == "s3" else call.op
    resources = (_other_resource(call, request, role_path),)
    context: dict[str, str | list[str]] = {}
    if call.op in _BOUNDED and role_boundary:
        context["iam:PermissionsBoundary"] = role_boundary
    if call.service == "events":
        context |= _event_context(request)
    needs = [Need(f"{call.service}:{action}", resources, context)]
    if call.op in ("CreateRole", "CreateTopic", "PutRule") and any(key.split(".")[0] == "Tags" for key in request):
        needs.append(Need(_TAG_ON_CREATE[call.service], resources))
    if call.op == "CreateBucket":
        headers = {"ObjectOwnership": "s3:PutBucketOwnershipControls", "ACL": "s3:PutBucketAcl"}
        needs += [Need(extra, resources) for name, extra in headers.items() if name in request]
    return needs


def _event_context(request: dict[str, Any]) -> dict[str, str | list[str]]:
    """The condition keys of a rule: the sources of its events, and its targets."""
    sources = [str(one) for one in json.loads(request.get("EventPattern") or "{}").get("source", [])]
    targets = [str(one["Arn"]) for one in request.get("Targets") or []]
    found = {"events:source": sources, "events:TargetArn": targets}
    return {key: values for key, values in found.items() if values}


def _ssm_arn(call: Call, kind: str, name: str) -> str:
    return f"arn:{partition_of(call.region)}:ssm:{call.region}:{call.account}:{kind}/{name}"


def _ssm_resources(call: Call, request: dict[str, Any], strict: bool) -> Iterator[str]:
    named = [(kind, request[member]) for member, kind in _KINDS.items() if member in request]
    if call.op in _CHILDREN and strict:
        member, kind = _CHILDREN[call.op]
        named.append((kind, request.get(member)))
    if "ResourceType" in request and "ResourceId" in request:
        named.append((_TAGGED.get(str(request["ResourceType"]), "*"), request["ResourceId"]))
    for kind, name in named:
        # Requests name baselines of AWS by ARN.
        yield str(name) if str(name).startswith("arn:") else _ssm_arn(call, kind, str(name))


def _tag_context(tags: Any, keys: Any) -> dict[str, str | list[str]]:
    """The condition keys of the tags in a request."""
    given = {tag["Key"]: tag["Value"] for tag in tags or [] if isinstance(tag, dict) and {"Key", "Value"} <= tag.keys()}
    names = [*given, *(keys if isinstance(keys, list) else [])]
    context: dict[str, str | list[str]] = {f"aws:RequestTag/{key}": value for key, value in given.items()}
    return {**context, "aws:TagKeys": names} if names else context


def _command_needs(call: Call, request: dict[str, Any]) -> list[Need]:
    """The permissions for the document and the nodes. For tags, these are all nodes of the account with the tags."""
    document, *nodes = _command_resources(call, request)
    targets = [target for target in request.get("Targets") or [] if isinstance(target, dict)]
    # With several values, each is a tag of some of the nodes. The first one represents them.
    tags = {
        str(target.get("Key")).removeprefix("tag:"): str(values[0])
        for target in targets
        if str(target.get("Key")).startswith("tag:") and (values := target.get("Values"))
    }
    return [Need("ssm:SendCommand", (document,)), Need("ssm:SendCommand", tuple(nodes), tags=tags)]


def _command_resources(call: Call, request: dict[str, Any]) -> Iterator[str]:
    """The document, then the nodes. Without IDs, these are all nodes of the account."""
    name, partition = str(request.get("DocumentName")), partition_of(call.region)
    owner = "" if name.startswith(("AWS-", "Amazon")) else call.account
    yield name if name.startswith("arn:") else f"arn:{partition}:ssm:{call.region}:{owner}:document/{name}"
    for node in request.get("InstanceIds") or ["*"]:
        is_managed = str(node).startswith("mi-")
        service, kind = ("ssm", "managed-instance") if is_managed else ("ec2", "instance")
        yield f"arn:{partition}:{service}:{call.region}:{call.account}:{kind}/{node}"


def _passed_roles(request: dict[str, Any]) -> list[str]:
    """The roles that a request passes: of a task, and of the notifications of commands."""
    blocks = [request, (request.get("TaskInvocationParameters") or {}).get("RunCommand") or {}]
    return list(dict.fromkeys(str(block["ServiceRoleArn"]) for block in blocks if block.get("ServiceRoleArn")))


def _relies_on_linked_role(call: Call, request: dict[str, Any]) -> bool:
    if call.op not in _REGISTRATIONS:
        return False
    sets_all = call.op.startswith("Register") or bool(request.get("Replace"))
    return bool(request.get("AlarmConfiguration")) or (sets_all and not request.get("ServiceRoleArn"))


def _other_resource(call: Call, request: dict[str, Any], role_path: str) -> str:
    partition = partition_of(call.region)
    if call.service == "s3" and "Bucket" in request:
        return f"arn:{partition}:s3:::" + "/".join(request[name] for name in ("Bucket", "Key") if name in request)
    if call.service == "iam" and "InstanceProfileName" in request:
        return f"arn:{partition}:iam::{call.account}:instance-profile/{request['InstanceProfileName']}"
    if call.service == "iam" and "RoleName" in request:
        return f"arn:{partition}:iam::{call.account}:role{role_path}{request['RoleName']}"
    for member in ("TopicArn", "ResourceArn", "ResourceARN", "PolicyArn", "RoleArn"):
        if member in request:
            return str(request[member])
    name = request.get("Rule") or request.get("Name")
    if name and call.service in ("events", "sns"):
        kind = "rule/" if call.service == "events" else ""
        return f"arn:{partition}:{call.service}:{call.region}:{call.account}:{kind}{name}"
    return "*"
