# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow, list and cancel commands of Run Command."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import HTTPClientError

from .command_support import (
    FAILING,
    INSTALL,
    LINUX,
    LONG,
    LOST,
    PATCH,
    SCAN,
    SCRIPT,
    SNAPSHOT,
    STRANGER,
    WINDOWS,
    Advance,
    command_of,
    invocation_of,
    invocations_of,
    send,
    to,
)
from .support import Client, Doors, Endpoint, new_account, outcome, refused

# The members of the example outputs in the documentation of the command line.
SENT = {
    *("CommandId", "DocumentName", "DocumentVersion", "Comment", "ExpiresAfter", "Parameters", "InstanceIds"),
    *("Targets", "RequestedDateTime", "Status", "StatusDetails", "OutputS3BucketName", "OutputS3KeyPrefix"),
    *("MaxConcurrency", "MaxErrors", "TargetCount", "CompletedCount", "ErrorCount", "DeliveryTimedOutCount"),
    *("ServiceRole", "NotificationConfig", "CloudWatchOutputConfig"),
}
LISTED = SENT - {"DocumentVersion", "DeliveryTimedOutCount", "CloudWatchOutputConfig"}
INVOCATION = {
    *("CommandId", "InstanceId", "InstanceName", "Comment", "DocumentName", "DocumentVersion", "RequestedDateTime"),
    *("Status", "StatusDetails", "StandardOutputUrl", "StandardErrorUrl", "CommandPlugins", "ServiceRole"),
    *("NotificationConfig", "CloudWatchOutputConfig"),
}
PLUGIN = {
    *("Name", "Status", "StatusDetails", "ResponseCode", "ResponseStartDateTime", "ResponseFinishDateTime", "Output"),
    *("StandardOutputUrl", "StandardErrorUrl", "OutputS3Region", "OutputS3BucketName", "OutputS3KeyPrefix"),
}
STEP = {
    *("CommandId", "InstanceId", "Comment", "DocumentName", "DocumentVersion", "PluginName", "ResponseCode"),
    *("ExecutionStartDateTime", "ExecutionElapsedTime", "ExecutionEndDateTime", "Status", "StatusDetails"),
    *("StandardOutputContent", "StandardOutputUrl", "StandardErrorContent", "StandardErrorUrl"),
    "CloudWatchOutputConfig",
}


def test_all_members_of_the_documented_examples_are_there(managed: Client, later: Advance) -> None:
    sent = send(managed, **SCRIPT)
    later(LONG)
    command = sent["CommandId"]
    invocation = invocations_of(managed, command, Details=True)[LINUX]
    assert sent.keys() >= SENT
    assert command_of(managed, command).keys() >= LISTED
    assert invocation.keys() >= INVOCATION
    assert invocation["CommandPlugins"][0].keys() >= PLUGIN
    assert invocation_of(managed, command, plugin=None).keys() >= STEP


