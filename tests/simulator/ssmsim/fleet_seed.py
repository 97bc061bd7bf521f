# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates the nodes of the ``fleet`` in a seed, with a past as if they had been patched for a while."""

from __future__ import annotations

import random
import uuid
import zlib
from dataclasses import dataclass, field, fields
from typing import Any

from ssmsim.fleet import Counts, Fleet, Node, Report, Run, Tags, told_by
from ssmsim.fleet_nodes import named_node, planting_time
from ssmsim.platforms import PLATFORMS, Platform

_DAY = 86_400.0
_SYSTEMS = {
    "WINDOWS": 6,
    "AMAZON_LINUX_2023": 5,
    "UBUNTU": 3,
    "REDHAT_ENTERPRISE_LINUX": 2,
    "AMAZON_LINUX_2": 2,
    "SUSE": 1,
    "DEBIAN": 1,
}


@dataclass(frozen=True)
class Wish:
    """The keys of ``fleet`` in a seed. Shares are fractions of ``count``. Mappings contain weights."""

    count: int = 0
    seed: int | str = 0
    patch_groups: dict[str, float] = field(default_factory=lambda: {"Web Servers": 5, "Database Servers": 3, "": 2})
    patch_group_tag: str = "Patch Group"
    tags: dict[str, dict[str, float]] = field(default_factory=dict)
    operating_systems: dict[str, float] = field(default_factory=lambda: dict(_SYSTEMS))
    missing: float = 0.2
    failed: float = 0.05
    pending_reboot: float = 0.1
    rejected: float = 0.03
    available_security: float = 0.03
    never_scanned: float = 0.05
    blank_records: float = 0.0
    stale: float = 0.05
    stale_days: float = 45
    hybrid: float = 0.1
    connection_lost: float = 0.03
    unmanaged: float = 0.0
    nodes: list[dict[str, Any]] = field(default_factory=list)
    resource_groups: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Draws:
    """The random choices for each node by its number, so that the shares are exact."""

    platforms: list[str]
    groups: list[str]
    tags: list[Tags]
    silent: set[int]
    marks: dict[str, set[int]]

    def marked(self, name: str, number: int) -> bool:
        return number in self.marks[name]


def plant_fleet(fleet: Fleet, asked: dict[str, Any]) -> None:
    """Add the nodes of a seed. Raises ValueError for invalid keys or values."""
    unknown = asked.keys() - {known.name for known in fields(Wish)}
    if unknown:
        raise ValueError(f"fleet: unknown keys: {', '.join(sorted(unknown))}")
    wish = Wish(**asked)
    _judge(wish)
    _Planting(fleet, wish).carry_out()


def _judge(wish: Wish) -> None:
    strangers = wish.operating_systems.keys() - PLATFORMS.keys()
    if strangers:
        raise ValueError(f"fleet: no node runs {', '.join(sorted(strangers))}; there are: {', '.join(PLATFORMS)}")
    for weights in (wish.operating_systems, wish.patch_groups, *wish.tags.values()):
        if not weights:
            raise ValueError("fleet: patch_groups, operating_systems and each of the tags need at least one weight")
    for name in (part.name for part in fields(Wish) if part.type == "float" and part.name != "stale_days"):
        if not 0 <= getattr(wish, name) <= 1:
            raise ValueError(f"fleet: {name} is a share, from 0 to 1")


