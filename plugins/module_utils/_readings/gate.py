# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate: rules for the counts of the fleet, and by how much each is met or broken.

A rule fails if its value is unknown, or if the fleet has no nodes. The gate also fails if a patch group in the scope
has no node, if an instance in the scope is not among the nodes, or if a reading is too old.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .._compliance.rows import SUMMARY
from .exceptions import EXCEPTED, Applied
from .merge import Fleet
from .missing_patches import MissingPatch, severity_rank
from .model import Gap, Reading, groups_of, place_of
from .times import instant
from .totals import CRITICAL, Tally, Totals

MINIMA = ("compliance_percent",)
MAXIMA = (*(name for name in SUMMARY if name not in ("managed", "compliant")), "uncovered", "double_covered")
PATCH_RULES = "missing_patches"
AGE_RULE = "max_age_hours"
DEFAULT_AGE = 24
WHOLE = "all nodes"
NO_GROUP = "no patch group"
_NAMED = 5


@dataclass(slots=True)
class Verdict:
    """A rule and its result. group: the nodes that it was applied to. judged: whether it counts for the gate."""

    group: str
    rule: str
    limit: float
    value: float | None
    passed: bool
    message: str
    judged: bool = True


@dataclass(slots=True)
class _Nodes:
    """The nodes that rules are applied to."""

    name: str
    tally: Tally
    patches: list[MissingPatch]
    readings: list[Reading]

    def gaps(self, name: str) -> list[Gap]:
        """The failed reads of the readings that lack a value, or all failed reads if only some nodes lack it."""
        without = [one for one in self.readings if name in one.not_read] or self.readings
        return [gap for one in without for gap in one.gaps]


def has_rules(rules: Mapping[str, Any]) -> bool:
    """Whether there are any rules."""
    return any(value is not None and value != [] for value in rules.values())


def verdicts(
    rules: Mapping[str, Any], fleet: Fleet, totals: Totals, patches: list[MissingPatch], each_group: bool, now: datetime
) -> list[Verdict]:
    """Apply the rules to the whole fleet and to each of its patch groups."""
    if not has_rules(rules):
        return []
    found = [*_judge(rules, _Nodes(WHOLE, totals.total, patches, fleet.readings))]
    if rules.get(AGE_RULE) is not None:
        found.append(_judge_age(rules[AGE_RULE], fleet, now))
    if all(one.rule == AGE_RULE for one in found):
        # Without nodes, the rules on counts fail by themselves.
        found += _judge_emptiness(_Nodes(WHOLE, totals.total, patches, fleet.readings))
    found += _judge_presence(fleet)
    asked = {group for reading in fleet.readings for group in reading.scope.patch_groups}
    members: dict[str | None, set[int]] = defaultdict(set)
    for number, (reading, node) in enumerate(fleet.nodes()):
        for group in groups_of(reading, node):
            members[group].add(number)
    for group, tally in totals.groups.items():
        if tally.counts[EXCEPTED] and not tally.counts["managed"]:
            continue
        if group in asked and totals.total.counts["managed"]:
            found += _judge_asked(group, tally)
        own = [one for one in patches if not members[group].isdisjoint(one.nodes)]
        for verdict in _judge(rules, _Nodes(NO_GROUP if group is None else group, tally, own, fleet.readings)):
            verdict.judged = each_group
            found.append(verdict)
    return found


def expired_verdicts(applied: Iterable[Applied]) -> list[Verdict]:
    """One failed verdict for each expired exception, even if there are no rules."""
    return [
        Verdict(
            WHOLE,
            f"exceptions[{number}]",
            0,
            one.nodes,
            False,
            f"exceptions[{number}]: the exception for {one.exception.subject()} expired after {one.exception.until}"
            f" (reason: {one.exception.reason}; owner: {one.exception.owner}). Remove it, or set a later date as until",
        )
        for number, one in enumerate(applied)
        if one.expired
    ]


def _judge(rules: Mapping[str, Any], nodes: _Nodes) -> Iterable[Verdict]:
    for name in (*MINIMA, *MAXIMA):
        if rules.get(name) is not None:
            yield _judge_count(rules, name, nodes)
    for rule in rules.get(PATCH_RULES) or ():
        yield _judge_patches(rule, nodes)


def _judge_age(limit: float, fleet: Fleet, now: datetime) -> Verdict:
    """Whether all readings are recent enough. The message contains no age, which would be different in each run."""
    least = now - timedelta(hours=limit)
    old = [one for one in fleet.readings if (moment := instant(one.read_at)) is None or moment < least]
    named = ", ".join(f"{one.place_name()} at {one.read_at}" for one in old)
    text = f"a reading is older than {limit:g} hours: {named}" if old else f"no reading is older than {limit:g} hours"
    return Verdict(WHOLE, AGE_RULE, limit, None, not old, f"{AGE_RULE}: {text}")


