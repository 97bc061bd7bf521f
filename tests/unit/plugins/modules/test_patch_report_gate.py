# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate of patch_report on what a gate must not let pass: ungraded nodes, empty scopes, old and future readings."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.report_rows import READ_AT, sample, write_rows
from ansible_collections.patchfleet.aws.tests.support.reporting import NOW, PAGE, run_module

Json = dict[str, Any]
CRITICAL = {"critical_noncompliant": 1000}


def reading(folder: Path, nodes: list[Json], patches: list[Json] | None = None, **more: Any) -> Json:
    """A reading of these nodes as the role gives it."""
    number = len(list(folder.iterdir()))
    files = {
        "instances": write_rows(folder / f"{number}-nodes.jsonl", nodes),
        "patches": write_rows(folder / f"{number}-patches.jsonl", patches or []),
    }
    return {"account_id": "123456789012", "region": "eu-central-1", "read_at": READ_AT, **files, **more}


def run(folder: Path, *readings: Json, **options: Any) -> Json:
    """The module on these readings; gives its answer."""
    given = {"readings": [*readings], "dest": str(folder / "out"), "formats": ["json"], **options}
    return run_module(**given)


def broken(folder: Path, gate: Json, *readings: Json, **options: Any) -> list[str]:
    """What is broken of a gate."""
    return list(run(folder, *readings, gate=gate, **options)["gate"]["broken"])


def nodes(*ungraded: bool, critical: int | None = None) -> list[Json]:
    """Noncompliant nodes; those that are ungraded have no count of critical patches."""
    found = [row for row in sample(200)["nodes"] if row["status"] == "noncompliant"][: len(ungraded)]
    return [
        {**row, "ungraded": is_ungraded, "critical_noncompliant_count": None if is_ungraded else critical or 0}
        for row, is_ungraded in zip(found, ungraded, strict=True)
    ]


def test_a_rule_on_critical_patches_is_broken_while_nodes_are_ungraded(tmp_path: Path) -> None:
    [text] = broken(tmp_path, CRITICAL, reading(tmp_path, nodes(False, True, True)))
    assert text.startswith("critical_noncompliant is 0, with a maximum of 1000, but 2 nodes are ungraded: ")
    assert broken(tmp_path, {**CRITICAL, "ungraded": 2}, reading(tmp_path, nodes(False, True, True))) == []
    assert broken(tmp_path, {**CRITICAL, "ungraded": 1}, reading(tmp_path, nodes(False, True, True))) == [
        "ungraded is 2, 1 above the maximum of 1"
    ]
    assert broken(tmp_path, CRITICAL, reading(tmp_path, nodes(False, False))) == []


def test_nodes_with_critical_patches_are_counted_among_the_graded_ones(tmp_path: Path) -> None:
    answer = run(tmp_path, reading(tmp_path, [*nodes(True, True), *nodes(False, False, False, critical=1)[2:]]))
    assert (answer["summary"]["critical_noncompliant"], answer["summary"]["ungraded"]) == (1, 2)


def test_a_rule_on_critical_patches_is_broken_where_no_node_is_graded(tmp_path: Path) -> None:
    ungraded = reading(tmp_path, nodes(True, True))
    answer = run(tmp_path, ungraded, gate={**CRITICAL, "ungraded": 1000})

    assert (answer["summary"]["critical_noncompliant"], answer["summary"]["ungraded"]) == (None, 2)
    assert answer["gate"]["broken"] == [
        "critical_noncompliant is unknown: no node has a baseline that assigns compliance levels"
    ]


def test_severities_need_no_levels(tmp_path: Path) -> None:
    rows = nodes(True, True)
    patch = {"kb_id": "KB1", "title": "T", "severity": "Critical", "state": "MISSING"}
    patches = [{**patch, "instance_id": row["instance_id"]} for row in rows]
    answer = run(tmp_path, reading(tmp_path, rows, patches), gate={"missing_patches": [{"severities": ["critical"]}]})

    assert answer["summary"]["missing_by_severity"]["Critical"] == 2
    assert answer["gate"]["broken"] == ["missing_patches (critical) is 1, 1 above the maximum of 0: KB1"]


