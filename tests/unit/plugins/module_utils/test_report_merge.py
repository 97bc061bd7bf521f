# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging readings: laws that hold for any of them, and what a newer reading replaces."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.patchfleet.aws.plugins.module_utils._readings.merge import merged
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.model import Reading
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.parse import parsed
from ansible_collections.patchfleet.aws.plugins.module_utils._report.formats import as_json
from ansible_collections.patchfleet.aws.tests.support.reporting import report_of
from hypothesis import given
from hypothesis import strategies as st


def node(instance_id: str, status: str = "compliant", group: str = "web") -> dict[str, Any]:
    """The row of a node."""
    flags = {"compliant": status == "compliant", "stale": False, "pending_reboot": False}
    counts = dict.fromkeys(("critical_noncompliant_count", "security_noncompliant_count", "failed_count"), 0)
    return {"instance_id": instance_id, "status": status, "patch_groups": [group], **flags, **counts}


def reading(
    day: int, nodes: list[dict[str, Any]], scope: Any = None, region: str = "eu-west-1", **more: Any
) -> Reading:
    """A reading of that day of January."""
    place = {"partition": "aws", "account_id": "111111111111", "region": region}
    return parsed(
        Reading, {**place, "read_at": f"2026-01-{day:02}T00:00:00Z", "scope": scope or {}, "nodes": nodes, **more}, {}
    )


_SCOPES = st.sampled_from([{}, {}, {"patch_groups": ["web"]}, {"instance_tags": {"Env": "prod"}}])
_IDS = st.sampled_from(["i-1", "i-2", "i-3"])
_GROUPS = st.sampled_from(["web", "db"])
_STATUSES = st.sampled_from(["compliant", "noncompliant", "never_scanned"])
_NODES = st.lists(
    st.builds(node, _IDS, _STATUSES, _GROUPS),
    max_size=3,
    unique_by=lambda row: row["instance_id"],
)
_READINGS = st.lists(
    st.builds(reading, st.integers(1, 3), _NODES, _SCOPES, st.sampled_from(["eu-west-1", "us-east-1"])), max_size=6
)


def told(readings: list[Reading]) -> str:
    """The whole report in JSON."""
    report = report_of(readings)
    return "".join(as_json("T", report.fleet, report.totals, []))


@given(_READINGS, st.randoms())
def test_the_order_of_readings_makes_no_difference(readings: list[Reading], chance: Any) -> None:
    shuffled = [*readings]
    chance.shuffle(shuffled)

    assert told(shuffled) == told(readings)


@given(_READINGS)
def test_a_reading_that_is_given_twice_counts_once(readings: list[Reading]) -> None:
    assert told([*readings, *readings]) == told(readings)


@given(_READINGS, _READINGS, _READINGS)
def test_merging_in_steps_is_merging_at_once(one: list[Reading], two: list[Reading], three: list[Reading]) -> None:
    at_once = told([*one, *two, *three])

    assert told([*merged([*one, *two]), *three]) == at_once
    assert told([*one, *merged([*two, *three])]) == at_once


@given(_READINGS)
def test_a_report_that_was_written_and_read_is_the_same(readings: list[Reading]) -> None:
    text = told(readings)

    assert told([parsed(Reading, one, {}) for one in json.loads(text)["readings"]]) == text


@given(_READINGS)
def test_every_node_counts_once_and_in_the_state_of_its_newest_reading(readings: list[Reading]) -> None:
    fleet = report_of(readings).fleet
    nodes = [(one.region, row.instance_id) for one, row in fleet.nodes()]

    assert len(nodes) == len(set(nodes))
    for one, row in fleet.nodes():
        newer = [other for other in fleet.readings if other.region == one.region and other.read_at > one.read_at]
        assert row.instance_id not in {other.instance_id for later in newer for other in later.nodes}


def test_the_newest_reading_of_a_node_wins() -> None:
    old = reading(1, [node("i-1", "noncompliant")])
    new = reading(2, [node("i-1", "compliant")], {"patch_groups": ["web"]})

    assert [row.status for _one, row in report_of([old, new]).fleet.nodes()] == ["compliant"]


def test_a_node_that_is_gone_from_a_newer_reading_of_all_is_gone() -> None:
    old = reading(1, [node("i-1"), node("i-2")])

    assert report_of([old, reading(2, [node("i-1")])]).totals.total.nodes() == 1
    assert report_of([old, reading(2, [node("i-1")], {"patch_groups": ["web"]})]).totals.total.nodes() == 2
    assert report_of([old, reading(2, [node("i-1")], region="us-east-1")]).totals.total.nodes() == 3


def test_a_part_that_is_older_than_a_reading_of_all_says_nothing() -> None:
    part = reading(1, [node("i-9")], {"patch_groups": ["web"]})

    assert [row.instance_id for _one, row in report_of([part, reading(2, [node("i-1")])]).fleet.nodes()] == ["i-1"]


def test_a_failed_attempt_counts_until_an_attempt_that_is_not_older_succeeds() -> None:
    first, second = (reading(day, [], not_read=["managed"], gaps=[{"message": f"{day}"}]) for day in (2, 3))
    success = reading(2, [node("i-1")])

    for given_readings, counting in (
        ([first, success], [success]),
        ([success, first], [success]),
        ([success, second], [success, second]),
        ([first, second], [second]),
        ([second, first], [second]),
    ):
        assert merged(given_readings) == counting


def test_a_finding_of_several_readings_counts_once() -> None:
    finding = {"finding": "not_reached", "text": "no window reaches it", "action": "add a target"}
    readings = [reading(1, [], {"patch_groups": [group]}, findings=[finding]) for group in ("web", "db")]
    readings.append(reading(1, [], region="us-east-1", findings=[finding]))

    assert [one.region for one, _finding in report_of(readings).fleet.findings()] == ["eu-west-1", "us-east-1"]


def test_totals_are_counted_and_no_shares_added() -> None:
    small = reading(1, [node("i-1", "noncompliant")])
    large = reading(1, [node(f"i-{number}") for number in range(2, 5)], region="us-east-1")

    assert report_of([small, large]).totals.total.compliance_percent() == 75.0


def test_patches_are_those_of_the_reading_that_counts() -> None:
    patch = {"instance_id": "i-1", "kb_id": "KB1", "state": "MISSING"}
    old = reading(1, [node("i-1", "noncompliant")], patches=[patch])
    new = reading(2, [node("i-1")], {"patch_groups": ["web"]})

    assert len(report_of([old]).patches) == 1
    assert report_of([old, new]).patches == []


def test_windows_are_those_of_the_newest_reading_that_has_them() -> None:
    one, two = ({"window_id": "mw-1", "name": name} for name in ("before", "after"))
    readings = [
        reading(1, [], {"patch_groups": ["web"]}, windows=[one]),
        reading(2, [], {"patch_groups": ["db"]}, windows=[two]),
        reading(3, [], {"patch_groups": ["api"]}, windows=None),
    ]

    assert [window.name for _one, window in report_of(readings).fleet.windows()] == ["after"]
