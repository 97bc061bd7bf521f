# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of maintenance windows, patch baselines and hybrid nodes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ssmsim.errors import ServiceError, invalid_resource_id, validation
from ssmsim.registry import operation
from ssmsim.store import Region

Tag = dict[str, str]

MOST_TAGS = 50
_TABLE = "tags"


def _recorded(table: str, region: Region, resource_id: str) -> dict[str, str] | None:
    return None if region.table(table).get(resource_id) is None else {}


HOLDERS: dict[str, Callable[[Region, str], dict[str, str] | None]] = {
    "MaintenanceWindow": partial(_recorded, "windows"),
    "PatchBaseline": partial(_recorded, "baselines"),
}
"""By resource type: the initial tags of the resource with an ID, or None if the resource does not exist."""


def store_tags(region: Region, resource_type: str, resource_id: str, tags: list[Tag], *, system: bool = False) -> None:
    """Add tags to a resource, or overwrite tags with the same keys.

    A handler calls this before it creates a resource, so that the resource does not exist if its tags are rejected.
    `system` allows the ``aws:`` keys that only AWS sets. They do not count as tags of the user.
    """
    keys = [tag["Key"] for tag in tags]
    if len(set(keys)) < len(keys):
        raise validation("Duplicate tag keys found. Please note that Tag keys are case sensitive.")
    if not system:
        _refuse_reserved(keys)
    stored = _latest(region, resource_type, resource_id)
    stored |= {tag["Key"]: tag["Value"] for tag in tags}
    if sum(not _reserved(key) for key in stored) > MOST_TAGS:
        raise ServiceError("TooManyTagsError", f"A resource can have at most {MOST_TAGS} tags.")
    if stored:
        region.table(_TABLE).put((resource_type, resource_id), stored)


def drop_tags(region: Region, resource_type: str, resource_id: str) -> None:
    """Remove the tags of a deleted resource."""
    region.table(_TABLE).remove((resource_type, resource_id))


def tags_of(region: Region, resource_type: str, resource_id: str) -> dict[str, str]:
    """The tags of a resource as reads see them."""
    stored = region.table(_TABLE).get((resource_type, resource_id))
    return _initial(region, resource_type, resource_id) if stored is None else dict(stored)


@operation("AddTagsToResource")
def add_tags_to_resource(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    resource = _resource(region, request)
    store_tags(region, *resource, request["Tags"])
    return {}


@operation("RemoveTagsFromResource")
def remove_tags_from_resource(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    resource = _resource(region, request)
    _refuse_reserved(request["TagKeys"])
    stored = _latest(region, *resource)
    kept = {key: value for key, value in stored.items() if key not in request["TagKeys"]}
    if kept != stored:
        region.table(_TABLE).put(resource, kept)
    return {}


@operation("ListTagsForResource")
def list_tags_for_resource(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    tags = tags_of(region, *_resource(region, request))
    return {"TagList": region.arrange([{"Key": key, "Value": value} for key, value in tags.items()])}


def _resource(region: Region, request: dict[str, Any]) -> tuple[str, str]:
    """The (type, ID) that a request addresses, if the account has such a resource."""
    resource_type, resource_id = request["ResourceType"], request["ResourceId"]
    holder = HOLDERS.get(resource_type)
    if holder is None:
        raise ServiceError("InvalidResourceType", f"The resource type {resource_type} is not valid.")
    if holder(region, resource_id) is None:
        raise invalid_resource_id(f"The resource ID {resource_id} is not valid. Verify the ID and try again.")
    return resource_type, resource_id


def _latest(region: Region, resource_type: str, resource_id: str) -> dict[str, str]:
    stored = region.table(_TABLE).latest((resource_type, resource_id))
    return _initial(region, resource_type, resource_id) if stored is None else dict(stored)


def _initial(region: Region, resource_type: str, resource_id: str) -> dict[str, str]:
    return HOLDERS[resource_type](region, resource_id) or {}


def _reserved(key: str) -> bool:
    return key.lower().startswith("aws:")


def _refuse_reserved(keys: list[str]) -> None:
    if any(_reserved(key) for key in keys):
        raise validation("aws: prefixed tag key names are not allowed for external use.")
