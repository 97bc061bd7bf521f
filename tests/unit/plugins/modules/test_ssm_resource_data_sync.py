# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_resource_data_sync: the whole life of a sync, and whose sync it is."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account

MODULE, INFO = "ssm_resource_data_sync", "ssm_resource_data_sync_info"
SYNC: dict[str, Any] = {"name": "compliance", "bucket": "patch-compliance", "prefix": "inventory"}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
WHOLE = {**SYNC, "bucket_region": "eu-west-1", "kms_key_arn": KEY, "organization": True}


def stored(account: Account) -> list[dict[str, Any]]:
    return list(account.run(INFO)["resource_data_syncs"])


def test_the_whole_life_of_a_sync(account: Account) -> None:
    predicted = account.run(MODULE, check=True, **WHOLE)
    made = account.run(MODULE, **WHOLE)

    for result in (predicted, made):
        assert (result["changed"], result["action"]) == (True, "create")
        assert {name: result["resource_data_sync"][name] for name in WHOLE} == WHOLE
        assert result["diff"][0]["before"] == {}
        assert result["diff"][0]["after"] == WHOLE
    assert stored(account)[0]["last_status"] == "InProgress"

    again = account.run(MODULE, **WHOLE)
    assert (again["changed"], again["diff"], again["fields"]) == (False, [], [])

    gone = account.run(MODULE, state="absent", **SYNC)
    assert (gone["action"], gone["resource_data_sync"]) == ("delete", None)
    assert stored(account) == []
    assert account.run(MODULE, state="absent", **SYNC)["changed"] is False


def test_the_region_of_the_bucket_is_that_of_the_connection(account: Account) -> None:
    account.run(MODULE, **SYNC)

    assert account.inputs("CreateResourceDataSync") == [
        {
            "SyncName": "compliance",
            "SyncType": "SyncToDestination",
            "S3Destination": {
                "BucketName": "patch-compliance",
                "Prefix": "inventory",
                "SyncFormat": "JsonSerDe",
                "Region": REGION,
            },
        }
    ]


def test_what_is_not_given_stays(account: Account) -> None:
    account.run(MODULE, **WHOLE)

    assert account.run(MODULE, name="compliance")["changed"] is False
    result = account.run(MODULE, **SYNC | {"prefix": "other"}, recreate=True)

    assert result["fields"] == ["prefix"]
    assert {name: stored(account)[0][name] for name in WHOLE} == {**WHOLE, "prefix": "other"}


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"bucket": "other"}, "other"),
        ({"prefix": ""}, None),
        ({"bucket_region": "us-east-1"}, "us-east-1"),
        ({"kms_key_arn": ""}, None),
        ({"organization": False}, False),
    ],
)
def test_another_destination_needs_recreate(account: Account, change: dict[str, Any], after: Any) -> None:
    account.run(MODULE, **WHOLE)
    [name] = change

    account.refuses(MODULE, f"{name} is ", "recreate: true", **{**WHOLE, **change})
    wanted = {**WHOLE, **change, "recreate": True}
    predicted, made = account.run(MODULE, check=True, **wanted), account.run(MODULE, **wanted)

    assert predicted["diff"] == made["diff"]
    assert (made["action"], made["fields"]) == ("recreate", [name])
    assert stored(account)[0][name] == after
    assert account.run(MODULE, **wanted)["changed"] is False


def test_a_sync_with_another_destination_is_not_removed(account: Account) -> None:
    account.run(MODULE, **SYNC)

    account.refuses(
        MODULE, "is not deleted", "bucket is 'patch-compliance'", name="compliance", bucket="x-y-z", state="absent"
    )
    account.refuses(MODULE, "prefix is 'inventory'", **{**SYNC, "prefix": ""}, state="absent")
    account.refuses(MODULE, "bucket: is required", name="compliance", state="absent")
    account.refuses(MODULE, "recreate: cannot be combined", **SYNC, state="absent", recreate=True)

    assert len(stored(account)) == 1


