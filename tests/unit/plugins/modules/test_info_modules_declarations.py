# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that only read: what they tell, and that what they tell can be declared again."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.resource_cases import (
    BASELINE,
    PATCH_TASK,
    PROD,
    WINDOW,
    WINDOW_TASK,
    ResourceCase,
    arguments,
    joined,
)

WINDOWS, BASELINES = "ssm_maintenance_window_info", "ssm_patch_baseline_info"


def test_an_empty_account(account: Account) -> None:
    assert account.run(WINDOWS)["windows"] == []
    assert account.run(BASELINES)["baselines"] == []
    assert not account.calls(writes=True)


def test_what_a_module_answers_is_what_the_info_tells(account: Account) -> None:
    window = account.run("ssm_maintenance_window", **PROD, tags={"Env": "prod"}, setup="one")["window"]
    baseline = account.run("ssm_patch_baseline", **BASELINE.base, tags={})["baseline"]

    (told,) = account.run(WINDOWS)["windows"]
    assert {name: told[name] for name in window} == window
    (told,) = account.run(BASELINES, include=["patch_groups"])["baselines"]
    same = set(baseline) & set(told)
    assert {name: told[name] for name in same} == {name: baseline[name] for name in same}


def test_a_name_that_is_not_there(account: Account) -> None:
    account.run("ssm_maintenance_window", **PROD)

    assert account.run(WINDOWS, names=["other"])["windows"] == []
    assert [one["name"] for one in account.run(WINDOWS, names=["prod"])["windows"]] == ["prod"]


def _cases(case: ResourceCase) -> list[Any]:
    known = [name for name in case.alterations if case.known(name)]
    return [pytest.param(case, name, id=f"{case.module}-{name}") for name in known]


@pytest.mark.parametrize(("case", "name"), [case for one in (WINDOW, PATCH_TASK, WINDOW_TASK) for case in _cases(one)])
def test_the_declaration_of_a_window_changes_nothing(account: Account, case: ResourceCase, name: str) -> None:
    case.prepare(account)
    alteration = case.alterations[name]
    account.run(case.module, **joined(case.creation(alteration), arguments(name, alteration.first)))

    (window,) = account.run(WINDOWS, include=["targets", "tasks"])["windows"]

    assert window["undeclared"] == []
    again = account.run("ssm_patch_setup", check=True, windows=[window["declaration"]], unset="reset")
    assert again["changes"] == []
    assert "setup" not in window["declaration"]


@pytest.mark.parametrize(("case", "name"), _cases(BASELINE))
def test_the_declaration_of_a_baseline_changes_nothing(account: Account, case: ResourceCase, name: str) -> None:
    alteration = case.alterations[name]
    account.run(case.module, **joined(case.creation(alteration), arguments(name, alteration.first)))

    (baseline,) = account.run(BASELINES, include=["patch_groups"])["baselines"]

    again = account.run("ssm_patch_setup", check=True, baselines=[baseline["declaration"]], unset="reset")
    assert again["changes"] == []
    assert "baseline_id" not in baseline["declaration"]
