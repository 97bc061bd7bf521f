# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kind is its data and a line in the register: the engine creates, updates, clears, tags and removes it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.client import Api
from ansible_collections.patchfleet.aws.plugins.module_utils._engine import runner
from ansible_collections.patchfleet.aws.plugins.module_utils._engine.apply import apply_plan
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import register
from ansible_collections.patchfleet.aws.plugins.module_utils._state.declaration import violations, whole_setup
from ansible_collections.patchfleet.aws.tests.support.notices import KIND, Service

Module = Callable[..., dict[str, Any]]
NEWS = {"name": "news", "message": "Patches at noon"}


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The service of the kind, which is in the register."""
    monkeypatch.setitem(register.KINDS, "notices", KIND)
    service = Service(tmp_path)
    monkeypatch.setattr(runner, "connect", lambda _module, _workers: Api(service.client))
    return service


@pytest.fixture
def module(service: Service) -> Module:
    """The module of the kind, as Ansible would run it."""
    assert service

    def run(*, check: bool = False, **args: Any) -> dict[str, Any]:
        steering = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": "/tmp"}
        printed = io.StringIO()
        with (
            patch_module_args({"region": "eu-central-1", **args, **steering}),
            redirect_stdout(printed),
            pytest.raises(SystemExit),
        ):
            runner.run_single(KIND)
        result: dict[str, Any] = json.loads(printed.getvalue())
        return result

    return run


def test_a_whole_life(service: Service, module: Module) -> None:
    stages: list[tuple[dict[str, Any], list[str]]] = [
        ({**NEWS, "color": "red", "tags": {"team": "one"}}, ["CreateNotice"]),
        ({"name": "news", "message": "Patches at one"}, ["UpdateNotice"]),
        ({"name": "news", "color": ""}, ["UpdateNotice"]),
        ({"name": "news", "tags": {"team": "two"}}, ["AddTagsToResource"]),
        ({"name": "news", "setup": "prod"}, ["AddTagsToResource"]),
        ({"notice_id": "notice-0", "name": "renamed", "setup": "prod"}, ["UpdateNotice"]),
        ({"name": "renamed", "setup": "prod", "state": "absent"}, ["DeleteNotice"]),
    ]

    for args, writes in stages:
        foretold = module(check=True, **args)
        assert foretold["changed"], args
        assert service.writes() == []
        done = module(**args)
        assert (done["changed"], done["diff"]) == (True, foretold["diff"])
        assert service.writes() == writes
        again = module(**args)
        assert (again["changed"], again["diff"]) == (False, [])
        assert service.writes() == []

    assert service.notices == {}


def test_what_is_answered(module: Module) -> None:
    assert module(**NEWS, silent=True)["notice"] == {
        "name": "news",
        "message": "Patches at noon",
        "color": None,
        "priority": 1,
        "silent": True,
        "tags": {},
        "setup": None,
        "notice_id": "notice-0",
        "created_date": None,
        "modified_date": None,
    }


def test_options_that_are_not_given_stay(service: Service, module: Module) -> None:
    module(**NEWS, color="red", priority=7)
    module(name="news", message="Other")

    assert service.notices["notice-0"] == {"Name": "news", "Message": "Other", "Color": "red", "Priority": 7}


@pytest.mark.parametrize(
    ("before", "args", "told"),
    [
        ({}, {"name": "news"}, "message: is missing; it is required to create the notice news"),
        ({}, {**NEWS, "message": ""}, "message: must not be empty"),
        ({}, {**NEWS, "priority": 101}, "priority: 101 must be from 0 to 100"),
        ({}, {**NEWS, "color": "red", "silent": True}, "color: a silent notice takes none"),
        ({"color": "red"}, {"name": "news", "silent": True}, "color: a silent notice takes none"),
        ({}, {**NEWS, "notice_id": "notice-9"}, "notice_id: 'notice-9' does not exist"),
        ({}, {**NEWS, "colour": "red"}, "colour is not an option; did you mean color?"),
        ({"setup": "other"}, {"name": "news", "priority": 2}, "belongs to the setup 'other'"),
    ],
)
def test_what_is_refused(
    service: Service, module: Module, before: dict[str, Any], args: dict[str, Any], told: str
) -> None:
    if before:
        module(**NEWS, **before)
    service.writes()

    result = module(**args)

    assert result["failed"]
    assert result["msg"].count(told) == 1
    assert service.writes() == []


def test_a_setup_prunes_what_it_does_not_declare(service: Service) -> None:
    api = Api(service.client)

    def apply(**declared: Any) -> list[str]:
        declaration = whole_setup({"setup": "prod", "prune": True, **declared})
        assert violations(declaration, api.input_shape) == []
        planning = runner.read_and_plan(api, declaration, 2)
        assert planning.plan.violations == []
        assert apply_plan(api, planning.plan, 2).failures == []
        return [f"{change.action} {change.title}" for change in planning.plan.changes]

    assert apply(notices=[NEWS, {**NEWS, "name": "old"}]) == ["create notice news", "create notice old"]
    assert apply(notices=[NEWS]) == ["delete notice old"]
    assert apply(notices=[NEWS]) == []
    assert [one["Name"] for one in service.notices.values()] == ["news"]
