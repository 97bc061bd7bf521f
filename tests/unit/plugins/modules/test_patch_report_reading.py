# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report counts what ssm_patch_compliance_info counts, from its rows; what that could not read is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.totals import COVERAGE
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.report_rows import READ_AT
from ansible_collections.patchfleet.aws.tests.support.reporting import run_module

MODULE = "ssm_patch_compliance_info"
FLEET = {
    "count": 120, "stale": 0.1, "never_scanned": 0.1, "blank_records": 0.5, "rejected": 0.1, "available_security": 0.2,
    "hybrid": 0.2, "connection_lost": 0,
}  # fmt: skip


def read(account: Account, folder: Path, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the module says that reads, and what the report says of its files."""
    files = {level: str(folder / f"{level}.jsonl") for level in ("instances", "patches")}
    nodes = account.run(MODULE, level="instances", dest=files["instances"], **options)
    patches = account.run(MODULE, level="patches", only_noncompliant=True, dest=files["patches"], **options)
    reading = {
        "account_id": ACCOUNT, "region": nodes["region"], "read_at": READ_AT, "scope": options, **files,
        "summary": nodes["summary"], "gaps": nodes["gaps"] + patches["gaps"],
    }  # fmt: skip
    gate = {"stale": 1000, "missing_patches": [{"max": 1000}]}
    return nodes, run_module(dest=str(folder / "out"), readings=[reading], formats=["json"], gate=gate)


def without_coverage(counts: dict[str, Any]) -> dict[str, Any]:
    """The counts of compliance; those of coverage, which was not read, are not known."""
    assert {counts[name] for name in COVERAGE} == {None}
    return {name: count for name, count in counts.items() if name not in COVERAGE}


@pytest.fixture
def fleet(account: Account) -> Account:
    """An account with nodes of all kinds."""
    account.simulator.plant({"regions": [{"account": ACCOUNT, "region": REGION, "fleet": FLEET}]})
    return account


@pytest.mark.parametrize(
    "scope", [{}, {"patch_groups": ["Web Servers", "Nobody"]}, {"instance_tags": {"Patch Group": "Database Servers"}}]
)
@pytest.mark.parametrize("stale_after_hours", [24 * 7, 24 * 365 * 10])
def test_the_counts_are_those_of_the_module_that_reads(
    fleet: Account, tmp_path: Path, scope: dict[str, Any], stale_after_hours: int
) -> None:
    options = {"stale_after_hours": stale_after_hours, **scope}
    files = {level: str(tmp_path / f"{level}.jsonl") for level in ("instances", "patches")}
    fleet.run(MODULE, level="instances", dest=files["instances"], **options)
    nodes = fleet.run(MODULE, level="patches", only_noncompliant=True, dest=files["patches"], **options)
    reading = {
        "account_id": ACCOUNT, "region": REGION, "read_at": READ_AT, "scope": scope, **files,
        "summary": nodes["summary"],
    }  # fmt: skip
    report = run_module(dest=str(tmp_path / "out"), readings=[reading], formats=["json"])

    assert nodes["summary"]["managed"] > 20
    assert without_coverage(report["summary"]) == nodes["summary"]
    assert [without_coverage(one) for one in report["groups"]] == nodes["groups"]


def test_what_was_refused_is_not_known_and_named(fleet: Account, tmp_path: Path) -> None:
    fleet.faults({"op": "DescribeInstancePatchStates*", "do": "AccessDeniedException"})
    nodes, report = read(fleet, tmp_path)

    assert nodes["summary"]["compliant"] is None
    assert report["summary"].pop("missing_by_severity")["Critical"] > 0
    assert without_coverage(report["summary"]) == nodes["summary"]
    assert "stale was not read (ssm:DescribeInstancePatchStates" in report["gate"]["broken"][0]


def test_patches_that_were_refused_break_a_rule_on_patches_alone(fleet: Account, tmp_path: Path) -> None:
    fleet.faults({"op": "DescribeInstancePatches", "do": "AccessDeniedException"})
    _nodes, report = read(fleet, tmp_path)

    [broken] = report["gate"]["broken"]
    assert broken.startswith("missing_patches was not read (ssm:DescribeInstancePatches: ")
