# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarizes the compliance of a fleet and the result of the gate, from the result of C(patch_report)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.text import printable
from .lists import counted, listed

Result = Mapping[str, Any]

_SEVERITIES = "missing_by_severity"
_BROKEN = 5
_SHARES = ("managed", "compliant", "compliance_percent")


def report_lines(result: Result, check_mode: bool) -> list[str]:
    """The percentage and counts of nodes, the gate, and the paths of the files."""
    summary = result["summary"]
    managed, compliant, percent = (summary.get(name) for name in _SHARES)
    if managed is None or compliant is None:
        head = "Compliance is unknown because part of the fleet could not be read"
    elif not managed:
        head = "No managed nodes"
    else:
        head = f"{percent} % compliant: {compliant} of {counted(managed, 'managed node')}"
    counts = [
        f"{name.replace('_', ' ')} {'unknown' if count is None else count}"
        for name, count in summary.items()
        if name not in (*_SHARES, _SEVERITIES)
    ]
    files = [*result["files"].values()]
    written = f"{'Would write' if check_mode else 'Report'}: {listed(files)}"
    nodes = [head, "Nodes: " + ", ".join(counts), *_patches(summary), *_excepted(result)]
    return [*nodes, *_gate(result["gate"]), *([written] if files else [])]


def _patches(summary: Mapping[str, Any]) -> list[str]:
    if _SEVERITIES not in summary:
        return []
    if summary[_SEVERITIES] is None:
        return ["Missing patches: unknown"]
    missing = [f"{severity} {count}" for severity, count in summary[_SEVERITIES].items() if count]
    return [f"Missing patches, counted for each node: {', '.join(missing)}" if missing else "Missing patches: none"]


def _excepted(result: Result) -> list[str]:
    """What exceptions leave out of the counts."""
    excepted = result.get("excepted") or {}
    if not any(excepted.values()):
        return []
    patches = f"{excepted['patches']} {'patch' if excepted['patches'] == 1 else 'patches'}"
    return [f"Excepted: {counted(excepted['nodes'], 'node')}, and {patches} on other nodes"]


def _gate(gate: Mapping[str, Any]) -> list[str]:
    """One line for each broken rule, because their messages contain commas."""
    rules = [rule for rule in gate["rules"] if rule.get("judged", True)]
    if not rules:
        return ["No gate"]
    if gate["passed"]:
        return [f"Gate passed: {counted(len(rules), 'rule')}"]
    lines = [f"Gate failed: {printable(text)}" for text in gate["broken"][:_BROKEN]]
    left = len(gate["broken"]) - _BROKEN
    return [*lines, f"Gate failed: {left} more"] if left > 0 else lines
