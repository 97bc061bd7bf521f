# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions: nodes and patches that the counts leave out until a date, each with an owner. Pure functions.

Excepted nodes are counted separately. A node with excepted patches is evaluated by its other patches. An expired
exception leaves out nothing, and the gate fails.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from .._compliance.rows import AVAILABLE, NONCOMPLIANT_STATES, STATE_COUNTS, most_urgent
from .merge import Fleet
from .model import Node, Patch, PatchException, Place, Reading, groups_of, place_of
from .parse import plain

EXCEPTED = "excepted"
_KINDS = ("node", "group", "patch")
_TEXTS = ("reason", "owner", "until")
_LACKING = {state: STATE_COUNTS[state] for state in (*NONCOMPLIANT_STATES, AVAILABLE)}
_PENDING = "INSTALLED_PENDING_REBOOT"
_CLASS_COUNTS = ("critical_noncompliant_count", "security_noncompliant_count", "other_noncompliant_count")
_Key = tuple[Place, str]


def exception_violations(option: str, given: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Violations in exceptions, regardless of the account. option: the name of the list."""
    for number, one in enumerate(given):
        name = f"{option}[{number}]"
        blank = [key for key in (*_KINDS, *_TEXTS) if one.get(key) is not None and not str(one[key]).strip()]
        yield from (f"{name}.{key}: is empty; {_way_out(key)}" for key in blank)
        if all(one.get(kind) is None for kind in _KINDS):
            yield f"{name}: has no node, group or patch; specify at least one of them"
        if "until" not in blank and one.get("until") is not None and date_of(one["until"]) is None:
            yield f"{name}.until: {str(one['until'])!r} is not a date; specify the last day as YYYY-MM-DD"


def _way_out(key: str) -> str:
    return "specify a value, or omit it" if key in _KINDS else "specify a value"


def date_of(value: Any) -> date | None:
    """The date in a string, or None if there is none. YAML converts unquoted dates."""
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        return None


@dataclass(slots=True)
class Applied:
    """An exception and what it leaves out, or would leave out if it had not expired.

    nodes: the number of nodes. patches: the number of patches, each counted on each node.
    """

    exception: PatchException
    expired: bool
    nodes: int = 0
    patches: int = 0

    def matches(self) -> bool:
        """Whether it matches anything in the report."""
        return bool(self.nodes or self.patches)


@dataclass(slots=True)
class Judged:
    """A fleet with its exceptions marked.

    fleet: the fleet as it is evaluated. source: the fleet as it was read. applied: the exceptions and what they match.
    """

    fleet: Fleet
    source: Fleet
    applied: list[Applied] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The number of excepted nodes, and the number of excepted patches on other nodes."""
        nodes = sum(node.status == EXCEPTED for _reading, node in self.fleet.nodes())
        names = {(place_of(one), node.instance_id) for one, node in self.fleet.nodes() if node.status == EXCEPTED}
        marked = ((place_of(one), patch) for one, patch in self.fleet.patches() if patch.exception)
        return {"nodes": nodes, "patches": sum((place, one.instance_id) not in names for place, one in marked)}


def judged(fleet: Fleet, given: Iterable[PatchException], today: date) -> Judged:
    """Apply the exceptions to a fleet."""
    applied = [Applied(one, (date_of(one.until) or today) < today) for one in given]
    for reading in fleet.readings:
        # A report of another run contains marks of its own exceptions.
        for node in reading.nodes:
            node.exception = None
        for patch in reading.patches:
            patch.exception = None
    if not applied:
        return Judged(fleet, fleet)
    about = _nodes_by_exception(fleet, applied)
    _mark_patches(fleet, applied, about)
    lacking = _patches_by_node(fleet)
    readings = [
        replace(
            one,
            nodes=tuple(_judged_node(node, lacking.get((place_of(one), node.instance_id), [])) for node in one.nodes),
        )
        for one in fleet.readings
    ]
    return Judged(Fleet(readings), fleet, applied)


def _nodes_by_exception(fleet: Fleet, applied: list[Applied]) -> dict[_Key, list[Applied]]:
    """The exceptions that match each node. Those of whole nodes are counted, and marked unless expired."""
    about: dict[_Key, list[Applied]] = {}
    for reading, node in fleet.nodes():
        found = [one for one in applied if _is_about(one.exception, reading, node)]
        for one in found:
            if one.exception.patch is None:
                one.nodes += 1
                if not one.expired:
                    node.exception = node.exception or one.exception.text()
        if found:
            about[place_of(reading), node.instance_id] = found
    return about


def _is_about(exception: PatchException, reading: Reading, node: Node) -> bool:
    names = (node.instance_id, node.instance_name, node.name)
    return (exception.node is None or exception.node in names) and (
        exception.group is None or exception.group in groups_of(reading, node)
    )


def _mark_patches(fleet: Fleet, applied: list[Applied], about: Mapping[_Key, list[Applied]]) -> None:
    """Count and mark the patches, including those of excepted nodes."""
    nodes = {(place_of(reading), node.instance_id): node for reading, node in fleet.nodes()}
    lacking: dict[int, set[_Key]] = defaultdict(set)
    for reading, patch in fleet.patches():
        key = (place_of(reading), patch.instance_id)
        patch.exception = nodes[key].exception
        for one in about.get(key, ()):
            if one.exception.patch is not None and _is_patch(one.exception.patch, patch):
                one.patches += 1
                lacking[id(one)].add(key)
                if not one.expired:
                    patch.exception = patch.exception or one.exception.text()
    for one in applied:
        if one.exception.patch is not None:
            one.nodes = len(lacking[id(one)])


def _is_patch(name: str, patch: Patch) -> bool:
    return name.casefold() in {(text or "").casefold() for text in (patch.kb_id, patch.title)}


def _patches_by_node(fleet: Fleet) -> dict[_Key, list[Patch]]:
    """All patches of the nodes that have an excepted patch."""
    found: dict[_Key, list[Patch]] = defaultdict(list)
    for reading, patch in fleet.patches():
        found[place_of(reading), patch.instance_id].append(patch)
    return {key: patches for key, patches in found.items() if any(one.exception for one in patches)}


def _judged_node(node: Node, patches: list[Patch]) -> Node:
    if node.exception:
        return replace(node, status=EXCEPTED)
    return _without(node, patches) if patches else node


def _without(node: Node, patches: list[Patch]) -> Node:
    """The node as it would be without its excepted patches."""
    if node.status not in ("failed", "noncompliant", "pending_reboot"):
        return node
    less: Counter[str] = Counter()
    for one in patches:
        if one.exception:
            less.update([_LACKING.get(one.state or "", ""), *_classes(one)])
    names = (*_LACKING.values(), *_CLASS_COUNTS)
    counts = {name: max(value - less[name], 0) for name in names if (value := getattr(node, name)) is not None}
    lacks = {state for state, name in _LACKING.items() if counts.get(name)} - {AVAILABLE}
    # These are only read if the baseline counts them.
    lacks |= {AVAILABLE for one in patches if one.state == AVAILABLE and not one.exception}
    if not lacks:
        counts |= {name: 0 for name in _CLASS_COUNTS if name in counts}
    pending = _PENDING in lacks
    holds = {"failed": "FAILED" in lacks, "pending_reboot": pending, "stale": bool(node.stale)}
    status = most_urgent({name for name, is_so in holds.items() if is_so}, bool(lacks - {"FAILED", _PENDING}))
    return replace(node, status=status, compliant=status == "compliant", pending_reboot=pending, **counts)


def _classes(patch: Patch) -> Iterator[str]:
    """The counts of AWS that include a patch of a node."""
    is_security = "security" in (patch.classification or "").casefold()
    if patch.compliance_level == "CRITICAL":
        yield _CLASS_COUNTS[0]
    if is_security:
        yield _CLASS_COUNTS[1]
    if not is_security and patch.compliance_level != "CRITICAL":
        yield _CLASS_COUNTS[2]


def exception_row(one: Applied) -> dict[str, Any]:
    """An exception in the format of results and files."""
    return {**plain(one.exception), "expired": one.expired, "nodes": one.nodes, "patches": one.patches}


def exception_warnings(applied: Iterable[Applied]) -> list[str]:
    """Warnings about exceptions that match nothing in the report."""
    return [
        f"exceptions: the exception for {one.exception.subject()} (owner: {one.exception.owner}) matches"
        " nothing in this report. Correct it, or remove it."
        for one in applied
        if not one.matches()
    ]
