# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plans of targets and tasks share: find one in its window, register, update and replace it. Pure functions.

A resource that cannot be updated is replaced: the old one is renamed to C(<name>.replaced), the new one is registered,
references to the old one are changed, and the old one is removed. A C(.replaced) resource of another type is an
unfinished replacement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._aws.client import GONE
from .._aws.structures import Raw
from .._options.kind import Kind, update_body
from .._resources.ownership import REPLACED
from .._state.account import Found, Resource
from .._state.declaration import Entry
from .._state.identity import is_of_another_type, leftover_of, matching, replaced_name
from .changes import Change, Creation, Guard, Id, Ref, Step
from .planning import Inputs, Part, ViolationError, create_body, differing, rest_of
from .resource import refuse_rivals
from .windows import WindowPlan


@dataclass(frozen=True)
class Waits:
    """The steps that must succeed, and those that must end, before a step."""

    needs: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()

    def __or__(self, other: Waits) -> Waits:
        """The dependencies of both."""
        return Waits(self.needs | other.needs, self.after | other.after)


NOTHING = Waits()


@dataclass(frozen=True)
class Child:
    """One declared target or task in its window.

    name: the declared name, or the name before an unfinished replacement. current: the existing resource that it is
    made from. leftover: what an unfinished replacement left beside it. id, planned, values: its ID, structure and
    option values after the run. part: its change and steps. waits: the dependencies of a step that uses its ID.
    """

    entry: Entry
    window: WindowPlan
    name: str | None
    current: Resource | None
    leftover: Resource | None = None
    id: Id = ""
    planned: Raw = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    part: Part = field(default_factory=Part)
    waits: Waits = NOTHING


def find_child(inputs: Inputs, entry: Entry, window: WindowPlan, found: Found) -> Child:
    """The child that an entry refers to; raises ViolationError if there is none, or more than one."""
    if entry in inputs.adoptions.doubts:
        raise ViolationError(inputs.adoptions.doubts[entry])
    if adopted := inputs.adoptions.found.get(entry):
        where = f"{entry.kind.name} {adopted.id} of window {window.entry.title}"
        child = Child(entry, window, entry.name, adopted)
        child.part.warn(entry, [f"name: the {where} has no name but is otherwise the same, so it gets this name"])
    else:
        child = _find_child(entry, window, found)
    child.part.claims += [(entry, one.id) for one in (child.current, child.leftover) if one]
    return child


def _find_child(entry: Entry, window: WindowPlan, found: Found) -> Child:
    kind, matches = entry.kind, matching(entry, found.values())
    replaced = _replaced_name(entry, matches[0]) if entry.id and matches and not entry.absent else None
    name = replaced or entry.name
    successors = [one for one in found.values() if replaced and one.name == replaced]
    if len(successors) == 1:
        return Child(entry, window, name, successors[0], matches[0])
    if len(matches) > 1:
        ids = ", ".join(sorted(resource.id for resource in matches))
        raise ViolationError(
            f"name: {entry.name!r} is the name of several {kind.name}s of window {window.entry.title} ({ids});"
            f" specify {kind.id_option}"
        )
    if entry.id and not matches and not entry.absent:
        raise ViolationError(
            f"{kind.id_option}: {entry.id!r} does not exist in window {window.entry.title}; omit it to create one"
        )
    if entry.id and name:
        refuse_rivals(entry, [one.id for one in found.values() if one.name == name and one.id != entry.id])
    leftover = leftover_of(entry, found, matches[0] if matches else None)
    if not matches and leftover:
        return Child(entry, window, name, leftover)
    return Child(entry, window, name, matches[0] if matches else None, leftover)


def _replaced_name(entry: Entry, found: Resource) -> str | None:
    """The earlier name of what an unfinished replacement left, if an ID refers to it. Another child may have it now."""
    if not (found.name or "").endswith(REPLACED) or not is_of_another_type(entry, found):
        return None
    plain = entry.name or (found.name or "").removesuffix(REPLACED)
    return plain if replaced_name(plain) == found.name else None


def values_for(child: Child) -> dict[str, Any]:
    """The specified option values with the name of the child after the run."""
    return {**child.entry.values, **({"name": child.name} if child.name else {})}


def change_of(child: Child, action: str, before: dict[str, Any], after: dict[str, Any], name: str = "") -> Change:
    """The change of a child. The ID of a new one is a Ref to the step that registers it."""
    kind, current = child.entry.kind, child.current
    name = name or child.name or (current.name if current else None) or str(child.entry.id)
    window = child.window.entry.title
    change_id = current.id if current and action in ("update", "delete") else Ref(f"{kind.name} {window}/{name}")
    return Change(kind.name, name, action, change_id, before, after, window=window, late=child.entry.pruned)


def register_step(inputs: Inputs, child: Child, change: Change, planned: Raw, waits: Waits) -> Step:
    """The call that registers a child."""
    kind, window = child.entry.kind, child.window
    found = inputs.account.inside(kind, window.read_id)
    known = frozenset(one.id for one in found.values() if one.name == change.name)
    return Step(
        change.title,
        change,
        kind.create,
        {**create_body(inputs.members(kind.create), planned), kind.parent_member: window.id},
        window.needs | waits.needs,
        window.after | waits.after,
        retry=frozenset({"DoesNotExistException"}) if isinstance(window.id, Ref) else frozenset(),
        creation=Creation(kind, change.name, window.id, known),
    )


