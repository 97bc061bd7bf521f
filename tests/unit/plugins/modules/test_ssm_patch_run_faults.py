# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patching now over a bad line: a command is sent once, whatever is lost, and what is not known is said."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account

MODULE = "ssm_patch_run"
NODES = [f"i-{number:017x}" for number in range(3)]
SCAN = {"operation": "Scan", "tag_keys": ["PatchGroup"], "max_concurrency": "100%"}


@pytest.fixture
def fleet(account: Account) -> Account:
    """An account with three nodes."""
    nodes = [{"InstanceId": one, "Tags": {"PatchGroup": "Web"}, "MissingCount": 2} for one in NODES]
    settings = {"scan_seconds": 30, "install_seconds": 300, "spread": 0}
    place = {"account": ACCOUNT, "region": REGION, "fleet": {"nodes": nodes}}
    account.simulator.plant({"commands": settings, "regions": [place]})
    account.clear_log()
    return account


def commands(account: Account) -> list[dict[str, Any]]:
    """The commands that there truly are."""
    account.simulator.set_lag(0)
    found: list[dict[str, Any]] = account.by_hand("ListCommands")["Commands"]
    return found


@pytest.mark.parametrize("fault", ["lost", "InternalServerError", "html", "cut", "ServiceUnavailable"])
@pytest.mark.parametrize("lag", [0, 5])
def test_an_answer_that_is_lost_is_made_good(fleet: Account, fault: str, lag: int) -> None:
    """Where the fault comes before the effect there is nothing to be found, and that is told."""
    fleet.simulator.set_lag(lag)
    fleet.faults({"op": "SendCommand", "do": fault})

    result = fleet.outcome(MODULE, **SCAN)

    assert fleet.calls()["SendCommand"] == 1
    sent = commands(fleet)
    assert len(sent) <= 1
    assert bool(result.get("failed")) == (not sent)
    assert result["changed"]
    if sent:
        assert result["command"]["command_id"] == sent[0]["CommandId"]
        assert [one["status"] for one in result["instances"]] == ["Success"] * 3


def test_a_lost_answer_leaves_a_command_that_is_found(fleet: Account) -> None:
    fleet.faults({"op": "SendCommand", "do": "lost"})

    done = fleet.run(MODULE, **SCAN)

    (command,) = commands(fleet)
    assert done["command"]["command_id"] == command["CommandId"]
    assert done["command"]["snapshot_id"] == fleet.inputs("SendCommand")[0]["Parameters"]["SnapshotId"][0]


def test_the_command_is_found_among_others_of_its_document(fleet: Account) -> None:
    others = [fleet.run(MODULE, **SCAN, wait=False)["command"]["command_id"] for _ in range(3)]
    fleet.faults({"op": "SendCommand", "do": "lost"})

    done = fleet.run(MODULE, **SCAN)

    assert done["command"]["command_id"] not in others
    assert len(commands(fleet)) == 4


def test_a_command_that_has_ended_meanwhile_is_found(fleet: Account) -> None:
    fleet.faults({"op": "SendCommand", "do": "lost"})
    # By the time of the last look, a minute later, the nodes have long scanned.
    fleet.simulator.set_lag(40)

    done = fleet.run(MODULE, **SCAN)

    assert fleet.calls()["SendCommand"] == 1
    assert done["command"]["status"] == "Success"
    filters = [request["Filters"] for request in fleet.inputs("ListCommands") if "Filters" in request]
    assert filters[-1] == [{"key": "DocumentName", "value": "AWS-RunPatchBaseline"}]


def test_a_command_of_a_shared_document_is_looked_up_without_its_arn(fleet: Account) -> None:
    fleet.faults({"op": "SendCommand", "do": "drop"})

    failed = fleet.fails(MODULE, **SCAN, document=f"arn:aws:ssm:{REGION}:999999999999:document/Patch")

    assert "it was not sent again: no command with this SnapshotId appeared" in failed["msg"]
    *first, last = [request.get("Filters") for request in fleet.inputs("ListCommands")]
    assert first == [[{"key": "ExecutionStage", "value": "Executing"}]] * len(first)
    assert last is None


def test_a_call_that_never_arrived_is_not_made_again(fleet: Account) -> None:
    fleet.faults({"op": "SendCommand", "do": "drop"})

    failed = fleet.fails(MODULE, **SCAN)

    assert fleet.calls()["SendCommand"] == 1
    assert commands(fleet) == []
    (snapshot,) = fleet.inputs("SendCommand")[0]["Parameters"]["SnapshotId"]
    assert "It is unknown whether the command was sent, and it was not sent again" in failed["msg"]
    assert f"a command with the SnapshotId {snapshot}." in failed["msg"]
    assert failed["changed"]
    assert failed["command"]["command_id"] is None
    assert failed["command"]["snapshot_id"] == snapshot


