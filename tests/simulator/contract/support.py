# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the contract tests share: endpoints, makers of resources, and the recorder that removes them again."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import boto3
import botocore.session
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.utils import parse_timestamp

REGION = "eu-west-1"
PREFIX = f"patchfleet-verify-{secrets.token_hex(4)}"
# Its one run lies decades ahead, so a window that a test leaves behind on an account never runs anything.
IDLE_SCHEDULE = "cron(0 2 1 1 ? 2099)"
# Satisfies the instance id pattern; AWS never hands out consecutive digits like these.
INSTANCE = "i-0123456789abcdef0"
OTHER_INSTANCE = "i-0fedcba9876543210"
UNKNOWN_WINDOW = "mw-0123456789abcdef0"
UNKNOWN_UUID = "01234567-89ab-cdef-0123-456789abcdef"
UNKNOWN_BASELINE = "pb-0123456789abcdef0"
RUN_COMMAND = {"RunCommand": {"Parameters": {"Operation": ["Scan"]}}}

Client = Any


class Endpoint:
    """Where the tests speak to: without `url` an AWS account, without `profile` not the simulator."""

    def __init__(self, url: str | None, profile: str | None) -> None:
        self.url = url
        self.profile = profile
        keys = () if self.aws else (new_account(), "unused", None, REGION)
        core = botocore.session.Session()
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment_of)
        self.session = boto3.session.Session(*keys, botocore_session=core)

    @property
    def aws(self) -> bool:
        return self.url is None

    def speak_for(self, account: str) -> None:
        """Let the clients without keys of their own speak for the account, except on AWS, where there is but one."""
        if not self.aws:
            self.session.get_credentials().access_key = account

    def client(self, service: str = "ssm", **settings: Any) -> Client:
        """A client that sends what it is told: the service, not botocore, is to judge the request."""
        retries = {"mode": "adaptive", "total_max_attempts": 10} if self.aws else {"total_max_attempts": 1}
        config = Config(parameter_validation=False, retries=settings.pop("retries", retries))
        return self.session.client(service, endpoint_url=self.url, config=config, **settings)

    def client_of(self, account: str, service: str = "ssm", **settings: Any) -> Client:
        """A client of that account, whatever the others speak for."""
        return self.client(service, aws_access_key_id=account, aws_secret_access_key="unused", **settings)


def new_account() -> str:
    """A random account number; the simulator takes a 12-digit access key id as the account."""
    return str(secrets.randbelow(9 * 10**11) + 10**11)


def needs(client: Client, shape: str, member: str) -> None:
    """Skip a test about a member that the installed botocore is too old for."""
    if member not in client.meta.service_model.shape_for(shape).members:
        pytest.skip(f"the installed botocore does not know {member}")


@contextmanager
def hooked(client: Client, event: str, handler: Callable[..., None]) -> Iterator[None]:
    """Let the handler see an event of botocore's for the length of the block."""
    client.meta.events.register(event, handler)
    try:
        yield
    finally:
        client.meta.events.unregister(event, handler)


class Recorder:
    """Notes what a client creates, whichever test code calls it, and removes exactly that."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.windows: list[str] = []
        self.baselines: list[str] = []
        self.groups: list[tuple[str, str]] = []

    def note(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if "Error" in parsed:
            return
        pair = (parsed.get("BaselineId", ""), parsed.get("PatchGroup", ""))
        match model.name:
            case "CreateMaintenanceWindow":
                self.windows.append(parsed["WindowId"])
            case "CreatePatchBaseline":
                self.baselines.append(parsed["BaselineId"])
            case "RegisterPatchBaselineForPatchGroup":
                self.groups.append(pair)
            case "DeregisterPatchBaselineForPatchGroup" if pair in self.groups:
                self.groups.remove(pair)

    def clean(self) -> None:
        """Remove all that was noted; what is already gone is fine, any other refusal fails the test."""
        ssm = self.client
        failures = []
        for baseline, group in dict.fromkeys(self.groups):
            pair = {"BaselineId": baseline, "PatchGroup": group}
            failures += attempt(partial(ssm.deregister_patch_baseline_for_patch_group, **pair))
        for window in dict.fromkeys(self.windows):
            failures += attempt(partial(ssm.delete_maintenance_window, WindowId=window))
        for baseline in dict.fromkeys(self.baselines):
            failures += attempt(partial(ssm.delete_patch_baseline, BaselineId=baseline))
        assert not failures, f"left behind: {failures}"


def attempt(call: Callable[[], Any], tries: int = 3) -> list[str]:
    """The refusal of a removal, nothing if the thing is gone; a service that lags behind gets a few seconds."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] == "DoesNotExistException":
            return []
        if tries == 1:
            return [str(error)]
        time.sleep(1)
        return attempt(call, tries - 1)
    return []


