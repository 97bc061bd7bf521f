# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaration of the user, in one format for a single resource and for a whole setup, and its violations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._options.kind import Kind, Values, merge
from .._options.limits import blank_entries, breaches, option_breaches, unknown_options
from .._options.mistakes import entry_path
from .._options.option import concurrency_violations, given
from .._resources.ownership import REPLACED, RESERVED_TAGS, SETUP_TAG, given_tags, is_reserved, setup_mistake
from .._resources.register import IN_WINDOWS, KINDS

Params = Mapping[str, Any]
# The botocore shape of an operation's input.
InputShape = Callable[[str], Any]
_MOST_TAGS = 50


@dataclass(frozen=True, eq=False)
class Entry:
    """One declared resource.

    label: its path in violations, empty for a single module. values: all options that the user specified, flattened, in
    the format of the API if it stores them. mistakes: violations of options that have no such format. declared: false
    for a window that is only the parent of a single target or task. pruned: it is removed because the setup owns it but
    does not declare it. setup: the owner that the resource gets. claim: the setup for which the run writes to it, which
    is that of the whole declaration if the entry removes the tag. targets, tasks: of a window, None if the user omits
    them.
    """

    kind: Kind
    label: str
    values: Values
    name: str | None = None
    id: str | None = None
    mistakes: tuple[str, ...] = ()
    absent: bool = False
    declared: bool = True
    pruned: bool = False
    setup: str | None = None
    claim: str | None = None
    take_over: bool = False
    targets: tuple[Entry, ...] | None = None
    tasks: tuple[Entry, ...] | None = None

    @property
    def title(self) -> str:
        """The name, or the ID if no name is specified."""
        return self.name or self.id or "?"

    @property
    def contents(self) -> tuple[Entry, ...]:
        """All that is declared in it."""
        return (*(self.targets or ()), *(self.tasks or ()))

    @property
    def reads_tags(self) -> bool:
        """Whether any decision about this entry needs the resource's tags."""
        decided = any(name in self.values for name in ("setup", "tags"))
        return self.setup is not None or decided or bool(self.values.get("recreate")) or self.removed

    @property
    def removed(self) -> bool:
        """Whether the entry removes a resource that could belong to someone else."""
        return self.absent and self.declared and bool(self.kind.resource_type)


@dataclass(frozen=True, eq=False)
class Declaration:
    """Everything that one run declares.

    resources: entries outside windows, by the name of the kind. whole: a setup, in which parents and targets must be
    declared or exist. owned: whether to remove what the setup owns but does not declare. limit: the maximum number of
    such removals, None for no limit. removes_all: whether to remove everything that is declared and owned. mistakes:
    violations in the setup for which the run claims resources.
    """

    resources: Mapping[str, tuple[Entry, ...]]
    setup: str | None = None
    take_over: bool = False
    whole: bool = False
    owned: bool = False
    limit: int | None = None
    removes_all: bool = False
    concurrency: int = 1
    mistakes: tuple[str, ...] = ()

    def of(self, kind: Kind) -> tuple[Entry, ...]:
        """The entries of a kind."""
        return self.resources.get(kind.name, ())

    @property
    def baselines(self) -> tuple[Entry, ...]:
        """The entries of patch baselines."""
        return self.of(KINDS["baselines"])

    @property
    def windows(self) -> tuple[Entry, ...]:
        """The entries of maintenance windows."""
        return self.of(KINDS["windows"])

    def entries(self) -> Iterable[Entry]:
        """Every entry, parents before children."""
        for entries in self.resources.values():
            for entry in entries:
                yield entry
                yield from entry.contents


def make_entry(
    kind: Kind,
    params: Params,
    label: str = "",
    whole: Params | None = None,
    targets: tuple[Entry, ...] | None = None,
    tasks: tuple[Entry, ...] | None = None,
) -> Entry:
    """One entry from the options of its module. whole: the options of the setup that contains it."""
    whole = whole or {}
    absent = "absent" in (params.get("state"), whole.get("state"))
    values, mistakes = kind.translate(given(kind.options, params))
    if whole.get("unset") == "reset" and not absent:
        values = kind.reset(values)
    of_all = _name(whole.get("setup"))
    setup = of_all if params.get("setup") is None else _name(params["setup"])
    own_take_over = params.get("take_over")
    return Entry(
        kind=kind,
        label=label,
        values=values,
        name=params.get("name"),
        id=params.get(kind.id_option),
        mistakes=tuple(mistakes),
        absent=absent,
        setup=setup,
        claim=setup or of_all,
        take_over=bool(whole.get("take_over") if own_take_over is None else own_take_over),
        targets=targets,
        tasks=tasks,
    )


