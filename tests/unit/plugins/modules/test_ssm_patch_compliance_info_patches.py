# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_compliance_info: single patches, and what becomes of reads that are refused."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.client import Api
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.rows import (
    NONCOMPLIANT_STATES,
    PATCH_FIELDS,
    STATES,
)
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import (
    baseline,
    knows_available_updates,
    node,
    pages,
    plant,
)

MODULE = "ssm_patch_compliance_info"
PATCHES = "DescribeInstancePatches"
RELEASES = "DescribeAvailablePatches"
ALL_STATES = {
    "OperatingSystem": "WINDOWS",
    "InstalledCount": 20,
    "InstalledOtherCount": 8,
    "InstalledPendingRebootCount": 1,
    "InstalledRejectedCount": 2,
    "MissingCount": 3,
    "FailedCount": 4,
    "NotApplicableCount": 150,
    "AvailableSecurityUpdateCount": 5,
}


def read(account: Account, **args: Any) -> dict[str, Any]:
    account.clear_log()
    return account.run(MODULE, level="patches", **args)


def by_state(result: dict[str, Any]) -> dict[str, int]:
    return dict(Counter(row["state"] for row in result["patches"]))


def asked_states(account: Account) -> list[str | None]:
    return [(request.get("Filters") or [{"Values": [None]}])[0]["Values"][0] for request in account.inputs(PATCHES)]


def test_all_pages_of_a_node_with_many_patches_are_read(account: Account) -> None:
    plant(account, nodes=[node(1, InstalledCount=230, InstalledOtherCount=70)])

    result = read(account)

    assert by_state(result) == {"INSTALLED": 230, "INSTALLED_OTHER": 70}
    assert len({row["kb_id"] for row in result["patches"]}) == 300
    assert account.calls()[PATCHES] == 3


@knows_available_updates
def test_each_state_is_told_and_only_some_are_noncompliant(account: Account) -> None:
    plant(account, nodes=[node(1, **ALL_STATES)])
    every = read(account)
    counts = {"INSTALLED": 20, "INSTALLED_OTHER": 8, "INSTALLED_PENDING_REBOOT": 1, "INSTALLED_REJECTED": 2}
    counts |= {"MISSING": 3, "FAILED": 4, "NOT_APPLICABLE": 150, "AVAILABLE_SECURITY_UPDATE": 5}

    assert by_state(every) == counts
    assert {tuple(row) for row in every["patches"]} == {PATCH_FIELDS}
    lacking = read(account, only_noncompliant=True)
    assert by_state(lacking) == {state: counts[state] for state in NONCOMPLIANT_STATES}
    # One page for each of the four, where all patches are two.
    assert account.calls()[PATCHES] == 2
    for state in STATES:
        found = read(account, states=[state])
        assert by_state(found) == {state: counts[state]}
        assert found["summary"] == every["summary"]
        # What is not installed is listed besides, to be counted by severity.
        besides = {"MISSING", "FAILED"} - {state}
        assert account.calls()[PATCHES] == min(2, ceil(counts[state] / 100) + len(besides))
    chosen = ["NOT_APPLICABLE", "MISSING"]
    assert by_state(read(account, states=chosen, only_noncompliant=True)) == {"MISSING": 3}


@knows_available_updates
def test_available_security_updates_are_noncompliant_where_the_baseline_says_so(account: Account) -> None:
    strict = baseline("Web", system="WINDOWS", AvailableSecurityUpdatesComplianceStatus="NON_COMPLIANT")
    windows = {"OperatingSystem": "WINDOWS", "AvailableSecurityUpdateCount": 2}
    plant(account, strict, nodes=[node(1, "Web", **windows), node(2, **windows)])

    result = read(account, only_noncompliant=True)

    assert [row["instance_id"] for row in result["instances"]] == [node(1)["InstanceId"]]
    assert by_state(result) == {"AVAILABLE_SECURITY_UPDATE": 2}
    assert account.calls()[PATCHES] == 1


