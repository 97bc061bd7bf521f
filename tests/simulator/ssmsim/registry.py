# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The implemented operations, which the modules that define them register."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ssmsim.store import Region

Handler = Callable[[Region, dict[str, Any]], dict[str, Any]]

OPERATIONS: dict[str, Handler] = {}


def operation(name: str) -> Callable[[Handler], Handler]:
    """Register a function as the handler of the API operation ``name``.

    The handler receives the wire format of a request that has been validated, and returns the wire format of the
    response. Later, members that are not in the model are removed, and datetimes become epoch seconds.
    """

    def register(handler: Handler) -> Handler:
        if name in OPERATIONS:
            raise ValueError(f"{name} has two handlers")
        OPERATIONS[name] = handler
        return handler

    return register
