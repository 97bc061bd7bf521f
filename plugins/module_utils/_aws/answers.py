# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validates responses of the service. Pure functions.

An invalid response is an error. It never counts as absent, because an absence can make a run create or remove.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from .errors import ApiError

_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "timestamp": datetime,
    "blob": bytes,
}

# Types without parts. Compared by class, because True is an instance of int.
_PLAIN = {name: one for name, one in _TYPES.items() if one not in (dict, list)}

# The members that a structure must have, if they differ from the service model, which requires too few for a target,
# and too many for structures that are only displayed.
_DECIDE = {"Target": ("Key",), "InstancePatchState": ("InstanceId",), "PatchComplianceData": ()}


def understood(operation: str, shape: Any, answer: Any, members: Iterable[str], is_lenient: bool = False) -> Any:
    """The response if it has all required members and matches the service model. Raises ApiError otherwise.

    is_lenient: parts of the wrong type count as absent.
    """
    wrong = misfit(shape, answer)
    if wrong and is_lenient:
        answer = fitting(shape, answer) or {}
        wrong = misfit(shape, answer)
    if wrong:
        raise not_understood(operation, f"{wrong} does not match the service model")
    require(operation, answer, members)
    return answer


def require(operation: str, answer: Mapping[str, Any], members: Iterable[str]) -> None:
    """Raise ApiError if a structure lacks a member. An empty list is allowed, an empty text counts as missing."""
    missing = [name for name in members if answer.get(name) in (None, "")]
    if missing:
        raise not_understood(operation, f"the response contains no {', '.join(missing)}")


def understand_id(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Raise ApiError if the response is about a different resource than the request."""
    for name, value in request.items():
        if name.endswith("Id") and _bare(answer.get(name, value)) != _bare(value):
            raise not_understood(operation, f"AWS returned {answer[name]} instead of {value}")


def not_understood(operation: str, text: str) -> ApiError:
    """The error for a response that no decision can be based on."""
    return ApiError(operation, "UnexpectedAnswer", text)


def misfit(shape: Any, value: Any, path: str = "the answer") -> str | None:
    """The path of the first part of the wrong type. botocore accepts most of them. Unknown members are ignored."""
    kind = shape.type_name
    if kind == "timestamp" and value is None:
        # moment_of returns None for an invalid date. No decision depends on dates.
        return None
    if not isinstance(value, _TYPES.get(kind, object)) or (kind in ("integer", "long") and isinstance(value, bool)):
        return path
    if kind == "structure" and _lacking(shape, value):
        return path
    return next((found for part in _doubtful(shape, value, path) if (found := misfit(*part))), None)


def fitting(shape: Any, value: Any) -> Any:
    """The value without the parts of the wrong type. None if nothing is left."""
    if not isinstance(value, dict | list):
        return value if misfit(shape, value) is None else None
    if not isinstance(value, _TYPES.get(shape.type_name, ())):
        return None
    if isinstance(value, list):
        return [one for entry in value if (one := fitting(shape.member, entry)) is not None]
    inner = shape.members if shape.type_name == "structure" else dict.fromkeys(value, shape.value)
    found = {name: fitting(inner[name], entry) if name in inner else entry for name, entry in value.items()}
    known = {name: entry for name, entry in found.items() if entry is not None}
    return None if shape.type_name == "structure" and _lacking(shape, known) else known


def _lacking(shape: Any, structure: Any) -> bool:
    required = _DECIDE.get(shape.name, shape.required_members)
    return any(structure.get(name) is None for name in required)


def _doubtful(shape: Any, value: Any, path: str) -> list[tuple[Any, Any, str]]:
    """The parts of a value that require a check, with their paths. Most parts are obviously of the right type."""
    kind = shape.type_name
    if kind == "structure":
        known = _members(shape)
        return [
            (shape.members[name], entry, name)
            for name, entry in value.items()
            if name in known and entry.__class__ is not known[name]
        ]
    if kind == "list":
        plain = _PLAIN.get(shape.member.type_name)
        return [
            (shape.member, entry, f"{path}[{number}]")
            for number, entry in enumerate(value)
            if entry.__class__ is not plain
        ]
    if kind == "map":
        plain = _PLAIN.get(shape.value.type_name)
        return [(shape.value, entry, f"{path}.{key}") for key, entry in value.items() if entry.__class__ is not plain]
    return []


# Listings have many structures of a few shapes.
@lru_cache(maxsize=128)
def _members(shape: Any) -> dict[str, Any]:
    """The members of a structure with their types, None for those with parts."""
    return {name: _PLAIN.get(member.type_name) for name, member in shape.members.items()}


def _bare(resource_id: Any) -> str:
    return str(resource_id).rpartition("/")[2]
