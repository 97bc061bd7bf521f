# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queries of docs/athena, run by DuckDB on objects as a resource data sync writes them.

The tables are those that tables.sql declares: a column that it lacks is one that no query sees. sqlglot reads all of it
as Athena and Trino do, and translates it for DuckDB.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from simulator import CHECKOUT
from sqlglot import exp
from ssmsim import Simulator
from ssmsim.fleet import of
from ssmsim.inventory_types import content

SQL = CHECKOUT / "docs" / "athena"
QUERIES = sorted(path.stem for path in SQL.glob("*.sql") if path.stem != "tables")
PARTITIONS = ["accountid", "region", "resourcetype"]
BUCKET = "s3://example-patch-compliance/"
# A name that begins with zeros must stay a text.
FIRST, SECOND, THIRD = "000000000001", "123456789012", "210987654321"
HERE, THERE = "eu-central-1", "us-east-1"
NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
# What AWS calls a column that is also a partition key.
LEFT_OUT = {"resourcetype"}


def tables() -> dict[str, tuple[str, list[str]]]:
    """The declared tables: the location below the bucket, and the columns."""
    found = {}
    for statement in sqlglot.parse((SQL / "tables.sql").read_text(encoding="utf-8"), dialect="athena"):
        assert isinstance(statement, exp.Create)
        location = statement.find(exp.LocationProperty).this.name
        partitions = [column.name for column in statement.find(exp.PartitionedByProperty).this.expressions]
        assert partitions == PARTITIONS
        assert statement.find(exp.RowFormatSerdeProperty).this.name == "org.openx.data.jsonserde.JsonSerDe"
        columns = [column.name for column in statement.this.expressions]
        found[statement.this.this.name] = (location.removeprefix(BUCKET), columns)
    return found


