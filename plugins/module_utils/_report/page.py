# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML file: the context of its template, and the data for the tables of its script.

The template escapes every string. The data is in a block that browsers do not execute, and the script writes it as
text. Both contain escape sequences in place of nonprintable characters.
"""

from __future__ import annotations

import base64
import hashlib
import json
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC
from itertools import islice, pairwise
from typing import Any

from .._aws.text import printable
from .._compliance.rows import SEVERITIES
from .._readings.exceptions import EXCEPTED, Judged
from .._readings.gate import NO_GROUP, WHOLE, Verdict
from .._readings.history import Figures, History
from .._readings.merge import Fleet
from .._readings.missing_patches import AGES, MissingPatch, severity_rank
from .._readings.model import Node, Reading, groups_of, place_of
from .._readings.times import instant
from .._readings.totals import STATUSES, Tally, Totals, place_name
from .._readings.upcoming import upcoming_runs
from .calendar import calendar_of, history_of
from .console import node_pattern, patches_address
from .trend import HEIGHT, PATCHED_DAYS, WIDTH, Point, curves_of

try:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    MISSING = None
except ImportError:
    MISSING = traceback.format_exc()

# The maximum numbers of rows that the page shows without its script.
_WORST = 12
_RUNS = 200
_WINDOWS = 100
_FINDINGS = 100
_BAD_FINDINGS = frozenset({"not_managed", "not_reached", "scan_only", "double_covered"})
STATUS_NAMES = {
    "failed": "Patch failed",
    "noncompliant": "Patches missing",
    "pending_reboot": "Reboot pending",
    "stale": "Scan too old",
    "never_scanned": "Never scanned",
    "unmanaged": "Not managed",
    "compliant": "Compliant",
    EXCEPTED: "Excepted",
    "unknown": "Not read",
}
COVERAGE_NAMES = {
    "covered": "Patched by a window",
    "double_covered": "Patched twice",
    "scan_only": "Scanned only",
    "uncovered": "Not patched",
    "unmanaged": "Not managed",
}
COUNT_NAMES = {
    "noncompliant": "Nodes: noncompliant",
    "critical_noncompliant": "Nodes: patch of level CRITICAL missing",
    "security_noncompliant": "Nodes: security patch missing",
    "failed": "Nodes: patch failed",
    "pending_reboot": "Nodes: reboot pending",
    "stale": "Nodes: scan too old",
    "never_scanned": "Nodes: never scanned",
    "unmanaged": "Instances: not managed",
    "ungraded": "Nodes: baseline without levels",
}
# The titles of the curves, with their units.
FIGURE_NAMES = {
    "compliance_percent": ("Compliance", " %"),
    "missing_critical": ("Patches: severity Critical, missing", ""),
    "oldest_missing_days": ("Oldest missing patch", " days"),
    "mean_days_to_patch": ("Mean time to patch", " days"),
}
AGE_NAMES = (
    f"up to {AGES[0]} days",
    *(f"{start + 1} to {end} days" for start, end in pairwise(AGES)),
    f"over {AGES[-1]} days",
)
FINDING_NAMES = {
    "not_managed": "Not managed",
    "not_reached": "Not patched",
    "scan_only": "Scanned only",
    "double_covered": "Patched twice",
    "group_misspelt": "Group misspelt",
    "group_without_baseline": "Group: no baseline",
    "two_patch_groups": "Two groups",
    "baseline_approves_nothing": "Empty baseline",
    "agent_offline": "Agent offline",
    "window_disabled": "Window disabled",
    "window_ended": "Window ended",
    "window_never_opens": "Window: no run",
    "too_many_nodes": "Window too short",
    "task_without_targets": "Task: no targets",
    "target_reaches_nobody": "Target: no nodes",
    "target_group_without_baseline": "Target: no baseline",
}
# Characters that are allowed in JSON but not in a script block. The encoder escapes all others.
_UNSAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
_GOOD_RUNS = frozenset({"SUCCESS"})
_BAD_RUNS = frozenset({"FAILED", "TIMED_OUT", "CANCELLED", "SKIPPED_OVERLAPPING"})


@dataclass(slots=True)
class Report:
    """The content of the page.

    fleet: the fleet without what is excepted. figures: of this report. points: of all reports. Both are empty without
    a history. has_csv: whether the CSV files are in the same directory.
    """

    title: str
    fleet: Fleet
    totals: Totals
    patches: list[MissingPatch]
    verdicts: list[Verdict]
    most_runs: int
    judged: Judged | None = None
    history: History = field(default_factory=History)
    figures: list[Figures] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    has_csv: bool = False


@dataclass(slots=True)
class Assets:
    """The template of the page, its style and its script."""

    template: str
    style: str
    script: str


def page(report: Report, assets: Assets) -> Iterator[str]:
    """Yield the page in parts."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    environment.filters.update({"percent": _percent, "utc": _utc})
    context = _context(report)
    context["style"], context["script"] = Markup(assets.style), Markup(assets.script)  # noqa: S704 not user data
    context["style_hash"], context["script_hash"] = _hash(assets.style), _hash(assets.script)
    context["data"] = Markup(_data(report))  # noqa: S704 it cannot end the script block
    yield from environment.from_string(assets.template).generate(context)