class TestCourse:
    def test_a_command_runs_its_course(self, managed: Client, later: Advance) -> None:
        command = send(managed, InstanceIds=[LINUX, WINDOWS])["CommandId"]
        later(5)
        found = command_of(managed, command)
        assert (found["Status"], found["TargetCount"], found["CompletedCount"]) == ("InProgress", 2, 0)
        running = invocation_of(managed, command)
        assert (running["Status"], running["ResponseCode"], running["StandardOutputContent"]) == ("InProgress", -1, "")
        assert running["ExecutionStartDateTime"]
        assert running["ExecutionEndDateTime"] == running["ExecutionElapsedTime"] == ""
        later(LONG)
        found = command_of(managed, command)
        assert (found["Status"], found["CompletedCount"], found["ErrorCount"]) == ("Success", 2, 0)
        ended = invocation_of(managed, command)
        assert (ended["Status"], ended["StatusDetails"], ended["ResponseCode"]) == ("Success", "Success", 0)
        assert "Patch Summary" in ended["StandardOutputContent"]
        assert re.fullmatch(r"PT(\d+M)?[\d.]+S", ended["ExecutionElapsedTime"])

    def test_right_after_sending(self, managed: Client, settle: Callable[..., None]) -> None:
        command = send(managed)["CommandId"]
        found = (outcome(lambda: invocation_of(managed, command)), len(invocations_of(managed, command)))
        unseen = ("InvocationDoesNotExist", 0)
        settle("the invocations right after SendCommand", found, strict=unseen, lenient=unseen, also=(("success", 1),))
        assert [one["CommandId"] for one in managed.list_commands()["Commands"]] == [command]

    def test_reads_that_lag_behind(self, managed: Client, doors: Doors, later: Advance) -> None:
        with doors.lag(60):
            command = send(managed)["CommandId"]
            later(5)
            assert outcome(lambda: invocation_of(managed, command)) == "InvocationDoesNotExist"
            assert invocations_of(managed, command) == {}
            assert managed.list_commands()["Commands"] == []
        assert invocation_of(managed, command)["Status"] == "InProgress"

    def test_the_waiter_of_the_sdk(self, managed: Client, doors: Doors, later: Advance) -> None:
        command = send(managed)["CommandId"]
        with doors.faults({"op": "GetCommandInvocation", "do": "InvocationDoesNotExist", "times": 1}):
            later(LONG)
            waiter = managed.get_waiter("command_executed")
            settings = {"Delay": 0, "MaxAttempts": 2}
            waiter.wait(CommandId=command, InstanceId=LINUX, PluginName="PatchLinux", WaiterConfig=settings)

    def test_a_node_on_which_it_fails(self, managed: Client, later: Advance) -> None:
        command = send(managed, InstanceIds=[LINUX, FAILING], Parameters=INSTALL)["CommandId"]
        later(LONG)
        found = command_of(managed, command)
        assert (found["Status"], found["CompletedCount"], found["ErrorCount"]) == ("Failed", 2, 1)
        failed = invocation_of(managed, command, FAILING)
        assert (failed["Status"], failed["StatusDetails"], failed["ResponseCode"]) == ("Failed", "Failed", 1)
        assert failed["StandardErrorContent"]
        assert invocations_of(managed, command)[LINUX]["Status"] == "Success"

    def test_a_node_that_is_not_reached(self, managed: Client, later: Advance) -> None:
        command = send(managed, InstanceIds=[LOST], TimeoutSeconds=60)["CommandId"]
        later(5)
        assert invocation_of(managed, command, LOST)["Status"] == "Delayed"
        later(8 * LONG)
        ended = invocation_of(managed, command, LOST)
        assert (ended["Status"], ended["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut")
        assert (ended["ResponseCode"], ended["ExecutionStartDateTime"]) == (-1, "")
        found = command_of(managed, command)
        assert (found["Status"], found["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut")
        assert (found["DeliveryTimedOutCount"], found["ErrorCount"]) == (1, 0)

    def test_the_snapshot_is_told_of_a_command_whose_answer_was_lost(self, managed: Client, doors: Doors) -> None:
        parameters = SCAN | {"SnapshotId": [SNAPSHOT]}
        with doors.faults({"op": "SendCommand", "do": "lost", "times": 1}), pytest.raises(HTTPClientError):
            send(managed, Parameters=parameters)
        [found] = managed.list_commands()["Commands"]
        assert found["Parameters"] == parameters


class TestSteps:
    def test_the_steps_of_other_platforms_are_skipped(self, managed: Client, later: Advance) -> None:
        command = send(managed)["CommandId"]
        later(LONG)
        plugins = {one["Name"]: one for one in invocations_of(managed, command, Details=True)[LINUX]["CommandPlugins"]}
        assert set(plugins) == {"PatchWindows", "PatchLinux", "PatchMacOS"}
        assert {(one["Status"], one["ResponseCode"]) for one in plugins.values()} == {("Success", 0)}
        assert "Patch Summary" in plugins["PatchLinux"]["Output"]
        assert "skipped due to unsatisfied preconditions" in plugins["PatchWindows"]["Output"]
        windows = invocation_of(managed, command, plugin="PatchWindows")
        assert windows["StandardOutputContent"] == plugins["PatchWindows"]["Output"]

    def test_without_details_there_are_no_steps(self, managed: Client, later: Advance) -> None:
        command = send(managed)["CommandId"]
        later(LONG)
        assert invocations_of(managed, command)[LINUX]["CommandPlugins"] == []

    def test_a_step_that_was_not_named(self, managed: Client, later: Advance, settle: Callable[..., None]) -> None:
        command = send(managed)["CommandId"]
        later(LONG)
        found = outcome(lambda: invocation_of(managed, command, plugin=None))
        settle("one of several steps, not named", found, strict="InvocationDoesNotExist", lenient="success")
        if found == "success":
            assert invocation_of(managed, command, plugin=None)["StandardOutputContent"] == ""

    def test_a_step_that_there_is_not(self, managed: Client, later: Advance, settle: Callable[..., None]) -> None:
        command = send(managed)["CommandId"]
        later(LONG)
        found = outcome(lambda: invocation_of(managed, command, plugin="PatchAmiga"))
        settle("a step with a wrong name", found, strict="InvocationDoesNotExist", lenient="InvalidPluginName")

    def test_the_only_step_needs_no_name(self, managed: Client, later: Advance) -> None:
        command = send(managed, **SCRIPT)["CommandId"]
        later(LONG)
        assert invocation_of(managed, command, plugin=None)["PluginName"] == "aws:runShellScript"

    def test_long_output_is_cut(self, managed: Client, later: Advance) -> None:
        script = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["#" * 30_000]}}
        command = send(managed, **script)["CommandId"]
        later(LONG)
        assert len(invocation_of(managed, command, plugin=None)["StandardOutputContent"]) == 24_000
        [plugin] = invocations_of(managed, command, Details=True)[LINUX]["CommandPlugins"]
        assert len(plugin["Output"]) == 2_500

    @pytest.mark.parametrize(
        ("document", "parameters", "path"),
        [
            (PATCH, SCAN, "awsrunShellScript/PatchLinux"),
            ("AWS-RunShellScript", {"commands": ["true"]}, "awsrunShellScript/0.awsrunShellScript"),
        ],
    )
    def test_where_the_whole_output_is(
        self, managed: Client, later: Advance, document: str, parameters: dict[str, Any], path: str
    ) -> None:
        bucket = {"OutputS3BucketName": "patching-output", "OutputS3KeyPrefix": "runs"}
        command = send(managed, DocumentName=document, Parameters=parameters, **bucket)["CommandId"]
        later(LONG)
        step = "PatchLinux" if document == PATCH else "aws:runShellScript"
        ended = invocation_of(managed, command, plugin=step)
        folder = f"patching-output/runs/{command}/{LINUX}/{path}"
        assert ended["StandardOutputUrl"].endswith(f"{folder}/stdout")
        assert ended["StandardErrorUrl"].endswith(f"{folder}/stderr")
        listed = invocations_of(managed, command, Details=True)[LINUX]
        plugin = next(one for one in listed["CommandPlugins"] if one["Name"] == step)
        assert plugin["StandardOutputUrl"] == ended["StandardOutputUrl"]
        assert listed["StandardOutputUrl"] == ("" if document == PATCH else ended["StandardOutputUrl"])