class Lake:
    """A bucket in a directory, and the database on it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, kind: str, account: str, region: str, node: str, *rows: dict[str, Any], copy: str = "") -> None:
        """One object: a line of JSON for each row. copy: the end of its key, where the node has several."""
        folder = f"accountid={account}/region={region}/resourcetype=ManagedInstanceInventory"
        path = self._root / "inventory" / kind / folder / f"{node}{copy}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        common = {"resourceId": node, "captureTime": stamp(0), "schemaVersion": "1.0"}
        path.write_text("".join(f"{json.dumps({**common, **row})}\n" for row in rows), encoding="utf-8")

    def query(self, name: str) -> list[dict[str, Any]]:
        """The answer of a query of the guide."""
        database = duckdb.connect()
        for table, (location, columns) in tables().items():
            database.execute(self._view(database, table, location, columns))
        [text] = sqlglot.transpile((SQL / f"{name}.sql").read_text(encoding="utf-8"), read="trino", write="duckdb")
        answer = database.execute(text.replace("CURRENT_DATE", f"DATE '{NOW:%Y-%m-%d}'"))
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def _view(self, database: Any, table: str, location: str, columns: list[str]) -> str:
        declared = [*columns, *PARTITIONS]
        if not (self._root / location).is_dir():
            nothing = ", ".join(f"CAST(NULL AS VARCHAR) AS {column}" for column in declared)
            return f"CREATE VIEW {table} AS SELECT {nothing} WHERE FALSE"
        files = f"{self._root / location}/*/*/*/*.json"
        # At this depth the values stay JSON, so that a date or a number is the text that it was.
        options = "format = 'newline_delimited', filename = true, sample_size = -1, maximum_depth = 1"
        source = f"read_json('{files}', {options})"
        known = {name.lower() for name in database.sql(f"FROM {source}").columns}
        chosen = [f"{name} ->> '$' AS {name}" if name in known else f"NULL AS {name}" for name in columns]
        keys = [f"regexp_extract(filename, '/{key}=([^/]*)/', 1) AS {key}" for key in PARTITIONS]
        return f"CREATE VIEW {table} AS FROM {source} SELECT {', '.join([*chosen, *keys])}"


def stamp(days: int) -> str:
    """A moment so many days ago, as a sync writes it."""
    return (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def node(lake: Lake, account: str, region: str, name: str, **more: Any) -> None:
    """A node. status: its compliance; operated: days since its last operation; installed: since its last patch."""
    more = {"status": "Active", "verdict": None, "missing": 0, "operated": 1, "installed": None, "group": "web", **more}
    lake.write(
        "AWS:InstanceInformation",
        account,
        region,
        name,
        {"InstanceId": name, "ComputerName": f"host-{name}", "InstanceStatus": more["status"], "ResourceType": "x"},
    )
    if more["verdict"] is None:
        return
    other = {"ComplianceType": "Association", "Status": "NON_COMPLIANT"}
    lake.write(
        "AWS:ComplianceSummary", account, region, name, {"ComplianceType": "Patch", "Status": more["verdict"]}, other
    )
    counts = {"MissingCount": str(more["missing"]), "PatchGroup": more["group"]}
    lake.write("AWS:PatchSummary", account, region, name, {**counts, "OperationEndTime": stamp(more["operated"])})
    patch = {"ComplianceType": "Patch", "Id": "KB1", "Title": "old", "PatchState": "Installed"}
    when = "1970-01-01T00:00:00Z" if more["installed"] is None else stamp(more["installed"])
    lake.write("AWS:ComplianceItem", account, region, name, {**patch, "InstalledTime": when}, *more.get("items", ()))


def test_compliance_by_account(lake: Lake) -> None:
    node(lake, FIRST, HERE, "i-1", verdict="COMPLIANT")
    node(lake, FIRST, THERE, "i-2", verdict="NON_COMPLIANT")
    node(lake, FIRST, THERE, "i-3")
    node(lake, FIRST, THERE, "i-4", verdict="COMPLIANT", status="Terminated")
    node(lake, SECOND, HERE, "i-1", verdict="COMPLIANT", status="Stopped")

    assert lake.query("compliance_by_account") == [
        {
            "accountid": FIRST,
            "nodes": 3,
            "reported": 2,
            "compliant": 1,
            "noncompliant": 1,
            "never_scanned": 1,
            "compliance_percent": 33.3,
        },
        {
            "accountid": SECOND,
            "nodes": 1,
            "reported": 1,
            "compliant": 1,
            "noncompliant": 0,
            "never_scanned": 0,
            "compliance_percent": 100.0,
        },
    ]


def test_unpatched_longer_than_30_days(lake: Lake) -> None:
    lacking = {"verdict": "NON_COMPLIANT", "missing": 2}
    node(lake, FIRST, HERE, "i-fresh", installed=5, **lacking)
    node(lake, FIRST, HERE, "i-old", installed=40, **lacking)
    node(lake, FIRST, HERE, "i-unknown", **lacking)
    node(lake, FIRST, HERE, "i-complete", installed=400, verdict="COMPLIANT")
    node(lake, FIRST, HERE, "i-gone", installed=40, status="Terminated", **lacking)
    node(lake, SECOND, HERE, "i-old", installed=29, **lacking)

    found = lake.query("unpatched_30_days")

    assert [(row["resourceid"], row["missing"], row["last_installed"]) for row in found] == [
        ("i-old", 2, (NOW - timedelta(days=40)).date()),
        ("i-unknown", 2, None),
    ]
    assert found[0]["computername"] == "host-i-old"


def test_critical_missing_by_cve(lake: Lake) -> None:
    def lacks(title: str, cves: str | None, state: str = "Missing", **more: str) -> dict[str, str]:
        item = {"ComplianceType": "Patch", "Id": f"id-{title}", "Title": title, "PatchState": state}
        return {**item, "PatchSeverity": "Critical", **({"CVEIds": cves} if cves else {}), **more}

    two = lacks("two", "CVE-2026-1, CVE-2026-2")
    node(lake, FIRST, HERE, "i-1", verdict="NON_COMPLIANT", items=[two, lacks("none", None)])
    node(lake, SECOND, HERE, "i-1", verdict="NON_COMPLIANT", items=[lacks("one", "CVE-2026-1", "Failed")])
    graded = lacks("graded", "CVE-2026-3", PatchSeverity="Low", Severity="CRITICAL")
    node(lake, SECOND, THERE, "i-2", verdict="NON_COMPLIANT", items=[graded])
    ignored = [lacks("low", "CVE-2026-9", PatchSeverity="Low"), lacks("there", "CVE-2026-9", "Installed")]
    node(lake, THIRD, HERE, "i-3", verdict="NON_COMPLIANT", items=ignored)
    node(lake, THIRD, HERE, "i-4", verdict="NON_COMPLIANT", items=[two], status="Terminated")

    assert [tuple(row.values()) for row in lake.query("critical_missing_by_cve")] == [
        ("CVE-2026-1", 2, 2, "one"),
        ("CVE-2026-2", 1, 1, "two"),
        ("CVE-2026-3", 1, 1, "graded"),
        ("id-none", 1, 1, "none"),
    ]


def test_coverage(lake: Lake) -> None:
    node(lake, FIRST, HERE, "i-1", verdict="COMPLIANT")
    node(lake, FIRST, HERE, "i-2", verdict="COMPLIANT", operated=9, group="", status="ConnectionLost")
    node(lake, SECOND, HERE, "i-3")
    node(lake, SECOND, HERE, "i-4", status="Terminated")

    assert [tuple(row.values()) for row in lake.query("coverage")] == [
        (SECOND, HERE, 1, 1, 0, 1, 0),
        (FIRST, HERE, 2, 0, 1, 1, 1),
    ]


def test_a_node_that_the_bucket_has_twice_is_one_as_it_was_captured_last(lake: Lake) -> None:
    """A hybrid node that registers anew, a copy of the bucket, an object that was written again."""
    lacking = {"verdict": "NON_COMPLIANT", "missing": 2, "installed": 40, "group": ""}
    node(lake, FIRST, HERE, "i-1", **lacking)
    older = {"captureTime": stamp(3)}
    for kind, row in (
        ("AWS:InstanceInformation", {"InstanceStatus": "Terminated", "ComputerName": "old name"}),
        ("AWS:ComplianceSummary", {"ComplianceType": "Patch", "Status": "COMPLIANT"}),
        ("AWS:PatchSummary", {"MissingCount": "0", "PatchGroup": "web", "OperationEndTime": stamp(3)}),
    ):
        lake.write(kind, FIRST, HERE, "i-1", {**row, **older}, copy="-1")

    [account] = lake.query("compliance_by_account")
    assert (account["nodes"], account["reported"], account["noncompliant"]) == (1, 1, 1)
    assert [(row["missing"], row["computername"]) for row in lake.query("unpatched_30_days")] == [(2, "host-i-1")]
    assert [tuple(row.values()) for row in lake.query("coverage")] == [(FIRST, HERE, 1, 0, 0, 1, 0)]


def test_a_node_in_two_accounts_is_two(lake: Lake) -> None:
    lacks = {"ComplianceType": "Patch", "Id": "x", "PatchState": "Missing", "PatchSeverity": "Critical"}
    for account in (FIRST, SECOND):
        node(lake, account, HERE, "mi-1", verdict="NON_COMPLIANT", missing=1, installed=40, items=[lacks])

    assert [(row["accountid"], row["nodes"]) for row in lake.query("compliance_by_account")] == [
        (FIRST, 1),
        (SECOND, 1),
    ]
    assert len(lake.query("unpatched_30_days")) == 2
    assert [tuple(row.values())[:3] for row in lake.query("critical_missing_by_cve")] == [("x", 2, 2)]


@pytest.mark.parametrize("text", [None, "", "n/a", "6/10/2025 12:00:00 AM", "2025-13-45T00:00:00Z", "0001-01-01"])
def test_a_value_of_another_form_ends_no_query_and_hides_no_node(lake: Lake, text: str | None) -> None:
    node(lake, FIRST, HERE, "i-1", verdict="NON_COMPLIANT", missing=2, items=[{"InstalledTime": text}])
    patch = {"ComplianceType": "Patch", "Id": "x", "PatchState": "Installed", "InstalledTime": text}
    lake.write("AWS:ComplianceItem", FIRST, HERE, "i-1", patch)
    lake.write("AWS:PatchSummary", FIRST, HERE, "i-1", {"MissingCount": "2", "OperationEndTime": text})
    node(lake, FIRST, HERE, "i-2", verdict="COMPLIANT")
    lake.write("AWS:PatchSummary", FIRST, HERE, "i-2", {"MissingCount": text, "OperationEndTime": stamp(1)})

    assert [(row["resourceid"], row["last_installed"]) for row in lake.query("unpatched_30_days")] == [("i-1", None)]
    assert [row["stale"] for row in lake.query("coverage")] == [1]


def test_an_empty_entry_in_a_list_of_cves_is_no_patch_without_one(lake: Lake) -> None:
    item = {"ComplianceType": "Patch", "Id": "KB2", "PatchState": "Missing", "PatchSeverity": "critical"}
    node(lake, FIRST, HERE, "i-1", verdict="NON_COMPLIANT", items=[{**item, "CVEIds": "CVE-2026-1, ,"}])
    node(lake, FIRST, HERE, "i-2", verdict="NON_COMPLIANT", items=[{**item, "Id": "KB3", "CVEIds": " , "}])

    assert [row["cve"] for row in lake.query("critical_missing_by_cve")] == ["CVE-2026-1", "KB3"]


@pytest.mark.parametrize("missing", ["AWS:ComplianceSummary", "AWS:PatchSummary", "AWS:ComplianceItem"])
def test_nodes_without_objects_of_a_type_are_counted(lake: Lake, missing: str) -> None:
    node(lake, FIRST, HERE, "i-1", verdict="COMPLIANT")
    node(lake, SECOND, HERE, "i-2", verdict="COMPLIANT")
    folder = f"accountid={SECOND}/region={HERE}/resourcetype=ManagedInstanceInventory"
    (lake._root / "inventory" / missing / folder / "i-2.json").unlink()

    unread = int(missing == "AWS:ComplianceSummary")
    assert {row["accountid"]: row["never_scanned"] for row in lake.query("compliance_by_account")} == {
        FIRST: 0,
        SECOND: unread,
    }
    unread = int(missing == "AWS:PatchSummary")
    assert {row["accountid"]: row["never_scanned"] for row in lake.query("coverage")} == {FIRST: 0, SECOND: unread}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_of_trinos_dialect_and_named_in_the_guide(name: str) -> None:
    text = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    [statement] = sqlglot.parse(text, dialect="trino")

    assert isinstance(statement, exp.Select)
    assert {table.name for table in statement.find_all(exp.Table)} <= set(tables())
    assert f"(athena/{name}.sql)" in (CHECKOUT / "docs" / "athena.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_on_an_empty_bucket_has_no_rows(lake: Lake, name: str) -> None:
    assert lake.query(name) == []


def test_the_tables_have_all_attributes_that_nodes_report() -> None:
    simulator = Simulator(clock="2026-01-01T00:00:00Z")
    fleet = {"count": 40, "missing": 0.5, "failed": 0.2}
    simulator.plant({"regions": [{"account": FIRST, "region": HERE, "fleet": fleet}]})
    region = simulator._region(FIRST, HERE)

    for location, columns in tables().values():
        kind = location.split("/")[1]
        rows = [row for one in of(region) for row in content(region, one, kind)]
        assert rows
        assert {key.lower() for row in rows for key in row} - LEFT_OUT <= set(columns)


def test_the_answers_on_a_fleet_are_those_of_its_nodes(lake: Lake) -> None:
    simulator = Simulator(clock=stamp(0))
    fleet = {"count": 60, "missing": 0.5, "failed": 0.2}
    simulator.plant({"regions": [{"account": FIRST, "region": HERE, "fleet": fleet}]})
    region = simulator._region(FIRST, HERE)
    nodes = list(of(region))
    for one in nodes:
        for location, _columns in tables().values():
            kind = location.split("/")[1]
            if rows := content(region, one, kind):
                lake.write(kind, FIRST, HERE, one.instance_id, *rows)

    [row] = lake.query("compliance_by_account")

    reported = [one for one in nodes if one.report is not None]
    assert (row["nodes"], row["reported"]) == (len(nodes), len(reported))
    summaries = [content(region, one, "AWS:ComplianceSummary")[0]["Status"] for one in reported]
    assert (row["compliant"], row["noncompliant"]) == (summaries.count("COMPLIANT"), summaries.count("NON_COMPLIANT"))
    assert lake.query("critical_missing_by_cve")
