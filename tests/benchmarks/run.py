#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure how long it takes to apply a large patching setup and to read a fleet, against the limit and other ways.

usage: run.py [--runs N] [--slow-runs N] [--latency MS] [--nodes N] [--cli] [--write]

Every round runs each contestant once, one after the other, so a machine that changes its speed does not decide. The
slow contestants (one call at a time, single modules, other concurrencies) run in the first rounds only.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import crowd
import workload
from contestants import ContestantError, Contestants, Sample
from reading import Reading
from report import Results, console, write
from service import CHANGE, NEW, SAME, STATES, Recording, Service, UnexpectedCallsError

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from simulator import CHECKOUT, environment, serving

CONCURRENCY = 16
OTHER_CONCURRENCIES = (1, 4, 32)
# The part of the workload that the single modules get; what it takes for each resource is the same for more.
SAMPLE_WINDOWS, SAMPLE_BASELINES = 3, 1
CLI_CALLS = 5


class Benchmark:
    """One simulator, the contestants, and what was measured so far."""

    def __init__(self, service: Service, contestants: Contestants) -> None:
        self._service = service
        self._contestants = contestants
        self._declaration = workload.declaration()
        self._sample = workload.declaration(SAMPLE_WINDOWS, SAMPLE_BASELINES)
        self.results = Results(
            samples=defaultdict(list),
            counts={},
            sampled_resources=workload.resources(self._sample),
            resources=workload.resources(self._declaration),
            concurrency=CONCURRENCY,
        )

    def warm_up(self) -> None:
        """Run once what compiles bytecode or loads on first use."""
        self._service.reset()
        self._start_up()
        self.results.samples.clear()

    def round(self, number: int, slow_runs: int) -> None:
        """Run every contestant once; the slow ones in the first rounds only, the slowest in the very first."""
        slow = number < slow_runs
        self._start_up()
        recordings = {state: self._bulk(state, CONCURRENCY) for state in STATES}
        replays = {"limit": CONCURRENCY, "sequential": 1} if slow else {"limit": CONCURRENCY}
        # A recording of calls that create nothing holds the ids of this account, which the one that creates empties.
        for state in (SAME, CHANGE, NEW):
            for name, threads in replays.items():
                self._replay(name, state, recordings[state], threads)
        if slow:
            for concurrency in OTHER_CONCURRENCIES if number == 0 else OTHER_CONCURRENCIES[1:]:
                self._bulk(NEW, concurrency)
                self._bulk(SAME, concurrency)
            for state in STATES:
                self._each(state)

    def cli(self, program: Path) -> None:
        """Time a call with the AWS command line against an account with nothing in it."""
        self._service.reset()
        self._contestants.aws(program, "describe-maintenance-windows")
        for _ in range(CLI_CALLS):
            self._add("cli", "one call", self._contestants.aws(program, "describe-maintenance-windows"))

    def _start_up(self) -> None:
        self._add("empty play", "", self._contestants.play("empty"))
        self._add("yardstick", "", self._contestants.play("caller"))
        self._add("nothing replayed", "", self._contestants.replay(Recording([]), CONCURRENCY))
        nothing = workload.declaration(windows=0, baselines=0)
        self._add("start", "", self._contestants.play("bulk", **nothing, concurrency=CONCURRENCY))

    def _bulk(self, state: str, concurrency: int) -> Recording:
        self._prepare(state)
        declaration = workload.with_one_change(self._declaration) if state == CHANGE else self._declaration
        self._add(f"bulk {concurrency}", state, self._contestants.play("bulk", **declaration, concurrency=concurrency))
        recording = self._service.recording(state)
        self.results.counts[state] = recording.counts
        return recording

    def _replay(self, name: str, state: str, recording: Recording, threads: int) -> None:
        self._prepare(state)
        self._add(name, state, self._contestants.replay(recording, threads))
        made = len(self._service.calls(state))
        if made != len(recording.calls):
            raise UnexpectedCallsError(f"{name}, {state}: {made} calls instead of {len(recording.calls)}")

    def _each(self, state: str) -> None:
        self._prepare(state)
        declaration = workload.with_one_change(self._sample) if state == CHANGE else self._sample
        self._add("each", state, self._contestants.play("each", **declaration))
        self._service.calls(state)

    def _prepare(self, state: str) -> None:
        if state == NEW:
            self._service.reset()
        self._service.clear_log()

    def _add(self, contestant: str, state: str, sample: Sample) -> None:
        self.results.samples[contestant, state].append(sample)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line as the usage of this file shows it."""
    parser = argparse.ArgumentParser(description="Measure how long it takes to apply a large patching setup.")
    parser.add_argument("--runs", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--slow-runs", type=int, default=1, help="rounds with the slow contestants (default: 1)")
    parser.add_argument("--latency", type=float, default=25, help="milliseconds of each API call (default: 25)")
    parser.add_argument("--nodes", type=int, default=50_000, help="size of the largest fleet (default: 50000)")
    parser.add_argument("--cli", action="store_true", help="install the AWS command line and measure it too")
    parser.add_argument("--write", action="store_true", help="write the results into docs/performance.md")
    return parser.parse_args(arguments)


def measure(options: argparse.Namespace, folder: Path) -> Results:
    """Run the whole benchmark with a simulator of its own."""
    with serving() as endpoint:
        settings = environment(endpoint)
        # This process asks the simulator too, and must not see the user's profile either.
        os.environ.clear()
        os.environ.update(settings)
        contestants = Contestants(settings, folder)
        service = Service(endpoint, options.latency)
        benchmark = Benchmark(service, contestants)
        benchmark.warm_up()
        for number in range(options.runs):
            begin = time.monotonic()
            benchmark.round(number, options.slow_runs)
            print(f"round {number + 1} of {options.runs}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
        begin = time.monotonic()
        benchmark.results.crowd = crowd.measure(service, settings, folder)
        print(f"crowd: {time.monotonic() - begin:.0f} s", file=sys.stderr)
        service.set_latency(options.latency)
        Reading(service, contestants, folder, options.nodes).measure(benchmark.results)
        print(f"with reading: {time.monotonic() - begin:.0f} s", file=sys.stderr)
        if options.cli:
            benchmark.cli(contestants.install_aws())
        return benchmark.results


def machine() -> str:
    """What the figures were measured on, and with which versions."""
    names = ("ansible-core", "boto3", "botocore")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    load = os.getloadavg()[2]
    return (
        f"Measured on {os.cpu_count()} cores ({platform.machine()}, {platform.system()}), which the simulator shares:"
        f" Python {platform.python_version()}, {versions}. Mean load of the last 15 minutes: {load:.1f}."
    )


def end(number: int, _frame: object) -> NoReturn:
    """End in order: a terminated run must leave neither its simulator behind nor its scratch directory."""
    # A second signal, as timeout sends it, would cut the cleaning short.
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def main(arguments: Sequence[str]) -> int:
    """Run from the command line; return the exit status."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, end)
    try:
        with tempfile.TemporaryDirectory(prefix="patchfleet-bench-") as folder:
            results = measure(options, Path(folder))
    except (ContestantError, UnexpectedCallsError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(console(results))
    if options.write:
        write(results, CHECKOUT / "docs" / "performance.md", machine())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