class TestListings:
    def test_the_filters_of_commands(self, managed: Client, later: Advance) -> None:
        done, failed = send(managed), send(managed, InstanceIds=[FAILING], Parameters=INSTALL)
        later(LONG)
        running, moment = send(managed, **SCRIPT), done["RequestedDateTime"] + timedelta(minutes=30)

        def listed(**by: str) -> set[str]:
            filters = [{"key": key, "value": value} for key, value in by.items()]
            return {one["CommandId"] for one in managed.list_commands(Filters=filters)["Commands"]}

        ids = {name: one["CommandId"] for name, one in (("done", done), ("failed", failed), ("running", running))}
        assert listed(Status="Success") == {ids["done"]}
        assert listed(Status="Failed") == {ids["failed"]}
        assert listed(ExecutionStage="Executing") == {ids["running"]}
        assert listed(ExecutionStage="Complete") == {ids["done"], ids["failed"]}
        assert listed(DocumentName=PATCH) == {ids["done"], ids["failed"]}
        assert listed(InvokedAfter=moment.isoformat()) == {ids["running"]}
        assert listed(InvokedBefore=moment.isoformat()) == {ids["done"], ids["failed"]}
        assert listed(Status="Success", DocumentName="AWS-RunShellScript") == set()
        assert {one["CommandId"] for one in managed.list_commands(InstanceId=FAILING)["Commands"]} == {ids["failed"]}

    @pytest.mark.parametrize("status", ["TimedOut", "DeliveryTimedOut"])
    def test_both_names_of_a_timeout(self, managed: Client, later: Advance, status: str) -> None:
        command = send(managed, InstanceIds=[LOST], TimeoutSeconds=60)["CommandId"]
        later(8 * LONG)
        by = [{"key": "Status", "value": status}]
        assert [one["CommandId"] for one in managed.list_commands(Filters=by)["Commands"]] == [command]
        found = managed.list_command_invocations(Filters=by)["CommandInvocations"]
        assert [one["InstanceId"] for one in found] == [LOST]

    def test_no_instances_in_tag_is_a_status_of_commands(self, managed: Client, later: Advance) -> None:
        managed.send_command(**to([{"Key": "tag:Role", "Values": ["nobody"]}]))
        later(5)
        by = [{"key": "Status", "value": "NoInstancesInTag"}]
        assert len(managed.list_commands(Filters=by)["Commands"]) == 1
        with refused("ValidationException"):
            managed.list_command_invocations(Filters=by)

    def test_the_filters_of_invocations(self, managed: Client, later: Advance) -> None:
        install = {"Parameters": INSTALL, "MaxErrors": "5"}
        command = send(managed, InstanceIds=[LINUX, FAILING], **install)["CommandId"]
        later(LONG)
        other = send(managed)["CommandId"]
        later(5)

        def listed(**by: Any) -> set[tuple[str, str]]:
            found = managed.list_command_invocations(**by)["CommandInvocations"]
            return {(one["CommandId"], one["InstanceId"]) for one in found}

        assert listed() == {(command, LINUX), (command, FAILING), (other, LINUX)}
        assert listed(Filters=[{"key": "Status", "value": "Failed"}]) == {(command, FAILING)}
        assert listed(Filters=[{"key": "Status", "value": "InProgress"}]) == {(other, LINUX)}
        assert listed(InstanceId=LINUX) == {(command, LINUX), (other, LINUX)}
        assert listed(CommandId=command, InstanceId=LINUX) == {(command, LINUX)}

    @pytest.mark.parametrize(
        ("key", "value"), [("Status", "Done"), ("ExecutionStage", "Soon"), ("InvokedAfter", "May")]
    )
    def test_values_that_a_filter_does_not_have(self, managed: Client, key: str, value: str) -> None:
        with refused("ValidationException"):
            managed.list_commands(Filters=[{"key": key, "value": value}])

    def test_invocations_have_no_stage(self, managed: Client) -> None:
        with refused("InvalidFilterKey"):
            managed.list_command_invocations(Filters=[{"key": "ExecutionStage", "value": "Complete"}])

    def test_the_listing_of_a_node_that_is_not_managed(self, managed: Client, settle: Callable[..., None]) -> None:
        for call in (managed.list_commands, managed.list_command_invocations):
            found = outcome(lambda call=call: call(InstanceId=STRANGER))
            settle("commands of a node that is not managed", found, strict="InvalidInstanceId", lenient="success")

    def test_pages(self, managed: Client, later: Advance) -> None:
        sent = {send(managed)["CommandId"] for _ in range(5)}
        later(5)
        for name, key in (("list_commands", "Commands"), ("list_command_invocations", "CommandInvocations")):
            pages = list(managed.get_paginator(name).paginate(PaginationConfig={"PageSize": 2}))
            assert [len(page[key]) for page in pages] == [2, 2, 1]
            assert {one["CommandId"] for page in pages for one in page[key]} == sent
            with refused("InvalidNextToken"):
                getattr(managed, name)(NextToken="no-such-token")

    def test_another_account_has_other_commands(self, managed: Client, endpoint: Endpoint) -> None:
        send(managed)
        assert endpoint.client_of(new_account()).list_commands()["Commands"] == []


