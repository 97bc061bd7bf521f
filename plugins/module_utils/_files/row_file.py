# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of rows in JSON Lines or CSV, which is written row by row and replaced atomically at the end."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .cells import cell
from .whole_file import WholeFile

Row = Mapping[str, Any]

SUFFIXES = (".csv", ".jsonl")


def violations(option: str, dest: str) -> list[str]:
    """Reasons why a file cannot be written, which are checked before anything is read."""
    path = Path(dest)
    if path.suffix not in SUFFIXES:
        return [f"{option}: {dest!r} must end in {' or '.join(SUFFIXES)}"]
    if path.is_dir():
        return [f"{option}: {dest!r} is a directory; specify a file"]
    folder = path.resolve().parent
    if not folder.is_dir():
        return [f"{option}: the directory {str(folder)!r} does not exist; create it first"]
    if not os.access(folder, os.W_OK | os.X_OK):
        return [f"{option}: the directory {str(folder)!r} is not writable by this user"]
    if path.exists() and not os.access(path, os.R_OK):
        return [f"{option}: {dest!r} exists but cannot be read, so it is unknown whether it would change"]
    return []


def dest_violations(dest: str | None, level: str, levels: str) -> list[str]:
    """Violations in the option C(dest) at a level. levels: the levels that have rows, as text."""
    if dest is None:
        return []
    found = [f"dest: requires {levels}"] if level == "summary" else []
    return found + violations("dest", dest)


class RowFile(WholeFile):
    """The file as a context manager, to which rows are added. An existing file keeps its mode, a new one gets 0600."""

    def __init__(self, dest: str, fields: tuple[str, ...], check_mode: bool) -> None:
        # A link is kept, and the file that it points to is replaced.
        path = Path(dest).resolve()
        super().__init__(path, None, check_mode)
        is_table = path.suffix == ".csv"
        self._line = _csv_line(fields) if is_table else _json_line
        self._head = _joined(fields) if is_table else b""

    def __enter__(self) -> RowFile:
        super().__enter__()
        self.add(self._head)
        return self

    def add_row(self, row: Row) -> None:
        """Write a row."""
        self.add(self._line(row))

    def add_rows(self, rows: Iterable[Row]) -> None:
        """Write rows at once."""
        self.add(b"".join(map(self._line, rows)))


def _json_line(row: Row) -> bytes:
    return f"{json.dumps(row)}\n".encode("ascii")


def _csv_line(fields: tuple[str, ...]) -> Callable[[Row], bytes]:
    return lambda row: _joined(cell(row[name]) for name in fields)


def _joined(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode("utf-8")