def _name(setup: str | None) -> str | None:
    """The name of a setup. A blank name means none."""
    return setup if setup and setup.strip() else None


def single(kind: Kind, params: Params) -> Declaration:
    """The declaration of a module for one resource."""
    entry = make_entry(kind, params)
    if kind.parent_member:
        parent = _parent_entry(params["window"], entry)
        return Declaration({parent.kind.name: (parent,)}, mistakes=_claim_mistakes(params))
    return Declaration({kind.name: (entry,)})


def _claim_mistakes(params: Params) -> tuple[str, ...]:
    """Violations in a setup name that is only a claim and does not remove the tag."""
    mistake = setup_mistake(params.get("setup"))
    return (mistake,) if mistake else ()


def _parent_entry(reference: str, child: Entry) -> Entry:
    """The window of a single target or task, by name or id."""
    kind = KINDS["windows"]
    is_id = kind.is_id(reference)
    return Entry(
        kind,
        "",
        {},
        None if is_id else reference,
        reference if is_id else None,
        declared=False,
        claim=child.claim,
        take_over=child.take_over,
        **{f"{child.kind.name}s": (child,)},  # type: ignore[arg-type]
    )


def whole_setup(params: Params) -> Declaration:
    """The declaration of C(ssm_patch_setup)."""
    remove_all = params.get("state") == "absent"
    setup = _name(params.get("setup"))
    return Declaration(
        {kind.name: _listed("", name, kind, params, params) or () for name, kind in KINDS.items()},
        setup,
        bool(params.get("take_over")),
        whole=True,
        owned=bool(setup if remove_all else params.get("prune")),
        limit=params.get("prune_limit"),
        removes_all=remove_all,
        concurrency=params.get("concurrency", 1),
        mistakes=_claim_mistakes(params),
    )


def _listed(outer: str, name: str, kind: Kind, options: Params, whole: Params) -> tuple[Entry, ...] | None:
    """The entries of one list. None if it is omitted."""
    if options.get(name) is None:
        return None
    return tuple(
        _entry(kind, one, entry_path(outer, name, number, one), whole) for number, one in enumerate(options[name])
    )


def _entry(kind: Kind, options: Params, label: str, whole: Params) -> Entry:
    contents: dict[str, tuple[Entry, ...] | None] = {}
    if kind.contents and "absent" not in (options.get("state"), whole.get("state")):
        for name, inner in IN_WINDOWS.items():
            entries = _listed(label, name, inner, options, whole)
            key = f"{inner.name}s"
            known = contents.get(key)
            contents[key] = known if entries is None else (*(known or ()), *entries)
    return make_entry(kind, options, f"{label}: ", whole, **contents)


def violations(declaration: Declaration, input_shape: InputShape) -> list[str]:
    """All violations that do not depend on the account."""
    found = []
    for entry in declaration.entries():
        if entry.declared:
            found += [entry.label + text for text in _entry_violations(entry, input_shape)]
    for entries in declaration.resources.values():
        found += _namesakes(entries)
        for entry in entries:
            found += _namesakes(entry.targets or ()) + _namesakes(entry.tasks or ())
    return found + _steering_violations(declaration)


def _entry_violations(entry: Entry, input_shape: InputShape) -> list[str]:
    kind, values, found = entry.kind, entry.values, _identity_violations(entry) + _setup_violations(entry)
    if entry.absent:
        return found
    found += [
        f"{name}: must not be empty"
        for name, option in kind.managed()
        if name in values and not option.clearable and option.is_empty(values[name])
    ]
    found += _tag_violations(entry, input_shape)
    known = {*input_shape(kind.create).members, *input_shape(kind.update).members}
    found += unknown_options(kind, values, known)
    broken = option_breaches(kind, input_shape(kind.create), merge(kind, {}, values), set(values))
    own = [text for name, option in kind.managed() if name in values for text in _blanks(name, option, values[name])]
    own += [*kind.given_violations(values, input_shape), *entry.mistakes]
    places = {_place(text) for text in own}
    return found + [text for text in broken if _place(text) not in places] + own


