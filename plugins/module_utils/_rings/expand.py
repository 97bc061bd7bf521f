# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts rings to baselines and windows, in the format of the variables of the role patching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from .._schedules.schedule import ScheduleError, next_runs
from .._schedules.time_zones import zone_of
from .options import WITHOUT_RELEASE_DATES, Ring, RingsError, Values, read_rings

Entry = dict[str, Any]

# Microsoft publishes updates at 10:00 Redmond time: https://www.microsoft.com/en-us/msrc/faqs-security-update-guide
_PUBLISHED = time(10, 0)
_REDMOND = "America/Los_Angeles"
# The year in whose months opening and publication times are compared, on both sides of each daylight saving change.
_YEAR = 2026


def expand(rings: Any, baselines: Any = (), defaults: Any = None, prefix: str = "", scan: str | None = None) -> Entry:
    """The baselines and windows of rings. Raises RingsError with all violations."""
    found = checked_rings(rings, defaults, prefix, baselines)
    windows = [_scan_window(found, prefix, scan)] if scan else []
    windows += [window_of(ring, prefix) for ring in found]
    made = [_baseline(ring, baseline, found[0], prefix) for ring in found for baseline in baselines or ()]
    return {"patching_baselines": made, "patching_windows": windows}


def checked_rings(rings: Any, defaults: Any, prefix: str, baselines: Any = ()) -> list[Ring]:
    """The rings in order. Raises RingsError with all violations in single rings and between them."""
    found = read_rings(rings, defaults, baselines, prefix)
    problems = [*_baseline_problems(found, baselines), *_gate_problems(found), *_window_problems(found)]
    if problems:
        raise RingsError(problems)
    return found


def schedule_of(days: int, at: time) -> tuple[str, int]:
    """The schedule and its offset for a number of days after the second Tuesday.

    The third Tuesday is always seven days after the second, and the fourth fourteen days, so any number from 0 to 20
    is one of the three with an offset of at most six days.
    """
    weeks, offset = divmod(days, 7)
    return f"cron({at.minute} {at.hour} ? * TUE#{2 + weeks} *)", offset


def window_of(ring: Ring, prefix: str) -> Entry:
    """The window of a ring, with its target and its task."""
    values = ring.values
    options: Entry = {"name": f"{prefix}{ring.name}", "description": _description(ring)}
    if ring.days is not None and ring.at is not None:
        schedule, offset = schedule_of(ring.days, ring.at)
        options |= {"schedule": schedule, "schedule_offset": offset}
    options |= {
        "schedule_timezone": ring.timezone,
        "duration": values.get("duration") or 4,
        "cutoff": 1 if values.get("cutoff") is None else values["cutoff"],
        # A ring with a gate is opened only by the gate.
        "enabled": ring.gate is None,
        **deepcopy(dict(values["window"])),
    }
    return {
        **options,
        "targets": [{"name": ring.name, **deepcopy(ring.selectors())}],
        "patch_tasks": [_task(ring)],
    }


def _description(ring: Ring) -> str:
    if ring.days is None:
        return f"Ring {ring.name}"
    return f"Ring {ring.name}, {ring.days} {'day' if ring.days == 1 else 'days'} after Patch Tuesday"


def _task(ring: Ring) -> Entry:
    rate = {name: str(ring.values[name]) for name in ("max_concurrency", "max_errors") if ring.values.get(name)}
    base = {"name": "install", "operation": "Install", "reboot_option": "RebootIfNeeded"}
    return {**base, "window_targets": [ring.name], **rate, **deepcopy(dict(ring.values["task"]))}


def _scan_window(rings: list[Ring], prefix: str, scan: str) -> Entry:
    return {
        "name": f"{prefix}scan",
        "description": "Reports missing patches of all rings",
        "schedule": scan,
        "schedule_offset": 0,
        "schedule_timezone": rings[0].timezone,
        "duration": 3,
        "cutoff": 1,
        "enabled": True,
        "targets": [{"name": ring.name, **deepcopy(ring.selectors())} for ring in rings],
        "patch_tasks": [
            {"name": f"scan-{ring.name}", "operation": "Scan", "window_targets": [ring.name]} for ring in rings
        ],
    }


def _baseline(ring: Ring, template: Values, first: Ring, prefix: str) -> Entry:
    made = deepcopy(dict(template))
    made["name"] = f"{prefix}{ring.name}-{template['name']}"
    made["patch_groups"] = list(ring.values["patch_groups"])
    if made.get("approval_rules"):
        made["approval_rules"] = [_rule(rule, ring, first, template) for rule in made["approval_rules"]]
    return made


def _rule(rule: Mapping[str, Any], ring: Ring, first: Ring, template: Values) -> Entry:
    if _has_date(rule):
        return dict(rule)
    return {**rule, "approve_after_days": _delay(ring, first, template)}


def _has_date(rule: Mapping[str, Any]) -> bool:
    return any(rule.get(name) is not None for name in ("approve_after_days", "approve_until_date"))


