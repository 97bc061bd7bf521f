# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ssm_patch_audit_info: who changed what, by whose hand, in which setup."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._audit.records import ACTIONS, FIELDS, row
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, Account

MODULE = "ssm_patch_audit_info"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/patching"
CONTROLLER = {
    "type": "AssumedRole",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/patching/patchfleet",
    "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE}},
}
ALICE = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/alice"}
WINDOW: dict[str, Any] = {
    "name": "weekly",
    "schedule": "cron(0 2 ? * SUN *)",
    "duration": 4,
    "cutoff": 1,
    "targets": [{"name": "web", "patch_groups": ["web"]}],
    "patch_tasks": [{"name": "scan", "operation": "Scan", "window_targets": ["web"]}],
}


def declare(account: Account, *windows: dict[str, Any]) -> dict[str, Any]:
    """Let the controller declare windows."""
    account.simulator.caller = CONTROLLER
    result = account.run("ssm_patch_setup", setup="fleet", windows=[*windows])
    account.simulator.caller = {}
    return result


def change(account: Account, operation: str, **request: Any) -> None:
    """Let a person call the API."""
    account.simulator.caller = ALICE
    status, answer = account.simulator.handle(operation, "eu-central-1", ACCOUNT, request)
    account.simulator.caller = {}
    assert status == 200, answer


def test_changes_are_listed_with_their_principals_and_owners_the_newest_first(account: Account) -> None:
    window_id = declare(account, WINDOW)["windows"][0]["window_id"]
    account.simulator.advance(60)
    change(account, "UpdateMaintenanceWindow", WindowId=window_id, Duration=7)

    result = account.run(MODULE, own_roles=[ROLE])

    newest, *others = result["calls"]
    assert result["summary"] == {"total": 4, "by_hand": 1}
    assert newest | {"event_id": None} == {
        "time": "2026-01-01T00:01:00+00:00",
        "action": "UpdateMaintenanceWindow",
        "kind": "window",
        "id": window_id,
        "name": "weekly",
        "part_id": None,
        "setup": "fleet",
        "by_hand": True,
        "principal": ALICE["arn"],
        "principal_type": "IAMUser",
        "source_ip": "192.0.2.10",
        "error_code": None,
        "event_id": None,
    }
    assert {(one["kind"], one["id"], one["by_hand"]) for one in others} == {
        ("window", window_id, False),
        ("target", window_id, False),
        ("task", window_id, False),
    }
    assert {one["principal"] for one in others} == {CONTROLLER["arn"]}
    assert all(one["part_id"] for one in others if one["kind"] != "window")


def test_only_changes_by_hand_are_listed_if_so_asked_for(account: Account) -> None:
    window_id = declare(account, WINDOW)["windows"][0]["window_id"]
    change(account, "UpdateMaintenanceWindow", WindowId=window_id, Duration=7)

    [one] = account.run(MODULE, own_roles=[ROLE], only_by_hand=True)["calls"]

    assert one["principal"] == ALICE["arn"]


def test_a_resource_that_is_gone_keeps_its_id_and_has_no_owner(account: Account) -> None:
    window_id = declare(account, WINDOW)["windows"][0]["window_id"]
    change(account, "DeleteMaintenanceWindow", WindowId=window_id)

    changes = account.run(MODULE)["calls"]

    assert {(one["id"], one["setup"]) for one in changes} == {(window_id, None)}
    [created] = [one for one in changes if one["action"] == "CreateMaintenanceWindow"]
    assert created["name"] == "weekly"


def test_a_change_of_a_baseline_has_its_name_and_a_default_of_aws_has_none(account: Account) -> None:
    account.simulator.caller = ALICE
    baseline = account.run(
        "ssm_patch_baseline", name="linux", operating_system="AMAZON_LINUX_2023", setup="fleet", patch_groups=["web"]
    )["baseline"]
    owned = account.run("ssm_patch_baseline_info", owner="aws", operating_system="WINDOWS")["baselines"][0]
    change(account, "RegisterDefaultPatchBaseline", BaselineId=owned["baseline_id"])

    changes = account.run(MODULE)["calls"]

    found = {one["action"]: (one["id"], one["name"], one["setup"]) for one in changes}
    assert found["CreatePatchBaseline"] == (baseline["baseline_id"], "linux", "fleet")
    assert found["RegisterPatchBaselineForPatchGroup"] == (baseline["baseline_id"], "linux", "fleet")
    assert found["RegisterDefaultPatchBaseline"] == (owned["baseline_id"], None, None)


