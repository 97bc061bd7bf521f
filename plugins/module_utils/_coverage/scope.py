# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selects the nodes of the result. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._compliance.scope import tag_filters
from .._fleet.model import Node


class Scope:
    """The nodes that the options select. A node must match all specified options."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._groups = _set_of(params["patch_groups"])
        self._ids = _set_of(params["instance_ids"])
        self._asked_ids = [*dict.fromkeys(params["instance_ids"] or ())]
        filters = tag_filters(params["instance_tags"])
        self._tags = {one["Key"].removeprefix("tag:"): frozenset(one["Values"]) for one in filters}
        self._seen: set[str] = set()

    def holds(self, node: Node) -> bool:
        """Whether the options select a node."""
        one = node.facts.instance_id
        if self._ids is not None:
            if one not in self._ids:
                return False
            self._seen.add(one)
        if self._groups is not None and self._groups.isdisjoint(node.groups):
            return False
        tags = dict(node.tags)
        return all(tags.get(key) in values for key, values in self._tags.items())

    def groups(self, groups: Iterable[str]) -> list[str | None]:
        """The patch groups in which a node is counted. None stands for no group."""
        wanted = [one for one in groups if self._groups is None or one in self._groups]
        return [*wanted] or [None]

    def not_found(self) -> list[str]:
        """The specified IDs that no node has."""
        return [one for one in self._asked_ids if one not in self._seen]


def _set_of(values: list[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
