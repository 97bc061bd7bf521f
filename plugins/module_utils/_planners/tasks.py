# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of the tasks of a window. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .._aws.structures import Raw
from .._options.kind import merge, values_of
from .._resources import patch_task, window_task
from .._resources.exposure import installs, run_on_the_same
from .._resources.tasks import is_deprecated, modernised
from .._state.declaration import Entry
from .._state.read import Found, matching
from .changes import Change, Id, Step
from .contents import (
    Child,
    Waits,
    change_of,
    find_child,
    plan_create,
    plan_replace,
    plan_update,
    refuse_unknown_type,
    removal_step,
    repointed,
    without,
)
from .planning import Answer, Planning, ViolationError, required
from .targets import TargetPlans, resolve
from .windows import WindowPlan


@dataclass
class TaskPlans:
    """The tasks of one window.

    after: every task by id as it will be, new ones excepted. steps: the calls that change a task, by its id.
    children: the declared ones that stay.
    """

    window: WindowPlan
    targets: TargetPlans
    after: dict[str, Raw] = field(default_factory=dict)
    steps: dict[str, list[Step]] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)


def plan_tasks(planning: Planning, window: WindowPlan, targets: TargetPlans) -> TaskPlans:
    """Plan the declared tasks of a window, and those that follow a replaced target."""
    found = planning.account.tasks.get(window.read_id, {})
    plans = TaskPlans(window, targets, {one.id: one.raw for one in found.values()})
    declared: set[str] = set()
    for entry in window.entry.tasks or ():
        try:
            child = find_child(planning, entry, window, found)
            declared |= {one.id for one in (child.current, child.leftover) if one}
            if entry.absent:
                planning.answer(entry, Answer(entry, None, {}))
                _refuse_foreign(entry, child)
                _remove(planning, plans, child)
            else:
                _plan_task(planning, plans, child)
                plans.children.append(child)
                _warn_of_a_second_installation(planning, plans, child, found)
        except ViolationError as violation:
            planning.refuse(entry, str(violation))
    _follow_targets(planning, plans, declared)
    return plans


def _warn_of_a_second_installation(planning: Planning, plans: TaskPlans, child: Child, found: Found) -> None:
    """A second task that installs on the same nodes is never made in silence."""
    if child.current or not installs(child.planned):
        return
    targets = {("target", one.id): one.raw for one in plans.targets.found.values()}
    targets.update({("target", str(one.id)): one.planned for one in plans.targets.children})
    declared = {one.id for entry in child.window.entry.tasks or () for one in matching(entry, found.values())}
    others = [task for task in found.values() if task.id not in declared | planning.adoptions.ids()]
    for task in others:
        if not installs(task.raw) or not run_on_the_same(targets, child.planned, task.raw):
            continue
        planning.warn(
            child.entry,
            f"operation: the task {task.name or 'without a name'} ({task.id}), which is not declared, installs on the"
            " same targets already; remove it, or give its window_task_id to make it this task",
        )


def _refuse_foreign(entry: Entry, child: Child) -> None:
    """A patch task must not be taken for another task of its name."""
    current = child.current
    document = entry.values.get("document")
    if entry.kind is patch_task.KIND and current and patch_task.is_foreign(modernised(current.raw), document):
        what = current.raw.get("TaskType")
        arn = current.raw.get("TaskArn")
        raise ViolationError(
            f"name: task {current.name or current.id} is a {what} task of {arn}, no patch task; manage it with"
            " ssm_window_task, or choose another name"
        )


def _remove(planning: Planning, plans: TaskPlans, child: Child) -> None:
    for resource in (child.current, child.leftover):
        if resource:
            gone = Child(child.entry, plans.window, resource)
            before = _named(values_of(child.entry.kind, resource.raw), plans.targets.names())
            change = change_of(gone, "delete", before, {})
            change.name = resource.name or resource.id
            step = removal_step(child.entry.kind, plans.window, resource, change)
            planning.plan.add(change, [step])
            plans.steps.setdefault(resource.id, []).append(step)
            plans.after.pop(resource.id, None)


