# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays in the READMEs of the roles, which ansible-doc shows as their examples, do what they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from ansible_collections.patchfleet.aws.tests.unit.docs.test_examples import Shell, blocks, seed
from simulator import CHECKOUT, STILL, serving

ROLES = ("patching", "patch_prerequisites", "patch_report")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A simulator for the plays of all roles, with a fleet that keeps the gate."""
    with serving(*STILL) as address:
        yield address


@pytest.mark.parametrize("role", ROLES)
def test_the_play_does_what_the_page_says(role: str, endpoint: str, tmp_path: Path) -> None:
    urlopen(f"{endpoint}/_sim/reset", data=b"").close()
    urlopen(f"{endpoint}/_sim/seed", data=json.dumps(seed(CHECKOUT / "docs" / "report.md")).encode()).close()
    plays = [block for block in blocks(CHECKOUT / "roles" / role / "README.md") if block.file]
    assert plays
    for block in plays:
        Shell(tmp_path, endpoint).save(block)
