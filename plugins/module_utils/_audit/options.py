# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ssm_patch_audit_info."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._files.row_file import violations as file_violations
from .._options.limits import blank_entries
from .._options.option import Option, Options

# CloudTrail keeps its event history for 90 days.
_MOST_HOURS = 90 * 24

OPTIONS: Options = (
    Option("hours", "The number of hours to look back, 1 to 2160.", type="int", default=168),
    Option(
        "own_roles",
        "The ARNs of IAM roles that manage patching, such as the role of the controller. Changes by other principals"
        " are changes by hand. Without this option, all changes are.",
        type="list",
        elements="str",
    ),
    Option("only_by_hand", "Only return changes by hand.", type="bool", default=False),
    Option("include_refused", "Also return calls that AWS refused.", type="bool", default=False),
    Option(
        "dest",
        "Also write RV(calls) to this file. The file name must end in C(.jsonl) or C(.csv), and the directory must"
        " exist. A new file gets the mode 0600.",
        type="path",
    ),
)


def violations(params: Mapping[str, Any]) -> list[str]:
    """Violations in the options that can be found before anything is read."""
    found = blank_entries("own_roles", params["own_roles"])
    if not 1 <= params["hours"] <= _MOST_HOURS:
        found.append(f"hours: {params['hours']} must be from 1 to {_MOST_HOURS}")
    return found + (file_violations("dest", params["dest"]) if params["dest"] is not None else [])
