# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""patch_prerequisites: values that would widen a policy, or that AWS refuses, are refused before anything is called."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.prerequisites import ALL, RULE, TOPIC, Hand

MODULE = "patch_prerequisites"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app/web-nodes"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture
def hand(account: Account) -> Hand:
    """Others in the account."""
    return Hand()


def refused(account: Account, option: str, **values: Any) -> list[str]:
    """The mistakes in one resource; nothing may be called for them."""
    account.clear_log()
    own = {"name": ALL[option]["name"], **values}
    if "arn" in values:
        del own["name"]
    topic = {} if option == "notification_topic" else {"notification_topic": {"arn": TOPIC}}
    told = account.refuses(MODULE, **{option: own}, **topic)
    assert account.simulator.log() == []
    return told


# Of each option: what widens a policy, and what is no value of this kind.
LISTS = [
    ("service_role", "pass_roles", {}),
    ("service_role", "documents", {}),
    ("service_role", "runbooks", {"task_types": ["AUTOMATION"]}),
    ("service_role", "lambda_functions", {"task_types": ["LAMBDA"]}),
    ("service_role", "state_machines", {"task_types": ["STEP_FUNCTIONS"]}),
    ("output_bucket", "writer_roles", {}),
]
EVIL = ["*", "web-*", "arn:aws:iam::*:role/x", "${aws:username}", "arn:aws:iam::123456789012:root", "a b", "x\nab"]


@pytest.mark.parametrize("value", EVIL, ids=repr)
@pytest.mark.parametrize(("option", "name", "beside"), LISTS, ids=lambda value: str(value)[:20])
def test_a_list_takes_no_wildcard_and_no_garbage(
    account: Account, option: str, name: str, beside: dict[str, Any], value: str
) -> None:
    (told,) = refused(account, option, **{name: [value], **beside})

    assert told.startswith(f"{option}.{name}[0]: {value!r} is not the ")
    assert ("list each one" in told) == any(mark in value for mark in ("*", "${"))


@pytest.mark.parametrize("value", ["", " "], ids=repr)
@pytest.mark.parametrize(("option", "name", "beside"), LISTS, ids=lambda value: str(value)[:20])
def test_a_list_takes_no_empty_entry(
    account: Account, option: str, name: str, beside: dict[str, Any], value: str
) -> None:
    assert refused(account, option, **{name: [value], **beside}) == [f"{option}.{name}[0]: is empty; remove it"]


@pytest.mark.parametrize("value", ["garbage", "*", "arn:aws:*:*:*:*", ROLE.replace(ACCOUNT, "*"), TOPIC + "*", " "])
@pytest.mark.parametrize("option", ALL)
def test_an_arn_is_that_of_one_resource_of_its_type(account: Account, option: str, value: str) -> None:
    assert refused(account, option, arn=value)[0].startswith(f"{option}.arn: {value!r} is not the ARN of a ")


