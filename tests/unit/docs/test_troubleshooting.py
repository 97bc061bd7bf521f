# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each message that the page on troubleshooting explains is one that the collection or AWS's tools print."""

from __future__ import annotations

import re

import pytest
from simulator import CHECKOUT

PAGE = (CHECKOUT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
# Messages and states of Ansible and AWS.
OTHERS = {
    "is undefined",
    "TIMED_OUT",
    "The config profile",
    "does not support raw params",
    "unable to locate collection amazon.aws",
}
MESSAGES = re.findall(r"^\| `([^`]+)`", PAGE, re.MULTILINE)
_JOINT = re.compile(r'"\s*f?"')


def _sources() -> str:
    """The code and tasks of the collection, with texts over several lines joined."""
    files = [*CHECKOUT.glob("plugins/**/*.py"), *CHECKOUT.glob("playbooks/**/*.yml"), *CHECKOUT.glob("roles/**/*.yml")]
    return " ".join(_JOINT.sub("", path.read_text(encoding="utf-8")) for path in files)


SOURCES = " ".join(_sources().split())


def test_the_page_has_messages() -> None:
    assert len(MESSAGES) > 30


@pytest.mark.parametrize("message", sorted(set(MESSAGES) - OTHERS))
def test_the_message_exists(message: str) -> None:
    assert message in SOURCES
