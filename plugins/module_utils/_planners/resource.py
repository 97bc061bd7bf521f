# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans one resource outside windows: finds it by name, creates, updates, tags and deletes it. Pure functions.

This is sufficient for a kind without special behavior. Windows and baselines are based on the drafts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .._aws.client import GONE
from .._aws.structures import Raw
from .._options.kind import merge, update_body, values_of
from .._state.account import Resource
from .._state.declaration import Entry
from .._state.identity import matching
from .changes import Change, Creation, Guard, Ref, Step
from .planning import (
    Answer,
    Inputs,
    Part,
    ViolationError,
    create_body,
    differing,
    plan_tags,
    required,
    rest_of,
    tag_steps,
)


@dataclass(frozen=True)
class Draft:
    """A change of one resource with its calls. planned: its structure after the run. body: what the update sends."""

    change: Change
    steps: list[Step]
    violations: list[str]
    before: dict[str, Any]
    after: dict[str, Any]
    planned: Raw
    body: Raw


def plan_resource(inputs: Inputs, entry: Entry) -> Part:
    """Plan one resource that has only options and tags."""
    part = Part()
    try:
        resource = find_resource(inputs, entry)
        if resource:
            part.claims.append((entry, resource.id))
        if entry.absent:
            part.answers[entry] = Answer(None, {})
            if resource:
                part.add(*removal(entry, resource))
            return part
        draft = update(inputs, entry, resource) if resource else create(inputs, entry, _namesakes(inputs, entry))
        part.refuse(entry, draft.violations)
        if draft.steps:
            part.add(draft.change, draft.steps)
        facts = entry.kind.facts(resource.raw if resource else {})
        part.answers[entry] = Answer(draft.change.id, draft.change.after, facts)
    except ViolationError as violation:
        part.refuse(entry, [str(violation)])
    return part


def find_resource(inputs: Inputs, entry: Entry) -> Resource | None:
    """The resource that an entry refers to; raises ViolationError if there is none, or more than one."""
    kind, found = entry.kind, inputs.account.of(entry.kind).values()
    matches = matching(entry, found)
    place, option = ("name", kind.id_option) if entry.declared else (kind.name, kind.name)
    if len(matches) > 1:
        ids = ", ".join(sorted(resource.id for resource in matches))
        raise ViolationError(
            f"{place}: {entry.name!r} is the name of several {kind.name}s ({ids}); specify its ID as {option}"
        )
    if entry.id and not matches and not entry.absent and entry.declared:
        raise ViolationError(f"{option}: {entry.id!r} does not exist; omit it to create a {kind.name}")
    if entry.id and entry.name and entry.declared:
        refuse_rivals(entry, [one.id for one in found if one.name == entry.name and one.id != entry.id])
    return matches[0] if matches else None


def refuse_rivals(entry: Entry, rivals: Sequence[str]) -> None:
    """Refuse a name that another resource has, and a removal by ID if the name refers to another resource.

    Args:
        entry: An entry with a name and an ID.
        rivals: The IDs of other resources with this name.

    Raises:
        ViolationError: There are such resources.
    """
    if not rivals:
        return
    kind, others = entry.kind, ", ".join(rivals)
    if entry.absent:
        raise ViolationError(
            f"name: {entry.name!r} is the name of {kind.name} {others}, but {kind.id_option} is {entry.id}; specify"
            f" the one to delete, by name or ID"
        )
    raise ViolationError(f"name: {entry.name!r} is already the name of {kind.name} {others}; choose another")


def _namesakes(inputs: Inputs, entry: Entry) -> frozenset[str]:
    return frozenset(one.id for one in inputs.account.of(entry.kind).values() if one.name == entry.name)


def create(inputs: Inputs, entry: Entry, known: frozenset[str], title: str = "", old: Resource | None = None) -> Draft:
    """A new resource. known: IDs that have the name. old: the resource that it replaces and gets values from."""
    kind = entry.kind
    values = kind.complete(entry.values, {})
    scope = {option.api for name, option in kind.managed() if name in kind.name_scope}
    carried = {name: value for name, value in old.raw.items() if name not in scope} if old else {}
    planned = merge(kind, {**kind.base, **carried}, values)
    after = values_of(kind, planned)
    found = required(entry, after) + kind.violations(entry.values, after if old else values, {}, after)
    tagging = plan_tags(entry, (old.tags if old else None) or {})
    name = str(after.get("name") or entry.title)
    title = title or f"{kind.name} {name}"
    change = Change(kind.name, name, "create", Ref(title), {}, {**after, **tagging.after})
    body = create_body(inputs.members(kind.create), planned)
    if tags := tagging.wanted():
        body["Tags"] = tags
    # A resource with the same name but other values of these members is not the same.
    like = {str(option.api): after[scope] for scope, option in kind.managed() if scope in kind.name_scope}
    step = Step(title, change, kind.create, body, creation=Creation(kind, name, known=known, like=like))
    return Draft(change, [step], found, {}, after, planned, body)


def update(inputs: Inputs, entry: Entry, resource: Resource) -> Draft:
    """An existing resource. The draft has no steps if nothing differs."""
    kind, raw = entry.kind, resource.raw
    planned = merge(kind, raw, entry.values)
    before, after = differing(kind, raw, planned)
    found = kind.violations(entry.values, entry.values, before, after)
    tagging = plan_tags(entry, resource.tags)
    name = entry.name or resource.name or resource.id
    change = Change(kind.name, name, "update", resource.id, {**before, **tagging.before}, {**after, **tagging.after})
    body = update_body(kind, raw, planned, inputs.members(kind.update))
    steps = []
    if body:
        request = {**body, kind.id_member: resource.id}
        rest = rest_of(inputs, kind, resource, planned, body)
        steps.append(Step(f"{change.title} {resource.id}", change, kind.update, request, rest=rest))
    steps += tag_steps(tagging, change, kind.resource_type, resource.id)
    return Draft(change, steps, found, before, after, planned, body)


def removal(entry: Entry, resource: Resource, content: Iterable[str] | None = None) -> tuple[Change, list[Step]]:
    """A resource to delete. content: the IDs of what is deleted with it."""
    kind = entry.kind
    before = values_of(kind, resource.raw)
    change = Change(kind.name, resource.name or resource.id, "delete", resource.id, before, late=entry.pruned)
    guard = Guard(kind, resource.id, resource.name, content=None if content is None else frozenset(content))
    key, request = f"{change.title} {resource.id} delete", {kind.id_member: resource.id}
    return change, [Step(key, change, kind.delete, request, tolerate=GONE, guard=guard)]
