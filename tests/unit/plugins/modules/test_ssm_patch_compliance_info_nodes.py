# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_compliance_info: which nodes, how they count, how often AWS is asked."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance.rows import INSTANCE_FIELDS, SEVERITIES
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import (
    GRADED,
    baseline,
    expected,
    knows_available_updates,
    node,
    plant,
)
from ssmsim.errors import ServiceError

MODULE = "ssm_patch_compliance_info"
NODES = "DescribeInstanceInformation"
STATES = "DescribeInstancePatchStates"
OF_GROUP = "DescribeInstancePatchStatesForPatchGroup"
GROUPS = "DescribePatchGroups"
WEB = ["Web"]
# What is read of the one baseline that judged the nodes.
BASELINE = {"DescribePatchBaselines": 1, "GetPatchBaseline": 1}
HALF = {"managed": 2, "compliant": 1, "never_scanned": 1, "compliance_percent": 50.0}


def statuses(result: dict[str, Any]) -> dict[str, str]:
    return {row["instance_id"]: row["status"] for row in result["instances"]}


def counts(result: dict[str, Any]) -> dict[str | None, dict[str, int]]:
    """The counts of each group that are not zero."""
    groups = {group.pop("patch_group"): group for group in result["groups"]}
    return {name: {key: value for key, value in group.items() if value} for name, group in groups.items()}


def ids(*numbers: int) -> list[str]:
    return [node(number)["InstanceId"] for number in numbers]


def test_an_account_without_nodes_has_no_percentage(account: Account) -> None:
    result = account.run(MODULE, level="patches")

    unknown = dict.fromkeys(("unmanaged", "critical_noncompliant", "compliance_percent"))
    missing = {"missing_by_severity": dict.fromkeys(SEVERITIES, 0)}
    assert result["summary"] == {**dict.fromkeys(result["summary"], 0), **unknown, **missing}
    assert (result["groups"], result["instances"], result["patches"]) == ([], [], [])
    assert (result["gaps"], result["not_found"], result["changed"]) == ([], [], False)
    assert account.calls() == {NODES: 1, GROUPS: 1}


@pytest.mark.parametrize("count", [1, 60, 1000])
def test_the_summary_is_what_the_records_of_aws_add_up_to(account: Account, count: int) -> None:
    shares = {"available_security": 0.1, "never_scanned": 0.06, "blank_records": 0.5, "stale": 0.1}
    strict = {"AvailableSecurityUpdatesComplianceStatus": "NON_COMPLIANT"}
    windows = baseline("Web Servers", "Nobody", system="WINDOWS", **strict, **GRADED)
    plant(account, windows, count=count, **shares)

    result = account.run(MODULE, level="instances")

    assert result["summary"] == expected(account)
    members = {"Web Servers": 0, "Database Servers": 0, None: 0}
    for row in result["instances"]:
        assert tuple(row) == INSTANCE_FIELDS
        members |= {group: members[group] + 1 for group in row["patch_groups"] or [None]}
    assert {group["patch_group"]: group["managed"] for group in result["groups"]} == {
        name: size for name, size in members.items() if size
    }
    for name in ("compliant", "noncompliant", "never_scanned", "stale", "failed", "pending_reboot"):
        assert sum(group[name] for group in result["groups"]) == result["summary"][name]
    assert result["summary"]["compliant"] == sum(row["compliant"] for row in result["instances"])
    calls = account.calls()
    web, database = (max(1, ceil(members[name] / 50)) for name in ("Web Servers", "Database Servers"))
    # All nodes, then those of each tag of the two groups that have a baseline.
    listings = ceil(count / 50) + web + 3
    # A node without any group may be in one that only others reported.
    if any(not row["operation"] and row["patch_groups"] != ["Web Servers"] for row in result["instances"]):
        listings += database + 1
    assert calls.pop(NODES) == listings
    used = {row["baseline_id"] for row in result["instances"]} - {None}
    assert (calls.pop("DescribePatchBaselines", 0), calls.pop("GetPatchBaseline", 0)) == (bool(used), len(used))
    assert calls == {STATES: ceil(count / 50), GROUPS: 1}


