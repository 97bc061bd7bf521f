# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the role patch_report agree with each other, and with the modules that it calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.patchfleet.aws.plugins.module_utils._report.options import FORMATS
from ansible_collections.patchfleet.aws.plugins.module_utils._report_info.options import OPTIONS

ROLE = Path(__file__).resolve().parents[3] / "roles" / "patch_report"


def content(path: str) -> Any:
    """A YAML file of the role."""
    return yaml.safe_load((ROLE / path).read_text(encoding="utf-8"))


SPEC = content("meta/argument_specs.yml")["argument_specs"]["main"]["options"]


def test_the_defaults_are_those_of_the_specification() -> None:
    defaults = content("defaults/main.yml")

    # It follows from another variable.
    assert defaults.pop("patch_report_read")
    assert defaults == {name: option["default"] for name, option in SPEC.items() if name != "patch_report_read"}


def test_the_readme_names_every_variable() -> None:
    readme = (ROLE / "README.md").read_text(encoding="utf-8")

    assert [name for name in SPEC if f"`{name}`" not in readme] == []


def test_the_scope_is_that_of_the_module_that_reads() -> None:
    [block] = [task["block"] for task in content("tasks/main.yml") if "block" in task]
    [read] = [task for task in block if "patchfleet.aws.ssm_patch_report_info" in task]
    kinds = {name: option["type"] for name, option in SPEC["patch_report_scope"]["options"].items()}

    assert set(kinds) <= set(read["patchfleet.aws.ssm_patch_report_info"])
    assert kinds == {option.name: option.type for option in OPTIONS if option.name in kinds}


def test_the_formats_are_those_of_the_module_that_writes() -> None:
    assert SPEC["patch_report_formats"]["choices"] == SPEC["patch_report_formats"]["default"] == [*FORMATS]
