# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the role patching agree with each other, and with the module that it calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import setup

ROLE = Path(__file__).resolve().parents[3] / "roles" / "patching"


def content(path: str) -> Any:
    """A YAML file of the role."""
    return yaml.safe_load((ROLE / path).read_text(encoding="utf-8"))


SPEC = content("meta/argument_specs.yml")["argument_specs"]["main"]["options"]


def test_the_defaults_are_those_of_the_specification() -> None:
    assert content("defaults/main.yml") == {name: option.get("default") for name, option in SPEC.items()}


def test_every_option_of_a_setup_is_a_variable_and_is_passed_on() -> None:
    [whole] = content("tasks/bulk.yml")
    [task] = whole["block"]
    names = {option.name for option in setup.OPTIONS}
    assert set(task["patchfleet.aws.ssm_patch_setup"]) == names
    of_the_role = {"patching_apply", "patching_verify", "patching_forecast", "patching_secure_logging"}
    assert {f"patching_{name}" for name in names} == set(SPEC) - of_the_role


def test_the_defaults_are_those_of_the_module() -> None:
    differing = [
        option.name
        for option in setup.OPTIONS
        if (option.default or None) != (SPEC[f"patching_{option.name}"].get("default") or None)
    ]
    assert differing == []
