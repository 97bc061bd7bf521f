# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings from an account that is already read, so that no node is read twice. No API calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from .._aws.structures import Raw
from .._compliance.listings import Unmanaged
from .._compliance.rows import Facts
from .model import Account, Node


class AccountListings:
    """The nodes and unmanaged instances of an account. Filters can use only the tags that the account contains."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._by_id = {node.facts.instance_id: node for node in account.nodes}
        self._by_tag: dict[str, Mapping[str, list[Node]]] = {}

    def nodes(self, filters: list[Raw]) -> Iterator[Facts]:
        return (node.facts for node in self._fitting(filters))

    def ids(self, filters: list[Raw]) -> Iterator[str]:
        return (node.facts.instance_id for node in self._fitting(filters))

    def instances(self, filters: list[Raw]) -> Iterator[Unmanaged]:
        wanted = [partial(_fits, key=one["Name"], values=frozenset(one["Values"])) for one in filters]
        for node in self._account.unmanaged or ():
            if all(fits(node) for fits in wanted):
                yield node.facts, node.groups

    def _fitting(self, filters: list[Raw]) -> Iterable[Node]:
        if not filters:
            return self._account.nodes
        first, *others = filters
        wanted = [partial(_fits, key=one["Key"], values=frozenset(one["Values"])) for one in others]
        return (node for node in self._looked_up(first) if all(fits(node) for fits in wanted))

    def _looked_up(self, one: Raw) -> Iterator[Node]:
        if one["Key"] == "InstanceIds":
            return (self._by_id[value] for value in one["Values"] if value in self._by_id)
        nodes = self._of_tag(one["Key"].removeprefix("tag:"))
        return (node for value in dict.fromkeys(one["Values"]) for node in nodes.get(value, ()))

    def _of_tag(self, key: str) -> Mapping[str, list[Node]]:
        if key not in self._by_tag:
            found: dict[str, list[Node]] = defaultdict(list)
            for node in self._account.nodes:
                value = dict(node.tags).get(key)
                if value is not None:
                    found[value].append(node)
            self._by_tag[key] = found
        return self._by_tag[key]


def _fits(node: Node, key: str, values: frozenset[Any]) -> bool:
    if key in ("InstanceIds", "instance-id"):
        return node.facts.instance_id in values
    if key == "instance-state-name":
        return node.state in values
    tags = dict(node.tags)
    return not values.isdisjoint(tags) if key == "tag-key" else tags.get(key.removeprefix("tag:")) in values
