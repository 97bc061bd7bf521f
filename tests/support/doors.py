# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doors of a simulator that runs as a server, which its README lists."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import urlopen


def door(endpoint: str, name: str, body: Any = None) -> Any:
    """Use a door, and return what it answers. Without a body it is only read; an empty one clears the log or resets."""
    with urlopen(f"{endpoint}/_sim/{name}", None if body is None else json.dumps(body).encode()) as answer:
        return json.load(answer)
