#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run test suites on all cores, and print a summary: suites, counts, seconds, and the command for each failed test.

usage: run_tests.py SUITE ... [--scenario NAME] [--at MOMENT]

A suite is a directory of pytest (unit, acceptance, contract, faults, playbooks, privileges, controller), `molecule` for
all Molecule scenarios, or `main-molecule` for those that show the main jobs. `--scenario` selects one scenario. All
pytest suites run in one invocation. Each scenario runs by itself with its own simulator, one at a time while pytest
runs, and on all cores afterwards. A failure does not stop the other tests.
`--at` runs everything at one of the times of awkward_times.py.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import awkward_times
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import commands
from debian import InstallError
from simulator import CHECKOUT, STILL, serving

PYTEST_SUITES = {
    "unit": "tests/unit",
    "acceptance": "tests/acceptance",
    "contract": "tests/simulator/contract",
    "faults": "tests/faults",
    "playbooks": "tests/playbooks",
    "privileges": "tests/privileges",
    "controller": "tests/controller",
}
SCENARIOS = CHECKOUT / "extensions" / "molecule"
# The scenarios that show the main jobs, longest first.
MAIN_SCENARIOS = ("prerequisites", "compliance_report", "setup_each", "patch_now", "setup_bulk")
# The longest of the others, so that no core waits for one of them at the end.
LONG_SCENARIOS = ("documentation_examples", "window_runs")
# Scenarios whose modules run in separate processes, as for users: a setup in bulk and one by one. In the scenario
# documentation_examples, the first example of each module that manages or reads SSM does so, and in
# tests/playbooks/test_processes.py a report and the prerequisites.
WITH_PROCESSES = ("setup_bulk", "ad_hoc")
RESULTS = CHECKOUT / "build" / "tests"
LINES_OF_A_FAILURE = 60


@dataclass
class Result:
    """The result of a suite. seconds: the sum of all its tests, which run concurrently."""

    suite: str
    tests: int = 0
    skipped: int = 0
    seconds: float = 0.0
    # The command for each failed test.
    failed: list[str] = field(default_factory=list)


def all_scenarios() -> list[str]:
    """The names of the Molecule scenarios, the main and long ones first, without `default`, which only contains shared
    files.
    """
    first = (*MAIN_SCENARIOS, *LONG_SCENARIOS)
    names = sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml"))
    return [*first, *(name for name in names if name not in (*first, "default"))]


def run_pytest(suites: Sequence[str]) -> list[Result]:
    """Run suites of pytest in one invocation, with one test at a time on each core."""
    report = RESULTS / "pytest.xml"
    report.unlink(missing_ok=True)
    folders = [PYTEST_SUITES[suite] for suite in suites]
    options = ["-q", "-n", "auto", "--dist", "loadgroup", f"--junitxml={report}", "-o", "junit_family=xunit1"]
    status = subprocess.run([sys.executable, "-m", "pytest", *options, *folders], cwd=CHECKOUT, check=False).returncode
    results = read_report(report, suites) if report.exists() else [Result(suite) for suite in suites]
    if status and not any(result.failed for result in results):
        results[0].failed.append(f"pytest {' '.join(folders)}  (exit status {status})")
    return results


def read_report(report: Path, suites: Sequence[str]) -> list[Result]:
    """Count the tests of each suite in a JUnit report of pytest."""
    results = {suite: Result(suite) for suite in suites}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        # A file that could not be collected has no file attribute. Its class is the path.
        path = case.get("file") or str(case.get("classname") or case.get("name")).replace(".", "/")
        suite = next((name for name in suites if path.startswith(f"{PYTEST_SUITES[name]}/")), suites[0])
        result = results[suite]
        result.tests += 1
        result.seconds += float(case.get("time") or 0)
        result.skipped += case.find("skipped") is not None
        if case.find("failure") is not None or case.find("error") is not None:
            # pytest-xdist appends the group of a test to its name.
            name = re.sub(r"@\w+$", "", str(case.get("name")))
            result.failed.append(f"pytest '{path}::{name}'")
    return list(results.values())


