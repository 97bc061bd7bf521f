# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One runner of scenarios for each test."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.unit.conftest import account, simulator

from .scenario_runner import ScenarioRunner

__all__ = ["account", "runner", "simulator"]


@pytest.fixture(scope="session")
def clients() -> dict[str, Any]:
    """Clients by their options; making one takes longer than most scenarios."""
    return {}


@pytest.fixture
def runner(account: Account, clients: dict[str, Any]) -> ScenarioRunner:
    """Scenarios run in an empty account."""
    account.clients = clients
    return ScenarioRunner(account)
