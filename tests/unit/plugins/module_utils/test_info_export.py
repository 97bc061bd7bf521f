# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored, as the options that declare it."""

from __future__ import annotations

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._info.export import (
    declaration_of,
    declare_aws_baseline,
    declare_baseline,
    declare_window,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._options.kind import Kind
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import (
    patch_baseline,
    patch_task,
    window,
    window_target,
    window_task,
)
from ansible_collections.patchfleet.aws.tests.support.stored import (
    BASELINE,
    BASELINE_ID,
    GROUP,
    INSTALL,
    INSTANCES,
    LAMBDA,
    NOTIFICATION,
    ROLE,
    SERVERS,
    TYPES,
    WINDOW,
    Raw,
    check,
    declared,
    parts,
    run_command,
    task,
    unlike,
)


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
        ({"tag:Empty": [""]}, {"targets": [{"key": "tag:Empty", "values": [""]}]}),
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
    assert declaration_of(window_target.KIND, raw) == {"name": "servers", **options}


PLAIN_INSTALL = {"name": "install", "operation": "Install", "window_targets": ["servers"]}
CONSOLE = {"Operation": ["Scan"], "SnapshotId": [""], "RebootOption": ["NoReboot"], "InstallOverrideList": [""]}


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
    assert "a name in it suggests a secret" in undeclared[0]


def test_a_secret_leaves_the_rest_of_its_block() -> None:
    raw = task(INSTALL, {"Parameters": {"Password": ["x"]}, "Comment": "kept"}, TaskArn="Custom")
    assert declared(raw)[0]["tasks"][0]["run_command"] == {"comment": "kept"}


def test_namesakes_and_the_unnamed_cannot_be_declared() -> None:
    unnamed = {name: value for name, value in unlike(SERVERS, 3).items() if name != "Name"}
    targets = (SERVERS, unlike(SERVERS, 2), unnamed)
    tasks = (INSTALL, unlike(INSTALL, 5), unlike(LAMBDA, 6, Name=""), unlike(INSTALL, 7, Name="other"))
    found, undeclared = declared(*tasks, targets=targets)
    assert "targets" not in found
    assert [one["name"] for one in found["patch_tasks"]] == ["other"]
    assert "window_targets" not in found["patch_tasks"][0]
    namesakes = "have this name, but a declaration requires unique names;"

    def by_target(raw: Raw) -> str:
        return f"to name it, use ssm_window_target with window_target_id: {raw['WindowTargetId']}"

    def by_task(raw: Raw) -> str:
        return f"to name it, use ssm_window_task with window_task_id: {raw['WindowTaskId']}"

    assert sorted(undeclared) == sorted(
        [
            f"target (unnamed) of window prod: it has no name (tag:PatchGroup=Web); {by_target(targets[2])}",
            *[f"target servers of window prod: 2 targets {namesakes} {by_target(raw)}" for raw in targets[:2]],
            f"task (unnamed) of window prod: it has no name (LAMBDA SSMtell); {by_task(tasks[2])}",
            *[f"task install of window prod: 2 tasks {namesakes} {by_task(raw)}" for raw in tasks[:2]],
            "task other of window prod: its window_targets; not all of them are declared with a unique name",
        ]
    )


def test_a_task_that_names_a_target_which_is_gone() -> None:
    found, undeclared = declared(INSTALL, targets=())
    assert "window_targets" not in found["patch_tasks"][0]
    assert "its window_targets" in undeclared[0]


def test_what_an_unfinished_replacement_left_is_not_declared() -> None:
    group = [{"Key": "resource-groups:Name", "Values": ["web"]}]
    left = unlike(SERVERS, 2, Name="servers.replaced", ResourceType="RESOURCE_GROUP", Targets=group)
    found, undeclared = declared(targets=(SERVERS, left))
    assert [one["name"] for one in found["targets"]] == ["servers"]
    assert "left over from an unfinished replacement" in undeclared[0]


def test_a_name_that_only_looks_like_a_leftover_has_to_be_changed() -> None:
    mine = unlike(SERVERS, 2, Name="servers.replaced")
    found, undeclared = declared(targets=(SERVERS, mine))
    assert [one["name"] for one in found["targets"]] == ["servers"]
    assert f"with window_target_id: {mine['WindowTargetId']}" in undeclared[0]


def test_parameters_that_the_service_ignores_are_told() -> None:
    ignored = {"Operation": {"Values": ["Install"]}}
    command = {"RunCommand": {"OutputS3BucketName": "logs"}}
    raw = unlike(INSTALL, 9, TaskInvocationParameters=command, TaskParameters=ignored)
    found, undeclared = declared(raw)
    assert "patch_tasks" not in found
    assert found["tasks"][0]["run_command"] == {"output_s3_bucket": "logs"}
    assert "TaskParameters (Operation), which AWS ignores" in undeclared[0]


def test_instances_that_are_no_targets_need_the_permission_of_the_window() -> None:
    raw = task(INSTALL, Targets=[{"Key": "InstanceIds", "Values": INSTANCES}])
    ids = unlike(SERVERS, 2, Targets=[{"Key": "InstanceIds", "Values": INSTANCES[:1]}])
    allowed, _none = declared(raw, targets=(ids,), AllowUnassociatedTargets=True)
    assert allowed["patch_tasks"][0]["instance_ids"] == INSTANCES
    found, undeclared = declared(raw, targets=(ids,))
    assert "instance_ids" not in found["patch_tasks"][0]
    assert INSTANCES[1] in undeclared[0]
    assert INSTANCES[0] not in undeclared[0]
    # A target with tags can select any instance.
    tagged = unlike(SERVERS, 3, Name="tagged", Targets=[{"Key": "tag:Env", "Values": ["prod"]}])
    found, _none = declared(raw, targets=(ids, tagged))
    assert found["patch_tasks"][0]["instance_ids"] == INSTANCES


@pytest.mark.parametrize(
    ("tags", "namesakes", "members", "reason"),
    [
        ({}, 2, {}, "2 windows have this name"),
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
    assert declaration_of(patch_baseline.KIND, BASELINE) == plain
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


@pytest.mark.parametrize("kind", [window.KIND, patch_task.KIND, window_task.KIND, patch_baseline.KIND])
def test_nothing_stored_declares_nothing(kind: Kind) -> None:
    assert declaration_of(kind, {}) == {}