def test_refused_calls_are_left_out_unless_asked_for(account: Account) -> None:
    account.faults({"op": "CreateMaintenanceWindow", "do": "AccessDeniedException"})
    account.fails("ssm_patch_setup", windows=[WINDOW])

    result = account.run(MODULE)
    assert (result["calls"], result["summary"]) == ([], {"total": 0, "by_hand": 0})
    result = account.run(MODULE, include_refused=True)
    [one] = result["calls"]
    assert (one["action"], one["error_code"]) == ("CreateMaintenanceWindow", "AccessDeniedException")
    assert result["summary"]["total"] == 1


def test_older_changes_than_asked_for_are_left_out(account: Account) -> None:
    declare(account, WINDOW)
    account.simulator.advance(3 * 3600)

    assert account.run(MODULE, hours=2)["calls"] == []
    assert len(account.run(MODULE, hours=4)["calls"]) == 3


def test_lookups_are_by_call_two_a_second_and_all_pages_are_read(account: Account) -> None:
    window_id = declare(account, WINDOW)["windows"][0]["window_id"]
    for number in range(120):
        change(account, "UpdateMaintenanceWindow", WindowId=window_id, Duration=2 + number % 20)
    account.simulator.clear_log()
    began = account.simulator.now()

    assert len(account.run(MODULE)["calls"]) == 123

    lookups = [call for call in account.simulator.log() if call["service"] == "cloudtrail"]
    assert len(lookups) == len(ACTIONS) + 2
    assert (account.simulator.now() - began).total_seconds() == len(lookups) / 2


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_changes_are_written_to_a_file(account: Account, tmp_path: Path, suffix: str) -> None:
    declare(account, WINDOW)
    dest = tmp_path / f"audit.{suffix}"

    assert account.run(MODULE, dest=str(dest), check=True)["changed"]
    assert not dest.exists()
    result = account.run(MODULE, dest=str(dest))

    assert result["changed"]
    text = dest.read_text(encoding="utf-8")
    if suffix == "csv":
        assert [list(one) for one in csv.DictReader(text.splitlines())] == [list(FIELDS)] * 3
    else:
        assert [json.loads(line) for line in text.splitlines()] == result["calls"]
    assert not account.run(MODULE, dest=str(dest))["changed"]


def test_all_mistakes_are_named_before_anything_is_read(account: Account, tmp_path: Path) -> None:
    message = account.fails(MODULE, hours=2161, own_roles=[""], dest=str(tmp_path / "audit.txt"))["msg"]

    for text in ("hours: 2161 must be from 1 to 2160", "own_roles[0]: is empty", "must end in .csv or .jsonl"):
        assert text in message
    assert account.simulator.log() == []


@pytest.mark.parametrize("record", [None, "", "no JSON", "[]", '{"userIdentity": 1, "requestParameters": []}'])
def test_a_record_of_another_form_leaves_what_the_event_itself_says(record: Any) -> None:
    event = {"EventId": "e", "EventName": "UpdatePatchBaseline", "EventTime": "t", "Username": "alice"}

    found = row({**event, "CloudTrailEvent": record}, ())

    assert (found["action"], found["kind"], found["principal"], found["id"]) == (
        "UpdatePatchBaseline",
        "baseline",
        "alice",
        None,
    )


@pytest.mark.parametrize("action", ACTIONS)
def test_a_call_is_about_what_its_name_says(action: str) -> None:
    ids = {"baselineId": "pb", "windowId": "mw", "windowTargetId": "target id", "windowTaskId": "task id"}
    record = {"requestParameters": {**ids, "name": "new"}, "responseElements": {"windowId": "old", "name": "old"}}
    event = {"EventId": "e", "EventName": action, "EventTime": "t", "CloudTrailEvent": json.dumps(record)}

    found = row(event, ())

    part = next((kind for kind in ("target", "task") if kind.capitalize() in action), None)
    kind = part or ("baseline" if "Baseline" in action else "window")
    assert (found["kind"], found["id"]) == (kind, "pb" if kind == "baseline" else "mw")
    assert (found["part_id"], found["name"]) == ((f"{part} id", None) if part else (None, "new"))
