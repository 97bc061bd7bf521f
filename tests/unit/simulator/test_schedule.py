# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedule expressions: the examples of the Systems Manager guide with their dates, the refusals, and properties."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.patchfleet.aws.tests.support.work import lines_run
from hypothesis import given, settings
from hypothesis import strategies as st
from ssmsim import schedule
from ssmsim.schedule import ScheduleError, parse, parse_date

NOW = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
ZONES = st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"])

unhurried = settings(deadline=None)  # the machine may be busy with other tests


def runs(
    expression: str,
    count: int,
    *,
    after: datetime = NOW,
    timezone: str | None = None,
    offset: int | None = None,
    anchor: datetime | None = None,
    start: str | None = None,
    end: str | None = None,
) -> list[str]:
    """The first runs, as the service shows them."""
    plan = parse(expression, timezone, offset)
    bounds = {name: parse_date(text) for name, text in (("start", start), ("end", end)) if text is not None}
    found = plan.occurrences(after, anchor=anchor or after, **bounds)
    return [plan.render(moment) for moment in islice(found, count)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 2 ? * THU#3 *)", ["2026-01-15T02:00Z", "2026-02-19T02:00Z"]),
        ("cron(15 10 ? * * *)", ["2026-01-01T10:15Z", "2026-01-02T10:15Z"]),
        ("cron(0 10 * * ? *)", ["2026-01-01T10:00Z", "2026-01-02T10:00Z"]),
        ("cron(30 09 ? * * *)", ["2026-01-01T09:30Z", "2026-01-02T09:30Z"]),
        ("cron(24 30 09 ? * * *)", ["2026-01-01T09:30:24Z", "2026-01-02T09:30:24Z"]),
        ("cron(15 10 ? * MON-FRI *)", ["2026-01-01T10:15Z", "2026-01-02T10:15Z", "2026-01-05T10:15Z"]),
        ("cron(0 2 L * ? *)", ["2026-01-31T02:00Z", "2026-02-28T02:00Z"]),
        ("cron(15 10 ? * 6L *)", ["2026-01-30T10:15Z", "2026-02-27T10:15Z"]),
        ("cron(0 16 ? * TUE *)", ["2026-01-06T16:00Z", "2026-01-13T16:00Z"]),
        ("cron(0 0 22 ? * TUE *)", ["2026-01-06T22:00Z", "2026-01-13T22:00Z"]),
        ("cron(30 23 ? * TUE#3 *)", ["2026-01-20T23:30Z", "2026-02-17T23:30Z"]),
        ("cron(0 30 23 ? * TUE#3 *)", ["2026-01-20T23:30Z", "2026-02-17T23:30Z"]),
        ("cron(0 8 1 * ? *)", ["2026-01-01T08:00Z", "2026-02-01T08:00Z"]),
        ("cron(0/15 * * * ? *)", ["2026-01-01T00:15Z", "2026-01-01T00:30Z"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-01-01T00:10Z", "2026-01-01T00:20Z"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-01-01T08:00Z", "2026-01-01T08:05Z"]),
        (
            "cron(0/7 0-1 * * ? *)",
            [f"2026-01-01T00:{minute:02}Z" for minute in range(7, 60, 7)] + ["2026-01-01T01:00Z"],
        ),
        ("rate(30 minutes)", ["2026-01-01T00:30Z", "2026-01-01T01:00Z"]),
        ("rate(1 hour)", ["2026-01-01T01:00Z", "2026-01-01T02:00Z"]),
        ("rate(7 days)", ["2026-01-08T00:00Z", "2026-01-15T00:00Z"]),
        ("rate(25 days)", ["2026-01-26T00:00Z", "2026-02-20T00:00Z"]),
        ("at(2026-07-07T15:55:00)", ["2026-07-07T15:55Z"]),
        ("at(2026-07-07T13:15:30)", ["2026-07-07T13:15:30Z"]),
        ("at(2026-07-07T13:15)", ["2026-07-07T13:15Z"]),
    ],
)
def test_examples_of_the_guide(expression: str, expected: list[str]) -> None:
    assert runs(expression, len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 0 ? * 1 *)", ["2026-01-04T00:00Z"]),  # 1 is Sunday
        ("cron(0 0 ? * 3L *)", ["2026-01-27T00:00Z", "2026-02-24T00:00Z"]),  # Tuesday
        ("cron(0 0 ? * tuel *)", ["2026-01-27T00:00Z"]),
        ("cron(0 0 ? * L *)", ["2026-01-03T00:00Z", "2026-01-10T00:00Z"]),
        ("cron(0 0 ? * MON#5 *)", ["2026-03-30T00:00Z", "2026-06-29T00:00Z"]),
        ("cron(0 0 ? * FRI-MON *)", ["2026-01-02T00:00Z", "2026-01-03T00:00Z", "2026-01-04T00:00Z"]),
        ("cron(0 0 ? * MON-SUN/3 *)", ["2026-01-04T00:00Z", "2026-01-05T00:00Z", "2026-01-08T00:00Z"]),
        ("cron(0 22-2/2 2 1 ? *)", ["2026-01-02T00:00Z", "2026-01-02T02:00Z", "2026-01-02T22:00Z"]),
        ("cron(0 0 1 NOV-FEB ? *)", ["2026-02-01T00:00Z", "2026-11-01T00:00Z", "2026-12-01T00:00Z"]),
        ("cron(0 0 L-3 * ? *)", ["2026-01-28T00:00Z", "2026-02-25T00:00Z"]),
        ("cron(0 0 L-30 * ? *)", ["2026-03-01T00:00Z", "2026-05-01T00:00Z"]),
        ("cron(0 0 LW * ? *)", ["2026-01-30T00:00Z", "2026-02-27T00:00Z", "2026-03-31T00:00Z"]),
        ("cron(0 0 15W 2,3,8 ? *)", ["2026-02-16T00:00Z", "2026-03-16T00:00Z", "2026-08-14T00:00Z"]),
        ("cron(0 0 1W 2,8 ? *)", ["2026-02-02T00:00Z", "2026-08-03T00:00Z"]),
        ("cron(0 0 31W 1,5 ? *)", ["2026-01-30T00:00Z", "2026-05-29T00:00Z"]),
        ("cron(0 0 31W 4 ? *)", []),
        ("cron(0 0 29 2 ? *)", ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]),
        ("cron(0 0 ? 2 SUN#5 *)", ["2032-02-29T00:00Z", "2060-02-29T00:00Z", "2088-02-29T00:00Z", "2128-02-29T00:00Z"]),
        ("cron(0 0 30 2 ? *)", []),
        ("cron(0 0 31 2,4,6,9,11 ? *)", []),
        ("cron(0 0 1 1 ? 2025)", []),
        ("cron(0 0 2 1 ? 2025-2026,2030,2199)", ["2026-01-02T00:00Z", "2030-01-02T00:00Z", "2199-01-02T00:00Z"]),
        ("cron(10,40 6,5 2 1 ? 2026)", ["2026-01-02T05:10Z", "2026-01-02T05:40Z", "2026-01-02T06:10Z"]),
        ("at(2025-12-31T23:59:59)", []),
        ("rate(999999999 days)", []),
    ],
)
def test_quartz_forms(expression: str, expected: list[str]) -> None:
    assert runs(expression, max(1, len(expected))) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", schedule.SYNTAX),
        ("0 2 ? * THU#3 *", schedule.SYNTAX),
        ("CRON(0 2 ? * THU#3 *)", schedule.SYNTAX),
        ("rate(1 week)", schedule.SYNTAX),
        ("rate(1  day)", schedule.SYNTAX),
        ("rate(-1 days)", schedule.SYNTAX),
        ("rate(0 days)", schedule.INVALID_FREQUENCY),
        ("rate(4 minutes)", schedule.INVALID_FREQUENCY),
        ("at(2026-07-07T15:55:00Z)", schedule.INVALID_AT),
        ("at(2026-07-07 15:55:00)", schedule.INVALID_AT),
        ("at(2026-02-30T15:55:00)", schedule.INVALID_AT),
        ("cron(0 16 * * TUE *)", schedule.BOTH_DAYS),
        ("cron(0 16 * * * *)", schedule.BOTH_DAYS),
        ("cron(0 16 ? * ? *)", schedule.INVALID_CRON),
        ("cron(0 16 * * *)", schedule.INVALID_CRON),
        ("cron(0 0 0 16 ? * TUE *)", schedule.INVALID_CRON),
        ("cron(60 16 ? * TUE *)", schedule.INVALID_CRON),
        ("cron(0 24 ? * TUE *)", schedule.INVALID_CRON),
        ("cron(0 16 0 * ? *)", schedule.INVALID_CRON),
        ("cron(0 16 32 * ? *)", schedule.INVALID_CRON),
        ("cron(0 16 32W * ? *)", schedule.INVALID_CRON),
        ("cron(0 16 L-31 * ? *)", schedule.INVALID_CRON),
        ("cron(0 16 ? 13 TUE *)", schedule.INVALID_CRON),
        ("cron(0 16 ? * 0 *)", schedule.INVALID_CRON),
        ("cron(0 16 ? * 8 *)", schedule.INVALID_CRON),
        ("cron(0 16 ? * TUE#0 *)", schedule.INVALID_CRON),
        ("cron(0 16 ? * TUE#6 *)", schedule.INVALID_CRON),
        ("cron(0 16 ? * TUE#1,TUE#3 *)", schedule.INVALID_CRON),
        ("cron(0 16 1,L * ? *)", schedule.INVALID_CRON),
        ("cron(0 16 ? * TUESDAY *)", schedule.INVALID_CRON),
        ("cron(0 16 ? * TUE 1969)", schedule.INVALID_CRON),
        ("cron(0 16 ? * TUE 2200)", schedule.INVALID_CRON),
        ("cron(0 16 ? * TUE 2030-2029)", schedule.INVALID_CRON),
        ("cron(? 16 ? * TUE *)", schedule.INVALID_CRON),
        ("cron(0/0 16 ? * TUE *)", schedule.INVALID_CRON),
        ("cron(, 16 ? * TUE *)", schedule.INVALID_CRON),
        ("cron(* 16 ? * TUE *)", schedule.INVALID_CRON),
        ("cron(0/4 16 ? * TUE *)", schedule.INVALID_CRON),
        ("cron(0,30 0 16 ? * TUE *)", schedule.INVALID_CRON),
    ],
)
def test_refused(expression: str, message: str) -> None:
    with pytest.raises(ScheduleError) as raised:
        parse(expression)
    assert str(raised.value) == message


