# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The upcoming runs of windows."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from typing import Any

from ssmsim.paging import page
from ssmsim.registry import operation
from ssmsim.store import Record, Region
from ssmsim.window_runs import bounds, runs_of
from ssmsim.window_targets import windows_for
from ssmsim.windows import WINDOWS, window_of

_FILTERS = ("ScheduledBefore", "ScheduledAfter")


@operation("DescribeMaintenanceWindowSchedule")
def describe_maintenance_window_schedule(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    limits = bounds(request.get("Filters", []), _FILTERS)
    after = max([region.now(), *limits["ScheduledAfter"]])
    before = min(limits["ScheduledBefore"], default=None)
    runs = heapq.merge(*(_runs(region, window, after) for window in _windows(region, request)), key=lambda run: run[0])
    within = takewhile(lambda run: before is None or run[0] < before, runs)
    items = (shown for _, shown in within)
    return page(region, "DescribeMaintenanceWindowSchedule", request, items, "ScheduledWindowExecutions")


def _windows(region: Region, request: dict[str, Any]) -> list[Record]:
    found = region.table(WINDOWS).values()
    if request.get("Targets"):
        found = windows_for(region, request["Targets"], request.get("ResourceType"))
    if "WindowId" in request:
        window_id = window_of(region, request)["WindowId"]
        found = [window for window in found if window["WindowId"] == window_id]
    return [window for window in found if window["Enabled"]]


def _runs(region: Region, window: Record, after: datetime) -> Iterator[tuple[datetime, dict[str, Any]]]:
    runs = runs_of(region, window)
    shown = {"WindowId": window["WindowId"], "Name": window["Name"]}
    for moment in runs.after(after):
        yield moment, {**shown, "ExecutionTime": runs.schedule.render(moment)}
