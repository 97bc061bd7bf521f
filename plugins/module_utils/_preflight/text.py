# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text as the value of an option of another type: extra variables, and the answers of a survey in AWX. Pure functions.

A survey knows text, numbers and lists of fixed choices. Whoever answers it writes lists into a field of text, and
leaves a field empty that has nothing to say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.yaml import HAS_YAML, yaml_load

Option = Mapping[str, Any]


def is_nothing(option: Option, value: Any) -> bool:
    """Whether a value is empty text where text is no value: for a number, a boolean, a choice, a list, a dictionary."""
    is_text = option.get("type", "str") in ("str", "raw", "path") and not option.get("choices")
    return isinstance(value, str) and not value.strip() and not is_text


def read_text(option: Option, value: Any) -> Any:
    """The value that text stands for; the text itself where the option takes text, or where it stands for nothing.

    A list is one entry a line, or on one line separated by commas. Lists and dictionaries may be JSON; a dictionary,
    and a list of dictionaries, may be YAML.
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
        # The parser wants plain text, without what Ansible notes about its origin.
        found = yaml_load(str(text))
    except Exception:
        return text
    return found if isinstance(found, {"list": list, "dict": dict}[wanted]) else text
