# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the work of a run without a clock, by counting calls of the collection's functions in all threads."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_OURS = "/patchfleet/aws/plugins/module_utils/"


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count calls by file and function while the block runs, including calls in other threads."""
    found: Counter[str] = Counter()
    lock = threading.Lock()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event == "call" and _OURS in code.co_filename:
            with lock:
                found[f"{code.co_filename.partition(_OURS)[2]}:{code.co_qualname}"] += 1

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(before)
        threading.setprofile(before)
