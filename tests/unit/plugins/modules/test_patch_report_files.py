# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module patch_report: its files, what it refuses, and that its options are those of the role's gate."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.report_rows import READ_AT, sample, write_rows
from ansible_collections.patchfleet.aws.tests.support.reporting import PAGE, run_module

NAMES = {"report.html", "nodes.csv", "patches.csv", "coverage.csv", "report.json", "junit.xml"}


def given(folder: Path, count: int = 60, **more: Any) -> dict[str, Any]:
    """A reading of so many nodes as the role gives it."""
    rows = sample(count)
    windows = folder / "windows.json"
    windows.write_text(json.dumps(rows["windows"]), encoding="utf-8")
    place = {"account_id": "123456789012", "region": "eu-central-1", "read_at": READ_AT}
    files = {
        name: write_rows(folder / f"{name}.jsonl", rows[key])
        for name, key in (("instances", "nodes"), ("patches",) * 2)
    }
    return {**place, **files, "windows": str(windows), **more}


def run(folder: Path, *readings: dict[str, Any], check: bool = False, **args: Any) -> dict[str, Any]:
    """The module on these readings, or on one of 60 nodes."""
    options = {"dest": str(folder / "out"), "page": PAGE, "readings": [*readings] or [given(folder)], **args}
    return run_module(check=check, **options)


def test_it_writes_each_format_once(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path)

    assert (first["changed"], second["changed"]) == (True, False)
    assert {path.name for path in (tmp_path / "out").iterdir()} == NAMES
    assert {Path(path).name for path in first["files"].values()} == NAMES
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()} == {0o600}
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700


def test_only_the_formats_that_are_wanted_with_the_mode_that_is_wanted(tmp_path: Path) -> None:
    answer = run(tmp_path, formats=["json"], mode="0640")

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.json"]
    assert (tmp_path / "out" / "report.json").stat().st_mode & 0o777 == 0o640
    assert answer["files"] == {"json": str(tmp_path / "out" / "report.json")}
    assert run(tmp_path, formats=["json"], mode="0600")["changed"]


def test_check_mode_writes_nothing_and_says_the_same(tmp_path: Path) -> None:
    gate = {"stale": 0}
    predicted = run(tmp_path, check=True, gate=gate)
    assert not (tmp_path / "out").exists()
    assert predicted == run(tmp_path, gate=gate)

    def files() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (tmp_path / "out").iterdir()}

    before = files()
    assert not run(tmp_path, check=True, gate=gate)["changed"]
    assert run(tmp_path, check=True, gate=gate, title="Other")["changed"]
    assert run(tmp_path, check=True, gate=gate, mode="0644")["changed"]
    assert files() == before


def test_the_gate_is_told_and_fails_nothing_here(tmp_path: Path) -> None:
    gate = run(tmp_path, gate={"stale": 0, "never_scanned": 9})["gate"]

    assert not gate["passed"]
    assert gate["broken"] == ["stale is 2, 2 above the maximum of 0"]
    assert run(tmp_path)["gate"] == {"passed": True, "broken": [], "rules": []}


def test_a_group_that_breaks_the_gate_is_named(tmp_path: Path) -> None:
    broken = run(tmp_path, gate={"compliance_percent": 75}, gate_each_group=True)["gate"]["broken"]

    assert broken == [
        "batch: compliance_percent is 70, 5 below the minimum of 75",
        "build: compliance_percent is 60, 15 below the minimum of 75",
    ]


def test_reports_of_other_runs_are_joined(tmp_path: Path) -> None:
    run(tmp_path, given(tmp_path, 60), dest=str(tmp_path / "a"))
    run(tmp_path, given(tmp_path, 7, region="us-east-1"), dest=str(tmp_path / "b"))
    inputs = [str(tmp_path / name / "report.json") for name in ("a", "b", "a")]
    options = {"inputs": inputs, "readings": [], "page": PAGE}

    joined = run_module(dest=str(tmp_path / "c"), **options)
    assert joined["summary"]["managed"] + joined["summary"]["unmanaged"] == 67
    again = run_module(dest=str(tmp_path / "c"), **{**options, "inputs": [*reversed(inputs)]})
    assert not again["changed"]
    assert joined["read_at"] == READ_AT


def test_counts_that_the_summary_lacks_are_not_known(tmp_path: Path) -> None:
    gap = {"action": "ec2:DescribeInstances", "code": "UnauthorizedOperation", "message": "no", "scope": None}
    answer = run(
        tmp_path, given(tmp_path, summary={"unmanaged": None, "managed": 60}, gaps=[gap]), gate={"unmanaged": 0}
    )

    assert answer["summary"]["unmanaged"] is None
    assert answer["gate"]["broken"] == ["unmanaged was not read (ec2:DescribeInstances: no)"]


