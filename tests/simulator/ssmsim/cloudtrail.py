# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event history of CloudTrail: LookupEvents for the calls of Systems Manager to this simulator.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ssmsim.errors import ServiceError
from ssmsim.paging import page
from ssmsim.store import Region

SERVICE, LOOKUP = "cloudtrail", "LookupEvents"
SOURCE = "ssm.amazonaws.com"
_DAYS = 90
_MOST = 50
_KEYS = ("EventId", "EventName", "EventSource", "ReadOnly", "Username")


@dataclass(frozen=True)
class Recorded:
    """A call. caller: the userIdentity of its record. answer: the response of a successful call."""

    number: int
    time: float
    operation: str
    region: str
    account: str
    caller: dict[str, Any]
    sent: dict[str, Any]
    answer: dict[str, Any]
    error: str | None

    @property
    def is_read(self) -> bool:
        """Whether the call only reads."""
        return self.operation.startswith(("Describe", "Get", "List"))

    def event(self) -> dict[str, Any]:
        """The entry of LookupEvents."""
        identity = self.caller or _somebody(self.account)
        event_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.account} {self.region} {self.number}"))
        record = {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": datetime.fromtimestamp(self.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": SOURCE,
            "eventName": self.operation,
            "awsRegion": self.region,
            "sourceIPAddress": "192.0.2.10",
            "requestParameters": _members(self.sent),
            "responseElements": _members(self.answer) or None,
            "eventID": event_id,
            "readOnly": self.is_read,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": self.account,
        }
        return {
            "EventId": event_id,
            "EventName": self.operation,
            "ReadOnly": str(self.is_read).lower(),
            "EventTime": int(self.time),
            "EventSource": SOURCE,
            "Username": str(identity["arn"]).rpartition("/")[2],
            "Resources": [],
            "CloudTrailEvent": json.dumps({**record, **({"errorCode": self.error} if self.error else {})}),
        }


def lookup(region: Region, request: dict[str, Any], trail: list[Recorded], now: float) -> dict[str, Any]:
    """The response of LookupEvents. Raises ServiceError."""
    start, end = request.get("StartTime", now - _DAYS * 86400), request.get("EndTime", now)
    if start > end:
        raise ServiceError("InvalidTimeRangeException", "The start time is after the end time")
    if not 1 <= request.get("MaxResults", _MOST) <= _MOST:
        raise ServiceError("InvalidMaxResultsException", f"MaxResults must be from 1 to {_MOST}")
    wanted = request.get("LookupAttributes") or []
    if len(wanted) > 1 or any(one.get("AttributeKey") not in _KEYS for one in wanted):
        raise ServiceError("InvalidLookupAttributesException", f"One attribute, of {', '.join(_KEYS)}")
    oldest = max(start, now - _DAYS * 86400)
    here = [one for one in reversed(trail) if (one.account, one.region) == (region.account, region.region)]
    events = [one.event() for one in here if oldest <= one.time <= end]
    for one in wanted:
        events = [event for event in events if event[one["AttributeKey"]] == one["AttributeValue"]]
    return page(region, LOOKUP, {"MaxResults": _MOST, **request}, events, "Events")


def _somebody(account: str) -> dict[str, Any]:
    return {"type": "IAMUser", "arn": f"arn:aws:iam::{account}:user/simulated", "accountId": account}


def _members(values: dict[str, Any]) -> dict[str, Any]:
    """The members of a structure in the format of CloudTrail, which begin with a lowercase letter."""
    return {name[:1].lower() + name[1:]: value for name, value in values.items()}