def _plan_task(planning: Planning, plans: TaskPlans, child: Child) -> None:
    entry, current = child.entry, child.current
    kind, rules = entry.kind, patch_task if entry.kind is patch_task.KIND else window_task
    _refuse_foreign(entry, child)
    base = repointed(modernised(current.raw), plans.targets.moved) if current else {}
    if kind is patch_task.KIND and not current:
        base = {"TaskType": "RUN_COMMAND"}
    replaced = bool(current) and entry.values.get("task_type") not in (None, base.get("TaskType"))
    if replaced:
        refuse_unknown_type(child, base.get("TaskType"), window_task.BLOCKS)
        base = without(base, "TaskInvocationParameters", "TaskArn")
    before = values_of(kind, base) if current else {}
    values, waits = _resolved(planning, plans, entry, rules.completed(entry.values, before))
    after = merge(kind, base, values)
    shown = values_of(kind, after)
    found = required(entry, ("name", *rules.REQUIRED), shown) if replaced or not current else []
    if kind is patch_task.KIND and current and not shown["operation"]:
        found = ["operation: is missing, and the task stores none; give Scan or Install"]
    changed = {name: value for name, value in entry.values.items() if before.get(name) != value}
    refused, doubtful = rules.form_findings(changed, shown)
    for text in found + rules.violations(values, shown) + refused:
        planning.refuse(entry, text)
    planning.check_limits(entry, values, {**after, "Targets": []})
    strangers = _unregistered(plans, after)
    waits = _with_holders(plans, after, waits)
    for text in doubtful + (patch_task.warnings(entry.values) if kind is patch_task.KIND else []):
        planning.warn(entry, text)
    first_step = len(planning.plan.steps)
    _write(planning, plans, child, after, replaced, waits)
    if strangers and child.keys:
        _warn_of_strangers(planning, plans, entry, strangers, planning.plan.steps[first_step:])


def _write(planning: Planning, plans: TaskPlans, child: Child, after: Raw, replaced: bool, waits: Waits) -> None:
    entry, current, kind = child.entry, child.current, child.entry.kind
    names = plans.targets.names()
    shown = _named(values_of(kind, after), names)
    before_count, step_count = len(planning.plan.changes), len(planning.plan.steps)
    if current is None:
        plan_create(planning, child, after, shown, waits)
    elif replaced:
        plans.after.pop(current.id, None)
        old = _named(values_of(kind, modernised(current.raw)), names)
        change = plan_replace(planning, child, current, after, (old, shown), waits)
        planning.plan.steps.append(_last(removal_step(kind, plans.window, current, change), child))
    else:
        deprecated = is_deprecated(current.raw)
        modern = replace(current, raw=modernised(current.raw))
        shown = _named(plan_update(planning, child, modern, after, waits, replace=deprecated), names)
        plans.after[current.id] = after
        for change in planning.plan.changes[before_count:]:
            change.before, change.after = _named(change.before, names), _named(change.after, names)
    if current:
        plans.steps.setdefault(current.id, []).extend(planning.plan.steps[step_count:])
    if child.leftover:
        leftover = child.leftover
        gone = Change(
            "task",
            str(leftover.name),
            "delete",
            leftover.id,
            values_of(kind, leftover.raw),
            window=plans.window.entry.title,
        )
        planning.plan.changes.append(gone)
        step = _last(removal_step(kind, plans.window, leftover, gone), child)
        planning.plan.steps.append(step)
        plans.steps.setdefault(leftover.id, []).append(step)
        plans.after.pop(leftover.id, None)
    facts = {"task_type": after.get("TaskType")}
    planning.answer(entry, Answer(entry, child.id, shown, facts, parent=child.window.id))


def _last(step: Step, child: Child) -> Step:
    """The old one goes only when the new one stands."""
    needs, after = child.waits()
    step.needs, step.after = set(needs), set(after)
    return step


