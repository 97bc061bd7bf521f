# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of nodes and patches: sorted, filtered and leafed through, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.browser import expected
from ansible_collections.patchfleet.aws.tests.browser.chromium import Chromium
from ansible_collections.patchfleet.aws.tests.browser.conftest import PageOf
from ansible_collections.patchfleet.aws.tests.browser.expected import Json
from ansible_collections.patchfleet.aws.tests.support.report_rows import READ_AT, sample
from selenium.webdriver.common.keys import Keys

LARGE = 10_000
# What the style sheet puts behind the label of the sorted column.
ARROWS = " \N{UPWARDS ARROW}\N{DOWNWARDS ARROW}"
# What each column is sorted by, in the order of the columns.
NODES: dict[str, Callable[[Json], Any]] = {
    "Node": lambda node: node["name"],
    "Status": expected.urgency,
    "Patch group": lambda node: expected.group(node).casefold(),
    "System": lambda node: expected.system(node).casefold(),
    "CRITICAL": lambda node: node.get("critical_noncompliant_count"),
    "Security": lambda node: node.get("security_noncompliant_count"),
    "Missing": lambda node: node.get("missing_count"),
    "Failed": lambda node: node.get("failed_count"),
    "Last operation": lambda node: node.get("operation_end_time"),
}
PATCHES: dict[str, Callable[[list[Json]], Any]] = {
    "Patch": lambda rows: expected.natural(rows[0]["title"]),
    "Severity": lambda rows: (expected.SEVERITIES.index(rows[0]["severity"]), -len(rows)),
    "State": lambda rows: rows[0]["state"],
    "Age in days": lambda rows: expected.age(rows[0], READ_AT),
    "Nodes": len,
    "CVEs": lambda rows: len(rows[0]["cve_ids"]),
}


def all_rows(browser: Chromium, table: str) -> list[list[str]]:
    """The rows of all pages of a table, from the page that is shown on."""
    rows = browser.rows(f"#{table}-table")
    following = browser.find(f"#{table}-next")
    while following.is_displayed() and following.is_enabled():
        following.click()
        rows += browser.rows(f"#{table}-table")
    return rows


def direction(browser: Chromium, table: str) -> tuple[str, str]:
    """By which column the table says that it is sorted, and how."""
    [(label, how)] = browser.run(
        "return [...document.querySelectorAll(arguments[0])].map(th => [th.innerText.trim(), th.ariaSort])",
        f"#{table}-table th[aria-sort]",
    )
    return label.rstrip(ARROWS), how


def in_order(keys: list[Any], how: str) -> bool:
    """Whether keys stand in this order, what is not known at the end."""
    known = [key for key in keys if key is not None]
    return known == sorted(known, reverse=how == "descending") and keys[: len(known)] == known


def sort_by(browser: Chromium, table: str, column: str, *, keyboard: bool) -> None:
    """Press the button in the head of a column."""
    labels = [label.rstrip(ARROWS) for label in browser.texts(f"#{table}-table thead th")]
    button = browser.find(f"#{table}-table th:nth-child({1 + labels.index(column)}) button")
    if keyboard:
        browser.run("arguments[0].focus()", button)
        browser.press(Keys.ENTER)
        assert browser.focused() == button
    else:
        button.click()


@pytest.mark.parametrize("column", NODES)
def test_nodes_sort_by_each_column(browser: Chromium, page_of: PageOf, column: str) -> None:
    nodes = {node["instance_id"]: node for node in sample(60)["nodes"]}
    browser.open(page_of(60))
    seen = set()
    for keyboard in (False, True):
        sort_by(browser, "nodes", column, keyboard=keyboard)
        label, how = direction(browser, "nodes")
        shown = [row[0].split()[-1] for row in all_rows(browser, "nodes")]
        assert label == column
        assert sorted(shown) == sorted(nodes)
        assert in_order([NODES[column](nodes[one]) for one in shown], how)
        seen.add(how)
    assert seen == {"ascending", "descending"}


@pytest.mark.parametrize("column", PATCHES)
def test_patches_sort_by_each_column(browser: Chromium, page_of: PageOf, column: str) -> None:
    found = expected.patches(sample(60)["patches"])
    by_text = {(title, expected.words(state)): rows for (title, state), rows in found.items()}
    browser.open(page_of(60))
    seen = set()
    for keyboard in (False, True):
        sort_by(browser, "patches", column, keyboard=keyboard)
        label, how = direction(browser, "patches")
        rows = all_rows(browser, "patches")
        shown = [by_text[row[0].rpartition(" ")[0], row[2]] for row in rows]
        assert label == column
        assert len(rows) == len(found)
        assert in_order([PATCHES[column](one) for one in shown], how)
        assert [row[4] for row in rows] == [str(len(one)) for one in shown]
        seen.add(how)
    assert seen == {"ascending", "descending"}


