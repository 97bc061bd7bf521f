# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run costs, without a clock: calls, reads of each resource, functions, imports, bytes of an answer."""

from __future__ import annotations

import json
from collections import Counter
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import plant
from ansible_collections.patchfleet.aws.tests.support.work import counted

SETUP = "ssm_patch_setup"
COMPLIANCE = "ssm_patch_compliance_info"
# Of a window with two targets and three tasks as it is declared: itself, both listings, each task.
READS_OF_A_WINDOW = 1 + 2 + 3
# In the answer of a setup: the facts of the window below and its contents, and the options that are given.
BYTES_OF_A_WINDOW = 5_000


def setup(windows: int) -> dict[str, Any]:
    return {"windows": [window(number) for number in range(windows)]}


def window(number: int) -> dict[str, Any]:
    return {
        "name": f"window-{number:02}",
        "schedule": "cron(0 2 ? * TUE *)",
        "schedule_timezone": "Europe/Berlin",
        "duration": 4,
        "cutoff": 1,
        "targets": [{"name": name, "patch_groups": [f"{name}-{number:02}"]} for name in ("web", "database")],
        "patch_tasks": [
            {"name": name, "operation": name.title(), "window_targets": ["web", "database"]}
            for name in ("scan", "install")
        ],
        "tasks": [
            {
                "name": "note",
                "task_type": "RUN_COMMAND",
                "task_arn": "AWS-RunShellScript",
                "window_targets": ["web"],
                "max_concurrency": "1",
                "max_errors": "1",
                "run_command": {"parameters": {"commands": ["uptime"]}},
            }
        ],
    }


def again(account: Account, windows: int) -> dict[str, Any]:
    """Apply a setup, and give the answer of the run after it, which finds nothing to do."""
    account.run(SETUP, **setup(windows))
    account.clear_log()
    result = account.run(SETUP, **setup(windows))
    assert not result["changed"]
    return result


@pytest.mark.parametrize("windows", [1, 10, 50])
def test_a_setup_reads_each_resource_once(account: Account, windows: int) -> None:
    again(account, windows)

    requests = Counter((call["op"], json.dumps(call["input"], sort_keys=True)) for call in account.simulator.log())
    assert set(requests.values()) == {1}
    assert account.calls().total() == 1 + READS_OF_A_WINDOW * windows


@pytest.mark.parametrize(
    ("names", "filters"),
    [(["web"], [{"Key": "Name", "Values": ["web"]}]), (["web", "database"], None)],
)
def test_one_window_is_listed_by_its_name(account: Account, names: list[str], filters: Any) -> None:
    account.run(
        SETUP, windows=[{"name": name, "schedule": "rate(7 days)", "duration": 2, "cutoff": 1} for name in names]
    )

    assert account.inputs("DescribeMaintenanceWindows")[0].get("Filters") == filters


@pytest.mark.parametrize("windows", [1, 10, 50])
def test_the_answer_of_a_setup_grows_with_its_windows_only(account: Account, windows: int) -> None:
    result = again(account, windows)

    assert len(json.dumps(result)) < 1_000 + BYTES_OF_A_WINDOW * windows


def test_the_work_for_a_window_does_not_grow_with_their_number(account: Account) -> None:
    def work(windows: int) -> Counter[str]:
        account.run(SETUP, **setup(windows))
        with counted() as found:
            account.run(SETUP, **setup(windows))
        return found

    few, many = work(5), work(20)

    assert few.total() > 1_000
    assert many.total() <= 4 * few.total()
    assert {name: many[name] for name in few if many[name] > 4 * few[name]} == {}


@pytest.mark.parametrize("nodes", [50, 400])
def test_each_node_is_asked_for_once(account: Account, nodes: int) -> None:
    plant(account, count=nodes)

    account.run(COMPLIANCE, level="instances")

    asked = [one for request in account.inputs("DescribeInstancePatchStates") for one in request["InstanceIds"]]
    assert len(asked) == len(set(asked)) == nodes
    calls = account.calls()
    assert calls["DescribeInstancePatchStates"] == ceil(nodes / 50)
    # All nodes, and those of each tag of the groups: a node is in two groups at most.
    assert calls["DescribeInstanceInformation"] <= 3 * ceil(nodes / 50) + 4


def test_the_work_for_a_node_does_not_grow_with_their_number(account: Account) -> None:
    def work(nodes: int) -> int:
        account.simulator.reset()
        plant(account, count=nodes)
        with counted() as found:
            account.run(COMPLIANCE, level="instances")
        return found.total()

    few, many = work(200), work(800)

    assert few > 1_000
    assert many <= 4 * few


def test_an_answer_does_not_grow_with_the_rows_of_its_file(account: Account, tmp_path: Path) -> None:
    sizes = {}
    for nodes in (60, 600):
        account.simulator.reset()
        plant(account, count=nodes)
        result = account.run(COMPLIANCE, level="instances", dest=str(tmp_path / f"{nodes:04}.jsonl"))
        sizes[nodes] = len(json.dumps(result))

    # A digit more for each count.
    assert sizes[600] - sizes[60] < 100
