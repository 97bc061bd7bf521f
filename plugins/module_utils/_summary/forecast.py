# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarizes what the next windows do, from the result of C(ssm_patch_forecast_info)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.text import printable
from .lists import counted, listed

Result = Mapping[str, Any]


def forecast_lines(result: Result, _check_mode: bool) -> list[str]:
    """One line for each run, the nodes that reboot, and the number of nodes without a next Install."""
    lines = []
    for run in result["runs"]:
        lines.append(_run(run))
        reboots = [_node(one) for one in result.get("instances") or () if one["reboot"] and _is_of(one, run)]
        if reboots:
            lines.append(f"Reboots in {printable(run['window'])}: {listed(reboots)}")
    without = result["summary"]["without_install"]
    if without:
        have = "has" if without == 1 else "have"
        lines.append(f"{counted(without, 'node')} {have} no next Install; ssm_patch_coverage_info shows the reasons")
    return lines or ["No next Install"]


def _run(run: Mapping[str, Any]) -> str:
    parts = [
        f"installs {counted(run['patch_count'], 'patch').replace('patchs', 'patches')} on {run['install_node_count']}"
        f" of {counted(run['node_count'], 'node')}",
        f"reboots {run['reboot_count']}",
    ]
    parts += [f"{run['offline_count']} offline"] if run["offline_count"] else []
    parts += [f"{run['unknown_count']} unknown"] if run["unknown_count"] else []
    parts += [f"{len(run['newly_approved'])} newly approved"] if run["newly_approved"] else []
    parts += _cutoff(run)
    return f"{run['run_time']} {printable(run['window'])}/{printable(run['task'] or 'task')}: {', '.join(parts)}"


def _cutoff(run: Mapping[str, Any]) -> list[str]:
    """The estimated effect of the cutoff on the run."""
    estimate = run["estimate"]
    if run["late_count"]:
        return [f"{run['late_count']} of {counted(estimate['nodes'], 'node')} may not be reached before the cutoff"]
    if estimate and estimate["starts_after"] + estimate["needed"] > estimate["available"]:
        return ["may continue after the cutoff"]
    return []


def _is_of(node: Mapping[str, Any], run: Mapping[str, Any]) -> bool:
    return all(node[name] == run[name] for name in ("window_id", "window_task_id", "run_time"))


def _node(node: Mapping[str, Any]) -> str:
    name = node["instance_name"] or node["name"]
    return f"{node['instance_id']} ({name})" if name else str(node["instance_id"])
