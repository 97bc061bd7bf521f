# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource data syncs."""

from __future__ import annotations

from typing import Any

import pytest

from .node_support import walk
from .support import Client, Maker, refused

BUCKET = {"BucketName": "patchfleet-verify", "SyncFormat": "JsonSerDe", "Region": "eu-west-1"}
SOURCE = {"SourceType": "SingleAccountMultiRegions", "SourceRegions": ["eu-west-1"]}
TO_DESTINATION, FROM_SOURCE = "SyncToDestination", "SyncFromSource"
INVALID = "ResourceDataSyncInvalidConfigurationException"


@pytest.fixture(autouse=True)
def own_account(private_account: None) -> None:
    """A sync copies the inventory of a whole account."""


def create(ssm: Client, name: str, **changes: Any) -> dict[str, Any]:
    return ssm.create_resource_data_sync(SyncName=name, **({"S3Destination": BUCKET} | changes))


def create_from_source(ssm: Client, name: str, **source: Any) -> dict[str, Any]:
    return ssm.create_resource_data_sync(SyncName=name, SyncType=FROM_SOURCE, SyncSource=SOURCE | source)


def listed(ssm: Client, **request: Any) -> dict[str, dict[str, Any]]:
    found = walk(ssm.list_resource_data_sync, "ResourceDataSyncItems", **request)
    return {sync["SyncName"]: sync for sync in found}


def test_a_sync_to_a_bucket(ssm: Client, make: Maker) -> None:
    name = make.name("sync")
    create(ssm, name)
    (sync,) = listed(ssm).values()
    assert (sync["SyncName"], sync["SyncType"], sync["S3Destination"]) == (name, TO_DESTINATION, BUCKET)
    assert sync["LastStatus"] == "InProgress"
    assert sync["SyncCreatedTime"] == sync["SyncLastModifiedTime"]


def test_a_sync_runs_by_and_by(ssm: Client, make: Maker, doors: Any) -> None:
    with doors.clock("2031-01-06T00:00:00Z"):
        create(ssm, make.name("sync"))
        doors.post("clock", {"advance": 7200})
        (sync,) = listed(ssm).values()
    assert sync["LastStatus"] == "Successful"
    # aws-cli, examples/ssm/list-resource-data-sync.rst
    assert sync["LastSyncStatusMessage"] == "The sync was successfully completed"
    assert sync["SyncCreatedTime"] < sync["LastSyncTime"] == sync["LastSuccessfulSyncTime"]


def test_a_sync_from_sources_is_updated(ssm: Client, make: Maker) -> None:
    name = make.name("sync")
    create_from_source(ssm, name)
    changed = SOURCE | {"IncludeFutureRegions": True}
    ssm.update_resource_data_sync(SyncName=name, SyncType=FROM_SOURCE, SyncSource=changed)
    (sync,) = listed(ssm, SyncType=FROM_SOURCE).values()
    assert {key: sync["SyncSource"][key] for key in changed} == changed
    assert listed(ssm, SyncType=TO_DESTINATION) == {}


def test_a_sync_of_an_organization(ssm: Client, make: Maker) -> None:
    organization = {"OrganizationSourceType": "EntireOrganization"}
    create_from_source(ssm, make.name("sync"), SourceType="AwsOrganizations", AwsOrganizationsSource=organization)
    (sync,) = listed(ssm).values()
    assert sync["SyncSource"]["AwsOrganizationsSource"] == organization


def test_a_sync_is_deleted(ssm: Client, make: Maker) -> None:
    first, second = make.name("sync"), make.name("sync")
    create(ssm, first)
    create(ssm, second)
    ssm.delete_resource_data_sync(SyncName=first, SyncType=TO_DESTINATION)
    assert set(listed(ssm)) == {second}
    with refused("ResourceDataSyncNotFoundException"):
        ssm.delete_resource_data_sync(SyncName=first)


def test_a_name_is_taken_whatever_the_rest(ssm: Client, make: Maker) -> None:
    name = make.name("sync")
    create(ssm, name)
    with refused("ResourceDataSyncAlreadyExistsException"):
        create(ssm, name)


def test_five_syncs_for_each_region(ssm: Client, make: Maker) -> None:
    names = [make.name("sync") for _ in range(5)]
    for name in names:
        create(ssm, name)
    with refused("ResourceDataSyncCountExceededException"):
        create(ssm, make.name("sync"))
    assert set(listed(ssm, MaxResults=2)) == set(names)


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"SyncType": TO_DESTINATION},
        {"SyncType": FROM_SOURCE},
        {"SyncType": FROM_SOURCE, "S3Destination": BUCKET},
        {"SyncType": "Sync", "S3Destination": BUCKET},
        {"SyncType": FROM_SOURCE, "SyncSource": SOURCE | {"SourceType": "AwsOrganizations"}},
    ],
)
def test_syncs_that_make_no_sense(ssm: Client, make: Maker, request_: dict[str, Any]) -> None:
    with refused(INVALID):
        ssm.create_resource_data_sync(SyncName=make.name("sync"), **request_)
    assert listed(ssm) == {}


def test_a_sync_to_a_bucket_is_not_updated(ssm: Client, make: Maker) -> None:
    name = make.name("sync")
    create(ssm, name)
    for kind in (TO_DESTINATION, FROM_SOURCE):
        with refused(INVALID):
            ssm.update_resource_data_sync(SyncName=name, SyncType=kind, SyncSource=SOURCE)


def test_an_unknown_sync_is_not_updated(ssm: Client, make: Maker) -> None:
    with refused("ResourceDataSyncNotFoundException"):
        ssm.update_resource_data_sync(SyncName=make.name("sync"), SyncType=FROM_SOURCE, SyncSource=SOURCE)


def test_a_sync_of_another_type_is_not_deleted(ssm: Client, make: Maker) -> None:
    name = make.name("sync")
    create(ssm, name)
    with refused(INVALID):
        ssm.delete_resource_data_sync(SyncName=name, SyncType=FROM_SOURCE)
    assert set(listed(ssm)) == {name}


def test_syncs_that_cannot_be_listed(ssm: Client) -> None:
    with refused(INVALID):
        ssm.list_resource_data_sync(SyncType="Sync")
    with refused("InvalidNextToken"):
        ssm.list_resource_data_sync(NextToken="bm8gdG9rZW4=")
