# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that the service does not reject the input of a run that check mode accepted."""

from __future__ import annotations

import json
from typing import Any

# The error codes for invalid input. Errors about the state of the account have other codes.
_REFUSALS = frozenset({"ValidationException", "InvalidParameters", "InvalidRole"})
# Warnings of check mode that leave the check to the service.
_FORETOLD = ("AWS might refuse", "never opens the window again", "are not checked before they are written")


class Predictions:
    """Records the last run in check mode, until anything else happens in the account."""

    def __init__(self) -> None:
        self._good: str | None = None

    def forget(self) -> None:
        """Discard the last run, because the account could have changed since."""
        self._good = None

    def note(self, module: str, args: dict[str, Any], check: bool, result: dict[str, Any]) -> None:
        """Record a run in check mode that found no violation and left no check to the service."""
        is_open = any(mark in text for text in result["warnings"] for mark in _FORETOLD)
        self._good = _key(module, args) if check and not result.get("failed") and not is_open else None

    def hold(self, module: str, args: dict[str, Any], calls: list[dict[str, Any]]) -> None:
        """Assert that the service rejected no input of a run that check mode accepted."""
        if self._good == _key(module, args):
            writes = [call for call in calls if call["write"]]
            refused = [(call["op"], call["error"], call["input"]) for call in writes if call["error"] in _REFUSALS]
            assert not refused, f"check mode passed, and the service refused {refused}"


def _key(module: str, args: dict[str, Any]) -> str:
    return json.dumps([module, args], sort_keys=True, default=str)
