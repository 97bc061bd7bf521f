# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the simulated service: accounts, Regions, tables, and their shared clock."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from ssmsim.agenda import Action, Agenda
from ssmsim.errors import idempotent_mismatch

if TYPE_CHECKING:
    from ssmsim.fleet import Fleet

Record = dict[str, Any]
Held = TypeVar("Held")


class Clock:
    """A clock that stands still at a time, or runs from there in real time."""

    def __init__(self, start: datetime | None = None, *, runs: bool = False) -> None:
        self._start = start or datetime.now(UTC)
        self._runs = runs
        self._since = time.monotonic()
        self._passed = 0.0
        self._standing: datetime | None = None

    def now(self) -> datetime:
        """The current simulated time, in UTC, with milliseconds like the service."""
        moment = self._standing or self._start + timedelta(seconds=self._since_moved())
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def passed(self) -> float:
        """The seconds that have passed in real time or with ``advance``, regardless of ``set``."""
        return self._passed + self._since_moved()

    def set(self, moment: datetime) -> None:
        """Set the clock to an aware ``moment``."""
        self.advance(0)
        self._start = moment.astimezone(UTC)

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        ran = self._since_moved()
        self._since += ran
        self._passed += ran + seconds
        self._start += timedelta(seconds=ran + seconds)

    def run(self, runs: bool) -> None:
        """Let the clock run in real time, or stand still until it is changed."""
        self.advance(0)
        self._runs, self._since = runs, time.monotonic()

    @contextmanager
    def standing(self, moment: datetime) -> Iterator[None]:
        """Let the clock stand at an aware ``moment`` during the block. Then it continues as before."""
        self._standing = moment.astimezone(UTC)
        try:
            yield
        finally:
            self._standing = None

    def _since_moved(self) -> float:
        return time.monotonic() - self._since if self._runs else 0.0


@dataclass
class World:
    """The shared state of all Regions and accounts: the profile, the clock with its agenda, the lag of reads in
    seconds, and the settings of the seed for commands and for executions of windows."""

    strict: bool = False
    clock: Clock = field(default_factory=Clock)
    lag: float = 0.0
    commands: Record = field(default_factory=dict)
    executions: Record = field(default_factory=dict)
    agenda: Agenda = field(init=False)

    def __post_init__(self) -> None:
        self.agenda = Agenda(self.clock)


class Table:
    """Records by ID, each with the versions that a lagging read can still see.

    Records are never changed in place: an update must put a new dict, because the older versions must not change.
    Listings are in the order of first creation.
    """

    def __init__(self, world: World, on_remove: Callable[[Any], None] | None = None) -> None:
        self._world = world
        self._on_remove = on_remove
        self._versions: dict[Hashable, list[tuple[float, Record | None]]] = {}

    def put(self, key: Hashable, record: Record) -> None:
        """Create or replace a record. Reads see it after the lag."""
        self._write(key, record)

    def remove(self, key: Hashable) -> None:
        """Delete a record. Reads see it until the lag has passed. A missing key is not an error."""
        self._write(key, None)
        if self._on_remove is not None:
            self._on_remove(key)

    def get(self, key: Hashable) -> Record | None:
        """The record as reads see it."""
        return self._seen(self._versions.get(key, []))

    def latest(self, key: Hashable) -> Record | None:
        """The actual record."""
        versions = self._versions.get(key)
        return versions[-1][1] if versions else None

    def values(self) -> list[Record]:
        """All records as listings see them."""
        seen = map(self._seen, self._versions.values())
        return [record for record in seen if record is not None]

    def latest_values(self) -> list[Record]:
        """All actual records."""
        return [versions[-1][1] for versions in self._versions.values() if versions[-1][1] is not None]

    def _write(self, key: Hashable, record: Record | None) -> None:
        now, lag = self._world.clock.passed(), self._world.lag
        if record is None and (not lag or key not in self._versions):
            self._versions.pop(key, None)
        elif not lag:
            self._versions[key] = [(now, record)]
        else:
            self._versions.setdefault(key, []).append((now + lag, record))
            self._forget_outdated(key, now)

    def _forget_outdated(self, key: Hashable, now: float) -> None:
        versions = self._versions[key]
        visible = [index for index, (moment, _) in enumerate(versions) if moment <= now]
        if visible:
            del versions[: visible[-1]]

    def _seen(self, versions: list[tuple[float, Record | None]]) -> Record | None:
        if not self._world.lag:
            return versions[-1][1] if versions else None
        now = self._world.clock.passed()
        return next((record for moment, record in reversed(versions) if moment <= now), None)


class Region:
    """One account in one Region."""

    def __init__(self, account: str, region: str, world: World, seed: int = 0) -> None:
        self.account = account
        self.region = region
        self.rng = random.Random(f"{seed}/{account}/{region}")
        self.fleet: Fleet | None = None
        self._world = world
        self._tables: dict[str, Table] = {}
        self._held: dict[Any, Any] = {}
        self._tokens: dict[tuple[str, str], tuple[str, str]] = {}

    @property
    def strict(self) -> bool:
        """Whether unknown behavior of the service is simulated in the most difficult way for clients."""
        return self._world.strict

    @property
    def command_settings(self) -> Record:
        """The settings of the seed for commands of Run Command."""
        return self._world.commands

    @property
    def execution_settings(self) -> Record:
        """The settings of the seed for executions of maintenance windows."""
        return self._world.executions

    def table(self, name: str) -> Table:
        """The table ``name``, which is created on first use."""
        if name not in self._tables:
            self._tables[name] = Table(self._world, self._forget_tokens)
        return self._tables[name]

    def own_table(self) -> Table:
        """A table that belongs to the caller."""
        return Table(self._world)

    def hold(self, kind: Callable[[], Held]) -> Held:
        """The single object of a kind for this Region, which is created on first use."""
        if kind not in self._held:
            self._held[kind] = kind()
        held: Held = self._held[kind]
        return held

    def now(self) -> datetime:
        """The time of the virtual clock, in UTC."""
        return self._world.clock.now()

    def at(self, moment: datetime, action: Action) -> None:
        """Run ``action`` at a time of the virtual clock, which ``now()`` then returns."""
        self._world.agenda.at(moment, action)

    def new_id(self, prefix: str) -> str:
        """A new ID such as ``mw-0123456789abcdef0``."""
        return f"{prefix}{self.rng.getrandbits(68):017x}"

    def new_uuid(self) -> str:
        """A new ID in the format of a UUID."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def arrange(self, items: list[Any]) -> list[Any]:
        """A list without a documented order, in the order of reads."""
        return items[::-1] if self.strict else list(items)

    def idempotent(self, operation: str, request: dict[str, Any], create: Callable[[], str]) -> str:
        """Run ``create`` once for a ClientToken, and return the same ID if the request is repeated.

        The same token with another request raises IdempotentParameterMismatch. It is unknown whether a token is kept
        after the deletion of its resource: the strict profile still returns the deleted ID, and the lenient profile
        forgets the token when the ID is removed from a table.
        """
        token = request.get("ClientToken")
        if not token:
            return create()
        body = json.dumps({k: v for k, v in request.items() if k != "ClientToken"}, sort_keys=True, default=str)
        known = self._tokens.get((operation, token))
        if known is None:
            created = create()
            self._tokens[operation, token] = (body, created)
            return created
        if known[0] != body:
            raise idempotent_mismatch("The ClientToken was already used with different parameters.")
        return known[1]

    def _forget_tokens(self, resource_id: Any) -> None:
        if self.strict:
            return
        for token in [token for token, (_, known) in self._tokens.items() if known == resource_id]:
            del self._tokens[token]