def _resolved(
    planning: Planning, plans: TaskPlans, entry: Entry, values: dict[str, Any]
) -> tuple[dict[str, Any], Waits]:
    """The values with targets by id, and what must have run before the task can name them."""
    needs: set[str] = set()
    after: set[str] = set()
    ids: list[Id] = []
    for reference in values.get("window_targets") or ():
        target_id, child = resolve(planning, entry, plans.targets, reference)
        ids.append(target_id)
        if child:
            more_needs, more_after = child.waits()
            needs.update(more_needs)
            after.update(more_after)
    return ({**values, "window_targets": ids} if ids else values), (needs, after)


def _named(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Option values with targets by name where that is unique, as users write them."""
    ids = values.get("window_targets")
    return {**values, "window_targets": [names.get(str(one), str(one)) for one in ids]} if ids else values


def _instances(raw: Raw) -> set[str]:
    """The instances that a task or a target names by their ids."""
    return {
        str(value)
        for entry in raw.get("Targets") or ()
        if entry.get("Key") == "InstanceIds"
        for value in entry.get("Values") or ()
    }


def _needs_registration(plans: TaskPlans) -> bool:
    """Whether AWS takes only registered instances; unknown where the window is neither declared nor read."""
    return plans.window.values.get("allow_unassociated_targets") is False


def _with_holders(plans: TaskPlans, after: Raw, waits: Waits) -> Waits:
    """A task on instances waits for the declared targets that register them."""
    needs, ended = set(waits[0]), set(waits[1])
    for child in plans.targets.children if _needs_registration(plans) else ():
        if _instances(child.planned) & _instances(after):
            more_needs, more_ended = child.waits()
            needs |= set(more_needs)
            ended |= set(more_ended)
    return needs, ended


def _unregistered(plans: TaskPlans, after: Raw) -> list[str]:
    """The instances of a task that no target of the window names by id, although the window asks for it."""
    if not _needs_registration(plans):
        return []
    leaving = {removal.resource.id for removal in plans.targets.removals}
    registered = {one for child in plans.targets.children for one in _instances(child.planned)}
    registered |= {
        one for target in plans.targets.found.values() if target.id not in leaving for one in _instances(target.raw)
    }
    return sorted(_instances(after) - registered)


def _warn_of_strangers(
    planning: Planning, plans: TaskPlans, entry: Entry, strangers: list[str], steps: list[Step]
) -> None:
    """Whether instances count as registered by their tags is for AWS to say; what to do if not is ours."""
    window = plans.window.entry.title
    text = f"instance_ids: {', '.join(strangers)}: no target of window {window} names them by id"
    ways = "register them as a target by instance_ids, or give the window allow_unassociated_targets: true"
    planning.warn(entry, f"{text}, so AWS may refuse the task; {ways}")
    for step in steps:
        step.if_refused = f"{text}; {ways}"


def _follow_targets(planning: Planning, plans: TaskPlans, declared: set[str]) -> None:
    """Tasks that nobody declared keep their targets when one of these is replaced."""
    for task_id, raw in list(plans.after.items()):
        after = repointed(raw, plans.targets.moved)
        if task_id in declared or after == raw:
            continue
        resource = planning.account.tasks[plans.window.read_id][task_id]
        names = plans.targets.names()
        before_values, after_values = values_of(window_task.KIND, raw), values_of(window_task.KIND, after)
        change = Change(
            "task",
            resource.name or task_id,
            "update",
            task_id,
            _named(before_values, names),
            _named(after_values, names),
            window=plans.window.entry.title,
        )
        plans.after[task_id] = after
        step = _retarget(plans, change, after)
        planning.plan.add(change, [step])
        plans.steps.setdefault(task_id, []).append(step)


def _retarget(plans: TaskPlans, change: Change, after: Raw) -> Step:
    step = Step(
        f"{change.title} {change.id}",
        change,
        window_task.KIND.update,
        {"WindowId": plans.window.id, "WindowTaskId": change.id, "Targets": after["Targets"]},
    )
    for child in plans.targets.children:
        needs, waits = child.waits()
        step.needs.update(needs)
        step.after.update(waits)
    return step
