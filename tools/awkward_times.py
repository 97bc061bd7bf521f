#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run tests at another time, in another time zone and in another language.

usage: awkward_times.py [NAME ...] [--except NAME] [--tests TEST ...]

Every Python process, including child processes, starts at that time. Clocks for durations and the dates of files are
unchanged. Each time runs the tests that depend on the clock of the machine. A time that is marked as whole runs all
unit, acceptance and contract tests. If the machine does not have the language, it is compiled from the Debian package
locales, which is installed if it is missing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from debian import InstallError, install, run

CHECKOUT = Path(__file__).resolve().parent.parent
LOCALES = CHECKOUT / ".ansible" / "locales"
GERMAN = "de_DE.UTF-8"


@dataclass(frozen=True)
class Moment:
    """A time, time zone and language. whole: whether all tests run, or only those that depend on the clock."""

    name: str
    instant: str
    zone: str
    language: str = "C.UTF-8"
    whole: bool = False


MOMENTS = (
    Moment("tomorrow-in-seoul", "2026-11-27T23:30:00Z", "Asia/Seoul", GERMAN, whole=True),
    Moment("yesterday-in-los-angeles", "2027-06-01T23:30:00Z", "America/Los_Angeles", "C"),
    Moment("berlin-springs-forward", "2027-03-28T00:59:30Z", "Europe/Berlin", GERMAN),
    Moment("berlin-falls-back", "2026-10-25T00:59:30Z", "Europe/Berlin", GERMAN),
    Moment("new-york-springs-forward", "2027-03-14T06:59:30Z", "America/New_York"),
    Moment("new-york-falls-back", "2026-11-01T05:59:30Z", "America/New_York"),
    Moment("leap-day", "2028-02-29T12:00:00Z", "UTC"),
    Moment("end-of-the-year", "2026-12-31T23:58:00Z", "UTC", "C"),
    Moment("end-of-a-short-month", "2027-04-30T23:58:00Z", "Europe/London"),
)
PYTEST = ("-m", "pytest", "-q")
ON_ALL_CORES = ("-n", "auto", "--dist", "worksteal")
ALL = ("tests/unit", "tests/acceptance", "tests/simulator/contract")
# Tests that start processes, call a simulator in real time, or convert times to dates.
SENSITIVE = (
    *(f"tests/simulator/contract/test_{name}.py" for name in ("schedules", "windows", "window_executions")),
    *(f"tests/simulator/contract/test_{name}.py" for name in ("available_patches", "patch_baselines", "data_sync")),
    *(f"tests/simulator/contract/test_{name}.py" for name in ("instance_information", "compliance", "commands")),
    "tests/unit/plugins/test_clock.py",
    *(f"tests/unit/plugins/filter/test_{name}.py" for name in ("next_runs", "rings", "summary")),
    "tests/unit/plugins/module_utils/test_compliance_rows.py",
    "tests/unit/plugins/module_utils/test_report_calendar.py",
    "tests/unit/plugins/module_utils/test_schedules.py",
    "tests/unit/plugins/modules/test_patch_report_reading.py",
    "tests/unit/plugins/modules/test_ssm_patch_compliance_info_nodes.py",
    "tests/unit/simulator/test_agenda.py",
    "tests/unit/simulator/test_fleet_seed.py",
)
# Tests of these files that take seconds and use no time: retries, arithmetic, listings, and a look through the sources.
TIMELESS = (
    "tests/unit/plugins/test_clock.py::test_no_other_python_file_reads_the_clock",
    "tests/unit/plugins/module_utils/test_compliance_rows.py::test_the_percentage_is_rounded_down",
    *(
        f"tests/unit/plugins/modules/test_ssm_patch_compliance_info_nodes.py::test_{name}"
        for name in (
            "throttling_only_takes_time",
            "instances_that_systems_manager_does_not_know_are_unmanaged",
            "the_order_of_the_rows_does_not_depend_on_the_order_of_the_answers",
        )
    ),
)
# A page whose playbook runs in separate processes.
WITH_PLAYBOOKS = "tests/playbooks/test_examples.py::test_playbooks_and_commands_do_what_the_page_says[compliance.md]"


def make_language(name: str) -> None:
    """Compile a locale only for these tests, so that the languages of the machine do not change."""
    if not (LOCALES / name).exists():
        LOCALES.mkdir(parents=True, exist_ok=True)
        language, _dot, charset = name.partition(".")
        run(["localedef", "-i", language, "-f", charset, str(LOCALES / name)])


def prepare() -> None:
    """Install what is missing. Raises InstallError."""
    install([] if Path("/usr/share/i18n/locales/de_DE").exists() else ["locales"], "the tests at awkward times")
    make_language(GERMAN)


def environment(moment: Moment) -> dict[str, str]:
    """Return this environment at another time."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    return {
        **kept,
        "PYTHONPATH": str(CHECKOUT / "tests" / "support" / "elsewhen"),
        "PATCHFLEET_AHEAD": str(datetime.fromisoformat(moment.instant).timestamp() - time.time()),
        "TZ": moment.zone,
        "LANG": moment.language,
        "LOCPATH": str(LOCALES),
        # The plugin of time-machine is not needed, and would be loaded too late for the rewriting of its assertions.
        "PYTEST_ADDOPTS": f"{kept.get('PYTEST_ADDOPTS', '')} -p no:time_machine".strip(),
    }


def tests_at(moment: Moment) -> list[str]:
    """Return the tests to run at a time, as arguments of pytest."""
    if moment.whole:
        return [*ALL]
    return [*SENSITIVE, WITH_PLAYBOOKS, *(f"--deselect={test}" for test in TIMELESS)]


def run_at(moment: Moment, tests: Sequence[str] | None) -> subprocess.CompletedProcess[str]:
    """Run these tests at a time, or those for that time, and return the result with the output."""
    command = [sys.executable, *PYTEST, *(ON_ALL_CORES if moment.whole else ()), *(tests or tests_at(moment))]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment(moment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run from the command line, and return the exit status."""
    parser = argparse.ArgumentParser(description="Run tests at awkward times.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(one.name for one in MOMENTS))
    parser.add_argument("--except", dest="omitted", metavar="NAME", help="leave out this one")
    parser.add_argument("--tests", nargs="+", metavar="TEST", help="run these instead")
    options = parser.parse_args(arguments)
    if unknown := {*options.names, *filter(None, [options.omitted])} - {one.name for one in MOMENTS}:
        parser.error(f"no such time: {', '.join(sorted(unknown))}")
    try:
        prepare()
    except InstallError as problem:
        print(problem, file=sys.stderr)
        return 1
    wanted = {*(options.names or (one.name for one in MOMENTS))} - {options.omitted}
    chosen = [one for one in MOMENTS if one.name in wanted]
    failed = []
    # A process for each time, side by side: the workers of pytest-xdist would all start anew at each.
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for moment, done in zip(chosen, pool.map(partial(run_at, tests=options.tests), chosen), strict=True):
            print(f"\n=== {moment.name}: {moment.instant}, {moment.zone}, {moment.language}\n{done.stdout}", flush=True)
            if done.returncode:
                failed.append(moment.name)
    print(f"\nFailed at: {', '.join(failed)}" if failed else "\nThe tests pass at all these times.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
