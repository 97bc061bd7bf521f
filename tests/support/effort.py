# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many generated examples and seeded faults a run of the tests tries: few locally, more in the CI, many on demand.

C(CI=true) is what services of continuous integration set. PATCHFLEET_FAULT_RUNS sets the number of faults itself.
"""

from __future__ import annotations

import os

_IN_CI = os.environ.get("CI", "").lower() == "true"
_LOCAL_SHARE = 4
_LOCAL_RUNS, _CI_RUNS = 10, 30


def example_count(full: int) -> int:
    """The number of examples that Hypothesis tries: the full number in the CI, a quarter of it locally."""
    return full if _IN_CI else max(full // _LOCAL_SHARE, 5)


def fault_runs() -> int:
    """The number of seeds of a test of faults."""
    return int(os.environ.get("PATCHFLEET_FAULT_RUNS") or (_CI_RUNS if _IN_CI else _LOCAL_RUNS))
