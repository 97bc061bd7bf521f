# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When windows open next. Pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from .._schedules.schedule import SHORTEST_PERIOD, ScheduleError, next_runs, parse_instant
from .model import DISABLED, ENDED, NEVER, OPEN, Window

# How far ahead runs are computed, and the maximum number of runs in this time.
HORIZON = timedelta(days=92)
_MOST_RUNS = HORIZON // SHORTEST_PERIOD + 1


def set_opening(window: Window, now: datetime) -> None:
    """Set whether the window opens again, and its runs within the horizon, or the next run if it is later."""
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
    # Only the service knows when a rate starts to count, and which run the offset of a new window skips.
    start = announced or start
    zone, offset = raw.get("ScheduleTimezone"), raw.get("ScheduleOffset")
    # The first time after the horizon.
    last = now + HORIZON + datetime.resolution
    runs = partial(next_runs, schedule, zone, offset, start, after=now)
    try:
        return runs(end=min(end or last, last), count=_MOST_RUNS) or runs(end=end, count=1)
    except ScheduleError:
        # This version does not support the expression, but the next execution from the service is still valid.
        return [announced] if announced and announced > now else []