class Maker:
    """Creates resources that satisfy the service, with the changes a test asks for; None drops a field."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.numbers = itertools.count(1)

    def name(self, kind: str = "window") -> str:
        return f"{PREFIX}-{kind}-{next(self.numbers)}-{secrets.token_hex(3)}"

    def window(self, **changes: Any) -> str:
        """The id of a new window."""
        return self.client.create_maintenance_window(**self.window_request(**changes))["WindowId"]

    def window_request(self, **changes: Any) -> dict[str, Any]:
        request = {
            "Name": self.name(),
            "Schedule": IDLE_SCHEDULE,
            "Duration": 4,
            "Cutoff": 1,
            "AllowUnassociatedTargets": True,
        }
        return present(request | changes)

    def target(self, window: str, **changes: Any) -> str:
        """The id of a new target of the window: by default nodes with a tag that no node has."""
        request = {
            "WindowId": window,
            "ResourceType": "INSTANCE",
            "Targets": [{"Key": "tag:Patch Group", "Values": [PREFIX]}],
        }
        return self.client.register_target_with_maintenance_window(**present(request | changes))["WindowTargetId"]

    def task(self, window: str, **changes: Any) -> str:
        """The id of a new task of the window: by default a scan of one instance that does not exist."""
        request = self.task_request(window, **changes)
        return self.client.register_task_with_maintenance_window(**request)["WindowTaskId"]

    def task_request(self, window: str, **changes: Any) -> dict[str, Any]:
        request = {
            "WindowId": window,
            "TaskType": "RUN_COMMAND",
            "TaskArn": "AWS-RunPatchBaseline",
            "Targets": [{"Key": "InstanceIds", "Values": [INSTANCE]}],
            "MaxConcurrency": "50",
            "MaxErrors": "10%",
            "Priority": 1,
            "TaskInvocationParameters": RUN_COMMAND,
        }
        return present(request | changes)

    def targetless_task(self, window: str, **changes: Any) -> str:
        """The id of a new Automation task without targets and rates."""
        request = {
            "TaskType": "AUTOMATION",
            "TaskArn": "AWS-StopEC2Instance",
            "TaskInvocationParameters": {"Automation": {"Parameters": {"InstanceId": [INSTANCE]}}},
            "Targets": None,
            "MaxConcurrency": None,
            "MaxErrors": None,
        }
        return self.task(window, **(request | changes))

    def baseline(self, **changes: Any) -> str:
        """The id of a new Windows baseline without rules."""
        request = {"Name": self.name("baseline"), "OperatingSystem": "WINDOWS"}
        return self.client.create_patch_baseline(**present(request | changes))["BaselineId"]


def present(request: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if value is not None}


@contextmanager
def refused(*codes: str, saying: str = "") -> Iterator[pytest.ExceptionInfo[ClientError]]:
    """The service refuses the call in the block with one of the codes and with the text in its message."""
    with pytest.raises(ClientError) as caught:
        yield caught
    error = caught.value.response["Error"]
    assert error["Code"] in codes, error
    assert saying in error["Message"], error


def outcome(call: Callable[[], Any]) -> str:
    """`success`, or the code of the refusal: for the points where the documentation leaves both open."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "success"


def instant(text: str) -> datetime:
    """The moment that a date of the service names; its renderings vary, so moments are what is compared."""
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None, f"{text} names no moment"
    return moment


def window_of(client: Client, window: str) -> dict[str, Any]:
    """The window as a listing shows it; the name filter's reading is open, so the id decides."""
    pages = client.get_paginator("describe_maintenance_windows").paginate()
    return next(found for page in pages for found in page["WindowIdentities"] if found["WindowId"] == window)


def targets_of(client: Client, window: str) -> dict[str, dict[str, Any]]:
    pages = client.get_paginator("describe_maintenance_window_targets").paginate(WindowId=window)
    return {found["WindowTargetId"]: found for page in pages for found in page["Targets"]}


def as_sets(targets: list[dict[str, Any]]) -> dict[str, frozenset[str]]:
    """Targets or patch filters without the order that the service does not promise."""
    return {entry["Key"]: frozenset(entry["Values"]) for entry in targets}


def moment_of(value: Any) -> datetime:
    """A date of an answer; botocore itself reads the first ones of the calendar in some time zones only."""
    if isinstance(value, (int, float)):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
    moment: datetime = parse_timestamp(value)
    return moment


class Doors:
    """The simulator's own doors; each change ends with its block, so no test disturbs the next."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, door: str) -> Any:
        return urllib3.request("GET", f"{self.url}/_sim/{door}").json()

    def post(self, door: str, body: Any = None) -> None:
        answer = urllib3.request("POST", f"{self.url}/_sim/{door}", body=json.dumps(body))
        assert answer.status == HTTPStatus.OK, answer.data

    @contextmanager
    def faults(self, *rules: dict[str, Any]) -> Iterator[None]:
        self.post("faults", list(rules))
        try:
            yield
        finally:
            self.post("faults", [])

    @contextmanager
    def lag(self, seconds: float) -> Iterator[None]:
        self.post("lag", {"seconds": seconds})
        try:
            yield
        finally:
            self.post("lag", {"seconds": 0})

    @contextmanager
    def clock(self, moment: str) -> Iterator[None]:
        """Put the virtual clock to the moment, and back to the true time afterwards."""
        self.post("clock", {"set": moment})
        try:
            yield
        finally:
            self.post("clock", {"set": datetime.now().astimezone().isoformat()})

    def calls(self, account: str) -> list[dict[str, Any]]:
        return [entry for entry in self.get("log") if entry["account"] == account]
