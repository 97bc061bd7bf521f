# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios as data, and the runner that runs them: modules change an account, boto3 reads what is there.

Texts of the form C(<name.field>) in arguments, requests and expectations stand for ids that an earlier step learned:
the name of the resource (or C(keep) of a call) and the field of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import boto3
import pytest
from ansible_collections.patchfleet.aws.tests.support.account import REGION, Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import foreseeable
from botocore import xform_name
from botocore.exceptions import ClientError
from ssmsim.model import shape

Args = dict[str, Any]
Raw = dict[str, Any]

WINDOW = "ssm_maintenance_window"
TARGET = "ssm_window_target"
TASK = "ssm_window_task"
PATCH_TASK = "ssm_patch_task"
BASELINE = "ssm_patch_baseline"
# module: (key of its answer, its id)
RESOURCES = {
    WINDOW: ("window", "window_id"),
    TARGET: ("target", "window_target_id"),
    TASK: ("task", "window_task_id"),
    PATCH_TASK: ("task", "window_task_id"),
    BASELINE: ("baseline", "baseline_id"),
}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:\d\d)")
_PLACE = re.compile(r"<([^<>]+\.[a-z_]+|[^<>]+\.[A-Za-z]+Id)>")


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


# What nothing is stored of: a read leaves it out, or shows it empty.
ABSENT = _Absent()


@dataclass(frozen=True)
class Run:
    """A module call that must succeed.

    expect: members of the resource by dotted path, as a read shows them afterwards. changed: whether it changes
    anything. new_id: the resource has another id than before. gone: nothing is there afterwards.
    """

    module: str
    args: Args
    expect: Mapping[str, Any] = field(default_factory=dict)
    changed: bool = True
    new_id: bool = False
    gone: bool = False


@dataclass(frozen=True)
class Refused:
    """A module call that must fail without a write. says: what its message must hold.

    foreseen: whether check mode fails too; what another task might still create is only warned of.
    """

    module: str
    args: Args
    says: tuple[str, ...]
    foreseen: bool = True


@dataclass(frozen=True)
class Call:
    """A call of the API by somebody else. answer: members of the answer, by dotted path.

    error: the code with which it must fail. keep: under which name its ids are known to later steps.
    """

    operation: str
    request: Raw
    answer: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    keep: str | None = None


Step = Run | Refused | Call


@dataclass(frozen=True)
class Scenario:
    """A course of events. title: what is published under this name. needs: a member of CreatePatchBaseline that an old
    botocore does not know.
    """

    title: str
    steps: tuple[Step, ...]
    needs: str | None = None

    def marks(self) -> Any:
        """Skips the scenario where botocore is too old for it."""
        old = self.needs is not None and self.needs not in shape("CreatePatchBaselineRequest")["members"]
        return pytest.mark.skipif(old, reason=f"the installed botocore does not know {self.needs}")


def scenarios(*all_of_them: Scenario) -> Any:
    """The parameter C(scenario) of a test."""
    cases = [pytest.param(one, id=one.title.replace(" ", "-"), marks=one.marks()) for one in all_of_them]
    return pytest.mark.parametrize("scenario", cases)


