# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts of a report, recomputed from the rows in another way, and the gate that is held against them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.rows import SEVERITIES
from ansible_collections.patchfleet.aws.plugins.module_utils._readings import exceptions
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.merge import Fleet
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.missing_patches import (
    MissingPatch,
    age_in_days,
    missing_patches,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.model import Patch, PatchException, Reading
from ansible_collections.patchfleet.aws.tests.support.report_rows import reading, sample
from ansible_collections.patchfleet.aws.tests.support.reporting import NOW, report_of

SIZES = (0, 1, 60, 500)


def judged_fleet(one: Reading, exception: PatchException) -> Fleet:
    """A reading as a fleet with an exception."""
    return exceptions.judged(Fleet([one]), [exception], NOW.date()).fleet


def judged(rules: Any, *readings: Any, each_group: bool = False) -> dict[tuple[str, str], tuple[bool, str]]:
    """The result of each rule."""
    report = report_of(readings, rules, each_group=each_group)
    return {(one.group, one.rule): (one.passed, one.message) for one in report.verdicts}


@pytest.mark.parametrize("count", SIZES)
def test_counts_are_those_of_the_rows(count: int) -> None:
    rows = sample(count)["nodes"]
    summary = report_of([reading(count)]).totals.total.summary()

    managed = [row for row in rows if row["status"] != "unmanaged"]
    assert summary["managed"] == len(managed)
    assert summary["unmanaged"] == count - len(managed)
    for name in ("critical_noncompliant", "security_noncompliant", "failed"):
        # Without a node under a baseline that assigns levels, the first cannot be known.
        expected = sum((row.get(f"{name}_count") or 0) > 0 for row in rows)
        assert summary[name] == (None if count == 0 and name == "critical_noncompliant" else expected)
    lacked = Counter(row["severity"] for row in sample(count)["patches"] if row["state"] in ("MISSING", "FAILED"))
    assert summary["missing_by_severity"] == {**dict.fromkeys(SEVERITIES, 0), **lacked}
    for name in ("never_scanned", "stale", "pending_reboot", "compliant"):
        assert summary[name] == sum(row["status"] == name for row in rows)
    assert summary["noncompliant"] == sum(
        any(row.get(f"{name}_count") for name in ("missing", "failed", "installed_pending_reboot")) for row in rows
    )


def test_groups_and_systems_add_up() -> None:
    report = report_of([reading(500)])
    for tallies in (report.totals.groups, report.totals.systems, report.totals.places):
        assert sum(tally.nodes() for tally in tallies.values()) == 500
    assert None in report.totals.groups


def test_a_node_is_in_the_groups_of_its_tags_and_of_its_report() -> None:
    row = {"instance_id": "i-1", "status": "never_scanned", "patch_groups": ["a", "b"], "patch_group": "c"}

    assert [*report_of([reading(0, nodes=[row])]).totals.groups] == ["a", "b", "c"]
    asked = reading(0, nodes=[row], scope={"patch_groups": ["b", "d"]})
    assert {name: tally.nodes() for name, tally in report_of([asked]).totals.groups.items()} == {"b": 1, "d": 0}


def test_compliance_is_rounded_down() -> None:
    row = {"status": "compliant", "compliant": True, "stale": False, "pending_reboot": False}
    rows = [{"instance_id": f"i-{number}", **row} for number in range(30_000)]
    rows[0] = {"instance_id": "i-0", "status": "never_scanned"}

    assert report_of([reading(0, nodes=rows)]).totals.total.compliance_percent() == 99.99


def test_what_was_not_read_is_none_and_never_zero() -> None:
    unread = {"instance_id": "i-1", "status": None}
    summary = report_of([reading(0, nodes=[unread])]).totals.total.summary()
    assert (summary.pop("managed"), summary.pop("unmanaged")) == (1, 0)
    assert summary.pop("missing_by_severity") == dict.fromkeys(SEVERITIES, 0)
    assert set(summary.values()) == {None}

    partly = report_of([reading(60), reading(5, region="us-east-1", not_read=["unmanaged"])]).totals
    assert partly.total.summary()["unmanaged"] is None
    assert partly.places["123456789012 eu-central-1"].summary()["unmanaged"] is not None
    assert {tally.summary()["unmanaged"] for tally in partly.groups.values()} == {None}
    assert partly.total.summary()["managed"] == 65 - partly.total.counts["unmanaged"]


def test_what_was_not_read_of_one_group_is_known_of_another() -> None:
    rows = [
        {"instance_id": f"i-{group}", "status": "never_scanned", "patch_groups": [group]} for group in ("web", "db")
    ]
    readings = [
        reading(0, nodes=[row], scope={"patch_groups": row["patch_groups"]}, not_read=["unmanaged"] * (number == 0))
        for number, row in enumerate(rows)
    ]

    groups = report_of(readings).totals.groups
    assert {name: tally.value("unmanaged") for name, tally in groups.items()} == {"db": 0, "web": None}


def test_a_node_that_is_only_scanned_is_uncovered_too() -> None:
    kinds = ("covered", "scan_only", "uncovered", "double_covered")
    rows = [{"instance_id": f"i-{kind}", "status": "never_scanned", "coverage": kind} for kind in kinds]

    total = report_of([reading(0, nodes=rows)]).totals.total
    assert [total.value(name) for name in ("uncovered", "scan_only", "double_covered")] == [2, 1, 1]


def test_an_unknown_status_leaves_known_what_is_known() -> None:
    row = {
        "instance_id": "i-1", "status": None, "compliant": None, "stale": False, "pending_reboot": False,
        "missing_count": 0, "failed_count": 0, "critical_noncompliant_count": 0, "security_noncompliant_count": 0,
    }  # fmt: skip
    summary = report_of([reading(0, nodes=[row])]).totals.total.summary()

    assert summary["noncompliant"] is summary["compliant"] is summary["compliance_percent"] is None
    assert (summary["stale"], summary["failed"], summary["never_scanned"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("rules", "passed", "text"),
    [
        ({"compliance_percent": 76.66}, True, "compliance_percent is 76.66, with a minimum of 76.66"),
        ({"compliance_percent": 76.67}, False, "compliance_percent is 76.66, 0.01 below the minimum of 76.67"),
        ({"critical_noncompliant": 7}, True, "critical_noncompliant is 7, with a maximum of 7"),
        ({"critical_noncompliant": 6}, False, "critical_noncompliant is 7, 1 above the maximum of 6"),
    ],
)
def test_a_rule_at_its_limit_is_kept_and_beyond_is_broken(rules: Any, passed: bool, text: str) -> None:
    [rule] = rules

    assert judged(rules, reading(60))["all nodes", rule] == (passed, text)


def test_a_rule_on_what_was_not_read_is_broken_and_says_why() -> None:
    gap = {"action": "ec2:DescribeInstances", "code": "UnauthorizedOperation", "message": "not authorized"}
    found = judged({"unmanaged": 1000, "stale": 1000}, reading(60, not_read=["unmanaged"], gaps=[gap]))

    assert found["all nodes", "unmanaged"] == (False, "unmanaged was not read (ec2:DescribeInstances: not authorized)")
    assert found["all nodes", "stale"][0]


def test_the_reasons_are_those_of_the_readings_that_lack_the_value() -> None:
    denied = [{"action": "ec2:DescribeInstances", "message": "no"}]
    offline = [{"action": "ssm:DescribeInstancePatches", "message": "gone"}]
    readings = [
        reading(9, not_read=["unmanaged"], gaps=denied),
        reading(9, region="us-east-1", not_read=["patches"], gaps=offline),
    ]
    found = judged({"unmanaged": 0, "missing_patches": [{}]}, *readings)

    assert found["all nodes", "unmanaged"][1] == "unmanaged was not read (ec2:DescribeInstances: no)"
    assert (
        found["all nodes", "missing_patches"][1] == "missing_patches was not read (ssm:DescribeInstancePatches: gone)"
    )


@pytest.mark.parametrize("rules", [{"compliance_percent": 0}, {"unmanaged": 9}, {"missing_patches": [{"max": 9}]}])
@pytest.mark.parametrize("rows", [[], [{"instance_id": "i-1", "status": "unmanaged"}]])
def test_without_a_managed_node_every_rule_is_broken(rules: Any, rows: Any) -> None:
    [(passed, message)] = [
        value for (group, _rule), value in judged(rules, reading(0, nodes=rows)).items() if group == "all nodes"
    ]

    assert not passed
    assert "the scope has no managed nodes" in message


def test_each_group_is_shown_and_judged_only_if_asked() -> None:
    rules = {"compliance_percent": 75, "stale": 1000}
    for each_group in (False, True):
        found = report_of([reading(60)], rules, each_group=each_group).verdicts
        assert [(one.group, one.rule) for one in found[:2]] == [
            ("all nodes", "compliance_percent"),
            ("all nodes", "stale"),
        ]
        assert {one.group for one in found[2:]} == {
            "Database Servers", "Front-End Servers", "batch", "build", "no patch group",
        }  # fmt: skip
        assert {one.judged for one in found[2:]} == {each_group}
        assert {one.group for one in found if not one.passed} == {"batch", "build"}


PATCHES = [
    {"kb_id": "KB1", "severity": "Critical", "state": "MISSING", "release_date": "2026-01-01T00:00:00Z"},
    {"kb_id": "KB2", "severity": "Critical", "state": "FAILED", "release_date": "2026-01-31T08:15:00Z"},
    {"kb_id": "KB3", "severity": "Important", "state": "MISSING", "release_date": "2025-01-01T00:00:00Z"},
    {"kb_id": "pkg", "severity": "Critical", "state": "MISSING", "release_date": None},
    {"kb_id": "KB4", "severity": "Critical", "state": "INSTALLED_PENDING_REBOOT", "release_date": None},
]


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ({}, 4),
        ({"severities": ["critical"]}, 3),
        ({"severities": ["Critical"], "older_than_days": 30}, 2),
        ({"severities": ["Critical"], "older_than_days": 29}, 3),
        ({"severities": ["Critical"], "older_than_days": 30, "unknown_age": "ignore"}, 1),
        ({"older_than_days": 30, "unknown_age": "ignore"}, 2),
        ({"severities": ["Low"]}, 0),
        ({"classifications": ["SecurityUpdates"]}, 0),
    ],
)
def test_rules_on_patches_count_each_patch_once(rule: Any, count: int) -> None:
    nodes = [{"instance_id": name, "status": "noncompliant", "patch_groups": ["web"]} for name in ("i-1", "i-2")]
    rows = [{"instance_id": row["instance_id"], "title": "T", **patch} for row in nodes for patch in PATCHES]
    one = reading(0, nodes=nodes, patches=rows)

    [kept, _group] = report_of([one], {"missing_patches": [{**rule, "max": count}]}).verdicts
    assert (kept.value, kept.passed) == (count, True)
    assert kept.message.endswith(f"is {count}, with a maximum of {count}")
    if count:
        [broken, group] = report_of([one], {"missing_patches": [{**rule, "max": count - 1}]}).verdicts
        assert not broken.passed
        assert "1 above the maximum" in broken.message
        assert group.value == count