class Molecule:
    """Scenarios that run one by one in each lane. In a with block, none starts after an error."""

    def __init__(self, names: Sequence[str], suite: str) -> None:
        self.result = Result(suite, len(names))
        self._names = list(names)
        self._pool = ThreadPoolExecutor(max(len(names), 1))
        self._lanes: list[Future[None]] = []

    def __enter__(self) -> Molecule:
        return self

    def __exit__(self, *_error: object) -> None:
        self._names.clear()
        self._pool.shutdown()

    def open_lanes(self, count: int) -> None:
        """Run this many more scenarios at a time."""
        self._lanes += [self._pool.submit(self._run) for _lane in range(count)]

    def ended(self) -> Result:
        """Wait until all scenarios have run, and return the result."""
        for lane in self._lanes:
            lane.result()
        return self.result

    def _run(self) -> None:
        while self._names:
            name = self._names.pop(0)
            status, seconds, log = run_scenario(name)
            self.result.seconds += seconds
            print(f"molecule {name:<24} {'FAILED' if status else 'passed'} in {seconds:.0f} s", flush=True)
            if status:
                lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
                print(f"The end of {log.relative_to(CHECKOUT)}:", *lines[-LINES_OF_A_FAILURE:], sep="\n  ", flush=True)
                self.result.failed.append(f"make molecule SCENARIO={name}")


def run_scenario(name: str) -> tuple[int, float, Path]:
    """Run one scenario with its own simulator, and return the exit status, the seconds, and the file of its output."""
    started = time.monotonic()
    log = RESULTS / f"molecule-{name}.log"
    # Molecule stores its state in ANSIBLE_HOME, only by the name of the checkout.
    home = CHECKOUT / ".ansible" / "molecule" / name
    profile = os.environ.get("PATCHFLEET_SIM_PROFILE") or "lenient"
    with serving(*STILL, "--profile", profile) as endpoint, log.open("wb") as output:
        port = endpoint.rpartition(":")[2]
        environment = {**os.environ, "PATCHFLEET_SIM_PORT": port, "ANSIBLE_HOME": str(home)}
        environment["PATH"] = os.pathsep.join([str(commands()), os.environ["PATH"]])
        environment["PATCHFLEET_MODULES"] = "processes" if name in WITH_PROCESSES else "workers"
        # The simulator is already running, so the steps that start and stop a shared one are omitted.
        command = [str(Path(sys.executable).with_name("molecule")), "test", "--no-shared-state", "-s", name]
        status = subprocess.run(
            command,
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    return status, time.monotonic() - started, log


def print_summary(results: Sequence[Result], seconds: float) -> None:
    """Print suites, counts and seconds, then the command for each failed test."""
    print(f"\n{'suite':<16}{'tests':>7}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for one in results:
        print(f"{one.suite:<16}{one.tests:>7}{len(one.failed):>8}{one.skipped:>9}{one.seconds:>9.0f}")
    tests, failed = sum(one.tests for one in results), [command for one in results for command in one.failed]
    print(f"\n{tests} tests, {len(failed)} failed, in {seconds:.0f} s. Seconds of a suite add up tests side by side.")
    if failed:
        print("\nRun what failed alone, after `. .venv/bin/activate`:")
        print(*(f"  {command}" for command in failed), sep="\n")


def run(suites: Sequence[str], scenario: str | None) -> list[Result]:
    """Run suites with all cores in use, and return their results."""
    cores = len(os.sched_getaffinity(0))
    in_pytest = [suite for suite in suites if suite in PYTEST_SUITES]
    chosen = [suite for suite in ("main-molecule", "molecule") if suite in suites]
    if not chosen:
        return run_pytest(in_pytest)
    names = list(MAIN_SCENARIOS) if chosen == ["main-molecule"] else all_scenarios()
    commands()
    with Molecule([scenario] if scenario else names, chosen[-1]) as molecule:
        molecule.open_lanes(1)
        results = run_pytest(in_pytest) if in_pytest else []
        molecule.open_lanes(cores - 1)
        return [*results, molecule.ended()]


def main(arguments: Sequence[str]) -> int:
    """Run from the command line, and return the exit status."""
    parser = argparse.ArgumentParser(description="Run suites of tests and print a summary.")
    parser.add_argument("suites", nargs="+", choices=[*PYTEST_SUITES, "main-molecule", "molecule"], metavar="SUITE")
    parser.add_argument("--scenario", help="the one Molecule scenario to run")
    moments = {one.name: one for one in awkward_times.MOMENTS}
    parser.add_argument("--at", choices=moments, metavar="MOMENT", help=f"the time to run at: {', '.join(moments)}")
    options = parser.parse_args(arguments)
    if options.at:
        try:
            awkward_times.prepare()
        except InstallError as problem:
            print(problem, file=sys.stderr)
            return 1
        os.environ.update(awkward_times.environment(moments[options.at]))
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    RESULTS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    results = run(options.suites, options.scenario)
    print_summary(results, time.monotonic() - started)
    return 1 if any(result.failed for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
