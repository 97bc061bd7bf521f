# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each format can be read back, and no text of an account breaks out of it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.text import printable, printable_lines
from ansible_collections.patchfleet.aws.plugins.module_utils._files.cells import cell
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.model import Node, Patch, Reading
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.parse import parsed
from ansible_collections.patchfleet.aws.plugins.module_utils._report.formats import (
    as_json,
    as_junit,
    nodes_as_csv,
    patches_as_csv,
)
from ansible_collections.patchfleet.aws.tests.support.report_rows import reading, sample
from ansible_collections.patchfleet.aws.tests.support.reporting import ROOT, page_of, report_of
from jsonschema import Draft202012Validator

ATTACKS = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "'\"><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; &amp; \x00\x01\x08\x1b[31m\u2028\u2029\x7f\u202e",
    "]]>\n<!DOCTYPE x>",
    '=HYPERLINK("http://example.com")',
    "\ud800 half a pair",
    "\N{PILE OF POO} ÄÖ 漢字",
)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1")


def attacked(text: str) -> Reading:
    """A reading with the text in every place that an account fills."""
    node = {"instance_id": text, "name": text, "platform_name": text, "patch_groups": [text], "agent_version": text,
            "status": "noncompliant", "baseline_id": text, "operation": text, "critical_noncompliant_count": 1,
            "security_noncompliant_count": 0, "failed_count": 0, "stale": False, "instance_name": text,
            "tags": {text: text}}  # fmt: skip
    patch = {"instance_id": text, "title": text, "kb_id": text, "severity": text, "classification": text,
             "state": "MISSING", "cve_ids": [text], "release_date": text}  # fmt: skip
    task = {"name": text, "status": text, "status_details": text}
    run = {"window_execution_id": text, "status": text, "status_details": text, "start_time": text, "tasks": [task]}
    window = {"window_id": text, "name": text, "schedule_timezone": text, "next_runs": [text], "executions": [run],
              "enabled": True}  # fmt: skip
    gap = {"action": text, "message": text, "code": text, "scope": text}
    rows = {"nodes": [node], "patches": [patch], "windows": [window], "gaps": [gap]}
    place = {"partition": "aws", "account_id": "111111111111", "region": text, "read_at": "2026-03-02T08:15:00Z"}
    return parsed(Reading, {**place, **rows}, {})


