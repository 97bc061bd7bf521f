# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of every module for one resource: given, changed alone, given in another order, cleared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import Account
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.comparing import BLOCKS, apply, changed_fields
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.subjects import (
    REFUSED,
    SUBJECTS,
    Alteration,
    Subject,
    arguments,
    joined,
    leaves,
    means,
    shown,
)

EMPTY = {"str": "", "list": [], "dict": {}, "raw": ""}
OLD_BOTOCORE = pytest.mark.skip("the installed botocore does not know the option")
BY_MODULE = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.module)


def _clearable_cases() -> list[Any]:
    return _cases(lambda subject, name: _top(subject, name) and _empty(subject, name) is not None)


def _cases(select: Any = lambda subject, name: True) -> list[Any]:
    return [
        pytest.param(subject, name, id=f"{subject.module}-{name}", marks=() if subject.known(name) else OLD_BOTOCORE)
        for subject in SUBJECTS
        for name in subject.alterations
        if select(subject, name)
    ]


def _top(subject: Subject, name: str) -> bool:
    """Options that can be given by themselves, and are no part of the entries of a list."""
    head = {option.name: option for option in subject.options}[name.partition(".")[0]]
    return "." not in name or head.type == "dict"


def _empty(subject: Subject, name: str) -> Any:
    option = dict(leaves(subject.options))[name]
    return 0 if option.zero_clears else EMPTY.get(option.type)


def _create(account: Account, subject: Subject, name: str) -> tuple[Alteration, dict[str, Any], dict[str, Any]]:
    """The resource with the first value of an option: the alteration, its identity, the result."""
    alteration = subject.alterations[name]
    subject.prepare(account)
    creation = joined(subject.creation(alteration), arguments(name, alteration.first))
    result = account.run(subject.module, **creation)
    return alteration, {**subject.where, "name": creation["name"]}, result


@BY_MODULE
def test_every_option_has_values_here_or_a_test_of_its_own(subject: Subject) -> None:
    names = {name for name, _option in leaves(subject.options)}

    assert names == set(subject.alterations) | set(subject.elsewhere)
    assert not set(subject.alterations) & set(subject.elsewhere)


@BY_MODULE
def test_the_tests_of_other_options_exist(subject: Subject) -> None:
    folder = Path(__file__).parent
    existing = {
        name for path in folder.glob("test_*.py") for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
    }

    assert set(subject.elsewhere.values()) <= existing


@pytest.mark.parametrize(("subject", "name"), _cases())
def test_an_option_changes_alone_and_has_no_order(account: Account, subject: Subject, name: str) -> None:
    alteration, identity, created = _create(account, subject, name)
    field = alteration.field or name
    before = created[subject.result]
    if alteration.field is None:
        assert means(subject.options, name, shown(before, field), alteration.first)
    turned = arguments(name, _reversed(alteration.first))
    again = account.run(subject.module, **{**identity, **joined(_kept(alteration), turned)})
    assert not again["changed"], again["diff"]

    done = apply(account, subject.module, **identity, **joined(alteration.along, arguments(name, alteration.second)))

    assert done["changed"]
    assert changed_fields(done) == {field, *alteration.also}
    after = done[subject.result]
    assert after[subject.kind.id_option] == before[subject.kind.id_option]
    if alteration.field is None:
        assert means(subject.options, name, shown(after, field), alteration.second)


def _kept(alteration: Alteration) -> dict[str, Any]:
    """What must be given along with an option, as it was on creation."""
    return {name: value for name, value in alteration.along.items() if name != "take_over"}


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(entry) for name, entry in reversed(value.items())}
    return [_reversed(entry) for entry in reversed(value)] if isinstance(value, list) else value


@pytest.mark.parametrize(("subject", "name"), _clearable_cases())
def test_an_empty_option_is_cleared(account: Account, subject: Subject, name: str) -> None:
    alteration, identity, created = _create(account, subject, name)
    empty = {**_kept(alteration), **arguments(name, _empty(subject, name))}
    if alteration.cleared is REFUSED:
        _assert_refused(account, subject, {**identity, **empty})
        return

    done = apply(account, subject.module, **identity, **empty)

    assert done["changed"]
    field = alteration.field or name
    assert shown(done[subject.result], field) == alteration.cleared
    assert changed_fields(done) == {field, *alteration.on_clear}
    unchanged = {one for one, _option in subject.kind.managed()} - {field, *alteration.on_clear}
    for one in unchanged:
        assert means(subject.options, one, shown(done[subject.result], one), shown(created[subject.result], one))


def _assert_refused(account: Account, subject: Subject, args: dict[str, Any]) -> None:
    for check in (True, False):
        account.clear_log()
        account.fails(subject.module, check=check, **args)
        assert not account.calls(writes=True)


@BY_MODULE
def test_every_block_can_be_cleared_as_a_whole(account: Account, subject: Subject) -> None:
    # The reset forgets what an earlier block left behind.
    blocks = [name for name in BLOCKS if any(one.startswith(f"{name}.") for one in subject.alterations)]
    for name in blocks:
        inner = [one for one in subject.alterations if one.startswith(f"{name}.") and one.count(".") == 1]
        account.simulator.reset()
        alteration, identity, _created = _create(account, subject, inner[0])
        done = apply(account, subject.module, **identity, **{name: {}})
        assert done["changed"], (name, alteration)
        assert done[subject.result][name] is None
    assert bool(blocks) is (subject.kind.name == "task")


def test_every_type_that_can_be_empty_is_known() -> None:
    def types() -> Iterator[str]:
        for subject in SUBJECTS:
            yield from (option.type for _name, option in leaves(subject.options))

    assert set(types()) <= {*EMPTY, "bool", "int"}
