# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator over HTTP: what a client of the protocol sees that boto3 hides."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from ssmsim import Simulator, others
from ssmsim.faults import Call
from ssmsim.others import Request
from ssmsim.server import Server
from ssmsim.simulator import Reply

PACKAGES = Path(__file__).resolve().parents[2] / "simulator"
WINDOW = {
    "Name": "Patch-Tuesday",
    "Schedule": "cron(0 16 ? * TUE *)",
    "Duration": 3,
    "Cutoff": 1,
    "AllowUnassociatedTargets": True,
}
Answer = tuple[HTTPResponse, Any]


class Service:
    """One connection to a simulator, kept alive from call to call."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=10)

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, named)
        response = self.connection.getresponse()
        return response, json.loads(response.read() or b"null")

    def call(self, operation: str, body: Any, key: str = "210987654321", service: str = "ssm") -> Answer:
        return self.send(
            "POST",
            "/",
            body if isinstance(body, bytes) else json.dumps(body).encode(),
            X_Amz_Target=f"AmazonSSM.{operation}",
            Content_Type="application/x-amz-json-1.1",
            Authorization=f"AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/{service}/aws4_request, Signature=0",
        )

    def door(self, method: str, name: str, body: Any = None) -> Answer:
        return self.send(method, f"/_sim/{name}", b"" if body is None else json.dumps(body).encode())


@pytest.fixture
def service() -> Iterator[Service]:
    server = Server(Simulator(), 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    client = Service(server.server_port)
    yield client
    client.connection.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_answer_and_an_error_of_json_1_1(service: Service) -> None:
    response, created = service.call("CreateMaintenanceWindow", WINDOW)
    assert (response.status, list(created)) == (200, ["WindowId"])
    assert response.headers["Content-Type"] == "application/x-amz-json-1.1"
    again, error = service.call("CreateMaintenanceWindow", WINDOW | {"Duration": 0})
    assert (again.status, error["__type"]) == (400, "ValidationException")
    assert response.headers["x-amzn-RequestId"] != again.headers["x-amzn-RequestId"]


def test_the_connection_is_kept_alive(service: Service) -> None:
    service.call("DescribeMaintenanceWindows", {})
    socket = service.connection.sock
    for body in ({}, {"MaxResults": 1}, b"no json"):
        service.call("DescribeMaintenanceWindows", body)
        assert service.connection.sock is socket is not None


@pytest.mark.parametrize("body", [b"no json", b"", b"null", b"[]"])
def test_a_body_that_is_no_object(service: Service, body: bytes) -> None:
    response, error = service.call("DescribeMaintenanceWindows", body)
    assert (response.status, error["__type"]) == (400, "SerializationException")
    _, log = service.door("GET", "log")
    assert [entry["error"] for entry in log] == ["SerializationException"]


def test_account_and_region_are_those_of_the_credential_scope(service: Service) -> None:
    service.call("DescribeMaintenanceWindows", {})
    service.call("DescribeMaintenanceWindows", {}, key="AKIAIOSFODNN7EXAMPLE")
    _, log = service.door("GET", "log")
    assert [entry["account"] for entry in log] == ["210987654321", "123456789012"]
    assert {entry["region"] for entry in log} == {"eu-west-1"}


def test_a_body_in_chunks(service: Service) -> None:
    connection = service.connection
    headers = {"X-Amz-Target": "AmazonSSM.CreateMaintenanceWindow"}
    text = json.dumps(WINDOW).encode()
    connection.request("POST", "/", iter([text[:10], text[10:]]), headers, encode_chunked=True)
    assert connection.getresponse().read().startswith(b'{"WindowId":"mw-')


@pytest.mark.parametrize(
    ("method", "name", "body", "status"),
    [
        ("GET", "nowhere", None, 404),
        ("GET", "reset", None, 404),
        ("POST", "clock", {"set": "tomorrow"}, 400),
        ("POST", "clock", {"put": 1}, 400),
        ("POST", "clock", None, 400),
        ("POST", "lag", {}, 400),
        ("POST", "seed", {"windows": [{}]}, 400),
        ("POST", "faults", [{"op": "*"}], 400),
        ("POST", "reset", {"profile": "friendly"}, 400),
        ("GET", "clock", None, 200),
        ("POST", "clock", {"runs": False}, 200),
    ],
)
def test_what_the_doors_answer(service: Service, method: str, name: str, body: Any, status: int) -> None:
    response, answer = service.door(method, name, body)
    assert response.status == status
    assert answer["now" if status == 200 else "message"]


def test_a_door_does_nothing_with_a_body_that_is_not_json(service: Service) -> None:
    service.call("CreateMaintenanceWindow", WINDOW)
    response, _ = service.send("POST", "/_sim/reset", b"{profile")
    assert response.status == 400
    _, log = service.door("GET", "log")
    assert len(log) == 1


def iam(action: str) -> Request:
    headers = {
        "authorization": "AWS4-HMAC-SHA256 Credential=210987654321/20260101/us-east-1/iam/aws4_request",
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    }
    return Request("POST", "/", headers, f"Action={action}&RoleName=a".encode())


def test_without_moto_other_services_are_not_implemented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto.moto_server.werkzeug_app", None)
    others._application.cache_clear()
    reply = others.respond(iam("GetRole"), "210987654321")
    assert (reply.status, reply.error) == (501, "NotImplemented")


def test_what_a_request_tells() -> None:
    request = iam("GetRole")
    assert request.scope() == ("210987654321", "us-east-1", "iam")
    assert request.operation() == ("GetRole", {"Action": "GetRole", "RoleName": "a"})
    presigned = Request("GET", "/b/k?X-Amz-Credential=AKIA%2F20260101%2Feu-west-1%2Fs3%2Faws4_request", {}, b"")
    assert presigned.scope() == ("AKIA", "eu-west-1", "s3")
    assert presigned.operation() == ("GetObject", {"Bucket": "b", "Key": "k"})
    assert Request("GET", "/", {}, b"").scope() == ("", "us-east-1", "")


@pytest.mark.parametrize(
    ("service_name", "start"),
    [("iam", b"<ErrorResponse><Error>"), ("ec2", b"<Response><Errors><Error>"), ("s3", b"<Error>")],
)
def test_an_injected_error_speaks_the_protocol_of_the_service(service_name: str, start: bytes) -> None:
    reply = Reply(400, {"__type": "AccessDenied", "message": "a < b"}, "AccessDenied")
    answer = others.refusal(Call(service_name, "X", "us-east-1", "1"), iam("X"), reply)
    assert answer.content is not None
    assert answer.content.startswith(start + b"<Code>AccessDenied</Code><Message>a &lt; b</Message>")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_line(tmp_path: Path, stop: signal.Signals) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"windows": [WINDOW]}))
    options = ["--port", "0", "--seed", str(seed), "--clock", "2026-01-01T00:00:00Z", "--profile", "strict"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(PACKAGES), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "ssmsim", *options]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready, url = process.stdout.readline().split()
        client = Service(int(url.rpartition(":")[2]))
        scope = {"X_Amz_Target": "AmazonSSM.DescribeMaintenanceWindows"}
        _, answer = client.send("POST", "/", b"{}", **scope)
        process.send_signal(stop)
        assert process.wait(10) == 0
    assert (ready, url[:17]) == ("READY", "http://127.0.0.1:")
    assert answer["NextToken"] == ""
    assert answer["WindowIdentities"][0]["NextExecutionTime"] == "2026-01-06T16:00Z"
