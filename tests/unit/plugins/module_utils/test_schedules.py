# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedule expressions: the examples of the User Guide with their meanings, every refusal by its field, clock changes.

2026 begins on a Thursday, and neither January nor March has a clock change in UTC: expected runs are read off a
calendar.
"""

from __future__ import annotations

import sys
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, timezone
from itertools import islice
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import time_zones
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules.schedule import (
    ScheduleError,
    check_date,
    check_schedule,
    check_timezone,
    next_run,
    next_runs,
    parse_instant,
    run_text,
    schedule_kind,
    takes_offset,
)
from hypothesis import given
from hypothesis import strategies as st

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
EXAMPLES = {
    "cron(0 2 ? * THU#3 *)": "01-15T02:00 02-19T02:00 03-19T02:00",
    "cron(0 2 ? * 5#3 *)": "01-15T02:00 02-19T02:00 03-19T02:00",
    "cron(15 10 ? * * *)": "01-01T10:15 01-02T10:15",
    "cron(30 09 ? * * *)": "01-01T09:30 01-02T09:30",
    "cron(24 30 09 ? * * *)": "01-01T09:30:24 01-02T09:30:24",
    "cron(15 10 ? * MON-FRI *)": "01-01T10:15 01-02T10:15 01-05T10:15",
    "cron(15 10 ? * mon-fri *)": "01-01T10:15 01-02T10:15 01-05T10:15",
    "cron(0 2 L * ? *)": "01-31T02:00 02-28T02:00 03-31T02:00",
    "cron(0 2 L-2 * ? *)": "01-29T02:00 02-26T02:00 03-29T02:00",
    "cron(0 2 L-30 * ? *)": "01-01T02:00 03-01T02:00 05-01T02:00",
    "cron(0 2 LW * ? *)": "01-30T02:00 02-27T02:00 03-31T02:00",
    "cron(0 2 10W * ? *)": "01-09T02:00 02-10T02:00 03-10T02:00 04-10T02:00 05-11T02:00",
    "cron(0 2 1W 2-8 ? *)": "02-02T02:00 03-02T02:00 04-01T02:00 05-01T02:00 06-01T02:00 07-01T02:00 08-03T02:00",
    "cron(0 2 31W * ? *)": "01-30T02:00 03-31T02:00 05-29T02:00",
    "cron(15 10 ? * 6L *)": "01-30T10:15 02-27T10:15 03-27T10:15",
    "cron(15 10 ? * 3L *)": "01-27T10:15 02-24T10:15 03-31T10:15",
    "cron(0 16 ? * TUE *)": "01-06T16:00 01-13T16:00",
    "cron(0 0 22 ? * TUE *)": "01-06T22:00 01-13T22:00",
    "cron(30 23 ? * TUE#3 *)": "01-20T23:30 02-17T23:30 03-17T23:30",
    "cron(0 30 23 ? * TUE#3 *)": "01-20T23:30 02-17T23:30 03-17T23:30",
    "cron(0 2 ? * THU#5 *)": "01-29T02:00 04-30T02:00",
    "cron(0 2 ? * L *)": "01-03T02:00 01-10T02:00",
    "cron(0 2 ? * FRI-MON *)": "01-02T02:00 01-03T02:00 01-04T02:00 01-05T02:00 01-09T02:00",
    "cron(0 22-2 1 * ? *)": "01-01T00:00 01-01T01:00 01-01T02:00 01-01T22:00 01-01T23:00 02-01T00:00",
    "cron(10/20 4 1 DEC,2-3 ? *)": (
        "02-01T04:10 02-01T04:30 02-01T04:50 03-01T04:10 03-01T04:30 03-01T04:50 12-01T04:10"
    ),
    "cron(*/15 4 1 1 ? 2026-2026/1)": "01-01T04:00 01-01T04:15 01-01T04:30 01-01T04:45",
    "cron(0 4 31 * ? *)": "01-31T04:00 03-31T04:00 05-31T04:00",
    "rate(7 days)": "01-08T00:00 01-15T00:00",
    "rate(1 day)": "01-02T00:00 01-03T00:00",
    "rate(12 hours)": "01-01T12:00 01-02T00:00",
    "rate(5minutes)": "01-01T00:05 01-01T00:10",
    "at(2026-01-31T02:00:10)": "01-31T02:00:10",
    "at(2026-01-31T02:00)": "01-31T02:00",
}


@pytest.mark.parametrize(("expression", "expected"), EXAMPLES.items())
def test_examples_run_when_their_meaning_says(expression: str, expected: str) -> None:
    runs = [datetime.fromisoformat(f"2026-{run}+00:00") for run in expected.split()]
    # A cron or at may run at midnight itself; a rate counts from there.
    after = NEW_YEAR if schedule_kind(expression) == "rate" else NEW_YEAR - timedelta(seconds=1)

    assert check_schedule(expression) == []
    assert next_runs(expression, after=after, count=len(runs)) == runs


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("cron(0 2 ? * TUE#7 *)", ["the day-of-week field 'TUE#7': #n must be 1 to 5"]),
        ("cron(0 2 ? * TUE#0 *)", ["the day-of-week field 'TUE#0': #n must be 1 to 5"]),
        ("cron(0 2 ? * TUE# *)", ["the day-of-week field 'TUE#': #n must be 1 to 5"]),
        ("cron(0 2 ? * TEU#2 *)", ["the day-of-week field 'TEU#2': 'TEU' must be 1 to 7 or SUN to SAT"]),
        ("cron(0 2 ? * 0 *)", ["the day-of-week field '0': '0' must be 1 to 7 or SUN to SAT, where 1 is SUN"]),
        ("cron(0 2 ? * 8L *)", ["the day-of-week field '8L': '8' must be 1 to 7"]),
        ("cron(0 2 ? * MON#1,MON#3 *)", ["the day-of-week field 'MON#1,MON#3': L and # must be used alone"]),
        ("cron(0 2 ? * MON-8 *)", ["the day-of-week field 'MON-8': '8' must be"]),
        ("cron(0 2 1W,15W * ? *)", ["the day-of-month field '1W,15W': L and W must be used alone"]),
        ("cron(0 2 32 * ? *)", ["the day-of-month field '32': '32' must be 1 to 31"]),
        ("cron(0 2 0W * ? *)", ["the day-of-month field '0W': '0' must be 1 to 31"]),
        ("cron(0 2 L-31 * ? *)", ["the day-of-month field 'L-31': '31' must be 0 to 30"]),
        ("cron(0 2 L- * ? *)", ["the day-of-month field 'L-': '' must be 0 to 30"]),
        ("cron(60 2 ? * * *)", ["the minutes field '60': '60' must be 0 to 59"]),
        ("cron(-5 2 ? * * *)", ["the minutes field '-5': '-5' must be"]),
        ("cron(0/0 2 ? * * *)", ["the minutes field '0/0': the step of '0/0' must be 1 to 59"]),
        ("cron(0/60 2 ? * * *)", ["the minutes field '0/60': the step of '0/60' must be 1 to 59"]),
        ("cron(/15 2 ? * * *)", ["the minutes field '/15': '/15' must be"]),
        ("cron(0 24 ? * * *)", ["the hours field '24': '24' must be 0 to 23"]),
        ("cron(0 \u0663 ? * * *)", ["the hours field '\u0663': '\u0663' must be 0 to 23"]),
        ("cron(0 ? ? * * *)", ["the hours field '?': '?' is allowed only in day-of-month or day-of-week"]),
        ("cron(0 2 ? 13 * *)", ["the month field '13': '13' must be 1 to 12 or JAN to DEC"]),
        ("cron(0 2 ? JANUARY * *)", ["the month field 'JANUARY': 'JANUARY' must be 1 to 12 or JAN to DEC"]),
        ("cron(0 2 ? * * 1969)", ["the year field '1969': '1969' must be 1970 to 2199"]),
        (
            "cron(0 2 ? * * 2030-2026)",
            ["the year field '2030-2026': the range 2030-2026 is reversed; specify 2026-2030"],
        ),
        ("cron(60 0 2 ? * * *)", ["the seconds field '60': '60' must be 0 to 59"]),
        ("cron(0/10 0 2 ? * * *)", ["the seconds field '0/10': specify one value"]),
        ("cron(* 2 ? * * *)", ["the minutes field '*': windows cannot open more often than every 5 minutes"]),
        ("cron(0/4 2 ? * * *)", ["the minutes field '0/4': windows cannot open more often than every 5 minutes"]),
        ("cron(0,57 2,3 ? * * *)", ["the minutes field '0,57': windows cannot open more often than every 5 minutes"]),
        ("cron(0 2 15 * THU *)", ["the day-of-month field '15' and the day-of-week field 'THU' are both set"]),
        ("cron(0 2 * * THU *)", ["use '?' in day-of-month"]),
        ("cron(0 2 15 * * *)", ["use '?' in day-of-week"]),
        ("cron(0 2 ? * ? *)", ["the day-of-month and day-of-week fields are both '?'"]),
        ("cron(0 2 * * 2)", ["has 5 fields but must have six", "specify cron(0 2 ? * TUE *)"]),
        ("cron(0 2 1 * *)", ["has 5 fields but must have six", "specify cron(0 2 1 * ? *)"]),
        ("cron(0 2 1 * 2)", ["has 5 fields but must have six", "use two windows"]),
        ("cron(0 0 0 2 ? * TUE *)", ["has 8 fields but must have six"]),
        ("cron()", ["has 0 fields but must have six"]),
        ("0 2 * * 1-5/2", ["must be cron(...), rate(...) or at(...)", "specify cron(0 2 ? * MON-FRI/2 *)"]),
        ("0 2 * * 0,7", ["specify cron(0 2 ? * SUN,SUN *)"]),
        ("0 2 ? * TUE *", ["specify cron(0 2 ? * TUE *)"]),
        (" cron(0 2 ? * TUE *)\n", ["with nothing around it; specify cron(0 2 ? * TUE *)"]),
        ("CRON (0 2 ? * TUE *)", ["in lower case, with nothing around it; specify cron(0 2 ? * TUE *)"]),
        ("every Tuesday", ["must be cron(...), rate(...) or at(...)", "for example cron("]),
        ("", ["must be cron(...), rate(...) or at(...)"]),
        ("rate(0 days)", ["rate(0 days): the number must be 1 or more"]),
        ("rate(5 hour)", ["rate(5 hour): 5 requires the plural; specify rate(5 hours)"]),
        ("rate(2 day)", ["rate(2 day): 2 requires the plural; specify rate(2 days)"]),
        ("rate(1 days)", ["rate(1 days): 1 requires the singular; specify rate(1 day)"]),
        ("rate(4 minutes)", ["rate(4 minutes): windows cannot open more often than every 5 minutes"]),
        ("rate(2 weeks)", ["specify rate(14 days)"]),
        ("rate(1.5 hours)", ["rate(1.5 hours) must be a whole number and minutes, hours or days"]),
        ("rate(7 Days)", ["rate(7 Days) must be a whole number and minutes, hours or days"]),
        ("at(2026-01-31T02:00:00Z)", ["specify at(2026-01-31T02:00:00) and use schedule_timezone"]),
        ("at(2026-01-31T02:00+01:00)", ["specify at(2026-01-31T02:00) and use schedule_timezone"]),
        ("at(2026-02-30T02:00:00)", ["at(2026-02-30T02:00:00) is not a date and time that exists: day"]),
        ("at(2026-01-31T25:00:00)", ["is not a date and time that exists: hour"]),
        ("at(2026-01-31 02:00:00)", ["must have the form at(yyyy-MM-ddTHH:mm:ss)"]),
    ],
)
def test_refusal_names_the_field_the_rule_and_the_way_out(expression: str, said: list[str]) -> None:
    problems = check_schedule(expression)

    assert len(problems) == 1
    assert [part for part in said if part not in problems[0]] == []


def test_all_violations_are_told_at_once() -> None:
    problems = check_schedule("cron(60 60,2,61 24 32 13 THU#6 1969)")

    fields = ["seconds", "minutes", "minutes", "hours", "day-of-month", "month", "day-of-week", "year"]
    assert "both set" in problems[0]
    assert [problem.split(" field ")[0] for problem in problems[1:]] == [f"the {field}" for field in fields]
    assert len(check_schedule("rate(1 minutes)")) == 2


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 2 ? * MON *)",
        "cron(0 2 ? * 2,4 *)",
        "0 2 * * 1",
        "0 2 1 * *",
        "0 2 * * *",
        "rate(1 hours)",
        "rate(3 weeks)",
    ],
)
def test_way_out_is_itself_in_order(expression: str) -> None:
    for problem in check_schedule(expression):
        way_out = problem.rpartition("specify ")[2]
        assert check_schedule(way_out) == []


def test_kind_and_offset_are_read_from_the_expression() -> None:
    assert [schedule_kind(text) for text in ("cron(0 2 ? * TUE *)", "rate(1 day)", "at(2026-01-01T00:00)", "TUE")] == [
        "cron",
        "rate",
        "at",
        None,
    ]
    assert takes_offset("cron(0 2 ? * TUE#2 *)")
    assert takes_offset("cron(0 0 2 ? * fril *)")
    assert not any(map(takes_offset, ("cron(0 2 ? * TUE *)", "cron(0 2 L * ? *)", "rate(7 days)", "cron()", "TUE#2 *")))


def test_offset_moves_the_run_and_may_leave_the_month() -> None:
    runs = next_runs("cron(0 2 ? * SUN#1 *)", offset=3, after=NEW_YEAR, count=2)
    assert runs == [datetime(2026, 1, 7, 2, tzinfo=UTC), datetime(2026, 2, 4, 2, tzinfo=UTC)]
    # The last Saturday of 2025 is the 27th: its run is still ahead at the turn of the year.
    assert next_runs("cron(0 2 ? * SATL *)", offset=6, after=NEW_YEAR, count=1) == [datetime(2026, 1, 2, 2, tzinfo=UTC)]
    assert next_runs("cron(0 2 ? * TUE *)", offset=0, after=NEW_YEAR, count=1) == [datetime(2026, 1, 6, 2, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("expression", "offset"), [("cron(0 2 ? * TUE#2 *)", 7), ("cron(0 2 ? * TUE *)", 1), ("rate(7 days)", 1)]
)
def test_offset_out_of_place_is_refused(expression: str, offset: int) -> None:
    with pytest.raises(ScheduleError, match="must be 1 to 6, with '#' or 'L' in the day-of-week field"):
        next_runs(expression, offset=offset, after=NEW_YEAR, count=1)


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        # 29 March 2026, Berlin: 02:00 to 03:00 does not exist.
        ("cron(30 2 ? * * *)", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T03:30+02:00 2026-03-30T02:30+02:00"),
        ("cron(30 2-3 ? * * *)", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T03:30+02:00 2026-03-30T02:30+02:00"),
        (
            "cron(0,30 2,3 29 3 ? 2026)",
            "Europe/Berlin",
            "2026-03-28T12:00Z",
            "2026-03-29T03:00+02:00 2026-03-29T03:30+02:00",
        ),
        ("at(2026-03-29T02:30:00)", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T03:30+02:00"),
        # 25 October 2026, Berlin: 02:00 to 03:00 comes twice.
        ("cron(30 2 ? * * *)", "Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T02:30+02:00 2026-10-26T02:30+01:00"),
        ("cron(30 2 ? * * *)", "Europe/Berlin", "2026-10-25T00:30Z", "2026-10-26T02:30+01:00"),
        ("at(2026-10-25T02:30:00)", "Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T02:30+02:00"),
        # A rate counts real time.
        ("rate(1 day)", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T14:00+02:00 2026-03-30T14:00+02:00"),
        # Lord Howe Island moves by half an hour, at 02:00 on 4 October 2026.
        (
            "cron(15 2 ? * * *)",
            "Australia/Lord_Howe",
            "2026-10-03T00:00Z",
            "2026-10-04T02:45+11:00 2026-10-05T02:15+11:00",
        ),
        (
            "cron(15,30 2 ? * * *)",
            "Australia/Lord_Howe",
            "2026-10-03T00:00Z",
            "2026-10-04T02:30+11:00 2026-10-04T02:45+11:00 2026-10-05T02:15+11:00",
        ),
        ("cron(0 2 30 12 ? 2011)", "Pacific/Apia", "2011-12-30T11:00Z", "2011-12-31T02:00+14:00"),
        # Samoa had no 30 December 2011: its runs are those of the 31st, each of them once.
        (
            "cron(0 1,2 ? * * *)",
            "Pacific/Apia",
            "2011-12-29T13:00Z",
            "2011-12-31T01:00+14:00 2011-12-31T02:00+14:00 2012-01-01T01:00+14:00",
        ),
        (
            "cron(0 2 ? * TUE#2 *)",
            "America/Los_Angeles",
            "2026-03-01T00:00Z",
            "2026-03-10T02:00-07:00 2026-04-14T02:00-07:00",
        ),
        ("cron(0 2 ? * TUE#2 *)", None, "2026-03-01T00:00Z", "2026-03-10T02:00Z 2026-04-14T02:00Z"),
    ],
)
def test_clock_changes(expression: str, zone: str | None, after: str, expected: str) -> None:
    wanted = [datetime.fromisoformat(run) for run in expected.split()]

    runs = next_runs(expression, zone, after=datetime.fromisoformat(after), count=len(wanted))

    # As text, because a repeated time in a zone never equals one in another zone.
    assert [run.isoformat() for run in runs] == [run.isoformat() for run in wanted]


def test_search_from_within_a_repeated_hour_compares_moments() -> None:
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    second_pass = datetime(2026, 10, 25, 2, 10, fold=1, tzinfo=berlin)

    runs = next_runs("cron(30 2 ? * * *)", "Europe/Berlin", after=second_pass, count=1)

    assert runs == [datetime(2026, 10, 26, 2, 30, tzinfo=berlin)]


def test_rate_counts_real_time_whatever_zone_the_search_is_in() -> None:
    before_change = datetime(2026, 3, 28, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))

    runs = next_runs("rate(1 day)", after=before_change, count=1)

    assert runs == [datetime(2026, 3, 29, 11, tzinfo=UTC)]


def test_start_is_inclusive_and_end_exclusive() -> None:
    start, end = datetime(2026, 1, 6, 16, tzinfo=UTC), datetime(2026, 1, 20, 16, tzinfo=UTC)
    tuesdays = [start, datetime(2026, 1, 13, 16, tzinfo=UTC)]

    assert next_runs("cron(0 16 ? * TUE *)", start=start, end=end, after=NEW_YEAR, count=9) == tuesdays
    assert next_runs("rate(7 days)", start=start, end=end, after=NEW_YEAR, count=9) == tuesdays
    assert next_runs("rate(7 days)", start=start, after=tuesdays[1], count=1) == [end]
    assert next_runs("at(2026-01-06T16:00)", start=start, end=end, after=NEW_YEAR, count=9) == [start]
    assert next_runs("at(2026-01-06T15:59)", start=start, end=end, after=NEW_YEAR, count=9) == []
    assert next_runs("at(2026-01-20T16:00)", start=start, end=end, after=NEW_YEAR, count=9) == []


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 2 30 2 ? *)",
        "cron(0 2 31W 2,4,6,9,11 ? *)",
        "cron(0 2 ? * * 1970-2025)",
        "at(2025-12-31T23:59:59)",
        "rate(999999999 days)",
    ],
)
def test_what_never_runs_again_ends(expression: str) -> None:
    assert next_runs(expression, after=NEW_YEAR, count=5) == []


def test_days_beyond_the_calendar_end() -> None:
    year = timedelta(days=365)
    assert next_runs("rate(1000000 days)", after=NEW_YEAR, count=9)[-1] < datetime.max.replace(tzinfo=UTC) - year
    assert next_runs("at(9999-12-31T23:59:59)", "America/New_York", after=NEW_YEAR, count=1) == []
    assert next_runs("cron(0 2 31 12 ? *)", after=datetime(2199, 12, 31, 3, tzinfo=UTC), count=1) == []


def test_moments_without_an_offset_are_refused() -> None:
    with pytest.raises(ScheduleError, match="must have an offset"):
        next_runs("rate(1 day)", after=datetime(2026, 1, 1), count=1)


def test_next_runs_tells_what_is_wrong() -> None:
    with pytest.raises(ScheduleError, match=r"the hours field '24'.*; the month field '13'"):
        next_runs("cron(0 24 ? 13 * *)", after=NEW_YEAR, count=1)
    with pytest.raises(ScheduleError, match="did you mean Etc/UTC"):
        next_runs("rate(1 day)", "etc/UTC", after=NEW_YEAR, count=1)


@pytest.mark.parametrize(
    "name", ["UTC", "Etc/UTC", "America/Los_Angeles", "Asia/Seoul", "US/Eastern", "America/Argentina/Ushuaia"]
)
def test_zone_names(name: str) -> None:
    assert check_timezone(name) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("etc/UTC", "Etc/UTC"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("America/Los Angeles", "America/Los_Angeles"),
        ("Asia/Soul", "Asia/Seoul"),
        ("posix/Europe/Berlin", "Europe/Berlin"),
        ("+02:00", "such as"),
        ("Europe", "such as"),
        ("../etc/passwd", "such as"),
        ("localtime", "such as"),
    ],
)
def test_wrong_zone_name_brings_near_ones(name: str, meant: str) -> None:
    problem = check_timezone(name)[0]

    assert repr(name) in problem
    assert meant in problem


@pytest.fixture
def no_system_zones() -> Iterator[pytest.MonkeyPatch]:
    """No database but dateutil's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "tzdata", None)
        zoneinfo.reset_tzpath(to=[])
        zoneinfo.ZoneInfo.clear_cache()
        time_zones.zone_of.cache_clear()
        yield patch
    zoneinfo.reset_tzpath()
    time_zones.zone_of.cache_clear()


