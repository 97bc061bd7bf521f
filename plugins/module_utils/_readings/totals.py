# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The totals of the fleet, counted from its nodes. An unknown total is None, never 0."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from .._compliance.rows import (
    MISSING_BY_SEVERITY,
    NOT_INSTALLED,
    SEVERITIES,
    SUMMARY,
    compliance_percent,
    severity_of,
)
from .exceptions import EXCEPTED
from .merge import Fleet
from .model import Node, Place, Reading, groups_of, place_of

# The statuses of nodes, the most urgent first.
STATUSES = ("failed", "noncompliant", "pending_reboot", "stale", "never_scanned", "unmanaged", "compliant")
_NONCOMPLIANT = frozenset({"failed", "noncompliant", "pending_reboot"})
CRITICAL = "critical_noncompliant"
# The counts of managed nodes by their windows, and the counts that include a node of each coverage.
COVERAGE = ("uncovered", "scan_only", "double_covered")
_COVERED_BY = {"uncovered": ("uncovered",), "scan_only": ("uncovered", "scan_only"), "double_covered": COVERAGE[2:]}


@dataclass(slots=True)
class Tally:
    """Counts of nodes.

    missing: the number of missing patches of each severity. unknown: the counts that are not known for all nodes.
    is_partial: whether an account and Region that could not be read is not included.
    """

    counts: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(SEVERITIES, 0)))
    unknown: set[str] = field(default_factory=set)
    is_partial: bool = False

    def add(self, status: str | None, facts: dict[str, bool | None]) -> None:
        """Count a node."""
        self.statuses[status or "unknown"] += 1
        for name, holds in facts.items():
            if holds is None:
                self.unknown.add(name)
            else:
                self.counts[name] += holds

    def nodes(self) -> int:
        """The number of counted nodes, including unmanaged ones."""
        return sum(self.statuses.values())

    def is_known(self, name: str) -> bool:
        """Whether a count includes all nodes."""
        return name not in self.unknown and not self.is_partial

    def is_without_levels(self, name: str) -> bool:
        """Whether a count is meaningless because no node has a baseline that assigns compliance levels."""
        return name == CRITICAL and not self.counts["graded"]

    def value(self, name: str) -> int | None:
        """One count."""
        return self.counts[name] if self.is_known(name) and not self.is_without_levels(name) else None

    def compliance_percent(self) -> float | None:
        """The percentage of managed nodes that are compliant, rounded down to two decimal places."""
        return compliance_percent(self.value("compliant"), self.value("managed"))

    def read_percent(self) -> float | None:
        """The same percentage for the accounts and Regions that were read."""
        known = not self.unknown & {"compliant", "managed"}
        return compliance_percent(self.counts["compliant"], self.counts["managed"]) if known else None

    def missing_by_severity(self) -> dict[str, int] | None:
        """The number of missing patches of each severity, each counted on each node."""
        return dict(self.missing) if self.is_known("patches") else None

    def summary(self) -> dict[str, Any]:
        """All counts, in the format of the summary of ssm_patch_compliance_info."""
        counts: dict[str, Any] = {name: self.value(name) for name in (*SUMMARY, *COVERAGE)}
        percent = {"compliance_percent": self.compliance_percent()}
        return {**counts, **percent, MISSING_BY_SEVERITY: self.missing_by_severity()}


def _facts(node: Node) -> dict[str, bool | None]:
    """Whether a node is in each count, or None if this is unknown."""
    if node.status == EXCEPTED:
        return {"managed": False, "unmanaged": False, EXCEPTED: True}
    if node.status == "unmanaged":
        return {"managed": False, "unmanaged": True}
    counted = _COVERED_BY.get(node.coverage or "", ())
    facts: dict[str, bool | None] = {name: name in counted if node.coverage else None for name in COVERAGE}
    facts |= {"managed": True, "unmanaged": False}
    if node.status == "never_scanned":
        # A node without a report is in no other count.
        return facts | {"never_scanned": True}
    counts = {name: getattr(node, f"{name}_count") for name in ("security_noncompliant", "failed")}
    if node.ungraded is not True:
        counts[CRITICAL] = None if node.ungraded is None else node.critical_noncompliant_count
    return facts | {
        "ungraded": node.ungraded,
        "graded": None if node.ungraded is None else not node.ungraded,
        "never_scanned": None if node.status is None and node.missing_count is None else False,
        "noncompliant": None if node.status is None else node.status in _NONCOMPLIANT,
        "compliant": node.compliant,
        "stale": node.stale,
        "pending_reboot": node.pending_reboot,
        **{name: None if count is None else count > 0 for name, count in counts.items()},
    }


@dataclass(slots=True)
class Totals:
    """The totals of a fleet: of all nodes, and by patch group, operating system, account and Region."""

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
    lacked = _lacked(fleet)
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
            tally.missing.update(lacked.get((place_of(reading), node.instance_id), {}))
    for reading in fleet.readings:
        _spread_unknown(found, reading)
    found.groups, found.systems, found.places = (
        {name: tallies[name] for name in sorted(tallies, key=_by_name)}
        for tallies in (found.groups, found.systems, found.places)
    )
    return found


def _spread_unknown(found: Totals, reading: Reading) -> None:
    """Mark what a reading does not know as unknown in each tally that could contain its nodes.

    If nothing was read, only the totals of the fleet and of its account and Region are marked as partial.
    """
    if reading.is_unread():
        for tally in (found.total, found.places[place_name(reading)]):
            tally.is_partial = True
        return
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


def _lacked(fleet: Fleet) -> dict[tuple[Place, str], Counter[str]]:
    """The number of missing patches of each node, by severity."""
    found: dict[tuple[Place, str], Counter[str]] = defaultdict(Counter)
    for reading, patch in fleet.patches():
        if patch.state in NOT_INSTALLED and not patch.exception:
            found[place_of(reading), patch.instance_id][severity_of({"Severity": patch.severity})] += 1
    return found


def place_name(reading: Reading) -> str:
    """The display name of the account and Region."""
    return reading.place_name()