def _setup_violations(entry: Entry) -> list[str]:
    """The setup of a window or baseline can be empty to remove the tag, but only if the resource is kept."""
    name = entry.values.get("setup")
    mistake = setup_mistake(name, can_clear=True)
    if mistake is None and name == "" and entry.absent and not entry.claim:
        mistake = (
            "setup: is empty, which removes the tag from resources that are kept; with state: absent, specify"
            " the name, or omit setup"
        )
    return [mistake] if mistake else []


def _place(violation: str) -> str:
    return violation.partition(":")[0]


def _blanks(name: str, option: Any, value: Any) -> list[str]:
    """Empty entries of lists. Lists of dictionaries are checked by the rules of their kind."""
    return blank_entries(name, value) if option.elements == "str" else []


def _identity_violations(entry: Entry) -> list[str]:
    kind, found = entry.kind, []
    if not entry.name and not entry.id:
        found.append(f"name: is missing; specify name or {kind.id_option}")
    if entry.name and kind.is_id(entry.name):
        found.append(f"name: {entry.name!r} has the format of an ID; specify it as {kind.id_option}")
    if entry.name and entry.name.endswith(REPLACED) and kind.type:
        found.append(f"name: {entry.name!r} ends in {REPLACED}, which marks an unfinished replacement; choose another")
    if entry.id and not kind.is_id(entry.id):
        found.append(
            f"{kind.id_option}: {entry.id!r} is not a valid ID of a {kind.name}; to find it by name, specify name"
        )
    return found


def _tag_violations(entry: Entry, input_shape: InputShape) -> list[str]:
    tags = given_tags(entry.values.get("tags")) or {}
    found = [
        f"tags: {key!r} begins with a reserved prefix ({', '.join(RESERVED_TAGS)}); use another key"
        + ("; the name of the setup is the option setup" if key == SETUP_TAG else "")
        for key in tags
        if is_reserved(str(key))
    ]
    named = [("tags", dict(tags)), ("setup", {SETUP_TAG: entry.setup} if entry.setup else {})]
    for option, pairs in named:
        listed = [{"Key": key, "Value": value} for key, value in pairs.items()]
        shape = input_shape("AddTagsToResource").members["Tags"]
        found += [f"{option}: {finding.value!r} {finding.rule}" for finding in breaches(shape, listed)]
    if len(tags) > _MOST_TAGS:
        found.append(f"tags: {len(tags)} tags, but a resource takes at most {_MOST_TAGS}")
    return found


def _namesakes(entries: tuple[Entry, ...]) -> list[str]:
    """A name can be declared once (for a baseline, once for each operating system)."""

    def key(entry: Entry) -> tuple[Any, ...]:
        return (entry.name, *(entry.values.get(name) for name in entry.kind.name_scope))

    named = [entry for entry in entries if entry.name]
    counts = Counter(key(entry) for entry in named)
    return [
        f"{entry.label}name: is declared {counts[key(entry)]} times as a {entry.kind.name}; names must be unique"
        for entry in named
        if counts[key(entry)] > 1
    ]


def _steering_violations(declaration: Declaration) -> list[str]:
    found = [*declaration.mistakes, *concurrency_violations(declaration.concurrency)]
    if declaration.limit is not None and declaration.limit < 0:
        found.append(f"prune_limit: {declaration.limit} must be at least 0")
    if not declaration.owned or declaration.removes_all:
        return found
    if not declaration.setup:
        found.append("prune: requires setup, the name of the setup whose resources can be deleted")
    if not any(declaration.resources.values()):
        lists = " and ".join(reversed(KINDS))
        found.append(
            f"prune: {lists} are both empty; declare the resources to keep,"
            " or specify state: absent to delete the whole setup"
        )
    return found
