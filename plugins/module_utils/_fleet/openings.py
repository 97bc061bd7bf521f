# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When windows run next. Pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from .._schedules.schedule import SHORTEST_PERIOD, ScheduleError, next_runs, parse_instant
from .model import DISABLED, ENDED, NEVER, OPEN, Window

# How far ahead runs are computed, and how many there can be until then.
HORIZON = timedelta(days=92)
_MOST_RUNS = HORIZON // SHORTEST_PERIOD + 1


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
    # Only the service knows from when a rate counts, and which run it skips for the offset of a new window.
    start = announced or start
    zone, offset = raw.get("ScheduleTimezone"), raw.get("ScheduleOffset")
    # The first moment that is too late.
    last = now + HORIZON + datetime.resolution
    runs = partial(next_runs, schedule, zone, offset, start, after=now)
    try:
        return runs(end=min(end or last, last), count=_MOST_RUNS) or runs(end=end, count=1)
    except ScheduleError:
        # A rule that this version does not know: what the service announces still holds.
        return [announced] if announced and announced > now else []
