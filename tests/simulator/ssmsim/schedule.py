# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Schedule expressions of maintenance windows: ``cron(...)``, ``rate(...)`` and ``at(...)``.

The cron syntax is that of Quartz, as described in the Systems Manager reference on cron and rate expressions. The dates
are computed with dateutil's ``rrule``. Every error is a :class:`ScheduleError` with the message of the service.

If neither the reference nor an observation shows the behavior, these assumptions apply:

- A local time that a clock change skips runs later by the length of the gap (02:30 becomes 03:30). Otherwise, a window
  would miss a patch run, and ``java.time``, whose formats the service uses, does the same.
- A local time that a clock change repeats runs once, at its first occurrence, because a calendar entry means one run.
- ``nW`` skips months without a day n.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import groupby, pairwise, product
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import MONTHLY, rrule, weekday

SYNTAX = (
    r"Schedule expressions must have the following syntax: rate(<number>\s?(minutes?|hours?|days?)), "
    "cron(<cron_expression>) or at(yyyy-MM-dd'T'HH:mm:ss)."
)
INVALID_CRON = "Invalid CRON expression"
BOTH_DAYS = (
    f"{INVALID_CRON}: error at position 0, details: "
    "Specifying both a day-of-week AND a day-of-month parameter is not supported."
)
INVALID_FREQUENCY = "Invalid schedule frequency"
INVALID_AT = "Invalid schedule at DateTime expression"
INVALID_TIMEZONE = (
    "%s is a malformed timezone. Please refer to the IANA time zone database for a valid timezones."  # sic
)
INVALID_OFFSET = "An offset can't be added to the specified schedule."
INVALID_DATE = (
    "DateTime %s is malformed, format either must contain an offset - e.g. '2018-01-01T00:00:00-02:00' "
    "or '2018-01-01T00:00:00Z'"
)

SHORTEST_PERIOD = timedelta(minutes=5)
# The maximum difference between a skipped local time and its actual time. This is sufficient for the two zones that
# once skipped a whole day, because their skipped times are those of the next day.
_LONGEST_GAP = timedelta(hours=3)
# The maximum distance between a day of the month and its nearest weekday.
_NEAREST_REACH = timedelta(days=2)
_LONGEST_MONTH = {month: 29 if month == 2 else calendar.monthrange(2000, month)[1] for month in range(1, 13)}

_EXPRESSION = re.compile(r"(cron|rate|at)\((.*)\)")
_RATE = re.compile(r"(\d{1,9})\s?(minute|hour|day)(s?)")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)")
_TERM = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
_LAST_DAY = re.compile(r"L(?:-(\d{1,2}))?")
_NEAREST_DAY = re.compile(r"(\d{1,2})W")
_NTH_WEEKDAY = re.compile(r"(\w+)#(\d)")


class ScheduleError(ValueError):
    """The service rejects an expression, date or time zone. The message is that of the service."""


@dataclass(frozen=True)
class _Field:
    """One field of a cron expression: its inclusive bounds, and the names of its values from `low` on."""

    low: int
    high: int
    names: tuple[str, ...] = ()

    def value(self, text: str) -> int:
        """The number of `text`, which is a number or a name."""
        if text in self.names:
            return self.low + self.names.index(text)
        if not (text.isascii() and text.isdecimal() and self.low <= int(text) <= self.high):
            raise ScheduleError(INVALID_CRON)
        return int(text)

    def expand(self, text: str) -> list[int]:
        """The values of a field in ascending order: ``*``, ``a``, ``a-b``, each also with ``/n``, or a list of them."""
        return sorted({value for term in text.split(",") for value in self._term(term)})

    def _term(self, text: str) -> list[int]:
        match = _TERM.fullmatch(text)
        if match is None:
            raise ScheduleError(INVALID_CRON)
        step = int(match["step"] or 1)
        if not 1 <= step <= self.high:
            raise ScheduleError(INVALID_CRON)
        if match["first"] is None:
            return list(range(self.low, self.high + 1, step))
        first = self.value(match["first"])
        if match["last"] is None:
            return list(range(first, (self.high if match["step"] else first) + 1, step))
        return self._span(first, self.value(match["last"]))[::step]

    def _span(self, first: int, last: int) -> list[int]:
        if first <= last:
            return list(range(first, last + 1))
        if self is _YEAR:
            raise ScheduleError(INVALID_CRON)
        return [*range(first, self.high + 1), *range(self.low, last + 1)]  # Quartz: FRI-MON, NOV-FEB, 22-2 wrap


