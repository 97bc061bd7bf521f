# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts records of CloudTrail to rows. Pure functions.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from .._aws.structures import iso_date

Row = dict[str, Any]

FIELDS = (
    "time",
    "action",
    "kind",
    "id",
    "name",
    "part_id",
    "setup",
    "by_hand",
    "principal",
    "principal_type",
    "source_ip",
    "error_code",
    "event_id",
)
WINDOW, BASELINE = "window", "baseline"
# Each call, the kind of resource that it changes, and the member with the ID of a target or task.
ACTIONS: Mapping[str, tuple[str, str | None]] = {
    "CreateMaintenanceWindow": (WINDOW, None),
    "UpdateMaintenanceWindow": (WINDOW, None),
    "DeleteMaintenanceWindow": (WINDOW, None),
    "RegisterTargetWithMaintenanceWindow": ("target", "windowTargetId"),
    "UpdateMaintenanceWindowTarget": ("target", "windowTargetId"),
    "DeregisterTargetFromMaintenanceWindow": ("target", "windowTargetId"),
    "RegisterTaskWithMaintenanceWindow": ("task", "windowTaskId"),
    "UpdateMaintenanceWindowTask": ("task", "windowTaskId"),
    "DeregisterTaskFromMaintenanceWindow": ("task", "windowTaskId"),
    "CreatePatchBaseline": (BASELINE, None),
    "UpdatePatchBaseline": (BASELINE, None),
    "DeletePatchBaseline": (BASELINE, None),
    "RegisterDefaultPatchBaseline": (BASELINE, None),
    "RegisterPatchBaselineForPatchGroup": (BASELINE, None),
    "DeregisterPatchBaselineForPatchGroup": (BASELINE, None),
}


def row(event: Mapping[str, Any], own_roles: Collection[str]) -> Row:
    """The row of an event of LookupEvents. Values that its record does not contain are null."""
    record = _record(event.get("CloudTrailEvent"))
    identity = _mapping(record.get("userIdentity"))
    issuer = _mapping(_mapping(identity.get("sessionContext")).get("sessionIssuer"))
    action = str(event["EventName"])
    kind, part = ACTIONS[action]
    # The ID is in the request, or in the response to a creation.
    known = {**_mapping(record.get("responseElements")), **_mapping(record.get("requestParameters"))}
    return {
        "time": iso_date(event["EventTime"]),
        "action": action,
        "kind": kind,
        "id": _text(known.get("baselineId" if kind == BASELINE else "windowId")),
        "name": _text(known.get("name")) if part is None else None,
        "part_id": _text(known.get(part)) if part else None,
        "setup": None,
        "by_hand": issuer.get("arn") not in own_roles,
        "principal": _text(identity.get("arn") or identity.get("invokedBy") or event.get("Username")),
        "principal_type": _text(identity.get("type")),
        "source_ip": _text(record.get("sourceIPAddress")),
        "error_code": _text(record.get("errorCode")),
        "event_id": str(event["EventId"]),
    }


def _record(text: Any) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(text))
    except (TypeError, ValueError):
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
