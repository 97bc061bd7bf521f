# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plans of targets and of tasks share: finding one in its window, registering, updating and replacing it. Pure.

Replacing what cannot be updated: the old one is renamed C(<name>.replaced) in place, the new one registered, what
points to the old one re-pointed, the old one removed. A C(.replaced) of another type is an unfinished replacement.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.client import GONE
from .._aws.structures import Raw
from .._options.kind import Kind, update_body
from .._resources.ownership import REPLACED
from .._state.declaration import Entry
from .._state.read import Found, Resource, matching, replaced_name
from .changes import Change, Creation, Guard, Id, Ref, Step
from .identity import is_of_another_type, leftover_of
from .planning import Planning, ViolationError, create_body, differing, rest_of
from .windows import WindowPlan

# What a step needs, and what must have ended before it.
Waits = tuple[Collection[str], Collection[str]]
_LISTINGS = {
    "target": ("DescribeMaintenanceWindowTargets", "Targets"),
    "task": ("DescribeMaintenanceWindowTasks", "Tasks"),
}


@dataclass
class Child:
    """One declared child in its window, as far as it is planned.

    current: what it is made from; leftover: what an unfinished replacement left beside it. id: empty until planned.
    planned: its structure as it will be.
    """

    entry: Entry
    window: WindowPlan
    current: Resource | None
    leftover: Resource | None = None
    id: Id = ""
    keys: list[str] = field(default_factory=list)
    created: Creation | None = None
    planned: Raw = field(default_factory=dict)

    def waits(self) -> Waits:
        """What a step that uses this child's id needs, and what must have ended before it."""
        return set(self.keys), {self.created.group} if self.created else set()


def find_child(planning: Planning, entry: Entry, window: WindowPlan, found: Found) -> Child:
    """The child that an entry means; raises ViolationError where it means none or several."""
    if id(entry) in planning.adoptions.doubts:
        raise ViolationError(planning.adoptions.doubts[id(entry)])
    if adopted := planning.adoptions.found.get(id(entry)):
        where = f"{entry.kind.name} {adopted.id} of window {window.entry.title}"
        planning.warn(entry, f"name: the {where} has no name and is the same; it gets this name")
        child = Child(entry, window, adopted)
    else:
        child = _find_child(entry, window, found)
    for resource in (child.current, child.leftover):
        if resource:
            planning.claim(entry, resource.id)
    return child


def _find_child(entry: Entry, window: WindowPlan, found: Found) -> Child:
    matches = matching(entry, found.values())
    kind = entry.kind
    if entry.id and matches and not entry.absent:
        successor = _name_by_leftover(entry, matches[0], found)
        if successor:
            return Child(entry, window, successor, matches[0])
    if len(matches) > 1:
        ids = ", ".join(sorted(resource.id for resource in matches))
        raise ViolationError(
            f"name: {entry.name!r} is the name of several {kind.name}s of window {window.entry.title} ({ids});"
            f" give {kind.id_option}"
        )
    if entry.id and not matches and not entry.absent:
        raise ViolationError(
            f"{kind.id_option}: {entry.id!r} does not exist in window {window.entry.title}; leave it out to create one"
        )
    if entry.id and entry.name and not entry.absent:
        rivals = [resource.id for resource in found.values() if resource.name == entry.name and resource.id != entry.id]
        if rivals:
            raise ViolationError(
                f"name: {entry.name!r} is already the name of {kind.name} {', '.join(rivals)}; choose another"
            )
    leftover = leftover_of(entry, found, matches[0] if matches else None)
    if not matches and leftover:
        return Child(entry, window, leftover)
    return Child(entry, window, matches[0] if matches else None, leftover)


def _name_by_leftover(entry: Entry, found: Resource, others: Found) -> Resource | None:
    """An id may reach what an unfinished replacement left: then the name is the one before, and may stand already."""
    if not (found.name or "").endswith(REPLACED) or not is_of_another_type(entry, found):
        return None
    plain = entry.name or (found.name or "").removesuffix(REPLACED)
    if replaced_name(plain) != found.name:
        return None
    entry.name = entry.values["name"] = plain
    successors = [one for one in others.values() if one.name == plain]
    return successors[0] if len(successors) == 1 else None


def change_of(child: Child, action: str, before: dict[str, Any], after: dict[str, Any]) -> Change:
    """The change of a child; a new one's id is a Ref to the step that registers it."""
    entry, current = child.entry, child.current
    name = entry.name or (current.name if current else None) or str(entry.id)
    window = child.window.entry.title
    change_id = current.id if current and action in ("update", "delete") else Ref(f"{entry.kind.name} {window}/{name}")
    return Change(entry.kind.name, name, action, change_id, before, after, window=window, late=entry.pruned)


