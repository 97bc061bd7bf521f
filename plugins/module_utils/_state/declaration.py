# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user declares, in one form for a single resource and for a whole setup, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._options.kind import Kind, merge
from .._options.limits import blank_entries, breaches, option_breaches, unknown_options
from .._options.mistakes import entry_path
from .._options.option import given
from .._resources import patch_baseline, patch_task, window, window_target, window_task
from .._resources.ownership import REPLACED, RESERVED_TAGS, SETUP_TAG, given_tags, is_reserved

Params = Mapping[str, Any]
_TARGETS_AND_RATES = frozenset({"window_targets", "instance_ids", "max_concurrency", "max_errors"})


@dataclass
class Entry:
    """One declared resource.

    label: how violations name it, empty for a single module. values: the stored options that the user gave, flat.
    declared: false for a window that is only the parent of a single target or task. pruned: it is removed because the
    setup owns it and does not declare it.
    setup: the owner that the resource gets. claim: the setup in whose name the run writes to it, which is that of the
    whole declaration where the entry gives up the tag.
    targets, tasks: of a window; None where the user does not speak of them.
    """

    kind: Kind
    label: str
    params: Params
    name: str | None
    id: str | None
    values: dict[str, Any]
    absent: bool = False
    declared: bool = True
    pruned: bool = False
    setup: str | None = None
    claim: str | None = None
    take_over: bool = False
    targets: list[Entry] | None = None
    tasks: list[Entry] | None = None

    @property
    def title(self) -> str:
        """The name, or the id where no name is given."""
        return self.name or self.id or "?"

    @property
    def reads_tags(self) -> bool:
        """Whether any decision about this entry needs the resource's tags."""
        recreated = bool(self.params.get("recreate"))
        given = self.setup is not None or any(self.params.get(name) is not None for name in ("setup", "tags"))
        return given or recreated or self.removed

    @property
    def removed(self) -> bool:
        """Whether the entry removes a resource that could be somebody else's."""
        return self.absent and self.declared and self.kind in (window.KIND, patch_baseline.KIND)


@dataclass
class Declaration:
    """All that one run declares.

    whole: a setup, where parents and targets must be declared or exist. owned: what the setup owns and does not declare
    goes too. limit: the most that may go so; None where all may. removes_all: whatever is declared and owned goes.
    """

    baselines: list[Entry] = field(default_factory=list)
    windows: list[Entry] = field(default_factory=list)
    setup: str | None = None
    take_over: bool = False
    whole: bool = False
    owned: bool = False
    limit: int | None = None
    removes_all: bool = False
    concurrency: int = 1

    def entries(self) -> Iterable[Entry]:
        """Every entry, parents before children."""
        yield from self.baselines
        for entry in self.windows:
            yield entry
            yield from entry.targets or ()
            yield from entry.tasks or ()


def make_entry(kind: Kind, params: Params, label: str = "", setup: str | None = None, take_over: bool = False) -> Entry:
    """One entry from the options of its module."""
    values = given(kind.options, params)
    if kind is window_target.KIND:
        values.update(window_target.criteria(params)[0])
    own_setup = (setup if params.get("setup") is None else params["setup"]) or None
    own_take_over = params.get("take_over")
    return Entry(
        kind=kind,
        label=label,
        params=params,
        name=params.get("name"),
        id=params.get(kind.id_option),
        values=values,
        absent=params.get("state") == "absent",
        setup=own_setup,
        claim=own_setup or setup or None,
        take_over=take_over if own_take_over is None else bool(own_take_over),
    )


def parent_entry(reference: str, child: Entry) -> Entry:
    """The window of a single target or task, by name or id."""
    is_id = window.KIND.is_id(reference)
    parent = Entry(
        window.KIND,
        "",
        {},
        None if is_id else reference,
        reference if is_id else None,
        {},
        declared=False,
        claim=child.claim,
        take_over=child.take_over,
    )
    if child.kind is window_target.KIND:
        parent.targets = [child]
    else:
        parent.tasks = [child]
    return parent


