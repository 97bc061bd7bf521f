# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When windows run next. Pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile

from .._schedules.schedule import ScheduleError, next_runs, parse_instant, schedule_kind
from .model import DISABLED, ENDED, NEVER, OPEN, Window

# How far ahead runs are computed, and how many at most.
HORIZON = timedelta(days=92)
_MOST_RUNS = 500


def set_opening(window: Window, now: datetime) -> None:
    """Fill in whether the window will run, and its runs within the horizon; the first one always."""
    window.runs = _runs(window, now)
    end = parse_instant(str(window.raw.get("EndDate") or ""))
    if window.raw.get("Enabled") is not True:
        window.opening = DISABLED
    elif end is not None and end <= now:
        window.opening = ENDED
    else:
        window.opening = OPEN if window.runs else NEVER
    if not window.is_open:
        window.runs = []


def _runs(window: Window, now: datetime) -> list[datetime]:
    raw = window.raw
    schedule = str(raw.get("Schedule") or "")
    start, end, announced = (
        parse_instant(str(raw.get(name) or "")) for name in ("StartDate", "EndDate", "NextExecutionTime")
    )
    if schedule_kind(schedule) == "rate":
        # Only the service knows from when a rate counts.
        start = announced or start
    try:
        zone, offset = raw.get("ScheduleTimezone"), raw.get("ScheduleOffset")
        runs = next_runs(schedule, zone, offset, start, end, after=now, count=_MOST_RUNS)
    except ScheduleError:
        # A rule that this version does not know: what the service announces still holds.
        runs = [announced] if announced and announced > now else []
    return [*runs[:1], *takewhile(lambda run: run <= now + HORIZON, runs[1:])]
