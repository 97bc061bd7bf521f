# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_report_info gives what the modules give whose readers it uses, with each node read once."""

from __future__ import annotations

import json
from collections import Counter
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import baseline, node, plant
from ansible_collections.patchfleet.aws.tests.support.reporting import run_module

MODULE = "ssm_patch_report_info"
COMPLIANCE, COVERAGE = "ssm_patch_compliance_info", "ssm_patch_coverage_info"
FLEET = {
    "count": 120, "stale": 0.1, "never_scanned": 0.1, "rejected": 0.1, "available_security": 0.2, "hybrid": 0.2,
    "unmanaged": 0.1,
}  # fmt: skip
WINDOW = {
    "name": "weekly",
    "schedule": "cron(0 2 ? * SUN *)",
    "duration": 4,
    "cutoff": 1,
    "targets": [{"name": "web", "patch_groups": ["Web Servers"], "patch_group_key": "Patch Group"}],
    "patch_tasks": [{"name": "install", "operation": "Install", "window_targets": ["web"]}],
}
SCOPES: list[dict[str, Any]] = [
    {},
    {"patch_groups": ["Web Servers", "Nobody"]},
    {"instance_tags": {"Patch Group": ["Web Servers", "Database Servers"]}},
    {"patch_groups": ["Web Servers"], "instance_tags": {"Patch Group": "Web Servers"}},
]


@pytest.fixture
def fleet(account: Account) -> Account:
    """An account with nodes of all kinds and a window."""
    plant(account, **FLEET)
    account.run("ssm_patch_setup", windows=[WINDOW])
    account.clear_log()
    return account


def rows(path: str) -> list[dict[str, Any]]:
    """The rows of a file."""
    return by_node([json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()])


