# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of every module for one resource: given, changed alone, given in another order, cleared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import BLOCKS, apply, changed_fields
from ansible_collections.patchfleet.aws.tests.support.resource_cases import (
    REFUSED,
    RESOURCE_CASES,
    Alteration,
    ResourceCase,
    arguments,
    joined,
    leaves,
    means,
    shown,
)

EMPTY = {"str": "", "list": [], "dict": {}, "raw": ""}
OLD_BOTOCORE = pytest.mark.skip("the installed botocore does not know the option")
BY_MODULE = pytest.mark.parametrize("case", RESOURCE_CASES, ids=lambda case: case.module)


def _clearable_cases() -> list[Any]:
    return _cases(lambda case, name: _top(case, name) and _empty(case, name) is not None)


def _cases(select: Any = lambda case, name: True) -> list[Any]:
    return [
        pytest.param(case, name, id=f"{case.module}-{name}", marks=() if case.known(name) else OLD_BOTOCORE)
        for case in RESOURCE_CASES
        for name in case.alterations
        if select(case, name)
    ]


def _top(case: ResourceCase, name: str) -> bool:
    """Options that can be given by themselves, and are no part of the entries of a list."""
    head = {option.name: option for option in case.options}[name.partition(".")[0]]
    return "." not in name or head.type == "dict"


def _empty(case: ResourceCase, name: str) -> Any:
    option = dict(leaves(case.options))[name]
    return 0 if option.zero_clears else EMPTY.get(option.type)


def _create(account: Account, case: ResourceCase, name: str) -> tuple[Alteration, dict[str, Any], dict[str, Any]]:
    """The resource with the first value of an option: the alteration, its identity, the result."""
    alteration = case.alterations[name]
    case.prepare(account)
    creation = joined(case.creation(alteration), arguments(name, alteration.first))
    result = account.run(case.module, **creation)
    return alteration, {**case.where, "name": creation["name"]}, result


@BY_MODULE
def test_every_option_has_values_in_resource_cases_or_a_test_of_its_own(case: ResourceCase) -> None:
    names = {name for name, _option in leaves(case.options)}

    assert names == set(case.alterations) | set(case.elsewhere)
    assert not set(case.alterations) & set(case.elsewhere)


@BY_MODULE
def test_the_tests_of_other_options_exist(case: ResourceCase) -> None:
    folder = Path(__file__).parent
    existing = {
        name for path in folder.glob("test_*.py") for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
    }

    assert set(case.elsewhere.values()) <= existing


@pytest.mark.parametrize(("case", "name"), _cases())
def test_an_option_changes_alone_and_has_no_order(account: Account, case: ResourceCase, name: str) -> None:
    alteration, identity, created = _create(account, case, name)
    field = alteration.field or name
    before = created[case.result]
    if alteration.field is None:
        assert means(case.options, name, shown(before, field), alteration.first)
    turned = arguments(name, _reversed(alteration.first))
    again = account.run(case.module, **{**identity, **joined(_kept(alteration), turned)})
    assert not again["changed"], again["diff"]

    done = apply(account, case.module, **identity, **joined(alteration.along, arguments(name, alteration.second)))

    assert done["changed"]
    assert changed_fields(done) == {field, *alteration.also}
    after = done[case.result]
    assert after[case.kind.id_option] == before[case.kind.id_option]
    if alteration.field is None:
        assert means(case.options, name, shown(after, field), alteration.second)


def _kept(alteration: Alteration) -> dict[str, Any]:
    """What must be given along with an option, as it was on creation."""
    return {name: value for name, value in alteration.along.items() if name != "take_over"}


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(entry) for name, entry in reversed(value.items())}
    return [_reversed(entry) for entry in reversed(value)] if isinstance(value, list) else value


@pytest.mark.parametrize(("case", "name"), _clearable_cases())
def test_an_empty_option_is_cleared(account: Account, case: ResourceCase, name: str) -> None:
    alteration, identity, created = _create(account, case, name)
    # A tag goes only off what the run takes over.
    empty = {**alteration.along, **arguments(name, _empty(case, name))}
    if alteration.cleared is REFUSED:
        _assert_refused(account, case, {**identity, **empty})
        return

    done = apply(account, case.module, **identity, **empty)

    assert done["changed"]
    field = alteration.field or name
    assert shown(done[case.result], field) == alteration.cleared
    assert changed_fields(done) == {field, *alteration.on_clear}
    unchanged = {one for one, _option in case.kind.managed()} - {field, *alteration.on_clear}
    for one in unchanged:
        assert means(case.options, one, shown(done[case.result], one), shown(created[case.result], one))


def _assert_refused(account: Account, case: ResourceCase, args: dict[str, Any]) -> None:
    for check in (True, False):
        account.clear_log()
        account.fails(case.module, check=check, **args)
        assert not account.calls(writes=True)


@BY_MODULE
def test_every_block_can_be_cleared_as_a_whole(account: Account, case: ResourceCase) -> None:
    # The reset forgets what an earlier block left behind.
    blocks = [name for name in BLOCKS if any(one.startswith(f"{name}.") for one in case.alterations)]
    for name in blocks:
        inner = [one for one in case.alterations if one.startswith(f"{name}.") and one.count(".") == 1]
        account.simulator.reset()
        alteration, identity, _created = _create(account, case, inner[0])
        done = apply(account, case.module, **identity, **{name: {}})
        assert done["changed"], (name, alteration)
        assert done[case.result][name] is None
    assert bool(blocks) is (case.kind.name == "task")


def test_every_type_that_can_be_empty_is_known() -> None:
    def types() -> Iterator[str]:
        for case in RESOURCE_CASES:
            yield from (option.type for _name, option in leaves(case.options))

    assert set(types()) <= {*EMPTY, "bool", "int"}
