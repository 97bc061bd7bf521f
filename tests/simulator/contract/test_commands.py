# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send, follow, list and cancel commands of Run Command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import HTTPClientError

from .support import REGION, UNKNOWN_UUID, Client, Doors, Endpoint, outcome, refused

LINUX, WINDOWS, FAILING, LOST = (f"i-{number}{'0' * 16}" for number in range(1, 5))
NODES = [
    {"InstanceId": LINUX, "Tags": {"Role": "web", "Patch Group": "Web"}, "MissingCount": 3},
    {"InstanceId": WINDOWS, "OperatingSystem": "WINDOWS", "Tags": {"Role": "web"}, "MissingCount": 3},
    {"InstanceId": FAILING, "Tags": {"Role": "database"}, "MissingCount": 3, "Failing": True},
    {"InstanceId": LOST, "Tags": {"Role": "far"}, "PingStatus": "ConnectionLost"},
]
PATCH = "AWS-RunPatchBaseline"
SCAN = {"Operation": ["Scan"]}
STRANGER = "i-0123456789abcdef0"
SNAPSHOT = "6c2d8a5e-1b7f-4a3e-9d55-0f8e6f1c2b34"
WEB = [{"Key": "tag:Role", "Values": ["web"]}]
LONG = 3600

Advance = Callable[[float], None]


@pytest.fixture
def later(doors: Doors) -> Iterator[Advance]:
    """Put the clock forward; afterwards it is back at the true time."""
    yield lambda seconds: doors.post("clock", {"advance": seconds})
    doors.post("clock", {"set": datetime.now(UTC).isoformat()})


@pytest.fixture
def nodes(doors: Doors, account: str) -> None:
    doors.post("seed", {"regions": [{"account": account, "region": REGION, "fleet": {"nodes": NODES}}]})


@pytest.fixture
def fleet(ssm: Client, nodes: None) -> Client:
    """The client of an account with nodes, a node of each sort."""
    return ssm


def request(**changes: Any) -> dict[str, Any]:
    whole = {"DocumentName": PATCH, "InstanceIds": [LINUX], "Parameters": SCAN} | changes
    return {key: value for key, value in whole.items() if value is not None}


