# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner of baselines, of the holders of patch groups and of defaults: inputs and what comes out."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.baselines import (
    plan_baseline_removals,
    plan_baselines,
)
from ansible_collections.patchfleet.aws.tests.support.planned import Raw, account, calls, changes, inputs, order

SYSTEM = "AMAZON_LINUX_2023"
ONE, TWO = "pb-00000000000000001", "pb-00000000000000002"
AWS = "arn:aws:ssm:eu-central-1:123456789012:patchbaseline/pb-0000000000000000a"
AWS_BASELINE = {"BaselineId": AWS, "Name": "AWS-AmazonLinux2023DefaultPatchBaseline", "OperatingSystem": SYSTEM}
REGISTER, DEREGISTER = "RegisterPatchBaselineForPatchGroup", "DeregisterPatchBaselineForPatchGroup"
DEFAULT = "RegisterDefaultPatchBaseline"
LINUX = {"name": "linux", "operating_system": SYSTEM}
DROP = f"baseline linux {ONE} {DEREGISTER} {ONE} Web"


def stored(baseline_id: str, name: str, *groups: str, **members: Any) -> Raw:
    """A stored baseline that holds groups."""
    return {
        "BaselineId": baseline_id,
        "Name": name,
        "OperatingSystem": SYSTEM,
        "PatchGroups": list(groups),
        **members,
    }


def held(*baselines: Raw) -> dict[tuple[str, str], str]:
    """The holders of the groups of baselines."""
    return {(one["OperatingSystem"], group): one["BaselineId"] for one in baselines for group in one["PatchGroups"]}


PRESENT: list[Any] = [
    pytest.param([], [], [LINUX], ["create baseline linux"], ["CreatePatchBaseline"], id="new"),
    pytest.param(
        [],
        [],
        [{**LINUX, "patch_groups": ["Web", "App"], "default": True}],
        ["create baseline linux"],
        ["CreatePatchBaseline", f"{REGISTER} App", f"{REGISTER} Web", DEFAULT],
        id="new with groups",
    ),
    pytest.param([stored(ONE, "linux", "Web")], [], [{**LINUX, "patch_groups": ["Web"]}], [], [], id="the same"),
    pytest.param(
        [stored(ONE, "linux", "Web", "Old")],
        [],
        [{**LINUX, "patch_groups": ["Web"]}],
        ["update baseline linux: patch_groups"],
        [f"{DEREGISTER} Old"],
        id="a group less",
    ),
    pytest.param(
        [stored(ONE, "linux", "Web", "Old")],
        [],
        [{**LINUX, "patch_groups": ["New"], "purge_patch_groups": False}],
        ["update baseline linux: patch_groups"],
        [f"{REGISTER} New"],
        id="groups are kept",
    ),
    pytest.param(
        [stored(ONE, "linux"), stored(TWO, "other", "Web")],
        [],
        [{**LINUX, "patch_groups": ["Web"], "move_patch_groups": True}],
        ["update baseline linux: patch_groups", "update baseline other: patch_groups"],
        [f"{DEREGISTER} Web", f"{REGISTER} Web"],
        id="a group is moved",
    ),
    pytest.param(
        [stored(ONE, "linux"), stored(TWO, "other")],
        [TWO],
        [{**LINUX, "default": True}],
        ["update baseline linux: default", "update baseline other: default"],
        [DEFAULT],
        id="another default",
    ),
    pytest.param(
        [stored(ONE, "linux"), AWS_BASELINE],
        [ONE],
        [{**LINUX, "default": False}],
        ["update baseline linux: default"],
        [DEFAULT],
        id="the default of AWS again",
    ),
    pytest.param(
        [stored(ONE, "linux"), stored(TWO, "other"), AWS_BASELINE],
        [ONE],
        [{**LINUX, "default": False}, {"name": "other", "operating_system": SYSTEM, "default": True}],
        ["update baseline other: default", "update baseline linux: default"],
        [DEFAULT],
        id="the default goes to a declared one",
    ),
    pytest.param(
        [AWS_BASELINE],
        [],
        [{"name": AWS_BASELINE["Name"], "operating_system": SYSTEM, "patch_groups": ["Web"], "default": True}],
        [f"update baseline {AWS_BASELINE['Name']}: patch_groups, default"],
        [f"{REGISTER} Web", DEFAULT],
        id="one of AWS",
    ),
    pytest.param(
        [stored(ONE, "linux", "Web"), AWS_BASELINE],
        [ONE],
        [{**LINUX, "baseline_id": ONE, "operating_system": "UBUNTU", "recreate": True}],
        ["replace baseline linux"],
        ["CreatePatchBaseline", f"{REGISTER} Web", DEFAULT, DEFAULT, f"{DEREGISTER} Web", "DeletePatchBaseline"],
        id="another operating system",
    ),
    pytest.param(
        [stored(ONE, "linux", ApprovedPatches=["a"])],
        [],
        [{**LINUX, "approved_patches": []}],
        ["update baseline linux: approved_patches"],
        ["UpdatePatchBaseline"],
        id="a list is cleared",
    ),
]


