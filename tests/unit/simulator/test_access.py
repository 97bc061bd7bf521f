# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulator demands of a caller, and how it judges policies."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from ssmsim import Simulator, needs
from ssmsim.access import Policies
from ssmsim.faults import Call
from ssmsim.needs import Need
from ssmsim.rest import s3_request
from ssmsim.server import Server

ACCOUNT, REGION = "123456789012", "eu-west-1"
WINDOW = {
    "Name": "prod",
    "Schedule": "rate(7 days)",
    "Duration": 3,
    "Cutoff": 1,
    "AllowUnassociatedTargets": True,
}
TASK = {
    "TaskType": "RUN_COMMAND",
    "TaskArn": "AWS-RunPatchBaseline",
    "Targets": [{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}],
    "MaxConcurrency": "1",
    "MaxErrors": "1",
}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/patching"


def allow(*actions: str, **elements: Any) -> dict[str, Any]:
    """A policy of one statement."""
    return {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": list(actions), "Resource": "*", **elements},
    }


def needed(operation: str, request: dict[str, Any], linked: bool = False, strict: bool = False) -> dict[str, Any]:
    """Actions with their resources that a call of SSM needs."""
    found = needs.of_ssm(Call("ssm", operation, REGION, ACCOUNT), request, linked, strict)
    resources: dict[str, Any] = {}
    for need in found:
        resources[need.action] = (*resources.get(need.action, ()), *need.resources)
    return resources


def arn(kind: str) -> str:
    return f"arn:aws:ssm:{REGION}:{ACCOUNT}:{kind}"


@pytest.mark.parametrize(
    ("operation", "request_", "expected"),
    [
        ("DescribeMaintenanceWindows", {}, {"ssm:DescribeMaintenanceWindows": ("*",)}),
        ("GetMaintenanceWindow", {"WindowId": "mw-1"}, {"ssm:GetMaintenanceWindow": (arn("maintenancewindow/mw-1"),)}),
        ("CreateMaintenanceWindow", {"Tags": []}, {"ssm:CreateMaintenanceWindow": ("*",)}),
        (
            "CreatePatchBaseline",
            {"Tags": [{"Key": "a", "Value": "b"}]},
            {"ssm:CreatePatchBaseline": ("*",), "ssm:AddTagsToResource": (arn("patchbaseline/*"),)},
        ),
        (
            "GetPatchBaseline",
            {"BaselineId": "arn:aws:ssm:eu-west-1:075727635805:patchbaseline/pb-1"},
            {"ssm:GetPatchBaseline": ("arn:aws:ssm:eu-west-1:075727635805:patchbaseline/pb-1",)},
        ),
        (
            "AddTagsToResource",
            {"ResourceType": "PatchBaseline", "ResourceId": "pb-1"},
            {"ssm:AddTagsToResource": (arn("patchbaseline/pb-1"),)},
        ),
        (
            "SendCommand",
            {"DocumentName": "AWS-RunPatchBaseline", "InstanceIds": ["i-1", "mi-2"], "ServiceRoleArn": ROLE},
            {
                "ssm:SendCommand": (
                    f"arn:aws:ssm:{REGION}::document/AWS-RunPatchBaseline",
                    f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-1",
                    arn("managed-instance/mi-2"),
                ),
                "iam:PassRole": (ROLE,),
            },
        ),
    ],
)
def test_what_a_call_needs(operation: str, request_: dict[str, Any], expected: dict[str, Any]) -> None:
    assert needed(operation, request_) == expected


def test_a_task_hands_on_its_roles_and_else_relies_on_the_linked_role() -> None:
    notified = {"RunCommand": {"ServiceRoleArn": f"{ROLE}-sns"}}
    both = needed("RegisterTaskWithMaintenanceWindow", {"ServiceRoleArn": ROLE, "TaskInvocationParameters": notified})
    found = needs.of_ssm(
        Call("ssm", "RegisterTaskWithMaintenanceWindow", REGION, ACCOUNT),
        {"ServiceRoleArn": ROLE, "TaskInvocationParameters": notified},
        linked=False,
        strict=False,
    )

    assert [need.resources for need in found if need.action == "iam:PassRole"] == [(ROLE,), (f"{ROLE}-sns",)]
    assert "iam:CreateServiceLinkedRole" not in both
    assert "iam:CreateServiceLinkedRole" in needed("RegisterTaskWithMaintenanceWindow", {})
    assert "iam:CreateServiceLinkedRole" in needed("UpdateMaintenanceWindowTask", {"Replace": True})
    assert "iam:CreateServiceLinkedRole" in needed("UpdateMaintenanceWindowTask", {"AlarmConfiguration": {"a": 1}})
    assert "iam:CreateServiceLinkedRole" not in needed("UpdateMaintenanceWindowTask", {})
    assert "iam:CreateServiceLinkedRole" not in needed("RegisterTaskWithMaintenanceWindow", {}, linked=True)


