# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The patches that make nodes noncompliant, each once for the whole fleet, with their age."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._compliance.levels import LEVELS
from .._compliance.rows import NOT_INSTALLED, SEVERITIES
from .merge import Fleet
from .model import Patch
from .times import instant

# The upper limits of the age ranges, in days.
AGES = (7, 30, 90)


@dataclass(slots=True)
class MissingPatch:
    """A patch and the nodes on which it is in this state.

    nodes: positions in the list of the fleet's nodes. levels, baselines: the compliance levels of the patch on these
    nodes, and the baselines that assigned them. places: the accounts and Regions of the nodes.
    """

    patch: Patch
    age_days: int | None
    nodes: list[int] = field(default_factory=list)
    levels: set[str] = field(default_factory=set)
    baselines: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)

    def level(self) -> str | None:
        """The highest compliance level. Unknown levels rank below all others."""
        ranked = sorted(self.levels, key=lambda one: (LEVELS.index(one) if one in LEVELS else len(LEVELS), one))
        return ranked[0] if ranked else None

    def is_missing(self) -> bool:
        """Whether it is not installed and not excepted."""
        return self.patch.state in NOT_INSTALLED and not self.patch.exception

    def band(self) -> int | None:
        """The index of its age range in AGES, or len(AGES) if it is older. None if the age is unknown."""
        age = self.age_days
        return None if age is None else sum(age > end for end in AGES)


def severity_rank(severity: str | None) -> int:
    """The rank of a severity. Unknown severities come last."""
    named = (severity or "Unspecified").capitalize()
    return SEVERITIES.index(named) if named in SEVERITIES else len(SEVERITIES)


def missing_patches(fleet: Fleet) -> list[MissingPatch]:
    """All patches that make nodes noncompliant: missing ones first, then by severity and number of nodes.

    A patch that operating systems rate differently counts once for each rating, with its highest age.
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
    """The number of whole days from the release to the reading. None if either is unknown."""
    start, end = instant(released), instant(read_at)
    return None if start is None or end is None else max((end - start).days, 0)
