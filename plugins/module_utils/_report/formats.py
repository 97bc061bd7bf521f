# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in JSON, CSV and JUnit XML, generated in parts and escaped according to each format."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from itertools import groupby
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from .._aws.text import printable
from .._files.cells import cell
from .._readings.exceptions import Judged, exception_row
from .._readings.gate import Verdict
from .._readings.merge import Fleet
from .._readings.model import SCHEMA, SCHEMA_VERSION, Finding, Node, Patch, Reading, place_of
from .._readings.parse import plain
from .._readings.totals import Tally, Totals
from .._readings.upcoming import upcoming_rows
from .console import node_address

# The name of the page, which is in the same directory as the other files.
PAGE = "report.html"
Columns = dict[str, Callable[[Reading, Any], Any]]
_PLACE = ("partition", "account_id", "region", "account_name")


def as_json(
    title: str, fleet: Fleet, totals: Totals, verdicts: list[Verdict], judged: Judged | None = None
) -> Iterator[str]:
    """The report in the format of docs/report.schema.json, with one row on each line, as it was read."""
    head = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "title": title,
        "read_at": fleet.read_at(),
        "summary": totals.total.summary(),
        "groups": _counted("patch_group", totals.groups),
        "operating_systems": _counted("operating_system", totals.systems),
        "gate": [plain(one) for one in verdicts],
        "excepted": judged.counts() if judged else {"nodes": 0, "patches": 0},
        "exceptions": [exception_row(one) for one in judged.applied] if judged else [],
        "upcoming_runs": upcoming_rows(fleet),
    }
    yield json.dumps(head, indent=1)[:-2] + ',\n "readings": ['
    for number, reading in enumerate(fleet.readings):
        yield from _reading_as_json(reading, "," if number else "")
    yield "\n ]\n}\n"


def _counted(key: str, tallies: dict[str | None, Tally]) -> list[dict[str, Any]]:
    return [{key: name, **tally.summary()} for name, tally in tallies.items()]


def _reading_as_json(reading: Reading, comma: str) -> Iterator[str]:
    long = ("windows", "nodes", "patches")
    short = {one.name: plain(getattr(reading, one.name)) for one in fields(reading) if one.name not in long}
    yield f"{comma}\n  {json.dumps(short)[:-1]}"
    for name in long:
        rows = getattr(reading, name)
        if rows is None:
            yield f',\n   "{name}": null'
        else:
            yield f',\n   "{name}": ['
            yield from (f"{',' if number else ''}\n    {json.dumps(plain(row))}" for number, row in enumerate(rows))
            yield "\n   ]"
    yield "}"


def nodes_as_csv(fleet: Fleet) -> Iterator[str]:
    """The nodes as a table, with a column for each of their tags and the addresses of each node."""
    more: Columns = {f"tag:{key}": _tag_column(key) for key in fleet.tag_keys()}
    more["page"] = lambda _reading, node: f"{PAGE}#node={_quoted(node.instance_id)}"
    more["console"] = lambda reading, node: node_address(place_of(reading), node.instance_id)
    return _as_csv(Node, fleet.nodes(), more)


def patches_as_csv(fleet: Fleet) -> Iterator[str]:
    """The patches of each node as a table."""
    more: Columns = {"page": lambda _reading, patch: f"{PAGE}#patch={_quoted(patch.kb_id or patch.title or '')}"}
    return _as_csv(Patch, fleet.patches(), more)


def coverage_as_csv(fleet: Fleet) -> Iterator[str]:
    """The coverage findings as a table."""
    return _as_csv(Finding, fleet.findings(), {"page": lambda _reading, _finding: f"{PAGE}#coverage"})


def _tag_column(key: str) -> Callable[[Reading, Any], Any]:
    return lambda _reading, node: node.tags.get(key)


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _as_csv(cls: type, rows: Iterable[tuple[Reading, Any]], more: Columns) -> Iterator[str]:
    """A table. more: additional columns, each computed from the reading and the row."""
    names = [one.name for one in fields(cls) if one.name != "tags"]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*_PLACE, *names, *(cell(name) for name in more)])
    for reading, row in rows:
        values = [*(getattr(reading, name) for name in _PLACE), *(getattr(row, name) for name in names)]
        values += [column(reading, row) for column in more.values()]
        writer.writerow([cell(value) for value in values])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def as_junit(title: str, verdicts: list[Verdict]) -> Iterator[str]:
    """The gate as tests: one suite for the whole fleet and one for each patch group, with one test for each rule.

    If a group breaks a rule that does not count for the gate, its test is skipped.
    """
    failures = sum(_fails(one) for one in verdicts)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name={_attribute(title)} tests="{len(verdicts)}" failures="{failures}" errors="0">\n'
    for group, found in groupby(verdicts, key=lambda one: one.group):
        yield from _suite(group, [*found])
    yield "</testsuites>\n"


def _suite(group: str, verdicts: list[Verdict]) -> Iterator[str]:
    failures = sum(_fails(one) for one in verdicts)
    skipped = sum(not one.passed for one in verdicts) - failures
    yield f'  <testsuite name={_attribute(group)} tests="{len(verdicts)}" failures="{failures}" errors="0"'
    yield f' skipped="{skipped}">\n'
    for one in verdicts:
        yield f"    <testcase classname={_attribute(f'patch_report.{group}')} name={_attribute(one.rule)}"
        if one.passed:
            yield "/>\n"
        elif _fails(one):
            yield f'>\n      <failure type="gate" message={_attribute(one.message)}/>\n    </testcase>\n'
        else:
            yield f">\n      <skipped message={_attribute(one.message)}/>\n    </testcase>\n"
    yield "  </testsuite>\n"


def _fails(verdict: Verdict) -> bool:
    return verdict.judged and not verdict.passed


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
