# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the work of a run without a clock, by counting calls or lines."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_OURS = "/patchfleet/aws/plugins/module_utils/"


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count calls by file and function while the block runs, including calls in other threads."""
    found: Counter[str] = Counter()
    calls: Counter[tuple[str, str]] = Counter()
    lock = threading.Lock()

    # Unlike a function for sys.setprofile, it is called only for calls, and not for those of C.
    def note(frame: FrameType, _event: str, _argument: Any) -> None:
        code = frame.f_code
        if _OURS in code.co_filename:
            with lock:
                calls[code.co_filename, code.co_qualname] += 1

    with _tracing(note):
        yield found
    for (path, name), count in calls.items():
        found[f"{path.partition(_OURS)[2]}:{name}"] += count


def lines_run(work: Callable[[], object]) -> int:
    """The number of lines that some work runs, here and in what it calls: a measure of time without a clock."""
    lines = 0

    def note(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return note

    with _tracing(note):
        work()
    return lines


@contextmanager
def _tracing(note: Callable[[FrameType, str, Any], Any]) -> Iterator[None]:
    """Call a function for each call in all threads, and for each line if it returns itself."""
    before, before_in_threads = sys.gettrace(), threading.gettrace()
    threading.settrace(note)
    sys.settrace(note)
    try:
        yield
    finally:
        sys.settrace(before)
        threading.settrace(before_in_threads)  # type: ignore[arg-type]
