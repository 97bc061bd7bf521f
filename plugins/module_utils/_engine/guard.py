# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a removal relies on is looked at once more right before it. AWS removes without a condition, and between the
reads of a run and its last steps somebody else may rename, adopt or fill what is about to go.
"""

from __future__ import annotations

from .._aws.client import GONE, Api
from .._aws.errors import ApiError
from .._planners.changes import Guard
from .._resources.ownership import OWNER_TAGS

_NAMES = {
    "window": ("GetMaintenanceWindow", "WindowId"),
    "baseline": ("GetPatchBaseline", "BaselineId"),
    "task": ("GetMaintenanceWindowTask", "WindowTaskId"),
}
CONTENTS = {
    "target": ("DescribeMaintenanceWindowTargets", "Targets", "WindowTargetId"),
    "task": ("DescribeMaintenanceWindowTasks", "Tasks", "WindowTaskId"),
}


def objection(api: Api, guard: Guard) -> str | None:
    """What is no longer as it was read; None where nothing speaks against the removal, or where it is gone already."""
    try:
        return _new_name(api, guard) or _new_owner(api, guard) or _new_content(api, guard)
    except ApiError as error:
        if error.code not in GONE:
            raise
        return None


def content(api: Api, window_id: str) -> set[str]:
    """The ids of all targets and tasks of a window."""
    return {
        entry[member]
        for listing, result, member in CONTENTS.values()
        for entry in api.pages(listing, result, member, WindowId=window_id)
    }


def _new_name(api: Api, guard: Guard) -> str | None:
    where = {"WindowId": guard.window} if guard.window else {}
    if guard.kind in _NAMES:
        operation, member = _NAMES[guard.kind]
        names = [api.get(operation, member, **where, **{member: guard.id}).get("Name")]
    else:
        listing, result, member = CONTENTS[guard.kind]
        names = [one.get("Name") for one in api.pages(listing, result, member, **where) if one[member] == guard.id]
    changed = [name for name in names if (name or None) != (guard.name or None)]
    return f"its name is {changed[0]!r} now" if changed else None


def _new_owner(api: Api, guard: Guard) -> str | None:
    if not guard.tagged:
        return None
    resource_type, resource_id = guard.tagged
    tags = api.tags(resource_type, resource_id)
    found = [
        f"{key} of {resource_id} is {tags.get(key)!r} now" for key in OWNER_TAGS if tags.get(key) != guard.owner[key]
    ]
    return found[0] if found else None


def _new_content(api: Api, guard: Guard) -> str | None:
    if guard.content is None:
        return None
    more = content(api, guard.id) - guard.content
    return f"it holds {', '.join(sorted(more))} now" if more else None
