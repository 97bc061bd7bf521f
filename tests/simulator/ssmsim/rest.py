# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Determines the operations of S3 requests from method, path and query, with botocore's model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from ssmsim import model

# Headers that require an additional action.
_HEADERS = {"x-amz-object-ownership": "ObjectOwnership", "x-amz-acl": "ACL"}


@dataclass(frozen=True)
class Operation:
    """An operation with the number of parts in its path, and its required query keys and headers."""

    name: str
    method: str
    parts: int
    query: frozenset[tuple[str, str]]
    keys: frozenset[str]
    headers: frozenset[str]

    def fits(self, method: str, parts: int, query: dict[str, str], headers: dict[str, str]) -> bool:
        """Whether a request can belong to this operation."""
        return (
            (self.method, self.parts) == (method, parts)
            and self.query <= query.items()
            and self.keys <= query.keys()
            and self.headers <= headers.keys()
        )

    @property
    def weight(self) -> int:
        """The number of requirements for a request."""
        return len(self.query) + len(self.keys) + len(self.headers)


def s3_request(method: str, path: str, headers: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """The operation of a request, and its known input: bucket, key and a few headers."""
    bare, _, text = path.partition("?")
    query = dict(parse_qsl(text, keep_blank_values=True))
    names = [part for part in unquote(bare).lstrip("/").split("/", 1) if part]
    fitting = [one for one in _operations() if one.fits(method, len(names), query, headers)]
    request = dict(zip(("Bucket", "Key"), names, strict=False))
    request |= {member: headers[name] for name, member in _HEADERS.items() if name in headers}
    if not fitting:
        return f"{method} {bare}", request
    return max(fitting, key=lambda one: one.weight).name, request


@cache
def _operations() -> list[Operation]:
    known = model.service("s3")
    return [
        _operation(known["shapes"], name, one) for name, one in known["operations"].items() if "deprecated" not in one
    ]


def _operation(shapes: dict[str, Any], name: str, described: dict[str, Any]) -> Operation:
    path, _, query = described["http"]["requestUri"].partition("?")
    shape = shapes.get(described.get("input", {}).get("shape"), {"members": {}})
    required = [shape["members"][member] for member in shape.get("required", [])]

    def located(place: str) -> frozenset[str]:
        return frozenset(str(member["locationName"]) for member in required if member.get("location") == place)

    return Operation(
        name,
        described["http"]["method"],
        len([part for part in path.split("/") if part]),
        frozenset(parse_qsl(query, keep_blank_values=True)),
        located("querystring"),
        frozenset(header.lower() for header in located("header")),
    )
