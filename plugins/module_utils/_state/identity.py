# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which resource a declared entry refers to. Pure functions.

It can have the name or ID of the entry, be left over from an unfinished replacement, or be unnamed but otherwise the
same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .._resources import patch_baseline
from .._resources.ownership import REPLACED, SETUP_TAG
from .account import Account, Found, Resource
from .declaration import Declaration, Entry

_NAME_LENGTH = 128


def matching(entry: Entry, found: Iterable[Resource]) -> list[Resource]:
    """The resources that an entry can refer to: the one with its ID, or all with its exact name."""
    if entry.id:
        return [resource for resource in found if resource.id == entry.id]
    return [resource for resource in found if entry.name and resource.name == entry.name]


def matching_baselines(entry: Entry, identities: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The listed baselines that an entry can refer to: by ID or ARN, or by name and, if specified, operating system."""
    if entry.id:
        wanted = patch_baseline.bare_id(entry.id)
        found = [one for one in identities if patch_baseline.bare_id(one["BaselineId"]) == wanted]
        # If the old baseline is already deleted, the recreated one is the baseline with the same name.
        if found or not entry.name or not entry.values.get("recreate"):
            return found
    system = entry.values.get("operating_system")
    return [
        one
        for one in identities
        if one.get("BaselineName") == entry.name and system in (None, one.get("OperatingSystem"))
    ]


def successor_identities(
    entry: Entry, old: dict[str, Any], identities: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The baseline that an earlier run created to replace one for another operating system."""
    system = entry.values.get("operating_system")
    if not entry.values.get("recreate") or system in (None, old.get("OperatingSystem")):
        return []
    name = entry.name or old.get("BaselineName")
    return [one for one in identities if one.get("BaselineName") == name and one.get("OperatingSystem") == system]


def owned_by(resource: Resource, setup: str | None) -> bool:
    """Whether a resource has the tag of a setup."""
    return setup is not None and (resource.tags or {}).get(SETUP_TAG) == setup


def replaced_name(name: str) -> str:
    """The name of a resource that is being replaced. Long names are truncated to the limit of 128 characters."""
    if len(name) + len(REPLACED) <= _NAME_LENGTH:
        return name + REPLACED
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: _NAME_LENGTH - len(REPLACED) - len(mark) - 1]}-{mark}{REPLACED}"


def leftover_of(entry: Entry, found: Found, current: Resource | None) -> Resource | None:
    """The resource that an unfinished replacement of a declared target or task left over.

    It has the name for that, and another type: only a change of type causes a replacement.
    """
    kind = entry.kind
    wanted = kind.declared_type(entry.values) or (kind.stored_type(current.raw) if current else None)
    names = {replaced_name(entry.name)} if entry.name and wanted else set()
    leftovers = [one for one in found.values() if one.name in names and kind.stored_type(one.raw) != wanted]
    return leftovers[0] if leftovers else None


def is_of_another_type(entry: Entry, resource: Resource) -> bool:
    """Whether an entry declares another type than that of a target or task."""
    declared = entry.kind.declared_type(entry.values)
    return declared is not None and entry.kind.stored_type(resource.raw) != declared


@dataclass
class Adoptions:
    """Unnamed targets and tasks that match declared entries.

    found: the resource of an entry. doubts: why none could be selected for an entry.
    """

    found: dict[Entry, Resource] = field(default_factory=dict)
    doubts: dict[Entry, str] = field(default_factory=dict)

    def ids(self) -> set[str]:
        """The IDs of all adopted resources."""
        return {resource.id for resource in self.found.values()}


def adopt_unnamed(declaration: Declaration, account: Account) -> Adoptions:
    """Match the unnamed targets and tasks of declared windows with entries whose names do not exist."""
    adoptions = Adoptions()
    for window in declaration.windows:
        matches = matching(window, account.windows.values())
        if len(matches) != 1:
            continue
        targets, tasks = (account.inside(kind, matches[0].id) for kind in window.kind.contents)
        _match(adoptions, window, window.targets or (), targets, {})
        _match(adoptions, window, window.tasks or (), tasks, _target_ids(window.targets or (), targets, adoptions))
    return adoptions


def _match(
    adoptions: Adoptions, window: Entry, entries: tuple[Entry, ...], found: Found, target_ids: dict[str, str]
) -> None:
    addressed = {entry.id for entry in entries}
    unnamed = [one for one in found.values() if not one.name and one.id not in addressed]
    wanting = [entry for entry in entries if unnamed and _is_wanting(entry, found)]
    fits = {
        entry: [one for one in unnamed if entry.kind.is_same(entry.values, one.raw, target_ids)] for entry in wanting
    }
    for entry, candidates in fits.items():
        ids = {one.id for one in candidates}
        rivals = [other for other in wanting if other is not entry and ids & {one.id for one in fits[other]}]
        if len(candidates) == 1 and not rivals:
            adoptions.found[entry] = candidates[0]
        elif candidates:
            adoptions.doubts[entry] = _doubt(window, entry, candidates, rivals)


def _is_wanting(entry: Entry, found: Found) -> bool:
    """Whether an entry would create a new resource."""
    return not (entry.absent or entry.id or matching(entry, found.values()) or leftover_of(entry, found, None))


def _doubt(window: Entry, entry: Entry, candidates: list[Resource], rivals: list[Entry]) -> str:
    kind = entry.kind
    ids = ", ".join(sorted(one.id for one in candidates))
    several = len(candidates) > 1
    which = f"{kind.name}s {ids} have" if several else f"{kind.name} {ids} has"
    fits = "fit" if several else "fits"
    claimed = f", and {fits} {', '.join(rival.title for rival in rivals)} too" if rivals else ""
    return (
        f"name: {entry.name!r} does not exist in window {window.title}, but the {which} no name and the same"
        f" {kind.likeness}{claimed}; specify the ID of the one to use as {kind.id_option}"
    )


def _target_ids(entries: Iterable[Entry], found: Found, adoptions: Adoptions) -> dict[str, str]:
    """IDs of registered targets by all references that a task can use."""
    names: dict[str, list[str]] = {}
    for one in found.values():
        names.setdefault(one.name or one.id, []).append(one.id)
    ids = {name: one[0] for name, one in names.items() if len(one) == 1}
    ids.update({one: one for one in found})
    for entry in entries:
        adopted = adoptions.found.get(entry)
        known = adopted.id if adopted else entry.id
        if entry.name and known:
            ids[entry.name] = known
    return ids
