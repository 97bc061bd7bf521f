# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of the fleet, counted from its nodes. A number that is not known is None, and never 0."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .._compliance.rows import SUMMARY, compliance_percent
from .merge import Fleet
from .model import Node, Reading, groups_of

# What a node is in one word, the most urgent first.
STATUSES = ("failed", "noncompliant", "pending_reboot", "stale", "never_scanned", "unmanaged", "compliant")
_NONCOMPLIANT = frozenset({"failed", "noncompliant", "pending_reboot"})
_GRADED = ("critical_noncompliant", "security_noncompliant", "failed")


@dataclass(slots=True)
class Tally:
    """Counts of nodes. unknown: the counts that are not known."""

    counts: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    unknown: set[str] = field(default_factory=set)

    def add(self, status: str | None, facts: dict[str, bool | None]) -> None:
        """Count a node."""
        self.statuses[status or "unknown"] += 1
        for name, holds in facts.items():
            if holds is None:
                self.unknown.add(name)
            else:
                self.counts[name] += holds

    def nodes(self) -> int:
        """How many nodes were counted, unmanaged ones too."""
        return sum(self.statuses.values())

    def value(self, name: str) -> int | None:
        """One count."""
        return None if name in self.unknown else self.counts[name]

    def compliance_percent(self) -> float | None:
        """The share of managed nodes that are compliant, rounded down to two digits."""
        return compliance_percent(self.value("compliant"), self.value("managed"))

    def summary(self) -> dict[str, int | float | None]:
        """All of it, in the form of the summary of ssm_patch_compliance_info."""
        counts: dict[str, int | float | None] = {name: self.value(name) for name in SUMMARY}
        return {**counts, "compliance_percent": self.compliance_percent()}


def _facts(node: Node) -> dict[str, bool | None]:
    """Whether a node is in each count; None where that is not known."""
    if node.status == "unmanaged":
        return {"managed": False, "unmanaged": True}
    facts: dict[str, bool | None] = {"managed": True, "unmanaged": False}
    if node.status == "never_scanned":
        # Without a report nothing else holds of it, which is known.
        return facts | {"never_scanned": True}
    counts = {name: getattr(node, f"{name}_count") for name in _GRADED}
    return facts | {
        "never_scanned": None if node.status is None and node.missing_count is None else False,
        "noncompliant": None if node.status is None else node.status in _NONCOMPLIANT,
        "compliant": node.compliant,
        "stale": node.stale,
        "pending_reboot": node.pending_reboot,
        **{name: None if count is None else count > 0 for name, count in counts.items()},
    }


@dataclass(slots=True)
class Totals:
    """The numbers of a fleet: of all, and by patch group, operating system, account and region."""

    total: Tally = field(default_factory=Tally)
    groups: dict[str | None, Tally] = field(default_factory=dict)
    systems: dict[str | None, Tally] = field(default_factory=dict)
    places: dict[str | None, Tally] = field(default_factory=dict)


def totals_of(fleet: Fleet) -> Totals:
    """Count the fleet."""
    found = Totals()
    for reading in fleet.readings:
        found.places.setdefault(place_name(reading), Tally())
        for group in reading.scope.patch_groups:
            found.groups.setdefault(group, Tally())
    for reading, node in fleet.nodes():
        facts = _facts(node)
        tallies = [
            found.total,
            found.places[place_name(reading)],
            found.systems.setdefault(node.system(), Tally()),
            *(found.groups.setdefault(group, Tally()) for group in groups_of(reading, node)),
        ]
        for tally in tallies:
            tally.add(node.status, facts)
    for reading in fleet.readings:
        _spread_unknown(found, reading)
    found.groups, found.systems, found.places = (
        {name: tallies[name] for name in sorted(tallies, key=_by_name)}
        for tallies in (found.groups, found.systems, found.places)
    )
    return found


def _spread_unknown(found: Totals, reading: Reading) -> None:
    """What a reading does not know is not known of anything that could have nodes in it."""
    asked = reading.scope.patch_groups
    tallies = [
        found.total,
        found.places[place_name(reading)],
        *found.systems.values(),
        *(tally for group, tally in found.groups.items() if not asked or group in asked),
    ]
    for tally in tallies:
        tally.unknown.update(reading.not_read)


def _by_name(name: str | None) -> tuple[bool, str]:
    return name is None, name or ""


def place_name(reading: Reading) -> str:
    """Account and region as one text."""
    return f"{reading.account_id} {reading.region}"
