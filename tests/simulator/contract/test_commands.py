# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send commands of Run Command: what is accepted, as what it is told, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from .command_support import (
    LINUX,
    LONG,
    PATCH,
    SCAN,
    SNAPSHOT,
    STRANGER,
    WEB,
    WINDOWS,
    Advance,
    command_of,
    invocations_of,
    request,
    send,
    to,
)
from .support import REGION, UNKNOWN_UUID, Client, outcome, refused


class TestSend:
    def test_the_answer_tells_the_request_as_it_was_taken(self, managed: Client) -> None:
        command = send(managed, Comment="monthly")
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", command["CommandId"])
        expected = {
            "DocumentName": PATCH,
            "DocumentVersion": "$DEFAULT",
            "Comment": "monthly",
            "Parameters": SCAN,
            "InstanceIds": [LINUX],
            "Targets": [],
            "Status": "Pending",
            "StatusDetails": "Pending",
            "MaxConcurrency": "50",
            "MaxErrors": "0",
            "TimeoutSeconds": 3600,
            "OutputS3BucketName": "",
            "OutputS3KeyPrefix": "",
            "ServiceRole": "",
            "CompletedCount": 0,
            "ErrorCount": 0,
            "DeliveryTimedOutCount": 0,
            "NotificationConfig": {"NotificationArn": "", "NotificationEvents": [], "NotificationType": ""},
            "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": False},
        }
        assert {key: command[key] for key in expected} == expected

    @pytest.mark.parametrize(
        ("document", "parameters", "seconds"),
        [
            (PATCH, SCAN, 3 * 7200),
            ("AWS-RunShellScript", {"commands": ["true"]}, 3600),
            ("AWS-RunShellScript", {"commands": ["true"], "executionTimeout": ["120"]}, 120),
        ],
    )
    def test_a_command_expires_after_both_timeouts(
        self, managed: Client, document: str, parameters: dict[str, Any], seconds: int
    ) -> None:
        command = send(managed, DocumentName=document, Parameters=parameters, TimeoutSeconds=600)
        assert command["ExpiresAfter"] - command["RequestedDateTime"] == timedelta(seconds=600 + seconds)

    def test_sending_twice_makes_two_commands(self, managed: Client) -> None:
        assert send(managed)["CommandId"] != send(managed)["CommandId"]

    def test_a_target_of_ids_is_shown_as_ids(self, managed: Client) -> None:
        command = managed.send_command(**to([{"Key": "instanceids", "Values": [LINUX, WINDOWS]}]))["Command"]
        assert (command["InstanceIds"], command["Targets"]) == ([LINUX, WINDOWS], [])

    @pytest.mark.parametrize("name", [PATCH, f"arn:aws:ssm:{REGION}::document/{PATCH}"])
    @pytest.mark.parametrize("version", ["$LATEST", "$DEFAULT", "1", None])
    def test_documents_by_name_arn_and_version(self, managed: Client, name: str, version: str | None) -> None:
        command = send(managed, DocumentName=name, DocumentVersion=version)
        assert (command["DocumentName"], command["DocumentVersion"]) == (name, version or "$DEFAULT")

    @pytest.mark.parametrize(
        ("document", "parameters"),
        [
            (PATCH, {"Operation": ["Install"], "RebootOption": ["NoReboot"], "SnapshotId": [SNAPSHOT]}),
            (PATCH, {"Operation": ["Install"], "InstallOverrideList": ["s3://bucket/lists/june.yaml"]}),
            (PATCH, {"Operation": ["Scan"], "SnapshotId": [""], "BaselineOverride": ["https://host/b.json"]}),
            ("AWS-RunPatchBaselineWithHooks", {"Operation": ["Install"], "PreInstallHookDocName": ["AWS-Noop"]}),
            ("AWS-RunPatchBaselineAssociation", {"Operation": ["Scan"], "AssociationId": [UNKNOWN_UUID]}),
            ("AWS-RunShellScript", {"commands": ["df -h", "uptime"], "workingDirectory": ["/tmp"]}),
            ("AWS-Noop", {}),
        ],
    )
    def test_parameters_that_a_document_has(self, managed: Client, document: str, parameters: dict[str, Any]) -> None:
        assert send(managed, DocumentName=document, Parameters=parameters)["Parameters"] == parameters

    def test_notification_output_and_alarm_are_told(self, managed: Client, account: str, role: str) -> None:
        topic = f"arn:aws:sns:{REGION}:{account}:patching"
        notification = {"NotificationArn": topic, "NotificationEvents": ["Failed"], "NotificationType": "Command"}
        output = {"CloudWatchLogGroupName": "/patching", "CloudWatchOutputEnabled": True}
        command = send(
            managed,
            ServiceRoleArn=role,
            NotificationConfig=notification,
            CloudWatchOutputConfig=output,
            AlarmConfiguration={"Alarms": [{"Name": "patching"}]},
        )
        assert (command["ServiceRole"], command["NotificationConfig"]) == (role, notification)
        assert command["CloudWatchOutputConfig"] == output
        assert command["AlarmConfiguration"] == {"IgnorePollAlarmFailure": False, "Alarms": [{"Name": "patching"}]}

    def test_who_is_targeted_by_a_tag(self, managed: Client, later: Advance, settle: Callable[..., None]) -> None:
        command = managed.send_command(**to(WEB))["Command"]
        assert (command["InstanceIds"], command["Targets"]) == ([], WEB)
        settle("TargetCount of a command for tags, as it is sent", command["TargetCount"], strict=0, lenient=2)
        later(LONG)
        assert command_of(managed, command["CommandId"])["TargetCount"] == 2
        assert set(invocations_of(managed, command["CommandId"])) == {LINUX, WINDOWS}

    @pytest.mark.parametrize(
        "targets",
        [
            [*WEB, {"Key": "tag:Patch Group", "Values": ["Web", "Other"]}],
            [{"Key": "tag-key", "Values": ["Patch Group"]}],
            [*WEB, {"Key": "InstanceIds", "Values": [LINUX]}],
        ],
    )
    def test_targets_add_up(self, managed: Client, later: Advance, targets: list[dict[str, Any]]) -> None:
        command = managed.send_command(**to(targets))["Command"]["CommandId"]
        later(LONG)
        assert set(invocations_of(managed, command)) == {LINUX}

    def test_nobody_has_the_tag(self, managed: Client, later: Advance) -> None:
        command = managed.send_command(**to([{"Key": "tag:Role", "Values": ["nobody"]}]))["Command"]
        assert (command["Status"], command["TargetCount"]) == ("Pending", 0)
        later(LONG)
        found = command_of(managed, command["CommandId"])
        assert (found["Status"], found["StatusDetails"], found["TargetCount"]) == ("Success", "NoInstancesInTag", 0)


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "changes"),
        [
            ("InvalidDocument", {"DocumentName": "No-Such-Document"}),
            ("InvalidDocument", {"DocumentHash": "0" * 64, "DocumentHashType": "Sha256"}),
            ("InvalidDocumentVersion", {"DocumentVersion": "999"}),
            ("InvalidParameters", {"Parameters": {}}),
            ("InvalidParameters", {"Parameters": {"Operation": ["Look"]}}),
            ("InvalidParameters", {"Parameters": {"Operation": ["Scan", "Install"]}}),
            ("InvalidParameters", {"Parameters": SCAN | {"Reboot": ["yes"]}}),
            ("InvalidParameters", {"Parameters": SCAN | {"RebootOption": ["Reboot"]}}),
            ("InvalidParameters", {"Parameters": SCAN | {"SnapshotId": ["june"]}}),
            ("InvalidParameters", {"Parameters": SCAN | {"InstallOverrideList": ["/tmp/list.yaml"]}}),
            ("InvalidParameters", {"DocumentName": "AWS-RunPatchBaselineAssociation"}),
            ("InvalidInstanceId", {"InstanceIds": [STRANGER]}),
            ("InvalidInstanceId", {"InstanceIds": [LINUX, STRANGER]}),
            ("InvalidInstanceId", {"InstanceIds": None}),
            ("InvalidInstanceId", {"InstanceIds": None, "Targets": [{"Key": "InstanceIds", "Values": [STRANGER]}]}),
            ("DuplicateInstanceId", {"InstanceIds": [LINUX, LINUX]}),
            ("UnsupportedPlatformType", {"InstanceIds": [LINUX], "DocumentName": "AWS-ApplyPatchBaseline"}),
            ("ValidationException", {"Targets": WEB}),
            ("ValidationException", {"InstanceIds": None, "Targets": [{"Key": "Role", "Values": ["web"]}]}),
            ("ValidationException", {"InstanceIds": None, "Targets": [{"Key": "tag:Role", "Values": []}]}),
            ("InvalidOutputFolder", {"OutputS3BucketName": "No_Bucket"}),
            ("InvalidRole", {"ServiceRoleArn": "patching"}),
            ("InvalidRole", {"ServiceRoleArn": "arn:aws:iam::111111111111:role/patching"}),
            (
                "MaxDocumentSizeExceeded",
                {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["#" * 66_000]}},
            ),
        ],
    )
    def test_a_request_that_is_refused_leaves_no_command(
        self, managed: Client, code: str, changes: dict[str, Any]
    ) -> None:
        with refused(code):
            managed.send_command(**request(**changes))
        assert managed.list_commands()["Commands"] == []

    def test_the_message_names_who_is_not_managed(self, managed: Client, account: str) -> None:
        message = f"Instances [[{STRANGER}]] not in a valid state for account {account}"
        with refused("InvalidInstanceId", saying=message):
            send(managed, InstanceIds=[LINUX, STRANGER])

    def test_invalid_parameters_are_refused_without_a_word(self, managed: Client) -> None:
        """As in https://github.com/claranet/ssha/issues/71."""
        with refused("InvalidParameters") as caught:
            send(managed, Parameters={"Operation": ["Look"], "Reboot": ["secret"]})
        assert caught.value.response["Error"]["Message"] == ""

    def test_a_notification_needs_a_topic_and_a_role(self, managed: Client, account: str, role: str) -> None:
        topic = {"NotificationArn": f"arn:aws:sns:{REGION}:{account}:patching", "NotificationType": "Command"}
        with refused("InvalidNotificationConfig"):
            send(managed, ServiceRoleArn=role, NotificationConfig={"NotificationEvents": ["Failed"]})
        with refused("InvalidNotificationConfig"):
            send(managed, ServiceRoleArn=role, NotificationConfig={"NotificationArn": "patching"})
        with refused("InvalidRole"):
            send(managed, NotificationConfig=topic)
        assert send(managed, NotificationConfig={"NotificationArn": "", "NotificationEvents": []})["ServiceRole"] == ""

    def test_more_values_of_a_tag_than_the_guide_allows(self, managed: Client, settle: Callable[..., None]) -> None:
        targets = [{"Key": "tag:Role", "Values": [str(number) for number in range(6)]}]
        found = outcome(lambda: managed.send_command(**to(targets)))
        settle("a command for six values of a tag", found, strict="ValidationException", lenient="success")

    def test_unknown_commands(self, managed: Client) -> None:
        for call in (managed.list_commands, managed.list_command_invocations, managed.cancel_command):
            with refused("InvalidCommandId"):
                call(CommandId=UNKNOWN_UUID)
        with refused("InvocationDoesNotExist"):
            managed.get_command_invocation(CommandId=UNKNOWN_UUID, InstanceId=LINUX)
