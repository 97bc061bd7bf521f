# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of an account. Data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._aws.structures import Raw
from .._options.kind import Kind
from .._resources.patch_filters import PatchProperty
from .._resources.register import IN_WINDOWS, KINDS
from .._schedules import clock


@dataclass
class Resource:
    """One resource as returned by the service. full: read by a Get call, not only listed. tags: None if not read."""

    id: str
    name: str | None
    raw: Raw
    full: bool = False
    tags: dict[str, str] | None = None


Found = dict[str, Resource]


@dataclass(frozen=True)
class Subject:
    """A resource whose tags record the owner of what a step writes."""

    kind: Kind
    id: str


@dataclass
class Listings:
    """The values that the service lists for patch properties, and why some could not be read."""

    values: dict[PatchProperty, tuple[str, ...]] = field(default_factory=dict)
    unread: dict[PatchProperty, str] = field(default_factory=dict)


def _now() -> datetime:
    # Looked up for each call, because tests replace it.
    return clock.now()


@dataclass
class Account:
    """What was read.

    resources: resources outside windows, by the name of their kind. contents: targets and tasks, by the name of their
    kind and the ID of the window, only for windows whose contents were read. identities: all baselines as listed,
    including those of AWS. groups: the baseline of a patch group by operating system. read_at: the time of the read.
    """

    resources: dict[str, Found] = field(default_factory=dict)
    contents: dict[str, dict[str, Found]] = field(default_factory=dict)
    identities: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[tuple[str, str], str] = field(default_factory=dict)
    read_at: datetime = field(default_factory=_now)

    def __post_init__(self) -> None:
        for kind in KINDS.values():
            self.resources.setdefault(kind.name, {})
        for kind in IN_WINDOWS.values():
            self.contents.setdefault(kind.name, {})

    def of(self, kind: Kind) -> Found:
        """The resources of a kind."""
        return self.resources[kind.name]

    def inside(self, kind: Kind, window_id: str) -> Found:
        """The known contents of a window."""
        return self.contents[kind.name].get(window_id, {})

    @property
    def windows(self) -> Found:
        """The maintenance windows."""
        return self.of(KINDS["windows"])

    @property
    def baselines(self) -> Found:
        """The patch baselines that were read, not only listed."""
        return self.of(KINDS["baselines"])
