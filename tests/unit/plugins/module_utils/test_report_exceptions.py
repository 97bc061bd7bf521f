# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions leave nodes and patches out of the numbers and of the gate, until they expire."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.exceptions import (
    exception_violations,
    exception_warnings,
    judged,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.gate import expired_verdicts, verdicts
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.merge import Fleet, merged
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.missing_patches import missing_patches
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.model import PatchException
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.parse import plain
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.totals import totals_of
from ansible_collections.patchfleet.aws.tests.support.report_rows import reading, sample
from ansible_collections.patchfleet.aws.tests.support.reporting import NOW

TODAY = date(2026, 3, 2)
COUNTS = {"missing_count": 0, "failed_count": 0, "installed_pending_reboot_count": 0, "installed_rejected_count": 0,
          "critical_noncompliant_count": 0, "security_noncompliant_count": 0, "other_noncompliant_count": 0,
          "available_security_update_count": 0}  # fmt: skip
NODE = {"compliant": False, "stale": False, "pending_reboot": False, "ungraded": False, **COUNTS}


def excepted(until: str = "2026-03-31", **about: str) -> PatchException:
    """An exception."""
    return PatchException(reason="Waits for the vendor", owner="web-team", until=until, **about)


def node(node_id: str, status: str = "noncompliant", group: str | None = None, **members: Any) -> dict[str, Any]:
    """A node of a group."""
    groups = {"patch_group": group, "patch_groups": [group] if group else []}
    return {"instance_id": node_id, "status": status, **NODE, **groups, **members}


def patch(node_id: str, kb_id: str, state: str = "MISSING", **members: Any) -> dict[str, Any]:
    """A patch of a node."""
    given = {"classification": "SecurityUpdates", "severity": "Critical", "compliance_level": "CRITICAL", **members}
    return {"instance_id": node_id, "kb_id": kb_id, "title": f"Update ({kb_id})", "state": state, **given}


def fleet(nodes: list[dict[str, Any]], patches: list[dict[str, Any]]) -> Fleet:
    """One reading as a fleet."""
    return Fleet(merged([reading(0, nodes=nodes, patches=patches)]))


def summary(whole: Fleet, *given: PatchException) -> dict[str, Any]:
    """The counts, with how many nodes are left out."""
    held = judged(whole, given, TODAY)
    return {**totals_of(held.fleet).total.summary(), "excepted": held.counts()}


@pytest.mark.parametrize(
    "about", [{"node": "i-1"}, {"node": "web-1"}, {"node": "host-1"}, {"group": "web"}, {"node": "i-1", "group": "web"}]
)
def test_an_excepted_node_is_in_no_count(about: dict[str, str]) -> None:
    names = {"instance_name": "web-1", "name": "host-1"}
    lacking = node("i-1", group="web", missing_count=1, critical_noncompliant_count=1, **names)
    whole = fleet([lacking, node("i-2", "compliant", "db", compliant=True)], [patch("i-1", "KB1")])

    assert summary(whole)["compliance_percent"] == 50
    counts = summary(whole, excepted(**about))
    assert counts["excepted"] == {"nodes": 1, "patches": 0}
    assert (counts["managed"], counts["compliance_percent"], counts["noncompliant"]) == (1, 100, 0)
    assert (counts["critical_noncompliant"], counts["missing_by_severity"]["Critical"]) == (0, 0)


def test_all_that_an_entry_names_has_to_fit_together() -> None:
    whole = fleet([node("i-1", group="web", missing_count=1)], [patch("i-1", "KB1")])

    for about in ({"node": "i-1", "group": "db"}, {"node": "i-2", "group": "web"}, {"node": "i-1", "patch": "KB2"}):
        held = judged(whole, [excepted(**about)], TODAY)
        assert held.counts() == {"nodes": 0, "patches": 0}
        assert [one.matches() for one in held.applied] == [False]
        assert "matches nothing" in exception_warnings(held.applied)[0]


