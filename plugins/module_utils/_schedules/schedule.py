# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedule expressions, time zones and dates of maintenance windows: their rules, and the resulting runs.

Rules: https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateMaintenanceWindow.html. What they do not
specify (ranges that wrap, L-3, LW) follows Quartz, which has the same grammar.

A local time that a clock change skips runs later by the length of the gap (02:30 becomes 03:30). A local time that a
clock change repeats runs once, at its first occurrence.

The check functions return every violation as a text for the user, without the name of the option. An empty list means
that no violation is known.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice, pairwise, product, takewhile
from typing import Any, Literal, TypeVar

from .time_zones import similar_names, zone_of

T = TypeVar("T")
Days = Callable[[int, int], Iterable[int]]  # (year, month) -> ascending days of that month

SHORTEST_PERIOD = timedelta(minutes=5)
EXAMPLE = "cron(0 2 ? * TUE#2 *)"
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

_EXPRESSION = re.compile(r"(cron|rate|at)\((.*)\)")
_TERM = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]+))?")
_RATE = re.compile(r"([0-9]{1,9})\s?(minute|hour|day)(s?)")
_WEEKS = re.compile(r"([0-9]{1,4})\s*weeks?")
_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_DATE = re.compile(rf"{_AT.pattern.replace('T', '[T ]')}(\.[0-9]{{1,9}})?(Z|[+-][0-9]{{2}}:[0-9]{{2}})")


class ScheduleError(ValueError):
    """Violations in an expression, zone or date. `problems` contains a text for each."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class _Field:
    """One field of a cron expression: its inclusive bounds, and the names of its values, starting with `low`."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def read(self, text: str, parse: Callable[[str], T], problems: list[str]) -> T | None:
        """The result of parse(text). If it has violations, they are added to `problems`, and the result is None."""
        try:
            return parse(text.upper())
        except ScheduleError as error:
            problems += [f"the {self.name} field {text!r}: {problem}" for problem in error.problems]
            return None

    def value(self, text: str) -> int:
        """The value of a number or a name."""
        if text in self.names:
            return self.low + self.names.index(text)
        if text.isascii() and text.isdecimal() and self.low <= int(text) <= self.high:
            return int(text)
        names = f" or {self.names[0]} to {self.names[-1]}" if self.names else ""
        hint = ", where 1 is SUN" if self.names is WEEKDAYS else ""
        raise ScheduleError(f"{text!r} must be {self.low} to {self.high}{names}{hint}")

    def values(self, text: str) -> tuple[int, ...]:
        """The values, ascending, of ``*``, ``a`` or ``a-b``, each with or without ``/n``, or of a list of them."""
        found: set[int] = set()
        problems: list[str] = []
        for term in text.split(","):
            try:
                found.update(self._term(term))
            except ScheduleError as error:
                problems += error.problems
        if problems:
            raise ScheduleError(*problems)
        return tuple(sorted(found))

    def _term(self, text: str) -> Iterable[int]:
        if text == "?":
            raise ScheduleError(
                "'?' is allowed only in day-of-month or day-of-week, and only alone; specify a value or '*'"
            )
        match = _TERM.fullmatch(text)
        if match is None:
            raise ScheduleError(f"{text!r} must be '*', a value such as {self.low}, a range a-b or steps a/n")
        step = int(match["step"] or 1)
        if not 1 <= step <= self.high:
            raise ScheduleError(f"the step of {text!r} must be 1 to {self.high}")
        if match["first"] is None:
            return range(self.low, self.high + 1, step)
        first = self.value(match["first"])
        if match["last"] is None:
            return range(first, (self.high if match["step"] else first) + 1, step)
        return self._span(first, self.value(match["last"]))[::step]

    def _span(self, first: int, last: int) -> list[int]:
        if first <= last:
            return list(range(first, last + 1))
        if self is _YEAR:
            raise ScheduleError(f"the range {first}-{last} is reversed; specify {last}-{first}")
        return [*range(first, self.high + 1), *range(self.low, last + 1)]


