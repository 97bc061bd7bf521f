# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as compliant, told from single answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance import rows
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 10, tzinfo=UTC)
WEEK = timedelta(days=7)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COUNTS = (
    "InstalledCount",
    "InstalledOtherCount",
    "InstalledPendingRebootCount",
    "InstalledRejectedCount",
    "MissingCount",
    "FailedCount",
    "NotApplicableCount",
    "AvailableSecurityUpdateCount",
)
OF_STATE = dict(
    zip(
        ("INSTALLED", "INSTALLED_OTHER", "INSTALLED_PENDING_REBOOT", "INSTALLED_REJECTED", "MISSING", "FAILED"),
        COUNTS,
        strict=False,
    )
) | {"NOT_APPLICABLE": "NotApplicableCount", "AVAILABLE_SECURITY_UPDATE": "AvailableSecurityUpdateCount"}


def state(days_ago: float = 1, **members: Any) -> dict[str, Any]:
    """A patch state of AWS, of a node on which nothing is wrong."""
    ended = NOW - timedelta(days=days_ago)
    return {
        "InstanceId": "i-0123456789abcdef0",
        "PatchGroup": "Web",
        "BaselineId": "pb-0123456789abcdef0",
        "Operation": "Scan",
        "OperationStartTime": ended,
        "OperationEndTime": ended,
        **dict.fromkeys(COUNTS, 0),
        "CriticalNonCompliantCount": 0,
        "SecurityNonCompliantCount": 0,
        "OtherNonCompliantCount": 0,
        **members,
    }


def verdict(
    raw: dict[str, Any], available_counts: bool | None = False, assigns_levels: bool | None = True
) -> rows.Verdict:
    return rows.judge(rows.report_of(raw), NOW, WEEK, available_counts, assigns_levels)


BLANK = state(MissingCount=-1, OperationStartTime=EPOCH, OperationEndTime=EPOCH, PatchGroup="", Operation="")


@pytest.mark.parametrize(
    ("raw", "status", "counted"),
    [
        (state(), "compliant", {"compliant"}),
        (state(InstalledCount=9, InstalledOtherCount=9, NotApplicableCount=999), "compliant", {"compliant"}),
        (state(MissingCount=1), "noncompliant", {"noncompliant"}),
        (state(InstalledRejectedCount=1), "noncompliant", {"noncompliant"}),
        (state(FailedCount=1), "failed", {"noncompliant", "failed"}),
        (state(FailedCount=1, MissingCount=1), "failed", {"noncompliant", "failed"}),
        (state(InstalledPendingRebootCount=1), "pending_reboot", {"noncompliant", "pending_reboot"}),
        (
            state(InstalledPendingRebootCount=1, SecurityNonCompliantCount=1),
            "pending_reboot",
            {"noncompliant", "pending_reboot", "security_noncompliant"},
        ),
        (state(InstalledPendingRebootCount=1, MissingCount=2), "noncompliant", {"noncompliant", "pending_reboot"}),
        (
            state(MissingCount=1, CriticalNonCompliantCount=1),
            "noncompliant",
            {"noncompliant", "critical_noncompliant"},
        ),
        # AWS says so, whatever the reason.
        (state(OtherNonCompliantCount=1), "noncompliant", {"noncompliant"}),
        (state(8), "stale", {"stale"}),
        (state(7), "compliant", {"compliant"}),
        (state(8, MissingCount=1), "noncompliant", {"noncompliant", "stale"}),
        (BLANK, "never_scanned", {"never_scanned"}),
        (state(MissingCount=-1), "never_scanned", {"never_scanned"}),
        (state(OperationEndTime=EPOCH), "never_scanned", {"never_scanned"}),
        ({"InstanceId": "i-0123456789abcdef0"}, "never_scanned", {"never_scanned"}),
    ],
)
def test_the_status_is_the_most_urgent_of_what_holds(raw: dict[str, Any], status: str, counted: set[str]) -> None:
    found = verdict(raw)

    assert (found.status, found.counted) == (status, {"managed", *counted})
    assert not found.unknown


@pytest.mark.parametrize(
    ("counts", "days", "status", "compliant", "noncompliant"),
    [
        (True, 1, "noncompliant", False, True),
        (False, 1, "compliant", True, False),
        (None, 1, None, None, None),
        # Stale is not compliant, whatever the baseline says.
        (None, 8, None, False, None),
        (False, 8, "stale", False, False),
    ],
)
def test_the_baseline_decides_about_available_security_updates(
    counts: bool | None, days: int, status: str | None, compliant: bool | None, noncompliant: bool | None
) -> None:
    found = verdict(state(days, AvailableSecurityUpdateCount=3), counts)

    assert found.status == status
    assert (found.holds("compliant"), found.holds("noncompliant")) == (compliant, noncompliant)


