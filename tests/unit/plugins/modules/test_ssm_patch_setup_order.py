# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a whole setup is written, and what is left alone when a baseline fails."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account

ONE, TWO = "i-0123456789abcdef0", "i-0123456789abcdef1"
LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}
WINDOW: dict[str, Any] = {
    "name": "prod",
    "schedule": "cron(0 2 ? * SUN *)",
    "duration": 4,
    "cutoff": 1,
    "targets": [
        {"name": "web", "instance_tags": {"Role": ["web"]}},
        {"name": "dbs", "instance_tags": {"Role": "db"}},
        {"name": "ids", "instance_ids": [ONE]},
    ],
    "patch_tasks": [
        {"name": "install", "operation": "Install", "window_targets": ["web"], "reboot_option": "NoReboot"},
        {"name": "scan", "operation": "Scan", "window_targets": ["web"]},
    ],
    "tasks": [{"name": "images", "task_type": "AUTOMATION", "task_arn": "AWS-PatchAsgInstance"}],
}
WINDOW_WRITES = (
    "CreateMaintenanceWindow",
    "UpdateMaintenanceWindow",
    "RegisterTargetWithMaintenanceWindow",
    "UpdateMaintenanceWindowTarget",
    "RegisterTaskWithMaintenanceWindow",
    "UpdateMaintenanceWindowTask",
)


def _declared(**changes: Any) -> dict[str, Any]:
    """The window, with options of it, or of the target or task of a name, changed."""
    declared = deepcopy(WINDOW)
    for name, options in changes.items():
        if not isinstance(options, dict):
            declared[name] = options
            continue
        for kind in ("targets", "patch_tasks", "tasks"):
            for child in declared[kind]:
                if child["name"] == name:
                    child.update(options)
    return declared


MORE: dict[str, dict[str, Any]] = {
    "a wider target": {"web": {"instance_tags": {"Role": ["web", "db"]}}},
    "another tag": {"web": {"instance_tags": None, "tag_keys": ["Role"]}},
    "a target of instances": {"web": {"instance_tags": None, "instance_ids": [TWO]}},
    "a target that becomes a group": {"web": {"instance_tags": None, "resource_group": "prod"}},
    "more targets": {"install": {"window_targets": ["web", "dbs"]}},
    "a reboot": {"install": {"reboot_option": "RebootIfNeeded"}},
    "any reboot": {"install": {"reboot_option": ""}},
    "all at once": {"install": {"max_concurrency": "100%"}},
    "all errors": {"install": {"max_errors": "100%"}},
    "another document": {"install": {"document": "Company-Patch"}},
    "a hook": {"install": {"hooks": {"pre_install": "Company-Prepare"}}},
    "a list of patches": {"install": {"install_override_list": "s3://bucket/list"}},
    "an earlier turn": {"install": {"priority": 0}},
    "a scan that installs": {"scan": {"operation": "Install"}},
    "another automation": {"images": {"task_arn": "AWS-PatchInstanceWithRollback"}},
    "an automation with parameters": {"images": {"automation": {"parameters": {"ReportS3Bucket": "bucket"}}}},
    "a denser schedule": {"schedule": "cron(0 2 ? * * *)"},
    "another time zone": {"schedule_timezone": "Asia/Tokyo"},
    "a longer window": {"duration": 5},
    "a later cutoff": {"cutoff": 0},
    "any instance": {"allow_unassociated_targets": True},
    "a new install task": {
        "patch_tasks": [*WINDOW["patch_tasks"], {"name": "more", "operation": "Install", "window_targets": ["dbs"]}]
    },
    "a script": {
        "tasks": [
            *WINDOW["tasks"],
            {
                "name": "update",
                "task_type": "RUN_COMMAND",
                "task_arn": "AWS-RunShellScript",
                "window_targets": ["web"],
                "run_command": {"parameters": {"commands": "dnf --assumeyes upgrade"}},
            },
        ]
    },
}
LESS: dict[str, tuple[dict[str, Any], str]] = {
    "disabled": ({"enabled": False}, "UpdateMaintenanceWindow"),
    "shorter": ({"duration": 3}, "UpdateMaintenanceWindow"),
    "described": ({"description": "text"}, "UpdateMaintenanceWindow"),
    "fewer nodes": ({"web": {"instance_tags": {"Role": "web", "Env": "test"}}}, "UpdateMaintenanceWindowTarget"),
    "slower": ({"install": {"max_concurrency": "5%"}}, "UpdateMaintenanceWindowTask"),
    "only a scan": ({"install": {"operation": "Scan"}}, "UpdateMaintenanceWindowTask"),
    "a scan on more nodes": ({"scan": {"window_targets": ["dbs"]}}, "UpdateMaintenanceWindowTask"),
}


