# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patching now: what is sent to whom, what is waited for, and what is told of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.patch_run_nodes import (
    DATABASE,
    INSTALL,
    MODULE,
    SCAN,
    WEB,
    node,
    plant,
    plant_servers,
    statuses,
)


@pytest.fixture
def fleet(account: Account) -> Account:
    """An account with servers in two patch groups."""
    plant_servers(account)
    return account


# What is sent


def test_an_install_is_sent_and_waited_for(fleet: Account) -> None:
    done = fleet.run(MODULE, **INSTALL)

    (sent,) = fleet.inputs("SendCommand")
    (snapshot,) = sent["Parameters"].pop("SnapshotId")
    assert UUID(snapshot).version == 4
    assert sent == {
        "DocumentName": "AWS-RunPatchBaseline",
        "Parameters": {"Operation": ["Install"], "RebootOption": ["NoReboot"]},
        "Targets": [{"Key": "tag:PatchGroup", "Values": ["Web"]}],
        "MaxConcurrency": "10%",
        "MaxErrors": "10%",
    }
    assert done["changed"]
    assert done["command"]["status"] == "Success"
    assert done["command"]["snapshot_id"] == snapshot
    assert done["command"]["operation"] == "Install"
    assert statuses(done) == dict.fromkeys(WEB, "Success")
    assert {one["exit_code"] for one in done["instances"]} == {0}
    assert all(one["start_time"] < one["end_time"] for one in done["instances"])
    assert all(one["output"] is None for one in done["instances"])


def test_each_run_has_a_snapshot_of_its_own(fleet: Account) -> None:
    for _ in range(2):
        fleet.run(MODULE, **SCAN)

    assert len({sent["Parameters"]["SnapshotId"][0] for sent in fleet.inputs("SendCommand")}) == 2


ALL = {
    "operation": "Install",
    "reboot_option": "RebootIfNeeded",
    "instance_tags": {"Env": "prod", "PatchGroup": ["Web", "Database"]},
    "tag_keys": ["PatchGroup"],
    "hooks": {"pre_install": "AWS-Noop", "on_exit": "AWS-Noop"},
    "max_concurrency": 2,
    "max_errors": "0",
    "comment": "before the release",
    "timeout_seconds": 60,
    "document_version": "$LATEST",
    "output_s3_bucket": "example-logs",
    "output_s3_prefix": "now",
    "cloudwatch_output": True,
    "cloudwatch_log_group": "patching",
    "alarm": {"name": "too-many-errors", "ignore_poll_failure": True},
    "notification": {
        "topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:patching",
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/patching",
    },
}
ALL_SENT = {
    "DocumentName": "AWS-RunPatchBaselineWithHooks",
    "DocumentVersion": "$LATEST",
    "Parameters": {
        "Operation": ["Install"],
        "RebootOption": ["RebootIfNeeded"],
        "PreInstallHookDocName": ["AWS-Noop"],
        "OnExitHookDocName": ["AWS-Noop"],
    },
    "Targets": [
        {"Key": "tag:Env", "Values": ["prod"]},
        {"Key": "tag:PatchGroup", "Values": ["Web", "Database"]},
        {"Key": "tag-key", "Values": ["PatchGroup"]},
    ],
    "MaxConcurrency": "2",
    "MaxErrors": "0",
    "Comment": "before the release",
    "TimeoutSeconds": 60,
    "OutputS3BucketName": "example-logs",
    "OutputS3KeyPrefix": "now",
    "CloudWatchOutputConfig": {"CloudWatchOutputEnabled": True, "CloudWatchLogGroupName": "patching"},
    "AlarmConfiguration": {"Alarms": [{"Name": "too-many-errors"}], "IgnorePollAlarmFailure": True},
    "ServiceRoleArn": f"arn:aws:iam::{ACCOUNT}:role/patching",
    "NotificationConfig": {
        "NotificationArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:patching",
        "NotificationEvents": ["Failed", "TimedOut"],
        "NotificationType": "Command",
    },
}


def test_everything_that_can_be_sent(fleet: Account) -> None:
    fleet.run(MODULE, **ALL)

    (sent,) = fleet.inputs("SendCommand")
    del sent["Parameters"]["SnapshotId"]
    assert sent == ALL_SENT


def test_ids_are_sent_in_the_form_in_which_the_service_judges_them(fleet: Account) -> None:
    done = fleet.run(MODULE, operation="Scan", instance_ids=[WEB[1], DATABASE[0], WEB[1]])

    (sent,) = fleet.inputs("SendCommand")
    assert sent["InstanceIds"] == [WEB[1], DATABASE[0]]
    assert "Targets" not in sent
    assert statuses(done) == dict.fromkeys((WEB[1], DATABASE[0]), "Success")


