# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarizes what a setup changed or would change, from the result of C(ssm_patch_setup), and its next openings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from .._aws.text import printable
from .._schedules.schedule import ScheduleError, next_runs, parse_instant
from .lists import counted, listed

Result = Mapping[str, Any]

_DONE = {"create": "Created", "update": "Updated", "replace": "Replaced", "delete": "Deleted"}
_KINDS = ("baseline", "window", "target", "task")
_WINDOWS_SHOWN = 10
_RUNS = 3


def setup_lines(result: Result, check_mode: bool) -> list[str]:
    """What was created, updated, replaced and deleted, what failed and what was not attempted, with names."""
    changes = result["changes"]
    lines = []
    for action, done in _DONE.items():
        for kind in _KINDS:
            names = [_changed(one) for one in changes if (one["action"], one["kind"]) == (action, kind)]
            if names:
                verb = f"Would {action}" if check_mode else done
                lines.append(f"{verb} {counted(len(names), kind)}: {listed(names)}")
    lines += _failed("Failed", result.get("errors") or ())
    lines += _failed("Not attempted", result.get("not_attempted") or ())
    return lines or [_unchanged(result)]


def _changed(change: Mapping[str, Any]) -> str:
    fields = ", ".join(change["fields"]) if change["action"] == "update" else ""
    return f"{_title(change)} ({fields})" if fields else _title(change)


def _title(change: Mapping[str, Any]) -> str:
    return f"{change['window']}/{change['name']}" if change.get("window") else str(change["name"])


def _failed(head: str, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    names = [f"{one['action']} {one['kind']} {_title(one)}" for one in entries]
    return [f"{head}: {listed(names)}"] if names else []


def _unchanged(result: Result) -> str:
    numbers = [(len(result.get(f"{kind}s") or ()), kind) for kind in ("baseline", "window")]
    present = " and ".join(counted(number, kind) for number, kind in numbers if number)
    return f"No changes. Up to date: {present}" if present else "No changes"


def opening_lines(windows: Iterable[Mapping[str, Any]], now: datetime) -> list[str]:
    """The next openings of declared windows. For a rate without a start date, only AWS knows them."""
    found = []
    for window in windows:
        runs = _openings(window, now)
        if runs is not None:
            found.append((runs, str(window["name"])))
    found.sort(key=lambda entry: (not entry[0], entry[0], entry[1]))
    lines = [
        f"{printable(name)} opens {', '.join(run.isoformat() for run in runs)}"
        if runs
        else f"{printable(name)} never opens"
        for runs, name in found[:_WINDOWS_SHOWN]
    ]
    if len(found) > _WINDOWS_SHOWN:
        left = len(found) - _WINDOWS_SHOWN
        lines.append(f"{left} more {'window opens' if left == 1 else 'windows open'} later")
    return lines


def _openings(window: Mapping[str, Any], now: datetime) -> list[datetime] | None:
    if not window.get("name") or not window.get("schedule") or not _is_enabled(window):
        return None
    start, end = (_instant(window.get(name)) for name in ("start_date", "end_date"))
    if window["schedule"].startswith("rate") and start is None:
        return None
    zone, offset = window.get("schedule_timezone") or None, int(window.get("schedule_offset") or 0)
    try:
        return next_runs(window["schedule"], zone, offset, start=start, end=end, after=now, count=_RUNS)
    except ScheduleError:
        return None


def _is_enabled(window: Mapping[str, Any]) -> bool:
    return window.get("state") != "absent" and str(window.get("enabled", True)).lower() not in (
        "false",
        "no",
        "0",
        "off",
    )


def _instant(moment: Any) -> datetime | None:
    return parse_instant(str(moment)) if moment else None
