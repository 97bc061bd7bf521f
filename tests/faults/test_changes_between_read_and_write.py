# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else changes a resource, or its owner, after a run has read it and before the run writes to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .faulty_account import FaultyAccount
from .test_other_controllers import BASE, LINUX, SCAN, WEB, WINDOW, baseline_id, tag, window, window_id

Json = Any
CHANGED = "changed after it was read"
INSTALL = {**SCAN, "name": "install", "operation": "Install", "reboot_option": "NoReboot", "comment": "old"}


def after_the_first(account: FaultyAccount, operation: str, meddle: Callable[[], object]) -> None:
    """Let somebody meddle right after the first call of an operation was answered."""

    def answered(answer: dict[str, Json]) -> dict[str, Json]:
        del account.answers[operation]
        meddle()
        return answer

    account.answers[operation] = answered


def stored(account: FaultyAccount) -> tuple[dict[str, Json], dict[str, Json]]:
    """The only window and the only baseline of one's own."""
    content = account.content()
    return content["windows"][0], content["baselines"][0]


@pytest.fixture
def theirs_at_once(account: FaultyAccount) -> dict[str, Callable[[], object]]:
    """A setup C(mine), and what makes its window or its baseline another setup's."""
    tasks = {"patch_tasks": [SCAN, INSTALL]}
    account.setup(setup="mine", windows=[window(**tasks)], baselines=[{**BASE, "patch_groups": ["web"]}])
    ids = {"MaintenanceWindow": window_id(account, "prod"), "PatchBaseline": baseline_id(account, "base")}
    return {
        kind: lambda kind=kind, own=own: tag(account, kind, own, "theirs")  # type: ignore[misc]
        for kind, own in ids.items()
    }


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("MaintenanceWindow", {"windows": [{**WINDOW, "enabled": False}]}),
        ("MaintenanceWindow", {"windows": [{**WINDOW, "tags": {"Env": "prod"}}]}),
        ("MaintenanceWindow", {"windows": [{**WINDOW, "targets": [{**WEB, "patch_groups": ["other"]}]}]}),
        ("MaintenanceWindow", {"windows": [{**WINDOW, "targets": [{"name": "new", "patch_groups": ["new"]}]}]}),
        ("MaintenanceWindow", {"windows": [{**WINDOW, "patch_tasks": [{"name": "scan", "state": "absent"}]}]}),
        ("MaintenanceWindow", {"windows": [{**WINDOW, "setup": ""}]}),
        ("MaintenanceWindow", {"windows": [{"name": "prod", "state": "absent"}]}),
        ("PatchBaseline", {"baselines": [{**BASE, "description": "new"}]}),
        ("PatchBaseline", {"baselines": [{**BASE, "patch_groups": []}]}),
        ("PatchBaseline", {"baselines": [{**BASE, "default": True}]}),
        ("PatchBaseline", {"baselines": [{**BASE, "state": "absent"}]}),
    ],
)
def test_what_becomes_another_setups_is_not_written(
    account: FaultyAccount, theirs_at_once: dict[str, Callable[[], object]], kind: str, args: dict[str, Json]
) -> None:
    before = account.content()
    after_the_first(account, "ListTagsForResource", theirs_at_once[kind])

    result = account.setup(setup="mine", **args)

    assert CHANGED in result["msg"]
    assert "theirs" in result["msg"]
    theirs_at_once[kind]()
    for one in [*before["windows"], *before["baselines"]]:
        one["tags"]["patchfleet:setup"] = "theirs"
    now = account.content()
    for one in [*now["windows"], *now["baselines"]]:
        one["tags"]["patchfleet:setup"] = "theirs"
    assert now == before


def test_a_window_that_two_setups_adopt_is_the_first_ones(account: FaultyAccount) -> None:
    account.setup(windows=[WINDOW])
    adopted = window_id(account, "prod")
    after_the_first(account, "ListTagsForResource", lambda: tag(account, "MaintenanceWindow", adopted, "theirs"))

    assert CHANGED in account.setup(setup="mine", windows=[WINDOW])["msg"]

    assert account.content()["windows"][0]["tags"] == {"patchfleet:setup": "theirs"}


def test_a_target_of_an_adopted_window_stays(account: FaultyAccount) -> None:
    account.setup(windows=[window(targets=[WEB, {**WEB, "name": "spare"}])])
    adopted = window_id(account, "prod")
    after_the_first(account, "ListTagsForResource", lambda: tag(account, "MaintenanceWindow", adopted, "theirs"))

    result = account.outcome("ssm_window_target", window="prod", name="spare", state="absent")

    assert CHANGED in result["msg"]
    assert len(account.content()["windows"][0]["targets"]) == 2


def test_a_group_is_not_taken_from_what_becomes_another_setups(account: FaultyAccount) -> None:
    account.setup(baselines=[{**BASE, "patch_groups": ["web"]}])
    holder = baseline_id(account, "base")
    after_the_first(account, "ListTagsForResource", lambda: tag(account, "PatchBaseline", holder, "theirs"))
    taker = {"name": "taker", "operating_system": LINUX, "patch_groups": ["web"], "move_patch_groups": True}

    assert CHANGED in account.setup(setup="mine", baselines=[taker])["msg"]

    assert account.content()["groups"] == [["web", LINUX, "base"]]