@pytest.mark.parametrize(("baselines", "defaults", "declared", "changed", "called"), PRESENT)
def test_present_baselines(
    baselines: list[Raw], defaults: list[str], declared: list[Raw], changed: list[str], called: list[str]
) -> None:
    groups = held(*(one for one in baselines if "PatchGroups" in one))
    known = account(baselines=baselines, groups=groups, defaults=defaults)
    given = inputs(known, baselines=declared)
    before = deepcopy(
        (known.resources, known.identities, known.groups, [one.values for one in given.declaration.entries()])
    )

    plan = plan_baselines(given)

    assert plan.part.violations == []
    assert changes(plan.part) == changed
    assert [f"{step.operation} {step.request.get('PatchGroup', '')}".strip() for step in plan.part.steps] == called
    assert plan.steps == {step.key for step in plan.part.steps}
    assert before == (
        known.resources,
        known.identities,
        known.groups,
        [one.values for one in given.declaration.entries()],
    )


def test_a_moved_group_is_put_back_if_it_cannot_be_registered() -> None:
    other = stored(TWO, "other", "Web")
    known = account(baselines=[stored(ONE, "linux"), other], groups=held(other))
    part = plan_baselines(inputs(known, baselines=[{**LINUX, "patch_groups": ["Web"], "move_patch_groups": True}])).part

    away, register = part.steps
    assert calls(part.steps) == [
        (DEREGISTER, {"BaselineId": TWO, "PatchGroup": "Web"}),
        (REGISTER, {"BaselineId": ONE, "PatchGroup": "Web"}),
    ]
    assert register.needs == {away.key}
    assert register.undo == (REGISTER, {"BaselineId": TWO, "PatchGroup": "Web"})
    assert register.if_failed == f"patch group 'Web' was restored to baseline {TWO}"
    assert away.tolerate == {"DoesNotExistException", "InvalidResourceId"}
    loss = part.changes[1]
    assert (loss.before["patch_groups"], loss.after["patch_groups"], loss.follows) == (["Web"], [], part.changes[0])


def test_a_dropped_group_waits_for_the_default_to_which_it_falls() -> None:
    known = account(baselines=[stored(ONE, "linux", "Web"), stored(TWO, "other")])
    heir = {"name": "other", "operating_system": SYSTEM, "default": True}
    part = plan_baselines(inputs(known, baselines=[{**LINUX, "patch_groups": []}, heir])).part

    assert order(part.steps)[DROP] == {f"baseline other default {TWO}"}


@pytest.mark.parametrize("default", [None, True])
@pytest.mark.parametrize("change", [{"description": "x"}, {"tags": {"Env": "prod"}}, {"description": "x", "tags": {}}])
def test_a_dropped_group_waits_for_what_changes_the_default_to_which_it_falls(
    change: Raw, default: bool | None
) -> None:
    known = account(
        baselines=[stored(ONE, "linux", "Web"), stored(TWO, "other")], defaults=[TWO], tags={"Team": "a", "Env": "b"}
    )
    heir = {"name": "other", "operating_system": SYSTEM, "default": default, **change}
    part = plan_baselines(inputs(known, baselines=[{**LINUX, "patch_groups": []}, heir])).part

    changing = {step.key for step in part.steps if step.change.name == "other"}
    assert changing
    assert order(part.steps)[DROP] == changing


def test_a_dropped_group_waits_until_the_default_is_that_of_aws_again() -> None:
    known = account(baselines=[stored(ONE, "linux", "Web"), stored(TWO, "other"), AWS_BASELINE], defaults=[TWO])
    part = plan_baselines(inputs(known, baselines=[{**LINUX, "patch_groups": []}, {"name": "other", "default": False}]))

    assert order(part.part.steps)[DROP] == {f"baseline other default {AWS}"}


