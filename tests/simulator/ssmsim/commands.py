# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Command: sends and cancels commands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from ssmsim import documents, fleet
from ssmsim.command_course import COMMANDS, Course, OnEnd
from ssmsim.documents import Document
from ssmsim.errors import ServiceError, validation
from ssmsim.registry import operation
from ssmsim.store import Record, Region

INSTANCE_IDS = "InstanceIds"
MOST_TAG_VALUES = 5
_MOST_PARAMETER_BYTES = 64 * 1024
_DEFAULT_TIMEOUT_SECONDS = 3600
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]+")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?")
_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]*[a-z0-9]")
_TARGET_KEY = re.compile(rf"{INSTANCE_IDS}|tag:.+|tag-key|resource-groups:(Name|ResourceTypeFilters)")
_UNSET: dict[str, Any] = {
    "DocumentVersion": "$DEFAULT",
    "Comment": "",
    "Parameters": {},
    "OutputS3BucketName": "",
    "OutputS3KeyPrefix": "",
    "MaxConcurrency": "50",
    "MaxErrors": "0",
    "TimeoutSeconds": _DEFAULT_TIMEOUT_SECONDS,
}


@operation("SendCommand")
def send_command(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    targets = [_spelled(entry) for entry in request.get("Targets", [])]
    if request.get("InstanceIds") and targets:
        raise validation("Either InstanceIds or Targets can be specified, not both.")
    _judge_targets(region, targets)
    document = documents.named(region, request)
    _judge(region, document, request)
    named = [value for entry in targets if entry["Key"] == INSTANCE_IDS for value in entry["Values"]]
    instance_ids: list[str] = request.get("InstanceIds", []) + named
    if instance_ids or not targets:
        _judge_instances(region, document, instance_ids)
    # A target with a list of IDs is shown as InstanceIds. Only other targets are looked up.
    if any(entry["Key"] != INSTANCE_IDS for entry in targets):
        return {"Command": _start(region, document, {**request, "Targets": targets}, None)}
    return {"Command": _start(region, document, {**request, "Targets": []}, instance_ids)}


@operation("CancelCommand")
def cancel_command(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    command = region.table(COMMANDS).latest(request["CommandId"])
    if command is None:
        raise missing_command()
    course: Course = command["Course"]
    chosen = request.get("InstanceIds") or None
    if chosen:
        _refuse_duplicates(chosen)
        _refuse_strangers(region, chosen, set(course.instance_ids))
    course.cancel(chosen)
    return {}


def start(
    region: Region,
    request: dict[str, Any],
    instance_ids: list[str],
    on_end: OnEnd | None = None,
    orchestration_id: str = "",
) -> str:
    """Send a command for another part of the service, to any number of nodes, and return its ID.

    ``request`` is a request for SendCommand without its targets. ``orchestration_id`` replaces the parameter value
    ``{{ aws:ORCHESTRATION_ID }}``. ``on_end`` receives the record of the command when it has ended. Raises the
    ServiceError that SendCommand would return for an invalid request.
    """
    document = documents.named(region, request)
    _judge(region, document, request)
    _refuse_strangers(region, instance_ids, set(fleet.of(region).ids()))
    own = {**request, "Targets": []}
    return str(_start(region, document, own, instance_ids, on_end, orchestration_id)["CommandId"])


def outcome(region: Region, command_id: str) -> Record:
    """The actual record of a command, with the members of Command in the API. Raises InvalidCommandId."""
    command = region.table(COMMANDS).latest(command_id)
    if command is None:
        raise missing_command()
    return command


def cancel(region: Region, command_id: str, instance_ids: Iterable[str] | None = None) -> None:
    """Cancel a command as a whole or on some nodes. A completed command does not change."""
    course: Course = outcome(region, command_id)["Course"]
    course.cancel(instance_ids)


def missing_command() -> ServiceError:
    """The error for an unknown command ID."""
    return ServiceError("InvalidCommandId", "The command ID is not valid. Verify the ID and try again.")


def _start(
    region: Region,
    document: Document,
    request: dict[str, Any],
    instance_ids: list[str] | None,
    on_end: OnEnd | None = None,
    orchestration_id: str = "",
) -> Record:
    command = _new_command(region, document, request, instance_ids or [])
    command["OrchestrationId"] = orchestration_id or region.new_uuid()
    course = Course(region, command, document, on_end)
    course.begin(instance_ids)
    return course.command


def _new_command(region: Region, document: Document, request: dict[str, Any], instance_ids: list[str]) -> Record:
    given = _UNSET | {key: value for key, value in request.items() if key in (*_UNSET, "DocumentName")}
    alarm = {"IgnorePollAlarmFailure": False, "Alarms": [], **request.get("AlarmConfiguration", {})}
    now = region.now()
    expires = given["TimeoutSeconds"] + document.timeout(given["Parameters"])
    return {
        **given,
        "CommandId": region.new_uuid(),
        "InstanceIds": instance_ids,
        "Targets": request["Targets"],
        "RequestedDateTime": now,
        "ExpiresAfter": now + timedelta(seconds=expires),
        "Status": "Pending",
        "StatusDetails": "Pending",
        **dict.fromkeys(("TargetCount", "CompletedCount", "ErrorCount", "DeliveryTimedOutCount"), 0),
        "OutputS3Region": region.region,
        "ServiceRole": request.get("ServiceRoleArn", ""),
        "NotificationConfig": {
            "NotificationArn": "",
            "NotificationEvents": [],
            "NotificationType": "",
            **request.get("NotificationConfig", {}),
        },
        "CloudWatchOutputConfig": {
            "CloudWatchLogGroupName": "",
            "CloudWatchOutputEnabled": False,
            **request.get("CloudWatchOutputConfig", {}),
        },
        "AlarmConfiguration": alarm,
        "TriggeredAlarms": [],
    }


def _spelled(entry: dict[str, Any]) -> dict[str, Any]:
    """A target with the key InstanceIds, which is case-insensitive, in its usual spelling."""
    key = entry.get("Key", "")
    return {"Key": INSTANCE_IDS if key.lower() == INSTANCE_IDS.lower() else key, "Values": entry.get("Values", [])}


def _judge_targets(region: Region, targets: list[dict[str, Any]]) -> None:
    for entry in targets:
        key, values = entry["Key"], entry["Values"]
        if not _TARGET_KEY.fullmatch(key):
            raise validation(f"{key} is not a valid target key, use InstanceIds, tag:, tag-key or resource-groups:.")
        if not values:
            raise validation(f"The target {key} has no values.")
        # The limit of the guide. The limit of the model is 50.
        if region.strict and key.startswith("tag") and len(values) > MOST_TAG_VALUES:
            raise validation(f"The target {key} has more than {MOST_TAG_VALUES} values.")


def _judge(region: Region, document: Document, request: dict[str, Any]) -> None:
    parameters = request.get("Parameters", {})
    if len(json.dumps(parameters).encode()) > _MOST_PARAMETER_BYTES:
        raise ServiceError("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
    documents.judge(document, parameters)
    bucket = request.get("OutputS3BucketName", "")
    if bucket and not _BUCKET.fullmatch(bucket):
        raise ServiceError("InvalidOutputFolder", f"The S3 bucket {bucket} does not exist.")
    role = request.get("ServiceRoleArn", "")
    owner = _ROLE.fullmatch(role)
    if role and (owner is None or owner[1] != region.account):
        raise ServiceError("InvalidRole", f"The role {role} is not a role of account {region.account}.")
    _judge_notification(request.get("NotificationConfig", {}), role)


def _judge_notification(notification: dict[str, Any], role: str) -> None:
    """Reject a configuration without a topic or without a role. An empty configuration is valid."""
    if not any(notification.values()):
        return
    topic = notification.get("NotificationArn", "")
    if not _TOPIC.fullmatch(topic):
        raise ServiceError("InvalidNotificationConfig", f"NotificationArn {topic or 'null'} is not the ARN of a topic.")
    if not role:
        raise ServiceError("InvalidRole", "ServiceRoleArn is required if NotificationConfig is specified.")


def _judge_instances(region: Region, document: Document, instance_ids: list[str]) -> None:
    if not instance_ids:
        raise _invalid_instances(region, [])
    _refuse_duplicates(instance_ids)
    nodes = {one: node for one in instance_ids if (node := fleet.of(region).find(one))}
    _refuse_strangers(region, instance_ids, set(nodes))
    for instance_id, node in nodes.items():
        if node.platform.kind not in document.platforms:
            raise ServiceError(
                "UnsupportedPlatformType",
                f"Document {document.name} does not support the platform {node.platform.kind} of {instance_id}.",
            )


def _refuse_duplicates(instance_ids: list[str]) -> None:
    if len(set(instance_ids)) < len(instance_ids):
        raise ServiceError("DuplicateInstanceId", "A managed node ID is specified more than once.")


def _refuse_strangers(region: Region, instance_ids: list[str], known: set[str]) -> None:
    strangers = [one for one in instance_ids if one not in known]
    if strangers:
        raise _invalid_instances(region, strangers)


def _invalid_instances(region: Region, instance_ids: list[str]) -> ServiceError:
    listed = ", ".join(instance_ids)
    return ServiceError(
        "InvalidInstanceId", f"Instances [[{listed}]] not in a valid state for account {region.account}"
    )
