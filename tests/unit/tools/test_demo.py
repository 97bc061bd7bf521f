# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The week in which the demo plays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from demo import DAYS, week_before

# A Sunday.
SUNDAY = datetime(2026, 11, 22, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
# The demo takes a minute; on a slow machine some more.
SLACK = timedelta(minutes=30)


@pytest.mark.parametrize("hour", range(7 * 24))
def test_each_window_opens_once_and_closes_whenever_the_demo_starts(hour: int) -> None:
    for quarter in range(4):
        now = SUNDAY + timedelta(hours=hour) + quarter * QUARTER
        start = week_before(now)
        assert timedelta(0) <= now - timedelta(days=DAYS) - start < timedelta(hours=4)
        for late in (timedelta(0), SLACK):
            begun, ends = start + late, start + late + timedelta(days=DAYS)
            for weekday, length in ((1, timedelta(hours=1)), (5, timedelta(hours=2))):
                openings = [
                    day
                    for number in range(-8, 9)
                    if (day := (SUNDAY + timedelta(days=number)).replace(hour=22)).weekday() == weekday
                    and begun < day < ends
                ]
                assert len(openings) == 1
                assert openings[0] + length <= ends
