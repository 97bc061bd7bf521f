# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a ring, and the conversion of rings to objects, with all their violations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import time
from typing import Any

from .._options.mistakes import find_mistakes
from .._options.option import Option, Options, argument_spec
from .._resources import patch_baseline, patch_task, window, window_target
from .._schedules.schedule import check_timezone

Values = Mapping[str, Any]

# TUE#4 with the maximum offset. Not every month has a fifth Tuesday.
LAST_DAY = 20
# AWS ignores approval delays for these operating systems, because they publish no release dates:
# https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-release-dates.html
WITHOUT_RELEASE_DATES = frozenset({"DEBIAN", "UBUNTU", "RASPBIAN"})
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,128}")
_SELECTORS = tuple(one for one in window_target.CRITERIA_OPTIONS if one.name not in ("patch_group_key",))
_SELECTOR_NAMES = tuple(one.name for one in _SELECTORS if one.name != "resource_types")
_DAYS = ("days_after_patch_tuesday", "days_after_previous")


def _optional(options: Iterable[Option], *without: str) -> Options:
    return tuple(replace(one, required=False, default=None) for one in options if one.name not in without)


RING_OPTIONS: Options = (
    Option("name", "The name of the ring.", required=True),
    *window_target.CRITERIA_OPTIONS,
    Option(
        "days_after_patch_tuesday", "The number of days between the second Tuesday of the month and the ring.", "int"
    ),
    Option("days_after_previous", "The number of days between the previous ring and this ring.", "int"),
    Option("time", "The time of day when the window opens, as C(HH:MM)."),
    Option("timezone", "The time zone in IANA format.", default="UTC"),
    Option("duration", "The duration of the window in hours.", "int", default=4),
    Option("cutoff", "The number of hours before the end of the window when no new task starts.", "int", default=1),
    Option("max_concurrency", "The maximum number of nodes to patch at the same time."),
    Option("max_errors", "The maximum number of errors allowed."),
    Option(
        "approve_after_days", "The number of days between the release of a patch and its approval in this ring.", "int"
    ),
    Option("gate_percent", "The minimum percentage of compliant nodes in the previous ring.", "float"),
    Option(
        "window", "Additional options of the window.", "dict", suboptions=_optional(window.OPTIONS, "name", "window_id")
    ),
    Option(
        "task",
        "Additional options of the task.",
        "dict",
        suboptions=_optional(
            patch_task.OPTIONS, "window", "window_task_id", "window_targets", "instance_ids", "setup", "take_over"
        ),
    ),
)
_SPEC = {
    "rings": Option("rings", "", "list", elements="dict", suboptions=RING_OPTIONS, required=True),
    "defaults": Option("defaults", "", "dict", suboptions=_optional(RING_OPTIONS, "name", *_DAYS), default={}),
    "baselines": Option("baselines", "", "list", elements="dict", suboptions=patch_baseline.OPTIONS, default=[]),
}


