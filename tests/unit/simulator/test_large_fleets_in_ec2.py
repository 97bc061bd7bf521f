# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeInstances of a fleet that moto is too slow for tells what moto tells of a smaller one."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from ansible_collections.patchfleet.aws.tests.support.account import REGION, Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import plant

STATES = [{"Name": "instance-state-name", "Values": ["running"]}]


def listed(client: Any, size: int) -> dict[str, tuple[str, dict[str, str]]]:
    pages = client.get_paginator("describe_instances").paginate(Filters=STATES, PaginationConfig={"PageSize": size})
    found = (one for page in pages for group in page["Reservations"] for one in group["Instances"])
    return {
        one["InstanceId"]: (one["State"]["Name"], {tag["Key"]: tag["Value"] for tag in one.get("Tags", [])})
        for one in found
    }


@pytest.mark.parametrize(("count", "by_moto"), [(20, True), (20, False), (1200, True)])
def test_all_instances_are_listed_with_their_tags(
    account: Account, monkeypatch: pytest.MonkeyPatch, count: int, by_moto: bool
) -> None:
    monkeypatch.setattr(account.simulator, "instances_by_moto", by_moto)
    plant(account, count=count, hybrid=0.1, unmanaged=0.1, tags={"Name": {"a & b": 1}})
    client = boto3.client("ec2", REGION, aws_access_key_id="testing", aws_secret_access_key="testing")

    found = listed(client, 500)

    assert len(found) == count * 0.9 + count * 0.1
    assert {state for state, _tags in found.values()} == {"running"}
    assert {tags["Name"] for _state, tags in found.values()} == {"a & b"}
    groups = {tags.get("Patch Group") for _state, tags in found.values()}
    assert groups == {"Web Servers", "Database Servers", None}
