# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges the readings of several runs into one report, regardless of their order and of duplicates.

Only readings are merged. All totals are counted from the nodes of the merged readings.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .model import Finding, Node, Patch, Place, Reading, Window, place_of
from .parse import plain


def merged(readings: Iterable[Reading]) -> list[Reading]:
    """The readings that count.

    A reading replaces older readings with the same account, Region and scope. A reading of all nodes replaces all older
    readings of its account and Region, because their nodes might no longer exist. An attempt that read nothing
    replaces nothing, and counts until a later attempt succeeds.
    """
    given = list(readings)
    read = _newest([one for one in given if not one.is_unread()])
    last = {place_of(one): one.read_at for one in read}
    attempts = {place_of(one): one for one in sorted((one for one in given if one.is_unread()), key=_age)}
    kept = [*read, *(one for place, one in attempts.items() if last.get(place, "") < one.read_at)]
    return sorted(kept, key=lambda one: (place_of(one), one.read_at))


def _age(reading: Reading) -> tuple[str, str]:
    """The order of the readings of a place. Readings of the same time are ordered by their content."""
    return reading.read_at, _digest(reading)


def _newest(readings: list[Reading]) -> list[Reading]:
    """The readings that are not replaced by others, in order."""
    counts = Counter(place_of(one) for one in readings)
    newest: dict[str, tuple[tuple[str, str], Reading]] = {}
    for reading in readings:
        key = json.dumps([place_of(reading), plain(reading.scope)], sort_keys=True)
        age = (reading.read_at, _digest(reading) if counts[place_of(reading)] > 1 else "")
        if key not in newest or newest[key][0] < age:
            newest[key] = (age, reading)
    everything = {place_of(one): age for age, one in newest.values() if one.scope.is_everything()}
    kept = [(place_of(one), age, one) for age, one in newest.values() if age >= everything.get(place_of(one), ("", ""))]
    return [one for _place, _age, one in sorted(kept, key=lambda entry: entry[:2])]


def _digest(reading: Reading) -> str:
    """A hash of the content, which distinguishes readings of the same time."""
    sums = hashlib.sha256(
        json.dumps([plain(reading.scope), plain(reading.gaps), plain(reading.windows)], sort_keys=True).encode()
    )
    for row in (*reading.nodes, *reading.patches):
        sums.update(repr(row).encode())
    return sums.hexdigest()


@dataclass(slots=True)
class Fleet:
    """The merged readings as one fleet, in which each node counts once, with the values of its newest reading."""

    readings: list[Reading]

    def newest(self) -> dict[tuple[Place, str], Reading]:
        """The newest reading of each node. The readings of a place are in the order of their time."""
        return {(place_of(one), node.instance_id): one for one in self.readings for node in one.nodes}

    def nodes(self) -> Iterator[tuple[Reading, Node]]:
        """Every node once."""
        owner = self.newest()
        for reading in self.readings:
            place = place_of(reading)
            for node in {node.instance_id: node for node in reading.nodes}.values():
                if owner[place, node.instance_id] is reading:
                    yield reading, node

    def patches(self) -> Iterator[tuple[Reading, Patch]]:
        """The patches of the nodes, each from the newest reading of its node."""
        owner = self.newest()
        for reading in self.readings:
            place = place_of(reading)
            for patch in reading.patches:
                if owner.get((place, patch.instance_id)) is reading:
                    yield reading, patch

    def windows(self) -> Iterator[tuple[Reading, Window]]:
        """The windows of each account and Region, from the newest reading that contains windows."""
        newest = {place_of(one): one for one in self.readings if one.windows is not None}
        for reading in newest.values():
            for window in reading.windows or ():
                yield reading, window

    def findings(self) -> Iterator[tuple[Reading, Finding]]:
        """The coverage findings, each once, because several readings of an account and Region can have the same."""
        seen = set()
        for reading in self.readings:
            for one in reading.findings:
                key = (place_of(reading), one.finding, one.text, one.window, one.task, one.window_target)
                if key not in seen:
                    seen.add(key)
                    yield reading, one

    def tag_keys(self) -> list[str]:
        """The keys of all tags of nodes that were read."""
        return sorted({key for reading in self.readings for node in reading.nodes for key in node.tags})

    def read_at(self) -> str | None:
        """The time of the newest reading."""
        return max((one.read_at for one in self.readings), default=None)
