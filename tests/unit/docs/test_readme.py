# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README lists everything that users can call."""

from __future__ import annotations

import re

import pytest
from build_site import CHECKOUT

# Only the roles and playbooks use them.
_INTERNAL = {"connect", "preflight"}
_FOLDERS = (
    "plugins/modules/*.py",
    "plugins/filter/*.py",
    "plugins/inventory/*.py",
    "roles/*",
    "playbooks/*.yml",
    "extensions/eda/rulebooks/*.yml",
)


def _listed() -> set[str]:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    [section] = re.findall(r"^## Included content\n(.*?)^## ", readme, re.M | re.S)
    return {name for row in section.splitlines() if row.startswith("| ") for name in re.findall(r"`(\w+)`", row)}


@pytest.mark.parametrize("pattern", _FOLDERS)
def test_the_readme_lists_everything_that_users_can_call(pattern: str) -> None:
    names = {path.stem for path in CHECKOUT.glob(pattern) if path.stem != "__init__"} - _INTERNAL
    assert names, "nothing is there"
    assert names - _listed() == set()
