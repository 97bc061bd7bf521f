# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the targets of a window. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .._aws.structures import Raw
from .._options.kind import merge, values_of
from .._options.mistakes import near_names
from .._resources.register import IN_WINDOWS
from .._state.account import Found, Resource
from .._state.declaration import Entry
from .changes import Change, Id, Ref, Step
from .contents import (
    NOTHING,
    Child,
    Waits,
    change_of,
    find_child,
    plan_create,
    plan_replace,
    plan_update,
    refuse_unknown_type,
    removal_step,
    used_targets,
    values_for,
    without,
)
from .planning import Answer, Inputs, Part, ViolationError, required
from .windows import WindowPlan


@dataclass(frozen=True)
class Removal:
    """A target that is deregistered when no task uses it. change: set if this is part of a replacement."""

    entry: Entry
    resource: Resource
    change: Change | None = None


@dataclass
class TargetPlans:
    """The targets of one window for its tasks: children by name and ID, IDs that changed, and targets to remove."""

    window: WindowPlan
    children: list[Child] = field(default_factory=list)
    moved: dict[str, Id] = field(default_factory=dict)
    removals: list[Removal] = field(default_factory=list)
    found: Found = field(default_factory=dict)
    part: Part = field(default_factory=Part)

    def planned(self, reference: str) -> Child | None:
        """The declared target with a name or ID."""
        for child in self.children:
            if reference in (child.name, child.id) or (child.current and reference == child.current.name):
                return child
        return None

    def hint(self, reference: str) -> str:
        """A question that names the target with the most similar name, or empty."""
        existing = {str(one.name) for one in self.found.values() if one.name}
        near = near_names(reference, existing | {child.name for child in self.children if child.name})
        return f"did you mean {' or '.join(near)}? If not, " if near else ""

    def names(self) -> dict[str, str]:
        """The names of targets by ID, if the name is unique in the window."""
        known: dict[str, str] = {
            one.id: one.name for one in self.found.values() if one.name and one.id not in self.moved
        }
        known.update({str(child.id): child.name for child in self.children if child.name and child.id})
        counts: dict[str, int] = {}
        for name in known.values():
            counts[name] = counts.get(name, 0) + 1
        unique = {target_id: name for target_id, name in known.items() if counts[name] == 1}
        # A replaced target is shown with the name of its replacement.
        replaced = {old: unique[str(new)] for old, new in self.moved.items() if str(new) in unique}
        return {**unique, **replaced}


def plan_targets(inputs: Inputs, window: WindowPlan) -> TargetPlans:
    """Plan the present targets of a window. Removals are planned after the tasks."""
    found = inputs.account.inside(IN_WINDOWS["targets"], window.read_id)
    plans = TargetPlans(window, found=found)
    for entry in window.entry.targets or ():
        try:
            child = find_child(inputs, entry, window, found)
            if entry.absent:
                plans.removals += [Removal(entry, one) for one in (child.current, child.leftover) if one]
                plans.part.answers[entry] = Answer(None, {})
            else:
                child = _plan_target(inputs, child)
                plans.children.append(child)
                _note_replaced(plans, child)
            plans.part.join(child.part)
        except ViolationError as violation:
            plans.part.refuse(entry, [str(violation)])
    return plans


def _plan_target(inputs: Inputs, child: Child) -> Child:
    entry, current, kind = child.entry, child.current, child.entry.kind
    values = values_for(child)
    if current is None:
        planned = merge(kind, kind.base, values)
        shown = values_of(kind, planned)
        child.part.refuse(entry, required(entry, shown))
        child = replace(plan_create(inputs, child, planned, shown), values=shown)
    elif kind.declared_type(values) in (None, kind.stored_type(current.raw)):
        child = plan_update(inputs, child, current, merge(kind, current.raw, values))
    else:
        refuse_unknown_type(child, kind.stored_type(current.raw))
        planned = merge(kind, without(current.raw, "Targets", "ResourceType"), values)
        child = plan_replace(inputs, child, current, planned, (values_of(kind, current.raw), values_of(kind, planned)))
    child.part.answers[entry] = Answer(child.id, child.values, parent=child.window.id)
    return child


