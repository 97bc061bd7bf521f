# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform's acceptance tests of its data sources of windows and baselines, told as calls of the info modules."""

from __future__ import annotations

from typing import Any

import pytest

from .player import BASELINE, WINDOW, Args, Player, Raw, Run

DAYS = {"one": "TUE", "two": "WED", "three": "THU"}


def windows(player: Player, **options: Any) -> dict[str, Raw]:
    """The windows that fit, by name; reading is the same in check mode and changes nothing."""
    results = [player.account.run("ssm_maintenance_window_info", check=check, **options) for check in (True, False)]
    assert results[0]["windows"] == results[1]["windows"]
    assert not results[1]["changed"]
    return {one["name"]: one for one in results[1]["windows"]}


def baselines(player: Player, **options: Any) -> dict[str, Raw]:
    """The baselines that fit, by name."""
    result = player.account.run("ssm_patch_baseline_info", **options)
    assert not result["changed"]
    return {one["name"]: one for one in result["baselines"]}


@pytest.fixture
def three_windows(player: Player) -> Player:
    """Three windows, the third of which is disabled."""
    for name, day in DAYS.items():
        schedule = f"cron(0 16 ? * {day} *)"
        player.play(
            Run(WINDOW, {"name": name, "schedule": schedule, "duration": 1, "cutoff": 0, "enabled": name != "three"})
        )
    return player


def test_windows_by_name(three_windows: Player) -> None:
    found = windows(three_windows, names=["two"])
    assert [one["window_id"] for one in found.values()] == [three_windows.ids["two.window_id"]]
    assert found["two"]["schedule"] == "cron(0 16 ? * WED *)"


def test_windows_that_are_enabled(three_windows: Player) -> None:
    assert set(windows(three_windows, enabled=True)) == {"one", "two"}
    assert set(windows(three_windows, enabled=False)) == {"three"}
    assert set(windows(three_windows)) == set(DAYS)
    assert windows(three_windows, names=["four"]) == {}


def test_baseline_of_aws(player: Player) -> None:
    found = baselines(player, owner="aws", operating_system="CENTOS")
    assert set(found) == {"AWS-CentOSDefaultPatchBaseline"}
    centos = found["AWS-CentOSDefaultPatchBaseline"]
    assert centos["baseline_id"].startswith("arn:aws:ssm:eu-central-1:")
    assert centos["default"] is True
    assert len(centos["approval_rules"]) == 1
    assert centos["approved_patches_compliance_level"] == "UNSPECIFIED"
    assert centos["approved_patches_enable_non_security"] is False
    assert centos["rejected_patches_action"] == "ALLOW_AS_DEPENDENCY"
    assert not any(centos[option] for option in ("approved_patches", "rejected_patches", "global_filters", "sources"))


def test_new_baseline(player: Player) -> None:
    declared: Args = {
        "name": "new",
        "operating_system": "AMAZON_LINUX_2",
        "description": "Test",
        "approval_rules": [{"filters": {"CLASSIFICATION": ["*"]}, "approve_after_days": 5}],
    }
    player.play(Run(BASELINE, declared))
    made = player.account.run(BASELINE, **declared)["baseline"]
    found = baselines(player, operating_system="AMAZON_LINUX_2", names=["new"])["new"]
    # Without the option tags, the writing module does not read them.
    common = set(made) & set(found) - {"tags"}
    assert {option: found[option] for option in common} == {option: made[option] for option in common}
    assert found["tags"] == {}
    assert set(declared) | {"baseline_id", "default"} <= common
    assert found["declaration"] == declared


def test_all_baselines(player: Player) -> None:
    found = baselines(player, owner="all")
    shown = {name: (found[name]["operating_system"], found[name]["default"]) for name in found}
    assert shown["AWS-UbuntuDefaultPatchBaseline"] == ("UBUNTU", True)
    assert shown["AWS-WindowsPredefinedPatchBaseline-OS"] == ("WINDOWS", False)


def test_default_baselines(player: Player) -> None:
    found = baselines(player, owner="all", default_only=True)
    assert found["AWS-UbuntuDefaultPatchBaseline"]["operating_system"] == "UBUNTU"
    assert "AWS-WindowsPredefinedPatchBaseline-OS" not in found
    systems = [one["operating_system"] for one in found.values()]
    assert len(systems) == len(set(systems)) >= 14


def test_baselines_of_aws_for_windows(player: Player) -> None:
    player.play(Run(BASELINE, {"name": "own", "operating_system": "WINDOWS", "approved_patches": ["KB123456"]}))
    found = baselines(player, owner="aws", operating_system="WINDOWS")
    assert found["AWS-DefaultPatchBaseline"]["default"] is True
    assert found["AWS-WindowsPredefinedPatchBaseline-OS"]["default"] is False
    assert {one["operating_system"] for one in found.values()} == {"WINDOWS"}
    assert "own" not in found
