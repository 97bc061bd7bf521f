#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the logic of the collection in small ways, one at a time, and see whether a test fails.

usage: mutants.py [--count N] [--seed N] [--jobs N] [FILE ...]

The changes are those of Cosmic Ray: another operator, another number, a condition turned round, a loop that does
nothing. A sample of places is drawn, and one change at each. No file is written: a process is forked for each mutant,
imports the changed source in place of the file, and runs the tests that TESTS names for it until one fails. Changes
of annotations alone are not counted. The exit status is 1 where the share of killed mutants is below MINIMUM.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib.util
import os
import random
import resource
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from debian import InstallError, run

CHECKOUT = Path(__file__).resolve().parent.parent
UTILS = CHECKOUT / "plugins" / "module_utils"
PREFIX = "ansible_collections.patchfleet.aws.plugins.module_utils."
COSMIC_RAY = "cosmic-ray>=8.4,<9"
MINIMUM = 90
# A mutant that never ends is killed by the seconds that it computes, however busy the machine is.
CPU_SECONDS = 180
_UNITS = "tests/unit/plugins"
_UTILS, _MODULES = f"{_UNITS}/module_utils", f"{_UNITS}/modules"
_PLANS = (
    f"{_UTILS}/test_planners_*.py",
    f"{_UTILS}/test_plan.py",
    f"{_UTILS}/test_made_up_kind.py",
    f"{_UTILS}/test_installs_more.py",
    f"{_MODULES}/test_ssm_patch_setup_[ru]*.py",
    f"{_MODULES}/test_ssm_*_lifecycle.py",
    "tests/faults/test_other_controllers.py",
)
_OPTIONS = (
    f"{_UTILS}/test_options_values.py",
    f"{_UTILS}/test_mistakes.py",
    *_PLANS,
    f"{_MODULES}/test_options.py",
    "tests/acceptance",
)
_REPORT = (f"{_UTILS}/test_report_*.py", f"{_MODULES}/test_patch_report_*.py", "tests/unit/roles/test_patch_report.py")
# Files by pattern, and the tests that are to kill their mutants: the quickest first.
TESTS: dict[str, Sequence[str]] = {
    "_schedules/*.py": (f"{_UTILS}/test_schedules.py", f"{_UNITS}/test_clock.py", f"{_UNITS}/filter"),
    "_options/codecs.py": _OPTIONS,
    "_options/kind.py": _OPTIONS,
    "_compliance/rows.py": (f"{_UTILS}/test_compliance_*.py", f"{_MODULES}/test_ssm_patch_compliance_info_*.py"),
    "_readings/gate.py": _REPORT,
    "_readings/merge.py": _REPORT,
    "_readings/totals.py": _REPORT,
    "_planners/*.py": _PLANS,
}
# Operators that need to be told names of variables.
_LEFT_OUT = frozenset({"core/VariableReplacer", "core/VariableInserter"})


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: Path
    operator: str
    source: str
    tests: Sequence[str]

    @property
    def diff(self) -> str:
        """What is changed, without the lines around it."""
        old = self.path.read_text(encoding="utf-8").splitlines()
        name = str(self.path.relative_to(CHECKOUT))
        lines = difflib.unified_diff(old, self.source.splitlines(), name, name, n=0, lineterm="")
        return "\n".join([*lines][1:])


class _Loader(SourceFileLoader):
    """Loads a file with another content; sees to it that no bytecode is read or written."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        super().__init__(name, str(mutant.path))
        self._source = mutant.source

    def get_code(self, fullname: str) -> Any:
        return self.source_to_code(self._source.encode(), self.path)


class _Finder:
    """Finds one module for the import system before all others do."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = PREFIX + ".".join(mutant.path.relative_to(UTILS).with_suffix("").parts)

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> Any:
        """The specification of the module, for any other name nothing."""
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._mutant.path, loader=_Loader(name, self._mutant))