def to(targets: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return request(InstanceIds=None, Targets=targets, **changes)


def send(ssm: Client, **changes: Any) -> dict[str, Any]:
    return ssm.send_command(**request(**changes))["Command"]


def command_of(ssm: Client, command: str) -> dict[str, Any]:
    [found] = ssm.list_commands(CommandId=command)["Commands"]
    return found


def invocations_of(ssm: Client, command: str, **more: Any) -> dict[str, dict[str, Any]]:
    pages = ssm.get_paginator("list_command_invocations").paginate(CommandId=command, **more)
    return {found["InstanceId"]: found for page in pages for found in page["CommandInvocations"]}


def invocation_of(
    ssm: Client, command: str, instance: str = LINUX, plugin: str | None = "PatchLinux"
) -> dict[str, Any]:
    named = {"PluginName": plugin} if plugin else {}
    return ssm.get_command_invocation(CommandId=command, InstanceId=instance, **named)


class TestSend:
    def test_the_answer_tells_the_request_as_it_was_taken(self, fleet: Client) -> None:
        command = send(fleet, Comment="monthly")
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
        self, fleet: Client, document: str, parameters: dict[str, Any], seconds: int
    ) -> None:
        command = send(fleet, DocumentName=document, Parameters=parameters, TimeoutSeconds=600)
        assert command["ExpiresAfter"] - command["RequestedDateTime"] == timedelta(seconds=600 + seconds)

    def test_sending_twice_makes_two_commands(self, fleet: Client) -> None:
        assert send(fleet)["CommandId"] != send(fleet)["CommandId"]

    def test_a_target_of_ids_is_shown_as_ids(self, fleet: Client) -> None:
        command = fleet.send_command(**to([{"Key": "instanceids", "Values": [LINUX, WINDOWS]}]))["Command"]
        assert (command["InstanceIds"], command["Targets"]) == ([LINUX, WINDOWS], [])

    @pytest.mark.parametrize("name", [PATCH, f"arn:aws:ssm:{REGION}::document/{PATCH}"])
    @pytest.mark.parametrize("version", ["$LATEST", "$DEFAULT", "1", None])
    def test_documents_by_name_arn_and_version(self, fleet: Client, name: str, version: str | None) -> None:
        command = send(fleet, DocumentName=name, DocumentVersion=version)
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
    def test_parameters_that_a_document_has(self, fleet: Client, document: str, parameters: dict[str, Any]) -> None:
        assert send(fleet, DocumentName=document, Parameters=parameters)["Parameters"] == parameters

    def test_notification_output_and_alarm_are_told(self, fleet: Client, account: str, role: str) -> None:
        topic = f"arn:aws:sns:{REGION}:{account}:patching"
        notification = {"NotificationArn": topic, "NotificationEvents": ["Failed"], "NotificationType": "Command"}
        output = {"CloudWatchLogGroupName": "/patching", "CloudWatchOutputEnabled": True}
        command = send(
            fleet,
            ServiceRoleArn=role,
            NotificationConfig=notification,
            CloudWatchOutputConfig=output,
            AlarmConfiguration={"Alarms": [{"Name": "patching"}]},
        )
        assert (command["ServiceRole"], command["NotificationConfig"]) == (role, notification)
        assert command["CloudWatchOutputConfig"] == output
        assert command["AlarmConfiguration"] == {"IgnorePollAlarmFailure": False, "Alarms": [{"Name": "patching"}]}

    def test_who_is_targeted_by_a_tag(self, fleet: Client, later: Advance, settle: Callable[..., None]) -> None:
        command = fleet.send_command(**to(WEB))["Command"]
        assert (command["InstanceIds"], command["Targets"]) == ([], WEB)
        settle("TargetCount of a command for tags, as it is sent", command["TargetCount"], strict=0, lenient=2)
        later(LONG)
        assert command_of(fleet, command["CommandId"])["TargetCount"] == 2
        assert set(invocations_of(fleet, command["CommandId"])) == {LINUX, WINDOWS}

    @pytest.mark.parametrize(
        "targets",
        [
            [*WEB, {"Key": "tag:Patch Group", "Values": ["Web", "Other"]}],
            [{"Key": "tag-key", "Values": ["Patch Group"]}],
            [*WEB, {"Key": "InstanceIds", "Values": [LINUX]}],
        ],
    )
    def test_targets_add_up(self, fleet: Client, later: Advance, targets: list[dict[str, Any]]) -> None:
        command = fleet.send_command(**to(targets))["Command"]["CommandId"]
        later(LONG)
        assert set(invocations_of(fleet, command)) == {LINUX}

    def test_nobody_has_the_tag(self, fleet: Client, later: Advance) -> None:
        command = fleet.send_command(**to([{"Key": "tag:Role", "Values": ["nobody"]}]))["Command"]
        assert (command["Status"], command["TargetCount"]) == ("Pending", 0)
        later(LONG)
        found = command_of(fleet, command["CommandId"])
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
        self, fleet: Client, code: str, changes: dict[str, Any]
    ) -> None:
        with refused(code):
            fleet.send_command(**request(**changes))
        assert fleet.list_commands()["Commands"] == []

    def test_the_message_names_who_is_not_managed(self, fleet: Client, account: str) -> None:
        message = f"Instances [[{STRANGER}]] not in a valid state for account {account}"
        with refused("InvalidInstanceId", saying=message):
            send(fleet, InstanceIds=[LINUX, STRANGER])

    def test_a_notification_needs_a_topic_and_a_role(self, fleet: Client, account: str, role: str) -> None:
        topic = {"NotificationArn": f"arn:aws:sns:{REGION}:{account}:patching", "NotificationType": "Command"}
        with refused("InvalidNotificationConfig"):
            send(fleet, ServiceRoleArn=role, NotificationConfig={"NotificationEvents": ["Failed"]})
        with refused("InvalidNotificationConfig"):
            send(fleet, ServiceRoleArn=role, NotificationConfig={"NotificationArn": "patching"})
        with refused("InvalidRole"):
            send(fleet, NotificationConfig=topic)
        assert send(fleet, NotificationConfig={"NotificationArn": "", "NotificationEvents": []})["ServiceRole"] == ""

    def test_more_values_of_a_tag_than_the_guide_allows(self, fleet: Client, settle: Callable[..., None]) -> None:
        targets = [{"Key": "tag:Role", "Values": [str(number) for number in range(6)]}]
        found = outcome(lambda: fleet.send_command(**to(targets)))
        settle("a command for six values of a tag", found, strict="ValidationException", lenient="success")

    def test_unknown_commands(self, fleet: Client) -> None:
        for call in (fleet.list_commands, fleet.list_command_invocations, fleet.cancel_command):
            with refused("InvalidCommandId"):
                call(CommandId=UNKNOWN_UUID)
        with refused("InvocationDoesNotExist"):
            fleet.get_command_invocation(CommandId=UNKNOWN_UUID, InstanceId=LINUX)


