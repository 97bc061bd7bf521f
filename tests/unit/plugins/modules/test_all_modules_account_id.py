# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that writes works in the account and Region that were named, or does nothing at all."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, Account

OTHER = "210987654321"
WINDOW = {"name": "prod", "schedule": "rate(1 day)", "duration": 2, "cutoff": 1}
MODULES: dict[str, dict[str, Any]] = {
    "ssm_maintenance_window": WINDOW,
    "ssm_window_target": {"window": "prod", "name": "web", "patch_groups": ["web"]},
    "ssm_patch_task": {"window": "prod", "name": "scan", "operation": "Scan"},
    "ssm_window_task": {"window": "prod", "name": "task", "task_type": "LAMBDA", "task_arn": "x"},
    "ssm_patch_baseline": {"name": "base", "operating_system": "WINDOWS"},
    "ssm_patch_setup": {"windows": [WINDOW]},
    "ssm_patch_run": {"operation": "Scan", "patch_groups": ["web"]},
    "ssm_resource_data_sync": {"name": "compliance", "bucket": "compliance"},
    "patch_prerequisites": {"service_role": {"name": "patching-windows"}},
}


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
@pytest.mark.parametrize("module", MODULES)
def test_another_account_is_refused_before_anything_is_read(account: Account, module: str, check: bool) -> None:
    result = account.fails(module, check=check, account_id=OTHER, **MODULES[module])

    assert ACCOUNT in result["msg"]
    assert OTHER in result["msg"]
    assert result["changed"] is False
    assert set(account.calls()) == {"GetCallerIdentity"}


@pytest.mark.parametrize("module", MODULES)
def test_without_a_region_the_message_says_where_to_set_it(account: Account, module: str) -> None:
    result = account.fails(module, region=None, **MODULES[module])

    assert "specify region, or aws_region for a playbook" in result["msg"]
    assert not account.calls()


def test_the_right_account_costs_one_call(account: Account) -> None:
    account.run("ssm_maintenance_window", account_id=ACCOUNT, **WINDOW)
    with_account = account.calls()
    account.simulator.reset()
    account.run("ssm_maintenance_window", **WINDOW)

    assert with_account - account.calls() == {"GetCallerIdentity": 1}


@pytest.mark.parametrize("wrong", ["", " ", "12345678901", "1234567890123", "12345678901x", "production"])
def test_an_id_of_another_form_is_refused_without_a_call(account: Account, wrong: str) -> None:
    result = account.fails("ssm_maintenance_window", account_id=wrong, **WINDOW)

    assert f"{wrong!r} must have 12 digits" in result["msg"]
    assert account.calls() == {}


def test_an_unquoted_id_is_understood(account: Account) -> None:
    account.run("ssm_maintenance_window", account_id=int(ACCOUNT), **WINDOW)


def test_an_identity_that_cannot_be_read_is_an_error(account: Account) -> None:
    account.faults({"service": "sts", "op": "GetCallerIdentity", "do": "ExpiredTokenException"})

    result = account.fails("ssm_maintenance_window", account_id=ACCOUNT, **WINDOW)

    assert "sts:GetCallerIdentity" in result["msg"]
    assert not account.calls(writes=True)
