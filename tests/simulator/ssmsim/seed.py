# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates the resources of a seed with the operations that a client would call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ssmsim.errors import ServiceError

DEFAULT_REGION = "us-east-1"

Execute = Callable[[str, str, str, Any], dict[str, Any]]
Caller = Callable[[str, dict[str, Any]], dict[str, Any]]
Tagger = Callable[[str, str, str, str, list[dict[str, str]]], None]


def plant(seed: dict[str, Any], execute: Execute, tag: Tagger, account: str) -> None:
    """Create the windows and baselines of a seed: those at the top level in the default account and Region, and those
    of each entry in ``regions`` in its ``account`` and ``region``.

    A window is a CreateMaintenanceWindow request with two additional lists, ``Targets`` and ``Tasks``, of register
    requests without WindowId. A task can refer to a target by Name instead of ID. A baseline is a CreatePatchBaseline
    request with the additional members ``PatchGroups`` (names) and ``Default`` (boolean). Both can have ``SystemTags``,
    which otherwise only AWS sets. Raises ValueError for a request that the service rejects.
    """
    for region, owner, place in places(seed, account):
        where = (region, owner)

        def call(operation: str, request: dict[str, Any], where: tuple[str, str] = where) -> dict[str, Any]:
            try:
                return execute(operation, *where, request)
            except ServiceError as error:
                raise ValueError(f"seed: {operation}: {error}") from error

        for window in place.get("windows", []):
            tag(*where, "MaintenanceWindow", _window(window, call), window.get("SystemTags", []))
        for baseline in place.get("baselines", []):
            tag(*where, "PatchBaseline", _baseline(baseline, call), baseline.get("SystemTags", []))


def places(seed: dict[str, Any], account: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each part of a seed, with its Region and account."""
    for place in [seed, *seed.get("regions", [])]:
        yield place.get("region", DEFAULT_REGION), place.get("account", account), place


def _window(window: dict[str, Any], call: Caller) -> str:
    request = {key: value for key, value in window.items() if key not in ("Targets", "Tasks", "SystemTags")}
    window_id: str = call("CreateMaintenanceWindow", request)["WindowId"]
    ids: dict[str, str] = {}
    for target in window.get("Targets", []):
        answer = call("RegisterTargetWithMaintenanceWindow", {**target, "WindowId": window_id})
        ids[target.get("Name", "")] = answer["WindowTargetId"]
    for task in window.get("Tasks", []):
        named = [
            {**entry, "Values": [ids.get(value, value) for value in entry["Values"]]}
            for entry in task.get("Targets", [])
        ]
        call("RegisterTaskWithMaintenanceWindow", {**task, "WindowId": window_id, "Targets": named})
    return window_id


def _baseline(baseline: dict[str, Any], call: Caller) -> str:
    request = {key: value for key, value in baseline.items() if key not in ("PatchGroups", "Default", "SystemTags")}
    baseline_id: str = call("CreatePatchBaseline", request)["BaselineId"]
    for group in baseline.get("PatchGroups", []):
        call("RegisterPatchBaselineForPatchGroup", {"BaselineId": baseline_id, "PatchGroup": group})
    if baseline.get("Default"):
        call("RegisterDefaultPatchBaseline", {"BaselineId": baseline_id})
    return baseline_id
