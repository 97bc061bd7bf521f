# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calendar shows each window by its own clock, and the history what came last first."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._report.calendar import Calendar, calendar_of, history_of
from ansible_collections.patchfleet.aws.tests.support.report_rows import reading
from ansible_collections.patchfleet.aws.tests.support.reporting import page_of, report_of


def window(name: str, *next_runs: str, **more: Any) -> dict[str, Any]:
    """A window as it was read."""
    return {"window_id": f"mw-{name}", "name": name, "enabled": True, "next_runs": [*next_runs], **more}


def calendar(*windows: dict[str, Any], most_runs: int = 100) -> Calendar:
    """The calendar of these windows, read on the second of March."""
    return calendar_of(report_of([reading(0, windows=[*windows])]).fleet, most_runs)


def runs(found: Calendar) -> dict[str, list[tuple[str, str]]]:
    """Day and time of each run by window."""
    return {
        str(row.window.name): [
            (day.isoformat(), time) for day, times in zip(found.days, row.days, strict=True) for time in times
        ]
        for row in found.rows
    }


def test_thirty_days_from_the_day_of_the_reading() -> None:
    found = calendar(window("w"))

    assert (found.days[0], found.days[-1], len(found.days)) == (date(2026, 3, 2), date(2026, 3, 31), 30)


def test_a_window_keeps_its_hour_when_the_clocks_change() -> None:
    utc = [f"2026-03-{day}T21:00:00Z" for day in (22, 28)] + ["2026-03-29T20:00:00Z"]
    found = runs(calendar(window("w", *utc, schedule_timezone="Europe/Berlin")))

    assert found["w"] == [("2026-03-22", "22:00"), ("2026-03-28", "22:00"), ("2026-03-29", "22:00")]


@pytest.mark.parametrize(
    ("zone", "run", "expected"),
    [
        (None, "2026-03-03T23:30:00Z", ("2026-03-03", "23:30")),
        ("Asia/Tokyo", "2026-03-03T23:30:00Z", ("2026-03-04", "08:30")),
        ("America/New_York", "2026-03-03T03:30:00Z", ("2026-03-02", "22:30")),
        ("Europe/Berlin", "2026-03-03T22:00+01:00", ("2026-03-03", "22:00")),
        ("No/Where", "2026-03-03T22:00-07:00", ("2026-03-03", "22:00")),
    ],
)
def test_days_and_times_are_those_of_the_window(zone: str | None, run: str, expected: tuple[str, str]) -> None:
    assert runs(calendar(window("w", run, schedule_timezone=zone)))["w"] == [expected]


def test_a_day_that_is_yesterday_elsewhere_is_in_the_calendar() -> None:
    readings = reading(0, read_at="2026-03-02T00:30:00Z", windows=[
        window("w", "2026-03-02T01:00:00Z", schedule_timezone="America/New_York"),
    ])  # fmt: skip
    found = calendar_of(report_of([readings]).fleet, 100)

    assert found.days[0] == date(2026, 3, 1)
    assert runs(found)["w"] == [("2026-03-01", "20:00")]


@pytest.mark.parametrize(
    ("read_at", "zone", "first"),
    [
        ("2026-03-02T18:00:00Z", "Asia/Seoul", date(2026, 3, 3)),
        ("2026-03-02T14:00:00Z", "Asia/Seoul", date(2026, 3, 2)),
        ("2026-03-02T03:00:00Z", "America/New_York", date(2026, 3, 1)),
        ("2026-03-02T18:00:00Z", None, date(2026, 3, 2)),
    ],
)
def test_the_first_day_is_today_where_the_windows_are(read_at: str, zone: str | None, first: date) -> None:
    nightly = window("w", "2026-03-05T17:00:00Z", schedule_timezone=zone)
    fleet = report_of([reading(0, windows=[nightly], read_at=read_at)]).fleet

    assert calendar_of(fleet, 100).days[0] == first


def test_what_is_over_and_what_is_far_is_left_out() -> None:
    found = runs(calendar(window("w", "2026-03-01T00:00:00Z", "2026-03-31T23:00:00Z", "2026-04-01T00:00:00Z")))

    assert found["w"] == [("2026-03-31", "23:00")]


def test_a_text_that_is_no_date_is_no_run() -> None:
    assert runs(calendar(window("w", "soon", "9999-12-31T23:59:59-12:00")))["w"] == []


def test_the_last_moment_of_all_is_far() -> None:
    assert runs(calendar(window("w", "9999-12-31T23:59:59Z", schedule_timezone="Asia/Tokyo")))["w"] == []


def test_windows_are_in_the_order_of_their_next_run_and_those_without_come_last() -> None:
    found = calendar(
        window("off", enabled=False), window("late", "2026-03-09T00:00:00Z"), window("soon", "2026-03-03T00:00:00Z")
    )

    assert [row.window.name for row in found.rows] == ["soon", "late", "off"]


def test_a_window_that_opens_more_often_than_was_read_is_marked() -> None:
    hourly = [f"2026-03-{3 + hour // 24:02}T{hour % 24:02}:00:00Z" for hour in range(50)]

    [row] = calendar(window("w", *hourly), most_runs=50).rows
    assert row.more
    assert sum(map(len, row.days)) == 50
    assert "opens more often than is shown" in page_of(report_of([reading(0, windows=[window("w", *hourly * 2)])]))
    assert not calendar(window("w", *hourly)).rows[0].more


def test_the_history_begins_with_the_newest_and_ends_with_what_has_no_date() -> None:
    def run(name: str, start: str | None, end: str | None = None) -> dict[str, Any]:
        return {"window_execution_id": name, "status": "SUCCESS", "start_time": start, "end_time": end}

    first = window("a", executions=[run("2", "2026-02-02T00:00:00Z", "2026-02-02T01:30:29Z"), run("0", None)])
    second = window("b", executions=[run("3", "2026-02-03T02:00:00+02:00"), run("1", "2026-02-01T00:00:00Z")])
    found = history_of(report_of([reading(0, windows=[first, second])]).fleet)

    assert [one.run.window_execution_id for one in found] == ["3", "2", "1", "0"]
    assert [one.minutes for one in found] == [None, 90, None, None]


def test_the_page_shows_so_many_windows_and_runs_and_says_what_it_leaves_out() -> None:
    run = {"window_execution_id": "r", "status": "SUCCESS", "start_time": "2026-02-02T00:00:00Z"}
    windows = [window(f"w{number}", executions=[run] * 3) for number in range(120)]
    page = page_of(report_of([reading(0, windows=windows)]))

    assert "20 windows that open later, or not at all, are in the report in JSON" in page
    assert "160 older runs are in the report in JSON" in page
    assert "in the report in JSON" not in page_of(report_of([reading(0, windows=windows[:9])]))


def test_the_page_names_the_days_in_its_own_language() -> None:
    page = page_of(report_of([reading(0, windows=[window("w")])]))

    assert [f"{name}<br>{2 + number}</abbr>" in page for number, name in enumerate(("Mo", "Tu", "We", "Th"))] == [
        True
    ] * 4


@pytest.mark.parametrize(
    ("windows", "texts"),
    [
        (None, ["The windows could not be read."] * 2),
        ([], ["There are no maintenance windows.", "No window has run yet."]),
    ],
)
def test_no_window_is_told_from_windows_that_were_not_read(windows: Any, texts: list[str]) -> None:
    page = page_of(report_of([reading(0, windows=windows)]))

    assert [text for text in texts if text not in page] == []
    assert page.count("The windows could not be read.") == texts.count("The windows could not be read.")
