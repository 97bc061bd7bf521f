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
    """One resource as the service answers it. full: read by a Get, not only listed. tags: None where not read."""

    id: str
    name: str | None
    raw: Raw
    full: bool = False
    tags: dict[str, str] | None = None


Found = dict[str, Resource]


@dataclass(frozen=True)
class Subject:
    """A resource whose tags record the owner of what is written."""

    kind: Kind
    id: str


@dataclass
class Listings:
    """The values that the service lists for patch properties, and why some of them were not read."""

    values: dict[PatchProperty, tuple[str, ...]] = field(default_factory=dict)
    unread: dict[PatchProperty, str] = field(default_factory=dict)


def _now() -> datetime:
    # Looked up with each call, since tests replace it.
    return clock.now()


@dataclass
class Account:
    """What was read.

    resources: what lies in no window, by the name of its kind. contents: what lies in windows, by the name of its kind
    and the id of the window, and only of windows whose contents were read.
    identities: all baselines as listed, those of AWS included. groups: holder of a patch group by operating system.
    read_at: when that was.
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
        """What is known of the contents of a window."""
        return self.contents[kind.name].get(window_id, {})

    @property
    def windows(self) -> Found:
        """The maintenance windows."""
        return self.of(KINDS["windows"])

    @property
    def baselines(self) -> Found:
        """The patch baselines that were read, not only listed."""
        return self.of(KINDS["baselines"])
