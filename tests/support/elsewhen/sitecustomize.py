# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts every Python that finds this file on its path at another time. See tools/awkward_times.py.

Durations and the dates of files are unchanged.
"""

from __future__ import annotations

import os
import sys
import time

# time_machine imports pytest if it is installed, which takes half a second in each of many processes.
sys.modules["pytest"] = None  # type: ignore[assignment]
import time_machine  # noqa: E402

del sys.modules["pytest"]
# The offset from the real time is the same in all processes, regardless of their start times.
time_machine.travel(time.time() + float(os.environ["PATCHFLEET_AHEAD"]), tick=True).start()
