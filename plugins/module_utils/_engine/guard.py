# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a write relies on is looked at once more right before it. AWS writes without a condition, and between the reads
of a run and its last steps somebody else may rename, adopt or fill what is about to change or to go.
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
    """What is no longer as it was read; None where nothing speaks against the step, or where all of it is gone already.

    owners: those of the step at which it looks each time. An owner that cannot be read any more is an error, unless
    what the step removes is gone, too.
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
    """The request of an update with the rest of the resource as it is now, and what speaks against sending it."""
    now = read_again(api, rest.kind, rest.id, window_id)
    changed = sorted(name for name in rest.shared if now.get(name) != rest.read.get(name))
    if changed:
        return request, f"another {', '.join(changed)} was stored"
    sent = {name: value for name, value in request.items() if name not in rest.kept}
    return {**sent, **{name: now[name] for name in rest.kept if name in now}}, None


def content(api: Api, kind: Kind, resource_id: str) -> set[str]:
    """The ids of all that lies in a resource."""
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
    changed = [name for name in names if (name or None) != (guard.name or None)]
    return f"its name is {changed[0]!r} now" if changed else None


def new_owner(api: Api, owner: Owner) -> str | None:
    """Which tag that records the owner is no longer as it was read; None where all of them are."""
    tags = api.tags(owner.resource_type, owner.id)
    for key, value in owner.tags.items():
        known = {value, owner.becomes} if key == SETUP_TAG else {value}
        if tags.get(key) not in known:
            return f"{key} of {owner.id} is {tags.get(key)!r} now"
    return None


def _new_default(api: Api, step: Step) -> str | None:
    """Another baseline that became the default meanwhile must not lose it to what was decided about the one before."""
    if not step.default_before:
        return None
    system, before = step.default_before
    only = [{"Key": "OPERATING_SYSTEM", "Values": [system]}]
    listed = api.pages("DescribePatchBaselines", "BaselineIdentities", "BaselineId", Filters=only)
    defaults = [one["BaselineId"] for one in listed if one.get("DefaultBaseline")]
    if not before or before in defaults:
        return None
    return f"the default of {system} is {', '.join(defaults) or 'not known'} now"


def _new_content(api: Api, guard: Guard) -> str | None:
    if guard.content is None:
        return None
    more = content(api, guard.kind, guard.id) - guard.content
    return f"it holds {', '.join(sorted(more))} now" if more else None