@pytest.mark.parametrize(("table", "columns"), [("groups", 13), ("systems", 13), ("history", 5)])
def test_tables_of_the_page_itself_sort(browser: Chromium, page_of: PageOf, table: str, columns: int) -> None:
    browser.open(page_of(60))
    before = sorted(browser.rows(f"#{table}-table"))
    for column in range(columns):
        for how in ("once", "again"):
            browser.find(f"#{table}-table th:nth-child({column + 1}) button").click()
            assert sorted(browser.rows(f"#{table}-table")) == before, how
            keys = browser.run(
                "return [...document.querySelectorAll(arguments[0])].map(td => td.dataset.sort ?? td.innerText.trim())",
                f"#{table}-table > tbody > tr > :nth-child({column + 1})",
            )
            numbers = all(key.lstrip("-").replace(".", "", 1).isdigit() for key in keys)
            found = [float(key) if numbers else key.casefold() for key in keys]
            assert in_order(found, direction(browser, table)[1]), (column, how)


def test_heads_that_sort_still_explain_their_columns(browser: Chromium, page_of: PageOf) -> None:
    explained = "#groups-table thead abbr[title]"
    browser.open(page_of(60), script=False)
    told = browser.texts(explained)
    assert "Critical patches" in told
    browser.open(page_of(60))
    assert browser.texts(explained) == told == browser.texts("#groups-table thead button > abbr")


def test_the_worst_node_is_first(browser: Chromium, page_of: PageOf) -> None:
    browser.open(page_of(LARGE))
    nodes = {node["instance_id"]: node for node in sample(LARGE)["nodes"]}
    first = nodes[browser.rows("#nodes-table")[0][0].split()[-1]]
    assert expected.urgency(first) == max(expected.urgency(node) for node in nodes.values())


def choose(browser: Chromium, select: str, label: str) -> None:
    """Choose by keyboard, by typing what stands there."""
    browser.run("arguments[0].focus()", browser.find(select))
    browser.press(label)
    chosen = browser.run("return arguments[0].selectedOptions[0].text", browser.find(select))
    assert chosen == label


@pytest.mark.parametrize("size", [60, LARGE])
def test_nodes_are_filtered(browser: Chromium, page_of: PageOf, size: int) -> None:
    nodes = sample(size)["nodes"]
    browser.open(page_of(size))

    def told(fitting: list[Json]) -> None:
        count, whole = f"{len(fitting):,}", f"{size:,}"
        assert browser.text("#nodes-count") == (f"{whole} nodes" if count == whole else f"{count} of {whole} nodes")
        shown = browser.texts("#nodes-table tbody small")
        assert set(shown) <= {node["instance_id"] for node in fitting}
        assert len(shown) == min(len(fitting), 25)

    browser.find("#nodes-search").send_keys("0005 EXAMPLE")
    named = [node for node in nodes if "0005" in node["name"] or "0005" in node["instance_id"]]
    told(named)
    choose(browser, "#nodes-status", "Compliant")
    told([node for node in named if node["status"] == "compliant"])
    browser.find("#nodes-clear").click()
    told(nodes)
    assert browser.focused() == browser.find("#nodes-search")
    choose(browser, "#nodes-status", "Patches missing")
    missing = [node for node in nodes if node["status"] == "noncompliant"]
    told(missing)
    choose(browser, "#nodes-group", "Database Servers")
    missing = [node for node in missing if node["patch_group"] == "Database Servers"]
    told(missing)
    choose(browser, "#nodes-system", "Amazon Linux 2023")
    told([node for node in missing if node["platform_name"] == "Amazon Linux"])


def test_nodes_that_no_window_patches_are_listed_and_others_have_their_next_install(
    browser: Chromium, page_of: PageOf
) -> None:
    nodes = sample(60)["nodes"]
    browser.open(page_of(60))

    def detail_of_first() -> str:
        browser.find("#nodes-table tbody button").click()
        return browser.texts("#nodes-table tr.detail")[0]

    choose(browser, "#nodes-coverage", "Not patched")
    assert {*browser.texts("#nodes-table tbody small")} == {
        node["instance_id"] for node in nodes if node["coverage"] == "uncovered"
    }
    assert "Next Install \u2013" in detail_of_first()
    browser.find("#nodes-clear").click()
    choose(browser, "#nodes-coverage", "Patched by a window")
    detail = detail_of_first()
    assert "Coverage Patched by a window Next Install Mar " in detail
    assert any(window in detail for window in ("Production-Saturdays", "Production-Tuesdays", "monthly"))