def test_a_state_that_an_old_botocore_leaves_out_is_refused(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Api, "input_members", lambda _api, _operation: frozenset({"Name"}))

    refused = account.fails(MODULE, level="patches", states=["AVAILABLE_SECURITY_UPDATE", "MISSING"])
    assert refused["violations"] == [
        "states: the installed botocore does not know AVAILABLE_SECURITY_UPDATE; install a newer boto3 and botocore"
    ]
    assert not account.calls()
    account.run(MODULE, level="patches", states=["MISSING"])


def test_only_nodes_that_have_what_is_asked_for_are_asked(account: Account) -> None:
    nodes = [
        node(1),
        node(2, MissingCount=1),
        node(3, FailedCount=1),
        node(4, Record="absent"),
        node(5, Record="blank"),
    ]
    plant(account, nodes=nodes)

    assert by_state(read(account, states=["MISSING"])) == {"MISSING": 1}
    asked = {request["InstanceId"]: request["Filters"][0]["Values"] for request in account.inputs(PATCHES)}
    assert asked == {node(2)["InstanceId"]: ["Missing"], node(3)["InstanceId"]: ["Failed"]}
    account.clear_log()
    read(account, states=["MISSING", "FAILED"])
    assert sorted(map(str, asked_states(account))) == ["Failed", "Missing"]
    read(account)
    assert asked_states(account) == [None] * 3


def test_the_rows_are_the_patches_that_aws_lists(account: Account) -> None:
    plant(account, count=60, connection_lost=0)
    result = read(account)

    found = Counter((row["instance_id"], row["kb_id"], row["state"]) for row in result["patches"])
    listed = Counter(
        (row["instance_id"], raw["KBId"], raw["State"].upper().replace("_", ""))
        for row in result["instances"]
        for raw in pages(account, PATCHES, "Patches", InstanceId=row["instance_id"])
    )
    assert Counter((one, kb, state.replace("_", "")) for one, kb, state in found.elements()) == listed
    assert result["patches"]
    for row in result["patches"]:
        assert not {"", -1} & {value for value in row.values() if not isinstance(value, list)}
        assert row["installed_time"] is None or row["state"].startswith("INSTALLED")
        assert bool(row["cve_ids"]) <= (row["state"] in ("MISSING", "FAILED"))


def test_severities_are_compared_without_case(account: Account) -> None:
    plant(account, nodes=[node(1, MissingCount=60)])
    every = read(account, states=["MISSING"])["patches"]
    severe = [row for row in every if row["severity"] in ("Critical", "Low")]

    assert read(account, states=["MISSING"], severities=["critical", "LOW"])["patches"] == severe
    assert 0 < len(severe) < len(every)


def test_release_dates_are_read_once_for_each_patch_that_a_windows_node_lacks(account: Account) -> None:
    lacks = {"OperatingSystem": "WINDOWS", "MissingCount": 25, "FailedCount": 5}
    plant(account, nodes=[node(1, **lacks), node(2, **lacks), node(3, MissingCount=9)])

    result = read(account)

    dates = {row["kb_id"]: row["release_date"] for row in result["patches"] if row["state"] in ("MISSING", "FAILED")}
    released = {raw["KbNumber"]: raw["ReleaseDate"] for raw in pages(account, RELEASES, "Patches")}
    windows = {kb: date for kb, date in dates.items() if kb.startswith("KB")}
    assert len(windows) == 30
    assert all(date and kb in released for kb, date in windows.items())
    assert {date for kb, date in dates.items() if kb not in windows} == {None}
    assert {row["release_date"] for row in result["patches"] if row["state"] == "INSTALLED"} == {None}
    asked = [request["Filters"][0]["Values"] for request in account.inputs(RELEASES)]
    assert sorted(map(len, asked)) == [10, 20]
    assert sorted(kb for part in asked for kb in part) == sorted(windows)


@pytest.mark.parametrize("code", ["AccessDeniedException", "InternalServerError"])
def test_release_dates_that_are_refused_are_a_gap(account: Account, code: str) -> None:
    plant(account, nodes=[node(1, OperatingSystem="WINDOWS", MissingCount=2)])
    account.faults({"op": RELEASES, "do": code})

    result = read(account)

    assert {row["release_date"] for row in result["patches"]} == {None}
    assert [(gap["action"], gap["code"]) for gap in result["gaps"]] == [(f"ssm:{RELEASES}", code)]
    assert result["gaps"][0]["scope"].startswith("release dates of KB")
    assert result["summary"]["noncompliant"] == 1


