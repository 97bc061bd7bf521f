# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The patches that keep nodes from being compliant, each once for the whole fleet, with their age."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._compliance.levels import LEVELS
from .._compliance.rows import NOT_INSTALLED, SEVERITIES
from .merge import Fleet
from .model import Patch
from .times import instant

# Upper ends of the bands of age in days.
AGES = (7, 30, 90)


@dataclass(slots=True)
class MissingPatch:
    """A patch and the nodes on which it is in this state.

    nodes: positions in the listing of the fleet's nodes. levels, baselines: the compliance levels that the patch has on
    them, and the baselines that gave these. places: where the nodes are.
    """

    patch: Patch
    age_days: int | None
    nodes: list[int] = field(default_factory=list)
    levels: set[str] = field(default_factory=set)
    baselines: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)

    def level(self) -> str | None:
        """The highest compliance level; one that is not known here counts below all others."""
        ranked = sorted(self.levels, key=lambda one: (LEVELS.index(one) if one in LEVELS else len(LEVELS), one))
        return ranked[0] if ranked else None

    def is_missing(self) -> bool:
        """Whether it still has to be installed, and is not excepted."""
        return self.patch.state in NOT_INSTALLED and not self.patch.exception

    def band(self) -> int | None:
        """The band of AGES into which the age falls, len(AGES) above the last; None if the age is not known."""
        age = self.age_days
        return None if age is None else sum(age > end for end in AGES)


def severity_rank(severity: str | None) -> int:
    """Where a severity stands among all; texts that are not known come last."""
    named = (severity or "Unspecified").capitalize()
    return SEVERITIES.index(named) if named in SEVERITIES else len(SEVERITIES)


def missing_patches(fleet: Fleet) -> list[MissingPatch]:
    """All patches that are not as they should be, the most severe and most common first.

    One that nodes rate differently, as each system does, counts once for each rating, and by its greatest age.
    """
    position: dict[tuple[int, str], int] = {}
    for number, (reading, node) in enumerate(fleet.nodes()):
        position[id(reading), node.instance_id] = number
    found: dict[tuple[str | None, ...], MissingPatch] = {}
    for reading, patch in fleet.patches():
        key = (patch.kb_id, patch.title, patch.state, patch.severity, patch.classification, patch.exception)
        age = age_in_days(patch.release_date, reading.read_at)
        one = found.setdefault(key, MissingPatch(patch, age))
        if age is not None and (one.age_days is None or age > one.age_days):
            one.patch, one.age_days = patch, age
        one.nodes.append(position[id(reading), patch.instance_id])
        one.levels |= {patch.compliance_level} if patch.compliance_level else set()
        one.baselines |= {patch.baseline_id} if patch.baseline_id else set()
        one.places.add(reading.place_name())
    for one in found.values():
        one.nodes = sorted(set(one.nodes))
    return sorted(found.values(), key=_urgency)


def _urgency(one: MissingPatch) -> tuple[bool, int, int, str, str]:
    patch = one.patch
    title = patch.title or patch.kb_id or ""
    return not one.is_missing(), severity_rank(patch.severity), -len(one.nodes), title, patch.state or ""


def age_in_days(released: str | None, read_at: str) -> int | None:
    """Whole days from the release to the reading; None if either is not known."""
    start, end = instant(released), instant(read_at)
    return None if start is None or end is None else max((end - start).days, 0)