def test_states_are_read_fifty_at_a_time(account: Account) -> None:
    plant(account, count=120)

    assert account.run(MODULE)["summary"]["managed"] == 120
    assert sorted(len(request["InstanceIds"]) for request in account.inputs(STATES)) == [20, 50, 50]


def test_a_group_with_one_node_of_each_kind(account: Account) -> None:
    nodes = [
        node(1, "Web"),
        node(2, "Web", MissingCount=1),
        node(3, "Web", FailedCount=1),
        node(4, "Web", Record="absent"),
        node(5, "Web", Record="blank"),
        node(6, "Web", InstalledPendingRebootCount=1),
        node(7, "Web", OperationEndTime="2025-12-01T00:00:00Z"),
        node(8, "Web", InstalledRejectedCount=1, OperationEndTime="2025-12-01T00:00:00Z"),
        node(9, "Other"),
    ]
    plant(account, nodes=nodes)

    result = account.run(MODULE, patch_groups=WEB, level="instances")

    assert statuses(result) == dict(
        zip(
            ids(1, 2, 3, 4, 5, 6, 7, 8),
            (
                *("compliant", "noncompliant", "failed", "never_scanned", "never_scanned"),
                *("pending_reboot", "stale", "noncompliant"),
            ),
            strict=True,
        )
    )
    assert counts(result)["Web"] == {
        "managed": 8,
        "compliant": 1,
        "noncompliant": 4,
        "security_noncompliant": result["summary"]["security_noncompliant"],
        "failed": 1,
        "never_scanned": 2,
        "pending_reboot": 1,
        "stale": 2,
        "ungraded": 6,
        "compliance_percent": 12.5,
    }
    never = [row for row in result["instances"] if row["status"] == "never_scanned"]
    assert {row[name] for row in never for name in ("missing_count", "operation_end_time", "operation")} == {None}


def test_a_node_tells_which_operation_and_baseline_it_was(account: Account) -> None:
    plant(account, baseline("Web"), nodes=[node(1, "Web", OperationEndTime="2025-12-31T12:00:00Z")])
    (row,) = account.run(MODULE, level="instances")["instances"]
    (again,) = account.run(MODULE, level="instances", stale_after_hours=11)["instances"]

    assert row["baseline_id"].startswith("pb-")
    assert row["snapshot_id"]
    assert (row["operation"], row["operation_end_time"]) == ("Scan", "2025-12-31T12:00:00+00:00")
    assert (row["status"], again["status"], again["stale"]) == ("compliant", "stale", True)


def test_a_node_is_in_a_group_by_its_tag_and_by_its_last_report(account: Account) -> None:
    nodes = [
        node(1, "Web"),
        node(2, "Web", PatchGroup="Old"),
        node(3, Tags={"Patch Group": "Web"}, Record="absent"),
        node(4, PatchGroup="Web"),
        node(5, "Other"),
        node(6, Record="absent"),
    ]
    plant(account, baseline("Web"), nodes=nodes)

    web = account.run(MODULE, patch_groups=WEB, level="instances")
    assert {row["instance_id"]: row["patch_groups"] for row in web["instances"]} == dict(
        zip(ids(1, 2, 3, 4), (["Web"], ["Web", "Old"], ["Web"], ["Web"]), strict=True)
    )
    assert [group["patch_group"] for group in web["groups"]] == WEB
    both = counts(account.run(MODULE, patch_groups=["Web", "Old"]))
    assert (both["Web"]["managed"], both["Old"]["managed"]) == (4, 1)
    every = counts(account.run(MODULE))
    assert {name: group["managed"] for name, group in every.items()} == {"Web": 4, "Old": 1, "Other": 1, None: 1}


