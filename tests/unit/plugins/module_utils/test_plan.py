# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planners: which calls, in which order, waiting for what."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.changes import Change, Ref, Step, chained
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.planning import Planning
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.engine import Engine

WINDOW: dict[str, Any] = {"name": "prod", "schedule": "rate(1 day)", "duration": 2, "cutoff": 1}
TARGET = {"name": "web", "patch_groups": ["Web"]}
INSTALL = {"name": "install", "operation": "Install", "window_targets": ["web"]}
SCAN = {"name": "scan", "operation": "Scan", "window_targets": ["web"]}
LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
FULL = {**WINDOW, "targets": [TARGET], "patch_tasks": [INSTALL, SCAN]}


@pytest.fixture
def engine(account: Account) -> Engine:
    """The engine in the account."""
    assert account
    return Engine()


def _step(planning: Planning, operation: str, name: str | None = None) -> Step:
    (found,) = [
        step for step in planning.plan.steps if step.operation == operation and name in (None, step.change.name)
    ]
    return found


def _waits(planning: Planning, step: Step) -> set[str]:
    """The operations that a step needs, directly or through others."""
    by_key = {one.key: one for one in planning.plan.steps}
    open_keys, seen = set(step.needs), set()
    while open_keys:
        key = open_keys.pop()
        seen.add(key)
        open_keys |= by_key[key].needs - seen
    return {f"{by_key[key].operation} {by_key[key].change.name}" for key in seen}


def test_parents_come_before_children(engine: Engine) -> None:
    planning = engine.plan(windows=[FULL])

    target = _step(planning, "RegisterTargetWithMaintenanceWindow")
    scan = _step(planning, "RegisterTaskWithMaintenanceWindow", "scan")
    assert _waits(planning, target) == {"CreateMaintenanceWindow prod"}
    assert _waits(planning, scan) == {"CreateMaintenanceWindow prod", "RegisterTargetWithMaintenanceWindow web"}
    assert scan.request["Targets"] == [{"Key": "WindowTargetIds", "Values": [Ref("target prod/web")]}]
    assert scan.request["WindowId"] == Ref("window prod")
    assert target.creation.group in scan.after
    assert [change.title for change in planning.plan.changes] == [
        "window prod",
        "target prod/web",
        "task prod/install",
        "task prod/scan",
    ]


def test_a_window_that_installs_waits_for_all_baselines(engine: Engine) -> None:
    scanning = {**FULL, "name": "nightly", "patch_tasks": [SCAN]}
    planning = engine.plan(windows=[FULL, scanning], baselines=[{**LINUX, "patch_groups": ["Web"], "default": True}])

    creations = [step for step in planning.plan.steps if step.operation == "CreateMaintenanceWindow"]
    waits = {step.change.name: _waits(planning, step) for step in creations}
    assert waits["prod"] == {
        "CreatePatchBaseline linux",
        "RegisterPatchBaselineForPatchGroup linux",
        "RegisterDefaultPatchBaseline linux",
    }
    assert not waits["nightly"]
    # A baseline that is withdrawn for the sake of a namesake has failed, too.
    assert {step.change.name: "DescribePatchBaselines" in " ".join(step.after) for step in creations} == {
        "prod": True,
        "nightly": False,
    }


def test_a_task_that_becomes_an_installation_waits_too(engine: Engine) -> None:
    engine.apply(engine.plan(windows=[{**FULL, "patch_tasks": [SCAN]}]))

    planning = engine.plan(windows=[{**FULL, "patch_tasks": [{**SCAN, "operation": "Install"}]}], baselines=[LINUX])

    update = _step(planning, "UpdateMaintenanceWindowTask")
    assert _waits(planning, update) == {"CreatePatchBaseline linux"}


