# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data for coverage: windows with their targets and patch tasks, nodes, baselines and patch groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from .._aws.nodes import patch_groups
from .._aws.structures import Raw
from .._compliance.rows import Facts

SCAN, INSTALL = "Scan", "Install"
NAME_TAG = "Name"
OPEN, DISABLED, ENDED, NEVER = "open", "disabled", "ended", "never"

Tags = tuple[tuple[str, str], ...]


class Node(NamedTuple):
    """A managed node or an unmanaged instance. state: of its EC2 instance, None if it has none."""

    facts: Facts
    tags: Tags
    state: str | None = None

    @property
    def groups(self) -> tuple[str, ...]:
        """The patch groups that its tags assign."""
        return patch_groups(dict(self.tags))

    @property
    def name_tag(self) -> str | None:
        """The value of its tag Name."""
        return dict(self.tags).get(NAME_TAG) or None


@dataclass(eq=False)
class Window:
    """A window. opening: whether it opens again, or why not. runs: its next runs, ascending."""

    id: str
    name: str
    raw: Raw
    targets: dict[str, Raw] = field(default_factory=dict)
    tasks: dict[str, Raw] = field(default_factory=dict)
    allows_unassociated: bool = False
    opening: str = OPEN
    runs: list[datetime] = field(default_factory=list)
    gone: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it opens again."""
        return self.opening == OPEN


@dataclass(frozen=True, eq=False)
class Target:
    """What selects nodes for tasks: a registered target, or the instance IDs in a task itself (without an ID)."""

    window: Window
    id: str | None
    name: str | None
    criteria: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def title(self) -> str:
        """Its name for the user."""
        return self.name or self.id or "instance ids of the task"


@dataclass(frozen=True, eq=False)
class PatchTask:
    """A task that scans or installs.

    is_overridden: whether something other than the baseline determines what it installs. targets: numbers of its
    targets in the list of the account. is_canceled_at_cutoff: otherwise a task that has started continues
    after the cutoff. is_for_windows: whether its document only runs on Windows.
    """

    window: Window
    id: str
    name: str | None
    operation: str
    reboot_option: str
    priority: int
    max_concurrency: str | None
    targets: tuple[int, ...]
    lost_targets: tuple[str, ...] = ()
    is_overridden: bool = False
    is_runbook: bool = False
    is_canceled_at_cutoff: bool = False
    is_for_windows: bool = False

    def runs_on(self, system: str | None) -> bool:
        """Whether its document runs on an operating system, or might, if that is unknown."""
        return not self.is_for_windows or system in (None, "WINDOWS")

    @property
    def title(self) -> str:
        """Its name for the user, with its window."""
        return f"{self.window.name}/{self.name or self.id}"


@dataclass
class Account:
    """Everything that was read about an account and Region.

    members: IDs in each resource group, None if they could not be read. gone_groups: resource groups that do not exist.
    registered: baseline IDs by operating system and patch group. defaults: baseline IDs by operating system.
    identities: all listed baselines, by ID. baselines: baselines that were read, by ID, None if the read was refused.
    unmanaged: running instances that Systems Manager does not manage, None if not requested. paces: by task ID.
    times: seconds that each run of a task took, by task ID.
    """

    windows: list[Window] = field(default_factory=list)
    members: dict[str, frozenset[str] | None] = field(default_factory=dict)
    gone_groups: set[str] = field(default_factory=set)
    registered: dict[tuple[str, str], str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    identities: dict[str, Raw] = field(default_factory=dict)
    baselines: dict[str, Raw | None] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    unmanaged: list[Node] | None = None
    paces: dict[str, list[Pace]] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)


class Pace(NamedTuple):
    """The pace of one invocation of a task: its nodes, how many ran concurrently, and its duration in seconds."""

    nodes: int
    concurrency: int
    seconds: float
    window_execution_id: str