def _refused(account: Account, windows: list[dict[str, Any]]) -> dict[str, Any]:
    """Apply windows beside a baseline that AWS refuses."""
    account.faults({"op": "CreatePatchBaseline", "do": "AccessDeniedException"})
    account.clear_log()
    return account.fails("ssm_patch_setup", windows=windows, baselines=[LINUX])


@pytest.mark.parametrize("change", MORE)
def test_what_installs_more_waits_for_a_baseline_that_is_refused(account: Account, change: str) -> None:
    account.run("ssm_patch_setup", windows=[WINDOW])

    result = _refused(account, [_declared(**MORE[change])])

    assert not set(account.calls(writes=True)) & set(WINDOW_WRITES), change
    assert result["not_attempted"]
    assert {one["reason"] for one in result["not_attempted"]} == {"baseline linux failed"}
    assert "Not attempted, because baseline linux failed: " in result["msg"]
    account.faults()
    account.run("ssm_patch_setup", windows=[_declared(**MORE[change])], baselines=[LINUX])


@pytest.mark.parametrize("change", LESS)
def test_what_installs_no_more_goes_without(account: Account, change: str) -> None:
    changes, operation = LESS[change]
    account.run("ssm_patch_setup", windows=[WINDOW])

    result = _refused(account, [_declared(**changes)])

    assert account.calls(writes=True)[operation] == 1
    assert not result["not_attempted"]


def test_dates_move_outward_only_after_the_baselines(account: Account) -> None:
    dates = {"start_date": "2026-03-01T00:00:00Z", "end_date": "2026-09-01T00:00:00Z"}
    account.run("ssm_patch_setup", windows=[{**WINDOW, **dates}])
    for wider in ({"start_date": "2026-02-01T00:00:00Z"}, {"end_date": ""}, {"start_date": ""}):
        _refused(account, [{**WINDOW, **dates, **wider}])
        assert not account.calls(writes=True)["UpdateMaintenanceWindow"], wider
    _refused(account, [{**WINDOW, **dates, "start_date": "2026-04-01T00:00:00Z", "end_date": "2026-08-01T00:00:00Z"}])
    assert account.calls(writes=True)["UpdateMaintenanceWindow"] == 1


def test_a_window_is_made_or_enabled_only_after_the_baselines(account: Account) -> None:
    scanning = {**_declared(install={"operation": "Scan"}), "name": "nightly", "tasks": []}
    result = _refused(account, [WINDOW, scanning, {**WINDOW, "name": "off", "enabled": False}])

    assert [one["Name"] for one in account.inputs("CreateMaintenanceWindow")] == ["nightly"]
    assert {one["name"] for one in result["not_attempted"] if one["kind"] == "window"} == {"prod", "off"}

    account.faults()
    account.run("ssm_patch_setup", windows=[{**WINDOW, "enabled": False}])
    _refused(account, [{**WINDOW, "enabled": True}])
    assert not account.calls(writes=True)["UpdateMaintenanceWindow"]


def test_tasks_that_nobody_declares_count_too(account: Account) -> None:
    account.run("ssm_patch_setup", windows=[WINDOW])
    wider = {"name": "web", "tag_keys": ["Role"]}
    base = {name: value for name, value in WINDOW.items() if name not in ("targets", "patch_tasks", "tasks")}

    for window in ({**base, "targets": [wider]}, {**base, "schedule": "rate(1 day)"}):
        _refused(account, [window])
        assert not set(account.calls(writes=True)) & set(WINDOW_WRITES)


