# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an answer of the service is understood. Pure functions.

What is not understood is an error. It never counts as absent, because an absence is what makes a run create or remove.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
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

# The types that have no parts. Compared by class, because True is an instance of int.
_PLAIN = {name: one for name, one in _TYPES.items() if one not in (dict, list)}

# Members that a structure is nothing without, where the model says otherwise: it requires less of a target, and more of
# what is only shown.
_DECIDE = {"Target": ("Key",), "InstancePatchState": ("InstanceId",), "PatchComplianceData": ()}


def understood(operation: str, shape: Any, answer: Any, members: Iterable[str], is_lenient: bool = False) -> Any:
    """A structure that has all members that decide, and holds nothing but what its model says; ApiError for another.

    is_lenient: parts that are not of their type count as absent.
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
    """Refuse a structure that lacks a member; an empty list is one, an empty text is none; ApiError."""
    missing = [name for name in members if answer.get(name) in (None, "")]
    if missing:
        raise not_understood(operation, f"the response contains no {', '.join(missing)}")


def understand_id(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Refuse an answer about another resource than the one that was asked for; ApiError."""
    for name, value in request.items():
        if name.endswith("Id") and _bare(answer.get(name, value)) != _bare(value):
            raise not_understood(operation, f"AWS returned {answer[name]} instead of {value}")


def not_understood(operation: str, text: str) -> ApiError:
    """The error of an answer that no decision may be based on."""
    return ApiError(operation, "UnexpectedAnswer", text)


def misfit(shape: Any, value: Any, path: str = "the answer") -> str | None:
    """The first member that is not of its type; botocore passes most of what comes. Unknown members do not matter."""
    kind = shape.type_name
    if kind == "timestamp" and value is None:
        # A date that is none decides nothing.
        return None
    if not isinstance(value, _TYPES.get(kind, object)) or (kind in ("integer", "long") and isinstance(value, bool)):
        return path
    if kind == "structure" and _lacking(shape, value):
        return path
    return next((found for part in _doubtful(shape, value, path) if (found := misfit(*part))), None)


def fitting(shape: Any, value: Any) -> Any:
    """The value without the parts that are not of their type; None where nothing of it is left."""
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
    """The parts of a value, each with its path, without those that are plainly of their type: most are."""
    kind = shape.type_name
    if kind == "structure":
        known = shape.members
        return [
            (known[name], entry, name)
            for name, entry in value.items()
            if name in known and entry.__class__ is not _PLAIN.get(known[name].type_name)
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


def _bare(resource_id: Any) -> str:
    return str(resource_id).rpartition("/")[2]
