# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import CLOCK, Account, connect
from ssmsim import Simulator

PROFILES = ("strict", "lenient")


@pytest.fixture(scope="session")
def simulators() -> dict[str, Simulator]:
    """One simulator for each profile, reset for each test."""
    return {profile: Simulator(profile=profile, clock=CLOCK) for profile in PROFILES}


@pytest.fixture(params=PROFILES)
def profile(request: pytest.FixtureRequest) -> str:
    """How the service behaves where that is not known."""
    return str(request.param)


@pytest.fixture
def account(profile: str, simulators: dict[str, Simulator], monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An empty account in the simulator, in which modules run; once for each profile."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANSIBLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    simulator = simulators[profile]
    simulator.reset()
    account = Account(simulator, profile)
    connect(account, monkeypatch)
    yield account
    simulator.reset()