@pytest.mark.parametrize("zone", ["", "utc", "america/new_york", "Mars/Olympus", "posix/UTC", "+02:00", "../UTC"])
def test_refused_zone(zone: str) -> None:
    with pytest.raises(ScheduleError, match="is a malformed timezone") as raised:
        parse("rate(1 day)", zone)
    assert str(raised.value).startswith(zone + " ")


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [
        ("cron(0 2 ? * TUE#2 *)", True),
        ("cron(0 2 ? * 6L *)", True),
        ("cron(0 2 ? * TUE *)", False),
        ("cron(0 2 L * ? *)", False),
        ("cron(0 2 ? JUL TUE *)", False),
        ("rate(7 days)", False),
        ("at(2026-07-07T15:55:00)", False),
    ],
)
def test_offset_only_with_nth_or_last_weekday(expression: str, accepted: bool) -> None:
    if accepted:
        assert parse(expression, None, 3)
    else:
        with pytest.raises(ScheduleError, match="An offset can't be added"):
            parse(expression, None, 3)


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [("rate(1 day)", True), ("rate(2 days)", True), ("rate(1 days)", False), ("rate(2 day)", False)],
)
def test_strict_insists_on_the_number_of_the_unit(expression: str, accepted: bool) -> None:
    assert parse(expression).kind == "rate"
    if accepted:
        assert parse(expression, strict=True) == parse(expression)
    else:
        with pytest.raises(ScheduleError, match="Schedule expressions must have"):
            parse(expression, strict=True)


