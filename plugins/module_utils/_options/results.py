# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of modules in a form that ansible-core reads as data, regardless of the content of the account.

ansible-core marks values of its own types with keys in JSON. A dictionary with C(__ansible_type), such as a tag with
that key, becomes another value on the controller or aborts the task. C(__ansible_unsafe) and C(__ansible_vault) do so
when a result is stored. Keys that begin with C(_ansible_) disappear. A lone surrogate also aborts the task.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.warnings import warn

from .._aws.text import printable

_INTERNAL = re.compile("__?ansible_")
_SHOWN = 5


def is_internal(key: Any) -> bool:
    """Whether ansible-core reserves a key."""
    return isinstance(key, str) and bool(_INTERNAL.match(key))


def is_readable(value: Any) -> bool:
    """Whether ansible-core reads a value unchanged."""
    cleaner = _Cleaner()
    cleaner.cleaned(value, "")
    return not cleaner.warnings()


class _Cleaner:
    """Copies a value without the parts that ansible-core cannot read, and records these parts."""

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._texts: list[str] = []

    def cleaned(self, value: Any, path: str) -> Any:
        """The value in a form that ansible-core can read. path: its location in the result."""
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, Mapping):
            return {
                self._text(key, path): self.cleaned(entry, f"{path}.{key}" if path else str(key))
                for key, entry in value.items()
                if not self._leaves_out(key, path)
            }
        if isinstance(value, (list, tuple)):
            return [self.cleaned(entry, f"{path}[{number}]") for number, entry in enumerate(value)]
        return value

    def _leaves_out(self, key: Any, path: str) -> bool:
        if is_internal(key):
            self._keys.append(f"{key} in {path}")
            return True
        return False

    def _text(self, text: Any, path: str) -> Any:
        if not isinstance(text, str) or text.isascii():
            return text
        try:
            text.encode()
        except UnicodeEncodeError:
            self._texts.append(path)
            return text.encode("utf-8", "backslashreplace").decode()
        return text

    def warnings(self) -> list[str]:
        """Warnings about the copy."""
        found = []
        if self._keys:
            found.append(
                "The result omits keys that ansible-core reserves:"
                f" {_listed(self._keys)}. They are unchanged in the account."
            )
        if self._texts:
            found.append(
                f"The result shows lone surrogates, which ansible-core cannot read, as escapes: {_listed(self._texts)}."
            )
        return found


def _listed(places: list[str]) -> str:
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return printable(", ".join(places[:_SHOWN])) + more


def readable(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result in a form that ansible-core can read, with warnings about the differences."""
    cleaner = _Cleaner()
    cleaned: dict[str, Any] = cleaner.cleaned(result, "")
    for text in cleaner.warnings():
        warn(text)
    return cleaned


class Readable:
    """A module whose results are readable."""

    def exit_json(self, *args: Any, **result: Any) -> None:
        """End the module with its result."""
        super().exit_json(*args, **readable(result))  # type: ignore[misc]

    def fail_json(self, *args: Any, **result: Any) -> None:
        """End the module with an error."""
        super().fail_json(*args, **readable(result))  # type: ignore[misc]


class LocalModule(Readable, AnsibleModule):
    """A module that makes no API calls."""
