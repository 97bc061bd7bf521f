# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ssm_window_execution_info, and their violations that can be found before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._options.codecs import is_blank
from .._options.option import Option, Options
from .._resources.window_target import UUID

WAIT_OPTIONS: Options = (
    Option(
        "wait",
        "Wait until the execution ends. If no execution is in progress, the module first waits until the next one"
        " begins, unless you specify O(last=true).",
        type="bool",
        default=False,
    ),
    Option(
        "last",
        "With O(wait=true), return the most recent execution if none is in progress, instead of waiting for the next"
        " one.",
        type="bool",
        default=False,
    ),
    Option(
        "begin_timeout",
        (
            "With O(wait=true), the maximum number of seconds until the window opens. If it opens later, or not at"
            " all, the module fails immediately.",
            "With V(0), the module does not wait for an execution to begin.",
        ),
        type="int",
        default=3600,
    ),
    Option(
        "wait_timeout",
        "With O(wait=true), the maximum number of seconds to wait until the execution ends. The default is the"
        " duration of the window. With V(0), the module reads the execution once.",
        type="int",
    ),
    Option(
        "poll_interval",
        "With O(wait=true), the number of seconds between two reads. While the window is closed, the module reads at"
        " most every five minutes.",
        type="int",
        default=30,
    ),
)
OPTIONS: Options = (
    Option("window", "The name or ID of the maintenance window.", required=True),
    Option(
        "window_execution_id",
        "The ID of an execution of the window. AWS keeps executions for 30 days. Without it, the module returns the"
        " execution in progress, or else the most recent one. Mutually exclusive with O(last=true).",
    ),
    *WAIT_OPTIONS,
)
# The playbook always waits.
WATCH_OPTIONS: Options = tuple(option for option in OPTIONS if option.name != "wait")
_LEAST = {"begin_timeout": 0, "wait_timeout": 0, "poll_interval": 1}


def violations(params: Mapping[str, Any]) -> list[str]:
    """Violations in the options."""
    found = ["window: is empty; specify the name or ID of a window"] if is_blank(params["window"]) else []
    execution_id = params["window_execution_id"]
    if execution_id is not None and not UUID.fullmatch(execution_id):
        found.append(f"window_execution_id: {execution_id!r} is not a valid ID of an execution")
    if execution_id is not None and params["last"]:
        found.append("last: cannot be combined with window_execution_id; omit one of them")
    for name, least in _LEAST.items():
        if params[name] is not None and params[name] < least:
            found.append(f"{name}: {params[name]} must be at least {least}")
    return found