@pytest.mark.parametrize(
    ("strict", "kinds"), [(True, ["maintenancewindow", "windowtask"]), (False, ["maintenancewindow"])]
)
def test_whether_a_task_is_a_resource_of_its_own_is_not_known(strict: bool, kinds: list[str]) -> None:
    found = needed("UpdateMaintenanceWindowTask", {"WindowId": "mw-1", "WindowTaskId": "t"}, linked=True, strict=strict)

    assert [one.split(":")[5].split("/")[0] for one in found["ssm:UpdateMaintenanceWindowTask"]] == kinds


@pytest.mark.parametrize(
    ("service", "operation", "request_", "actions", "resource"),
    [
        ("sts", "GetCallerIdentity", {}, [], None),
        ("s3", "ListBuckets", {}, ["s3:ListAllMyBuckets"], "*"),
        ("s3", "GetObject", {"Bucket": "b", "Key": "k/l"}, ["s3:GetObject"], "arn:aws:s3:::b/k/l"),
        (
            "s3",
            "CreateBucket",
            {"Bucket": "b", "ObjectOwnership": "BucketOwnerEnforced"},
            ["s3:CreateBucket", "s3:PutBucketOwnershipControls"],
            "arn:aws:s3:::b",
        ),
        ("iam", "CreateRole", {"RoleName": "r", "Tags.member.1.Key": "a"}, ["iam:CreateRole", "iam:TagRole"], ROLE),
        ("sns", "CreateTopic", {"Name": "t"}, ["sns:CreateTopic"], f"arn:aws:sns:{REGION}:{ACCOUNT}:t"),
        ("events", "PutTargets", {"Rule": "r"}, ["events:PutTargets"], f"arn:aws:events:{REGION}:{ACCOUNT}:rule/r"),
        ("ec2", "DescribeAvailabilityZones", {}, ["ec2:DescribeAvailabilityZones"], "*"),
    ],
)
def test_what_a_call_of_another_service_needs(
    service: str, operation: str, request_: dict[str, Any], actions: list[str], resource: str | None
) -> None:
    if service == "iam":
        request_ = {**request_, "RoleName": "patching"}
    found = needs.of_other(Call(service, operation, REGION, ACCOUNT), request_)

    assert [need.action for need in found] == actions
    assert {one for need in found for one in need.resources} == ({resource} if resource else set())


@pytest.mark.parametrize(
    ("method", "path", "headers", "operation"),
    [
        ("GET", "/", {}, "ListBuckets"),
        ("GET", "/?x-id=ListBuckets", {}, "ListBuckets"),
        ("HEAD", "/b", {}, "HeadBucket"),
        ("GET", "/b?lifecycle", {}, "GetBucketLifecycleConfiguration"),
        ("PUT", "/b?publicAccessBlock", {}, "PutPublicAccessBlock"),
        ("GET", "/b?list-type=2&prefix=a", {}, "ListObjectsV2"),
        ("GET", "/b", {}, "ListObjects"),
        ("GET", "/b?analytics&id=1", {}, "GetBucketAnalyticsConfiguration"),
        ("GET", "/b?analytics", {}, "ListBucketAnalyticsConfigurations"),
        ("PUT", "/b/k", {}, "PutObject"),
        ("PUT", "/b/k", {"x-amz-copy-source": "c/d"}, "CopyObject"),
        ("PUT", "/b/k?partNumber=1&uploadId=2", {}, "UploadPart"),
        ("PATCH", "/b", {}, "PATCH /b"),
    ],
)
def test_operations_of_s3(method: str, path: str, headers: dict[str, str], operation: str) -> None:
    assert s3_request(method, path, headers)[0] == operation


