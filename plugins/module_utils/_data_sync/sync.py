# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The format of a sync in the API and in results, and its differences from the options. Pure functions.

A sync has no tags that could record its owner. Instead, users must specify its destination to change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from .options import MEMBERS

Raw = dict[str, Any]
TO_DESTINATION, FROM_SOURCE = "SyncToDestination", "SyncFromSource"
_SHARING = "DestinationDataSharing"
_ORGANIZATION = "Organization"
_TYPES = {TO_DESTINATION: "to_destination", FROM_SOURCE: "from_source"}


def destination_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The destination of a sync in the format of the options."""
    stored = raw.get("S3Destination") or {}
    sharing = (stored.get(_SHARING) or {}).get("DestinationDataSharingType")
    values: dict[str, Any] = {name: stored.get(member) or None for name, member in MEMBERS.items()}
    return {**values, "organization": sharing == _ORGANIZATION}


def given_destination(params: Mapping[str, Any]) -> dict[str, Any]:
    """The destination that the user specified. An empty string means no value."""
    return {name: params[name] or None for name in MEMBERS if params[name] is not None} | (
        {} if params["organization"] is None else {"organization": params["organization"]}
    )


def differences(raw: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The stored and the specified value of each option that differs."""
    stored = destination_of(raw)
    return {name: (stored[name], value) for name, value in given_destination(params).items() if stored[name] != value}


def request(raw: Mapping[str, Any] | None, params: Mapping[str, Any], region: str) -> Raw:
    """The S3Destination to create: the stored one with the specified values. Unknown members are kept."""
    made: Raw = deepcopy(dict((raw or {}).get("S3Destination") or {"SyncFormat": "JsonSerDe", "Region": region}))
    for name, value in given_destination(params).items():
        if name == "organization":
            made.pop(_SHARING, None)
            made |= {_SHARING: {"DestinationDataSharingType": _ORGANIZATION}} if value else {}
        elif value is None:
            made.pop(MEMBERS[name], None)
        else:
            made[MEMBERS[name]] = value
    return made


def described(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A sync in the format of the result."""
    kind = raw.get("SyncType") or TO_DESTINATION
    return {
        "name": raw.get("SyncName"),
        "type": _TYPES.get(kind, kind),
        **destination_of(raw),
        "source": deepcopy(raw.get("SyncSource")) or None,
        "last_status": raw.get("LastStatus"),
        "last_status_message": raw.get("LastSyncStatusMessage"),
        "last_sync_time": raw.get("LastSyncTime"),
        "last_successful_sync_time": raw.get("LastSuccessfulSyncTime"),
        "created_date": raw.get("SyncCreatedTime"),
        "modified_date": raw.get("SyncLastModifiedTime"),
    }
