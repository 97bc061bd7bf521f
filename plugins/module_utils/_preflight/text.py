# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts strings to values of other types, for extra variables and AWX surveys. Pure functions.

A survey supports text, numbers and lists of fixed choices. Users enter other lists in a text field, and leave a field
empty to omit the variable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.yaml import HAS_YAML, yaml_load

Option = Mapping[str, Any]


def is_nothing(option: Option, value: Any) -> bool:
    """Whether a value is an empty string for an option that requires a number, boolean, choice, list or dictionary."""
    is_text = option.get("type", "str") in ("str", "raw", "path") and not option.get("choices")
    return isinstance(value, str) and not value.strip() and not is_text


def read_text(option: Option, value: Any) -> Any:
    """The value that a string represents. Strings for string options, and invalid strings, are returned unchanged.

    A list has one entry on each line, or all entries on one line, separated by commas. Lists and dictionaries can also
    be JSON. Dictionaries and lists of dictionaries can also be YAML.
    """
    if not isinstance(value, str) or not value.strip():
        return value
    wanted = option.get("type", "str")
    if wanted == "list" and option.get("elements") != "dict":
        return _entries(value)
    if wanted in ("list", "dict"):
        return _structure(wanted, value)
    return value.strip() if option.get("choices") or wanted not in ("str", "raw", "path") else value


def _entries(text: str) -> Any:
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            pass
    lines = text.strip().splitlines()
    return [entry.strip() for entry in (lines if len(lines) > 1 else text.split(",")) if entry.strip()]


def _structure(wanted: str, text: str) -> Any:
    if not HAS_YAML:
        return text
    try:
        # The parser requires a plain string, without the tags of Ansible.
        found = yaml_load(str(text))
    except Exception:
        return text
    return found if isinstance(found, {"list": list, "dict": dict}[wanted]) else text