def _note_replaced(plans: TargetPlans, child: Child) -> None:
    """Note the target that a child replaces."""
    for change in child.part.changes:
        if change.action == "replace" and child.current:
            plans.moved[child.current.id] = child.id
            plans.removals.append(Removal(child.entry, child.current, change))
    if child.leftover:
        plans.moved[child.leftover.id] = child.id
        plans.removals.append(Removal(child.entry, child.leftover))


def plan_target_removals(
    inputs: Inputs, plans: TargetPlans, tasks_after: Mapping[str, Raw], steps: Mapping[str, list[Step]]
) -> Part:
    """Deregister targets after the tasks that used them.

    tasks_after: tasks by ID as they are after the run. steps: the calls that change each of them.
    """
    part = Part()
    existing = inputs.account.inside(IN_WINDOWS["tasks"], plans.window.read_id)
    for removal in plans.removals:
        entry, resource, kind = removal.entry, removal.resource, removal.entry.kind
        users = [
            (existing[task_id].name or task_id) if task_id in existing else task_id
            for task_id, raw in tasks_after.items()
            if resource.id in used_targets(raw)
        ]
        force = bool(entry.values.get("force"))
        if users and not force:
            names = ", ".join(sorted(users))
            text = f"state: target {entry.title} is used by task {names}; change the task first, or specify force: true"
            part.refuse(entry, [text])
            continue
        change = removal.change
        if change is None:
            gone, name = Child(entry, plans.window, entry.name, resource), resource.name or resource.id
            change = change_of(gone, "delete", values_of(kind, resource.raw), {}, name)
            part.changes.append(change)
        freeing = _freeing(existing, resource, steps)
        waits = Waits(frozenset(one.key for one in freeing))
        for child in plans.children:
            waits |= child.waits if child.entry is entry else NOTHING
        step = removal_step(kind, plans.window, resource, change, waits, Safe=not force)
        # A target that only a pruned task uses cannot be removed before that task.
        part.steps.append(replace(step, late=any(one.is_late for one in freeing)))
    return part


def _freeing(tasks: Found, target: Resource, steps: Mapping[str, list[Step]]) -> list[Step]:
    """The steps after which no task uses a target anymore."""
    users = [task_id for task_id, task in tasks.items() if target.id in used_targets(task.raw)]
    return [step for task_id in users for step in steps.get(task_id, ())]


def resolve(inputs: Inputs, plans: TargetPlans, reference: str) -> tuple[Id, Child | None]:
    """The ID of the target that a name or ID refers to, and its child if it is declared.

    A target that a later task of the play may register is a Ref. Raises ViolationError for any other missing target.
    """
    child = plans.planned(reference)
    if child and child.id:
        return child.id, child
    if reference in plans.moved:
        return plans.moved[reference], None
    leaving = {removal.resource.id for removal in plans.removals}
    matches = [one for one in plans.found.values() if reference in (one.id, one.name) and one.id not in leaving]
    if len(matches) == 1:
        return matches[0].id, None
    if matches:
        ids = ", ".join(sorted(one.id for one in matches))
        raise ViolationError(f"window_targets: {reference!r} is the name of several targets ({ids}); specify the ID")
    if IN_WINDOWS["targets"].is_id(reference):
        raise ViolationError(f"{missing_target(plans, reference)}; specify the name or ID of an existing target")
    if inputs.declaration.whole:
        hint = plans.hint(reference)
        raise ViolationError(
            f"{missing_target(plans, reference)}; {hint}declare it in targets, or specify an existing target"
        )
    return Ref(f"target {reference}"), None


def missing_target(plans: TargetPlans, reference: str) -> str:
    """The violation for a reference to a target that does not exist."""
    return f"window_targets: {reference!r} is not a target of window {plans.window.entry.title}"
