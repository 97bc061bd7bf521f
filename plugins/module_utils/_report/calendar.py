# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next openings of windows and the results of their last runs, in the time zone of each window."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from .._readings.merge import Fleet
from .._readings.model import Reading, Window, WindowRun, place_of
from .._readings.times import instant
from .._schedules.time_zones import zone_of
from .console import window_address

DAYS = 30


@dataclass(slots=True)
class Row:
    """One window in the calendar. days: the opening times on each day.

    more: the window opens more often than was read, so its last days are unknown. address: its address in the console.
    """

    place: str
    window: Window
    days: list[list[str]]
    next_run: datetime | None
    more: bool
    address: str | None = None


@dataclass(slots=True)
class Calendar:
    """The days and the windows. Windows with a next run come first, in the order of that run."""

    days: list[date]
    rows: list[Row]


@dataclass(slots=True)
class Run:
    """One run of a window in the history. address: the address of the window in the console."""

    place: str
    window: Window
    run: WindowRun
    start: datetime | None
    minutes: int | None
    address: str | None = None


def calendar_of(fleet: Fleet, most_runs: int) -> Calendar:
    """The calendar of the next days. most_runs: the maximum number of next runs that were read for a window."""
    read_at = instant(fleet.read_at())
    if read_at is None:
        return Calendar([], [])
    found = [(reading, window, _runs(window, read_at)) for reading, window in fleet.windows()]
    # The earliest of the current dates in the time zones of the windows.
    first = min((in_zone(read_at, window).date() for _reading, window, runs in found if runs), default=read_at.date())
    days = [first + timedelta(days=number) for number in range(DAYS)]
    rows = [_row(reading, window, runs, days, most_runs) for reading, window, runs in found]
    far = datetime.max.replace(tzinfo=UTC)
    return Calendar(days, sorted(rows, key=lambda row: (row.next_run or far, row.window.name or "", row.place)))


def _row(reading: Reading, window: Window, runs: list[datetime], days: list[date], most_runs: int) -> Row:
    times: list[list[str]] = [[] for _day in days]
    for run in runs:
        number = (run.date() - days[0]).days
        if number < len(days):
            times[number].append(run.strftime("%H:%M"))
    more = len(window.next_runs) >= most_runs and bool(runs) and runs[-1].date() <= days[-1]
    first = runs[0] if runs else None
    return Row(reading.place_name(), window, times, first, more, _address(reading, window))


def _runs(window: Window, read_at: datetime) -> list[datetime]:
    """The next runs in the time zone of the window."""
    moments = sorted(moment for text in window.next_runs if (moment := instant(text)) is not None)
    return [in_zone(moment, window) for moment in moments if moment >= read_at]


def in_zone(moment: datetime, window: Window) -> datetime:
    """A time in the time zone of the window, or unchanged if the time zone is unknown on this machine."""
    zone = zone_of(window.schedule_timezone) if window.schedule_timezone else UTC
    with suppress(OverflowError):  # at the end of the year 9999
        return moment.astimezone(zone) if zone else moment
    return moment


def history_of(fleet: Fleet) -> list[Run]:
    """The runs that were read, newest first."""
    runs = [
        Run(reading.place_name(), window, run, instant(run.start_time), _minutes(run), _address(reading, window))
        for reading, window in fleet.windows()
        for run in window.executions
    ]
    past = datetime.min.replace(tzinfo=UTC)
    return sorted(runs, key=lambda one: (one.start or past, one.run.window_execution_id), reverse=True)


def _address(reading: Reading, window: Window) -> str | None:
    return window_address(place_of(reading), window.window_id)


def _minutes(run: WindowRun) -> int | None:
    start, end = instant(run.start_time), instant(run.end_time)
    return None if start is None or end is None else round((end - start).total_seconds() / 60)
