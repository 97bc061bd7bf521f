# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes an answer is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._compliance.scope import tag_filters
from .._fleet.baselines import groups_of
from .._fleet.model import Node


class Scope:
    """The nodes that the options choose; a node has to fit all that are given."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._groups = params["patch_groups"] and frozenset(params["patch_groups"])
        self._ids = params["instance_ids"] and frozenset(params["instance_ids"])
        self._asked = params
        filters = tag_filters(params["instance_tags"])
        self._tags = {one["Key"].removeprefix("tag:"): frozenset(one["Values"]) for one in filters}
        self._seen: set[str] = set()

    def holds(self, node: Node) -> bool:
        """Whether a node is one of them."""
        one = node.facts.instance_id
        if self._asked["instance_ids"] is not None:
            if one not in (self._ids or ()):
                return False
            self._seen.add(one)
        if self._asked["patch_groups"] is not None and not {*groups_of(node.tags)} & {*(self._groups or ())}:
            return False
        tags = dict(node.tags)
        return all(tags.get(key) in values for key, values in self._tags.items())

    def groups(self, groups: Iterable[str]) -> list[str | None]:
        """The groups under which a node counts."""
        wanted = [one for one in groups if self._asked["patch_groups"] is None or one in (self._groups or ())]
        return [*wanted] or [None]

    def not_found(self) -> list[str]:
        """Ids that were asked for, and that none of the nodes has."""
        return [one for one in dict.fromkeys(self._asked["instance_ids"] or ()) if one not in self._seen]
