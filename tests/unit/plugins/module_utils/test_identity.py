# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which stored resource an entry means: what is stored and declared, and what is found. No plan, no calls."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.prune import with_undeclared
from ansible_collections.patchfleet.aws.plugins.module_utils._state.identity import (
    matching_baselines,
    replaced_name,
    successor_identities,
)
from ansible_collections.patchfleet.aws.tests.support.planned import (
    DECLARED_WINDOW,
    WINDOW,
    Raw,
    account,
    inputs,
    target,
    task,
    uuid,
)

WEB = {"name": "web", "patch_groups": ["Web"]}
SCAN = {"name": "scan", "operation": "Scan", "window_targets": ["web"]}
LINUX = {"BaselineId": "pb-00000000000000001", "BaselineName": "linux", "OperatingSystem": "AMAZON_LINUX_2023"}
DEBIAN = {**LINUX, "BaselineId": "pb-00000000000000002", "OperatingSystem": "DEBIAN"}
ARN = f"arn:aws:ssm:eu-central-1:123456789012:patchbaseline/{LINUX['BaselineId']}"


@pytest.mark.parametrize(("length", "is_cut"), [(1, False), (119, False), (120, True), (128, True)])
def test_the_name_of_what_is_replaced_fits_and_is_its_own(length: int, is_cut: bool) -> None:
    names = [f"{'x' * (length - 1)}{last}" for last in "ab"]

    found = [replaced_name(name) for name in names]

    assert (found[0] != f"{names[0]}.replaced") == is_cut
    assert len({*found}) == 2
    assert all(len(name) <= 128 and name.endswith(".replaced") for name in found)


@pytest.mark.parametrize(
    ("stored", "declared", "adopted", "doubted"),
    [
        pytest.param([target(1, None)], [WEB], {"web": uuid(1)}, [], id="the same without a name"),
        pytest.param([target(1, None), target(2, "web")], [WEB], {}, [], id="the name is there"),
        pytest.param([target(1, None)], [{**WEB, "patch_groups": ["App"]}], {}, [], id="other criteria"),
        pytest.param([target(1, None), target(2, None)], [WEB], {}, ["web"], id="two candidates"),
        pytest.param([target(1, None)], [WEB, {**WEB, "name": "db"}], {}, ["web", "db"], id="two entries"),
        pytest.param(
            [target(1, None)], [{**WEB, "name": "db", "window_target_id": uuid(1)}, WEB], {}, [], id="one by its ID"
        ),
        pytest.param([target(1, None)], [{**WEB, "state": "absent"}], {}, [], id="one that is to go"),
    ],
)
def test_what_has_no_name_is_adopted_where_there_is_no_doubt(
    stored: list[Raw], declared: list[Raw], adopted: dict[str, str], doubted: list[str]
) -> None:
    found = inputs(account([WINDOW], stored, []), windows=[{**DECLARED_WINDOW, "targets": declared}]).adoptions

    assert {entry.name: one.id for entry, one in found.found.items()} == adopted
    assert [entry.name for entry in found.doubts] == doubted
    assert found.ids() == {*adopted.values()}


@pytest.mark.parametrize(
    ("targets", "declared", "is_adopted"),
    [
        pytest.param([target(1, "web")], [WEB], True, id="a target by its name"),
        pytest.param([target(1, None)], [WEB], True, id="a target that is adopted"),
        pytest.param([target(1, "old")], [{**WEB, "window_target_id": uuid(1)}], True, id="a target by its ID"),
        pytest.param([target(1, "web"), target(2, "web")], [], False, id="a name of two targets"),
        pytest.param([target(1, "old"), target(2, "web")], [WEB], False, id="another target"),
    ],
)
def test_a_task_is_the_same_where_its_targets_are(targets: list[Raw], declared: list[Raw], is_adopted: bool) -> None:
    known = account([WINDOW], targets, [task(5, None, 1, operation="Scan")])
    window = {**DECLARED_WINDOW, "targets": declared, "patch_tasks": [SCAN]}

    adopted = inputs(known, windows=[window]).adoptions.found

    assert (uuid(5) in {one.id for one in adopted.values()}) == is_adopted


def test_a_prune_leaves_an_unfinished_replacement_to_its_entry() -> None:
    group = {"ResourceType": "RESOURCE_GROUP", "Targets": [{"Key": "resource-groups:Name", "Values": ["web"]}]}
    stored = [target(1, "web"), target(2, "web.replaced", **group), target(3, "db.replaced", **group)]
    known = account([WINDOW], stored, [], tags={"patchfleet:setup": "one"})
    given = inputs(known, setup="one", prune=True, windows=[{**DECLARED_WINDOW, "targets": [WEB]}])

    declaration, _warnings = with_undeclared(given.declaration, known, given.adoptions)

    assert [one.id for one in declaration.entries() if one.pruned] == [uuid(3)]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"name": "linux"}, [LINUX, DEBIAN]),
        ({"name": "linux", "operating_system": "DEBIAN"}, [DEBIAN]),
        ({"name": "linux", "operating_system": "UBUNTU"}, []),
        ({"baseline_id": LINUX["BaselineId"]}, [LINUX]),
        ({"baseline_id": ARN, "name": "new"}, [LINUX]),
        ({"baseline_id": "pb-00000000000000009", "name": "linux", "operating_system": "DEBIAN"}, []),
        (
            {
                "baseline_id": "pb-00000000000000009",
                "name": "linux",
                "operating_system": "DEBIAN",
                "recreate": True,
            },
            [DEBIAN],
        ),
    ],
)
def test_which_baselines_an_entry_may_mean(declared: Raw, expected: list[Raw]) -> None:
    [entry] = inputs(account(), baselines=[declared]).declaration.baselines

    assert matching_baselines(entry, [LINUX, DEBIAN]) == expected


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"operating_system": "DEBIAN", "recreate": True}, [DEBIAN]),
        ({"operating_system": "DEBIAN", "recreate": True, "name": "linux"}, [DEBIAN]),
        ({"operating_system": "DEBIAN", "recreate": True, "name": "other"}, []),
        ({"operating_system": "DEBIAN"}, []),
        ({"operating_system": "AMAZON_LINUX_2023", "recreate": True}, []),
        ({"recreate": True}, []),
    ],
)
def test_what_took_the_place_of_a_baseline(declared: dict[str, Any], expected: list[Raw]) -> None:
    given = {"baseline_id": LINUX["BaselineId"], **declared}
    [entry] = inputs(account(), baselines=[given]).declaration.baselines

    assert successor_identities(entry, LINUX, [LINUX, DEBIAN]) == expected
