# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated AWS account in this process, in which the modules of the collection run.

Everything between the arguments of a module and the HTTP request is real: AnsibleModule, amazon.aws, boto3, and
botocore with its retries. Only the network is replaced, and waiting takes no time.
"""

from __future__ import annotations

import importlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

import botocore.endpoint
import botocore.loaders
import botocore.retries.bucket
import botocore.retries.quota
import botocore.session
import pytest
from ansible.module_utils.common.warnings import warn as real_warn
from ansible.module_utils.testing import patch_module_args
from ansible_collections.amazon.aws.plugins.module_utils import modules as amazon_aws
from ansible_collections.patchfleet.aws.plugins.module_utils._data_sync import runner as data_sync_runner
from ansible_collections.patchfleet.aws.plugins.module_utils._engine import runner as engine_runner
from ansible_collections.patchfleet.aws.plugins.module_utils._options import module as reading_modules
from ansible_collections.patchfleet.aws.plugins.module_utils._options import results as module_results
from ansible_collections.patchfleet.aws.plugins.module_utils._patch_run import runner as patch_run_runner
from ansible_collections.patchfleet.aws.plugins.module_utils._prerequisites import runner as prerequisites_runner
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock
from ansible_collections.patchfleet.aws.plugins.module_utils._window_execution import runner as execution_runner
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session
from botocore.retries.quota import RetryQuota
from ssmsim import Simulator
from ssmsim.others import Request
from ssmsim.server import respond

from .owners import Watch
from .predictions import Predictions

Json = Any
ACCOUNT = "123456789012"
REGION = "eu-central-1"
CLOCK = "2026-01-01T00:00:00Z"
CREDENTIALS = {"access_key": "testing", "secret_key": "testing"}
LOADER = botocore.loaders.Loader()
# Clients by their arguments, because creating a client takes longer than all calls of a module.
CLIENTS: dict[str, Any] = {}
# What each client may still retry.
_QUOTAS: WeakSet[RetryQuota] = WeakSet()


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


class Account:
    """The account, which runs modules and logs their calls.

    Each test fails if a module writes in check mode, or writes to a resource that belongs to another setup or to
    CloudFormation without taking it over. It also fails if the service rejects the input of a run that check mode
    accepted immediately before.
    """

    def __init__(self, simulator: Simulator, profile: str) -> None:
        self.simulator = simulator
        self.profile = profile
        # Whether calls that docs/iam.md does not list are also errors.
        self.documented = True
        self.requests: list[Any] = []
        self.watch = Watch()
        self.warnings: list[str] = []
        self._predictions = Predictions()
        self._disturbed = False

    def send(self, request: Any) -> AWSResponse:
        """Respond to an HTTP request of botocore like the server of the simulator."""
        self.requests.append(request)
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        assert "authorization" in headers, "an unsigned request"
        headers["host"] = "127.0.0.1"
        url = urlsplit(request.url)
        # For S3, the bucket is in the host name.
        bucket = f"/{url.netloc.split('.s3.')[0]}" if ".s3." in url.netloc else ""
        path = f"{bucket}{url.path or '/'}?{url.query}"
        asked = Request(request.method, path, headers, _bytes(request.body))
        reply = self._watched(asked)
        if reply.transport in ("drop", "lost"):
            raise ConnectionClosedError(endpoint_url=request.url)
        content = b"<html></html>" if reply.transport == "html" else json.dumps(reply.answer).encode()
        answer_headers = {"content-type": "application/x-amz-json-1.1", "x-amzn-requestid": f"r-{len(self.requests)}"}
        if reply.content is not None:
            content, answer_headers = reply.content, {name.lower(): value for name, value in reply.headers}
        body = b"" if request.method == "HEAD" else content
        return AWSResponse(request.url, reply.status, answer_headers, _Body(body))

    def _watched(self, asked: Request) -> Any:
        operation = asked.headers.get("x-amz-target", "").partition(".")[2]
        if operation.startswith(("Describe", "Get", "List")) or not operation:
            return respond(self.simulator, asked)
        region = self.simulator._region(ACCOUNT, REGION)
        body = json.loads(asked.body or b"{}")
        written = self.watch.before(region, operation, body)
        reply = respond(self.simulator, asked)
        if reply.status < 300 or reply.transport in ("drop", "lost", "html"):
            self.watch.judge(operation, written, reply.answer or {})
        return reply

    def by_hand(self, operation: str, **request: Json) -> dict[str, Json]:
        """Make a call outside the collection, in wire format, which is not logged."""
        self._predictions.forget()
        return self.simulator.execute(operation, REGION, ACCOUNT, request)

    def run(self, module: str, *, check: bool = False, diff: bool = True, **args: Json) -> dict[str, Json]:
        """Run a module that must succeed, and return its result."""
        result = self.outcome(module, check=check, diff=diff, **args)
        assert not result.get("failed"), result.get("msg")
        return result

    def fails(self, module: str, *, check: bool = False, diff: bool = True, **args: Json) -> dict[str, Json]:
        """Run a module that must fail without a traceback, and return its result."""
        result = self.outcome(module, check=check, diff=diff, **args)
        assert result.get("failed"), f"succeeded with {result}"
        assert result["msg"], result
        return result

    def refuses(self, module: str, *texts: str, **args: Json) -> list[str]:
        """Run a declaration that check mode and a run must both refuse before any write, and return the violations."""
        start = len(self.simulator.log())
        results = [self.fails(module, check=check, **args) for check in (True, False)]
        assert results[0]["violations"] == results[1]["violations"]
        assert not [call for call in self.simulator.log()[start:] if call["write"]]
        for text in texts:
            assert text in results[0]["msg"]
        return list(results[0]["violations"])

    def outcome(self, module: str, *, check: bool = False, diff: bool = True, **args: Json) -> dict[str, Json]:
        """Run the main function of a module like Ansible, and return the result that it printed.

        Modules of other collections are specified by their full name.
        """
        start = len(self.simulator.log())
        steering = {"_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_remote_tmp": "/tmp"}
        self.warnings.clear()
        printed = io.StringIO()
        collection, _dot, name = (module if "." in module else f"patchfleet.aws.{module}").rpartition(".")
        main = importlib.import_module(f"ansible_collections.{collection}.plugins.modules.{name}").main
        given = {"region": REGION, **CREDENTIALS, **args, **steering}
        with (
            self.watch.over(name, args),
            patch_module_args(given),
            redirect_stdout(printed),
            pytest.raises(SystemExit),
        ):
            main()
        if check:
            written = [call["op"] for call in self.simulator.log()[start:] if call["write"]]
            assert not written, f"check mode wrote: {written}"
        if self.documented and "." not in module:
            _hold_against_documentation(module, self.simulator.log()[start:])
        result: dict[str, Json] = json.loads(printed.getvalue())
        result["warnings"] = list(self.warnings)
        if not check and not self._disturbed:
            self._predictions.hold(module, args, self.simulator.log()[start:])
        self._predictions.note(module, args, check, result)
        return result

    def clear_log(self) -> None:
        """Forget the calls so far."""
        self.simulator.clear_log()

    def calls(self, *, writes: bool | None = None) -> Counter[str]:
        """The number of calls of each operation since the log was cleared. writes: only writes, or only reads."""
        return Counter(call["op"] for call in self.simulator.log() if writes in (None, call["write"]))

    def inputs(self, operation: str) -> list[dict[str, Json]]:
        """The requests of an operation since the log was cleared."""
        return [call["input"] for call in self.simulator.log() if call["op"] == operation]

    def faults(self, *rules: Mapping[str, Json]) -> None:
        """Replace the fault rules of the simulator. All clients have their full number of retries again."""
        restore_retries()
        self._disturbed = bool(rules)
        self.simulator.set_faults([dict(rule) for rule in rules])


@cache
def _documented() -> dict[str, set[str]]:
    """The documented IAM actions of each module."""
    path = Path(__file__).resolve().parents[2] / "docs" / "iam" / "actions.json"
    modules = json.loads(path.read_text(encoding="utf-8"))["modules"]
    return {name: {*actions["read"], *actions["write"]} for name, actions in modules.items()}


def _hold_against_documentation(module: str, calls: list[dict[str, Json]]) -> None:
    needed = {action for call in calls for action in call["actions"]}
    unlisted = needed - _documented().get(module, set())
    how = "let a case of tests/privileges/module_cases.py call them, and run tools/iam.py"
    assert not unlisted, f"{module} needs {', '.join(sorted(unlisted))}, which docs/iam.md does not list: {how}"


def _bytes(body: Any) -> bytes:
    if hasattr(body, "read"):
        # With a checksum, botocore sends an object in chunks.
        body = body.read()
    return body.encode() if isinstance(body, str) else body or b""


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def restore_retries() -> None:
    """Give each client its full number of retries, like a new one."""
    for quota in _QUOTAS:
        quota.release(RetryQuota.INITIAL_CAPACITY)


def _quota() -> RetryQuota:
    quota = RetryQuota()
    _QUOTAS.add(quota)
    return quota


def connect(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect every client of this process to the account, without waiting. Created clients are reused."""
    real_connection = amazon_aws.boto3_conn

    def connection(module: Any, **options: Any) -> Any:
        key = repr(sorted(options.items()))
        if key not in CLIENTS:
            CLIENTS[key] = real_connection(module, **options)
        return CLIENTS[key]

    def warn(text: str) -> None:
        account.warnings.append(text)
        real_warn(text)

    restore_retries()
    monkeypatch.setattr(botocore.retries.quota, "RetryQuota", _quota)
    monkeypatch.setattr(amazon_aws, "boto3_conn", connection)
    # In a process that has loaded parts of the controller, ansible-core displays warnings instead of returning them.
    for module in (
        data_sync_runner,
        engine_runner,
        execution_runner,
        patch_run_runner,
        prerequisites_runner,
        reading_modules,
        module_results,
    ):
        monkeypatch.setattr(module, "warn", warn)
    monkeypatch.setattr(URLLib3Session, "send", lambda _session, request: account.send(request))
    simulator = account.simulator
    # Time passes only while something waits, both for the service and for the modules.
    monkeypatch.setattr(clock, "now", lambda: simulator.now().replace(microsecond=0))
    monkeypatch.setattr(clock, "monotonic", simulator.passed)
    monkeypatch.setattr(clock, "sleep", simulator.advance)
    monkeypatch.setattr(botocore.session, "create_loader", lambda _path=None: LOADER)
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=simulator.advance))
    # Otherwise, a throttled client would delay its next calls in real time.
    monkeypatch.setattr(botocore.retries.bucket.TokenBucket, "acquire", lambda *_args, **_options: True)
