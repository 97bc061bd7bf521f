# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate: rules on the numbers of the fleet, and by how much each is kept or broken.

A rule on a value that is not known is broken, and so is every rule of a fleet without nodes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._compliance.rows import SUMMARY
from .merge import Fleet
from .missing_patches import MissingPatch, severity_rank
from .model import Gap, Reading, groups_of
from .totals import Tally, Totals

MINIMA = ("compliance_percent",)
MAXIMA = tuple(name for name in SUMMARY if name not in ("managed", "compliant"))
PATCH_RULES = "missing_patches"
WHOLE = "all nodes"
NO_GROUP = "no patch group"


@dataclass(slots=True)
class Verdict:
    """A rule and what became of it. group: the nodes that it was held against. judged: whether the gate counts it."""

    group: str
    rule: str
    limit: float
    value: float | None
    passed: bool
    message: str
    judged: bool = True


@dataclass(slots=True)
class _Nodes:
    """The nodes that rules are held against."""

    name: str
    tally: Tally
    patches: list[MissingPatch]
    readings: list[Reading]

    def gaps(self, name: str) -> list[Gap]:
        """The reads that failed where something was not read; all where it is single nodes that lack it."""
        without = [one for one in self.readings if name in one.not_read] or self.readings
        return [gap for one in without for gap in one.gaps]


def verdicts(
    rules: Mapping[str, Any], fleet: Fleet, totals: Totals, patches: list[MissingPatch], each_group: bool
) -> list[Verdict]:
    """Hold the rules against the whole fleet and against each of its patch groups."""
    if not rules:
        return []
    found = [*_judge(rules, _Nodes(WHOLE, totals.total, patches, fleet.readings))]
    members: dict[str | None, set[int]] = defaultdict(set)
    for number, (reading, node) in enumerate(fleet.nodes()):
        for group in groups_of(reading, node):
            members[group].add(number)
    for group, tally in totals.groups.items():
        own = [one for one in patches if not members[group].isdisjoint(one.nodes)]
        for verdict in _judge(rules, _Nodes(NO_GROUP if group is None else group, tally, own, fleet.readings)):
            verdict.judged = each_group
            found.append(verdict)
    return found


def _judge(rules: Mapping[str, Any], nodes: _Nodes) -> Iterable[Verdict]:
    for name in (*MINIMA, *MAXIMA):
        if rules.get(name) is not None:
            yield _judge_count(name, rules[name], nodes)
    for rule in rules.get(PATCH_RULES) or ():
        yield _judge_patches(rule, nodes)


def _judge_count(name: str, limit: float, nodes: _Nodes) -> Verdict:
    value = nodes.tally.compliance_percent() if name in MINIMA else nodes.tally.value(name)
    source = "compliant" if name in MINIMA else name
    passed, message = _held(name, source, value, limit, nodes, minimum=name in MINIMA)
    return Verdict(nodes.name, name, limit, value, passed, message)


def _held(
    name: str, source: str, value: float | None, limit: float, nodes: _Nodes, *, minimum: bool
) -> tuple[bool, str]:
    """Whether a rule is kept, and why. source: what has to be read to know its value."""
    if source in nodes.tally.unknown:
        return False, f"{name} was not read{_reasons(nodes.gaps(source))}"
    if value is None or not nodes.tally.counts["managed"]:
        return False, f"{name}: there is no managed node, so that nothing can be said"
    missed = limit - value if minimum else value - limit
    kind, side = ("minimum", "below") if minimum else ("maximum", "above")
    if missed > 0:
        # Rounded for the eye: 95 - 91.66 is 3.3400000000000034.
        return (
            False,
            f"{name} is {value:g}, {round(missed, 2):g} {side} the {kind} of {limit:g}",
        )
    return True, f"{name} is {value:g}, with a {kind} of {limit:g}"


def _reasons(gaps: Iterable[Gap]) -> str:
    told = [f"{gap.action}: {gap.message}" if gap.action else gap.message for gap in gaps]
    return f" ({'; '.join(dict.fromkeys(told))})" if told else ""


def _judge_patches(rule: Mapping[str, Any], nodes: _Nodes) -> Verdict:
    name, limit = rule_name(rule), rule.get("max") or 0
    fitting = [one for one in nodes.patches if _fits(rule, one)]
    value = None if "patches" in nodes.tally.unknown else len(fitting)
    passed, message = _held(name, "patches", value, limit, nodes, minimum=False)
    if fitting and not passed and value is not None:
        named = [one.patch.kb_id or one.patch.title or "a patch without a name" for one in fitting]
        message += f": {', '.join(named[:5])}{f' and {len(named) - 5} more' if len(named) > 5 else ''}"
    return Verdict(nodes.name, name, limit, value, passed, message)


def _fits(rule: Mapping[str, Any], one: MissingPatch) -> bool:
    older = rule.get("older_than_days")
    too_young = older is not None and one.age_days is not None and one.age_days <= older
    left_out = older is not None and one.age_days is None and rule.get("unknown_age") == "ignore"
    return (
        one.is_missing()
        and _among(rule.get("severities"), one.patch.severity)
        and _among(rule.get("classifications"), one.patch.classification)
        and not too_young
        and not left_out
    )


def _among(wanted: list[str] | None, value: str | None) -> bool:
    return not wanted or (value or "unspecified").casefold() in {one.casefold() for one in wanted}


def rule_name(rule: Mapping[str, Any]) -> str:
    """A rule on patches in words."""
    severities = sorted(rule.get("severities") or (), key=severity_rank)
    older = rule.get("older_than_days")
    words = [
        *(["/".join(severities)] if severities else []),
        *(["/".join(rule["classifications"])] if rule.get("classifications") else []),
        *([f"older than {older} days"] if older is not None else []),
    ]
    return " ".join([PATCH_RULES, *([f"({', '.join(words)})"] if words else [])])
