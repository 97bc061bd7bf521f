# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each message that the guide explains is one that the collection or AWS's tools print."""

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
_AWX = (CHECKOUT / "docs" / "awx.md").read_text(encoding="utf-8").partition("## Messages and solutions")[2]
# The parts that stay the same of each message.
AWX = [part.strip() for message in re.findall(r"^\| `([^`]+)`", _AWX, re.MULTILINE) for part in message.split("...")]
# Messages of Ansible, boto3 and AWX.
OTHERS_OF_AWX = {
    "skipping: no hosts matched",
    "Unable to locate credentials",
    "couldn't resolve module/action 'patchfleet.aws.preflight'",
    "Failed to import the required Python library (botocore and boto3)",
    "Variables",
    "are not allowed on launch",
    # Parts of names, and what is filled in.
    "The role arn:aws:iam::",
    ":role/patching was not assumed",
    "patching_",
    "is not a variable of the role patchfleet.aws.patching; did you mean",
}
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


def test_the_page_on_controllers_has_messages() -> None:
    assert len(AWX) > 10


@pytest.mark.parametrize("part", sorted({*AWX} - OTHERS_OF_AWX - {""}))
def test_the_message_of_a_job_exists(part: str) -> None:
    assert part in SOURCES
