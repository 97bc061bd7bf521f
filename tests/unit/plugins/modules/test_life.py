# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole life of one resource of every kind, and what happens when somebody else had a hand in it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import apply, changed_fields, foreseeable
from ansible_collections.patchfleet.aws.tests.support.resource_cases import (
    RESOURCE_CASES,
    ResourceCase,
)

EACH_RESOURCE = pytest.mark.parametrize("case", RESOURCE_CASES, ids=lambda case: case.module)
CHILD = pytest.mark.parametrize("case", [one for one in RESOURCE_CASES if one.where], ids=lambda case: case.module)
GONE = {
    "window": ("DeleteMaintenanceWindow",),
    "target": ("DeregisterTargetFromMaintenanceWindow", "WindowId"),
    "task": ("DeregisterTaskFromMaintenanceWindow", "WindowId"),
    "baseline": ("DeletePatchBaseline",),
}
LISTINGS = {
    "window": ("DescribeMaintenanceWindows", "WindowIdentities"),
    "target": ("DescribeMaintenanceWindowTargets", "Targets"),
    "task": ("DescribeMaintenanceWindowTasks", "Tasks"),
    "baseline": ("DescribePatchBaselines", "BaselineIdentities"),
}


def _count(account: Account, case: ResourceCase) -> int:
    """How many resources of the case's kind there are."""
    operation, result = LISTINGS[case.kind.name]
    where = {"WindowId": _window(account)} if case.where else {}
    filters = [{"Key": "OWNER", "Values": ["Self"]}] if case.kind.name == "baseline" else []
    return len(account.by_hand(operation, **where, Filters=filters)[result])


def _window(account: Account) -> str:
    (window,) = account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    return str(window["WindowId"])


def _remove_by_hand(account: Account, case: ResourceCase, resource_id: str) -> None:
    operation, *where = GONE[case.kind.name]
    request = {name: _window(account) for name in where}
    account.by_hand(operation, **request, **{case.kind.id_member: resource_id})


def _born(account: Account, case: ResourceCase) -> dict[str, Any]:
    case.prepare(account)
    return dict(account.run(case.module, **case.creation())[case.result])


