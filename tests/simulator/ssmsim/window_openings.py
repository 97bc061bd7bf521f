# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens enabled windows when the virtual clock reaches their runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from ssmsim.execution_course import open_window
from ssmsim.store import Record, Region
from ssmsim.window_runs import runs_of
from ssmsim.windows import WATCHERS, WINDOWS


class Openings:
    """The current runs of each window in a Region. Planned openings from earlier runs are obsolete."""

    def __init__(self) -> None:
        self.runs: dict[str, Iterator[datetime]] = {}


def plan(region: Region, window: Record) -> None:
    """Add the next run of a new or changed window to the agenda, instead of the previous one."""
    runs = runs_of(region, window).after(region.now()) if window["Enabled"] else iter(())
    region.hold(Openings).runs[window["WindowId"]] = runs
    _put_next(region, window["WindowId"], runs)


def _put_next(region: Region, window_id: str, runs: Iterator[datetime]) -> None:
    moment = next(runs, None)
    if moment is not None:
        region.at(moment, partial(_open, region, window_id, runs))


def _open(region: Region, window_id: str, runs: Iterator[datetime]) -> None:
    window = region.table(WINDOWS).latest(window_id)
    if window is not None and region.hold(Openings).runs[window_id] is runs:
        _put_next(region, window_id, runs)
        open_window(region, window)


WATCHERS.append(plan)
