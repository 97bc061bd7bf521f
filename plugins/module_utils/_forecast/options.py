# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ssm_patch_forecast_info, and the violations that are found before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._compliance.options import ROWS_FILE
from .._coverage.options import EXECUTION_COUNT, SCOPE_OPTIONS, bound_violations, scope_violations
from .._files.row_file import dest_violations
from .._options.codecs import is_blank
from .._options.option import CONCURRENCY, Option, Options, concurrency_violations
from . import planned

OPTIONS: Options = (
    Option(
        "window",
        "The name or ID of a maintenance window. The module then forecasts only the next run of this window."
        " Without it, the module forecasts for each node the next Install in any window.",
    ),
    Option(
        "planned",
        (
            "The result of M(patchfleet.aws.ssm_patch_setup), in check mode or not. The module then forecasts the"
            " windows of this setup as if it was applied, even if they do not exist yet.",
            "If the setup changes the baseline of a node, the module does not know what is installed on the node before"
            " the next scan.",
        ),
        type="dict",
    ),
    *SCOPE_OPTIONS,
    Option(
        "level",
        (
            "The level of detail to return in addition to RV(runs). V(instances) adds RV(instances). V(patches)"
            " adds RV(instances) and RV(patches).",
            "With V(patches), the module reads the patches of each node and the approval dates of Windows"
            " baselines, and bases its counts on them. With the other levels, it counts the patches that the last"
            " report of each node lists as missing or failed.",
        ),
        choices=("summary", "instances", "patches"),
        default="summary",
    ),
    EXECUTION_COUNT,
    CONCURRENCY,
    ROWS_FILE,
)


def violations(params: Mapping[str, Any]) -> list[str]:
    """Violations in the options."""
    found = scope_violations(params) + bound_violations(params) + planned.violations(params["planned"])
    if params["window"] is not None and is_blank(params["window"]):
        found.append("window: is empty; specify a window, or omit the option")
    found += concurrency_violations(params["concurrency"])
    return found + dest_violations(params["dest"], params["level"], "level=instances or level=patches")
