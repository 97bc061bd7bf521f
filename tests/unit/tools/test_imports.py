# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the process of a module loads. Not in plugins: in ansible-test, another process does not find the collection."""

from __future__ import annotations

import subprocess
import sys

import pytest

PLUGINS = "ansible_collections.patchfleet.aws.plugins"

LOADED = "import sys, importlib; importlib.import_module(sys.argv[1]); print(*sorted(sys.modules))"


def loaded(module: str) -> set[str]:
    """What a process has loaded when it has imported a module."""
    command = [sys.executable, "-c", LOADED, module]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    ("module", "packages"),
    [
        ("ssm_patch_setup", {"_aws", "_engine", "_options", "_planners", "_resources", "_schedules", "_state"}),
        ("ssm_patch_compliance_info", {"_aws", "_compliance", "_files", "_options", "_resources", "_schedules"}),
    ],
)
def test_a_module_loads_its_own_packages_and_what_every_module_loads(module: str, packages: set[str]) -> None:
    ours = f"{PLUGINS}.module_utils."
    smallest = loaded("ansible_collections.amazon.aws.plugins.modules.aws_caller_info")

    names = loaded(f"{PLUGINS}.modules.{module}")

    assert {name.removeprefix(ours).partition(".")[0] for name in names if name.startswith(ours)} == packages
    # zoneinfo reads time zones of schedules.
    others = {name.partition(".")[0] for name in names - smallest} - {*sys.stdlib_module_names}
    assert others == {"ansible_collections"}


def test_a_report_loads_nothing_that_calls_aws() -> None:
    names = loaded(f"{PLUGINS}.modules.patch_report")
    assert {"boto3", "botocore", "ansible_collections.amazon"} & names == set()