def test_denied_states_make_every_count_null_and_are_not_asked_for_again(account: Account) -> None:
    plant(account, baseline("Web"), nodes=[node(number, "Web") for number in range(1, 301)])
    account.faults({"op": "DescribeInstancePatchStates", "do": "AccessDeniedException"})

    result = account.run(MODULE, level="instances", concurrency=1)

    unknown = {name for name, value in result["summary"].items() if value is None}
    assert unknown == set(result["summary"]) - {"managed"}
    assert result["summary"]["managed"] == 300
    assert {tuple(set(group.values()) - {"Web"}) for group in result["groups"]} == {(None,)}
    assert {row["status"] for row in result["instances"]} == {None}
    assert {row["missing_count"] for row in result["instances"]} == {None}
    (gap,) = result["gaps"]
    assert gap["scope"].startswith("patch states of i-")
    assert gap["scope"].endswith(" and 290 more")
    assert "Allow the action ssm:DescribeInstancePatchStates" in result["warnings"][0]
    assert account.calls()["DescribeInstancePatchStates"] <= 2


def test_states_of_some_nodes_that_are_refused_spoil_only_what_they_belong_to(account: Account) -> None:
    plant(account, nodes=[node(number, "Web" if number < 50 else "Db") for number in range(1, 100)])
    account.faults({"op": "DescribeInstancePatchStates", "do": "InternalServerError", "times": 10})

    result = account.run(MODULE, level="instances", patch_groups=["Web", "Db"], concurrency=1)

    assert (result["summary"]["managed"], result["summary"]["compliant"]) == (99, None)
    known = [row for row in result["instances"] if row["status"]]
    assert len(known) in (49, 50)
    assert len(result["gaps"]) == 1


def test_a_denied_group_may_have_more_nodes_and_tells_no_count(account: Account) -> None:
    plant(account, nodes=[node(1, "Web"), node(2, PatchGroup="Web"), node(3, "Db")])
    account.faults({"op": "DescribeInstancePatchStatesForPatchGroup", "do": "AccessDeniedException", "times": 1})

    result = account.run(MODULE, level="instances", patch_groups=["Web"])

    assert {name: value for name, value in result["summary"].items() if value is not None} == {}
    assert [row["instance_id"] for row in result["instances"]] == [node(1)["InstanceId"]]
    assert result["gaps"][0]["scope"] == "nodes by their last report of Web"


def test_denied_patch_groups_leave_the_summary_as_it_is(account: Account) -> None:
    plant(account, baseline("Db"), nodes=[node(1, "Web"), node(2, "Db", Record="absent")])
    account.faults({"op": "DescribePatchGroups", "do": "AccessDeniedException"})

    result = account.run(MODULE)

    assert (result["summary"]["managed"], result["summary"]["compliance_percent"]) == (2, 50.0)
    assert {group["patch_group"]: group["managed"] for group in result["groups"]} == {"Web": None, None: None}


@knows_available_updates
def test_a_denied_baseline_leaves_open_what_depends_on_it(account: Account) -> None:
    windows = {"OperatingSystem": "WINDOWS", "AvailableSecurityUpdateCount": 2}
    plant(account, nodes=[node(1), node(2, **windows), node(3, **windows, MissingCount=1)])
    account.faults({"op": "GetPatchBaseline", "do": "AccessDeniedException"})

    result = account.run(MODULE, level="instances", only_noncompliant=True)

    summary = result["summary"]
    assert (summary["compliant"], summary["noncompliant"], summary["compliance_percent"]) == (None, None, None)
    assert (summary["managed"], summary["failed"], summary["never_scanned"]) == (3, 0, 0)
    # What may be noncompliant stays in the list.
    assert {row["instance_id"]: row["status"] for row in result["instances"]} == {
        node(2)["InstanceId"]: None,
        node(3)["InstanceId"]: "noncompliant",
    }
    assert result["gaps"][0]["action"] == "ssm:GetPatchBaseline"


