# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the tasks of a window. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from .._aws.structures import Raw
from .._options.kind import merge, values_of
from .._options.limits import option_breaches
from .._resources.exposure import installs, run_on_the_same
from .._resources.register import IN_WINDOWS
from .._resources.tasks import is_deprecated
from .._state.account import Found, Resource
from .._state.identity import matching
from .changes import Change, Id, Ref, Step
from .contents import (
    NOTHING,
    Child,
    Waits,
    change_of,
    find_child,
    named,
    plan_create,
    plan_replace,
    plan_update,
    refuse_unknown_type,
    removal_step,
    repointed,
    values_for,
    without,
)
from .planning import Answer, Inputs, Part, ViolationError, required
from .targets import TargetPlans, missing_target, resolve
from .windows import WindowPlan


@dataclass
class TaskPlans:
    """The tasks of one window.

    after: the existing tasks by ID as they are after the run. steps: the calls that change a task, by its ID.
    children: the declared tasks that remain.
    """

    window: WindowPlan
    targets: TargetPlans
    after: dict[str, Raw] = field(default_factory=dict)
    steps: dict[str, list[Step]] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)
    part: Part = field(default_factory=Part)


def plan_tasks(inputs: Inputs, window: WindowPlan, targets: TargetPlans) -> TaskPlans:
    """Plan the declared tasks of a window, and the undeclared ones that use a replaced target."""
    found = inputs.account.inside(IN_WINDOWS["tasks"], window.read_id)
    plans = TaskPlans(window, targets, {one.id: one.raw for one in found.values()})
    declared: set[str] = set()
    for entry in window.entry.tasks or ():
        try:
            child = find_child(inputs, entry, window, found)
            old = [one for one in (child.current, child.leftover) if one]
            declared |= {one.id for one in old}
            _refuse_foreign(child)
            child = _removed(targets, child) if entry.absent else _plan_task(inputs, targets, child)
            _note(plans, child, old)
            if not entry.absent:
                child.part.warn(entry, _warnings_of_a_second_installation(inputs, targets, child, found))
            plans.part.join(child.part)
        except ViolationError as violation:
            plans.part.refuse(entry, [str(violation)])
    _follow_targets(inputs, plans, declared)
    return plans


def _note(plans: TaskPlans, child: Child, old: Iterable[Resource]) -> None:
    """Note the result for the tasks that a child is made from."""
    for resource in old:
        if child.id != resource.id:
            plans.after.pop(resource.id, None)
        plans.steps.setdefault(resource.id, []).extend(child.part.steps)
    if child.id:
        plans.children.append(child)
        if child.current and child.id == child.current.id:
            plans.after[child.current.id] = child.planned


def _warnings_of_a_second_installation(inputs: Inputs, targets: TargetPlans, child: Child, found: Found) -> list[str]:
    """A warning for each new task that installs on the same nodes as another one."""
    if child.current or not installs(child.planned):
        return []
    parts = {("target", one.id): one.raw for one in targets.found.values()}
    parts.update({("target", str(one.id)): one.planned for one in targets.children})
    declared = {one.id for entry in child.window.entry.tasks or () for one in matching(entry, found.values())}
    others = [task for task in found.values() if task.id not in declared | inputs.adoptions.ids()]
    return [
        f"operation: the task {task.name or 'without a name'} ({task.id}), which is not declared, already"
        " installs on the same targets; remove it, or specify its window_task_id to manage it as this task"
        for task in others
        if installs(task.raw) and run_on_the_same(parts, child.planned, task.raw)
    ]


def _refuse_foreign(child: Child) -> None:
    """Refuse a task whose name belongs to a different kind of task."""
    current = child.current
    refusal = child.entry.kind.refusal(current.raw, child.entry.values) if current else None
    if current and refusal:
        raise ViolationError(f"name: task {current.name or current.id} {refusal}")


def _removed(targets: TargetPlans, child: Child) -> Child:
    entry, part = child.entry, Part()
    part.join(child.part)
    part.answers[entry] = Answer(None, {})
    for resource in (child.current, child.leftover):
        if resource:
            before = named(values_of(entry.kind, resource.raw), targets.names())
            gone = replace(child, current=resource)
            change = change_of(gone, "delete", before, {}, resource.name or resource.id)
            part.add(change, [removal_step(entry.kind, child.window, resource, change)])
    return replace(child, part=part)


def _plan_task(inputs: Inputs, targets: TargetPlans, child: Child) -> Child:
    entry, current, kind = child.entry, child.current, child.entry.kind
    base = repointed(kind.modernise(current.raw), targets.moved) if current else kind.base
    given = values_for(child)
    declared_type = kind.declared_type(given)
    replaced = bool(current) and declared_type not in (None, kind.stored_type(base))
    if replaced:
        refuse_unknown_type(child, kind.stored_type(base))
        base = without(base, "TaskInvocationParameters", "TaskArn")
    before = values_of(kind, base) if current else {}
    values, waits, unknown = _resolved(inputs, targets, kind.complete(given, before))
    planned = merge(kind, base, values)
    shown = before if current and planned == base else values_of(kind, planned)
    part = child.part
    part.missing += [f"{missing_target(targets, one)}; register it first, with ssm_window_target" for one in unknown]
    part.refuse(entry, required(entry, shown) if replaced or not current else [])
    part.refuse(entry, kind.violations(entry.values, values, before, shown))
    # Literal values are compared with the limits before anything is read.
    derived = set(values) - set(entry.values)
    part.refuse(entry, option_breaches(kind, inputs.input_shape(kind.create), {**planned, "Targets": []}, derived))
    part.warn(entry, kind.warnings(entry.values, before, shown))
    names = {**targets.names(), **{str(Ref(f"target {one}")): one for one in unknown}}
    waits |= _holders(targets, planned)
    return _with_strangers(_written(inputs, child, planned, shown, waits, names), targets)


