# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""patch_prerequisites: names that AWS refuses, and what others keep under the names that the collection uses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.prerequisites import ALL, BUCKET, DOCUMENT, TOPIC, Hand

MODULE = "patch_prerequisites"


def owned(option: str) -> dict[str, Any]:
    """The option alone, with the topic that a notification role refers to."""
    topic = {"notification_topic": {"arn": TOPIC}} if option == "notification_role" else {}
    return {option: ALL[option], **topic}


@pytest.fixture
def hand(account: Account) -> Hand:
    """Others in the account."""
    return Hand()


@pytest.mark.parametrize("prefix", ["", "/", " "])
def test_a_bucket_of_others_is_not_taken_over_without_a_prefix(account: Account, hand: Hand, prefix: str) -> None:
    hand.create("output_bucket")
    before = hand.state("output_bucket")

    account.refuses(
        MODULE,
        "output_bucket.prefix: is empty",
        take_over=True,
        output_bucket={**ALL["output_bucket"], "prefix": prefix},
    )
    assert hand.state("output_bucket") == before


def _policy_of_others(hand: Hand, option: str) -> None:
    statement = {"Sid": "PatchfleetWriteOutput", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/x"}
    if option == "output_bucket":
        document = json.dumps({**DOCUMENT, "Statement": [{**statement, "Principal": "*"}]})
        hand.s3.put_bucket_policy(Bucket=ALL[option]["name"], Policy=document)
    else:
        document = json.dumps({**DOCUMENT, "Statement": [statement]})
        hand.iam.put_role_policy(RoleName=ALL[option]["name"], PolicyName="patchfleet", PolicyDocument=document)


@pytest.mark.parametrize("option", ["service_role", "notification_role", "output_bucket"])
def test_a_policy_of_others_under_a_name_of_the_collection_stays(account: Account, hand: Hand, option: str) -> None:
    hand.create(option)
    _policy_of_others(hand, option)
    before = hand.state(option)

    account.refuses(MODULE, f"{option}: ", "its policy has a part", take_over=True, **owned(option))
    assert hand.state(option) == before


@pytest.mark.parametrize("option", ["service_role", "notification_role", "output_bucket"])
def test_absent_takes_nothing_back_from_what_it_never_took(account: Account, hand: Hand, option: str) -> None:
    hand.create(option)
    _policy_of_others(hand, option)
    before = hand.state(option)

    left = account.run(MODULE, state="absent", take_over=True, **owned(option))
    assert not left["changed"]
    assert "belongs to no setup, so it was kept" in left["warnings"][0]
    assert hand.state(option) == before


def test_a_resource_that_lost_its_tags_can_be_taken_over_again(account: Account, hand: Hand) -> None:
    account.run(MODULE, output_bucket=ALL["output_bucket"])
    hand.tag("output_bucket", {})

    account.run(MODULE, take_over=True, output_bucket=ALL["output_bucket"])
    assert hand.state("output_bucket")["tags"]["patchfleet:setup"] == "patch-prerequisites"


def test_a_topic_that_is_taken_over_forgets_a_rule_that_is_declared_no_more(account: Account, hand: Hand) -> None:
    hand.create("notification_topic")
    topic = {"notification_topic": {"name": "patching", "kms_key": ""}}
    account.run(MODULE, take_over=True, **topic, events_rule=ALL["events_rule"])
    assert "PatchfleetPublishEvents" in json.dumps(hand.state("notification_topic")["policy"])

    account.run(MODULE, **topic)

    sids = [one.get("Sid") for one in hand.state("notification_topic")["policy"]["Statement"]]
    assert "PatchfleetPublishEvents" not in sids
    assert "PatchfleetDenyWithoutTls" in sids
    assert not account.run(MODULE, **topic)["changed"]


WRONG_NAMES = [
    ("service_role", "a b"),
    ("notification_role", "x" * 65),
    ("service_role", "arn:aws:iam::123456789012:role/x"),
    ("notification_topic", "patching.fifo"),
    ("output_bucket", "My_Bucket"),
    ("output_bucket", "s3://bucket/prefix"),
    ("output_bucket", "ab"),
    ("events_rule", "a b"),
]


@pytest.mark.parametrize(("option", "name"), WRONG_NAMES)
def test_a_name_that_aws_refuses_is_refused_in_check_mode(account: Account, option: str, name: str) -> None:
    topic = {"notification_topic": {"arn": TOPIC}} if option in ("notification_role", "events_rule") else {}

    account.refuses(MODULE, f"{option}.name: {name!r} is not a valid name", **{option: {"name": name}}, **topic)
