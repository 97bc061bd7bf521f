# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The profile of the simulator in a test run.

A run uses one profile, so that each test runs once. The continuous integration uses the other one on its second stack.
"""

from __future__ import annotations

import os

from ssmsim.simulator import PROFILES

VARIABLE = "PATCHFLEET_SIM_PROFILE"


def chosen_profile() -> str:
    """The profile in PATCHFLEET_SIM_PROFILE. The default is C(lenient)."""
    name = os.environ.get(VARIABLE) or "lenient"
    if name not in PROFILES:
        raise ValueError(f"{VARIABLE} must be one of {', '.join(PROFILES)}, not {name}")
    return name
