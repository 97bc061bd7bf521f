# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of playbooks and commands share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.patchfleet.aws.tests.support.doors import door
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from simulator import STILL, serving


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The simulator of all tests in this process."""
    with serving(*STILL, "--profile", chosen_profile()) as address:
        yield address


@pytest.fixture(scope="module")
def endpoint(server: str) -> str:
    """The simulator, without what the tests of other files left in it."""
    door(server, "reset", {})
    return server


@pytest.fixture
def emptied(endpoint: str) -> str:
    """The simulator, without what other tests left in it."""
    door(endpoint, "reset", {})
    return endpoint
