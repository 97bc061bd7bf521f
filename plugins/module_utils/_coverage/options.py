# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ssm_patch_coverage_info, and the violations that are found before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._compliance.options import INSTANCE_OPTIONS
from .._compliance.scope import tag_violations
from .._files.row_file import dest_violations
from .._options.codecs import is_blank
from .._options.option import CONCURRENCY, Option, Options, concurrency_violations
from .._resources.window_target import instance_id_violations

# A year.
_MOST_HOURS = 8760
_BOUNDS = {"install_gap_hours": (0, _MOST_HOURS), "next_run_count": (1, 100), "execution_count": (0, 50)}

SCOPE_OPTIONS: Options = (
    Option(
        "patch_groups",
        "Only nodes that belong to one of these patch groups by their tag C(PatchGroup) or C(Patch Group).",
        type="list",
        elements="str",
    ),
    *INSTANCE_OPTIONS,
)
EXECUTION_COUNT = Option(
    "execution_count",
    "The number of recent executions of each window that the module uses to estimate the duration of an"
    " Install, 0 to 50. V(0) disables the estimate.",
    type="int",
    default=3,
)
OPTIONS: Options = (
    *SCOPE_OPTIONS,
    Option(
        "level",
        "V(summary) returns counts and findings. V(instances) adds RV(instances).",
        choices=("summary", "instances"),
        default="summary",
    ),
    Option("only_findings", "Only return nodes with a finding in RV(instances).", type="bool", default=False),
    Option(
        "include_unmanaged",
        "Also report running EC2 instances that Systems Manager does not manage, with or without tags.",
        type="bool",
        default=False,
    ),
    Option(
        "include_tags",
        "The keys of the tags to return for each node in RV(instances[].tags). This adds no API calls.",
        type="list",
        elements="str",
        default=[],
    ),
    Option(
        "install_gap_hours",
        "Report a finding if two Install tasks reach a node less than this number of hours apart, 0 to 8760. V(0)"
        " disables this finding.",
        type="int",
        default=24,
    ),
    Option(
        "next_run_count", "The number of next runs to return for each task and window, 1 to 100.", type="int", default=3
    ),
    EXECUTION_COUNT,
    CONCURRENCY,
    Option(
        "dest",
        (
            "Write the rows to this file instead of returning RV(instances). Memory use then does not grow with the"
            " number of rows. The file name must end in C(.jsonl) or C(.csv), and the directory must exist."
            " Requires O(level=instances).",
            "The module replaces the file only after everything is read. A new file gets the mode 0600. A CSV file"
            " has all columns except RV(instances[].tasks) and RV(instances[].tags).",
        ),
        type="path",
    ),
)


def violations(params: Mapping[str, Any]) -> list[str]:
    """Violations in the options."""
    found = [*scope_violations(params), *bound_violations(params), *concurrency_violations(params["concurrency"])]
    if any(map(is_blank, params["include_tags"])):
        found.append("include_tags: contains an empty tag key; remove it")
    if params["include_tags"] and params["level"] == "summary":
        found.append("include_tags: requires level=instances")
    if params["only_findings"] and params["level"] == "summary":
        found.append("only_findings: requires level=instances")
    return found + dest_violations(params["dest"], params["level"], "level=instances")


def scope_violations(params: Mapping[str, Any]) -> list[str]:
    """Violations in the options that select nodes."""
    found = instance_id_violations(params["instance_ids"] or [])
    found += [
        f"patch_groups: {one!r} is empty; specify a patch group"
        for one in params["patch_groups"] or ()
        if is_blank(one)
    ]
    return found + tag_violations(params["instance_tags"])


def bound_violations(params: Mapping[str, Any]) -> list[str]:
    """Violations of the limits of numbers."""
    return [
        f"{name}: {params[name]} must be from {least} to {most}"
        for name, (least, most) in _BOUNDS.items()
        if name in params and not least <= params[name] <= most
    ]
