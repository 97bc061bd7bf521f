# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Responses that do not match the service model: an error where decisions depend on them, incomplete for readers."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.answers import understand_id, understood
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.errors import ApiError

MODEL = boto3.client("ssm", region_name="eu-central-1").meta.service_model
GET = "GetMaintenanceWindow"
SHAPE = MODEL.operation_model(GET).output_shape
TARGETS = MODEL.operation_model("DescribeMaintenanceWindowTargets").output_shape.members["Targets"].member
ID = {"WindowTargetId": "one"}
ALL = {"Key": "tag:Env", "Values": ["prod"]}


@pytest.mark.parametrize(
    ("answer", "place", "left"),
    [
        ({**ID, "Name": 5}, "Name", ID),
        ({**ID, "Name": None}, "Name", ID),
        ({**ID, "Targets": {}}, "Targets", ID),
        ({**ID, "Targets": [ALL, None]}, "Targets[1]", {**ID, "Targets": [ALL]}),
        ({**ID, "Targets": [{"Values": ["prod"]}, ALL]}, "Targets[0]", {**ID, "Targets": [ALL]}),
        ({**ID, "Targets": [{**ALL, "Values": ["prod", 5]}]}, "Values[1]", {**ID, "Targets": [ALL]}),
        ({**ID, "Name": 5, "New": [None]}, "Name", {**ID, "New": [None]}),
    ],
)
def test_a_part_of_the_wrong_type_is_an_error_and_absent_for_a_reader(
    answer: dict[str, Any], place: str, left: dict[str, Any]
) -> None:
    with pytest.raises(ApiError, match=r"does not match the service model") as caught:
        understood("Any", TARGETS, answer, ["WindowTargetId"])
    assert place in str(caught.value)
    assert understood("Any", TARGETS, answer, ["WindowTargetId"], True) == left


@pytest.mark.parametrize("is_lenient", [False, True])
@pytest.mark.parametrize("answer", [{}, {"WindowTargetId": ""}, {"WindowTargetId": None}, {"WindowTargetId": 5}, "one"])
def test_a_response_without_what_identifies_it_is_an_error_for_all(answer: Any, is_lenient: bool) -> None:
    with pytest.raises(ApiError) as caught:
        understood("Any", TARGETS, answer, ["WindowTargetId"], is_lenient)
    assert caught.value.code == "UnexpectedAnswer"


@pytest.mark.parametrize("members", [{"Duration": 2, "Enabled": True}, {"Targets": 5}, {"CreatedDate": None}])
def test_a_response_that_matches_is_unchanged(members: dict[str, Any]) -> None:
    assert understood(GET, SHAPE, members, members.keys() - {"CreatedDate"}) is members


def test_a_boolean_is_no_number() -> None:
    with pytest.raises(ApiError, match="Duration"):
        understood(GET, SHAPE, {"Duration": True}, ())


@pytest.mark.parametrize(
    ("request_id", "answer_id", "is_other"),
    [
        ("pb-1", "pb-1", False),
        ("pb-1", "arn:aws:ssm:eu-central-1:1:patchbaseline/pb-1", False),
        ("arn:aws:ssm:eu-central-1:1:patchbaseline/pb-1", "pb-1", False),
        ("pb-1", "pb-2", True),
        ("pb-1", None, True),
    ],
)
def test_a_response_is_about_the_requested_resource(request_id: str, answer_id: str | None, is_other: bool) -> None:
    request, answer = {"BaselineId": request_id, "Name": "one"}, {"BaselineId": answer_id, "Name": "other"}
    if not is_other:
        understand_id("GetPatchBaseline", request, answer)
        return
    with pytest.raises(ApiError, match=f"AWS returned {answer_id} instead of {request_id}"):
        understand_id("GetPatchBaseline", request, answer)