@pytest.mark.parametrize(
    ("count", "named"), [(1, "KB1"), (5, "KB1, KB2, KB3, KB4, KB5"), (6, "KB1, KB2, KB3, KB4, KB5 and 1 more")]
)
def test_a_broken_rule_names_five_patches(count: int, named: str) -> None:
    node = {"instance_id": "i-1", "status": "noncompliant", "patch_groups": ["web"]}
    rows = [{"instance_id": "i-1", "kb_id": f"KB{number + 1}", "state": "MISSING"} for number in range(count)]

    [verdict, _group] = report_of([reading(0, nodes=[node], patches=rows)], {"missing_patches": [{"max": 0}]}).verdicts
    assert verdict.message.endswith(f": {named}")


@pytest.mark.parametrize(
    ("not_read", "known"), [([], True), (["unmanaged"], True), (["compliant"], False), (["managed"], False)]
)
def test_the_share_of_what_was_read_needs_both_of_its_counts(not_read: list[str], known: bool) -> None:
    of_all = report_of([reading(60)]).totals.total.compliance_percent()
    assert of_all

    assert report_of([reading(60, not_read=not_read)]).totals.total.read_percent() == (of_all if known else None)


def test_patches_that_were_not_all_read_break_their_rule() -> None:
    [verdict, *_groups] = report_of([reading(60, not_read=["patches"])], {"missing_patches": [{"max": 999}]}).verdicts

    assert (verdict.passed, verdict.value) == (False, None)


