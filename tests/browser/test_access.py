# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page for readers with a keyboard, a screen reader, a phone, dark colours, a printer."""

from __future__ import annotations

import base64
import re

import pytest
from ansible_collections.patchfleet.aws.tests.browser.chromium import PHONE, WIDE, Chromium
from ansible_collections.patchfleet.aws.tests.browser.conftest import PageOf
from selenium.webdriver.common.keys import Keys

SIZES = (0, 60, 10_000)
SECTIONS = ("Coverage", "Patch groups", "Operating systems", "Missing patches", "Nodes", "Windows in the next 30 days",
            "Last runs of the windows")  # fmt: skip
# Width at which paper in A4 is laid out, at 96 dots to the inch, without its margins.
PAPER = 718


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing(browser: Chromium, page_of: PageOf, size: int, dark: bool, width: int) -> None:
    browser.open(page_of(size), dark=dark, width=width)
    # On a phone it cannot tell the colours behind what has to be scrolled into sight.
    assert browser.violations(undecided=width == WIDE) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_what_opens(browser: Chromium, page_of: PageOf, dark: bool) -> None:
    browser.open(page_of(60), dark=dark)
    for table in ("nodes", "patches"):
        browser.find(f"#{table}-table tbody button").click()
        assert browser.shown(f"#{table}-table tr.detail")
    assert browser.violations() == []
    browser.find("#nodes-search").send_keys("no such node")
    assert browser.violations() == []


def test_the_skip_link_comes_first_and_leads_past_the_head(browser: Chromium, page_of: PageOf) -> None:
    browser.open(page_of(60))
    browser.press(Keys.TAB)
    skip = browser.focused()
    assert skip.text == "Skip to the report"
    assert skip.rect["x"] >= 0
    browser.press(Keys.ENTER, Keys.TAB)
    assert browser.run("return document.getElementById('main').contains(document.activeElement)")


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_focus_is_seen_and_follows_the_page(browser: Chromium, page_of: PageOf, dark: bool, width: int) -> None:
    browser.open(page_of(60), dark=dark, width=width)
    stops = browser.run(
        "return [...document.querySelectorAll(arguments[0])].filter(one => one.getClientRects().length).length",
        "a[href], button:not(:disabled), input, select, [tabindex='0']",
    )
    browser.run("window.seen = []")
    look = """
      const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
      const last = window.seen.at(-1);
      const after = !last || Boolean(last.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
      window.seen.push(one);
      const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      return {what: one.outerHTML.slice(0, 80), after, outlined, inside};
    """
    for _stop in range(stops):
        browser.press(Keys.TAB)
        assert {name: value for name, value in browser.run(look).items() if name != "what" and not value} == {}
    browser.press(Keys.TAB)
    assert browser.run("return [document.body, window.seen[0]].includes(document.activeElement)")


def test_headings_and_landmarks(browser: Chromium, page_of: PageOf) -> None:
    browser.open(page_of(60))
    assert browser.texts("h1") == ["Patch compliance"]
    assert [text for text in browser.texts("h2") if text in SECTIONS] == list(SECTIONS)
    assert browser.count("h3, h4, h5, h6") == 0
    assert [browser.count(name) for name in ("main", "body > header", "body > footer")] == [1, 1, 1]
    # Every table and every field has a name, every jump a place to lead to.
    assert browser.run("return [...document.querySelectorAll('th')].every(th => th.scope)")
    assert browser.run("return [...document.querySelectorAll('input, select')].every(one => one.labels.length === 1)")
    places = browser.run("return [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert all(browser.count(place) == 1 for place in places if place.startswith("#"))
    assert browser.run("return document.documentElement.lang") == "en"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("width", [320, PHONE, 768, WIDE])
def test_only_tables_scroll_sideways(browser: Chromium, page_of: PageOf, size: int, width: int) -> None:
    browser.open(page_of(size), width=width)
    browser.find("#nodes-search").send_keys("0")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    outside = """
      return [...document.querySelectorAll("main *")]
        .filter(one => !one.closest(".scroll > *") && one.getBoundingClientRect().right > innerWidth)
        .map(one => one.outerHTML.slice(0, 80));
    """
    assert browser.run(outside) == []


@pytest.mark.parametrize("table", ["groups", "nodes", "patches", "calendar", "history"])
def test_on_a_phone_the_name_of_a_row_stays_in_sight(browser: Chromium, page_of: PageOf, table: str) -> None:
    browser.open(page_of(60), width=PHONE)
    measure = """
      const table = document.getElementById(arguments[0]), scroll = table.closest(".scroll");
      scroll.scrollLeft = scroll.scrollWidth;
      const row = table.tBodies[0].rows[0], frame = scroll.getBoundingClientRect();
      const name = row.cells[0].getBoundingClientRect(), last = row.cells[row.cells.length - 1].getBoundingClientRect();
      return [scroll.scrollLeft, name.left - frame.left, name.right - last.left, last.right - frame.right];
    """
    moved, left, overlap, right = browser.run(measure, f"{table}-table")
    assert moved > 0
    assert left == pytest.approx(0, abs=1)
    assert overlap <= 1
    assert right <= 1


def test_on_a_phone_captions_are_in_sight(browser: Chromium, page_of: PageOf) -> None:
    browser.open(page_of(60), width=PHONE)
    edges = """
      return [...document.querySelectorAll("caption")].map(one => {
        const scroll = one.closest(".scroll");
        scroll.scrollLeft = scroll.scrollWidth;
        const box = one.getBoundingClientRect(), frame = scroll.getBoundingClientRect();
        return [one.textContent, box.left >= frame.left - 1 && box.right <= frame.right + 1];
      });
    """
    found = browser.run(edges)
    assert len(found) == 4
    assert [caption for caption, inside in found if not inside] == []


def test_dark_is_dark(browser: Chromium, page_of: PageOf) -> None:
    colours = """
      const light = (colour) => {
        const [red, green, blue] = colour.match(/[\\d.]+/g);
        return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
      };
      const style = getComputedStyle(document.querySelector(".card"));
      return [light(style.backgroundColor), light(style.color)];
    """
    browser.open(page_of(60), dark=True)
    ground, text = browser.run(colours)
    assert ground < 0.2 < 0.8 < text
    browser.open(page_of(60))
    ground, text = browser.run(colours)
    assert text < 0.2 < 0.8 < ground


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_paper_has_all_that_matters(browser: Chromium, page_of: PageOf, dark: bool) -> None:
    browser.open(page_of(60), paper=True, dark=dark, width=PAPER)
    for part in ("gate", "summary", "groups-table", "systems-table", "ages-table", "patches-table", "nodes-table",
                 "calendar-table", "history-table"):  # fmt: skip
        assert browser.shown(f"#{part}"), part
    # That these are not all nodes has to be said where nobody can turn the page.
    assert browser.text("#nodes nav") == "Page 1 of 3"
    assert not browser.shown("header nav, input, select, #nodes-next")
    assert browser.run("return document.documentElement.scrollWidth") <= PAPER
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    cut = "return [...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth + 1).length"
    assert browser.run(cut) == 0


def test_the_page_of_a_large_fleet_prints(browser: Chromium, page_of: PageOf) -> None:
    browser.open(page_of(10_000))
    pdf = base64.b64decode(browser.tell("Page.printToPDF")["data"])
    pages = len(re.findall(rb"/Type ?/Page\b", pdf))
    # One screen of each table, and not 10,000 rows.
    assert 2 <= pages <= 12