def by_node(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in an order of their own: the modules list nodes in different ones."""
    return sorted(found, key=lambda row: json.dumps([row["instance_id"], row], sort_keys=True))


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("coverage", [True, False])
def test_it_gives_what_the_single_modules_give(
    fleet: Account, tmp_path: Path, scope: dict[str, Any], coverage: bool
) -> None:
    options = {"include_unmanaged": True, **scope}

    reading = fleet.run(MODULE, dest=str(tmp_path), coverage=coverage, **options)["reading"]

    nodes = fleet.run(COMPLIANCE, level="instances", **options)
    patches = fleet.run(COMPLIANCE, level="patches", only_noncompliant=True, **options)
    covered = fleet.run(COVERAGE, level="instances", **options)
    assert rows(reading["instances"]) == by_node(nodes["instances"])
    assert rows(reading["patches"]) == by_node(patches["patches"])
    assert {name: reading["summary"][name] for name in nodes["summary"]} == nodes["summary"]
    assert (reading["partition"], reading["account_id"], reading["region"]) == ("aws", ACCOUNT, REGION)
    assert (reading["scope"], reading["gaps"]) == (scope, patches["gaps"])
    if coverage:
        assert rows(reading["coverage"]) == by_node(covered["instances"])
        assert reading["findings"] == covered["findings"]
    else:
        assert (reading["coverage"], reading["findings"]) == (None, [])


@pytest.mark.parametrize("nodes", [50, 400])
def test_each_node_is_read_once(account: Account, tmp_path: Path, nodes: int) -> None:
    plant(account, count=nodes, unmanaged=0.1, missing=0.2)
    account.run("ssm_patch_setup", windows=[WINDOW])
    account.clear_log()

    reading = account.run(MODULE, dest=str(tmp_path), include_unmanaged=True)["reading"]

    calls, found = account.calls(), rows(reading["instances"])
    assert calls["DescribeInstanceInformation"] == calls["DescribeInstancePatchStates"] == ceil(nodes / 50)
    assert calls["DescribeInstances"] == 1
    # Patches only of nodes that have some that matter, in as many listings as there are states of them.
    lacking = ("missing_count", "failed_count", "installed_rejected_count", "installed_pending_reboot_count")
    asked = Counter(request["InstanceId"] for request in account.inputs("DescribeInstancePatches"))
    assert set(asked) == {row["instance_id"] for row in found if any(row[name] for name in lacking)}


def test_nothing_is_read_twice(account: Account, tmp_path: Path) -> None:
    plant(account, baseline("Web Servers"), nodes=[node(1, "Web Servers")])
    account.run("ssm_patch_setup", windows=[WINDOW])
    account.clear_log()

    account.run(MODULE, dest=str(tmp_path), include_unmanaged=True)

    requests = Counter((call["op"], json.dumps(call["input"], sort_keys=True)) for call in account.simulator.log())
    assert {operation for operation, _input in requests} >= {"GetMaintenanceWindowTask", "GetPatchBaseline"}
    assert {request for request, count in requests.items() if count > 1} == set()


def test_the_report_takes_the_reading_as_it_is(fleet: Account, tmp_path: Path) -> None:
    reading = fleet.run(MODULE, dest=str(tmp_path))["reading"]

    report = run_module(dest=str(tmp_path / "out"), readings=[reading], formats=["json", "csv"])

    assert report["summary"]["managed"] == reading["summary"]["managed"]
    assert report["summary"]["uncovered"] == reading["summary"]["uncovered"]


@pytest.mark.parametrize(
    ("denied", "coverage", "code"),
    [
        ({"service": "ec2", "op": "*", "do": "UnauthorizedOperation"}, False, "UnauthorizedOperation"),
        ({"op": "DescribeMaintenanceWindows", "do": "AccessDeniedException"}, False, "AccessDeniedException"),
        ({"op": "ListTagsForResource", "do": "AccessDeniedException"}, True, "AccessDeniedException"),
    ],
)
def test_nodes_are_read_where_the_rest_is_refused(
    fleet: Account, tmp_path: Path, denied: dict[str, Any], coverage: bool, code: str
) -> None:
    before = rows(fleet.run(MODULE, dest=str(tmp_path))["reading"]["instances"])
    fleet.faults(denied)

    reading = fleet.run(MODULE, dest=str(tmp_path), include_unmanaged=True)["reading"]

    managed = [row for row in rows(reading["instances"]) if row["status"] != "unmanaged"]
    assert managed == before
    assert (reading["coverage"] is not None) is coverage
    assert code in {gap["code"] for gap in reading["gaps"]}


def test_a_missing_alias_is_no_gap(account: Account, tmp_path: Path) -> None:
    plant(account, nodes=[node(1)])
    named = account.run(MODULE, dest=str(tmp_path), account_name="production")["reading"]
    account.faults({"service": "iam", "op": "*", "do": "AccessDenied"})

    reading = account.run(MODULE, dest=str(tmp_path))["reading"]

    assert (named["account_name"], reading["account_name"], reading["gaps"]) == ("production", None, [])


def test_ids_that_are_no_nodes_are_a_gap(account: Account, tmp_path: Path) -> None:
    plant(account, nodes=[node(1)])

    answer = account.run(MODULE, dest=str(tmp_path), instance_ids=[node(1)["InstanceId"], "i-00000000000000bad"])

    assert answer["not_found"] == ["i-00000000000000bad"]
    assert answer["reading"]["gaps"] == [{"message": "Not managed by Systems Manager: i-00000000000000bad"}]


def test_check_mode_reads_and_writes_nothing(fleet: Account, tmp_path: Path) -> None:
    predicted = fleet.run(MODULE, check=True, dest=str(tmp_path))

    assert predicted["changed"]
    assert [*tmp_path.iterdir()] == []
    assert fleet.run(MODULE, dest=str(tmp_path))["reading"]["summary"] == predicted["reading"]["summary"]
    assert not fleet.run(MODULE, dest=str(tmp_path))["changed"]


def test_mistakes_are_refused_together(account: Account, tmp_path: Path) -> None:
    options = {"concurrency": 0, "next_run_count": 0, "stale_after_hours": 0}

    violations = account.refuses(MODULE, "create it first", dest=str(tmp_path / "none"), **options)

    assert len(violations) == 4


@pytest.mark.parametrize("args", [{}, {"dest": ""}])
def test_the_module_itself_requires_a_directory(account: Account, args: dict[str, Any]) -> None:
    assert "dest: specify a directory, because only" in account.fails(MODULE, **args)["msg"]
    assert not account.calls()