def test_a_lost_command_that_cannot_be_looked_for(fleet: Account) -> None:
    fleet.faults({"op": "SendCommand", "do": "lost"}, {"op": "ListCommands", "do": "AccessDeniedException"})

    failed = fleet.fails(MODULE, **SCAN)

    assert "is unknown" in failed["msg"]
    assert "Allow the action ssm:ListCommands in the IAM policy" in failed["msg"]
    assert fleet.calls()["SendCommand"] == 1


def test_the_users_own_retries_do_not_send_again(fleet: Account) -> None:
    fleet.faults({"op": "SendCommand", "do": "lost"})

    fleet.run(MODULE, **SCAN, aws_config={"retries": {"mode": "standard", "total_max_attempts": 5}})

    assert fleet.calls()["SendCommand"] == 1
    assert len(commands(fleet)) == 1


@pytest.mark.parametrize("times", [1, 6])
def test_a_throttled_call_is_made_again(fleet: Account, times: int) -> None:
    fleet.faults({"op": "SendCommand", "do": "ThrottlingException", "times": times})

    done = fleet.run(MODULE, **SCAN)

    assert fleet.calls()["SendCommand"] == times + 1
    assert len({sent["Parameters"]["SnapshotId"][0] for sent in fleet.inputs("SendCommand")}) == 1
    assert len(commands(fleet)) == 1
    assert done["command"]["status"] == "Success"


def test_throttled_for_ever(fleet: Account) -> None:
    fleet.faults({"op": "SendCommand", "do": "ThrottlingException"})

    failed = fleet.fails(MODULE, **SCAN)

    assert 2 < fleet.calls()["SendCommand"] < 20
    assert "Rate exceeded" in failed["msg"]
    assert failed["msg"].endswith("No command was sent.")
    assert not failed["changed"]


def test_throttled_and_then_lost(fleet: Account) -> None:
    fleet.faults({"op": "SendCommand", "do": "ThrottlingException", "times": 2}, {"op": "SendCommand", "do": "lost"})

    fleet.run(MODULE, **SCAN)

    assert fleet.calls()["SendCommand"] == 3
    assert len(commands(fleet)) == 1


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidDocument", "ExpiredTokenException"])
def test_a_refusal_is_told_and_nothing_is_looked_for(fleet: Account, code: str) -> None:
    fleet.faults({"op": "SendCommand", "do": code, "status": 400})

    failed = fleet.fails(MODULE, **SCAN)

    assert fleet.calls()["SendCommand"] == 1
    assert fleet.calls()["ListCommands"] == 0
    assert failed["error"]["code"] == code
    assert failed["msg"].endswith("No command was sent.")
    assert not failed["changed"]


def test_the_nodes_cannot_be_read(fleet: Account) -> None:
    fleet.faults({"op": "DescribeInstanceInformation", "do": "AccessDeniedException"})

    for check in (True, False):
        failed = fleet.fails(MODULE, check=check, **SCAN)
        assert "Allow the action ssm:DescribeInstanceInformation in the IAM policy" in failed["msg"]
        assert failed["msg"].endswith("No command was sent.")
    assert fleet.calls()["SendCommand"] == 0


@pytest.mark.parametrize("operation", ["ListCommands", "ListCommandInvocations"])
def test_a_read_that_is_denied_while_waiting_loses_nothing(fleet: Account, operation: str) -> None:
    fleet.faults({"op": operation, "do": "AccessDeniedException"})

    failed = fleet.fails(MODULE, **SCAN)

    command_id = failed["command"]["command_id"]
    assert f"Allow the action ssm:{operation} in the IAM policy" in failed["msg"]
    assert re.search(rf"Command {command_id} (continues; wait for it with command_id|ended Success)", failed["msg"])
    assert failed["changed"]
    fleet.faults()
    assert fleet.run(MODULE, command_id=command_id)["command"]["status"] == "Success"


def test_the_first_look_is_denied(fleet: Account) -> None:
    command_id = fleet.run(MODULE, **SCAN, wait=False)["command"]["command_id"]
    fleet.faults({"op": "ListCommands", "do": "AccessDeniedException"})

    failed = fleet.fails(MODULE, command_id=command_id)

    assert failed["command"]["command_id"] == command_id
    assert not failed["changed"]


