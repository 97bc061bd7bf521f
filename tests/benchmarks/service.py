# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator as the benchmark uses it: its doors, and recordings of what it was asked."""

from __future__ import annotations

import json
import os
import urllib.request
from collections import Counter
from dataclasses import dataclass
from typing import Any

import boto3
from replay import ID_MEMBERS, Call

# State of the account before a run: empty, as declared, or as declared but for one window.
NEW, SAME, CHANGE = "all new", "nothing to do", "one change"
STATES = (NEW, SAME, CHANGE)
ACCOUNT = "123456789012"


class UnexpectedCallsError(Exception):
    """A contestant did not do what was to be timed."""


@dataclass
class Recording:
    """The calls of one run in the order in which they were answered, as replay.py takes them."""

    calls: list[Call]

    @property
    def counts(self) -> Counter[str]:
        """How often each operation was called."""
        return Counter(call["operation"] for call in self.calls)


class Service:
    """The doors of a simulator."""

    def __init__(self, endpoint: str, latency: float, *, every_service: bool = False) -> None:
        """latency: milliseconds that each call takes longer. every_service: not only those to Systems Manager."""
        self._endpoint = endpoint
        self._slow = {"op": "*", "do": "latency", **({"service": "*"} if every_service else {})}
        self._latency: list[dict[str, Any]] = []
        self.set_latency(latency)

    def set_latency(self, milliseconds: float) -> None:
        """Let each call take so much longer from now on, and disturb none in any other way."""
        self._latency = [{**self._slow, "ms": milliseconds}] if milliseconds else []
        self._door("POST", "faults", self._latency)

    def limit(self, per_second: float, burst: float) -> None:
        """Refuse calls beyond this rate from now on."""
        rule = {"op": "*", "do": "ThrottlingException", "per_second": per_second, "burst": burst}
        self._door("POST", "faults", [rule])

    def reset(self) -> None:
        """Empty the account."""
        self._door("POST", "reset")
        self._door("POST", "faults", self._latency)

    def fill(self, nodes: int) -> None:
        """Empty the account, and put a fleet into it."""
        self.reset()
        region = {"account": ACCOUNT, "region": os.environ["AWS_REGION"], "fleet": {"count": nodes}}
        self._door("POST", "seed", {"regions": [region]})

    def log(self) -> list[dict[str, Any]]:
        """Return the calls to Systems Manager since the log was cleared."""
        return [call for call in self._door("GET", "log") if call["service"] == "ssm"]

    def listings(self) -> list[dict[str, Any]]:
        """Return the calls since the log was cleared as paged.py takes them; raise if one of them failed."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for call in self.log():
            if call["error"]:
                raise UnexpectedCallsError(f"{call['op']}: {call['error']}")
            request = {name: value for name, value in call["input"].items() if name != "NextToken"}
            new = {"operation": call["op"], "request": request, "pages": 0}
            found.setdefault((call["op"], json.dumps(request, sort_keys=True)), new)["pages"] += 1
        return list(found.values())

    def clear_log(self) -> None:
        """Forget the calls made so far."""
        self._door("POST", "log")

    def calls(self, state: str) -> list[dict[str, Any]]:
        """Return the calls to Systems Manager since the log was cleared; raise if they are not those of the state."""
        log = self.log()
        failed = [f"{call['op']}: {call['error']}" for call in log if call["error"]]
        writes = sum(call["write"] for call in log)
        if failed or not {NEW: writes > 1, SAME: writes == 0, CHANGE: writes == 1}[state]:
            raise UnexpectedCallsError(
                f"{state}: {len(log)} calls, {writes} of them writes; failed: {failed or 'none'}"
            )
        return log

    def recording(self, state: str) -> Recording:
        """Return the calls since the log was cleared, with the ids that the creations among them got."""
        log = self.calls(state)
        self._door("POST", "faults", [])
        ids = self._ids() if state == NEW else {}
        self._door("POST", "faults", self._latency)
        return Recording([_recorded(entry, ids) for entry in log])

    def _ids(self) -> dict[tuple[Any, ...], str]:
        """Ids of what is in the account by creating operation, window and name."""
        client = boto3.client("ssm", endpoint_url=self._endpoint)

        def listed(operation: str, result: str, **request: Any) -> list[dict[str, Any]]:
            return [entry for page in client.get_paginator(operation).paginate(**request) for entry in page[result]]

        ids: dict[tuple[Any, ...], str] = {}
        for found in listed("describe_patch_baselines", "BaselineIdentities"):
            ids["CreatePatchBaseline", None, found["BaselineName"]] = found["BaselineId"]
        for found in listed("describe_maintenance_windows", "WindowIdentities"):
            window = found["WindowId"]
            ids["CreateMaintenanceWindow", None, found["Name"]] = window
            for target in listed("describe_maintenance_window_targets", "Targets", WindowId=window):
                ids["RegisterTargetWithMaintenanceWindow", window, target["Name"]] = target["WindowTargetId"]
            for task in listed("describe_maintenance_window_tasks", "Tasks", WindowId=window):
                ids["RegisterTaskWithMaintenanceWindow", window, task["Name"]] = task["WindowTaskId"]
        return ids

    def _door(self, method: str, door: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._endpoint}/_sim/{door}", content, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)


def _recorded(entry: dict[str, Any], ids: dict[tuple[Any, ...], str]) -> Call:
    operation, request = entry["op"], entry["input"]
    gives = ids[operation, request.get("WindowId"), request["Name"]] if operation in ID_MEMBERS else None
    return {"operation": operation, "request": request, "gives": gives}
