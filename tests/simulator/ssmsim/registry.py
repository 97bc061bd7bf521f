# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations that the simulator answers, filled in by the modules that define them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ssmsim.store import Region

Handler = Callable[[Region, dict[str, Any]], dict[str, Any]]

OPERATIONS: dict[str, Handler] = {}


def operation(name: str) -> Callable[[Handler], Handler]:
    """Register a function as the handler of the API operation ``name``.

    The handler gets the wire form of a request that already satisfies the model, and returns the wire form of
    the answer; members that the model does not name are cut off later, datetimes become epoch seconds.
    """

    def register(handler: Handler) -> Handler:
        if name in OPERATIONS:
            raise ValueError(f"{name} has two handlers")
        OPERATIONS[name] = handler
        return handler

    return register
