# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module patch_prerequisites: it owns what it creates, and changes nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, Account
from ansible_collections.patchfleet.aws.tests.support.prerequisites import (
    ALL,
    BUCKET,
    DOCUMENT,
    RULE,
    TOPIC,
    TRUST,
    Hand,
)

MODULE = "patch_prerequisites"
NOTHING = {
    "service_role_arn": None,
    "notification_role_arn": None,
    "notification_topic_arn": None,
    "output_bucket": None,
    "output_bucket_arn": None,
    "output_prefix": None,
    "events_rule_arn": None,
}


def owned(option: str) -> dict[str, Any]:
    """The option alone, with what it refers to."""
    needed = {option: ALL[option]}
    if option in ("notification_role", "events_rule"):
        needed["notification_topic"] = {"arn": TOPIC}
    return needed


@pytest.fixture
def hand(account: Account) -> Hand:
    """Others in the account."""
    return Hand()


def test_everything_is_created_once_and_removed_once(account: Account, hand: Hand) -> None:
    predicted = account.run(MODULE, check=True, **ALL)
    made = account.run(MODULE, **ALL)
    again = account.run(MODULE, **ALL)

    assert made["changes"] == predicted["changes"]
    assert made["diff"] == predicted["diff"]
    assert made["prerequisites"] == predicted["prerequisites"]
    assert {change["action"] for change in made["changes"]} == {"create"}
    assert (again["changed"], again["diff"]) == (False, [])
    assert all(hand.state(option)["tags"]["patchfleet:setup"] == "patch-prerequisites" for option in ALL)
    removing = account.run(MODULE, check=True, state="absent", **ALL)
    removed = account.run(MODULE, state="absent", **ALL)
    assert removed["changes"] == removing["changes"]
    assert removed["prerequisites"] == NOTHING
    assert [hand.state(option) for option in ALL] == [None] * len(ALL)
    assert not account.run(MODULE, state="absent", **ALL)["changed"]


OWNERS = {
    "nobody": ({}, "belongs to no setup"),
    "other": ({"patchfleet:setup": "other"}, "belongs to the setup 'other'"),
    "stack": (
        {"patchfleet:setup": "patch-prerequisites", "aws:cloudformation:stack-id": "stack"},
        "CloudFormation stack stack",
    ),
}
# moto refuses tags of AWS on buckets, as S3 does to all but CloudFormation.
CASES = [(option, owner) for option in ALL for owner in OWNERS if (option, owner) != ("output_bucket", "stack")]


@pytest.mark.parametrize(("option", "owner"), CASES)
def test_what_is_not_its_own_is_refused_and_stays(account: Account, hand: Hand, option: str, owner: str) -> None:
    tags, text = OWNERS[owner]
    hand.create(option)
    if tags:
        hand.tag(option, tags)
    before = hand.state(option)

    told = account.refuses(MODULE, text, **owned(option))
    if owner == "nobody":
        left = account.run(MODULE, state="absent", **owned(option))
        assert not left["changed"]
        assert "belongs to no setup, so it was kept" in left["warnings"][0]
    else:
        account.refuses(MODULE, option, state="absent", **owned(option))

    assert "existing: true" in told[0]
    assert "take_over: true" in told[0]
    assert hand.state(option) == before


@pytest.mark.parametrize("option", ALL)
def test_what_is_taken_over_keeps_what_others_made_and_gets_it_back(account: Account, hand: Hand, option: str) -> None:
    hand.create(option)
    before = hand.state(option)

    taken = account.run(MODULE, take_over=True, **owned(option))
    during = hand.state(option)
    again = account.run(MODULE, **owned(option))
    given_back = account.run(MODULE, state="absent", **owned(option))
    assert not account.run(MODULE, state="absent", **owned(option))["changed"]

    assert [change["action"] for change in taken["changes"]] == ["update"]
    assert during["tags"]["patchfleet:taken-over"] == "true"
    assert not again["changed"]
    assert [change["action"] for change in given_back["changes"]] == ["withdraw"]
    assert "existed before" in given_back["warnings"][0]
    after = hand.state(option)
    # A key and a display name of the topic and tags of a role are declared, and nobody knows what they were.
    for declared in ("DisplayName", "KmsMasterKeyId"):
        before.pop(declared, None)
        after.pop(declared, None)
    after["tags"] = {key: value for key, value in after["tags"].items() if key != "team"}
    assert after == before