class RingsError(ValueError):
    """The rings have violations. problems: one message for each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True)
class Ring:
    """One ring. days: the days after Patch Tuesday, or None if its window has its own schedule."""

    values: Values
    days: int | None
    at: time | None

    @property
    def name(self) -> str:
        """The name of the ring."""
        return str(self.values["name"])

    @property
    def timezone(self) -> str:
        """The time zone of its window."""
        return str((self.values.get("window") or {}).get("schedule_timezone") or self.values.get("timezone") or "UTC")

    @property
    def gate(self) -> float | None:
        """The minimum percentage of compliant nodes in the previous ring, or None without a gate."""
        value = self.values.get("gate_percent")
        return None if value is None else float(value)

    def selectors(self) -> dict[str, Any]:
        """The options of a target that select its nodes."""
        names = [one.name for one in window_target.CRITERIA_OPTIONS]
        return {name: self.values[name] for name in names if self.values.get(name) not in (None, [], {}, "")}


def read_rings(rings: Any, defaults: Any, baselines: Any, prefix: str) -> list[Ring]:
    """The rings in order, each with the defaults that it does not override. Raises RingsError with all violations."""
    given = {"rings": rings, "defaults": defaults or {}, "baselines": baselines or []}
    found = find_mistakes(argument_spec(tuple(_SPEC.values())), given)
    if found:
        raise RingsError(found)
    if not rings:
        raise RingsError(["rings: is empty; specify at least one ring"])
    merged = [_with_defaults(ring, given["defaults"]) for ring in rings]
    found = [text for one in merged for text in _own_mistakes(one, prefix)]
    found += _repeats([str(one["name"]) for one in merged])
    resolved, problems = _resolve_days(merged)
    if found or problems:
        raise RingsError([*found, *problems])
    return resolved


def _with_defaults(ring: Values, defaults: Values) -> dict[str, Any]:
    """A ring merged with the defaults. The options in window and task are merged individually."""
    # If a ring selects its nodes, the selection of the defaults must not narrow it.
    replaced = _SELECTOR_NAMES if any(ring.get(name) is not None for name in _SELECTOR_NAMES) else ()
    kept = {name: value for name, value in defaults.items() if name not in replaced}
    blocks = {name: {**(defaults.get(name) or {}), **(ring.get(name) or {})} for name in ("window", "task")}
    return {**kept, **ring, **blocks}


def _own_mistakes(ring: Values, prefix: str) -> Iterator[str]:
    place = f"ring {ring['name']}"
    name = f"{prefix}{ring['name']}"
    if not _NAME.fullmatch(name):
        yield (
            f"{place}: {name!r} is not a valid window name; use 3 to 128 letters, digits, underscores, dots and hyphens"
        )
    if not any(ring.get(one) for one in _SELECTOR_NAMES):
        yield f"{place}: selects no nodes; specify one of {', '.join(_SELECTOR_NAMES)}"
    if not ring["window"].get("schedule"):
        if parse_time(ring.get("time")) is None:
            yield f"{place}: time: {ring.get('time')!r} is not a time of day; specify HH:MM in quotes, such as '03:00'"
        if ring.get("timezone"):
            yield from (f"{place}: timezone: {text}" for text in check_timezone(str(ring["timezone"])))
    gate = ring.get("gate_percent")
    if gate is not None and not 0 < float(gate) <= 100:
        yield f"{place}: gate_percent: {gate} must be above 0 and at most 100"
    delay = ring.get("approve_after_days")
    if delay is not None and not 0 <= int(delay) <= 360:
        yield f"{place}: approve_after_days: {delay} must be from 0 to 360"


def parse_time(value: Any) -> time | None:
    """A time of day, or None. YAML converts an unquoted 22:00 to a number of minutes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return time(*divmod(value, 60)) if 60 <= value < 24 * 60 else None
    match = _TIME.fullmatch(str(value or ""))
    return time(int(match[1]), int(match[2])) if match else None


def _repeats(names: list[str]) -> list[str]:
    return [f"ring {name}: two rings have this name" for name in sorted({one for one in names if names.count(one) > 1})]


def _resolve_days(rings: list[dict[str, Any]]) -> tuple[list[Ring], list[str]]:
    """The rings with their days after Patch Tuesday, and violations in these."""
    resolved: list[Ring] = []
    problems: list[str] = []
    for ring in rings:
        before = resolved[-1] if resolved else None
        days, found = _days_of(ring, before)
        if not found and days is not None and before is not None and before.days is not None and days < before.days:
            found = [
                f"opens {days} days after Patch Tuesday, but {before.name}, the previous ring, opens"
                f" {before.days} days after; list the rings in the order in which they open"
            ]
        problems += [f"ring {ring['name']}: {text}" for text in found]
        resolved.append(Ring(ring, days, parse_time(ring.get("time"))))
    return resolved, problems


def _days_of(ring: Values, before: Ring | None) -> tuple[int | None, list[str]]:
    after_tuesday, after_previous = (ring.get(name) for name in _DAYS)
    chosen = [name for name in _DAYS if ring.get(name) is not None]
    if ring["window"].get("schedule"):
        if chosen:
            return None, [f"window.schedule and {' and '.join(chosen)} are mutually exclusive; specify only one"]
        return None, []
    if len(chosen) != 1:
        return None, [f"specify one of {' and '.join(_DAYS)}, or window.schedule"]
    if after_tuesday is not None:
        return _within(int(after_tuesday))
    if before is None:
        return None, ["days_after_previous: the first ring has no previous ring; specify days_after_patch_tuesday"]
    if before.days is None:
        return None, [
            f"days_after_previous: the days of {before.name}, the previous ring, are unknown; specify"
            " days_after_patch_tuesday"
        ]
    return _within(before.days + int(after_previous or 0))


def _within(days: int) -> tuple[int | None, list[str]]:
    if 0 <= days <= LAST_DAY:
        return days, []
    if days < 0:
        return None, [f"opens {days} days after Patch Tuesday; the minimum is 0"]
    return None, [
        f"opens {days} days after Patch Tuesday, but the maximum is {LAST_DAY} (TUE#4 and an offset of 6 days),"
        " because not every month has a fifth Tuesday; open it earlier, or specify window.schedule, such as"
        " cron(0 2 ? * SUN#1 *) for the next month"
    ]
