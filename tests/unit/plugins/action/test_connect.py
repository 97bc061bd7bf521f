# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assuming the role of a host and checking the account of its credentials: calls, results and errors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.amazon.aws.plugins.module_utils import botocore
from ansible_collections.patchfleet.aws.plugins.action import connect
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account

OTHER = "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/patching"
KEYS = {"region": REGION, "access_key": ACCOUNT, "secret_key": "not-a-real-secret"}
WRONG = "The credentials belong to account {}, but aws_account_id of this host is {}. Nothing was read. "


def run(**args: Any) -> dict[str, Any]:
    """The result of the action."""
    task = SimpleNamespace(args={**KEYS, **args}, check_mode=True, async_val=0, no_log=False)
    action = connect.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), None, None, None, None)
    result: dict[str, Any] = action.run(task_vars={})
    return result


def calls(account: Account) -> list[tuple[str, dict[str, Any]]]:
    """The calls and their requests."""
    return [(call["op"], call["input"]) for call in account.simulator.log()]


def test_the_keys_of_an_assumed_role_are_returned_and_hidden(account: Account) -> None:
    result = run(role_arn=ROLE, external_id="fleet", duration_seconds="900", account_id=OTHER)

    assert result["account_id"] == OTHER
    assert set(result["credentials"]) == {"access_key", "secret_key", "session_token"}
    assert all(result["credentials"].values())
    assert result["_ansible_no_log"] is True
    request = {"RoleArn": ROLE, "RoleSessionName": "patchfleet", "ExternalId": "fleet", "DurationSeconds": "900"}
    assert [(name, {key: given[key] for key in request}) for name, given in calls(account)] == [("AssumeRole", request)]


def test_without_a_role_the_account_is_read(account: Account) -> None:
    result = run(account_id=int(ACCOUNT))

    assert (result["account_id"], "credentials" in result) == (ACCOUNT, False)
    assert [name for name, _request in calls(account)] == ["GetCallerIdentity"]


@pytest.mark.parametrize(
    ("given", "found", "hint"),
    [
        ({"account_id": OTHER}, ACCOUNT, "No role was assumed, because aws_role_arn is not set for this host."),
        ({"role_arn": ROLE, "account_id": ACCOUNT}, OTHER, f"The assumed role is {ROLE}."),
        # A lookup that found nothing, and digits that YAML reads as a number.
        ({"account_id": ""}, ACCOUNT, "An account ID has 12 digits; write it in quotes. No role was assumed"),
        ({"account_id": 1}, ACCOUNT, "An account ID has 12 digits; write it in quotes. No role was assumed"),
    ],
)
@pytest.mark.usefixtures("account")
def test_another_account_is_refused_without_its_keys(given: dict[str, Any], found: str, hint: str) -> None:
    result = run(where="shop, eu-west-1", **given)

    assert result["failed"]
    assert result["msg"].startswith(f"shop, eu-west-1: {WRONG.format(found, given['account_id'])}{hint}")
    assert result["reason"] == f"its credentials belong to account {found}"
    assert "credentials" not in result


@pytest.mark.parametrize(
    ("given", "operation", "start"),
    [
        ({"role_arn": ROLE}, "AssumeRole", f"The role {ROLE} was not assumed, and nothing was read. sts:AssumeRole"),
        ({"account_id": ACCOUNT}, "GetCallerIdentity", "sts:GetCallerIdentity"),
    ],
)
def test_a_refusal_of_aws_is_shown(account: Account, given: dict[str, str], operation: str, start: str) -> None:
    account.simulator.set_faults([{"service": "sts", "op": operation, "do": "AccessDenied"}])

    result = run(**given)

    assert result["failed"]
    assert result["msg"].startswith(start)
    assert result["reason"].startswith(f"sts:{operation} failed:")
    assert "_ansible_no_log" not in result


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"duration_seconds": "long"}, "duration_seconds"),
        ({"profile": "fleet"}, "Passing both a profile and access tokens is not supported"),
        ({"region": ""}, "No Region is set"),
    ],
)
@pytest.mark.usefixtures("account")
def test_invalid_options_are_refused(given: dict[str, str], text: str) -> None:
    with pytest.raises(AnsibleActionFail, match=text):
        run(**given)


def test_a_controller_without_boto3_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore, "HAS_BOTO3", False)

    with pytest.raises(AnsibleActionFail, match=r"Failed to import the required Python library \(botocore and boto3\)"):
        run(account_id=ACCOUNT)