def test_a_bucket_that_is_taken_over_keeps_its_statements_and_rules(account: Account, hand: Hand) -> None:
    hand.create("output_bucket")

    account.run(MODULE, take_over=True, output_bucket=ALL["output_bucket"])

    state = hand.state("output_bucket")
    sids = [statement["Sid"] for statement in json.loads(state["policy"])["Statement"]]
    own = ["DenyWithoutTls", "WriteOutput", "OwnOutput", "FindEncryption"]
    assert sids == ["Own", *(f"Patchfleet{name}" for name in own)]
    assert [(rule["ID"], rule["Filter"]["Prefix"]) for rule in state["lifecycle"]] == [
        ("theirs", "logs/"),
        ("patchfleet-output", "patching/"),
    ]
    assert state["public"] is None


def test_a_rule_that_is_taken_over_keeps_its_pattern_and_the_run_says_so(account: Account, hand: Hand) -> None:
    hand.create("events_rule")

    taken = account.run(MODULE, take_over=True, **owned("events_rule"))

    assert json.loads(hand.state("events_rule")["EventPattern"]) == {"source": ["aws.ec2"]}
    assert "keeps the event pattern" in taken["warnings"][0]
    assert set(hand.state("events_rule")["targets"]) == {"theirs", "patchfleet-topic"}


def test_what_exists_is_used_and_left_alone(account: Account, hand: Hand) -> None:
    for option in ALL:
        hand.create(option)
    before = [hand.state(option) for option in ALL]
    existing = {option: {"name": declared["name"], "existing": True} for option, declared in ALL.items()}

    used = account.run(MODULE, **existing)
    left = account.run(MODULE, state="absent", **existing)

    assert not used["changed"]
    assert not left["changed"]
    assert used["prerequisites"]["events_rule_arn"] == RULE
    assert used["prerequisites"]["service_role_arn"] == f"arn:aws:iam::{ACCOUNT}:role/patching-windows"
    assert [hand.state(option) for option in ALL] == before


@pytest.mark.parametrize("option", ALL)
def test_what_is_declared_as_existing_and_is_not_there_is_refused(account: Account, hand: Hand, option: str) -> None:
    needed = {**owned(option), option: {"name": ALL[option]["name"], "existing": True}}

    told = account.refuses(MODULE, ALL[option]["name"], **needed)

    assert "omit existing to create it" in told[0]


def test_a_changed_declaration_changes_what_differs_and_nothing_else(account: Account, hand: Hand) -> None:
    account.run(MODULE, **ALL)
    hand.iam.update_role(
        RoleName="patching-windows", Description="Tasks of maintenance windows", MaxSessionDuration=7200
    )
    account.clear_log()
    changed = {
        **ALL,
        "service_role": {
            "name": "patching-windows",
            "description": "other",
            "tags": {"team": "b"},
            "documents": ["Own"],
        },
        "output_bucket": {**ALL["output_bucket"], "expiration_days": 7},
        "events_rule": {**ALL["events_rule"], "events": ["window"]},
    }

    predicted = account.run(MODULE, check=True, **changed)
    done = account.run(MODULE, **changed)

    assert done["changes"] == predicted["changes"]
    assert {change["name"]: change["fields"] for change in done["changes"]} == {
        "patching-windows": ["description", "policy", "tags"],
        "patching-output": ["lifecycle"],
        "patching-events": ["event_pattern"],
    }
    assert dict(account.calls(writes=True)) == {
        "TagRole": 1,
        "UpdateRole": 1,
        "PutRolePolicy": 1,
        "PutBucketLifecycleConfiguration": 1,
        "PutRule": 1,
    }
    assert hand.state("service_role")["MaxSessionDuration"] == 7200


