# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Scan and an Install do to a node, and how its patches keep their identity meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.effort import example_count
from ansible_collections.patchfleet.aws.tests.unit.simulator.fleet_site import Site
from hypothesis import given, settings
from hypothesis import strategies as st
from ssmsim.fleet import Outcome

NODE = "i-0123456789abcdef0"
HYBRID = "mi-0123456789abcdef0"
WHEN = datetime(2026, 1, 20, 22, 0, tzinfo=UTC)
COUNTS = {
    "MissingCount": 3,
    "FailedCount": 1,
    "InstalledPendingRebootCount": 2,
    "InstalledRejectedCount": 1,
    "InstalledCount": 10,
    "InstalledOtherCount": 4,
}
REPORTED = ("SnapshotId", "OperationStartTime", "OperationEndTime")


def site_of(**node: Any) -> Site:
    """A node under a baseline that blocks what it rejects."""
    system = node.get("OperatingSystem", "WINDOWS")
    blocking = {"Name": "Blocking", "OperatingSystem": system, "Default": True, "RejectedPatchesAction": "BLOCK"}
    return Site(baselines=[blocking], fleet={"nodes": [{"InstanceId": NODE, "OperatingSystem": system} | node]})


def operate(site: Site, operation: str, reboot_option: str = "NoReboot", **changes: Any) -> Outcome:
    given = {"when": WHEN, "snapshot_id": "snapshot", "execution_id": "execution"} | changes
    return site.fleet.operate(NODE, operation, reboot_option=reboot_option, **given)


def record(site: Site) -> dict[str, Any]:
    return site.states()[NODE]


def counted(site: Site) -> tuple[int, ...]:
    """Missing, failed, pending, rejected, installed and others."""
    found = record(site)
    return tuple(found[member] for member in COUNTS)


def in_state(site: Site, *states: str) -> set[str]:
    return {patch["KBId"] for patch in site.patches(NODE) if patch["State"] in states}


def test_a_scan_changes_nothing_but_the_report() -> None:
    site = site_of(**COUNTS)
    before, patches = record(site), site.patches(NODE)
    assert operate(site, "Scan").success
    found = record(site)
    assert {**found, **{key: before[key] for key in (*REPORTED, "MissingCount", "FailedCount")}} == before
    assert {patch["KBId"] for patch in site.patches(NODE)} == {patch["KBId"] for patch in patches}
    assert (found["Operation"], found["SnapshotId"], found["OperationEndTime"]) == (
        "Scan",
        "snapshot",
        WHEN.timestamp(),
    )


def test_what_an_installation_failed_on_is_missing_to_the_next_scan() -> None:
    site = site_of(**COUNTS, Failing=True)
    lacking = in_state(site, "Missing", "Failed")
    operate(site, "Install")
    assert in_state(site, "Failed") == lacking
    operate(site, "Scan", when=WHEN + timedelta(days=1))
    assert (in_state(site, "Missing"), in_state(site, "Failed")) == (lacking, set())
    operate(site, "Install", when=WHEN + timedelta(days=2))
    assert in_state(site, "Failed") == lacking


def test_rejected_patches_are_others_unless_the_baseline_blocks_them() -> None:
    site = site_of(**COUNTS)
    (own,) = site.call("DescribePatchBaselines", Filters=[{"Key": "OWNER", "Values": ["Self"]}])["BaselineIdentities"]
    operate(site, "Scan")
    assert (record(site)["InstalledRejectedCount"], record(site)["InstalledOtherCount"]) == (1, 4)
    site.call("UpdatePatchBaseline", BaselineId=own["BaselineId"], RejectedPatchesAction="ALLOW_AS_DEPENDENCY")
    operate(site, "Scan")
    assert (record(site)["InstalledRejectedCount"], record(site)["InstalledOtherCount"]) == (0, 5)


def test_a_scan_is_no_install_without_reboot() -> None:
    site = site_of(MissingCount=3)
    operate(site, "Scan")
    assert "LastNoRebootInstallOperationTime" not in record(site)


def test_an_install_without_reboot_leaves_all_pending() -> None:
    site = site_of(**COUNTS)
    lacking = in_state(site, "Missing", "Failed", "InstalledPendingReboot")
    installed = in_state(site, "Installed")
    outcome = operate(site, "Install")
    assert (outcome.success, outcome.exit_code) == (True, 0)
    assert counted(site) == (0, 0, 6, 1, 10, 4)
    assert in_state(site, "InstalledPendingReboot") == lacking
    assert in_state(site, "Installed") == installed
    assert record(site)["LastNoRebootInstallOperationTime"] < record(site)["OperationEndTime"]