def test_a_renamed_and_a_recreated_task_wait(account: Account) -> None:
    first = account.run("ssm_patch_setup", windows=[WINDOW])
    task_id = first["windows"][0]["patch_tasks"][0]["window_task_id"]
    renamed = {"name": "renamed", "window_task_id": task_id}
    _refused(account, [{**WINDOW, "patch_tasks": [renamed]}])
    assert not account.calls(writes=True)["UpdateMaintenanceWindowTask"]

    account.by_hand(
        "DeregisterTaskFromMaintenanceWindow", WindowId=first["windows"][0]["window_id"], WindowTaskId=task_id
    )
    _refused(account, [WINDOW])
    assert not account.calls(writes=True)["RegisterTaskWithMaintenanceWindow"]


@pytest.mark.parametrize("allowed", [False, True])
def test_a_task_on_instances_waits_for_the_target_that_registers_them(account: Account, allowed: bool) -> None:
    window = {
        **WINDOW,
        "allow_unassociated_targets": allowed,
        "targets": [{"name": "all", "instance_ids": [ONE, TWO]}],
        "patch_tasks": [{"name": "install", "operation": "Install", "instance_ids": [TWO]}],
        "tasks": [],
    }
    account.faults({"op": "RegisterTargetWithMaintenanceWindow", "do": "AccessDeniedException"})
    failed = account.fails("ssm_patch_setup", windows=[window])
    assert bool(account.inputs("RegisterTaskWithMaintenanceWindow")) is allowed
    assert [one["name"] for one in failed["not_attempted"]] == ([] if allowed else ["install"])
    account.faults()

    done = account.run("ssm_patch_setup", windows=[window])

    assert not done["warnings"]
    assert not account.run("ssm_patch_setup", windows=[window])["changed"]


@pytest.mark.parametrize(
    "targets", [[], [{"name": "ids", "instance_ids": [ONE]}], [{"name": "web", "tag_keys": ["a"]}]]
)
def test_an_instance_that_is_not_registered_is_for_the_service_to_refuse(
    account: Account, targets: list[dict[str, Any]]
) -> None:
    task = {"name": "scan", "operation": "Scan", "instance_ids": [TWO]}
    window = {**WINDOW, "targets": targets, "patch_tasks": [task], "tasks": []}

    predicted = account.run("ssm_patch_setup", windows=[window], check=True)
    result = account.fails("ssm_patch_setup", windows=[window])

    (warning,) = predicted["warnings"]
    assert warning.startswith(f"windows[0] prod / patch_tasks[0] scan: instance_ids: {TWO}: no target of window prod")
    way = "register them as a target (instance_ids), or set allow_unassociated_targets: true for the window"
    assert way in warning
    assert f"Note: instance_ids: {TWO}: no target of window prod selects them by ID; {way}." in result["msg"]
    alone = account.fails("ssm_patch_task", window="prod", **task)
    assert way in alone["msg"]

    account.faults({"op": "RegisterTaskWithMaintenanceWindow", "do": "AccessDeniedException"})
    assert way not in account.fails("ssm_patch_task", window="prod", **task)["msg"]


@pytest.mark.parametrize("is_default", [False, True])
def test_a_baseline_is_removed_only_after_what_replaces_it(account: Account, is_default: bool) -> None:
    old = {**LINUX, "patch_groups": ["web"], "default": is_default}
    new = {**old, "name": "next", "move_patch_groups": True}
    account.run("ssm_patch_setup", windows=[WINDOW], baselines=[old])
    declared = {"windows": [WINDOW], "baselines": [{**LINUX, "state": "absent"}, new]}

    account.faults({"op": "CreatePatchBaseline", "do": "AccessDeniedException"})
    account.clear_log()
    refused = account.fails("ssm_patch_setup", **declared)
    assert set(account.calls(writes=True)) == {"CreatePatchBaseline"}
    assert [missed["name"] for missed in refused["not_attempted"]] == ["linux"]

    account.faults()
    account.run("ssm_patch_setup", **declared)
    [group] = account.by_hand("DescribePatchGroups")["Mappings"]
    assert group["BaselineIdentity"]["BaselineName"] == "next"
    assert not account.run("ssm_patch_setup", **declared)["changed"]


