# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of a window that wait for the declared baselines, and the steps of baselines that wait for windows.

Pure functions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from .._aws.structures import Raw
from .._resources.exposure import WINDOW, Parts, installs_more
from .._resources.register import IN_WINDOWS
from .baselines import BaselinePlans
from .changes import Change, Step
from .planning import Inputs
from .targets import TargetPlans
from .tasks import TaskPlans
from .windows import WindowPlan

_ID_MEMBERS = tuple(kind.id_member for kind in IN_WINDOWS.values())


def after_baselines(
    inputs: Inputs, steps: list[Step], baselines: BaselinePlans, targets: TargetPlans, tasks: TaskPlans
) -> list[Step]:
    """The steps of a window. Each change that could install more waits for all baselines.

    A change is judged as if it were the only one and as if it were the last, because any of the others may fail.
    """
    window = targets.window
    if not baselines.steps or not window.planned:
        return steps
    before, after = _before(inputs, window, targets), _after(inputs, window, targets, tasks)
    waiting = {
        change
        for change, own in _by_change(steps)
        if change.action != "delete" and _adds(before, after, _changed(change, own))
    }
    return [step.waiting(baselines.steps, baselines.creations) if step.change in waiting else step for step in steps]


def ends_of_window(inputs: Inputs, steps: list[Step], targets: TargetPlans, tasks: TaskPlans) -> list[Step]:
    """The last steps of the changes that make a remaining window install less."""
    window = targets.window
    if window.resource is None or not window.planned:
        return []
    before, after = _before(inputs, window, targets), _after(inputs, window, targets, tasks)
    return [own[-1] for change, own in _by_change(steps) if _adds(after, before, _changed(change, own))]


def after_ends(steps: list[Step], leaving: Collection[str], ends: Iterable[Step]) -> list[Step]:
    """All steps. Those that leave nodes to another baseline wait until the windows install less.

    leaving: the keys of these. ends: the steps that make windows install less. If such a step itself waits for the
    baselines, because its change also installs more, nothing waits for it.
    """
    if not leaving:
        return steps
    followers = _followers(steps, leaving)
    needs = {step.key for step in ends} - followers
    return [step.waiting(needs) if step.key in leaving else step for step in steps]


def _followers(steps: list[Step], keys: Iterable[str]) -> set[str]:
    """Keys, and the keys of all steps that depend on them, directly or indirectly."""
    waits = {step.key: step.needs | step.after for step in steps}
    for step in steps:
        if step.creation:
            # A new resource is read back together with all others in its listing.
            waits[step.creation.group] = waits.get(step.creation.group, frozenset()) | {step.key}
    found = set(keys)
    while more := {key for key, awaited in waits.items() if key not in found and awaited & found}:
        found |= more
    return found


def _adds(before: Parts, after: Parts, keys: set[tuple[str, str]]) -> bool:
    """Whether the parts of these keys install more than before, as the only ones that change or as the last."""
    return installs_more(before, _exchanged(before, after, keys)) or installs_more(
        _exchanged(after, before, keys), after
    )


def _by_change(steps: Iterable[Step]) -> Iterable[tuple[Change, list[Step]]]:
    grouped: dict[Change, list[Step]] = {}
    for step in steps:
        grouped.setdefault(step.change, []).append(step)
    return grouped.items()


def _changed(change: Change, steps: Iterable[Step]) -> set[tuple[str, str]]:
    """The parts that a change affects. The requests of a replacement contain the ID of the old one."""
    if change.window is None:
        return {WINDOW}
    ids = {str(step.request[member]) for step in steps for member in _ID_MEMBERS if member in step.request}
    return {(change.kind, one) for one in {*ids, str(change.id)}}


def _exchanged(parts: Parts, others: Parts, keys: set[tuple[str, str]]) -> Parts:
    """The parts, with those of the keys taken from the others."""
    kept = {key: raw for key, raw in parts.items() if key not in keys}
    return {**kept, **{key: others[key] for key in keys if key in others}}


def _before(inputs: Inputs, window: WindowPlan, targets: TargetPlans) -> Parts:
    if window.resource is None:
        return {}
    tasks = inputs.account.contents[IN_WINDOWS["tasks"].name].get(window.read_id)
    return {
        WINDOW: window.resource.raw,
        **_keyed("target", {one.id: one.raw for one in targets.found.values()}),
        **_keyed("task", _unread(targets) if tasks is None else {one.id: one.raw for one in tasks.values()}),
    }


def _after(inputs: Inputs, window: WindowPlan, targets: TargetPlans, tasks: TaskPlans) -> Parts:
    gone = {removal.resource.id for removal in targets.removals}
    unread = window.resource is not None and window.read_id not in inputs.account.contents[IN_WINDOWS["tasks"].name]
    return {
        WINDOW: window.planned,
        **_keyed("target", {one.id: one.raw for one in targets.found.values() if one.id not in gone}),
        **_keyed("target", {str(child.id): child.planned for child in targets.children}),
        **_keyed("task", _unread(targets) if unread else tasks.after),
        **_keyed("task", {str(child.id): child.planned for child in tasks.children}),
    }


def _keyed(kind: str, raws: Mapping[str, Raw]) -> dict[tuple[str, str], Raw]:
    return {(kind, resource_id): raw for resource_id, raw in raws.items()}


def _unread(targets: TargetPlans) -> dict[str, Raw]:
    """Stand-ins for undeclared tasks that were not read: one without targets, and one with all targets."""
    ids = [{"Key": "WindowTargetIds", "Values": sorted(targets.found)}]
    return {"any": {}, "any on targets": {"Targets": ids}} if targets.found else {"any": {}}
