# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of the targets of a window. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._aws.structures import Raw
from .._options.kind import merge, values_of
from .._options.mistakes import near_names
from .._resources import window_target
from .._state.declaration import Entry
from .._state.read import Found, Resource
from .changes import Change, Id, Ref, Step
from .contents import (
    Child,
    change_of,
    find_child,
    plan_create,
    plan_replace,
    plan_update,
    refuse_unknown_type,
    removal_step,
    used_targets,
    without,
)
from .planning import Answer, Planning, ViolationError, required
from .windows import WindowPlan


@dataclass
class Removal:
    """A target that goes once no task uses it. change: set where it goes as part of a replacement."""

    entry: Entry
    resource: Resource
    change: Change | None = None


@dataclass
class TargetPlans:
    """The targets of one window for its tasks: children by name and id, ids that moved, and what goes at the end.

    unknown: names of targets that do not exist, by the placeholder that stands for their id.
    """

    window: WindowPlan
    children: list[Child] = field(default_factory=list)
    moved: dict[str, Id] = field(default_factory=dict)
    removals: list[Removal] = field(default_factory=list)
    found: Found = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    def planned(self, reference: str) -> Child | None:
        """The declared target of a name or id."""
        for child in self.children:
            if reference in (child.entry.name, child.id) or (child.current and reference == child.current.name):
                return child
        return None

    def hint(self, reference: str) -> str:
        """A question for the target that was probably meant; empty if none has a similar name."""
        existing = {str(one.name) for one in self.found.values() if one.name}
        near = near_names(reference, existing | {child.entry.name for child in self.children if child.entry.name})
        return f"did you mean {' or '.join(near)}? If not, " if near else ""

    def names(self) -> dict[str, str]:
        """Names by id, of targets whose name is unique in the window."""
        named: dict[str, str] = {
            one.id: one.name for one in self.found.values() if one.name and one.id not in self.moved
        }
        named.update({str(child.id): child.entry.name for child in self.children if child.entry.name and child.id})
        counts: dict[str, int] = {}
        for name in named.values():
            counts[name] = counts.get(name, 0) + 1
        unique = {target_id: name for target_id, name in named.items() if counts[name] == 1}
        # A replaced target goes under the name of the one that takes its place.
        replaced = {old: unique[str(new)] for old, new in self.moved.items() if str(new) in unique}
        return {**unique, **replaced, **self.unknown}


def plan_targets(planning: Planning, window: WindowPlan) -> TargetPlans:
    """Plan the present targets of a window; those that go are planned after the tasks."""
    plans = TargetPlans(window, found=planning.account.targets.get(window.read_id, {}))
    for entry in window.entry.targets or ():
        try:
            child = find_child(planning, entry, window, plans.found)
            if entry.absent:
                _remember_removal(planning, plans, child)
            else:
                plans.children.append(child)
                _plan_target(planning, plans, child)
        except ViolationError as violation:
            planning.refuse(entry, str(violation))
    return plans


def _remember_removal(planning: Planning, plans: TargetPlans, child: Child) -> None:
    planning.answer(child.entry, Answer(child.entry, None, {}))
    for resource in (child.current, child.leftover):
        if resource:
            plans.removals.append(Removal(child.entry, resource))


def _plan_target(planning: Planning, plans: TargetPlans, child: Child) -> None:
    entry, current = child.entry, child.current
    values = entry.values
    if current is None:
        after = merge(window_target.KIND, {}, values)
        shown = values_of(window_target.KIND, after)
        for text in required(entry, ("name",), shown) + window_target.missing_criteria(entry.params):
            planning.refuse(entry, text)
        plan_create(planning, child, after, shown)
    elif values.get("resource_type") in (None, current.raw.get("ResourceType")):
        shown = plan_update(planning, child, current, merge(window_target.KIND, current.raw, values), ((), ()))
    else:
        refuse_unknown_type(child, current.raw.get("ResourceType"), ("INSTANCE", "RESOURCE_GROUP"))
        after = merge(window_target.KIND, without(current.raw, "Targets", "ResourceType"), values)
        shown = values_of(window_target.KIND, after)
        change = plan_replace(planning, child, current, after, (values_of(window_target.KIND, current.raw), shown))
        plans.moved[current.id] = child.id
        plans.removals.append(Removal(entry, current, change))
    if child.leftover:
        plans.moved[child.leftover.id] = child.id
        plans.removals.append(Removal(entry, child.leftover))
    planning.answer(entry, Answer(entry, child.id, shown, parent=child.window.id))


def plan_target_removals(
    planning: Planning, plans: TargetPlans, tasks_after: dict[str, Raw], steps: dict[str, list[Step]]
) -> None:
    """Deregister targets after the tasks that used them.

    tasks_after: tasks by id as they will be; steps: the calls that change each.
    """
    existing = planning.account.tasks.get(plans.window.read_id, {})
    for removal in plans.removals:
        entry, resource = removal.entry, removal.resource
        users = [
            existing[task_id].name or task_id if task_id in existing else task_id
            for task_id, raw in tasks_after.items()
            if resource.id in used_targets(raw)
        ]
        force = bool(entry.params.get("force"))
        if users and not force:
            names = ", ".join(sorted(users))
            planning.refuse(
                entry,
                f"state: target {entry.title} is used by task {names}; change the task first, or give force: true",
            )
            continue
        change = removal.change
        if change is None:
            before = values_of(window_target.KIND, resource.raw)
            change = change_of(Child(entry, plans.window, resource), "delete", before, {})
            change.name = resource.name or resource.id
            planning.plan.changes.append(change)
        step: Step = removal_step(window_target.KIND, plans.window, resource, change, Safe=not force)
        freeing = [
            one
            for task_id, task in existing.items()
            if resource.id in used_targets(task.raw)
            for one in steps.get(task_id, ())
        ]
        # A target that only a pruned task still uses can go no earlier than that task.
        step.late = any(one.is_late for one in freeing)
        step.needs = {one.key for one in freeing}
        step.needs |= {child.keys[-1] for child in plans.children if child.keys and child.entry is entry}
        step.after = {child.created.group for child in plans.children if child.created and child.entry is entry}
        planning.plan.steps.append(step)


def resolve(planning: Planning, entry: Entry, plans: TargetPlans, reference: str) -> tuple[Any, Child | None]:
    """The id that a name or id of a target means, and its child where it is declared; raises ViolationError."""
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
        raise ViolationError(f"window_targets: {reference!r} is the name of several targets ({ids}); give the id")
    text = f"window_targets: {reference!r} is not a target of window {plans.window.entry.title}"
    if window_target.KIND.is_id(reference):
        raise ViolationError(f"{text}; give an existing one, by name or id")
    if planning.declaration.whole:
        raise ViolationError(f"{text}; {plans.hint(reference)}declare it in targets, or give an existing one")
    planning.missing.append(f"{text}; register it first, with ssm_window_target")
    placeholder = Ref(f"target {reference}")
    plans.unknown[str(placeholder)] = reference
    return placeholder, None
