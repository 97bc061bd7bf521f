# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page tells, held against the rows that it was made of."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.patchfleet.aws.tests.browser import expected
from ansible_collections.patchfleet.aws.tests.browser.chromium import Chromium
from ansible_collections.patchfleet.aws.tests.browser.conftest import PageOf
from ansible_collections.patchfleet.aws.tests.browser.pages import write_page
from ansible_collections.patchfleet.aws.tests.support.report_rows import READ_AT, sample

SIZES = (0, 60, 10_000)
COLUMNS = (
    "managed", "noncompliant", "critical_noncompliant", "ungraded", "security_noncompliant", "failed",
    "pending_reboot", "stale", "never_scanned", "unmanaged",
)  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_counts_of_the_fleet(browser: Chromium, page_of: PageOf, size: int) -> None:
    nodes = sample(size)["nodes"]
    browser.open(page_of(size))
    shown = {name: browser.text(f"#count-{name}") for name in COLUMNS[1:]}
    assert shown == {name: str(count) for name, count in expected.counts(nodes).items() if name != "managed"}
    assert browser.text("#missing-critical") == str(expected.critical_missing(nodes, sample(size)["patches"]))
    assert browser.text("#compliance-percent") == expected.percent(nodes)
    states = Counter(node["status"] for node in nodes)
    assert Counter(browser.texts(".legend li")) == Counter(f"{expected.STATUSES[s]} {n}" for s, n in states.items())
    widths = browser.run(
        "return [...document.querySelectorAll('.fleet rect')].map(one => one.getBoundingClientRect().width)"
    )
    bar = browser.find(".fleet").rect["width"] if size else 0
    assert sorted(widths) == pytest.approx(sorted(bar * count / size for count in states.values()), abs=1)


@pytest.mark.parametrize("size", SIZES[1:])
@pytest.mark.parametrize(("table", "what"), [("#groups-table", "group"), ("#systems-table", "system")])
def test_counts_of_each_group_and_system(browser: Chromium, page_of: PageOf, size: int, table: str, what: str) -> None:
    reading = sample(size)
    members = expected.by(reading["nodes"], what)
    browser.open(page_of(size))
    wanted = {}
    for name, nodes in members.items():
        counts = expected.counts(nodes)
        missing = expected.critical_missing(nodes, reading["patches"])
        wanted[name] = [expected.percent(nodes), *(str(counts[column]) for column in COLUMNS), str(missing)]
    assert {row[0]: row[1:] for row in browser.rows(table)} == wanted


@pytest.mark.parametrize("size", SIZES[1:])
def test_missing_patches_by_severity_and_age(browser: Chromium, page_of: PageOf, size: int) -> None:
    found = expected.patches(sample(size)["patches"])
    browser.open(page_of(size))
    cells: Counter[tuple[str, int]] = Counter()
    for (_title, state), rows in found.items():
        days = expected.age(rows[0], READ_AT)
        if state in ("MISSING", "FAILED"):
            cells[rows[0]["severity"], 4 if days is None else sum(days > end for end in (7, 30, 90))] += 1
    wanted = [[cells[name, band] for band in range(5)] for name in expected.SEVERITIES]
    named = zip(expected.SEVERITIES, wanted, strict=True)
    assert browser.rows("#ages-table") == [[name, *map(str, row), str(sum(row))] for name, row in named if any(row)]
    assert browser.text("#ages-table caption") == f"{cells.total()} patches, by severity and days since release"


def test_a_fleet_without_nodes_says_so(browser: Chromium, page_of: PageOf) -> None:
    browser.open(page_of(0))
    assert "0 of 0 managed nodes: no managed nodes match the scope" in browser.text("#summary")
    assert browser.rows("#groups-table") == [["No nodes were found."]]
    assert "No patches are missing" in browser.text("#patches")
    assert "There are no maintenance windows" in browser.text("#calendar")
    assert "No window has run yet" in browser.text("#history")
    assert browser.texts("#nodes-count") == ["0 nodes"]
    assert "Gate failed" in browser.text("#gate")


