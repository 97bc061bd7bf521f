# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Maintenance windows: create, get, update, delete, describe."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

from ssmsim.errors import ServiceError, does_not_exist, limit_exceeded, validation
from ssmsim.filters import Test, equals, select
from ssmsim.paging import page
from ssmsim.registry import operation
from ssmsim.schedule import parse_date
from ssmsim.store import Record, Region
from ssmsim.tags import drop_tags, store_tags
from ssmsim.validate import require
from ssmsim.window_runs import runs_of

MOST_WINDOWS = 50
WINDOWS, TARGETS, TASKS = "windows", "window_targets", "window_tasks"
_TYPE = "MaintenanceWindow"

# Functions to call with each new or changed window, because they depend on its schedule.
WATCHERS: list[Callable[[Region, Record], None]] = []

_REQUIRED = ("Name", "Schedule", "Duration", "Cutoff", "AllowUnassociatedTargets")
_OPTIONAL = ("Description", "StartDate", "EndDate", "ScheduleTimezone", "ScheduleOffset")
_DATES = ("StartDate", "EndDate")


def window_of(region: Region, request: dict[str, Any]) -> Record:
    """The window in a request, as reads see it. Raises DoesNotExistException."""
    window = region.table(WINDOWS).get(request["WindowId"])
    if window is None:
        raise missing_window(request["WindowId"])
    return window


def missing_window(window_id: str) -> ServiceError:
    """The error for a window that does not exist."""
    return does_not_exist(f"Maintenance window {window_id} does not exist")


def addressed(region: Region, table: str, key: str) -> Record | None:
    """The actual state of a record to update or delete. None unless reads see it and it still exists."""
    rows = region.table(table)
    return rows.latest(key) if rows.get(key) else None


def of_window(region: Region, table: str, window_id: str, *, lagging: bool = False) -> list[Record]:
    """The targets or tasks of a window, in their actual state or as listings see them."""
    rows = region.table(table)
    records = rows.values() if lagging else rows.latest_values()
    return [record for record in records if record["WindowId"] == window_id]


@operation("CreateMaintenanceWindow")
def create_maintenance_window(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    def create() -> str:
        if len(region.table(WINDOWS).latest_values()) >= MOST_WINDOWS:
            raise limit_exceeded(f"The maximum number of maintenance windows is {MOST_WINDOWS}")
        now = region.now()
        window = {key: request[key] for key in (*_REQUIRED, *_OPTIONAL) if key in request}
        window |= {"Enabled": True, "CreatedDate": now, "ModifiedDate": now, "Anchor": now}
        _validate(region, window, request)
        window_id = region.new_id("mw-")
        store_tags(region, _TYPE, window_id, request.get("Tags", []))
        _put(region, {"WindowId": window_id, **window})
        return window_id

    return {"WindowId": region.idempotent("CreateMaintenanceWindow", request, create)}


@operation("GetMaintenanceWindow")
def get_maintenance_window(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    return _shown(region, window_of(region, request))


@operation("UpdateMaintenanceWindow")
def update_maintenance_window(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    stored = addressed(region, WINDOWS, request["WindowId"])
    if stored is None:
        raise missing_window(request["WindowId"])
    if request.get("Replace"):
        require(request, *_REQUIRED)
    sent = {key: request[key] for key in (*_REQUIRED, *_OPTIONAL, "Enabled") if key in request}
    window = (_bare(region, stored) if request.get("Replace") else stored) | sent | {"ModifiedDate": region.now()}
    # It is unknown whether an unchanged schedule in an update starts again.
    if "Schedule" in sent and (region.strict or sent["Schedule"] != stored["Schedule"]):
        window["Anchor"] = region.now()
    _validate(region, window, request)
    _put(region, window)
    return _dated(region, window)


@operation("DeleteMaintenanceWindow")
def delete_maintenance_window(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    window_id = request["WindowId"]
    if region.strict and addressed(region, WINDOWS, window_id) is None:
        raise missing_window(window_id)
    for table, key in ((TARGETS, "WindowTargetId"), (TASKS, "WindowTaskId")):
        for record in of_window(region, table, window_id):
            region.table(table).remove(record[key])
    drop_tags(region, _TYPE, window_id)
    region.table(WINDOWS).remove(window_id)
    return {"WindowId": window_id}


@operation("DescribeMaintenanceWindows")
def describe_maintenance_windows(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    tests: dict[str, Test] = {
        "Name": _starts_with_name if region.strict else equals("Name"),
        "Enabled": lambda window, value: str(window["Enabled"]).lower() == value.lower(),
    }
    found = region.arrange(select(region.table(WINDOWS).values(), request.get("Filters", []), tests))
    answer = page(region, "DescribeMaintenanceWindows", request, found, "WindowIdentities")
    return answer | {"WindowIdentities": [_shown(region, window) for window in answer["WindowIdentities"]]}


def _put(region: Region, window: Record) -> None:
    region.table(WINDOWS).put(window["WindowId"], window)
    for watch in WATCHERS:
        watch(region, window)


def _starts_with_name(window: Record, value: str) -> bool:
    return bool(window["Name"].startswith(value))


def _bare(region: Region, window: Record) -> Record:
    """The members that Replace keeps. It is unknown whether Enabled is one of them."""
    kept = {key: window[key] for key in ("WindowId", "CreatedDate", "Anchor")}
    return kept | {"Enabled": True if region.strict else window["Enabled"]}


def _validate(region: Region, window: Record, request: dict[str, Any]) -> None:
    runs = runs_of(region, window)
    duration, cutoff = window["Duration"], window["Cutoff"]
    if cutoff >= duration:
        # The typo, the count and the blanks are those of the service: https://github.com/aws/aws-cli/issues/9793
        raise validation(f"Cuttoff was {cutoff} but must be smaller than {duration - 1} (Duration  - 1 )")
    past = runs.schedule.kind == "at" and runs.next(region.now()) is None
    if region.strict and "Schedule" in request and past:
        raise validation("Invalid schedule at DateTime expression")


def _shown(region: Region, window: Record) -> dict[str, Any]:
    next_run = runs_of(region, window).next(region.now()) if window["Enabled"] else None
    return _dated(region, window) | {"NextExecutionTime": next_run}


def _dated(region: Region, window: Record) -> dict[str, Any]:
    """A window with its dates in the format of the profile: rendered again, or as they were sent."""
    if not region.strict:
        return dict(window)
    return window | {key: _rendered(window[key]) for key in _DATES if key in window}


def _rendered(text: str) -> str:
    moment = parse_date(text).astimezone(UTC)
    whole = moment.second == moment.microsecond == 0
    return moment.isoformat(timespec="minutes" if whole else "auto").removesuffix("+00:00") + "Z"
