# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock: the only file of the collection that reads the time or waits.

Call it as C(clock.now()), so that a test can replace the functions here. Processes that a test starts read the time
from the environment variable PATCHFLEET_CLOCK instead; see docs/developing.md.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

# An ISO 8601 time at which the clock stands still, for tests only.
STANDING = "PATCHFLEET_CLOCK"


def now() -> datetime:
    """The current time in UTC, in whole seconds like the times of the service that it is compared with."""
    standing = os.environ.get(STANDING)
    moment = datetime.fromisoformat(standing).astimezone(UTC) if standing else datetime.now(UTC)
    return moment.replace(microsecond=0)


def monotonic() -> float:
    """Seconds since an arbitrary time, unaffected by changes to the system clock."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)
