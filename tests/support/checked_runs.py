# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode predicts, held against what the run then does."""

from __future__ import annotations

from typing import Any

from .account import Account

# Ids and dates come from the service; everything else of a result is known before.
UNKNOWN = ("_id", "_date", "next_execution_time")
_BESIDE = ("invocation", "deprecations")


def foreseeable(value: Any) -> Any:
    """A result without what nobody can know before: ids, dates."""
    if isinstance(value, dict):
        kept = {name: entry for name, entry in value.items() if not str(name).endswith(UNKNOWN) and name not in _BESIDE}
        return {name: foreseeable(entry) for name, entry in kept.items() if name != "id"}
    return [foreseeable(entry) for entry in value] if isinstance(value, list) else value


def apply(account: Account, module: str, **args: Any) -> dict[str, Any]:
    """Run a module in check mode, then for good, then again; gives the result of the run.

    The prediction equals the result, and afterwards nothing is left to do.
    """
    predicted = account.run(module, check=True, **args)
    done = account.run(module, **args)
    assert foreseeable(predicted) == foreseeable(done)
    again = account.run(module, **args)
    assert not again["changed"], again["diff"]
    assert again["diff"] == []
    return done


def changed_fields(result: dict[str, Any]) -> set[str]:
    """The fields of the one entry of a diff that differ, dotted."""
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