def test_a_cancellation_that_is_denied(fleet: Account) -> None:
    fleet.faults({"op": "CancelCommand", "do": "AccessDeniedException"})

    failed = fleet.fails(MODULE, **SCAN, wait_timeout=5, cancel_on_timeout=True)

    command_id = failed["command"]["command_id"]
    assert "Allow the action ssm:CancelCommand in the IAM policy" in failed["msg"]
    assert f"Command {command_id} continues" in failed["msg"]


@pytest.mark.parametrize("fault", ["ThrottlingException", "InternalServerError", "drop", "lost", "html"])
def test_reads_over_a_bad_line(fleet: Account, fault: str) -> None:
    fleet.faults({"op": "[DL]*", "do": fault, "rate": 0.3})

    done = fleet.run(MODULE, **SCAN)

    assert [one["status"] for one in done["instances"]] == ["Success"] * 3
    assert fleet.calls()["SendCommand"] == 1


@pytest.mark.parametrize("lag", [1, 3, 8])
def test_reads_that_lag(fleet: Account, lag: int) -> None:
    fleet.simulator.set_lag(lag)

    done = fleet.run(MODULE, **SCAN, poll_interval=1)

    assert done["command"]["status"] == "Success"
    assert [one["status"] for one in done["instances"]] == ["Success"] * 3
    assert fleet.calls()["SendCommand"] == 1


@pytest.mark.parametrize("distortion", ["repeat", "shuffle", "blank"])
def test_pages_that_come_otherwise(fleet: Account, distortion: str) -> None:
    fleet.faults({"op": "[DL]*", "do": distortion, "times": 8})

    done = fleet.run(MODULE, **SCAN)

    assert [one["instance_id"] for one in done["instances"]] == NODES


def test_an_instance_that_is_not_listed_is_no_success(fleet: Account) -> None:
    fleet.faults({"op": "ListCommandInvocations", "do": "lose"})

    failed = fleet.fails(MODULE, **SCAN)

    assert "ended Success: the result of 1 of 3 is unknown" in failed["msg"]


def test_what_was_just_sent_is_not_seen_yet(fleet: Account) -> None:
    fleet.simulator.set_lag(6)

    sent = fleet.run(MODULE, **SCAN, wait=False)
    looked = fleet.run(MODULE, command_id=sent["command"]["command_id"], wait=False)

    assert sent["instances"] == []
    assert looked["command"]["command_id"] == sent["command"]["command_id"]


@pytest.mark.parametrize("seed", range(6))
def test_everything_at_once_and_never_twice(fleet: Account, seed: int) -> None:
    fleet.simulator.set_lag(seed)
    fleet.faults(
        {"op": "SendCommand", "do": "ThrottlingException", "times": seed},
        {"op": "SendCommand", "do": ("lost", "drop", "html", "InternalServerError")[seed % 4]},
        {"op": "*", "do": "ThrottlingException", "rate": 0.3},
    )

    result = fleet.outcome(MODULE, **SCAN, poll_interval=2)

    sent = commands(fleet)
    assert len(sent) <= 1
    if result.get("failed"):
        assert result["command"]["snapshot_id"] in result["msg"]
    else:
        assert result["command"]["command_id"] == sent[0]["CommandId"]


@pytest.mark.parametrize("times", [1, 3, 5])
def test_instances_that_are_not_listed_at_first(fleet: Account, times: int) -> None:
    fleet.faults({"op": "ListCommandInvocations", "do": "vacant", "times": times})

    done = fleet.run(MODULE, **SCAN)

    assert [one["status"] for one in done["instances"]] == ["Success"] * 3


@pytest.mark.parametrize("operation", ["Scan", "Install"])
def test_instances_that_are_never_listed_are_no_success(fleet: Account, operation: str) -> None:
    fleet.faults({"op": "ListCommandInvocations", "do": "vacant"})

    failed = fleet.fails(MODULE, **{**SCAN, "operation": operation, "reboot_option": "NoReboot"})

    assert "the result of 3 of 3 is unknown, because AWS does not list them" in failed["msg"]
    assert failed["instances"] == []
    assert failed["changed"]


def test_instances_right_after_sending_are_not_listed_yet(fleet: Account) -> None:
    sent = fleet.run(MODULE, **SCAN, wait=False)

    assert sent["command"]["status"] == "Pending"
    assert sent["instances"] == []
    assert len(fleet.run(MODULE, command_id=sent["command"]["command_id"])["instances"]) == 3
