# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection and the simulator, which evaluate schedules each in its own way, find the same runs."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules.schedule import (
    check_schedule,
    next_runs,
    takes_offset,
)
from ansible_collections.patchfleet.aws.tests.support.effort import example_count
from hypothesis import given, settings
from hypothesis import strategies as st
from ssmsim.schedule import ScheduleError, parse

LONG_AGO = datetime(1969, 1, 1, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia")
TABLE = (
    "cron(0 2 ? * THU#3 *)",
    "cron(15 10 ? * MON-FRI *)",
    "cron(24 30 09 ? * * *)",
    "cron(0 2 L * ? *)",
    "cron(0 2 L-4 * ? *)",
    "cron(0 2 LW * ? *)",
    "cron(30 2 1W * ? *)",
    "cron(30 2 31W * ? *)",
    "cron(15 10 ? * 6L *)",
    "cron(15 10 ? * L *)",
    "cron(30 2 ? * SUN *)",
    "cron(0/30 1-3 ? 3,10,11 SUN *)",
    "cron(0 22-2/2 ? NOV-FEB FRI-MON 2010/3)",
    "cron(0 2 29 2 ? *)",
    "cron(0 2 30 2 ? *)",
    "cron(0/5 * ? * * *)",
    "cron(0 0 ? * * 2199)",
    "at(2026-03-29T02:30:00)",
    "at(2026-10-25T02:30)",
    "rate(5 minutes)",
    "rate(1 hour)",
    "rate(7 days)",
    "rate(1000000 days)",
)


def simulated(
    expression: str, zone: str, offset: int | None, start: datetime | None, end: datetime | None, after: datetime
) -> list[str]:
    """The runs by the simulator, of a window that was always there but for a rate, which counts from the search on."""
    schedule = parse(expression, zone, offset, strict=True)
    anchor = (start or after) if schedule.kind == "rate" else LONG_AGO
    return [run.isoformat() for run in islice(schedule.occurrences(after, anchor=anchor, start=start, end=end), 20)]


def calculated(
    expression: str, zone: str, offset: int | None, start: datetime | None, end: datetime | None, after: datetime
) -> list[str]:
    """The runs by the collection."""
    return [run.isoformat() for run in next_runs(expression, zone, offset, start, end, after=after, count=20)]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("expression", TABLE)
def test_known_schedules(expression: str, zone: str) -> None:
    for offset in (None, 1, 6) if takes_offset(expression) else (None,):
        for after in (datetime(2011, 12, 20, tzinfo=UTC), datetime(2026, 2, 27, 13, tzinfo=UTC)):
            question = (expression, zone, offset, None, None, after)
            assert calculated(*question) == simulated(*question)


def numbers(low: int, high: int, names: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Fields of values, ranges, steps and lists."""
    value = st.integers(low, high).map(str) | (st.sampled_from(names) if names else st.nothing())
    span = st.builds("{}-{}".format, value, value) if names else st.just("*")
    term = value | span | st.builds("{}/{}".format, value | span, st.integers(1, high - low))
    return st.just("*") | st.lists(term, min_size=1, max_size=3).map(",".join)


NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = numbers(1, 12, ("JAN", "FEB", "MAR", "APR", "JUN", "OCT", "DEC"))
SPARSE_MINUTES = st.sampled_from(["0", "30", "0/5", "10/20", "15,45", "*/30", "59"])
DAY = (
    numbers(1, 31)
    | st.sampled_from(["L", "LW"])
    | st.integers(0, 30).map("L-{}".format)
    | st.integers(1, 31).map("{}W".format)
)
WEEKDAY = st.sampled_from(NAMES) | st.integers(1, 7).map(str)
WEEK = (
    numbers(1, 7, NAMES)
    | st.just("L")
    | WEEKDAY.map("{}L".format)
    | st.builds("{}#{}".format, WEEKDAY, st.integers(1, 5))
)
YEARS = st.sampled_from(["*", "2026", "2024-2040/4", "2025,2027,2031-2033", "2199"])
CRONS = st.builds(
    "cron({}{} {} {} {})".format,
    st.just("") | st.integers(0, 59).map("{} ".format),
    SPARSE_MINUTES,
    numbers(0, 23),
    st.builds("{} {} ?".format, DAY, MONTHS) | st.builds("? {} {}".format, MONTHS, WEEK),
    YEARS,
)
MOMENTS = st.datetimes(datetime(2009, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))


@settings(max_examples=example_count(400))
@given(CRONS, st.sampled_from(ZONES), st.none() | st.integers(1, 6), MOMENTS, st.data())
def test_generated_crons(expression: str, zone: str, offset: int | None, after: datetime, data: st.DataObject) -> None:
    start = data.draw(st.none() | MOMENTS, "start")
    end = data.draw(st.none() | MOMENTS, "end")
    question = (expression, zone, offset if takes_offset(expression) else None, start, end, after)

    assert check_schedule(expression) == []
    assert calculated(*question) == simulated(*question)


@given(st.integers(5, 100_000), st.sampled_from(["minutes", "hours", "days"]), MOMENTS, st.none() | MOMENTS)
def test_generated_rates(number: int, unit: str, after: datetime, start: datetime | None) -> None:
    question = (f"rate({number} {unit})", "Europe/Berlin", None, start, None, after)

    assert calculated(*question) == simulated(*question)


@settings(max_examples=example_count(300))
@given(
    st.from_regex(
        r"(cron|rate|at)\([-0-9*?/#,LW]( [-0-9A-Z*?/#,]{1,3}){4,6}\)|rate\([0-9]{1,4} ?[dhm]?[a-z]{3,6}\)",
        fullmatch=True,
    )
)
def test_neither_takes_what_the_other_refuses(expression: str) -> None:
    try:
        parse(expression, strict=True)
        refused = False
    except ScheduleError:
        refused = True

    assert bool(check_schedule(expression)) == refused
