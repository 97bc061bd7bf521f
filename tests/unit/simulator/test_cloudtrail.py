# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""LookupEvents of the simulator, by its documentation: attributes, times, pages and what it refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from botocore.exceptions import ClientError

WINDOW = {"Name": "a", "Schedule": "rate(7 days)", "Duration": 3, "Cutoff": 1, "AllowUnassociatedTargets": False}
NAMED = {"AttributeKey": "EventName", "AttributeValue": "CreateMaintenanceWindow"}


def client() -> Any:
    """A client for CloudTrail in the account of the test."""
    return boto3.client("cloudtrail", region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


def create(account: Account, count: int) -> None:
    """Let somebody create windows."""
    for number in range(count):
        account.simulator.handle("CreateMaintenanceWindow", REGION, ACCOUNT, {**WINDOW, "Name": f"window-{number}"})


def test_a_call_is_shown_with_its_record(account: Account) -> None:
    create(account, 1)
    account.simulator.handle("DescribeMaintenanceWindows", REGION, ACCOUNT, {})

    [event] = client().lookup_events(LookupAttributes=[NAMED])["Events"]

    record = json.loads(event["CloudTrailEvent"])
    assert (event["EventName"], event["EventSource"]) == ("CreateMaintenanceWindow", "ssm.amazonaws.com")
    assert event["EventTime"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert record["requestParameters"]["name"] == "window-0"
    assert record["responseElements"]["windowId"].startswith("mw-")
    assert record["eventID"] == event["EventId"]


def test_events_come_fifty_at_a_time_the_newest_first(account: Account) -> None:
    create(account, 30)
    account.simulator.advance(60)
    create(account, 30)

    pages = [page["Events"] for page in client().get_paginator("lookup_events").paginate(LookupAttributes=[NAMED])]

    assert [len(page) for page in pages] == [50, 10]
    times = [event["EventTime"] for page in pages for event in page]
    assert times == sorted(times, reverse=True)


def test_events_of_another_account_region_or_time_are_not_shown(account: Account) -> None:
    account.simulator.handle("CreateMaintenanceWindow", "eu-west-3", ACCOUNT, WINDOW)
    account.simulator.handle("CreateMaintenanceWindow", REGION, "999999999999", WINDOW)
    create(account, 1)
    account.simulator.advance(100 * 86400)

    assert client().lookup_events(LookupAttributes=[NAMED])["Events"] == []


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"LookupAttributes": [NAMED, NAMED]}, "InvalidLookupAttributesException"),
        (
            {"StartTime": datetime(2026, 1, 2, tzinfo=UTC), "EndTime": datetime(2026, 1, 1, tzinfo=UTC)},
            "InvalidTimeRangeException",
        ),
    ],
)
def test_what_the_service_refuses(account: Account, request_: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        client().lookup_events(**request_)
    assert error.value.response["Error"]["Code"] == code
