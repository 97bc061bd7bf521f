# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a message does not repeat: values that AWS's model marks as sensitive, and credentials."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import CREDENTIALS, Account

SECRET = "hunter2"
LAMBDA = "arn:aws:lambda:eu-central-1:123456789012:function:notify"
STEP_FUNCTIONS = "arn:aws:states:eu-central-1:123456789012:stateMachine:notify"
LONG = SECRET * 2000


@pytest.fixture
def window(account: Account) -> str:
    """The id of a window."""
    answer = account.by_hand(
        "CreateMaintenanceWindow",
        Name="prod",
        Schedule="rate(7 days)",
        Duration=4,
        Cutoff=1,
        AllowUnassociatedTargets=False,
    )
    return str(answer["WindowId"])


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(
            {"task_type": "LAMBDA", "task_arn": LAMBDA, "lambda_function": {"payload": {"token": LONG}}}, id="payload"
        ),
        pytest.param(
            {"task_type": "STEP_FUNCTIONS", "task_arn": STEP_FUNCTIONS, "step_functions": {"input": {"token": LONG}}},
            id="input",
        ),
        pytest.param({"task_type": "LAMBDA", "task_arn": LAMBDA, "description": LONG}, id="description"),
    ],
)
def test_a_sensitive_value_that_breaks_a_limit_is_not_quoted(
    account: Account, window: str, arguments: dict[str, Any]
) -> None:
    result = account.fails("ssm_window_task", window=window, name="notify", **arguments)

    assert "takes at most" in result["msg"]
    assert SECRET not in json.dumps([result["msg"], result["violations"]])


def test_an_error_of_the_service_names_neither_credentials_nor_payload(account: Account, window: str) -> None:
    account.simulator.set_faults([{"op": "RegisterTask*", "do": "AccessDeniedException"}])

    result = account.fails(
        "ssm_window_task",
        diff=False,
        window=window,
        name="notify",
        task_type="LAMBDA",
        task_arn=LAMBDA,
        lambda_function={"payload": {"token": SECRET}},
    )

    assert "ssm:RegisterTaskWithMaintenanceWindow" in result["msg"]
    assert SECRET not in result["msg"]
    assert CREDENTIALS["secret_key"] not in result["msg"]