def test_a_sync_that_feeds_explorer_is_left_alone(account: Account) -> None:
    source = {"SourceType": "SingleAccountMultiRegions", "SourceRegions": [REGION]}
    account.by_hand("CreateResourceDataSync", SyncName="compliance", SyncType="SyncFromSource", SyncSource=source)

    for more in ({}, {"recreate": True}, {"state": "absent"}):
        account.refuses(MODULE, "belongs to Explorer", **SYNC, **more)

    assert stored(account) == []
    [listed] = account.run(INFO, type="from_source")["resource_data_syncs"]
    assert (listed["type"], listed["bucket"]) == ("from_source", None)
    assert listed["source"]["SourceRegions"] == [REGION]


def test_all_mistakes_are_reported_at_once(account: Account) -> None:
    wrong = {"name": "x" * 65, "bucket": "s3://b", "prefix": "/a/", "kms_key_arn": "alias/x", "bucket_region": ""}

    found = account.refuses(MODULE, **wrong)

    assert [text.partition(":")[0] for text in found] == ["name", "bucket_region", "kms_key_arn", "bucket", "prefix"]
    assert account.calls() == {}


def test_a_new_sync_needs_a_bucket(account: Account) -> None:
    account.refuses(MODULE, "bucket: is required to create the sync", name="compliance")


def test_a_removal_that_takes_time_is_waited_for(account: Account) -> None:
    account.run(MODULE, **SYNC)
    account.simulator.set_lag(20)

    account.run(MODULE, **SYNC | {"prefix": "other"}, recreate=True)

    account.simulator.set_lag(0)
    assert stored(account)[0]["prefix"] == "other"


def test_a_removal_that_never_ends_is_an_error(account: Account) -> None:
    account.run(MODULE, **SYNC)
    account.simulator.set_lag(10_000)

    result = account.fails(MODULE, **SYNC | {"prefix": "other"}, recreate=True)

    assert "still lists the sync compliance 300 seconds after" in result["msg"]
    assert result["changed"] is True


def test_a_sync_that_cannot_be_created_anew_is_put_back(account: Account) -> None:
    account.run(MODULE, **SYNC)
    account.faults({"op": "CreateResourceDataSync", "do": "ResourceDataSyncInvalidConfigurationException", "times": 1})

    result = account.fails(MODULE, **SYNC | {"prefix": "other"}, recreate=True)

    assert "The previous sync was restored" in result["msg"]
    assert result["changed"] is False
    assert stored(account)[0]["prefix"] == "inventory"


def test_a_sync_that_cannot_be_put_back_is_reported(account: Account) -> None:
    account.run(MODULE, **SYNC)
    account.faults({"op": "CreateResourceDataSync", "do": "ResourceDataSyncInvalidConfigurationException"})

    result = account.fails(MODULE, **SYNC | {"prefix": "other"}, recreate=True)

    assert "could not be restored" in result["msg"]
    assert result["changed"] is True


def test_a_creation_whose_answer_is_lost_is_looked_up(account: Account) -> None:
    account.faults({"op": "CreateResourceDataSync", "do": "lost", "times": 1})

    assert account.run(MODULE, **SYNC)["action"] == "create"
    assert len(stored(account)) == 1


def test_a_removal_whose_answer_is_lost_is_done(account: Account) -> None:
    account.run(MODULE, **SYNC)
    account.faults({"op": "DeleteResourceDataSync", "do": "lost", "times": 1})

    assert account.run(MODULE, state="absent", **SYNC)["action"] == "delete"
    assert account.calls()["DeleteResourceDataSync"] == 2
    assert stored(account) == []


@pytest.mark.parametrize(("prefix", "is_the_same"), [("inventory", True), ("other", False)])
def test_a_sync_that_another_run_creates_meanwhile_is_compared(
    account: Account, monkeypatch: pytest.MonkeyPatch, prefix: str, is_the_same: bool
) -> None:
    real, destination = account.simulator.execute, {"BucketName": "patch-compliance", "SyncFormat": "JsonSerDe"}
    others = [{"SyncName": "compliance", "S3Destination": {**destination, "Region": REGION, "Prefix": prefix}}]

    def execute(operation: str, *args: Any) -> dict[str, Any]:
        if operation == "CreateResourceDataSync" and others:
            account.by_hand(operation, **others.pop())
        return real(operation, *args)

    monkeypatch.setattr(account.simulator, "execute", execute)

    assert bool(account.outcome(MODULE, **SYNC).get("failed")) is not is_the_same
    assert stored(account)[0]["prefix"] == prefix


