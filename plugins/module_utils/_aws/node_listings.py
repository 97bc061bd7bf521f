# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings of managed nodes and of members of resource groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .client import Api
from .nodes import INSTANCE_ID, NODES_PER_CALL
from .structures import Raw


def listed_nodes(api: Api, filters: list[Raw]) -> Iterator[Raw]:
    """The managed nodes that match all filters, as returned by DescribeInstanceInformation."""
    operation, size = "DescribeInstanceInformation", {"MaxResults": NODES_PER_CALL}
    filtered = {"Filters": filters} if filters else {}
    return api.pages(operation, "InstanceInformationList", "InstanceId", **size, **filtered)


def group_members(groups: Api, name: str, types: Iterable[str]) -> frozenset[str]:
    """The IDs of the members of a resource group that can be nodes. groups: the API of Resource Groups."""
    wanted = [*types]
    filters = {"Filters": [{"Name": "resource-type", "Values": wanted}]} if wanted else {}
    operation, size = "ListGroupResources", {"MaxResults": NODES_PER_CALL}
    listed = groups.pages(operation, "Resources", "Identifier", Group=name, **size, **filters)
    ids = (str(entry["Identifier"].get("ResourceArn")).rpartition("/")[2] for entry in listed)
    return frozenset(one for one in ids if INSTANCE_ID.fullmatch(one))
