# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When windows run: NextExecutionTime and DescribeMaintenanceWindowSchedule, and which schedules are refused.

The windows start on 1 January 2036, a Tuesday, so that the expected runs can be read off a calendar. The
expressions are those of the User Guide; its slips (a Wednesday that is a Monday, 00:03:15 read as 3:15) are put right.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .support import UNKNOWN_WINDOW, Client, Maker, instant, outcome, refused, window_of

START = "2036-01-01T00:00:00Z"
# expression, its first runs after START in UTC
RUNS = {
    "cron(15 10 ? * * *)": ("01-01T10:15", "01-02T10:15", "01-03T10:15"),
    "cron(30 09 ? * * *)": ("01-01T09:30", "01-02T09:30", "01-03T09:30"),
    "cron(24 30 09 ? * * *)": ("01-01T09:30:24", "01-02T09:30:24", "01-03T09:30:24"),
    "cron(0 2 ? * THU#3 *)": ("01-17T02:00", "02-21T02:00", "03-20T02:00"),
    "cron(0 2 ? * 5#3 *)": ("01-17T02:00", "02-21T02:00", "03-20T02:00"),
    "cron(15 10 ? * MON-FRI *)": ("01-01T10:15", "01-02T10:15", "01-03T10:15", "01-04T10:15", "01-07T10:15"),
    "cron(0 2 L * ? *)": ("01-31T02:00", "02-29T02:00", "03-31T02:00", "04-30T02:00"),
    "cron(15 10 ? * 6L *)": ("01-25T10:15", "02-29T10:15", "03-28T10:15"),
    "cron(15 10 ? * 3L *)": ("01-29T10:15", "02-26T10:15", "03-25T10:15"),
    "cron(0 16 ? * TUE *)": ("01-01T16:00", "01-08T16:00", "01-15T16:00"),
    "cron(0 0 22 ? * TUE *)": ("01-01T22:00", "01-08T22:00", "01-15T22:00"),
    "cron(30 23 ? * TUE#3 *)": ("01-15T23:30", "02-19T23:30", "03-18T23:30"),
    "cron(0 30 23 ? * TUE#3 *)": ("01-15T23:30", "02-19T23:30", "03-18T23:30"),
    "cron(0 4 15 * ? *)": ("01-15T04:00", "02-15T04:00", "03-15T04:00"),
    "cron(0 4 1,15 JAN-FEB ? 2036)": ("01-01T04:00", "01-15T04:00", "02-01T04:00", "02-15T04:00"),
    "cron(0 0/8 ? * 1 *)": ("01-06T00:00", "01-06T08:00", "01-06T16:00", "01-13T00:00"),
    "cron(0/30 3 ? * SUN *)": ("01-06T03:00", "01-06T03:30", "01-13T03:00"),
    "cron(0 3 15W * ? *)": ("01-15T03:00", "02-15T03:00", "03-14T03:00", "04-15T03:00", "05-15T03:00", "06-16T03:00"),
    "rate(7 days)": ("01-01T00:00", "01-08T00:00", "01-15T00:00"),
    "rate(1 day)": ("01-01T00:00", "01-02T00:00", "01-03T00:00"),
    "rate(12 hours)": ("01-01T00:00", "01-01T12:00", "01-02T00:00"),
    "rate(1 hour)": ("01-01T00:00", "01-01T01:00", "01-01T02:00"),
    "rate(30 minutes)": ("01-01T00:00", "01-01T00:30", "01-01T01:00"),
}
MALFORMED = (
    "Schedule expressions must have the following syntax: rate(<number>\\s?(minutes?|hours?|days?)), "
    "cron(<cron_expression>) or at(yyyy-MM-dd'T'HH:mm:ss)."
)
CRON = "Invalid CRON expression"
BOTH_DAYS = (
    f"{CRON}: error at position 0, details: "
    "Specifying both a day-of-week AND a day-of-month parameter is not supported."
)
REFUSED = {
    "every Tuesday": MALFORMED,
    "rate(days)": "",
    "rate(2 weeks)": MALFORMED,
    "rate(-1 days)": "",
    "cron 0 2 ? * THU#3 *": MALFORMED,
    "rate(0 days)": "Invalid schedule frequency",
    "cron(0 2 15 * THU *)": BOTH_DAYS,
    "cron(0 2 * * * *)": BOTH_DAYS,
    "cron(0 2 ? * ? *)": CRON,
    "cron(0 2 ? * THU)": CRON,
    "cron(0 2 ? * THU#6 *)": CRON,
    "cron(0 2 ? * THU#0 *)": CRON,
    "cron(60 2 ? * THU *)": CRON,
    "cron(0 24 ? * THU *)": CRON,
    "cron(0 2 32 * ? *)": CRON,
    "cron(0 2 1 13 ? *)": CRON,
    "cron(0 2 ? * 8 *)": CRON,
    "cron(0 2 ? * THU 1969)": CRON,
    "cron(0 2 ? * THU 2200)": CRON,
    "cron(60 0 2 ? * THU *)": CRON,
    "cron()": "",
    "at(2036-07-07T15:55:00Z)": "Invalid schedule at",
    "at(2036-07-07T15:55:00+09:00)": "Invalid schedule at",
    "at(2036-13-07T15:55:00)": "",
    "at(tomorrow)": "",
}