@pytest.mark.parametrize(
    ("policy", "refused"),
    [
        (allow("ssm:Get*"), False),
        (allow("SSM:GETX"), False),
        (allow("ssm:Describe*"), True),
        (allow("*"), False),
        (allow("ssm:GetX", Resource=arn("maintenancewindow/mw-?")), False),
        (allow("ssm:GetX", Resource=[arn("patchbaseline/*"), "arn:aws:ssm:*:*:maintenancewindow/*"]), False),
        (allow("ssm:GetX", Resource=arn("maintenancewindow/mw-[1]")), True),
        (allow("ssm:GetX", Condition={"StringEquals": {"iam:PassedToService": ["a", "b"]}}), False),
        (allow("ssm:GetX", Condition={"StringEquals": {"iam:PassedToService": "a"}}), True),
        (allow("ssm:GetX", Condition={"StringLike": {"aws:Other": "*"}}), True),
    ],
)
def test_how_a_statement_is_read(policy: dict[str, Any], refused: bool) -> None:
    policies = Policies()
    policies.set({ACCOUNT: policy})
    need = Need("ssm:GetX", (arn("maintenancewindow/mw-1"),), {"iam:PassedToService": "b"})

    assert bool(policies.judge(Call("ssm", "GetX", REGION, ACCOUNT), [need])) == refused


