# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of a command over its nodes: how many at a time, how many errors, what becomes of it and of them."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ssmsim import Simulator, commands, documents, fleet
from ssmsim.command_course import share
from ssmsim.command_reads import cut
from ssmsim.errors import ServiceError

ACCOUNT, REGION = "123456789012", "us-east-1"
SCAN, INSTALL, SCRIPT = 30, 300, 3000
SETTINGS = {"delivery_seconds": 1, "scan_seconds": SCAN, "install_seconds": INSTALL, "other_seconds": SCRIPT}
PATCH = {"DocumentName": "AWS-RunPatchBaseline"}
RATES = st.one_of(st.integers(1, 20).map(str), st.integers(1, 100).map("{}%".format))


def node_id(number: int) -> str:
    return f"i-{number:017x}"


def node(number: int, **members: Any) -> dict[str, Any]:
    return {"InstanceId": node_id(number), "MissingCount": 2, **members}


FAILING = {"Failing": True}
LOST = {"PingStatus": "ConnectionLost"}
INACTIVE = {"PingStatus": "Inactive"}
WINDOWS = {"OperatingSystem": "WINDOWS"}


class Site:
    """A simulator with one fleet; every command takes exactly as long as the seed says."""

    def __init__(self, *nodes: dict[str, Any], strict: bool = False, **settings: Any) -> None:
        seed = {
            "commands": {**SETTINGS, "spread": 0, **settings},
            "fleet": {"nodes": [node(number, **members) for number, members in enumerate(nodes)]},
        }
        self.simulator = Simulator("strict" if strict else "lenient", "2026-01-01T00:00:00Z", seed)
        self.region = self.simulator._region(ACCOUNT, REGION)
        self.ids = fleet.of(self.region).ids()

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.simulator.execute(operation, REGION, ACCOUNT, request)

    def send(self, operation: str = "Scan", **request: Any) -> str:
        whole = {**PATCH, "InstanceIds": self.ids, "Parameters": {"Operation": [operation]}, **request}
        command_id: str = self.call("SendCommand", **whole)["Command"]["CommandId"]
        return command_id

    def script(self, **request: Any) -> str:
        return self.send(DocumentName="AWS-RunShellScript", Parameters={"commands": ["true"]}, **request)

    def command(self, command_id: str) -> dict[str, Any]:
        command: dict[str, Any] = self.call("ListCommands", CommandId=command_id)["Commands"][0]
        return command

    def state(self, command_id: str) -> tuple[str, str]:
        command = self.command(command_id)
        return command["Status"], command["StatusDetails"]

    def details(self, command_id: str) -> list[str]:
        """The StatusDetails of each node, in the order of the nodes."""
        found = {one["InstanceId"]: one["StatusDetails"] for one in self.invocations(command_id)}
        return [found[instance_id] for instance_id in self.ids]

    def invocations(self, command_id: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.call("ListCommandInvocations", CommandId=command_id)["CommandInvocations"]
        return listed


@given(st.integers(1, 30), RATES, st.booleans())
def test_no_more_nodes_at_a_time_than_max_concurrency(count: int, rate: str, strict: bool) -> None:
    site = Site(*[{}] * count, strict=strict)
    command_id = site.send(MaxConcurrency=rate)
    site.simulator.advance(1)
    limit = max(1, math.floor(count * int(rate[:-1]) / 100)) if "%" in rate else int(rate)
    for step in range(math.ceil(count / limit)):
        states = Counter(one["Status"] for one in site.invocations(command_id))
        done = step * limit
        assert states["Success"] == site.command(command_id)["CompletedCount"] == done
        assert states["InProgress"] == min(limit, count - done)
        site.simulator.advance(SCAN)
    assert site.state(command_id) == ("Success", "Success")


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 4), st.booleans())
def test_the_error_after_those_allowed_ends_the_command(failing: list[bool], allowed: int, strict: bool) -> None:
    site = Site(*[FAILING if bad else {} for bad in failing], strict=strict)
    command_id = site.send("Install", MaxConcurrency="1", MaxErrors=str(allowed))
    site.simulator.advance(len(failing) * INSTALL + 1)
    expected, errors = [], 0
    for bad in failing:
        expected.append("Terminated" if errors > allowed else "Failed" if bad else "Success")
        errors += expected[-1] == "Failed"
    assert site.details(command_id) == expected
    command = site.command(command_id)
    assert (command["CompletedCount"], command["ErrorCount"]) == (len(failing), errors)
    assert (command["Status"] == "Failed") or errors <= allowed


