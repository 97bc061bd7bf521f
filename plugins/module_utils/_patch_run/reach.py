# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed nodes that targets reach. A command that reaches no node succeeds, so this is checked before sending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from .._aws.client import Api
from .._aws.errors import ApiError, PatchingError
from .._aws.node_listings import group_members, listed_nodes
from .._aws.nodes import NODES_PER_CALL, OTHER_GROUP_TAG, chunks
from .._aws.structures import Raw
from .._resources.window_target import GROUP_KEYS

_NAMED = 10


class NoNodeError(PatchingError):
    """The targets reach no node, or select a node that is not managed."""


@dataclass
class Reach:
    """The nodes that targets reach, as listed. None if they are unknown."""

    nodes: list[Raw] | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass
class Nodes:
    """The nodes of an account and Region.

    groups: connects to Resource Groups. whole: whether to read all nodes, or only whether there are any.
    """

    api: Api
    groups: Callable[[], Api]
    whole: bool

    def reached(self, targets: list[Raw]) -> Reach:
        """The nodes that targets reach. Raises NoNodeError if there are none, or if an ID is not managed."""
        values = {target["Key"]: target["Values"] for target in targets}
        if values.keys() & set(GROUP_KEYS):
            return self._in_group(values[GROUP_KEYS[0]][0], values.get(GROUP_KEYS[1], []))
        if "InstanceIds" in values:
            return self._named(values["InstanceIds"])
        return self._tagged(targets)

    def _named(self, ids: list[str]) -> Reach:
        nodes = {node["InstanceId"]: node for node in listed_nodes(self.api, [_ids(ids)])}
        if strangers := [one for one in ids if one not in nodes]:
            raise NoNodeError(
                f"instance_ids: not managed by Systems Manager in this account and Region: {_some(strangers)}."
                f" Check the ID"
                ", and that the SSM Agent is running and can register."
            )
        return _reach(nodes, offline=True)

    def _tagged(self, targets: list[Raw]) -> Reach:
        first, *others = targets
        nodes: dict[str, Raw] = {}
        unused = []
        # One listing for each value shows which values no node has, such as a misspelled patch group.
        for value in first["Values"]:
            one = [{"Key": first["Key"], "Values": [value]}, *others]
            found = list(islice(listed_nodes(self.api, one), None if self.whole else 1))
            nodes.update({node["InstanceId"]: node for node in found})
            if not found:
                unused.append(f"No managed node matches {_criteria(one)}.")
        if not nodes:
            other_tag = OTHER_GROUP_TAG.get(first["Key"])
            hint = f", the other tag of patch groups (patch_group_key: {other_tag})" if other_tag else ""
            raise NoNodeError(
                f"No managed node in this account and Region matches {_criteria(targets)}. Check the names"
                f"{hint}, and that the SSM Agent is running and can register."
            )
        reached = _reach(nodes, offline=self.whole)
        return Reach(reached.nodes, unused + reached.warnings)

    def _in_group(self, name: str, types: list[str]) -> Reach:
        """The managed nodes of a resource group. A group can be patched without the permission to read it."""
        try:
            ids = sorted(group_members(self.groups(), name, types))
        except ApiError as error:
            if error.code == "NotFoundException":
                raise NoNodeError(f"The resource group {name!r} does not exist in this account and Region.") from error
            if not error.refused:
                raise
            return Reach(None, [f"The nodes of the resource group {name!r} are unknown: {error}"])
        nodes: dict[str, Raw] = {}
        for part in chunks(ids, NODES_PER_CALL):
            nodes.update({node["InstanceId"]: node for node in listed_nodes(self.api, [_ids(part)])})
            if nodes and not self.whole:
                break
        if not nodes:
            raise NoNodeError(f"The resource group {name!r} contains no managed nodes.")
        return _reach(nodes, offline=self.whole)


def _ids(ids: list[str]) -> Raw:
    return {"Key": "InstanceIds", "Values": ids}


def _reach(nodes: dict[str, Raw], offline: bool) -> Reach:
    """The nodes in the order of their IDs. offline: whether to warn about nodes whose agent does not respond."""
    listed = [nodes[one] for one in sorted(nodes)]
    silent = [node["InstanceId"] for node in listed if node.get("PingStatus") not in (None, "Online")]
    if not offline or not silent:
        return Reach(listed)
    return Reach(
        listed, [f"The SSM Agent of these nodes is offline, so the command might not be delivered: {_some(silent)}."]
    )


def _criteria(targets: list[Raw]) -> str:
    return " and ".join(f"{target['Key']} {' or '.join(target['Values'])}" for target in targets)


def _some(names: list[str]) -> str:
    more = f", and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
