# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planners of windows and of their contents: inputs and what comes out, without an account."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.planning import ViolationError
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.targets import plan_target_removals, plan_targets
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.tasks import plan_tasks
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.windows import plan_window, plan_window_removal
from ansible_collections.patchfleet.aws.tests.support.planned import (
    DECLARED_WINDOW,
    WINDOW,
    WINDOW_ID,
    Raw,
    account,
    calls,
    changes,
    inputs,
    order,
    target,
    task,
    uuid,
)

NEW = {
    "Name": "prod",
    "Schedule": "rate(1 day)",
    "Duration": 2,
    "Cutoff": 1,
    "AllowUnassociatedTargets": False,
}
WEB = {"name": "web", "patch_groups": ["Web"]}
INSTALL = {"name": "install", "operation": "Install", "window_targets": ["web"]}


@pytest.mark.parametrize(
    ("stored", "declared", "changed", "called"),
    [
        pytest.param([], {}, ["create window prod"], [("CreateMaintenanceWindow", NEW)], id="new"),
        pytest.param(
            [],
            {"enabled": False, "tags": {"a": "b"}},
            ["create window prod"],
            [
                ("CreateMaintenanceWindow", {**NEW, "Tags": [{"Key": "a", "Value": "b"}]}),
                ("UpdateMaintenanceWindow", {"WindowId": "<window prod>", "Enabled": False}),
            ],
            id="new and disabled",
        ),
        pytest.param([WINDOW], {}, [], [], id="the same"),
        pytest.param(
            [WINDOW],
            {"duration": 3},
            ["update window prod: duration"],
            [("UpdateMaintenanceWindow", {"Duration": 3, "WindowId": WINDOW_ID})],
            id="one option",
        ),
        pytest.param(
            [WINDOW],
            {"window_id": WINDOW_ID, "name": "other"},
            ["update window other: name"],
            [("UpdateMaintenanceWindow", {"Name": "other", "WindowId": WINDOW_ID})],
            id="another name",
        ),
        pytest.param(
            [WINDOW],
            {"window_id": WINDOW_ID, "name": None, "duration": 3},
            ["update window prod: duration"],
            [("UpdateMaintenanceWindow", {"Duration": 3, "WindowId": WINDOW_ID})],
            id="by its ID alone",
        ),
        pytest.param(
            [{**WINDOW, "Description": "old"}],
            {"description": ""},
            ["update window prod: description"],
            [("UpdateMaintenanceWindow", {**NEW, "Enabled": True, "Replace": True, "WindowId": WINDOW_ID})],
            id="cleared",
        ),
        pytest.param(
            [WINDOW],
            {"setup": "one", "tags": {"a": "b"}},
            ["update window prod: tags, setup"],
            [
                (
                    "AddTagsToResource",
                    {
                        "ResourceType": "MaintenanceWindow",
                        "ResourceId": WINDOW_ID,
                        "Tags": [{"Key": "a", "Value": "b"}, {"Key": "patchfleet:setup", "Value": "one"}],
                    },
                ),
                (
                    "RemoveTagsFromResource",
                    {"ResourceType": "MaintenanceWindow", "ResourceId": WINDOW_ID, "TagKeys": ["old"]},
                ),
            ],
            id="tags",
        ),
    ],
)
def test_a_window(stored: list[Raw], declared: Raw, changed: list[str], called: list[tuple[str, Raw]]) -> None:
    given = inputs(account(stored, tags={"old": "x"}), windows=[{**DECLARED_WINDOW, **declared}])

    plan = plan_window(given, given.declaration.windows[0])

    assert plan is not None
    assert changes(plan.part) == changed
    assert calls(plan.part.steps) == called
    assert plan.part.violations == []
    # What lies in it waits for all of its steps.
    assert plan.needs == {step.key for step in plan.part.steps}
    assert plan.after == ({"DescribeMaintenanceWindows"} if not stored else set())