_SECOND = _Field("seconds", 0, 59)
_MINUTE = _Field("minutes", 0, 59)
_HOUR = _Field("hours", 0, 23)
_DAY = _Field("day-of-month", 1, 31)
_MONTH = _Field("month", 1, 12, MONTHS)
_WEEKDAY = _Field("day-of-week", 1, 7, WEEKDAYS)
_YEAR = _Field("year", 1970, 2199)


@dataclass(frozen=True)
class _Cron:
    """Runs at `times` on the local days that match."""

    times: tuple[time, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]

    def runs(self, after: datetime, zone: tzinfo, offset: timedelta) -> Iterator[datetime]:
        """The runs after `after`, ascending, in UTC, each `offset` days after its cron day."""
        # Starts one day earlier, because a time that a clock change skips can run on the next day.
        first = after.astimezone(zone).date() - offset - timedelta(days=1)
        latest = after
        for day in self._days_from(first):
            for moment in sorted(_resolve(datetime.combine(day + offset, at), zone) for at in self.times):
                if moment > latest:
                    latest = moment
                    yield moment

    def _days_from(self, first: date) -> Iterator[date]:
        years = [year for year in self.years if year >= first.year]
        for year, month in product(years, self.months):
            if (year, month) >= (first.year, first.month):
                days = (date(year, month, day) for day in self.days(year, month))
                yield from (day for day in days if day >= first)


