# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a window can install, compared before and after a change. Pure functions.

Nothing must be installed under a baseline that failed, so a change that makes a window install more waits for all
baselines. Any change that does not certainly install the same or less counts as more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._aws.structures import Raw
from .._options.codecs import CRITERIA, INSTANT, PARAMETERS, SCHEDULE
from .patch_task import HOOK_PARAMETERS
from .tasks import SCANNING_DOCUMENTS, document_name, modernised, parameters_of
from .window_target import GROUP_KEYS

# A window and its contents as API structures, by kind and ID. The window itself has no ID.
Parts = Mapping[tuple[str, str], Raw]
WINDOW = ("window", "")

_TARGETLESS = {"no targets": None}
# Members that do not affect what is installed, where, when, how fast, or with which reboots.
_LABELS = frozenset({"WindowId", "WindowTaskId", "Description", "LoggingInfo", "Targets"})
_WINDOW_LABELS = frozenset({"WindowId", "Name", "Description", "NextExecutionTime", "CreatedDate", "ModifiedDate"})
_REPORTING = frozenset(
    {
        "Comment",
        "CloudWatchOutputConfig",
        "NotificationConfig",
        "OutputS3BucketName",
        "OutputS3KeyPrefix",
        "OutputS3Region",
        "ServiceRoleArn",
    }
)


def installs_more(before: Parts, after: Parts) -> bool:
    """Whether anything can install on more nodes, earlier, faster, with more reboots, or differently than before."""
    old, new = before.get(WINDOW), after.get(WINDOW)
    if new is None or (old and old.get("Enabled") and new.get("Enabled") is False):
        return False
    tasks = {key for key, task in after.items() if key[0] == "task" and may_install(task) and _reach(after, task)}
    if old is None or not _window_covers(old, new):
        return bool(tasks)
    return any(key not in before or not _covers(before, before[key], after, after[key]) for key in tasks)


def may_install(task: Raw) -> bool:
    """Whether a task can install anything: all tasks except those of an AWS patch document that only scan."""
    parameters = parameters_of(task)
    scans = (
        task.get("TaskType") == "RUN_COMMAND"
        and document_name(task.get("TaskArn")) in SCANNING_DOCUMENTS
        and parameters.get("Operation") == ["Scan"]
        and not HOOK_PARAMETERS & set(parameters)
    )
    return not scans


def installs(task: Raw) -> bool:
    """Whether a task certainly installs patches."""
    return parameters_of(task).get("Operation") == ["Install"]


def run_on_the_same(parts: Parts, one: Raw, other: Raw) -> bool:
    """Whether two tasks select nodes with the same keys and common values."""
    return any(
        set(first) == set(second) and all(set(first[key] or ()) & set(second[key] or ()) for key in first)
        for first in _reach(parts, one)
        for second in _reach(parts, other)
    )


def _reach(parts: Parts, task: Raw) -> list[Mapping[str, Any]]:
    """The criteria of each target of a task. Targets that do not exist reach no nodes."""
    if not task.get("Targets"):
        return [_TARGETLESS]
    reach: list[Mapping[str, Any]] = []
    for entry in task["Targets"]:
        if entry.get("Key") != "WindowTargetIds":
            reach.append(CRITERIA.normal(CRITERIA.decode([entry])))
            continue
        found = (parts.get(("target", str(target_id))) for target_id in entry.get("Values") or ())
        reach += [CRITERIA.normal(CRITERIA.decode(target.get("Targets"))) or {} for target in found if target]
    return reach


def _covers(before: Parts, old: Raw, after: Parts, new: Raw) -> bool:
    """Whether a task did everything before that it does after."""
    wide, narrow = _reach(before, old), _reach(after, new)
    reached = all(any(_criteria_cover(one, other) for one in wide) for other in narrow)
    return reached and _work_covers(modernised(old), modernised(new))


