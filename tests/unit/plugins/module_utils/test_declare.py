# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored, as the options that declare it: by table, and the two laws by property."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import botocore.session
import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._patching import (
    baseline,
    patch_task,
    target,
    window,
    window_task,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._patching.declaration import (
    Declaration,
    make_entry,
    violations,
    whole_setup,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._patching.declare import (
    WindowParts,
    declaration_of,
    declare_aws_baseline,
    declare_baseline,
    declare_window,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._patching.kind import Kind
from ansible_collections.patchfleet.aws.plugins.module_utils._patching.plan_setup import plan_setup
from ansible_collections.patchfleet.aws.plugins.module_utils._patching.planner import Planning
from ansible_collections.patchfleet.aws.plugins.module_utils._patching.read import Account, Resource
from ansible_collections.patchfleet.aws.plugins.module_utils._patching.task import tidied
from hypothesis import given, settings
from hypothesis import strategies as st

Raw = dict[str, Any]
WINDOW_ID = "mw-0123456789abcdef0"
BASELINE_ID = "pb-0123456789abcdef0"
INSTANCES = ["i-0123456789abcdef0", "i-0123456789abcdef1"]
WINDOW: Raw = {
    "WindowId": WINDOW_ID,
    "Name": "prod",
    "Schedule": "cron(0 2 ? * TUE#2 *)",
    "Duration": 4,
    "Cutoff": 1,
    "AllowUnassociatedTargets": False,
    "Enabled": True,
}
SERVERS: Raw = {
    "WindowTargetId": "00000000-0000-0000-0000-000000000001",
    "Name": "servers",
    "ResourceType": "INSTANCE",
    "Targets": [{"Key": "tag:PatchGroup", "Values": ["Web"]}],
}
INSTALL: Raw = {
    "WindowTaskId": "00000000-0000-0000-0000-00000000000a",
    "Name": "install",
    "TaskType": "RUN_COMMAND",
    "TaskArn": "AWS-RunPatchBaseline",
    "Targets": [{"Key": "WindowTargetIds", "Values": [SERVERS["WindowTargetId"]]}],
    "MaxConcurrency": "10%",
    "MaxErrors": "10%",
    "Priority": 1,
    "ServiceRoleArn": "arn:aws:iam::123456789012:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM",
    "TaskInvocationParameters": {
        "RunCommand": {"Parameters": {"Operation": ["Install"], "RebootOption": ["RebootIfNeeded"]}}
    },
}
LAMBDA: Raw = {
    "WindowTaskId": "00000000-0000-0000-0000-00000000000b",
    "Name": "tell",
    "TaskType": "LAMBDA",
    "TaskArn": "SSMtell",
    "Priority": 1,
    "MaxConcurrency": "1",
    "MaxErrors": "1",
    "TaskInvocationParameters": {"Lambda": {"Payload": b'{"id": "{{RESOURCE_ID}}"}'}},
}
BASELINE: Raw = {
    "BaselineId": BASELINE_ID,
    "Name": "linux",
    "OperatingSystem": "AMAZON_LINUX_2023",
    "GlobalFilters": {"PatchFilters": []},
    "ApprovalRules": {"PatchRules": []},
    "ApprovedPatches": [],
    "ApprovedPatchesComplianceLevel": "UNSPECIFIED",
    "ApprovedPatchesEnableNonSecurity": False,
    "RejectedPatches": [],
    "RejectedPatchesAction": "ALLOW_AS_DEPENDENCY",
    "Sources": [],
    "PatchGroups": [],
}


@cache
def _model() -> Any:
    return botocore.session.get_session().get_service_model("ssm")


@cache
def shape(operation: str) -> Any:
    return _model().operation_model(operation).input_shape


def check(kind: Kind, options: dict[str, Any]) -> list[str]:
    return violations(Declaration(windows=[make_entry(kind, options)]), shape)


def task(raw: Raw, command: Raw | None = None, **members: Any) -> Raw:
    """A task with other members; command: other members of its RunCommand block."""
    changed = {**deepcopy(raw), **members}
    if command is not None:
        changed["TaskInvocationParameters"]["RunCommand"].update(command)
    return changed


def run_command(parameters: Raw, arn: str = "AWS-RunPatchBaseline", **members: Any) -> Raw:
    return task(INSTALL, {"Parameters": parameters}, TaskArn=arn, **members)


def parts(targets: list[Raw], tasks: list[Raw], tags: dict[str, str] | None = None, **members: Any) -> WindowParts:
    return WindowParts({**WINDOW, **members}, tags or {}, targets, [tidied(raw) for raw in tasks])


def declared(*tasks: Raw, targets: tuple[Raw, ...] = (SERVERS,), **members: Any) -> tuple[dict[str, Any], list[str]]:
    """The declaration of a window with these tasks, and what it does not hold."""
    found = declare_window(parts([*targets], [*tasks], **members), 1, check)
    assert found.options is not None
    return found.options, found.undeclared


@pytest.mark.parametrize(
    ("members", "options"),
    [
        ({}, {}),
        ({"Enabled": False}, {"enabled": False}),
        ({"AllowUnassociatedTargets": True}, {"allow_unassociated_targets": True}),
        ({"Description": "", "EndDate": "", "NextExecutionTime": "2026-01-13T02:00Z"}, {}),
        ({"Description": "d", "ScheduleOffset": 2}, {"description": "d", "schedule_offset": 2}),
        ({"Schedule": "rate(1 days)"}, {"schedule": "rate(1 day)"}),
        ({"Schedule": "rate(7 day)"}, {"schedule": "rate(7 days)"}),
        ({"Schedule": "rate(90 minutes)"}, {"schedule": "rate(90 minutes)"}),
        ({"StartDate": "2027-01-01T00:00Z"}, {"start_date": "2027-01-01T00:00Z"}),
        ({"EndDate": "20270101T000000Z"}, {"end_date": "2027-01-01T00:00:00+00:00"}),
        ({"ScheduleTimezone": "Europe/Berlin", "Cutoff": 0}, {"schedule_timezone": "Europe/Berlin", "cutoff": 0}),
    ],
)
def test_a_window_without_what_a_new_one_has(members: Raw, options: Raw) -> None:
    plain = {"name": "prod", "schedule": "cron(0 2 ? * TUE#2 *)", "duration": 4, "cutoff": 1}
    assert declaration_of(window.KIND, {**WINDOW, **members}) == {**plain, **options}


def test_tags_of_the_user_only() -> None:
    tags = {"Env": "prod", "aws:x": "1", "AWS:y": "2", "patchfleet:setup": "one"}
    assert declared(tags=tags)[0]["tags"] == {"Env": "prod"}
    assert "tags" not in declared(tags={"patchfleet:setup": "one"})[0]


GROUP = "resource-groups:Name"
TYPES = "resource-groups:ResourceTypeFilters"


@pytest.mark.parametrize(
    ("criteria", "options"),
    [
        ({"tag:PatchGroup": ["b", "a"]}, {"patch_groups": ["a", "b"]}),
        ({"tag:Patch Group": ["a"]}, {"patch_groups": ["a"], "patch_group_key": "Patch Group"}),
        ({"tag:Env": ["x"], "tag:App": ["z", "y"]}, {"instance_tags": {"App": ["y", "z"], "Env": "x"}}),
        ({"tag-key": ["Z", "A"], "tag:PatchGroup": ["a"]}, {"patch_groups": ["a"], "tag_keys": ["A", "Z"]}),
        (
            {"tag:Patch Group": ["a"], "tag:PatchGroup": ["b"]},
            {"patch_groups": ["b"], "instance_tags": {"Patch Group": "a"}},
        ),
        ({"tag:Empty": [""]}, {"instance_tags": {"Empty": ""}}),
        ({"InstanceIds": INSTANCES[::-1]}, {"instance_ids": INSTANCES}),
        ({GROUP: ["servers"]}, {"resource_group": "servers"}),
        (
            {TYPES: ["AWS::SSM::ManagedInstance", "AWS::EC2::Instance"], GROUP: ["servers"]},
            {"resource_group": "servers", "resource_types": ["AWS::EC2::Instance", "AWS::SSM::ManagedInstance"]},
        ),
        ({"Role": ["b", "a"]}, {"targets": [{"key": "Role", "values": ["a", "b"]}]}),
        (
            {TYPES: ["AWS::EC2::Instance"]},
            {"targets": [{"key": TYPES, "values": ["AWS::EC2::Instance"]}]},
        ),
    ],
)
def test_criteria_in_the_form_that_reads_best(criteria: dict[str, list[str]], options: Raw) -> None:
    raw = {**SERVERS, "Targets": [{"Key": key, "Values": values} for key, values in criteria.items()]}
    assert declaration_of(target.KIND, raw) == {"name": "servers", **options}


PLAIN_INSTALL = {"name": "install", "operation": "Install", "window_targets": ["servers"]}
CONSOLE = {"Operation": ["Scan"], "SnapshotId": [""], "RebootOption": ["NoReboot"], "InstallOverrideList": [""]}
NOTIFICATION = {"NotificationArn": "arn:aws:sns:eu-central-1:123456789012:one"}
ROLE = "arn:aws:iam::123456789012:role/one"


@pytest.mark.parametrize(
    ("raw", "options"),
    [
        (INSTALL, PLAIN_INSTALL),
        (task(INSTALL, {"Comment": "", "DocumentVersion": "$DEFAULT"}, CutoffBehavior="CONTINUE_TASK"), PLAIN_INSTALL),
        (task(INSTALL, Priority=0, MaxErrors="0"), {**PLAIN_INSTALL, "priority": 0, "max_errors": "0"}),
        (task(INSTALL, ServiceRoleArn=ROLE), {**PLAIN_INSTALL, "service_role_arn": ROLE}),
        (task(INSTALL, {"TimeoutSeconds": 600}), {**PLAIN_INSTALL, "timeout_seconds": 600}),
        (run_command(CONSOLE), {**PLAIN_INSTALL, "operation": "Scan", "reboot_option": "NoReboot"}),
        (
            run_command({"Operation": ["Scan"], "OnExitHookDocName": ["Bye"]}, "AWS-RunPatchBaselineWithHooks"),
            {**PLAIN_INSTALL, "operation": "Scan", "hooks": {"on_exit": "Bye"}},
        ),
        (
            run_command({"Operation": ["Scan"]}, "AWS-RunPatchBaselineWithHooks"),
            {**PLAIN_INSTALL, "operation": "Scan", "document": "AWS-RunPatchBaselineWithHooks"},
        ),
        (
            task(
                INSTALL,
                {
                    "ServiceRoleArn": ROLE,
                    "NotificationConfig": {
                        **NOTIFICATION,
                        "NotificationEvents": ["TimedOut", "Failed"],
                        "NotificationType": "Command",
                    },
                },
                AlarmConfiguration={"IgnorePollAlarmFailure": False, "Alarms": [{"Name": "high"}]},
            ),
            {
                **PLAIN_INSTALL,
                "alarm": {"name": "high"},
                "notification": {"topic_arn": NOTIFICATION["NotificationArn"], "role_arn": ROLE},
            },
        ),
    ],
)
def test_a_patch_task(raw: Raw, options: Raw) -> None:
    found, undeclared = declared(raw)
    assert (found["patch_tasks"], undeclared) == ([options], [])
    assert "tasks" not in found


@pytest.mark.parametrize(
    "parameters",
    [
        {"Operation": ["Install"], "SnapshotId": ["0123"]},
        {"Operation": ["Look"]},
        {"Operation": ["Scan", "Install"]},
        {"Operation": ["Scan"], "RebootOption": ["Sometimes"]},
        {"Operation": ["Scan"], "BaselineOverride": ["bucket/key"]},
        {"commands": ["a", "b"]},
    ],
)
def test_what_a_patch_task_cannot_say_is_a_task_of_any_type(parameters: dict[str, list[str]]) -> None:
    found, undeclared = declared(run_command(parameters))
    written = {name: values if len(values) > 1 else values[0] for name, values in parameters.items()}
    assert "patch_tasks" not in found
    assert undeclared == []
    assert found["tasks"] == [
        {
            "name": "install",
            "task_type": "RUN_COMMAND",
            "task_arn": "AWS-RunPatchBaseline",
            "window_targets": ["servers"],
            "run_command": {"parameters": written},
        }
    ]


def test_a_task_without_targets_has_no_rates() -> None:
    tell = {"name": "tell", "task_type": "LAMBDA", "task_arn": "SSMtell"}
    payload = {"lambda_function": {"payload": '{"id": "{{RESOURCE_ID}}"}'}}
    assert declared(LAMBDA)[0]["tasks"] == [{**tell, **payload}]
    assert declared(task(LAMBDA, TaskInvocationParameters={}))[0]["tasks"] == [tell]


def test_parameters_of_the_older_api() -> None:
    old = {name: value for name, value in INSTALL.items() if name != "TaskInvocationParameters"}
    old |= {"TaskParameters": {"Operation": {"Values": ["Scan"]}}, "LoggingInfo": {"S3BucketName": "logs"}}
    options = {"name": "install", "operation": "Scan", "window_targets": ["servers"], "output_s3_bucket": "logs"}
    assert declared(old)[0]["patch_tasks"] == [options]


def test_tasks_in_the_order_of_priority() -> None:
    first, second = task(INSTALL, Name="zzz", Priority=0, WindowTaskId="1"), task(INSTALL, Name="aaa", Priority=2)
    assert [one["name"] for one in declared(second, first)[0]["patch_tasks"]] == ["zzz", "aaa"]


SECRETS = [
    run_command({"commands": ["x"], "adminPassword": ["hidden"]}, "Custom"),
    run_command({"Operation": ["Scan"], "ApiKey": ["hidden"]}),
    task(LAMBDA, TaskInvocationParameters={"Lambda": {"Payload": b'{"auth": {"client_secret": "hidden"}}'}}),
    task(LAMBDA, TaskInvocationParameters={"Lambda": {"Payload": b'{"token": "hidden", "id": {{TARGET_ID}}}'}}),
    task(LAMBDA, TaskInvocationParameters={"Lambda": {"ClientContext": "eyJwYXNzd2QiOiAiaGlkZGVuIn0="}}),
    task(LAMBDA, TaskInvocationParameters={"Lambda": {"ClientContext": "hidden"}}),
    task(
        LAMBDA,
        TaskType="STEP_FUNCTIONS",
        TaskInvocationParameters={"StepFunctions": {"Input": '{"privateKey": "hidden"}'}},
    ),
    task(
        LAMBDA,
        TaskType="AUTOMATION",
        TaskInvocationParameters={"Automation": {"Parameters": {"Credentials": ["hidden"], "InstanceId": ["i-1"]}}},
    ),
]


@pytest.mark.parametrize("raw", SECRETS)
def test_secrets_are_left_out_and_told(raw: Raw) -> None:
    found, undeclared = declared(raw)
    (written,) = found["tasks"]
    assert not {"run_command", "automation", "lambda_function", "step_functions"} & set(written)
    assert "hidden" not in str(found) + str(undeclared)
    assert len(undeclared) == 1
    assert undeclared[0].startswith(f"task {raw['Name']} of window prod: its ")
    assert "looks like that of a secret" in undeclared[0]


def test_a_secret_leaves_the_rest_of_its_block() -> None:
    raw = task(INSTALL, {"Parameters": {"Password": ["x"]}, "Comment": "kept"}, TaskArn="Custom")
    assert declared(raw)[0]["tasks"][0]["run_command"] == {"comment": "kept"}


def _unlike(raw: Raw, number: int, **members: Any) -> Raw:
    id_member = "WindowTaskId" if "TaskArn" in raw else "WindowTargetId"
    return {**raw, id_member: f"00000000-0000-0000-0000-{number:012d}", **members}


def test_namesakes_and_the_unnamed_cannot_be_declared() -> None:
    unnamed = {name: value for name, value in _unlike(SERVERS, 3).items() if name != "Name"}
    targets = (SERVERS, _unlike(SERVERS, 2), unnamed)
    tasks = (INSTALL, _unlike(INSTALL, 5), _unlike(LAMBDA, 6, Name=""), _unlike(INSTALL, 7, Name="other"))
    found, undeclared = declared(*tasks, targets=targets)
    assert "targets" not in found
    assert [one["name"] for one in found["patch_tasks"]] == ["other"]
    assert "window_targets" not in found["patch_tasks"][0]
    assert sorted(undeclared) == [
        "target (unnamed) of window prod: it has no name (tag:PatchGroup=Web)",
        *["target servers of window prod: 2 of them have this name, and a declaration finds by name"] * 2,
        "task (unnamed) of window prod: it has no name (LAMBDA SSMtell)",
        *["task install of window prod: 2 of them have this name, and a declaration finds by name"] * 2,
        "task other of window prod: its window_targets; not all of them are declared, by a name that is theirs alone",
    ]


def test_a_task_that_names_a_target_which_is_gone() -> None:
    found, undeclared = declared(INSTALL, targets=())
    assert "window_targets" not in found["patch_tasks"][0]
    assert "its window_targets" in undeclared[0]


def test_what_an_unfinished_replacement_left_is_not_declared() -> None:
    left = _unlike(SERVERS, 2, Name="servers.replaced")
    found, undeclared = declared(targets=(SERVERS, left))
    assert [one["name"] for one in found["targets"]] == ["servers"]
    assert "unfinished replacement" in undeclared[0]


def test_instances_that_are_no_targets_need_the_permission_of_the_window() -> None:
    raw = task(INSTALL, Targets=[{"Key": "InstanceIds", "Values": INSTANCES}])
    ids = _unlike(SERVERS, 2, Targets=[{"Key": "InstanceIds", "Values": INSTANCES[:1]}])
    allowed, _none = declared(raw, targets=(ids,), AllowUnassociatedTargets=True)
    assert allowed["patch_tasks"][0]["instance_ids"] == INSTANCES
    found, undeclared = declared(raw, targets=(ids,))
    assert "instance_ids" not in found["patch_tasks"][0]
    assert INSTANCES[1] in undeclared[0]
    assert INSTANCES[0] not in undeclared[0]


@pytest.mark.parametrize(
    ("tags", "namesakes", "members", "reason"),
    [
        ({}, 2, {}, "2 of them have this name"),
        ({"aws:cloudformation:stack-id": "arn"}, 1, {}, "CloudFormation"),
        ({}, 1, {"Schedule": "cron(nonsense)"}, "schedule: "),
    ],
)
def test_windows_that_cannot_be_declared(tags: dict[str, str], namesakes: int, members: Raw, reason: str) -> None:
    found = declare_window(parts([SERVERS], [INSTALL], tags, **members), namesakes, check)
    assert found.options is None
    assert len(found.undeclared) == 1
    assert found.undeclared[0].startswith("window prod: ")
    assert reason in found.undeclared[0]


def test_a_priority_that_is_not_stored_is_told() -> None:
    raw = {name: value for name, value in INSTALL.items() if name != "Priority"}
    found, undeclared = declared(raw)
    assert found["patch_tasks"] == [PLAIN_INSTALL]
    assert "priority" in undeclared[0]


RULE = {
    "PatchFilterGroup": {"PatchFilters": [{"Key": "SEVERITY", "Values": ["b", "a"]}]},
    "ApproveAfterDays": 0,
    "ComplianceLevel": "UNSPECIFIED",
    "EnableNonSecurity": False,
}


def test_a_baseline() -> None:
    plain = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
    assert declaration_of(baseline.KIND, BASELINE) == plain
    raw = {
        **BASELINE,
        "ApprovalRules": {"PatchRules": [RULE, {**RULE, "ComplianceLevel": "HIGH", "EnableNonSecurity": True}]},
        "GlobalFilters": {"PatchFilters": [{"Key": "PRODUCT", "Values": ["*"]}]},
        "ApprovedPatches": ["b", "a"],
        "RejectedPatchesAction": "BLOCK",
        "Sources": [{"Name": "one", "Products": ["z", "y"], "Configuration": "[one]"}],
        "PatchGroups": ["Web", "Db"],
    }
    found = declare_baseline(raw, {"Env": "prod", "patchfleet:setup": "x"}, True, 1, check)
    assert found.undeclared == []
    assert found.options == {
        **plain,
        "approval_rules": [
            {"filters": {"SEVERITY": ["a", "b"]}, "approve_after_days": 0},
            {
                "filters": {"SEVERITY": ["a", "b"]},
                "approve_after_days": 0,
                "compliance_level": "HIGH",
                "enable_non_security": True,
            },
        ],
        "global_filters": {"PRODUCT": ["*"]},
        "approved_patches": ["a", "b"],
        "rejected_patches_action": "BLOCK",
        "sources": [{"name": "one", "products": ["y", "z"], "configuration": "[one]"}],
        "tags": {"Env": "prod"},
        "patch_groups": ["Db", "Web"],
        "default": True,
    }


@pytest.mark.parametrize(("tags", "namesakes"), [({"aws:cloudformation:stack-id": "arn"}, 1), ({}, 2)])
def test_baselines_that_cannot_be_declared(tags: dict[str, str], namesakes: int) -> None:
    found = declare_baseline(BASELINE, tags, True, namesakes, check)
    assert found.options is None
    assert found.undeclared[0].startswith("baseline linux for AMAZON_LINUX_2023: ")


def test_of_a_baseline_of_aws_only_registrations_are_declared() -> None:
    arn = f"arn:aws:ssm:eu-central-1:123456789012:patchbaseline/{BASELINE_ID}"
    identity = {"BaselineId": arn, "BaselineName": "AWS-X", "OperatingSystem": "WINDOWS", "DefaultBaseline": True}
    plain = {"name": "AWS-X", "operating_system": "WINDOWS"}
    assert declare_aws_baseline(identity, [], arn).options is None
    assert declare_aws_baseline(identity, ["b", "a"], arn).options == {**plain, "patch_groups": ["a", "b"]}
    assert declare_aws_baseline(identity, [], "arn:other").options == {**plain, "default": True}


# The laws. An account is made of API structures as reads give them; planning is pure, so applying is merging.
NAMES = st.sampled_from(["one", "two", "three", "four.replaced", "four"])
TEXTS = st.sampled_from(["", "text", "{{TARGET_ID}} {% x %}", "a: b # c", "true", "12", "line\nline"])
SCHEDULES = st.sampled_from(["cron(0 2 ? * TUE#2 *)", "rate(1 days)", "rate(7 days)", "at(2027-01-01T02:00:00)"])
DATES = st.sampled_from(["", "2027-01-01T00:00Z", "2027-01-01T00:00:00+01:00"])
RATES = st.sampled_from(["1", "10%", "100%", "50"])
TAG_MAPS = st.dictionaries(
    st.sampled_from(["Env", "Team", "patchfleet:setup", "aws:x"]), st.sampled_from(["", "a", "b c"]), max_size=3
)
WORDS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True)


def _optional(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Raw]:
    return st.fixed_dictionaries({}, optional=members)


TAG_CRITERIA = st.dictionaries(
    st.sampled_from(["tag:PatchGroup", "tag:Patch Group", "tag:Env", "tag-key"]), WORDS, min_size=1, max_size=4
)
GROUP_CRITERIA = st.fixed_dictionaries({GROUP: st.just(["servers"])}, optional={TYPES: WORDS})
CRITERIA = st.one_of(TAG_CRITERIA, GROUP_CRITERIA, st.just({"InstanceIds": INSTANCES}))


@st.composite
def targets(draw: st.DrawFn) -> Raw:
    criteria = draw(CRITERIA)
    listed = draw(st.permutations([{"Key": key, "Values": values} for key, values in criteria.items()]))
    kind = "RESOURCE_GROUP" if GROUP in criteria else "INSTANCE"
    labels = draw(_optional(Name=NAMES, Description=TEXTS, OwnerInformation=TEXTS))
    return {**labels, "ResourceType": kind, "Targets": listed}


PATCH_PARAMETERS = st.fixed_dictionaries(
    {"Operation": st.sampled_from([["Scan"], ["Install"]])},
    optional={
        "RebootOption": st.sampled_from([["NoReboot"], ["RebootIfNeeded"], [""]]),
        "SnapshotId": st.sampled_from([[""], ["0123"]]),
        "PreInstallHookDocName": st.sampled_from([[""], ["Hook"]]),
        "InstallOverrideList": st.sampled_from([[""], ["s3://bucket/key"], ["odd"]]),
    },
)
FREE_PARAMETERS = st.dictionaries(st.sampled_from(["commands", "Password", "x"]), st.lists(TEXTS, max_size=2))
NOTIFICATIONS = st.just({**NOTIFICATION, "NotificationEvents": ["Failed", "TimedOut"], "NotificationType": "Command"})
COMMANDS = _optional(
    Parameters=st.one_of(PATCH_PARAMETERS, FREE_PARAMETERS),
    Comment=TEXTS,
    TimeoutSeconds=st.sampled_from([30, 600]),
    DocumentVersion=st.sampled_from(["$DEFAULT", "$LATEST"]),
    CloudWatchOutputConfig=_optional(CloudWatchOutputEnabled=st.booleans()),
    OutputS3BucketName=st.just("logs"),
)
BLOCKS = {
    "AUTOMATION": st.fixed_dictionaries({"Automation": _optional(Parameters=FREE_PARAMETERS)}),
    "LAMBDA": st.fixed_dictionaries({"Lambda": _optional(Payload=st.sampled_from([b'{"a": 1}', b"{{ID}}"]))}),
    "STEP_FUNCTIONS": st.fixed_dictionaries({"StepFunctions": _optional(Input=st.just("{}"), Name=TEXTS)}),
}


@st.composite
def tasks(draw: st.DrawFn, target_ids: list[str]) -> Raw:
    task_type = draw(st.sampled_from(["RUN_COMMAND", "RUN_COMMAND", *BLOCKS]))
    labels = draw(_optional(Name=NAMES, Description=TEXTS, Priority=st.integers(0, 3)))
    more = draw(_optional(ServiceRoleArn=st.just(ROLE), CutoffBehavior=st.just("CANCEL_TASK")))
    arn = draw(st.sampled_from(["AWS-RunPatchBaseline", "AWS-RunPatchBaselineWithHooks", "Other"]))
    raw: Raw = {"TaskType": task_type, "TaskArn": arn, **labels, **more}
    if task_type == "RUN_COMMAND" or draw(st.booleans()):
        choices = [{"Key": "InstanceIds", "Values": INSTANCES}]
        choices += [{"Key": "WindowTargetIds", "Values": target_ids}] * bool(target_ids) * 2
        raw["Targets"] = [draw(st.sampled_from(choices))]
    raw |= {"MaxConcurrency": draw(RATES), "MaxErrors": draw(RATES)} if "Targets" in raw else {}
    if task_type == "RUN_COMMAND":
        command = draw(COMMANDS)
        if draw(st.booleans()):
            command |= {"NotificationConfig": draw(NOTIFICATIONS), "ServiceRoleArn": ROLE}
        raw["TaskInvocationParameters"] = {"RunCommand": command}
    elif draw(st.booleans()):
        raw["TaskInvocationParameters"] = draw(BLOCKS[task_type])
    return tidied(raw)


@st.composite
def windows(draw: st.DrawFn) -> WindowParts:
    required = {"Name": "prod", "Schedule": draw(SCHEDULES), "Duration": draw(st.integers(2, 24)), "Cutoff": 1}
    flags = {"Enabled": draw(st.booleans()), "AllowUnassociatedTargets": draw(st.booleans())}
    labels = draw(_optional(Description=TEXTS, StartDate=DATES, ScheduleTimezone=st.just("Europe/Berlin")))
    found = [_unlike(raw, number) for number, raw in enumerate(draw(st.lists(targets(), max_size=3)))]
    ids = draw(st.lists(st.sampled_from([one["WindowTargetId"] for one in found]), unique=True)) if found else []
    made = draw(st.lists(tasks(ids), max_size=3))
    tags = draw(TAG_MAPS)
    numbered = [_unlike(raw, 10 + number) for number, raw in enumerate(made)]
    return WindowParts({"WindowId": WINDOW_ID, **required, **flags, **labels}, tags, found, numbered)


def _resources(raws: list[Raw] | None, id_member: str) -> dict[str, Resource]:
    return {raw[id_member]: Resource(raw[id_member], raw.get("Name") or None, raw, full=True) for raw in raws or ()}


def account_of(read: WindowParts) -> Account:
    found = Resource(WINDOW_ID, read.raw["Name"], read.raw, full=True, tags=dict(read.tags))
    return Account(
        windows={WINDOW_ID: found},
        targets={WINDOW_ID: _resources(read.targets, "WindowTargetId")},
        tasks={WINDOW_ID: _resources(read.tasks, "WindowTaskId")},
    )


def planned(options: dict[str, Any], account: Account, kind: str = "windows") -> Planning:
    return plan_setup(whole_setup({kind: [options]}), account, shape)


def applied(planning: Planning) -> WindowParts:
    """What an empty account holds after a plan: the requests of its creations, with ids made up."""
    ids: dict[str, str] = {}
    made: dict[str, list[Raw]] = {"window": [], "target": [], "task": []}
    tags: dict[str, str] = {}
    for number, step in enumerate(planning.plan.steps):
        request = deepcopy(step.request)
        if step.creation is None:
            made["window"][0].update({"Enabled": request["Enabled"]})
            continue
        kind = step.change.kind
        ids[step.key] = WINDOW_ID if kind == "window" else f"00000000-0000-0000-0000-{number:012d}"
        for entry in request.get("Targets") or ():
            entry["Values"] = [ids.get(getattr(value, "step", ""), value) for value in entry["Values"]]
        tags |= {tag["Key"]: tag["Value"] for tag in request.pop("Tags", ())}
        made[kind].append({**request, step.creation.id_member: ids[step.key]})
    return WindowParts({"Enabled": True, **made["window"][0]}, tags, made["target"], made["task"])


@settings(max_examples=150, deadline=None)
@given(windows())
def test_what_was_read_has_nothing_to_do_where_it_was_read(read: WindowParts) -> None:
    found = declare_window(read, 1, check)
    assert found.options is not None
    planning = planned(found.options, account_of(read))
    assert planning.plan.violations == []
    leftovers = [text for text in found.undeclared if "unfinished replacement" in text]
    assert leftovers or [change.diff() for change in planning.plan.changes] == []


@settings(max_examples=150, deadline=None)
@given(windows())
def test_what_was_read_makes_the_same_elsewhere(read: WindowParts) -> None:
    found = declare_window(read, 1, check)
    assert found.options is not None
    planning = planned(found.options, Account())
    # A task that needs targets and whose targets cannot be named is told, and cannot be made elsewhere.
    told = any("its window_targets" in text or "its instance_ids" in text for text in found.undeclared)
    assert told or planning.plan.violations == []
    if not planning.plan.violations:
        again = declare_window(applied(planning), 1, check)
        assert again.options == found.options


FILTERS = st.lists(st.fixed_dictionaries({"Key": st.just("SEVERITY"), "Values": WORDS}), max_size=1)
RULES = st.lists(
    st.fixed_dictionaries(
        {
            "PatchFilterGroup": st.fixed_dictionaries({"PatchFilters": FILTERS}),
            "ApproveAfterDays": st.integers(0, 360),
        },
        optional={"ComplianceLevel": st.sampled_from(["UNSPECIFIED", "HIGH"]), "EnableNonSecurity": st.booleans()},
    ),
    max_size=3,
)
BASELINES = _optional(
    Description=TEXTS,
    ApprovalRules=st.fixed_dictionaries({"PatchRules": RULES}),
    ApprovedPatches=WORDS,
    ApprovedPatchesComplianceLevel=st.sampled_from(["UNSPECIFIED", "HIGH"]),
    RejectedPatches=WORDS,
    RejectedPatchesAction=st.sampled_from(["BLOCK", "ALLOW_AS_DEPENDENCY"]),
    PatchGroups=WORDS,
)


@settings(max_examples=100, deadline=None)
@given(BASELINES, TAG_MAPS, st.booleans())
def test_the_laws_for_a_baseline(members: Raw, tags: dict[str, str], default: bool) -> None:
    raw = {**BASELINE, **members}
    found = declare_baseline(raw, tags, default, 1, check)
    assert found.options is not None
    system = {"OperatingSystem": raw["OperatingSystem"]}
    identity = {"BaselineId": BASELINE_ID, "BaselineName": "linux", "DefaultBaseline": default, **system}
    resource = Resource(BASELINE_ID, "linux", raw, full=True, tags=tags)
    groups = {(raw["OperatingSystem"], group): BASELINE_ID for group in raw["PatchGroups"]}
    account = Account(baselines={BASELINE_ID: resource}, identities=[identity], groups=groups)
    here = planned(found.options, account, "baselines")
    assert here.plan.violations == []
    assert [change.diff() for change in here.plan.changes] == []
    steps = planned(found.options, Account(), "baselines").plan.steps
    made = {**BASELINE, **steps[0].request}
    made_tags = {tag["Key"]: tag["Value"] for tag in made.pop("Tags", ())}
    made["PatchGroups"] = [one.request["PatchGroup"] for one in steps if "PatchGroup" in one.request]
    made_default = any(one.operation == "RegisterDefaultPatchBaseline" for one in steps)
    assert declare_baseline(made, made_tags, made_default, 1, check).options == found.options


@pytest.mark.parametrize("kind", [window.KIND, patch_task.KIND, window_task.KIND, baseline.KIND])
def test_nothing_stored_declares_nothing(kind: Kind) -> None:
    assert declaration_of(kind, {}) == {}
