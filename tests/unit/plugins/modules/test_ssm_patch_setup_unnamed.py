# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets and tasks without a name: which of them a declaration adopts, and when it asks."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import apply

WINDOW = {"name": "prod", "schedule": "rate(1 day)", "duration": 2, "cutoff": 1}
WEB = {"name": "web", "instance_tags": {"Role": ["web", "proxy"]}}
INSTALL = {"name": "install", "operation": "Install", "window_targets": ["web"]}
SCRIPT = {
    "name": "script",
    "task_type": "RUN_COMMAND",
    "task_arn": "AWS-RunShellScript",
    "window_targets": ["web"],
    "run_command": {"parameters": {"commands": ["uptime"]}},
}
CRITERIA = [{"Key": "tag:Role", "Values": ["proxy", "web"]}]


def _window(account: Account) -> str:
    return str(account.by_hand("CreateMaintenanceWindow", **_created())["WindowId"])


def _created() -> dict[str, Any]:
    return {"Name": "prod", "Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 1, "AllowUnassociatedTargets": False}


def _target(account: Account, window: str, **members: Any) -> str:
    body = {"WindowId": window, "ResourceType": "INSTANCE", "Targets": CRITERIA, **members}
    return str(account.by_hand("RegisterTargetWithMaintenanceWindow", **body)["WindowTargetId"])


def _task(account: Account, window: str, target: str, operation: str = "Install", **members: Any) -> str:
    body = {
        "WindowId": window,
        "TaskType": "RUN_COMMAND",
        "TaskArn": "AWS-RunPatchBaseline",
        "Targets": [{"Key": "WindowTargetIds", "Values": [target]}],
        "MaxConcurrency": "10%",
        "MaxErrors": "10%",
        "Priority": 1,
        "TaskInvocationParameters": {"RunCommand": {"Parameters": {"Operation": [operation]}}},
        **members,
    }
    return str(account.by_hand("RegisterTaskWithMaintenanceWindow", **body)["WindowTaskId"])


def _setup(account: Account, targets: list[dict[str, Any]], tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """Apply a setup as check mode says, and find nothing to do afterwards."""
    window = {**WINDOW, "targets": targets, "patch_tasks": tasks}
    return apply(account, "ssm_patch_setup", windows=[window])


def _changes(result: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    return {one["id"]: (one["action"], one["fields"]) for one in result["changes"]}


def test_what_is_the_same_gets_the_name(account: Account) -> None:
    window = _window(account)
    target = _target(account, window)
    task, scan = _task(account, window, target), _task(account, window, target, "Scan")

    done = _setup(account, [WEB], [INSTALL, {**INSTALL, "name": "scan", "operation": "Scan"}])

    assert _changes(done) == {target: ("update", ["name"]), task: ("update", ["name"]), scan: ("update", ["name"])}
    assert done["diff"][0]["before"] == {"name": None}
    assert done["diff"][0]["after"] == {"name": "web"}


def test_a_warning_gives_the_ids(account: Account) -> None:
    window = _window(account)
    target = _target(account, window)
    task = _task(account, window, target)

    declared = [{**WINDOW, "targets": [WEB], "patch_tasks": [INSTALL]}]
    predicted = account.run("ssm_patch_setup", check=True, windows=declared)

    text = "name: the {} {} of window prod has no name but is otherwise the same, so it gets this name"
    assert predicted["warnings"] == [
        "windows[0] prod / targets[0] web: " + text.format("target", target),
        "windows[0] prod / patch_tasks[0] install: " + text.format("task", task),
    ]


def test_single_modules_adopt_too(account: Account) -> None:
    window = _window(account)
    target = _target(account, window)
    task = _task(account, window, target)
    script = _task(account, window, target, TaskArn="AWS-RunShellScript")

    found = apply(account, "ssm_window_target", window="prod", **WEB)["target"]
    assert found["window_target_id"] == target
    assert apply(account, "ssm_patch_task", window="prod", **INSTALL)["task"]["window_task_id"] == task
    assert apply(account, "ssm_window_task", window="prod", **SCRIPT)["task"]["window_task_id"] == script


@pytest.mark.parametrize(
    "other",
    [
        {**WEB, "instance_tags": {"Role": ["web"]}},
        {**WEB, "instance_tags": {"Role": ["web", "proxy"], "Env": "prod"}},
        {"name": "web", "tag_keys": ["Role"]},
    ],
)
def test_other_criteria_are_another_target(account: Account, other: dict[str, Any]) -> None:
    target = _target(account, _window(account))

    done = apply(account, "ssm_window_target", window="prod", **other)

    assert done["target"]["window_target_id"] != target
    assert not done["warnings"]


@pytest.mark.parametrize(
    "other",
    [
        {"TaskArn": "AWS-RunPatchBaselineWithHooks"},
        {"Targets": [{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}]},
        {"operation": "Scan"},
        {"TaskType": "AUTOMATION", "TaskInvocationParameters": {"Automation": {}}},
    ],
)
def test_another_task_is_not_adopted(account: Account, other: dict[str, Any]) -> None:
    window = _window(account)
    target = _target(account, window)
    _target(account, window, Targets=[{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}])
    task = _task(account, window, target, **other)

    done = _setup(account, [WEB], [INSTALL])

    assert done["windows"][0]["patch_tasks"][0]["window_task_id"] != task


def test_a_task_on_further_targets_is_not_adopted(account: Account) -> None:
    window = _window(account)
    ids = [{"Key": "InstanceIds", "Values": ["i-0123456789abcdef0"]}]
    targets = [_target(account, window), _target(account, window, Targets=ids)]
    task = _task(account, window, "", Targets=[{"Key": "WindowTargetIds", "Values": targets}])

    done = _setup(account, [WEB], [INSTALL])

    assert done["windows"][0]["patch_tasks"][0]["window_task_id"] != task


def test_of_several_none_is_chosen(account: Account) -> None:
    window = _window(account)
    targets = sorted(_target(account, window) for _n in range(2))

    (violation,) = account.refuses("ssm_window_target", window="prod", **WEB)

    assert violation == (
        f"name: 'web' does not exist in window prod, but the targets {', '.join(targets)} have no name and the same"
        " criteria; specify the ID of the one to use as window_target_id"
    )
    chosen = apply(account, "ssm_window_target", window="prod", window_target_id=targets[0], **WEB)
    assert chosen["target"]["window_target_id"] == targets[0]
    tasks = [_task(account, window, targets[0]) for _n in range(2)]
    (violation,) = account.refuses("ssm_patch_task", window="prod", **INSTALL)
    assert all(task in violation for task in tasks)
    assert "window_task_id" in violation


def test_one_that_fits_several_entries_is_not_adopted(account: Account) -> None:
    window = _window(account)
    target = _target(account, window)
    twins = [WEB, {**WEB, "name": "twin"}]

    violations = account.refuses("ssm_patch_setup", windows=[{**WINDOW, "targets": twins}])

    assert len(violations) == 2
    assert all(target in violation for violation in violations)
    assert "and fits twin too" in violations[0]
    # An entry that says which one it means leaves none for the other.
    by_id = [{**WEB, "window_target_id": target}, {**WEB, "name": "twin"}]
    assert len(_setup(account, by_id, [])["changes"]) == 2


def test_a_task_without_an_operation_becomes_the_declared_one(account: Account) -> None:
    window = _window(account)
    task = _task(
        account,
        window,
        _target(account, window, Name="web"),
        TaskParameters={"Operation": {"Values": ["Install"]}},
        TaskInvocationParameters={"RunCommand": {"Comment": "by CloudFormation"}},
    )

    done = _setup(account, [WEB], [INSTALL])

    assert _changes(done) == {task: ("update", ["name", "operation", "reboot_option"])}


def test_prune_keeps_what_is_adopted(account: Account) -> None:
    window = _window(account)
    account.run("ssm_maintenance_window", name="prod", setup="one")
    target, other = _target(account, window), _target(account, window, Targets=[{"Key": "tag-key", "Values": ["a"]}])
    task, scan = _task(account, window, target), _task(account, window, target, "Scan")

    declared = {**WINDOW, "targets": [WEB], "patch_tasks": [INSTALL]}
    done = account.run("ssm_patch_setup", windows=[declared], setup="one", prune=True)

    actions = {one["id"]: one["action"] for one in done["changes"]}
    assert actions == {target: "update", task: "update", scan: "delete", other: "delete"}


@pytest.mark.parametrize("name", [{}, {"Name": "older"}])
def test_a_second_installation_is_never_made_in_silence(account: Account, name: dict[str, str]) -> None:
    window = _window(account)
    target = _target(account, window, Name="web")
    task = _task(account, window, target, TaskArn="AWS-RunPatchBaselineWithHooks", **name)
    _task(account, window, target, "Scan", Name="older-scan")

    predicted = account.run("ssm_patch_task", window="prod", check=True, **INSTALL)

    (warning,) = predicted["warnings"]
    assert f"({task}), which is not declared, already installs on the same targets" in warning
    assert not account.run("ssm_patch_task", window="prod", check=True, **{**INSTALL, "operation": "Scan"})["warnings"]


@pytest.mark.parametrize(
    ("tags", "warned"), [({"Role": ["web"]}, True), ({"Role": ["db"]}, False), ({"Role": "web", "Env": "a"}, False)]
)
def test_other_names_for_the_same_nodes_are_noticed(account: Account, tags: dict[str, Any], warned: bool) -> None:
    window = _window(account)
    task = _task(account, window, _target(account, window, Name="older"), Name="older")

    declared = {**WINDOW, "targets": [{"name": "web", "instance_tags": tags}], "patch_tasks": [INSTALL]}
    done = account.run("ssm_patch_setup", windows=[declared])

    assert [f"older ({task})" in text for text in done["warnings"]] == [True] * warned


def test_tasks_of_a_patch_document_differ_by_their_operation(account: Account) -> None:
    window = _window(account)
    target = _target(account, window, Name="web")
    install, scan = _task(account, window, target), _task(account, window, target, "Scan")
    tasks = [
        {**SCRIPT, "name": name, "task_arn": "AWS-RunPatchBaseline", "run_command": {"parameters": {"Operation": name}}}
        for name in ("Install", "Scan")
    ]

    done = apply(account, "ssm_patch_setup", windows=[{**WINDOW, "targets": [WEB], "tasks": tasks}])

    assert [task["window_task_id"] for task in done["windows"][0]["tasks"]] == [install, scan]


def test_unnamed_tasks_are_read_only_to_make_one(account: Account) -> None:
    account.run("ssm_patch_setup", windows=[{**WINDOW, "targets": [WEB], "patch_tasks": [INSTALL]}])
    window = account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"][0]["WindowId"]
    target = account.by_hand("DescribeMaintenanceWindowTargets", WindowId=window)["Targets"][0]["WindowTargetId"]
    _task(account, window, target, "Scan")
    account.clear_log()

    account.run("ssm_patch_setup", windows=[{**WINDOW, "targets": [WEB], "patch_tasks": [INSTALL]}])

    assert account.calls()["GetMaintenanceWindowTask"] == 1