def test_a_dropped_group_waits_for_no_baseline_of_another_system() -> None:
    other = stored(TWO, "other", OperatingSystem="UBUNTU")
    known = account(baselines=[stored(ONE, "linux", "Web"), other], defaults=[TWO])
    changed = {"name": "other", "description": "x"}

    assert not order(plan_baselines(inputs(known, baselines=[{**LINUX, "patch_groups": []}, changed])).part.steps)[DROP]


def test_a_baseline_becomes_the_default_before_it_drops_a_group() -> None:
    known = account(baselines=[stored(ONE, "linux", "Web"), stored(TWO, "other")], defaults=[TWO])
    part = plan_baselines(inputs(known, baselines=[{**LINUX, "patch_groups": ["App"], "default": True}])).part

    assert [(step.operation, step.request.get("PatchGroup")) for step in part.steps] == [
        (REGISTER, "App"),
        (DEFAULT, None),
        (DEREGISTER, "Web"),
    ]
    assert order(part.steps)[DROP] == {f"baseline linux default {ONE}"}


def test_a_recreated_baseline_leaves_its_groups_and_its_default_to_the_declared_one() -> None:
    known = account(baselines=[stored(ONE, "linux", "Web"), stored(TWO, "other"), AWS_BASELINE], defaults=[ONE])
    recreated = {"baseline_id": ONE, "operating_system": "UBUNTU", "recreate": True}
    heir = {"name": "other", "operating_system": SYSTEM, "default": True, "description": "x"}
    part = plan_baselines(inputs(known, baselines=[recreated, heir])).part

    assert part.violations == []
    claim = f"baseline other default {TWO}"
    (dropped,) = [step for step in part.steps if step.operation == DEREGISTER]
    (deleted,) = [step for step in part.steps if step.operation == "DeletePatchBaseline"]
    assert claim in dropped.needs
    assert claim in deleted.needs
    assert {"BaselineId": AWS} not in [step.request for step in part.steps]


def test_a_group_that_stays_is_not_shown_by_the_one_that_loses_it() -> None:
    known = account(baselines=[stored(ONE, "linux", "Web"), stored(TWO, "other")], groups={(SYSTEM, "Web"): ONE})
    keeps = {**LINUX, "patch_groups": [], "purge_patch_groups": False}
    claims = {"name": "other", "operating_system": SYSTEM, "patch_groups": ["Web"], "move_patch_groups": True}

    for declared in ([keeps, claims], [claims, keeps]):
        part = plan_baselines(inputs(known, baselines=declared)).part
        assert {one.name: one.after["patch_groups"] for one in part.changes} == {"linux": [], "other": ["Web"]}


@pytest.mark.parametrize(
    ("baselines", "declared", "text"),
    [
        (
            [stored(ONE, "linux"), stored(TWO, "other", "Web")],
            [{**LINUX, "patch_groups": ["Web"]}],
            f"baselines[0] linux: patch_groups: 'Web' is registered with baseline other ({TWO}) for {SYSTEM}; specify",
        ),
        (
            [],
            [{**LINUX, "patch_groups": ["Web"]}, {**LINUX, "name": "other", "patch_groups": ["Web"]}],
            f"baselines[1] other: patch_groups: 'Web' of {SYSTEM} is already declared for linux; declare it for one",
        ),
        (
            [stored(ONE, "linux"), stored(TWO, "linux", OperatingSystem="UBUNTU")],
            [{"name": "linux"}],
            f"name: 'linux' is the name of several baselines ({ONE} for {SYSTEM}, {TWO} for UBUNTU); specify",
        ),
        (
            [],
            [{**LINUX, "baseline_id": ONE}],
            f"baseline_id: '{ONE}' does not exist; omit it to create a baseline",
        ),
        (
            [],
            [{**LINUX, "name": "AWS-Mine"}],
            "name: 'AWS-Mine' is not an AWS-owned baseline in this Region; the names of your baselines",
        ),
        (
            [stored(ONE, "one"), stored(TWO, "linux")],
            [{**LINUX, "baseline_id": ONE}],
            f"name: 'linux' is already the name of baseline {TWO}; choose another",
        ),
        (
            [stored(ONE, "linux")],
            [{"baseline_id": ONE, "operating_system": "UBUNTU"}],
            f"operating_system: baseline linux ({ONE}) is for {SYSTEM}, which cannot be changed; declare a new",
        ),
        ([], [{"name": "linux"}], "operating_system: is missing; it is required to create the baseline linux"),
        (
            [AWS_BASELINE],
            [{"name": AWS_BASELINE["Name"], "description": "x"}],
            "description: AWS-AmazonLinux2023DefaultPatchBaseline is owned by AWS and cannot be changed; you can"
            " specify only",
        ),
        (
            # The operating system is that of the stored baseline.
            [stored(ONE, "linux")],
            [{"name": "linux", "sources": [{"name": "a", "products": ["*"], "configuration": "b"}]}],
            None,
        ),
        (
            [stored(ONE, "linux", OperatingSystem="WINDOWS")],
            [{"name": "linux", "sources": [{"name": "a", "products": ["*"], "configuration": "b"}]}],
            "sources: alternative repositories are supported on Linux only, not on WINDOWS; omit sources",
        ),
        (
            [stored(ONE, "linux")],
            [{"name": "linux", "global_filters": {"CLASSIFICATIONS": ["*"]}}],
            f"global_filters: 'CLASSIFICATIONS' is not a filter for {SYSTEM}; did you mean CLASSIFICATION? valid",
        ),
        ([stored(ONE, "linux")], [{**LINUX, "default": False}], None),
    ],
)
def test_baselines_that_are_refused(baselines: list[Raw], declared: list[Raw], text: str | None) -> None:
    groups = held(*(one for one in baselines if "PatchGroups" in one))
    violations = plan_baselines(inputs(account(baselines=baselines, groups=groups), baselines=declared)).part.violations

    assert len(violations) == (1 if text else 0)
    assert all(text in violation for violation in violations if text)