def whole_setup(params: Params) -> Declaration:
    """The declaration of C(ssm_patch_setup)."""
    setup, take_over = params.get("setup") or None, bool(params.get("take_over"))
    remove_all = params.get("state") == "absent"

    def entry(kind: Kind, options: Params, label: str) -> Entry:
        made = make_entry(kind, options, f"{label}: ", setup, take_over)
        made.absent = made.absent or remove_all
        if params.get("unset") == "reset" and not made.absent:
            made.params, made.values = reset(made)
        return made

    baselines = [
        entry(patch_baseline.KIND, options, entry_path("", "baselines", number, options))
        for number, options in enumerate(params.get("baselines") or ())
    ]
    windows = []
    for number, options in enumerate(params.get("windows") or ()):
        label = entry_path("", "windows", number, options)
        made = entry(window.KIND, options, label)
        if not made.absent:
            made.targets = _children(options, label, entry, ("targets", window_target.KIND))
            made.tasks = _children(options, label, entry, ("patch_tasks", patch_task.KIND), ("tasks", window_task.KIND))
        windows.append(made)
    return Declaration(
        baselines,
        windows,
        setup,
        take_over,
        whole=True,
        owned=bool(setup if remove_all else params.get("prune")),
        limit=params.get("prune_limit"),
        removes_all=remove_all,
        concurrency=params.get("concurrency", 1),
    )


def reset(entry: Entry) -> tuple[Params, dict[str, Any]]:
    """Params and values of an entry in which everything that it does not mention is as in a new resource."""
    kind, values, params = entry.kind, entry.values, entry.params
    rules = {id(patch_task.KIND): patch_task, id(window_task.KIND): window_task}.get(id(kind))
    defaults = rules.completed(values, {}) if rules else values
    if kind is patch_baseline.KIND and _is_aws_name(entry):
        return params, values
    cleared = {
        name: option.created if option.created is not None else ""
        for name, option in kind.managed()
        if name != "enabled" and (option.clearable or option.created is not None)
    }
    if rules and (kind is patch_task.KIND or values.get("task_type") in (None, "RUN_COMMAND")):
        # A Run Command task cannot be without targets, nor targets without rates.
        cleared = {name: value for name, value in cleared.items() if name not in _TARGETS_AND_RATES}
    if kind is patch_baseline.KIND:
        groups = params.get("patch_groups")
        params = {**params, "patch_groups": [] if groups is None else groups, "default": bool(params.get("default"))}
    return params, {**cleared, **defaults}


def _is_aws_name(entry: Entry) -> bool:
    return patch_baseline.is_aws_owned(entry.id or "") or (entry.name or "").startswith("AWS-")


def _children(
    options: Params, label: str, entry: Callable[[Kind, Params, str], Entry], *lists: tuple[str, Kind]
) -> list[Entry] | None:
    if all(options.get(name) is None for name, _kind in lists):
        return None
    return [
        entry(kind, child, entry_path(label, name, number, child))
        for name, kind in lists
        for number, child in enumerate(options.get(name) or ())
    ]


def violations(declaration: Declaration, input_shape: Callable[[str], Any]) -> list[str]:
    """Everything that is wrong whatever the account holds; input_shape: the botocore shape of an operation's input."""
    found = []
    for entry in declaration.entries():
        if entry.declared:
            found += [entry.label + text for text in _entry_violations(entry, input_shape)]
    for entries in (declaration.baselines, declaration.windows):
        found += _namesakes(entries)
    for entry in declaration.windows:
        found += _namesakes(entry.targets or []) + _namesakes(entry.tasks or [])
    return found + _steering_violations(declaration)


def _entry_violations(entry: Entry, input_shape: Callable[[str], Any]) -> list[str]:
    found = _identity_violations(entry)
    if entry.absent:
        return found
    found += [
        f"{name}: must not be empty"
        for name, option in entry.kind.managed()
        if name in entry.values and not option.clearable and option.is_empty(entry.values[name])
    ]
    found += _tag_violations(entry, input_shape)
    listed = _list_violations(entry, input_shape)
    known = {*input_shape(entry.kind.create).members, *input_shape(entry.kind.update).members}
    found += unknown_options(entry.kind, entry.values, known)
    broken = option_breaches(
        entry.kind, input_shape(entry.kind.create), merge(entry.kind, {}, entry.values), set(entry.values)
    )
    own = listed + _own_rules(entry)
    places = {_place(text) for text in own}
    return found + [text for text in broken if _place(text) not in places] + own


