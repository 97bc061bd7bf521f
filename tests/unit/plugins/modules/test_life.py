# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole life of one resource of every kind, and what happens when somebody else had a hand in it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import Account
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.comparing import apply, changed_fields, foreseeable
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.subjects import (
    SUBJECTS,
    Subject,
)

SUBJECT = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.module)
CHILD = pytest.mark.parametrize("subject", [one for one in SUBJECTS if one.where], ids=lambda subject: subject.module)
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


def _count(account: Account, subject: Subject) -> int:
    """How many resources of the subject's kind there are."""
    operation, result = LISTINGS[subject.kind.name]
    where = {"WindowId": _window(account)} if subject.where else {}
    filters = [{"Key": "OWNER", "Values": ["Self"]}] if subject.kind.name == "baseline" else []
    return len(account.by_hand(operation, **where, Filters=filters)[result])


def _window(account: Account) -> str:
    (window,) = account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    return str(window["WindowId"])


def _remove_by_hand(account: Account, subject: Subject, resource_id: str) -> None:
    operation, *where = GONE[subject.kind.name]
    request = {name: _window(account) for name in where}
    account.by_hand(operation, **request, **{subject.kind.id_member: resource_id})


def _born(account: Account, subject: Subject) -> dict[str, Any]:
    subject.prepare(account)
    return dict(account.run(subject.module, **subject.creation())[subject.result])


@SUBJECT
def test_the_whole_life(account: Account, subject: Subject) -> None:
    subject.prepare(account)
    before = _count(account, subject)

    born = apply(account, subject.module, **subject.creation())
    assert born["changed"]
    assert born["diff"][0]["before"] == {}
    assert set(born["diff"][0]["after"]) >= set(subject.base) - {"patch_groups"}
    assert _count(account, subject) == before + 1
    resource = born[subject.result]
    assert resource[subject.kind.id_option]
    assert subject.kind.is_id(resource[subject.kind.id_option])

    gone = apply(account, subject.module, **subject.identity, state="absent")
    assert gone["changed"]
    assert gone[subject.result] is None
    assert gone["diff"][0]["after"] == {}
    assert _count(account, subject) == before

    account.clear_log()
    assert not account.run(subject.module, **subject.identity, state="absent")["changed"]
    assert not account.calls(writes=True)


@SUBJECT
def test_it_is_not_made_twice_after_a_deletion(account: Account, subject: Subject) -> None:
    first = _born(account, subject)
    account.run(subject.module, **subject.identity, state="absent")

    second = apply(account, subject.module, **subject.creation())[subject.result]

    assert second[subject.kind.id_option] != first[subject.kind.id_option]
    assert foreseeable(second).keys() == foreseeable(first).keys()


@SUBJECT
def test_removed_behind_its_back(account: Account, subject: Subject) -> None:
    born = _born(account, subject)
    _remove_by_hand(account, subject, born[subject.kind.id_option])

    assert not account.run(subject.module, **subject.identity, state="absent")["changed"]
    again = apply(account, subject.module, **subject.creation())

    assert again["changed"]
    assert again[subject.result][subject.kind.id_option] != born[subject.kind.id_option]


@SUBJECT
def test_removed_while_it_is_being_removed(account: Account, subject: Subject) -> None:
    _born(account, subject)
    account.faults({"op": GONE[subject.kind.name][0], "do": "DoesNotExistException"})

    assert account.run(subject.module, **subject.identity, state="absent")["changed"]


@SUBJECT
def test_an_id_that_is_gone(account: Account, subject: Subject) -> None:
    born = _born(account, subject)
    resource_id = born[subject.kind.id_option]
    _remove_by_hand(account, subject, resource_id)
    by_id = {**subject.where, subject.kind.id_option: resource_id}

    (violation,) = account.refuses(subject.module, **by_id)
    assert resource_id in violation
    assert "does not exist" in violation
    gone = apply(account, subject.module, **by_id, state="absent")
    assert not gone["changed"]


