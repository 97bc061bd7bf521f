# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a setup prunes, what waits for baselines, and whose resources a plan may write to: inputs and what comes out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.owners import unread, with_owners
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.prune import limit_violations, with_undeclared
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.setup import plan_setup
from ansible_collections.patchfleet.aws.plugins.module_utils._resources.register import KINDS
from ansible_collections.patchfleet.aws.plugins.module_utils._state.account import Subject
from ansible_collections.patchfleet.aws.tests.support.planned import (
    DECLARED_WINDOW,
    WINDOW,
    WINDOW_ID,
    Raw,
    account,
    inputs,
    target,
    task,
)
from ansible_collections.patchfleet.aws.tests.support.stored import shape

OWNED = {"patchfleet:setup": "one"}
OTHER = {**WINDOW, "WindowId": "mw-00000000000000002", "Name": "other"}
BASELINE = {"BaselineId": "pb-00000000000000001", "Name": "linux", "OperatingSystem": "AMAZON_LINUX_2023"}
WEB = {"name": "web", "patch_groups": ["Web"]}
SCAN = {"name": "scan", "operation": "Scan", "window_targets": ["web"]}
INSTALL = {"name": "install", "operation": "Install", "window_targets": ["web"]}
LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}


@pytest.mark.parametrize(
    ("declared", "pruned", "warned"),
    [
        pytest.param(
            {"windows": [DECLARED_WINDOW], "baselines": [LINUX]},
            ["prune of window other: "],
            [
                "prune: windows[0] prod: patch_tasks and tasks: the lists are empty or",
                "prune: windows[0] prod: targets: the list is empty",
            ],
            id="a window, and lists that are missing",
        ),
        pytest.param(
            {
                "windows": [
                    {**DECLARED_WINDOW, "targets": [WEB], "patch_tasks": [SCAN]},
                    {**DECLARED_WINDOW, "name": "other"},
                ]
            },
            ["prune of target db: ", "prune of task install: "],
            ["prune: baselines: the list is empty or missing, so these are not deleted: linux; to delete"],
            id="contents",
        ),
        pytest.param(
            {"state": "absent", "windows": [DECLARED_WINDOW]},
            ["prune of baseline linux: ", "prune of window other: "],
            [],
            id="the whole setup",
        ),
    ],
)
def test_what_is_pruned(declared: Raw, pruned: list[str], warned: list[str]) -> None:
    targets, tasks = [target(1, "web"), target(2, "db")], [task(3, "scan", 1, operation="Scan"), task(4, "install", 1)]
    known = account([WINDOW, OTHER], targets, tasks, [BASELINE], OWNED)
    given = inputs(known, setup="one", prune=True, **declared)
    entries = list(given.declaration.entries())

    declaration, warnings = with_undeclared(given.declaration, known, given.adoptions)

    added = [one for one in declaration.entries() if one.pruned]
    assert [one.label for one in added] == pruned
    assert all(one.absent and one.claim == "one" for one in added)
    assert len(warnings) == len(warned)
    assert all(text.startswith(start) for text, start in zip(warnings, warned, strict=True))
    assert list(given.declaration.entries()) == entries


@pytest.mark.parametrize("tags", [{}, {"patchfleet:setup": "two"}])
def test_what_others_own_is_not_pruned(tags: dict[str, str]) -> None:
    known = account([WINDOW, OTHER], [target(2, "db")], [], [BASELINE], tags)
    given = inputs(known, setup="one", prune=True, windows=[DECLARED_WINDOW])

    declaration, warnings = with_undeclared(given.declaration, known, given.adoptions)

    assert [one.title for one in declaration.entries()] == ["prod"]
    assert warnings == []


@pytest.mark.parametrize(("limit", "is_refused"), [(0, True), (1, True), (2, False), (None, False)])
def test_the_limit_of_a_prune(limit: int | None, is_refused: bool) -> None:
    known = account([WINDOW, OTHER, {**OTHER, "WindowId": "mw-00000000000000003", "Name": "old"}], tags=OWNED)
    planning = plan_setup(
        inputs(known, setup="one", prune=True, prune_limit=limit, windows=[DECLARED_WINDOW]).declaration, known, shape
    )

    found = limit_violations(planning.declaration, planning.plan.changes)

    assert [change.title for change in planning.plan.changes] == ["window old", "window other"]
    assert bool(found) == is_refused
    assert found == planning.plan.violations
    assert all("2 resources would be deleted by prune, but the limit is" in text for text in found)