def _planned(child: Child, change: Change, planned: Raw, steps: Iterable[Step]) -> Child:
    """The child with a change. Steps that use its ID wait for the last of these steps."""
    part = Part()
    part.join(child.part)
    part.add(change, steps)
    last = part.steps[-1]
    after = frozenset({last.creation.group}) if last.creation else frozenset[str]()
    return replace(child, id=change.id, planned=planned, part=part, waits=Waits(frozenset({last.key}), after))


def plan_create(inputs: Inputs, child: Child, planned: Raw, shown: dict[str, Any], waits: Waits = NOTHING) -> Child:
    """Register a new child. shown: its option values as the diff shows them."""
    change = change_of(child, "create", {}, shown)
    return _planned(child, change, planned, [register_step(inputs, child, change, planned, waits)])


def plan_update(
    inputs: Inputs,
    child: Child,
    current: Resource,
    planned: Raw,
    waits: Waits = NOTHING,
    replace_all: bool = False,
    show: Mapping[str, str] | None = None,
    values: dict[str, Any] | None = None,
) -> Child:
    """Update an existing child in place if anything differs.

    show: names of targets by ID, for the diff. values: the option values afterwards, if they are known.
    """
    kind = child.entry.kind
    old, new = differing(kind, current.raw, planned, values)
    shown = named(new, show or {})
    body = update_body(kind, current.raw, planned, inputs.members(kind.update), replace_all)
    if old == new or not body:
        return replace(child, id=current.id, planned=planned, values=shown)
    change = change_of(child, "update", named(old, show or {}), shown)
    step = Step(
        f"{change.title} {current.id}",
        change,
        kind.update,
        {**body, kind.parent_member: child.window.id, kind.id_member: current.id},
        child.window.needs | waits.needs,
        child.window.after | waits.after,
        rest=rest_of(inputs, kind, current, planned, body, child.window.id),
    )
    return replace(_planned(child, change, planned, [step]), values=shown)


def plan_replace(
    inputs: Inputs,
    child: Child,
    current: Resource,
    planned: Raw,
    values: tuple[dict[str, Any], dict[str, Any]],
    waits: Waits = NOTHING,
) -> Child:
    """Rename the old child and register the new one. The caller removes the old one when nothing uses it anymore.

    values: option values before and after.
    """
    kind, window = child.entry.kind, child.window
    change = change_of(child, "replace", *values)
    steps = []
    if current.name != replaced_name(change.name):
        rename = {kind.parent_member: window.id, kind.id_member: current.id, "Name": replaced_name(change.name)}
        steps.append(Step(f"{change.title} {current.id} rename", change, kind.update, rename, window.needs))
    steps.append(register_step(inputs, child, change, planned, waits))
    return replace(_planned(child, change, planned, steps), values=values[1])


def refuse_unknown_type(child: Child, found: Any) -> None:
    """Raise ViolationError for an unknown type, so that a resource of a newer type of AWS is not replaced."""
    kind = child.entry.kind
    if kind.type and found not in kind.type.known:
        raise ViolationError(
            f"name: {kind.name} {child.entry.title} has the type {found!r}, which this version does not support, so"
            " it is not replaced; delete it yourself, or choose another name"
        )


def removal_step(
    kind: Kind, window: WindowPlan, resource: Resource, change: Change, waits: Waits = NOTHING, **extra: Any
) -> Step:
    """The call that deregisters a child. If it no longer exists, the call counts as successful."""
    request = {kind.parent_member: window.id, kind.id_member: resource.id, **extra}
    # This run renamed what it replaces, which is sufficient protection, and a read may not see the new name yet.
    guard = Guard(kind, resource.id, resource.name, window=str(window.id)) if change.action == "delete" else None
    key = f"{change.title} {resource.id} remove"
    return Step(key, change, kind.delete, request, waits.needs, waits.after, tolerate=GONE, guard=guard)


def named(values: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Option values with the names of targets instead of their IDs where the name is unique."""
    ids = values.get("window_targets")
    return {**values, "window_targets": [names.get(str(one), str(one)) for one in ids]} if ids else values


def without(raw: Raw, *names: str) -> Raw:
    """A structure without some members."""
    return {name: value for name, value in raw.items() if name not in names}


def repointed(raw: Raw, moved: Mapping[str, Id]) -> Raw:
    """A task that refers to the new targets instead of the replaced ones."""
    if not moved or not raw.get("Targets"):
        return raw
    targets = [
        {**entry, "Values": [moved.get(value, value) for value in entry.get("Values") or ()]}
        for entry in raw["Targets"]
    ]
    return {**raw, "Targets": targets}


def used_targets(raw: Raw) -> set[str]:
    """The registered targets that a task refers to. New targets, whose IDs are unknown, have the text of their Ref."""
    return {
        str(value)
        for entry in raw.get("Targets") or ()
        if entry.get("Key") == "WindowTargetIds"
        for value in entry.get("Values") or ()
    }
