# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Structures of the API as parsed by botocore, and access to their members by dotted path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Raw = dict[str, Any]


def member(raw: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path. None if a part of the path is absent."""
    value: Any = raw
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def put_member(raw: Raw, path: str, value: Any) -> None:
    """Set the value at a dotted path. None removes it, together with blocks that become empty."""
    head, _dot, rest = path.partition(".")
    if rest:
        block = raw.setdefault(head, {})
        put_member(block, rest, value)
        if not block:
            del raw[head]
    elif value is None:
        raw.pop(head, None)
    else:
        raw[head] = value


def iso_date(moment: Any) -> str | None:
    """A date in a response as ISO 8601 text in UTC. None if it is in 1970 or earlier. Other values are unchanged."""
    if not isinstance(moment, datetime):
        return moment
    return None if moment.year <= 1970 else moment.astimezone(UTC).isoformat()