def _written(
    inputs: Inputs, child: Child, planned: Raw, values: dict[str, Any], waits: Waits, names: dict[str, str]
) -> Child:
    """The child with the calls that write it. values: the options after the run. names: the names of targets by ID."""
    entry, current, kind = child.entry, child.current, child.entry.kind
    shown = named(values, names)
    if current is None:
        child = replace(plan_create(inputs, child, planned, shown, waits), values=shown)
    elif kind.stored_type(planned) != kind.stored_type(current.raw):
        old = named(values_of(kind, kind.modernise(current.raw)), names)
        child = plan_replace(inputs, child, current, planned, (old, shown), waits)
        change = child.part.changes[-1]
        child.part.steps.append(removal_step(kind, child.window, current, change, child.waits))
    else:
        modern = replace(current, raw=kind.modernise(current.raw))
        child = plan_update(inputs, child, modern, planned, waits, is_deprecated(current.raw), names, values)
    if child.leftover:
        gone = change_of(
            replace(child, current=child.leftover),
            "delete",
            values_of(kind, child.leftover.raw),
            {},
            str(child.leftover.name),
        )
        child.part.changes.append(gone)
        # The old one is removed only after the new one exists.
        child.part.steps.append(removal_step(kind, child.window, child.leftover, gone, child.waits))
    facts = {"task_type": planned.get("TaskType")}
    child.part.answers[entry] = Answer(child.id, child.values, facts, parent=child.window.id)
    return child


def _resolved(inputs: Inputs, targets: TargetPlans, values: dict[str, Any]) -> tuple[dict[str, Any], Waits, list[str]]:
    """The values with target IDs, the dependencies of a task that refers to them, and the unknown targets."""
    waits = NOTHING
    ids: list[Id] = []
    unknown: list[str] = []
    for reference in values.get("window_targets") or ():
        target_id, child = resolve(inputs, targets, reference)
        ids.append(target_id)
        waits |= child.waits if child else NOTHING
        if isinstance(target_id, Ref) and not child and target_id not in targets.moved.values():
            unknown.append(reference)
    return ({**values, "window_targets": ids} if ids else values), waits, unknown


def _instances(raw: Raw) -> set[str]:
    """The instances that a task or target selects by ID."""
    return {
        str(value)
        for entry in raw.get("Targets") or ()
        if entry.get("Key") == "InstanceIds"
        for value in entry.get("Values") or ()
    }


def _needs_registration(window: WindowPlan) -> bool:
    """Whether AWS accepts only registered instances. Unknown if the window is neither declared nor read."""
    return window.values.get("allow_unassociated_targets") is False


def _holders(targets: TargetPlans, planned: Raw) -> Waits:
    """The declared targets that register the instances of a task, which waits for them."""
    waits = NOTHING
    for child in targets.children if _needs_registration(targets.window) else ():
        waits |= child.waits if _instances(child.planned) & _instances(planned) else NOTHING
    return waits


def _unregistered(targets: TargetPlans, planned: Raw) -> list[str]:
    """The instances of a task that no target of the window selects by ID, although the window requires it."""
    if not _needs_registration(targets.window):
        return []
    leaving = {removal.resource.id for removal in targets.removals}
    registered = {one for child in targets.children for one in _instances(child.planned)}
    registered |= {
        one for target in targets.found.values() if target.id not in leaving for one in _instances(target.raw)
    }
    return sorted(_instances(planned) - registered)


def _with_strangers(child: Child, targets: TargetPlans) -> Child:
    """AWS decides whether tags register an instance. If it rejects the task, the error says what to do."""
    strangers = _unregistered(targets, child.planned)
    if not strangers or not child.part.steps:
        return child
    window = child.window.entry.title
    text = f"instance_ids: {', '.join(strangers)}: no target of window {window} selects them by ID"
    ways = "register them as a target (instance_ids), or set allow_unassociated_targets: true for the window"
    child.part.warn(child.entry, [f"{text}, so AWS might refuse the task; {ways}"])
    child.part.steps = [replace(step, if_refused=f"{text}; {ways}") for step in child.part.steps]
    return child


def _follow_targets(inputs: Inputs, plans: TaskPlans, declared: set[str]) -> None:
    """Undeclared tasks keep their targets when one of these is replaced."""
    kind, names = IN_WINDOWS["tasks"], plans.targets.names()
    for task_id, raw in list(plans.after.items()):
        after = repointed(raw, plans.targets.moved)
        if task_id in declared or after == raw:
            continue
        resource = inputs.account.inside(kind, plans.window.read_id)[task_id]
        before_values, after_values = (named(values_of(kind, one), names) for one in (raw, after))
        title = plans.window.entry.title
        name = resource.name or task_id
        change = Change(kind.name, name, "update", task_id, before_values, after_values, window=title)
        waits = NOTHING
        for child in plans.targets.children:
            waits |= child.waits
        request = {kind.parent_member: plans.window.id, kind.id_member: task_id, "Targets": after["Targets"]}
        step = Step(f"{change.title} {task_id}", change, kind.update, request, waits.needs, waits.after)
        plans.after[task_id] = after
        plans.part.add(change, [step])
        plans.steps.setdefault(task_id, []).append(step)
