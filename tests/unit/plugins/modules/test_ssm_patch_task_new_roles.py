# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_task: a role that was created a moment ago is not usable at once."""

from __future__ import annotations

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.resource_cases import (
    PATCH_TASK,
)

ROLE = "arn:aws:iam::123456789012:role/patching-windows"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:patching"
# A role is known to IAM before it is known everywhere; the words are not the service's own.
NEW_ROLE = {"do": "ValidationException", "message": f"The role {ROLE} cannot be assumed by ssm.amazonaws.com"}
WITH_ROLE = [{"service_role_arn": ROLE}, {"notification": {"role_arn": ROLE, "topic_arn": TOPIC}}]


@pytest.mark.parametrize("roles", WITH_ROLE, ids=lambda roles: next(iter(roles)))
@pytest.mark.parametrize("operation", [PATCH_TASK.kind.create, PATCH_TASK.kind.update])
def test_a_role_that_was_made_a_moment_ago_is_waited_for(
    account: Account, roles: dict[str, object], operation: str
) -> None:
    PATCH_TASK.prepare(account)
    if operation == PATCH_TASK.kind.update:
        account.run("ssm_patch_task", **PATCH_TASK.creation())
    account.faults({**NEW_ROLE, "op": operation, "times": 2})
    account.clear_log()

    account.run("ssm_patch_task", **PATCH_TASK.creation(), **roles)

    assert account.calls()[operation] == 3


def test_a_role_is_not_waited_for_for_ever(account: Account) -> None:
    PATCH_TASK.prepare(account)
    account.faults({**NEW_ROLE, "op": PATCH_TASK.kind.create})

    failed = account.fails("ssm_patch_task", **PATCH_TASK.creation(), service_role_arn=ROLE)

    assert NEW_ROLE["message"] in failed["msg"]
    assert 2 < account.calls()[PATCH_TASK.kind.create] < 20


def test_another_refusal_is_not_tried_again(account: Account) -> None:
    PATCH_TASK.prepare(account)
    account.faults({"op": PATCH_TASK.kind.create, "do": "ValidationException", "message": "something else"})

    account.fails("ssm_patch_task", **PATCH_TASK.creation(), service_role_arn=ROLE)

    assert account.calls()[PATCH_TASK.kind.create] == 1