OTHER = {**WINDOW, "WindowId": "mw-00000000000000002"}


@pytest.mark.parametrize(
    ("stored", "declared", "text"),
    [
        ([WINDOW, OTHER], {}, "name: 'prod' is the name of several windows (mw-00000000000000001, mw-0000000000000000"),
        ([], {"window_id": WINDOW_ID}, f"window_id: '{WINDOW_ID}' does not exist; omit it to create a window"),
        (
            [WINDOW, {**OTHER, "Name": "other"}],
            {"window_id": WINDOW_ID, "name": "other"},
            "name: 'other' is already the name of window mw-00000000000000002; choose another",
        ),
    ],
)
def test_a_window_that_is_not_clear(stored: list[Raw], declared: Raw, text: str) -> None:
    given = inputs(account(stored), windows=[{**DECLARED_WINDOW, **declared}])

    with pytest.raises(ViolationError) as caught:
        plan_window(given, given.declaration.windows[0])

    assert str(caught.value).startswith(text)


@pytest.mark.parametrize(
    ("stored", "declared", "text"),
    [
        (
            {},
            {"duration": None},
            "windows[0] prod: duration: is missing; it is required to create the window prod",
        ),
        # The rule of two options counts once, with what is stored where only one is given.
        ({"Duration": 4, "Cutoff": 3}, {"duration": 2, "cutoff": None}, "cutoff: 3 must be less than duration"),
        ({}, {"duration": 2, "cutoff": 2}, None),
        (
            {"Schedule": "cron(0 2 ? * TUE#2 *)", "ScheduleOffset": 2},
            {},
            "schedule: 'rate(1 day)' does not support an offset, but the window has schedule_offset 2 stored",
        ),
        ({"EndDate": "2026-01-01T00:00Z"}, {"start_date": "2027-01-01T00:00Z"}, "end_date: '2026-01-01T00:00Z' must"),
    ],
)
def test_rules_of_a_merged_window(stored: Raw, declared: Raw, text: str | None) -> None:
    known = account([{**WINDOW, **stored}] if stored else [])
    given = inputs(known, windows=[{**DECLARED_WINDOW, **declared}])

    plan = plan_window(given, given.declaration.windows[0])

    assert plan is not None
    assert len(plan.part.violations) == (1 if text else 0)
    assert all(text in violation for violation in plan.part.violations if text)


def test_a_window_that_goes_takes_its_contents_along() -> None:
    known = account([WINDOW], [target(1, "web")], [task(2, "install", 1)])
    given = inputs(known, windows=[{"name": "prod", "state": "absent"}])

    part = plan_window_removal(given, given.declaration.windows[0])

    assert changes(part) == ["delete window prod", "delete target prod/web", "delete task prod/install"]
    assert calls(part.steps) == [("DeleteMaintenanceWindow", {"WindowId": WINDOW_ID})]
    assert [change.follows for change in part.changes] == [None, part.changes[0], part.changes[0]]
    (step,) = part.steps
    assert step.guard is not None
    assert step.guard.content == {uuid(1), uuid(2)}


