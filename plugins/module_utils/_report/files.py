# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are written whole or not at all, and only if their content or mode differs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .._files.whole_file import WholeFile


def encoded(pieces: Iterable[str]) -> Iterable[bytes]:
    """Text as UTF-8. Halves of surrogate pairs, which JSON can hold and UTF-8 cannot, become question marks."""
    return (piece.encode("utf-8", "replace") for piece in pieces)


def write(path: Path, pieces: Iterable[str], mode: int, check_mode: bool) -> bool:
    """Write the file, unless in check mode; gives whether content or mode changed, or would."""
    with WholeFile(path, mode, check_mode) as file:
        for piece in encoded(pieces):
            file.add(piece)
    return file.changed