def test_an_install_with_reboot_ends_what_is_pending() -> None:
    site = site_of(**COUNTS)
    lacking = in_state(site, "Missing", "Failed", "InstalledPendingReboot")
    installed, rejected = in_state(site, "Installed"), in_state(site, "InstalledRejected")
    assert operate(site, "Install", "RebootIfNeeded").success
    assert counted(site) == (0, 0, 0, 1, 16, 4)
    assert in_state(site, "Installed") == installed | lacking
    assert in_state(site, "InstalledRejected") == rejected
    fresh = {patch["KBId"] for patch in site.patches(NODE) if patch["InstalledTime"] == WHEN.timestamp()}
    assert fresh == lacking


def test_a_reboot_after_an_install_without_one() -> None:
    site = site_of(**COUNTS)
    operate(site, "Install")
    pending = in_state(site, "InstalledPendingReboot")
    operate(site, "Install", "RebootIfNeeded", when=WHEN + timedelta(days=1))
    assert counted(site) == (0, 0, 0, 1, 16, 4)
    assert pending <= in_state(site, "Installed")


@pytest.mark.parametrize(("system", "code"), [("WINDOWS", -1), ("UBUNTU", 1)])
def test_a_failing_node_goes_on_failing(system: str, code: int) -> None:
    site = site_of(**COUNTS, Failing=True, OperatingSystem=system)
    lacking = in_state(site, "Missing", "Failed")
    for day in range(2):
        outcome = operate(site, "Install", "RebootIfNeeded", when=WHEN + timedelta(days=day))
        assert (outcome.success, outcome.exit_code) == (False, code)
        assert counted(site) == (0, 4, 0, 1, 12, 4)
        assert in_state(site, "Failed") == lacking
    assert operate(site, "Scan").success


def test_a_failing_node_with_nothing_to_install_does_not_fail() -> None:
    site = site_of(Failing=True)
    assert operate(site, "Install", "RebootIfNeeded").success


def test_an_override_leaves_the_record_until_the_next_scan() -> None:
    site = site_of(**COUNTS)
    before, patches = record(site), site.patches(NODE)
    assert operate(site, "Install", "RebootIfNeeded", overridden=True).success
    assert record(site) == before
    assert site.patches(NODE) == patches
    operate(site, "Scan", when=WHEN + timedelta(days=1))
    assert counted(site) == (0, 0, 0, 1, 16, 4)


@pytest.mark.parametrize("kept", ["absent", "blank"])
def test_a_node_reports_with_its_first_scan(kept: str) -> None:
    site = site_of(**COUNTS, Record=kept, Tags={"PatchGroup": "Web"})
    assert site.states().keys() == ({NODE} if kept == "blank" else set())
    assert site.patches(NODE) == []
    assert site.call("DescribePatchGroupState", PatchGroup="Web")["Instances"] == 0
    operate(site, "Scan")
    assert (record(site)["PatchGroup"], record(site)["MissingCount"]) == ("Web", 4)
    assert site.call("DescribePatchGroupState", PatchGroup="Web")["InstancesWithMissingPatches"] == 1


def test_the_baseline_is_that_of_the_moment() -> None:
    site = Site(fleet={"nodes": [{"InstanceId": NODE, "OperatingSystem": "WINDOWS", "Tags": {"PatchGroup": "Web"}}]})
    first = record(site)["BaselineId"]
    assert first == site.call("GetDefaultPatchBaseline")["BaselineId"].rpartition("/")[2]
    own = site.call("CreatePatchBaseline", Name="Production", OperatingSystem="WINDOWS")["BaselineId"]
    site.call("RegisterPatchBaselineForPatchGroup", BaselineId=own, PatchGroup="Web")
    assert record(site)["BaselineId"] == first
    operate(site, "Scan")
    assert record(site)["BaselineId"] == own
    site.call("DeregisterPatchBaselineForPatchGroup", BaselineId=own, PatchGroup="Web")
    site.call("DeletePatchBaseline", BaselineId=own)
    assert record(site)["BaselineId"] == own