def test_drift_is_put_right(account: Account, hand: Hand) -> None:
    account.run(MODULE, **ALL)
    hand.iam.update_assume_role_policy(RoleName="patching-windows", PolicyDocument=json.dumps(TRUST))
    hand.s3.delete_public_access_block(Bucket="patching-output")
    hand.events.disable_rule(Name="patching-events")
    hand.sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="DisplayName", AttributeValue="x")

    done = account.run(MODULE, **ALL)

    assert {change["name"]: change["fields"] for change in done["changes"]} == {
        "patching": ["display_name"],
        "patching-windows": ["trust_policy"],
        "patching-output": ["public_access_block"],
        "patching-events": ["state"],
    }
    assert not account.run(MODULE, **ALL)["changed"]


def test_the_diff_shows_policies_before_and_after(account: Account, hand: Hand) -> None:
    account.run(MODULE, service_role={"name": "patching-windows"})

    [diff] = account.run(MODULE, check=True, service_role={"name": "patching-windows", "documents": ["Own"]})["diff"]

    assert diff["before_header"] == "role patching-windows"
    documents = [side["policy"]["Statement"][1]["Resource"] for side in (diff["before"], diff["after"])]
    assert documents == [
        [
            "arn:aws:ssm:*::document/AWS-RunPatchBaseline",
            "arn:aws:ssm:*::document/AWS-RunPatchBaselineWithHooks",
        ],
        f"arn:aws:ssm:*:{ACCOUNT}:document/Own",
    ]


