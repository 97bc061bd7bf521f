# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that is told of a fleet agrees: the records of nodes, their patches, groups, compliance and inventory."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.unit.simulator.fleet_site import BASELINE, Site
from ssmsim.model import shape

pytestmark = pytest.mark.skipif(
    "AvailableSecurityUpdateCount" not in shape("InstancePatchState")["members"],
    reason="the installed botocore does not know all of the counts",
)
COUNT = 300
GROUPS = ("Web Servers", "Database Servers")
STATES = {
    "InstalledCount": "installed",
    "InstalledOtherCount": "installedother",
    "InstalledPendingRebootCount": "installedpendingreboot",
    "InstalledRejectedCount": "installedrejected",
    "MissingCount": "missing",
    "FailedCount": "failed",
    "NotApplicableCount": "notapplicable",
    "AvailableSecurityUpdateCount": "availablesecurityupdate",
}
GROUP_STATES = {
    "InstancesWithInstalledPatches": "InstalledCount",
    "InstancesWithInstalledOtherPatches": "InstalledOtherCount",
    "InstancesWithInstalledPendingRebootPatches": "InstalledPendingRebootCount",
    "InstancesWithInstalledRejectedPatches": "InstalledRejectedCount",
    "InstancesWithMissingPatches": "MissingCount",
    "InstancesWithFailedPatches": "FailedCount",
    "InstancesWithNotApplicablePatches": "NotApplicableCount",
    "InstancesWithUnreportedNotApplicablePatches": "UnreportedNotApplicableCount",
    "InstancesWithAvailableSecurityUpdates": "AvailableSecurityUpdateCount",
    "InstancesWithCriticalNonCompliantPatches": "CriticalNonCompliantCount",
    "InstancesWithSecurityNonCompliantPatches": "SecurityNonCompliantCount",
    "InstancesWithOtherNonCompliantPatches": "OtherNonCompliantCount",
}
VERDICTS = ("CriticalNonCompliantCount", "SecurityNonCompliantCount", "OtherNonCompliantCount")
SEED: dict[str, Any] = {
    "baselines": [BASELINE],
    "fleet": {"count": COUNT, "available_security": 0.3, "rejected": 0.1, "connection_lost": 0},
}


