# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_window_target: criteria, changes in place, replacement, removal."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import apply, changed_fields
from ansible_collections.patchfleet.aws.tests.support.resource_cases import (
    PATCH_TASK,
    PROD,
    TARGET,
)

SERVERS = TARGET.creation()


@pytest.fixture
def prepared(account: Account) -> Account:
    """The account with a window."""
    TARGET.prepare(account)
    return account


def _targets(account: Account) -> list[dict[str, Any]]:
    (window,) = account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    return list(account.by_hand("DescribeMaintenanceWindowTargets", WindowId=window["WindowId"])["Targets"])


def test_a_target_that_was_deregistered_elsewhere_is_registered_again(prepared: Account) -> None:
    target = prepared.run("ssm_window_target", **SERVERS)["target"]
    ids = {"WindowId": target["window_id"], "WindowTargetId": target["window_target_id"]}
    prepared.by_hand("DeregisterTargetFromMaintenanceWindow", **ids)

    assert not prepared.run("ssm_window_target", **TARGET.identity, state="absent")["changed"]
    assert apply(prepared, "ssm_window_target", **SERVERS)["changed"]
    assert len(_targets(prepared)) == 1


def test_name_and_description_change_in_place(prepared: Account) -> None:
    target = prepared.run("ssm_window_target", **SERVERS, description="one")["target"]
    by_id = {"window": "prod", "window_target_id": target["window_target_id"]}

    done = apply(prepared, "ssm_window_target", **by_id, name="other", description="two")

    assert changed_fields(done) == {"name", "description"}
    assert done["target"]["window_target_id"] == target["window_target_id"]


def test_a_target_takes_five_criteria_of_fifty_values(prepared: Account) -> None:
    criteria = [{"key": f"tag:K{n}", "values": [f"v{m}" for m in range(50)]} for n in range(6)]

    assert apply(prepared, "ssm_window_target", window="prod", name="many", targets=criteria[:5])["changed"]
    violations = prepared.refuses("ssm_window_target", window="prod", name="more", targets=criteria)
    assert any("at most 5" in text for text in violations)
    one = [{"key": "tag:K", "values": [f"v{m}" for m in range(51)]}]
    assert any("at most 50" in text for text in prepared.refuses("ssm_window_target", **{**SERVERS, **_only(one)}))


def _only(targets: list[dict[str, Any]]) -> dict[str, Any]:
    return {"patch_groups": None, "targets": targets}


@pytest.mark.parametrize(("key", "meant"), [("instanceids", "InstanceIds"), ("Env", "tag:Env"), ("tag:", "tag:KEY")])
def test_a_wrong_key_is_refused_with_the_one_that_was_meant(prepared: Account, key: str, meant: str) -> None:
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
def test_criteria_without_values_are_refused(prepared: Account, criteria: dict[str, Any]) -> None:
    violations = prepared.refuses("ssm_window_target", window="prod", name="servers", **criteria)

    assert any("empty" in text for text in violations)


def test_a_used_target_is_kept_unless_forced(prepared: Account) -> None:
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


def test_a_target_takes_hybrid_nodes_and_instances_with_old_ids(prepared: Account) -> None:
    ids = ["mi-0123456789abcdef0", "i-0123456789abcdef0", "i-01234567"]

    done = apply(prepared, "ssm_window_target", window="prod", name="nodes", instance_ids=ids)

    assert set(done["target"]["targets"][0]["values"]) == set(ids)


def test_a_target_without_description_is_created_changed_and_removed(account: Account) -> None:
    TARGET.prepare(account)

    apply(account, "ssm_window_target", **TARGET.creation())
    apply(account, "ssm_window_target", **TARGET.identity, patch_groups=["Db"])
    apply(account, "ssm_window_target", **TARGET.identity, state="absent")

    requests = account.inputs("RegisterTargetWithMaintenanceWindow") + account.inputs("UpdateMaintenanceWindowTarget")
    assert len(requests) == 2
    assert not any("Description" in request or "OwnerInformation" in request for request in requests)


def test_two_tags_make_two_criteria(account: Account) -> None:
    account.run("ssm_maintenance_window", **PROD)
    tags = {"Name": "web", "Role": ["front", "back"]}

    done = apply(account, "ssm_window_target", window="prod", name="servers", instance_tags=tags)

    criteria = {one["key"]: one["values"] for one in done["target"]["targets"]}
    assert criteria == {"tag:Name": ["web"], "tag:Role": ["front", "back"]}