def test_nodes_that_run_already_end_when_the_errors_are_reached() -> None:
    site = Site(FAILING, FAILING, {}, {})
    command_id = site.send("Install", MaxConcurrency="3", MaxErrors="0")
    site.simulator.advance(INSTALL + 1)
    assert site.details(command_id) == ["Failed", "Failed", "Success", "Terminated"]


@pytest.mark.parametrize(
    ("rate", "count", "least", "number"),
    [("10%", 50, 0, 5), ("10%", 9, 0, 0), ("10%", 9, 1, 1), ("100%", 7, 1, 7), ("0%", 7, 0, 0), ("3", 2, 1, 3)],
)
def test_a_percentage_is_rounded_down(rate: str, count: int, least: int, number: int) -> None:
    assert share(rate, count, least=least) == number


TERMINAL = {"Success", "Failed", "Cancelled", "TimedOut"}
NODES = st.lists(st.sampled_from([{}, FAILING, LOST, INACTIVE, WINDOWS]), min_size=1, max_size=8)
MOVES = st.lists(
    st.one_of(st.sampled_from([1.0, 20.0, 310.0, 4000.0]), st.sets(st.integers(0, 7), max_size=3), st.none()),
    max_size=8,
)


def move(site: Site, command_id: str, what: float | set[int] | None) -> None:
    """Let time pass, or cancel the command on some nodes (by number), or as a whole."""
    if isinstance(what, float):
        site.simulator.advance(what)
    elif what is None:
        site.call("CancelCommand", CommandId=command_id)
    elif chosen := [one for number, one in enumerate(site.ids) if number in what]:
        site.call("CancelCommand", CommandId=command_id, InstanceIds=chosen)


@given(NODES, MOVES, st.integers(1, 4), st.integers(0, 2), st.booleans())
def test_what_holds_whatever_happens(
    nodes: list[dict[str, Any]], moves: list[Any], concurrency: int, allowed: int, strict: bool
) -> None:
    site = Site(*nodes, strict=strict)
    command_id = site.send("Install", MaxConcurrency=str(concurrency), MaxErrors=str(allowed))
    ended: dict[str, dict[str, Any]] = {}
    for what in [*moves, 2.0, 100_000.0]:
        move(site, command_id, what)
        found = {one["InstanceId"]: one for one in site.invocations(command_id)}
        command, states = site.command(command_id), Counter(one["Status"] for one in found.values())
        assert all(found[instance_id] == before for instance_id, before in ended.items())
        ended = {instance_id: one for instance_id, one in found.items() if one["Status"] in TERMINAL}
        details = Counter(one["StatusDetails"] for one in found.values())
        assert states["InProgress"] + states["Cancelling"] <= concurrency
        assert (command["TargetCount"], command["CompletedCount"]) == (len(nodes), len(ended))
        assert command["ErrorCount"] == details["Failed"] + details["ExecutionTimedOut"] <= allowed + concurrency
        assert command["DeliveryTimedOutCount"] == details["DeliveryTimedOut"]
        assert (command["Status"] in TERMINAL) == (len(ended) == len(nodes))
    assert len(ended) == len(nodes)


SUCCESS, FAILED, INCOMPLETE = ("Success", "Success"), ("Failed", "Failed"), ("Failed", "Incomplete")
DELIVERY = ("TimedOut", "DeliveryTimedOut")


@pytest.mark.parametrize(
    ("nodes", "max_errors", "strict", "lenient"),
    [
        ([{}, {}], "0", SUCCESS, SUCCESS),
        ([{}, FAILING], "0", FAILED, FAILED),
        ([{}, FAILING], "1", SUCCESS, FAILED),
        ([{}, FAILING], "5", SUCCESS, INCOMPLETE),
        ([FAILING, FAILING], "5", FAILED, FAILED),
        ([LOST, LOST], "0", DELIVERY, DELIVERY),
        ([{}, LOST], "0", SUCCESS, INCOMPLETE),
        ([FAILING, LOST], "0", FAILED, FAILED),
        ([INACTIVE, INACTIVE], "0", FAILED, FAILED),
        ([{}, INACTIVE], "0", SUCCESS, SUCCESS),
    ],
)
def test_the_status_of_a_command(
    nodes: list[dict[str, Any]], max_errors: str, strict: tuple[str, str], lenient: tuple[str, str]
) -> None:
    for is_strict, expected in ((True, strict), (False, lenient)):
        site = Site(*nodes, strict=is_strict)
        command_id = site.send("Install", MaxErrors=max_errors)
        site.simulator.advance(100_000)
        assert site.state(command_id) == expected


