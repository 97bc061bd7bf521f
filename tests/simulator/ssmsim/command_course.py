# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution of one command on its nodes, within the limits of MaxConcurrency and MaxErrors."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from ssmsim import fleet, node_runs
from ssmsim.documents import Document
from ssmsim.store import Record, Region

COMMANDS = "commands"
HISTORY = timedelta(days=30)
_CANCELLING_SECONDS = 2
_RUNNING, _CANCELLING = "InProgress", "Cancelling"
_PENDING = ("Pending", "Pending")
_UNDELIVERABLE = ("Failed", "Undeliverable")
_DELIVERY_TIMED_OUT = ("TimedOut", "DeliveryTimedOut")
_EXECUTION_TIMED_OUT = ("TimedOut", "ExecutionTimedOut")
_CANCELLED = ("Cancelled", "Cancelled")
_TERMINATED = ("Cancelled", "Terminated")
# The details that count for MaxErrors. Failed deliveries do not.
_ERRORS = ("Failed", "ExecutionTimedOut")

OnEnd = Callable[[Record], None]


class Course:
    """A command in progress.

    The records of the command and its invocations are returned by reads. The course itself knows the waiting and
    running nodes. Every step is an action of the agenda, which checks itself whether it still applies.
    """

    def __init__(self, region: Region, command: Record, document: Document, on_end: OnEnd | None = None) -> None:
        self.invocations = region.own_table()
        self.instance_ids: list[str] = []
        self.shown = False  # whether reads list invocations
        self.document = document
        self._region = region
        self._id: str = command["CommandId"]
        self._on_end = on_end
        self._waiting: deque[str] = deque()
        # The nodes that count for MaxConcurrency. Nodes that were not reached do not.
        self._active: dict[str, str] = {}
        self._delayed: set[str] = set()
        self._details: Counter[str] = Counter()
        self._delivered = False
        self._cancelled = False
        region.table(COMMANDS).put(self._id, {**command, "Course": self})

    @property
    def command(self) -> Record:
        """The actual record of the command."""
        record = self._region.table(COMMANDS).latest(self._id)
        assert record is not None, "a command is forgotten only after its course"
        return record

    @property
    def ended(self) -> bool:
        """Whether the command has reached a terminal state."""
        return self.command["Status"] not in ("Pending", "InProgress", "Cancelling")

    def begin(self, instance_ids: list[str] | None) -> None:
        """Send the command to these nodes, or to those that match its Targets.

        AWS does not document when the nodes of Targets are determined. The strict profile determines them later.
        """
        region, command = self._region, self.command
        if instance_ids is None and not region.strict:
            instance_ids = fleet.of(region).matching(command["Targets"])
        if instance_ids is not None:
            self._count_targets(instance_ids)
        # Nothing is listed yet, because waiters of other tools encountered an empty list immediately after SendCommand.
        self._after(node_runs.setting(region, "delivery_seconds"), self._deliver)
        region.at(command["ExpiresAfter"], self._expire)
        forgotten = max(command["ExpiresAfter"], command["RequestedDateTime"] + HISTORY)
        region.at(forgotten, lambda: region.table(COMMANDS).remove(self._id))

    def cancel(self, instance_ids: Iterable[str] | None) -> None:
        """Cancel the command on these nodes, or as a whole. Completed invocations do not change."""
        if self.ended:
            return
        everything = instance_ids is None
        wanted = set(self.instance_ids if instance_ids is None else instance_ids)
        self._cancelled = self._cancelled or everything
        waiting, self._waiting = self._waiting, deque(one for one in self._waiting if one not in wanted)
        for instance_id in wanted & {*waiting, *self._delayed}:
            self._settle(instance_id, _CANCELLED)
        for instance_id in wanted & self._active.keys():
            self._cancel_active(instance_id)
        if everything and not self.ended:
            self._update(Status="Cancelling", StatusDetails="Cancelling")
        self._go_on()

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        self._region.at(self._region.now() + timedelta(seconds=seconds), action)

    def _update(self, **members: Any) -> None:
        self._region.table(COMMANDS).put(self._id, {**self.command, **members})

    def _count_targets(self, instance_ids: list[str]) -> None:
        self.instance_ids = instance_ids
        self._waiting.extend(instance_ids)
        self._update(TargetCount=len(instance_ids))

    def _show_invocations(self) -> None:
        for instance_id in self.instance_ids:
            if self.invocations.latest(instance_id) is None:
                self._put(instance_id, _PENDING)

    def _put(self, instance_id: str, state: tuple[str, str], **members: Any) -> None:
        self.shown = True
        known = self.invocations.latest(instance_id) or {"InstanceId": instance_id, "Result": node_runs.NOTHING}
        changed = {"Status": state[0], "StatusDetails": state[1], **members}
        self.invocations.put(instance_id, {**known, **changed})

    def _deliver(self) -> None:
        if self.ended:
            return
        self._delivered = True
        if not self.instance_ids and self.command["Targets"]:
            self._count_targets(fleet.of(self._region).matching(self.command["Targets"]))
        if not self.instance_ids:
            self._end("Success", "NoInstancesInTag")
            return
        self._show_invocations()
        if not self._cancelled:
            self._update(Status="InProgress", StatusDetails="InProgress")
        self._go_on()

    def _go_on(self) -> None:
        """Send the command to as many further nodes as allowed, and end it when nothing is left to do."""
        if self._cancelled or self._errors() > self._allowed_errors():
            while self._waiting:
                self._settle(self._waiting.popleft(), _CANCELLED if self._cancelled else _TERMINATED)
        limit = share(self.command["MaxConcurrency"], len(self.instance_ids), least=1)
        while self._delivered and self._waiting and len(self._active) < limit:
            self._send(self._waiting.popleft())
        open_ones = self._waiting or self._active or self._delayed
        if self.instance_ids and not open_ones and not self.ended:
            self._end(*self._verdict())

    def _errors(self) -> int:
        return sum(self._details[details] for details in _ERRORS)

    def _allowed_errors(self) -> int:
        return share(self.command["MaxErrors"], len(self.instance_ids), least=0)

    def _send(self, instance_id: str) -> None:
        node = fleet.of(self._region).find(instance_id)
        if node is None or node.ping_status == "Inactive":
            self._settle(instance_id, _UNDELIVERABLE)
        elif node.platform.kind not in self.document.platforms:
            self._settle(instance_id, ("Failed", "InvalidPlatform"))
        elif node.ping_status != "Online":
            self._delayed.add(instance_id)
            self._put(instance_id, ("Delayed", "Delayed"))
            self._region.at(self._delivery_deadline(), lambda: self._give_up(instance_id))
        else:
            self._run(instance_id, node.platform.kind)

    def _delivery_deadline(self) -> datetime:
        """The end of the delivery timeout. AWS's documentation contradicts itself on its length."""
        command = self.command
        if self._region.strict:
            return command["ExpiresAfter"]
        return command["RequestedDateTime"] + timedelta(seconds=command["TimeoutSeconds"])

    def _give_up(self, instance_id: str) -> None:
        if instance_id in self._delayed:
            self._settle(instance_id, _DELIVERY_TIMED_OUT)
            self._go_on()

    def _run(self, instance_id: str, platform: str) -> None:
        self._active[instance_id] = _RUNNING
        self._put(instance_id, ("InProgress", "InProgress"), Start=self._region.now(), Platform=platform)
        duration = node_runs.duration(self._region, self.document, self.command, instance_id)
        timeout = node_runs.timeout(self.document, self.command)
        if duration > timeout:
            self._after(timeout, lambda: self._finish(instance_id, timed_out=True))
        else:
            self._after(duration, lambda: self._finish(instance_id))

    def _finish(self, instance_id: str, *, timed_out: bool = False) -> None:
        if self._active.get(instance_id) != _RUNNING:
            return
        if timed_out:
            self._settle(instance_id, _EXECUTION_TIMED_OUT, Result=node_runs.STOPPED)
        else:
            start = (self.invocations.latest(instance_id) or {})["Start"]
            result = node_runs.carry_out(self._region, self.document, self.command, instance_id, start)
            state = ("Success", "Success") if result.exit_code == 0 else ("Failed", "Failed")
            self._settle(instance_id, state, Result=result)
        self._go_on()

    def _cancel_active(self, instance_id: str) -> None:
        if self._active[instance_id] == _RUNNING:
            self._active[instance_id] = _CANCELLING
            self._put(instance_id, ("Cancelling", "Cancelling"))
            self._after(_CANCELLING_SECONDS, lambda: self._cancelled_at_last(instance_id))

    def _cancelled_at_last(self, instance_id: str) -> None:
        if self._active.get(instance_id) == _CANCELLING:
            self._settle(instance_id, _CANCELLED, Result=node_runs.STOPPED)
            self._go_on()

    def _settle(self, instance_id: str, state: tuple[str, str], **members: Any) -> None:
        """End the invocation of a node."""
        self._active.pop(instance_id, None)
        self._delayed.discard(instance_id)
        self._put(instance_id, state, End=self._region.now(), **members)
        self._details[state[1]] += 1
        self._update(
            CompletedCount=self._details.total(),
            ErrorCount=self._errors(),
            DeliveryTimedOutCount=self._details["DeliveryTimedOut"],
        )

    def _expire(self) -> None:
        """End the command when it expires. To the service, invocations without a result were not delivered."""
        if self.ended:
            return
        for instance_id in [*self._waiting, *self._active, *self._delayed]:
            self._settle(instance_id, _DELIVERY_TIMED_OUT)
        self._waiting.clear()
        self._go_on()

    def _verdict(self) -> tuple[str, str]:
        """The Status and StatusDetails of a command after all its invocations have ended."""
        count = self._details
        if self._cancelled and count["Cancelled"]:
            return _CANCELLED
        if count["Success"] == len(self.instance_ids):
            return "Success", "Success"
        if self._errors() > self._allowed_errors():
            return ("Failed", "Failed") if count["Failed"] else _EXECUTION_TIMED_OUT
        if not count["Success"]:
            return _without_success(count)
        return self._mixed()

    def _mixed(self) -> tuple[str, str]:
        """The status if some nodes succeeded and MaxErrors allows the failures. AWS's documents disagree on it."""
        undelivered = sum(self._details[one] for one in ("Success", "Undeliverable", "InvalidPlatform"))
        if self._region.strict or undelivered == len(self.instance_ids):
            return "Success", "Success"
        return ("Failed", "Failed") if 0 < self._allowed_errors() <= self._errors() else ("Failed", "Incomplete")

    def _end(self, status: str, details: str) -> None:
        self._update(Status=status, StatusDetails=details)
        if self._on_end is not None:
            self._on_end(self.command)


def share(rate: str, count: int, *, least: int) -> int:
    """The number of nodes for a rate such as ``10`` or ``10%``. A percentage is rounded down."""
    number = count * int(rate[:-1]) // 100 if rate.endswith("%") else int(rate)
    return max(least, number)


def _without_success(count: Counter[str]) -> tuple[str, str]:
    """The status if no node succeeded, and the failures alone do not make the command fail."""
    for state in (_DELIVERY_TIMED_OUT, _EXECUTION_TIMED_OUT, _CANCELLED):
        if count[state[1]] == count.total():
            return state
    return "Failed", "Failed" if count["Undeliverable"] or count["InvalidPlatform"] or count["Failed"] else "Incomplete"
