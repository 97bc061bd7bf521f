# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module must have besides its code: tests, examples, an entry in the action group, a scenario."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

ROOT = Path(__file__).resolve().parents[4]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")
SCENARIOS = [path for path in (ROOT / "extensions" / "molecule").glob("*/*.yml") if path.parent.name != "default"]
pytestmark = pytest.mark.parametrize("name", MODULES)


def _module(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.patchfleet.aws.plugins.modules.{name}")


def test_it_has_unit_tests(name: str) -> None:
    files = (ROOT / "tests" / "unit").rglob("*.py")
    texts = [path.read_text() for path in files if path.resolve() != Path(__file__).resolve()]

    assert any(f'"{name}"' in text for text in texts)


def test_it_has_examples_that_use_it(name: str) -> None:
    tasks = DataLoader().load(_module(name).EXAMPLES)

    used = [task for task in tasks if f"patchfleet.aws.{name}" in task]
    assert used
    assert all(task["name"] for task in used)


def test_it_is_in_the_action_group(name: str) -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())

    assert name in runtime["action_groups"]["aws"]


@pytest.mark.skipif(not SCENARIOS, reason="there are no scenarios yet")
def test_it_has_a_scenario(name: str) -> None:
    assert any(f"patchfleet.aws.{name}:" in path.read_text() for path in SCENARIOS)


def test_it_documents_what_it_is_called(name: str) -> None:
    module = _module(name)

    assert yaml.safe_load(module.DOCUMENTATION)["module"] == name
    assert yaml.safe_load(module.RETURN)
    assert callable(module.main)
