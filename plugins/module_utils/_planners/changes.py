# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan: what changes, for the user to read, and the calls that make it so, in order of dependency. Pure data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Union

from .._aws.structures import Raw
from .._options.kind import Kind
from .._options.option import nested


@dataclass(frozen=True)
class Ref:
    """The id that a create step will yield, in requests that are planned before it is known."""

    step: str

    def __str__(self) -> str:
        return f"(id of {self.step})"


Id = Union[str, Ref]  # noqa: UP007 - evaluated at import, where the oldest supported pylint knows no "|"


def known_id(resource_id: Id | None) -> str | None:
    """The id where it is known; null in answers and diffs where it is not."""
    return resource_id if isinstance(resource_id, str) else None


@dataclass(eq=False)
class Change:
    """One resource that changes, as the result and the diff tell it.

    action: create, update, replace or delete. before and after: flat option values (empty: it does not exist).
    follows: the change whose calls bring this one about too, such as a target that goes with its window.
    late: it is part of a prune, which runs only when all else succeeded.
    window: title of the window of a target or task.
    """

    kind: str
    name: str
    action: str
    id: Id
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    follows: Change | None = None
    window: str | None = None
    late: bool = False

    @property
    def fields(self) -> list[str]:
        """The options that differ."""
        names = {**self.before, **self.after}
        return [name for name in names if self.before.get(name) != self.after.get(name)]

    @property
    def title(self) -> str:
        """C(window prod-tuesday), C(task prod-tuesday/install)."""
        return f"{self.kind} {self.window}/{self.name}" if self.window else f"{self.kind} {self.name}"

    def diff(self) -> dict[str, Any]:
        """One entry of the module's diff; an update shows only what differs."""
        names = self.fields if self.before and self.after else [*{**self.before, **self.after}]

        def side(values: dict[str, Any]) -> dict[str, Any]:
            shown = {name: values.get(name) for name in names}
            if not (self.before and self.after):
                shown = {name: value for name, value in shown.items() if value is not None}
            return nested(shown) if values else {}

        return {
            "before_header": self.title,
            "after_header": self.title,
            "before": side(self.before),
            "after": side(self.after),
        }


@dataclass(frozen=True)
class Guard:
    """What was read of a resource that goes, and must still be so right before its removal.

    window: of a target or task. content: the targets and tasks that go with a window.
    """

    kind: Kind
    id: str
    name: str | None
    window: str = ""
    content: frozenset[str] | None = None


@dataclass(frozen=True)
class Owner:
    """Whose a resource was when the plan was judged, which must still be so when it is written.

    resource_type, id: as the tags of it are read. tags: the tags that record the owner. becomes: the setup whose it is
    once this run has written its tags. look: whether a step looks at the tags again C(each time), C(once) before the
    first write of the run to the resource, or C(never).
    """

    resource_type: str
    id: str
    tags: dict[str, str | None]
    becomes: str | None
    look: str


@dataclass(frozen=True)
class Rest:
    """What an update sends of a resource besides what it changes. Right before the call it is read again.

    kind, window, id: of the resource. read: what was read of it. kept: members that the update does not change; they
    are sent as they are by then. shared: members of which it changes a part; they must still be as they were read.
    """

    kind: Kind
    window: Id | None
    id: str
    read: Raw
    kept: frozenset[str]
    shared: frozenset[str]


@dataclass(frozen=True)
class Creation:
    """What the create protocol needs: where namesakes would stand, and how to take back what this run made.

    The listing is read once for all creations that share it. parent: the window of a target or task. known: ids that
    had this name before. like: what a namesake must have in common besides the name.
    """

    kind: Kind
    name: str
    parent: Id | None = None
    known: frozenset[str] = frozenset()
    like: Raw = field(default_factory=dict)

    @property
    def where(self) -> Raw:
        """What the calls about it take besides its ID."""
        return {self.kind.parent_member: self.parent} if self.parent else {}

    @property
    def group(self) -> str:
        """Key of the one reading-back that creations of a listing share."""
        return f"{self.kind.listing.operation} {self.parent or ''}".rstrip()


@dataclass(frozen=True, eq=False)
class Step:
    """One API call of a change.

    needs: steps that must have succeeded. after: steps that must have ended, in whatever way.
    tolerate: error codes that mean "already so". retry: error codes that pass by themselves after a moment.
    undo: operation and request that put things back where this call fails for good. guard: what must still be so.
    if_failed: what the user must know when it fails; if_refused: only where AWS finds the request wrong.
    late: it waits for the success of all steps that are not late.
    rest: what it sends besides what it changes. owners: the existing resources that it writes to. default_before:
    operating system and baseline of the default that it replaces.
    """

    key: str
    change: Change
    operation: str
    request: Raw
    needs: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    tolerate: frozenset[str] = frozenset()
    retry: frozenset[str] = frozenset()
    creation: Creation | None = None
    undo: tuple[str, Raw] | None = None
    guard: Guard | None = None
    if_failed: str = ""
    if_refused: str = ""
    late: bool = False
    owners: tuple[Owner, ...] = ()
    default_before: tuple[str, str] | None = None
    rest: Rest | None = None

    @property
    def is_late(self) -> bool:
        """Whether the step itself or the whole change comes last."""
        return self.late or self.change.late

    def waiting(self, needs: Iterable[str] = (), after: Iterable[str] = ()) -> Step:
        """The step with more to wait for."""
        return replace(self, needs=self.needs | set(needs), after=self.after | set(after))


def created(steps: Iterable[Step]) -> list[Creation]:
    """The creations among steps."""
    return [step.creation for step in steps if step.creation]


def chained(steps: Iterable[Step]) -> list[Step]:
    """Steps of which each waits for the one before."""
    chain: list[Step] = []
    for step in steps:
        if chain:
            last = chain[-1]
            group = {last.creation.group} if last.creation else set()
            # Reads, and writes that begin with one, may lag behind a creation.
            retry = step.retry | {"DoesNotExistException"} if last.creation else step.retry
            chain.append(replace(step.waiting({last.key}, group), retry=retry))
        else:
            chain.append(step)
    return chain


def late_last(steps: Iterable[Step]) -> list[Step]:
    """Steps of which the late ones wait for the success of all others, and for what was created to be read back."""
    ordered = list(steps)
    others = {step.key for step in ordered if not step.is_late}
    read_back = {creation.group for creation in created(ordered)}
    return [step.waiting(others, read_back) if step.is_late else step for step in ordered]


@dataclass
class Plan:
    """Changes and steps in the order of the declaration, and what has to be said about them."""

    changes: list[Change] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