def test_offset_counts_from_the_cron_day() -> None:
    assert runs("cron(0 30 23 ? * TUE#3 *)", 2, offset=2) == ["2026-01-22T23:30Z", "2026-02-19T23:30Z"]


def test_offset_skips_a_cron_day_before_the_anchor() -> None:
    created = datetime(2026, 1, 21, tzinfo=UTC)  # between the cron day, the 20th, and the day of the run, the 22nd
    assert runs("cron(30 23 ? * TUE#3 *)", 1, offset=2, after=created) == ["2026-02-19T23:30Z"]
    assert runs("cron(30 23 ? * TUE#3 *)", 1, offset=2, after=created, anchor=NOW) == ["2026-01-22T23:30Z"]


def test_offset_leads_into_the_next_month_and_past_a_start() -> None:
    expected = ["2026-02-01T12:00Z", "2026-03-01T12:00Z"]
    assert runs("cron(0 12 ? * MON#4 *)", 2, offset=6) == expected
    assert runs("cron(0 12 ? * MON#4 *)", 2, offset=6, start="2026-01-30T00:00:00Z") == expected


def test_guide_example_of_a_start_date() -> None:
    first = runs(
        "cron(0 09 ? * WED *)",
        1,
        after=datetime(2020, 12, 1, tzinfo=UTC),
        timezone="America/Los_Angeles",
        start="2021-01-01T00:00:00-08:00",
    )
    assert first == ["2021-01-06T09:00-08:00"]  # the guide says Wednesday the 4th, which is a Monday