@dataclass(frozen=True)
class _Rate:
    """A run every `period` of real time."""

    period: timedelta

    def runs(self, after: datetime, anchor: datetime) -> Iterator[datetime]:
        """The runs after `after`, ascending, in UTC. The first run of the rate is at `anchor`."""
        count = max(0, (after - anchor) // self.period + 1)
        try:
            while True:
                yield anchor + count * self.period
                count += 1
        except OverflowError:  # past the year 9999
            return


@dataclass(frozen=True)
class _At:
    """One run at a local time."""

    local: datetime

    def runs(self, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        """The run in UTC, if it is after `after`."""
        try:
            moment = _resolve(self.local, zone)
        except OverflowError:  # a local time on the first or last day of the calendar
            return
        if moment > after:
            yield moment


def schedule_kind(expression: str) -> Literal["cron", "rate", "at"] | None:
    """The kind of an expression, whether or not the content of its parentheses is valid."""
    match = _EXPRESSION.fullmatch(expression)
    return match[1] if match else None  # type: ignore[return-value]


def takes_offset(expression: str) -> bool:
    """Whether an expression supports a schedule offset: a cron with ``#`` or ``L`` in its day-of-week field."""
    week = expression.upper().split()[-2:-1]
    return schedule_kind(expression) == "cron" and any("#" in field or field.endswith("L") for field in week)


def check_schedule(expression: str) -> list[str]:
    """The violations of a schedule expression."""
    try:
        _parse(expression)
    except ScheduleError as error:
        return error.problems
    return []


def next_runs(
    expression: str,
    timezone: str | None = None,
    offset: int | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    after: datetime,
    count: int,
) -> list[datetime]:
    """At most `count` runs strictly after `after`, ascending, in the zone of the window (UTC if none).

    `timezone` is an IANA name, `offset` the schedule offset in days (None or 0: none). No run is before `start`, and
    all runs are before `end`. All times must be aware. A rate counts from `start`, its first run, or else from `after`,
    because the creation or update from which the service counts is unknown here. An offset counts as if the window had
    always existed: if a window is created after its cron day, the service skips the run of that period. Raises
    ScheduleError, a ValueError.
    """
    if any(moment and moment.tzinfo is None for moment in (after, start, end)):
        raise ScheduleError("the moments to look for runs between must have an offset")
    schedule = _parse(expression)
    zone = _zone_or_error(timezone)
    if offset and not (takes_offset(expression) and 1 <= offset <= 6):
        raise ScheduleError(f"an offset of {offset} days: it must be 1 to 6, with '#' or 'L' in the day-of-week field")
    after = after.astimezone(UTC)
    begin = start.astimezone(UTC) if start else None
    floor = max(after, begin - datetime.resolution) if begin else after
    if isinstance(schedule, _Cron):
        runs = schedule.runs(floor, zone, timedelta(days=offset or 0))
    elif isinstance(schedule, _Rate):
        runs = schedule.runs(floor, begin or after)
    else:
        runs = schedule.runs(floor, zone)
    valid = takewhile(lambda moment: end is None or moment < end, runs)
    return [moment.astimezone(zone) for moment in islice(valid, max(count, 0))]


def next_run(options: Mapping[str, Any], after: datetime, is_new: bool = False) -> datetime | None:
    """The first run of a window with these options after a given time. None if it has none or they are not valid.

    is_new: whether the schedule is set at that time. The service then skips the run of a cron day that has passed.
    """
    start, end = (parse_instant(str(options.get(name) or "")) for name in ("start_date", "end_date"))
    zone, offset = options.get("schedule_timezone"), options.get("schedule_offset")
    if is_new and isinstance(offset, int) and 1 <= offset <= 6:
        # Days of the zone are not always 24 hours long.
        after = after.astimezone(zone_of(zone or "UTC")) + timedelta(days=offset)
    try:
        runs = next_runs(str(options["schedule"]), zone, offset, start, end, after=after, count=1)
    except ScheduleError:
        return None
    return runs[0] if runs else None


def run_text(moment: datetime) -> str:
    """A run in the format of C(NextExecutionTime): without seconds if they are zero, and with C(Z) for UTC."""
    text = moment.isoformat(timespec="seconds" if moment.second else "minutes")
    return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text


def check_timezone(name: str) -> list[str]:
    """The violations of an IANA time zone name. Empty if this host has no database to compare it with."""
    near = None if zone_of(name) else similar_names(name)
    if near is None:
        return []
    meant = (
        f"did you mean {' or '.join(near)}?"
        if near
        else "specify a name such as Europe/Berlin, or install a newer tzdata on this host"
    )
    return [f"{name!r} is not an IANA time zone name (names are case-sensitive); {meant}"]


def parse_instant(value: str) -> datetime | None:
    """The aware time of an ISO 8601 date with an offset or Z, in any format of the service or YAML. None otherwise."""
    try:
        moment = datetime.fromisoformat(value.strip())
        # Times at the ends of the calendar do not exist in every zone.
        return moment if moment.tzinfo and moment.astimezone(UTC) else None
    except (OverflowError, ValueError):
        return None


def check_date(text: str) -> list[str]:
    """The violations of a start or end date, which must be in the extended ISO 8601 format with an offset or Z."""
    moment = parse_instant(text)
    if moment and _DATE.fullmatch(text):
        return []
    if moment:
        return [f"{text!r} is not in the extended ISO-8601 format; specify {moment.isoformat()}"]
    try:
        local = datetime.fromisoformat(text).isoformat()
    except ValueError:
        return [f"{text!r} is not an ISO-8601 date with an offset or Z, such as 2026-01-31T00:00:00Z"]
    return [f"{text!r} has no offset; specify {local}Z for UTC, or the offset of your time zone, such as {local}+02:00"]


def _parse(expression: str) -> _Cron | _Rate | _At:
    match = _EXPRESSION.fullmatch(expression)
    if match is None:
        raise ScheduleError(_syntax_problem(expression))
    kind, body = match.groups()
    if kind == "cron":
        return _parse_cron(body)
    return _parse_rate(body) if kind == "rate" else _parse_at(body)


def _syntax_problem(expression: str) -> str:
    fields = expression.split()
    clean = re.sub(r"^\w+ *(?=\()", lambda kind: kind[0].strip().lower(), expression.strip())
    if schedule_kind(clean):
        way_out = f"specify {clean}"
    elif len(fields) == 5:
        way_out = _from_unix(fields)
    else:
        way_out = f"specify cron({' '.join(fields)})" if len(fields) in (6, 7) else f"for example {EXAMPLE}"
    return f"{expression!r} must be cron(...), rate(...) or at(...), in lower case, with nothing around it; {way_out}"


def _from_unix(fields: list[str]) -> str:
    """The correction for the five fields of Unix cron, in which 0 and 7 are Sunday and there is no year."""
    minute, hour, day, month, week = fields
    if "*" not in (day, week):
        return "AWS accepts a day of the month or a day of the week; use two windows for both"
    # A step after '/' remains a number.
    week = re.sub(r"(?<![/\w])[0-7](?!\w)", lambda number: WEEKDAYS[int(number[0]) % 7], week)
    days = (day, "?") if week == "*" else ("?", week)
    return f"specify cron({minute} {hour} {days[0]} {month} {days[1]} *)"


def _parse_cron(body: str) -> _Cron:
    fields = body.split()
    if len(fields) not in (6, 7):
        hint = f" These look like Unix cron: {_from_unix(fields)}." if len(fields) == 5 else ""
        raise ScheduleError(
            f"cron({body}) has {len(fields)} fields but must have six (minutes, hours, day-of-month, month,"
            f" day-of-week, year) or seven (seconds first), such as {EXAMPLE}.{hint}"
        )
    second, minute, hour, day, month, week, year = ["0", *fields][-7:]
    problems = _day_problems(day, week)
    seconds = _SECOND.read(second, _seconds, problems)
    minutes = _MINUTE.read(minute, _MINUTE.values, problems)
    hours = _HOUR.read(hour, _HOUR.values, problems)
    of_month = None if day == "?" else _DAY.read(day, _days_of_month, problems)
    months = _MONTH.read(month, _MONTH.values, problems)
    of_week = None if week == "?" else _WEEKDAY.read(week, _days_of_week, problems)
    years = _YEAR.read(year, _YEAR.values, problems)
    problems += _spacing_problems(minute, minutes, hours)
    days = of_month or of_week
    if problems or not (seconds and minutes and hours and days and months and years):
        raise ScheduleError(*problems)
    return _Cron(tuple(time(*parts) for parts in product(hours, minutes, seconds)), days, months, years)


def _day_problems(day: str, week: str) -> list[str]:
    if day == week == "?":
        return [
            "the day-of-month and day-of-week fields are both '?'; specify the days in one of them, or '*' for"
            " every day"
        ]
    if "?" in (day, week):
        return []
    spare = _DAY.name if day == "*" else _WEEKDAY.name if week == "*" else "one of them"
    return [
        f"the day-of-month field {day!r} and the day-of-week field {week!r} are both set, but AWS accepts only"
        f" one; use '?' in {spare}"
    ]


def _spacing_problems(text: str, minutes: tuple[int, ...] | None, hours: tuple[int, ...] | None) -> list[str]:
    moments = [timedelta(hours=hour, minutes=minute) for hour, minute in product(hours or (), minutes or ())]
    if all(later - earlier >= SHORTEST_PERIOD for earlier, later in pairwise(moments)):
        return []
    return [
        f"the minutes field {text!r}: windows cannot open more often than every 5 minutes; 0/5 is the shortest step"
    ]


def _seconds(text: str) -> tuple[int, ...]:
    values = _SECOND.values(text)
    if len(values) > 1:
        raise ScheduleError("specify one value from 0 to 59: windows cannot open more often than every 5 minutes")
    return values


def _alone(text: str, marks: str) -> None:
    if "," in text and any(mark in text for mark in marks):
        raise ScheduleError(f"{' and '.join(marks)} must be used alone, not in a list; use a window for each")


def _days_of_month(text: str) -> Days:
    _alone(text, "LW")
    if text == "LW":
        return lambda year, month: [_nearest_weekday(year, month, _last(year, month))]
    if text == "L" or text.startswith("L-"):
        before = 0 if text == "L" else _Field(_DAY.name, 0, 30).value(text[2:])
        return lambda year, month: [day for day in (_last(year, month) - before,) if day >= 1]
    if text.endswith("W"):
        wanted = _DAY.value(text[:-1])
        return lambda year, month: [_nearest_weekday(year, month, wanted)] if wanted <= _last(year, month) else []
    days = _DAY.values(text)
    return lambda year, month: [day for day in days if day <= _last(year, month)]


def _days_of_week(text: str) -> Days:
    _alone(text, "L#")
    if text.endswith("L"):
        last = _WEEKDAY.value(text[:-1] or "SAT")  # L alone is the last day of the week
        which = slice(-1, None) if text[:-1] else slice(None)
        return lambda year, month: _each(year, month, last)[which]
    if "#" in text:
        name, _mark, nth = text.partition("#")
        number = _WEEKDAY.value(name)
        if nth not in ("1", "2", "3", "4", "5"):
            raise ScheduleError("#n must be 1 to 5, as in TUE#2, the second Tuesday")
        return lambda year, month: _each(year, month, number)[int(nth) - 1 : int(nth)]
    numbers = _WEEKDAY.values(text)
    return lambda year, month: sorted(day for number in numbers for day in _each(year, month, number))


def _last(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _each(year: int, month: int, number: int) -> list[int]:
    """The days of the month that fall on the weekday `number`, where 1 is Sunday."""
    weekday_of_first, last = monthrange(year, month)
    return list(range(1 + (number - 2 - weekday_of_first) % 7, last + 1, 7))


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The day itself, or the nearest day from Monday to Friday in the same month."""
    weekday = date(year, month, day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else 3
    if weekday == 6:
        return day + 1 if day < _last(year, month) else day - 2
    return day


def _parse_rate(body: str) -> _Rate:
    match = _RATE.fullmatch(body)
    if match is None:
        weeks = _WEEKS.fullmatch(body)
        hint = f"rate({7 * int(weeks[1])} days)" if weeks else "for example rate(7 days)"
        raise ScheduleError(f"rate({body}) must be a whole number and minutes, hours or days; specify {hint}")
    count, unit = int(match[1]), match[2]
    if count == 0:
        raise ScheduleError(f"rate({body}): the number must be 1 or more")
    problems = []
    if (count > 1) != bool(match[3]):
        form = "plural" if count > 1 else "singular"
        problems.append(f"rate({body}): {count} requires the {form}; specify rate({count} {unit}{'s' * (count > 1)})")
    period = timedelta(**{f"{unit}s": count})
    if period < SHORTEST_PERIOD:
        problems.append(f"rate({body}): windows cannot open more often than every 5 minutes; specify rate(5 minutes)")
    if problems:
        raise ScheduleError(*problems)
    return _Rate(period)


def _parse_at(body: str) -> _At:
    match = _AT.match(body)
    if match is None:
        raise ScheduleError(f"at({body}) must have the form at(yyyy-MM-ddTHH:mm:ss), such as at(2026-01-31T02:00:00)")
    if match.end() < len(body):
        raise ScheduleError(
            f"at({body}) supports neither a time zone nor fractions; specify at({match[0]}) and use schedule_timezone"
        )
    try:
        return _At(datetime.fromisoformat(body))
    except ValueError as error:
        raise ScheduleError(f"at({body}) is not a date and time that exists: {error}") from error


def _resolve(local: datetime, zone: tzinfo) -> datetime:
    """The time in UTC of a naive local time: later by the gap if it is skipped, the first one if it is repeated."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def _zone_or_error(name: str | None) -> tzinfo:
    if not name:
        return UTC
    zone = zone_of(name)
    if zone is None:
        no_database = f"this host has no time zone database to look up {name!r}; install tzdata"
        raise ScheduleError(*check_timezone(name) or [no_database])
    return zone