@pytest.mark.parametrize("args", [{"default": True}, {"default": False}, {"state": "absent"}])
def test_a_default_that_another_baseline_takes_meanwhile_is_its_own(
    account: FaultyAccount, args: dict[str, Json]
) -> None:
    account.setup(setup="theirs", baselines=[{**BASE, "name": "other"}])
    account.setup(setup="mine", baselines=[{**BASE, "default": not args.get("default")}])
    other = baseline_id(account, "other")
    after_the_first(
        account,
        "DescribePatchBaselines",
        lambda: account.by_hand("RegisterDefaultPatchBaseline", BaselineId=other),
    )

    result = account.setup(setup="mine", baselines=[{**BASE, **args}])

    assert CHANGED in result["msg"]
    assert account.by_hand("GetDefaultPatchBaseline", OperatingSystem=LINUX)["BaselineId"] == other


def test_a_window_that_is_disabled_meanwhile_stays_disabled(account: FaultyAccount) -> None:
    account.setup(windows=[{**WINDOW, "description": "old"}])
    own = window_id(account, "prod")
    disabled = {"WindowId": own, "Enabled": False, "EndDate": "2030-01-01T00:00:00Z"}
    after_the_first(account, "GetMaintenanceWindow", lambda: account.by_hand("UpdateMaintenanceWindow", **disabled))

    result = account.outcome("ssm_maintenance_window", name="prod", description="")

    assert not result.get("failed"), result["msg"]
    found = account.content()["windows"][0]
    assert "Description" not in found
    assert found["Enabled"] is False
    # The profiles of the simulator write an instant with and without its seconds.
    assert found["EndDate"] in ("2030-01-01T00:00:00Z", "2030-01-01T00:00Z")


def test_a_target_that_is_narrowed_meanwhile_stays_narrow(account: FaultyAccount) -> None:
    account.setup(windows=[{**WINDOW, "targets": [{**WEB, "description": "old"}]}])
    own = window_id(account, "prod")
    (target,) = account.by_hand("DescribeMaintenanceWindowTargets", WindowId=own)["Targets"]
    narrow = [{"Key": "tag:PatchGroup", "Values": ["few"]}]
    where = {"WindowId": own, "WindowTargetId": target["WindowTargetId"]}
    after_the_first(
        account,
        "DescribeMaintenanceWindowTargets",
        lambda: account.by_hand("UpdateMaintenanceWindowTarget", **where, Targets=narrow),
    )

    result = account.outcome("ssm_window_target", window="prod", name="web", description="")

    assert not result.get("failed"), result["msg"]
    (found,) = account.content()["windows"][0]["targets"]
    assert "Description" not in found
    assert found["Targets"] == narrow


def _task(account: FaultyAccount) -> dict[str, Json]:
    return {one["Name"]: one for one in account.content()["windows"][0]["tasks"]}["install"]


def test_a_task_that_only_scans_meanwhile_does_not_install_again(account: FaultyAccount) -> None:
    account.setup(windows=[window(patch_tasks=[INSTALL])])
    own = window_id(account, "prod")
    (task,) = account.by_hand("DescribeMaintenanceWindowTasks", WindowId=own)["Tasks"]
    scan = {"RunCommand": {"Comment": "old", "Parameters": {"Operation": ["Scan"]}}}
    where = {"WindowId": own, "WindowTaskId": task["WindowTaskId"]}
    args = {"window": "prod", "name": "install", "comment": "new"}

    after_the_first(
        account,
        "GetMaintenanceWindowTask",
        lambda: account.by_hand("UpdateMaintenanceWindowTask", **where, TaskInvocationParameters=scan),
    )
    assert CHANGED in account.outcome("ssm_patch_task", **args)["msg"]
    assert _task(account)["TaskInvocationParameters"] == scan

    assert not account.outcome("ssm_patch_task", **args).get("failed")
    assert _task(account)["TaskInvocationParameters"]["RunCommand"]["Parameters"] == {"Operation": ["Scan"]}


def test_an_alarm_that_is_exchanged_meanwhile_is_not_written_back(account: FaultyAccount) -> None:
    account.setup(windows=[window(patch_tasks=[{**INSTALL, "alarm": {"name": "old"}}])])
    own = window_id(account, "prod")
    (task,) = account.by_hand("DescribeMaintenanceWindowTasks", WindowId=own)["Tasks"]
    where = {"WindowId": own, "WindowTaskId": task["WindowTaskId"]}
    alarm = {"Alarms": [{"Name": "new"}]}
    after_the_first(
        account,
        "GetMaintenanceWindowTask",
        lambda: account.by_hand("UpdateMaintenanceWindowTask", **where, AlarmConfiguration=alarm),
    )

    result = account.outcome("ssm_patch_task", window="prod", name="install", alarm={"ignore_poll_failure": True})

    assert CHANGED in result["msg"]
    assert _task(account)["AlarmConfiguration"]["Alarms"] == alarm["Alarms"]