def test_a_node_that_never_reported_is_in_a_group_that_others_reported(account: Account) -> None:
    nodes = [node(1, "Web", Record="absent"), node(2, "Web"), node(3, "Nobody", Record="absent"), node(4)]
    plant(account, nodes=nodes)

    result = account.run(MODULE, level="instances")

    assert {row["instance_id"]: row["patch_groups"] for row in result["instances"]} == dict(
        zip(ids(1, 2, 3, 4), (["Web"], ["Web"], [], []), strict=True)
    )
    assert counts(result)["Web"] == {**HALF, "ungraded": 1}
    # All nodes, and those of each tag of the one group that was reported.
    assert account.calls() == {NODES: 3, STATES: 1, GROUPS: 1, **BASELINE}


def test_only_what_is_needed_of_a_group_is_read(account: Account) -> None:
    plant(account, nodes=[node(1, "Web"), node(2, PatchGroup="Web"), node(3, "Other")])

    account.run(MODULE, patch_groups=WEB)

    # One for each tag, and one for the node that only reported the group.
    assert account.calls() == {NODES: 3, OF_GROUP: 1, STATES: 1, **BASELINE}
    assert sorted(account.inputs(STATES)[0]["InstanceIds"]) == ids(1, 2)


def test_a_node_that_reported_and_is_gone_is_not_counted(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(account, nodes=[node(1, "Web"), node(2, PatchGroup="Web")])
    real = account.simulator.execute

    def execute(operation: str, region: str, number: str, body: Any) -> dict[str, Any]:
        answer = real(operation, region, number, body)
        listed = answer.get("InstanceInformationList", [])
        return {**answer, "InstanceInformationList": [one for one in listed if one["InstanceId"] != ids(2)[0]]} | (
            {} if listed else answer
        )

    monkeypatch.setattr(account.simulator, "execute", execute)
    assert account.run(MODULE, patch_groups=WEB)["summary"]["managed"] == 1


def test_nodes_fit_all_filters_that_are_given(account: Account) -> None:
    tags = {"PatchGroup": "Web", "Env": "prod"}
    nodes = [
        node(1, Tags=tags),
        node(2, Tags={**tags, "Env": "test"}),
        node(3, Tags={"Env": "prod", "Role": "db"}),
        node(4, Tags={"Env": "prod"}, PatchGroup="Web"),
    ]
    plant(account, nodes=nodes)
    for found, filters in [
        ([1, 2, 3, 4], {}),
        ([1, 2, 3, 4], {"instance_tags": {}}),
        ([1, 3, 4], {"instance_tags": {"Env": "prod"}}),
        ([1, 2, 3, 4], {"instance_tags": {"Env": ["prod", "test"]}}),
        ([3], {"instance_tags": {"Env": "prod", "Role": "db"}}),
        ([1, 4], {"instance_tags": {"Env": "prod"}, "patch_groups": WEB}),
        ([2, 3], {"instance_ids": ids(3, 2)}),
        ([2], {"instance_ids": ids(3, 2), "patch_groups": WEB}),
        ([3], {"instance_ids": ids(3, 2), "instance_tags": {"Env": "prod"}}),
        ([4], {"instance_ids": ids(4, 2, 3), "instance_tags": {"Env": "prod"}, "patch_groups": WEB}),
        ([], {"patch_groups": []}),
        ([], {"instance_ids": []}),
    ]:
        result = account.run(MODULE, level="instances", **filters)
        assert sorted(statuses(result)) == ids(*found), filters
        assert (result["summary"]["managed"], result["not_found"], result["warnings"]) == (len(found), [], [])


def test_a_node_that_was_asked_for_by_id_is_in_its_group(account: Account) -> None:
    nodes = [node(1, "Web"), node(2, "Web", Record="absent"), node(3, "Web"), node(4)]
    plant(account, baseline("Web"), nodes=nodes)

    account.run(MODULE, instance_ids=ids(1))
    assert account.calls() == {NODES: 1, STATES: 1, **BASELINE}
    # Only the tag tells the group of a node that never reported.
    result = account.run(MODULE, instance_ids=ids(1, 2))
    assert counts(result) == {"Web": {**HALF, "ungraded": 1}}
    assert account.calls() == {NODES: 4, STATES: 2, GROUPS: 1, **dict.fromkeys(BASELINE, 2)}
    account.clear_log()
    account.run(MODULE, instance_ids=ids(4))
    assert account.calls() == {NODES: 3, STATES: 1, GROUPS: 1, **BASELINE}


def test_ids_that_are_not_managed_are_named_and_not_counted(account: Account) -> None:
    plant(account, nodes=[node(number) for number in range(1, 61)])
    asked = ids(*range(1, 61), 99, 98)

    result = account.run(MODULE, instance_ids=[*asked, asked[0]])

    assert (result["summary"]["managed"], result["not_found"]) == (60, ids(99, 98))
    assert result["warnings"] == [
        "instance_ids: not managed by Systems Manager in this account and Region, and not included in any count:"
        f" {', '.join(ids(99, 98))}."
    ]


def test_an_id_that_the_service_refuses_does_not_hide_the_others(account: Account) -> None:
    """The reference says that an id of somebody else is an error; it does not say of which id."""
    plant(account, nodes=[node(number) for number in range(1, 9)])
    real = account.simulator.execute

    def execute(operation: str, region: str, number: str, body: Any) -> dict[str, Any]:
        if operation == NODES and ids(99)[0] in body["Filters"][0]["Values"]:
            raise ServiceError("InvalidInstanceId", "one of them")
        return real(operation, region, number, body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(account.simulator, "execute", execute)
        result = account.run(MODULE, instance_ids=ids(1, 2, 3, 99, 4, 5, 6, 7, 8))

    assert (result["summary"]["managed"], result["not_found"]) == (8, ids(99))


def test_a_group_that_nobody_knows_has_zeros_and_a_warning(account: Account) -> None:
    plant(account, nodes=[node(1, "Web")])

    result = account.run(MODULE, patch_groups=["Web", "Wbe"])

    assert [group["managed"] for group in result["groups"]] == [0, 1]
    assert result["groups"][0]["compliance_percent"] is None
    assert result["warnings"] == ["patch_groups: no managed node has a tag for 'Wbe' or reported it."]


def test_filters_of_rows_do_not_change_the_counts(account: Account) -> None:
    plant(account, count=60)
    every = account.run(MODULE, level="instances")
    some = account.run(MODULE, level="instances", only_noncompliant=True)

    assert (some["summary"], some["groups"]) == (every["summary"], every["groups"])
    urgent = {"failed", "noncompliant", "pending_reboot"}
    assert statuses(some) == {one: status for one, status in statuses(every).items() if status in urgent}
    assert len(some["instances"]) == every["summary"]["noncompliant"] > 0


@knows_available_updates
def test_the_baseline_decides_about_available_security_updates_and_is_read_once(account: Account) -> None:
    windows = {"OperatingSystem": "WINDOWS", "AvailableSecurityUpdateCount": 2}
    nodes = [node(1, "A", **windows), node(2, "A", **windows), node(3, "B", **windows)]
    lenient = baseline("B", system="WINDOWS", AvailableSecurityUpdatesComplianceStatus="COMPLIANT")
    strict = baseline("A", system="WINDOWS", AvailableSecurityUpdatesComplianceStatus="NON_COMPLIANT")
    plant(account, lenient, strict, nodes=nodes)

    result = account.run(MODULE, level="instances")

    assert statuses(result) == dict(zip(ids(1, 2, 3), ("noncompliant", "noncompliant", "compliant"), strict=True))
    # What AWS counts itself needs no further look, but the record does not tell where the rest came from.
    assert account.calls()["GetPatchBaseline"] == 2


def test_throttling_only_takes_time(account: Account) -> None:
    plant(account, baseline("Web Servers"), count=120, connection_lost=0)
    quiet = account.run(MODULE, level="patches")
    account.faults({"op": "Describe*", "do": "ThrottlingException", "rate": 0.3})
    throttled = account.run(MODULE, level="patches", concurrency=4)

    assert statuses(throttled) == statuses(quiet)
    for key in ("summary", "groups", "patches", "gaps", "warnings"):
        assert throttled[key] == quiet[key]


def test_the_order_of_the_rows_does_not_depend_on_the_order_of_the_answers(account: Account) -> None:
    plant(account, count=180)
    first, second = (account.run(MODULE, level="instances", concurrency=workers) for workers in (1, 16))

    assert list(statuses(first)) == list(statuses(second))


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"instance_ids": ["web"]}, "instance_ids: 'web' is not a valid instance ID"),
        ({"patch_groups": [""]}, "patch_groups[0]: is empty"),
        ({"instance_tags": {"Env": []}}, "instance_tags: the tag 'Env' requires a value"),
        ({"instance_tags": {"Env": ["a", ""]}}, "instance_tags: the tag 'Env' requires a value"),
        ({"instance_tags": {"Env": [str(n) for n in range(101)]}}, "101 values of 'Env'; specify at most 100"),
        ({"stale_after_hours": 0}, "stale_after_hours: 0 must be from 1 to 87600"),
        ({"stale_after_hours": 10**15}, "must be from 1 to 87600"),
        ({"concurrency": 0}, "concurrency: 0 must be at least 1"),
        ({"states": ["MISSING"]}, "states: requires level=patches"),
        ({"severities": ["Critical"], "level": "instances"}, "severities: requires level=patches"),
        ({"dest": "/tmp/x.csv"}, "dest: requires level=instances or level=patches"),
    ],
)
def test_what_cannot_be_is_told_before_any_call(account: Account, args: dict[str, Any], text: str) -> None:
    assert text in account.fails(MODULE, **args)["msg"]
    assert not account.calls()