def _delay(ring: Ring, first: Ring, template: Values) -> int:
    """The approval delay of a ring. The default approves what the first ring could install, and nothing newer."""
    if template.get("operating_system") in WITHOUT_RELEASE_DATES:
        return 0
    given = ring.values.get("approve_after_days")
    return int(given) if given is not None else (ring.days or 0) - (first.days or 0)


def _baseline_problems(rings: list[Ring], baselines: Iterable[Values] | None) -> list[str]:
    templates = list(baselines or ())
    found = [
        f"baselines[{number}]: {name} is required; the baseline of each ring is derived from it"
        for number, one in enumerate(templates)
        for name in ("name", "operating_system")
        if not one.get(name)
    ]
    found += [
        f"baselines[{number}] {one.get('name')}: patch_groups: is set by each ring; omit it"
        for number, one in enumerate(templates)
        if one.get("patch_groups")
    ]
    if not templates or found:
        return found
    for ring in rings:
        if not ring.values.get("patch_groups"):
            found.append(f"ring {ring.name}: patch_groups: is missing; with baselines, each ring requires patch_groups")
        found += _delay_problems(ring, rings[0], templates)
    return found


def _delay_problems(ring: Ring, first: Ring, templates: list[Values]) -> list[str]:
    filled = [one for one in templates if any(not _has_date(rule) for rule in one.get("approval_rules") or ())]
    dated = [one for one in filled if one["operating_system"] not in WITHOUT_RELEASE_DATES]
    if dated and ring.values.get("approve_after_days") is None and None in (ring.days, first.days):
        return [f"ring {ring.name}: its days after Patch Tuesday are unknown; specify approve_after_days"]
    windows = [one for one in dated if one["operating_system"] == "WINDOWS"]
    if not windows or ring.days is None or ring.at is None:
        return []
    delay = _delay(ring, first, windows[0])
    if all(opening(ring, month) >= _approved(month, delay) for month in range(1, 13)):
        return []
    return [
        f"ring {ring.name}: opens before its baseline approves the patches that Microsoft publishes on Patch"
        f" Tuesday at 10:00 in Redmond, so they would wait for a month; approve_after_days is {delay}, and the ring"
        f" opens {ring.days} days after Patch Tuesday at {ring.at:%H:%M} {ring.timezone}; open it later, or"
        " reduce approve_after_days"
    ]


def second_tuesday(year: int, month: int) -> datetime:
    """Midnight of Patch Tuesday, without a time zone."""
    first = datetime(year, month, 1)
    return first + timedelta(days=(1 - first.weekday()) % 7 + 7)


def opening(ring: Ring, month: int, year: int = _YEAR) -> datetime:
    """The time when a ring opens after Patch Tuesday of a month."""
    day = second_tuesday(year, month) + timedelta(days=ring.days or 0)
    return datetime.combine(day.date(), ring.at or time(), zone_of(ring.timezone) or UTC).astimezone(UTC)


def _approved(month: int, delay: int) -> datetime:
    day = second_tuesday(_YEAR, month)
    published = datetime.combine(day.date(), _PUBLISHED, zone_of(_REDMOND) or UTC)
    return published.astimezone(UTC) + timedelta(days=delay)


def _gate_problems(rings: list[Ring]) -> list[str]:
    found = []
    if rings[0].gate is not None:
        found.append(f"ring {rings[0].name}: gate_percent: the first ring has no previous ring; omit gate_percent")
    for before, ring in pairwise(rings):
        if ring.gate is None:
            continue
        if unread := sorted(
            set(before.selectors()) - {"patch_groups", "patch_group_key", "instance_tags", "instance_ids"}
        ):
            found.append(
                f"ring {ring.name}: gate_percent: the compliance of {before.name}, the previous ring, cannot be"
                f" read by {', '.join(unread)}; select its nodes by patch_groups, instance_tags or instance_ids"
            )
        if ring.days is None or before.days is None:
            found.append(
                f"ring {ring.name}: gate_percent: requires days after Patch Tuesday in both {before.name} and"
                f" {ring.name}"
            )
        elif not all(opening(before, month) + open_for(before) <= opening(ring, month) for month in range(1, 13)):
            found.append(
                f"ring {ring.name}: gate_percent: the window of {before.name}, the previous ring, must end before"
                f" {ring.name} opens; open {ring.name} later, or shorten the duration of {before.name}"
            )
    return found


def open_for(ring: Ring) -> timedelta:
    """The duration of a ring's window."""
    return timedelta(hours=window_of(ring, "")["duration"])


def _window_problems(rings: list[Ring]) -> list[str]:
    """Invalid schedules. All other options are checked when the windows are declared."""
    found = []
    for ring in rings:
        options = ring.values["window"]
        if schedule := options.get("schedule"):
            try:
                next_runs(schedule, ring.timezone, after=datetime(_YEAR, 1, 1, tzinfo=UTC), count=1)
            except ScheduleError as error:
                found.append(f"ring {ring.name}: window.schedule: {error}")
    return found
