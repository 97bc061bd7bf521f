# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the prediction of check mode with the following run."""

from __future__ import annotations

from typing import Any

from .account import Account

# IDs and dates come from the service. Everything else in a result is predictable.
UNKNOWN = ("_id", "_date", "next_execution_time")
_BESIDE = ("invocation", "deprecations")


def foreseeable(value: Any) -> Any:
    """A result without unpredictable values, which are IDs and dates."""
    if isinstance(value, dict):
        kept = {name: entry for name, entry in value.items() if not str(name).endswith(UNKNOWN) and name not in _BESIDE}
        return {name: foreseeable(entry) for name, entry in kept.items() if name != "id"}
    return [foreseeable(entry) for entry in value] if isinstance(value, list) else value


def apply(account: Account, module: str, **args: Any) -> dict[str, Any]:
    """Run a module in check mode, then apply it, then again, and return the result of the run.

    The prediction must equal the result, and the last run must change nothing.
    """
    predicted = account.run(module, check=True, **args)
    done = account.run(module, **args)
    assert foreseeable(predicted) == foreseeable(done)
    again = account.run(module, **args)
    assert not again["changed"], again["diff"]
    assert again["diff"] == []
    return done


def changed_fields(result: dict[str, Any]) -> set[str]:
    """The dotted names of the fields that differ in a diff with one entry."""
    (entry,) = result["diff"]
    before, after = _flat(entry["before"]), _flat(entry["after"])
    return {name for name in {**before, **after} if before.get(name) != after.get(name)}


def _flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, entry in value.items():
        if isinstance(entry, dict) and name in BLOCKS:
            flat.update(_flat(entry, f"{prefix}{name}."))
        else:
            flat[prefix + name] = entry
    return flat


BLOCKS = ("alarm", "hooks", "notification", "run_command", "automation", "lambda_function", "step_functions")
