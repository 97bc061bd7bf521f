# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests against the service model: which are refused, in which words."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ssmsim import model
from ssmsim.errors import ServiceError
from ssmsim.validate import matches, modelled, request, require

CREATE = "CreateMaintenanceWindow"
WINDOW = {
    "Name": "Patch-Tuesday",
    "Schedule": "cron(0 16 ? * TUE *)",
    "Duration": 3,
    "Cutoff": 1,
    "AllowUnassociatedTargets": True,
}
TASK = {
    "WindowId": "mw-0123456789abcdef0",
    "TaskArn": "AWS-RunPatchBaseline",
    "TaskType": "RUN_COMMAND",
}
TAG_PATTERN = r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"
ONE = "1 validation error detected: "
BROKEN = "failed to satisfy constraint: "


def refusal(operation: str, body: dict[str, Any], *, strict: bool = True) -> str:
    with pytest.raises(ServiceError) as caught:
        request(operation, body, strict=strict)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def test_a_valid_request_loses_what_is_not_modelled_and_nulls() -> None:
    sent = WINDOW | {"Colour": "red", "Description": None, "Tags": [{"Key": "a", "Value": "b", "Size": 1}]}
    assert request(CREATE, sent) == WINDOW | {"Tags": [{"Key": "a", "Value": "b"}]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Name": None}, "Value null at 'name' failed to satisfy constraint: Member must not be null"),
        (
            {"Schedule": ""},
            f"Value '' at 'schedule' {BROKEN}Member must have length greater than or equal to 1",
        ),
        ({"Duration": 25}, f"Value '25' at 'duration' {BROKEN}Member must have value less than or equal to 24"),
        ({"Cutoff": -1}, f"Value '-1' at 'cutoff' {BROKEN}Member must have value greater than or equal to 0"),
        ({"Duration": "3"}, f"Value '3' at 'duration' {BROKEN}Member must be of type integer"),
        ({"Duration": True}, f"Value 'true' at 'duration' {BROKEN}Member must be of type integer"),
        (
            {"Name": "has space"},
            f"Value 'has space' at 'name' {BROKEN}"
            "Member must satisfy regular expression pattern: ^[a-zA-Z0-9_\\-.]{3,128}$",
        ),
        ({"StartDate": ""}, f"Value '' at 'startDate' {BROKEN}Member must have length greater than or equal to 1"),
        (
            {"Tags": [{"Key": "a", "Value": "b"}, {"Value": "c"}]},
            f"Value null at 'tags.2.member.key' {BROKEN}Member must not be null",
        ),
    ],
)
def test_one_violation(changes: dict[str, Any], message: str) -> None:
    assert refusal(CREATE, WINDOW | changes) == ONE + message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"TaskType": "SHELL"},
            f"Value 'SHELL' at 'taskType' {BROKEN}"
            "Member must satisfy enum value set: [RUN_COMMAND, AUTOMATION, STEP_FUNCTIONS, LAMBDA]",
        ),
        (
            {"Targets": [{"Key": "InstanceIds", "Values": ["i-1"] * 51}]},
            f"Value '[{', '.join(['i-1'] * 51)}]' at 'targets.1.member.values' {BROKEN}"
            "Member must have length less than or equal to 50",
        ),
        (
            {"TaskInvocationParameters": {"RunCommand": {"NotificationConfig": {"NotificationEvents": ["FAILURE"]}}}},
            "Value '[FAILURE]' at 'taskInvocationParameters.runCommand.notificationConfig.notificationEvents' "
            f"{BROKEN}Member must satisfy constraint: [Member must satisfy enum value set: "
            "[All, InProgress, Success, TimedOut, Cancelled, Failed]]",
        ),
        (
            {"TaskInvocationParameters": {"Automation": {"Parameters": {"k" * 51: ["v"]}}}},
            f"Value '{{{'k' * 51}=[v]}}' at 'taskInvocationParameters.automation.parameters' {BROKEN}"
            "Map keys must satisfy constraint: [Member must have length less than or equal to 50]",
        ),
        ({"Targets": [None]}, f"Value 'null' at 'targets.1.member' {BROKEN}Member must not be null"),
    ],
)
def test_one_violation_of_a_nested_member(changes: dict[str, Any], message: str) -> None:
    assert refusal("RegisterTaskWithMaintenanceWindow", TASK | changes) == ONE + message