def test_a_group_of_the_scope_without_a_node_breaks_the_gate(tmp_path: Path) -> None:
    scope = {"patch_groups": ["Database Servers", "Datbase Servers"]}
    rows = [row for row in sample(60)["nodes"] if row["patch_groups"] == ["Database Servers"]]
    gate = {"stale": 1000}

    assert broken(tmp_path, gate, reading(tmp_path, rows, scope=scope)) == [
        "Datbase Servers: managed: this patch group has no managed nodes; check its name"
    ]
    assert run(tmp_path, reading(tmp_path, rows, scope=scope))["gate"]["passed"]
    nothing = reading(tmp_path, [], scope={"patch_groups": ["Datbase Servers"]})
    assert broken(tmp_path, gate, nothing) == ["stale cannot be evaluated: the scope has no managed nodes"]


def written(folder: Path, *readings: Json, name: str = "other") -> str:
    """A report that another run has written; gives its path."""
    run(folder, *readings, dest=str(folder / name))
    return str(folder / name / "report.json")


@pytest.mark.parametrize(
    ("hours", "gate", "passes"),
    [
        (24, {"stale": 1000}, True),
        (25, {"stale": 1000}, False),
        (25, {"stale": 1000, "max_age_hours": 26}, True),
        (25, {"stale": 1000, "max_age_hours": 24}, False),
        (25, {"max_age_hours": 24}, False),
        (25, {}, True),
    ],
)
def test_a_report_of_another_run_may_be_a_day_old(tmp_path: Path, hours: int, gate: Json, passes: bool) -> None:
    other = written(tmp_path, reading(tmp_path, sample(60)["nodes"]))
    later = NOW - timedelta(hours=1) + timedelta(hours=hours)
    answer = run(tmp_path, inputs=[other], gate=gate, now=later)

    assert answer["gate"]["passed"] == passes
    if not passes:
        [text] = answer["gate"]["broken"]
        assert text == f"max_age_hours: a reading is older than 24 hours: 123456789012 eu-central-1 at {READ_AT}"
        assert not run(tmp_path, inputs=[other], gate=gate, now=later + timedelta(hours=1))["changed"]


@pytest.mark.parametrize("age", [0, -3])
def test_an_age_that_cannot_be_is_refused(tmp_path: Path, age: int) -> None:
    answer = run(tmp_path, reading(tmp_path, []), gate={"max_age_hours": age})
    assert f"gate.max_age_hours: {age} must be at least 1" in answer["msg"]


@pytest.mark.parametrize("read_at", ["2999-01-01T00:00:00Z", (NOW + timedelta(minutes=6)).isoformat()])
def test_a_reading_from_the_future_is_an_error(tmp_path: Path, read_at: str) -> None:
    other = Path(written(tmp_path, reading(tmp_path, sample(9)["nodes"])))
    content = json.loads(other.read_text(encoding="utf-8"))
    content["readings"][0]["read_at"] = read_at
    other.write_text(json.dumps(content), encoding="utf-8")
    answer = run(tmp_path, inputs=[str(other)])

    assert answer["failed"]
    assert "The reading of 123456789012 eu-central-1 is from the future" in answer["msg"]
    assert not (tmp_path / "out").exists()


UNREAD: Json = {
    "account_id": "222222222222", "account_name": "staging", "region": "eu-west-1", "read_at": READ_AT,
    "gaps": [{"message": "The host two failed before it was read."}],
}  # fmt: skip


