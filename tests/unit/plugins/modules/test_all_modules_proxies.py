# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes through proxies that answer in the place of the service: what is not known is said, and made good later."""

from __future__ import annotations

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account, connect
from ansible_collections.patchfleet.aws.tests.support.proxies import (
    LOST,
    REFUSALS,
    Answer,
    answer_instead,
    sent,
)

MODULE = "ssm_maintenance_window"
WINDOW = {"name": "prod", "schedule": "cron(0 2 ? * TUE *)", "duration": 4, "cutoff": 1}
UNKNOWN = "it is unknown whether this was done"


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("answer", LOST.values(), ids=LOST.keys())
def test_a_window_whose_creation_has_no_answer(
    account: Account, monkeypatch: pytest.MonkeyPatch, answer: Answer, forward: bool
) -> None:
    answer_instead(account, "CreateMaintenanceWindow", answer, forward=forward)

    failed = account.fails(MODULE, **WINDOW)

    assert UNKNOWN in failed["msg"]
    assert failed["changed"]
    tokens = {one["ClientToken"] for one in account.inputs("CreateMaintenanceWindow")}
    assert len(tokens) == int(forward)
    connect(account, monkeypatch)
    del account.send  # the proxy goes
    assert account.run(MODULE, **WINDOW)["changed"] is not forward
    assert len(account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]) == 1


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_creation_that_the_service_refused(account: Account, answer: Answer) -> None:
    answer_instead(account, "CreateMaintenanceWindow", answer, forward=False)

    failed = account.fails(MODULE, **WINDOW)

    assert UNKNOWN not in failed["msg"]
    assert not failed["changed"]
    assert sent(account, "CreateMaintenanceWindow") == 1


@pytest.mark.parametrize("answer", [LOST["forbidden page"], LOST["gateway"], LOST["page"], LOST["nothing"]])
@pytest.mark.parametrize("operation", ["UpdateMaintenanceWindow", "AddTagsToResource"])
def test_a_change_that_has_no_answer(account: Account, operation: str, answer: Answer) -> None:
    account.run(MODULE, **WINDOW)
    answer_instead(account, operation, answer, forward=True)
    change = {"duration": 5} if operation.startswith("Update") else {"tags": {"Team": "web"}}

    outcome = account.outcome(MODULE, **WINDOW | change)

    # The answer to tagging is empty by its model.
    assert outcome["changed"]
    assert not outcome.get("failed") or UNKNOWN in outcome["msg"]
    assert not account.run(MODULE, check=True, **WINDOW | change)["changed"]