CONTENTS: list[Any] = [
    pytest.param(
        ([], []),
        {"targets": [WEB], "patch_tasks": [INSTALL]},
        ["create target prod/web", "create task prod/install"],
        ["RegisterTargetWithMaintenanceWindow", "RegisterTaskWithMaintenanceWindow"],
        {"target prod/web": set(), "task prod/install": {"target prod/web"}},
        id="new",
    ),
    pytest.param(
        ([target(1, "web")], [task(2, "install", 1)]),
        {"targets": [WEB], "patch_tasks": [INSTALL]},
        [],
        [],
        {},
        id="the same",
    ),
    pytest.param(
        ([target(1, "web")], [task(2, "install", 1)]),
        {"targets": [WEB], "patch_tasks": [{**INSTALL, "operation": "Scan"}]},
        ["update task prod/install: operation"],
        ["UpdateMaintenanceWindowTask"],
        {f"task prod/install {uuid(2)}": set()},
        id="another operation",
    ),
    pytest.param(
        ([target(1, "web")], [task(2, "install", 1), task(3, "other", 1)]),
        {"targets": [{"name": "web", "resource_group": "servers"}], "patch_tasks": [INSTALL]},
        [
            "replace target prod/web",
            # The names of the targets stay, so that no option differs.
            "update task prod/install: ",
            "update task prod/other: ",
        ],
        [
            "UpdateMaintenanceWindowTarget",
            "RegisterTargetWithMaintenanceWindow",
            "UpdateMaintenanceWindowTask",
            "UpdateMaintenanceWindowTask",
            "DeregisterTargetFromMaintenanceWindow",
        ],
        {
            f"target prod/web {uuid(1)} rename": set(),
            "target prod/web": {f"target prod/web {uuid(1)} rename"},
            f"task prod/install {uuid(2)}": {"target prod/web"},
            f"task prod/other {uuid(3)}": {"target prod/web"},
            f"target prod/web {uuid(1)} remove": {
                "target prod/web",
                f"task prod/install {uuid(2)}",
                f"task prod/other {uuid(3)}",
            },
        },
        id="a target of another type",
    ),
    pytest.param(
        ([target(1, None)], [task(2, None, 1)]),
        {"targets": [WEB], "patch_tasks": [INSTALL]},
        ["update target prod/web: name", "update task prod/install: name"],
        ["UpdateMaintenanceWindowTarget", "UpdateMaintenanceWindowTask"],
        {f"target prod/web {uuid(1)}": set(), f"task prod/install {uuid(2)}": {f"target prod/web {uuid(1)}"}},
        id="without names",
    ),
    pytest.param(
        ([target(1, "web")], [task(2, "install", 1)]),
        {"targets": [{"name": "web", "state": "absent"}], "patch_tasks": [{"name": "install", "state": "absent"}]},
        ["delete task prod/install", "delete target prod/web"],
        ["DeregisterTaskFromMaintenanceWindow", "DeregisterTargetFromMaintenanceWindow"],
        {
            f"task prod/install {uuid(2)} remove": set(),
            f"target prod/web {uuid(1)} remove": {f"task prod/install {uuid(2)} remove"},
        },
        id="gone",
    ),
    pytest.param(
        ([target(1, "web"), target(3, "web.replaced", ResourceType="RESOURCE_GROUP")], [task(2, "install", 3)]),
        {"targets": [WEB], "patch_tasks": [INSTALL]},
        ["update task prod/install: ", "delete target prod/web.replaced"],
        ["UpdateMaintenanceWindowTask", "DeregisterTargetFromMaintenanceWindow"],
        {
            f"task prod/install {uuid(2)}": set(),
            f"target prod/web.replaced {uuid(3)} remove": {f"task prod/install {uuid(2)}"},
        },
        id="an unfinished replacement",
    ),
    pytest.param(
        ([target(1, "web")], [task(2, "install", 1)]),
        {
            "targets": [WEB],
            "tasks": [{"name": "install", "task_type": "LAMBDA", "task_arn": "notify", "window_targets": []}],
        },
        ["replace task prod/install"],
        [
            "UpdateMaintenanceWindowTask",
            "RegisterTaskWithMaintenanceWindow",
            "DeregisterTaskFromMaintenanceWindow",
        ],
        {
            f"task prod/install {uuid(2)} rename": set(),
            "task prod/install": {f"task prod/install {uuid(2)} rename"},
            f"task prod/install {uuid(2)} remove": {"task prod/install"},
        },
        id="a task of another type",
    ),
]


