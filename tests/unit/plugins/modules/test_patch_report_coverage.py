# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""patch_report on coverage: counts and findings as the module that reads it returns them, and the rules on them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import GRADED, baseline, node, plant
from ansible_collections.patchfleet.aws.tests.support.reporting import PAGE, run_module

WINDOW = {"schedule": "cron(0 2 ? * TUE#2 *)", "duration": 4, "cutoff": 1}
INSTALL = {"name": "install", "operation": "Install", "window_targets": ["web"]}


def read(account: Account, folder: Path, *groups: str, **options: Any) -> dict[str, Any]:
    """A reading of nodes in these groups as the role gives it; two windows install on the group twice."""
    nodes = [node(number, group) for number, group in enumerate(groups)]
    plant(account, baseline("web", "twice", **GRADED), nodes=nodes)
    both = {"name": "web", "patch_groups": ["web", "twice"]}
    again = {"name": "web", "patch_groups": ["twice"]}
    windows = [
        {**WINDOW, "name": "first", "targets": [both], "patch_tasks": [INSTALL]},
        {**WINDOW, "name": "second", "targets": [again], "patch_tasks": [INSTALL]},
    ]
    account.run("ssm_patch_setup", windows=windows)
    files = {name: str(folder / f"{name}.jsonl") for name in ("instances", "patches", "coverage")}
    account.run("ssm_patch_compliance_info", level="instances", dest=files["instances"])
    compliance = account.run("ssm_patch_compliance_info", level="patches", dest=files["patches"])
    coverage = account.run("ssm_patch_coverage_info", level="instances", dest=files["coverage"], **options)
    return {
        "account_id": ACCOUNT,
        "region": REGION,
        "read_at": compliance["read_at"],
        **files,
        "summary": {**coverage["summary"], **compliance["summary"]},
        "findings": coverage["findings"],
    }


def report(folder: Path, reading: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The module on this reading."""
    return run_module(dest=str(folder / "out"), readings=[reading], page=PAGE, **options)


def test_the_counts_are_those_of_the_module_that_reads(account: Account, tmp_path: Path) -> None:
    answer = report(tmp_path, read(account, tmp_path, "web", "twice", "other", "other"))

    counts = {name: answer["summary"][name] for name in ("uncovered", "scan_only", "double_covered")}
    assert counts == {"uncovered": 2, "scan_only": 0, "double_covered": 1}
    groups = {one["patch_group"]: (one["uncovered"], one["double_covered"]) for one in answer["groups"]}
    assert groups == {"other": (2, 0), "twice": (0, 1), "web": (0, 0)}


@pytest.mark.parametrize(
    ("groups", "broken"),
    [
        (["web", "web"], []),
        (["web", "other"], ["uncovered is 1, 1 above the maximum of 0"]),
        (["web", "twice"], ["double_covered is 1, 1 above the maximum of 0"]),
    ],
)
def test_the_gate_has_rules_on_coverage(account: Account, tmp_path: Path, groups: list[str], broken: list[str]) -> None:
    answer = report(tmp_path, read(account, tmp_path, *groups), gate={"uncovered": 0, "double_covered": 0})

    assert answer["gate"]["broken"] == broken
    junit = (tmp_path / "out" / "junit.xml").read_text(encoding="utf-8")
    assert junit.count("<failure") == len(broken)


def test_coverage_that_was_not_read_breaks_a_rule_on_it(account: Account, tmp_path: Path) -> None:
    reading = {**read(account, tmp_path, "web"), "coverage": None, "findings": []}

    answer = report(tmp_path, reading, gate={"uncovered": 0})

    assert answer["summary"]["uncovered"] is None
    assert answer["gate"]["broken"] == ["uncovered was not read"]
    assert 'id="coverage"' not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_page_csv_and_json_have_the_findings(account: Account, tmp_path: Path) -> None:
    report(tmp_path, read(account, tmp_path, "web", "other"))
    text = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir()}

    rows = list(csv.DictReader(text["coverage.csv"].splitlines()))
    assert [row["finding"] for row in rows][:2] == ["not_reached", "group_without_baseline"]
    [reading] = json.loads(text["report.json"])["readings"]
    assert [one["text"] for one in reading["findings"]] == [row["text"] for row in rows]
    nodes = sorted(reading["nodes"], key=lambda one: one["instance_id"])
    assert [one["coverage"] for one in nodes] == ["covered", "uncovered"]
    page = text["report.html"]
    assert all(row["action"] in page.replace("&#39;", "'") for row in rows)
    assert '<dd id="count-uncovered">1</dd>' in page
