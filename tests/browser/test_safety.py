# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever nodes, patches and windows are called, the page shows it as text, and asks the network for nothing."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.text import printable
from ansible_collections.patchfleet.aws.tests.browser.chromium import Chromium
from ansible_collections.patchfleet.aws.tests.browser.conftest import PageOf
from ansible_collections.patchfleet.aws.tests.browser.expected import Json
from ansible_collections.patchfleet.aws.tests.browser.pages import write_page
from ansible_collections.patchfleet.aws.tests.support.report_rows import sample

ATTACKS = (
    "<img src=x onerror=\"document.title='run'\">",
    "</script><script>document.title='run'</script>",
    # Tags that end without a bracket.
    "</script ><script >document.title='run'</script >",
    "<!-- <script ",
    "]]></title></style><svg onload=\"document.title='run'\">",
    "\"' autofocus onfocus=\"document.title='run'",
    "{{ 7 * 7 }}{% raw %}",
    "\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}\N{RIGHT-TO-LEFT OVERRIDE}\ud800\x07",
    "__proto__",
)
# What the service or a user can write, and the page shows.
TEXTS = frozenset({
    "name", "title", "kb_id", "severity", "state", "classification", "patch_group", "platform_name", "status_details",
    "agent_version", "ping_status", "operation", "baseline_id", "snapshot_id", "message", "action", "scope",
})  # fmt: skip
CONSOLE = "https://eu-central-1.console.aws.amazon.com/systems-manager/"
CVE, SUPPORT = "https://www.cve.org/CVERecord?id=CVE-", "https://support.microsoft.com/help/5"
TAGS = "return [...new Set([...document.querySelectorAll('*')].map(one => one.localName))]"
HANDLERS = """
  return [...document.querySelectorAll("*")].flatMap(one => one.getAttributeNames())
    .filter(name => name.startsWith("on") || name === "style" || name === "autofocus");
"""
SHOWS = "return [...document.querySelectorAll(arguments[0])].some(one => one.textContent.includes(arguments[1]))"
# The ways by which a name that became markup after all would get out or do harm.
BREAK_OUT = """
  window.refused = [];
  document.addEventListener("securitypolicyviolation", event => window.refused.push(event.effectiveDirective));
  const add = (name, attributes, text) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text ?? "";
    document.body.append(made);
    return made;
  };
  add("script", {}, "window.broken = true");
  add("button", {onclick: "window.broken = true"}).click();
  add("img", {src: arguments[0] + "/image"});
  add("p", {style: "color: red"});
  add("form", {action: arguments[0] + "/form", method: "post"}).submit();
  fetch(arguments[0] + "/fetch").catch(() => {});
"""


def attacked(rows: Any, attack: str) -> Any:
    """The rows with the attack for each text."""
    if isinstance(rows, list):
        return [attacked(row, attack) for row in rows]
    if not isinstance(rows, dict):
        return rows
    found = {
        name: attack if name in TEXTS and value is not None else attacked(value, attack) for name, value in rows.items()
    }
    for name in ("patch_groups", "cve_ids"):
        if name in found:
            found[name] = [attack]
    return found


def hostile(attack: str) -> Json:
    """A reading all of whose texts are the attack."""
    reading = sample(30, gaps=[{"action": "a", "code": "b", "message": "c", "scope": "d"}])
    parts = ("nodes", "patches", "windows", "gaps")
    return {**reading, **{part: attacked(reading[part], attack) for part in parts}}


def use_everything(browser: Chromium) -> None:
    """Choose, sort and open whatever there is."""
    browser.run("""
      document.querySelectorAll("select").forEach(select => {
        select.selectedIndex = select.options.length - 1;
        select.dispatchEvent(new Event("input"));
      });
      document.querySelectorAll("button[id$=-clear], thead button").forEach(button => button.click());
      for (const table of ["nodes", "patches"]) document.querySelector(`#${table}-table tbody button`).click();
    """)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_names_are_text(browser: Chromium, tmp_path: Path, attack: str) -> None:
    browser.open(write_page(tmp_path / "plain.html", sample(30)))
    use_everything(browser)
    tags = browser.run(TAGS)
    browser.open(write_page(tmp_path / "hostile.html", hostile(attack), title=f"title {attack}"))
    use_everything(browser)
    assert browser.run("return document.title").startswith("title ")
    assert set(browser.run(TAGS)) <= set(tags)
    assert browser.run(HANDLERS) == []
    assert browser.count("script") == 2
    # What no text may hold is shown as an escape.
    shown = printable(attack)
    for place in ("h1", "#nodes-table tbody th", "#patches-table tbody th", "#groups-table tbody th", "#gaps li",
                  "#calendar-table tbody th", "#history-table td"):  # fmt: skip
        assert browser.run(SHOWS, place, shown), place


def heard(door: socket.socket) -> bytes:
    """What was said at the door. Chromium knocks before it asks the policy, which is nothing said."""
    try:
        visitor, _address = door.accept()
        with visitor:
            visitor.settimeout(1)
            return visitor.recv(1)
    except (BlockingIOError, TimeoutError):
        return b""


def test_the_policy_refuses_scripts_and_the_network(session: Chromium, page_of: PageOf) -> None:
    wanted = ["connect-src", "form-action", "img-src", "script-src-attr", "script-src-elem", "style-src-attr"]
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.setblocking(False)
        session.open(page_of(60))
        session.run(BREAK_OUT, f"http://127.0.0.1:{door.getsockname()[1]}")
        session.wait(f"return window.refused.length >= {len(wanted)}")
        assert sorted(session.run("return window.refused")) == wanted
        assert session.run("return window.broken") is None
        assert heard(door) == b""
    assert len(session.console()) >= len(wanted)


def test_nothing_of_the_page_lies_elsewhere(browser: Chromium, page_of: PageOf) -> None:
    browser.open(page_of(60))
    addresses = browser.run(
        "return [...document.querySelectorAll('[src], [href], [action], [data], [srcset]')]"
        ".map(one => one.getAttribute('src') ?? one.getAttribute('href') ?? one.outerHTML)"
    )
    # What is elsewhere is there to be followed, by nobody but the reader.
    away = browser.run("return [...document.querySelectorAll('a:not([href^=\"#\"])')].map(a => [a.href, a.rel])")
    assert {rel for _address, rel in away} == {"noreferrer noopener"}
    assert all(address.startswith((CONSOLE, CVE, SUPPORT)) for address, _rel in away)
    assert sorted(address for address in addresses if not address.startswith("#")) == sorted(one for one, _rel in away)
    assert "url(" not in browser.run("return document.querySelector('style').textContent")
    assert browser.run("return [localStorage.length, document.cookie]") == [0, ""]
