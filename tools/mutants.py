#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make small changes to the logic of the collection, one at a time, and check whether a test fails.

usage: mutants.py [--count N] [--seed N] [--jobs N] [FILE ...]

The changes are those of Cosmic Ray: another operator, another number, a negated condition, a loop that does nothing.
A random sample of places in plugins/ is drawn, with one change at each. FILE is a part of a path, such as `_planners/`.
No file is written: a process is forked for each mutant, imports the changed source instead of the file, and runs the
tests for it in TESTS until one fails. These are only a part of the tests of `make test`, so the real share is higher.
The exit status is 1 if the share of killed mutants is below MINIMUM.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from changes import Change, change_at, install_cosmic_ray, places_of
from debian import InstallError

CHECKOUT = Path(__file__).resolve().parent.parent
PLUGINS = CHECKOUT / "plugins"
MINIMUM = 90
# Limits for a mutant that never ends: CPU time, and elapsed time if it only waits.
CPU_SECONDS, WAIT_SECONDS = 180, 1800
_UNITS = "tests/unit/plugins"
_UTILS, _MODULES, _FAULTS = f"{_UNITS}/module_utils", f"{_UNITS}/modules", "tests/faults"
_PLANS = (
    f"{_UTILS}/test_planners_[bsw]*.py",
    f"{_UTILS}/test_identity.py",
    f"{_UTILS}/test_plan.py",
    f"{_UTILS}/test_made_up_kind.py",
    f"{_UTILS}/test_installs_more.py",
    f"{_MODULES}/test_ssm_patch_setup_*.py",
    f"{_MODULES}/test_ssm_*_lifecycle.py",
    f"{_MODULES}/test_ssm_maintenance_window_next_execution.py",
    f"{_MODULES}/test_all_modules_ownership*.py",
    f"{_FAULTS}/test_[cor]*.py",
    f"{_UTILS}/test_planners_laws.py",
)
_ENGINE = (
    f"{_UTILS}/test_engine_apply.py",
    f"{_FAULTS}/test_[cor]*.py",
    f"{_MODULES}/test_ssm_patch_task_new_roles.py",
    f"{_MODULES}/test_all_modules_service_errors.py",
    *_PLANS,
)
_OPTIONS = (
    f"{_UTILS}/test_options_values.py",
    f"{_UTILS}/test_limits.py",
    f"{_UTILS}/test_mistakes.py",
    f"{_UNITS}/action/test_results.py",
    f"{_MODULES}/test_all_modules_[los]*.py",
    f"{_MODULES}/test_options.py",
    "tests/acceptance",
    *_PLANS,
)
_AWS = (
    f"{_UTILS}/test_answers.py",
    f"{_UTILS}/test_refusals.py",
    f"{_UTILS}/test_text.py",
    f"{_UTILS}/test_moments.py",
    f"{_UTILS}/test_listings.py",
    f"{_UTILS}/test_jobs.py",
    f"{_FAULTS}/test_regressions.py",
    f"{_MODULES}/test_ssm_maintenance_window_info_executions.py",
    f"{_MODULES}/test_all_modules_*.py",
    f"{_MODULES}/test_ssm_patch_run_*.py",
    f"{_FAULTS}/test_[cor]*.py",
)
_REPORT = (f"{_UTILS}/test_report_*.py", f"{_MODULES}/test_patch_report_*.py", "tests/unit/roles/test_patch_report.py")
_COVERAGE = (
    f"{_UTILS}/test_fleet.py",
    f"{_UTILS}/test_coverage_findings.py",
    f"{_MODULES}/test_ssm_patch_coverage_info.py",
    f"{_MODULES}/test_ssm_patch_forecast_info*.py",
    f"{_UTILS}/test_coverage_laws.py",
    f"{_MODULES}/test_patch_report_coverage.py",
)
_COMPLIANCE = (
    f"{_UTILS}/test_compliance_*.py",
    f"{_UTILS}/test_outlook.py",
    f"{_MODULES}/test_ssm_patch_compliance_info_*.py",
)
_INFO = (f"{_UTILS}/test_info_*.py", f"{_MODULES}/test_info_modules_*.py", f"{_MODULES}/test_ssm_*_info_e*.py")
# The tests for the files in each directory, fastest first.
TESTS: dict[str, Sequence[str]] = {
    "_audit": (f"{_MODULES}/test_ssm_patch_audit_info.py",),
    "_aws": _AWS,
    "_compliance": _COMPLIANCE,
    "_coverage": _COVERAGE,
    "_data_sync": (f"{_MODULES}/test_ssm_resource_data_sync*.py",),
    "_engine": _ENGINE,
    "_files": (f"{_MODULES}/test_ssm_patch_compliance_info_dest.py", *_REPORT),
    "_fleet": _COVERAGE,
    "_forecast": (f"{_UTILS}/test_forecast_*.py", f"{_MODULES}/test_ssm_patch_forecast_info*.py"),
    "_info": _INFO,
    "_options": _OPTIONS,
    "_patch_run": (
        f"{_UTILS}/test_patch_run_command.py",
        f"{_MODULES}/test_ssm_patch_run_*.py",
        f"{_UNITS}/action/test_ssm_patch_run.py",
    ),
    "_planners": _PLANS,
    "_preflight": (f"{_UNITS}/action/test_preflight.py",),
    "_prerequisites": (f"{_MODULES}/test_patch_prerequisites*.py", f"{_MODULES}/test_all_modules_*.py"),
    "_readings": _REPORT,
    "_report": _REPORT,
    "_report_info": (f"{_MODULES}/test_ssm_patch_report_info.py",),
    "_resources": (*_PLANS, *_OPTIONS, f"{_MODULES}/test_ssm_patch_baseline_filters.py", *_INFO),
    "_rings": (f"{_UNITS}/filter/test_rings.py",),
    "_schedules": (f"{_UTILS}/test_schedules.py", f"{_UNITS}/test_clock.py", f"{_UNITS}/filter"),
    "_state": (f"{_MODULES}/test_all_modules_[el]*.py", *_PLANS),
    "_summary": (f"{_UNITS}/filter/test_summary.py",),
    "_window_execution": (
        f"{_MODULES}/test_ssm_window_execution_info.py",
        f"{_UNITS}/action/test_ssm_window_execution_info.py",
    ),
    "action": (f"{_UNITS}/action",),
    "filter": (f"{_UNITS}/filter",),
    "inventory": (f"{_UNITS}/inventory",),
}