def test_a_node_that_does_not_answer_takes_no_place() -> None:
    site = Site(LOST, {})
    command_id = site.send(MaxConcurrency="1", TimeoutSeconds=60)
    site.simulator.advance(1)
    assert site.details(command_id) == ["Delayed", "InProgress"]
    site.simulator.advance(SCAN)
    assert site.details(command_id) == ["Delayed", "Success"]
    assert site.state(command_id) == ("InProgress", "InProgress")
    site.simulator.advance(60)
    command = site.command(command_id)
    counts = (command["CompletedCount"], command["ErrorCount"], command["DeliveryTimedOutCount"])
    assert (site.details(command_id), counts) == (["DeliveryTimedOut", "Success"], (2, 0, 1))


@pytest.mark.parametrize(("strict", "seconds"), [(True, 60 + 3600), (False, 60)])
def test_when_a_delivery_times_out(strict: bool, seconds: int) -> None:
    site = Site(LOST, strict=strict)
    command_id = site.script(TimeoutSeconds=60)
    site.simulator.advance(seconds - 5)
    assert site.details(command_id) == ["Delayed"]
    site.simulator.advance(10)
    assert site.details(command_id) == ["DeliveryTimedOut"]


def test_the_agent_stops_what_takes_too_long() -> None:
    site = Site({}, install_seconds=documents.PATCH_STEP_SECONDS + 1)
    command_id = site.send("Install")
    site.simulator.advance(documents.PATCH_STEP_SECONDS + 2)
    assert site.state(command_id) == ("TimedOut", "ExecutionTimedOut")
    assert site.command(command_id)["ErrorCount"] == 1
    [stopped] = fleet.of(site.region)
    assert stopped.counts.missing == 2


def test_what_has_not_ended_when_a_command_expires_was_not_delivered() -> None:
    site = Site({}, {}, {})
    command_id = site.script(MaxConcurrency="1", TimeoutSeconds=30)
    site.simulator.advance(3600 + 31)
    assert site.details(command_id) == ["Success", "DeliveryTimedOut", "DeliveryTimedOut"]


def test_the_running_node_that_is_cancelled_takes_a_moment_and_keeps_its_patches() -> None:
    site = Site({}, {})
    command_id = site.send("Install", MaxConcurrency="1")
    site.simulator.advance(INSTALL / 2)
    site.call("CancelCommand", CommandId=command_id)
    assert (site.state(command_id), site.details(command_id)) == (
        ("Cancelling", "Cancelling"),
        ["Cancelling", "Cancelled"],
    )
    site.simulator.advance(5)
    assert (site.state(command_id), site.details(command_id)) == (("Cancelled", "Cancelled"), ["Cancelled"] * 2)
    site.simulator.advance(INSTALL)
    assert [one.counts.missing for one in fleet.of(site.region)] == [2, 2]


@pytest.mark.parametrize("strict", [True, False])
def test_a_command_that_is_cancelled_before_it_is_delivered_runs_nowhere(strict: bool) -> None:
    site = Site({}, {}, strict=strict)
    targets = [{"Key": "resource-groups:ResourceTypeFilters", "Values": ["AWS::EC2::Instance"]}]
    for request in ({}, {"InstanceIds": [], "Targets": targets}):
        command_id = site.send(**request)
        site.call("CancelCommand", CommandId=command_id)
        site.simulator.advance(10)
        assert (site.state(command_id), site.details(command_id)) == (("Cancelled", "Cancelled"), ["Cancelled"] * 2)


