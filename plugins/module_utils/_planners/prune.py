# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prune: what a setup owns and does not declare becomes an entry that is to be absent. Pure functions.

The rest of the planners knows no other way to remove a resource, so a prune refuses, orders and tells as any removal.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._options.kind import Kind
from .._resources import patch_baseline, window, window_target, window_task
from .._state.declaration import Declaration, Entry
from .._state.read import (
    Found,
    Resource,
    matching,
    matching_baselines,
    owned_by,
    successor_identities,
)
from .identity import leftover_of
from .planning import Planning


def add_undeclared(planning: Planning) -> None:
    """Add an absent entry for each resource that the setup owns and does not declare."""
    declaration, account = planning.declaration, planning.account
    if not declaration.removes_all:
        _add_children(planning)
    declared = {one.id for entry in declaration.windows for one in matching(entry, account.windows.values())}
    declaration.windows += _undeclared(planning, window.KIND, account.windows, declared, bool(declaration.windows))
    kept: set[str] = set()
    for entry in declaration.baselines:
        matches = matching_baselines(entry, account.identities)
        kept |= {str(one["BaselineId"]) for one in matches}
        kept |= {
            str(new["BaselineId"]) for one in matches for new in successor_identities(entry, one, account.identities)
        }
    given = bool(declaration.baselines)
    declaration.baselines += _undeclared(planning, patch_baseline.KIND, account.baselines, kept, given)


def _undeclared(planning: Planning, kind: Kind, found: Found, declared: set[str], given: bool) -> list[Entry]:
    """given: whether the declaration has any of the kind; a list that came out empty must not empty an account."""
    setup = planning.declaration.setup
    gone = [one for one in _sorted(found.values()) if one.id not in declared and owned_by(one, setup)]
    if gone and not given and not planning.declaration.removes_all:
        _warn_of_the_rest(planning, f"{kind.name}s: the list is empty or missing", gone)
        return []
    return [_absent(kind, resource, planning.declaration) for resource in gone]


def _sorted(found: Iterable[Resource]) -> list[Resource]:
    return sorted(found, key=lambda one: one.name or one.id)


def _warn_of_the_rest(planning: Planning, cause: str, rest: list[Resource]) -> None:
    names = ", ".join(one.name or one.id for one in rest)
    planning.plan.warnings.append(
        f"prune: {cause}, so these are not removed: {names}; to remove the last ones, give them state: absent"
    )


def _absent(kind: Kind, resource: Resource, declaration: Declaration) -> Entry:
    label = f"prune of {kind.name} {resource.name or resource.id}: "
    # The id alone says which one is meant; the name could also mean a namesake.
    return Entry(
        kind,
        label,
        {},
        None,
        resource.id,
        {},
        absent=True,
        pruned=True,
        setup=declaration.setup,
        claim=declaration.setup,
        take_over=declaration.take_over,
    )


def _add_children(planning: Planning) -> None:
    declaration, account = planning.declaration, planning.account
    for entry in declaration.windows:
        matches = matching(entry, account.windows.values())
        # A window that is adopted in this run keeps what it has.
        if entry.absent or len(matches) != 1 or not owned_by(matches[0], declaration.setup):
            continue
        window_id = matches[0].id
        entry.tasks = _with_absent(planning, entry, window_task.KIND, entry.tasks, account.tasks.get(window_id, {}))
        targets = account.targets.get(window_id, {})
        entry.targets = _with_absent(planning, entry, window_target.KIND, entry.targets, targets)


def _with_absent(
    planning: Planning, parent: Entry, kind: Kind, entries: list[Entry] | None, found: Found
) -> list[Entry] | None:
    declared = entries or []
    matches = [(entry, matching(entry, found.values())) for entry in declared]
    kept = {one.id for _entry, resources in matches for one in resources} | planning.adoptions.ids()
    leftovers = [leftover_of(entry, found, resources[0] if resources else None) for entry, resources in matches]
    kept |= {one.id for one in leftovers if one}
    gone = [one for one in _sorted(found.values()) if one.id not in kept]
    if gone and not declared:
        what = "targets" if kind is window_target.KIND else "patch_tasks and tasks"
        verb = "is empty or missing" if kind is window_target.KIND else "are empty or missing"
        _warn_of_the_rest(planning, f"{parent.label}{what}: {verb}", gone)
        return entries
    return declared + [_absent(kind, resource, planning.declaration) for resource in gone] if gone else entries


def check_limit(planning: Planning) -> None:
    """Refuse to remove more resources that are not declared than the user expects."""
    declaration = planning.declaration
    limit = declaration.limit
    pruned = [change for change in planning.plan.changes if change.late]
    if limit is not None and len(pruned) > limit:
        titles = ", ".join(change.title for change in pruned)
        how, way = ("by prune", "declare what is to stay")
        if declaration.removes_all:
            how, way = ("besides what is declared", "declare all that goes")
        planning.plan.violations.append(
            f"prune_limit: {len(pruned)} resources would be removed {how}, but at most {limit} may be: {titles};"
            f" {way}, or raise prune_limit"
        )