def _criteria_cover(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    """A node must match all keys of a target, and any value of a key. AWS documents tag-key in two ways."""
    return bool(wide) and all(
        key in narrow
        and (narrow[key] == values or (_any_value_fits(key) and set(narrow[key] or ()) <= set(values or ())))
        for key, values in wide.items()
    )


def _any_value_fits(key: str) -> bool:
    return key.startswith("tag:") or key in ("InstanceIds", *GROUP_KEYS)


def _work_covers(old: Raw, new: Raw) -> bool:
    """Whether the old task did at least what the new task does on the same nodes."""
    ordered = {
        "MaxConcurrency": _rate_covers,
        "MaxErrors": _rate_covers,
        "CutoffBehavior": lambda one, other: one == other or other == "CANCEL_TASK",
        "AlarmConfiguration": _alarm_covers,
        "TaskInvocationParameters": _invocation_covers,
    }
    defaults = {"CutoffBehavior": "CONTINUE_TASK"}
    return _all_cover(old, new, ordered, _LABELS, defaults)


def _all_cover(
    old: Raw, new: Raw, ordered: Mapping[str, Any], ignored: Iterable[str], defaults: Mapping[str, Any]
) -> bool:
    """Compare two structures member by member. A member without an order must not change."""
    names = {*old, *new} - set(ignored)
    return all(
        ordered.get(name, lambda one, other: one == other)(
            old.get(name) or defaults.get(name), new.get(name) or defaults.get(name)
        )
        for name in names
    )


def _rate_covers(old: Any, new: Any) -> bool:
    one, other = str(old or ""), str(new or "")
    if one == other:
        return True
    comparable = one.endswith("%") == other.endswith("%")
    numbers = [text.removesuffix("%") for text in (one, other)]
    return comparable and all(text.isdigit() for text in numbers) and int(numbers[1]) <= int(numbers[0])


def _alarm_covers(old: Any, new: Any) -> bool:
    """An alarm that is added, or that also stops the task if its state cannot be read, stops more."""
    if not old or not new:
        return not old
    ignores = "IgnorePollAlarmFailure"
    rest = [{name: value for name, value in one.items() if name != ignores} for one in (old, new)]
    return rest[0] == rest[1] and (bool(old.get(ignores)) or not new.get(ignores))


def _invocation_covers(old: Any, new: Any) -> bool:
    one, other = _decisive(old), _decisive(new)
    reboots = [values.pop("RebootOption", None) for values in (one, other)]
    return one == other and (reboots[0] == reboots[1] or reboots[1] == ["NoReboot"])


def _decisive(invocation: Any) -> dict[str, Any]:
    """The parameters of a task that determine what is installed, flattened."""
    flat: dict[str, Any] = {}
    for block, values in (invocation or {}).items():
        kept = {"DocumentVersion": "$DEFAULT", **values}
        parameters = PARAMETERS.normal(kept.pop("Parameters", None)) or {}
        reporting = _REPORTING if block == "RunCommand" else ()
        flat.update({f"{block}.{name}": value for name, value in kept.items() if name not in reporting})
        flat.update({f"{block}.Parameters.{name}": value for name, value in parameters.items()})
    flat.setdefault("RunCommand.Parameters.RebootOption", ["RebootIfNeeded"])
    flat["RebootOption"] = flat.pop("RunCommand.Parameters.RebootOption")
    return flat


def _window_covers(old: Raw, new: Raw) -> bool:
    """Whether a window was open before whenever it is open after, for the same instances."""
    # A rate is counted from the start date, which changes all openings.
    is_rate = str(new.get("Schedule")).startswith("rate(")
    ordered = {
        "Schedule": lambda one, other: SCHEDULE.normal(one) == SCHEDULE.normal(other),
        "StartDate": lambda one, other: _later(one, other, strict=is_rate),
        "EndDate": lambda one, other: not one or (bool(other) and _later(other, one)),
        "Duration": lambda one, other: (other or 0) <= (one or 0),
        "Cutoff": lambda _one, _other: _open_hours(new) <= _open_hours(old),
        "AllowUnassociatedTargets": lambda one, other: bool(one) or not other,
        "Enabled": lambda one, other: bool(one) or not other,
    }
    return _all_cover(old, new, ordered, _WINDOW_LABELS, {"ScheduleTimezone": "UTC"})


def _open_hours(window: Raw) -> int:
    """The hours during which tasks can start."""
    return int(window.get("Duration") or 0) - int(window.get("Cutoff") or 0)


def _later(one: Any, other: Any, strict: bool = False) -> bool:
    """Whether the second date is not before the first. With strict, it must be equal."""
    first, second = INSTANT.normal(one), INSTANT.normal(other)
    if first == second:
        return True
    if strict or second is None:
        return False
    return first is None or (type(first) is type(second) and bool(first <= second))
