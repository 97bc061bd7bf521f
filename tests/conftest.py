# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the generated examples of all suites: their number, and no time limit."""

from __future__ import annotations

from ansible_collections.patchfleet.aws.tests.support.effort import example_count
from hypothesis import HealthCheck, settings

settings.register_profile(
    "patchfleet",
    # Other processes may keep the machine busy.
    deadline=None,
    max_examples=example_count(100),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patchfleet")