@pytest.fixture(scope="module", params=["strict", "lenient"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site(request.param, **SEED)


@pytest.fixture(scope="module")
def states(site: Site) -> dict[str, dict[str, Any]]:
    return site.states()


def plain(state: str) -> str:
    return state.replace("_", "").lower()


def test_the_fleet_shows_what_is_compared(states: dict[str, dict[str, Any]]) -> None:
    """Each count and each verdict is positive somewhere, else the comparisons would say nothing."""
    for member in (*STATES, *VERDICTS):
        assert any(record[member] > 0 for record in states.values()), member


def test_patches_are_as_many_as_the_record_says(site: Site, states: dict[str, dict[str, Any]]) -> None:
    for instance_id, record in states.items():
        patches = site.patches(instance_id, MaxResults=100)
        counts = Counter(plain(patch["State"]) for patch in patches)
        assert {state: counts[state] for state in STATES.values()} == {
            state: record[member] for member, state in STATES.items()
        }
        assert len({patch["KBId"] for patch in patches}) == len(patches)


def test_groups_are_the_sum_of_their_nodes(site: Site, states: dict[str, dict[str, Any]]) -> None:
    for group in GROUPS:
        listed = list(
            site.pages(
                "DescribeInstancePatchStatesForPatchGroup", "InstancePatchStates", PatchGroup=group, MaxResults=50
            )
        )
        assert {record["InstanceId"]: record for record in listed} == {
            key: record for key, record in states.items() if record["PatchGroup"] == group
        }
        expected = {member: sum(record[count] > 0 for record in listed) for member, count in GROUP_STATES.items()}
        assert site.call("DescribePatchGroupState", PatchGroup=group) == {"Instances": len(listed)} | expected


def items_of(site: Site, instance_id: str) -> list[dict[str, Any]]:
    return list(site.pages("ListComplianceItems", "ComplianceItems", ResourceIds=[instance_id], MaxResults=50))


def test_items_are_the_patches_and_carry_the_verdict(site: Site, states: dict[str, dict[str, Any]]) -> None:
    for instance_id, record in list(states.items())[:60]:
        items = items_of(site, instance_id)
        patches = {patch["KBId"]: patch for patch in site.patches(instance_id, MaxResults=100)}
        assert {item["Id"]: plain(item["Details"]["PatchState"]) for item in items} == {
            kb: plain(patch["State"]) for kb, patch in patches.items()
        }
        lacking = [item for item in items if item["Status"] == "NON_COMPLIANT"]
        critical = [item for item in lacking if item["Severity"] == "CRITICAL"]
        security = [item for item in lacking if item["Details"]["Classification"].startswith("Security")]
        others = [item for item in lacking if item not in critical and item not in security]
        counts = (len(critical), len(security), len(others))
        assert counts == tuple(record[member] for member in VERDICTS)
        assert {item["Details"]["PatchBaselineId"] for item in items} == {record["BaselineId"]}


def summed(counts: dict[str, Any]) -> dict[str, int]:
    return {key.removesuffix("Count").upper(): value for key, value in counts["SeveritySummary"].items() if value}


def test_summaries_of_resources_are_the_sum_of_their_items(site: Site, states: dict[str, dict[str, Any]]) -> None:
    summaries = list(site.pages("ListResourceComplianceSummaries", "ResourceComplianceSummaryItems", MaxResults=50))
    assert {summary["ResourceId"] for summary in summaries} == set(states)
    for summary in summaries[:60]:
        items = items_of(site, summary["ResourceId"])
        for status, name in (("COMPLIANT", "Compliant"), ("NON_COMPLIANT", "NonCompliant")):
            expected = Counter(item["Severity"] for item in items if item["Status"] == status)
            assert summed(summary[f"{name}Summary"]) == expected
            assert summary[f"{name}Summary"][f"{name}Count"] == expected.total()
    for summary in summaries:
        lacks = any(states[summary["ResourceId"]][member] for member in VERDICTS)
        assert summary["Status"] == ("NON_COMPLIANT" if lacks else "COMPLIANT")
        assert (summary["NonCompliantSummary"]["NonCompliantCount"] > 0) == lacks


def test_the_summary_is_the_sum_of_the_resources(site: Site) -> None:
    resources = list(site.pages("ListResourceComplianceSummaries", "ResourceComplianceSummaryItems", MaxResults=50))
    (summary,) = site.call("ListComplianceSummaries")["ComplianceSummaryItems"]
    for status, name in (("COMPLIANT", "Compliant"), ("NON_COMPLIANT", "NonCompliant")):
        expected = Counter(entry["OverallSeverity"] for entry in resources if entry["Status"] == status)
        assert summed(summary[f"{name}Summary"]) == expected
        assert summary[f"{name}Summary"][f"{name}Count"] == expected.total() > 0
    assert expected["CRITICAL"] > 0


def inventory(site: Site, type_name: str) -> dict[str, list[dict[str, str]]]:
    entities = site.pages("GetInventory", "Entities", ResultAttributes=[{"TypeName": type_name}], MaxResults=50)
    return {entity["Id"]: entity["Data"][type_name]["Content"] for entity in entities if entity["Data"]}


def test_the_inventory_says_the_same_in_strings(site: Site, states: dict[str, dict[str, Any]]) -> None:
    summaries = inventory(site, "AWS:PatchSummary")
    assert set(summaries) == set(states)
    for instance_id, (summary,) in summaries.items():
        record = states[instance_id]
        for member in ("PatchGroup", "BaselineId", "SnapshotId", *VERDICTS, *list(STATES)[:-1]):
            assert summary[member] == str(record[member])
        assert all(isinstance(value, str) for value in summary.values())
    patches = inventory(site, "AWS:PatchCompliance")
    for instance_id in list(states)[:30]:
        assert Counter((row["KBId"], plain(row["State"])) for row in patches[instance_id]) == Counter(
            (patch["KBId"], plain(patch["State"])) for patch in site.patches(instance_id, MaxResults=100)
        )


def test_all_nodes_are_listed_and_the_silent_ones_have_no_record(site: Site, states: dict[str, dict[str, Any]]) -> None:
    listed = site.information()
    assert set(listed) == set(site.fleet.ids())
    assert len(listed) == COUNT
    assert len(states) == COUNT - 15
    assert set(inventory(site, "AWS:InstanceInformation")) == set(listed)
