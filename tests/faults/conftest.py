# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account for each test and profile."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import CLOCK
from ssmsim import Simulator

from .field import Field

PROFILES = ("strict", "lenient")


@pytest.fixture(scope="session")
def simulators() -> dict[str, Simulator]:
    """One simulator for each profile, reset for each test."""
    return {profile: Simulator(profile=profile, clock=CLOCK) for profile in PROFILES}


@pytest.fixture(params=PROFILES)
def field(
    request: pytest.FixtureRequest, simulators: dict[str, Simulator], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Field]:
    """An empty account, once for each profile."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANSIBLE_"))]:
        monkeypatch.delenv(name)
    simulator = simulators[request.param]
    simulator.reset()
    yield Field(simulator, request.param, monkeypatch)
    simulator.reset()
