# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validates a request with the service model, with the messages of the service."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from ssmsim import model
from ssmsim.errors import validation

_UNICODE_CLASS = re.compile(r"\\p\{([LMNPZ])\}")
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "timestamp": (int, float),
    "float": (int, float),
    "double": (int, float),
}
# The example of AWS::SSM::PatchBaseline in CloudFormation has a rule with five filters.
_RELAXED = {"PatchFilterList": {"max": 5}}
_NUMBERS = {"integer", "long", "float", "double"}


class Violation(NamedTuple):
    """One constraint that a value violates. ``shown``: the value in the message, or empty if it is sensitive."""

    path: str
    shown: str
    constraint: str

    def __str__(self) -> str:
        return f"Value {self.shown}at '{self.path}' failed to satisfy constraint: {self.constraint}"


def request(operation: str, body: dict[str, Any], *, strict: bool = True) -> dict[str, Any]:
    """The request without nulls and without members that are not in the model.

    Raises one ValidationException with all violations. ``strict``: list all constraints that a value violates.
    Otherwise, only the first is listed, and limits that documented examples exceed do not apply.
    """
    name = model.input_shape(operation)
    if name is None:
        return {}
    _refuse(list(_structure(name, body, "", strict)))
    cleaned: dict[str, Any] = modelled(name, body)
    return cleaned


def require(body: dict[str, Any], *members: str) -> None:
    """Reject a request without members that the service requires, although the model does not."""
    _refuse([_missing(_path(member)) for member in members if member not in body])


def modelled(name: str, value: Any) -> Any:
    """``value`` in wire format, limited to the members of the shape ``name``, without nulls."""
    shape = model.shape(name)
    match shape["type"]:
        case "structure":
            members = shape["members"]
            kept = ((key, ref["shape"], value.get(key)) for key, ref in members.items())
            return {key: modelled(member, part) for key, member, part in kept if part is not None}
        case "list":
            return [modelled(shape["member"]["shape"], part) for part in value]
        case "map":
            return {key: modelled(shape["value"]["shape"], part) for key, part in value.items()}
        case "timestamp" if isinstance(value, datetime):
            return round(value.timestamp(), 3)
    return value


def _structure(name: str, value: dict[str, Any], path: str, strict: bool) -> Iterator[Violation]:
    shape = model.shape(name)
    required = shape.get("required", [])
    for member, ref in shape["members"].items():
        where = path + _path(member)
        part = value.get(member)
        if part is not None:
            yield from _member(ref["shape"], part, where, strict)
        elif member in required:
            yield _missing(where)


def _refuse(found: list[Violation]) -> None:
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        raise validation(count + "; ".join(map(str, found)))


def _missing(path: str) -> Violation:
    return Violation(path, "null ", "Member must not be null")


def _path(member: str) -> str:
    return member[0].lower() + member[1:]


def _member(name: str, value: Any, path: str, strict: bool) -> Iterator[Violation]:
    constraints = list(_broken(name, value, strict))
    shown = f"'{_java(value)}' " if constraints and not _sensitive(name) else ""
    yield from (Violation(path, shown, constraint) for constraint in constraints)
    shape = model.shape(name)
    if not _fits(shape["type"], value):
        return
    if shape["type"] == "structure":
        yield from _structure(name, value, f"{path}.", strict)
    elif shape["type"] == "list" and _is_structure(shape["member"]["shape"]):
        for index, part in enumerate(value, 1):
            yield from _member(shape["member"]["shape"], part, f"{path}.{index}.member", strict)
    elif shape["type"] == "map" and _is_structure(shape["value"]["shape"]):
        for key, part in value.items():
            yield from _member(shape["value"]["shape"], part, f"{path}.{key}.member", strict)


