# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Determines which gated rings are due, what to read for the decision, and the options of open and closed windows."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any

from .._schedules.schedule import next_runs
from .._schedules.time_zones import zone_of
from .expand import Entry, checked_rings, open_for, window_of
from .options import Ring

_OPTIONS = ("name", "schedule", "schedule_offset", "schedule_timezone", "enabled")
# Two Patch Tuesdays are at most five weeks apart.
_CYCLE = timedelta(days=40)


def gates(rings: Any, now: datetime, defaults: Any = None, prefix: str = "") -> list[Entry]:
    """One entry for each ring with a gate. Raises RingsError if the rings are invalid."""
    found = checked_rings(rings, defaults, prefix)
    return [_gate(before, ring, now, prefix) for before, ring in pairwise(found) if ring.gate is not None]


def _gate(before: Ring, ring: Ring, now: datetime, prefix: str) -> Entry:
    window = window_of(ring, prefix)
    declared = {name: window[name] for name in _OPTIONS}
    opened, last, upcoming = _last(before, now), _last(ring, now), _next(ring, now)
    phase = _phase(now, opened + open_for(before), last, last + open_for(ring))
    return {
        "ring": ring.name,
        "previous": before.name,
        "gate_percent": ring.gate,
        "phase": phase,
        "previous_opened": opened.astimezone(_zone(before)).isoformat(),
        "opens": upcoming.isoformat(),
        "scope": {name: value for name, value in before.selectors().items() if name != "patch_group_key"},
        # The window of the previous ring did not reach nodes whose last report is older than its opening.
        "stale_after_hours": max(1, math.ceil((now - opened).total_seconds() / 3600)),
        "open": {**declared, **_once(upcoming), "enabled": True},
        "closed": declared,
    }


def _phase(now: datetime, ended_before: datetime, last: datetime, ended: datetime) -> str:
    """C(due): the ring is next. C(running): its window can be open. C(waiting): the previous ring comes first."""
    if last < ended_before <= now:
        return "due"
    return "running" if last <= now < ended else "waiting"


def _once(moment: datetime) -> Entry:
    """A schedule for a single run. A cron schedule with an offset would skip it if enabled after its cron day."""
    return {"schedule": f"at({moment:%Y-%m-%dT%H:%M:%S})", "schedule_offset": 0}


def _zone(ring: Ring) -> tzinfo:
    return zone_of(ring.timezone) or UTC


def _runs(ring: Ring, after: datetime) -> list[datetime]:
    """The next runs in UTC, because additions to local times ignore daylight saving changes."""
    window = window_of(ring, "")
    schedule, zone, offset = (window[name] for name in ("schedule", "schedule_timezone", "schedule_offset"))
    return [run.astimezone(UTC) for run in next_runs(schedule, zone, offset, after=after, count=3)]


def _last(ring: Ring, now: datetime) -> datetime:
    """The last opening. There is always one within a cycle."""
    return max(run for run in _runs(ring, now - _CYCLE) if run <= now)


def _next(ring: Ring, now: datetime) -> datetime:
    return _runs(ring, now)[0].astimezone(_zone(ring))