def test_of_a_failed_account_only_the_whole_is_unknown(tmp_path: Path) -> None:
    one = reading(tmp_path, sample(60)["nodes"], account_name="production")
    whole = run(tmp_path, one)
    answer = run(tmp_path, one, UNREAD, formats=["html", "json", "csv"], page=PAGE, gate={"stale": 1000})

    assert answer["groups"] == whole["groups"]
    assert set(answer["summary"].values()) == {None}
    assert answer["gate"]["broken"] == ["stale was not read (The host two failed before it was read.)"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Without staging (222222222222) eu-west-1, which could not be read." in page
    assert "production (123456789012) eu-central-1" in page
    assert f"{whole['summary']['compliance_percent']:g} %" in page
    systems = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["operating_systems"]
    assert all(system["compliance_percent"] is not None for system in systems)
    assert ",eu-central-1,production," in (tmp_path / "out" / "nodes.csv").read_text(encoding="utf-8")


def test_a_failed_attempt_replaces_nothing_and_ends_with_the_next_success(tmp_path: Path) -> None:
    place = {"account_id": "222222222222", "region": "eu-west-1"}
    before = written(tmp_path, reading(tmp_path, sample(9)["nodes"], **place), name="before")
    attempt = {**UNREAD, "read_at": "2026-03-02T08:30:00Z"}
    failed = run(tmp_path, attempt, inputs=[before])
    assert failed["summary"]["managed"] is None
    assert sum(group["managed"] for group in failed["groups"]) > 0

    after = reading(tmp_path, sample(9)["nodes"], **place, read_at="2026-03-02T08:45:00Z")
    assert run(tmp_path, attempt, after, inputs=[before])["summary"]["managed"] == 9


def test_dates_that_were_refused_do_not_let_old_patches_pass(tmp_path: Path) -> None:
    rows = nodes(False)
    patch = {"kb_id": "KB1", "severity": "Critical", "state": "MISSING", "instance_id": rows[0]["instance_id"]}
    gap = {"action": "ssm:DescribeAvailablePatches", "code": "AccessDeniedException", "message": "no"}
    rule = {"older_than_days": 30, "unknown_age": "ignore"}
    one = reading(tmp_path, rows, [patch], gaps=[gap])

    name = "missing_patches (older than 30 days)"
    assert broken(tmp_path, {"missing_patches": [rule]}, one) == [
        f"{name} was not read (ssm:DescribeAvailablePatches: no)"
    ]
    assert broken(tmp_path, {"missing_patches": [{**rule, "unknown_age": "count"}]}, one) == [
        f"{name} is 1, 1 above the maximum of 0: KB1"
    ]


def test_a_reading_of_a_release_that_knew_no_levels_is_not_taken_for_graded(tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "ungraded"} for row in nodes(False, False)]
    assert broken(tmp_path, CRITICAL, reading(tmp_path, rows)) == ["critical_noncompliant was not read"]
    gaps = [{"action": "ssm:GetPatchBaseline", "message": "no"}]
    assert broken(tmp_path, CRITICAL, reading(tmp_path, rows, gaps=gaps)) == [
        "critical_noncompliant was not read (ssm:GetPatchBaseline: no)"
    ]


def test_an_age_alone_does_not_pass_an_empty_scope(tmp_path: Path) -> None:
    age = {"max_age_hours": 24}

    assert broken(tmp_path, age, reading(tmp_path, [])) == [
        "managed cannot be evaluated: the scope has no managed nodes"
    ]
    unread = {**reading(tmp_path, []), "instances": None}
    assert broken(tmp_path, age, unread) == ["managed was not read"]
    assert broken(tmp_path, age, reading(tmp_path, nodes(False))) == []


