# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The runs of a window: its schedule between its dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from ssmsim.errors import validation
from ssmsim.schedule import ScheduleError, parse, parse_date
from ssmsim.store import Record, Region


class Runs:
    """The runs of an enabled window. The next one is cached, because every read shows it and it seldom changes."""

    def __init__(self, window: Record, *, strict: bool) -> None:
        """Raises ValidationException with the message of the service for an invalid schedule or date."""
        try:
            self.schedule = parse(
                window["Schedule"], window.get("ScheduleTimezone"), window.get("ScheduleOffset"), strict=strict
            )
        except ScheduleError as error:
            raise validation(str(error)) from error
        self._start = date_of(window.get("StartDate"))
        self._end = date_of(window.get("EndDate"))
        if self._start and self._end and self._end <= self._start:
            raise validation("Window start date must be before window end date")
        self._anchor = window["Anchor"]
        self._sought: datetime | None = None
        self._found: datetime | None = None

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The runs after a time in ascending order, in the time zone of the window. Endless for most windows."""
        return self.schedule.occurrences(moment, anchor=self._anchor, start=self._start, end=self._end)

    def next(self, now: datetime) -> str | None:
        """NextExecutionTime at the time ``now``."""
        passed = self._found is not None and self._found <= now
        if self._sought is None or now < self._sought or passed:
            self._sought, self._found = now, next(self.after(now), None)
        return None if self._found is None else self.schedule.render(self._found)


def runs_of(region: Region, window: Record) -> Runs:
    """The runs of a window, cached by the members that they depend on."""
    members = ("Schedule", "ScheduleTimezone", "ScheduleOffset", "StartDate", "EndDate", "Anchor")
    return _runs(tuple((key, window[key]) for key in members if key in window), region.strict)


@lru_cache(maxsize=4096)
def _runs(members: tuple[tuple[str, object], ...], strict: bool) -> Runs:
    return Runs(dict(members), strict=strict)


def date_of(text: str | None) -> datetime | None:
    """The time of a date from a client. Raises ValidationException with the message of the service."""
    try:
        return parse_date(text) if text is not None else None
    except ScheduleError as error:
        raise validation(str(error)) from error


def bounds(filters: list[dict[str, Any]], keys: Iterable[str]) -> dict[str, list[datetime]]:
    """The times for each allowed filter key. Raises ValidationException for another key or an invalid time."""
    found: dict[str, list[datetime]] = {key: [] for key in keys}
    for entry in filters:
        key = entry.get("Key")
        if key not in found:
            raise validation(f"The filter key {key} is not valid. Valid keys are: {', '.join(found)}.")
        moments = (date_of(value) for value in entry.get("Values", []))
        found[key] += [moment for moment in moments if moment is not None]
    return found
