# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ssm_patch_forecast_info, and what is wrong with them before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._coverage.options import SCOPE_OPTIONS, scope_violations
from .._files.row_file import dest_violations
from .._options.codecs import is_blank
from .._options.option import Option, Options

OPTIONS: Options = (
    Option(
        "window",
        "Only the next run of this window, by name or ID. Without it each node is forecast for the Install that runs"
        " next on it, of whatever window.",
    ),
    *SCOPE_OPTIONS,
    Option(
        "level",
        (
            "What is returned besides RV(runs): V(instances) adds RV(instances), V(patches) adds RV(instances) and"
            " RV(patches).",
            "V(patches) reads the patches of each node and the approval dates of Windows baselines, and counts by them."
            " The other levels count what the last reports call missing or failed.",
        ),
        choices=("summary", "instances", "patches"),
        default="summary",
    ),
    Option("concurrency", "API calls at a time.", type="int", default=16),
    Option(
        "dest",
        (
            "Write the rows of the O(level) to this file while reading, instead of returning RV(instances) and"
            " RV(patches), so that memory does not grow with them. Its name ends in C(.jsonl) or C(.csv), its directory"
            " exists.",
            "The file is put in place as a whole when all is read; a new one gets mode 0600.",
        ),
        type="path",
    ),
)


def violations(params: Mapping[str, Any]) -> list[str]:
    """What is wrong with the options."""
    found = scope_violations(params)
    if params["window"] is not None and is_blank(params["window"]):
        found.append("window: is empty; name the window, or leave it out")
    if params["concurrency"] < 1:
        found.append(f"concurrency: {params['concurrency']} must be at least 1")
    return found + dest_violations(params["dest"], params["level"], "level=instances or level=patches")