def test_an_instance_of_the_scope_that_is_no_node_breaks_the_gate(tmp_path: Path) -> None:
    rows = nodes(False, False)
    ids = [row["instance_id"] for row in rows]
    there, not_there = {"instance_ids": ids}, {"instance_ids": [*ids, "i-0ffffffffffffffff"]}

    assert broken(tmp_path, {"stale": 1000}, reading(tmp_path, rows, scope=there)) == []
    assert broken(tmp_path, {"stale": 1000}, reading(tmp_path, rows, scope=not_there)) == [
        "managed: not among the managed nodes: i-0ffffffffffffffff; check the ID"
    ]
    several = {"instance_ids": [*ids, *(f"i-0fffffffffffffff{number}" for number in range(7))]}
    [text] = broken(tmp_path, {"stale": 1000}, reading(tmp_path, rows, scope=several))
    assert text.endswith(", i-0fffffffffffffff4 and 2 more; check the ID")
    unread = {**UNREAD, "scope": not_there}
    assert [text.partition(" ")[0] for text in broken(tmp_path, {"stale": 1000}, unread)] == ["stale"]
    in_a_group = {**not_there, "patch_groups": rows[0]["patch_groups"]}
    assert broken(tmp_path, {"stale": 1000}, reading(tmp_path, rows, scope=in_a_group)) == []


@pytest.mark.parametrize("other", ["Low", None])
@pytest.mark.parametrize("first", [0, 1])
def test_a_patch_that_is_critical_on_one_node_counts_whatever_others_say(
    tmp_path: Path, other: str | None, first: int
) -> None:
    rows = nodes(False, False)
    patch = {"kb_id": "openssl", "title": "openssl", "state": "MISSING"}
    patches = [
        {**patch, "severity": "Critical" if number == first else other, "instance_id": row["instance_id"]}
        for number, row in enumerate(rows)
    ]
    gate = {"missing_patches": [{"severities": ["Critical"]}]}

    assert broken(tmp_path, gate, reading(tmp_path, rows, patches)) == [
        "missing_patches (Critical) is 1, 1 above the maximum of 0: openssl"
    ]


@pytest.mark.parametrize("dates", [("2020-01-01T00:00:00Z", READ_AT), (READ_AT, "2020-01-01T00:00:00Z")])
def test_a_patch_is_as_old_as_the_oldest_date_of_it(tmp_path: Path, dates: tuple[str, str]) -> None:
    rows = nodes(False, False)
    patch = {"kb_id": "openssl", "title": "openssl", "state": "MISSING", "severity": "Low"}
    patches = [
        {**patch, "release_date": date, "instance_id": row["instance_id"]}
        for row, date in zip(rows, dates, strict=True)
    ]
    gate = {"missing_patches": [{"older_than_days": 30}]}

    assert len(broken(tmp_path, gate, reading(tmp_path, rows, patches))) == 1


@pytest.mark.parametrize(("severity", "hint"), [("Crticial", "Critical"), (" Critical", "Critical"), ("", "remove it")])
def test_a_slip_in_a_severity_is_refused(tmp_path: Path, severity: str, hint: str) -> None:
    answer = run(tmp_path, reading(tmp_path, nodes(False)), gate={"missing_patches": [{"severities": [severity]}]})

    assert answer["failed"]
    assert f"gate.missing_patches[0].severities: {severity!r} is not a severity" in answer["msg"]
    assert hint in answer["msg"]


def test_a_patch_without_a_severity_is_unspecified(tmp_path: Path) -> None:
    rows = nodes(False)
    patch = {"kb_id": "KB1", "severity": None, "state": "MISSING", "instance_id": rows[0]["instance_id"]}
    gate = {"missing_patches": [{"severities": ["Unspecified", "Critical"]}]}

    assert broken(tmp_path, gate, reading(tmp_path, rows, [patch])) == [
        "missing_patches (Critical/Unspecified) is 1, 1 above the maximum of 0: KB1"
    ]


def test_a_severity_of_a_vendor_is_understood(tmp_path: Path) -> None:
    gate = {"missing_patches": [{"severities": ["required", "critical"]}]}
    assert broken(tmp_path, gate, reading(tmp_path, nodes(False))) == []
