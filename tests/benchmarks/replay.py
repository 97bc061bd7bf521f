# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make recorded API calls with plain boto3: as many at a time as there are threads, and no decisions.

usage: replay.py RECORDING THREADS

RECORDING: JSON, a list of {"operation", "request", "gives"}; gives: the id that a creation got when it was recorded,
else null. A call waits for nothing but the creations whose ids it carries, and carries the new ids.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import boto3
from botocore.config import Config

ID_MEMBERS = {
    "CreateMaintenanceWindow": "WindowId",
    "RegisterTargetWithMaintenanceWindow": "WindowTargetId",
    "RegisterTaskWithMaintenanceWindow": "WindowTaskId",
    "CreatePatchBaseline": "BaselineId",
}

Call = dict[str, Any]


def strings(value: Any) -> set[str]:
    """Return every string in a request, keys not counted."""
    if isinstance(value, dict):
        return {text for entry in value.values() for text in strings(entry)}
    if isinstance(value, list):
        return {text for entry in value for text in strings(entry)}
    return {value} if isinstance(value, str) else set()


def replaced(value: Any, ids: dict[str, str]) -> Any:
    """Return a request with the new ids in place of the recorded ones."""
    if isinstance(value, dict):
        return {key: replaced(entry, ids) for key, entry in value.items()}
    if isinstance(value, list):
        return [replaced(entry, ids) for entry in value]
    return ids.get(value, value) if isinstance(value, str) else value


class Replay:
    """The calls, those that can be made now, and those that wait for an id."""

    def __init__(self, calls: list[Call], threads: int) -> None:
        config = Config(max_pool_connections=max(threads, 10), retries={"mode": "standard", "total_max_attempts": 10})
        self._client = boto3.client("ssm", config=config)
        self._methods = {operation: name for name, operation in self._client.meta.method_to_api_mapping.items()}
        self._threads = threads
        self._lock = threading.Lock()
        self._left = len(calls)
        self._ids: dict[str, str] = {}
        self._error: BaseException | None = None
        self._ready: SimpleQueue[Call | None] = SimpleQueue()
        self._waiting: list[tuple[set[str], Call]] = []
        created = {call["gives"] for call in calls if call["gives"]}
        for call in calls:
            if needs := strings(call["request"]) & created:
                self._waiting.append((needs, call))
            else:
                self._ready.put(call)
        if not calls:
            self._stop()

    def run(self) -> None:
        """Make all calls; raises the error of the first one that fails."""
        workers = [threading.Thread(target=self._work) for _ in range(self._threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if self._error:
            raise self._error

    def _work(self) -> None:
        while (call := self._ready.get()) is not None:
            try:
                self._carry_out(call)
            except BaseException as error:
                self._error = self._error or error
                self._stop()

    def _carry_out(self, call: Call) -> None:
        operation = call["operation"]
        answer = getattr(self._client, self._methods[operation])(**replaced(call["request"], self._ids))
        with self._lock:
            if call["gives"]:
                self._release(call["gives"], answer[ID_MEMBERS[operation]])
            self._left -= 1
            if not self._left:
                self._stop()

    def _release(self, recorded: str, new: str) -> None:
        self._ids[recorded] = new
        still_waiting = []
        for needs, call in self._waiting:
            needs.discard(recorded)
            if needs:
                still_waiting.append((needs, call))
            else:
                self._ready.put(call)
        self._waiting = still_waiting

    def _stop(self) -> None:
        for _ in range(self._threads):
            self._ready.put(None)


if __name__ == "__main__":
    Replay(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), int(sys.argv[2])).run()
