# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definition of a kind of resource, and the functions that all kinds share: read options from a response, merge
options, and compare both.

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
    """An API structure, and the options that its members store."""

    options: Options

    def managed(self) -> tuple[tuple[str, Option], ...]:
        """The options that the API stores, with dotted names."""
        return self._managed

    @cached_property
    def _managed(self) -> tuple[tuple[str, Option], ...]:
        return tuple(managed(self.stored_options()))

    def stored_options(self) -> Options:
        """The options that the API stores, which can have one format for several options of users."""
        return self.options


@dataclass(frozen=True)
class Listing:
    """The call that lists the resources of a kind, in the account or in one window.

    members: the members that a valid entry must have. name_filter: the key of the filter by name, if any.
    own: the request of a listing without this filter. It can exclude resources of AWS, or specify a C(MaxResults) other
    than 100.
    """

    operation: str
    result: str
    members: tuple[str, ...]
    name_member: str = "Name"
    name_filter: str = ""
    own: Raw = field(default_factory=dict)


@dataclass(frozen=True)
class TypeOf:
    """The type of a resource. An update cannot change it, so the resource is replaced.

    option, member: where it is declared and stored. known: the types that can be replaced. fixed: the only type.
    """

    option: str
    member: str
    known: tuple[str, ...]
    fixed: str | None = None


@dataclass(frozen=True)
class Rule:
    """A rule between options, checked once: on the specified options if they decide it, otherwise on the merged ones.

    check: returns the violations. Its arguments are the specified, the stored and the merged option values. Before
    anything is read, nothing is stored, and the merged values are the specified ones. about: the rule matters if one of
    these options is specified, and always if there are none. beside: further options that it uses.
    """

    check: Callable[[Values, Values, Values], list[str]]
    about: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    def is_settled(self, given: Values) -> bool:
        """Whether the specified values alone decide the rule."""
        return bool(self.about) and all(name in given for name in (*self.about, *self.beside))

    def matters(self, given: Values) -> bool:
        """Whether any option is specified that the rule is about."""
        return not self.about or any(name in given for name in self.about)


