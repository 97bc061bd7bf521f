# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_forecast_info of a planned setup: what check mode forecasts is what is forecast once it is applied."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.compliance_fleets import GRADED, baseline, node, plant

MODULE = "ssm_patch_forecast_info"
HYBRID = {"InstanceId": "mi-00000000000000009", "Tags": {"Env": "prod"}, "MissingCount": 1}
NODES = [
    node(0, "web", MissingCount=3),
    node(1, "web", InstalledPendingRebootCount=2),
    node(2, "db", MissingCount=1),
    {**node(3, MissingCount=2), "Tags": {"Env": "prod", "App": "a"}},
    {**node(4), "Tags": {"Env": "stage", "App": "a"}},
    node(5, MissingCount=4),
    node(6, MissingCount=1),
    HYBRID,
]
WEB = {"name": "web", "patch_groups": ["web"]}
INSTALL = {"name": "install", "operation": "Install", "window_targets": ["web"]}
PROD = {
    "name": "prod",
    "schedule": "cron(0 2 ? * TUE#2 *)",
    "schedule_timezone": "Europe/Berlin",
    "schedule_offset": 2,
    "duration": 4,
    "cutoff": 1,
    "targets": [WEB],
    "patch_tasks": [INSTALL],
}


def window(name: str, target: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    return {**PROD, "name": name, "targets": [{"name": "web", **(target or {"patch_groups": ["web"]})}], **changed}


def install(**changed: Any) -> list[dict[str, Any]]:
    return [{**INSTALL, **changed}]


WINDOWS: dict[str, list[dict[str, Any]]] = {
    "patch groups": [PROD],
    "tags, a rate and no reboot": [
        window(
            "tags",
            {"instance_tags": {"Env": ["prod", "stage"], "App": "a"}},
            schedule="rate(3 days)",
            schedule_offset=None,
            start_date="2026-01-02T03:00:00+01:00",
            patch_tasks=install(reboot_option="NoReboot"),
        )
    ],
    "tag keys and an end": [window("keys", {"tag_keys": ["App"]}, end_date="2026-12-31T00:00:00Z")],
    "ids": [window("ids", {"instance_ids": [node(5)["InstanceId"], HYBRID["InstanceId"]]})],
    "a resource group": [window("group", {"resource_group": "some"})],
    "ids of a task": [
        window(
            "own",
            allow_unassociated_targets=True,
            patch_tasks=[{"name": "own", "operation": "Install", "instance_ids": [node(6)["InstanceId"]]}],
        )
    ],
    "an override": [window("listed", patch_tasks=install(install_override_list="https://example.com/list.yaml"))],
    "a task of another module": [
        window(
            "task",
            patch_tasks=[],
            tasks=[
                {
                    "name": "install",
                    "task_type": "RUN_COMMAND",
                    "task_arn": "AWS-RunPatchBaseline",
                    "window_targets": ["web"],
                    "max_concurrency": "1",
                    "max_errors": "1",
                    "run_command": {"parameters": {"Operation": "Install"}},
                }
            ],
        )
    ],
    "disabled, scanning, and one that opens once": [
        window("off", enabled=False),
        window("scan", patch_tasks=install(operation="Scan")),
        window("once", {"patch_groups": ["db"]}, schedule="at(2026-02-03T04:05:06)", schedule_offset=None),
    ],
}
IDS = ("window_id", "window_task_id", "baseline_id")


def set_up(account: Account) -> None:
    plant(
        account,
        baseline("web", "db", **GRADED),
        nodes=NODES,
        resource_groups={"some": [node(2)["InstanceId"], HYBRID["InstanceId"]]},
    )


def forecast(account: Account, **options: Any) -> Any:
    """The forecast without ids, which new windows do not have."""
    result = account.run(MODULE, level="patches", **options)
    rows = {name: result[name] for name in ("runs", "instances", "patches")}
    for row in (row for found in rows.values() for row in found):
        for name in IDS:
            row.pop(name, None)
    return rows, result["summary"]


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_that_do_not_exist_are_forecast_as_if_they_did(account: Account, name: str) -> None:
    set_up(account)
    plan = account.run("ssm_patch_setup", windows=WINDOWS[name], check=True)
    planned = forecast(account, planned=plan)

    applied = account.run("ssm_patch_setup", windows=WINDOWS[name])

    assert planned == forecast(account) == forecast(account, planned=applied)
    assert planned[0]["runs"]


CHANGES: dict[str, dict[str, Any]] = {
    "schedule": {"windows": [window("prod", schedule="cron(30 5 ? * SUN *)", schedule_offset=0)]},
    "wider target": {"windows": [window("prod", {"patch_groups": ["web", "db"]})]},
    "target of another kind": {"windows": [window("prod", {"resource_group": "some"})]},
    "Scan instead of Install": {"windows": [window("prod", patch_tasks=install(operation="Scan"))]},
    "disabled": {"windows": [window("prod", enabled=False)]},
    "no reboot": {"windows": [window("prod", patch_tasks=install(reboot_option="NoReboot"))]},
    "task removed": {"windows": [window("prod", patch_tasks=install(state="absent"))]},
    "window removed": {"windows": [{"name": "prod", "state": "absent"}, window("new")]},
    "pruned": {"windows": [window("new")], "setup": "mine", "prune": True},
    "nothing": {"windows": [PROD]},
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_are_forecast_as_if_they_were_made(account: Account, name: str) -> None:
    set_up(account)
    account.run("ssm_patch_setup", windows=[PROD], setup="mine")
    change = {"setup": "mine", **CHANGES[name]}
    plan = account.run("ssm_patch_setup", check=True, **change)
    planned = forecast(account, planned=plan)

    account.run("ssm_patch_setup", **change)

    assert planned == forecast(account)


def test_only_windows_of_the_setup_are_forecast(account: Account) -> None:
    set_up(account)
    account.run("ssm_patch_setup", windows=[window("other", schedule="rate(1 day)", schedule_offset=None)])
    plan = account.run("ssm_patch_setup", windows=[PROD], check=True)

    (run,) = account.run(MODULE, planned=plan)["runs"]

    assert (run["window"], run["window_id"], run["window_task_id"]) == ("prod", None, None)
    account.refuses(MODULE, "window: 'other' is not in the planned setup", planned=plan, window="other")
    assert account.run(MODULE, planned=plan, window="prod")["runs"] == [run]


RULES = [{"filters": {"PRODUCT": ["*"]}, "approve_after_days": 30}]
LINUX = {"name": "baseline-AMAZON_LINUX_2023", "operating_system": "AMAZON_LINUX_2023"}


@pytest.mark.parametrize(
    ("declared", "changed"),
    [
        # A new baseline takes a group.
        ({**LINUX, "name": "other", "patch_groups": ["db"], "move_patch_groups": True, "approval_rules": RULES}, "db"),
        ({**LINUX, "approval_rules": RULES}, "web db"),
        # Its group falls to the default.
        ({**LINUX, "patch_groups": ["web"]}, "db"),
        ({**LINUX, "description": "the same patches"}, ""),
    ],
)
def test_what_a_changed_baseline_lets_through_is_not_known(
    account: Account, declared: dict[str, Any], changed: str
) -> None:
    set_up(account)
    both = window("prod", {"patch_groups": ["web", "db"]})
    plan = account.run("ssm_patch_setup", baselines=[declared], windows=[both], check=True)

    result = account.run(MODULE, level="patches", planned=plan)

    unknown = {row["patch_groups"][0] for row in result["instances"] if row["unknown_reason"] == "baseline_changes"}
    assert unknown == {*changed.split()}
    assert all((row["install_count"] is None) is (row["patch_groups"][0] in unknown) for row in result["instances"])
    assert result["runs"][0]["unknown_count"] == sum(row["install_count"] is None for row in result["instances"])
    assert not any(row["will_install"] for row in result["patches"] if row["instance_id"] == node(2)["InstanceId"]) or (
        "db" not in unknown
    )


@pytest.mark.parametrize("planned", [{"changed": True}, {"failed": True, "msg": "no"}, {"changes": [], "windows": []}])
def test_what_is_no_plan_is_refused(account: Account, planned: dict[str, Any]) -> None:
    account.refuses(MODULE, "planned: must be the registered result", planned=planned)
    assert account.calls() == {}
