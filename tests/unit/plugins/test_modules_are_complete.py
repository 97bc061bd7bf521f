# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module must have besides its code: tests, examples, an entry in the action group, a scenario."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

ROOT = Path(__file__).resolve().parents[3]
# The documentation of an action plugin that only the roles and playbooks use.
PRIVATE = {"__init__", "connect", "preflight"}
MODULES = sorted({path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")} - PRIVATE)
pytestmark = pytest.mark.parametrize("name", MODULES)


@cache
def _scenarios() -> str:
    """All that the scenarios say, and what the playbooks and roles that they run say."""
    said = "\n".join(path.read_text() for path in (ROOT / "extensions" / "molecule").rglob("*.yml"))
    books = [path for path in (ROOT / "playbooks").glob("*.yml") if f"patchfleet.aws.{path.stem}" in said]
    roles = [path for path in (ROOT / "roles").iterdir() if f"patchfleet.aws.{path.name}" in said]
    run = [*books, *(path for role in roles for path in role.rglob("tasks/*.yml"))]
    return "\n".join([said, *(path.read_text() for path in run)])


def _module(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.patchfleet.aws.plugins.modules.{name}")


def _module_of(path: Path) -> str:
    """The module that a file of tests is named for, C("") where it is about several."""
    named = [name for name in MODULES if f"{path.stem}_".startswith(f"test_{name}_")]
    return max(named, key=len, default="")


def test_it_has_unit_tests(name: str) -> None:
    assert name in {_module_of(path) for path in Path(__file__).with_name("modules").glob("test_*.py")}


def test_it_has_examples_that_use_it(name: str) -> None:
    tasks = DataLoader().load(_module(name).EXAMPLES)

    used = [task for task in tasks if f"patchfleet.aws.{name}" in task]
    assert used
    assert all(task["name"] for task in used)


def test_it_is_in_the_action_group_if_it_connects(name: str) -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    fragments = yaml.safe_load(_module(name).DOCUMENTATION).get("extends_documentation_fragment", [])

    assert (name in runtime["action_groups"]["aws"]) is ("amazon.aws.common.modules" in fragments)


def test_it_has_a_scenario(name: str) -> None:
    assert f"patchfleet.aws.{name}:" in _scenarios()


def test_it_documents_what_it_is_called(name: str) -> None:
    module = _module(name)

    assert yaml.safe_load(module.DOCUMENTATION)["module"] == name
    assert yaml.safe_load(module.RETURN)
    assert callable(module.main)