KEYS = {"aws:TagKeys": ["a", "b"], "aws:RequestTag/a": "1"}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"aws:RequestTag/a": "1"}}, True),
        ({"StringNotEquals": {"aws:RequestTag/a": "1"}}, False),
        ({"StringNotEquals": {"aws:RequestTag/a": ["2", "3"]}}, True),
        ({"StringEquals": {"aws:RequestTag/c": "1"}}, False),
        ({"StringNotEquals": {"aws:RequestTag/c": "1"}}, True),
        ({"StringEqualsIfExists": {"aws:RequestTag/c": "1"}}, True),
        ({"StringEqualsIfExists": {"aws:RequestTag/a": "2"}}, False),
        ({"Null": {"aws:RequestTag/c": "true"}}, True),
        ({"Null": {"aws:RequestTag/a": "true"}}, False),
        ({"Null": {"aws:RequestTag/a": "false"}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, False),
        ({"ForAllValues:StringEquals": {"aws:Absent": ["a"]}}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["b"]}}, True),
        ({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["b"]}}, False),
        ({"StringEquals": {"aws:ResourceTag/owner": "x"}}, True),
        ({"StringEquals": {"ssm:resourceTag/owner": "x"}}, True),
        ({"StringEquals": {"aws:ResourceTag/owner": "y"}}, False),
        ({"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, True),
        ({"StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}, False),
        ({"StringEquals": {"aws:RequestTag/a": "1"}, "Null": {"aws:TagKeys": "true"}}, False),
    ],
)
def test_a_condition_is_judged_as_iam_does(condition: dict[str, Any], holds: bool) -> None:
    policies = Policies()
    policies.set({ACCOUNT: allow("ssm:GetX", Condition=condition)})
    need = Need("ssm:GetX", (arn("maintenancewindow/mw-1"),), KEYS)

    refused = policies.judge(Call("ssm", "GetX", REGION, ACCOUNT), [need], lambda _arn: {"owner": "x"})

    assert (refused is None) == holds


def test_a_deny_wins_and_says_so() -> None:
    policies = Policies()
    denied = allow("ssm:GetX")["Statement"] | {"Effect": "Deny"}
    policies.set({"*": {"Version": "2012-10-17", "Statement": [allow("*")["Statement"], denied]}})

    error = policies.judge(Call("ssm", "GetX", REGION, ACCOUNT), [Need("ssm:GetX")])

    assert error is not None
    assert error.message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/simulated is not authorized to perform: ssm:GetX on resource: * with an"
        " explicit deny in an identity-based policy"
    )


def test_the_policy_of_an_account_comes_before_that_of_all() -> None:
    policies = Policies()
    policies.set({"*": allow("ssm:GetX"), "210987654321": allow("ssm:Other")})

    assert policies.judge(Call("ssm", "GetX", REGION, ACCOUNT), [Need("ssm:GetX")]) is None
    assert policies.judge(Call("ssm", "GetX", REGION, "210987654321"), [Need("ssm:GetX")])


@pytest.mark.parametrize(
    "policy",
    [
        [],
        {"Version": "2012-10-17"},
        allow("ssm:GetX", Effect="allow"),
        allow("ssm:GetX", NotResource="*"),
        allow("ssm:GetX", Condition={"Bool": {"aws:SecureTransport": "true"}}),
        allow("ssm:GetX", Condition={"Every:StringEquals": {"aws:TagKeys": "a"}}),
    ],
)
def test_what_cannot_be_judged_is_refused(policy: Any) -> None:
    policies = Policies()
    policies.set({"*": allow("ssm:GetX")})

    with pytest.raises((ValueError, KeyError)):
        policies.set({"*": policy})

    assert policies.judge(Call("ssm", "GetX", REGION, ACCOUNT), [Need("ssm:GetX")]) is None


def test_a_refused_call_changes_nothing_and_is_logged_with_its_actions() -> None:
    simulator = Simulator()
    simulator.set_policies({"*": allow("ssm:CreateMaintenanceWindow")})

    status, answer = simulator.handle(
        "CreateMaintenanceWindow", REGION, ACCOUNT, {**WINDOW, "Tags": [{"Key": "a", "Value": "b"}]}
    )

    assert (status, answer["__type"]) == (400, "AccessDeniedException")
    assert "because no identity-based policy allows the ssm:AddTagsToResource action" in answer["message"]
    [logged] = simulator.log()
    assert logged["actions"] == {
        "ssm:CreateMaintenanceWindow": ["*"],
        "ssm:AddTagsToResource": [arn("maintenancewindow/*")],
    }
    simulator.set_policies({})
    assert simulator.handle("DescribeMaintenanceWindows", REGION, ACCOUNT, {})[1]["WindowIdentities"] == []


def test_the_linked_role_is_made_once_in_an_account() -> None:
    simulator = Simulator()
    _, window = simulator.handle("CreateMaintenanceWindow", REGION, ACCOUNT, WINDOW)
    simulator.set_policies({"*": allow("ssm:*")})
    refused = simulator.handle("RegisterTaskWithMaintenanceWindow", REGION, ACCOUNT, window | TASK)
    simulator.set_policies({"*": allow("ssm:*", "iam:CreateServiceLinkedRole")})
    made = simulator.handle("RegisterTaskWithMaintenanceWindow", REGION, ACCOUNT, window | TASK)
    simulator.set_policies({"*": allow("ssm:*")})
    again = simulator.handle("RegisterTaskWithMaintenanceWindow", REGION, ACCOUNT, window | TASK)

    assert [refused[0], made[0], again[0]] == [400, 200, 200]
    assert "iam:CreateServiceLinkedRole on resource: arn:aws:iam::123456789012:role/aws-service-role/" in str(refused)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A simulator over HTTP."""
    pytest.importorskip("moto")
    server = Server(Simulator(), 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("service", "method", "request_", "code", "status", "action"),
    [
        ("ssm", "describe_maintenance_windows", {}, "AccessDeniedException", 400, "ssm:DescribeMaintenanceWindows"),
        ("iam", "get_role", {"RoleName": "r"}, "AccessDenied", 403, "iam:GetRole on resource: arn:aws:iam::"),
        ("s3", "get_bucket_encryption", {"Bucket": "b"}, "AccessDenied", 403, "s3:GetEncryptionConfiguration"),
        ("sns", "list_topics", {}, "AuthorizationError", 403, "sns:ListTopics"),
        ("events", "list_rules", {}, "AccessDeniedException", 400, "events:ListRules"),
        ("ec2", "describe_regions", {}, "UnauthorizedOperation", 403, "ec2:DescribeRegions"),
    ],
)
def test_each_service_refuses_in_its_own_form(
    endpoint: str, service: str, method: str, request_: dict[str, str], code: str, status: int, action: str
) -> None:
    urlopen(f"{endpoint}/_sim/policies", data=json.dumps({"*": allow("sqs:*")}).encode()).close()
    keys = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "x", "region_name": REGION}
    client = boto3.client(service, endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1}), **keys)

    with pytest.raises(ClientError) as refused:
        getattr(client, method)(**request_)

    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert f"is not authorized to perform: {action}" in refused.value.response["Error"]["Message"]
    urlopen(f"{endpoint}/_sim/policies", data=b"{}").close()


def test_who_one_is_needs_no_permission_and_a_role_is_known_with_its_path(endpoint: str) -> None:
    keys = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "x", "region_name": REGION}
    iam, sts = (boto3.client(name, endpoint_url=endpoint, **keys) for name in ("iam", "sts"))
    iam.create_role(RoleName="deep", Path="/patching/", AssumeRolePolicyDocument="{}")
    scoped = allow("iam:GetRole", Resource=f"arn:aws:iam::{ACCOUNT}:role/patching/*")
    urlopen(f"{endpoint}/_sim/policies", data=json.dumps({ACCOUNT: scoped}).encode()).close()

    assert sts.get_caller_identity()["Account"] == ACCOUNT
    assert iam.get_role(RoleName="deep")["Role"]["Path"] == "/patching/"
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.get_role(RoleName="other")
    urlopen(f"{endpoint}/_sim/policies", data=b"{}").close()
