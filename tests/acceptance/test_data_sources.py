# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform's acceptance tests of its data sources of windows and baselines, told as calls of the info modules."""

from __future__ import annotations

from typing import Any

import pytest

from .scenario_runner import BASELINE, WINDOW, Args, Raw, Run, ScenarioRunner

DAYS = {"one": "TUE", "two": "WED", "three": "THU"}


def windows(runner: ScenarioRunner, **options: Any) -> dict[str, Raw]:
    """The windows that fit, by name; reading is the same in check mode and changes nothing."""
    results = [runner.account.run("ssm_maintenance_window_info", check=check, **options) for check in (True, False)]
    assert results[0]["windows"] == results[1]["windows"]
    assert not results[1]["changed"]
    return {one["name"]: one for one in results[1]["windows"]}


def baselines(runner: ScenarioRunner, **options: Any) -> dict[str, Raw]:
    """The baselines that fit, by name."""
    result = runner.account.run("ssm_patch_baseline_info", **options)
    assert not result["changed"]
    return {one["name"]: one for one in result["baselines"]}


@pytest.fixture
def three_windows(runner: ScenarioRunner) -> ScenarioRunner:
    """Three windows, the third of which is disabled."""
    for name, day in DAYS.items():
        schedule = f"cron(0 16 ? * {day} *)"
        runner.run_steps(
            Run(WINDOW, {"name": name, "schedule": schedule, "duration": 1, "cutoff": 0, "enabled": name != "three"})
        )
    return runner


def test_windows_by_name(three_windows: ScenarioRunner) -> None:
    found = windows(three_windows, names=["two"])
    assert [one["window_id"] for one in found.values()] == [three_windows.ids["two.window_id"]]
    assert found["two"]["schedule"] == "cron(0 16 ? * WED *)"


def test_windows_that_are_enabled(three_windows: ScenarioRunner) -> None:
    assert set(windows(three_windows, enabled=True)) == {"one", "two"}
    assert set(windows(three_windows, enabled=False)) == {"three"}
    assert set(windows(three_windows)) == set(DAYS)
    assert windows(three_windows, names=["four"]) == {}


def test_baseline_of_aws(runner: ScenarioRunner) -> None:
    found = baselines(runner, owner="aws", operating_system="CENTOS")
    assert set(found) == {"AWS-CentOSDefaultPatchBaseline"}
    centos = found["AWS-CentOSDefaultPatchBaseline"]
    assert centos["baseline_id"].startswith("arn:aws:ssm:eu-central-1:")
    assert centos["default"] is True
    assert len(centos["approval_rules"]) == 1
    assert centos["approved_patches_compliance_level"] == "UNSPECIFIED"
    assert centos["approved_patches_enable_non_security"] is False
    assert centos["rejected_patches_action"] == "ALLOW_AS_DEPENDENCY"
    assert not any(centos[option] for option in ("approved_patches", "rejected_patches", "global_filters", "sources"))


def test_new_baseline(runner: ScenarioRunner) -> None:
    declared: Args = {
        "name": "new",
        "operating_system": "AMAZON_LINUX_2",
        "description": "Test",
        "approval_rules": [{"filters": {"CLASSIFICATION": ["*"]}, "approve_after_days": 5}],
    }
    runner.run_steps(Run(BASELINE, declared))
    made = runner.account.run(BASELINE, **declared)["baseline"]
    found = baselines(runner, operating_system="AMAZON_LINUX_2", names=["new"])["new"]
    # Without the option tags, the writing module does not read them.
    common = set(made) & set(found) - {"tags"}
    assert {option: found[option] for option in common} == {option: made[option] for option in common}
    assert found["tags"] == {}
    assert set(declared) | {"baseline_id", "default"} <= common
    assert found["declaration"] == declared


def test_all_baselines(runner: ScenarioRunner) -> None:
    found = baselines(runner, owner="all")
    shown = {name: (found[name]["operating_system"], found[name]["default"]) for name in found}
    assert shown["AWS-UbuntuDefaultPatchBaseline"] == ("UBUNTU", True)
    assert shown["AWS-WindowsPredefinedPatchBaseline-OS"] == ("WINDOWS", False)


def test_default_baselines(runner: ScenarioRunner) -> None:
    found = baselines(runner, owner="all", default_only=True)
    assert found["AWS-UbuntuDefaultPatchBaseline"]["operating_system"] == "UBUNTU"
    assert "AWS-WindowsPredefinedPatchBaseline-OS" not in found
    systems = [one["operating_system"] for one in found.values()]
    assert len(systems) == len(set(systems)) >= 14


def test_baselines_of_aws_for_windows(runner: ScenarioRunner) -> None:
    runner.run_steps(Run(BASELINE, {"name": "own", "operating_system": "WINDOWS", "approved_patches": ["KB123456"]}))
    found = baselines(runner, owner="aws", operating_system="WINDOWS")
    assert found["AWS-DefaultPatchBaseline"]["default"] is True
    assert found["AWS-WindowsPredefinedPatchBaseline-OS"]["default"] is False
    assert {one["operating_system"] for one in found.values()} == {"WINDOWS"}
    assert "own" not in found
