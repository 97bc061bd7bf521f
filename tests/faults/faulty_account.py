# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account in which runs are disturbed: killed at any call, raced by other controllers, answered with nonsense.

The transport is that of the unit tests. The module object is replaced, because AnsibleModule keeps its state in the
process and two controllers would share it; arguments still pass Ansible's own validation.
"""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import Any

import boto3
import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.patchfleet.aws.plugins.module_utils._engine import runner
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import argument_spec
from ansible_collections.patchfleet.aws.tests.support.account import (
    ACCOUNT,
    CREDENTIALS,
    LOADER,
    REGION,
    Account,
    connect,
    restore_retries,
)
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from ssmsim import Simulator
from ssmsim.store import Region

Json = Any
_MODULES = "ansible_collections.patchfleet.aws.plugins.modules"


# Clients that no run is using, because creating a client takes longer than most runs.
_IDLE: list[Any] = []


class KilledError(BaseException):
    """The process is gone: nothing catches this, and no later call of the run arrives."""


class _ModuleEnd(Exception):
    def __init__(self, result: dict[str, Json]) -> None:
        super().__init__("the module ended")
        self.result = result


class _Module:
    """What the runner uses of AnsibleAWSModule."""

    region = "eu-central-1"

    def __init__(self, params: dict[str, Json], client: Any, check_mode: bool) -> None:
        self.params, self._client, self.check_mode, self._diff = params, client, check_mode, True

    def client(self, _service: str, **_options: Json) -> Any:
        return self._client

    def exit_json(self, **result: Json) -> None:
        raise _ModuleEnd(result)

    def fail_json(self, **result: Json) -> None:
        raise _ModuleEnd({**result, "failed": True})


class FaultyAccount(Account):
    """The account.

    kill_at: number of the call (of those since it was set) at which the run dies, kill_late: after its effect.
    answers: what comes instead of the answers of an operation. before: what somebody else does just before a call.
    """

    def __init__(self, simulator: Simulator, profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(simulator, profile)
        self._lock = threading.RLock()
        self._here = threading.local()
        self.before: dict[str, Callable[[], object]] = {}
        self.answers: dict[str, Callable[[dict[str, Json]], dict[str, Json]]] = {}
        self.kill(None)
        connect(self, monkeypatch)
        monkeypatch.setattr(runner, "make_module", self._module)
        monkeypatch.setattr(runner, "warn", self._warn)

    def _warn(self, text: str) -> None:
        self._here.warnings.append(text)

    def faults_from(self, seed: int, *rules: dict[str, Json]) -> None:
        """Replace the fault rules; their random numbers begin with a seed."""
        self.faults()
        self.simulator.set_faults(list(rules), seed)

    def pass_time(self) -> None:
        """Let a minute pass, so that what exists is older than what the next run creates."""
        self.simulator.advance(60)

    def kill(self, at: int | None, late: bool = False) -> None:
        """Let the next run die at its call of this number, counted from 1."""
        self._kill_at, self._kill_late, self._count = at, late, 0

    def send(self, request: Any) -> AWSResponse:
        """Answer a request, unless the run dies."""
        with self._lock:
            self._count += 1
            count = self._count
            operation = request.headers["X-Amz-Target"]
            operation = (operation.decode() if isinstance(operation, bytes) else operation).partition(".")[2]
            meddle = self.before.pop(operation, None)
        if meddle:
            meddle()
            # Nobody can see what happens between a look and the call that follows it.
            self.watch.excuse(operation)
        if self._kill_at is not None and count >= self._kill_at:
            if self._kill_late and count == self._kill_at:
                super().send(request)
            raise KilledError
        answer = super().send(request)
        if operation in self.answers:
            changed = self.answers[operation](json.loads(answer.content))
            answer._content = json.dumps(changed).encode()
        return answer

    def outcome(self, module: str, *, check: bool = False, diff: bool = True, **args: Json) -> dict[str, Json]:
        """Run a module's main function; gives its result, with its warnings. A traceback of it is one of the test."""
        self._here.args, self._here.check, self._here.warnings, self._here.clients = deepcopy(args), check, [], []
        start = len(self.simulator.log())
        restore_retries()
        try:
            with self.watch.over(module, args), pytest.raises(_ModuleEnd) as end:
                importlib.import_module(f"{_MODULES}.{module}").main()
        finally:
            _IDLE.extend(self._here.clients)
        if check:
            written = [call["op"] for call in self.simulator.log()[start:] if call["write"]]
            assert not written, f"check mode wrote: {written}"
        return {**end.value.result, "warnings": self._here.warnings}

    def setup(self, *, check: bool = False, **args: Json) -> dict[str, Json]:
        """One run of ssm_patch_setup, whatever its outcome."""
        return self.outcome("ssm_patch_setup", check=check, **args)

    def settled(self, **args: Json) -> dict[str, Json]:
        """The law of every disturbance: the next run succeeds as check mode said, the one after has nothing to do."""
        predicted = self.setup(check=True, **args)
        first = self.setup(**args)
        assert not first.get("failed"), first["msg"]
        assert_predicted(predicted, first)
        second = self.setup(**args)
        assert not second.get("failed"), second["msg"]
        assert second["changed"] is False, second["changes"]
        return first

    def at_once(self, *declarations: dict[str, Json]) -> list[dict[str, Json]]:
        """Controllers that start at the same moment, each with a declaration of its own."""
        barrier = threading.Barrier(len(declarations))

        def control(args: dict[str, Json]) -> dict[str, Json]:
            barrier.wait(timeout=30)
            return self.setup(**args)

        with ThreadPoolExecutor(len(declarations)) as pool:
            return list(pool.map(control, declarations))

    def ids(self) -> dict[tuple[str, ...], str]:
        """The id of everything that has a name of its own, by kind and name; that of a child with its window's name."""
        return _Content(self).ids()

    def content(self) -> dict[str, Json]:
        """All that an account holds, by name, without ids and dates: two accounts of equal content are as good."""
        return _Content(self).read()

    @property
    def region(self) -> Region:
        """The tables of the simulator, to look behind reads."""
        return self.simulator._region(ACCOUNT, REGION)

    def _module(self, options: Any, **constraints: Json) -> _Module:
        validator = ArgumentSpecValidator(argument_spec(options), **constraints)
        result = validator.validate(self._here.args)
        assert not result.error_messages, result.error_messages
        with self._lock:
            client = _IDLE.pop() if _IDLE else _new_client()
        self._here.clients.append(client)
        return _Module(result.validated_parameters, client, self._here.check)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Reads of the test itself, which are not disturbed: no faults, no lag."""
        rules, lag = self.simulator.faults._rules, self.simulator._world.lag
        self.simulator.faults._rules, self.simulator._world.lag = [], 0.0
        try:
            yield
        finally:
            self.simulator.faults._rules, self.simulator._world.lag = rules, lag


@cache
def _session() -> boto3.Session:
    session = boto3.Session(CREDENTIALS["access_key"], CREDENTIALS["secret_key"], region_name=REGION)
    session._session.register_component("data_loader", LOADER)
    return session


def _new_client() -> Any:
    return _session().client("ssm", config=Config(retries={"mode": "standard", "total_max_attempts": 10}))


class _Content:
    def __init__(self, account: FaultyAccount) -> None:
        self._account = account

    def read(self) -> dict[str, Json]:
        with self._account.silent():
            return {"windows": self._windows(), "baselines": self._baselines(), "groups": self._groups()}

    def ids(self) -> dict[tuple[str, ...], str]:
        own = [{"Key": "OWNER", "Values": ["Self"]}]
        with self._account.silent():
            baselines = self._pages("DescribePatchBaselines", "BaselineIdentities", Filters=own)
            found = {("baseline", one["BaselineName"], one["OperatingSystem"]): one["BaselineId"] for one in baselines}
            for window in self._pages(*_WINDOWS):
                found["window", window["Name"]] = window["WindowId"]
                for kind in ("Target", "Task"):
                    children = self._pages(f"DescribeMaintenanceWindow{kind}s", f"{kind}s", WindowId=window["WindowId"])
                    found |= {(kind, window["Name"], one.get("Name", "")): one[f"Window{kind}Id"] for one in children}
        return found

    def _call(self, operation: str, **request: Json) -> dict[str, Json]:
        return self._account.by_hand(operation, **request)

    def _pages(self, operation: str, result: str, **request: Json) -> list[dict[str, Json]]:
        found: list[dict[str, Json]] = []
        token: str | None = None
        while True:
            more = {"NextToken": token} if token else {}
            answer = self._call(operation, MaxResults=100, **request, **more)
            found += answer[result]
            token = answer.get("NextToken")
            if not token:
                return found

    def _windows(self) -> list[Json]:
        return sorted((self._window(one["WindowId"]) for one in self._pages(*_WINDOWS)), key=_text)

    def _window(self, window_id: str) -> dict[str, Json]:
        raw = self._call("GetMaintenanceWindow", WindowId=window_id)
        targets = self._pages("DescribeMaintenanceWindowTargets", "Targets", WindowId=window_id)
        tasks = self._pages("DescribeMaintenanceWindowTasks", "Tasks", WindowId=window_id)
        names = {one["WindowTargetId"]: one.get("Name") or one["WindowTargetId"] for one in targets}
        return {
            **_plain(raw),
            "tags": self._tags("MaintenanceWindow", window_id),
            "targets": sorted((_plain(one) for one in targets), key=_text),
            "tasks": sorted((self._task(window_id, one["WindowTaskId"], names) for one in tasks), key=_text),
        }

    def _task(self, window_id: str, task_id: str, names: dict[str, str]) -> dict[str, Json]:
        raw = self._call("GetMaintenanceWindowTask", WindowId=window_id, WindowTaskId=task_id)
        text = json.dumps(_plain(raw))
        for target_id, name in names.items():
            text = text.replace(target_id, name)
        plain: dict[str, Json] = json.loads(text)
        for entry in plain.get("Targets", ()):
            # The order of ids says nothing.
            entry["Values"] = sorted(entry["Values"])
        return plain

    def _baselines(self) -> list[Json]:
        own = [{"Key": "OWNER", "Values": ["Self"]}]
        listed = self._pages("DescribePatchBaselines", "BaselineIdentities", Filters=own)
        found = []
        for one in listed:
            raw = _plain(self._call("GetPatchBaseline", BaselineId=one["BaselineId"]))
            raw["PatchGroups"] = sorted(raw.get("PatchGroups") or ())
            tags = self._tags("PatchBaseline", one["BaselineId"])
            found.append({**raw, "tags": tags, "default": one["DefaultBaseline"]})
        return sorted(found, key=_text)

    def _groups(self) -> list[Json]:
        mappings = self._pages("DescribePatchGroups", "Mappings")
        return sorted(
            [one["PatchGroup"], one["BaselineIdentity"]["OperatingSystem"], one["BaselineIdentity"]["BaselineName"]]
            for one in mappings
        )

    def _tags(self, kind: str, resource_id: str) -> dict[str, str]:
        answer = self._call("ListTagsForResource", ResourceType=kind, ResourceId=resource_id)
        return {tag["Key"]: tag["Value"] for tag in answer["TagList"]}


_WINDOWS = ("DescribeMaintenanceWindows", "WindowIdentities")
_OWN = {"WindowId", "WindowTargetId", "WindowTaskId", "BaselineId", "CreatedDate", "ModifiedDate", "NextExecutionTime"}


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _plain(raw: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in raw.items() if name not in _OWN and value not in ("", None, [], {})}


def assert_predicted(predicted: dict[str, Json], done: dict[str, Json]) -> None:
    """Check mode and the run tell the same; only ids and dates are not known before."""
    assert not predicted.get("failed"), predicted
    for key in ("changed", "changes", "diff", "windows", "baselines", "window", "baseline", "target", "task"):
        assert _without_ids(predicted.get(key)) == _without_ids(done.get(key)), key


_UNKNOWN = {"id", "window_id", "window_target_id", "window_task_id", "baseline_id"} | {
    "created_date",
    "modified_date",
    "next_execution_time",
}


def _without_ids(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _without_ids(entry) for name, entry in value.items() if name not in _UNKNOWN}
    return [_without_ids(entry) for entry in value] if isinstance(value, list) else value
