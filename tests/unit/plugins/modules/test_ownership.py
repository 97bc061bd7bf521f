# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags and ownership of the kinds that have them: windows and baselines."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.comparing import apply, changed_fields
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.subjects import BASELINE, WINDOW, Subject
from ssmsim.tags import store_tags

pytestmark = pytest.mark.parametrize("subject", [WINDOW, BASELINE], ids=lambda subject: subject.module)
TYPES = {"window": "MaintenanceWindow", "baseline": "PatchBaseline"}


def _stored(account: Account, subject: Subject, resource: dict[str, Any]) -> dict[str, str]:
    where = {"ResourceType": TYPES[subject.kind.name], "ResourceId": resource[subject.kind.id_option]}
    tags = account.by_hand("ListTagsForResource", **where)["TagList"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def test_tags_are_purged_only_where_asked(account: Account, subject: Subject) -> None:
    resource = account.run(subject.module, **subject.creation(), tags={"Env": "prod", "Team": "a"})[subject.result]

    kept = apply(account, subject.module, **subject.identity, tags={"Env": "test"}, purge_tags=False)
    assert changed_fields(kept) == {"tags"}
    assert _stored(account, subject, resource) == {"Env": "test", "Team": "a"}

    purged = apply(account, subject.module, **subject.identity, tags={"Env": "test"})
    assert purged["changed"]
    assert _stored(account, subject, resource) == {"Env": "test"}


def test_tags_that_are_not_given_are_neither_read_nor_changed(account: Account, subject: Subject) -> None:
    resource = account.run(subject.module, **subject.creation(), tags={"Env": "prod"})[subject.result]
    account.clear_log()

    done = account.run(subject.module, **subject.identity, description="new")

    assert done[subject.result]["tags"] is None
    assert not account.calls()["ListTagsForResource"]
    assert _stored(account, subject, resource) == {"Env": "prod"}


def test_tag_values_may_be_numbers_and_empty(account: Account, subject: Subject) -> None:
    done = apply(account, subject.module, **subject.creation(), resource_tags={"Level": 1, "Note": "", "None": None})

    assert done[subject.result]["tags"] == {"Level": "1", "Note": "", "None": ""}


def test_tags_of_the_collection_are_neither_told_nor_purged(account: Account, subject: Subject) -> None:
    done = account.run(subject.module, **subject.creation(), setup="one", tags={"Env": "prod"})
    resource = done[subject.result]
    assert resource["setup"] == "one"
    assert resource["tags"] == {"Env": "prod"}

    apply(account, subject.module, **subject.identity, tags={})

    assert _stored(account, subject, resource) == {"patchfleet:setup": "one"}


def test_reserved_tags_are_refused(account: Account, subject: Subject) -> None:
    for key in ("aws:x", "patchfleet:setup", "Patchfleet:x"):
        (violation,) = account.refuses(subject.module, **subject.creation(), tags={key: "1"})
        assert repr(key) in violation


def test_a_resource_without_an_owner_is_adopted(account: Account, subject: Subject) -> None:
    resource = account.run(subject.module, **subject.creation())[subject.result]

    adopted = apply(account, subject.module, **subject.creation(), setup="one")

    assert changed_fields(adopted) == {"setup"}
    assert _stored(account, subject, resource) == {"patchfleet:setup": "one"}


def test_a_resource_of_another_setup_is_left_alone(account: Account, subject: Subject) -> None:
    resource = account.run(subject.module, **subject.creation(), setup="one")[subject.result]

    for args in (subject.creation(), {**subject.identity, "state": "absent"}):
        (violation,) = account.refuses(subject.module, **args, setup="two")
        assert "'one'" in violation
        assert "take_over" in violation
    taken = apply(account, subject.module, **subject.creation(), setup="two", take_over=True)

    assert changed_fields(taken) == {"setup"}
    assert _stored(account, subject, resource) == {"patchfleet:setup": "two"}


def test_a_resource_of_cloudformation_is_left_alone(account: Account, subject: Subject) -> None:
    resource = account.run(subject.module, **subject.creation())[subject.result]
    stack = "arn:aws:cloudformation:eu-central-1:123456789012:stack/one"
    region = account.simulator._region(ACCOUNT, REGION)
    tags = [{"Key": "aws:cloudformation:stack-id", "Value": stack}]
    store_tags(region, TYPES[subject.kind.name], resource[subject.kind.id_option], tags, system=True)

    (violation,) = account.refuses(subject.module, **subject.creation(), description="new", setup="one")

    assert stack in violation
    assert apply(account, subject.module, **subject.creation(), setup="one", take_over=True)["changed"]