def _shown(value: Any) -> Any:
    """A value as the template writes it. Markup comes from the collection, and strings come from an account."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g} %"


def _utc(text: str | None) -> str:
    moment = instant(text)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""


def _context(report: Report) -> dict[str, Any]:
    totals = report.totals
    calendar = calendar_of(report.fleet, report.most_runs)
    history, upcoming = history_of(report.fleet), upcoming_runs(report.fleet)
    return {
        "title": report.title,
        "read_at": report.fleet.read_at(),
        "readings": report.fleet.readings,
        "gaps": [(reading, gap) for reading in report.fleet.readings for gap in reading.gaps],
        "windows_read": any(reading.windows is not None for reading in report.fleet.readings),
        "total": totals.total,
        "unread": [one.place_name() for one in report.fleet.readings if one.is_unread()],
        "parts": _parts(totals.total),
        "breakdowns": _breakdowns(totals),
        "count_names": COUNT_NAMES,
        "status_names": STATUS_NAMES,
        "verdicts": [one for one in report.verdicts if one.judged],
        "whole": WHOLE,
        "broken": [one for one in report.verdicts if one.judged and not one.passed],
        "coverage_read": _has_coverage(report.fleet),
        "findings": [*islice(report.fleet.findings(), _FINDINGS)],
        "findings_left": max(sum(1 for _one in report.fleet.findings()) - _FINDINGS, 0),
        "finding_names": FINDING_NAMES,
        "bad_findings": _BAD_FINDINGS,
        "worst": _worst(report.fleet),
        "several_places": len(totals.places) > 1,
        "matrix": _matrix(report.patches),
        "age_names": (*AGE_NAMES, "unknown"),
        "missing": sum(one.is_missing() for one in report.patches),
        "upcoming": upcoming[:_WINDOWS],
        "upcoming_left": max(len(upcoming) - _WINDOWS, 0),
        "calendar": replace(calendar, rows=calendar.rows[:_WINDOWS]),
        "windows_left": max(len(calendar.rows) - _WINDOWS, 0),
        "history": history[:_RUNS],
        "history_left": max(len(history) - _RUNS, 0),
        "run_class": _run_class,
        "has_csv": report.has_csv,
        **_exceptions_and_trend(report),
    }


def _exceptions_and_trend(report: Report) -> dict[str, Any]:
    return {
        "applied": report.judged.applied if report.judged else [],
        "excepted": report.judged.counts() if report.judged else {},
        "points": report.points,
        "curves": curves_of(report.points) if report.points else [],
        "figure_names": FIGURE_NAMES,
        "patched_days": PATCHED_DAYS,
        "drawing": (WIDTH, HEIGHT),
    }


@dataclass(slots=True)
class Part:
    """One status in the bar of the fleet. x and width are in thousandths."""

    status: str
    count: int
    share: float
    x: float
    width: float


def _parts(tally: Tally) -> list[Part]:
    parts: list[Part] = []
    all_nodes, before = tally.nodes(), 0
    for status in (*reversed(STATUSES), EXCEPTED, "unknown"):
        count = tally.statuses[status]
        if count:
            share = count / all_nodes
            parts.append(Part(status, count, 100 * share, 1000 * before / all_nodes, 1000 * share))
            before += count
    return parts


def _breakdowns(totals: Totals) -> list[tuple[str, str, str, dict[str, Tally]]]:
    """The ID, heading, column title and rows of each table of counts."""
    groups = {NO_GROUP if name is None else name: tally for name, tally in totals.groups.items()}
    systems = {name or "unknown": tally for name, tally in totals.systems.items()}
    places = {name or "": tally for name, tally in totals.places.items()}
    tables = [("groups", "Patch groups", "Patch group", groups), ("systems", "Operating systems", "System", systems)]
    if len(places) > 1:
        tables.append(("places", "Accounts and Regions", "Account and Region", places))
    return tables


def _has_coverage(fleet: Fleet) -> bool:
    """Whether the coverage of any node was read."""
    return any(node.coverage is not None for reading in fleet.readings for node in reading.nodes)


def _worst(fleet: Fleet) -> list[tuple[Reading, Node]]:
    """The nodes that need attention most urgently."""
    bad = [(reading, node) for reading, node in fleet.nodes() if node.status not in ("compliant", EXCEPTED, None)]
    return sorted(bad, key=lambda pair: _need(pair[1]))[:_WORST]


def _need(node: Node) -> tuple[Any, ...]:
    counts = ("critical_noncompliant_count", "failed_count", "security_noncompliant_count", "missing_count")
    rank = STATUSES.index(node.status) if node.status in STATUSES else len(STATUSES)
    return (*(-(getattr(node, name) or 0) for name in counts), rank, node.title(), node.instance_id)


@dataclass(slots=True)
class Severity:
    """One row of the matrix: the number of patches in each age range, and last the number of unknown age."""

    name: str
    cells: list[int]


def _matrix(patches: list[MissingPatch]) -> list[Severity]:
    rows: dict[str, list[int]] = {}
    for one in sorted(patches, key=lambda one: severity_rank(one.patch.severity)):
        if one.is_missing():
            name = one.patch.severity or SEVERITIES[-1]
            cells = rows.setdefault(name, [0] * (len(AGES) + 2))
            band = one.band()
            cells[-1 if band is None else band] += 1
    return [Severity(name, cells) for name, cells in rows.items()]


def _run_class(status: str | None) -> str:
    return "good" if status in _GOOD_RUNS else "bad" if status in _BAD_RUNS else "open"


class _Texts:
    """Strings, each stored once and referenced by number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int | None:
        return None if text is None else self._numbers.setdefault(printable(text), len(self._numbers))

    def all(self) -> list[str]:
        return [*self._numbers]


