# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a command and its instances, from answers as the service gives them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._patch_run import command
from hypothesis import given
from hypothesis import strategies as st

NODE = "i-02573cafcf0123456"
BEGAN, ENDED = datetime(2026, 1, 6, 21, 0, 5, tzinfo=UTC), datetime(2026, 1, 6, 21, 4, 10, tzinfo=UTC)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
SKIPPED = "Step execution skipped due to unsatisfied preconditions: '\"StringEquals\": [platformType, {}]'."


def step(name: str, status: str = "Success", code: int = 0, output: str = "", **members: Any) -> dict[str, Any]:
    times = {"ResponseStartDateTime": BEGAN, "ResponseFinishDateTime": ENDED}
    urls = {"StandardOutputUrl": f"https://example.com/{name}/stdout", "StandardErrorUrl": ""}
    known = {"Name": name, "Status": status, "StatusDetails": status, "ResponseCode": code, "Output": output}
    return {**known, **times, **urls, **members}


def invocation(status: str, *steps: dict[str, Any], details: str | None = None) -> dict[str, Any]:
    shown = {"InstanceId": NODE, "InstanceName": "", "Status": status, "StatusDetails": details or status}
    return {**shown, "StandardOutputUrl": "", "StandardErrorUrl": "", "CommandPlugins": [*steps]}


def skipped(name: str, platform: str) -> dict[str, Any]:
    return step(name, output=SKIPPED.format(platform), ResponseStartDateTime=NEVER, ResponseFinishDateTime=NEVER)


def facts(**members: Any) -> command.Facts:
    return command.command_facts({"CommandId": "c", "Status": "Success", "StatusDetails": "Success", **members})


def test_the_step_that_was_not_skipped_tells() -> None:
    told = command.instance_facts(
        invocation(
            "Success",
            skipped("PatchWindows", "Windows"),
            step("PatchLinux", output="yum: 2 packages skipped"),
            skipped("PatchMacOS", "MacOS"),
        )
    )

    assert told == {
        "instance_id": NODE,
        "name": None,
        "status": "Success",
        "status_details": "Success",
        "exit_code": 0,
        "start_time": "2026-01-06T21:00:05+00:00",
        "end_time": "2026-01-06T21:04:10+00:00",
        "output_url": "https://example.com/PatchLinux/stdout",
        "error_url": None,
        "output": None,
    }


def test_a_command_that_others_sent_by_ids_has_no_targets() -> None:
    told = facts(InstanceIds=[NODE], Comment="", DocumentName="AWS-RunShellScript")

    assert (told["targets"], told["instance_ids"]) == ([], [NODE])
    assert (told["operation"], told["snapshot_id"], told["comment"]) == (None, None, None)


def test_the_first_step_that_failed_tells() -> None:
    steps = [step("PreInstallHook"), step("Install", "Failed", 156, "No space left"), step("OnExitHook")]

    told = command.instance_facts(invocation("Failed", *steps))

    assert (told["exit_code"], told["output"]) == (156, "No space left")
    assert told["output_url"] == "https://example.com/Install/stdout"


def test_a_step_that_has_not_run_has_no_exit_code_and_no_times() -> None:
    waiting = step("PatchLinux", "Pending", -1, ResponseStartDateTime=NEVER, StandardOutputUrl="")
    del waiting["ResponseFinishDateTime"]

    told = command.instance_facts(invocation("Pending", waiting))

    assert [told[name] for name in ("exit_code", "start_time", "end_time", "output_url", "output")] == [None] * 5


def test_an_instance_without_steps() -> None:
    told = command.instance_facts({"InstanceId": NODE, "Status": "Failed", "StatusDetails": "Undeliverable"})

    assert told["status_details"] == "Undeliverable"
    assert told["exit_code"] is None


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ((0, 0, 0, 0), "instances are unknown so far"),
        ((60, 0, 0, 0), "0 done, 0 failed, 60 in progress, of 60"),
        ((60, 20, 3, 0), "17 done, 3 failed, 40 in progress, of 60"),
        ((60, 60, 3, 2), "55 done, 5 failed, 0 in progress, of 60"),
    ],
)
def test_progress(counts: tuple[int, ...], line: str) -> None:
    names = ("TargetCount", "CompletedCount", "ErrorCount", "DeliveryTimedOutCount")

    assert command.progress(facts(**dict(zip(names, counts, strict=True)))) == line


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_no_count_is_negative_whatever_the_service_counts(total: int, ended: int, errors: int, late: int) -> None:
    counts = {"CompletedCount": ended, "ErrorCount": errors, "DeliveryTimedOutCount": late}

    assert "-" not in command.progress(facts(TargetCount=total, **counts))


@pytest.mark.parametrize("status", ["Pending", "InProgress", "Delayed", "Cancelling"])
def test_what_goes_on(status: str) -> None:
    assert command.is_running(facts(Status=status))


@pytest.mark.parametrize("status", ["Success", "Cancelled", "TimedOut", "Failed", "SomethingNew"])
def test_what_has_ended(status: str) -> None:
    assert not command.is_running(facts(Status=status))


def ended(status: str, details: str | None = None) -> command.Facts:
    return command.instance_facts(invocation(status, details=details))


@pytest.mark.parametrize(
    ("members", "instances", "text"),
    [
        ({"TargetCount": 1}, [ended("Success")], None),
        # Within MaxErrors the service calls it a success.
        ({"TargetCount": 2}, [ended("Success"), ended("Failed")], "1 of 2 instances did not succeed"),
        ({"TargetCount": 1, "Status": "Failed", "StatusDetails": "Incomplete"}, [ended("Cancelled")], "(Incomplete)"),
        ({"StatusDetails": "NoInstancesInTag"}, [], "reached no node"),
        ({"TargetCount": 0}, [], "reached no node"),
        ({"TargetCount": 2}, [ended("Success")], "the result of 1 of 2 is unknown"),
        ({"TargetCount": 1}, [ended("Cancelled", "Terminated")], "1 not started because max_errors was reached"),
        ({"TargetCount": 12}, [ended("Failed")] * 12, ", and 2 more."),
    ],
)
def test_what_counts_as_a_failure(members: dict[str, Any], instances: list[command.Facts], text: str | None) -> None:
    told = command.failure(facts(**members), instances)

    assert (told is None) if text is None else (text in (told or ""))
