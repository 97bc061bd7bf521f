# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exact number of API calls: nothing is read twice, nothing is written that is the same."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.resource_cases import RESOURCE_CASES, ResourceCase

WINDOWS, TARGETS, TASKS, BASELINES = 50, 2, 3, 20
PAGE = 100


def _setup() -> dict[str, Any]:
    names = [f"target-{number}" for number in range(TARGETS)]
    windows = [
        {
            "name": f"window-{number}",
            "schedule": "rate(7 days)",
            "duration": 4,
            "cutoff": 1,
            "targets": [{"name": name, "patch_groups": [f"{name}-{number}"]} for name in names],
            "patch_tasks": [
                {"name": f"task-{task}", "operation": "Install", "window_targets": names} for task in range(TASKS)
            ],
        }
        for number in range(WINDOWS)
    ]
    baselines = [
        {"name": f"baseline-{number}", "operating_system": "AMAZON_LINUX_2023", "approved_patches": ["a"]}
        for number in range(BASELINES)
    ]
    return {"windows": windows, "baselines": baselines}


def _reads(account: Account) -> Counter[str]:
    """The reads of a setup that exists: one listing of windows and of baselines, then each resource once."""
    owned_by_aws = [{"Key": "OWNER", "Values": ["AWS"]}]
    of_aws = len(account.by_hand("DescribePatchBaselines", Filters=owned_by_aws, MaxResults=100)["BaselineIdentities"])
    return Counter(
        {
            "DescribeMaintenanceWindows": -(-WINDOWS // PAGE),
            "GetMaintenanceWindow": WINDOWS,
            "DescribeMaintenanceWindowTargets": WINDOWS,
            "DescribeMaintenanceWindowTasks": WINDOWS,
            "GetMaintenanceWindowTask": WINDOWS * TASKS,
            "DescribePatchBaselines": -(-(BASELINES + of_aws) // PAGE),
            "GetPatchBaseline": BASELINES,
        }
    )


def test_a_whole_setup(account: Account) -> None:
    setup = _setup()
    reads = _reads(account)

    predicted = account.run("ssm_patch_setup", check=True, **setup)
    assert account.calls() == {"DescribeMaintenanceWindows": 1, "DescribePatchBaselines": 1}
    resources = WINDOWS * (1 + TARGETS + TASKS) + BASELINES
    assert len(predicted["changes"]) == resources

    account.clear_log()
    created = account.run("ssm_patch_setup", **setup)
    assert len(created["changes"]) == resources
    assert account.calls() == {
        # Read before, read back once for all that were created, and each new one's dates.
        "DescribeMaintenanceWindows": 2,
        "DescribePatchBaselines": 2,
        "GetMaintenanceWindow": WINDOWS,
        "GetPatchBaseline": BASELINES,
        # Read back once for each window.
        "DescribeMaintenanceWindowTargets": WINDOWS,
        "DescribeMaintenanceWindowTasks": WINDOWS,
        "CreateMaintenanceWindow": WINDOWS,
        "RegisterTargetWithMaintenanceWindow": WINDOWS * TARGETS,
        "RegisterTaskWithMaintenanceWindow": WINDOWS * TASKS,
        "CreatePatchBaseline": BASELINES,
    }

    for check in (True, False):
        account.clear_log()
        assert not account.run("ssm_patch_setup", check=check, **setup)["changed"]
        assert account.calls() == reads

    setup["windows"][7]["patch_tasks"][1]["comment"] = "changed"
    account.clear_log()
    changed = account.run("ssm_patch_setup", **setup)
    assert [change["fields"] for change in changed["changes"]] == [["comment"]]
    # The owner of its window, and the block of which one member changes, as it is right before.
    looks = Counter({"ListTagsForResource": 1, "GetMaintenanceWindowTask": 1})
    assert account.calls() == reads + looks + Counter({"UpdateMaintenanceWindowTask": 1})


@pytest.mark.parametrize("case", RESOURCE_CASES, ids=lambda case: case.module)
def test_a_single_resource_that_is_as_declared(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    account.run(case.module, **case.creation())
    account.clear_log()

    account.run(case.module, **case.creation())

    assert (
        account.calls()
        == {
            "window": {"DescribeMaintenanceWindows": 1, "GetMaintenanceWindow": 1},
            "target": {"DescribeMaintenanceWindows": 1, "DescribeMaintenanceWindowTargets": 1},
            "task": {
                "DescribeMaintenanceWindows": 1,
                "DescribeMaintenanceWindowTargets": 1,
                "DescribeMaintenanceWindowTasks": 1,
                "GetMaintenanceWindowTask": 1,
            },
            "baseline": {"DescribePatchBaselines": 1, "GetPatchBaseline": 1},
        }[case.kind.name]
    )


@pytest.mark.parametrize("case", RESOURCE_CASES, ids=lambda case: case.module)
def test_nothing_is_read_twice(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    account.run(case.module, **case.creation())
    account.clear_log()

    account.run(case.module, check=True, **case.identity, description="new")

    seen = Counter((call["op"], repr(sorted(call["input"].items()))) for call in account.simulator.log())
    assert seen.most_common(1)[0][1] == 1


def test_tags_are_read_only_where_they_are_needed(account: Account) -> None:
    window = {"name": "prod", "schedule": "rate(1 day)", "duration": 2, "cutoff": 1}
    account.run("ssm_patch_setup", windows=[window, {**window, "name": "test"}])
    for args, reads in (({}, 0), ({"tags": {}}, 1), ({"setup": "one"}, 1)):
        account.clear_log()
        account.run("ssm_patch_setup", check=True, windows=[{**window, **args}, {**window, "name": "test"}])
        assert account.calls()["ListTagsForResource"] == reads
