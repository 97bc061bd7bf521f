# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings of any operation: they come to an end, whatever answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import boto3
import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.client import Api
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.errors import ApiError

CLIENT = boto3.client("ssm", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
MODEL = CLIENT.meta.service_model


def listings() -> Iterator[tuple[str, str]]:
    """All operations of the service with pages, and the member that holds the entries."""
    for name in MODEL.operation_names:
        operation = MODEL.operation_model(name)
        members = operation.output_shape.members if operation.output_shape else {}
        lists = [member for member, shape in members.items() if shape.type_name == "list"]
        if "NextToken" in members and lists and "MaxResults" in operation.input_shape.members:
            yield name, lists[0]


LISTINGS = dict(listings())


class Endless:
    """A client of which one operation never comes to its end."""

    meta = CLIENT.meta

    def __init__(self, operation: str, answer: Callable[[int], dict[str, Any]]) -> None:
        method = {name: method for method, name in CLIENT.meta.method_to_api_mapping.items()}[operation]
        self.calls = count()
        setattr(self, method, lambda **_request: answer(next(self.calls)))


def read(operation: str, answer: Callable[[int], dict[str, Any]]) -> tuple[str, int, int]:
    """The error that ends a listing, how many pages were asked for, and how many entries there were."""
    client = Endless(operation, answer)
    entries: list[Any] = []
    with pytest.raises(ApiError) as caught:
        entries.extend(Api(client).pages(operation, LISTINGS[operation]))
    assert caught.value.code == "UnexpectedAnswer"
    return str(caught.value), next(client.calls), len(entries)


def test_there_are_listings() -> None:
    assert {"DescribeMaintenanceWindows", "ListCommandInvocations", "DescribeInstancePatches"} <= LISTINGS.keys()


@pytest.mark.parametrize("operation", LISTINGS)
def test_empty_pages_for_ever(operation: str) -> None:
    text, calls, _entries = read(operation, lambda number: {LISTINGS[operation]: [], "NextToken": f"t{number}"})
    assert f"ssm:{operation} failed: 101 consecutive pages contained nothing new, and the listing does not end" in text
    assert calls == 101


@pytest.mark.parametrize("operation", LISTINGS)
def test_the_same_full_page_for_ever(operation: str) -> None:
    page = [{"Name": str(number)} for number in range(50)]
    text, calls, _entries = read(operation, lambda number: {LISTINGS[operation]: page, "NextToken": f"t{number}"})
    assert "consecutive pages contained nothing new" in text
    assert calls == 102


def test_pages_that_take_turns_for_ever() -> None:
    pages = [[{"WindowId": f"mw-{number}"}] for number in range(7)]
    text, calls, _entries = read(
        "DescribeMaintenanceWindows",
        lambda number: {"WindowIdentities": pages[number % 7] if number % 2 else [], "NextToken": f"t{number}"},
    )
    assert "contained nothing new" in text
    assert calls < 130


def test_new_pages_for_ever() -> None:
    text, calls, entries = read(
        "ListCommands", lambda number: {"Commands": [{"CommandId": str(number)}], "NextToken": f"t{number}"}
    )
    assert "ssm:ListCommands failed: the listing does not end after 10000 pages" in text
    assert calls == 10_000
    assert entries < calls


def test_a_token_that_came_before() -> None:
    text, calls, _entries = read(
        "ListCommands", lambda number: {"Commands": [{"CommandId": str(number)}], "NextToken": f"t{number % 3}"}
    )
    assert "AWS returned the same page twice" in text
    assert calls == 4


@pytest.mark.parametrize("token", [7, ["t"], {"t": 1}, True])
def test_a_token_that_is_no_text(token: Any) -> None:
    text, calls, entries = read("ListCommands", lambda _number: {"Commands": [{"CommandId": "1"}], "NextToken": token})
    assert "NextToken is not a string" in text
    assert (calls, entries) == (1, 0)


def test_a_long_listing_with_pages_that_are_empty_or_come_again() -> None:
    """As a service may answer that is slow, or that is read while it changes."""

    def answer(number: int) -> dict[str, Any]:
        page = [] if number % 3 else [{"CommandId": str(number // 2)}]
        return {"Commands": page, **({} if number == 5000 else {"NextToken": f"t{number}"})}

    api = Api(Endless("ListCommands", answer))
    assert len(list(api.pages("ListCommands", "Commands"))) == 1667