@pytest.mark.parametrize("name", ["KB1", "kb1", "Update (KB1)"])
def test_a_node_is_judged_by_the_patches_that_are_not_excepted(name: str) -> None:
    first = node("i-1", missing_count=2, critical_noncompliant_count=1, security_noncompliant_count=2)
    second = node("i-2", missing_count=1, critical_noncompliant_count=1, security_noncompliant_count=1)
    other = patch("i-1", "KB2", compliance_level="HIGH", severity="Important")
    held = judged(
        fleet([first, second], [patch("i-1", "KB1"), other, patch("i-2", "KB1")]), [excepted(patch=name)], TODAY
    )

    one, two = (found for _reading, found in held.fleet.nodes())
    assert (one.status, one.missing_count, one.critical_noncompliant_count, one.security_noncompliant_count) == (
        "noncompliant", 1, 0, 1,
    )  # fmt: skip
    assert (two.status, two.compliant, two.missing_count, two.critical_noncompliant_count) == ("compliant", True, 0, 0)
    counts = totals_of(held.fleet).total.summary()
    assert (counts["compliant"], counts["missing_by_severity"]["Critical"]) == (1, 0)
    assert held.counts() == {"nodes": 0, "patches": 2}
    assert [(one.nodes, one.patches) for one in held.applied] == [(2, 2)]
    assert [found.missing_count for _reading, found in held.source.nodes()] == [2, 1]


@pytest.mark.parametrize(
    ("members", "others", "status"),
    [
        ({"status": "failed", "failed_count": 1}, [], "compliant"),
        ({"status": "failed", "failed_count": 1, "stale": True}, [], "stale"),
        ({"status": "failed", "failed_count": 1, "missing_count": 1}, ["MISSING"], "noncompliant"),
        ({"status": "failed", "failed_count": 2}, ["FAILED"], "failed"),
        ({"status": "failed", "failed_count": 1, "installed_pending_reboot_count": 1}, ["INSTALLED_PENDING_REBOOT"],
         "pending_reboot"),
        ({"status": "failed", "failed_count": 1, "installed_rejected_count": 1}, ["INSTALLED_REJECTED"],
         "noncompliant"),
        ({"status": "failed", "failed_count": 1, "available_security_update_count": 1}, ["AVAILABLE_SECURITY_UPDATE"],
         "noncompliant"),
        # It was not read, because the baseline does not count it.
        ({"status": "failed", "failed_count": 1, "available_security_update_count": 1}, [], "compliant"),
    ],
)  # fmt: skip
def test_the_status_is_the_most_urgent_of_what_is_left(members: dict[str, Any], others: list[str], status: str) -> None:
    rows = [patch("i-1", "KB1", "FAILED"), *(patch("i-1", f"KB{number + 2}", one) for number, one in enumerate(others))]
    held = judged(fleet([node("i-1", **members)], rows), [excepted(patch="KB1")], TODAY)

    [found] = [one for _reading, one in held.fleet.nodes()]
    assert (found.status, found.compliant) == (status, status == "compliant")


@pytest.mark.parametrize(
    ("before", "excepted_patch", "after"),
    [
        # The counts of the node include a patch whose classification and level are unknown.
        ((1, 0, 1, 0), {"classification": None, "compliance_level": None}, (0, 0, 0, 0)),
        # A critical patch that is no security patch is not among the others.
        ((2, 1, 0, 1), {"classification": "Updates"}, (1, 0, 0, 1)),
        # The counts of the node are older than its patches.
        ((2, 0, 0, 1), {}, (1, 0, 0, 1)),
    ],
)
def test_the_counts_of_a_node_are_those_of_its_other_patches(
    before: tuple[int, ...], excepted_patch: dict[str, Any], after: tuple[int, ...]
) -> None:
    names = ("missing_count", *(f"{name}_noncompliant_count" for name in ("critical", "security", "other")))
    others = [patch("i-1", "KB2", classification="Updates", compliance_level="HIGH")][: before[0] - 1]
    whole = fleet(
        [node("i-1", **dict(zip(names, before, strict=True)))], [patch("i-1", "KB1", **excepted_patch), *others]
    )

    [found] = [one for _reading, one in judged(whole, [excepted(patch="KB1")], TODAY).fleet.nodes()]
    assert tuple(getattr(found, name) for name in names) == after


@pytest.mark.parametrize(("until", "expired"), [("2026-03-01", True), ("2026-03-02", False), ("2026-03-03", False)])
def test_an_exception_holds_until_the_end_of_its_day_and_breaks_the_gate_then(until: str, expired: bool) -> None:
    whole = fleet([node("i-1", missing_count=1), node("i-2", "compliant", compliant=True)], [patch("i-1", "KB1")])
    held = judged(whole, [excepted(until, node="i-1")], TODAY)

    assert held.counts()["nodes"] == (0 if expired else 1)
    found = [one.message for one in expired_verdicts(held.applied)]
    assert found == (
        ["exceptions[0]: the exception for node i-1 expired after 2026-03-01 (reason: Waits for the vendor; owner:"
         " web-team). Remove it, or set a later date as until"] if expired else []
    )  # fmt: skip
    totals = totals_of(held.fleet)
    gate = verdicts({"noncompliant": 0}, held.fleet, totals, missing_patches(held.fleet), False, NOW)
    assert gate[0].passed is not expired