def _broken(name: str, value: Any, strict: bool) -> Iterator[str]:
    """The constraints that a value violates, including those of the entries in a list or map of plain values."""
    shape = model.shape(name) | ({} if strict else _RELAXED.get(name, {}))
    kind = shape["type"]
    if not _fits(kind, value):
        yield "Member must not be null" if value is None else f"Member must be of type {kind}"
        return
    own = list(_own(shape, value))
    yield from own if strict else own[:1]
    if kind == "list":
        yield from _parts("Member", shape["member"]["shape"], value, strict)
    elif kind == "map":
        yield from _parts("Map keys", shape["key"]["shape"], list(value), strict)
        yield from _parts("Map value", shape["value"]["shape"], list(value.values()), strict)


def _parts(kind: str, name: str, values: list[Any], strict: bool) -> Iterator[str]:
    if _is_structure(name):
        return
    broken = dict.fromkeys(constraint for value in values for constraint in _broken(name, value, strict))
    if broken:
        yield f"{kind} must satisfy constraint: [{', '.join(broken)}]"


def _own(shape: model.Shape, value: Any) -> Iterator[str]:
    """The constraints on the size, pattern and choices of one value."""
    kind = shape["type"]
    size = value if kind in _NUMBERS else _size(kind, value)
    what = "value" if kind in _NUMBERS else "length"
    if size is not None and size < shape.get("min", size):
        yield f"Member must have {what} greater than or equal to {shape['min']}"
    if size is not None and size > shape.get("max", size):
        yield f"Member must have {what} less than or equal to {shape['max']}"
    if "pattern" in shape and not matches(shape["pattern"], value):
        yield f"Member must satisfy regular expression pattern: {shape['pattern']}"
    if "enum" in shape and value not in shape["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]"


def _size(kind: str, value: Any) -> int | None:
    if kind == "blob":
        return len(base64.b64decode(value))
    return len(value) if kind in ("string", "list", "map") else None


def _fits(kind: str, value: Any) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    if kind == "blob":
        return isinstance(value, str) and _is_base64(value)
    return isinstance(value, _JSON_TYPES[kind])


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_structure(name: str) -> bool:
    return bool(model.shape(name)["type"] == "structure")


@cache
def _sensitive(name: str) -> bool:
    """Whether a message must not contain a value of this shape, because it is sensitive or has a sensitive part."""
    seen, waiting = {name}, [name]
    while waiting:
        shape = model.shape(waiting.pop())
        if shape.get("sensitive"):
            return True
        references = [*shape.get("members", {}).values(), *(shape[key] for key in ("member", "value") if key in shape)]
        parts = {reference["shape"] for reference in references} - seen
        seen |= parts
        waiting += parts
    return False


def _java(value: Any) -> str:
    """A value in the format of ``toString`` of Java's collections."""
    if isinstance(value, list):
        return f"[{', '.join(map(_java, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_java(part)}' for key, part in value.items())}}}"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)


def matches(pattern: str, value: str) -> bool:
    """Whether the whole ``value`` matches a pattern of the model, which is a Java pattern.

    Python's ``re`` does not support Unicode properties. Each non-ASCII character is replaced by one that represents its
    category, and so is each ``\\p{X}`` in the pattern, which avoids lists of the characters in each category.
    """
    return _compiled(pattern).fullmatch("".join(map(_representative, value))) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # In Java, the hyphen after a class such as \w is literal. Python rejects it.
    portable = re.sub(r"(\\[wd])-", r"\1\\-", pattern)
    return re.compile(_UNICODE_CLASS.sub(lambda match: _ascii_members(match[1]), portable), re.ASCII)


@cache
def _ascii_members(category: str) -> str:
    members = (chr(code) for code in range(128) if unicodedata.category(chr(code))[0] == category)
    return "".join(map(re.escape, members)) + _stand_in(category)


def _representative(character: str) -> str:
    return character if character.isascii() else _stand_in(unicodedata.category(character)[0])


def _stand_in(category: str) -> str:
    return chr(0xE000 + ord(category))