def test_one_node_is_cancelled_and_the_others_go_on() -> None:
    site = Site({}, {}, {})
    command_id = site.send(MaxConcurrency="1")
    site.simulator.advance(SCAN + 2)
    site.call("CancelCommand", CommandId=command_id, InstanceIds=site.ids[1:2])
    site.simulator.advance(5)
    assert site.details(command_id) == ["Success", "Cancelled", "InProgress"]
    site.simulator.advance(SCAN)
    site.call("CancelCommand", CommandId=command_id)
    assert site.details(command_id) == ["Success", "Cancelled", "Success"]


def reported(site: Site) -> list[Any]:
    return [one.report.run for one in fleet.of(site.region) if one.report]


def test_an_install_leaves_nothing_missing_and_a_scan_everything() -> None:
    site = Site({}, FAILING)
    site.send("Scan")
    site.simulator.advance(SCAN + 1)
    assert [one.counts.missing for one in fleet.of(site.region)] == [2, 2]
    command_id = site.send("Install")
    site.simulator.advance(INSTALL + 1)
    assert [(one.counts.missing, one.counts.failed) for one in fleet.of(site.region)] == [(0, 0), (0, 2)]
    assert {(run.operation, run.execution_id) for run in reported(site)} == {("Install", command_id)}


def test_a_snapshot_that_was_sent_is_that_of_all_nodes() -> None:
    site, snapshot = Site({}, {}), "01234567-89ab-cdef-0123-456789abcdef"
    site.send(Parameters={"Operation": ["Scan"], "SnapshotId": [snapshot]})
    site.simulator.advance(SCAN + 1)
    assert {run.snapshot_id for run in reported(site)} == {snapshot}
    site.send()
    site.simulator.advance(SCAN + 1)
    assert len({run.snapshot_id for run in reported(site)}) == 2


def test_two_overrides_at_once_fail_and_do_nothing() -> None:
    site = Site({})
    overrides = {"InstallOverrideList": ["s3://bucket/list.yaml"], "BaselineOverride": ["s3://bucket/baseline.json"]}
    command_id = site.send(Parameters={"Operation": ["Install"], **overrides})
    site.simulator.advance(INSTALL + 1)
    assert site.state(command_id) == FAILED
    assert [one.counts.missing for one in fleet.of(site.region)] == [2]


@pytest.mark.parametrize(
    ("document", "parameters"),
    [
        ("AWS-RunPatchBaselineAssociation", {"AssociationId": ["01234567-89ab-cdef-0123-456789abcdef"]}),
        ("AWS-RunPatchBaseline", {"BaselineOverride": ["s3://bucket/baseline.json"]}),
    ],
)
def test_what_is_not_the_compliance_of_the_node_leaves_its_record(document: str, parameters: dict[str, Any]) -> None:
    site = Site({})
    before = reported(site)
    command_id = site.send(DocumentName=document, Parameters={"Operation": ["Install"], **parameters})
    site.simulator.advance(INSTALL + 1)
    assert site.state(command_id) == SUCCESS
    assert reported(site) == before
    assert [one.counts.missing for one in fleet.of(site.region)] == [0]


@pytest.mark.parametrize(
    ("known", "operation", "details"),
    [([], "Install", "Failed"), (["Stop-Web"], "Install", "Success"), ([], "Scan", "Success")],
)
def test_a_hook_that_does_not_exist_fails_an_install(known: list[str], operation: str, details: str) -> None:
    site = Site({}, documents=known)
    parameters = {"Operation": [operation], "PreInstallHookDocName": ["Stop-Web"]}
    command_id = site.send(DocumentName="AWS-RunPatchBaselineWithHooks", Parameters=parameters)
    site.simulator.advance(INSTALL + 1)
    assert site.details(command_id) == [details]


def test_a_document_of_the_seed_can_be_run() -> None:
    site = Site({}, documents=["Stop-Web"])
    command_id = site.send(DocumentName="Stop-Web", Parameters={"Anything": ["goes"]})
    site.simulator.advance(SCRIPT + 1)
    assert site.state(command_id) == SUCCESS


def test_nodes_of_another_platform_among_the_targets() -> None:
    site = Site({}, WINDOWS)
    everything = [{"Key": "resource-groups:ResourceTypeFilters", "Values": ["AWS::EC2::Instance"]}]
    command_id = site.script(InstanceIds=[], Targets=everything)
    site.simulator.advance(SCRIPT + 1)
    assert site.details(command_id) == ["Success", "InvalidPlatform"]
    assert site.state(command_id) == SUCCESS


