# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarizes which nodes are noncompliant, from the result of C(ssm_patch_compliance_info)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .lists import counted, listed

Result = Mapping[str, Any]

_GAPS = {
    "missing_count": "missing",
    "failed_count": "failed",
    "installed_rejected_count": "rejected",
    "installed_pending_reboot_count": "pending reboot",
}


def compliance_lines(result: Result, _check_mode: bool) -> list[str]:
    """The number of noncompliant nodes, and what each of the first ones lacks."""
    managed = result["summary"].get("managed")
    nodes = [one for one in result.get("instances") or () if not one["compliant"]]
    of_all = "" if managed is None else f" of {counted(managed, 'managed node')}"
    head = f"Noncompliant: {len(nodes)}{of_all}"
    return [f"{head}: {listed([_node(one) for one in nodes])}"] if nodes else [head]


def _node(node: Mapping[str, Any]) -> str:
    gaps = [f"{node[name]} {gap}" for name, gap in _GAPS.items() if node.get(name)]
    names = [str(node["name"])] if node.get("name") else []
    more = ", ".join([*names, *gaps])
    return f"{node['instance_id']} ({more})" if more else str(node["instance_id"])
