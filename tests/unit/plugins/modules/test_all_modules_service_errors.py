# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module for one resource: refusals, throttling, broken connections, late consistency, drift."""

from __future__ import annotations

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import apply
from ansible_collections.patchfleet.aws.tests.support.resource_cases import (
    PROD,
    RESOURCE_CASES,
    ResourceCase,
)

EACH_RESOURCE = pytest.mark.parametrize("case", RESOURCE_CASES, ids=lambda case: case.module)


@EACH_RESOURCE
def test_an_action_that_is_not_allowed_is_named(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    account.faults({"op": case.kind.create, "do": "AccessDeniedException"})

    failed = account.fails(case.module, **case.creation())

    assert f"Allow the action ssm:{case.kind.create} in the IAM policy" in failed["msg"]
    (error,) = failed["errors"]
    assert error["code"] == "AccessDeniedException"
    assert error["request_id"] in failed["msg"]


@EACH_RESOURCE
def test_a_read_that_is_not_allowed(account: Account, case: ResourceCase) -> None:
    account.faults({"op": "Describe*", "do": "AccessDeniedException"})

    failed = account.fails(case.module, **case.creation())

    assert failed["changed"] is False
    assert "Nothing was written." in failed["msg"]
    assert failed["error"]["code"] == "AccessDeniedException"


def test_errors_in_a_declaration_are_named_even_if_the_account_cannot_be_read(account: Account) -> None:
    account.faults({"op": "*", "do": "AccessDeniedException"})

    failed = account.fails("ssm_patch_setup", windows=[{**PROD, "duration": 25}])

    (violation,) = failed["violations"]
    assert violation.startswith("windows[0] prod: duration: 25 ")
    assert violation in failed["msg"]


@EACH_RESOURCE
def test_from_names_alone_nothing_is_made_twice(account: Account, case: ResourceCase) -> None:
    case.prepare(account)

    results = [account.run(case.module, **case.creation())["changed"] for _ in range(5)]

    assert results == [True, False, False, False, False]
    assert account.calls()[case.kind.create] == 1


@EACH_RESOURCE
def test_a_call_that_was_throttled_twice_succeeds(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    account.faults({"op": "*", "do": "ThrottlingException", "times": 2})

    assert account.run(case.module, **case.creation())["changed"]


@EACH_RESOURCE
def test_throttled_for_ever(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    account.faults({"op": case.kind.create, "do": "ThrottlingException"})

    failed = account.fails(case.module, **case.creation())

    assert f"ssm:{case.kind.create} failed" in failed["msg"]
    assert "lower concurrency" in failed["msg"]
    tokens = {request["ClientToken"] for request in account.inputs(case.kind.create)}
    assert len(tokens) == 1
    assert account.calls()[case.kind.create] > 2


@EACH_RESOURCE
@pytest.mark.parametrize("fault", ["InternalServerError", "drop", "lost", "html"])
def test_a_disturbed_connection_is_survived(account: Account, case: ResourceCase, fault: str) -> None:
    case.prepare(account)
    account.faults({"op": "*", "do": fault, "times": 1}, {"op": case.kind.create, "do": fault, "times": 1})

    done = account.run(case.module, **case.creation())

    assert done["changed"]
    again = account.run(case.module, **case.creation())
    assert not again["changed"]
    id_option = case.kind.id_option
    assert again[case.result][id_option] == done[case.result][id_option]


@EACH_RESOURCE
def test_reads_that_lag(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    account.simulator.set_lag(3)

    done = account.run(case.module, **case.creation())

    assert done["changed"]
    assert account.calls()[case.kind.create] == 1


def test_a_new_window_that_an_update_does_not_see_yet_is_disabled_all_the_same(account: Account) -> None:
    account.faults({"op": "UpdateMaintenanceWindow", "do": "DoesNotExistException", "times": 2})

    account.run("ssm_maintenance_window", **PROD, enabled=False)

    assert [one["Enabled"] for one in account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]] == [False]


def test_a_new_window_that_a_registration_does_not_see_yet_gets_its_target(account: Account) -> None:
    account.faults({"op": "RegisterTargetWithMaintenanceWindow", "do": "DoesNotExistException", "times": 2})

    done = account.run("ssm_patch_setup", windows=[{**PROD, "targets": [{"name": "web", "patch_groups": ["web"]}]}])

    (window,) = done["windows"]
    assert [one["name"] for one in window["targets"]] == ["web"]


@EACH_RESOURCE
def test_drift_is_shown_in_check_mode(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    declared = {**case.creation(), "description": "declared"}
    account.run(case.module, **declared)

    shown = account.run(case.module, check=True, **{**declared, "description": "other"})

    (entry,) = shown["diff"]
    assert entry["before"] == {"description": "declared"}
    assert entry["after"] == {"description": "other"}


def test_a_setup_survives_lag_and_throttling_together(account: Account) -> None:
    account.simulator.set_lag(2)
    account.faults({"op": "*", "do": "ThrottlingException", "rate": 0.2})
    setup = {
        "baselines": [{"name": "linux", "operating_system": "AMAZON_LINUX_2023", "patch_groups": ["Web"]}],
        "windows": [
            {
                **PROD,
                "targets": [{"name": "web", "patch_groups": ["Web"]}],
                "patch_tasks": [{"name": "install", "operation": "Install", "window_targets": ["web"]}],
            }
        ],
    }

    account.run("ssm_patch_setup", **setup)
    account.faults()
    account.simulator.set_lag(0)

    apply(account, "ssm_patch_setup", **setup)
    assert account.calls()["DeleteMaintenanceWindow"] == 0


@pytest.mark.parametrize("module", ["ssm_patch_baseline", "ssm_maintenance_window", "ssm_patch_setup"])
def test_every_call_uses_the_given_connection(account: Account, module: str) -> None:
    connection = {"region": "ap-south-1", "endpoint_url": "https://ssm.example.com", "access_key": "210987654321"}
    window = {"schedule": "rate(1 day)", "duration": 2, "cutoff": 1, "name": "prod"}
    linux = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
    args = {
        "ssm_patch_baseline": {**linux, "patch_groups": ["Web"], "tags": {"a": "b"}},
        "ssm_maintenance_window": {**window, "tags": {"a": "b"}, "enabled": False},
        "ssm_patch_setup": {"windows": [window], "baselines": [linux], "setup": "one"},
    }[module]

    account.run(module, **args, **connection)
    account.run(module, **args, **connection)

    assert {(call["region"], call["account"]) for call in account.simulator.log()} == {("ap-south-1", "210987654321")}
    assert {request.url for request in account.requests} == {"https://ssm.example.com/"}
