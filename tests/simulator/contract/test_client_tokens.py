# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ClientToken: the same creation sent twice makes one resource, a changed one is refused."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from .support import Client, Maker, outcome, refused, targets_of

KINDS = ("window", "target", "task", "baseline")


@dataclass
class Creation:
    """One of the four operations with a token, ready to be sent: its request and the id it answers."""

    call: Callable[..., dict[str, Any]]
    request: dict[str, Any]
    answer: str

    def send(self, **changes: Any) -> str:
        return self.call(**(self.request | changes))[self.answer]


@pytest.fixture(params=KINDS)
def creation(request: pytest.FixtureRequest, ssm: Client, make: Maker) -> Creation:
    token = {"ClientToken": secrets.token_hex(16)}
    if request.param == "window":
        return Creation(ssm.create_maintenance_window, make.window_request() | token, "WindowId")
    if request.param == "baseline":
        return Creation(ssm.create_patch_baseline, {"Name": make.name("baseline")} | token, "BaselineId")
    window = make.window()
    if request.param == "task":
        return Creation(ssm.register_task_with_maintenance_window, make.task_request(window) | token, "WindowTaskId")
    target = {
        "WindowId": window,
        "ResourceType": "INSTANCE",
        "Targets": [{"Key": "tag:Env", "Values": ["prod"]}],
    }
    return Creation(ssm.register_target_with_maintenance_window, target | token, "WindowTargetId")


def test_the_same_token_gives_the_same_id(creation: Creation) -> None:
    assert creation.send() == creation.send()


def test_another_token_makes_another(creation: Creation) -> None:
    assert creation.send() != creation.send(ClientToken=secrets.token_hex(16))


def test_the_same_token_with_another_request_is_a_mismatch(creation: Creation) -> None:
    first = creation.send()
    with refused("IdempotentParameterMismatch"):
        creation.send(Description="changed")
    assert creation.send() == first


def test_a_refused_creation_leaves_its_token_free(creation: Creation) -> None:
    with refused("ValidationException"):
        creation.send(Name="*")
    assert creation.send() == creation.send()


@pytest.mark.parametrize("token", ["", "t" * 65])
def test_the_length_of_a_token(creation: Creation, token: str) -> None:
    with refused("ValidationException"):
        creation.send(ClientToken=token)
    assert creation.send(ClientToken=secrets.token_hex(32))


def test_the_same_token_of_another_operation_is_another_token(ssm: Client, make: Maker) -> None:
    token = secrets.token_hex(16)
    assert make.window(ClientToken=token)
    assert make.baseline(ClientToken=token)


def test_a_repeated_registration_is_one_target(ssm: Client, make: Maker, window: str) -> None:
    token = secrets.token_hex(16)
    target = make.target(window, ClientToken=token)
    assert make.target(window, ClientToken=token) == target
    assert list(targets_of(ssm, window)) == [target]


def test_a_token_after_its_window_was_deleted(ssm: Client, make: Maker, settle: Callable[..., None]) -> None:
    request = make.window_request(ClientToken=secrets.token_hex(16))
    deleted = ssm.create_maintenance_window(**request)["WindowId"]
    ssm.delete_maintenance_window(WindowId=deleted)
    again = ssm.create_maintenance_window(**request)["WindowId"]
    settle("ClientToken of a deleted resource gives back its id", again == deleted, strict=True, lenient=False)
    found = outcome(lambda: ssm.get_maintenance_window(WindowId=again))
    assert found == ("DoesNotExistException" if again == deleted else "success")
