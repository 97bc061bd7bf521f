# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of resource is, and what all kinds share: read options from an answer, merge options, compare the two.

All functions are pure. "raw" is the API's own structure (a Get answer); merging works on a copy of it, so that members
which the collection does not know survive an update.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .._aws.structures import Raw, iso_date, member, put_member
from .option import Option, Options, managed

# Option values by dotted name: C(schedule), C(notification.topic_arn).
Values = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Structure:
    """A structure of the API, and the options that its members store."""

    options: Options

    def managed(self) -> tuple[tuple[str, Option], ...]:
        """The options that the API stores, with dotted names."""
        return self._managed

    @cached_property
    def _managed(self) -> tuple[tuple[str, Option], ...]:
        return tuple(managed(self.stored_options()))

    def stored_options(self) -> Options:
        """The options that the API stores; others than users give where it has one form for several of them."""
        return self.options


@dataclass(frozen=True)
class Listing:
    """The call that lists the resources of a kind, of all or of one window.

    members: what an entry must hold to be understood. name_filter: the key of the filter by name, if there is one.
    own: the request that leaves out what AWS owns.
    """

    operation: str
    result: str
    members: tuple[str, ...]
    name_member: str = "Name"
    name_filter: str = ""
    own: Raw = field(default_factory=dict)


@dataclass(frozen=True)
class TypeOf:
    """The type of a resource, which no update changes: another one replaces it.

    option, member: where it is declared and stored. known: the types that may be replaced. fixed: that of all.
    """

    option: str
    member: str
    known: tuple[str, ...]
    fixed: str | None = None


@dataclass(frozen=True)
class Rule:
    """A rule between options, checked once: on what is given, if that settles it, or else on what it is merged with.

    check: gives the violations, from given, stored and merged option values. about: the options of which one must be
    given for the rule to matter; a rule without them always matters. beside: further options that it looks at.
    """

    check: Callable[[Values, Values, Values], list[str]]
    about: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    def is_settled(self, given: Values) -> bool:
        """Whether the given values alone decide it."""
        return bool(self.about) and all(name in given for name in (*self.about, *self.beside))

    def matters(self, given: Values) -> bool:
        """Whether anything is given that it is about."""
        return not self.about or any(name in given for name in self.about)


@dataclass(frozen=True, eq=False)
class Kind(Structure):
    """One kind of resource: all that the engine knows about it. What is special about one overrides a method.

    name: as messages and results call it. module: the module that manages one. in_setup: description of its list in a
    setup. id_option, id_member, id_pattern: of its ID. create, update, delete, listing: its calls. get: the call that
    reads one, empty where the listing shows all of it. decisive: the members that an answer about one must hold to be
    understood. dated: whether that says when it was created. resource_type: as tags call it; without one it is owned by
    the window in which it lies. parent_options: the options of its module that say where it lies. parent_member: the
    member that names its window; empty where it lies in none. contents: the kinds of what lies in it.
    required: the options that a new one needs. base: the members that each one has. name_scope: the options that tell
    namesakes apart. type: see TypeOf. likeness: what two of it have in common that differ in the name alone.
    withdrawal: what its delete call takes besides, where a run takes back what it has just created. loses: whether
    steps of another one may take something from it.
    """

    name: str
    id_option: str
    id_member: str
    id_pattern: re.Pattern[str]
    create: str
    update: str
    delete: str
    listing: Listing
    module: str = ""
    in_setup: str = ""
    get: str = ""
    decisive: tuple[str, ...] = ()
    dated: bool = False
    resource_type: str = ""
    parent_options: Options = ()
    parent_member: str = ""
    contents: tuple[Kind, ...] = ()
    required: tuple[str, ...] = ()
    base: Raw = field(default_factory=dict)
    name_scope: tuple[str, ...] = ()
    type: TypeOf | None = None
    likeness: str = ""
    withdrawal: Raw = field(default_factory=dict)
    loses: bool = False
    rules: tuple[Rule, ...] = ()

    def is_id(self, text: str) -> bool:
        """Whether a name or id given by the user is an id of this kind."""
        return bool(self.id_pattern.fullmatch(text))

    def declared_type(self, values: Values) -> str | None:
        """The type that option values declare."""
        return (self.type.fixed or values.get(self.type.option)) if self.type else None

    def stored_type(self, raw: Raw) -> Any:
        """The type of a stored resource."""
        return raw.get(self.type.member) if self.type else None

    def tidy(self, raw: Raw) -> Raw:
        """An answer as the planners know it. An absent text may come back as an empty one."""
        return {name: value for name, value in raw.items() if value not in ("", None)}

    def modernise(self, raw: Raw) -> Raw:
        """The same resource in today's form of the API."""
        return raw

    def translate(self, values: Values) -> tuple[Values, list[str]]:
        """The given values in the form that the API stores, and what is wrong with them."""
        return values, []

    def complete(self, values: Values, before: Values) -> dict[str, Any]:
        """The given values with what follows from them. before: stored option values, empty for a new resource."""
        created = {} if before else {name: option.created for name, option in self.managed()}
        return {**{name: value for name, value in created.items() if value is not None}, **values}

    def reset(self, values: Values) -> Values:
        """The given values with those of a new resource for all options that are not given."""
        cleared = {
            name: option.created if option.created is not None else ""
            for name, option in self.managed()
            if option.resettable and (option.clearable or option.created is not None)
        }
        return {**cleared, **values}

    def given_violations(self, values: Values, input_shape: Callable[[str], Any]) -> list[str]:
        """What is wrong with given values, whatever is stored. input_shape: the shape of an operation's input."""
        return [text for rule in self.rules if rule.is_settled(values) for text in rule.check(values, {}, values)]

    def violations(self, given: Values, values: Values, before: Values, after: Values) -> list[str]:
        """What is wrong with a merged resource, by the rules that the given values alone do not settle.

        given: as the user gave them. values: completed. before: stored. after: merged.
        """
        open_rules = [rule for rule in self.rules if not rule.is_settled(given) and rule.matters(values)]
        return [text for rule in open_rules for text in rule.check(values, before, after)]

    def missing(self, values: Values, title: str) -> list[str]:
        """What is wrong with a new resource for the options that it lacks."""
        names = [name for name in self.required if values.get(name) is None]
        return [f"{name}: is missing; it is required to create the {self.name} {title}" for name in names]

    def warnings(self, given: Values, before: Values, after: Values) -> list[str]:
        """What the user should know about a merged resource although it is allowed."""
        return []

    def refusal(self, raw: Raw, values: Values) -> str | None:
        """Why a stored resource is none of this kind, although it has the name."""
        return None

    def is_same(self, values: Values, raw: Raw, ids: Mapping[str, str]) -> bool:
        """Whether a stored resource without a name is what the values declare. ids: of targets by name."""
        return False

    def expresses(self, raw: Raw) -> bool:
        """Whether the options can say all that is stored."""
        return True

    def express(self, raw: Raw) -> dict[str, Any]:
        """Options that declare what is stored in another form; empty where every stored option is one."""
        return {}

    def facts(self, raw: Raw) -> dict[str, Any]:
        """What an answer says besides the options; dates as ISO-8601."""
        return {"created_date": iso_date(raw.get("CreatedDate")), "modified_date": iso_date(raw.get("ModifiedDate"))}