def test_without_system_zones_the_bundled_ones_serve(no_system_zones: pytest.MonkeyPatch) -> None:
    with pytest.raises(zoneinfo.ZoneInfoNotFoundError):
        zoneinfo.ZoneInfo("Europe/Berlin")

    runs = next_runs("cron(30 2 29 3 ? 2050)", "Europe/Berlin", after=NEW_YEAR, count=1)

    assert [run.isoformat() for run in runs] == ["2050-03-29T02:30:00+02:00"]
    assert "Europe/Berlin" in check_timezone("Europe/Berln")[0]


def test_without_any_zones_no_name_is_refused_but_none_is_evaluated(no_system_zones: pytest.MonkeyPatch) -> None:
    no_system_zones.setattr(time_zones, "_bundled", lambda: None)

    assert check_timezone("Europe/Berln") == []
    assert next_runs("rate(1 day)", "UTC", after=NEW_YEAR, count=1) == [NEW_YEAR + timedelta(days=1)]
    with pytest.raises(ScheduleError, match="no time zone database to look up 'Europe/Berlin'; install tzdata"):
        next_runs("rate(1 day)", "Europe/Berlin", after=NEW_YEAR, count=1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2019-05-18T17:01:01.137Z", 1558198861.137),
        ("2019-02-03T02:00-08:00", 1549188000),
        ("2020-02-19T16:00Z", 1582128000),
        ("2019-10-20T05:34:56-07:00", 1571574896),
        ("2026-01-01T00:00:00+00:00", 1767225600),
        ("2026-01-01 00:00:00+00:00", 1767225600),
        ("2026-01-01T01:00:00.000000000+01:00", 1767225600),
    ],
)
def test_dates_in_every_shape_are_one_instant(text: str, seconds: float) -> None:
    moment = parse_instant(text)

    assert moment is not None
    assert moment.timestamp() == seconds
    assert check_date(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-01-31", "'2026-01-31' has no offset; specify 2026-01-31T00:00:00Z for UTC"),
        ("2026-01-31 08:00:00", "has no offset; specify 2026-01-31T08:00:00Z for UTC"),
        ("20260131T080000Z", "not in the extended ISO-8601 format; specify 2026-01-31T08:00:00+00:00"),
        ("2026-01-31T08:00+0100", "not in the extended ISO-8601 format; specify 2026-01-31T08:00:00+01:00"),
        ("2026-02-30T08:00Z", "is not an ISO-8601 date"),
        ("tomorrow", "is not an ISO-8601 date"),
    ],
)
def test_date_that_the_service_refuses_brings_the_way_out(text: str, said: str) -> None:
    assert [said in problem for problem in check_date(text)] == [True]


MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=OFFSETS))
def test_any_aware_date_is_parsed_to_itself(moment: datetime) -> None:
    assert check_date(moment.isoformat()) == []
    assert parse_instant(moment.isoformat()) == moment
    assert parse_instant(moment.replace(tzinfo=None).isoformat()) is None


@given(st.text() | st.from_regex(r"(cron|rate|at)\([-0-9A-Z*?/#,L WT:]{0,30}\)", fullmatch=True))
def test_any_text_is_checked_and_what_passes_is_evaluated(expression: str) -> None:
    problems = check_schedule(expression)

    if problems:
        with pytest.raises(ScheduleError):
            next_runs(expression, after=NEW_YEAR, count=1)
    else:
        assert len(next_runs(expression, after=NEW_YEAR, count=1)) <= 1


DAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MINUTES = st.sets(st.sampled_from(range(0, 60, 5)), min_size=1)
HOURS = st.sets(st.integers(0, 23), min_size=1)
DAYS = st.sets(st.integers(1, 31), min_size=1)
WEEK = st.sets(st.sampled_from(DAY_NAMES), min_size=1)


def listed(values: set[int] | set[str]) -> str:
    return ",".join(str(value) for value in values)


@given(MINUTES, HOURS, DAYS | WEEK, MOMENTS)
def test_runs_are_the_times_that_the_fields_name(
    minutes: set[int], hours: set[int], days: set[int] | set[str], after: datetime
) -> None:
    by_name = isinstance(next(iter(days)), str)
    expression = f"cron({listed(minutes)} {listed(hours)} {'?' if by_name else listed(days)} *" + (
        f" {listed(days)} *)" if by_name else " ? *)"
    )
    midnight = datetime.combine(after.date(), time(), UTC)
    every_day = (midnight + timedelta(days=number) for number in range(800))
    chosen = (
        day for day in every_day if ("MONTUEWEDTHUFRISATSUN"[3 * day.weekday() :][:3] if by_name else day.day) in days
    )
    times = sorted(timedelta(hours=hour, minutes=minute) for hour in hours for minute in minutes)
    expected = islice((day + at for day in chosen for at in times if day + at > after), 10)

    assert next_runs(expression, after=after, count=10) == list(expected)


