# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads that failed without stopping the run. They are reported, so that unread data never looks like no data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, TypeVar

from .._aws.errors import ApiError

Result = TypeVar("Result")

_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
# Errors that concern one requested resource. Any other error, such as an expired session, would affect every call.
_SINGLE = frozenset(
    {"InvalidInstanceId", "DoesNotExistException", "InvalidResourceId", "InternalServerError", "UnexpectedAnswer"}
)
_NAMED = 10


class Gaps:
    """The gaps of one run. Several threads can add to them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._denied: dict[str, ApiError] = {}
        self._found: dict[tuple[str, str], tuple[ApiError, str, list[str]]] = {}

    def read(self, operation: str, what: str, names: Iterable[str], read: Callable[[], Result]) -> Result | None:
        """The result of the read. None if it is refused. An operation that was denied is not called again.

        what, names: the unread data, as text for the user.
        """
        denied = self._denied.get(operation)
        if denied is None:
            try:
                return read()
            except ApiError as error:
                if error.code not in _DENIED | _SINGLE:
                    raise
                denied = error
        self._add(denied, what, names)
        return None

    def told(self) -> list[dict[str, Any]]:
        """The gaps in the format of the result."""
        return [
            {"action": error.action, "code": error.code, "message": error.message, "scope": _scope(what, names)}
            for error, what, names in self._found.values()
        ]

    def warnings(self) -> list[str]:
        """The gaps as warnings."""
        return [f"Not read: {_scope(what, names)}. {error.text()}" for error, what, names in self._found.values()]

    def _add(self, error: ApiError, what: str, names: Iterable[str]) -> None:
        with self._lock:
            if error.code in _DENIED:
                self._denied[error.operation] = error
            self._found.setdefault((error.operation, error.code), (error, what, []))[2].extend(names)


def _scope(what: str, names: list[str]) -> str:
    if not names:
        return what
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{what} of {', '.join(sorted(names)[:_NAMED])}{more}"