def _judge_emptiness(nodes: _Nodes) -> Iterable[Verdict]:
    """A failed verdict if no node was read."""
    value = nodes.tally.value("managed")
    passed, message = _held("managed", "managed", value, 1, nodes, minimum=True)
    if not passed:
        yield Verdict(WHOLE, "managed", 1, value, False, message)


def _judge_presence(fleet: Fleet) -> Iterable[Verdict]:
    """A failed verdict if an instance in the scope is not among the nodes, which no count would show."""
    present = {(place_of(one), node.instance_id) for one in fleet.readings for node in one.nodes}
    # If the scope has other options, these can exclude an instance.
    read = [one for one in fleet.readings if not one.is_unread() and one.scope.is_of_instances()]
    absent = sorted({name for one in read for name in one.scope.instance_ids if (place_of(one), name) not in present})
    if absent:
        more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
        text = f"not among the managed nodes: {', '.join(absent[:_NAMED])}{more}; check the ID"
        yield Verdict(WHOLE, "managed", len(absent), 0, False, f"managed: {text}")


def _judge_asked(group: str, tally: Tally) -> Iterable[Verdict]:
    """A failed verdict if a patch group in the scope has no node, because its name could be misspelled."""
    if not tally.counts["managed"] and tally.is_known("managed"):
        text = "this patch group has no managed nodes; check its name"
        yield Verdict(group, "managed", 1, 0, False, f"managed: {text}")


def _judge_count(rules: Mapping[str, Any], name: str, nodes: _Nodes) -> Verdict:
    limit, tally = rules[name], nodes.tally
    value = tally.compliance_percent() if name in MINIMA else tally.value(name)
    source = "compliant" if name in MINIMA else name
    passed, message = _held(name, source, value, limit, nodes, minimum=name in MINIMA)
    if passed and name == CRITICAL and rules.get("ungraded") is None and tally.value("ungraded") != 0:
        passed = False
        message += (
            f", but {tally.value('ungraded')} nodes are ungraded: their baselines assign no compliance level,"
            " so no missing patch counts as critical. Assign compliance levels, use missing_patches with"
            " severities, or add a rule ungraded with the number of nodes to allow"
        )
    return Verdict(nodes.name, name, limit, value, passed, message)


def _held(
    name: str, source: str, value: float | None, limit: float, nodes: _Nodes, *, minimum: bool
) -> tuple[bool, str]:
    """Whether a rule is met, and the message. source: what must be read to know its value."""
    if not nodes.tally.is_known(source):
        return False, f"{name} was not read{_reasons(nodes.gaps(source))}"
    if not nodes.tally.counts["managed"]:
        excepted = nodes.tally.counts[EXCEPTED]
        without = f": its {excepted} nodes are excepted" if excepted else ""
        return False, f"{name} cannot be evaluated: the scope has no managed nodes{without}"
    if value is None:
        return False, f"{name} is unknown: no node has a baseline that assigns compliance levels"
    missed = limit - value if minimum else value - limit
    kind, side = ("minimum", "below") if minimum else ("maximum", "above")
    if missed > 0:
        return False, f"{name} is {value:g}, {missed:g} {side} the {kind} of {limit:g}"
    return True, f"{name} is {value:g}, with a {kind} of {limit:g}"


def _reasons(gaps: Iterable[Gap]) -> str:
    reasons = [f"{gap.action}: {gap.message}" if gap.action else gap.message for gap in gaps]
    return f" ({'; '.join(dict.fromkeys(reasons))})" if reasons else ""


def _judge_patches(rule: Mapping[str, Any], nodes: _Nodes) -> Verdict:
    name, limit = rule_name(rule), rule.get("max") or 0
    fitting = [one for one in nodes.patches if _fits(rule, one)]
    # Without release dates, old patches would be ignored.
    by_age = rule.get("older_than_days") is not None and rule.get("unknown_age") == "ignore"
    source = "release_dates" if by_age and "release_dates" in nodes.tally.unknown else "patches"
    value = len(fitting) if nodes.tally.is_known(source) else None
    passed, message = _held(name, source, value, limit, nodes, minimum=False)
    if fitting and not passed and value is not None:
        named = [one.patch.kb_id or one.patch.title or "an unnamed patch" for one in fitting]
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
    """The name of a rule on patches, with its conditions."""
    severities = sorted(rule.get("severities") or (), key=severity_rank)
    older = rule.get("older_than_days")
    words = [
        *(["/".join(severities)] if severities else []),
        *(["/".join(rule["classifications"])] if rule.get("classifications") else []),
        *([f"older than {older} days"] if older is not None else []),
    ]
    return " ".join([PATCH_RULES, *([f"({', '.join(words)})"] if words else [])])
