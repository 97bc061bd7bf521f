# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-builder accepts the execution environment, and finds what the collection needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from simulator import CHECKOUT

DEFINITION = CHECKOUT / "execution-environment" / "execution-environment.yml"


def builder(*arguments: str) -> str:
    """What a command of ansible-builder prints."""
    command = [sys.executable, "-m", "ansible_builder", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def content(path: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build context."""
    folder = tmp_path_factory.mktemp("context")
    builder("create", "-f", str(DEFINITION), "-c", str(folder), "--output-filename", "Containerfile")
    return folder


def test_the_image_is_built_on_the_named_base_with_its_python(context: Path) -> None:
    steps = (context / "Containerfile").read_text(encoding="utf-8")
    definition = content(DEFINITION)

    assert f'ARG EE_BASE_IMAGE="{definition["images"]["base_image"]["name"]}"' in steps
    assert 'ARG PYPKG="python3.12"' in steps
    assert "RUN $PYCMD /output/scripts/introspect.py introspect" in steps
    assert "RUN ANSIBLE_GALAXY_DISABLE_GPG_VERIFY=1 ansible-galaxy collection install" in steps


def test_the_image_gets_the_collection(context: Path) -> None:
    wanted = content(context / "_build" / "requirements.yml")["collections"]

    assert [one["name"] for one in wanted] == ["patchfleet.aws"]


def test_ansible_core_of_the_image_is_what_the_collection_supports() -> None:
    installed = Requirement(content(DEFINITION)["dependencies"]["ansible_core"]["package_pip"]).specifier
    supported = SpecifierSet(content(CHECKOUT / "meta" / "runtime.yml")["requires_ansible"])
    versions = [f"2.{minor}.0" for minor in range(15, 30)]

    assert any(version in installed for version in versions)
    assert [version for version in versions if version in installed and version not in supported] == []


def test_the_builder_finds_the_python_and_system_packages_of_the_collection(tmp_path: Path) -> None:
    folder = tmp_path / "ansible_collections" / "patchfleet"
    folder.mkdir(parents=True)
    (folder / "aws").symlink_to(CHECKOUT)
    python, system = tmp_path / "python.txt", tmp_path / "system.txt"
    builder("introspect", "--sanitize", "--write-pip", str(python), "--write-bindep", str(system), str(tmp_path))

    wanted = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [line.partition("#")[0].strip() for line in python.read_text(encoding="utf-8").splitlines()]
    assert sorted(found) == sorted(line for line in wanted if line and not line.startswith("#"))
    assert system.read_text(encoding="utf-8").startswith("tzdata ")


def test_what_the_builder_reads_is_packed() -> None:
    ignored = content(CHECKOUT / "galaxy.yml")["build_ignore"]
    needs = content(CHECKOUT / "meta" / "execution-environment.yml")["dependencies"]

    assert needs == {"python": "requirements.txt", "system": "bindep.txt"}
    assert not {*needs.values(), "meta", "execution-environment"} & {*ignored}
