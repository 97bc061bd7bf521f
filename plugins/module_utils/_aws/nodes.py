# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed nodes: their IDs, their patch groups, and their listings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .client import Api
from .structures import Raw

# The largest page of DescribeInstanceInformation and ListGroupResources, and the most ids that one call of the former
# and of DescribeInstancePatchStates takes.
NODES_PER_CALL = 50
INSTANCE_ID = re.compile(r"i-(\w{8}|\w{17})|mi-\w{17}")
# The tags that AWS reads a patch group from.
GROUP_TAGS = ("PatchGroup", "Patch Group")
# The key of a target that selects by one of them, and the other tag.
OTHER_GROUP_TAG = {f"tag:{GROUP_TAGS[0]}": GROUP_TAGS[1], f"tag:{GROUP_TAGS[1]}": GROUP_TAGS[0]}


def chunks(values: Iterable[str], size: int) -> Iterator[list[str]]:
    """The values in lists of this size."""
    rest = list(values)
    return (rest[start : start + size] for start in range(0, len(rest), size))


def listed_nodes(api: Api, filters: list[Raw]) -> Iterator[Raw]:
    """The managed nodes that fit all filters, as DescribeInstanceInformation tells them."""
    operation, size = "DescribeInstanceInformation", {"MaxResults": NODES_PER_CALL}
    filtered = {"Filters": filters} if filters else {}
    return api.pages(operation, "InstanceInformationList", "InstanceId", **size, **filtered)


def patch_groups(tags: Mapping[str, str]) -> tuple[str, ...]:
    """The patch groups that the tags of a node name."""
    return tuple(dict.fromkeys(tags[key] for key in GROUP_TAGS if tags.get(key)))


def group_members(groups: Api, name: str, types: Iterable[str]) -> frozenset[str]:
    """The IDs of the members of a resource group that may be nodes. groups: the API of Resource Groups."""
    wanted = [*types]
    filters = {"Filters": [{"Name": "resource-type", "Values": wanted}]} if wanted else {}
    operation, size = "ListGroupResources", {"MaxResults": NODES_PER_CALL}
    listed = groups.pages(operation, "Resources", "Identifier", Group=name, **size, **filters)
    ids = (str(entry["Identifier"].get("ResourceArn")).rpartition("/")[2] for entry in listed)
    return frozenset(one for one in ids if INSTANCE_ID.fullmatch(one))