def test_what_is_noncompliant_anyway_needs_no_baseline() -> None:
    found = verdict(state(AvailableSecurityUpdateCount=3, MissingCount=1), None)

    assert (found.status, found.holds("noncompliant"), found.unknown) == ("noncompliant", True, frozenset())


def test_what_the_service_fills_in_for_nodes_that_never_reported_is_null() -> None:
    assert rows.report_of({**BLANK, **dict.fromkeys(COUNTS, -1), "BaselineId": ""}) == {
        **rows.NO_REPORT,
        "critical_noncompliant_count": 0,
        "security_noncompliant_count": 0,
        "other_noncompliant_count": 0,
    }


def test_the_owner_information_is_not_told() -> None:
    row = rows.instance_row(rows.Facts("i-1"), [], rows.report_of(state(OwnerInformation="secret")), verdict(state()))

    assert "secret" not in str(row)
    assert tuple(row) == rows.INSTANCE_FIELDS


@pytest.mark.parametrize(
    ("critical", "assigns_levels", "graded", "counts_critical", "ungraded"),
    [
        (0, True, True, False, False),
        (2, True, True, True, False),
        (0, False, False, False, True),
        # A count of critical patches proves that there were levels when the node reported.
        (2, False, True, True, False),
        (2, None, True, True, False),
        (0, None, None, None, None),
    ],
)
def test_a_node_is_graded_where_its_baseline_assigns_levels(
    critical: int,
    assigns_levels: bool | None,
    graded: bool | None,
    counts_critical: bool | None,
    ungraded: bool | None,
) -> None:
    found = verdict(state(MissingCount=3, CriticalNonCompliantCount=critical), assigns_levels=assigns_levels)

    assert found.is_graded is graded
    assert (found.holds("critical_noncompliant"), found.holds("ungraded")) == (counts_critical, ungraded)
    row = rows.instance_row(rows.Facts("i-1"), [], rows.report_of(state(CriticalNonCompliantCount=critical)), found)
    assert row["critical_noncompliant_count"] == (critical if graded else None)
    assert (found.status, found.holds("noncompliant")) == ("noncompliant", True)


def test_nodes_with_critical_patches_are_counted_among_those_that_are_graded() -> None:
    critical = state(MissingCount=1, CriticalNonCompliantCount=1)
    graded, ungraded = verdict(critical), verdict(state(MissingCount=1), assigns_levels=False)
    totals = rows.Totals()
    for found, value in ((rows.NEVER_SCANNED, None), (ungraded, None), (graded, 1), (verdict(state()), 1)):
        totals.add(found)
        assert totals.counts()["critical_noncompliant"] == value
    assert totals.counts()["ungraded"] == 1
    totals.add(verdict(state(), assigns_levels=None))
    assert (totals.counts()["critical_noncompliant"], totals.counts()["ungraded"]) == (None, None)


def test_missing_patches_are_counted_by_severity_whatever_the_baseline() -> None:
    totals = rows.Totals(with_patches=True)
    totals.add(verdict(state(), assigns_levels=False), {"Critical": 2, "Required": 1})
    totals.add(rows.NEVER_SCANNED, {})
    assert totals.counts()["missing_by_severity"] == {**dict.fromkeys(rows.SEVERITIES, 0), "Critical": 2, "Required": 1}
    totals.add(verdict(state()), None)
    assert totals.counts()["missing_by_severity"] is None
    assert "missing_by_severity" not in rows.Totals().counts()


@pytest.mark.parametrize(
    ("text", "name"),
    [("critical", "Critical"), ("CRITICAL", "Critical"), ("", "Unspecified"), (None, "Unspecified"), ("None", "None")],
)
def test_the_word_of_a_severity(text: str | None, name: str) -> None:
    assert rows.severity_of({"Severity": text}) == name


counts = st.integers(0, 250)
reports = st.builds(
    lambda days, numbers, graded: state(days, **dict(zip(COUNTS, numbers, strict=True)), **graded),
    st.floats(0, 20),
    st.tuples(*[st.one_of(st.just(0), counts)] * len(COUNTS)),
    st.fixed_dictionaries({"CriticalNonCompliantCount": st.integers(0, 2), "SecurityNonCompliantCount": st.just(0)}),
)


