# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates the example policies of docs/iam from the recorded actions.

The Service Authorization Reference lists the resources and condition keys that each action supports:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Listed = dict[str, dict[str, dict[str, list[str]]]]
Statement = dict[str, Any]
Policy = dict[str, Any]

PREREQUISITES = frozenset({"patch_prerequisites"})
PATCH_NOW = frozenset({"ssm_patch_run", "patch_now"})
DECLARING = frozenset(
    {
        "ssm_maintenance_window",
        "ssm_window_target",
        "ssm_patch_task",
        "ssm_window_task",
        "ssm_patch_baseline",
        "ssm_patch_setup",
        "patching",
        "setup",
        "teardown",
    }
)
# The name of the setup in the examples.
SETUP = "production"
_SSM = "ssm.amazonaws.com"
_SETUP_TAG = "patchfleet:setup"
_WINDOWS, _BASELINES = "arn:aws:ssm:*:*:maintenancewindow/*", "arn:aws:ssm:*:*:patchbaseline/*"
_STACK_TAG = "aws:cloudformation:stack-id"
_SERVICE_ROLES = "arn:aws:iam::*:role/patching-*"
# The roles of controllers and of Systems Manager have different names, and each job has its own: with a pattern for all
# of them, the holder of one policy could assume the roles of the others.
_CONTROLLER_ROLE = "arn:aws:iam::*:role/patchfleet-{}"
_TOPICS = "arn:aws:sns:*:*:patching*"
_BOUNDARY = "arn:aws:iam::*:policy/patchfleet-boundary"
_NODES = ["arn:aws:ec2:*:*:instance/*", "arn:aws:ssm:*:*:managed-instance/*"]
_DOCUMENTS = ["arn:aws:ssm:*::document/AWS-RunPatchBaseline", "arn:aws:ssm:*::document/AWS-RunPatchBaselineWithHooks"]
_CREATES = frozenset({"ssm:CreateMaintenanceWindow", "ssm:CreatePatchBaseline"})
# These actions change a registration in a window, which has no tags. IAM checks the window as well.
_CONTENTS = frozenset(
    {
        "ssm:DeregisterTargetFromMaintenanceWindow",
        "ssm:DeregisterTaskFromMaintenanceWindow",
        "ssm:UpdateMaintenanceWindowTarget",
        "ssm:UpdateMaintenanceWindowTask",
    }
)
# These actions also accept a baseline of AWS, which has no tags of this account.
_REGISTRATIONS = frozenset(
    {
        "ssm:DeregisterPatchBaselineForPatchGroup",
        "ssm:RegisterDefaultPatchBaseline",
        "ssm:RegisterPatchBaselineForPatchGroup",
    }
)
# These actions would remove the boundary of roles, or allow others to assume them.
_NEVER = frozenset({"iam:DeleteRolePermissionsBoundary", "iam:UpdateAssumeRolePolicy"})


def policies(listed: Listed) -> dict[str, Policy]:
    """All example policies by file name. listed: the recorded actions by kind and name."""
    everything = _actions(listed, lambda name: name not in PREREQUISITES)
    return {
        "controller": _policy(_plain("controller", *everything)),
        "read-only": _policy(_plain("read-only", everything[0], set())),
        "declare": _policy(_declare(*_actions(listed, DECLARING.__contains__))),
        "patch-now": _policy(_patch_now(*_actions(listed, PATCH_NOW.__contains__))),
        "prerequisites": _policy(_prerequisites(*_actions(listed, PREREQUISITES.__contains__))),
        "boundary": _policy(_boundary()),
    }


def _actions(listed: Listed, chosen: Any) -> tuple[set[str], set[str]]:
    """The read and write actions of the chosen names."""
    found = [actions for names in listed.values() for name, actions in names.items() if chosen(name)]
    write = {action for actions in found for action in actions["write"]}
    return {action for actions in found for action in actions["read"]} - write, write


def _policy(statements: Iterable[Statement]) -> Policy:
    return {"Version": "2012-10-17", "Statement": [one for one in statements if one["Action"]]}


def _allow(sid: str, actions: Iterable[str], resources: list[str], **condition: dict[str, Any]) -> Statement:
    statement = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement


def _scoped(job: str, actions: set[str]) -> Iterator[Statement]:
    """The actions that are never allowed on all resources. job: the name of the policy."""
    yield _allow(
        "ServiceLinkedRole",
        actions & {"iam:CreateServiceLinkedRole"},
        [f"arn:aws:iam::*:role/aws-service-role/{_SSM}/*"],
        StringEquals={"iam:AWSServiceName": _SSM},
    )
    yield _allow("PassRoles", actions & {"iam:PassRole"}, [_SERVICE_ROLES], StringEquals={"iam:PassedToService": _SSM})
    yield _allow("AssumeRoles", actions & {"sts:AssumeRole"}, [_CONTROLLER_ROLE.format(job)])


_SCOPED = {"iam:CreateServiceLinkedRole", "iam:PassRole", "sts:AssumeRole", "ssm:SendCommand"}


def _plain(job: str, read: set[str], write: set[str]) -> Iterator[Statement]:
    """Systems Manager on all resources, because the ARNs of windows and baselines contain no names."""
    yield _allow("Read", read - _SCOPED, ["*"])
    yield _allow("Write", write - _SCOPED, ["*"])
    yield from _scoped(job, read | write)
    yield _allow("SendPatchDocuments", write & {"ssm:SendCommand"}, [*_DOCUMENTS, *_NODES])