def test_a_task_whose_description_goes_keeps_what_changes_meanwhile(account: FaultyAccount) -> None:
    account.setup(windows=[window(patch_tasks=[{**INSTALL, "description": "old"}])])
    own = window_id(account, "prod")
    (task,) = account.by_hand("DescribeMaintenanceWindowTasks", WindowId=own)["Tasks"]
    where = {"WindowId": own, "WindowTaskId": task["WindowTaskId"]}
    after_the_first(
        account,
        "GetMaintenanceWindowTask",
        lambda: account.by_hand("UpdateMaintenanceWindowTask", **where, MaxConcurrency="1"),
    )

    result = account.outcome("ssm_patch_task", window="prod", name="install", description="")

    assert not result.get("failed"), result["msg"]
    assert "Description" not in _task(account)
    assert _task(account)["MaxConcurrency"] == "1"


def test_a_baseline_whose_description_goes_keeps_what_changes_meanwhile(account: FaultyAccount) -> None:
    account.setup(baselines=[{**BASE, "description": "old", "approved_patches": ["one", "two"]}])
    own = baseline_id(account, "base")
    after_the_first(
        account,
        "GetPatchBaseline",
        lambda: account.by_hand("UpdatePatchBaseline", BaselineId=own, ApprovedPatches=["one"]),
    )

    result = account.outcome("ssm_patch_baseline", **BASE, description="")

    assert not result.get("failed"), result["msg"]
    (found,) = account.content()["baselines"]
    assert "Description" not in found
    assert found["ApprovedPatches"] == ["one"]


@pytest.mark.parametrize("concurrency", [1, 16])
@pytest.mark.parametrize(
    "changes",
    [
        {"patch_tasks": [{**SCAN, "priority": 5}, {**SCAN, "name": "second"}]},
        {"description": "later", "targets": [{**WEB, "description": "later"}, {"name": "new", "patch_groups": ["x"]}]},
    ],
    ids=["tasks", "window and targets"],
)
def test_nothing_is_written_to_a_window_that_somebody_adopts(
    account: FaultyAccount, changes: dict[str, Json], concurrency: int
) -> None:
    account.setup(setup="mine", windows=[window()])
    account.pass_time()
    account.clear_log()

    prod = window_id(account, "prod")
    after_the_first(account, "ListTagsForResource", lambda: tag(account, "MaintenanceWindow", prod, "theirs"))
    result = account.setup(setup="mine", windows=[window(**changes)], concurrency=concurrency)

    assert result["changed"] is False
    assert not account.calls(writes=True)
    assert {one["message"].partition(": ")[2].partition(" (")[0] for one in result["errors"]} == {
        "changed after it was read"
    }


@pytest.mark.parametrize(
    ("owner", "changes"), [("mine", {"description": "later", "patch_tasks": [{**SCAN, "priority": 5}]}), (None, {})]
)
def test_nothing_is_written_to_a_window_whose_owner_cannot_be_read_again(
    account: FaultyAccount, owner: str | None, changes: dict[str, Json]
) -> None:
    account.setup(setup=owner, windows=[window()])
    account.pass_time()
    account.clear_log()

    account.faults({"op": "ListTagsForResource", "do": "InvalidResourceId", "after": 1})
    result = account.setup(setup="mine", windows=[window(**changes)])

    assert not account.calls(writes=True)
    assert {one["code"] for one in result["errors"]} == {"InvalidResourceId"}


def test_a_window_whose_owner_cannot_be_read_is_not_planned(account: FaultyAccount) -> None:
    account.setup(setup="mine", windows=[window()])
    account.faults({"op": "ListTagsForResource", "do": "InvalidResourceId", "times": 1})

    result = account.setup(setup="mine", windows=[window()])

    assert result["error"]["code"] == "InvalidResourceId"
    assert "Nothing was written." in result["msg"]


@pytest.mark.parametrize("setup", [None, "mine"])
def test_a_window_that_waited_for_a_baseline_is_looked_at_again(account: FaultyAccount, setup: str | None) -> None:
    account.setup(setup=setup, windows=[window()])
    account.pass_time()
    account.clear_log()

    account.before["CreatePatchBaseline"] = lambda: tag(
        account, "MaintenanceWindow", window_id(account, "prod"), "theirs"
    )
    install = {"name": "install", "operation": "Install", "window_targets": ["web"]}
    declared = window(schedule="rate(1 day)", patch_tasks=[SCAN, install])
    result = account.setup(setup=setup, windows=[declared], baselines=[BASE])

    (error,) = result["errors"]
    assert "changed after it was read" in error["message"]
    assert [one["name"] for one in result["not_attempted"]] == ["install"]
    assert set(account.calls(writes=True)) == {"CreatePatchBaseline"}