STORED = ([target(1, "web")], [task(2, "scan", 1, operation="Scan"), task(3, "install", 1)])
DECLARED = {"targets": [WEB], "patch_tasks": [SCAN, INSTALL]}


@pytest.mark.parametrize(
    ("stored", "window", "waiting"),
    [
        pytest.param(STORED, {"duration": 3}, ["window prod"], id="a longer window"),
        pytest.param(STORED, {"cutoff": 0}, ["window prod"], id="a later cutoff"),
        pytest.param(STORED, {"duration": 1, "cutoff": 0, "enabled": False}, [], id="a disabled window"),
        pytest.param(STORED, {"description": "x"}, [], id="a description"),
        pytest.param(STORED, {"patch_tasks": [{**SCAN, "operation": "Install"}]}, ["task prod/scan"], id="an install"),
        pytest.param(STORED, {"patch_tasks": [{**INSTALL, "operation": "Scan"}]}, [], id="only a scan"),
        pytest.param(
            STORED, {"patch_tasks": [{**INSTALL, "max_concurrency": "20%"}]}, ["task prod/install"], id="faster"
        ),
        pytest.param(STORED, {"patch_tasks": [{**INSTALL, "max_concurrency": "5%"}]}, [], id="slower"),
        pytest.param(STORED, {"patch_tasks": [{**INSTALL, "state": "absent"}]}, [], id="a removal"),
        pytest.param(
            STORED,
            {"targets": [{**WEB, "patch_groups": ["Web", "App"]}]},
            ["target prod/web"],
            id="more nodes",
        ),
        pytest.param(
            ([target(1, "web")], [task(2, "scan", 1, operation="Scan")]),
            {"patch_tasks": [SCAN], "targets": [{**WEB, "patch_groups": ["App"]}]},
            [],
            id="other nodes are only scanned",
        ),
    ],
)
def test_what_waits_for_baselines(stored: Any, window: Raw, waiting: list[str]) -> None:
    known = account([WINDOW], *stored, baselines=[])
    declared = {**DECLARED_WINDOW, **DECLARED, **window}
    planning = plan_setup(inputs(known, windows=[declared], baselines=[LINUX]).declaration, known, shape)

    steps = planning.plan.steps
    assert planning.plan.violations == []
    assert {step.change.kind for step in steps} > {"baseline"}
    assert [step.change.title for step in steps if "baseline linux" in step.needs] == waiting
    assert [step.change.title for step in steps if "DescribePatchBaselines" in step.after] == waiting


def test_one_resource_is_declared_once() -> None:
    known = account([WINDOW])
    declared = [{**DECLARED_WINDOW, "duration": 3}, {**DECLARED_WINDOW, "window_id": WINDOW_ID, "name": "new"}]

    planning = plan_setup(inputs(known, windows=declared).declaration, known, shape)

    assert planning.plan.violations == [f"windows[1] new: window_id: {WINDOW_ID} is already declared as 'prod'"]


@pytest.mark.parametrize(
    ("tags", "declared", "setup", "text"),
    [
        ({}, {"duration": 3}, None, None),
        (OWNED, {"duration": 3}, "one", None),
        (OWNED, {"duration": 3}, None, "belongs to the setup 'one'; specify setup: one if this is part of it"),
        (OWNED, {"duration": 3}, "two", "belongs to the setup 'one', not 'two'; specify take_over: true to adopt it"),
        (OWNED, {"duration": 3, "take_over": True}, "two", None),
        (OWNED, {}, None, None),
        (
            {"aws:cloudformation:stack-id": "s"},
            {"duration": 3},
            None,
            "is managed by the CloudFormation stack s; specify",
        ),
        ({}, {"state": "absent"}, "one", "does not belong to the setup 'one', which deletes only resources with its"),
        ({}, {"patch_tasks": [SCAN]}, "two", None),
        (OWNED, {"patch_tasks": [{**SCAN, "comment": "x"}]}, "two", "belongs to the setup 'one', not 'two'"),
    ],
)
def test_whose_resources_are_written(tags: dict[str, str], declared: Raw, setup: str | None, text: str | None) -> None:
    known = account([WINDOW], [target(1, "web")], [task(2, "scan", 1, operation="Scan")], tags=tags)
    planning = plan_setup(
        inputs(known, setup=setup, windows=[{**DECLARED_WINDOW, **declared}]).declaration, known, shape
    )

    assert unread(planning) == []
    owned = with_owners(planning, frozenset())

    assert len(owned.plan.violations) == (1 if text else 0)
    assert all(f"window prod ({WINDOW_ID}) {text}" in one for one in owned.plan.violations)
    assert all(len(step.owners) == 1 for step in owned.plan.steps)
    # The planning that went in stays as it was.
    assert all(step.owners == () for step in planning.plan.steps)