@pytest.mark.parametrize(("stored", "declared", "changed", "called", "needs"), CONTENTS)
def test_contents_of_a_window(
    stored: tuple[list[Raw], list[Raw]],
    declared: Raw,
    changed: list[str],
    called: list[str],
    needs: dict[str, set[str]],
) -> None:
    known = account([WINDOW], *stored)
    given = inputs(known, windows=[{**DECLARED_WINDOW, **declared}])
    before = deepcopy((known.resources, known.contents, [entry.values for entry in given.declaration.entries()]))
    window = plan_window(given, given.declaration.windows[0])
    assert window is not None

    targets = plan_targets(given, window)
    tasks = plan_tasks(given, window, targets)
    removals = plan_target_removals(given, targets, tasks.after, tasks.steps)

    parts = [targets.part, tasks.part, removals]
    assert [text for part in parts for text in part.violations] == []
    assert [text for part in parts for text in changes(part)] == changed
    steps = [step for part in parts for step in part.steps]
    assert [step.operation for step in steps] == called
    assert order(steps) == needs
    # Planners change nothing of what goes in.
    assert before == (known.resources, known.contents, [entry.values for entry in given.declaration.entries()])


@pytest.mark.parametrize(
    ("stored", "declared", "text"),
    [
        (
            ([], []),
            {"targets": [{"name": "web"}]},
            "targets[0] web: patch_groups: is missing; a new target requires one",
        ),
        (
            ([], []),
            {"patch_tasks": [INSTALL]},
            "patch_tasks[0] install: window_targets: 'web' is not a target of window prod; declare it in targets, or",
        ),
        (
            ([target(1, "wev")], []),
            {"patch_tasks": [INSTALL]},
            "window_targets: 'web' is not a target of window prod; did you mean wev? If not, declare it in targets",
        ),
        (
            ([target(1, "web"), target(2, "web")], []),
            {"patch_tasks": [INSTALL]},
            f"window_targets: 'web' is the name of several targets ({uuid(1)}, {uuid(2)}); specify the ID",
        ),
        (
            ([target(1, "web")], [task(2, "install", 1)]),
            {"targets": [{"name": "web", "state": "absent"}], "patch_tasks": []},
            "state: target web is used by task install; change the task first, or specify force: true",
        ),
        (
            ([target(1, "web")], [task(2, "install", 1, TaskType="LAMBDA")]),
            {"patch_tasks": [INSTALL]},
            "name: task install is a LAMBDA task of AWS-RunPatchBaseline, not a patch task; manage it with",
        ),
        (
            ([target(1, "web")], [task(2, "install", 1, TaskType="NEW")]),
            {"tasks": [{"name": "install", "task_type": "LAMBDA", "task_arn": "x"}]},
            "name: task install has the type 'NEW', which this version does not support, so it is not replaced",
        ),
        (
            ([target(1, "web")], [task(2, None, 1), task(3, None, 1)]),
            {"patch_tasks": [INSTALL]},
            f"but the tasks {uuid(2)}, {uuid(3)} have no name and the same type, document, targets and operation;",
        ),
    ],
)
def test_contents_that_are_refused(stored: tuple[list[Raw], list[Raw]], declared: Raw, text: str) -> None:
    given = inputs(account([WINDOW], *stored), windows=[{**DECLARED_WINDOW, **declared}])
    window = plan_window(given, given.declaration.windows[0])
    assert window is not None

    targets = plan_targets(given, window)
    tasks = plan_tasks(given, window, targets)
    removals = plan_target_removals(given, targets, tasks.after, tasks.steps)

    (violation,) = [*targets.part.violations, *tasks.part.violations, *removals.violations]
    assert text in violation


def test_a_second_installation_is_warned_of() -> None:
    known = account([WINDOW], [target(1, "web")], [task(2, "byhand", 1)])
    given = inputs(known, windows=[{**DECLARED_WINDOW, "patch_tasks": [INSTALL]}])
    window = plan_window(given, given.declaration.windows[0])
    assert window is not None

    tasks = plan_tasks(given, window, plan_targets(given, window))

    (warning,) = tasks.part.warnings
    assert f"the task byhand ({uuid(2)}), which is not declared, already installs on the same targets" in warning
