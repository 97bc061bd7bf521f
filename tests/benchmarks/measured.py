# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python interpreter that notes what it used: modules and scripts run with it.

usage: measured.py ARGUMENT ...

Appends a line "CPU-SECONDS PEAK-KIBIBYTES" to the file that PATCHFLEET_BENCH_USAGE names. Its own start is part
of every measured time, so it imports nothing that takes long.
"""

import os
import sys

child = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ)
_, status, usage = os.wait4(child, 0)
with open(os.environ["PATCHFLEET_BENCH_USAGE"], "a", encoding="ascii") as notes:
    notes.write(f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}\n")
sys.exit(os.waitstatus_to_exitcode(status))
