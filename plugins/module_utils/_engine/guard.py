# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the assumptions of a write immediately before it.

AWS has no conditional writes. Between the reads and the last steps of a run, others can rename or adopt a resource, or
add contents to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._aws.client import GONE, Api
from .._aws.errors import ApiError
from .._aws.structures import Raw
from .._options.kind import Kind
from .._planners.changes import Guard, Owner, Rest, Step
from .._resources.ownership import SETUP_TAG
from .._state.read import read_again


def objection(api: Api, step: Step, owners: Iterable[Owner]) -> str | None:
    """What has changed since it was read. None if the step can run, or if everything is already deleted.

    owners: the owners that the step checks each time. An owner that can no longer be read is an error, unless the
    resource that the step removes is also deleted.
    """
    gone = False
    if step.guard:
        try:
            found = _new_name(api, step.guard) or _new_content(api, step.guard)
        except ApiError as error:
            if error.code not in GONE:
                raise
            gone, found = True, None
        if found:
            return found
    for owner in owners:
        try:
            found = new_owner(api, owner)
        except ApiError as error:
            if not gone or error.code not in GONE:
                raise
            found = None
        if found:
            return found
    return _new_default(api, step)


def with_rest(api: Api, rest: Rest, request: Raw, window_id: str | None) -> tuple[Raw, str | None]:
    """The request of an update with current values for the rest of the resource, and any reason not to send it."""
    now = read_again(api, rest.kind, rest.id, window_id)
    changed = sorted(name for name in rest.shared if now.get(name) != rest.read.get(name))
    if changed:
        return request, f"{', '.join(changed)} changed"
    sent = {name: value for name, value in request.items() if name not in rest.kept}
    return {**sent, **{name: now[name] for name in rest.kept if name in now}}, None


def content(api: Api, kind: Kind, resource_id: str) -> set[str]:
    """The IDs of the contents of a resource."""
    return {
        entry[inner.id_member]
        for inner in kind.contents
        for entry in api.pages(
            inner.listing.operation, inner.listing.result, inner.id_member, **{kind.id_member: resource_id}
        )
    }


def _new_name(api: Api, guard: Guard) -> str | None:
    kind = guard.kind
    where = {kind.parent_member: guard.window} if guard.window else {}
    if kind.get:
        names = [api.get(kind.get, kind.id_member, **where, **{kind.id_member: guard.id}).get("Name")]
    else:
        listed = api.pages(kind.listing.operation, kind.listing.result, kind.id_member, **where)
        names = [one.get(kind.listing.name_member) for one in listed if one[kind.id_member] == guard.id]
    changed = [name or None for name in names if (name or None) != (guard.name or None)]
    return f"its name is now {changed[0]!r}" if changed else None


def new_owner(api: Api, owner: Owner) -> str | None:
    """The owner tag that has changed since it was read. None if none has."""
    tags = api.tags(owner.resource_type, owner.id)
    for key, value in owner.tags.items():
        known = {value, owner.becomes} if key == SETUP_TAG else {value}
        if tags.get(key) not in known:
            return f"{key} of {owner.id} is now {tags.get(key)!r}"
    return None


def _new_default(api: Api, step: Step) -> str | None:
    """A baseline that became the default in the meantime must not lose it to a decision about the previous one."""
    if not step.default_before:
        return None
    system, before = step.default_before
    only = [{"Key": "OPERATING_SYSTEM", "Values": [system]}]
    listed = api.pages("DescribePatchBaselines", "BaselineIdentities", "BaselineId", Filters=only)
    defaults = [one["BaselineId"] for one in listed if one.get("DefaultBaseline")]
    if not before or before in defaults:
        return None
    return f"the default baseline of {system} is now {', '.join(defaults) or 'unknown'}"


def _new_content(api: Api, guard: Guard) -> str | None:
    if guard.content is None:
        return None
    more = content(api, guard.kind, guard.id) - guard.content
    return f"it now contains {', '.join(sorted(more))}" if more else None
