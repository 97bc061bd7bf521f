# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads windows and baselines only once in a run, because several parts of a report need them."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from .._aws.client import Answer, Api

# The parts of cached operations, whose responses are few regardless of the number of nodes.
_KEPT = ("MaintenanceWindow", "PatchBaseline", "PatchGroups")


class ReportApi(Api):
    """An Api that caches responses about windows and baselines, and returns them if the same request is repeated."""

    def __init__(self, client: Any, is_lenient: bool = False) -> None:
        super().__init__(client, is_lenient)
        self._answers: dict[str, Answer] = {}

    def call(self, operation: str, **request: Any) -> Answer:
        """Make an API call unless its response is cached. Raises ApiError."""
        if not any(part in operation for part in _KEPT):
            return super().call(operation, **request)
        key = json.dumps([operation, request], sort_keys=True, default=str)
        if key not in self._answers:
            self._answers[key] = super().call(operation, **request)
        # A reader can change its copy.
        return deepcopy(self._answers[key])