class TestCourse:
    def test_a_command_runs_its_course(self, fleet: Client, later: Advance) -> None:
        command = send(fleet, InstanceIds=[LINUX, WINDOWS])["CommandId"]
        later(5)
        found = command_of(fleet, command)
        assert (found["Status"], found["TargetCount"], found["CompletedCount"]) == ("InProgress", 2, 0)
        running = invocation_of(fleet, command)
        assert (running["Status"], running["ResponseCode"], running["StandardOutputContent"]) == ("InProgress", -1, "")
        assert running["ExecutionStartDateTime"]
        assert running["ExecutionEndDateTime"] == running["ExecutionElapsedTime"] == ""
        later(LONG)
        found = command_of(fleet, command)
        assert (found["Status"], found["CompletedCount"], found["ErrorCount"]) == ("Success", 2, 0)
        ended = invocation_of(fleet, command)
        assert (ended["Status"], ended["StatusDetails"], ended["ResponseCode"]) == ("Success", "Success", 0)
        assert "Patch Summary" in ended["StandardOutputContent"]
        assert re.fullmatch(r"PT(\d+M)?[\d.]+S", ended["ExecutionElapsedTime"])

    def test_right_after_sending(self, fleet: Client, settle: Callable[..., None]) -> None:
        command = send(fleet)["CommandId"]
        found = outcome(lambda: invocation_of(fleet, command))
        settle("an invocation right after SendCommand", found, strict="InvocationDoesNotExist", lenient="success")
        assert [one["CommandId"] for one in fleet.list_commands()["Commands"]] == [command]

    def test_reads_that_lag_behind(self, fleet: Client, doors: Doors, later: Advance) -> None:
        with doors.lag(60):
            command = send(fleet)["CommandId"]
            later(5)
            assert outcome(lambda: invocation_of(fleet, command)) == "InvocationDoesNotExist"
            assert fleet.list_commands()["Commands"] == []
        assert invocation_of(fleet, command)["Status"] == "InProgress"

    def test_the_waiter_of_the_sdk(self, fleet: Client, doors: Doors, later: Advance) -> None:
        command = send(fleet)["CommandId"]
        with doors.faults({"op": "GetCommandInvocation", "do": "InvocationDoesNotExist", "times": 1}):
            later(LONG)
            waiter = fleet.get_waiter("command_executed")
            settings = {"Delay": 0, "MaxAttempts": 2}
            waiter.wait(CommandId=command, InstanceId=LINUX, PluginName="PatchLinux", WaiterConfig=settings)

    def test_a_node_on_which_it_fails(self, fleet: Client, later: Advance) -> None:
        command = send(fleet, InstanceIds=[LINUX, FAILING], Parameters={"Operation": ["Install"]})["CommandId"]
        later(LONG)
        found = command_of(fleet, command)
        assert (found["Status"], found["CompletedCount"], found["ErrorCount"]) == ("Failed", 2, 1)
        failed = invocation_of(fleet, command, FAILING)
        assert (failed["Status"], failed["StatusDetails"], failed["ResponseCode"]) == ("Failed", "Failed", 1)
        assert failed["StandardErrorContent"]
        assert invocations_of(fleet, command)[LINUX]["Status"] == "Success"

    def test_a_node_that_is_not_reached(self, fleet: Client, later: Advance) -> None:
        command = send(fleet, InstanceIds=[LOST], TimeoutSeconds=60)["CommandId"]
        later(5)
        assert invocation_of(fleet, command, LOST)["Status"] == "Delayed"
        later(8 * LONG)
        ended = invocation_of(fleet, command, LOST)
        assert (ended["Status"], ended["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut")
        assert (ended["ResponseCode"], ended["ExecutionStartDateTime"]) == (-1, "")
        found = command_of(fleet, command)
        assert (found["Status"], found["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut")
        assert (found["DeliveryTimedOutCount"], found["ErrorCount"]) == (1, 0)

    def test_the_snapshot_is_told_of_a_command_whose_answer_was_lost(self, fleet: Client, doors: Doors) -> None:
        parameters = SCAN | {"SnapshotId": [SNAPSHOT]}
        with doors.faults({"op": "SendCommand", "do": "lost", "times": 1}), pytest.raises(HTTPClientError):
            send(fleet, Parameters=parameters)
        [found] = fleet.list_commands()["Commands"]
        assert found["Parameters"] == parameters


class TestSteps:
    def test_the_steps_of_other_platforms_are_skipped(self, fleet: Client, later: Advance) -> None:
        command = send(fleet)["CommandId"]
        later(LONG)
        plugins = {one["Name"]: one for one in invocations_of(fleet, command, Details=True)[LINUX]["CommandPlugins"]}
        assert set(plugins) == {"PatchWindows", "PatchLinux", "PatchMacOS"}
        assert {(one["Status"], one["ResponseCode"]) for one in plugins.values()} == {("Success", 0)}
        assert "Patch Summary" in plugins["PatchLinux"]["Output"]
        assert "skipped due to unsatisfied preconditions" in plugins["PatchWindows"]["Output"]
        windows = invocation_of(fleet, command, plugin="PatchWindows")
        assert windows["StandardOutputContent"] == plugins["PatchWindows"]["Output"]

    def test_without_details_there_are_no_steps(self, fleet: Client, later: Advance) -> None:
        command = send(fleet)["CommandId"]
        later(LONG)
        assert invocations_of(fleet, command)[LINUX]["CommandPlugins"] == []

    def test_a_step_that_was_not_named(self, fleet: Client, later: Advance, settle: Callable[..., None]) -> None:
        command = send(fleet)["CommandId"]
        later(LONG)
        found = outcome(lambda: invocation_of(fleet, command, plugin=None))
        settle("one of several steps, not named", found, strict="InvocationDoesNotExist", lenient="success")
        if found == "success":
            assert invocation_of(fleet, command, plugin=None)["StandardOutputContent"] == ""

    def test_a_step_that_there_is_not(self, fleet: Client, later: Advance, settle: Callable[..., None]) -> None:
        command = send(fleet)["CommandId"]
        later(LONG)
        found = outcome(lambda: invocation_of(fleet, command, plugin="PatchAmiga"))
        settle("a step with a wrong name", found, strict="InvocationDoesNotExist", lenient="InvalidPluginName")

    def test_the_only_step_needs_no_name(self, fleet: Client, later: Advance) -> None:
        command = send(fleet, DocumentName="AWS-RunShellScript", Parameters={"commands": ["true"]})["CommandId"]
        later(LONG)
        assert invocation_of(fleet, command, plugin=None)["PluginName"] == "aws:runShellScript"

    def test_long_output_is_cut(self, fleet: Client, later: Advance) -> None:
        script = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["#" * 30_000]}}
        command = send(fleet, **script)["CommandId"]
        later(LONG)
        assert len(invocation_of(fleet, command, plugin=None)["StandardOutputContent"]) == 24_000
        [plugin] = invocations_of(fleet, command, Details=True)[LINUX]["CommandPlugins"]
        assert len(plugin["Output"]) == 2_500

    @pytest.mark.parametrize(
        ("document", "parameters", "path"),
        [
            (PATCH, SCAN, "awsrunShellScript/PatchLinux"),
            ("AWS-RunShellScript", {"commands": ["true"]}, "awsrunShellScript/0.awsrunShellScript"),
        ],
    )
    def test_where_the_whole_output_is(
        self, fleet: Client, later: Advance, document: str, parameters: dict[str, Any], path: str
    ) -> None:
        bucket = {"OutputS3BucketName": "patching-output", "OutputS3KeyPrefix": "runs"}
        command = send(fleet, DocumentName=document, Parameters=parameters, **bucket)["CommandId"]
        later(LONG)
        step = "PatchLinux" if document == PATCH else "aws:runShellScript"
        ended = invocation_of(fleet, command, plugin=step)
        folder = f"patching-output/runs/{command}/{LINUX}/{path}"
        assert ended["StandardOutputUrl"].endswith(f"{folder}/stdout")
        assert ended["StandardErrorUrl"].endswith(f"{folder}/stderr")
        listed = invocations_of(fleet, command, Details=True)[LINUX]
        plugin = next(one for one in listed["CommandPlugins"] if one["Name"] == step)
        assert plugin["StandardOutputUrl"] == ended["StandardOutputUrl"]
        assert listed["StandardOutputUrl"] == ("" if document == PATCH else ended["StandardOutputUrl"])


