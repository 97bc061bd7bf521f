# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recreating a baseline for another operating system, interrupted at every call."""

from __future__ import annotations

from typing import Any

import pytest

from .field import Field, KilledError

BEFORE: dict[str, Any] = {
    "name": "base",
    "operating_system": "AMAZON_LINUX_2023",
    "description": "kept",
    "patch_groups": ["web", "db"],
    "default": True,
    "tags": {"Team": "x"},
}


def recreation(field: Field) -> dict[str, Any]:
    """A fresh account with the baseline; gives the declaration that recreates it."""
    field.simulator.reset()
    made = field.setup(setup="mine", baselines=[BEFORE])["baselines"][0]
    entry = {"baseline_id": made["baseline_id"], "name": "base", "operating_system": "UBUNTU", "recreate": True}
    return {"setup": "mine", "baselines": [entry]}


@pytest.mark.parametrize("late", [False, True])
def test_interrupted_at_every_call(field: Field, late: bool) -> None:
    field.setup(**recreation(field))
    wanted = field.content()
    (base,) = wanted["baselines"]
    assert (base["PatchGroups"], base["default"], base["Description"]) == (["db", "web"], True, "kept")
    assert base["tags"] == {"Team": "x", "patchfleet:setup": "mine"}
    for at in range(1, 100):
        declaration = recreation(field)
        field.kill(at, late)
        try:
            field.setup(**declaration)
            break
        except KilledError:
            pass
        finally:
            field.kill(None)
        field.settled(**declaration)
        assert field.content() == wanted, at


@pytest.mark.parametrize(
    "operation",
    [
        "CreatePatchBaseline",
        "RegisterPatchBaselineForPatchGroup",
        "RegisterDefaultPatchBaseline",
        "DeregisterPatchBaselineForPatchGroup",
        "DeletePatchBaseline",
    ],
)
@pytest.mark.parametrize("after", [0, 1])
def test_one_call_is_refused(field: Field, operation: str, after: int) -> None:
    field.setup(**recreation(field))
    wanted = field.content()
    declaration = recreation(field)
    field.faults({"op": operation, "do": "AccessDeniedException", "after": after, "times": 1})
    result = field.setup(**declaration)
    field.faults()
    if result.get("failed"):
        assert operation in result["msg"]
    field.settled(**declaration)
    assert field.content() == wanted
