# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recreating a baseline for another operating system, interrupted at every call."""

from __future__ import annotations

from typing import Any

import pytest

from .faulty_account import FaultyAccount, KilledError

BEFORE: dict[str, Any] = {
    "name": "base",
    "operating_system": "AMAZON_LINUX_2023",
    "description": "kept",
    "patch_groups": ["web", "db"],
    "default": True,
    "tags": {"Team": "x"},
}


def recreation(account: FaultyAccount) -> dict[str, Any]:
    """A fresh account with the baseline; gives the declaration that recreates it."""
    account.simulator.reset()
    made = account.setup(setup="mine", baselines=[BEFORE])["baselines"][0]
    entry = {"baseline_id": made["baseline_id"], "name": "base", "operating_system": "UBUNTU", "recreate": True}
    return {"setup": "mine", "baselines": [entry]}


@pytest.mark.parametrize("late", [False, True])
def test_interrupted_at_every_call(account: FaultyAccount, late: bool) -> None:
    account.setup(**recreation(account))
    wanted = account.content()
    (base,) = wanted["baselines"]
    assert (base["PatchGroups"], base["default"], base["Description"]) == (["db", "web"], True, "kept")
    assert base["tags"] == {"Team": "x", "patchfleet:setup": "mine"}
    for at in range(1, 100):
        declaration = recreation(account)
        account.kill(at, late)
        try:
            account.setup(**declaration)
            break
        except KilledError:
            pass
        finally:
            account.kill(None)
        account.settled(**declaration)
        assert account.content() == wanted, at


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
def test_one_call_is_refused(account: FaultyAccount, operation: str, after: int) -> None:
    account.setup(**recreation(account))
    wanted = account.content()
    declaration = recreation(account)
    account.faults({"op": operation, "do": "AccessDeniedException", "after": after, "times": 1})
    result = account.setup(**declaration)
    account.faults()
    if result.get("failed"):
        assert operation in result["msg"]
    account.settled(**declaration)
    assert account.content() == wanted