def runs(ssm: Client, window: str, count: int) -> list[str]:
    """The first scheduled runs of the window, as the service writes them."""
    answer = ssm.describe_maintenance_window_schedule(WindowId=window, MaxResults=count)
    found = answer["ScheduledWindowExecutions"]
    assert {run["WindowId"] for run in found} <= {window}
    return [run["ExecutionTime"] for run in found]


def in_2036(*moments: str) -> list[datetime]:
    return [datetime.fromisoformat(f"2036-{moment}").replace(tzinfo=UTC) for moment in moments]


def moments(texts: list[str]) -> list[datetime]:
    return [instant(text) for text in texts]


@pytest.mark.parametrize(("schedule", "expected"), RUNS.items(), ids=RUNS)
def test_documented_expressions(ssm: Client, make: Maker, schedule: str, expected: tuple[str, ...]) -> None:
    window = make.window(Schedule=schedule, StartDate=START)
    assert moments(runs(ssm, window, len(expected))) == in_2036(*expected)
    shown = ssm.get_maintenance_window(WindowId=window)
    assert shown["Schedule"] == schedule
    assert instant(shown["NextExecutionTime"]) == in_2036(expected[0])[0]
    assert window_of(ssm, window)["NextExecutionTime"] == shown["NextExecutionTime"]


@pytest.mark.parametrize(("schedule", "message"), REFUSED.items(), ids=REFUSED)
def test_refused_expressions(make: Maker, schedule: str, message: str) -> None:
    with refused("ValidationException", saying=message):
        make.window(Schedule=schedule)


@pytest.mark.parametrize(("schedule", "message"), list(REFUSED.items())[::6], ids=list(REFUSED)[::6])
def test_an_update_refuses_the_same(ssm: Client, window: str, schedule: str, message: str) -> None:
    before = ssm.get_maintenance_window(WindowId=window)["Schedule"]
    with refused("ValidationException", saying=message):
        ssm.update_maintenance_window(WindowId=window, Schedule=schedule)
    assert ssm.get_maintenance_window(WindowId=window)["Schedule"] == before


@pytest.mark.parametrize("schedule", ["rate(1 days)", "rate(5 hour)", "rate(1 hours)"])
def test_singular_and_plural_in_a_rate(make: Maker, settle: Callable[..., None], schedule: str) -> None:
    result = outcome(lambda: make.window(Schedule=schedule))
    settle(f"{schedule}", result, strict="ValidationException", lenient="success")


def test_a_schedule_runs_in_its_own_zone_through_summer_time(ssm: Client, make: Maker) -> None:
    # Los Angeles changes to summer time on 9 March 2036.
    zone = {"ScheduleTimezone": "America/Los_Angeles", "StartDate": "2036-03-01T00:00:00-08:00"}
    shown = runs(ssm, make.window(Schedule="cron(0 09 ? * WED *)", **zone), 3)
    assert moments(shown) == in_2036("03-05T17:00", "03-12T16:00", "03-19T16:00")
    assert [text[-6:] for text in shown] == ["-08:00", "-07:00", "-07:00"]


def test_the_first_wednesday_after_the_start(ssm: Client, make: Maker) -> None:
    # The guide's first example with its weekday put right: the first Wednesday, not the fourth day.
    zone = {"ScheduleTimezone": "America/Los_Angeles", "StartDate": "2036-01-04T00:00:00-08:00"}
    assert moments(runs(ssm, make.window(Schedule="cron(0 09 ? * WED *)", **zone), 1)) == in_2036("01-09T17:00")