def test_every_baseline_whose_group_is_held_is_refused() -> None:
    other = stored(ONE, "other", "Web", "App")
    declared = [{**LINUX, "patch_groups": ["Web"]}, {**LINUX, "name": "second", "patch_groups": ["App"]}]

    given = inputs(account(baselines=[other], groups=held(other)), baselines=declared)
    violations = plan_baselines(given).part.violations

    assert [text.partition(" is registered")[0] for text in violations] == [
        "baselines[0] linux: patch_groups: 'Web'",
        "baselines[1] second: patch_groups: 'App'",
    ]


def test_an_absent_baseline_gives_back_what_it_has_and_waits_for_the_others() -> None:
    known = account(baselines=[stored(ONE, "linux", "Web", "App"), AWS_BASELINE], defaults=[ONE])
    given = inputs(known, baselines=[{"name": "linux", "state": "absent"}, {**LINUX, "name": "other"}])
    present = plan_baselines(given)

    part = plan_baseline_removals(given, present, present.part.steps)

    assert changes(present.part) == ["create baseline other"]
    assert changes(part) == ["delete baseline linux"]
    assert calls(part.steps) == [
        (DEFAULT, {"BaselineId": AWS}),
        (DEREGISTER, {"BaselineId": ONE, "PatchGroup": "App"}),
        (DEREGISTER, {"BaselineId": ONE, "PatchGroup": "Web"}),
        ("DeletePatchBaseline", {"BaselineId": ONE}),
    ]
    first, *_others, last = part.steps
    assert first.needs == {"baseline other"}
    assert first.after == {"DescribePatchBaselines"}
    assert first.guard is not None
    assert (first.guard.id, first.guard.name) == (ONE, "linux")
    assert first.default_before == (SYSTEM, ONE)
    assert last.retry == {"ResourceInUseException"}


def test_an_absent_default_waits_for_the_declared_one() -> None:
    known = account(baselines=[stored(ONE, "linux"), stored(TWO, "other"), AWS_BASELINE], defaults=[ONE])
    declared = [{"name": "linux", "state": "absent"}, {**LINUX, "name": "other", "default": True}]
    given = inputs(known, baselines=declared)
    present = plan_baselines(given)

    part = plan_baseline_removals(given, present, present.part.steps)

    # The loss is told with the removal.
    assert changes(present.part) == ["update baseline other: default"]
    assert calls(part.steps) == [("DeletePatchBaseline", {"BaselineId": ONE})]
    assert part.steps[0].needs == {f"baseline other default {TWO}"}


def test_a_baseline_of_aws_cannot_be_removed() -> None:
    given = inputs(account(baselines=[AWS_BASELINE]), baselines=[{"name": AWS_BASELINE["Name"], "state": "absent"}])

    part = plan_baseline_removals(given, plan_baselines(given), [])

    (violation,) = part.violations
    assert violation.endswith("state: AWS-AmazonLinux2023DefaultPatchBaseline is owned by AWS and cannot be deleted")