def test_all_that_is_wrong_is_told_at_once(account: Account) -> None:
    failed = account.fails(MODULE, instance_ids=["a", "b"], concurrency=0, states=["MISSING"])

    assert len(failed["violations"]) == 4


def test_instances_that_systems_manager_does_not_know_are_unmanaged(account: Account) -> None:
    models = pytest.importorskip("moto.ec2.models")
    nodes = [
        node(1, "Web"),
        node(2, "Web", Managed=False, Tags={"PatchGroup": "Web", "Name": "forgotten"}),
        node(3, "Web", Managed=False, Tags={"Patch Group": "Db"}),
        node(4, Managed=False),
        node(5, Managed=False, Tags={"PatchGroup": "Web", "Env": "prod"}),
    ]
    plant(account, nodes=nodes)

    every = account.run(MODULE, level="instances", include_unmanaged=True)
    assert every["summary"]["unmanaged"] == 3
    assert every["summary"]["compliance_percent"] == 100.0
    rows = {row["instance_id"]: row for row in every["instances"]}
    assert list(rows) == ids(1, 2, 3, 5)
    assert (rows[ids(2)[0]]["status"], rows[ids(2)[0]]["name"]) == ("unmanaged", "forgotten")
    assert rows[ids(2)[0]]["compliant"] is False
    assert {name: group.get("unmanaged", 0) for name, group in counts(every).items()} == {"Web": 2, "Db": 1}

    for found, filters in [
        ([2, 5], {"patch_groups": WEB}),
        ([5], {"patch_groups": WEB, "instance_tags": {"Env": "prod"}}),
        ([5], {"instance_tags": {"Env": "prod"}}),
        # Who asks for an instance wants to know of it, tagged or not.
        ([2, 4], {"instance_ids": ids(1, 2, 4)}),
    ]:
        result = account.run(MODULE, level="instances", include_unmanaged=True, **filters)
        assert [one for one, status in statuses(result).items() if status == "unmanaged"] == ids(*found), filters
        assert result["not_found"] == []
    result = account.run(MODULE, level="instances", include_unmanaged=True, only_noncompliant=True)
    assert result["instances"] == []

    models.ec2_backends[ACCOUNT][REGION].stop_instances(ids(2))
    assert account.run(MODULE, include_unmanaged=True)["summary"]["unmanaged"] == 2
