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
    Account,
    Found,
    Resource,
    matching,
    matching_baselines,
    owned_by,
    replaced_name,
    successor_identities,
)
from .planning import Planning


def add_undeclared(declaration: Declaration, account: Account) -> None:
    """Add an absent entry for each resource that the setup owns and does not declare."""
    _add_children(declaration, account)
    declared = {one.id for entry in declaration.windows for one in matching(entry, account.windows.values())}
    declaration.windows += _undeclared(window.KIND, account.windows.values(), declared, declaration.setup)
    kept: set[str] = set()
    for entry in declaration.baselines:
        matches = matching_baselines(entry, account.identities)
        kept |= {str(one["BaselineId"]) for one in matches}
        kept |= {
            str(new["BaselineId"]) for one in matches for new in successor_identities(entry, one, account.identities)
        }
    declaration.baselines += _undeclared(patch_baseline.KIND, account.baselines.values(), kept, declaration.setup)


def _undeclared(kind: Kind, found: Iterable[Resource], declared: set[str], setup: str | None) -> list[Entry]:
    return [
        _absent(kind, resource, setup)
        for resource in sorted(found, key=lambda one: one.name or one.id)
        if resource.id not in declared and owned_by(resource, setup)
    ]


def _absent(kind: Kind, resource: Resource, setup: str | None) -> Entry:
    label = f"prune of {kind.name} {resource.name or resource.id}: "
    # The id alone says which one is meant; the name could also mean a namesake.
    return Entry(kind, label, {}, None, resource.id, {}, absent=True, pruned=True, setup=setup)


def _add_children(declaration: Declaration, account: Account) -> None:
    for entry in declaration.windows:
        matches = matching(entry, account.windows.values())
        # A window that is adopted in this run keeps what it has.
        if entry.absent or len(matches) != 1 or not owned_by(matches[0], declaration.setup):
            continue
        window_id = matches[0].id
        entry.tasks = _with_absent(window_task.KIND, entry.tasks, account.tasks.get(window_id, {}))
        entry.targets = _with_absent(window_target.KIND, entry.targets, account.targets.get(window_id, {}))


def _with_absent(kind: Kind, entries: list[Entry] | None, found: Found) -> list[Entry]:
    declared = entries or []
    kept = {one.id for entry in declared for one in matching(entry, found.values())}
    unfinished = {replaced_name(entry.name) for entry in declared if entry.name}
    gone = [one for one in found.values() if one.id not in kept and one.name not in unfinished]
    return declared + [_absent(kind, resource, None) for resource in sorted(gone, key=lambda one: one.name or one.id)]


def check_limit(planning: Planning) -> None:
    """Refuse a prune of more resources than the user expects."""
    limit = planning.declaration.limit
    pruned = [change for change in planning.plan.changes if change.late]
    if limit is not None and len(pruned) > limit:
        titles = ", ".join(change.title for change in pruned)
        planning.plan.violations.append(
            f"prune_limit: {len(pruned)} resources would be removed by prune, but at most {limit} may be: {titles};"
            " declare what is to stay, or raise prune_limit"
        )