def test_a_boundary_comes_and_goes_and_is_kept_where_it_is_not_declared(account: Account, hand: Hand) -> None:
    # The documented policy does not allow to remove a boundary.
    account.documented = False
    document = json.dumps(DOCUMENT)
    arn = hand.iam.create_policy(PolicyName="bound", PolicyDocument=document)["Policy"]["Arn"]
    role = {"name": "patching-windows", "permissions_boundary": arn}

    account.run(MODULE, service_role=role)
    assert hand.state("service_role")["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    assert not account.run(MODULE, service_role={"name": "patching-windows"})["changed"]
    account.run(MODULE, service_role={**role, "permissions_boundary": ""})
    assert hand.state("service_role")["PermissionsBoundary"] is None


def test_a_bucket_with_objects_stays_in_check_mode_and_in_a_run(account: Account, hand: Hand) -> None:
    account.run(MODULE, output_bucket=ALL["output_bucket"])
    hand.s3.delete_bucket_policy(Bucket="patching-output")
    hand.s3.put_object(Bucket="patching-output", Key="patching/a", Body=b"x")

    for check in (True, False):
        kept = account.run(MODULE, check=check, state="absent", output_bucket=ALL["output_bucket"])
        assert not kept["changed"]
        assert kept["prerequisites"]["output_bucket"] == "patching-output"
        assert "contains objects and was kept" in kept["warnings"][0]
    hand.s3.delete_object(Bucket="patching-output", Key="patching/a")
    assert account.run(MODULE, state="absent", output_bucket=ALL["output_bucket"])["changed"]
    assert hand.state("output_bucket") is None


def test_a_bucket_that_is_filled_during_the_run_stays(account: Account, hand: Hand) -> None:
    account.run(MODULE, output_bucket=ALL["output_bucket"])
    account.faults({"op": "DeleteBucket", "service": "s3", "do": "BucketNotEmpty", "status": 409})

    kept = account.run(MODULE, state="absent", output_bucket=ALL["output_bucket"])

    assert "received objects during this run" in kept["warnings"][0]
    assert kept["prerequisites"]["output_bucket"] == "patching-output"


def test_the_bucket_of_another_account_is_an_error(account: Account, hand: Hand) -> None:
    account.faults({"op": "HeadBucket", "service": "s3", "do": "AccessDenied", "status": 403})

    failed = account.fails(MODULE, output_bucket=ALL["output_bucket"])

    assert "Another account owns this name" in failed["msg"]
    assert "Nothing was written" in failed["msg"]


def test_every_call_for_the_bucket_names_the_owner_that_is_expected(account: Account, hand: Hand) -> None:
    account.run(MODULE, output_bucket=ALL["output_bucket"])
    account.run(MODULE, output_bucket={**ALL["output_bucket"], "expiration_days": 1})
    account.run(MODULE, state="absent", output_bucket=ALL["output_bucket"])

    sent = [request for request in account.requests if ".s3." in request.url]
    # S3 creates no bucket for an expected owner; it is the caller's.
    unnamed = [request.method for request in sent if "x-amz-expected-bucket-owner" not in request.headers]
    assert unnamed == ["PUT"]


def test_a_role_to_which_others_attached_something_is_not_removed(account: Account, hand: Hand) -> None:
    account.run(MODULE, service_role=ALL["service_role"])
    hand.iam.put_role_policy(
        RoleName="patching-windows",
        PolicyName="more",
        PolicyDocument=json.dumps(DOCUMENT),
    )

    told = account.refuses(MODULE, "inline policy more", state="absent", service_role=ALL["service_role"])

    assert "detach them first" in told[0]
    assert "patchfleet" in hand.state("service_role")["policies"]


def test_what_others_attached_to_an_own_role_is_told(account: Account, hand: Hand) -> None:
    account.run(MODULE, service_role=ALL["service_role"])
    assert not account.warnings
    hand.iam.put_role_policy(RoleName="patching-windows", PolicyName="more", PolicyDocument=json.dumps(DOCUMENT))
    hand.iam.attach_role_policy(
        RoleName="patching-windows",
        PolicyArn=hand.iam.create_policy(PolicyName="wide", PolicyDocument=json.dumps(DOCUMENT))["Policy"]["Arn"],
    )

    told = account.run(MODULE, service_role=ALL["service_role"])

    assert not told["changed"]
    [text] = told["warnings"]
    assert "role patching-windows also has inline policy more, managed policy wide" in text


def test_a_role_under_another_path_is_refused(account: Account, hand: Hand) -> None:
    account.run(MODULE, service_role={"name": "patching-windows", "path": "/a/"})

    told = account.refuses(MODULE, service_role={"name": "patching-windows"})

    assert told == [
        "service_role.path: the role patching-windows has the path '/a/', not '/', and IAM cannot change it;"
        " specify path: /a/"
    ]


def test_a_failure_says_what_is_done_and_what_was_not_attempted(account: Account, hand: Hand) -> None:
    account.faults({"op": "PutRolePolicy", "service": "iam", "do": "AccessDenied", "status": 403})

    failed = account.fails(MODULE, **ALL)

    assert failed["msg"].startswith("role patching-notifications (create): iam:PutRolePolicy failed")
    assert "CreateRole completed before the failure" in failed["msg"]
    assert "Not attempted: role patching-windows, bucket patching-output, rule patching-events." in failed["msg"]
    assert failed["changed"]
    assert [change["name"] for change in failed["changes"]] == ["patching"]
    assert [change["name"] for change in failed["errors"]] == ["patching-notifications"]
    assert len(failed["not_attempted"]) == 3
    account.faults()
    account.run(MODULE, **ALL)
    assert not account.run(MODULE, **ALL)["changed"]


def test_a_bucket_that_cannot_be_tagged_is_taken_back(account: Account, hand: Hand) -> None:
    account.faults({"op": "PutBucketTagging", "service": "s3", "do": "AccessDenied", "status": 403})

    failed = account.fails(MODULE, output_bucket=ALL["output_bucket"])

    assert "s3:PutBucketTagging failed" in failed["msg"]
    assert not failed["changed"]
    assert hand.state("output_bucket") is None


def test_a_target_that_eventbridge_refuses_is_an_error(
    account: Account, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.events.models import EventsBackend

    def refused(*_args: Any, **_options: Any) -> None:
        from moto.events.exceptions import ResourceNotFoundException

        raise ResourceNotFoundException("no such target")

    monkeypatch.setattr(EventsBackend, "put_targets", refused)

    failed = account.fails(MODULE, **owned("events_rule"))

    assert "rule patching-events (create): events:PutTargets failed" in failed["msg"]


def test_all_mistakes_are_reported_at_once(account: Account, hand: Hand) -> None:
    told = account.refuses(
        MODULE,
        service_role={"name": "a", "arn": "arn:aws:iam::123456789012:role/a", "task_types": ["LAMBDA"]},
        notification_role={"name": "b", "path": "b", "tags": {"patchfleet:setup": "x"}},
        output_bucket={"arn": "arn:aws:s3:::output", "state": "absent", "expiration_days": -1},
        events_rule={"name": "d", "events": ["window"], "detail_types": ["e"]},
        setup="",
    )

    starts = [text.partition(" ")[0] for text in told]
    assert starts == [
        "notification_role.tags:",
        "notification_role.path:",
        "service_role:",
        "output_bucket.state:",
        "output_bucket.expiration_days:",
        "events_rule:",
        "notification_role:",
        "events_rule:",
        "setup:",
    ]


def test_the_credentials_of_another_account_are_refused(account: Account, hand: Hand) -> None:
    failed = account.fails(MODULE, account_id="210987654321", **ALL)

    assert f"belong to account {ACCOUNT}, not to 210987654321" in failed["msg"]
    assert [call["op"] for call in account.simulator.log()] == ["GetCallerIdentity"]


def test_nothing_declared_is_an_error(account: Account, hand: Hand) -> None:
    account.refuses(MODULE, "no resources are declared")


def test_a_rule_cannot_publish_to_a_topic_under_the_key_of_aws(account: Account, hand: Hand) -> None:
    account.refuses(
        MODULE,
        "notification_topic.kms_key: EventBridge cannot publish",
        notification_topic={"name": "patching"},
        events_rule=ALL["events_rule"],
    )


def test_policies_name_the_account_and_allow_no_wildcard_action(account: Account, hand: Hand) -> None:
    everything = {
        **ALL,
        "service_role": {
            "name": "patching-windows",
            "task_types": ["RUN_COMMAND", "AUTOMATION", "LAMBDA", "STEP_FUNCTIONS"],
            "runbooks": ["Own"],
            "lambda_functions": ["f"],
            "state_machines": ["m"],
        },
    }
    account.run(MODULE, **everything)

    documents = [
        hand.state("service_role")["policies"]["patchfleet"],
        hand.state("notification_role")["policies"]["patchfleet"],
        hand.state("notification_topic")["policy"],
        json.loads(hand.state("output_bucket")["policy"]),
    ]
    allowed = [one for document in documents for one in document["Statement"] if one["Effect"] == "Allow"]
    denied = [one for document in documents for one in document["Statement"] if one["Effect"] == "Deny"]
    assert not [one for one in allowed if "*" in json.dumps(one["Action"])]
    assert sorted(one["Sid"] for one in allowed if one["Resource"] == "*") == ["FindTargets", "FollowCommands"]
    assert not [one for one in allowed if one.get("Principal") == "*"]
    assert all(one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} for one in denied)
    by_sid = {one["Sid"]: one for one in allowed}
    assert by_sid["PassRoles"]["Resource"] == f"arn:aws:iam::{ACCOUNT}:role/patching-notifications"
    assert by_sid["PassRoles"]["Condition"] == {"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}
    assert by_sid["PatchfleetPublishEvents"]["Condition"]["ArnEquals"] == {"aws:SourceArn": RULE}
    assert by_sid["PatchfleetWriteOutput"]["Resource"] == f"{BUCKET}/patching/*"
    assert by_sid["PatchfleetOwnOutput"]["Condition"] == {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    for option in ("service_role", "notification_role"):
        [trust] = hand.state(option)["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Condition"] == {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ssm:*:{ACCOUNT}:*"},
        }


def test_a_write_that_nobody_answers_is_reported_as_not_known(account: Account, hand: Hand) -> None:
    account.faults({"op": "PutRolePolicy", "service": "iam", "do": "lost"})

    failed = account.fails(MODULE, service_role=ALL["service_role"])

    assert "it is unknown whether this was done" in failed["msg"]
    assert failed["changed"]
    assert "patchfleet" in hand.state("service_role")["policies"]


def test_a_write_that_s3_refuses_is_not_in_doubt(account: Account, hand: Hand) -> None:
    account.faults({"op": "CreateBucket", "service": "s3", "do": "InvalidBucketName", "status": 400})

    failed = account.fails(MODULE, output_bucket=ALL["output_bucket"])

    assert "is not known" not in failed["msg"]
    assert not failed["changed"]