@pytest.mark.parametrize(
    ("released", "age"),
    [
        ("2026-03-01T08:15:00Z", 1),
        ("2026-03-01T08:16:00Z", 0),
        ("2026-04-01T00:00:00Z", 0),
        (None, None),
        ("soon", None),
    ],
)
def test_ages_are_whole_days(released: str | None, age: int | None) -> None:
    assert age_in_days(released, "2026-03-02T08:15:00Z") == age


@pytest.mark.parametrize(("age", "band"), [(0, 0), (7, 0), (8, 1), (30, 1), (31, 2), (90, 2), (91, 3), (None, None)])
def test_an_age_is_in_the_range_that_includes_its_limit(age: int | None, band: int | None) -> None:
    assert MissingPatch(Patch("i-1"), age).band() == band


def test_a_patch_that_is_excepted_on_one_node_is_missing_on_another() -> None:
    nodes = [{"instance_id": name, "status": "noncompliant"} for name in ("i-1", "i-2")]
    patches = [{"instance_id": row["instance_id"], "kb_id": "KB1", "state": "MISSING"} for row in nodes]
    fleet = judged_fleet(reading(0, nodes=nodes, patches=patches), PatchException("r", "o", "2026-12-31", node="i-1"))

    assert [(one.is_missing(), one.nodes) for one in missing_patches(fleet)] == [(True, [1]), (False, [0])]


