# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The profile of the simulator that a run of the tests uses.

One run takes one profile, so that a test runs once; the continuous integration takes the other one on its second stack.
"""

from __future__ import annotations

import os

from ssmsim.simulator import PROFILES

VARIABLE = "PATCHFLEET_SIM_PROFILE"


def chosen_profile() -> str:
    """The profile that PATCHFLEET_SIM_PROFILE names, C(lenient) where it names none."""
    name = os.environ.get(VARIABLE) or "lenient"
    if name not in PROFILES:
        raise ValueError(f"{VARIABLE} must be one of {', '.join(PROFILES)}, not {name}")
    return name
