# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of rows, JSON Lines or CSV, written row by row and put in its place at the end, whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

Row = Mapping[str, Any]

SUFFIXES = (".csv", ".jsonl")
_MODE = 0o600
_CHUNK = 1 << 20
# What a spreadsheet takes for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def violations(option: str, dest: str) -> list[str]:
    """Why a file cannot be written, before anything is read."""
    path = Path(dest)
    if path.suffix not in SUFFIXES:
        return [f"{option}: {dest!r} must end in {' or '.join(SUFFIXES)}"]
    if path.is_dir():
        return [f"{option}: {dest!r} is a directory; name a file in it"]
    folder = path.resolve().parent
    if not folder.is_dir():
        return [f"{option}: the directory {str(folder)!r} does not exist; create it first"]
    if not os.access(folder, os.W_OK | os.X_OK):
        return [f"{option}: the directory {str(folder)!r} is not writable for this user"]
    if path.exists() and not os.access(path, os.R_OK):
        return [f"{option}: {dest!r} exists and cannot be read, so that nothing can tell whether it changes"]
    return []


class RowFile:
    """The file as a context: rows are added inside, and it is put in place when the block ends without an error.

    changed: whether the content differs from what was there; known after the block. In check mode nothing is written.
    """

    def __init__(self, dest: str, fields: tuple[str, ...], check_mode: bool) -> None:
        # A link stays a link, and the file that it leads to is replaced.
        self._path = Path(dest).resolve()
        is_table = self._path.suffix == ".csv"
        self._line = _csv_line(fields) if is_table else _json_line
        self._head = _joined(fields) if is_table else b""
        self._check_mode = check_mode
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = None
        self.changed = False

    def __enter__(self) -> RowFile:
        if not self._check_mode:
            # The mode of a new temporary file is 0600.
            handle, self._temporary = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
            self._file = os.fdopen(handle, "wb")
        self._write(self._head)
        return self

    def add(self, row: Row) -> None:
        """Write a row."""
        self._write(self._line(row))

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.changed = _digest(self._path) != self._hash.digest()
        if self._file is None:
            return
        try:
            self._file.close()
            if self.changed:
                _keep_access(self._path, self._temporary)
                os.replace(self._temporary, self._path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(self._temporary)

    def _write(self, content: bytes) -> None:
        self._hash.update(content)
        if self._file is not None:
            self._file.write(content)


def _keep_access(path: Path, temporary: str) -> None:
    """Give a new file the mode and, where this user may, the owner of the one that it replaces."""
    if not path.exists():
        os.chmod(temporary, _MODE)
        return
    before = path.stat()
    with suppress(PermissionError):
        os.chown(temporary, before.st_uid, before.st_gid)
    os.chmod(temporary, stat.S_IMODE(before.st_mode))


def _digest(path: Path) -> bytes | None:
    if not path.exists():
        return None
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def _json_line(row: Row) -> bytes:
    return f"{json.dumps(row)}\n".encode("ascii")


def _csv_line(fields: tuple[str, ...]) -> Callable[[Row], bytes]:
    return lambda row: _joined(_cell(row[name]) for name in fields)


def _joined(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
