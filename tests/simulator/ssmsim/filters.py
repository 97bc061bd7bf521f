# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of listings. An entry must match one value of every filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ssmsim.errors import ServiceError, validation
from ssmsim.store import Record

Item = TypeVar("Item")
Test = Callable[[Record, str], bool]


def equals(member: str) -> Test:
    """A test whether a member, as a string, equals the value of the filter."""
    return lambda record, value: str(record.get(member, "")) == value


def select(
    records: list[Item],
    filters: list[dict[str, Any]],
    tests: Mapping[str, Callable[[Item, str], bool]],
    error: Callable[[str], ServiceError] = validation,
) -> list[Item]:
    """The records that match all filters. A filter key that is not in ``tests`` is an ``error``."""
    for entry in filters:
        test = tests.get(entry.get("Key", ""))
        if test is None:
            raise error(f"The filter key {entry.get('Key')} is not valid. Valid keys are: {', '.join(tests)}.")
        values = entry.get("Values", [])
        records = [record for record in records if any(test(record, value) for value in values)]
    return records