def _logic(source: str) -> str:
    """The syntax tree without annotations, which nothing evaluates, and what only guards dataclasses."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.keyword) and node.arg in ("slots", "frozen"):
            node.value = ast.Constant(None)
    return ast.dump(tree)


@cache
def _operators() -> dict[str, Any]:
    from cosmic_ray import plugins  # noqa: PLC0415 - main installs it

    return {name: plugins.get_operator(name)() for name in plugins.operator_names() if name not in _LEFT_OUT}


def _places(path: Path) -> Iterator[tuple[Any, list[tuple[str, int]]]]:
    """Each place of a file that can be changed, and the operator and its occurrence of each change."""
    from cosmic_ray.ast import ast_nodes, get_ast  # noqa: PLC0415 - as above

    found: dict[Any, list[tuple[str, int]]] = {}
    nodes = [*ast_nodes(get_ast(path.read_text(encoding="utf-8")))]
    for name, operator in _operators().items():
        positions = (position for node in nodes for position in operator.mutation_positions(node))
        for occurrence, position in enumerate(positions):
            found.setdefault(tuple(position), []).append((name, occurrence))
    yield from sorted(found.items())


def _mutant(path: Path, changes: list[tuple[str, int]], tests: Sequence[str], draw: random.Random) -> Mutant | None:
    """One of the changes of a place, None where none of them changes the logic."""
    from cosmic_ray.mutating import mutate_code  # noqa: PLC0415 - as above

    source = path.read_text(encoding="utf-8")
    for name, occurrence in draw.sample(changes, len(changes)):
        changed = mutate_code(source, _operators()[name], occurrence)
        try:
            if changed is not None and _logic(changed) != _logic(source):
                return Mutant(path, name, changed, tests)
        except SyntaxError:
            continue
    return None


def sample(files: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """Draw mutants, the same for the same seed and sources."""
    draw = random.Random(seed)
    places = []
    for pattern, tests in TESTS.items():
        for path in sorted(UTILS.glob(pattern)):
            if path.name != "__init__.py" and (not files or any(str(path).endswith(name) for name in files)):
                places += [(path, changes, tests) for _place, changes in _places(path)]
    draw.shuffle(places)
    found: list[Mutant] = []
    for path, changes, tests in places:
        if len(found) == count:
            break
        if mutant := _mutant(path, changes, tests, draw):
            found.append(mutant)
    return found


def _run(mutant: Mutant) -> None:
    """Run the tests in this process, which ends with the exit status of pytest."""
    import pytest  # noqa: PLC0415 - before the fork, see main

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(silence, stream)
    sys.meta_path.insert(0, _Finder(mutant))
    tests = [str(path) for pattern in mutant.tests for path in sorted(CHECKOUT.glob(pattern))]
    os.chdir(CHECKOUT)
    os._exit(int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests])))


def survives(mutant: Mutant) -> bool:
    """Whether all tests pass in a process of its own."""
    child = os.fork()
    if not child:
        try:
            _run(mutant)
        finally:
            os._exit(70)
    _pid, status = os.waitpid(child, 0)
    return status == 0


def install_cosmic_ray() -> None:
    """Install Cosmic Ray into the environment of this process if it is not there; raises InstallError."""
    if importlib.util.find_spec("cosmic_ray"):
        return
    try:
        run([sys.executable, "-m", "uv", "pip", "install", "--quiet", COSMIC_RAY])
    except InstallError:
        run([sys.executable, "-m", "pip", "install", "--quiet", COSMIC_RAY])
    importlib.invalidate_caches()


def main(arguments: Sequence[str]) -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Change the logic in small ways, and see whether a test fails.")
    parser.add_argument("files", nargs="*", metavar="FILE", help="ends of paths; all that TESTS names if none is given")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    try:
        install_cosmic_ray()
    except InstallError as problem:
        print(problem, file=sys.stderr)
        return 1
    mutants = sample(options.files, options.count, options.seed)
    # What takes long to import and is not changed is there before the fork.
    for name in ("pytest", "hypothesis", "boto3", "moto.core", "ansible.cli.playbook"):
        importlib.import_module(name)
    judge = partial(ThreadPoolExecutor(options.jobs).map, survives)
    untouched = {
        mutant.tests: Mutant(mutant.path, "", mutant.path.read_text(encoding="utf-8"), mutant.tests)
        for mutant in mutants
    }
    if not all(judge(untouched.values())):
        print("The tests fail without any change; nothing can be said of mutants.", file=sys.stderr)
        return 1
    survivors = []
    for number, (mutant, survived) in enumerate(zip(mutants, judge(mutants), strict=True), 1):
        verdict = "SURVIVED" if survived else "killed"
        print(f"{number}/{len(mutants)} {verdict} {mutant.path.relative_to(UTILS)} {mutant.operator}", flush=True)
        if survived:
            survivors.append(mutant)
            print(mutant.diff, flush=True)
    killed = len(mutants) - len(survivors)
    share = 100 * killed / len(mutants) if mutants else 0
    print(f"\n{killed} of {len(mutants)} mutants killed, {share:.0f} %; {len(survivors)} survived.")
    return int(share < MINIMUM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
