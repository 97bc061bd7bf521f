# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kinds of resources share: reading options out of an API answer, merging options over it, comparing the two.

All functions are pure. "raw" is the API's own structure (a Get answer); merging works on a copy of it, so that members
which the collection does not know survive an update.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._aws.structures import Raw, member, put_member
from .option import Option, Options, managed


@dataclass(frozen=True)
class Kind:
    """One kind of resource: its options and the operations that write it."""

    name: str
    options: Options
    id_option: str
    id_member: str
    id_pattern: re.Pattern[str]
    create: str
    update: str
    delete: str

    def managed(self) -> tuple[tuple[str, Option], ...]:
        """The options that the API stores, with dotted names."""
        return self._managed

    @cached_property
    def _managed(self) -> tuple[tuple[str, Option], ...]:
        return tuple(managed(self.options))

    def is_id(self, text: str) -> bool:
        """Whether a name or id given by the user is an id of this kind."""
        return bool(self.id_pattern.fullmatch(text))


def stored(option: Option, raw: Raw) -> Any:
    """The option's value in an API answer; the service's own meaning where nothing is stored."""
    value = option.codec.decode(member(raw, str(option.api)))
    return option.absent if value is None else value


def values_of(kind: Kind, raw: Raw) -> dict[str, Any]:
    """All managed options of a resource, flat; all of a block are None where nothing of it is stored."""
    options = dict(kind.managed())
    in_use = {
        _block(name)
        for name, option in options.items()
        if option.codec.decode(member(raw, str(option.api))) is not None
    }
    return {name: stored(option, raw) if _block(name) in {"", *in_use} else None for name, option in options.items()}


def _block(name: str) -> str:
    return name.rpartition(".")[0]


def same(option: Option, one: Any, other: Any) -> bool:
    """Whether two values of an option mean the same to the service."""
    return bool(_normal(option, one) == _normal(option, other))


def _normal(option: Option, value: Any) -> Any:
    normal = None if option.is_empty(value) else option.codec.normal(value)
    return option.absent if normal is None else normal


def merge(kind: Kind, raw: Raw, values: Mapping[str, Any]) -> Raw:
    """The API structure after the given option values; what they do not name stays, what is the same is not touched."""
    after = deepcopy(raw)
    wanted = [(option, values[name]) for name, option in kind.managed() if name in values]
    # Clears come first: of two options that share a member, the one that is set must win.
    for option, value in sorted(wanted, key=lambda pair: not pair[0].is_empty(pair[1])):
        path = str(option.api)
        if option.is_empty(value):
            if option.codec.decode(member(raw, path)) is not None:
                put_member(after, path, option.empty)
        elif not same(option, value, stored(option, raw)):
            put_member(after, path, option.codec.encode(value))
    return after


def changed_names(kind: Kind, before: Raw, after: Raw) -> list[str]:
    """The options whose meaning differs between two API structures."""
    if before == after:
        return []
    return [name for name, option in kind.managed() if not same(option, stored(option, before), stored(option, after))]


def partly_changed(kind: Kind, changed: Iterable[str]) -> set[str]:
    """Members that hold more than one option, of the options that change."""
    members = [str(option.api).partition(".")[0] for _name, option in kind.managed()]
    tops = {str(dict(kind.managed())[name].api).partition(".")[0] for name in changed}
    return {top for top in tops if members.count(top) > 1}


def update_body(kind: Kind, before: Raw, after: Raw, input_members: frozenset[str], replace: bool = False) -> Raw:
    """The members that an update must send; C(Replace) with all of them where a member has to go.

    The service clears a scalar only by C(Replace=true) without it, and then drops everything that is not sent.
    """
    paths = dict(kind.managed())
    tops = {str(paths[name].api).partition(".")[0] for name in changed_names(kind, before, after)}
    if replace or any(top not in after for top in tops):
        return {**{name: value for name, value in after.items() if name in input_members}, "Replace": True}
    return {top: after[top] for top in sorted(tops)}
