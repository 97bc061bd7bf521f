# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans a whole declaration: combines the parts of all planners in the order of their dependencies. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._aws.nodes import OTHER_GROUP_TAG
from .._resources.register import KINDS
from .._state.account import Account
from .._state.declaration import Declaration, Entry
from .._state.identity import adopt_unnamed
from .baselines import BaselinePlans, plan_baseline_removals, plan_baselines
from .changes import Plan, late_last
from .install_order import after_baselines, after_ends, ends_of_window
from .planning import Answer, Inputs, Part, Planning, ViolationError
from .prune import limit_violations, with_undeclared
from .resource import plan_resource
from .targets import plan_target_removals, plan_targets
from .tasks import plan_tasks
from .windows import plan_window, plan_window_removal

# The kinds with their own planners. The shared planner plans all others.
_SPECIAL = frozenset({"baselines", "windows"})


def plan_setup(declaration: Declaration, account: Account, input_shape: Callable[[str], Any]) -> Planning:
    """Compare the declaration with the account."""
    adoptions = adopt_unnamed(declaration, account)
    whole = Part()
    if declaration.owned:
        declaration, whole.warnings = with_undeclared(declaration, account, adoptions)
    inputs = Inputs(declaration, account, input_shape, adoptions)
    baselines = plan_baselines(inputs)
    whole.join(baselines.part)
    for entry in declaration.windows:
        whole.join(_plan_window(inputs, entry, baselines))
    for name, kind in KINDS.items():
        for entry in () if name in _SPECIAL else declaration.of(kind):
            whole.join(plan_resource(inputs, entry))
    whole.steps = after_ends(whole.steps, baselines.leaving, whole.ends)
    whole.join(plan_baseline_removals(inputs, baselines, whole.ends))
    whole.warnings += _warnings_of_uncovered_groups(declaration)
    return _combined(inputs, whole)


def _combined(inputs: Inputs, whole: Part) -> Planning:
    claimed: dict[tuple[str, str], Entry] = {}
    for entry, resource_id in whole.claims:
        first = claimed.setdefault((entry.kind.name, resource_id), entry)
        if first is not entry:
            whole.refuse(entry, [f"{entry.kind.id_option}: {resource_id} is already declared as {first.title!r}"])
    whole.violations += limit_violations(inputs.declaration, whole.changes)
    plan = Plan(whole.changes, late_last(whole.steps), whole.warnings, whole.violations)
    return Planning(inputs.declaration, inputs.account, plan, whole.answers, whole.missing, claimed, whole.filters)


def _plan_window(inputs: Inputs, entry: Entry, baselines: BaselinePlans) -> Part:
    part = Part()
    try:
        if entry.absent:
            part = plan_window_removal(inputs, entry)
            part.ends = list(part.steps)
            return part
        window = plan_window(inputs, entry)
        if window is None:
            return Part(answers={child: Answer(None, {}) for child in entry.contents})
        targets = plan_targets(inputs, window)
        tasks = plan_tasks(inputs, window, targets)
        for one in (window.part, targets.part, tasks.part):
            part.join(one)
        part.steps = after_baselines(inputs, part.steps, baselines, targets, tasks)
        part.join(plan_target_removals(inputs, targets, tasks.after, tasks.steps))
        if baselines.leaving or any(one.absent for one in inputs.declaration.baselines):
            part.ends = ends_of_window(inputs, part.steps, targets, tasks)
    except ViolationError as violation:
        part.refuse(entry, [str(violation)])
    return part


def _warnings_of_uncovered_groups(declaration: Declaration) -> list[str]:
    """Warnings about patch groups that no window patches, because they are most likely misspelled.

    Only if all declared targets select by patch group, since other tags and IDs may reach the nodes.
    """
    windows = [entry for entry in declaration.windows if not entry.absent]
    targets = [child for entry in windows for child in entry.targets or () if not child.absent]
    criteria = [one for child in targets for one in child.values.get("targets") or ()]
    if not criteria or any(one["key"] not in OTHER_GROUP_TAG for one in criteria):
        return []
    covered = {value for one in criteria for value in one["values"]}
    missing = {
        entry: sorted(set(entry.values.get("patch_groups") or ()) - covered)
        for entry in declaration.baselines
        if not entry.absent
    }
    return [
        f"{entry.label}patch_groups: no declared window target selects {', '.join(groups)}"
        for entry, groups in missing.items()
        if groups
    ]
