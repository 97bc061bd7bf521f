#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the role patch_prerequisites against its own API calls, made one at a time with plain boto3.

usage: prerequisites.py [--runs N] [--latency MS]

The role declares both IAM roles, the topic, the bucket and the rule. A play of the smallest module of amazon.aws and an
empty play run in each round, too, so that the start of Ansible, Python and boto3 can be left out on both sides.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from contestants import Contestants, Sample
from service import NEW, SAME, Service

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from simulator import environment, serving

OPTIONS: dict[str, Any] = {
    "service_role": {"name": "bench-patching"},
    "notification_role": {"name": "bench-notification"},
    "notification_topic": {"name": "bench-patching", "kms_key": ""},
    "output_bucket": {"name": "bench-patching-output"},
    "events_rule": {"name": "bench-patching"},
}
VARIABLES = {f"patch_prerequisites_{name}": value for name, value in OPTIONS.items()}


class Used(NamedTuple):
    """Seconds of one run: by the wall, and of the processor in all of its processes."""

    wall: float
    cpu: float


def used(run: Callable[[], Sample]) -> Used:
    """Run a contestant."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = run().wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Used(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


class Rounds:
    """Runs the contestants in turn. rounds: by contestant. counts: of API calls and of processes of modules."""

    def __init__(self, service: Service, contestants: Contestants) -> None:
        self._service = service
        self._contestants = contestants
        self.rounds: list[dict[str, Used]] = []
        self.counts: dict[str, tuple[int, int]] = {}

    def run(self) -> None:
        """One round."""
        contestants, found = self._contestants, {}
        found["empty"] = used(lambda: contestants.play("empty"))
        found["smallest"] = used(lambda: contestants.play("caller"))
        found["start"] = used(lambda: contestants.calls([]))
        self._service.reset()
        recordings = {state: contestants.record("patch_prerequisites", OPTIONS) for state in (NEW, SAME)}
        self._service.reset()
        for state in (NEW, SAME):
            found[f"role {state}"] = used(lambda: contestants.play("prerequisites", **VARIABLES))
            self.counts[state] = len(recordings[state]), contestants.modules()
        self._service.reset()
        for state in (NEW, SAME):
            calls = recordings[state]
            found[f"calls {state}"] = used(lambda calls=calls: contestants.calls(calls))
        self.rounds.append(found)

    def show(self) -> None:
        """Print the ratios. The processor's is disturbed least by other work on the machine."""
        for state in (NEW, SAME):
            calls, modules = self.counts[state]
            print(f"{state}: {calls} API calls, processes of modules: {modules}")
            for number, measure in enumerate(Used._fields):
                role, made, small = (
                    [one[name][number] - one[base][number] for one in self.rounds]
                    for name, base in ((f"role {state}", "empty"), (f"calls {state}", "start"), ("smallest", "empty"))
                )
                alone = [one / other for one, other in zip(role, made, strict=True)]
                whole = [one / (other + start) for one, other, start in zip(role, made, small, strict=True)]
                print(
                    f"  {measure:<5} role {median(role):.2f} s, its calls {median(made):.2f} s,"
                    f" smallest module {median(small):.2f} s; role / calls {_spread(alone)};"
                    f" role / (smallest module + calls) {_spread(whole)}"
                )


def _spread(values: list[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def main() -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Measure the role patch_prerequisites against its own API calls.")
    parser.add_argument("--runs", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--latency", type=float, default=25, help="milliseconds of each API call (default: 25)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="patchfleet-bench-") as folder, serving() as endpoint:
        settings = environment(endpoint)
        os.environ.clear()
        os.environ.update(settings)
        rounds = Rounds(Service(endpoint, options.latency, every_service=True), Contestants(settings, Path(folder)))
        # The simulator loads services, and Python compiles files, on first use.
        rounds.run()
        rounds.rounds.clear()
        for _ in range(options.runs):
            rounds.run()
        rounds.show()
    return 0


if __name__ == "__main__":
    sys.exit(main())
