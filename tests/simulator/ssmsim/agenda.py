# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events at a time of the virtual clock, such as the end of a command or the opening of a window."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssmsim.store import Clock

Action = Callable[[], None]


class Agenda:
    """Actions, each with the time at which it is due.

    Nothing runs in the background: due actions run before the next call and after the clock was changed, in the order
    of their times, and in the order of their addition at the same time. While an action runs, the clock stands at its
    time, so that what it writes has the right date. An action can add others, including ones that are already due.
    Each action runs once, even if the clock is set back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[datetime, int, Action]] = []
        self._added = 0
        self._running = False

    def at(self, moment: datetime, action: Action) -> None:
        """Run ``action`` at an aware ``moment``, or at the next opportunity if it is in the past."""
        heapq.heappush(self._due, (moment, self._added, action))
        self._added += 1

    def run_due(self) -> None:
        """Run all due actions. A call from within an action does nothing."""
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
