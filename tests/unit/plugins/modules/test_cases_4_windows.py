# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance cases 41 to 53 and 92: windows and their targets."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import Account
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.comparing import apply, changed_fields
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.subjects import PATCH_TASK, PROD, TARGET

SERVERS = TARGET.creation()


@pytest.fixture
def prepared(account: Account) -> Account:
    """The account with a window."""
    TARGET.prepare(account)
    return account


def _targets(account: Account) -> list[dict[str, Any]]:
    (window,) = account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    return list(account.by_hand("DescribeMaintenanceWindowTargets", WindowId=window["WindowId"])["Targets"])


def test_case_041_a_target_that_was_deregistered_elsewhere(prepared: Account) -> None:
    target = prepared.run("ssm_window_target", **SERVERS)["target"]
    ids = {"WindowId": target["window_id"], "WindowTargetId": target["window_target_id"]}
    prepared.by_hand("DeregisterTargetFromMaintenanceWindow", **ids)

    assert not prepared.run("ssm_window_target", **TARGET.identity, state="absent")["changed"]
    assert apply(prepared, "ssm_window_target", **SERVERS)["changed"]
    assert len(_targets(prepared)) == 1


def test_case_042_the_window_is_gone(account: Account) -> None:
    for module, args in (("ssm_window_target", SERVERS), ("ssm_patch_task", PATCH_TASK.creation())):
        assert not apply(account, module, **{**args, "state": "absent"})["changed"]
        assert "prod" in account.fails(module, **args)["msg"]


def test_case_043_name_and_description_change_in_place(prepared: Account) -> None:
    target = prepared.run("ssm_window_target", **SERVERS, description="one")["target"]
    by_id = {"window": "prod", "window_target_id": target["window_target_id"]}

    done = apply(prepared, "ssm_window_target", **by_id, name="other", description="two")

    assert changed_fields(done) == {"name", "description"}
    assert done["target"]["window_target_id"] == target["window_target_id"]


def test_case_044_five_criteria_of_fifty_values(prepared: Account) -> None:
    criteria = [{"key": f"tag:K{n}", "values": [f"v{m}" for m in range(50)]} for n in range(6)]

    assert apply(prepared, "ssm_window_target", window="prod", name="many", targets=criteria[:5])["changed"]
    violations = prepared.refuses("ssm_window_target", window="prod", name="more", targets=criteria)
    assert any("at most 5" in text for text in violations)
    one = [{"key": "tag:K", "values": [f"v{m}" for m in range(51)]}]
    assert any("at most 50" in text for text in prepared.refuses("ssm_window_target", **{**SERVERS, **_only(one)}))


def _only(targets: list[dict[str, Any]]) -> dict[str, Any]:
    return {"patch_groups": None, "targets": targets}


@pytest.mark.parametrize(("key", "meant"), [("instanceids", "InstanceIds"), ("Env", "tag:Env"), ("tag:", "tag:KEY")])
def test_case_045_a_key_that_was_meant_otherwise(prepared: Account, key: str, meant: str) -> None:
    targets = [{"key": key, "values": ["i-0123456789abcdef0"]}]

    violations = prepared.refuses("ssm_window_target", window="prod", name="servers", targets=targets)

    assert any(text.endswith(f"did you mean {meant}?") for text in violations)


@pytest.mark.parametrize(
    "criteria",
    [
        {"patch_groups": []},
        {"instance_tags": {"Patch Group": []}},
        {"instance_tags": {"Patch Group": None}},
        {"targets": [{"key": "tag:PatchGroup", "values": []}]},
        {"targets": []},
    ],
    ids=str,
)
def test_case_046_no_values(prepared: Account, criteria: dict[str, Any]) -> None:
    violations = prepared.refuses("ssm_window_target", window="prod", name="servers", **criteria)

    assert any("empty" in text for text in violations)


def test_case_047_a_window_that_was_deleted_elsewhere(account: Account) -> None:
    window = account.run("ssm_maintenance_window", **PROD)["window"]
    account.by_hand("DeleteMaintenanceWindow", WindowId=window["window_id"])

    again = apply(account, "ssm_maintenance_window", **PROD)

    assert again["window"]["window_id"] != window["window_id"]


