# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarizes who changed what, from the result of C(ssm_patch_audit_info)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.text import printable
from .lists import counted

Result = Mapping[str, Any]

_SHOWN = 20


def audit_lines(result: Result, _check_mode: bool) -> list[str]:
    """The counts, and one line for each of the newest changes."""
    changes = result["calls"]
    head = f"{counted(len(changes), 'change')}, {result['summary']['by_hand']} by hand"
    more = [f"And {len(changes) - _SHOWN} more"] if len(changes) > _SHOWN else []
    return [head, *map(_change, changes[:_SHOWN]), *more]


def _change(change: Mapping[str, Any]) -> str:
    known = [change["name"], f"({change['id']})" if change["name"] and change["id"] else change["id"]]
    what = " ".join(
        printable(str(one)) for one in ("baseline" if change["kind"] == "baseline" else "window", *known) if one
    )
    parts = [f"setup {printable(change['setup'])}" if change["setup"] else "no setup"]
    parts += ["by hand"] if change["by_hand"] else []
    parts += [f"refused: {printable(change['error_code'])}"] if change["error_code"] else []
    who = printable(str(change["principal"] or "unknown principal"))
    return f"{change['time']} {change['action']} {what}, {', '.join(parts)}: {who}"
