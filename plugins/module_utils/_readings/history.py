# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of earlier reports: a directory with a small JSON file for each report, and the file of a new report.

A file has figures for each account and Region, so that reports of one and of several hosts can share a directory.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

from .._compliance.rows import NOT_INSTALLED, severity_of
from .exceptions import EXCEPTED
from .merge import Fleet
from .model import Node, Patch, Reading
from .parse import MalformedError, ReportError, parsed, plain
from .times import instant, utc_text

SCHEMA = "patchfleet.aws/patch-report-history"
SCHEMA_VERSION = 1
_CRITICAL = "Critical"
_READ_AT = attrgetter("read_at")


@dataclass(slots=True)
class OpenPatch:
    """A patch that nodes lack. since: its release date, or else the date of the first report that found it missing."""

    patch: str
    since: str
    nodes: int


@dataclass(slots=True)
class Figures:
    """The figures of the nodes that a report read of an account and Region. None means unknown.

    missing_critical: the missing patches of severity Critical, each counted on each node. oldest_missing_days: the age
    of the oldest missing patch, or 0 if none is missing. patched: the patches that nodes no longer lack since the
    previous figures, each counted on each node. mean_days_to_patch: the mean number of days from their C(since) to this
    reading. missing: the missing patches, including excepted ones.
    """

    partition: str
    account_id: str
    region: str
    read_at: str
    account_name: str | None = None
    scope: dict[str, Any] = field(default_factory=dict)
    managed: int | None = None
    compliant: int | None = None
    excepted: int | None = None
    missing_critical: int | None = None
    oldest_missing_days: int | None = None
    patched: int | None = None
    mean_days_to_patch: float | None = None
    missing: tuple[OpenPatch, ...] = ()

    def key(self) -> str:
        """The key of the nodes that the figures describe."""
        return json.dumps([self.partition, self.account_id, self.region, self.scope], sort_keys=True)

    def moment(self) -> datetime:
        """The time at which the nodes were read."""
        moment = instant(self.read_at)
        if moment is None:
            raise MalformedError(f"read_at: {self.read_at!r:.60} is not a date and time in ISO-8601 format")
        return moment


