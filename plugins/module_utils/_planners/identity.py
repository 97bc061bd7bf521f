# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which target or task of a window a declared entry means, where its name does not say it. Pure functions.

It may be what an unfinished replacement left, or one without a name that is the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._aws.structures import Raw, member
from .._options.codecs import CRITERIA, target_ids
from .._resources import patch_task, window_target
from .._resources.patch_task import SCANNING_DOCUMENTS, document_name
from .._resources.tasks import RUN_COMMAND, modernised
from .._state.declaration import Declaration, Entry
from .._state.read import Account, Found, Resource, matching, replaced_name

_WINDOW_TARGETS, _INSTANCES = target_ids("WindowTargetIds"), target_ids("InstanceIds")
_CRITERIA = {
    "target": "criteria",
    "task": "type, document, targets and operation",
}


def leftover_of(entry: Entry, found: Found, current: Resource | None) -> Resource | None:
    """What an unfinished replacement of a declared target or task left.

    It has the name for that, and another type: nothing but a change of type is ever replaced.
    """
    wanted = _declared_type(entry) or (_stored_type(entry, current) if current else None)
    names = {replaced_name(entry.name)} if entry.name and wanted else set()
    leftovers = [one for one in found.values() if one.name in names and _stored_type(entry, one) != wanted]
    return leftovers[0] if leftovers else None


def is_of_another_type(entry: Entry, resource: Resource) -> bool:
    """Whether the type that an entry declares is another than that of a target or task."""
    declared = _declared_type(entry)
    return declared is not None and _stored_type(entry, resource) != declared


def _declared_type(entry: Entry) -> str | None:
    if entry.kind is patch_task.KIND:
        return "RUN_COMMAND"
    return entry.values.get("resource_type" if entry.kind is window_target.KIND else "task_type")


def _stored_type(entry: Entry, resource: Resource) -> Any:
    return resource.raw.get("ResourceType" if entry.kind is window_target.KIND else "TaskType")


@dataclass
class Adoptions:
    """Targets and tasks without a name that are what entries declare.

    found: the resource of an entry, by the entry's identity. doubts: why none could be chosen for an entry.
    """

    found: dict[int, Resource] = field(default_factory=dict)
    doubts: dict[int, str] = field(default_factory=dict)

    def ids(self) -> set[str]:
        """The ids of all that is adopted."""
        return {resource.id for resource in self.found.values()}


def adopt_unnamed(declaration: Declaration, account: Account) -> Adoptions:
    """Match the unnamed targets and tasks of declared windows with the entries that are not there by name."""
    adoptions = Adoptions()
    for window in declaration.windows:
        matches = matching(window, account.windows.values())
        if window.absent or len(matches) != 1:
            continue
        targets = account.targets.get(matches[0].id, {})
        _match(adoptions, window, window.targets, targets, _is_same_target)
        ids = _target_ids(window.targets or (), targets, adoptions)
        _match(
            adoptions,
            window,
            window.tasks,
            account.tasks.get(matches[0].id, {}),
            lambda entry, task, ids=ids: _is_same_task(entry, task, ids),  # type: ignore[misc]
        )
    return adoptions


def _match(
    adoptions: Adoptions,
    window: Entry,
    entries: Iterable[Entry] | None,
    found: Found,
    is_same: Callable[[Entry, Raw], bool],
) -> None:
    entries = list(entries or ())
    addressed = {entry.id for entry in entries}
    unnamed = [one for one in found.values() if not one.name and one.id not in addressed]
    wanting = [entry for entry in entries if unnamed and _is_wanting(entry, found)]
    fits = {id(entry): [one for one in unnamed if is_same(entry, one.raw)] for entry in wanting}
    for entry in wanting:
        candidates = fits[id(entry)]
        rivals = [
            other
            for other in wanting
            if other is not entry and {one.id for one in candidates} & {one.id for one in fits[id(other)]}
        ]
        if len(candidates) == 1 and not rivals:
            adoptions.found[id(entry)] = candidates[0]
        elif candidates:
            adoptions.doubts[id(entry)] = _doubt(window, entry, candidates, rivals)


def _is_wanting(entry: Entry, found: Found) -> bool:
    """Whether an entry would make a new resource."""
    return not (entry.absent or entry.id or matching(entry, found.values()) or leftover_of(entry, found, None))


def _doubt(window: Entry, entry: Entry, candidates: list[Resource], rivals: list[Entry]) -> str:
    kind, option = entry.kind.name, entry.kind.id_option
    ids = ", ".join(sorted(one.id for one in candidates))
    several = len(candidates) > 1
    which = f"{kind}s {ids} have" if several else f"{kind} {ids} has"
    fits = "fit" if several else "fits"
    claimed = f", and {fits} {', '.join(rival.title for rival in rivals)} too" if rivals else ""
    return (
        f"name: {entry.name!r} does not exist in window {window.title}, but the {which} no name and the same"
        f" {_CRITERIA[kind]}{claimed}; give the id of the one that you mean as {option}"
    )


def _is_same_target(entry: Entry, raw: Raw) -> bool:
    declared = entry.values.get("targets")
    return bool(declared) and CRITERIA.normal(declared) == CRITERIA.normal(CRITERIA.decode(raw.get("Targets")))


def _target_ids(entries: Iterable[Entry], found: Found, adoptions: Adoptions) -> dict[str, str]:
    """Ids of registered targets by all that a task may call them."""
    names: dict[str, list[str]] = {}
    for one in found.values():
        names.setdefault(one.name or one.id, []).append(one.id)
    ids = {name: one[0] for name, one in names.items() if len(one) == 1}
    ids.update({one: one for one in found})
    for entry in entries:
        adopted = adoptions.found.get(id(entry))
        known = adopted.id if adopted else entry.id
        if entry.name and known:
            ids[entry.name] = known
    return ids


def _is_same_task(entry: Entry, raw: Raw, ids: Mapping[str, str]) -> bool:
    values, raw = entry.values, modernised(raw)
    if raw.get("TaskType") != _declared_type(entry) or not _is_same_document(entry, raw.get("TaskArn")):
        return False
    targets = [ids.get(str(one)) for one in values.get("window_targets") or ()]
    same = set(targets) == set(_WINDOW_TARGETS.decode(raw.get("Targets")) or ())
    instances = set(values.get("instance_ids") or ())
    same = same and instances == set(_INSTANCES.decode(raw.get("Targets")) or ())
    return same and _is_same_operation(entry, raw)


def _is_same_document(entry: Entry, arn: Any) -> bool:
    """Documents may be given by name and by ARN."""
    values = entry.values
    declared = (
        patch_task.completed(values, {}).get("document") if entry.kind is patch_task.KIND else values.get("task_arn")
    )
    by_name = ("/" in str(declared)) != ("/" in str(arn)) and document_name(declared) == document_name(arn)
    return bool(declared) and (declared == arn or by_name)


def _is_same_operation(entry: Entry, raw: Raw) -> bool:
    """A task of a patch document without parameters, as CloudFormation may leave it, becomes what is declared."""
    stored = member(raw, f"{RUN_COMMAND}.Parameters.Operation")
    patches = document_name(raw.get("TaskArn")) in SCANNING_DOCUMENTS
    if entry.kind is patch_task.KIND:
        return patches if not stored else bool(stored == [entry.values.get("operation")])
    declared = (entry.values.get("run_command.parameters") or {}).get("Operation")
    return not (patches and stored and declared) or stored == (declared if isinstance(declared, list) else [declared])
