# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which changes of a window wait for the baselines of the declaration. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
    """The steps of a window, of which each change that could install more waits for all baselines.

    A change is judged alone and as the last of all, because any of the others may fail.
    """
    window = targets.window
    if not baselines.steps or not window.planned:
        return steps
    before, after = _before(inputs, window, targets), _after(inputs, window, targets, tasks)
    waiting = set[Change]()
    for change, own in _by_change(steps):
        keys = _changed(change, own)
        if change.action != "delete" and (
            installs_more(before, _exchanged(before, after, keys))
            or installs_more(_exchanged(after, before, keys), after)
        ):
            waiting.add(change)
    return [step.waiting(baselines.steps, baselines.creations) if step.change in waiting else step for step in steps]


def _by_change(steps: Iterable[Step]) -> Iterable[tuple[Change, list[Step]]]:
    grouped: dict[Change, list[Step]] = {}
    for step in steps:
        grouped.setdefault(step.change, []).append(step)
    return grouped.items()


def _changed(change: Change, steps: Iterable[Step]) -> set[tuple[str, str]]:
    """The parts that a change touches; a replacement names the old one in its requests."""
    if change.window is None:
        return {WINDOW}
    ids = {str(step.request[member]) for step in steps for member in _ID_MEMBERS if member in step.request}
    return {(change.kind, one) for one in {*ids, str(change.id)}}


def _exchanged(parts: Parts, others: Parts, keys: set[tuple[str, str]]) -> Parts:
    """The parts, with those of the keys as they are among the others."""
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
    """What stands for tasks that nobody declares, and that were not read: one without targets, one with all."""
    ids = [{"Key": "WindowTargetIds", "Values": sorted(targets.found)}]
    return {"any": {}, "any on targets": {"Targets": ids}} if targets.found else {"any": {}}
