# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Escapes text from an account, so that a terminal, an editor or a browser only displays it. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence

_BREAKS = re.compile(r"\s*[\n\r\t]\s*")


def printable(text: str) -> str:
    """Text on one line. Control characters, bidirectional marks, separators and surrogates are escaped (\\x1b)."""
    return text if text.isprintable() else _escaped(_BREAKS.sub(" ", text))


def printable_lines(text: str) -> str:
    """Text that keeps its lines and tabs, otherwise escaped as by printable."""
    if text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(_escaped, line.split("\t"))) for line in lines)


def itemized(head: str, items: Sequence[str]) -> str:
    """A message about several things, each on a line of its own. A single one is on the line of the head."""
    head, lines = printable(head), [printable(item) for item in items]
    return f"{head}: {lines[0]}" if len(lines) == 1 else "\n- ".join([f"{head}:", *lines])


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
