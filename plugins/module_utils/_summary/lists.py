# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats counts and lists of names, short enough for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.text import printable

SHOWN = 10


def listed(names: Sequence[str], shown: int = SHOWN) -> str:
    """The first names, and the number of further ones."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(map(printable, names[:shown])) + more


def counted(number: int, noun: str) -> str:
    """A number and its noun: C(1 window), C(2 windows)."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def task_title(task: Mapping[str, Any]) -> str:
    """The name of an executed task. If it is unknown, the names that it can have, or what it runs."""
    return printable(str(task["name"] or " or ".join(task["possible_names"]) or task["task_arn"]))
