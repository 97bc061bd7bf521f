# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module sns_topic_encryption, against moto's SNS."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import boto3
import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.patchfleet.aws.plugins.modules import sns_topic_encryption
from moto import mock_aws

REGION = "eu-central-1"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:patching"
CREDENTIALS = {"access_key": "testing", "secret_key": "testing", "region": REGION}


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """SNS in an empty account."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("sns", region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


def outcome(key: str, *, check: bool = False) -> dict[str, Any]:
    """What the module prints."""
    given = {"topic_arn": TOPIC, "kms_key": key, **CREDENTIALS, "_ansible_check_mode": check}
    printed = io.StringIO()
    with patch_module_args(given), redirect_stdout(printed), pytest.raises(SystemExit):
        sns_topic_encryption.main()
    result: dict[str, Any] = json.loads(printed.getvalue())
    return result


def stored(sns: Any) -> str:
    """The key that SNS has for the topic."""
    return str(sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"].get("KmsMasterKeyId", ""))


def test_a_topic_that_is_not_there_is_predicted_in_check_mode_and_refused_in_a_run(sns: Any) -> None:
    predicted = outcome("alias/patching", check=True)
    assert (predicted["changed"], predicted["kms_key"]) == (True, "alias/patching")
    refused = outcome("alias/patching")
    assert refused["failed"]
    assert f"There is no topic {TOPIC}" in refused["msg"]
    assert not sns.list_topics()["Topics"]


def test_the_key_is_set_once_and_cleared_once(sns: Any) -> None:
    sns.create_topic(Name="patching")
    assert outcome("alias/patching", check=True)["changed"]
    assert stored(sns) == ""
    done = outcome("alias/patching")
    assert done["changed"]
    assert [(entry["before"], entry["after"]) for entry in done["diff"]] == [
        ({"kms_key": ""}, {"kms_key": "alias/patching"})
    ]
    assert stored(sns) == "alias/patching"
    again = outcome("alias/patching")
    assert (again["changed"], again["diff"]) == (False, [])
    assert outcome("")["changed"]
    assert stored(sns) == ""
    assert not outcome("")["changed"]