@CHILD
def test_its_window_is_removed_behind_its_back(account: Account, subject: Subject) -> None:
    _born(account, subject)
    account.by_hand("DeleteMaintenanceWindow", WindowId=_window(account))

    assert not account.run(subject.module, **subject.identity, state="absent")["changed"]
    predicted = account.run(subject.module, check=True, **subject.creation())
    assert predicted["changed"]
    assert any("'prod' does not exist" in warning for warning in predicted["warnings"])
    account.clear_log()
    failed = account.fails(subject.module, **subject.creation())
    assert "window: 'prod' does not exist" in failed["msg"]
    assert not account.calls(writes=True)


@SUBJECT
def test_renamed_by_id(account: Account, subject: Subject) -> None:
    born = _born(account, subject)
    resource_id = born[subject.kind.id_option]
    by_id = {**subject.where, subject.kind.id_option: resource_id}

    renamed = apply(account, subject.module, **by_id, name="renamed")

    assert changed_fields(renamed) == {"name"}
    assert renamed[subject.result][subject.kind.id_option] == resource_id
    assert not account.run(subject.module, **by_id)["changed"]
    assert not account.run(subject.module, **{**subject.where, "name": "renamed"})["changed"]


@SUBJECT
def test_a_rename_makes_no_namesake(account: Account, subject: Subject) -> None:
    born = _born(account, subject)
    other = account.run(subject.module, **{**subject.creation(), "name": "other"})[subject.result]
    by_id = {**subject.where, subject.kind.id_option: other[subject.kind.id_option]}

    (violation,) = account.refuses(subject.module, **by_id, name=born["name"])

    assert born[subject.kind.id_option] in violation


@SUBJECT
def test_two_of_one_name_are_told_apart_by_id(account: Account, subject: Subject) -> None:
    born = _born(account, subject)
    other = account.run(subject.module, **{**subject.creation(), "name": "other"})[subject.result]
    ids = [resource[subject.kind.id_option] for resource in (born, other)]
    where = {"WindowId": _window(account)} if subject.where else {}
    account.by_hand(subject.kind.update, **where, **{subject.kind.id_member: ids[1], "Name": born["name"]})

    (violation,) = account.refuses(subject.module, **subject.creation())
    assert all(one in violation for one in ids)
    (violation,) = account.refuses(subject.module, **subject.identity, state="absent")
    assert all(one in violation for one in ids)

    by_id = {**subject.where, subject.kind.id_option: ids[1]}
    assert account.run(subject.module, **by_id, description="the second")["changed"]
    assert account.run(subject.module, **by_id, state="absent")["changed"]
    assert not account.run(subject.module, **subject.creation())["changed"]


@SUBJECT
def test_a_name_in_the_form_of_an_id_is_refused(account: Account, subject: Subject) -> None:
    born = _born(account, subject)
    resource_id = born[subject.kind.id_option]

    (violation,) = account.refuses(subject.module, **{**subject.creation(), "name": resource_id})
    assert subject.kind.id_option in violation
    (violation,) = account.refuses(subject.module, **{**subject.where, subject.kind.id_option: "prod"})
    assert "is no id" in violation


@SUBJECT
def test_neither_name_nor_id_is_an_error_of_the_arguments(account: Account, subject: Subject) -> None:
    failed = account.fails(subject.module, **subject.where)

    assert f"name, {subject.kind.id_option}" in failed["msg"]
    assert not account.calls()


@SUBJECT
def test_a_value_drifts_and_is_put_back(account: Account, subject: Subject) -> None:
    subject.prepare(account)
    declared = {**subject.creation(), "description": "declared"}
    born = account.run(subject.module, **declared)[subject.result]
    where = {"WindowId": _window(account)} if subject.where else {}
    by_hand = {subject.kind.id_member: born[subject.kind.id_option], "Description": "by hand"}
    account.by_hand(subject.kind.update, **where, **by_hand)

    done = apply(account, subject.module, **declared)

    assert changed_fields(done) == {"description"}
    assert done["diff"][0]["before"] == {"description": "by hand"}
    assert done["diff"][0]["after"] == {"description": "declared"}


@SUBJECT
def test_without_diff_there_is_no_diff_in_the_result(account: Account, subject: Subject) -> None:
    subject.prepare(account)

    assert "diff" not in account.run(subject.module, diff=False, **subject.creation())