@given(st.lists(st.tuples(reports, st.sampled_from([True, False, None])), max_size=12))
def test_counts_fit_together(fleet: list[tuple[dict[str, Any], bool | None]]) -> None:
    totals = rows.Totals()
    verdicts = [verdict(raw, counts_available) for raw, counts_available in fleet]
    for one in verdicts:
        totals.add(one)
    told = totals.counts()
    known = [one for one in verdicts if not one.unknown]

    assert told["managed"] == len(fleet)
    for one in known:
        assert one.status in {"compliant", "noncompliant", "failed", "pending_reboot", "never_scanned", "stale"}
        assert one.holds("compliant") == (one.status == "compliant")
        assert not (one.holds("compliant") and (one.holds("noncompliant") or one.holds("stale")))
    assert (told["noncompliant"] is None) == any("noncompliant" in one.unknown for one in verdicts)
    assert told["failed"] == sum(raw["FailedCount"] > 0 for raw, _counts in fleet)
    assert told["stale"] == sum(raw["OperationEndTime"] < NOW - WEEK for raw, _counts in fleet)
    if told["compliance_percent"] is not None:
        assert (told["compliance_percent"] == 100) == (told["compliant"] == told["managed"])
        assert told["compliance_percent"] <= told["compliant"] / told["managed"] * 100


@pytest.mark.parametrize(
    ("compliant", "managed", "percent"),
    [(0, 0, None), (0, 3, 0.0), (2, 3, 66.66), (99_999, 100_000, 99.99), (7, 7, 100.0)],
)
def test_the_percentage_is_rounded_down(compliant: int, managed: int, percent: float | None) -> None:
    totals = rows.Totals()
    for number in range(managed):
        totals.add(verdict(state()) if number < compliant else rows.NEVER_SCANNED)

    assert totals.counts()["compliance_percent"] == percent


def test_a_count_that_was_not_read_is_null_and_never_zero() -> None:
    totals = rows.Totals()
    totals.add(verdict(state()))
    totals.add(rows.UNREAD)

    told = totals.counts({"unmanaged"})
    assert told.pop("managed") == 2
    assert set(told.values()) == {None}


def test_what_is_not_managed_counts_for_nothing_else() -> None:
    totals = rows.Totals()
    totals.add(rows.UNMANAGED)

    unknown = {"critical_noncompliant": None, "compliance_percent": None}
    assert totals.counts() == {**dict.fromkeys(rows.SUMMARY, 0), "unmanaged": 1, **unknown}


@given(reports, st.none() | st.sets(st.sampled_from(rows.STATES)))
def test_the_listings_show_every_patch_that_is_wanted_in_the_fewest_pages(
    raw: dict[str, Any], wanted: set[str] | None
) -> None:
    asked = rows.listings(rows.report_of(raw), wanted)
    there = {name: raw[member] for name, member in OF_STATE.items() if raw[member]}
    needed = {name: count for name, count in there.items() if wanted is None or name in wanted}

    assert set(asked) == set(needed) or asked == [None]
    pages = {None: ceil(sum(there.values()) / 100), **{name: ceil(count / 100) for name, count in there.items()}}
    assert sum(pages[one] for one in asked) <= min(pages[None], sum(pages[name] for name in needed))


def test_patches_of_a_node_whose_state_is_unknown_are_all_listed() -> None:
    assert rows.listings(None, {"MISSING"}) == [None]
    assert rows.listings(rows.NO_REPORT, None) == []


@pytest.mark.parametrize("name", rows.STATES)
def test_a_state_is_the_same_in_all_spellings(name: str) -> None:
    camel = "".join(word.capitalize() for word in name.split("_"))

    assert [rows.state_of({"State": one}) for one in (name, camel, name.lower())] == [name] * 3
    assert rows.state_filter(name) == [{"Key": "State", "Values": [camel]}]


def test_a_state_that_is_new_stays_as_it_is() -> None:
    assert rows.state_of({"State": "Quarantined"}) == "Quarantined"


@pytest.mark.parametrize("text", ["CVE-2026-1,CVE-2026-2", "CVE-2026-1, CVE-2026-2", " CVE-2026-1 ,CVE-2026-2,"])
def test_vulnerabilities_are_a_list(text: str) -> None:
    node = {"instance_id": "i-1", "name": None, "patch_group": None, "baseline_id": None}

    row = rows.patch_row(node, {"State": "MISSING", "CVEIds": text})

    assert row["cve_ids"] == ["CVE-2026-1", "CVE-2026-2"]
    assert tuple(row) == rows.PATCH_FIELDS


def test_an_instance_of_ec2_is_in_the_groups_of_its_tags() -> None:
    tags = [{"Key": "Patch Group", "Value": "B"}, {"Key": "PatchGroup", "Value": "A"}, {"Key": "Name", "Value": "web"}]
    facts, groups = rows.unmanaged_facts({"InstanceId": "i-1", "Tags": tags})

    assert (facts.instance_id, facts.name, groups) == ("i-1", "web", ("A", "B"))
    assert rows.unmanaged_facts({"InstanceId": "i-1"}) == (rows.Facts("i-1", resource_type="EC2Instance"), ())