def test_guide_example_of_a_rate_between_dates() -> None:
    found = runs(
        "rate(7 days)",
        99,
        after=datetime(2018, 12, 1, tzinfo=UTC),
        timezone="Asia/Tokyo",
        start="2019-01-01T00:03:15+09:00",
        end="2019-06-30T00:06:15+09:00",
    )
    assert (found[0], found[-1], len(found)) == ("2019-01-01T00:03:15+09:00", "2019-06-25T00:03:15+09:00", 26)


def test_rate_ignores_a_start_in_the_past() -> None:
    assert runs("rate(2 days)", 1, start="2020-02-02T05:00:00Z") == ["2026-01-03T00:00Z"]


def test_start_is_inclusive_and_end_is_not() -> None:
    bounds: Any = {"start": "2026-01-02T02:00:00Z", "end": "2026-01-04T02:00:00Z"}
    assert runs("cron(0 2 * * ? *)", 9, **bounds) == ["2026-01-02T02:00Z", "2026-01-03T02:00Z"]
    assert runs("at(2026-01-02T02:00:00)", 9, **bounds) == ["2026-01-02T02:00Z"]
    assert runs("at(2026-01-04T02:00:00)", 9, **bounds) == []


def test_skipped_local_time_runs_later_by_the_gap() -> None:
    winter = datetime(2026, 3, 8, tzinfo=UTC)  # at 02:00 the clock goes to 03:00
    assert runs("cron(30 2 ? * SUN *)", 2, after=winter, timezone="America/New_York") == [
        "2026-03-08T03:30-04:00",
        "2026-03-15T02:30-04:00",
    ]
    assert runs("at(2026-03-08T02:30:00)", 1, after=winter, timezone="America/New_York") == ["2026-03-08T03:30-04:00"]
    assert runs("cron(0/30 2-3 ? * SUN *)", 3, after=winter, timezone="America/New_York") == [
        "2026-03-08T03:00-04:00",
        "2026-03-08T03:30-04:00",
        "2026-03-15T02:00-04:00",
    ]
    within = datetime(2026, 3, 8, 7, 15, tzinfo=UTC)  # 03:15, between the name of the run and its moment
    assert runs("cron(30 2 ? * SUN *)", 1, after=within, timezone="America/New_York") == ["2026-03-08T03:30-04:00"]


def test_skipped_local_time_may_run_after_a_later_one() -> None:
    winter = datetime(2026, 10, 3, 15, tzinfo=UTC)  # at 02:00 of the 4th the clock goes to 02:30
    assert runs("cron(15,40 2 * * ? *)", 3, after=winter, timezone="Australia/Lord_Howe") == [
        "2026-10-04T02:40+11:00",
        "2026-10-04T02:45+11:00",
        "2026-10-05T02:15+11:00",
    ]


def test_repeated_local_time_runs_once() -> None:
    summer = datetime(2026, 11, 1, 4, tzinfo=UTC)  # at 02:00 the clock goes back to 01:00
    assert runs("cron(30 1 ? * SUN *)", 2, after=summer, timezone="America/New_York") == [
        "2026-11-01T01:30-04:00",
        "2026-11-08T01:30-05:00",
    ]
    second_pass = datetime(2026, 11, 1, 6, 15, tzinfo=UTC)
    assert runs("cron(30 1 ? * SUN *)", 1, after=second_pass, timezone="America/New_York") == ["2026-11-08T01:30-05:00"]