def test_a_rate_counts_from_the_start_date_to_the_end_date(ssm: Client, make: Maker) -> None:
    # The guide's second example: the time of day is that of StartDate, 00:03:15.
    window = make.window(
        Schedule="rate(7 days)",
        ScheduleTimezone="Asia/Tokyo",
        StartDate="2036-01-01T00:03:15+09:00",
        EndDate="2036-01-20T00:06:15+09:00",
    )
    expected = [instant(f"2036-01-{day}T00:03:15+09:00") for day in ("01", "08", "15")]
    assert moments(runs(ssm, window, 10)) == expected


@pytest.mark.parametrize("text", ["2036-07-07T15:55:00", "2036-07-07T15:55"])
@pytest.mark.parametrize(
    ("zone", "expected"),
    [(None, "2036-07-07T15:55:00+00:00"), ("Australia/Sydney", "2036-07-07T15:55:00+10:00")],
)
def test_at_runs_once_in_the_zone_of_the_window(
    ssm: Client, make: Maker, text: str, zone: str | None, expected: str
) -> None:
    window = make.window(Schedule=f"at({text})", ScheduleTimezone=zone)
    assert moments(runs(ssm, window, 10)) == [instant(expected)]
    assert instant(ssm.get_maintenance_window(WindowId=window)["NextExecutionTime"]) == instant(expected)


def test_at_in_the_past(make: Maker, settle: Callable[..., None]) -> None:
    result = outcome(lambda: make.window(Schedule="at(2020-07-07T15:55:00)"))
    settle("at() in the past", result, strict="ValidationException", lenient="success")


def test_a_start_in_the_past_bounds_nothing(ssm: Client, make: Maker) -> None:
    window = make.window(Schedule="rate(7 days)", StartDate="2019-01-01T00:03:15+09:00")
    first = instant(ssm.get_maintenance_window(WindowId=window)["NextExecutionTime"])
    assert abs(first - datetime.now(UTC)) <= timedelta(days=7, minutes=10)


def test_after_the_end_nothing_runs(ssm: Client, make: Maker) -> None:
    window = make.window(StartDate="2019-01-01T00:00:00Z", EndDate="2019-06-30T00:00:00Z")
    assert not ssm.get_maintenance_window(WindowId=window).get("NextExecutionTime")
    assert runs(ssm, window, 10) == []


def test_a_disabled_window_has_no_scheduled_run(ssm: Client, window: str) -> None:
    assert len(runs(ssm, window, 1)) == 1
    ssm.update_maintenance_window(WindowId=window, Enabled=False)
    assert runs(ssm, window, 1) == []


@pytest.mark.parametrize(
    ("schedule", "offset", "expected"),
    [
        ("cron(30 23 ? * TUE#3 *)", 4, ("01-19T23:30", "02-23T23:30", "03-22T23:30")),
        ("cron(0 2 ? * THU#3 *)", 1, ("01-18T02:00", "02-22T02:00", "03-21T02:00")),
        ("cron(15 10 ? * 6L *)", 3, ("01-28T10:15", "03-03T10:15", "03-31T10:15")),
    ],
)
def test_an_offset_waits_days_after_the_day_of_the_cron(
    ssm: Client, make: Maker, schedule: str, offset: int, expected: tuple[str, ...]
) -> None:
    window = make.window(Schedule=schedule, ScheduleOffset=offset, StartDate=START)
    assert ssm.get_maintenance_window(WindowId=window)["ScheduleOffset"] == offset
    assert moments(runs(ssm, window, 3)) == in_2036(*expected)


@pytest.mark.parametrize(
    "schedule", ["cron(0 2 ? * THU *)", "cron(0 2 L * ? *)", "rate(7 days)", "at(2036-07-07T15:55:00)"]
)
def test_only_a_numbered_or_last_weekday_carries_an_offset(make: Maker, schedule: str) -> None:
    with refused("ValidationException", saying="An offset can't be added to the specified schedule."):
        make.window(Schedule=schedule, ScheduleOffset=2)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", "America/Argentina/Buenos_Aires"])