class _Tags(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Keep it."""
        self.tags.append((tag, dict(attrs)))
        self._inside = dict(attrs).get("id") or tag

    def handle_data(self, data: str) -> None:
        """Keep it, by the id or name of the last tag."""
        self.texts[self._inside] = self.texts.get(self._inside, "") + data


def tags_of(page: str) -> _Tags:
    """The tags of a page as a browser would see them."""
    found = _Tags()
    found.feed(page)
    found.close()
    return found


@pytest.mark.parametrize("text", [*ATTACKS, *FORMULAS])
def test_the_page_has_the_same_tags_whatever_the_texts_are(text: str) -> None:
    harmless = tags_of(page_of(report_of([attacked("name")], {"stale": 0}, title="name")))
    page = page_of(report_of([attacked(text)], {"stale": 0}, title=text))
    found = tags_of(page)

    assert [tag for tag, _attributes in found.tags] == [tag for tag, _attributes in harmless.tags]
    assert [sorted(attributes) for _tag, attributes in found.tags] == [
        sorted(attributes) for _tag, attributes in harmless.tags
    ]
    data = json.loads(found.texts["data"])
    assert data["nodes"][0][:2] == [printable(text), printable(text)]
    assert data["patches"][0][-1] == [printable(text)]
    assert all(one.isprintable() for one in _texts_of(data))
    assert all(line.isprintable() for line in page.split("\n"))


def _texts_of(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for one in data.values() if isinstance(data, dict) else data:
            yield from _texts_of(one)


def test_the_page_asks_nothing_of_the_network_and_runs_nothing_but_its_script() -> None:
    found = tags_of(page_of(report_of([reading(60)])))
    policy = next(one["content"] for tag, one in found.tags if tag == "meta" and one.get("http-equiv"))

    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert [tag for tag, one in found.tags if {"src", "srcset", "data", "action"} & {*one}] == []
    links = {str(one["href"]) for tag, one in found.tags if "href" in one}
    assert {tag for tag, one in found.tags if "href" in one} == {"a"}
    inside = {one for one in links if one.startswith("#")}
    assert inside == {"#main", "#coverage", "#groups", "#patches", "#nodes", "#next", "#calendar", "#history"}
    console = "https://eu-central-1.console.aws.amazon.com/systems-manager/maintenance-windows/mw-"
    assert {one.startswith(console) for one in links - inside} == {True}
    away = [one for tag, one in found.tags if tag == "a" and str(one["href"]).startswith("https:")]
    assert {one["rel"] for one in away} == {"noreferrer noopener"}
    assert not [one for _tag, one in found.tags if any(name == "style" or name.startswith("on") for name in one)]
    assert "innerHTML" not in found.texts["script"]


def test_links_inside_the_page_lead_somewhere_and_ids_are_unique() -> None:
    found = tags_of(page_of(report_of([reading(60)])))
    ids = [one["id"] for _tag, one in found.tags if "id" in one]

    assert len(ids) == len(set(ids))
    named = {one[name] for _tag, one in found.tags for name in ("aria-labelledby",) if name in one}
    targets = {str(one["href"])[1:] for tag, one in found.tags if tag == "a" and str(one["href"]).startswith("#")}
    assert named | targets <= set(ids)


@pytest.mark.parametrize("count", [0, 1, 60, 1000])
def test_the_page_tells_the_numbers_of_the_rows(count: int) -> None:
    rows = sample(count)["nodes"]
    page = page_of(report_of([reading(count)]))
    data = json.loads(tags_of(page).texts["data"])

    compliant = sum(row["status"] == "compliant" for row in rows)
    managed = sum(row["status"] != "unmanaged" for row in rows)
    assert f"{compliant} of {managed} managed nodes" in page
    share = f"{compliant * 10_000 // managed / 100:g} %" if managed else "unknown"
    assert f'<span id="compliance-percent">{share}</span>' in page
    stale = sum(row["status"] == "stale" for row in rows)
    assert f'<dd id="count-stale">{stale}</dd>' in page
    assert [row[0] for row in data["nodes"]] == [row["instance_id"] for row in rows]
    assert [data["texts"][row[2]] for row in data["nodes"]] == [row["status"] for row in rows]
    assert sum(len(row[6]) for row in data["patches"]) == len(sample(count)["patches"])


@pytest.mark.parametrize("text", [*ATTACKS, *FORMULAS])
def test_csv_is_read_back_and_holds_no_formula(text: str) -> None:
    report = report_of([attacked(text)])
    for pieces, cls in ((nodes_as_csv(report.fleet), Node), (patches_as_csv(report.fleet), Patch)):
        [head, row] = list(csv.reader(io.StringIO("".join(pieces), newline="")))

        columns = [one.name for one in fields(cls) if one.name != "tags"]
        place = ["partition", "account_id", "region", "account_name"]
        tags = [cell(f"tag:{text}")] if cls is Node else []
        assert head[: len(place) + len(columns)] == [*place, *columns]
        assert head[len(place) + len(columns) :] == [*tags, "page", *(["console"] if cls is Node else [])]
        cells = dict(zip(head, row, strict=True))
        assert cells["instance_id"].replace("'", "") == printable_lines(text).replace("'", "")
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))]
        assert all(line.isprintable() for cell in row for line in re.split("[\n\t]", cell))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "text", ["a;=1+1", "a; @b", "x\n=1+1", "x\t=1", 'a";=1', "a\x0b=1", ";;+1", ["a", "=1", " -1"]]
)
def test_csv_holds_no_formula_whatever_separates_cells_in_a_country(text: Any, separator: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow(["web", cell(text), "end"])

    cells = [one for row in csv.reader(io.StringIO(file.getvalue()), delimiter=separator) for one in row]

    assert not [one for one in cells if one.strip(' "').startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("text", ["web-1", "a; b", "x=1", "50 - 60", "B\u00fcro", "(a+b)", "a;b-c"])
def test_csv_keeps_harmless_text(text: str) -> None:
    assert cell(text) == text


def test_csv_has_a_row_for_each_node_and_an_empty_cell_for_what_is_not_known() -> None:
    found = list(csv.DictReader(io.StringIO("".join(nodes_as_csv(report_of([reading(60)]).fleet)))))
    rows = sample(60)["nodes"]

    assert [row["instance_id"] for row in found] == [row["instance_id"] for row in rows]
    never = next(number for number, row in enumerate(rows) if row["status"] == "never_scanned")
    assert (found[never]["missing_count"], found[never]["stale"]) == ("", "false")


@pytest.mark.parametrize("text", ATTACKS)
def test_junit_is_xml_whatever_the_texts_are(text: str) -> None:
    report = report_of([attacked(text)], {"critical_noncompliant": 0, "unmanaged": 0}, title=text)
    # As it is written to the file.
    suites = ElementTree.fromstring("".join(as_junit(text, report.verdicts)).encode("utf-8", "replace"))  # noqa: S314

    assert [suite.tag for suite in suites] == ["testsuite", "testsuite"]
    assert [len(suite) for suite in suites] == [2, 2]
    assert suites.get("name") == printable(text)
    assert all(line.isprintable() for line in "".join(as_junit(text, report.verdicts)).split("\n"))


def test_junit_has_a_test_for_each_group_and_rule_and_fails_where_the_gate_does() -> None:
    rules = {"compliance_percent": 75, "critical_noncompliant": 3, "unmanaged": 0}
    for each_group in (False, True):
        report = report_of([reading(60)], rules, each_group=each_group)
        suites = ElementTree.fromstring("".join(as_junit("T", report.verdicts)))  # noqa: S314

        assert len(suites.findall("testsuite/testcase")) == int(suites.get("tests", "")) == 6 * 3
        failed = suites.findall("testsuite/testcase/failure")
        assert len(failed) == int(suites.get("failures", "")) == (3 if each_group else 1)
        assert failed[0].get("message") == "critical_noncompliant is 7, 4 above the maximum of 3"
        assert bool(suites.findall("testsuite/testcase/skipped")) is not each_group


def test_json_is_as_its_schema_says() -> None:
    report = report_of([reading(60), reading(0, region="us-east-1", windows=None)], {"stale": 0})
    data = json.loads("".join(as_json("T", report.fleet, report.totals, report.verdicts)))
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))

    Draft202012Validator.check_schema(schema)
    assert [error.json_path for error in Draft202012Validator(schema).iter_errors(data)] == []
    data["readings"][0]["nodes"][0]["missing_count"] = "many"
    assert [error.json_path for error in Draft202012Validator(schema).iter_errors(data)] == [
        "$.readings[0].nodes[0].missing_count"
    ]


def test_the_schema_names_every_member_of_the_model() -> None:
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))

    for cls in (Reading, Node, Patch):
        assert [*schema["$defs"][cls.__name__.lower()]["properties"]] == [one.name for one in fields(cls)]


@pytest.mark.parametrize("text", [*ATTACKS, *FORMULAS])
def test_json_is_read_back_as_it_was(text: str) -> None:
    report = report_of([attacked(text)])
    [told] = json.loads("".join(as_json(text, report.fleet, report.totals, [])))["readings"]

    assert parsed(Reading, told, {}) == attacked(text)
