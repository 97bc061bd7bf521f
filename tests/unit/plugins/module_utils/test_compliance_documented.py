# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that the AWS CLI documents for the reads of patch compliance, with ids that the service accepts.

https://docs.aws.amazon.com/cli/latest/reference/ssm/describe-instance-patch-states.html and its neighbours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import botocore.session
import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.answers import misfit
from ansible_collections.patchfleet.aws.plugins.module_utils._compliance import rows

PACIFIC = timezone(timedelta(hours=-7))
WEEK = timedelta(days=7)
NODE = "i-1234567890abcdef0"
STATE: dict[str, Any] = {
    "InstanceId": NODE,
    "PatchGroup": "my-patch-group",
    "BaselineId": "pb-0713accee01234567",
    "SnapshotId": "521c3536-930c-4aa9-950e-01234567abcd",
    "CriticalNonCompliantCount": 2,
    "SecurityNonCompliantCount": 2,
    "OtherNonCompliantCount": 1,
    "InstalledCount": 123,
    "InstalledOtherCount": 334,
    "InstalledPendingRebootCount": 0,
    "InstalledRejectedCount": 0,
    "MissingCount": 1,
    "FailedCount": 2,
    "UnreportedNotApplicableCount": 11,
    "NotApplicableCount": 2063,
    "OperationStartTime": datetime(2021, 5, 3, 11, 0, 56, tzinfo=PACIFIC),
    "OperationEndTime": datetime(2021, 5, 3, 11, 1, 9, tzinfo=PACIFIC),
    "Operation": "Scan",
    "LastNoRebootInstallOperationTime": datetime(2020, 6, 14, 12, 17, 41, tzinfo=PACIFIC),
    "RebootOption": "RebootIfNeeded",
}
OF_GROUP: dict[str, Any] = {
    "InstanceId": "i-02573cafcf0000000",
    "PatchGroup": "Production",
    "BaselineId": "pb-0c10e657800000000",
    "SnapshotId": "a3f5ff34-9bc4-4d2c-a665-4d1c10000000",
    "OwnerInformation": "",
    "InstalledCount": 32,
    "InstalledOtherCount": 1,
    "InstalledPendingRebootCount": 4,
    "InstalledRejectedCount": 0,
    "MissingCount": 2,
    "FailedCount": 0,
    "UnreportedNotApplicableCount": 846,
    "NotApplicableCount": 212,
    "OperationStartTime": datetime(2021, 8, 6, 11, 3, 50, 590000, tzinfo=PACIFIC),
    "OperationEndTime": datetime(2021, 8, 6, 11, 4, 21, 555000, tzinfo=PACIFIC),
    "Operation": "Scan",
    "RebootOption": "NoReboot",
    "CriticalNonCompliantCount": 0,
    "SecurityNonCompliantCount": 1,
    "OtherNonCompliantCount": 0,
}
INFORMATION: dict[str, Any] = {
    "InstanceId": NODE,
    "PingStatus": "Online",
    "LastPingDateTime": datetime.fromtimestamp(1550501835.178, UTC),
    "AgentVersion": "2.3.415.0",
    "IsLatestVersion": False,
    "PlatformType": "Linux",
    "PlatformName": "Amazon Linux AMI",
    "PlatformVersion": "2018.03",
    "ResourceType": "EC2Instance",
    "IPAddress": "172.16.0.154",
    "ComputerName": "ip-172-16-0-154.ec2.internal",
    "AssociationStatus": "Success",
}
PATCHES: list[dict[str, Any]] = [
    {
        "Title": "2019-01 Security Update for Adobe Flash Player for Windows Server 2016 (KB4480979)",
        "KBId": "KB4480979",
        "Classification": "SecurityUpdates",
        "Severity": "Critical",
        "State": "Installed",
        "InstalledTime": datetime.fromtimestamp(1546992000, UTC),
    },
    {
        "Title": "",
        "KBId": "KB4481031",
        "Classification": "",
        "Severity": "",
        "State": "InstalledOther",
        "InstalledTime": datetime.fromtimestamp(1549584000, UTC),
    },
    {
        "Title": "Windows Malicious Software Removal Tool x64 - February 2019 (KB890830)",
        "KBId": "KB890830",
        "Classification": "UpdateRollups",
        "Severity": "Unspecified",
        "State": "Missing",
        "InstalledTime": datetime.fromtimestamp(0, timezone(timedelta(hours=-8))),
    },
]


