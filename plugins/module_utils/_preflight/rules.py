# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules between the variables of a role. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._options.mistakes import near_names
from .._readings.exceptions import exception_violations
from .._resources.ownership import setup_mistake

Values = Mapping[str, Any]


def patching_mistakes(typed: Values, values: Values, known: Values) -> list[str]:
    """Violations of the rules of the role patching.

    Args:
        typed: The variables by type, without the lists of resources.
        values: The specified variables.
        known: All variables of the host.
    """
    # In the modules, a blank string would mean no setup, or would remove tags.
    mistake = setup_mistake(typed["patching_setup"])
    found = [f"patching_{mistake}"] if mistake else []
    if typed["patching_apply"] == "each":
        found += [
            f"{setting} requires patching_apply: bulk"
            for setting, is_set in (
                ("patching_prune: true", typed["patching_prune"]),
                ("patching_unset: reset", typed["patching_unset"] == "reset"),
                ("patching_forecast: true", typed["patching_forecast"]),
            )
            if is_set
        ]
    removes_setup = typed["patching_state"] == "absent" and typed["patching_setup"]
    if not values.get("patching_baselines") and not values.get("patching_windows") and not removes_setup:
        found.append(
            "no baselines or windows are declared; specify patching_baselines or patching_windows, for example in a"
            " file that you load with -e @patching.yml" + _misspelt(known)
        )
    return found


def _misspelt(known: Values) -> str:
    """A hint about variables with names similar to the two lists, which could have a misspelled prefix."""
    lists = ["patching_baselines", "patching_windows"]
    near = [name for name in map(str, known) if name not in lists and near_names(name, lists, 0.85)]
    return f". {' and '.join(sorted(near))} is similar" if near else ""


def report_mistakes(typed: Values, values: Values, _known: Values) -> list[str]:
    """Violations of the rules of the role patch_report."""
    inputs, scope = typed["patch_report_inputs"], typed["patch_report_scope"]
    found = [*exception_violations("patch_report_exceptions", values.get("patch_report_exceptions") or ())]
    found += [
        f"patch_report_tags: {one!r} is empty; specify a tag key"
        for one in typed["patch_report_tags"]
        if not one.strip()
    ]
    if typed["patch_report_read"]:
        return found
    if not inputs:
        found.append("patch_report_read: false requires patch_report_inputs")
    if any(scope.values()):
        found.append(
            "patch_report_scope selects what to read, but nothing is read with patch_report_inputs; omit the"
            " scope, or set patch_report_read: true to read this account as well"
        )
    return found


RULES: dict[str, Callable[[Values, Values, Values], list[str]]] = {
    "the role patchfleet.aws.patching": patching_mistakes,
    "the role patchfleet.aws.patch_report": report_mistakes,
}
