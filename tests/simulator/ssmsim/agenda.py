# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens by itself at a moment of the virtual clock: a command that ends, a window that opens."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssmsim.store import Clock

Action = Callable[[], None]


class Agenda:
    """Actions by the moment at which they are due.

    Nothing runs in the background: what is due runs before the next call and after the clock was moved, in the order
    of the moments, and what was added first runs first at the same moment. While an action runs, the clock stands at
    its moment, so what it writes is dated as if somebody had watched all the time. An action may add others, also
    ones that are due already. What has run is gone: a clock that is put back does not bring it again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[datetime, int, Action]] = []
        self._added = 0
        self._running = False

    def at(self, moment: datetime, action: Action) -> None:
        """Let ``action`` run at an aware ``moment``; one in the past means at the next opportunity."""
        heapq.heappush(self._due, (moment, self._added, action))
        self._added += 1

    def run_due(self) -> None:
        """Run all that is due. An action that gets here again, through a call of its own, runs nothing."""
        if self._running or not self._due:
            return
        now = self._clock.now()
        self._running = True
        try:
            while self._due and self._due[0][0] <= now:
                moment, _, action = heapq.heappop(self._due)
                with self._clock.standing(moment):
                    action()
        finally:
            self._running = False
