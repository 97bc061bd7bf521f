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
            "The name of the maintenance window. It has 3 to 128 characters: letters, digits, C(_), C(-) and C(.).",
            "The module finds the window by its exact name. If two windows have the name, the module fails and"
            " lists both IDs.",
            "Required unless you specify O(window_id). If you specify both, the module renames the window.",
        ),
        api="Name",
        clearable=False,
    ),
    Option(
        "window_id",
        "The ID of the maintenance window. Use it to rename a window, or to select one of two windows with the same"
        " name.",
    ),
    Option(
        "description",
        "A description of the maintenance window, up to 128 characters. An empty string removes it.",
        api="Description",
    ),
    Option(
        "schedule",
        (
            "The schedule of the maintenance window, as a V(cron(...\\)) expression with six or seven fields, or a"
            " V(rate(...\\)) or V(at(...\\)) expression.",
            "Required to create a window.",
        ),
        api="Schedule",
        codec=SCHEDULE,
        clearable=False,
    ),
    Option(
        "schedule_timezone",
        "The time zone of O(schedule) in IANA format, such as V(Europe/Berlin). Without a time zone, AWS uses UTC."
        " An empty string removes it.",
        api="ScheduleTimezone",
    ),
    Option(
        "schedule_offset",
        (
            "The number of days, 1 to 6, to wait after the day of the cron expression before the window opens."
            " O(schedule) must use C(#) or C(L) in the day-of-week field.",
            "V(0) removes the offset.",
        ),
        type="int",
        api="ScheduleOffset",
        zero_clears=True,
    ),
    Option(
        "start_date",
        "The date and time when the window becomes active, in ISO-8601 format with an offset or C(Z). An empty"
        " string removes it.",
        api="StartDate",
        codec=INSTANT,
    ),
    Option(
        "end_date",
        "The date and time when the window becomes inactive, in ISO-8601 format with an offset or C(Z). An empty"
        " string removes it.",
        api="EndDate",
        codec=INSTANT,
    ),
    Option(
        "duration",
        "The duration of the maintenance window in hours, 1 to 24. Required to create a window.",
        type="int",
        api="Duration",
        clearable=False,
    ),
    Option(
        "cutoff",
        "The number of hours before the end of the window when Systems Manager stops starting new tasks. It must be"
        " less than O(duration). Required to create a window.",
        type="int",
        api="Cutoff",
        clearable=False,
    ),
    Option(
        "allow_unassociated_targets",
        "Whether tasks can run on managed nodes that are not registered as targets of the window. A new window gets"
        " V(false).",
        type="bool",
        api="AllowUnassociatedTargets",
        created=False,
    ),
    Option(
        "enabled",
        (
            "Whether the maintenance window is enabled. A new window gets V(true).",
            "AWS creates every window enabled. To create a disabled window, the module disables it with a second"
            " call. If that call fails, the error says that the window exists and is enabled.",
        ),
        type="bool",
        api="Enabled",
        created=True,
        resettable=False,
    ),
    Option(
        "setup",
        (
            "The name of the setup that owns the window. The module stores it in the tag C(patchfleet:setup). An"
            " empty string removes the tag.",
            "If the window has the tag of another setup, or if CloudFormation manages it, the module fails unless"
            " O(take_over=true).",
        ),
    ),
    Option(
        "take_over",
        "Change or delete a window that another setup or CloudFormation owns. With O(state=absent) and O(setup),"
        " also delete a window that no setup owns. With O(setup), a window that is kept gets the tag of this setup."
        " The default is V(false).",
        type="bool",
    ),
    Option(
        "tags",
        (
            "The tags of the window. An empty dictionary removes all tags, if O(purge_tags=true). If you omit this"
            " option, the module does not read tags. A tag with the value null counts as omitted.",
            "Tag keys that begin with C(aws:) or C(patchfleet:) are reserved. The module does not change these tags.",
        ),
        type="dict",
        aliases=("resource_tags",),
    ),
    Option("purge_tags", "Whether to remove tags that are not listed in O(tags).", type="bool", default=True),
    Option(
        "state",
        (
            "V(present) creates the window, or updates it to match the options that you specify.",
            "V(absent) deletes the window with its targets and tasks. The diff lists them.",
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
            f"schedule: {schedule!r} does not support an offset, but the window has schedule_offset {offset} stored;"
            " specify schedule_offset: 0 to remove it"
        ]
    return [
        f"schedule_offset: {offset} requires a cron schedule with '#' or 'L' in its day-of-week field, such as"
        f" cron(0 2 ? * TUE#2 *), not {schedule!r}; omit schedule_offset, or specify 0"
    ]


def _cutoff_violations(_values: Values, _before: Values, after: Values) -> list[str]:
    duration, cutoff = after.get("duration"), after.get("cutoff")
    if duration is None or cutoff is None or cutoff < duration:
        return []
    return [f"cutoff: {cutoff} must be less than duration, which is {duration} (both in hours)"]


def _end_violations(_values: Values, _before: Values, after: Values) -> list[str]:
    start, end = (parse_instant(str(after[n])) if after.get(n) else None for n in ("start_date", "end_date"))
    if not start or not end or end > start:
        return []
    return [f"end_date: {after['end_date']!r} must be later than start_date {after['start_date']!r}"]


class _Window(Kind):
    def facts(self, raw: Raw) -> dict[str, Any]:
        """Dates and the next execution, which changes by itself and is never compared."""
        return {"next_execution_time": raw.get("NextExecutionTime") or None, **super().facts(raw)}


KIND = _Window(
    name="window",
    module="ssm_maintenance_window",
    in_setup=(
        "The maintenance windows, with the options of M(patchfleet.aws.ssm_maintenance_window), and the targets and"
        " tasks of each window."
    ),
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
