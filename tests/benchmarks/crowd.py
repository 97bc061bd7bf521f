# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several controllers that apply the same setup to one region at the same moment, which limits their calls."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import workload
from contestants import Contestants
from service import NEW, Service

CONTROLLERS = 10
WINDOWS, BASELINES = 10, 4
# AWS publishes no rates for these calls; throttled users report some tens a second for an account and region.
PER_SECOND, BURST = 40.0, 40.0


@dataclass
class Crowd:
    """What became of it. wall: seconds until the last was done. floor: what the calls take at this rate at least.

    calls: that were answered. throttled: that were refused, and tried again. writes: by all of them together.
    """

    wall: float
    floor: float
    calls: int
    throttled: int
    writes: int


def measure(service: Service, environment: dict[str, str], folder: Path) -> Crowd:
    """Let all of them find nothing to do; raises ContestantError where one of them fails."""
    service.reset()
    declaration = workload.declaration(WINDOWS, BASELINES)
    homes = [folder / f"controller-{number}" for number in range(CONTROLLERS)]
    for home in homes:
        home.mkdir()
    controllers = [Contestants(environment, home) for home in homes]
    controllers[0].play("bulk", **declaration, concurrency=16)
    service.calls(NEW)
    service.clear_log()
    service.limit(PER_SECOND, BURST)
    with ThreadPoolExecutor(CONTROLLERS) as pool:
        samples = list(pool.map(lambda one: one.play("bulk", **declaration, concurrency=16), controllers))
    log = service.log()
    service.set_latency(0)
    throttled = sum(call["error"] == "ThrottlingException" for call in log)
    calls = len(log) - throttled
    floor = max(0.0, (calls - BURST) / PER_SECOND)
    return Crowd(max(one.wall for one in samples), floor, calls, throttled, sum(bool(call["write"]) for call in log))
