# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags and ownership of the kinds that have them: windows and baselines."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import apply, changed_fields
from ansible_collections.patchfleet.aws.tests.support.resource_cases import BASELINE, WINDOW, ResourceCase
from ssmsim.tags import store_tags

pytestmark = pytest.mark.parametrize("case", [WINDOW, BASELINE], ids=lambda case: case.module)
TYPES = {"window": "MaintenanceWindow", "baseline": "PatchBaseline"}


def _stored(account: Account, case: ResourceCase, resource: dict[str, Any]) -> dict[str, str]:
    where = {"ResourceType": TYPES[case.kind.name], "ResourceId": resource[case.kind.id_option]}
    tags = account.by_hand("ListTagsForResource", **where)["TagList"]
    return {tag["Key"]: tag["Value"] for tag in tags}


def test_tags_are_purged_only_where_asked(account: Account, case: ResourceCase) -> None:
    resource = account.run(case.module, **case.creation(), tags={"Env": "prod", "Team": "a"})[case.result]

    kept = apply(account, case.module, **case.identity, tags={"Env": "test"}, purge_tags=False)
    assert changed_fields(kept) == {"tags"}
    assert _stored(account, case, resource) == {"Env": "test", "Team": "a"}

    purged = apply(account, case.module, **case.identity, tags={"Env": "test"})
    assert purged["changed"]
    assert _stored(account, case, resource) == {"Env": "test"}


def test_tags_that_are_not_given_are_read_only_for_a_write_and_not_changed(
    account: Account, case: ResourceCase
) -> None:
    resource = account.run(case.module, **case.creation(), tags={"Env": "prod"})[case.result]

    for reads in (1, 0):
        account.clear_log()
        done = account.run(case.module, **case.identity, description="new")
        assert done[case.result]["tags"] is None
        assert account.calls()["ListTagsForResource"] == reads

    assert _stored(account, case, resource) == {"Env": "prod"}


def test_tag_values_may_be_numbers_and_empty(account: Account, case: ResourceCase) -> None:
    done = apply(account, case.module, **case.creation(), resource_tags={"Level": 1, "Note": ""})

    assert done[case.result]["tags"] == {"Level": "1", "Note": ""}


def test_a_tag_without_a_value_counts_as_not_given(account: Account, case: ResourceCase) -> None:
    done = apply(account, case.module, **case.creation(), tags={"Level": 1, "None": None})
    assert done[case.result]["tags"] == {"Level": "1"}

    kept = account.run(case.module, **case.identity, tags={"Level": None}, purge_tags=False)
    assert kept["changed"] is False
    purged = apply(account, case.module, **case.identity, tags={"Level": None})
    assert purged[case.result]["tags"] == {}


def test_tags_of_the_collection_are_neither_told_nor_purged(account: Account, case: ResourceCase) -> None:
    done = account.run(case.module, **case.creation(), setup="one", tags={"Env": "prod"})
    resource = done[case.result]
    assert resource["setup"] == "one"
    assert resource["tags"] == {"Env": "prod"}

    apply(account, case.module, **case.identity, setup="one", tags={})

    assert _stored(account, case, resource) == {"patchfleet:setup": "one"}


def test_reserved_tags_are_refused(account: Account, case: ResourceCase) -> None:
    for key in ("aws:x", "patchfleet:setup", "Patchfleet:x"):
        (violation,) = account.refuses(case.module, **case.creation(), tags={key: "1"})
        assert repr(key) in violation


def test_a_resource_without_an_owner_is_adopted(account: Account, case: ResourceCase) -> None:
    resource = account.run(case.module, **case.creation())[case.result]

    adopted = apply(account, case.module, **case.creation(), setup="one")

    assert changed_fields(adopted) == {"setup"}
    assert _stored(account, case, resource) == {"patchfleet:setup": "one"}


def test_a_resource_of_another_setup_is_left_alone(account: Account, case: ResourceCase) -> None:
    resource = account.run(case.module, **case.creation(), setup="one")[case.result]

    for args in (case.creation(), {**case.identity, "state": "absent"}):
        (violation,) = account.refuses(case.module, **args, setup="two")
        assert "'one'" in violation
        assert "take_over" in violation
    taken = apply(account, case.module, **case.creation(), setup="two", take_over=True)

    assert changed_fields(taken) == {"setup"}
    assert _stored(account, case, resource) == {"patchfleet:setup": "two"}


def test_a_resource_of_cloudformation_is_left_alone(account: Account, case: ResourceCase) -> None:
    resource = account.run(case.module, **case.creation())[case.result]
    stack = "arn:aws:cloudformation:eu-central-1:123456789012:stack/one"
    region = account.simulator._region(ACCOUNT, REGION)
    tags = [{"Key": "aws:cloudformation:stack-id", "Value": stack}]
    store_tags(region, TYPES[case.kind.name], resource[case.kind.id_option], tags, system=True)

    (violation,) = account.refuses(case.module, **case.creation(), description="new", setup="one")

    assert stack in violation
    assert apply(account, case.module, **case.creation(), setup="one", take_over=True)["changed"]
