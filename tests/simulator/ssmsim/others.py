# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other AWS services, which moto simulates. It is imported with the first call to one of them."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import threading
import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from ssmsim import resource_groups
from ssmsim.faults import Call
from ssmsim.rest import s3_request
from ssmsim.simulator import DEFAULT_ACCOUNT, Reply

_SCOPE = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/")
_MISSING = "Only SSM is answered: moto with flask and flask-cors, which serve all other services, are not installed"
_LOADING = threading.Lock()
# Otherwise, moto's EC2 would read hundreds of unneeded images after each reset.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")


@dataclass(frozen=True)
class Request:
    """An HTTP request, with lowercase header names. ``path`` includes the query."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def scope(self) -> tuple[str, str, str]:
        """The access key, Region and service of the SigV4 credential scope. An unsigned request is for us-east-1."""
        signed = self.headers.get("authorization", "") or unquote(self.path).replace("X-Amz-Credential", "Credential")
        match = _SCOPE.search(signed)
        return (match[1], match[2], match[3]) if match else ("", "us-east-1", "")

    def target(self) -> str:
        """The operation in the target header of a JSON protocol, or an empty string."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    def operation(self) -> tuple[str, dict[str, Any]]:
        """The operation and its known input, from the target header, the form or the path."""
        if self.target():
            return self.target(), self._json()
        form = self._form()
        if "Action" in form:
            return str(form["Action"]), form
        if self.scope()[2] == "s3":
            return s3_request(self.method, self.path, self.headers)
        if urlsplit(self.path).path == resource_groups.PATH:
            return resource_groups.LIST, self._json()
        return f"{self.method} {urlsplit(self.path).path}", form

    def _json(self) -> dict[str, Any]:
        """The body of a JSON protocol. Moto rejects an invalid one."""
        try:
            body = json.loads(self.body)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def _form(self) -> dict[str, Any]:
        """The fields of a body in the query protocol."""
        if not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return {}
        return {key: values[0] for key, values in parse_qs(self.body.decode()).items()}


def account_of(access_key: str) -> str:
    """The account of an access key: the key itself if it has 12 digits, or else the account that moto has for it."""
    if re.fullmatch(r"[0-9]{12}", access_key):
        return access_key
    iam = sys.modules.get("moto.iam.models")
    return str(iam.get_account_id_from(access_key)) if iam else DEFAULT_ACCOUNT


def role_path(account: str, sent: dict[str, Any]) -> str:
    """The path of the role in an IAM request, from the request or from moto."""
    if "Path" in sent:
        return str(sent["Path"])
    role = _role(account, str(sent.get("RoleName")))
    return str(role.path) if role else "/"


def role_tags(account: str, name: str) -> dict[str, str]:
    """The tags of a role in moto, if it is loaded."""
    role = _role(account, name)
    return {tag["Key"]: tag["Value"] for tag in role.tags or []} if role else {}


def role_boundary(account: str, sent: dict[str, Any]) -> str | None:
    """The permissions boundary in an IAM request, or else that of the role in moto."""
    if "PermissionsBoundary" in sent:
        return str(sent["PermissionsBoundary"])
    role = _role(account, str(sent.get("RoleName")))
    return role.permissions_boundary_arn if role else None


def _role(account: str, name: str) -> Any:
    models = sys.modules.get("moto.iam.models")
    roles = models.iam_backends[account]["aws"].roles.values() if models else ()
    return next((role for role in roles if role.name == name), None)


def load() -> Reply | None:
    """Import moto. Returns the response to all calls if it is not installed."""
    try:
        with _LOADING:
            _application()
    except ImportError as error:
        return Reply(501, {"__type": "NotImplemented", "message": f"{_MISSING} ({error.name})"}, "NotImplemented")
    return None


def respond(request: Request, account: str) -> Reply:
    """The response of moto, or 501 without moto."""
    missing = load()
    if missing is not None:
        return missing
    from werkzeug.test import run_wsgi_app

    content, status, headers = run_wsgi_app(_application(), _environ(request, account), buffered=True)
    code, body = int(status.split()[0]), b"".join(content)
    return Reply(code, error=_error_code(body) if code >= 400 else None, content=body, headers=list(headers.items()))


def reset() -> None:
    """Reset all services, if moto is loaded."""
    if "moto.moto_server.werkzeug_app" in sys.modules:
        from moto.moto_api._internal.models import moto_api_backend

        moto_api_backend.reset()


def refusal(call: Call, request: Request, reply: Reply) -> Reply:
    """An injected error in the protocol of the service: XML with a request ID, unless it uses JSON."""
    if "x-amz-target" in request.headers or call.service == resource_groups.SERVICE:
        return reply
    code, message = escape(reply.answer["__type"]), escape(reply.answer["message"])
    request_id = str(uuid.uuid4())
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    wrapped = {
        "s3": error,
        "ec2": f"<Response><Errors>{error}</Errors><RequestID>{request_id}</RequestID></Response>",
    }
    text = wrapped.get(call.service, f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>")
    headers = [("Content-Type", "text/xml"), ("x-amz-request-id", request_id)]
    return Reply(reply.status, {}, reply.error, reply.transport, text.encode(), headers)


@cache
def _application() -> Any:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


def _environ(request: Request, account: str) -> dict[str, Any]:
    path, _, query = request.path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),
        "RAW_URI": request.path,
        "REQUEST_URI": request.path,
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": request.headers.get("host", "").rpartition(":")[2] or "80",
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    skipped = ("content-type", "content-length", "transfer-encoding")
    headers = {name: value for name, value in request.headers.items() if name not in skipped}
    named = headers | {"x-moto-account-id": account}
    return environ | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in named.items()}


def _error_code(body: bytes) -> str | None:
    match = re.search(rb'<Code>([^<]+)</Code>|"__type": ?"([^"]+)"', body)
    return (match[1] or match[2]).decode() if match else None
