# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One player of scenarios for each test."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.unit.conftest import account, simulator
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import Account

from .player import Player

__all__ = ["account", "player", "simulator"]


@pytest.fixture(scope="session")
def clients() -> dict[str, Any]:
    """Clients by their options; making one takes longer than most scenarios."""
    return {}


@pytest.fixture
def player(account: Account, clients: dict[str, Any]) -> Player:
    """Scenarios are played in an empty account."""
    account.clients = clients
    return Player(account)
