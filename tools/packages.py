#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of plugins/module_utils: their purpose, the imports that they may have, and their actual imports.

As a command, it prints the diagram of docs/developing.md.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE_UTILS = ROOT / "plugins" / "module_utils"
_PREFIX = "ansible_collections.patchfleet.aws.plugins.module_utils."
_MAY_IMPORT = re.compile(r"^May import: (.+)\.$", re.MULTILINE)
_NOTHING = "nothing of this collection"


@dataclass(frozen=True)
class Package:
    """One package of module_utils."""

    path: Path

    @property
    def name(self) -> str:
        """Its name, with the leading underscore of a private package."""
        return self.path.name

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Its files, without __init__.py."""
        return tuple(sorted(path for path in self.path.glob("*.py") if path.name != "__init__.py"))

    @cached_property
    def purpose(self) -> str:
        """The first line of its docstring."""
        return self._docstring.splitlines()[0]

    @cached_property
    def allowed(self) -> frozenset[str]:
        """The packages that it may import, from its docstring. Raises ValueError if it does not list them."""
        stated = _MAY_IMPORT.search(self._docstring)
        if stated is None:
            raise ValueError(f"{self.name}/__init__.py: the docstring needs a line 'May import: _one, _other.'")
        return frozenset() if stated[1] == _NOTHING else frozenset(stated[1].split(", "))

    @cached_property
    def imports(self) -> frozenset[str]:
        """The packages that its files import."""
        return frozenset(name for path in self.files for name in imported_packages(path)) - {self.name}

    @cached_property
    def _docstring(self) -> str:
        return ast.get_docstring(ast.parse((self.path / "__init__.py").read_text(encoding="utf-8"))) or ""


def imported_packages(path: Path) -> set[str]:
    """The packages of module_utils that a file imports, by a relative or an absolute import."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = node.module or ""
        if node.level == 2:
            found |= {module.partition(".")[0]} if module else {alias.name for alias in node.names}
        elif node.level == 0 and module.startswith(_PREFIX):
            found.add(module.removeprefix(_PREFIX).partition(".")[0])
    return found


def packages() -> dict[str, Package]:
    """All packages by name."""
    found = (Package(path.parent) for path in sorted(MODULE_UTILS.glob("*/__init__.py")))
    return {package.name: package for package in found}


def direct_imports(found: dict[str, Package]) -> list[tuple[str, str]]:
    """The pairs of importing and imported packages, without those that follow from other imports."""
    below = {name: _reachable(name, found) for name in found}
    return [
        (name, other)
        for name, package in found.items()
        for other in sorted(package.imports)
        if not any(other in below[third] for third in package.imports - {other})
    ]


def _reachable(name: str, found: dict[str, Package]) -> set[str]:
    direct = found[name].imports
    return set(direct).union(*(_reachable(other, found) for other in direct))


def entries(found: dict[str, Package]) -> dict[str, list[str]]:
    """The modules and plugins that enter the packages at each package, which is the topmost one that they import."""
    result: dict[str, list[str]] = {}
    for path in sorted((ROOT / "plugins").glob("[!m_]*/*.py")) + sorted((ROOT / "plugins/modules").glob("*.py")):
        imported = imported_packages(path) & found.keys()
        for name in imported - {low for high in imported for low in _reachable(high, found)}:
            result.setdefault(name, []).append(path.stem)
    return result


def picture() -> str:
    """The packages as a Mermaid flowchart, with arrows to imported packages."""
    found = packages()
    lines = ["```mermaid", "flowchart TD"]
    for name, users in sorted(entries(found).items()):
        label = "<br>".join(dict.fromkeys(users))
        lines += [f'  {name.strip("_")}_users(["{label}"]) --> {name.strip("_")}']
    lines += [f'  {name.strip("_")}["{name}"]' for name in found]
    lines += [f"  {name.strip('_')} --> {other.strip('_')}" for name, other in direct_imports(found)]
    return "\n".join([*lines, "```"])


if __name__ == "__main__":
    print(picture())