def test_patches_of_a_node_that_does_not_answer_are_a_gap(account: Account) -> None:
    lost = node(2, MissingCount=1, PingStatus="ConnectionLost")
    plant(account, nodes=[node(1, MissingCount=1), lost])

    result = read(account, states=["MISSING"])

    assert result["summary"]["noncompliant"] == 2
    if account.profile == "strict":
        assert [gap["scope"] for gap in result["gaps"]] == [f"patches of {lost['InstanceId']}"]
        assert result["gaps"][0]["code"] == "InvalidInstanceId"
    else:
        assert result["gaps"] == []
        assert by_state(result) == {"MISSING": 2}


def test_denied_instances_of_ec2_leave_unmanaged_open(account: Account) -> None:
    plant(account, nodes=[node(1, "Web")])
    account.simulator.set_policies(
        {
            "*": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}],
            }
        }
    )

    result = account.run(MODULE, include_unmanaged=True)

    assert (result["summary"]["managed"], result["summary"]["unmanaged"]) == (1, None)
    (gap,) = result["gaps"]
    assert (gap["action"], gap["code"], gap["scope"]) == (
        "ec2:DescribeInstances",
        "UnauthorizedOperation",
        "unmanaged instances",
    )
    assert "Allow the action ec2:DescribeInstances" in result["warnings"][0]


@pytest.mark.parametrize("disturbance", ["repeat", "shuffle", "blank"])
def test_pages_that_come_otherwise_say_the_same(account: Account, disturbance: str) -> None:
    plant(account, baseline("Web Servers"), count=120, connection_lost=0)
    args = {"level": "patches", "only_noncompliant": True, "patch_groups": ["Web Servers"]}
    quiet = account.run(MODULE, **args)
    account.faults({"op": "Describe*", "do": disturbance, "rate": 0.5})

    disturbed = account.run(MODULE, **args)

    assert (disturbed["summary"], disturbed["groups"]) == (quiet["summary"], quiet["groups"])
    for rows in ("instances", "patches"):
        told = [
            sorted(str({**row, "last_ping_time": None}.items()) for row in result[rows])
            for result in (quiet, disturbed)
        ]
        assert told[0] == told[1]


@pytest.mark.parametrize("operation", ["DescribeInstanceInformation", "DescribeInstancePatchStates", PATCHES])
def test_credentials_that_expire_end_it(account: Account, operation: str) -> None:
    plant(account, nodes=[node(number, MissingCount=1) for number in range(1, 90)])
    account.faults({"op": operation, "do": "ExpiredTokenException", "after": 1})

    failed = account.fails(MODULE, level="patches")

    assert f"ssm:{operation} failed" in failed["msg"]
    assert failed["error"]["code"] == "ExpiredTokenException"
    assert "summary" not in failed


def test_nodes_that_cannot_be_listed_are_an_error(account: Account) -> None:
    plant(account, nodes=[node(1)])
    account.faults({"op": "DescribeInstanceInformation", "do": "AccessDeniedException"})

    assert "Allow the action ssm:DescribeInstanceInformation" in account.fails(MODULE)["msg"]


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("DescribeInstanceInformation", "InstanceInformationList"),
        ("DescribeInstancePatchStates", "InstancePatchStates"),
        ("DescribePatchGroups", "Mappings"),
        ("DescribePatchBaselines", "BaselineIdentities"),
        (PATCHES, "Patches"),
    ],
)
def test_an_answer_that_lacks_its_list_is_a_gap_unless_it_lists_the_nodes(
    account: Account, operation: str, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(account, nodes=[node(1, MissingCount=1)])
    real = account.simulator.execute

    def execute(called: str, region: str, number: str, body: Any) -> dict[str, Any]:
        answer = real(called, region, number, body)
        return {name: value for name, value in answer.items() if called != operation or name != member}

    monkeypatch.setattr(account.simulator, "execute", execute)
    if operation == "DescribeInstanceInformation":
        assert f"ssm:{operation} failed" in account.fails(MODULE, level="patches")["msg"]
        return
    result = account.run(MODULE, level="patches")
    assert f"ssm:{operation}" in [gap["action"] for gap in result["gaps"]]
    assert any(f"ssm:{operation} failed" in text for text in result["warnings"])
