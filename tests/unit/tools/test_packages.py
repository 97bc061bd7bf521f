# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of module_utils import one way, and stay small enough to be read."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from packages import MODULE_UTILS, Package, imported_packages, packages

PACKAGES = packages()


@pytest.mark.parametrize("package", PACKAGES.values(), ids=lambda package: package.name)
def test_a_package_imports_what_its_docstring_allows(package: Package) -> None:
    assert package.imports <= package.allowed


def test_allowed_imports_lead_one_way() -> None:
    TopologicalSorter({name: package.allowed for name, package in PACKAGES.items()}).prepare()


@pytest.mark.parametrize("package", PACKAGES.values(), ids=lambda package: package.name)
def test_a_package_is_small_and_says_what_it_is_for(package: Package) -> None:
    assert 1 <= len(package.files) <= 12
    assert len(package.purpose) > 20


def test_all_code_is_in_a_package() -> None:
    loose = [path.name for path in MODULE_UTILS.glob("*.py")]
    bare = [path.name for path in MODULE_UTILS.iterdir() if path.is_dir() and any(path.glob("*.py"))]

    assert loose == ["__init__.py"]
    assert sorted(bare) == sorted(PACKAGES)


@pytest.mark.parametrize(
    ("line", "imported"),
    [
        ("from .._aws.client import Api", {"_aws"}),
        ("from .._resources import window, ownership", {"_resources"}),
        ("from .. import _files", {"_files"}),
        ("from .errors import ApiError", set()),
        ("from ansible_collections.patchfleet.aws.plugins.module_utils._info.runner import run", {"_info"}),
        ("def late():\n    from .._report import page", {"_report"}),
    ],
)
def test_every_form_of_import_is_seen(tmp_path: Path, line: str, imported: set[str]) -> None:
    path = tmp_path / "module.py"
    path.write_text(line, encoding="utf-8")

    assert imported_packages(path) == imported
