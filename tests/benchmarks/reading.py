# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that read, each beside a script that makes the same paged calls and throws the answers away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import workload
from contestants import Contestants
from report import Pair, Results
from service import NEW, SAME, Service

CONCURRENCY = 16
# Nodes of each fleet, and how many rounds it gets; the patches of a large one take minutes.
INSTANCE_ROUNDS = {1_000: 3, 10_000: 3, 50_000: 1}
PATCH_ROUNDS = {1_000: 3, 10_000: 1, 50_000: 1}
REPORT_NODES = 50_000
NODES_OF_A_RUN = 1_000
GROWING_WINDOWS = (1, 10)


class Reading:
    """Measures what reads. most: the size of the largest fleet."""

    def __init__(self, service: Service, contestants: Contestants, folder: Path, most: int) -> None:
        self._service = service
        self._contestants = contestants
        self._folder = str(folder)
        self._most = most

    def measure(self, results: Results) -> None:
        """Measure all of it; for nodes the service answers at once."""
        self._windows(results)
        self._export(results)
        self._service.set_latency(0)
        self._run(results)
        for nodes, rounds in INSTANCE_ROUNDS.items():
            self._compliance(results, "instances", nodes, rounds)
        for nodes, rounds in PATCH_ROUNDS.items():
            self._compliance(results, "patches", nodes, rounds)
        self._report(results)

    def _compliance(self, results: Results, level: str, nodes: int, rounds: int) -> None:
        if nodes > self._most:
            return
        self._service.fill(nodes)
        pair = results.pairs[f"compliance, {level}", nodes] = Pair()
        for _ in range(rounds):
            self._pair(pair, "compliance", level=level, folder=self._folder)

    def _run(self, results: Results) -> None:
        nodes = min(NODES_OF_A_RUN, self._most)
        pair = results.pairs["ssm_patch_run, not waiting", nodes] = Pair()
        for _ in range(3):
            self._service.fill(nodes)
            self._pair(pair, "patch_run")

    def _export(self, results: Results) -> None:
        self._service.reset()
        declaration = workload.declaration()
        self._contestants.play("bulk", **declaration, concurrency=CONCURRENCY)
        pair = results.pairs["ssm_maintenance_window_info, 50 windows", 0] = Pair()
        for _ in range(3):
            self._pair(pair, "export")

    def _windows(self, results: Results) -> None:
        """Setups of few windows, for the growth."""
        for windows in GROWING_WINDOWS:
            declaration = workload.declaration(windows, 1)
            self._service.reset()
            for state in (NEW, SAME, SAME, SAME):
                self._service.clear_log()
                sample = self._contestants.play("bulk", **declaration, concurrency=CONCURRENCY)
                if state == SAME:
                    results.growth.setdefault(windows, []).append(sample)
            results.grown_calls[windows] = len(self._service.calls(SAME))

    def _report(self, results: Results) -> None:
        self._service.fill(min(REPORT_NODES, self._most))
        for name in ("reading", "report"):
            results.samples[name, ""].append(self._contestants.play(name, folder=self._folder))

    def _pair(self, pair: Pair, play: str, **variables: Any) -> None:
        self._service.clear_log()
        pair.module.append(self._contestants.play(play, **variables))
        listings = self._service.listings()
        pair.calls = sum(listing["pages"] for listing in listings)
        pair.limit.append(self._contestants.paged(listings, CONCURRENCY))