def test_cron_keeps_the_local_time_and_rate_the_real_one() -> None:
    before = datetime(2026, 3, 6, 12, tzinfo=UTC)
    assert runs("cron(0 7 * * ? *)", 2, after=before + timedelta(days=1), timezone="America/New_York") == [
        "2026-03-08T07:00-04:00",
        "2026-03-09T07:00-04:00",
    ]
    assert runs("rate(1 day)", 2, after=before, timezone="America/New_York") == [
        "2026-03-07T07:00-05:00",
        "2026-03-08T08:00-04:00",
    ]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2018-01-01T00:00:00-02:00", datetime(2018, 1, 1, 2, tzinfo=UTC)),
        ("2018-01-01T00:00:00Z", datetime(2018, 1, 1, tzinfo=UTC)),
        ("2018-01-01T00:00Z", datetime(2018, 1, 1, tzinfo=UTC)),
        ("2018-01-01T00:00:00.125Z", datetime(2018, 1, 1, microsecond=125000, tzinfo=UTC)),
        ("2018-01-01T00:00:00", None),
        ("2018-01-01", None),
        ("20180101T000000Z", None),
        ("2018-13-01T00:00:00Z", None),
        ("tomorrow", None),
    ],
)
def test_dates(text: str, moment: datetime | None) -> None:
    if moment is not None:
        assert parse_date(text) == moment
        return
    with pytest.raises(ScheduleError) as raised:
        parse_date(text)
    assert str(raised.value) == schedule.INVALID_DATE % text


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2019, 2, 18, 17, 1, 1, 137900, tzinfo=UTC), "2019-02-18T17:01:01.137Z"),
        (datetime(2020, 2, 19, 16, 0, 0, 900, tzinfo=UTC), "2020-02-19T16:00Z"),
        (datetime(2020, 7, 19, 16, 0, 5, tzinfo=UTC), "2020-07-19T17:00:05+01:00"),
    ],
)
def test_rendered_in_the_shapes_of_the_service(moment: datetime, shown: str) -> None:
    assert parse("rate(1 day)", "Europe/London").render(moment) == shown


NUMBERS_OF_FIELDS = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "week": (1, 7)}


@st.composite
def simple_field(draw: st.DrawFn, name: str) -> tuple[str, set[int]]:
    """The text of a field and the values that it means, by the words of the reference alone."""
    low, high = NUMBERS_OF_FIELDS[name]
    first = draw(st.integers(low, high))
    form = draw(st.sampled_from(["*", "value", "range", "step", "list"]))
    if form == "*" and name != "minute":
        return "*", set(range(low, high + 1))
    if form == "range" and name != "minute":
        last = draw(st.integers(first, high))
        return f"{first}-{last}", set(range(first, last + 1))
    if form == "step":
        step = draw(st.integers(5, 40) if name == "minute" else st.integers(1, high))
        return f"{first}/{step}", set(range(first, high + 1, step))
    if form == "list" and name != "minute":
        values = draw(st.sets(st.integers(low, high), min_size=1, max_size=4))
        return ",".join(map(str, values)), values
    return str(first), {first}


@st.composite
def simple_crons(draw: st.DrawFn) -> tuple[str, dict[str, set[int]]]:
    other = draw(st.sampled_from(["day", "week"]))
    fields = {name: draw(simple_field(name)) for name in NUMBERS_OF_FIELDS if name != other}
    texts = {name: text for name, (text, _) in fields.items()} | {other: "?"}
    expression = f"cron({' '.join(texts[name] for name in NUMBERS_OF_FIELDS)} *)"
    return expression, {name: values for name, (_, values) in fields.items()}


def numbers(moment: datetime) -> dict[str, int]:
    week = moment.isoweekday() % 7 + 1
    return {"minute": moment.minute, "hour": moment.hour, "day": moment.day, "month": moment.month, "week": week}


@unhurried
@given(simple_crons(), MOMENTS)
def test_runs_increase_and_satisfy_every_field(cron: tuple[str, dict[str, set[int]]], after: datetime) -> None:
    expression, fields = cron
    found = list(islice(parse(expression).occurrences(after, anchor=after), 30))
    assert all(earlier < later for earlier, later in pairwise([after, *found]))
    for moment in found:
        assert all(numbers(moment)[name] in values for name, values in fields.items())


@unhurried
@given(simple_crons(), MOMENTS)
def test_no_run_is_left_out(cron: tuple[str, dict[str, set[int]]], after: datetime) -> None:
    expression, fields = cron
    begin = after.replace(second=0, microsecond=0)
    end = begin + timedelta(days=3)
    minutes = (begin + timedelta(minutes=count) for count in range(3 * 24 * 60))
    expected = [
        moment
        for moment in minutes
        if moment > after and all(numbers(moment)[name] in values for name, values in fields.items())
    ]
    assert list(parse(expression).occurrences(after, anchor=after, end=end)) == expected


@unhurried
@given(simple_crons(), ZONES, MOMENTS)
def test_runs_increase_through_clock_changes(cron: tuple[str, dict[str, set[int]]], zone: str, after: datetime) -> None:
    found = list(islice(parse(cron[0], zone).occurrences(after, anchor=after), 100))
    assert all(earlier < later for earlier, later in pairwise([after, *found]))
    assert all(moment.utcoffset() == moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in found)


