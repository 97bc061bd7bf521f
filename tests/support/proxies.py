# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Responses of proxies between a module and the service, instead of those of the service."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.patchfleet.aws.tests.support.account import Account
from botocore.awsrequest import AWSResponse

HTML = b"<!DOCTYPE html><html><head><title>Blocked</title></head><body>Your request was blocked.</body></html>"
OWN = {"content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "11111111-2222-3333-4444-555555555555"}
FOREIGN = {"content-type": "application/json"}
PAGE = {"content-type": "text/html", "server": "proxy"}


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


@dataclass(frozen=True)
class Answer:
    """An HTTP response that is not from the service."""

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, url: str) -> AWSResponse:
        """The response as botocore receives it."""
        return AWSResponse(url, self.status, dict(self.headers), _Body(self.content))


def document(status: int, code: str, headers: Mapping[str, str] = OWN) -> Answer:
    """An error document in the format of the service."""
    return Answer(status, json.dumps({"__type": code, "message": "no"}).encode(), headers)


def in_json(status: int, content: Any, headers: Mapping[str, str] = FOREIGN) -> Answer:
    """A JSON document."""
    return Answer(status, json.dumps(content).encode(), headers)


# Possible responses instead of the expected one, whether or not the service received the request.
LOST = {
    "forbidden page": Answer(403, HTML, PAGE),
    "forbidden": Answer(403),
    "bad request": Answer(400),
    "bad request in words": Answer(400, b"Bad Request", {"content-type": "text/plain"}),
    "proxy authentication": Answer(407, HTML, PAGE),
    "request timeout": Answer(408),
    "request timeout page": Answer(408, HTML, PAGE),
    "client closed request": Answer(499),
    "too large page": Answer(413, HTML, PAGE),
    "too many requests": in_json(429, {"message": "slow down"}),
    "too many requests, as the service words it": document(429, "ThrottlingException", FOREIGN),
    "legal reasons": Answer(451, HTML, PAGE),
    "redirect": Answer(307, b"", {"location": "https://proxy.example/login"}),
    "redirect page": Answer(302, HTML, {**PAGE, "location": "https://proxy.example/login"}),
    "not modified": Answer(304),
    "gateway": in_json(403, {"message": "Forbidden"}),
    "gateway with a request id": in_json(403, {"message": "Forbidden"}, {**FOREIGN, "x-amzn-requestid": "r"}),
    "a foreign code": document(403, "BlockedByPolicy"),
    "no code": in_json(400, {"__type": None}, OWN),
    "no request id": document(400, "AccessDeniedException", FOREIGN),
    "a list": in_json(400, [1], OWN),
    "a text": in_json(400, "no", OWN),
    "a number": in_json(403, 7),
    "cut document": Answer(400, b'{"__type":"AccessDenied', OWN),
    "timeout of the service": document(408, "RequestTimeoutException"),
    "aborted": document(400, "RequestAbortedException"),
    "error of the service": document(400, "InternalServerError"),
    "a refusal with the status of an error of the service": document(500, "AccessDeniedException"),
    "bad gateway": Answer(502, HTML, PAGE),
    "unavailable": Answer(503),
    "gateway timeout": Answer(504, HTML, PAGE),
    "empty": Answer(200),
    "page": Answer(200, HTML, PAGE),
    "no content": Answer(204),
    "nothing": in_json(200, {}, OWN),
    "null": in_json(200, None, OWN),
    "a listing": in_json(200, [], OWN),
}
# Responses that reject a request, so that nothing was done.
REFUSALS = {
    "denied": document(400, "AccessDeniedException"),
    "denied with its own status": document(403, "AccessDeniedException"),
    "expired": document(400, "ExpiredTokenException"),
    "late": document(400, "RequestExpired"),
    "signature": document(400, "InvalidSignatureException"),
    "with the name of the model": document(400, "com.amazonaws.ssm#ValidationException"),
    "unknown key": document(403, "UnrecognizedClientException"),
}


def answer_instead(account: Account, operation: str, answer: Answer, *, forward: bool) -> None:
    """Respond to one operation instead of the service. forward: whether the service also receives the request."""
    send = account.send

    def between(request: Any) -> AWSResponse:
        if _text(request.headers.get("X-Amz-Target")) != f"AmazonSSM.{operation}":
            return send(request)
        if forward:
            send(request)
        else:
            account.requests.append(request)
        return answer.response(request.url)

    account.send = between  # type: ignore[method-assign]


def sent(account: Account, operation: str) -> int:
    """The number of requests for an operation that a module sent."""
    return sum(_text(one.headers.get("X-Amz-Target")) == f"AmazonSSM.{operation}" for one in account.requests)


def _text(value: str | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""