ROW: dict[str, Any] = {
    "instance_id": NODE,
    "name": "ip-172-16-0-154.ec2.internal",
    "platform_type": "Linux",
    "platform_name": "Amazon Linux AMI",
    "platform_version": "2018.03",
    "resource_type": "EC2Instance",
    "ping_status": "Online",
    "last_ping_time": "2019-02-18T14:57:15.178000+00:00",
    "agent_version": "2.3.415.0",
    "patch_groups": ["my-patch-group"],
    "status": "failed",
    "compliant": False,
    "stale": False,
    "pending_reboot": False,
    "ungraded": False,
    "patch_group": "my-patch-group",
    "baseline_id": "pb-0713accee01234567",
    "snapshot_id": "521c3536-930c-4aa9-950e-01234567abcd",
    "operation": "Scan",
    "operation_start_time": "2021-05-03T18:00:56+00:00",
    "operation_end_time": "2021-05-03T18:01:09+00:00",
    "reboot_option": "RebootIfNeeded",
    "last_no_reboot_install_operation_time": "2020-06-14T19:17:41+00:00",
    "install_override_list": None,
    "installed_count": 123,
    "installed_other_count": 334,
    "installed_pending_reboot_count": 0,
    "installed_rejected_count": 0,
    "missing_count": 1,
    "failed_count": 2,
    "not_applicable_count": 2063,
    "unreported_not_applicable_count": 11,
    "critical_noncompliant_count": 2,
    "security_noncompliant_count": 2,
    "other_noncompliant_count": 1,
    "available_security_update_count": None,
}


def test_the_answers_fit_the_model_of_the_service() -> None:
    service = botocore.session.Session().get_service_model("ssm")

    def entry(operation: str, result: str) -> Any:
        return service.operation_model(operation).output_shape.members[result].member

    answers = [("DescribeInstancePatches", "Patches", one) for one in PATCHES]
    answers += [("DescribeInstancePatchStates", "InstancePatchStates", one) for one in (STATE, OF_GROUP)]
    answers.append(("DescribeInstanceInformation", "InstanceInformationList", INFORMATION))
    for operation, result, answer in answers:
        assert misfit(entry(operation, result), answer) is None


def test_a_patch_state_becomes_a_row() -> None:
    report = rows.report_of(STATE)
    verdict = rows.judge(report, datetime(2021, 5, 4, tzinfo=UTC), WEEK)
    row = rows.instance_row(rows.facts_of(INFORMATION), ["my-patch-group"], report, verdict)

    assert row == ROW
    assert verdict.counted == {
        *("managed", "noncompliant", "critical_noncompliant", "security_noncompliant", "failed"),
    }


@pytest.mark.parametrize(
    ("days", "counted"),
    [
        (1, {"managed", "noncompliant", "security_noncompliant", "pending_reboot"}),
        (8, {"managed", "noncompliant", "security_noncompliant", "pending_reboot", "stale"}),
    ],
)
def test_a_node_of_a_patch_group_that_waits_for_a_reboot(days: int, counted: set[str]) -> None:
    now = OF_GROUP["OperationEndTime"] + timedelta(days=days)
    verdict = rows.judge(rows.report_of(OF_GROUP), now, WEEK)

    # Two patches are missing besides.
    assert (verdict.status, verdict.counted) == ("noncompliant", counted)


def test_the_missing_patches_of_a_node_are_two_pages_instead_of_twenty_six() -> None:
    report = rows.report_of(STATE)

    assert rows.listings(report, ["MISSING", "FAILED"]) == ["MISSING", "FAILED"]
    assert rows.listings(report, None) == [None]


def test_patches_become_rows() -> None:
    instance = {"instance_id": NODE, "name": "web", "patch_group": None, "baseline_id": None}

    told = [rows.patch_row(instance, raw) for raw in PATCHES]

    assert [row["state"] for row in told] == ["INSTALLED", "INSTALLED_OTHER", "MISSING"]
    assert [row["severity"] for row in told] == ["Critical", None, "Unspecified"]
    assert [row["title"] is None for row in told] == [False, True, False]
    assert [row["installed_time"] for row in told] == ["2019-01-09T00:00:00+00:00", "2019-02-08T00:00:00+00:00", None]
    assert [row["cve_ids"] for row in told] == [[], [], []]
