# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarizes what was exported to which file, from the results of the info modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .lists import counted, listed

_SHOWN = 5


def export_lines(result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """The resources in the file, what the file does not contain, and the backup of its previous content."""
    lines = []
    for kind in ("baseline", "window"):
        names = [str(one["name"]) for one in result[f"{kind}s"] if one["declaration"]]
        lines.append(f"{counted(len(names), kind)}: {listed(names)}" if names else f"No {kind}s")
    left = {text: None for kind in ("baselines", "windows") for one in result[kind] for text in one["undeclared"]}
    if left:
        lines.append(f"Not in the file: {listed(list(left), _SHOWN)}")
    lines.append(f"{'Would write' if check_mode else 'File'}: {result['exported']}")
    return [*lines, f"Previous file: {result['backup']}"] if result.get("backup") else lines
