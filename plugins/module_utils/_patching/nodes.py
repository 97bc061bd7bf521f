# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed nodes that targets reach. A command for nobody ends well, so it is found out before one is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from .api import Api
from .errors import PatchingError
from .kind import Raw
from .target import GROUP_KEYS

# The largest page of DescribeInstanceInformation.
_PAGE = 50
_NAMED = 10


class NoNodeError(PatchingError):
    """Targets that name what is not there."""


@dataclass
class Reach:
    """The nodes that targets reach, as listed; None where that cannot be told."""

    nodes: list[Raw] | None = None
    warnings: list[str] = field(default_factory=list)


def reach(api: Api, targets: list[Raw], whole: bool) -> Reach:
    """What targets reach; whole: all nodes, otherwise only as many as are needed to know that there are some."""
    keys = [target["Key"] for target in targets]
    if any(key in GROUP_KEYS for key in keys):
        group = next((target["Values"][0] for target in targets if target["Key"] == GROUP_KEYS[0]), None)
        return Reach(None, [f"Which nodes the resource group {group!r} holds is not known before the command runs."])
    if keys == ["InstanceIds"]:
        return _named_nodes(api, targets)
    return _tagged_nodes(api, targets, whole)


def _listed(api: Api, targets: list[Raw]) -> Iterator[Raw]:
    return api.pages(
        "DescribeInstanceInformation", "InstanceInformationList", "InstanceId", Filters=targets, MaxResults=_PAGE
    )


def _named_nodes(api: Api, targets: list[Raw]) -> Reach:
    nodes = {node["InstanceId"]: node for node in _listed(api, targets)}
    ids = targets[0]["Values"]
    if strangers := [one for one in ids if one not in nodes]:
        raise NoNodeError(
            f"instance_ids: not managed by Systems Manager in this account and region: {_some(strangers)}. Look for a"
            " slip in the id, and whether the agent runs there and may register."
        )
    return Reach([nodes[one] for one in ids], _offline(list(nodes.values())))


def _tagged_nodes(api: Api, targets: list[Raw], whole: bool) -> Reach:
    first, *others = targets
    nodes: dict[str, Raw] = {}
    warnings = []
    # One listing for each value tells the values that no node has, such as a patch group with a slip in its name.
    for value in first["Values"]:
        one = {"Key": first["Key"], "Values": [value]}
        found = list(islice(_listed(api, [one, *others]), None if whole else 1))
        nodes.update({node["InstanceId"]: node for node in found})
        if not found:
            warnings.append(f"No managed node fits {_criteria([one, *others])}.")
    if not nodes:
        other_tag = {"tag:PatchGroup": "Patch Group", "tag:Patch Group": "PatchGroup"}.get(first["Key"])
        hint = f", for the other tag of patch groups (patch_group_key: {other_tag})" if other_tag else ""
        raise NoNodeError(
            f"No managed node of this account and region fits {_criteria(targets)}. Look for a slip in the names{hint},"
            " and whether the agent runs there and may register."
        )
    return Reach([nodes[one] for one in sorted(nodes)], warnings + (_offline(list(nodes.values())) if whole else []))


def _offline(nodes: list[Raw]) -> list[str]:
    silent = [node["InstanceId"] for node in nodes if node.get("PingStatus") not in (None, "Online")]
    if not silent:
        return []
    return [f"Their agent does not answer, so that the command may not be delivered: {_some(sorted(silent))}."]


def _criteria(targets: list[Raw]) -> str:
    return " and ".join(f"{target['Key']} {' or '.join(target['Values'])}" for target in targets)


def _some(names: list[str]) -> str:
    more = f", and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
