# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ssm_patch_coverage_info, and what is wrong with them before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._compliance.scope import tag_violations
from .._files.row_file import dest_violations
from .._options.codecs import is_blank
from .._options.option import Option, Options
from .._resources.window_target import instance_id_violations

# A year.
_MOST_HOURS = 8760
_BOUNDS = {"install_gap_hours": (0, _MOST_HOURS), "next_run_count": (1, 100), "execution_count": (0, 50)}

SCOPE_OPTIONS: Options = (
    Option(
        "patch_groups",
        "Only nodes that are in one of these patch groups by their tag C(PatchGroup) or C(Patch Group).",
        type="list",
        elements="str",
    ),
    Option("instance_ids", "Only these nodes, by ID (C(i-) or C(mi-)).", type="list", elements="str"),
    Option(
        "instance_tags",
        "Only nodes that carry all of these tags: tag key to a value or a list of values, of which any fits.",
        type="dict",
    ),
)
OPTIONS: Options = (
    *SCOPE_OPTIONS,
    Option(
        "level",
        "V(summary) returns counts and findings. V(instances) adds RV(instances).",
        choices=("summary", "instances"),
        default="summary",
    ),
    Option("only_findings", "Only nodes with a finding go into RV(instances).", type="bool", default=False),
    Option(
        "include_unmanaged",
        "Also report running EC2 instances that Systems Manager does not manage, whether tagged or not.",
        type="bool",
        default=False,
    ),
    Option(
        "install_gap_hours",
        "Two Installs on a node less than this many hours apart are a finding, 0 to 8760. V(0) reports none.",
        type="int",
        default=24,
    ),
    Option("next_run_count", "Number of next runs returned for each task and window, 1 to 100.", type="int", default=3),
    Option(
        "execution_count",
        "Number of last executions of each window from which the duration of an Install is estimated, 0 to 50. V(0)"
        " reads none and estimates nothing.",
        type="int",
        default=3,
    ),
    Option("concurrency", "API calls at a time.", type="int", default=16),
    Option(
        "dest",
        (
            "Write the rows to this file instead of returning RV(instances), so that memory does not grow with them."
            " Its name ends in C(.jsonl) or C(.csv), its directory exists. Needs O(level=instances).",
            "The file is put in place as a whole when all is read; a new one gets mode 0600. A CSV file has all columns"
            " but RV(instances[].tasks).",
        ),
        type="path",
    ),
)


def violations(params: Mapping[str, Any]) -> list[str]:
    """What is wrong with the options."""
    found = scope_violations(params)
    for name, (least, most) in _BOUNDS.items():
        if not least <= params[name] <= most:
            found.append(f"{name}: {params[name]} must be from {least} to {most}")
    if params["concurrency"] < 1:
        found.append(f"concurrency: {params['concurrency']} must be at least 1")
    if params["only_findings"] and params["level"] == "summary":
        found.append("only_findings: a summary lists no nodes; needs level=instances")
    return found + dest_violations(params["dest"], params["level"], "level=instances")


def scope_violations(params: Mapping[str, Any]) -> list[str]:
    """What is wrong with the options that choose nodes."""
    found = instance_id_violations(params["instance_ids"] or [])
    found += [f"patch_groups: {one!r} is empty; name a group" for one in params["patch_groups"] or () if is_blank(one)]
    return found + tag_violations(params["instance_tags"])
