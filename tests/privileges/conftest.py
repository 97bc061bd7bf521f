# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile

from . import recording


@pytest.fixture
def account() -> Iterator[Account]:
    """An empty account in this process."""
    with recording.account(chosen_profile()) as made:
        yield made
