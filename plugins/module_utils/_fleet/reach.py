# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which targets reach a node, as the service resolves them. Pure functions.

Targets are looked up by the tags of a node, so that the work grows with the nodes, not with nodes times targets.
A node must match all keys of a target and any value of a key:
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Target.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .._resources.window_target import GROUP_KEYS
from .model import Node, Tags, Target


class Reached(NamedTuple):
    """The numbers of the targets that reach a node, and of those that might reach it."""

    certain: tuple[int, ...]
    possible: tuple[int, ...] = ()


class Index:
    """The targets of an account, by their criteria.

    members: IDs in each resource group, None if they could not be read.
    """

    def __init__(self, targets: Sequence[Target], members: Mapping[str, frozenset[str] | None]) -> None:
        self._targets = targets
        self._by_id: dict[str, list[int]] = defaultdict(list)
        self._by_tag: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._by_key: dict[str, list[int]] = defaultdict(list)
        self._unread: list[int] = []
        self._by_tags: dict[Tags, Reached] = {}
        for number, target in enumerate(targets):
            self._enter(number, dict(target.criteria), members)

    def _enter(
        self, number: int, values: dict[str, tuple[str, ...]], members: Mapping[str, frozenset[str] | None]
    ) -> None:
        if GROUP_KEYS[0] in values:
            found = members.get(values[GROUP_KEYS[0]][0])
            if found is None:
                self._unread.append(number)
            self._enter_ids(number, found or ())
        elif "InstanceIds" in values:
            self._enter_ids(number, values["InstanceIds"])
        elif named := next((key for key in values if key.startswith("tag:")), None):
            for value in dict.fromkeys(values[named]):
                self._by_tag[named.removeprefix("tag:"), value].append(number)
        else:
            for key in dict.fromkeys(values.get("tag-key", ())):
                self._by_key[key].append(number)

    def _enter_ids(self, number: int, ids: Iterable[str]) -> None:
        for one in dict.fromkeys(ids):
            self._by_id[one].append(number)

    def reached(self, node: Node) -> Reached:
        """The targets that reach a node."""
        by_tags = self._by_tags.get(node.tags)
        if by_tags is None:
            by_tags = self._by_tags[node.tags] = self._reached_by_tags(node.tags)
        by_id = self._by_id.get(node.facts.instance_id)
        if not by_id and not self._unread:
            return by_tags
        return Reached((*by_tags.certain, *(by_id or ())), (*by_tags.possible, *self._unread))

    def _reached_by_tags(self, tags: Tags) -> Reached:
        known = dict(tags)
        candidates = {number for tag in tags for number in self._by_tag.get(tag, ())}
        candidates |= {number for key in known for number in self._by_key.get(key, ())}
        fits = {number: _fits(self._targets[number], known) for number in sorted(candidates)}
        certain = tuple(number for number, fit in fits.items() if fit)
        return Reached(certain, tuple(number for number, fit in fits.items() if fit is None))


def _fits(target: Target, tags: Mapping[str, str]) -> bool | None:
    """Whether tags match. None if the node has only some keys of C(tag-key): AWS documents both any and all."""
    fit: bool | None = True
    for key, values in target.criteria:
        if key == "tag-key":
            found = [value in tags for value in values]
            if not any(found):
                return False
            fit = fit if all(found) else None
        elif tags.get(key.removeprefix("tag:")) not in values:
            return False
    return fit