def test_a_group_is_dropped_only_after_the_default_that_it_falls_to(account: Account) -> None:
    account.run("ssm_patch_setup", windows=[WINDOW], baselines=[{**LINUX, "patch_groups": ["web"]}])
    declared = {
        "windows": [WINDOW],
        "baselines": [{**LINUX, "patch_groups": []}, {**LINUX, "name": "all", "default": True}],
    }

    for operation in ("CreatePatchBaseline", "RegisterDefaultPatchBaseline"):
        account.faults({"op": operation, "do": "AccessDeniedException"})
        refused = account.fails("ssm_patch_setup", **declared)
        assert [missed["name"] for missed in refused["not_attempted"]] == ["linux"]
        assert account.by_hand("DescribePatchGroups")["Mappings"]

    account.faults()
    account.run("ssm_patch_setup", **declared)
    assert account.by_hand("DescribePatchGroups")["Mappings"] == []


@pytest.mark.parametrize("default", [None, True])
@pytest.mark.parametrize("drops", [{"patch_groups": []}, {"state": "absent"}])
def test_a_group_falls_to_the_default_only_when_that_is_as_declared(
    account: Account, default: bool | None, drops: dict[str, Any]
) -> None:
    narrow = {**LINUX, "name": "narrow", "patch_groups": ["web"]}
    account.run("ssm_patch_setup", baselines=[narrow, {**LINUX, "default": True}])
    declared = {"baselines": [{**narrow, **drops}, {**LINUX, "default": default, "rejected_patches": ["kernel*"]}]}
    account.faults({"op": "UpdatePatchBaseline", "do": "AccessDeniedException"})
    account.clear_log()

    failed = account.fails("ssm_patch_setup", **declared)

    assert not account.calls(writes=True)["DeregisterPatchBaselineForPatchGroup"]
    assert [one["reason"] for one in failed["not_attempted"]] == ["baseline linux failed"]
    account.faults()
    account.run("ssm_patch_setup", **declared)
    assert not account.run("ssm_patch_setup", **declared)["changed"]


def test_a_recreated_default_gives_way_to_the_declared_default(account: Account) -> None:
    first = {**LINUX, "name": "first", "default": True, "patch_groups": ["web"]}
    account.run("ssm_patch_setup", baselines=[first, LINUX])
    recreated = {"name": "first", "operating_system": "UBUNTU", "recreate": True, "default": False}
    recreated["baseline_id"] = account.run("ssm_patch_setup", baselines=[first])["baselines"][0]["baseline_id"]

    done = account.run("ssm_patch_setup", baselines=[recreated, {**LINUX, "default": True}])

    assert [one["default"] for one in done["baselines"]] == [False, True]
    again = account.run("ssm_patch_setup", check=True, baselines=[{**LINUX, "default": True}])
    assert not again["changed"]


HOLDS = {**LINUX, "patch_groups": ["web"], "default": True}
LEAVES: dict[str, dict[str, Any]] = {
    "a baseline goes": {"name": "linux", "state": "absent"},
    "a group goes": {**HOLDS, "patch_groups": []},
    "the default goes": {**HOLDS, "default": False},
    "another system": {**LINUX, "operating_system": "UBUNTU", "recreate": True},
}
ENDS: dict[str, tuple[dict[str, Any], str]] = {
    "disabled": ({"enabled": False}, "UpdateMaintenanceWindow"),
    "shorter": ({"duration": 3}, "UpdateMaintenanceWindow"),
    "fewer nodes": ({"web": {"instance_tags": {"Role": "web", "Env": "test"}}}, "UpdateMaintenanceWindowTarget"),
    "only a scan": ({"install": {"operation": "Scan"}}, "UpdateMaintenanceWindowTask"),
    "a task that goes": ({"install": {"state": "absent"}}, "DeregisterTaskFromMaintenanceWindow"),
    "a window that goes": ({"state": "absent"}, "DeleteMaintenanceWindow"),
}


def _leaving(account: Account, leaves: str) -> dict[str, Any]:
    made = account.run("ssm_patch_setup", setup="one", windows=[WINDOW], baselines=[HOLDS])
    baseline = dict(LEAVES[leaves])
    if baseline.get("recreate"):
        baseline["baseline_id"] = made["baselines"][0]["baseline_id"]
    return baseline