def _place(violation: str) -> str:
    return violation.partition(":")[0]


def _list_violations(entry: Entry, input_shape: Callable[[str], Any]) -> list[str]:
    """Entries of lists that mean nothing, and patch groups that no baseline can be registered for."""
    lists = {name: value for name, value in entry.values.items() if name != "targets"}
    found = [text for name, value in lists.items() for text in blank_entries(name, value)]
    if entry.kind is patch_baseline.KIND:
        shape = input_shape("RegisterPatchBaselineForPatchGroup").members["PatchGroup"]
        found += patch_baseline.group_violations(entry.params.get("patch_groups"), shape)
    return found


def _identity_violations(entry: Entry) -> list[str]:
    kind, found = entry.kind, []
    if not entry.name and not entry.id:
        found.append(f"name: is missing; give name or {kind.id_option}")
    if entry.name and kind.is_id(entry.name):
        found.append(f"name: {entry.name!r} has the form of an id; give it as {kind.id_option}")
    if entry.name and entry.name.endswith(REPLACED) and kind.name in ("target", "task"):
        found.append(f"name: {entry.name!r} ends in {REPLACED}, which marks an unfinished replacement; choose another")
    if entry.id and not kind.is_id(entry.id):
        found.append(f"{kind.id_option}: {entry.id!r} is no id of a {kind.name}; to use a name, give name")
    return found


def _own_rules(entry: Entry) -> list[str]:
    values = entry.values
    if entry.kind is window.KIND:
        return window.violations(values, {}, values)
    if entry.kind is window_target.KIND:
        return window_target.criteria(entry.params)[1]
    if entry.kind is patch_baseline.KIND:
        return patch_baseline.violations(values, values)
    rules = patch_task if entry.kind is patch_task.KIND else window_task
    return rules.given_violations(values)


def _tag_violations(entry: Entry, input_shape: Callable[[str], Any]) -> list[str]:
    tags = given_tags(entry.params.get("tags")) or {}
    found = [
        f"tags: {key!r} begins with a reserved prefix ({', '.join(RESERVED_TAGS)}); use another key"
        + ("; the name of the setup is the option setup" if key == SETUP_TAG else "")
        for key in tags
        if is_reserved(str(key))
    ]
    shape = input_shape("AddTagsToResource").members["Tags"]
    named = [("tags", dict(tags)), ("setup", {SETUP_TAG: entry.setup} if entry.setup else {})]
    for option, pairs in named:
        listed = [{"Key": key, "Value": value} for key, value in pairs.items()]
        found += [f"{option}: {finding.value!r} {finding.rule}" for finding in breaches(shape, listed)]
    if len(tags) > 50:
        found.append(f"tags: {len(tags)} tags, but a resource takes at most 50")
    return found


def _namesakes(entries: list[Entry]) -> list[str]:
    """A name may be declared once (a baseline once for each operating system)."""

    def key(entry: Entry) -> tuple[Any, ...]:
        return (entry.name, entry.values.get("operating_system") if entry.kind is patch_baseline.KIND else None)

    named = [entry for entry in entries if entry.name]
    counts = Counter(key(entry) for entry in named)
    return [
        f"{entry.label}name: is declared {counts[key(entry)]} times as a {entry.kind.name}; each name once"
        for entry in named
        if counts[key(entry)] > 1
    ]


def _steering_violations(declaration: Declaration) -> list[str]:
    found = []
    if declaration.concurrency < 1:
        found.append(f"concurrency: {declaration.concurrency} must be at least 1")
    if not declaration.owned or declaration.removes_all:
        return found
    if not declaration.setup:
        found.append("prune: needs setup, the name of the setup whose resources may be removed")
    if not declaration.windows and not declaration.baselines:
        found.append(
            "prune: windows and baselines are both empty, so there is nothing to compare with; declare what is to stay,"
            " or give state: absent to remove the whole setup"
        )
    return found