@dataclass(frozen=True, eq=False)
class Kind(Structure):
    """One kind of resource: everything that the engine knows about it. For special behavior, override a method.

    name: the term in messages, and the key of the result of its module.
    id_option, id_member, id_pattern: of its ID.
    create, update, delete, listing: its calls.
    module: the module that manages one resource.
    in_setup: the description of its list in a setup.
    get: the call that reads one resource, empty if the listing contains everything.
    decisive: the members that a valid response about one resource must have.
    dated: whether a response contains the creation date. If two runs create a resource with the same name at the same
        time, the older one is kept.
    resource_type: the type for tags. Without one, the window that contains the resource determines its owner.
    parent_options: the module options that identify the parent.
    parent_member: the member that contains the window, empty if the resource is not in a window.
    contents: the kinds that it contains.
    required: the options that are required to create one.
    base: the members that every resource has.
    name_scope: the options that distinguish resources with the same name.
    type: see TypeOf.
    likeness: the words in messages for what identifies a resource without a name, see is_same.
    withdrawal: additional parameters of the delete call when a run removes a resource that it has just created.
    loses: whether steps for other resources can take something from it, such as a patch group from a baseline.
    rules: see Rule.
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
        """Whether a name or ID that the user specified is an ID of this kind."""
        return bool(self.id_pattern.fullmatch(text))

    def declared_type(self, values: Values) -> str | None:
        """The type that option values declare."""
        return (self.type.fixed or values.get(self.type.option)) if self.type else None

    def stored_type(self, raw: Raw) -> Any:
        """The type of a stored resource."""
        return raw.get(self.type.member) if self.type else None

    def tidy(self, raw: Raw) -> Raw:
        """A response in the format of the planners. AWS can return a missing text as an empty one."""
        return {name: value for name, value in raw.items() if value not in ("", None)}

    def modernise(self, raw: Raw) -> Raw:
        """The same resource in the current format of the API."""
        return raw

    def translate(self, values: Values) -> tuple[Values, list[str]]:
        """The specified values in the format that the API stores, and the violations."""
        return values, []

    def complete(self, values: Values, before: Values) -> dict[str, Any]:
        """The specified values with derived values. before: stored option values, empty for a new resource."""
        created = {} if before else {name: option.created for name, option in self.managed()}
        return {**{name: value for name, value in created.items() if value is not None}, **values}

    def reset(self, values: Values) -> Values:
        """The specified values, with the values of a new resource for all omitted options."""
        cleared = {
            name: option.created if option.created is not None else ""
            for name, option in self.managed()
            if option.resettable and (option.clearable or option.created is not None)
        }
        return {**cleared, **values}

    def given_violations(self, values: Values, input_shape: Callable[[str], Any]) -> list[str]:
        """Violations in the specified values, whatever is stored. input_shape: the input shape of an operation."""
        return [text for rule in self.rules if rule.is_settled(values) for text in rule.check(values, {}, values)]

    def violations(self, given: Values, values: Values, before: Values, after: Values) -> list[str]:
        """Violations in a merged resource, by the rules that the specified values alone do not decide.

        given: as specified by the user. values: completed. before: stored. after: merged.
        """
        open_rules = [rule for rule in self.rules if not rule.is_settled(given) and rule.matters(values)]
        return [text for rule in open_rules for text in rule.check(values, before, after)]

    def missing(self, values: Values, title: str) -> list[str]:
        """The violation for options that a new resource requires: all of them in one, because their cause is one."""
        names = [name for name in self.required if values.get(name) is None]
        if not names:
            return []
        verb = "is missing; it is" if len(names) == 1 else "are missing; they are"
        where = "does not exist in this account and Region"
        return [f"{', '.join(names)}: {verb} required to create the {self.name} {title}, which {where}"]

    def warnings(self, given: Values, before: Values, after: Values) -> list[str]:
        """Warnings about a merged resource that is allowed."""
        return []

    def refusal(self, raw: Raw, values: Values) -> str | None:
        """Why a stored resource with the name is not of this kind."""
        return None

    def is_same(self, values: Values, raw: Raw, ids: Mapping[str, str]) -> bool:
        """Whether a stored resource without a name matches the declared values. ids: target IDs by name."""
        return False

    def expresses(self, raw: Raw) -> bool:
        """Whether the options can express everything that is stored."""
        return True

    def express(self, raw: Raw) -> dict[str, Any]:
        """Options that declare the stored values in another format, empty if the stored options can be declared."""
        return {}

    def facts(self, raw: Raw) -> dict[str, Any]:
        """Values of a response other than options, with dates in ISO-8601."""
        return {"created_date": iso_date(raw.get("CreatedDate")), "modified_date": iso_date(raw.get("ModifiedDate"))}


def stored(option: Option, raw: Raw) -> Any:
    """The value of the option in an API response, or the value that the service assumes if none is stored."""
    value = option.codec.decode(member(raw, str(option.api)))
    return option.absent if value is None else value


def values_of(kind: Structure, raw: Raw) -> dict[str, Any]:
    """All managed options of a resource, flattened. All options of a block are None if none of them is stored."""
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
    """Whether two values of an option are equivalent to the service."""
    return bool(_normal(option, one) == _normal(option, other))


def _normal(option: Option, value: Any) -> Any:
    normal = None if option.is_empty(value) else option.codec.normal(value)
    return option.absent if normal is None else normal


def merge(kind: Structure, raw: Raw, values: Values) -> Raw:
    """The API structure after the specified option values. Other members and equivalent values stay unchanged.

    If nothing differs, it is the structure itself.
    """
    puts: list[tuple[str, Any]] = []
    wanted = [(option, values[name]) for name, option in kind.managed() if name in values]
    # Clears come first: if two options share a member, the one that is set must win.
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
    """The options whose values differ between two API structures."""
    if before == after:
        return []
    return [name for name, option in kind.managed() if not same(option, stored(option, before), stored(option, after))]


def partly_changed(kind: Structure, changed: Iterable[str]) -> set[str]:
    """Members that hold more than one option, of the options that change."""
    members = [str(option.api).partition(".")[0] for _name, option in kind.managed()]
    tops = {str(dict(kind.managed())[name].api).partition(".")[0] for name in changed}
    return {top for top in tops if members.count(top) > 1}


def update_body(kind: Structure, before: Raw, after: Raw, input_members: frozenset[str], replace: bool = False) -> Raw:
    """The members that an update must send: all of them with C(Replace) if a member must be cleared.

    The service clears a scalar only with C(Replace=true) and without the member, and then drops all members not sent.
    """
    paths = dict(kind.managed())
    tops = {str(paths[name].api).partition(".")[0] for name in changed_names(kind, before, after)}
    if replace or any(top not in after for top in tops):
        return {**{name: value for name, value in after.items() if name in input_members}, "Replace": True}
    return {top: after[top] for top in sorted(tops)}
