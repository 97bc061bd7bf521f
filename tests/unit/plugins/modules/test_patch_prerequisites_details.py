# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""patch_prerequisites: defaults, the conditions of permissions, and what a failure or a removal leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.prerequisites import ALL, TOPIC, Hand
from moto.events.responses import EventsHandler

MODULE = "patch_prerequisites"
NAME, BUCKET = "patching-output", ALL["output_bucket"]


@pytest.fixture
def hand(account: Account) -> Hand:
    """Others in the account."""
    return Hand()


def test_output_expires_after_90_days_by_default(account: Account, hand: Hand) -> None:
    account.run(MODULE, output_bucket=BUCKET)

    [rule] = hand.state("output_bucket")["lifecycle"]
    assert rule["Expiration"] == {"Days": 90}
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_a_bucket_with_nothing_but_delete_markers_is_kept(account: Account, hand: Hand) -> None:
    account.run(MODULE, output_bucket=BUCKET)
    hand.s3.delete_bucket_policy(Bucket=NAME)
    hand.s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    version = hand.s3.put_object(Bucket=NAME, Key="patching/a", Body=b"x")["VersionId"]
    hand.s3.delete_object(Bucket=NAME, Key="patching/a")
    hand.s3.delete_object(Bucket=NAME, Key="patching/a", VersionId=version)

    kept = account.run(MODULE, check=True, state="absent", output_bucket=BUCKET)

    assert "contains objects and was kept" in kept["warnings"][0]


def test_a_key_is_set_even_if_the_bucket_is_taken_over(account: Account, hand: Hand) -> None:
    hand.create("output_bucket")

    account.run(MODULE, take_over=True, output_bucket={**BUCKET, "kms_key": "alias/patching"})

    [rule] = hand.state("output_bucket")["encryption"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == "alias/patching"


def test_a_bucket_in_the_first_region_has_no_location_constraint(account: Account, hand: Hand) -> None:
    assert account.run(MODULE, region="us-east-1", output_bucket=BUCKET)["changed"]


def test_a_bucket_whose_configuration_fails_is_not_deleted(account: Account, hand: Hand) -> None:
    account.faults({"op": "PutBucketPolicy", "service": "s3", "do": "AccessDenied", "status": 403})

    failed = account.fails(MODULE, output_bucket=BUCKET)

    assert failed["changed"]
    assert hand.state("output_bucket")["tags"] == {"patchfleet:setup": "patch-prerequisites"}


def test_commands_use_the_key_of_the_topic_by_its_alias_only(account: Account, hand: Hand) -> None:
    account.run(MODULE, **ALL)

    statements = hand.state("notification_role")["policies"]["patchfleet"]["Statement"]
    [use] = [one for one in statements if one["Sid"] == "UseKeyOfTopic"]
    assert use["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/patching"}}


def test_a_role_in_an_instance_profile_is_not_removed(account: Account, hand: Hand) -> None:
    role = ALL["service_role"]
    account.run(MODULE, service_role=role)
    hand.iam.create_instance_profile(InstanceProfileName="nodes")
    hand.iam.add_role_to_instance_profile(InstanceProfileName="nodes", RoleName=role["name"])

    account.refuses(MODULE, "instance profile nodes", state="absent", service_role=role)
    assert account.run(MODULE, service_role=role).get("warnings", []) == []


def test_removal_is_the_reverse_of_creation(account: Account, hand: Hand) -> None:
    made = account.run(MODULE, **ALL)["changes"]
    gone = account.run(MODULE, state="absent", **ALL)["changes"]

    assert [one["name"] for one in gone] == [one["name"] for one in reversed(made)]


def test_a_target_that_fails_in_a_successful_response_is_an_error(
    account: Account, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"TargetId": "patchfleet-topic", "ErrorCode": "LimitExceeded", "ErrorMessage": "too many targets"}

    def failing(_self: Any) -> str:
        return json.dumps({"FailedEntryCount": 1, "FailedEntries": [entry]})

    monkeypatch.setattr(EventsHandler, "put_targets", failing)

    failed = account.fails(MODULE, events_rule=ALL["events_rule"], notification_topic={"arn": TOPIC})

    assert "LimitExceeded" in failed["msg"]
    assert "PutRule completed before the failure" in failed["msg"]


def test_a_rule_on_a_schedule_is_refused(account: Account, hand: Hand) -> None:
    hand.events.put_rule(Name=ALL["events_rule"]["name"], ScheduleExpression="rate(1 day)")

    rule = {"events_rule": ALL["events_rule"], "notification_topic": {"arn": TOPIC}}
    account.refuses(MODULE, "runs on a schedule", take_over=True, **rule)


def test_a_rule_sends_changes_of_compliance_by_default(account: Account, hand: Hand) -> None:
    account.run(MODULE, events_rule=ALL["events_rule"], notification_topic={"arn": TOPIC})

    pattern = json.loads(hand.state("events_rule")["EventPattern"])
    assert "Configuration Compliance State Change" in pattern["detail-type"]


def test_a_topic_that_is_taken_over_keeps_its_key(account: Account, hand: Hand) -> None:
    hand.create("notification_topic")
    hand.sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue="alias/theirs")

    account.run(MODULE, take_over=True, notification_topic={"name": "patching"})

    assert hand.state("notification_topic")["KmsMasterKeyId"] == "alias/theirs"


def test_output_that_does_not_expire(account: Account, hand: Hand) -> None:
    account.run(MODULE, output_bucket={**BUCKET, "expiration_days": 0})

    [rule] = hand.state("output_bucket")["lifecycle"]
    assert "Expiration" not in rule


def test_a_prefix_of_syncs_may_begin_like_that_of_the_output(account: Account, hand: Hand) -> None:
    assert account.run(MODULE, output_bucket={**BUCKET, "data_sync": {"prefix": "patching-inventory"}})["changed"]


def test_only_run_command_passes_the_role_of_notifications(account: Account, hand: Hand) -> None:
    role = {**ALL["service_role"], "task_types": ["AUTOMATION"], "runbooks": ["Own"]}
    account.run(MODULE, **{**ALL, "service_role": role})

    statements = hand.state("service_role")["policies"]["patchfleet"]["Statement"]
    assert "PassRoles" not in [one["Sid"] for one in statements]


def test_the_state_of_the_module_takes_precedence(account: Account, hand: Hand) -> None:
    bucket = {**BUCKET, "state": "present"}
    account.run(MODULE, output_bucket=bucket)
    account.run(MODULE, state="absent", output_bucket=bucket)

    assert hand.state("output_bucket") is None


def test_a_creation_without_a_response_may_have_changed_something(account: Account, hand: Hand) -> None:
    account.faults({"op": "CreateTopic", "service": "sns", "do": "lost"})

    assert account.fails(MODULE, notification_topic=ALL["notification_topic"])["changed"]


@pytest.mark.parametrize(("more", "kept"), [({}, False), ({"purge_tags": True}, False), ({"purge_tags": False}, True)])
def test_tags_that_are_not_listed_are_removed_by_default(
    account: Account, hand: Hand, more: dict[str, Any], kept: bool
) -> None:
    account.run(MODULE, service_role=ALL["service_role"])
    account.run(MODULE, service_role={**ALL["service_role"], "tags": {"env": "prod"}, **more})

    assert ("team" in hand.state("service_role")["tags"]) is kept
