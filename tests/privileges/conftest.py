# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account for each test and profile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import Account

from . import recording


@pytest.fixture(params=recording.PROFILES)
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    """An empty account in this process, once for each profile."""
    with recording.account(request.param) as made:
        yield made