def _left(account: Account) -> set[str]:
    """The calls by which nodes fall to another baseline."""
    restored = [one for one in account.inputs("RegisterDefaultPatchBaseline") if one["BaselineId"].startswith("arn:")]
    gone = {"DeregisterPatchBaselineForPatchGroup", "DeletePatchBaseline"} & set(account.calls(writes=True))
    return gone | ({"RegisterDefaultPatchBaseline"} if restored else set())


@pytest.mark.parametrize("leaves", LEAVES)
@pytest.mark.parametrize("end", ENDS)
def test_no_node_is_left_to_another_baseline_by_a_window_that_should_install_less(
    account: Account, leaves: str, end: str
) -> None:
    changes, operation = ENDS[end]
    declared = {"setup": "one", "windows": [_declared(**changes)], "baselines": [_leaving(account, leaves)]}
    account.faults({"op": operation, "do": "AccessDeniedException"})
    account.clear_log()

    failed = account.fails("ssm_patch_setup", **declared)

    assert not _left(account)
    assert {one["kind"] for one in failed["not_attempted"]} | {one["kind"] for one in failed["errors"]} >= {"baseline"}
    account.faults()
    account.run("ssm_patch_setup", **declared)
    assert not account.run("ssm_patch_setup", **declared)["changed"]


@pytest.mark.parametrize("leaves", LEAVES)
def test_a_change_that_installs_more_and_less_waits_for_the_baselines(account: Account, leaves: str) -> None:
    elsewhere = _declared(web={"instance_tags": {"Role": "cache"}})
    declared = {"setup": "one", "windows": [elsewhere], "baselines": [_leaving(account, leaves)]}

    account.run("ssm_patch_setup", **declared)

    assert not account.run("ssm_patch_setup", **declared)["changed"]


@pytest.mark.parametrize("leaves", LEAVES)
def test_a_task_that_only_scans_new_nodes_shares_a_listing_with_a_target_that_waits(
    account: Account, leaves: str
) -> None:
    window = _declared(install={"operation": "Scan", "reboot_option": "", "window_targets": ["seen"]})
    window["targets"] += [{"name": name, "instance_tags": {"Role": name}} for name in ("seen", "patched")]
    window["patch_tasks"] += [{"name": "second", "operation": "Install", "window_targets": ["patched"]}]
    declared = {"setup": "one", "windows": [window], "baselines": [_leaving(account, leaves)]}

    account.run("ssm_patch_setup", **declared)

    assert not account.run("ssm_patch_setup", **declared)["changed"]


@pytest.mark.parametrize("leaves", LEAVES)
@pytest.mark.parametrize("label", ["description", "scan"])
def test_what_installs_the_same_is_not_waited_for(account: Account, leaves: str, label: str) -> None:
    window = _declared(scan={"priority": 7}) if label == "scan" else _declared(description="text")
    operation = "UpdateMaintenanceWindowTask" if label == "scan" else "UpdateMaintenanceWindow"
    declared = {"setup": "one", "windows": [window], "baselines": [_leaving(account, leaves)]}
    account.faults({"op": operation, "do": "AccessDeniedException"})
    account.clear_log()

    account.fails("ssm_patch_setup", **declared)

    assert _left(account)


@pytest.mark.parametrize("leaves", LEAVES)
@pytest.mark.parametrize("pruned", ["window", "task"])
def test_no_node_is_left_to_another_baseline_by_what_is_not_pruned_yet(
    account: Account, leaves: str, pruned: str
) -> None:
    other = {"name": "other", "schedule": "rate(1 day)", "duration": 2, "cutoff": 1}
    baseline = _leaving(account, leaves)
    stays = {**WINDOW, "patch_tasks": [WINDOW["patch_tasks"][1]]} if pruned == "task" else other
    declared = {"setup": "one", "prune": True, "windows": [stays], "baselines": [baseline]}
    if leaves == "a baseline goes":
        declared["baselines"].append({**LINUX, "name": "other"})
    operation = "DeleteMaintenanceWindow" if pruned == "window" else "DeregisterTaskFromMaintenanceWindow"
    account.faults({"op": operation, "do": "AccessDeniedException"})
    account.clear_log()

    account.fails("ssm_patch_setup", **declared)

    assert not _left(account)
    account.faults()
    account.run("ssm_patch_setup", **declared)
    assert not account.run("ssm_patch_setup", **declared)["changed"]
