# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets every Python that finds this on its path live at another time; see tools/awkward_times.py.

Durations and the dates of files stay real.
"""

from __future__ import annotations

import os
import sys
import time

# time_machine loads pytest wherever it is installed, which takes half a second in each of many processes.
sys.modules["pytest"] = None  # type: ignore[assignment]
import time_machine  # noqa: E402

del sys.modules["pytest"]
# The distance to the true time is the same in all processes, however late they start.
time_machine.travel(time.time() + float(os.environ["PATCHFLEET_AHEAD"]), tick=True).start()