class TestCancel:
    def test_what_runs_is_cancelled_and_what_has_ended_stays(self, managed: Client, later: Advance) -> None:
        command = send(managed, InstanceIds=[LINUX, FAILING, WINDOWS], MaxConcurrency="1")["CommandId"]
        later(45)
        before = {one["InstanceId"]: one["Status"] for one in invocations_of(managed, command).values()}
        assert sorted(before.values()) == ["InProgress", "Pending", "Success"]
        answer = managed.cancel_command(CommandId=command)
        assert set(answer) == {"ResponseMetadata"}
        later(5)
        expected = {"InProgress": "Cancelled", "Pending": "Cancelled", "Success": "Success"}
        after = {one["InstanceId"]: one["Status"] for one in invocations_of(managed, command).values()}
        assert after == {instance: expected[status] for instance, status in before.items()}
        found = command_of(managed, command)
        assert (found["Status"], found["StatusDetails"], found["CompletedCount"]) == ("Cancelled", "Cancelled", 3)
        later(LONG)
        assert invocations_of(managed, command)[LINUX]["Status"] == after[LINUX]

    def test_some_nodes_are_cancelled(self, managed: Client, later: Advance) -> None:
        command = send(managed, InstanceIds=[LINUX, WINDOWS])["CommandId"]
        later(5)
        managed.cancel_command(CommandId=command, InstanceIds=[WINDOWS])
        later(LONG)
        states = {instance: one["Status"] for instance, one in invocations_of(managed, command).items()}
        assert states == {LINUX: "Success", WINDOWS: "Cancelled"}

    def test_a_command_that_has_ended_stays_as_it_is(self, managed: Client, later: Advance) -> None:
        command = send(managed)["CommandId"]
        later(LONG)
        managed.cancel_command(CommandId=command)
        later(5)
        assert command_of(managed, command)["Status"] == "Success"

    @pytest.mark.parametrize(
        ("code", "instances"),
        [("DuplicateInstanceId", [LINUX, LINUX]), ("InvalidInstanceId", [WINDOWS]), ("InvalidInstanceId", [STRANGER])],
    )
    def test_nodes_that_cannot_be_cancelled(self, managed: Client, code: str, instances: list[str]) -> None:
        command = send(managed)["CommandId"]
        with refused(code):
            managed.cancel_command(CommandId=command, InstanceIds=instances)
