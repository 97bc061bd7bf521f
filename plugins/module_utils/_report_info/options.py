# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ssm_patch_report_info, and the options of the modules whose readers it uses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._compliance.options import OPTIONS as COMPLIANCE_OPTIONS
from .._compliance.runner import violations as compliance_violations
from .._coverage import options as coverage
from .._options.option import Option, Options

INSTANCES, PATCHES, WINDOWS, COVERAGE = "instances.jsonl", "patches.jsonl", "windows.json", "coverage.jsonl"
SCOPE = ("patch_groups", "instance_ids", "instance_tags")
_OF_COMPLIANCE = {option.name: option for option in COMPLIANCE_OPTIONS}
_OF_COVERAGE = {option.name: option for option in coverage.OPTIONS}
_MOST_RUNS = 100

OPTIONS: Options = (
    Option(
        "dest",
        f"The directory to write the files C({INSTANCES}), C({PATCHES}), C({WINDOWS}) and C({COVERAGE}) to. It must"
        " exist. New files get the mode 0600. The default is a temporary directory. With the connection C(local),"
        " Ansible removes it at the end of the run. With another connection, remove RV(directory) yourself.",
        type="path",
    ),
    *(_OF_COMPLIANCE[name] for name in SCOPE),
    Option(
        "coverage",
        "Whether to read which maintenance windows reach the nodes. Requires the permission C(ec2:DescribeInstances).",
        type="bool",
        default=True,
    ),
    replace(
        _OF_COVERAGE["include_tags"],
        description="The keys of the tags of nodes to read. Requires O(coverage=true). This adds no API calls.",
    ),
    _OF_COMPLIANCE["stale_after_hours"],
    _OF_COMPLIANCE["include_unmanaged"],
    Option(
        "next_run_count",
        f"The maximum number of next runs to read for each maintenance window, 1 to {_MOST_RUNS}.",
        type="int",
        default=5,
    ),
    Option(
        "account_name",
        "The name of the account. The default is the alias of the account, if the credentials have the permission"
        " C(iam:ListAccountAliases).",
    ),
    _OF_COMPLIANCE["concurrency"],
)


def violations(params: Mapping[str, Any]) -> list[str]:
    """Violations in the options that can be found before anything is read."""
    if not params["dest"]:
        return ["dest: specify a directory, because only the action plugin of this module creates one"]
    found = compliance_violations(compliance_params(params)) + coverage.violations(coverage_params(params))
    if not 1 <= params["next_run_count"] <= _MOST_RUNS:
        found.append(f"next_run_count: {params['next_run_count']} must be from 1 to {_MOST_RUNS}")
    return [*dict.fromkeys(found)]


def compliance_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options of ssm_patch_compliance_info. Only patches that make nodes noncompliant are read."""
    given = _given(_OF_COMPLIANCE, params)
    return {**given, "level": "patches", "only_noncompliant": True, "dest": None}


def coverage_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options of ssm_patch_coverage_info."""
    given = _given(_OF_COVERAGE, params)
    # The option of this module is only for the calendar of windows.
    runs = _OF_COVERAGE["next_run_count"].default
    return {**given, "level": "instances", "next_run_count": runs, "dest": os.path.join(params["dest"], COVERAGE)}


def window_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options of ssm_maintenance_window_info."""
    everything = dict.fromkeys(("names", "window_ids", "enabled", "tags", "instance_id"))
    shown = {"include": ["next_runs", "executions"], "execution_count": 10}
    return {**everything, **shown, "next_run_count": params["next_run_count"]}


def _given(options: Mapping[str, Option], params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: params.get(name, option.default) for name, option in options.items()}
