# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP server of the simulator on loopback."""

from __future__ import annotations

import json
import socket
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ssmsim import admin, cloudtrail, needs, others, resource_groups
from ssmsim.errors import ServiceError
from ssmsim.faults import Call
from ssmsim.others import Request
from ssmsim.simulator import Reply, Simulator, refusal

HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
_TARGET = "AmazonSSM."
# The prefixes of operations that only read.
_READS = ("Describe", "Get", "List", "Head", "Assume", "Lookup")


class Server(ThreadingHTTPServer):
    """A server on 127.0.0.1. Port 0 selects a free port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, simulator: Simulator, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.simulator = simulator

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of clients that closed the connection."""

    def server_bind(self) -> None:
        """Bind without the reverse lookup of the host name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


def respond(simulator: Simulator, request: Request) -> Reply:
    """The response to a request for any service, which is logged."""
    access_key, region, service = request.scope()
    account = others.account_of(access_key)
    if request.headers.get("x-amz-target", "").startswith(_TARGET):
        call = Call("ssm", request.target(), region, account)
        body = _json(request.body)
        if body is None:
            unreadable = refusal(ServiceError("SerializationException", "The request is not valid JSON"))
            return simulator.carry_out(call, {}, lambda: unreadable)
        return simulator.carry_out(call, body, lambda: simulator.answer(call, body))
    operation, sent = request.operation()
    call = Call(service, operation, region, account)
    reads = request.method in ("GET", "HEAD") or operation.startswith(_READS)
    needed = needs.of_other(call, sent, others.role_path(account, sent), others.role_boundary(account, sent))

    def effect() -> Reply:
        if (service, operation) == (resource_groups.SERVICE, resource_groups.LIST):
            return simulator.group_resources(call, sent)
        if (service, operation) == (cloudtrail.SERVICE, cloudtrail.LOOKUP):
            return simulator.looked_up(call, sent)
        if (service, operation) == ("ec2", "DescribeInstances"):
            reply = simulator.described_instances(region, account, sent)
            if reply is not None:
                return reply
        if service == "ec2" and others.load() is None:
            simulator.plant_instances(region, account)
        return others.respond(request, account)

    reply = simulator.carry_out(call, sent, effect, not reads, needed)
    return others.refusal(call, request, reply) if reply.content is None and reply.error else reply


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _respond(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self._body(headers))
        if self.path.startswith(admin.PREFIX):
            self._door(request)
            return
        reply = respond(self.server.simulator, request)
        if reply.transport in ("drop", "lost"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif reply.transport == "html":
            self._send(reply.status, [("Content-Type", "text/html")], HTML)
        elif reply.content is not None:
            self._send(reply.status, reply.headers, reply.content)
        else:
            content = json.dumps(reply.answer, separators=(",", ":")).encode()
            self._send(reply.status, [("Content-Type", "application/x-amz-json-1.1")], content)

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = _respond  # noqa: N815

    def _door(self, request: Request) -> None:
        try:
            body = json.loads(request.body or b"null")
            status, answer = admin.answer(self.server.simulator, request.method, request.path, body)
        except ValueError as error:
            status, answer = 400, {"message": f"The body is not JSON: {error}"}
        if request.method == "POST" and request.path == f"{admin.PREFIX}reset" and status == 200:
            others.reset()
        content = json.dumps(answer, default=str).encode()
        self._send(status, [("Content-Type", "application/json")], content)

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(headers.get("content-length") or 0))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        named = {name.lower(): (name, value) for name, value in headers}
        length = named.pop("content-length", ("", "0"))[1] if self.command == "HEAD" else str(len(content))
        named["content-length"] = ("Content-Length", length)
        named.setdefault("x-amzn-requestid", ("x-amzn-RequestId", str(uuid.uuid4())))
        self.send_response(status)
        for name, value in named.values():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing. ``/_sim/log`` shows the log."""


def _json(text: bytes) -> Any:
    """The parsed body, or None if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None
