# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates in responses: all formats of the service, and those that no date can be made from."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.moments import moment_of


@pytest.fixture(autouse=True, params=["UTC", "America/Los_Angeles", "Asia/Tokyo"])
def zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The time zone of the controller."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1767225600, datetime(2026, 1, 1, tzinfo=UTC)),
        ("1767225600.5", datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T09:00:00+09:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("1971-01-01T00:00:00Z", datetime(1971, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_date_is_an_instant_in_utc(value: Any, moment: datetime) -> None:
    found = moment_of(value)
    assert found == moment
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        *(0, -62135596800, "1970-12-31T23:59:59Z", "0001-01-01T00:00:00Z"),
        *(None, "", "soon", {}, [], float("nan"), float("inf"), 1e30),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_a_placeholder_or_an_invalid_date_is_no_date(value: Any) -> None:
    assert moment_of(value) is None
