# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed nodes: their IDs and their patch groups."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

# The maximum page size of DescribeInstanceInformation and ListGroupResources, and the maximum number of IDs in a call
# of the former or of DescribeInstancePatchStates.
NODES_PER_CALL = 50
INSTANCE_ID = re.compile(r"i-(\w{8}|\w{17})|mi-\w{17}")
# The tags that assign a patch group.
GROUP_TAGS = ("PatchGroup", "Patch Group")
# The target key that selects by one of these tags, and the other tag.
OTHER_GROUP_TAG = {f"tag:{GROUP_TAGS[0]}": GROUP_TAGS[1], f"tag:{GROUP_TAGS[1]}": GROUP_TAGS[0]}


def chunks(values: Iterable[str], size: int) -> Iterator[list[str]]:
    """The values in lists of at most this size."""
    rest = list(values)
    return (rest[start : start + size] for start in range(0, len(rest), size))


def patch_groups(tags: Mapping[str, str]) -> tuple[str, ...]:
    """The patch groups that the tags of a node assign."""
    return tuple(dict.fromkeys(tags[key] for key in GROUP_TAGS if tags.get(key)))
