# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration carried out by one module for all of it, or by one module for each resource."""

from __future__ import annotations

from typing import Any

from .faulty_account import FaultyAccount, assert_predicted

Json = Any
Call = tuple[str, dict[str, Json]]
# What speaks of the whole setup cannot be said to one resource.
WHOLE_ONLY = frozenset({"prune", "unset", "state"})
_CHILDREN = {"targets": "ssm_window_target", "patch_tasks": "ssm_patch_task", "tasks": "ssm_window_task"}


def in_bulk(declaration: dict[str, Json]) -> list[Call]:
    """The whole setup in one call."""
    return [("ssm_patch_setup", declaration)]


def one_by_one(declaration: dict[str, Json]) -> list[Call]:
    """The same one by one, as the tasks of a playbook."""
    shared = {name: declaration[name] for name in ("setup", "take_over") if name in declaration}
    calls: list[Call] = []
    for window in declaration["windows"]:
        own = {name: value for name, value in window.items() if name not in _CHILDREN}
        calls.append(("ssm_maintenance_window", {**shared, **own}))
        claims = {**shared, **{name: window[name] for name in ("setup", "take_over") if name in window}}
        calls += [
            (module, {**claims, "window": window["name"], **child})
            for block, module in _CHILDREN.items()
            if window.get("state") != "absent"
            for child in window.get(block) or ()
        ]
    baselines = [("ssm_patch_baseline", {**shared, **baseline}) for baseline in declaration["baselines"]]
    return baselines + calls


def apply_calls(account: FaultyAccount, calls: list[Call]) -> list[dict[str, Json]]:
    """The results up to the first failure, at which a playbook ends."""
    results: list[dict[str, Json]] = []
    for module, args in calls:
        results.append(account.outcome(module, **args))
        if results[-1].get("failed"):
            break
    return results


def assert_settles(account: FaultyAccount, calls: list[Call]) -> None:
    """The law of every disturbance: the next run succeeds as check mode said, the one after has nothing to do."""
    for module, args in calls:
        predicted = account.outcome(module, check=True, **args)
        done = account.outcome(module, **args)
        assert not done.get("failed"), done["msg"]
        assert_predicted(predicted, done)
    for module, args in calls:
        done = account.outcome(module, **args)
        assert not done.get("failed"), done["msg"]
        assert done["changed"] is False, (module, done["diff"])