_SECOND = _MINUTE = _Field(0, 59)
_HOUR = _Field(0, 23)
_DAY = _Field(1, 31)
_MONTH = _Field(1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"))
_WEEKDAY = _Field(1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))
_YEAR = _Field(1970, 2199)


def _resolve(moment: datetime, zone: tzinfo) -> datetime:
    """The aware time of a naive local `moment`: later by the gap if skipped, the first one if repeated."""
    return moment.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)


@dataclass(frozen=True)
class Schedule:
    """A valid schedule expression in the time zone of its window.

    `kind` is the kind of the expression. cron and at specify local times, and rate specifies elapsed time.
    """

    kind: Literal["cron", "rate", "at"] = field(init=False)
    zone: tzinfo

    def occurrences(
        self, after: datetime, *, anchor: datetime, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[datetime]:
        """The aware runs after `after` in ascending order, in the time zone of the window. Often endless.

        `anchor` is the time of the creation, or of the update that set the schedule. A rate starts there, or at a later
        `start`, which is then its first run. With a schedule offset, a cron day before the anchor has no run, even if
        the day with the offset is after the anchor. `start` is the earliest time of a run, and runs are before `end`.
        """
        for moment in self._moments(after, anchor, start):
            if end is not None and moment >= end:
                return
            if start is None or moment >= start:
                yield moment

    def render(self, moment: datetime) -> str:
        """`moment` in the window's time zone in the ISO-8601 format of the service, which omits zero seconds."""
        local = moment.astimezone(self.zone)
        if local.microsecond >= 1000:
            text = local.isoformat(timespec="milliseconds")
        else:
            text = local.isoformat(timespec="seconds" if local.second else "minutes")
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text

    def _moments(self, after: datetime, anchor: datetime, start: datetime | None) -> Iterator[datetime]:
        raise NotImplementedError


@dataclass(frozen=True)
class At(Schedule):
    """One run at a local time."""

    kind: Literal["at"] = field(init=False, default="at")
    moment: datetime

    def _moments(self, after: datetime, anchor: datetime, start: datetime | None) -> Iterator[datetime]:
        if self.moment > after:
            yield self.moment


@dataclass(frozen=True)
class Rate(Schedule):
    """A run after every `period` of elapsed time."""

    kind: Literal["rate"] = field(init=False, default="rate")
    period: timedelta

    def _moments(self, after: datetime, anchor: datetime, start: datetime | None) -> Iterator[datetime]:
        origin = (anchor if start is None else max(anchor, start)).astimezone(UTC)
        count = max(0, (after - origin) // self.period + 1)
        try:
            while True:
                yield (origin + count * self.period).astimezone(self.zone)
                count += 1
        except OverflowError:  # after the year 9999
            return


@dataclass(frozen=True)
class Cron(Schedule):
    """Runs at `times` of matching local days."""

    kind: Literal["cron"] = field(init=False, default="cron")
    times: tuple[time, ...]
    months: tuple[int, ...]
    years: tuple[tuple[int, int], ...]
    days: dict[str, Any] = field(hash=False)
    nearest: bool
    offset: timedelta

    def _moments(self, after: datetime, anchor: datetime, start: datetime | None) -> Iterator[datetime]:
        after = after if start is None else max(after, start - datetime.resolution)
        floor = after.astimezone(self.zone).replace(tzinfo=None) - _LONGEST_GAP
        latest = after
        for day in self._days(floor - self.offset):
            for moment in self._of_day(day, floor, anchor):
                if moment > latest:
                    latest = moment
                    yield moment

    def _of_day(self, day: datetime, floor: datetime, anchor: datetime) -> list[datetime]:
        """The runs of the cron day `day` (naive midnight) at or after the naive `floor`."""
        named = (datetime.combine(day, at) for at in self.times)
        wanted = [moment for moment in named if moment + self.offset >= floor]
        if self.offset:
            wanted = [moment for moment in wanted if _resolve(moment, self.zone) > anchor]
        # Sorted by actual time: in a gap, 02:30 becomes 03:30, which is after 03:00 of the same day.
        return sorted(_resolve(moment + self.offset, self.zone) for moment in wanted)

    def _days(self, floor: datetime) -> Iterator[datetime]:
        """The cron days from the day of `floor` on (and a few before, for the nearest weekday), as naive midnights."""
        if not self.months:
            return
        since = datetime.combine(floor - _NEAREST_REACH if self.nearest else floor, time.min)
        for first, last in self.years:
            if last >= since.year:
                begin = max(since, datetime(first, 1, 1))
                until = datetime(last, 12, 31)
                days = rrule(MONTHLY, dtstart=begin, until=until, bymonth=self.months, **self.days)
                yield from map(_nearest_weekday, days) if self.nearest else days


def _nearest_weekday(day: datetime) -> datetime:
    """The day itself, or the nearest weekday in the same month (``W`` in Quartz)."""
    shift = {5: -1 if day.day > 1 else 2, 6: 1}.get(day.weekday(), 0)
    if (day + timedelta(days=shift)).month != day.month:
        shift = -2
    return day + timedelta(days=shift)


def parse(expression: str, timezone: str | None = None, offset: int | None = None, *, strict: bool = False) -> Schedule:
    """The schedule of `expression` in the IANA time zone `timezone` (default UTC), `offset` days later.

    `strict` requires ``rate(1 day)`` and ``rate(2 days)``. Otherwise, singular and plural are the same. Raises
    :class:`ScheduleError`.
    """
    return _parse(expression, timezone, offset, strict)


@lru_cache(maxsize=1024)
def _parse(expression: str, timezone: str | None, offset: int | None, strict: bool) -> Schedule:
    match = _EXPRESSION.fullmatch(expression)
    if match is None:
        raise ScheduleError(SYNTAX)
    kind, body = match.groups()
    zone = _zone(timezone)
    if kind == "cron":
        return _cron(body, zone, offset)
    schedule = _rate(body, zone, strict) if kind == "rate" else _at(body, zone)
    if offset is not None:
        raise ScheduleError(INVALID_OFFSET)
    return schedule


def parse_date(text: str) -> datetime:
    """The time of a StartDate or EndDate, which must have an offset or Z. Raises :class:`ScheduleError`."""
    try:
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise ScheduleError(INVALID_DATE % text)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(name: str | None) -> tzinfo:
    if name in (None, "UTC"):
        return UTC
    if name not in _zone_names():
        raise ScheduleError(INVALID_TIMEZONE % name)
    return ZoneInfo(name)


def _at(body: str, zone: tzinfo) -> At:
    try:
        if _AT.fullmatch(body):
            return At(zone, _resolve(datetime.fromisoformat(body), zone))
    except ValueError:
        pass
    raise ScheduleError(INVALID_AT)


def _rate(body: str, zone: tzinfo, strict: bool) -> Rate:
    match = _RATE.fullmatch(body)
    if match is None:
        raise ScheduleError(SYNTAX)
    count, unit, plural = int(match[1]), match[2], bool(match[3])
    if strict and plural != (count != 1):
        raise ScheduleError(SYNTAX)
    period = timedelta(**{f"{unit}s": count})
    if period < SHORTEST_PERIOD:
        raise ScheduleError(INVALID_FREQUENCY)
    return Rate(zone, period)


def _cron(body: str, zone: tzinfo, offset: int | None) -> Cron:
    fields = body.upper().split()
    if len(fields) == 6:
        fields = ["0", *fields]
    if len(fields) != 7:
        raise ScheduleError(INVALID_CRON)
    second, minute, hour, day, month, week, year = fields
    if "?" not in (day, week):
        raise ScheduleError(BOTH_DAYS)
    if day == week:
        raise ScheduleError(INVALID_CRON)
    if offset is not None and not ("#" in week or week.endswith("L")):
        raise ScheduleError(INVALID_OFFSET)
    nearest = _NEAREST_DAY.fullmatch(day)
    days = _days_of_week(week) if day == "?" else _days_of_month(nearest[1] if nearest else day)
    return Cron(
        zone,
        times=_times(_HOUR.expand(hour), _MINUTE.expand(minute), _SECOND.expand(second)),
        months=_possible(_MONTH.expand(month), days),
        years=_runs(_YEAR.expand(year)),
        days=days,
        nearest=nearest is not None,
        offset=timedelta(days=offset or 0),
    )


def _times(hours: list[int], minutes: list[int], seconds: list[int]) -> tuple[time, ...]:
    """The times of a day. Their rate within an hour must not exceed the maximum of the service."""
    gaps = [timedelta(minutes=later - earlier) for earlier, later in pairwise(minutes)]
    if len(seconds) > 1 or min(gaps, default=SHORTEST_PERIOD) < SHORTEST_PERIOD:
        raise ScheduleError(INVALID_CRON)
    return tuple(time(*parts) for parts in product(hours, minutes, seconds))


def _days_of_month(text: str) -> dict[str, Any]:
    """The recurrence rule of a day-of-month field, with ``nW`` as ``n``."""
    if text == "LW":
        return {"byweekday": range(5), "bysetpos": -1}
    last = _LAST_DAY.fullmatch(text)
    if last is None:
        return {"bymonthday": _DAY.expand(text)}
    before = int(last[1] or 0)
    if before > 30:
        raise ScheduleError(INVALID_CRON)
    return {"bymonthday": [-1 - before]}


def _days_of_week(text: str) -> dict[str, Any]:
    """The recurrence rule of a day-of-week field."""
    if text == "L":
        return {"byweekday": _weekday(7)}  # in Quartz, L alone is the last day of the week
    if text.endswith("L"):
        return {"byweekday": _weekday(_WEEKDAY.value(text[:-1]), -1)}
    nth = _NTH_WEEKDAY.fullmatch(text)
    if nth is None:
        return {"byweekday": [_weekday(value) for value in _WEEKDAY.expand(text)]}
    if not 1 <= int(nth[2]) <= 5:
        raise ScheduleError(INVALID_CRON)
    return {"byweekday": _weekday(_WEEKDAY.value(nth[1]), int(nth[2]))}


def _weekday(number: int, nth: int | None = None) -> weekday:
    """dateutil's weekday for `number` of the service, in which Sunday is 1."""
    return weekday((number - 2) % 7, nth)


def _possible(months: list[int], days: dict[str, Any]) -> tuple[int, ...]:
    """The months with any of the days: none for 30 February, which would be searched until the last year."""
    wanted = days.get("bymonthday", [1])
    return tuple(month for month in months if any(abs(day) <= _LONGEST_MONTH[month] for day in wanted))


def _runs(years: list[int]) -> tuple[tuple[int, int], ...]:
    """Ascending years as (first, last) of each consecutive range."""
    runs = [[year for _, year in run] for _, run in groupby(enumerate(years), lambda pair: pair[1] - pair[0])]
    return tuple((run[0], run[-1]) for run in runs)
