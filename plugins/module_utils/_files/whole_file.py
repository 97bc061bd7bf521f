# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that is written in pieces and replaced atomically at the end."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

_NEW_MODE = 0o600
_CHUNK = 1 << 20


class WholeFile:
    """The file as a context manager, to which pieces are added. It is replaced when the block ends without an error.

    mode: the mode of the file. If it is None, an existing file keeps its mode and, if this user is allowed to set it,
    its owner, and a new one gets 0600. changed: whether the content or mode differs from before, known after the block.
    In check mode, nothing is written.
    """

    def __init__(self, path: Path, mode: int | None, check_mode: bool) -> None:
        self._path = path
        self._mode = mode
        self._check_mode = check_mode
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = None
        self.changed = False

    def __enter__(self) -> WholeFile:
        if not self._check_mode:
            handle, self._temporary = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
            self._file = os.fdopen(handle, "wb")
        return self

    def add(self, content: bytes) -> None:
        """Write a piece."""
        self._hash.update(content)
        if self._file is not None:
            self._file.write(content)

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.changed = self._would_change()
            if self._file is not None:
                self._file.close()
                if self.changed:
                    self._give_access()
                    os.replace(self._temporary, self._path)
        finally:
            if self._file is not None:
                with suppress(FileNotFoundError):
                    os.unlink(self._temporary)

    def _would_change(self) -> bool:
        try:
            other_mode = self._mode not in (None, stat.S_IMODE(self._path.stat().st_mode))
            return other_mode or _digest(self._path) != self._hash.digest()
        except FileNotFoundError:
            return True

    def _give_access(self) -> None:
        mode = self._mode
        if mode is None and self._path.exists():
            before = self._path.stat()
            mode = stat.S_IMODE(before.st_mode)
            with suppress(PermissionError):
                os.chown(self._temporary, before.st_uid, before.st_gid)
        os.chmod(self._temporary, _NEW_MODE if mode is None else mode)


def write_text(path: Path, pieces: Iterable[str], mode: int, check_mode: bool) -> bool:
    """Write a text as UTF-8, unless in check mode. Returns whether the content or mode changed or would change.

    Lone surrogates, which JSON can contain but UTF-8 cannot, become question marks.
    """
    with WholeFile(path, mode, check_mode) as file:
        for piece in pieces:
            file.add(piece.encode("utf-8", "replace"))
    return file.changed


def _digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()