@unhurried
@given(simple_crons(), ZONES, MOMENTS, st.integers(1, 20))
def test_asking_later_gives_the_rest_of_the_same_runs(
    cron: tuple[str, dict[str, set[int]]], zone: str, after: datetime, passed: int
) -> None:
    plan = parse(cron[0], zone)
    found = list(islice(plan.occurrences(after, anchor=after), passed + 5))
    if len(found) > passed:
        rest = plan.occurrences(found[passed - 1], anchor=after)
        assert list(islice(rest, len(found) - passed)) == found[passed:]


def test_nearest_weekday_is_found_on_its_own_day() -> None:
    moved = datetime(2026, 2, 16, 12, tzinfo=UTC)  # Monday, for Sunday the 15th
    assert runs("cron(0 15 15W * ? *)", 2, after=moved) == ["2026-02-16T15:00Z", "2026-03-16T15:00Z"]
    moved = datetime(2026, 8, 3, 12, tzinfo=UTC)  # Monday, for Saturday the 1st
    assert runs("cron(0 15 1W * ? *)", 2, after=moved) == ["2026-08-03T15:00Z", "2026-09-01T15:00Z"]


@unhurried
@given(st.integers(1, 31), MOMENTS)
def test_nearest_weekday(day: int, after: datetime) -> None:
    for moment in islice(parse(f"cron(0 0 {day}W * ? *)").occurrences(after, anchor=after), 24):
        last = calendar.monthrange(moment.year, moment.month)[1]
        weekdays = [n for n in range(1, last + 1) if moment.replace(day=n).weekday() < 5]
        assert abs(moment.day - day) == min(abs(n - day) for n in weekdays)
        assert moment.weekday() < 5


@unhurried
@given(st.integers(1, 7), st.integers(1, 5), MOMENTS)
def test_nth_and_last_weekday(week: int, nth: int, after: datetime) -> None:
    for moment in islice(parse(f"cron(0 0 ? * {week}#{nth} *)").occurrences(after, anchor=after), 24):
        assert (numbers(moment)["week"], (moment.day + 6) // 7) == (week, nth)
    lasts = list(islice(parse(f"cron(0 0 ? * {week}L *)").occurrences(after, anchor=after), 24))
    for moment in lasts:
        assert numbers(moment)["week"] == week
        assert moment.month != (moment + timedelta(days=7)).month
    assert all((later.month - earlier.month) % 12 == 1 for earlier, later in pairwise(lasts))


@unhurried
@given(st.integers(1, 7), st.integers(1, 5), st.integers(1, 6), MOMENTS)
def test_offset_moves_each_run_by_days(week: int, nth: int, offset: int, after: datetime) -> None:
    expression = f"cron(0 2 ? * {week}#{nth} *)"
    plain = islice(parse(expression).occurrences(after, anchor=after), 12)
    moved = islice(parse(expression, None, offset).occurrences(after, anchor=after), 12)
    assert list(moved) == [moment + timedelta(days=offset) for moment in plain]


@unhurried
@given(
    st.integers(5, 10**6),
    st.sampled_from(["minutes", "hours", "days"]),
    MOMENTS,
    st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_rate_is_a_multiple_from_the_anchor(count: int, unit: str, anchor: datetime, passed: timedelta) -> None:
    period = timedelta(**{unit: count})
    found = list(islice(parse(f"rate({count} {unit})").occurrences(anchor + passed, anchor=anchor), 3))
    for moment in found:
        assert (moment - anchor) % period == timedelta(0)
    assert all(moment - (anchor + passed) <= period for moment in found[:1])


@pytest.mark.parametrize(
    ("expression", "most"),
    [
        ("cron(0 2 ? * THU#3 *)", 2_000),
        ("cron(15 10 ? * MON-FRI *)", 2_500),
        ("rate(7 days)", 20),
        ("cron(0 0 30 2 ? *)", 20),
        ("cron(0/5 * * * ? *)", 3_000),
        ("cron(0 0 29 2 ? 2097-2199)", 40_000),
        ("cron(0 0 29 2 ? 2097/4)", 500_000),
    ],
)
def test_next_run_is_found_in_few_steps(expression: str, most: int) -> None:
    plan = parse(expression, "America/New_York")
    lines = lines_run(lambda: next(plan.occurrences(NOW, anchor=NOW), None))
    assert 0 < lines <= most