def test_empty_options_are_as_if_they_were_not_given(fleet: Account) -> None:
    fleet.run(MODULE, **SCAN, comment="", alarm={}, notification={}, timeout_seconds=0, reboot_option="")

    (sent,) = fleet.inputs("SendCommand")
    assert set(sent) == {"DocumentName", "Parameters", "Targets", "MaxConcurrency", "MaxErrors"}
    assert set(sent["Parameters"]) == {"Operation", "SnapshotId"}


# What is refused before a call


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"patch_groups": ["Web"]}, "operation: is missing"),
        ({"operation": "Install", "patch_groups": ["Web"]}, "reboot_option: is missing"),
        ({"operation": "Scan"}, "targets: are missing"),
        ({**SCAN, "patch_groups": []}, "patch_groups: must not be empty"),
        ({**SCAN, "instance_ids": list(WEB)}, "cannot be combined"),
        ({"operation": "Scan", "instance_ids": ["web-1"]}, "'web-1' is not a valid instance ID"),
        ({**SCAN, "reboot_option": "Never"}, "reboot_option: 'Never' must be one of"),
        ({**SCAN, "install_override_list": "list.yml"}, "install_override_list: 'list.yml' must be an https:// URL"),
        (
            {**SCAN, "install_override_list": "https://a/b", "baseline_override": "https://a/c"},
            "install_override_list, baseline_override: are mutually exclusive",
        ),
        ({**SCAN, "hooks": {"on_exit": "X-y"}, "document": "AWS-RunPatchBaseline"}, "does not support hooks"),
        ({**SCAN, "max_concurrency": "0"}, "max_concurrency: '0' must be a number from 1"),
        ({**SCAN, "timeout_seconds": 29}, "timeout_seconds: 29 must be from 30 to 2592000"),
        ({**SCAN, "comment": "x" * 101}, "comment: "),
        ({**SCAN, "alarm": {"ignore_poll_failure": True}}, "alarm.name: is missing"),
        ({**SCAN, "notification": {"topic_arn": "arn"}}, "notification.role_arn: is missing"),
        ({**SCAN, "poll_interval": 0}, "poll_interval: 0 must be at least 1"),
        ({**SCAN, "wait_timeout": -1}, "wait_timeout: -1 must be at least 0"),
        ({"command_id": "last"}, "command_id: 'last' is not a valid command ID"),
        ({**SCAN, "command_id": str(UUID(int=1))}, "operation, patch_groups: cannot be combined with command_id"),
    ],
)
def test_what_cannot_be_is_refused_before_a_call(account: Account, given: dict[str, Any], text: str) -> None:
    assert len(account.refuses(MODULE, text, **given)) == 1
    assert not account.calls()


def test_all_that_is_wrong_is_told_at_once(account: Account) -> None:
    wrong = {
        "operation": "Install",
        "instance_ids": ["x"],
        "max_errors": "200%",
        "wait_timeout": -5,
        "comment": "c" * 200,
    }

    assert len(account.refuses(MODULE, **wrong)) == 5


# The result of it


def test_a_failed_node_is_told_with_its_exit_code_and_output(account: Account) -> None:
    plant_servers(account, Failing=True)

    failed = account.fails(MODULE, **INSTALL, output_s3_bucket="example-logs")

    assert f"1 of 2 instances did not succeed: {WEB[1]} Failed, exit code 1." in failed["msg"]
    assert failed["changed"]
    good, bad = failed["instances"]
    assert (good["status"], good["exit_code"], good["output"]) == ("Success", 0, None)
    assert (bad["status"], bad["exit_code"]) == ("Failed", 1)
    assert bad["output"]
    assert all("/PatchLinux/stdout" in one["output_url"] for one in failed["instances"])
    assert all("/PatchLinux/stderr" in one["error_url"] for one in failed["instances"])


@pytest.mark.parametrize(
    ("system", "step"), [("WINDOWS", "PatchWindows"), ("UBUNTU", "PatchLinux"), ("MACOS", "PatchMacOS")]
)
def test_the_step_of_the_platform_tells_how_it_went(account: Account, system: str, step: str) -> None:
    plant_servers(account, OperatingSystem=system)

    done = account.run(MODULE, **SCAN, output_s3_bucket="example-logs")

    assert f"/{step}/stdout" in done["instances"][1]["output_url"]
    assert f"/{step}/stderr" in done["instances"][1]["error_url"]


def test_a_failed_windows_server_tells_where_its_output_is(account: Account) -> None:
    plant_servers(account, OperatingSystem="WINDOWS", Failing=True)

    failed = account.fails(MODULE, **INSTALL, output_s3_bucket="example-logs")

    assert "/PatchWindows/stdout" in failed["instances"][1]["output_url"]
    assert "FailedCount" in failed["instances"][1]["output"]