@given(st.sampled_from(sorted(EXAMPLES)), MOMENTS, st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo"]))
def test_a_search_goes_on_where_it_ended(expression: str, after: datetime, zone: str) -> None:
    start = datetime(1980, 1, 1, tzinfo=UTC)
    runs = next_runs(expression, zone, start=start, after=after, count=6)

    assert runs == sorted(set(runs))
    assert all(after < run and run.utcoffset() == run.astimezone(zoneinfo.ZoneInfo(zone)).utcoffset() for run in runs)
    assert next_runs(expression, zone, start=start, after=runs[2] if len(runs) > 2 else after, count=3) == (
        runs[3:6] if len(runs) > 2 else runs
    )


NIGHTLY = {"schedule": "cron(0 2 * * ? *)"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (NIGHTLY, "2026-01-02T02:00Z"),
        ({**NIGHTLY, "schedule_timezone": "Asia/Seoul"}, "2026-01-02T02:00+09:00"),
        ({**NIGHTLY, "start_date": "2026-03-01T00:00:00Z"}, "2026-03-01T02:00Z"),
        ({**NIGHTLY, "end_date": "2026-01-02T02:00:01Z"}, "2026-01-02T02:00Z"),
        ({**NIGHTLY, "end_date": "2026-01-02T02:00:00Z"}, None),
        ({**NIGHTLY, "start_date": None, "end_date": ""}, "2026-01-02T02:00Z"),
        ({"schedule": "cron(30 23 ? * TUE#2 *)", "schedule_offset": 3}, "2026-01-16T23:30Z"),
        ({"schedule": "at(2026-01-01T11:59:59)"}, None),
        ({"schedule": "at(2026-01-01T12:00:01)"}, "2026-01-01T12:00:01Z"),
        ({"schedule": "nightly"}, None),
    ],
)
def test_the_next_run_of_a_window_is_that_of_its_options(options: dict[str, Any], expected: str | None) -> None:
    run = next_run(options, datetime(2026, 1, 1, 12, tzinfo=UTC))

    assert (run_text(run) if run else None) == expected
