# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quotas of an account and Region, each filled in an account of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .support import Client, Maker, refused


@pytest.fixture(autouse=True)
def _own_account(private_account: None) -> None:
    """No test here may run where it would take the room of others."""


def fill(limit: int, make: Callable[[], Any]) -> None:
    """Make as many as the quota allows; the next one is refused."""
    for _ in range(limit):
        make()
    with refused("ResourceLimitExceededException"):
        make()


def test_windows_of_an_account_and_region(ssm: Client, make: Maker) -> None:
    fill(50, make.window)
    window = ssm.describe_maintenance_windows()["WindowIdentities"][0]["WindowId"]
    ssm.delete_maintenance_window(WindowId=window)
    assert make.window()


def test_targets_of_a_window(make: Maker, window: str) -> None:
    fill(100, lambda: make.target(window))
    assert make.target(make.window())


def test_tasks_of_a_window(make: Maker, window: str) -> None:
    fill(20, lambda: make.task(window))
    assert make.task(make.window())


def test_baselines_of_an_account_and_region(ssm: Client, make: Maker) -> None:
    fill(50, make.baseline)
    filters = [{"Key": "OWNER", "Values": ["Self"]}]
    baseline = ssm.describe_patch_baselines(Filters=filters)["BaselineIdentities"][0]["BaselineId"]
    ssm.delete_patch_baseline(BaselineId=baseline)
    assert make.baseline()


def test_groups_of_a_baseline(ssm: Client, make: Maker) -> None:
    baseline = make.baseline()
    fill(25, lambda: ssm.register_patch_baseline_for_patch_group(BaselineId=baseline, PatchGroup=make.name("group")))