def test_max_errors_stops_and_tells_who_was_not_begun(account: Account) -> None:
    plant(account, *(node(f"i-{number:017x}", "Web", Failing=True) for number in range(20)))

    failed = account.fails(MODULE, **INSTALL, max_concurrency="1", max_errors="11", wait_timeout=7200)

    assert "20 of 20 instances did not succeed: i-00000000000000000 Failed, exit code 1, " in failed["msg"]
    assert failed["msg"].endswith(", and 2 more, 8 not started because max_errors was reached.")
    assert failed["msg"].count("exit code") == 10
    assert list(statuses(failed).values()).count("Terminated") == 8


def test_without_waiting_the_answer_is_how_things_are(fleet: Account) -> None:
    sent = fleet.run(MODULE, **SCAN, wait=False)

    assert sent["changed"]
    assert sent["command"]["status"] in ("Pending", "InProgress")
    assert fleet.calls()["ListCommands"] == 0


def test_a_command_that_was_sent_before_is_waited_for(fleet: Account) -> None:
    command_id = fleet.run(MODULE, **SCAN, wait=False)["command"]["command_id"]
    fleet.clear_log()

    done = fleet.run(MODULE, command_id=command_id)

    assert not done["changed"]
    assert done["command"]["command_id"] == command_id
    assert statuses(done) == dict.fromkeys(WEB, "Success")
    assert not fleet.calls(writes=True)


@pytest.mark.parametrize(("include", "listed"), [(True, True), (False, False)])
def test_one_look(fleet: Account, include: bool, listed: bool) -> None:
    command_id = fleet.run(MODULE, **SCAN, wait=False)["command"]["command_id"]
    fleet.simulator.advance(10)
    fleet.clear_log()

    looked = fleet.run(MODULE, command_id=command_id, wait=False, include_running=include)

    assert looked["command"]["status"] == "InProgress"
    assert (looked["instances"] is not None) == listed
    assert fleet.calls()["ListCommands"] == 1
    fleet.simulator.advance(600)
    assert fleet.run(MODULE, command_id=command_id, wait=False, include_running=include)["instances"]


def test_a_look_in_check_mode_does_not_wait(fleet: Account) -> None:
    command_id = fleet.run(MODULE, **SCAN, wait=False)["command"]["command_id"]

    looked = fleet.run(MODULE, check=True, command_id=command_id, cancel_on_timeout=True)

    assert not looked["changed"]
    assert looked["command"]["status"] in ("Pending", "InProgress")


def test_a_command_that_is_not_there(fleet: Account) -> None:
    failed = fleet.fails(MODULE, command_id=str(UUID(int=1)))

    assert "Check the ID, the account and the Region" in failed["msg"]
    assert "continues; wait" not in failed["msg"]


def test_when_the_time_is_over_the_command_goes_on(fleet: Account) -> None:
    began = fleet.simulator.now()

    failed = fleet.fails(MODULE, **INSTALL, max_concurrency="1", wait_timeout=400, poll_interval=150)

    assert (fleet.simulator.now() - began).total_seconds() == 400
    command_id = failed["command"]["command_id"]
    assert "wait_timeout expired before the command finished: 1 done, 0 failed, 1 in progress, of 2." in failed["msg"]
    assert f"continues; wait for it with command_id: {command_id}." in failed["msg"]
    assert sorted(statuses(failed).values()) == ["InProgress", "Success"]
    assert fleet.calls()["CancelCommand"] == 0
    assert statuses(fleet.run(MODULE, command_id=command_id)) == dict.fromkeys(WEB, "Success")


def test_when_the_time_is_over_the_command_is_cancelled_where_asked(fleet: Account) -> None:
    failed = fleet.fails(
        MODULE, **INSTALL, max_concurrency="1", wait_timeout=400, poll_interval=50, cancel_on_timeout=True
    )

    assert fleet.inputs("CancelCommand") == [{"CommandId": failed["command"]["command_id"]}]
    assert "was cancelled: it is Cancelled; 1 Cancelled, 1 Success." in failed["msg"]
    assert sorted(statuses(failed).values()) == ["Cancelled", "Success"]


def test_cancelling_what_was_sent_before_is_a_change(fleet: Account) -> None:
    command_id = fleet.run(MODULE, **INSTALL, wait=False)["command"]["command_id"]

    failed = fleet.fails(MODULE, command_id=command_id, wait_timeout=0, cancel_on_timeout=True)

    assert failed["changed"]
    assert set(statuses(failed).values()) == {"Cancelled"}


def test_a_node_that_is_not_reached_in_time(account: Account) -> None:
    plant_servers(account, PingStatus="ConnectionLost")

    failed = account.fails(MODULE, **SCAN, timeout_seconds=60, wait_timeout=90000, poll_interval=600)

    assert f"{WEB[1]} TimedOut (DeliveryTimedOut)." in failed["msg"]
    assert failed["command"]["delivery_timed_out_count"] == 1