class ScenarioRunner:
    """Runs scenarios in an account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.ids: dict[str, str] = {}
        self.ssm = self.client(REGION)

    def client(self, region: str) -> Any:
        """A boto3 client in the account."""
        if region not in self.account.clients:
            keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
            self.account.clients[region] = boto3.session.Session(region_name=region, **keys).client("ssm")
        return self.account.clients[region]

    def run_steps(self, *steps: Step) -> None:
        """All steps in order."""
        for step in steps:
            if isinstance(step, Run):
                self.run(step)
            elif isinstance(step, Refused):
                self.refused(step)
            else:
                self.call(step)

    def run(self, step: Run) -> Raw:
        """Predict, run, and run again; then hold the resource against what is expected. Gives what a read shows."""
        args = self.filled(step.args)
        predicted = self.account.run(step.module, check=True, **args)
        done = self.account.run(step.module, **args)
        assert foreseeable(predicted) == foreseeable(done)
        assert done["changed"] is step.changed, done["diff"]
        for check in (True, False):
            again = self.account.run(step.module, check=check, **args)
            assert not again["changed"], again["diff"]
        return self._judge(step, args, done)

    def _judge(self, step: Run, args: Args, done: Raw) -> Raw:
        key, id_option = RESOURCES[step.module]
        answer = done[key]
        if args.get("state") == "absent":
            assert answer is None
            known = args.get(id_option) or self.ids.get(f"{args.get('name')}.{id_option}")
            assert known is None or self._read(step.module, known, args) is None
            return {}
        name, new = answer["name"] or answer[id_option], answer[id_option]
        before = args.get(id_option) or self.ids.get(f"{name}.{id_option}")
        if before:
            assert (new != before) is step.new_id, f"{id_option} was {before} and is {new}"
        self.ids[f"{name}.{id_option}"] = new
        raw = self._read(step.module, new, args)
        assert raw is not None
        self.holds(raw, step.expect)
        return raw

    def refused(self, step: Refused) -> None:
        """The call fails, says why, and writes nothing."""
        start = len(self.account.simulator.log())
        args = self.filled(step.args)
        for check in (True, False) if step.foreseen else (False,):
            result = self.account.fails(step.module, check=check, **args)
            for text in self.filled(step.says):
                assert text in result["msg"]
        assert not [call["op"] for call in self.account.simulator.log()[start:] if call["write"]]

    def call(self, step: Call) -> Raw:
        """Make the call; gives its answer."""
        operation = getattr(self.ssm, xform_name(step.operation))
        if step.error:
            with pytest.raises(ClientError) as caught:
                operation(**self.filled(step.request))
            assert caught.value.response["Error"]["Code"] == step.error
            return {}
        answer: Raw = operation(**self.filled(step.request))
        if step.keep:
            self.ids.update({f"{step.keep}.{name}": value for name, value in answer.items() if name.endswith("Id")})
        self.holds(answer, step.answer)
        return answer

    def filled(self, value: Any) -> Any:
        """A value with ids in the place of what stands for them."""
        if isinstance(value, Mapping):
            return {name: self.filled(entry) for name, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.filled(entry) for entry in value]
        return _PLACE.sub(lambda found: self.ids[found[1]], value) if isinstance(value, str) else value

    def holds(self, raw: Raw, expect: Mapping[str, Any]) -> None:
        """The members are as expected; the order of a list means nothing."""
        for path, value in expect.items():
            found = _member(raw, path)
            if value is ABSENT:
                assert found in (None, "", [], {}), f"{path} is {found!r}"
            else:
                assert comparable(found) == comparable(self.filled(value)), path

    def _read(self, module: str, resource_id: str, args: Args) -> Raw | None:
        try:
            return self.read(module, resource_id, args.get("window"))
        except self.ssm.exceptions.DoesNotExistException:
            return None

    def read(self, module: str, resource_id: str, window: str | None = None) -> Raw | None:
        """The resource as boto3 reads it, with C(Tags) as a mapping and, of a baseline, whether it is C(Default).

        None where the window knows no such target; DoesNotExistException where there is nothing else of the id.
        """
        if module == WINDOW:
            return {
                **self.ssm.get_maintenance_window(WindowId=resource_id),
                **self._tags("MaintenanceWindow", resource_id),
            }
        if module == BASELINE:
            raw = self.ssm.get_patch_baseline(BaselineId=resource_id)
            default = self.ssm.get_default_patch_baseline(OperatingSystem=raw["OperatingSystem"])["BaselineId"]
            tags = {} if resource_id.startswith("arn:") else self._tags("PatchBaseline", resource_id)
            return {**raw, **tags, "Default": default == raw["BaselineId"]}
        window_id = self._window_id(str(window))
        if module == TARGET:
            pages = self.ssm.get_paginator("describe_maintenance_window_targets").paginate(WindowId=window_id)
            found = [one for page in pages for one in page["Targets"] if one["WindowTargetId"] == resource_id]
            return found[0] if found else None
        return dict(self.ssm.get_maintenance_window_task(WindowId=window_id, WindowTaskId=resource_id))

    def _tags(self, resource_type: str, resource_id: str) -> Raw:
        tags = self.ssm.list_tags_for_resource(ResourceType=resource_type, ResourceId=resource_id)["TagList"]
        return {"Tags": {tag["Key"]: tag["Value"] for tag in tags}}

    def _window_id(self, window: str) -> str:
        if window.startswith("mw-"):
            return window
        return self.ids.get(f"{window}.window_id") or self.ids[f"{window}.WindowId"]


def _member(raw: Mapping[str, Any], path: str) -> Any:
    value: Any = raw
    for part in path.split("."):
        if isinstance(value, list) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def comparable(value: Any) -> Any:
    """A value without the order of lists and the form of dates, which the service does not promise; bytes as text."""
    if isinstance(value, Mapping):
        return {name: comparable(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return sorted((comparable(entry) for entry in value), key=repr)
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return datetime.fromisoformat(value)
    return value.decode() if isinstance(value, bytes) else value
