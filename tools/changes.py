# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small changes of logic that mutants.py makes: those of Cosmic Ray, except those that do not change the logic."""

from __future__ import annotations

import ast
import difflib
import importlib.util
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from debian import InstallError, run

COSMIC_RAY = "cosmic-ray>=8.4,<9"
# Operators that require names of variables.
_LEFT_OUT = frozenset({"core/VariableReplacer", "core/VariableInserter"})
# An operator, and the number of one of its places.
Occurrence = tuple[str, int]


@dataclass(frozen=True)
class Change:
    """A file with one change. source: the whole changed file."""

    path: Path
    operator: str
    source: str

    def __str__(self) -> str:
        """The operator, and the changed lines without context."""
        old = self.path.read_text(encoding="utf-8").splitlines()
        lines = [*difflib.unified_diff(old, self.source.splitlines(), n=0, lineterm="")]
        return "\n".join([self.operator, *lines[2:]])


def install_cosmic_ray() -> None:
    """Install Cosmic Ray in the environment of this process if it is missing. Raises InstallError."""
    if importlib.util.find_spec("cosmic_ray"):
        return
    try:
        run([sys.executable, "-m", "uv", "pip", "install", "--quiet", COSMIC_RAY])
    except InstallError:
        run([sys.executable, "-m", "pip", "install", "--quiet", COSMIC_RAY])
    importlib.invalidate_caches()


@cache
def _operators() -> dict[str, Any]:
    from cosmic_ray import plugins  # noqa: PLC0415 - install_cosmic_ray installs it

    return {name: plugins.get_operator(name)() for name in plugins.operator_names() if name not in _LEFT_OUT}


def places_of(path: Path) -> Iterator[list[Occurrence]]:
    """The possible changes at each place in a file."""
    from cosmic_ray.ast import ast_nodes, get_ast  # noqa: PLC0415 - as above

    found: dict[Any, list[Occurrence]] = {}
    nodes = [*ast_nodes(get_ast(path.read_text(encoding="utf-8")))]
    for name, operator in _operators().items():
        positions = (position for node in nodes for position in operator.mutation_positions(node))
        for number, position in enumerate(positions):
            found.setdefault(tuple(position), []).append((name, number))
    yield from (found[position] for position in sorted(found))


def change_at(path: Path, place: list[Occurrence], draw: random.Random) -> Change | None:
    """One of the changes at a place, or None if none of them changes the logic."""
    from cosmic_ray.mutating import mutate_code  # noqa: PLC0415 - as above

    source = path.read_text(encoding="utf-8")
    for name, number in draw.sample(place, len(place)):
        changed = mutate_code(source, _operators()[name], number)
        try:
            if changed is not None and _logic(changed) != _logic(source):
                return Change(path, name, changed)
        except SyntaxError:
            continue
    return None


def _logic(source: str) -> str:
    """The syntax tree without annotations, which are not evaluated, and without slots and frozen of dataclasses."""
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
