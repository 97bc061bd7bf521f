# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prune: each resource that a setup owns but does not declare gets an entry with C(state=absent). Pure functions.

The planners remove it as any other absent resource, with the same checks, order and output.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from .._options.kind import Kind
from .._resources.register import IN_WINDOWS, KINDS, lists_of
from .._state.account import Account, Found, Resource
from .._state.declaration import Declaration, Entry
from .._state.identity import (
    Adoptions,
    leftover_of,
    matching,
    matching_baselines,
    owned_by,
    successor_identities,
)
from .changes import Change


def with_undeclared(declaration: Declaration, account: Account, adoptions: Adoptions) -> tuple[Declaration, list[str]]:
    """The declaration with an absent entry for each resource that the setup owns but does not declare, and warnings."""
    warnings: list[str] = []
    resources = {}
    for name, kind in KINDS.items():
        declared = declaration.of(kind)
        kept = _baselines_kept(declaration, account) if kind.loses else _kept(declared, account.of(kind))
        if kind.contents and not declaration.removes_all:
            declared = tuple(_with_contents(declaration, account, adoptions, one, warnings) for one in declared)
        gone = [one for one in _sorted(account.of(kind)) if one.id not in kept and owned_by(one, declaration.setup)]
        if gone and not _keeps_any(declared) and not declaration.removes_all:
            # A list that is empty by mistake must not empty an account.
            warnings.append(_warning("", (name,), declared, gone))
            gone = []
        resources[kind.name] = (*declared, *(_absent(kind, one, declaration) for one in gone))
    return replace(declaration, resources=resources), warnings


def _keeps_any(entries: Iterable[Entry]) -> bool:
    """Whether any present resource is declared. Absent entries say nothing about the other resources."""
    return any(not entry.absent for entry in entries)


def _kept(entries: Iterable[Entry], found: Found) -> set[str]:
    return {one.id for entry in entries for one in matching(entry, found.values())}


def _baselines_kept(declaration: Declaration, account: Account) -> set[str]:
    kept: set[str] = set()
    for entry in declaration.baselines:
        matches = matching_baselines(entry, account.identities)
        successors = [new for one in matches for new in successor_identities(entry, one, account.identities)]
        kept |= {str(one["BaselineId"]) for one in (*matches, *successors)}
    return kept


def _sorted(found: Found) -> list[Resource]:
    return sorted(found.values(), key=lambda one: one.name or one.id)


def _warning(label: str, lists: Collection[str], declared: Collection[Entry], rest: list[Resource]) -> str:
    names = ", ".join(one.name or one.id for one in rest)
    several = len(lists) > 1
    empty = f"the {'lists are' if several else 'list is'} empty or missing"
    cause = "every entry has state: absent" if declared else empty
    way = "to delete them, set their state to absent"
    return f"prune: {label}{' and '.join(lists)}: {cause}, so these are not deleted: {names}; {way}"


def _absent(kind: Kind, resource: Resource, declaration: Declaration) -> Entry:
    return Entry(
        kind,
        f"prune of {kind.name} {resource.name or resource.id}: ",
        {},
        # Only the ID identifies it. Another resource could have the same name.
        id=resource.id,
        absent=True,
        pruned=True,
        setup=declaration.setup,
        claim=declaration.setup,
        take_over=declaration.take_over,
    )


def _with_contents(
    declaration: Declaration, account: Account, adoptions: Adoptions, entry: Entry, warnings: list[str]
) -> Entry:
    matches = matching(entry, account.windows.values())
    # A window that this run adopts, or hands over to another setup, keeps its targets and tasks.
    stays = entry.setup == declaration.setup
    if entry.absent or len(matches) != 1 or not stays or not owned_by(matches[0], declaration.setup):
        return entry
    contents = {}
    for kind in reversed({kind.name: kind for kind in IN_WINDOWS.values()}.values()):
        declared: tuple[Entry, ...] | None = getattr(entry, f"{kind.name}s")
        gone = _undeclared(declared or (), account.inside(kind, matches[0].id), adoptions)
        if gone and not _keeps_any(declared or ()):
            warnings.append(_warning(entry.label, lists_of(kind.name), declared or (), gone))
        elif gone:
            contents[f"{kind.name}s"] = (*(declared or ()), *(_absent(kind, one, declaration) for one in gone))
    return replace(entry, **contents)  # type: ignore[arg-type]


def _undeclared(entries: tuple[Entry, ...], found: Found, adoptions: Adoptions) -> list[Resource]:
    """The undeclared targets and tasks of a window."""
    kept = _kept(entries, found) | adoptions.ids()
    for entry in entries:
        matches = matching(entry, found.values())
        leftover = leftover_of(entry, found, matches[0] if matches else None)
        kept |= {leftover.id} if leftover else set()
    return [one for one in _sorted(found) if one.id not in kept]


def limit_violations(declaration: Declaration, changes: Iterable[Change]) -> list[str]:
    """Violations if more undeclared resources would be removed than the user allows."""
    limit = declaration.limit
    pruned = [change for change in changes if change.late]
    if limit is None or len(pruned) <= max(limit, 0):
        return []
    titles = ", ".join(change.title for change in pruned)
    how, way = ("by prune", "declare the resources to keep")
    if declaration.removes_all:
        how, way = ("in addition to the declared resources", "declare all resources to delete")
    return [
        f"prune_limit: {len(pruned)} resources would be deleted {how}, but the limit is {limit}: {titles};"
        f" {way}, or increase prune_limit"
    ]
