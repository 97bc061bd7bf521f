# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance windows: options, rules and facts. Pure functions.

Rules: https://docs.aws.amazon.com/systems-manager/latest/userguide/reference-cron-and-rate-expressions.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateMaintenanceWindow.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .._aws.structures import Raw
from .._options.codecs import INSTANT, SCHEDULE
from .._options.kind import Kind, Listing, Rule, Values
from .._options.option import Option
from .._schedules.schedule import check_date, check_schedule, check_timezone, parse_instant, takes_offset
from . import patch_task, window_target

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
        resettable=False,
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


def _each(name: str, check: Callable[[str], list[str]]) -> Rule:
    """The rule of one option."""

    def violations(values: Values, _before: Values, _after: Values) -> list[str]:
        return [f"{name}: {text}" for text in check(str(values[name]))] if values.get(name) else []

    return Rule(violations, (name,))


def _offset_violations(values: Values, before: Values, after: Values) -> list[str]:
    offset, schedule = after.get("schedule_offset"), after.get("schedule")
    if not offset or not schedule or takes_offset(schedule):
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


def _cutoff_violations(_values: Values, _before: Values, after: Values) -> list[str]:
    duration, cutoff = after.get("duration"), after.get("cutoff")
    if duration is None or cutoff is None or cutoff < duration:
        return []
    return [f"cutoff: {cutoff} must be smaller than duration, which is {duration} (both are hours)"]


def _end_violations(_values: Values, _before: Values, after: Values) -> list[str]:
    start, end = (parse_instant(str(after[n])) if after.get(n) else None for n in ("start_date", "end_date"))
    if not start or not end or end > start:
        return []
    return [f"end_date: {after['end_date']!r} must be later than start_date {after['start_date']!r}"]


class _Window(Kind):
    def facts(self, raw: Raw) -> dict[str, Any]:
        """Dates, and the next execution, which moves by itself and is never compared."""
        return {"next_execution_time": raw.get("NextExecutionTime") or None, **super().facts(raw)}


KIND = _Window(
    name="window",
    module="ssm_maintenance_window",
    in_setup="Maintenance windows, with the options of M(patchfleet.aws.ssm_maintenance_window) and what each"
    " contains.",
    options=OPTIONS,
    id_option="window_id",
    id_member="WindowId",
    id_pattern=re.compile(r"mw-[0-9a-f]{17}"),
    create="CreateMaintenanceWindow",
    update="UpdateMaintenanceWindow",
    delete="DeleteMaintenanceWindow",
    listing=Listing("DescribeMaintenanceWindows", "WindowIdentities", ("WindowId", "Name"), name_filter="Name"),
    get="GetMaintenanceWindow",
    decisive=("WindowId", "Name", "Schedule", "Duration", "Cutoff", "AllowUnassociatedTargets", "Enabled"),
    dated=True,
    resource_type="MaintenanceWindow",
    contents=(window_target.KIND, patch_task.KIND),
    required=("schedule", "duration", "cutoff"),
    rules=(
        _each("schedule", check_schedule),
        _each("schedule_timezone", check_timezone),
        _each("start_date", check_date),
        _each("end_date", check_date),
        Rule(_offset_violations, ("schedule_offset", "schedule")),
        Rule(_cutoff_violations, ("duration", "cutoff")),
        Rule(_end_violations, ("start_date", "end_date")),
    ),
)