@pytest.mark.parametrize(
    ("declared", "setup", "looks"),
    [
        ({"duration": 3}, None, ["once"]),
        ({"duration": 3}, "one", ["once", "each time"]),
        ({"tags": {"a": "b"}}, None, ["once"]),
        ({"state": "absent"}, None, ["each time"]),
    ],
)
def test_how_often_owners_are_looked_at(declared: Raw, setup: str | None, looks: list[str]) -> None:
    known = account([WINDOW], [], [], tags={})
    planning = plan_setup(
        inputs(known, setup=setup, windows=[{**DECLARED_WINDOW, **declared}]).declaration, known, shape
    )

    owned = with_owners(planning, frozenset())
    just_read = with_owners(planning, frozenset({Subject(KINDS["windows"], WINDOW_ID)}))

    assert [owner.look for step in owned.plan.steps for owner in step.owners] == looks
    known_looks = [owner.look for step in just_read.plan.steps for owner in step.owners]
    assert known_looks == ["never" if look == "once" else look for look in looks]


def test_the_group_of_another_setup_is_not_taken() -> None:
    other = {**BASELINE, "BaselineId": "pb-00000000000000002", "Name": "other", "PatchGroups": ["Web"]}
    groups = {("AMAZON_LINUX_2023", "Web"): other["BaselineId"]}
    known = account(baselines=[BASELINE, other], groups=groups, tags={})
    known.baselines[other["BaselineId"]].tags = {"patchfleet:setup": "two"}
    declared = {**LINUX, "patch_groups": ["Web"], "move_patch_groups": True}

    owned = with_owners(plan_setup(inputs(known, baselines=[declared]).declaration, known, shape), frozenset())

    assert owned.plan.violations == [
        "baselines[0] linux: the patch group 'Web' is that of baseline other (pb-00000000000000002), which belongs to"
        " the setup 'two'; specify setup: two if this is part of it, or take_over: true"
    ]


@pytest.mark.parametrize(
    ("claiming", "losing", "is_refused"),
    [
        ({}, {"setup": "two"}, False),
        ({"take_over": True}, {}, False),
        ({}, {"take_over": True}, False),
        ({}, {}, True),
        ({"setup": "one"}, {"setup": "one"}, True),
    ],
)
def test_a_group_moves_by_leave_of_either_baseline(claiming: Raw, losing: Raw, is_refused: bool) -> None:
    other = {**BASELINE, "BaselineId": "pb-00000000000000002", "Name": "other", "PatchGroups": ["Web"]}
    groups = {("AMAZON_LINUX_2023", "Web"): other["BaselineId"]}
    known = account(baselines=[BASELINE, other], groups=groups, tags={})
    known.baselines[other["BaselineId"]].tags = {"patchfleet:setup": "two"}
    declared = [
        {**LINUX, "patch_groups": ["Web"], "move_patch_groups": True, **claiming},
        {**LINUX, "name": "other", "patch_groups": [], **losing},
    ]

    owned = with_owners(plan_setup(inputs(known, baselines=declared).declaration, known, shape), frozenset())

    assert bool(owned.plan.violations) == is_refused
    taken = [step for step in owned.plan.steps if step.operation == "DeregisterPatchBaselineForPatchGroup"]
    # What is taken away from another one is looked at right before.
    assert [owner.look for step in taken for owner in step.owners] == ["each time"]
