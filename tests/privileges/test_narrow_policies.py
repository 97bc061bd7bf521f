# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies for one job each: enough for it, and no more than docs/iam.md says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import pytest
from ansible_collections.patchfleet.aws.tests.faults import transitions
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from botocore.exceptions import ClientError

from .module_cases import AROUND, BOUNDARY, FLEET, NODES
from .policies import Policy, policy
from .test_modules import REFUSED

Args = dict[str, Any]
INSTANCE = NODES[0]
CONTROLLER = f"arn:aws:iam::{ACCOUNT}:role/patchfleet-controller"
WINDOW = {"Name": "theirs", "Schedule": "rate(7 days)", "Duration": 3, "Cutoff": 1, "AllowUnassociatedTargets": True}
SHELL = {
    "TaskType": "RUN_COMMAND",
    "TaskArn": "AWS-RunShellScript",
    "Targets": [{"Key": "InstanceIds", "Values": [INSTANCE]}],
    "MaxConcurrency": "1",
    "MaxErrors": "1",
}
OPEN_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)
ADMINISTRATOR = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)


@cache
def client(service: str) -> Any:
    """A client with the credentials that the policy is for."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, region_name=REGION, **keys)


def declare_policy(setup: str) -> Policy:
    """The policy for a setup of this name."""
    found: Policy = json.loads(json.dumps(policy("declare")).replace('"production"', json.dumps(setup)))
    return found


def refused(account: Account) -> list[str]:
    return [call["op"] for call in account.simulator.log() if call["error"] in REFUSED]


def window_of(account: Account, setup: str | None, name: str = "theirs") -> str:
    """A window of another setup, or of none."""
    tags = [{"Key": "patchfleet:setup", "Value": setup}] if setup else []
    return str(account.by_hand("CreateMaintenanceWindow", **{**WINDOW, "Name": name}, Tags=tags)["WindowId"])


def window_of_stack(account: Account) -> str:
    """A window that CloudFormation manages."""
    tags = [{"Key": "aws:cloudformation:stack-id", "Value": "stack"}]
    account.simulator.plant(
        {"regions": [{"account": ACCOUNT, "region": REGION, "windows": [{**WINDOW, "SystemTags": tags}]}]}
    )
    [window] = account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    return str(window["WindowId"])


def baseline_of(account: Account, setup: str) -> str:
    tags = [{"Key": "patchfleet:setup", "Value": setup}]
    made = account.by_hand("CreatePatchBaseline", Name="theirs", OperatingSystem="UBUNTU", Tags=tags)
    return str(made["BaselineId"])


def test_declare_is_enough_for_the_whole_life_of_a_setup(account: Account) -> None:
    account.simulator.set_policies({"*": declare_policy("mine")})

    for declared in (
        transitions.whole(),
        transitions.changed(),
        transitions.replaced(),
        transitions.fewer(),
        transitions.gone(),
    ):
        account.run("ssm_patch_setup", check=True, **declared)
        account.run("ssm_patch_setup", **declared)

    assert not refused(account)


Attack = Callable[[Account], Any]
DECLARE: dict[str, Attack] = {
    "a command": lambda _: client("ssm").send_command(
        DocumentName="AWS-RunShellScript", InstanceIds=[INSTANCE], Parameters={"commands": ["id"]}
    ),
    "a patch command": lambda _: client("ssm").send_command(
        DocumentName="AWS-RunPatchBaseline", InstanceIds=[INSTANCE], Parameters={"Operation": ["Install"]}
    ),
    "a task in a window of another setup": lambda account: client("ssm").register_task_with_maintenance_window(
        WindowId=window_of(account, "other"), **SHELL
    ),
    "a task in a window of no setup": lambda account: client("ssm").register_task_with_maintenance_window(
        WindowId=window_of(account, None), **SHELL
    ),
    "another schedule for another setup": lambda account: client("ssm").update_maintenance_window(
        WindowId=window_of(account, "other"), Schedule="rate(1 day)"
    ),
    "the removal of a window of another setup": lambda account: client("ssm").delete_maintenance_window(
        WindowId=window_of(account, "other")
    ),
    "the tag of the own setup on a window of another": lambda account: client("ssm").add_tags_to_resource(
        ResourceType="MaintenanceWindow",
        ResourceId=window_of(account, "other"),
        Tags=[{"Key": "patchfleet:setup", "Value": "mine"}],
    ),
    "the tag of another setup on an own window": lambda account: client("ssm").add_tags_to_resource(
        ResourceType="MaintenanceWindow",
        ResourceId=window_of(account, "mine"),
        Tags=[{"Key": "patchfleet:setup", "Value": "other"}],
    ),
    "any tag on a window of another": lambda account: client("ssm").add_tags_to_resource(
        ResourceType="MaintenanceWindow", ResourceId=window_of(account, "other"), Tags=[{"Key": "a", "Value": "b"}]
    ),
    "the tag of the own setup on a window of a stack": lambda account: client("ssm").add_tags_to_resource(
        ResourceType="MaintenanceWindow",
        ResourceId=window_of_stack(account),
        Tags=[{"Key": "patchfleet:setup", "Value": "mine"}],
    ),
    "no tag on a window of another": lambda account: client("ssm").remove_tags_from_resource(
        ResourceType="MaintenanceWindow", ResourceId=window_of(account, "other"), TagKeys=["patchfleet:setup"]
    ),
    "a window without a setup": lambda _: client("ssm").create_maintenance_window(**WINDOW),
    "a window of another setup": lambda _: client("ssm").create_maintenance_window(
        **WINDOW, Tags=[{"Key": "patchfleet:setup", "Value": "other"}]
    ),
    "the default for a baseline of another": lambda account: client("ssm").register_default_patch_baseline(
        BaselineId=baseline_of(account, "other")
    ),
    "another rule for a baseline of another": lambda account: client("ssm").update_patch_baseline(
        BaselineId=baseline_of(account, "other"), ApprovedPatches=["evil"]
    ),
    "a role of a controller for a task": lambda account: client("ssm").register_task_with_maintenance_window(
        WindowId=window_of(account, "mine"),
        **SHELL,
        ServiceRoleArn=f"arn:aws:iam::{ACCOUNT}:role/patchfleet-controller",
    ),
    "a role of the service for itself": lambda _: client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/patching-windows", RoleSessionName="session"
    ),
}


@pytest.mark.parametrize("attack", DECLARE)
def test_declare_does_not_allow(account: Account, attack: str) -> None:
    account.simulator.plant({"regions": [{"account": ACCOUNT, "region": REGION, "fleet": FLEET}]})
    account.simulator.set_policies({"*": declare_policy("mine")})

    with pytest.raises(ClientError) as raised:
        DECLARE[attack](account)

    assert raised.value.response["Error"]["Code"] in REFUSED


def test_declare_allows_any_document_in_an_own_window(account: Account) -> None:
    """The page says so: whoever declares tasks decides what runs on the nodes."""
    account.simulator.set_policies({"*": declare_policy("mine")})

    client("ssm").register_task_with_maintenance_window(WindowId=window_of(account, "mine"), **SHELL)


def test_declare_allows_to_adopt_a_window_of_no_setup(account: Account) -> None:
    """The page says so: nothing distinguishes its first tag from that of a new window."""
    account.simulator.set_policies({"*": declare_policy("mine")})
    window = window_of(account, None)

    client("ssm").add_tags_to_resource(
        ResourceType="MaintenanceWindow", ResourceId=window, Tags=[{"Key": "patchfleet:setup", "Value": "mine"}]
    )
    client("ssm").register_task_with_maintenance_window(WindowId=window, **SHELL)


JOBS = ("read-only", "declare", "patch-now", "controller")


@pytest.mark.parametrize("job", JOBS)
def test_a_job_assumes_its_own_role_and_no_other(account: Account, job: str) -> None:
    account.simulator.set_policies({"*": policy(job)})

    def assume(name: str) -> None:
        client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="session")

    assume(f"patchfleet-{job}")
    others = [f"patchfleet-{one}" for one in JOBS if one != job]
    for name in (*others, "patchfleet-prerequisites", f"patchfleet-{job}-x", "patching-windows", "Administrator"):
        with pytest.raises(ClientError) as raised:
            assume(name)
        assert raised.value.response["Error"]["Code"] in REFUSED


@pytest.mark.parametrize("targets", [{"instance_ids": NODES}, {"patch_groups": ["web"]}])
def test_patch_now_is_enough_to_patch_nodes_of_patch_groups(account: Account, targets: Args) -> None:
    account.simulator.plant({"regions": [{"account": ACCOUNT, "region": REGION, "fleet": FLEET}]})
    account.simulator.set_policies({"*": policy("patch-now")})

    account.outcome("ssm_patch_run", operation="Scan", **targets)

    assert not refused(account)


PATCH_NOW: dict[str, Attack] = {
    "a script": DECLARE["a command"],
    "a patch document of one's own": lambda _: client("ssm").send_command(
        DocumentName="AWS-RunPatchBaselineMine", InstanceIds=[INSTANCE]
    ),
    "a node in no patch group": lambda _: client("ssm").send_command(
        DocumentName="AWS-RunPatchBaseline", InstanceIds=["i-0000000000000dead"], Parameters={"Operation": ["Scan"]}
    ),
    "nodes by another tag": lambda _: client("ssm").send_command(
        DocumentName="AWS-RunPatchBaseline",
        Targets=[{"Key": "tag:Name", "Values": ["db"]}],
        Parameters={"Operation": ["Install"]},
    ),
    "a window": lambda account: client("ssm").update_maintenance_window(
        WindowId=window_of(account, None), Enabled=True
    ),
    "a baseline": DECLARE["another rule for a baseline of another"],
}


@pytest.mark.parametrize("attack", PATCH_NOW)
def test_patch_now_does_not_allow(account: Account, attack: str) -> None:
    account.simulator.plant({"regions": [{"account": ACCOUNT, "region": REGION, "fleet": FLEET}]})
    account.simulator.set_policies({"*": policy("patch-now")})

    with pytest.raises(ClientError) as raised:
        PATCH_NOW[attack](account)

    assert raised.value.response["Error"]["Code"] in REFUSED


WRITING: dict[str, Attack] = DECLARE | PATCH_NOW


@pytest.mark.parametrize("attack", WRITING)
def test_reading_allows_no_write(account: Account, attack: str) -> None:
    account.simulator.set_policies({"*": policy("read-only")})

    with pytest.raises(ClientError) as raised:
        WRITING[attack](account)

    assert raised.value.response["Error"]["Code"] in REFUSED


def own_role() -> str:
    """A role within the boundary, as the module creates it."""
    client("iam").create_role(
        RoleName="patching-windows",
        AssumeRolePolicyDocument=OPEN_TRUST,
        PermissionsBoundary=BOUNDARY,
        Tags=[{"Key": "patchfleet:setup", "Value": "patch-prerequisites"}],
    )
    return "patching-windows"


def free_role(account: Account, name: str) -> str:
    """A role that an administrator created without a boundary."""
    account.simulator.set_policies({})
    client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=OPEN_TRUST)
    account.simulator.set_policies({"*": policy("prerequisites")})
    return name


PREREQUISITES: dict[str, Attack] = {
    "a role without a boundary": lambda _: client("iam").create_role(
        RoleName="patching-x", AssumeRolePolicyDocument=OPEN_TRUST
    ),
    "a role within another boundary": lambda _: client("iam").create_role(
        RoleName="patching-x",
        AssumeRolePolicyDocument=OPEN_TRUST,
        PermissionsBoundary=f"arn:aws:iam::{ACCOUNT}:policy/wide",
    ),
    "a role of another name": lambda _: client("iam").create_role(
        RoleName="patchfleet-controller", AssumeRolePolicyDocument=OPEN_TRUST, PermissionsBoundary=BOUNDARY
    ),
    "no boundary any more": lambda _: client("iam").delete_role_permissions_boundary(RoleName=own_role()),
    "a wider boundary": lambda _: client("iam").put_role_permissions_boundary(
        RoleName=own_role(), PermissionsBoundary=f"arn:aws:iam::{ACCOUNT}:policy/wide"
    ),
    "other rules of the boundary": lambda _: client("iam").create_policy_version(
        PolicyArn=BOUNDARY, PolicyDocument=ADMINISTRATOR, SetAsDefault=True
    ),
    "a policy for a role without a boundary": lambda account: client("iam").put_role_policy(
        RoleName=free_role(account, "patching-free"), PolicyName="x", PolicyDocument=ADMINISTRATOR
    ),
    "the trust of a role": lambda _: client("iam").update_assume_role_policy(
        RoleName=own_role(), PolicyDocument=OPEN_TRUST
    ),
    "the removal of a role of others": lambda account: client("iam").delete_role(
        RoleName=free_role(account, "patching-free")
    ),
    "a managed policy": lambda _: client("iam").attach_role_policy(
        RoleName=own_role(), PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    ),
    "a bucket of others": lambda _: client("s3").put_bucket_policy(Bucket="payroll", Policy=ADMINISTRATOR),
    "a topic of others": lambda _: client("sns").delete_topic(TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:payroll"),
    "a rule of others": lambda _: client("events").delete_rule(Name="payroll"),
    "a rule for all events of another service": lambda _: client("events").put_rule(
        Name="patching-x", EventPattern=json.dumps({"source": ["aws.signin"]})
    ),
    "a rule for events of another service beside": lambda _: client("events").put_rule(
        Name="patching-x", EventPattern=json.dumps({"source": ["aws.ssm", "aws.signin"]})
    ),
    "a rule for events of every service": lambda _: client("events").put_rule(
        Name="patching-x", EventPattern=json.dumps({"account": [ACCOUNT]})
    ),
    "a rule with a schedule": lambda _: client("events").put_rule(
        Name="patching-x", ScheduleExpression="rate(1 minute)"
    ),
    "events for another topic": lambda _: client("events").put_targets(
        Rule=own_rule(), Targets=[{"Id": "x", "Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:payroll"}]
    ),
    "events for a topic and a function beside": lambda _: client("events").put_targets(
        Rule=own_rule(),
        Targets=[
            {"Id": "x", "Arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:patching"},
            {"Id": "y", "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:patching"},
        ],
    ),
    "a command": DECLARE["a command"],
    "a window": PATCH_NOW["a window"],
}


def own_rule() -> str:
    """A rule as the module creates it."""
    client("events").put_rule(Name="patching-x", EventPattern=json.dumps({"source": ["aws.ssm"]}))
    return "patching-x"


@pytest.mark.parametrize("attack", PREREQUISITES)
def test_prerequisites_do_not_allow(account: Account, attack: str) -> None:
    account.simulator.set_policies({"*": policy("prerequisites")})

    with pytest.raises(ClientError) as raised:
        PREREQUISITES[attack](account)

    assert raised.value.response["Error"]["Code"] in REFUSED


def test_prerequisites_allow_to_bound_a_role_and_to_remove_an_empty_one(account: Account) -> None:
    """The page says so: IAM takes a boundary for a role that has none, and a tag for one without tags."""
    name = free_role(account, "patching-free")

    client("iam").put_role_permissions_boundary(RoleName=name, PermissionsBoundary=BOUNDARY)
    client("iam").put_role_policy(RoleName=name, PolicyName="x", PolicyDocument=ADMINISTRATOR)
    client("iam").delete_role_policy(RoleName=name, PolicyName="x")
    client("iam").tag_role(RoleName=name, Tags=[{"Key": "patchfleet:setup", "Value": "x"}])
    client("iam").delete_role(RoleName=name)


def test_the_policies_of_the_created_roles_are_within_the_boundary(account: Account) -> None:
    account.run("patch_prerequisites", **AROUND)
    allowed = {action for one in policy("boundary")["Statement"] for action in one["Action"]}

    for name in ("patching-windows", "patching-notifications"):
        document = client("iam").get_role_policy(RoleName=name, PolicyName="patchfleet")["PolicyDocument"]
        actions = [statement["Action"] for statement in document["Statement"]]
        assert {one for listed in actions for one in ([listed] if isinstance(listed, str) else listed)} <= allowed
