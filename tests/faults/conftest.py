# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import CLOCK
from ssmsim import Simulator

from .field import Field


@pytest.fixture(scope="session")
def simulator() -> Simulator:
    """The simulator of this process, reset for each test."""
    return Simulator(profile=chosen_profile(), clock=CLOCK)


@pytest.fixture
def field(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Field]:
    """An empty account."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANSIBLE_"))]:
        monkeypatch.delenv(name)
    simulator.reset()
    yield Field(simulator, chosen_profile(), monkeypatch)
    simulator.reset()
