# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a whole declaration: baselines, windows, their targets and tasks, in order of dependency. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._state.declaration import Declaration
from .._state.read import Account
from .baselines import plan_baseline_removals, plan_baselines
from .identity import adopt_unnamed
from .install_order import wait_for_baselines
from .planning import Answer, Planning, ViolationError
from .prune import add_undeclared, check_limit
from .targets import plan_target_removals, plan_targets
from .tasks import plan_tasks
from .windows import WindowPlan, plan_window, plan_window_removal

_GROUP_TAGS = ("tag:PatchGroup", "tag:Patch Group")


def plan_setup(declaration: Declaration, account: Account, input_shape: Callable[[str], Any]) -> Planning:
    """Compare what is declared with what is there."""
    planning = Planning(declaration, account, input_shape, adoptions=adopt_unnamed(declaration, account))
    if declaration.owned:
        add_undeclared(planning)
    plan_baselines(planning)
    for entry in declaration.windows:
        first_step = len(planning.plan.steps)
        try:
            if entry.absent:
                plan_window_removal(planning, entry)
            elif window := plan_window(planning, entry):
                _plan_children(planning, window, first_step)
            else:
                for child in (*(entry.targets or ()), *(entry.tasks or ())):
                    planning.answer(child, Answer(child, None, {}))
        except ViolationError as violation:
            planning.refuse(entry, str(violation))
    plan_baseline_removals(planning)
    _warn_of_uncovered_groups(planning)
    planning.plan.put_last()
    check_limit(planning)
    return planning


def _warn_of_uncovered_groups(planning: Planning) -> None:
    """A patch group that no window patches is most likely a misspelt one.

    Told only where all declared targets select by patch group; other tags and ids may well reach its nodes.
    """
    windows = [entry for entry in planning.declaration.windows if not entry.absent]
    targets = [child for entry in windows for child in entry.targets or () if not child.absent]
    criteria = [one for child in targets for one in child.values.get("targets") or ()]
    if not criteria or any(one["key"] not in _GROUP_TAGS for one in criteria):
        return
    covered = {value for one in criteria for value in one["values"]}
    for entry in planning.declaration.baselines:
        missing = [] if entry.absent else sorted(set(entry.params.get("patch_groups") or ()) - covered)
        if missing:
            planning.warn(entry, f"patch_groups: no declared window target selects {', '.join(missing)}")


def _plan_children(planning: Planning, window: WindowPlan, first_step: int) -> None:
    targets = plan_targets(planning, window)
    tasks = plan_tasks(planning, window, targets)
    wait_for_baselines(planning, window, targets, tasks, first_step)
    plan_target_removals(planning, targets, tasks.after, tasks.steps)
