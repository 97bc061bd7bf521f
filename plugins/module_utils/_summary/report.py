# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a fleet is patched and whether it passes the gate, from the result of C(patch_report)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .lists import counted, listed

Result = Mapping[str, Any]

_SHARES = ("managed", "compliant", "compliance_percent")


def report_lines(result: Result, check_mode: bool) -> list[str]:
    """Share and counts of nodes, the gate, and where the files are."""
    summary = result["summary"]
    managed, compliant, percent = (summary.get(name) for name in _SHARES)
    if managed is None or compliant is None:
        head = "The compliance is not known: a part of the fleet was not read"
    elif not managed:
        head = "No managed node"
    else:
        head = f"{percent} % compliant: {compliant} of {counted(managed, 'managed node')}"
    counts = [
        f"{name.replace('_', ' ')} {'not known' if count is None else count}"
        for name, count in summary.items()
        if name not in _SHARES
    ]
    files = [*result["files"].values()]
    written = f"{'Would write' if check_mode else 'Report'}: {listed(files)}"
    return [head, "Nodes: " + ", ".join(counts), _gate(result["gate"]), *([written] if files else [])]


def _gate(gate: Mapping[str, Any]) -> str:
    rules = [rule for rule in gate["rules"] if rule.get("judged", True)]
    if not rules:
        return "No gate"
    return (
        f"Gate passed: {counted(len(rules), 'rule')}" if gate["passed"] else f"Gate broken: {listed(gate['broken'], 5)}"
    )