def test_the_gate_does_not_count_patches_that_are_excepted() -> None:
    whole = fleet(
        [node("i-1", missing_count=1), node("i-2", missing_count=1)], [patch("i-1", "KB1"), patch("i-2", "KB2")]
    )
    rules = {"missing_patches": [{"max": 0, "severities": ["Critical"]}]}

    def gate(*given: PatchException) -> list[str]:
        held = judged(whole, given, TODAY)
        found = verdicts(rules, held.fleet, totals_of(held.fleet), missing_patches(held.fleet), False, NOW)
        return [one.message for one in found if one.judged and not one.passed]

    assert "is 2, 2 above" in gate()[0]
    assert "is 1, 1 above" in gate(excepted(patch="KB1"))[0]
    assert "is 1, 1 above" in gate(excepted(node="i-2"))[0]
    assert gate(excepted(patch="KB1"), excepted(node="i-2")) == []


def test_a_group_that_is_excepted_keeps_its_rules_and_a_fleet_that_is_does_not() -> None:
    rows = [node("i-1", group="web", missing_count=1), node("i-2", "compliant", "db", compliant=True)]
    whole = Fleet(merged([reading(0, nodes=rows, patches=[], scope={"patch_groups": ["web", "db"]})]))

    def gate(*given: PatchException) -> list[str]:
        held = judged(whole, given, TODAY)
        found = verdicts({"noncompliant": 0}, held.fleet, totals_of(held.fleet), [], True, NOW)
        return [one.message for one in found if not one.passed]

    assert gate(excepted(group="web")) == []
    assert gate(excepted(group="web"), excepted(group="db")) == [
        "noncompliant cannot be evaluated: the scope has no managed nodes: its 2 nodes are excepted"
    ]


def test_the_rules_of_a_group_hold_for_its_nodes_that_are_not_excepted() -> None:
    rows = [node(name, group="web", missing_count=1) for name in ("i-1", "i-2")]
    held = judged(fleet(rows, []), [excepted(node="i-1")], TODAY)

    found = verdicts({"noncompliant": 0}, held.fleet, totals_of(held.fleet), [], True, NOW)

    assert [(one.group, one.value, one.passed) for one in found] == [("all nodes", 1, False), ("web", 1, False)]


def test_exceptions_change_nothing_of_what_other_runs_join() -> None:
    given = [excepted(node=sample(60)["nodes"][0]["instance_id"]), excepted(patch=sample(60)["patches"][0]["kb_id"])]
    held = judged(Fleet(merged([reading(60)])), given, TODAY)
    before = plain(reading(60))
    after = plain(held.source.readings[0])

    for row in (*after["nodes"], *after["patches"]):
        row["exception"] = None
    assert after == before
    # The marks of an earlier report do not stay.
    again = judged(held.source, [], TODAY)
    assert again.counts() == {"nodes": 0, "patches": 0}
    assert plain(again.source.readings[0]) == before


def test_every_mistake_is_told_with_its_entry() -> None:
    given = [
        {"reason": "r", "owner": "o", "until": "2026-03-31"},
        {"node": "i-1", "reason": " ", "owner": "o", "until": "soon"},
        {"patch": "", "reason": "r", "owner": "o", "until": date(2026, 3, 31)},
        {"group": "web", "reason": "r", "owner": "o", "until": "2026-02-30"},
        {"group": "web", "reason": "r", "owner": "o", "until": "2026-02-28"},
    ]

    assert [*exception_violations("patch_report_exceptions", given)] == [
        "patch_report_exceptions[0]: has no node, group or patch; specify at least one of them",
        "patch_report_exceptions[1].reason: is empty; specify a value",
        "patch_report_exceptions[1].until: 'soon' is not a date; specify the last day as YYYY-MM-DD",
        "patch_report_exceptions[2].patch: is empty; specify a value, or omit it",
        "patch_report_exceptions[3].until: '2026-02-30' is not a date; specify the last day as YYYY-MM-DD",
    ]