class _Planting:
    def __init__(self, fleet: Fleet, wish: Wish) -> None:
        self.fleet = fleet
        self.wish = wish
        self.now = planting_time(fleet)
        place = f"{fleet.region.account}/{fleet.region.region}"
        self.rng = random.Random(f"fleet/{wish.seed}/{place}/{len(fleet)}")
        self._runs: dict[tuple[str, str, bool, bool, bool], Run] = {}
        self._commands: dict[tuple[str, bool, bool, bool], tuple[str, str]] = {}
        self._shared: dict[Counts, Counts] = {}
        self._tag_sets: dict[Tags, Tags] = {}

    def carry_out(self) -> None:
        """Create all nodes."""
        draws = self._draw()
        for number in range(self.wish.count):
            self.fleet.add(self._node(number, draws))
        for number in range(round(self.wish.count * self.wish.unmanaged)):
            self.fleet.unmanaged[self._id("i-")] = self._tags(draws.groups[number], draws.tags[number])
        for entry in self.wish.nodes:
            named_node(self.fleet, entry)
        for name, members in self.wish.resource_groups.items():
            targets = (
                members if members and isinstance(members[0], dict) else [{"Key": "InstanceIds", "Values": members}]
            )
            self.fleet.resource_groups[name] = targets

    def _draw(self) -> _Draws:
        wish, count = self.wish, self.wish.count
        numbers = range(count)
        silent = set(self.rng.sample(numbers, _share(wish.never_scanned, count)))
        reported = [number for number in numbers if number not in silent]
        marks = {
            name: set(self.rng.sample(reported, min(len(reported), _share(getattr(wish, name), count))))
            for name in ("missing", "failed", "pending_reboot", "rejected", "available_security", "stale")
        }
        marks |= {
            name: set(self.rng.sample(numbers, _share(getattr(wish, name), count)))
            for name in ("hybrid", "connection_lost")
        }
        marks["blank"] = set(sorted(silent)[: _share(wish.blank_records, len(silent))])
        columns = [self._choices(weights) for weights in wish.tags.values()]
        tags: list[Tags] = [tuple(zip(wish.tags, values, strict=True)) for values in zip(*columns, strict=True)]
        platforms, groups = self._choices(wish.operating_systems), self._choices(wish.patch_groups)
        return _Draws(platforms, groups, tags or [()] * count, silent, marks)

    def _choices(self, weights: dict[str, float]) -> list[str]:
        return self.rng.choices(list(weights), list(weights.values()), k=self.wish.count)

    def _node(self, number: int, draws: _Draws) -> Node:
        group = draws.groups[number]
        releases = PLATFORMS[draws.platforms[number]]
        platform = releases[number % len(releases)]
        counts = self._counts(platform, number, draws)
        report = None if number in draws.silent else self._report(group, platform, counts, number, draws)
        lost = draws.marked("connection_lost", number)
        return Node(
            self._id("mi-" if draws.marked("hybrid", number) else "i-"),
            platform,
            self._tags(group, draws.tags[number]),
            counts,
            report,
            ping_status="ConnectionLost" if lost else "Online",
            silent_since=self.now.timestamp() - _DAY * (1 + number % 9) if lost else None,
            failing=draws.marked("failed", number),
            blank=draws.marked("blank", number),
        )

    def _counts(self, platform: Platform, number: int, draws: _Draws) -> Counts:
        def some(most: int, mark: str) -> int:
            return 1 + int(self.rng.random() * most) if draws.marked(mark, number) else 0

        windows = platform.packaging == "kb"
        spread = int(self.rng.random() * 8)
        counts = Counts(
            installed=12 + spread * 2 if windows else 60 + spread * 10,
            installed_other=spread if windows else 5 + spread * 4,
            pending_reboot=some(4, "pending_reboot"),
            rejected=some(2, "rejected"),
            missing=some(6, "missing") or int(number in draws.silent) * (1 + spread),
            failed=some(2, "failed"),
            unreported=0 if windows else -1,
            not_applicable=(40 if windows else 20) + spread * 9,
            available_security=some(2, "available_security") if windows else 0,
        )
        return self._shared.setdefault(counts, counts)

    def _report(self, group: str, platform: Platform, counts: Counts, number: int, draws: _Draws) -> Report:
        stale = draws.marked("stale", number)
        install = bool(counts.failed or counts.pending_reboot or (not counts.missing and number % 3 == 0))
        no_reboot = bool(counts.pending_reboot)
        run = self._run(group, platform.operating_system, install, no_reboot, stale)
        ago = (_turn(group) + 1) * _DAY if install else 0.4 * _DAY
        started = round(self.now.timestamp() - ago - stale * self.wish.stale_days * _DAY + self.rng.random() * 1800, 3)
        ended = started + (180.0 if install else 15.0)
        told = told_by(run.policy, counts)
        told = self._shared.setdefault(told, told)
        return Report(run, told, started, ended, started if no_reboot else None)

    def _run(self, group: str, system: str, install: bool, no_reboot: bool, stale: bool) -> Run:
        key = (group, system, install, no_reboot, stale)
        if key not in self._runs:
            command = self._command(group, install, no_reboot, stale)
            policy = self.fleet.policy(group, system)
            reboot = "NoReboot" if no_reboot or not install else "RebootIfNeeded"
            self._runs[key] = Run(policy, group, "Install" if install else "Scan", reboot, *command)
        return self._runs[key]

    def _command(self, *key: Any) -> tuple[str, str]:
        """The snapshot ID and the command ID that the nodes of a run share."""
        if key not in self._commands:
            first, second = (str(uuid.UUID(int=self.rng.getrandbits(128), version=4)) for _ in range(2))
            self._commands[key] = (first, second)
        return self._commands[key]

    def _tags(self, group: str, others: Tags) -> Tags:
        tags = ((self.wish.patch_group_tag, group), *others) if group else others
        return self._tag_sets.setdefault(tags, tags)

    def _id(self, prefix: str) -> str:
        return f"{prefix}{self.rng.getrandbits(68):017x}"


def _share(share: float, count: int) -> int:
    return round(share * count)


def _turn(group: str) -> int:
    """The day of the week on which a patch group has its window."""
    return zlib.crc32(group.encode()) % 6
