# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import CLOCK, Account, connect
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from ssmsim import Simulator, others


@pytest.fixture(scope="session")
def simulator() -> Simulator:
    """The simulator of this process, reset for each test."""
    simulator = Simulator(profile=chosen_profile(), clock=CLOCK)
    simulator.instances_by_moto = False
    return simulator


@pytest.fixture
def account(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An empty account in the simulator, in which modules run."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANSIBLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    simulator.reset()
    account = Account(simulator, chosen_profile())
    connect(account, monkeypatch)
    yield account
    simulator.reset()
    # moto, where a test has loaded it, remembers what the other services hold.
    others.reset()
