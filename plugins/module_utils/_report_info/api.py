# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads of the windows and baselines of an account, which several parts of a report need, made once for a run."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from .._aws.client import Answer, Api

# Few answers, however many nodes there are.
_KEPT = ("MaintenanceWindow", "PatchBaseline", "PatchGroups")


class ReportApi(Api):
    """An Api that keeps its answers about windows and baselines, and returns them if the same request is repeated."""

    def __init__(self, client: Any, is_lenient: bool = False) -> None:
        super().__init__(client, is_lenient)
        self._answers: dict[str, Answer] = {}

    def call(self, operation: str, **request: Any) -> Answer:
        """One API call, unless its answer is known; raises ApiError."""
        if not any(part in operation for part in _KEPT):
            return super().call(operation, **request)
        key = json.dumps([operation, request], sort_keys=True, default=str)
        if key not in self._answers:
            self._answers[key] = super().call(operation, **request)
        # A reader may change what it is given.
        return deepcopy(self._answers[key])
