# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a window runs: its schedule between its dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from ssmsim.errors import validation
from ssmsim.schedule import ScheduleError, parse, parse_date
from ssmsim.store import Record, Region


class Runs:
    """The runs of an enabled window. The next one is remembered, as every read shows it and few change it."""

    def __init__(self, window: Record, *, strict: bool) -> None:
        """Raises ValidationException, with the service's text, for a schedule or dates that it refuses."""
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
        """The runs strictly after a moment, ascending, in the window's zone; endless for most windows."""
        return self.schedule.occurrences(moment, anchor=self._anchor, start=self._start, end=self._end)

    def next(self, now: datetime) -> str | None:
        """NextExecutionTime at the moment ``now``."""
        passed = self._found is not None and self._found <= now
        if self._sought is None or now < self._sought or passed:
            self._sought, self._found = now, next(self.after(now), None)
        return None if self._found is None else self.schedule.render(self._found)


def runs_of(region: Region, window: Record) -> Runs:
    """The runs of a window, by what they depend on."""
    members = ("Schedule", "ScheduleTimezone", "ScheduleOffset", "StartDate", "EndDate", "Anchor")
    return _runs(tuple((key, window[key]) for key in members if key in window), region.strict)


@lru_cache(maxsize=4096)
def _runs(members: tuple[tuple[str, object], ...], strict: bool) -> Runs:
    return Runs(dict(members), strict=strict)


def date_of(text: str | None) -> datetime | None:
    """The moment of a date that a client sent. Raises ValidationException with the service's text."""
    try:
        return parse_date(text) if text is not None else None
    except ScheduleError as error:
        raise validation(str(error)) from error


def bounds(filters: list[dict[str, Any]], keys: Iterable[str]) -> dict[str, list[datetime]]:
    """The moments of each key that filters may have. Raises ValidationException for another key or no moment."""
    found: dict[str, list[datetime]] = {key: [] for key in keys}
    for entry in filters:
        key = entry.get("Key")
        if key not in found:
            raise validation(f"The filter key {key} is not valid. Valid keys are: {', '.join(found)}.")
        moments = (date_of(value) for value in entry.get("Values", []))
        found[key] += [moment for moment in moments if moment is not None]
    return found
