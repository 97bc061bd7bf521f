# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts and lists of names, short enough for a screen."""

from __future__ import annotations

from collections.abc import Sequence

from .._aws.text import printable

SHOWN = 10


def listed(names: Sequence[str], shown: int = SHOWN) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(map(printable, names[:shown])) + more


def counted(number: int, noun: str) -> str:
    """A number and its noun: C(1 window), C(2 windows)."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