def stored(option: Option, raw: Raw) -> Any:
    """The option's value in an API answer; the service's own meaning where nothing is stored."""
    value = option.codec.decode(member(raw, str(option.api)))
    return option.absent if value is None else value


def values_of(kind: Structure, raw: Raw) -> dict[str, Any]:
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


def merge(kind: Structure, raw: Raw, values: Values) -> Raw:
    """The API structure after the given option values; what they do not name stays, what is the same is not touched.

    Where nothing differs it is the structure itself.
    """
    puts: list[tuple[str, Any]] = []
    wanted = [(option, values[name]) for name, option in kind.managed() if name in values]
    # Clears come first: of two options that share a member, the one that is set must win.
    for option, value in sorted(wanted, key=lambda pair: not pair[0].is_empty(pair[1])):
        path = str(option.api)
        if option.is_empty(value):
            if option.codec.decode(member(raw, path)) is not None:
                puts.append((path, option.empty))
        elif not same(option, value, stored(option, raw)):
            puts.append((path, option.codec.encode(value)))
    after = deepcopy(raw) if puts else raw
    for path, value in puts:
        put_member(after, path, value)
    return after


def changed_names(kind: Structure, before: Raw, after: Raw) -> list[str]:
    """The options whose meaning differs between two API structures."""
    if before == after:
        return []
    return [name for name, option in kind.managed() if not same(option, stored(option, before), stored(option, after))]


def partly_changed(kind: Structure, changed: Iterable[str]) -> set[str]:
    """Members that hold more than one option, of the options that change."""
    members = [str(option.api).partition(".")[0] for _name, option in kind.managed()]
    tops = {str(dict(kind.managed())[name].api).partition(".")[0] for name in changed}
    return {top for top in tops if members.count(top) > 1}


def update_body(kind: Structure, before: Raw, after: Raw, input_members: frozenset[str], replace: bool = False) -> Raw:
    """The members that an update must send; C(Replace) with all of them where a member has to go.

    The service clears a scalar only by C(Replace=true) without it, and then drops everything that is not sent.
    """
    paths = dict(kind.managed())
    tops = {str(paths[name].api).partition(".")[0] for name in changed_names(kind, before, after)}
    if replace or any(top not in after for top in tops):
        return {**{name: value for name, value in after.items() if name in input_members}, "Replace": True}
    return {top: after[top] for top in sorted(tops)}