def test_all_violations_come_in_one_message() -> None:
    message = refusal(CREATE, {"Name": "ok-name", "Schedule": "", "Duration": 0})
    assert message.startswith("4 validation errors detected: ")
    assert message.count("failed to satisfy constraint") == 4
    assert message.count("; Value") == 3


def test_a_value_that_breaks_two_constraints() -> None:
    assert refusal(CREATE, WINDOW | {"Name": "a b" * 50}).startswith("2 validation errors")
    assert "length less than or equal" in refusal(CREATE, WINDOW | {"Name": "a b" * 50}, strict=False)
    assert "pattern" not in refusal(CREATE, WINDOW | {"Name": "a b" * 50}, strict=False)


def test_sensitive_values_are_not_quoted() -> None:
    secret = "x" * 129
    message = refusal(CREATE, WINDOW | {"Description": secret})
    assert message == f"{ONE}Value at 'description' {BROKEN}Member must have length less than or equal to 128"
    deep = {"TaskParameters": {"password": {"Values": ["hunter2" * 40]}}}
    message = refusal("RegisterTaskWithMaintenanceWindow", TASK | deep)
    assert "taskParameters" in message
    assert "hunter2" not in message


def test_a_blob_is_measured_decoded() -> None:
    def task(payload: str) -> dict[str, Any]:
        return TASK | {"TaskType": "LAMBDA", "TaskInvocationParameters": {"Lambda": {"Payload": payload}}}

    register = "RegisterTaskWithMaintenanceWindow"
    assert request(register, task("QUFB" * 1365)) == task("QUFB" * 1365)
    assert "less than or equal to 4096" in refusal(register, task("QUFB" * 1366))
    assert "Member must be of type blob" in refusal(register, task("not base64!"))


def test_require_names_each_missing_member() -> None:
    require({"Name": "abc", "Cutoff": 0}, "Name", "Cutoff")
    with pytest.raises(ServiceError, match=r"^ValidationException: 2 validation errors.*'name'.*'allowUnassociated"):
        require({"Cutoff": 0}, "Name", "Cutoff", "AllowUnassociatedTargets")


def test_an_answer_is_cut_to_what_is_modelled() -> None:
    answer = modelled("GetMaintenanceWindowResult", {"Name": "abc", "Anchor": 1, "Description": None, "Enabled": False})
    assert answer == {"Name": "abc", "Enabled": False}


@given(st.text(max_size=20))
def test_unicode_classes_are_those_of_the_categories(text: str) -> None:
    expected = all(unicodedata.category(c)[0] in "LZN" or c in "_.:/=+-@" for c in text)
    assert matches(TAG_PATTERN, text) == expected


@pytest.mark.parametrize("text", ["mw-0123456789abcdef0\n", "xmw-0123456789abcdef0", "mw-0123456789abcdef01"])
def test_a_pattern_is_to_match_the_whole(text: str) -> None:
    assert matches("^mw-[0-9a-f]{17}$", "mw-0123456789abcdef0")
    assert not matches("^mw-[0-9a-f]{17}$", text)


def test_digits_and_word_characters_are_those_of_ascii() -> None:
    assert matches(r"\w{3}\d", "abc1")
    assert not matches(r"\w{3}\d", "äbc1")
    assert not matches(r"\w{3}\d", "abc\N{ARABIC-INDIC DIGIT ONE}")


@pytest.mark.parametrize("name", [name for name, shape in model.service()["shapes"].items() if "pattern" in shape])
def test_every_pattern_of_the_model_can_be_used(name: str) -> None:
    assert matches(model.shape(name)["pattern"], "\n") is False
