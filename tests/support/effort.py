# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of generated examples and seeded faults in a test run: few locally, more in the CI, many on demand.

Continuous integration services set C(CI=true). PATCHFLEET_FAULT_RUNS sets the number of faults.
"""

from __future__ import annotations

import os

_IN_CI = os.environ.get("CI", "").lower() == "true"
_LOCAL_SHARE = 4
_LOCAL_RUNS, _CI_RUNS = 10, 30


def example_count(full: int) -> int:
    """The number of examples for Hypothesis: the full number in the CI, a quarter of it locally."""
    return full if _IN_CI else max(full // _LOCAL_SHARE, 5)


def fault_runs() -> int:
    """The number of seeds for a fault test."""
    return int(os.environ.get("PATCHFLEET_FAULT_RUNS") or (_CI_RUNS if _IN_CI else _LOCAL_RUNS))