def test_patches_that_could_not_be_listed_break_a_rule_on_them(tmp_path: Path) -> None:
    gap = {"action": "ssm:DescribeInstancePatches", "message": "no"}
    [rule] = run(tmp_path, given(tmp_path, gaps=[gap]), gate={"missing_patches": [{"max": 999}]})["gate"]["broken"]

    assert rule == "missing_patches was not read (ssm:DescribeInstancePatches: no)"


def test_a_host_that_was_not_read_leaves_nothing_known(tmp_path: Path) -> None:
    host = {"account_id": "staging", "region": "", "read_at": READ_AT, "gaps": [{"message": "The host failed."}]}
    answer = run(tmp_path, given(tmp_path), host, gate={"stale": 999})

    assert set(answer["summary"].values()) == {None}
    assert answer["gate"]["broken"] == ["stale was not read (The host failed.)"]
    assert "The host failed." in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_nothing_found_is_a_warning_or_breaks_the_gate(tmp_path: Path) -> None:
    scope = {"patch_groups": ["web"], "instance_ids": None}
    assert "no node" in run(tmp_path, given(tmp_path, 0, scope=scope))["warnings"][-1]
    assert not run(tmp_path, given(tmp_path, 0, scope=scope), gate={"stale": 9})["gate"]["passed"]
    rows = given(tmp_path, 60, scope={"patch_groups": ["batch", "webb"]})
    assert run(tmp_path, rows)["warnings"][-1] == "No nodes are in the patch group webb."


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"page": None}, "page: is required for the format html"),
        ({"readings": []}, "readings: is missing; specify readings or inputs"),
        ({"mode": "384"}, "mode: '384' must be three octal digits"),
        ({"gate": {"compliance_percent": 101}}, "gate.compliance_percent: 101 must be from 0 to 100"),
        ({"gate": {"stale": -1}}, "gate.stale: -1 must not be negative"),
        ({"gate": {"missing_patches": [{"older_than_days": -3}]}}, "gate.missing_patches[0].older_than_days: -3"),
        ({"gate": {"compliant": 3}}, "compliance_percent, critical_noncompliant, double_covered, failed"),
        ({"gate": {"stale": "few"}}, "stale"),
        ({"inputs": ["/nonexistent/report.json"]}, "inputs: /nonexistent/report.json cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_before_a_file_is_written(tmp_path: Path, options: Any, text: str) -> None:
    answer = run(tmp_path, **options)

    assert answer["failed"]
    assert text in answer["msg"]
    assert not (tmp_path / "out").exists()


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    bad = {**given(tmp_path), "read_at": "yesterday"}

    assert len(run(tmp_path, bad, mode="rw", gate={"stale": -1})["violations"]) == 3


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON report"),
        ('{"schema": "other"}', "is not a JSON report"),
        ('{"schema": "patchfleet.aws/patch-report", "schema_version": 2}', "has schema_version 2, and 1 is supported"),
        ('{"schema": "patchfleet.aws/patch-report", "schema_version": 1}', "does not have the format of patch_report"),
        (
            '{"schema": "patchfleet.aws/patch-report", "schema_version": 1, "readings": [{"partition": 1}]}',
            "partition: 1 is not of type str",
        ),
        (
            '{"schema": "patchfleet.aws/patch-report", "schema_version": 1, "readings": [{"partition": "aws",'
            ' "account_id": "1", "region": "r", "read_at": "soon"}]}',
            "read_at: 'soon' is not a date and time",
        ),
    ],
)
def test_an_input_that_is_no_report_is_named(tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")

    assert f"inputs: {path}" in run(tmp_path, inputs=[str(path)])["msg"]
    assert text in run(tmp_path, inputs=[str(path)])["msg"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{", "line 2: "),
        ('{"name": "x"}', "line 2: instance_id is missing"),
        ('{"instance_id": "i", "missing_count": "3"}', "line 2: missing_count: '3' is not of type int"),
        ('{"instance_id": "i", "patch_groups": "web"}', "line 2: patch_groups: 'web' is not of type list"),
    ],
)
def test_a_row_that_is_not_understood_is_an_error(tmp_path: Path, line: str, text: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"instance_id": "i-1"}}\n{line}\n', encoding="utf-8")
    answer = run(tmp_path, given(tmp_path, instances=str(path)))

    assert f"{path}, {text}" in answer["msg"]
    assert not (tmp_path / "out").exists()


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, formats=["json"])
    old = (tmp_path / "out" / "report.json").read_bytes()

    def fail(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    monkeypatch.setattr(Path, "replace", fail)
    answer = run(tmp_path, formats=["json"], title="Other")
    assert "No space left on device" in answer["msg"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.json"]
    assert (tmp_path / "out" / "report.json").read_bytes() == old


@pytest.mark.parametrize("check", [True, False])
def test_a_destination_that_is_a_file_is_an_error(tmp_path: Path, check: bool) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    answer = run(tmp_path, check=check)

    assert answer["failed"]
    assert answer["msg"].startswith("dest: ")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"