def test_an_updated_baseline_counts_from_the_next_report_on() -> None:
    rules = [
        {
            "PatchFilterGroup": {"PatchFilters": [{"Key": "CLASSIFICATION", "Values": ["SecurityUpdates"]}]},
            "ApproveAfterDays": 7,
        }
    ]
    baseline = {"Name": "Production", "PatchGroups": ["Web"], "ApprovalRules": {"PatchRules": rules}}
    site = Site(
        baselines=[baseline],
        fleet={"nodes": [{"InstanceId": NODE, "OperatingSystem": "WINDOWS", "Tags": {"PatchGroup": "Web"}, **COUNTS}]},
    )
    found = record(site)
    assert found["CriticalNonCompliantCount"] == 0 < found["SecurityNonCompliantCount"]
    critical = [rules[0] | {"ComplianceLevel": "CRITICAL"}]
    site.call("UpdatePatchBaseline", BaselineId=found["BaselineId"], ApprovalRules={"PatchRules": critical})
    assert record(site) == found
    operate(site, "Scan")
    # A critical security patch is both; a rejected patch is no longer one of them.
    lost = record(site)["SecurityNonCompliantCount"]
    assert record(site)["CriticalNonCompliantCount"] == lost == found["SecurityNonCompliantCount"] - 1


def test_a_node_moves_to_another_group_with_its_next_report() -> None:
    site = Site(fleet={"nodes": [{"InstanceId": HYBRID, "Tags": {"PatchGroup": "Old"}, **COUNTS}]})
    tag = {"Key": "PatchGroup", "Value": "New"}
    site.call("AddTagsToResource", ResourceType="ManagedInstance", ResourceId=HYBRID, Tags=[tag])

    def sizes() -> list[int]:
        return [site.call("DescribePatchGroupState", PatchGroup=group)["Instances"] for group in ("Old", "New")]

    assert sizes() == [1, 0]
    site.fleet.operate(HYBRID, "Scan", reboot_option="NoReboot", when=WHEN, snapshot_id="s", execution_id="e")
    assert sizes() == [0, 1]


def test_a_node_that_is_planted_again_counts_once() -> None:
    site = site_of(**COUNTS, Tags={"PatchGroup": "Old"})
    site.simulator.plant({"fleet": {"nodes": [{"InstanceId": NODE, "Tags": {"PatchGroup": "New"}}]}})
    groups = [site.call("DescribePatchGroupState", PatchGroup=group)["Instances"] for group in ("Old", "New")]
    assert (groups, len(site.fleet)) == ([0, 1], 1)


def test_an_install_everywhere() -> None:
    site = Site(fleet={"count": 60, "failed": 0.1})
    failing = {node.instance_id for node in site.fleet if node.failing}
    lacking = {key for key, state in site.states().items() if state["MissingCount"] or state["FailedCount"]}
    for instance_id in site.fleet.ids():
        site.fleet.operate(
            instance_id, "Install", reboot_option="RebootIfNeeded", when=WHEN, snapshot_id="s", execution_id="e"
        )
    states = site.states()
    assert len(states) == len(site.fleet)
    assert not any(state["MissingCount"] or state["InstalledPendingRebootCount"] for state in states.values())
    assert {key for key, state in states.items() if state["FailedCount"]} == failing < lacking
    resources = site.pages("ListResourceComplianceSummaries", "ResourceComplianceSummaryItems")
    rejected = {key for key, state in states.items() if state["InstalledRejectedCount"]}
    grave = {entry["ResourceId"] for entry in resources if entry["Status"] == "NON_COMPLIANT"}
    assert grave == failing | rejected


def test_the_output_is_the_summary_of_the_document() -> None:
    text = operate(site_of(**COUNTS), "Scan").stdout
    for part in (NODE, "OperationType", "MissingCount                 : 4", "FailedCount                  : 0"):
        assert part in text


def test_an_unknown_node_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        Site().fleet.operate(
            NODE, "Scan", reboot_option="NoReboot", when=WHEN, snapshot_id="snapshot", execution_id="execution"
        )


@settings(max_examples=example_count(40))
@given(
    st.tuples(*(st.integers(0, 4) for _ in range(3))),
    st.booleans(),
    st.lists(
        st.sampled_from([("Scan", "NoReboot"), ("Install", "NoReboot"), ("Install", "RebootIfNeeded")]), max_size=5
    ),
)
def test_no_operation_loses_or_invents_a_patch(
    counts: tuple[int, ...], failing: bool, operations: list[tuple[str, str]]
) -> None:
    lacking = dict(zip(("MissingCount", "FailedCount", "InstalledPendingRebootCount"), counts, strict=True))
    site = site_of(**lacking, Failing=failing)
    everything = {patch["KBId"] for patch in site.patches(NODE)}
    for number, (operation, reboot_option) in enumerate(operations):
        done = in_state(site, "Installed")
        operate(site, operation, reboot_option, when=WHEN + timedelta(hours=number))
        assert {patch["KBId"] for patch in site.patches(NODE)} == everything
        assert done <= in_state(site, "Installed")
    assert len(site.patches(NODE)) == len(everything)