def test_zones_are_shown_as_sent(ssm: Client, make: Maker, zone: str) -> None:
    assert ssm.get_maintenance_window(WindowId=make.window(ScheduleTimezone=zone))["ScheduleTimezone"] == zone


@pytest.mark.parametrize("zone", ["america/los_angeles", "Mars/Olympus", "UTC+9"])
def test_other_zones_are_malformed(make: Maker, zone: str) -> None:
    with refused("ValidationException", saying=f"{zone} is a malformed timezone."):
        make.window(ScheduleTimezone=zone)


@pytest.mark.parametrize("field", ["StartDate", "EndDate"])
@pytest.mark.parametrize("text", ["2036-01-01T00:00:00", "2036-01-01", "next week", "2036-02-30T00:00:00Z"])
def test_dates_need_an_offset(make: Maker, field: str, text: str) -> None:
    with refused("ValidationException", saying=f"DateTime {text} is malformed, format either must contain an offset"):
        make.window(**{field: text})


@pytest.mark.parametrize("end", ["2036-01-01T00:00:00Z", "2035-12-31T00:00:00Z", "2036-01-01T08:00:00+09:00"])
def test_the_end_comes_after_the_start(ssm: Client, make: Maker, end: str) -> None:
    with refused("ValidationException", saying="Window start date must be before window end date"):
        make.window(StartDate=START, EndDate=end)
    window = make.window(StartDate=START)
    with refused("ValidationException", saying="Window start date must be before window end date"):
        ssm.update_maintenance_window(WindowId=window, EndDate=end)


def scheduled(ssm: Client, **request: Any) -> list[dict[str, Any]]:
    return ssm.describe_maintenance_window_schedule(**request)["ScheduledWindowExecutions"]


def test_a_scheduled_run_shows_window_name_and_time_alone(ssm: Client, make: Maker) -> None:
    name = make.name()
    window = make.window(Name=name, Schedule="cron(0 2 L * ? *)", StartDate=START)
    (run,) = scheduled(ssm, WindowId=window, MaxResults=1)
    assert instant(run.pop("ExecutionTime")) == in_2036("01-31T02:00")[0]
    assert run == {"WindowId": window, "Name": name}


def test_the_schedule_between_two_moments(ssm: Client, make: Maker) -> None:
    window = make.window(Schedule="cron(0 16 ? * TUE *)", StartDate=START)
    after = {"Key": "ScheduledAfter", "Values": ["2036-01-10T00:00:00Z"]}
    before = {"Key": "ScheduledBefore", "Values": ["2036-01-25T00:00:00Z"]}
    found = scheduled(ssm, WindowId=window, Filters=[after, before], MaxResults=10)
    assert moments([run["ExecutionTime"] for run in found]) == in_2036("01-15T16:00", "01-22T16:00")


def test_the_schedule_of_all_windows_is_in_time_order(ssm: Client, make: Maker) -> None:
    daily = make.window(Schedule="cron(0 4 ? * * *)", StartDate=START)
    weekly = make.window(Schedule="cron(0 16 ? * TUE *)", StartDate=START)
    filters = [
        {"Key": "ScheduledAfter", "Values": [START]},
        {"Key": "ScheduledBefore", "Values": ["2036-01-03T00:00:00Z"]},
    ]
    pages = ssm.get_paginator("describe_maintenance_window_schedule").paginate(Filters=filters)
    found = [run for page in pages for run in page["ScheduledWindowExecutions"]]
    own = [run["WindowId"] for run in found if run["WindowId"] in (daily, weekly)]
    assert own == [daily, weekly, daily]
    times = moments([run["ExecutionTime"] for run in found])
    assert times == sorted(times)


def test_the_schedule_of_a_target(ssm: Client, make: Maker) -> None:
    mine, other = make.window(StartDate=START), make.window(StartDate=START)
    wanted = [{"Key": "tag:Patch Group", "Values": [make.name()]}]
    make.target(mine, Targets=wanted)
    make.target(other)
    found = scheduled(ssm, Targets=wanted, ResourceType="INSTANCE", MaxResults=10)
    assert [run["WindowId"] for run in found] == [mine]


def test_the_schedule_of_an_unknown_window(ssm: Client) -> None:
    with refused("DoesNotExistException"):
        ssm.describe_maintenance_window_schedule(WindowId=UNKNOWN_WINDOW)