def test_case_048_two_windows_of_one_name(account: Account) -> None:
    windows = [{"Name": "prod", "Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 0}] * 2
    ids = [
        account.by_hand("CreateMaintenanceWindow", **one, AllowUnassociatedTargets=False)["WindowId"] for one in windows
    ]

    (violation,) = account.refuses("ssm_maintenance_window", **PROD)
    assert all(one in violation for one in ids)
    (violation,) = account.refuses("ssm_window_target", **SERVERS)
    assert all(one in violation for one in ids)

    assert apply(account, "ssm_maintenance_window", window_id=ids[0], description="first")["changed"]
    assert apply(account, "ssm_window_target", **{**SERVERS, "window": ids[1]})["target"]["window_id"] == ids[1]


def test_case_049_a_window_is_renamed(account: Account) -> None:
    window = account.run("ssm_maintenance_window", **PROD)["window"]

    done = apply(account, "ssm_maintenance_window", window_id=window["window_id"], name="renamed")

    assert changed_fields(done) == {"name"}
    assert done["window"]["window_id"] == window["window_id"]


def test_case_050_a_window_that_never_opens_again(account: Account) -> None:
    done = account.run("ssm_maintenance_window", **PROD, end_date="2026-01-02T00:00:00Z")

    assert done["window"]["next_execution_time"] is None
    account.simulator.advance(7 * 86400)
    assert account.run("ssm_maintenance_window", **PROD)["window"]["next_execution_time"] is None


def test_case_053_a_used_target_is_kept_unless_forced(prepared: Account) -> None:
    prepared.run("ssm_window_target", **{**SERVERS, "name": "web"})
    prepared.run("ssm_patch_task", **PATCH_TASK.creation())
    gone = {"window": "prod", "name": "web", "state": "absent"}

    (violation,) = prepared.refuses("ssm_window_target", **gone)
    assert "install" in violation
    assert "force: true" in violation
    done = apply(prepared, "ssm_window_target", **gone, force=True)

    assert done["changed"]
    assert not _targets(prepared)


def test_a_target_of_another_kind_replaces_the_old_one(prepared: Account) -> None:
    old = prepared.run("ssm_window_target", **{**SERVERS, "name": "web"})["target"]
    task = prepared.run("ssm_patch_task", **PATCH_TASK.creation())["task"]
    group = {"window": "prod", "name": "web", "resource_group": "servers"}

    done = apply(prepared, "ssm_window_target", **group)

    assert done["target"]["window_target_id"] != old["window_target_id"]
    (stored,) = _targets(prepared)
    assert stored["Name"] == "web"
    again = prepared.run("ssm_patch_task", **PATCH_TASK.creation())
    assert not again["changed"]
    assert again["task"]["window_task_id"] == task["window_task_id"]


@pytest.mark.parametrize("operation", ["RegisterTarget*", "UpdateMaintenanceWindowTask", "DeregisterTarget*"])
def test_an_interrupted_replacement_is_finished(prepared: Account, operation: str) -> None:
    prepared.run("ssm_window_target", **{**SERVERS, "name": "web"})
    prepared.run("ssm_patch_task", **PATCH_TASK.creation())
    group = {"window": "prod", "name": "web", "resource_group": "servers"}
    prepared.faults({"op": operation, "do": "AccessDeniedException"})
    prepared.fails("ssm_window_target", **group)
    prepared.faults()

    done = apply(prepared, "ssm_window_target", **group)

    assert done["changed"]
    (stored,) = _targets(prepared)
    assert (stored["Name"], stored["ResourceType"]) == ("web", "RESOURCE_GROUP")
    assert not prepared.run("ssm_patch_task", **PATCH_TASK.creation())["changed"]


def test_deleting_a_window_tells_what_goes_with_it(prepared: Account) -> None:
    prepared.run("ssm_window_target", **{**SERVERS, "name": "web"})
    prepared.run("ssm_patch_task", **PATCH_TASK.creation())

    done = apply(prepared, "ssm_maintenance_window", name="prod", state="absent")

    headers = [entry["before_header"] for entry in done["diff"]]
    assert headers == ["window prod", "target prod/web", "task prod/install"]
    assert all(entry["after"] == {} and entry["before"] for entry in done["diff"])


def test_case_092_hybrid_nodes(prepared: Account) -> None:
    ids = ["mi-0123456789abcdef0", "i-0123456789abcdef0"]

    done = apply(prepared, "ssm_window_target", window="prod", name="nodes", instance_ids=ids)

    assert set(done["target"]["targets"][0]["values"]) == set(ids)
