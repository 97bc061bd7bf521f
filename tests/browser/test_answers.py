# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people come to the page for: trend, exceptions, a CVE, owners of nodes, the console, a row of a CSV file."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.text import printable
from ansible_collections.patchfleet.aws.tests.browser.chromium import Chromium
from ansible_collections.patchfleet.aws.tests.browser.conftest import PageOf
from ansible_collections.patchfleet.aws.tests.browser.expected import Json
from ansible_collections.patchfleet.aws.tests.browser.pages import write_page
from ansible_collections.patchfleet.aws.tests.support.report_rows import READ_AT, sample
from ansible_collections.patchfleet.aws.tests.support.reporting import write_history

DAYS = 40
NAMED = {"reason": "Waits for the vendor", "owner": "web-team"}
ATTACK = "<img src=x onerror=\"document.title='run'\">\N{RIGHT-TO-LEFT OVERRIDE}"
POINTS = "return [...document.querySelectorAll(arguments[0])].map(one => one.points.length)"
COLOUR = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
LINKS = "return [...document.querySelectorAll(arguments[0])].map(a => a.href)"


def before(days: int) -> Json:
    """The sample as it was read some days before, when more nodes lacked patches."""
    moment = datetime.fromisoformat(READ_AT) - timedelta(days=days)
    rows = sample(60, read_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    for number, node in enumerate(rows["nodes"]):
        if number < days and node["status"] == "compliant":
            node |= {"status": "noncompliant", "compliant": False, "missing_count": 1}
    return rows


def exception(**members: str) -> Json:
    """An exception as the module gets it."""
    return {"node": None, "group": None, "patch": None, "until": "2026-04-30", **NAMED, **members}


@pytest.mark.parametrize("dark", [False, True])
def test_the_trend_is_a_curve_and_a_table(browser: Chromium, tmp_path: Path, dark: bool) -> None:
    write_history(tmp_path / "history", *(before(days) for days in range(DAYS, 0, -10)))
    browser.open(write_page(tmp_path / "report.html", sample(60), history=tmp_path / "history"), dark=dark)

    assert browser.run(POINTS, "#trend polyline")[:3] == [5, 5, 5]
    # The line can be told from its ground.
    assert browser.run(COLOUR, "#trend polyline", "stroke") != browser.run(COLOUR, "#trend", "backgroundColor")
    assert not browser.shown("#trend-table")
    browser.find("#trend summary").click()
    rows = browser.rows("#trend-table")
    assert [row[0] for row in rows] == ["2026-03-02", "2026-02-20", "2026-02-10", "2026-01-31", "2026-01-21"]
    percents = [float(row[1]) for row in rows]
    assert percents == sorted(percents, reverse=True)
    assert percents[0] > percents[-1]
    shown = browser.text("#trend .value").removesuffix("%").strip()
    assert [shown, browser.text("#compliance-percent").removesuffix(" %")] == [rows[0][1]] * 2
    label = browser.find("#trend svg").get_attribute("aria-label")
    assert f"{rows[-1][1]} % on 2026-01-21, {rows[0][1]} % on 2026-03-02" in label
    assert browser.violations() == []


def test_without_a_history_there_is_no_trend(browser: Chromium, page_of: PageOf) -> None:
    browser.open(page_of(60))
    assert browser.count("#trend, a[href='#trend'], #exceptions, a[href='#exceptions']") == 0


def test_exceptions_are_shown_and_counted_apart(browser: Chromium, tmp_path: Path) -> None:
    rows = sample(60)
    failed = next(node for node in rows["nodes"] if node["status"] == "failed")
    patch = next(row for row in rows["patches"] if row["instance_id"] != failed["instance_id"])
    given = [
        exception(node=failed["instance_id"], reason=ATTACK),
        exception(patch=patch["kb_id"]),
        exception(group="batch", until="2026-03-01"),
        exception(node="nobody"),
    ]
    browser.open(write_page(tmp_path / "report.html", rows, exceptions=given))

    found = browser.rows("#exceptions-table")
    assert [row[4] for row in found] == ["In effect", "In effect", "Expired", "Matches nothing"]
    assert found[0][0] == f"node {failed['instance_id']}"
    assert browser.run("return document.querySelector('#exceptions-table td').textContent") == printable(ATTACK)
    assert browser.run("return document.title") == "Patch compliance"
    assert "exceptions[2]: the exception for group batch expired after 2026-03-01" in browser.text("#gate .broken")
    browser.find("#nodes-search").send_keys(failed["instance_id"])
    assert browser.rows("#nodes-table")[0][1] == "Excepted"
    browser.find("#nodes-table tbody button").click()
    assert "(web-team, until 2026-04-30)" in browser.text("#nodes-table tr.detail")
    browser.find("#patches-search").send_keys(patch["kb_id"])
    states = {row[2] for row in browser.rows("#patches-table")}
    assert states
    assert all(state.endswith("excepted") for state in states)
    assert browser.violations() == []


def test_a_cve_leads_to_its_patches_and_nodes(browser: Chromium, page_of: PageOf) -> None:
    rows = sample(60)["patches"]
    cve = max((row for row in rows if row["cve_ids"]), key=lambda row: len(row["cve_ids"]))["cve_ids"][0]
    browser.open(page_of(60))

    browser.find("#nodes-search").send_keys(cve)
    found = {row[0].split()[-1] for row in browser.rows("#nodes-table")}
    assert found == {row["instance_id"] for row in rows if cve in row["cve_ids"]}
    browser.find("#nodes-table tbody button").click()
    assert browser.find(f"#nodes-table a[href='https://www.cve.org/CVERecord?id={cve}']").text == cve
    browser.find("#patches-search").send_keys(cve)
    assert cve in browser.texts("#patches-table .cve a")


def test_tags_are_columns_with_a_filter_and_name_the_node(browser: Chromium, tmp_path: Path) -> None:
    rows = sample(60)
    for number, node in enumerate(rows["nodes"]):
        node |= {"instance_name": f"server-{number:02}", "tags": {"Owner": ("web", "data")[number % 2]}}
    browser.open(write_page(tmp_path / "report.html", rows))

    heads = browser.texts("#nodes-table thead th")
    assert "Owner" in heads
    browser.find("#nodes-tag-0").send_keys("data")
    shown = browser.rows("#nodes-table")
    assert {row[heads.index("Owner")] for row in shown} == {"data"}
    assert all(int(row[0].split()[0].removeprefix("server-")) % 2 for row in shown)
    # The name of the computer is still found and told.
    computer = rows["nodes"][7]["name"]
    browser.find("#nodes-clear").click()
    browser.find("#nodes-search").send_keys(computer)
    browser.find("#nodes-table tbody button").click()
    assert computer in browser.text("#nodes-table tr.detail")


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-iso", "us-iso-east-1", None),
    ],
)
def test_nodes_and_windows_lead_to_the_console(
    browser: Chromium, tmp_path: Path, partition: str, region: str, host: str | None
) -> None:
    rows = sample(30, partition=partition, region=region)
    browser.open(write_page(tmp_path / "report.html", rows))
    browser.find("#nodes-table tbody button").click()
    node = browser.rows("#nodes-table")[0][0].split()[-1]

    windows = browser.run(LINKS, "#calendar-table tbody th a")
    nodes = browser.run(LINKS, "#nodes-table .facts > div:first-child a")
    if host is None:
        assert windows == nodes == []
        return
    base = f"https://{host}/systems-manager"
    assert nodes == [f"{base}/fleet-manager/managed-nodes/{node}/general?region={region}"]
    wanted = {f"{base}/maintenance-windows/{one['window_id']}/description?region={region}" for one in rows["windows"]}
    assert set(windows) == wanted


def test_rows_of_the_csv_files_lead_to_their_node_and_patch(browser: Chromium, tmp_path: Path) -> None:
    page = write_page(tmp_path / "report.html", sample(60), formats=["html", "csv"])
    with (tmp_path / "nodes.csv").open(encoding="utf-8", newline="") as lines:
        node = [*csv.DictReader(lines)][17]
    with (tmp_path / "patches.csv").open(encoding="utf-8", newline="") as lines:
        patch = [*csv.DictReader(lines)][3]
    browser.open(page)
    links = browser.run("return [...document.querySelectorAll('a[href$=csv]')].map(a => a.getAttribute('href'))")
    assert links == ["coverage.csv", "patches.csv", "nodes.csv"]

    for row, table in ((node, "nodes"), (patch, "patches")):
        name, _hash, place = row["page"].partition("#")
        assert name == page.name
        browser.run("location.hash = arguments[0]", place)
        browser.wait(f"return document.querySelector('#{table}-table tr.detail') !== null")
    assert node["instance_id"] in browser.text("#nodes-table tbody th")
    assert {row[0].split()[-1] for row in browser.rows("#patches-table")[::2]} == {patch["kb_id"]}