def test_a_filter_that_nothing_fits_says_so(browser: Chromium, page_of: PageOf) -> None:
    browser.open(page_of(60))
    browser.find("#nodes-search").send_keys("no such node")
    assert browser.rows("#nodes-table") == [["No matches."]]
    assert browser.text("#nodes-count") == "0 of 60 nodes"
    assert browser.find("#nodes-count").get_attribute("role") == "status"
    browser.find("#nodes-clear").click()
    assert len(browser.rows("#nodes-table")) == 25


def test_sorting_keeps_the_filter(browser: Chromium, page_of: PageOf) -> None:
    browser.open(page_of(60))
    choose(browser, "#nodes-status", "Compliant")
    count = browser.text("#nodes-count")
    sort_by(browser, "nodes", "Node", keyboard=True)
    assert browser.text("#nodes-count") == count
    assert {row[1] for row in all_rows(browser, "nodes")} == {"Compliant"}


def test_patches_are_found_by_cve_and_lead_to_their_nodes(browser: Chromium, page_of: PageOf) -> None:
    rows = sample(60)["patches"]
    patch = max((rows for rows in expected.patches(rows).values() if rows[0]["cve_ids"]), key=len)
    browser.open(page_of(60))
    browser.find("#patches-search").send_keys(patch[0]["cve_ids"][-1])
    found = browser.rows("#patches-table")
    assert {row[0].rpartition(" ")[0] for row in found} == {patch[0]["title"]}
    at = [row[2] for row in found].index(expected.words(patch[0]["state"]))
    browser.find(f"#patches-table tbody tr:nth-child({at + 1}) td.num button").click()
    assert {row[0].split()[-1] for row in all_rows(browser, "nodes")} == {row["instance_id"] for row in patch}
    assert patch[0]["title"] in browser.text("#nodes-count")
    browser.find("#nodes-clear").click()
    assert browser.text("#nodes-count") == "60 nodes"


def test_details_open_and_close_by_keyboard(browser: Chromium, page_of: PageOf) -> None:
    rows = sample(60)["patches"]
    browser.open(page_of(60))
    browser.run("document.querySelector('#nodes-table tbody button').focus()")
    node = browser.rows("#nodes-table")[0][0].split()[-1]
    browser.press(Keys.ENTER)
    assert browser.focused().get_attribute("aria-expanded") == "true"
    [detail] = browser.texts("#nodes-table tr.detail")
    wanted = [row for row in rows if row["instance_id"] == node]
    assert wanted
    assert all(f"{row['title']} ({row['severity']}, {expected.words(row['state'])})" in detail for row in wanted)
    assert len(browser.texts("#nodes-table tr.detail li")) == len(wanted)
    browser.press(Keys.SPACE)
    assert browser.focused().get_attribute("aria-expanded") == "false"
    assert browser.count("#nodes-table tr.detail") == 0


def test_pages_lead_to_the_last_row_and_back_by_keyboard(browser: Chromium, page_of: PageOf) -> None:
    browser.open(page_of(60))
    browser.run("document.getElementById('nodes-next').focus()")
    browser.press(Keys.ENTER, Keys.ENTER)
    assert "Page 3 of 3" in browser.text("#nodes nav")
    assert len(browser.rows("#nodes-table")) == 10
    assert browser.focused() == browser.find("#nodes-previous")
    browser.press(Keys.ENTER, Keys.ENTER)
    assert "Page 1 of 3" in browser.text("#nodes nav")
    assert browser.focused() == browser.find("#nodes-next")


def test_a_large_fleet_is_all_there_and_few_rows_at_a_time(browser: Chromium, page_of: PageOf) -> None:
    nodes = [node for node in sample(LARGE)["nodes"] if node["status"] == "noncompliant"]
    browser.open(page_of(LARGE))
    assert browser.count("#nodes-table tr") <= 26
    assert browser.count("*") < 3000
    choose(browser, "#nodes-status", "Patches missing")
    sort_by(browser, "nodes", "Node", keyboard=False)
    leaf = """
      const next = document.getElementById("nodes-next"), ids = [];
      const shown = () => document.querySelectorAll("#nodes-table tbody small");
      const read = () => shown().forEach(id => ids.push(id.textContent));
      read();
      while (!next.disabled) { next.click(); read(); }
      return ids;
    """
    names = {node["instance_id"]: node["name"] for node in nodes}
    assert [names[one] for one in browser.run(leaf)] == sorted(names.values())
    assert browser.count("#nodes-table tr") <= 26