def test_a_window_that_is_enabled_waits_for_all_baselines(engine: Engine) -> None:
    engine.apply(engine.plan(windows=[{**WINDOW, "enabled": False}]))

    planning = engine.plan(windows=[{**WINDOW, "enabled": True}], baselines=[LINUX])

    assert _waits(planning, _step(planning, "UpdateMaintenanceWindow")) == {"CreatePatchBaseline linux"}


def test_a_replaced_target_goes_last(engine: Engine) -> None:
    engine.apply(engine.plan(windows=[FULL]))
    group = {"name": "web", "resource_group": "one"}

    planning = engine.plan(windows=[{**FULL, "targets": [group]}])

    rename = _step(planning, "UpdateMaintenanceWindowTarget")
    assert rename.request["Name"] == "web.replaced"
    remove = _step(planning, "DeregisterTargetFromMaintenanceWindow")
    assert remove.request["Safe"] is True
    assert _waits(planning, remove) == {
        "UpdateMaintenanceWindowTarget web",
        "RegisterTargetWithMaintenanceWindow web",
        "UpdateMaintenanceWindowTask install",
        "UpdateMaintenanceWindowTask scan",
    }
    assert {change.title: change.action for change in planning.plan.changes}["target prod/web"] == "replace"


def test_a_target_goes_after_the_task_that_used_it(engine: Engine) -> None:
    engine.apply(engine.plan(windows=[FULL]))
    gone = {"state": "absent"}

    planning = engine.plan(
        windows=[{**WINDOW, "targets": [{"name": "web", **gone}], "patch_tasks": [{"name": "install", **gone}, SCAN]}]
    )
    assert any("used by task scan" in text for text in planning.plan.violations)
    planning = engine.plan(
        windows=[
            {
                **WINDOW,
                "targets": [{"name": "web", **gone}],
                "patch_tasks": [{"name": "install", **gone}, {"name": "scan", **gone}],
            }
        ]
    )

    remove = _step(planning, "DeregisterTargetFromMaintenanceWindow")
    assert _waits(planning, remove) == {
        "DeregisterTaskFromMaintenanceWindow install",
        "DeregisterTaskFromMaintenanceWindow scan",
    }


def test_prune_comes_last_and_has_a_limit(engine: Engine) -> None:
    engine.apply(engine.plan(windows=[FULL, {**WINDOW, "name": "old"}], baselines=[LINUX], setup="one"))
    kept = {**WINDOW, "description": "new", "targets": [TARGET], "patch_tasks": [SCAN]}

    other = {"name": "other", "operating_system": "WINDOWS"}
    planning = engine.plan(windows=[kept], baselines=[other], setup="one", prune=True)
    removed = {step.change.title for step in planning.plan.steps if step.change.late}
    assert removed == {"window old", "task prod/install", "baseline linux"}
    others = {step.key for step in planning.plan.steps if not step.change.late}
    assert others
    assert all(step.needs >= others for step in planning.plan.steps if step.change.late)

    limited = engine.plan(windows=[kept], baselines=[other], setup="one", prune=True, prune_limit=2)
    (violation,) = limited.plan.violations
    assert violation.startswith("prune_limit: 3 resources would be deleted")
    assert not engine.plan(windows=[kept], baselines=[other], setup="one", prune=True, prune_limit=3).plan.violations


