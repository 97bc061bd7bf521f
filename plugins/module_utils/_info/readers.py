# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions that the readers of the info modules share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._aws.client import Api
from .._options.kind import Kind
from .._state.declaration import Declaration, make_entry, violations
from .export import Declared

WORKERS = 16


def is_wanted(value: str | None, wanted: list[str] | None) -> bool:
    return wanted is None or value in wanted


def checker(api: Api) -> Callable[[Kind, dict[str, Any]], list[str]]:
    """A function that returns violations in the options of one resource, by the rules of the writing modules."""
    return lambda kind, options: violations(Declaration({kind.name: (make_entry(kind, options),)}), api.input_shape)


def declared(declared: Declared) -> dict[str, Any]:
    return {"declaration": declared.options, "undeclared": declared.undeclared}