def _declare(read: set[str], write: set[str]) -> Iterator[Statement]:
    """Windows and baselines of one setup, by their tag. Resources without a setup can be adopted."""
    owned = {f"aws:ResourceTag/{_SETUP_TAG}": SETUP}
    tagged = {f"aws:RequestTag/{_SETUP_TAG}": SETUP}
    changes = write - _SCOPED - _CREATES - {"ssm:AddTagsToResource"}
    yield _allow("Read", read - _SCOPED, ["*"])
    yield _allow("Create", write & _CREATES, ["*"], StringEquals=tagged)
    yield _allow(
        "MarkAsOwn",
        write & {"ssm:AddTagsToResource"},
        [_WINDOWS, _BASELINES],
        StringEquals=tagged,
        Null={f"aws:ResourceTag/{tag}": "true" for tag in (_SETUP_TAG, _STACK_TAG)},
    )
    yield _allow(
        "TagOwn",
        write & {"ssm:AddTagsToResource"},
        [_WINDOWS, _BASELINES],
        StringEquals=owned,
        StringEqualsIfExists=tagged,
    )
    yield _allow("ChangeOwn", changes, [_WINDOWS, _BASELINES], StringEquals=owned)
    yield _allow(
        "ChangeContents", write & _CONTENTS, ["arn:aws:ssm:*:*:windowtarget/*", "arn:aws:ssm:*:*:windowtask/*"]
    )
    yield _allow(
        "RegisterBaselinesOfAws",
        write & _REGISTRATIONS,
        [_BASELINES],
        StringNotEquals={"aws:ResourceAccount": "${aws:PrincipalAccount}"},
    )
    yield from _scoped("declare", read | write)


def _patch_now(read: set[str], write: set[str]) -> Iterator[Statement]:
    """The two patch documents, on nodes in patch groups."""
    yield _allow("Read", read - _SCOPED, ["*"])
    # A command has no ARN.
    yield _allow("CancelCommands", write - _SCOPED, ["*"])
    yield _allow("SendPatchDocuments", write & {"ssm:SendCommand"}, _DOCUMENTS)
    for sid, key in (("SendToPatchGroups", "PatchGroup"), ("SendToPatchGroupsWithSpace", "Patch Group")):
        yield _allow(sid, write & {"ssm:SendCommand"}, _NODES, StringLike={f"aws:ResourceTag/{key}": "*"})
    yield from _scoped("patch-now", read | write)


def _prerequisites(read: set[str], write: set[str]) -> Iterator[Statement]:
    """Roles with the boundary, and resources whose names match those of patching."""
    bounded = {"iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"}
    tagging = {"iam:TagRole"}

    def of(service: str, actions: set[str]) -> set[str]:
        return {action for action in actions if action.startswith(f"{service}:")}

    yield _allow("ReadRoles", of("iam", read), [_SERVICE_ROLES])
    yield _allow("BoundRoles", write & bounded, [_SERVICE_ROLES], ArnLike={"iam:PermissionsBoundary": _BOUNDARY})
    yield _allow("TagRoles", write & tagging, [_SERVICE_ROLES])
    yield _allow(
        "ChangeOwnRoles",
        of("iam", write) - bounded - tagging - _NEVER,
        [_SERVICE_ROLES],
        StringLike={f"aws:ResourceTag/{_SETUP_TAG}": "*"},
    )
    rules, sending = "arn:aws:events:*:*:rule/patching*", {"events:PutRule", "events:PutTargets"}
    for service, title, resource in (("s3", "Bucket", "arn:aws:s3:::patching-*"), ("sns", "Topic", _TOPICS)):
        yield _allow(f"Read{title}", of(service, read), [resource])
        yield _allow(f"Write{title}", of(service, write), [resource])
    yield _allow("ReadRule", of("events", read), [rules])
    yield _allow("WriteRule", of("events", write) - sending, [rules])
    # A rule for all events of the account, or with another target, could send them to anyone.
    for sid, action, key, condition in (
        (
            "ChooseEvents",
            "events:PutRule",
            "events:source",
            {"ForAllValues:StringEquals": {"events:source": "aws.ssm"}},
        ),
        (
            "SendEvents",
            "events:PutTargets",
            "events:TargetArn",
            {"ForAllValues:ArnLike": {"events:TargetArn": _TOPICS}},
        ),
    ):
        yield _allow(sid, write & {action}, [rules], **condition, Null={key: "false"})


def _boundary() -> Iterator[Statement]:
    """The maximum permissions of roles that patch_prerequisites creates, regardless of their policies."""
    yield _allow("SendPatchDocuments", ["ssm:SendCommand"], [*_DOCUMENTS, *_NODES])
    follow = ["ssm:CancelCommand", "ssm:GetCommandInvocation", "ssm:ListCommandInvocations", "ssm:ListCommands"]
    find = ["resource-groups:ListGroupResources", "resource-groups:ListGroups", "tag:GetResources"]
    yield _allow("FollowCommandsAndFindTargets", [*follow, *find], ["*"])
    yield _allow("Publish", ["sns:Publish"], [_TOPICS])
    yield _allow(
        "UseKeyOfTopic",
        ["kms:Decrypt", "kms:GenerateDataKey"],
        ["*"],
        StringLike={"kms:ViaService": "sns.*.amazonaws.com"},
    )
    yield _allow("PassRoles", ["iam:PassRole"], [_SERVICE_ROLES], StringEquals={"iam:PassedToService": _SSM})
