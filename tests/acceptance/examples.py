# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documented calls of the API, each held against the module call that says the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from .scenario_runner import (
    BASELINE,
    PATCH_TASK,
    RESOURCES,
    TARGET,
    TASK,
    WINDOW,
    Args,
    Call,
    Raw,
    ScenarioRunner,
    comparable,
)

CREATES = {
    WINDOW: "CreateMaintenanceWindow",
    TARGET: "RegisterTargetWithMaintenanceWindow",
    TASK: "RegisterTaskWithMaintenanceWindow",
    PATCH_TASK: "RegisterTaskWithMaintenanceWindow",
    BASELINE: "CreatePatchBaseline",
}
_MEMBERS_OF_ID = {WINDOW: "WindowId", TARGET: "WindowTargetId", TASK: "WindowTaskId", PATCH_TASK: "WindowTaskId"}
# What differs between two resources that are made alike.
_IDS = ("WindowId", "WindowTargetId", "WindowTaskId", "BaselineId")
_OWN = (*_IDS, "CreatedDate", "ModifiedDate", "NextExecutionTime", "ResponseMetadata")


@dataclass(frozen=True)
class Example:
    """A documented request that creates a resource, and the module's arguments for the same.

    Where the request names the resource, so do the arguments; where it does not, the module finds it by its ID, and
    makes its own under a name. around: what must be there before. beyond: members by which a resource that the module
    makes differs, such as defaults that it sends.
    """

    title: str
    module: str
    request: Raw
    args: Args
    around: tuple[Call, ...] = ()
    beyond: Mapping[str, Any] = field(default_factory=dict)


def examples(*all_of_them: Example) -> Any:
    """The parameter C(example) of a test."""
    return pytest.mark.parametrize("example", all_of_them, ids=[one.title.replace(" ", "-") for one in all_of_them])


def hold(runner: ScenarioRunner, example: Example) -> None:
    """The module finds nothing to do at what the documented call made, and makes the like itself."""
    runner.run_steps(*example.around)
    args = runner.filled(example.args)
    module, name = example.module, example.request.get("Name")
    key, id_option = RESOURCES[module]
    made = runner.call(Call(CREATES[module], example.request))
    documented_id = made[_MEMBERS_OF_ID.get(module, "BaselineId")]
    documented = runner.read(module, documented_id, args.get("window"))
    assert documented is not None
    where = {"window": args["window"]} if "window" in args else {}
    found = {**args, "name": name} if name else {**args, id_option: documented_id}
    for check in (True, False):
        result = runner.account.run(module, check=check, **found)
        assert not result["changed"], result["diff"]
    assert result[key][id_option] == documented_id
    assert runner.account.run(module, **where, **{id_option: documented_id}, state="absent")["changed"]
    own = {**args, "name": name or "example"}
    predicted = runner.account.run(module, check=True, **own)
    assert predicted["changed"]
    done = runner.account.run(module, **own)
    assert not runner.account.run(module, **own)["changed"]
    raw = runner.read(module, done[key][id_option], args.get("window"))
    assert raw is not None
    runner.holds(raw, example.beyond)
    assert alike(raw, example.beyond) == alike(documented, example.beyond, name or "example")


def alike(raw: Raw, beyond: Mapping[str, Any], name: str | None = None) -> Any:
    """A resource without what is its own, what is beyond the documented call, and what is empty."""
    named = {**raw, "Name": name} if name else raw
    return comparable(_shorn(named, "", beyond))


def _shorn(value: Any, path: str, beyond: Mapping[str, Any]) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept = {}
    for key, entry in value.items():
        where = f"{path}.{key}".lstrip(".")
        shorn = _shorn(entry, where, beyond)
        if (path or key not in _OWN) and where not in beyond and shorn not in (None, "", [], {}):
            kept[key] = shorn
    return kept
