# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan: the changes that the user sees, and the API calls that make them, with their dependencies. Pure data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Union

from .._aws.structures import Raw
from .._options.kind import Kind
from .._options.option import nested


@dataclass(frozen=True)
class Ref:
    """The ID that a create step will return, for requests that are planned before it is known."""

    step: str

    def __str__(self) -> str:
        return f"(id of {self.step})"


Id = Union[str, Ref]  # noqa: UP007 - evaluated at import, where the oldest supported pylint knows no "|"


def known_id(resource_id: Id | None) -> str | None:
    """The ID, or null in results and diffs if it is not known yet."""
    return resource_id if isinstance(resource_id, str) else None


@dataclass(eq=False)
class Change:
    """One resource that changes, as the result and the diff show it.

    action: create, update, replace or delete. before and after: flat option values (empty: it does not exist).
    follows: the change whose calls also make this one, such as the window that is deleted with its targets.
    late: it is part of a prune, which runs only after everything else succeeded.
    window: the title of the window of a target or task.
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
        """One entry of the diff. An update shows only the options that differ."""
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
    """What was read of a resource that is to be removed. It must be unchanged immediately before the removal.

    window: the window of a target or task. content: the targets and tasks that are deleted with a window.
    """

    kind: Kind
    id: str
    name: str | None
    window: str = ""
    content: frozenset[str] | None = None


@dataclass(frozen=True)
class Owner:
    """The owner of a resource when the plan was made. It must be the same when the resource is written.

    resource_type, id: the resource whose tags are read. tags: the tags that record the owner. becomes: the setup that
    owns it after this run has written its tags. look: whether a step reads the tags again C(each time), C(once) before
    the first write of the run to the resource, or C(never).
    """

    resource_type: str
    id: str
    tags: dict[str, str | None]
    becomes: str | None
    look: str


@dataclass(frozen=True)
class Rest:
    """What an update sends of a resource besides what it changes. It is read again immediately before the call.

    kind, window, id: the resource. read: what was read of it. kept: members that the update does not change; their
    current values are sent. shared: members that the update changes in part; they must be as they were read.
    """

    kind: Kind
    window: Id | None
    id: str
    read: Raw
    kept: frozenset[str]
    shared: frozenset[str]


@dataclass(frozen=True)
class Creation:
    """What safe creation requires: the listing of resources with the same name, and how to withdraw a new one.

    The listing is read once for all creations that share it. parent: the window of a target or task. known: IDs that
    already had this name. like: members that a resource of the same name must share to count as the same.
    """

    kind: Kind
    name: str
    parent: Id | None = None
    known: frozenset[str] = frozenset()
    like: Raw = field(default_factory=dict)

    @property
    def where(self) -> Raw:
        """The parameters that its calls take besides its ID."""
        return {self.kind.parent_member: self.parent} if self.parent else {}

    @property
    def group(self) -> str:
        """The key of the listing that creations share when they are read back."""
        return f"{self.kind.listing.operation} {self.parent or ''}".rstrip()


@dataclass(frozen=True, eq=False)
class Step:
    """One API call of a change.

    needs: steps that must succeed first. after: steps that must end first, with any result.
    tolerate: error codes that mean that nothing is left to do. retry: error codes that are temporary.
    undo: the operation and request that restore the earlier state if this call fails for good. guard: what must be
    unchanged. if_failed: what the user must know if it fails; if_refused: only if AWS rejects the request.
    late: it waits for the success of all steps that are not late.
    rest: what it sends besides what it changes. owners: the existing resources that it writes to. default_before:
    the operating system and the baseline of the default that it replaces.
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
        """Whether the step, or its whole change, runs last."""
        return self.late or self.change.late

    def waiting(self, needs: Iterable[str] = (), after: Iterable[str] = ()) -> Step:
        """The step with further dependencies."""
        return replace(self, needs=self.needs | set(needs), after=self.after | set(after))


def created(steps: Iterable[Step]) -> list[Creation]:
    """The creations among steps."""
    return [step.creation for step in steps if step.creation]


def chained(steps: Iterable[Step]) -> list[Step]:
    """Steps, each of which waits for the one before it."""
    chain: list[Step] = []
    for step in steps:
        if chain:
            last = chain[-1]
            group = {last.creation.group} if last.creation else set()
            # Reads, and writes that begin with a read, may not see a new resource yet.
            retry = step.retry | {"DoesNotExistException"} if last.creation else step.retry
            chain.append(replace(step.waiting({last.key}, group), retry=retry))
        else:
            chain.append(step)
    return chain


def late_last(steps: Iterable[Step]) -> list[Step]:
    """Steps, with the late ones waiting until all others have succeeded and all creations are read back."""
    ordered = list(steps)
    others = {step.key for step in ordered if not step.is_late}
    read_back = {creation.group for creation in created(ordered)}
    return [step.waiting(others, read_back) if step.is_late else step for step in ordered]


@dataclass
class Plan:
    """Changes and steps in the order of the declaration, with their violations and warnings."""

    changes: list[Change] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
