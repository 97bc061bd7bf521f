# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key of a notification topic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import REGION, Account
from moto import mock_aws

MODULE = "sns_topic_encryption"
pytestmark = pytest.mark.parametrize("profile", ["strict"], indirect=True)


@pytest.fixture
def topics(account: Account) -> Iterator[Any]:
    """A client of a topic service beside the account."""
    with mock_aws():
        assert account
        yield boto3.client("sns", region_name=REGION)


def _key(topics: Any, topic: str) -> str:
    return str(topics.get_topic_attributes(TopicArn=topic)["Attributes"].get("KmsMasterKeyId", ""))


def test_a_key_is_set_changed_and_kept(account: Account, topics: Any) -> None:
    topic = topics.create_topic(Name="patching")["TopicArn"]
    stored = ""
    for key in ("alias/one", "alias/two"):
        predicted = account.run(MODULE, check=True, topic_arn=topic, kms_key=key)
        assert _key(topics, topic) == stored
        done = account.run(MODULE, topic_arn=topic, kms_key=key)
        assert predicted["changed"] is done["changed"] is True
        assert predicted["diff"] == done["diff"]
        assert done["diff"][0]["before"] == {"kms_key": stored}
        assert _key(topics, topic) == done["kms_key"] == key
        stored = key

    again = account.run(MODULE, topic_arn=topic, kms_key=stored)
    assert not again["changed"]
    assert again["diff"] == []


def test_a_topic_that_is_not_there(account: Account, topics: Any) -> None:
    topic = f"arn:aws:sns:{REGION}:123456789012:missing"

    assert account.run(MODULE, check=True, topic_arn=topic, kms_key="alias/one")["changed"]
    failed = account.fails(MODULE, topic_arn=topic, kms_key="alias/one")
    assert topic in failed["msg"]
    assert topics.list_topics()["Topics"] == []