def tests_of(path: Path) -> list[str]:
    """The test files for a file. Empty if TESTS has none for it."""
    found = (str(test) for pattern in TESTS.get(path.parent.name, ()) for test in sorted(CHECKOUT.glob(pattern)))
    return list(dict.fromkeys(found))


def _files(parts: Sequence[str]) -> Iterator[Path]:
    for path in sorted(PLUGINS.rglob("*.py")):
        name = str(path.relative_to(PLUGINS))
        if path.name != "__init__.py" and tests_of(path) and (not parts or any(part in name for part in parts)):
            yield path


def sample(parts: Sequence[str], count: int, seed: int) -> list[Change]:
    """Draw a sample of changes, which is the same for the same seed and sources."""
    draw = random.Random(seed)
    places = [(path, place) for path in _files(parts) for place in places_of(path)]
    draw.shuffle(places)
    found: list[Change] = []
    for path, place in places:
        if len(found) == count:
            break
        if change := change_at(path, place, draw):
            found.append(change)
    return found


def load_changed(change: Change) -> None:
    """Make all loaders of this process use the changed source for the file. Bytecode is neither read nor written."""
    from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionLoader  # noqa: PLC0415

    code = compile(change.source, str(change.path), "exec")
    for loader, attribute in ((SourceFileLoader, "path"), (_AnsibleCollectionLoader, "_source_code_path")):
        real = loader.get_code

        def get_code(self: Any, name: str, real: Any = real, attribute: str = attribute) -> Any:
            path = str(getattr(self, attribute, None) or "")
            return code if os.path.realpath(path) == str(change.path) else real(self, name)

        loader.get_code = get_code  # type: ignore[method-assign]


def _run(change: Change, folder: str) -> None:
    """Run the tests in this process, which ends with the exit status of pytest."""
    import pytest  # noqa: PLC0415 - before the fork, see main

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    signal.alarm(WAIT_SECONDS)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(silence, stream)
    # Examples on which another mutant failed must not be tried first.
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = os.path.join(folder, str(os.getpid()))
    load_changed(change)
    os.chdir(CHECKOUT)
    os._exit(int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *tests_of(change.path)])))


def survives(change: Change, folder: str) -> bool:
    """Whether all tests pass in a separate process."""
    child = os.fork()
    if not child:
        try:
            _run(change, folder)
        finally:
            os._exit(70)
    _pid, status = os.waitpid(child, 0)
    return status == 0


def _unchanged(changes: Sequence[Change]) -> list[Change]:
    """For each group of tests, one change with the original source."""
    groups = {tuple(tests_of(one.path)): one for one in changes}
    return [replace(one, source=one.path.read_text(encoding="utf-8")) for one in groups.values()]


def main(arguments: Sequence[str]) -> int:
    """Run from the command line, and return the exit status."""
    parser = argparse.ArgumentParser(description="Change the logic in small ways, and see whether a test fails.")
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="parts of paths; all that TESTS names if none is given"
    )
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    try:
        install_cosmic_ray()
    except InstallError as problem:
        print(problem, file=sys.stderr)
        return 1
    changes = sample(options.files, options.count, options.seed)
    # Modules that take long to import and do not change are imported before the fork.
    for name in ("pytest", "hypothesis", "boto3", "moto.core", "ansible.cli.playbook"):
        importlib.import_module(name)
    survivors = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        judge = partial(survives, folder=folder)
        if not all(pool.map(judge, _unchanged(changes))):
            print("The tests fail without any change; nothing can be said of mutants.", file=sys.stderr)
            return 1
        for number, (change, survived) in enumerate(zip(changes, pool.map(judge, changes), strict=True), 1):
            survivors += survived
            verdict = "SURVIVED" if survived else "killed"
            print(f"{number}/{len(changes)} {verdict} {change.path.relative_to(PLUGINS)} {change}", flush=True)
    killed = len(changes) - survivors
    share = 100 * killed / len(changes) if changes else 0
    print(f"\n{killed} of {len(changes)} mutants killed, {share:.0f} %; {survivors} survived.")
    return int(share < MINIMUM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
