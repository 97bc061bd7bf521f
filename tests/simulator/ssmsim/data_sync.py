# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource data syncs, which copy inventory and compliance data to a bucket. The simulator copies nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ssmsim.errors import ServiceError
from ssmsim.paging import page
from ssmsim.registry import operation
from ssmsim.store import Record, Region

MOST_SYNCS = 5
TO_DESTINATION, FROM_SOURCE = "SyncToDestination", "SyncFromSource"
_TABLE = "resource_data_syncs"
_FIRST_RUN = timedelta(minutes=1)


@operation("CreateResourceDataSync")
def create_resource_data_sync(region: Region, request: Record) -> Record:
    name, kind = request["SyncName"], request.get("SyncType", TO_DESTINATION)
    _judge(kind, request)
    syncs = region.table(_TABLE)
    if syncs.latest(name) is not None:
        raise _error("AlreadyExists", f"A sync configuration with the same name already exists: {name}.")
    if len(syncs.latest_values()) >= MOST_SYNCS:
        raise _error("CountExceeded", f"You have exceeded the allowed maximum sync configurations: {MOST_SYNCS}.")
    now = region.now()
    sync: Record = {"SyncName": name, "SyncType": kind, "Created": now, "Modified": now}
    syncs.put(name, sync | {key: request[key] for key in ("S3Destination", "SyncSource") if key in request})
    return {}


@operation("UpdateResourceDataSync")
def update_resource_data_sync(region: Region, request: Record) -> Record:
    sync = _existing(region, request)
    if request["SyncType"] != FROM_SOURCE or sync["SyncType"] != FROM_SOURCE:
        raise _invalid(f"A sync of the type {sync['SyncType']} can't be updated.")
    _judge(FROM_SOURCE, request)
    changed = {**sync, "SyncSource": request["SyncSource"], "Modified": region.now()}
    region.table(_TABLE).put(request["SyncName"], changed)
    return {}


@operation("DeleteResourceDataSync")
def delete_resource_data_sync(region: Region, request: Record) -> Record:
    sync = _existing(region, request)
    if request.get("SyncType", sync["SyncType"]) != sync["SyncType"]:
        raise _invalid(f"The sync {request['SyncName']} has the type {sync['SyncType']}.")
    region.table(_TABLE).remove(request["SyncName"])
    return {}


@operation("ListResourceDataSync")
def list_resource_data_sync(region: Region, request: Record) -> Record:
    kind = request.get("SyncType")
    if kind not in (None, TO_DESTINATION, FROM_SOURCE):
        raise _invalid(f"The sync type {kind} is not valid.")
    found = [sync for sync in region.table(_TABLE).values() if kind in (None, sync["SyncType"])]
    answer = page(region, "ListResourceDataSync", request, region.arrange(found), "ResourceDataSyncItems")
    return answer | {"ResourceDataSyncItems": [_shown(region, sync) for sync in answer["ResourceDataSyncItems"]]}


def _shown(region: Region, sync: Record) -> Record:
    """A sync in the format of the listing. It first runs soon after its creation, and then every hour."""
    shown: dict[str, Any] = {
        "SyncName": sync["SyncName"],
        "SyncType": sync["SyncType"],
        "SyncCreatedTime": sync["Created"],
        "SyncLastModifiedTime": sync["Modified"],
    }
    if "S3Destination" in sync:
        shown["S3Destination"] = sync["S3Destination"]
    if "SyncSource" in sync:
        shown["SyncSource"] = {**sync["SyncSource"], "State": "ACTIVE"}
    age = region.now() - sync["Modified"]
    if age < _FIRST_RUN:
        return {**shown, "LastStatus": "InProgress"}
    shown["LastSyncStatusMessage"] = "The sync was successfully completed"
    last = sync["Modified"] + _FIRST_RUN + timedelta(hours=(age - _FIRST_RUN) // timedelta(hours=1))
    return {**shown, "LastStatus": "Successful", "LastSyncTime": last, "LastSuccessfulSyncTime": last}


def _judge(kind: str, request: Record) -> None:
    """Reject a sync whose type does not match its other members."""
    needed = {TO_DESTINATION: "S3Destination", FROM_SOURCE: "SyncSource"}.get(kind)
    if needed is None:
        raise _invalid(f"The sync type {kind} is not valid. Valid types are: {TO_DESTINATION}, {FROM_SOURCE}.")
    if needed not in request:
        raise _invalid(f"{needed} is required for a sync of the type {kind}.")
    source = request.get("SyncSource", {})
    organizations = source.get("SourceType") == "AwsOrganizations"
    if kind == FROM_SOURCE and organizations != ("AwsOrganizationsSource" in source):
        raise _invalid("AwsOrganizationsSource belongs to the source type AwsOrganizations, which needs it.")


def _existing(region: Region, request: Record) -> Record:
    sync = region.table(_TABLE).latest(request["SyncName"])
    if sync is None:
        raise _error("NotFound", f"The specified sync name wasn't found: {request['SyncName']}.")
    return sync


def _invalid(message: str) -> ServiceError:
    return _error("InvalidConfiguration", message)


def _error(kind: str, message: str) -> ServiceError:
    return ServiceError(f"ResourceDataSync{kind}Exception", message)
