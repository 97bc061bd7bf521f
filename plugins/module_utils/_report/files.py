# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are written whole or not at all, and only if their content or mode differs."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_CHUNK = 1 << 20


def encoded(pieces: Iterable[str]) -> Iterable[bytes]:
    """Text as UTF-8. Halves of surrogate pairs, which JSON can hold and UTF-8 cannot, become question marks."""
    return (piece.encode("utf-8", "replace") for piece in pieces)


def differs(path: Path, pieces: Iterable[str], mode: int) -> bool:
    """Whether the file would change; nothing is written."""
    sums = hashlib.sha256()
    for piece in encoded(pieces):
        sums.update(piece)
    return _would_change(path, sums.digest(), mode)


def write(path: Path, pieces: Iterable[str], mode: int) -> bool:
    """Write the file, under its name when it is complete; gives whether content or mode changed."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        sums = hashlib.sha256()
        with os.fdopen(handle, "wb") as file:
            for piece in encoded(pieces):
                sums.update(piece)
                file.write(piece)
        temporary.chmod(mode)
        changed = _would_change(path, sums.digest(), mode)
        if changed:
            temporary.replace(path)
        return changed
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _would_change(path: Path, digest: bytes, mode: int) -> bool:
    return _digest(path) != digest or path.stat().st_mode & 0o7777 != mode


def _digest(path: Path) -> bytes | None:
    """None where there is no such file."""
    sums = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                sums.update(chunk)
    except FileNotFoundError:
        return None
    return sums.digest()
