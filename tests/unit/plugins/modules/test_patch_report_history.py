# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""patch_report with a history and with exceptions: what it writes, answers and refuses."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._files import whole_file
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.model import SCHEMA, SCHEMA_VERSION
from ansible_collections.patchfleet.aws.tests.support.report_rows import READ_AT, moment, sample
from ansible_collections.patchfleet.aws.tests.support.reporting import PAGE, run_module, write_history

OWNED = {"reason": "Waits for the vendor", "owner": "web-team", "until": "2026-03-31"}


def report(folder: Path, *readings: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The module on a report of these readings, with the page."""
    path = folder / "input.json"
    whole = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "readings": readings or (sample(60),)}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return run_module(dest=str(folder / "out"), inputs=[str(path)], page=PAGE, **options)


def test_a_report_adds_one_file_and_is_idempotent(tmp_path: Path) -> None:
    history = tmp_path / "history"
    first = report(tmp_path, history=str(history))
    [path] = history.iterdir()
    assert first["files"]["history"] == str(path)
    assert (path.stat().st_mode & 0o777, history.stat().st_mode & 0o777) == (0o600, 0o700)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["compliance_percent"] == first["summary"]["compliance_percent"]
    assert written["missing_critical"] == first["summary"]["missing_by_severity"]["Critical"]
    assert first["figures"] == {name: written[name] for name in first["figures"]}
    assert path.stat().st_size < 20_000

    assert report(tmp_path, history=str(history))["changed"] is False
    assert [*history.iterdir()] == [path]


def test_check_mode_says_what_it_would_write_and_writes_nothing(tmp_path: Path) -> None:
    history = tmp_path / "history"
    checked = report(tmp_path, history=str(history), check=True)

    assert checked["changed"]
    assert not history.exists()
    assert checked["files"] == report(tmp_path, history=str(history))["files"]


def test_the_figures_go_on_from_those_of_earlier_reports(tmp_path: Path) -> None:
    history = tmp_path / "history"
    earlier = sample(60, read_at=moment(20))
    lacking = [one for one in earlier["nodes"] if one["status"] == "compliant"][:4]
    earlier["patches"] += [
        {"instance_id": one["instance_id"], "title": "old", "state": "MISSING", "kb_id": "KB1", "severity": "Low",
         "release_date": moment(50)} for one in lacking
    ]  # fmt: skip
    write_history(history, earlier)
    answer = report(tmp_path, history=str(history))

    assert len([*history.iterdir()]) == 2
    # Four nodes are patched, fifty days after the release.
    assert answer["figures"]["mean_days_to_patch"] == 50
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert 'id="trend"' in page
    assert "2 days with a report" in page
    again = report(tmp_path, history=str(history))
    assert (again["figures"], again["changed"]) == (answer["figures"], False)


def test_foreign_files_are_named_in_a_warning_and_stay(tmp_path: Path) -> None:
    history = tmp_path / "history"
    history.mkdir()
    (history / "notes.txt").write_text("mine", encoding="utf-8")
    answer = report(tmp_path, history=str(history))

    assert [one for one in answer["warnings"] if f"{history / 'notes.txt'} is skipped: it is not JSON" in one]
    assert (history / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert len([*history.iterdir()]) == 2


def test_a_file_of_the_history_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = tmp_path / "history"

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole_file.os, "replace", full)
    answer = report(tmp_path, history=str(history))

    assert answer["failed"]
    assert answer["msg"].startswith(f"history: {history}/")
    assert answer["msg"].endswith("cannot be written: No space left on device. Nothing was written.")
    assert [*history.iterdir()] == []


def test_a_history_that_is_a_file_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "history").touch()
    answer = report(tmp_path, history=str(tmp_path / "history"))

    assert answer["failed"]
    assert "is not a directory" in answer["msg"]
    assert not (tmp_path / "out").exists()


def test_excepted_nodes_and_patches_are_answered_apart(tmp_path: Path) -> None:
    rows = sample(60)
    failed = [one for one in rows["nodes"] if one["status"] == "failed"]
    given = [{"node": failed[0]["instance_id"], **OWNED}, {"node": "nobody", **OWNED}]
    plain = report(tmp_path, formats=["json"], gate={"failed": len(failed) - 1})
    answer = report(tmp_path, formats=["json"], gate={"failed": len(failed) - 1}, exceptions=given)

    assert plain["gate"]["broken"]
    assert answer["gate"]["passed"]
    assert answer["excepted"] == {"nodes": 1, "patches": 0}
    assert answer["summary"]["managed"] == plain["summary"]["managed"] - 1
    assert [(one["node"], one["nodes"], one["expired"]) for one in answer["exceptions"]] == [
        (failed[0]["instance_id"], 1, False), ("nobody", 0, False),
    ]  # fmt: skip
    assert [
        one for one in answer["warnings"] if "the exception for node nobody (owner: web-team) matches nothing" in one
    ]
    written = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert (written["excepted"], written["exceptions"]) == (answer["excepted"], answer["exceptions"])
    [one] = [row for row in written["readings"][0]["nodes"] if row["exception"]]
    assert one["exception"] == "Waits for the vendor (web-team, until 2026-03-31)"
    # Whoever joins that report has no exceptions of his own.
    joined = run_module(dest=str(tmp_path / "all"), inputs=[str(tmp_path / "out" / "report.json")], formats=["json"])
    assert (joined["summary"], joined["excepted"]["nodes"]) == (plain["summary"], 0)


@pytest.mark.parametrize("gate", [{}, {"stale": 1000}])
def test_an_expired_exception_breaks_the_gate(tmp_path: Path, gate: dict[str, Any]) -> None:
    given = [{"group": "batch", **OWNED, "until": "2026-03-01"}]
    answer = report(tmp_path, formats=["junit"], gate=gate, exceptions=given)

    assert answer["gate"]["broken"] == [
        "exceptions[0]: the exception for group batch expired after 2026-03-01 (reason: Waits for the vendor; owner:"
        " web-team). Remove it, or set a later date as until"
    ]
    assert 'name="exceptions[0]"' in (tmp_path / "out" / "junit.xml").read_text(encoding="utf-8")
    before = datetime.fromisoformat(READ_AT) - timedelta(hours=10)
    early = report(tmp_path, sample(60, read_at=moment(1)), gate=gate, exceptions=given, now=before)
    assert early["gate"]["passed"]


def test_mistakes_in_exceptions_are_told_together_and_nothing_is_read(tmp_path: Path) -> None:
    given = [{**OWNED}, {"node": "i-1", **OWNED, "until": "31.3.2026"}]
    answer = run_module(dest=str(tmp_path / "out"), inputs=["/nowhere.json"], formats=["json"], exceptions=given)

    assert answer["violations"] == [
        "exceptions[0]: has no node, group or patch; specify at least one of them",
        "exceptions[1].until: '31.3.2026' is not a date; specify the last day as YYYY-MM-DD",
    ]