class TestListings:
    def test_the_filters_of_commands(self, fleet: Client, later: Advance) -> None:
        done, failed = send(fleet), send(fleet, InstanceIds=[FAILING], Parameters={"Operation": ["Install"]})
        later(LONG)
        script = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
        running, moment = send(fleet, **script), done["RequestedDateTime"] + timedelta(minutes=30)

        def listed(**by: str) -> set[str]:
            filters = [{"key": key, "value": value} for key, value in by.items()]
            return {one["CommandId"] for one in fleet.list_commands(Filters=filters)["Commands"]}

        ids = {name: one["CommandId"] for name, one in (("done", done), ("failed", failed), ("running", running))}
        assert listed(Status="Success") == {ids["done"]}
        assert listed(Status="Failed") == {ids["failed"]}
        assert listed(ExecutionStage="Executing") == {ids["running"]}
        assert listed(ExecutionStage="Complete") == {ids["done"], ids["failed"]}
        assert listed(DocumentName=PATCH) == {ids["done"], ids["failed"]}
        assert listed(InvokedAfter=moment.isoformat()) == {ids["running"]}
        assert listed(InvokedBefore=moment.isoformat()) == {ids["done"], ids["failed"]}
        assert listed(Status="Success", DocumentName="AWS-RunShellScript") == set()
        assert {one["CommandId"] for one in fleet.list_commands(InstanceId=FAILING)["Commands"]} == {ids["failed"]}

    @pytest.mark.parametrize("status", ["TimedOut", "DeliveryTimedOut"])
    def test_both_names_of_a_timeout(self, fleet: Client, later: Advance, status: str) -> None:
        command = send(fleet, InstanceIds=[LOST], TimeoutSeconds=60)["CommandId"]
        later(8 * LONG)
        by = [{"key": "Status", "value": status}]
        assert [one["CommandId"] for one in fleet.list_commands(Filters=by)["Commands"]] == [command]
        found = fleet.list_command_invocations(Filters=by)["CommandInvocations"]
        assert [one["InstanceId"] for one in found] == [LOST]

    def test_no_instances_in_tag_is_a_status_of_commands(self, fleet: Client, later: Advance) -> None:
        fleet.send_command(**to([{"Key": "tag:Role", "Values": ["nobody"]}]))
        later(5)
        by = [{"key": "Status", "value": "NoInstancesInTag"}]
        assert len(fleet.list_commands(Filters=by)["Commands"]) == 1
        with refused("ValidationException"):
            fleet.list_command_invocations(Filters=by)

    def test_the_filters_of_invocations(self, fleet: Client, later: Advance) -> None:
        install = {"Parameters": {"Operation": ["Install"]}, "MaxErrors": "5"}
        command = send(fleet, InstanceIds=[LINUX, FAILING], **install)["CommandId"]
        later(LONG)
        other = send(fleet)["CommandId"]
        later(5)

        def listed(**by: Any) -> set[tuple[str, str]]:
            found = fleet.list_command_invocations(**by)["CommandInvocations"]
            return {(one["CommandId"], one["InstanceId"]) for one in found}

        assert listed() == {(command, LINUX), (command, FAILING), (other, LINUX)}
        assert listed(Filters=[{"key": "Status", "value": "Failed"}]) == {(command, FAILING)}
        assert listed(Filters=[{"key": "Status", "value": "InProgress"}]) == {(other, LINUX)}
        assert listed(InstanceId=LINUX) == {(command, LINUX), (other, LINUX)}
        assert listed(CommandId=command, InstanceId=LINUX) == {(command, LINUX)}

    @pytest.mark.parametrize(
        ("key", "value"), [("Status", "Done"), ("ExecutionStage", "Soon"), ("InvokedAfter", "May")]
    )
    def test_values_that_a_filter_does_not_have(self, fleet: Client, key: str, value: str) -> None:
        with refused("ValidationException"):
            fleet.list_commands(Filters=[{"key": key, "value": value}])

    def test_invocations_have_no_stage(self, fleet: Client) -> None:
        with refused("InvalidFilterKey"):
            fleet.list_command_invocations(Filters=[{"key": "ExecutionStage", "value": "Complete"}])

    def test_the_listing_of_a_node_that_is_not_managed(self, fleet: Client, settle: Callable[..., None]) -> None:
        for call in (fleet.list_commands, fleet.list_command_invocations):
            found = outcome(lambda call=call: call(InstanceId=STRANGER))
            settle("commands of a node that is not managed", found, strict="InvalidInstanceId", lenient="success")

    def test_pages(self, fleet: Client, later: Advance) -> None:
        sent = {send(fleet)["CommandId"] for _ in range(5)}
        later(5)
        for name, key in (("list_commands", "Commands"), ("list_command_invocations", "CommandInvocations")):
            pages = list(fleet.get_paginator(name).paginate(PaginationConfig={"PageSize": 2}))
            assert [len(page[key]) for page in pages] == [2, 2, 1]
            assert {one["CommandId"] for page in pages for one in page[key]} == sent
            with refused("InvalidNextToken"):
                getattr(fleet, name)(NextToken="no-such-token")

    def test_another_account_has_other_commands(self, fleet: Client, endpoint: Endpoint) -> None:
        send(fleet)
        assert endpoint.client_of("111122223333").list_commands()["Commands"] == []


