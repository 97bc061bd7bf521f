# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readings in detail: what is read from a report, the names and scopes of places, and what is next."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.merge import Fleet
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.model import SCHEMA, Node, Reading, Scope
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.parse import (
    MalformedError,
    ReportError,
    parsed,
    read_report,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.times import instant
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.upcoming import upcoming_runs
from ansible_collections.patchfleet.aws.tests.support.report_rows import READ_AT, reading
from ansible_collections.patchfleet.aws.tests.support.reporting import report_of


def test_a_report_of_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"schema": SCHEMA, "schema_version": 2, "readings": []}), encoding="utf-8")

    with pytest.raises(ReportError, match="has schema_version 2, and 1 is supported"):
        read_report(str(path), {})


def test_a_boolean_is_not_a_count() -> None:
    with pytest.raises(MalformedError, match="missing_count: True is not of type int"):
        parsed(Node, {"instance_id": "i-1", "missing_count": True}, {})


def test_a_time_without_a_zone_is_in_utc() -> None:
    assert instant("2026-01-01T00:00:00") == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "shown"), [(None, "1 eu-west-1"), ("1", "1 eu-west-1"), ("prod", "prod (1) eu-west-1")]
)
def test_an_account_is_shown_with_its_name_if_it_has_one(name: str | None, shown: str) -> None:
    assert Reading("aws", "1", "eu-west-1", READ_AT, account_name=name).place_name() == shown


def test_only_a_scope_without_other_options_has_to_contain_its_instances() -> None:
    ids = ("i-1",)

    assert Scope(instance_ids=ids).is_of_instances()
    assert not Scope(instance_ids=ids, instance_tags={"Env": "prod"}).is_of_instances()
    assert not Scope(instance_ids=ids, patch_groups=("web",)).is_of_instances()


def test_an_account_that_was_not_read_has_no_counts() -> None:
    totals = report_of([reading(9), reading(0, region="us-east-1", not_read=["managed"])]).totals

    assert totals.places["123456789012 us-east-1"].value("stale") is None
    assert totals.places["123456789012 eu-central-1"].value("stale") is not None


def test_a_run_at_the_time_of_the_reading_is_still_to_come() -> None:
    rows = [{"instance_id": "i-1", "next_install": READ_AT}, {"instance_id": "i-2", "next_install": "2020-01-01"}]

    assert [run.run_time for _reading, run in upcoming_runs(Fleet([reading(0, nodes=rows)]))] == [READ_AT]