SCALARS = [
    ("service_role", "path", ["", "app", "/*/", "/a b/", "//"]),
    ("service_role", "permissions_boundary", ["*", "boundary", f"arn:aws:iam::{ACCOUNT}:policy/*", ROLE]),
    ("service_role", "description", ["x" * 1001, "\u202eevil"]),
    ("notification_topic", "kms_key", ["*", "alias/*", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*", "key", " "]),
    ("notification_topic", "display_name", ["x" * 101, "a\nb"]),
    ("output_bucket", "kms_key", ["*", "alias/*", "arn:aws:kms:::x"]),
    ("output_bucket", "prefix", ["*", "a/*", "a?", "${aws:username}", "a b", "x" * 501, "a\u2028b"]),
    ("events_rule", "description", ["x" * 513]),
]
MISTAKES = [(option, name, value) for option, name, values in SCALARS for value in values]


@pytest.mark.parametrize(("option", "name", "value"), MISTAKES, ids=lambda value: repr(value)[:20])
def test_a_value_takes_no_wildcard_and_no_garbage(account: Account, option: str, name: str, value: str) -> None:
    (told,) = refused(account, option, **{name: value})

    assert told.startswith(f"{option}.{name}: ")
    assert " is not " in told
    assert len(told) < 250


@pytest.mark.parametrize("prefix", ["", "/", " ", "//", " / "])
@pytest.mark.parametrize("take_over", [True, False])
def test_no_bucket_is_without_a_prefix_since_everything_in_it_would_expire(
    account: Account, prefix: str, take_over: bool
) -> None:
    bucket = {**ALL["output_bucket"], "prefix": prefix}

    (told,) = account.refuses(MODULE, "output_bucket.prefix: is empty", take_over=take_over, output_bucket=bucket)

    assert "all objects in the bucket would expire" in told
    assert account.simulator.log() == []


@pytest.mark.parametrize("sync", [{"prefix": "*"}, {"prefix": "a?"}, {"accounts": ["*"]}, {"organization_id": "o-*"}])
def test_a_data_sync_takes_no_wildcard(account: Account, sync: dict[str, Any]) -> None:
    (told,) = refused(account, "output_bucket", data_sync=sync)

    assert "list each one" in told


@pytest.mark.parametrize(
    "tags", [{"": "x"}, {"a*": "x"}, {"a": "\x1b[31m"}, {"a": "x" * 257}, {"a\u202eb": "x"}], ids=repr
)
@pytest.mark.parametrize("option", ALL)
def test_tags_are_those_that_every_service_takes(account: Account, option: str, tags: dict[str, str]) -> None:
    assert refused(account, option, tags=tags)[0].startswith(f"{option}.tags: ")


@pytest.mark.parametrize("setup", ["", " ", "*", "a\nb", "x" * 257], ids=repr)
def test_the_name_of_the_setup_is_a_value_of_a_tag(account: Account, setup: str) -> None:
    account.refuses(MODULE, "setup: ", setup=setup, service_role=ALL["service_role"])
    assert account.simulator.log() == []


ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
STATEMENTS = [
    ({**ALLOW, "Action": "*"}, "'*' allows a whole service"),
    ({**ALLOW, "Action": ["s3:GetObject", "iam:*"]}, "'iam:*' allows a whole service"),
    ({**ALLOW, "Action": "s3:?*"}, "'s3:?*' allows a whole service"),
    ({**ALLOW, "Action": "iam:PassRole", "Resource": "*"}, "iam:PassRole on '*' includes roles"),
    ({**ALLOW, "Action": "iam:Pass*", "Resource": "arn:aws:iam::1:role/*"}, "iam:Pass* on"),
    ({**ALLOW, "Action": "STS:AssumeRole", "Resource": ["*"]}, "STS:AssumeRole on '*'"),
    ({**ALLOW, "Action": "sts:AssumeRole", "Resource": ["arn:aws:iam::1:role/a*", "*"]}, "on 'arn:aws:iam::1:role/a*'"),
    ({"Effect": "Allow", "NotAction": "iam:x", "Resource": "*"}, "NotAction allows everything except what it names"),
    ({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "*"}, "NotResource allows everything"),
    ({**ALLOW, "Action": ""}, "specify either Action or NotAction"),
    ({**ALLOW, "Action": "GetObject"}, "'GetObject' is not an action"),
    ({**ALLOW, "Resource": "b"}, "'b' is not the ARN of a resource"),
    ({**ALLOW, "Effect": "allow"}, "Effect must be Allow or Deny"),
    ({**ALLOW, "Principal": "*"}, "Principal is not allowed"),
    ({**ALLOW, "Sid": "a b"}, "Sid 'a b' may contain only letters and digits"),
    ({**ALLOW, "Condition": "x"}, "Condition must be a dictionary"),
]


@pytest.mark.parametrize(("statement", "text"), STATEMENTS, ids=[text for _statement, text in STATEMENTS])
def test_a_statement_names_what_it_allows(account: Account, statement: dict[str, Any], text: str) -> None:
    (told,) = refused(account, "service_role", policy_statements=[ALLOW, statement])

    assert told.startswith("service_role.policy_statements[1]: ")
    assert text in told


def test_two_statements_of_one_sid_are_refused(account: Account) -> None:
    (told,) = refused(account, "service_role", policy_statements=[{**ALLOW, "Sid": "FindTargets"}])

    assert "'FindTargets' is the Sid of two statements" in told


def test_a_task_type_needs_what_it_runs(account: Account) -> None:
    (told,) = refused(account, "service_role", documents=[])
    assert told.startswith("service_role.task_types: RUN_COMMAND requires documents")
    (told,) = refused(account, "events_rule", events=[])
    assert told.startswith("events_rule.events: is empty")


def test_all_mistakes_are_told_at_once(account: Account) -> None:
    told = account.refuses(
        MODULE,
        setup="*",
        service_role={"name": "*", "path": "/*/", "pass_roles": ["*", ""], "documents": ["AWS-*"]},
        notification_topic={"arn": "garbage"},
        output_bucket={"name": "192.168.5.4", "prefix": "*", "writer_roles": ["*"]},
    )

    assert [text.partition(":")[0] for text in told] == [
        "notification_topic.arn",
        "service_role.name",
        "service_role.path",
        "service_role.documents[0]",
        "service_role.pass_roles[1]",
        "service_role.pass_roles[0]",
        "output_bucket.name",
        "output_bucket.prefix",
        "output_bucket.writer_roles[0]",
        "setup",
    ]


@pytest.mark.parametrize("mode", [{"existing": True}, {"state": "absent"}])
@pytest.mark.parametrize("option", ALL)
def test_a_name_is_one_name_also_where_the_resource_is_used_or_removed(
    account: Account, option: str, mode: dict[str, Any]
) -> None:
    assert refused(account, option, name="a*", **mode)[0].startswith(f"{option}.name: 'a*' is not a valid name")


NARROW = [
    {**ALLOW, "Action": ["s3:Get*"]},
    {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"},
    {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b/*"},
    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE, "Sid": "Own"},
]


def test_everything_that_names_one_thing_is_taken(account: Account, hand: Hand) -> None:
    document = f"arn:aws-us-gov:ssm:us-gov-west-1:{ACCOUNT}:document/Own.Patch_1"
    role = {
        "name": "patching-windows",
        "path": "/patching/service/",
        "task_types": ["RUN_COMMAND", "AUTOMATION", "LAMBDA", "STEP_FUNCTIONS"],
        "documents": ["AWS-RunPatchBaseline", document, "arn:aws:ssm:eu-west-1::document/AWS-RunPatchBaseline"],
        "runbooks": ["Own", f"arn:aws:ssm:eu-west-1:{ACCOUNT}:automation-definition/Own:$DEFAULT"],
        "lambda_functions": ["f", "g:live", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:h:1"],
        "state_machines": ["m", f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:n"],
        "pass_roles": [ROLE],
        "policy_statements": NARROW,
    }
    bucket = {
        "name": "patching-output",
        "prefix": "/a/b.c=d+e/",
        "writer_roles": ["web", "app/db", ROLE],
        "kms_key": KEY,
    }
    rule = {"name": "patching-events", "detail_types": ["Own Change"], "tags": {"Größe": "a b/c"}}

    account.run(
        MODULE,
        setup="Team 7/patching",
        service_role=role,
        output_bucket=bucket,
        events_rule=rule,
        notification_topic={"arn": TOPIC, "kms_key": KEY},
        notification_role={"name": "patching-notifications", "permissions_boundary": ""},
    )

    policy = hand.state("service_role")["policies"]["patchfleet"]
    (functions,) = [one["Resource"] for one in policy["Statement"] if one.get("Sid") == "InvokeFunctions"]
    assert [name for name in functions if name.endswith(":*")] == [f"arn:aws:lambda:*:{ACCOUNT}:function:f:*"]
    stored = hand.state("output_bucket")
    # Without a bucket key, each object would cost a request to KMS.
    [encryption] = stored["encryption"]["Rules"]
    assert encryption["BucketKeyEnabled"]
    (rule_of_life,) = stored["lifecycle"]
    assert rule_of_life["Filter"] == {"Prefix": "a/b.c=d+e/"}


@pytest.mark.parametrize(
    ("option", "arn"),
    [
        ("service_role", "arn:aws:iam::123456789012:role/service-role/old"),
        ("notification_topic", TOPIC + ".fifo"),
        ("output_bucket", "arn:aws-cn:s3:::Old_Bucket"),
        ("events_rule", RULE),
        ("events_rule", RULE.replace("rule/", "rule/own-bus/")),
    ],
)
def test_arns_of_what_exists_are_taken(account: Account, option: str, arn: str) -> None:
    topic = {} if option == "notification_topic" else {"notification_topic": {"arn": TOPIC}}
    used = account.run(MODULE, **{option: {"arn": arn}}, **topic)

    assert not used["changed"]
    assert arn in json.dumps(used["prerequisites"])