def test_prune_leaves_what_is_not_its_own(engine: Engine) -> None:
    engine.apply(engine.plan(windows=[{**WINDOW, "name": "other"}], setup="two"))
    engine.apply(engine.plan(windows=[{**WINDOW, "name": "nobody"}]))
    engine.apply(engine.plan(windows=[FULL]))

    adopted = engine.plan(windows=[WINDOW], setup="one", prune=True)

    assert [change.action for change in adopted.plan.changes] == ["update"]
    assert adopted.plan.changes[0].fields == ["setup"]


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({"windows": [WINDOW], "prune": True}, "prune: requires setup"),
        ({"setup": "one", "prune": True}, "prune: windows and baselines are both empty"),
        ({"windows": [WINDOW, WINDOW]}, "windows[1] prod: name: is declared 2 times"),
        (
            {"windows": [{**WINDOW, "targets": [TARGET, TARGET]}]},
            "windows[0] prod / targets[1] web: name: is declared 2",
        ),
        (
            {"windows": [{**FULL, "tasks": [{"name": "scan"}]}]},
            "windows[0] prod / tasks[0] scan: name: is declared 2 times",
        ),
        (
            {"baselines": [{**LINUX, "default": True}, {**LINUX, "name": "other", "default": True}]},
            "baselines[1] other: default: the default of AMAZON_LINUX_2023 is already declared for linux; declare it",
        ),
        (
            {"windows": [{**WINDOW, "patch_tasks": [SCAN]}]},
            "windows[0] prod / patch_tasks[0] scan: window_targets: 'web' is no",
        ),
        ({"windows": [{"schedule": "rate(1 day)"}]}, "windows[0]: name: is missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_contradicts_itself(engine: Engine, declared: dict[str, Any], told: str) -> None:
    violations = engine.plan(**declared).plan.violations

    assert any(text.startswith(told) for text in violations), violations


def test_reset_clears_what_is_not_mentioned(engine: Engine) -> None:
    rich = {**WINDOW, "description": "one", "schedule_timezone": "Europe/Berlin", "enabled": False, "tags": {"a": "b"}}
    engine.apply(engine.plan(windows=[{**rich, "targets": [{**TARGET, "description": "x"}]}]))

    assert not engine.plan(windows=[WINDOW]).plan.changes
    planning = engine.plan(windows=[{**WINDOW, "targets": [TARGET]}], unset="reset")

    window, target = planning.plan.changes
    assert set(window.fields) == {"description", "schedule_timezone"}
    assert target.fields == ["description"]
    engine.apply(planning)
    assert not engine.plan(windows=[{**WINDOW, "targets": [TARGET]}], unset="reset").plan.changes


def test_a_group_nobody_patches_is_told(engine: Engine) -> None:
    covered = engine.plan(windows=[FULL], baselines=[{**LINUX, "patch_groups": ["Web"]}])
    misspelt = engine.plan(windows=[FULL], baselines=[{**LINUX, "patch_groups": ["Wbe"]}])

    assert not covered.plan.warnings
    assert any("Wbe" in text for text in misspelt.plan.warnings)


def test_a_diff_shows_only_what_differs() -> None:
    change = Change(
        "task",
        "install",
        "update",
        "id",
        {"comment": "one", "alarm.name": "a", "alarm.ignore_poll_failure": False, "priority": 1},
        {"comment": "two", "alarm.name": None, "alarm.ignore_poll_failure": None, "priority": 1},
        window="prod",
    )

    assert change.diff() == {
        "before_header": "task prod/install",
        "after_header": "task prod/install",
        "before": {"comment": "one", "alarm": {"name": "a", "ignore_poll_failure": False}},
        "after": {"comment": "two", "alarm": None},
    }


@pytest.mark.parametrize("action", ["create", "delete"])
def test_a_diff_of_a_new_or_removed_resource_leaves_out_what_is_not_set(action: str) -> None:
    values = {"duration": 2, "description": None, "enabled": False}
    before, after = ({}, values) if action == "create" else (values, {})

    diff = Change("window", "prod", action, "id", before, after).diff()

    shown = {"duration": 2, "enabled": False}
    assert (diff["before"], diff["after"]) == (({}, shown) if action == "create" else (shown, {}))


def test_steps_of_a_change_wait_for_each_other() -> None:
    change = Change("window", "one", "update", "id")

    steps = chained([Step(name, change, "x", {}) for name in ("a", "b", "c")])

    assert [step.key for step in steps] == ["a", "b", "c"]
    assert [step.needs for step in steps] == [set(), {"a"}, {"b"}]