def register_step(planning: Planning, child: Child, change: Change, after: Raw, waits: Waits) -> Step:
    """The call that registers a child."""
    kind, window = child.entry.kind, child.window
    listing, result = _LISTINGS[kind.name]
    found = getattr(planning.account, f"{kind.name}s").get(window.read_id, {})
    creation = Creation(
        name=change.name,
        id_member=kind.id_member,
        listing=listing,
        result=result,
        name_member="Name",
        delete=kind.delete,
        parent=window.id,
        where={"WindowId": window.id},
        known=frozenset(one.id for one in found.values() if one.name == change.name),
    )
    child.created, child.planned = creation, after
    body = {**create_body(planning.members(kind.create), after), "WindowId": window.id}
    return Step(
        change.title,
        change,
        kind.create,
        body,
        needs={*window.needs, *waits[0]},
        after={*window.after, *waits[1]},
        retry=frozenset({"DoesNotExistException"}) if isinstance(window.id, Ref) else frozenset(),
        creation=creation,
    )


def plan_create(planning: Planning, child: Child, after: Raw, shown: dict[str, Any], waits: Waits = ((), ())) -> None:
    """Register a new child."""
    change = change_of(child, "create", {}, shown)
    child.id = change.id
    child.keys = planning.plan.add(change, [register_step(planning, child, change, after, waits)])


def plan_update(
    planning: Planning, child: Child, current: Resource, after: Raw, waits: Waits, replace: bool = False
) -> dict[str, Any]:
    """Update an existing child in place, where anything differs; gives its option values afterwards."""
    kind = child.entry.kind
    child.id, child.planned = current.id, after
    old, new = differing(kind, current.raw, after)
    body = update_body(kind, current.raw, after, planning.members(kind.update), replace)
    if old != new and body:
        change = change_of(child, "update", old, new)
        request = {**body, "WindowId": child.window.id, kind.id_member: current.id}
        step = Step(
            f"{change.title} {current.id}",
            change,
            kind.update,
            request,
            needs={*child.window.needs, *waits[0]},
            after={*child.window.after, *waits[1]},
            rest=rest_of(planning, kind, current, after, body, child.window.id),
        )
        child.keys = planning.plan.add(change, [step])
    return new


def plan_replace(
    planning: Planning,
    child: Child,
    current: Resource,
    after: Raw,
    values: tuple[dict[str, Any], dict[str, Any]],
    waits: Waits = ((), ()),
) -> Change:
    """Rename the old child and register the new one; the caller removes the old one when nothing uses it any more."""
    kind = child.entry.kind
    change = change_of(child, "replace", *values)
    steps = []
    if current.name != replaced_name(change.name):
        rename = {"WindowId": child.window.id, kind.id_member: current.id, "Name": replaced_name(change.name)}
        steps.append(
            Step(f"{change.title} {current.id} rename", change, kind.update, rename, needs=set(child.window.needs))
        )
    steps.append(register_step(planning, child, change, after, waits))
    child.id = change.id
    child.keys = planning.plan.add(change, steps)[-1:]
    return change


def refuse_unknown_type(child: Child, found: Any, known: Collection[str]) -> None:
    """Nothing is replaced for being of a type that is not known here: AWS may be newer; raises ViolationError."""
    if found not in known:
        kind, title = child.entry.kind.name, child.entry.title
        raise ViolationError(
            f"name: {kind} {title} is of the type {found!r}, which is not known here, and is not replaced; remove it by"
            " hand, or choose another name"
        )


def removal_step(kind: Kind, window: WindowPlan, resource: Resource, change: Change, **extra: Any) -> Step:
    """The call that deregisters a child; one that is gone already is as good."""
    request = {"WindowId": window.id, kind.id_member: resource.id, **extra}
    step = Step(f"{change.title} {resource.id} remove", change, kind.delete, request, tolerate=GONE)
    # What is replaced was renamed by this run, which is guard enough, and reads may lag behind the rename.
    if change.action == "delete":
        step.guard = Guard(kind.name, resource.id, resource.name, window=str(window.id))
    return step


def without(raw: Raw, *names: str) -> Raw:
    """A structure without some members."""
    return {name: value for name, value in raw.items() if name not in names}


def repointed(raw: Raw, moved: Mapping[str, Id]) -> Raw:
    """A task whose references to replaced targets name the new ones."""
    if not moved or not raw.get("Targets"):
        return raw
    targets = [
        {**entry, "Values": [moved.get(value, value) for value in entry.get("Values") or ()]}
        for entry in raw["Targets"]
    ]
    return {**raw, "Targets": targets}


def used_targets(raw: Raw) -> set[str]:
    """The registered targets that a task names; new ones, whose ids are not known, under their Ref's text."""
    return {
        str(value)
        for entry in raw.get("Targets") or ()
        if entry.get("Key") == "WindowTargetIds"
        for value in entry.get("Values") or ()
    }
