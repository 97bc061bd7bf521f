# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance windows: options, rules and facts. Pure functions.

Rules: https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateMaintenanceWindow.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._aws.structures import Raw, iso_date
from .._options.codecs import INSTANT, SCHEDULE
from .._options.kind import Kind
from .._options.option import Option
from .._schedules.schedule import check_date, check_schedule, check_timezone, parse_instant, takes_offset

OPTIONS = (
    Option(
        "name",
        (
            "Name of the window, 3 to 128 characters of C(A-Z), C(a-z), C(0-9), C(_), C(-) and C(.).",
            "The window is found by this exact name. Two windows of the name are an error that lists both ids.",
            "Required unless O(window_id) is given; with O(window_id) the window is renamed.",
        ),
        api="Name",
        clearable=False,
    ),
    Option("window_id", "Id of the window, to rename it or to reach one of two windows of the same name."),
    Option(
        "description", "What the window is for, at most 128 characters. An empty string removes it.", api="Description"
    ),
    Option(
        "schedule",
        (
            "When the window opens: C(cron(...)) with six or seven fields, C(rate(...)) or C(at(...)).",
            "Required when the window is created.",
        ),
        api="Schedule",
        codec=SCHEDULE,
        clearable=False,
    ),
    Option(
        "schedule_timezone",
        "IANA name of the time zone in which O(schedule) is read, such as V(Europe/Berlin); AWS takes UTC where none is"
        " set. An empty string removes it.",
        api="ScheduleTimezone",
    ),
    Option(
        "schedule_offset",
        (
            "Days, 1 to 6, to wait after the day that a cron O(schedule) with C(#) or C(L) in its day-of-week names.",
            "V(0) removes it.",
        ),
        type="int",
        api="ScheduleOffset",
        zero_clears=True,
    ),
    Option(
        "start_date",
        "When the window becomes active, ISO-8601 with an offset or C(Z). An empty string removes it.",
        api="StartDate",
        codec=INSTANT,
    ),
    Option(
        "end_date",
        "When the window becomes inactive, ISO-8601 with an offset or C(Z). An empty string removes it.",
        api="EndDate",
        codec=INSTANT,
    ),
    Option(
        "duration",
        "Hours that the window stays open, 1 to 24. Required when the window is created.",
        type="int",
        api="Duration",
        clearable=False,
    ),
    Option(
        "cutoff",
        "Hours before the end from which no new task starts; less than O(duration). Required when the window is"
        " created.",
        type="int",
        api="Cutoff",
        clearable=False,
    ),
    Option(
        "allow_unassociated_targets",
        "Whether tasks may name instances that are not registered as targets. V(false) on creation.",
        type="bool",
        api="AllowUnassociatedTargets",
        created=False,
    ),
    Option(
        "enabled",
        (
            "Whether the window opens at all. V(true) on creation.",
            "AWS cannot create a disabled window: it is disabled by a second call, and if that fails the error"
            " says so.",
        ),
        type="bool",
        api="Enabled",
        created=True,
    ),
    Option(
        "setup",
        (
            "Name of the setup that owns the window, stored as the tag C(patchfleet:setup). An empty string removes"
            " it.",
            "A window that carries the tag of another setup, or that CloudFormation manages, is an error unless"
            " O(take_over=true).",
        ),
    ),
    Option(
        "take_over",
        "Change or remove a window that another setup or CloudFormation owns, or with O(state=absent) and O(setup) one"
        " that no setup owns. With O(setup) it gets the tag of this setup. V(false) where it is not given.",
        type="bool",
    ),
    Option(
        "tags",
        (
            "Tags of the window. An empty dict removes all that O(purge_tags) allows; not given, tags are not read."
            " A tag whose value is null counts as not given.",
            "Keys that begin with C(aws:) or C(patchfleet:) are reserved and left alone.",
        ),
        type="dict",
        aliases=("resource_tags",),
    ),
    Option("purge_tags", "Whether tags that O(tags) does not list are removed.", type="bool", default=True),
    Option(
        "state",
        (
            "V(present) creates the window or makes it as declared.",
            "V(absent) deletes it together with its targets and tasks; the diff lists them.",
        ),
        choices=("present", "absent"),
        default="present",
    ),
)

KIND = Kind(
    name="window",
    options=OPTIONS,
    id_option="window_id",
    id_member="WindowId",
    id_pattern=re.compile(r"mw-[0-9a-f]{17}"),
    create="CreateMaintenanceWindow",
    update="UpdateMaintenanceWindow",
    delete="DeleteMaintenanceWindow",
)
RESOURCE_TYPE = "MaintenanceWindow"
REQUIRED = ("schedule", "duration", "cutoff")


def facts(raw: Raw) -> dict[str, Any]:
    """What the service adds: next execution (moves by itself, never compared) and dates, as ISO strings."""
    return {
        "next_execution_time": raw.get("NextExecutionTime") or None,
        "created_date": iso_date(raw.get("CreatedDate")),
        "modified_date": iso_date(raw.get("ModifiedDate")),
    }


def violations(values: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Rules between the options of the merged window.

    values: what the user gave. before: stored option values, empty for a new window. after: merged option values.
    """
    found = []
    if values.get("schedule"):
        found += [f"schedule: {text}" for text in check_schedule(values["schedule"])]
    if values.get("schedule_timezone"):
        found += [f"schedule_timezone: {text}" for text in check_timezone(values["schedule_timezone"])]
    for name in ("start_date", "end_date"):
        if values.get(name):
            found += [f"{name}: {text}" for text in check_date(str(values[name]))]
    return found + _offset_violations(values, before, after) + _order_violations(values, after)


def _offset_violations(values: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    offset, schedule = after.get("schedule_offset"), after.get("schedule")
    touched = values.get("schedule_offset") or values.get("schedule")
    if not offset or not schedule or not touched or takes_offset(schedule):
        return []
    if not values.get("schedule_offset") and before.get("schedule_offset"):
        return [
            f"schedule: {schedule!r} takes no offset, and the window has schedule_offset {offset} stored;"
            " give schedule_offset: 0 to remove it"
        ]
    return [
        f"schedule_offset: {offset} needs a cron schedule with '#' or 'L' in its day-of-week field, such as"
        f" cron(0 2 ? * TUE#2 *), not {schedule!r}; leave it out or give 0"
    ]


def _order_violations(values: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    found = []
    duration, cutoff = after.get("duration"), after.get("cutoff")
    if {"duration", "cutoff"} & set(values) and duration is not None and cutoff is not None and cutoff >= duration:
        found.append(f"cutoff: {cutoff} must be smaller than duration, which is {duration} (both are hours)")
    start, end = (parse_instant(str(after[n])) if after.get(n) else None for n in ("start_date", "end_date"))
    if {"start_date", "end_date"} & set(values) and start and end and end <= start:
        found.append(f"end_date: {after['end_date']!r} must be later than start_date {after['start_date']!r}")
    return found