@EACH_RESOURCE
def test_the_whole_life(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    before = _count(account, case)

    born = apply(account, case.module, **case.creation())
    assert born["changed"]
    assert born["diff"][0]["before"] == {}
    assert set(born["diff"][0]["after"]) >= set(case.base) - {"patch_groups"}
    assert _count(account, case) == before + 1
    resource = born[case.result]
    assert resource[case.kind.id_option]
    assert case.kind.is_id(resource[case.kind.id_option])

    gone = apply(account, case.module, **case.identity, state="absent")
    assert gone["changed"]
    assert gone[case.result] is None
    assert gone["diff"][0]["after"] == {}
    assert _count(account, case) == before

    account.clear_log()
    assert not account.run(case.module, **case.identity, state="absent")["changed"]
    assert not account.calls(writes=True)


@EACH_RESOURCE
def test_it_is_not_made_twice_after_a_deletion(account: Account, case: ResourceCase) -> None:
    first = _born(account, case)
    account.run(case.module, **case.identity, state="absent")

    second = apply(account, case.module, **case.creation())[case.result]

    assert second[case.kind.id_option] != first[case.kind.id_option]
    assert foreseeable(second).keys() == foreseeable(first).keys()


@EACH_RESOURCE
def test_removed_behind_its_back(account: Account, case: ResourceCase) -> None:
    born = _born(account, case)
    _remove_by_hand(account, case, born[case.kind.id_option])

    assert not account.run(case.module, **case.identity, state="absent")["changed"]
    again = apply(account, case.module, **case.creation())

    assert again["changed"]
    assert again[case.result][case.kind.id_option] != born[case.kind.id_option]


@EACH_RESOURCE
def test_removed_while_it_is_being_removed(account: Account, case: ResourceCase) -> None:
    _born(account, case)
    account.faults({"op": GONE[case.kind.name][0], "do": "DoesNotExistException"})

    assert account.run(case.module, **case.identity, state="absent")["changed"]


@EACH_RESOURCE
def test_an_id_that_is_gone(account: Account, case: ResourceCase) -> None:
    born = _born(account, case)
    resource_id = born[case.kind.id_option]
    _remove_by_hand(account, case, resource_id)
    by_id = {**case.where, case.kind.id_option: resource_id}

    (violation,) = account.refuses(case.module, **by_id)
    assert resource_id in violation
    assert "does not exist" in violation
    gone = apply(account, case.module, **by_id, state="absent")
    assert not gone["changed"]


@CHILD
def test_its_window_is_removed_behind_its_back(account: Account, case: ResourceCase) -> None:
    _born(account, case)
    account.by_hand("DeleteMaintenanceWindow", WindowId=_window(account))

    assert not account.run(case.module, **case.identity, state="absent")["changed"]
    predicted = account.run(case.module, check=True, **case.creation())
    assert predicted["changed"]
    assert any("'prod' does not exist" in warning for warning in predicted["warnings"])
    account.clear_log()
    failed = account.fails(case.module, **case.creation())
    assert "window: 'prod' does not exist" in failed["msg"]
    assert not account.calls(writes=True)


@EACH_RESOURCE
def test_renamed_by_id(account: Account, case: ResourceCase) -> None:
    born = _born(account, case)
    resource_id = born[case.kind.id_option]
    by_id = {**case.where, case.kind.id_option: resource_id}

    renamed = apply(account, case.module, **by_id, name="renamed")

    assert changed_fields(renamed) == {"name"}
    assert renamed[case.result][case.kind.id_option] == resource_id
    assert not account.run(case.module, **by_id)["changed"]
    assert not account.run(case.module, **{**case.where, "name": "renamed"})["changed"]


@EACH_RESOURCE
def test_a_rename_makes_no_namesake(account: Account, case: ResourceCase) -> None:
    born = _born(account, case)
    other = account.run(case.module, **{**case.creation(), "name": "other"})[case.result]
    by_id = {**case.where, case.kind.id_option: other[case.kind.id_option]}

    (violation,) = account.refuses(case.module, **by_id, name=born["name"])

    assert born[case.kind.id_option] in violation


@EACH_RESOURCE
def test_two_of_one_name_are_told_apart_by_id(account: Account, case: ResourceCase) -> None:
    born = _born(account, case)
    other = account.run(case.module, **{**case.creation(), "name": "other"})[case.result]
    ids = [resource[case.kind.id_option] for resource in (born, other)]
    where = {"WindowId": _window(account)} if case.where else {}
    account.by_hand(case.kind.update, **where, **{case.kind.id_member: ids[1], "Name": born["name"]})

    (violation,) = account.refuses(case.module, **case.creation())
    assert all(one in violation for one in ids)
    (violation,) = account.refuses(case.module, **case.identity, state="absent")
    assert all(one in violation for one in ids)

    by_id = {**case.where, case.kind.id_option: ids[1]}
    assert account.run(case.module, **by_id, description="the second")["changed"]
    assert account.run(case.module, **by_id, state="absent")["changed"]
    assert not account.run(case.module, **case.creation())["changed"]


@EACH_RESOURCE
def test_a_name_in_the_form_of_an_id_is_refused(account: Account, case: ResourceCase) -> None:
    born = _born(account, case)
    resource_id = born[case.kind.id_option]

    (violation,) = account.refuses(case.module, **{**case.creation(), "name": resource_id})
    assert case.kind.id_option in violation
    (violation,) = account.refuses(case.module, **{**case.where, case.kind.id_option: "prod"})
    assert "is not a valid ID" in violation


@EACH_RESOURCE
def test_neither_name_nor_id_is_an_error_of_the_arguments(account: Account, case: ResourceCase) -> None:
    failed = account.fails(case.module, **case.where)

    assert f"name, {case.kind.id_option}" in failed["msg"]
    assert not account.calls()


@EACH_RESOURCE
def test_a_value_drifts_and_is_put_back(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    declared = {**case.creation(), "description": "declared"}
    born = account.run(case.module, **declared)[case.result]
    where = {"WindowId": _window(account)} if case.where else {}
    by_hand = {case.kind.id_member: born[case.kind.id_option], "Description": "by hand"}
    account.by_hand(case.kind.update, **where, **by_hand)

    done = apply(account, case.module, **declared)

    assert changed_fields(done) == {"description"}
    assert done["diff"][0]["before"] == {"description": "by hand"}
    assert done["diff"][0]["after"] == {"description": "declared"}


@EACH_RESOURCE
def test_without_diff_there_is_no_diff_in_the_result(account: Account, case: ResourceCase) -> None:
    case.prepare(account)

    assert "diff" not in account.run(case.module, diff=False, **case.creation())
