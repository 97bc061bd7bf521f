# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the virtual clock lets windows open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.patchfleet.aws.tests.unit.simulator.windows_site import DAY, Site
from ssmsim.errors import ServiceError
from ssmsim.executions import book_of


@pytest.fixture(params=[True, False], ids=["strict", "lenient"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site(strict=request.param)


def opened(site: Site, window_id: str) -> list[datetime]:
    return [datetime.fromtimestamp(one["StartTime"], UTC) for one in reversed(site.executions(window_id))]


def test_a_window_opens_at_each_of_its_runs(site: Site) -> None:
    window = site.window(Schedule="cron(0 2 ? * SUN *)", ScheduleTimezone="Asia/Tokyo")
    site.advance(21 * DAY)
    # Sunday at 02:00 in Tokyo is Saturday at 17:00 in UTC.
    assert opened(site, window) == [datetime(2026, 1, day, 17, tzinfo=UTC) for day in (3, 10, 17)]
    assert {one["WindowId"] for one in site.executions(window)} == {window}


def test_a_window_opens_between_its_dates(site: Site) -> None:
    window = site.window(StartDate="2026-01-03T00:00:00Z", EndDate="2026-01-05T00:00:00Z")
    site.advance(10 * DAY)
    assert opened(site, window) == [datetime(2026, 1, day, 2, tzinfo=UTC) for day in (3, 4)]


def test_a_window_with_an_offset_opens_days_later(site: Site) -> None:
    window = site.window(Schedule="cron(0 2 ? * TUE#2 *)", ScheduleOffset=3)
    site.advance(29 * DAY)
    assert opened(site, window) == [datetime(2026, 1, 16, 2, tzinfo=UTC)]


def test_at_opens_once(site: Site) -> None:
    window = site.window(Schedule="at(2026-01-02T03:04:05)")
    site.advance(20 * DAY)
    assert opened(site, window) == [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)]


def test_what_changes_a_window_changes_when_it_opens(site: Site) -> None:
    window = site.window()
    site.advance(DAY)
    site.call("UpdateMaintenanceWindow", WindowId=window, Schedule="cron(0 5 ? * * *)")
    site.call("UpdateMaintenanceWindow", WindowId=window, Name="renamed")
    site.advance(DAY)
    site.call("UpdateMaintenanceWindow", WindowId=window, Enabled=False)
    site.advance(DAY)
    site.call("UpdateMaintenanceWindow", WindowId=window, Enabled=True)
    site.advance(DAY)
    assert [(moment.day, moment.hour) for moment in opened(site, window)] == [(1, 2), (2, 5), (4, 5)]


def test_a_window_that_was_deleted_does_not_open(site: Site) -> None:
    window = site.window()
    site.advance(DAY)
    site.call("DeleteMaintenanceWindow", WindowId=window)
    site.advance(3 * DAY)
    assert len(site.executions(window)) == (0 if site.region.strict else 1)
    assert len(book_of(site.region).of_window(window, site.region.now())) == 1


def test_executions_are_told_for_30_days(site: Site) -> None:
    window = site.window()
    site.advance(10 * DAY)
    oldest = site.executions(window)[-1]["WindowExecutionId"]
    site.advance(50 * DAY)
    kept = opened(site, window)
    assert (kept[0], kept[-1]) == (datetime(2026, 1, 31, 2, tzinfo=UTC), datetime(2026, 3, 1, 2, tzinfo=UTC))
    with pytest.raises(ServiceError, match="DoesNotExistException"):
        site.call("GetMaintenanceWindowExecution", WindowExecutionId=oldest)
    site.call("UpdateMaintenanceWindow", WindowId=window, Enabled=False)
    site.advance(31 * DAY)
    assert site.executions(window) == []


def test_time_goes_on_in_the_order_of_what_happens() -> None:
    """Ninety days at once are the same as ninety days one after the other."""
    shown = []
    for steps in (1, 90):
        site = Site()
        window = site.window(Schedule="cron(0/30 * ? * * *)", Duration=1, Cutoff=0)
        site.task(window)
        for _ in range(steps):
            site.simulator.set_clock(site.simulator.now() + timedelta(days=90) / steps)
        shown.append([(round(one["StartTime"]), one["Status"]) for one in site.executions(window)])
    assert shown[0] == shown[1]
    assert len(shown[0]) == 100