def test_the_most_severe_patches_come_first_and_among_equals_those_of_more_nodes() -> None:
    ranked = ["Critical", "important", "High", "Moderate", "Medium", "Low", "Informational", None, "Required"]
    lacking = [(f"KB{number}", severity, 1) for number, severity in enumerate(ranked)]
    lacking.insert(1, ("KB99", "Critical", 2))
    patches = [
        {"instance_id": f"i-{node}", "kb_id": kb, "severity": severity, "state": "MISSING"}
        for kb, severity, nodes in reversed(lacking)
        for node in range(nodes)
    ]
    nodes = [{"instance_id": f"i-{node}", "status": "noncompliant"} for node in range(2)]

    found = report_of([reading(0, nodes=nodes, patches=patches)]).patches

    assert [one.patch.kb_id for one in found] == ["KB99", *(f"KB{number}" for number in range(len(ranked)))]


def test_missing_patches_are_those_of_the_rows() -> None:
    rows = sample(500)["patches"]
    found = report_of([reading(500)]).patches

    assert {(one.patch.kb_id, one.patch.state): len(one.nodes) for one in found} == {
        key: sum((row["kb_id"], row["state"]) == key for row in rows)
        for key in {(row["kb_id"], row["state"]) for row in rows}
    }
    assert [one.is_missing() for one in found] == sorted((one.is_missing() for one in found), reverse=True)