def test_a_command_is_forgotten_after_thirty_days() -> None:
    site = Site({})
    command_id = site.send()
    site.simulator.advance(29 * 86_400)
    assert site.state(command_id) == SUCCESS
    site.simulator.advance(2 * 86_400)
    assert site.call("ListCommands")["Commands"] == []


class TestForOtherParts:
    """What the rest of the simulator uses to run commands of its own."""

    def test_the_end_is_told_at_its_moment(self) -> None:
        site, ended = Site({}), []
        began = site.simulator.now()

        def note(command: dict[str, Any]) -> None:
            ended.append((command["Status"], round((site.region.now() - began).total_seconds())))

        request = {**PATCH, "Parameters": {"Operation": ["Scan"]}}
        command_id = commands.start(site.region, request, site.ids, note)
        site.simulator.advance(1000)
        assert ended == [("Success", SCAN + 1)]
        assert commands.outcome(site.region, command_id)["TargetCount"] == 1

    def test_more_nodes_than_a_client_may_name(self) -> None:
        site = Site(*[{}] * 60)
        request = {**PATCH, "Parameters": {"Operation": ["Scan"]}, "MaxConcurrency": "100%"}
        command_id = commands.start(site.region, request, site.ids)
        site.simulator.advance(SCAN + 1)
        assert site.command(command_id)["CompletedCount"] == 60

    def test_the_orchestration_is_the_snapshot(self) -> None:
        site = Site({}, {})
        parameters = {"Operation": ["Scan"], "SnapshotId": [documents.ORCHESTRATION_ID]}
        snapshot = "01234567-89ab-cdef-0123-456789abcdef"
        commands.start(site.region, {**PATCH, "Parameters": parameters}, site.ids, orchestration_id=snapshot)
        site.simulator.advance(SCAN + 1)
        assert {run.snapshot_id for run in reported(site)} == {snapshot}

    def test_a_refusal_is_that_of_send_command(self) -> None:
        site = Site({})
        with pytest.raises(ServiceError, match="InvalidInstanceId"):
            commands.start(site.region, {**PATCH, "Parameters": {"Operation": ["Scan"]}}, [node_id(99)])
        with pytest.raises(ServiceError, match="InvalidDocument"):
            commands.start(site.region, {"DocumentName": "No-Such-Document"}, site.ids)

    def test_what_is_cancelled_ends_and_is_told(self) -> None:
        site, ended = Site({}, {}), []
        request = {**PATCH, "Parameters": {"Operation": ["Scan"]}, "MaxConcurrency": "1"}
        command_id = commands.start(site.region, request, site.ids, lambda command: ended.append(command["Status"]))
        site.simulator.advance(2)
        commands.cancel(site.region, command_id)
        site.simulator.advance(5)
        assert ended == ["Cancelled"]


@pytest.mark.parametrize(
    "settings", [{"install_minutes": 5}, {"scan_seconds": -1}, {"spread": 2}, {"scan_seconds": "soon"}]
)
def test_settings_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Simulator(seed={"commands": settings})


def test_nodes_take_different_times_and_each_the_same_in_every_run() -> None:
    def ends() -> list[str]:
        site = Site(*[{}] * 5, spread=0.25)
        command_id = site.send()
        site.simulator.advance(2 * SCAN)
        step = {"CommandId": command_id, "PluginName": "PatchLinux"}
        found = [site.call("GetCommandInvocation", InstanceId=one, **step) for one in site.ids]
        return [one["ExecutionElapsedTime"] for one in found]

    assert ends() == ends()
    assert len(set(ends())) == 5


def test_an_odd_duration_is_told_as_iso_8601() -> None:
    site = Site({}, other_seconds=3600.5)
    script = {"commands": ["true"], "executionTimeout": ["7200"]}
    command_id = site.send(DocumentName="AWS-RunShellScript", Parameters=script)
    site.simulator.advance(3605)
    ended = site.call("GetCommandInvocation", CommandId=command_id, InstanceId=site.ids[0])
    assert ended["ExecutionElapsedTime"] == "PT1H0.5S"


@given(st.integers(30, 80), st.integers(30, 80))
def test_a_long_output_is_cut(length: int, most: int) -> None:
    shown = cut("x" * length, most)
    assert len(shown) == min(length, most)
    assert (length <= most) != shown.endswith("--output truncated--")