def test_a_creation_without_an_answer_may_have_changed_something(account: Account) -> None:
    account.faults({"op": "CreateResourceDataSync", "do": "drop"})

    assert account.fails(MODULE, **SYNC)["changed"] is True


def test_the_sixth_sync_is_explained_by_the_service(account: Account) -> None:
    for number in range(5):
        account.run(MODULE, **SYNC | {"name": f"sync-{number}"})

    result = account.fails(MODULE, **SYNC)

    assert "ResourceDataSyncCountExceededException" in result["msg"]
    assert result["changed"] is False


def test_a_failed_run_is_a_warning(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.run(MODULE, **SYNC)
    real = account.simulator.execute

    def failing(operation: str, *args: Any) -> dict[str, Any]:
        answer = real(operation, *args)
        for sync in answer.get("ResourceDataSyncItems", ()):
            sync |= {"LastStatus": "Failed", "LastSyncStatusMessage": "Access denied to the bucket"}
        return answer

    monkeypatch.setattr(account.simulator, "execute", failing)
    result = account.run(MODULE, **SYNC)

    assert any("Access denied to the bucket" in text and "ssm.amazonaws.com" in text for text in result["warnings"])


def test_the_bucket_policy_lets_the_syncs_of_these_accounts_write(account: Account) -> None:
    statements = policy_of(account, {"prefix": "inventory", "accounts": ["210987654321", ACCOUNT]})

    write = statements["PatchfleetDataSyncWrite"]
    assert write["Principal"] == {"Service": "ssm.amazonaws.com"}
    assert write["Resource"] == [
        f"arn:aws:s3:::patching-output/inventory/*/accountid={one}/*" for one in (ACCOUNT, "210987654321")
    ]
    assert write["Condition"]["StringEquals"] == {
        "s3:x-amz-acl": "bucket-owner-full-control",
        "aws:SourceAccount": [ACCOUNT, "210987654321"],
    }
    assert write["Condition"]["ArnLike"]["aws:SourceArn"] == [
        f"arn:aws:ssm:*:{one}:resource-data-sync/*" for one in (ACCOUNT, "210987654321")
    ]
    assert statements["PatchfleetDataSyncCheck"]["Action"] == "s3:GetBucketAcl"
    assert "PatchfleetDataSyncTag" not in statements


def test_the_bucket_policy_lets_the_syncs_of_an_organization_write(account: Account) -> None:
    statements = policy_of(account, {"organization_id": "o-exampleorgid"})

    write = statements["PatchfleetDataSyncWrite"]
    assert write["Resource"] == "arn:aws:s3:::patching-output/*/accountid=*/*"
    assert write["Condition"]["StringEquals"]["s3:RequestObjectTag/OrgId"] == "o-exampleorgid"
    assert statements["PatchfleetDataSyncTag"]["Action"] == "s3:PutObjectTagging"


def test_without_data_sync_the_statements_go(account: Account) -> None:
    policy_of(account, {"organization_id": "o-exampleorgid"})

    assert set(policy_of(account, None)) == {"PatchfleetDenyWithoutTls"}


@pytest.mark.parametrize(
    ("data_sync", "text"),
    [
        ({"accounts": [ACCOUNT], "organization_id": "o-exampleorgid"}, "are mutually exclusive"),
        ({"accounts": ["1234"]}, "'1234' must have 12 digits"),
        ({"organization_id": "exampleorgid"}, "is not an organization ID"),
        ({"prefix": "patching"}, "is below the prefix of the output"),
        ({"prefix": "/patching/inventory"}, "is below the prefix of the output"),
    ],
)
def test_mistakes_of_data_sync(account: Account, data_sync: dict[str, Any], text: str) -> None:
    bucket = {"name": "patching-output", "data_sync": data_sync}

    assert any(text in one for one in account.refuses("patch_prerequisites", output_bucket=bucket))


def policy_of(account: Account, data_sync: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    bucket: dict[str, Any] = {"name": "patching-output", **({"data_sync": data_sync} if data_sync else {})}
    account.run("patch_prerequisites", output_bucket=bucket)
    assert account.run("patch_prerequisites", output_bucket=bucket)["changed"] is False
    document = account.run("patch_prerequisites", output_bucket={**bucket, "state": "absent"}, check=True)
    [shown] = document["diff"]
    return {one["Sid"]: one for one in shown["before"]["policy"]["Statement"]}