def test_gate_and_gaps(browser: Chromium, tmp_path_factory: pytest.TempPathFactory) -> None:
    gaps = [{"action": "ec2:DescribeInstances", "code": "UnauthorizedOperation", "message": "not allowed"}]
    reading = sample(60, gaps=gaps, not_read=["unmanaged"])
    stale = sum(node["status"] == "stale" for node in reading["nodes"])
    path = tmp_path_factory.mktemp("gaps") / "page.html"
    browser.open(write_page(path, reading, gate={"stale": stale, "failed": 0, "unmanaged": 0}))
    assert browser.text("#gate-title") == "Gate failed: 2 of 4 rules failed"
    failed = expected.counts(reading["nodes"])["failed"]
    assert any(line.startswith(f"Failed failed is {failed}") for line in browser.texts("#gate li"))
    assert any(line.startswith(f"Passed stale is {stale}") for line in browser.texts("#gate li"))
    assert browser.text("#count-unmanaged") == "not read"
    assert browser.texts("#gaps li") == ["123456789012 eu-central-1: ec2:DescribeInstances not allowed"]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_times_are_on_the_clock_of_the_reader(browser: Chromium, page_of: PageOf, zone: str) -> None:
    reading = sample(60)
    browser.open(page_of(60), zone=zone)

    def local(text: str) -> str:
        return expected.clock(expected.utc(text).astimezone(ZoneInfo(zone)))

    assert browser.texts("header time")[0].startswith(local(READ_AT))
    ends = {node["instance_id"]: node.get("operation_end_time") for node in reading["nodes"]}
    for row in browser.rows("#nodes-table"):
        end = ends[row[0].split()[-1]]
        assert row[-1] == (local(end) if end else expected.UNKNOWN)
    runs = {local(run["start_time"]) for window in reading["windows"] for run in window["executions"]}
    assert {row[1] for row in browser.rows("#history-table")} == runs


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland"])
def test_the_calendar_is_on_the_clock_of_each_window(browser: Chromium, page_of: PageOf, zone: str) -> None:
    browser.open(page_of(60), zone=zone)
    days = browser.run("return [...document.querySelectorAll('#calendar-table thead abbr')].map(one => one.title)")
    assert len(days) == 30
    cells = {row[0].split()[0]: row[1:] for row in browser.rows("#calendar-table")}
    for window in sample(60)["windows"]:
        clock = ZoneInfo(window["schedule_timezone"] or "UTC")
        runs = [expected.utc(run).astimezone(clock) for run in window["next_runs"]]
        wanted = {f"{run:%Y-%m-%d}": f"{run:%H:%M}" for run in runs if f"{run:%Y-%m-%d}" <= days[-1]}
        assert dict(zip(days, cells[window["name"]], strict=True)) == {day: wanted.get(day, "") for day in days}
    assert datetime.fromisoformat(days[0]).date() == datetime.fromisoformat(READ_AT).date()


def test_without_javascript_the_state_is_still_there(browser: Chromium, page_of: PageOf) -> None:
    nodes = sample(60)["nodes"]
    browser.open(page_of(60), script=False)
    assert browser.text("#compliance-percent") == expected.percent(nodes)
    assert len(browser.rows("#groups-table")) == len(expected.by(nodes, "group"))
    worst = sorted((node for node in nodes if node["status"] != "compliant"), key=expected.urgency, reverse=True)[:12]
    shown = [row[0].split()[-1] for row in browser.rows("#worst-table")]
    assert sorted(shown) == sorted(node["instance_id"] for node in worst)
    assert browser.texts("header time") == ["2026-03-02 08:15 UTC"]
    assert browser.shown("#calendar-table")
    assert browser.shown("#history-table")
    assert not browser.shown("#nodes-view, #patches-view")
    assert not browser.shown("button")
    assert len([text for text in browser.texts("noscript") if "requires JavaScript" in text]) == 2


def test_nodes_without_levels_and_an_account_that_failed(browser: Chromium, tmp_path: Path) -> None:
    reading = sample(60, account_name="production")
    for node in reading["nodes"]:
        node.update(ungraded=True, critical_noncompliant_count=None)
    failed = sample(0, account_id="222222222222", account_name="staging", region="eu-west-1", not_read=["managed"])
    failed["gaps"] = [{"message": "The host two failed before it was read."}]
    browser.open(write_page(tmp_path / "page.html", reading, failed, gate={"stale": 99}))
    assert browser.text("#count-critical_noncompliant") == "no levels"
    assert browser.text("#unread") == "Without staging (222222222222) eu-west-1, which could not be read."
    assert browser.text("#compliance-percent") == expected.percent(reading["nodes"])
    names = [row[0] for row in browser.rows("#places-table")]
    assert names == ["production (123456789012) eu-central-1", "staging (222222222222) eu-west-1"]
    assert {row[0]: row[1] for row in browser.rows("#groups-table")} == {
        name: expected.percent(nodes) for name, nodes in expected.by(reading["nodes"], "group").items()
    }
