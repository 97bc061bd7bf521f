# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When windows open and how their last runs went, in the time zone of each window."""

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
    """One window in the calendar. days: for each day the times at which it opens.

    more: the window opens more often than could be read, so that its last days are not known. address: in the console.
    """

    place: str
    window: Window
    days: list[list[str]]
    next_run: datetime | None
    more: bool
    address: str | None = None


@dataclass(slots=True)
class Calendar:
    """The days and the windows. enabled windows come first, in the order of their next run."""

    days: list[date]
    rows: list[Row]


@dataclass(slots=True)
class Run:
    """One run of a window in the history. address: of the window in the console."""

    place: str
    window: Window
    run: WindowRun
    start: datetime | None
    minutes: int | None
    address: str | None = None


def calendar_of(fleet: Fleet, most_runs: int) -> Calendar:
    """The next days. most_runs: as many next runs were read of a window at most."""
    read_at = instant(fleet.read_at())
    if read_at is None:
        return Calendar([], [])
    found = [(reading, window, _runs(window, read_at)) for reading, window in fleet.windows()]
    # Today in that zone of the windows which is furthest behind.
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
    """The next runs in the window's own time."""
    moments = sorted(moment for text in window.next_runs if (moment := instant(text)) is not None)
    return [in_zone(moment, window) for moment in moments if moment >= read_at]


def in_zone(moment: datetime, window: Window) -> datetime:
    """A moment on the clock of the window's zone; as it is where the zone is not known here."""
    zone = zone_of(window.schedule_timezone) if window.schedule_timezone else UTC
    with suppress(OverflowError):  # at the end of the year 9999
        return moment.astimezone(zone) if zone else moment
    return moment


def history_of(fleet: Fleet) -> list[Run]:
    """The runs that were read, the newest first."""
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