def _data(report: Report) -> str:
    texts = _Texts()
    keys = report.fleet.tag_keys()
    nodes = [_node_data(reading, node, keys, texts.number) for reading, node in report.fleet.nodes()]
    patches = [_patch_data(one, texts.number) for one in report.patches]
    places = {place_name(one): place_of(one) for one in report.fleet.readings}
    data = {
        "nodes": nodes,
        "patches": patches,
        "tags": [printable(key) for key in keys],
        "consoles": {texts.number(name): [node_pattern(one), patches_address(one)] for name, one in places.items()},
        "statuses": STATUS_NAMES,
        "texts": texts.all(),
    }
    return json.dumps(data, separators=(",", ":")).translate(_UNSAFE)


def _node_data(reading: Reading, node: Node, keys: list[str], number: Callable[[str | None], int | None]) -> list[Any]:
    """The values of a node, in the order of NODE in the script."""
    end, following = instant(node.operation_end_time), instant(node.next_install)
    return [
        printable(node.instance_id),
        printable(node.instance_name or node.name or "") or None,
        number(node.status or "unknown"),
        [number(NO_GROUP if group is None else group) for group in groups_of(reading, node)],
        number(node.system()),
        number(place_name(reading)),
        node.critical_noncompliant_count,
        node.security_noncompliant_count,
        node.missing_count,
        node.failed_count,
        node.installed_pending_reboot_count,
        int(end.timestamp()) if end else None,
        number(node.operation),
        number(node.baseline_id),
        number(node.snapshot_id),
        number(node.ping_status),
        number(node.agent_version),
        printable(node.name) if node.name and node.instance_name and node.instance_name != node.name else None,
        [number(str(node.tags[key]) if key in node.tags else None) for key in keys],
        number(node.exception),
        number(COVERAGE_NAMES.get(node.coverage or "", node.coverage)),
        int(following.timestamp()) if following else None,
        number(node.next_install_window),
    ]


def _patch_data(one: MissingPatch, number: Callable[[str | None], int | None]) -> list[Any]:
    """The values of a patch, in the order of PATCH in the script."""
    patch = one.patch
    return [
        patch.kb_id and printable(patch.kb_id),
        patch.title and printable(patch.title),
        number(patch.severity),
        number(patch.classification),
        number(patch.state),
        one.age_days,
        one.nodes,
        number(one.level()),
        [number(name) for name in sorted(one.baselines)],
        [number(name) for name in sorted(one.places)],
        number(patch.exception),
        [printable(one) for one in patch.cve_ids],
    ]
