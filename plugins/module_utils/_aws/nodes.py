# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists managed nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .client import Api
from .structures import Raw

# The largest page of DescribeInstanceInformation and ListGroupResources, and the most ids that one call of the former
# and of DescribeInstancePatchStates takes.
NODES_PER_CALL = 50


def chunks(values: Iterable[str], size: int) -> Iterator[list[str]]:
    """The values in lists of this size."""
    rest = list(values)
    return (rest[start : start + size] for start in range(0, len(rest), size))


def listed_nodes(api: Api, filters: list[Raw]) -> Iterator[Raw]:
    """The managed nodes that fit all filters, as DescribeInstanceInformation tells them."""
    operation, size = "DescribeInstanceInformation", {"MaxResults": NODES_PER_CALL}
    filtered = {"Filters": filters} if filters else {}
    return api.pages(operation, "InstanceInformationList", "InstanceId", **size, **filtered)
