# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts JSON to the classes of the model, and back. Errors contain the location of the invalid value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, replace
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from .model import SCHEMA, SCHEMA_VERSION, Reading
from .times import utc_text

T = TypeVar("T")
Reader = Callable[[Any, dict[str, str]], Any]


class ReportError(Exception):
    """The reason why a report cannot be created, for the user."""


class MalformedError(ValueError):
    """A value is invalid or missing."""


def parsed(cls: type[T], data: Any, shared: dict[str, str]) -> T:
    """An object of the class from a JSON object. Unknown members are ignored.

    shared: the strings so far, so that each is stored only once.
    """
    if not isinstance(data, dict):
        raise MalformedError(f"{data!r:.60} is not an object")
    values = {}
    for name, reader, required in _members(cls):  # type: ignore[arg-type]  # a class is hashable
        if name in data:
            try:
                values[name] = reader(data[name], shared)
            except MalformedError as error:
                raise MalformedError(f"{name}: {error}") from error
        elif required:
            raise MalformedError(f"{name} is missing")
    return cls(**values)


@cache
def _members(cls: Any) -> tuple[tuple[str, Reader, bool], ...]:
    hints = get_type_hints(cls)
    return tuple(
        (one.name, _reader(hints[one.name]), one.default is MISSING and one.default_factory is MISSING)
        for one in fields(cls)
    )


def _reader(hint: Any) -> Reader:
    if get_origin(hint) is UnionType:
        [inner] = [one for one in get_args(hint) if one is not NoneType]
        read = _reader(inner)
        return lambda value, shared: None if value is None else read(value, shared)
    if get_origin(hint) is tuple:
        read_one = _reader(get_args(hint)[0])
        return lambda value, shared: tuple(read_one(one, shared) for one in _of_type(value, list))
    if get_origin(hint) is dict:
        return lambda value, _shared: _of_type(value, dict)
    if hint is str:
        return lambda value, shared: shared.setdefault(_of_type(value, str), value)
    if hint is float:
        return lambda value, _shared: float(value if isinstance(value, float) else _of_type(value, int))
    if hint in (int, bool):
        return lambda value, _shared: _of_type(value, hint)
    return lambda value, shared: parsed(hint, value, shared)


def _of_type(value: Any, wanted: type) -> Any:
    # In Python, True is also an int.
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise MalformedError(f"{value!r:.60} is not of type {wanted.__name__}")
    return value


def plain(value: Any) -> Any:
    """An object of the model as values for JSON."""
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def read_rows(path: str, cls: type[T], shared: dict[str, str]) -> Iterator[T]:
    """The rows of a JSON Lines file."""
    try:
        with Path(path).open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield parsed(cls, json.loads(line), shared)
                except ValueError as error:
                    raise ReportError(f"{path}, line {number}: {error}") from error
    except (OSError, UnicodeError) as error:
        raise ReportError(f"{path} cannot be read: {error}") from error


def read_report(path: str, shared: dict[str, str]) -> list[Reading]:
    """The readings in a JSON report of another run."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"inputs: {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ReportError(f"inputs: {path} is not JSON: {error}") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ReportError(f"inputs: {path} is not a JSON report of patch_report")
    if data.get("schema_version") != SCHEMA_VERSION:
        raise ReportError(
            f"inputs: {path} has schema_version {data.get('schema_version')!r}, and {SCHEMA_VERSION} is supported:"
            f" create it again with this version of the collection"
        )
    try:
        return [_reading(one, shared) for one in _of_type(data.get("readings"), list)]
    except MalformedError as error:
        raise ReportError(f"inputs: {path} does not have the format of patch_report: {error}") from error


def _reading(data: Any, shared: dict[str, str]) -> Reading:
    reading = parsed(Reading, data, shared)
    moment = utc_text(reading.read_at)
    if moment is None:
        raise MalformedError(f"read_at: {reading.read_at!r:.60} is not a date and time in ISO-8601 format")
    return replace(reading, read_at=moment)