@dataclass(slots=True)
class History:
    """The figures of earlier reports by key, oldest first. warnings: files that could not be used."""

    figures: dict[str, list[Figures]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def add(self, figures: Iterable[Figures]) -> None:
        """Add the figures of a report. Figures of the same time, which several reports can contain, count once."""
        for one in figures:
            listed = self.figures.setdefault(one.key(), [])
            place = bisect_left(listed, one.read_at, key=_READ_AT)
            is_same = place < len(listed) and listed[place].read_at == one.read_at
            listed[place : place + is_same] = [one]

    def before(self, key: str, read_at: str) -> Figures | None:
        """The last figures before a time."""
        listed = self.figures.get(key, [])
        place = bisect_left(listed, read_at, key=_READ_AT)
        return listed[place - 1] if place else None


def read_history(folder: str) -> History:
    """The figures in a directory, which might not exist yet. Other files are named in a warning and ignored."""
    history = History()
    path = Path(folder)
    if not path.exists():
        return history
    if not path.is_dir():
        raise ReportError(f"history: {folder} is not a directory")
    try:
        entries = sorted(one for one in path.iterdir() if not one.name.startswith("."))
    except OSError as error:
        raise ReportError(f"history: {folder} cannot be read: {error.strerror}") from error
    shared: dict[str, str] = {}
    for entry in entries:
        try:
            history.add(_read_file(entry, shared))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            history.warnings.append(f"history: {entry} is skipped: {reason}.")
    return history


def _read_file(path: Path, shared: dict[str, str]) -> list[Figures]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise MalformedError(f"it is not JSON: {error}") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise MalformedError("it is not a history file of a report")
    if data.get("schema_version") != SCHEMA_VERSION:
        raise MalformedError(f"its schema_version is {data.get('schema_version')!r}, and {SCHEMA_VERSION} is supported")
    if not isinstance(data.get("readings"), list):
        raise MalformedError("readings is not a list")
    found = [parsed(Figures, one, shared) for one in data["readings"]]
    for one in found:
        one.read_at = utc_text(one.moment().isoformat()) or one.read_at
        for patch in one.missing:
            if instant(patch.since) is None:
                raise MalformedError(f"missing: since: {patch.since!r:.60} is not a date and time in ISO-8601 format")
    return found


def figures_of(fleet: Fleet, history: History) -> list[Figures]:
    """The figures of a fleet as it is evaluated. Accounts and Regions that were not read have none."""
    nodes: dict[int, list[Node]] = {id(one): [] for one in fleet.readings}
    patches: dict[int, list[Patch]] = {id(one): [] for one in fleet.readings}
    for reading, node in fleet.nodes():
        nodes[id(reading)].append(node)
    for reading, patch in fleet.patches():
        if patch.state in NOT_INSTALLED:
            patches[id(reading)].append(patch)
    return [_figures(one, nodes[id(one)], patches[id(one)], history) for one in fleet.readings if not one.is_unread()]


def _figures(reading: Reading, nodes: list[Node], patches: list[Patch], history: History) -> Figures:
    managed = [one for one in nodes if one.status not in (EXCEPTED, "unmanaged")]
    is_known = all(one.compliant is not None or one.status == "never_scanned" for one in managed)
    found = Figures(
        **{name: getattr(reading, name) for name in ("partition", "account_id", "region", "read_at", "account_name")},
        scope={name: value for name, value in plain(reading.scope).items() if value},
        managed=len(managed),
        compliant=sum(one.compliant is True for one in managed) if is_known else None,
        excepted=sum(one.status == EXCEPTED for one in nodes),
    )
    if "patches" in reading.not_read:
        return found
    before = history.before(found.key(), found.read_at)
    found.missing = _open_patches(patches, reading.read_at, before)
    since = {one.patch: one.since for one in found.missing}
    counted = [one for one in patches if not one.exception]
    found.missing_critical = sum(severity_of({"Severity": one.severity}) == _CRITICAL for one in counted)
    found.oldest_missing_days = max((_days(since[_name(one)], reading.read_at) for one in counted), default=0)
    if before is not None and before.missing_critical is not None:
        _count_patched(found, before)
    return found


def _name(patch: Patch) -> str:
    return patch.kb_id or patch.title or "?"


def _open_patches(patches: list[Patch], read_at: str, before: Figures | None) -> tuple[OpenPatch, ...]:
    known = {one.patch: one.since for one in before.missing} if before else {}
    nodes: dict[str, set[str]] = {}
    since: dict[str, str] = {}
    for one in patches:
        name = _name(one)
        nodes.setdefault(name, set()).add(one.instance_id)
        released = utc_text(one.release_date) if one.release_date else None
        since[name] = min(since.get(name, read_at), released or known.get(name, read_at))
    return tuple(OpenPatch(name, since[name], len(nodes[name])) for name in sorted(nodes))


def _count_patched(now: Figures, before: Figures) -> None:
    """Count the nodes that no longer lack a patch. Removed nodes are subtracted, because they were not patched."""
    gone = max((before.managed or 0) + (before.excepted or 0) - (now.managed or 0) - (now.excepted or 0), 0)
    left = {one.patch: one.nodes for one in now.missing}
    found = [(one, one.nodes - left.get(one.patch, 0) - gone) for one in before.missing]
    now.patched = sum(max(count, 0) for _one, count in found)
    days = sum(_days(one.since, now.read_at) * count for one, count in found if count > 0)
    now.mean_days_to_patch = round(days / now.patched, 2) if now.patched else None


def _days(since: str, until: str) -> int:
    start, end = instant(since), instant(until)
    return max((end - start).days, 0) if start and end else 0


def file_name(figures: Iterable[Figures]) -> str:
    """The name of a report's file. It is the same for the same nodes and the same time."""
    listed = [*figures]
    digest = hashlib.sha256("\n".join(sorted(one.key() for one in listed)).encode("utf-8", "replace")).hexdigest()
    moment = max(one.moment() for one in listed)
    return f"{moment:%Y-%m-%dT%H%M%SZ}-{digest[:8]}.json"


def file_content(title: str, summary: Mapping[str, Any], figures: Iterable[Figures]) -> str:
    """The content of a report's file. summary: the figures of the whole report, for readers of the file."""
    listed = [*figures]
    head = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "title": title,
        "read_at": max(one.read_at for one in listed),
        **summary,
        "readings": [plain(one) for one in listed],
    }
    return json.dumps(head, indent=1) + "\n"