class TestCancel:
    def test_what_runs_is_cancelled_and_what_has_ended_stays(self, fleet: Client, later: Advance) -> None:
        command = send(fleet, InstanceIds=[LINUX, FAILING, WINDOWS], MaxConcurrency="1")["CommandId"]
        later(45)
        before = {one["InstanceId"]: one["Status"] for one in invocations_of(fleet, command).values()}
        assert sorted(before.values()) == ["InProgress", "Pending", "Success"]
        answer = fleet.cancel_command(CommandId=command)
        assert set(answer) == {"ResponseMetadata"}
        later(5)
        expected = {"InProgress": "Cancelled", "Pending": "Cancelled", "Success": "Success"}
        after = {one["InstanceId"]: one["Status"] for one in invocations_of(fleet, command).values()}
        assert after == {instance: expected[status] for instance, status in before.items()}
        found = command_of(fleet, command)
        assert (found["Status"], found["StatusDetails"], found["CompletedCount"]) == ("Cancelled", "Cancelled", 3)
        later(LONG)
        assert invocations_of(fleet, command)[LINUX]["Status"] == after[LINUX]

    def test_some_nodes_are_cancelled(self, fleet: Client, later: Advance) -> None:
        command = send(fleet, InstanceIds=[LINUX, WINDOWS])["CommandId"]
        later(5)
        fleet.cancel_command(CommandId=command, InstanceIds=[WINDOWS])
        later(LONG)
        states = {instance: one["Status"] for instance, one in invocations_of(fleet, command).items()}
        assert states == {LINUX: "Success", WINDOWS: "Cancelled"}

    def test_a_command_that_has_ended_stays_as_it_is(self, fleet: Client, later: Advance) -> None:
        command = send(fleet)["CommandId"]
        later(LONG)
        fleet.cancel_command(CommandId=command)
        later(5)
        assert command_of(fleet, command)["Status"] == "Success"

    @pytest.mark.parametrize(
        ("code", "instances"),
        [("DuplicateInstanceId", [LINUX, LINUX]), ("InvalidInstanceId", [WINDOWS]), ("InvalidInstanceId", [STRANGER])],
    )
    def test_nodes_that_cannot_be_cancelled(self, fleet: Client, code: str, instances: list[str]) -> None:
        command = send(fleet)["CommandId"]
        with refused(code):
            fleet.cancel_command(CommandId=command, InstanceIds=instances)
