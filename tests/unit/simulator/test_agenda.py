# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due on the virtual clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ssmsim import Simulator
from ssmsim.store import Clock, Region, World

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Diary:
    """A region, and what happened in it when."""

    def __init__(self) -> None:
        self.world = World(clock=Clock(START))
        self.region = Region("123456789012", "eu-west-1", self.world)
        self.entries: list[tuple[str, datetime]] = []

    def plan(self, seconds: float, name: str) -> None:
        self.region.at(START + timedelta(seconds=seconds), lambda: self.note(name))

    def note(self, name: str) -> None:
        self.entries.append((name, self.region.now()))

    def advance(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        self.world.agenda.run_due()


@given(st.lists(st.integers(0, 5), max_size=12), st.integers(1, 4))
def test_all_that_is_due_runs_in_order_at_its_own_moment(offsets: list[int], advance: int) -> None:
    diary = Diary()
    for number, offset in enumerate(offsets):
        diary.plan(offset, str(number))
    diary.advance(advance + 0.5)
    due = sorted((offset, number) for number, offset in enumerate(offsets) if offset <= advance)
    assert diary.entries == [(str(number), START + offset * SECOND) for offset, number in due]
    diary.advance(10)
    assert len(diary.entries) == len(offsets)


def test_an_action_may_add_others_which_are_due_already() -> None:
    diary = Diary()

    def every_minute() -> None:
        diary.note("minute")
        diary.region.at(diary.region.now() + 60 * SECOND, every_minute)

    diary.region.at(START + 60 * SECOND, every_minute)
    diary.plan(150, "between")
    diary.advance(200)
    names = ["minute", "minute", "between", "minute"]
    assert diary.entries == list(zip(names, [START + s * SECOND for s in (60, 120, 150, 180)], strict=True))


def test_a_clock_that_is_put_back_brings_nothing_again() -> None:
    diary = Diary()
    diary.plan(10, "once")
    diary.advance(20)
    diary.world.clock.set(START)
    diary.advance(20)
    assert [name for name, _ in diary.entries] == ["once"]


def test_the_clock_goes_on_where_it_was_after_an_action_that_failed() -> None:
    diary = Diary()

    def fail() -> None:
        raise RuntimeError

    diary.region.at(START + SECOND, fail)
    diary.plan(2, "after")
    with pytest.raises(RuntimeError):
        diary.advance(60)
    assert diary.region.now() >= START + 60 * SECOND
    diary.advance(0)
    assert diary.entries == [("after", START + 2 * SECOND)]


def planned(simulator: Simulator, seconds: float) -> list[datetime]:
    """The list into which an action writes the clock's moment that many seconds from now."""
    happened: list[datetime] = []
    region = simulator._region("123456789012", "eu-west-1")
    region.at(simulator.now() + timedelta(seconds=seconds), lambda: happened.append(region.now()))
    return happened


@pytest.mark.parametrize(
    "mover",
    [
        lambda simulator: simulator.advance(3600),
        lambda simulator: simulator.set_clock("2026-01-01T01:00:00Z"),
    ],
)
def test_moving_the_clock_lets_things_happen(mover: Any) -> None:
    simulator = Simulator(clock=START)
    happened = planned(simulator, 1800)
    mover(simulator)
    assert len(happened) == 1


def test_a_call_lets_what_is_due_happen_first() -> None:
    simulator = Simulator(clock=START)
    happened = planned(simulator, 0)
    assert happened == []
    simulator.handle("DescribeMaintenanceWindows", "us-east-1", "210987654321", {})
    assert len(happened) == 1


def test_a_reset_forgets_what_was_to_happen() -> None:
    simulator = Simulator(clock=START)
    happened = planned(simulator, 60)
    simulator.reset()
    simulator.advance(3600)
    assert happened == []
