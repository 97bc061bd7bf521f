# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the files of the collection through which a value passes, from the arguments of a module to a call."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

PLUGINS = "/patchfleet/aws/plugins/"
CLIENT = "module_utils/_aws/client.py"


def files_of(value: str | int, run: Callable[[], object]) -> list[str]:
    """The files with a function that receives the value, alone or in dictionaries, up to the call that sends it.

    They are in the order of their first use, and include files that only check the value, such as those of rules.
    """
    found: dict[str, None] = {}

    def look(frame: FrameType, event: str, _arg: Any) -> None:
        _before, _plugins, name = frame.f_code.co_filename.partition(PLUGINS)
        if event != "call" or not name or name in found or CLIENT in found:
            return
        code = frame.f_code
        arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 8)]
        if any(_holds(frame.f_locals.get(one), value) for one in arguments):
            found[name] = None

    threading.setprofile(look)
    sys.setprofile(look)
    try:
        run()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return list(found)


def _holds(argument: Any, value: Any) -> bool:
    if isinstance(argument, Mapping):
        return any(_holds(entry, value) for entry in argument.values())
    if isinstance(argument, list):
        return any(_holds(entry, value) for entry in argument)
    return type(argument) is type(value) and bool(argument == value)
