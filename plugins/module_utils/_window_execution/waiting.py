# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides which execution to wait for, how long, and when to read it. The caller provides the function that reads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from .._aws.errors import PatchingError
from .._schedules import clock
from .._schedules.schedule import parse_instant
from .nodes import is_settled, is_unfinished
from .reader import Answer

# Reads an execution. Its parameters are the name or ID of the window, and the ID of the execution if it is known.
Look = Callable[[str, "str | None"], Answer]
Params = Mapping[str, Any]

# The time after the opening within which an execution must appear.
_LATE = timedelta(minutes=10)
# The maximum number of seconds between two reads of a closed window, which could be changed or disabled.
_LONGEST = 300
# Seconds before each further read of a completed execution while some of its parts are not listed as completed.
_LAG_LOOKS = (2, 4, 8)


class WaitError(PatchingError):
    """The execution does not start, or does not end in time."""


def follow(look: Look, params: Params) -> Iterator[Answer]:
    """Yield each result until the execution has ended. A result without an execution means that it has not started.

    Raises:
        WaitError: The execution does not start, or does not end in time.
    """
    first = look(params["window"], params["window_execution_id"])
    answer = chosen(first, params)
    yield answer
    if answer["execution"] is None:
        answer = yield from _until_begun(look, first, params)
    yield from _until_ended(look, answer, params)


def chosen(answer: Answer, params: Params) -> Answer:
    """The result, without its execution if the next one is awaited instead."""
    execution = answer["execution"]
    if execution is None or params["last"] or params["window_execution_id"] or is_unfinished(execution):
        return answer
    return {**answer, "execution": None, "problem": None}


def next_opening(answer: Answer, params: Params) -> datetime:
    """When the window opens next. Raises WaitError if it does not, or if only the last execution is requested."""
    window = answer["window"]
    if params["last"]:
        raise WaitError(
            f"Window {window['name']} has no execution among those that AWS lists; it keeps them for 30 days. Omit last"
            " to wait for the next one."
        )
    opening = parse_instant(window["next_execution_time"] or "")
    if opening is not None and window["enabled"]:
        return opening
    if not window["enabled"]:
        reason = "is disabled, so it does not open. Enable it (ssm_maintenance_window with enabled: true)"
    else:
        reason = (
            f"does not open again: its schedule {window['schedule']} has no further run. Change its schedule or"
            " end_date"
        )
    raise WaitError(f"Window {window['name']} {reason}{_or_the_last(answer)}.")


def lateness(answer: Answer, opening: datetime, params: Params, now: datetime) -> str | None:
    """The error message if begin_timeout ends before the window opens, otherwise None."""
    if opening <= now + timedelta(seconds=params["begin_timeout"]):
        return None
    window = answer["window"]
    return (
        f"Window {window['name']} opens {opening.isoformat()}, in {span(opening - now)}, and begin_timeout is"
        f" {params['begin_timeout']} seconds. Start later, or increase begin_timeout{_or_the_last(answer)}."
    )


def _or_the_last(answer: Answer) -> str:
    last = answer["execution"]
    return f"; its last execution ended {last['status']} at {last['end_time']}, and last: true shows it" if last else ""


def span(left: timedelta) -> str:
    """A duration in readable form, such as C(2 h 5 min)."""
    minutes = max(0, -(-int(left.total_seconds()) // 60))
    hours, days = minutes // 60 % 24, minutes // 1440
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes % 60, "min")) if count]
    return " ".join(parts[:2]) or "0 min"


def _until_begun(look: Look, first: Answer, params: Params) -> Generator[Answer, None, Answer]:
    """Yield each result until an execution appears that the first one does not have, and return the one with it."""
    before, start, origin = first["execution"], clock.now(), clock.monotonic()
    answer, opening = first, next_opening(first, params)
    late = lateness(first, opening, params, start)
    while late is None:
        now = start + timedelta(seconds=clock.monotonic() - origin)
        clock.sleep(min(max(params["poll_interval"], (opening - now).total_seconds()), _LONGEST))
        answer = look(answer["window"]["window_id"], None)
        execution = answer["execution"]
        if execution and not (before and execution["window_execution_id"] == before["window_execution_id"]):
            yield answer
            return answer
        yield {**answer, "execution": None, "problem": None}
        now = start + timedelta(seconds=clock.monotonic() - origin)
        if now < opening:
            opening = next_opening(answer, params)
            late = lateness(answer, opening, params, start)
        elif now > opening + _LATE:
            late = f"Window {answer['window']['name']} opened {opening.isoformat()}, but AWS lists no execution since."
    raise WaitError(late)


def _until_ended(look: Look, answer: Answer, params: Params) -> Iterator[Answer]:
    window, execution_id = answer["window"], answer["execution"]["window_execution_id"]
    timeout = params["wait_timeout"]
    end = clock.monotonic() + (window["duration"] * 3600 if timeout is None else timeout)
    while is_unfinished(answer["execution"]):
        left = end - clock.monotonic()
        if left <= 0:
            raise WaitError(
                f"wait_timeout expired before execution {execution_id} of window {window['name']} ended. The execution"
                f" continues; wait for it with window_execution_id: {execution_id}."
            )
        clock.sleep(min(params["poll_interval"], left))
        answer = look(window["window_id"], execution_id)
        yield answer
    for delay in _LAG_LOOKS:
        if is_settled(answer["execution"]):
            return
        clock.sleep(delay)
        answer = look(window["window_id"], execution_id)
        yield answer
