# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments and results of planners, and what they share. No I/O.

A planner takes Inputs and entries, changes neither, and returns a Part. C(setup.py) combines the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    compare_aws_tags,
)

from .._aws.structures import Raw
from .._options.kind import Kind, Values, changed_names, partly_changed, values_of
from .._resources.ownership import SETUP_TAG, given_tags, user_tags
from .._resources.patch_filters import NewFilters
from .._state.account import Account, Resource
from .._state.declaration import Declaration, Entry
from .._state.identity import Adoptions
from .changes import Change, Id, Plan, Rest, Step, chained


class ViolationError(Exception):
    """A violation that prevents any further planning of an entry."""


@dataclass(frozen=True)
class Inputs:
    """The declaration, the account as it was read, and the botocore shape of each operation's input."""

    declaration: Declaration
    account: Account
    input_shape: Callable[[str], Any]
    adoptions: Adoptions = field(default_factory=Adoptions)

    def members(self, operation: str) -> frozenset[str]:
        """The members of the input of an operation."""
        return frozenset(self.input_shape(operation).members)


@dataclass
class Answer:
    """The result of the module for one declared resource. IDs may be Refs until the plan is applied."""

    id: Id | None
    values: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)
    parent: Id | None = None


@dataclass
class Part:
    """What one planner returns.

    missing: parents that do not exist: a violation in a run, and a warning in check mode. claims: the resource that an
    entry refers to. filters: filters of baselines whose values AWS must support. ends: steps after which a window
    installs less.
    """

    changes: list[Change] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    answers: dict[Entry, Answer] = field(default_factory=dict)
    claims: list[tuple[Entry, str]] = field(default_factory=list)
    filters: list[NewFilters] = field(default_factory=list)
    ends: list[Step] = field(default_factory=list)

    def add(self, change: Change, steps: Iterable[Step]) -> list[str]:
        """Add a change and its steps, each of which waits for the one before it; returns the keys of the steps."""
        chain = chained(steps)
        self.changes.append(change)
        self.steps += chain
        return [step.key for step in chain]

    def refuse(self, entry: Entry, texts: Iterable[str]) -> None:
        """Add violations of an entry."""
        self.violations += [entry.label + text for text in texts]

    def warn(self, entry: Entry, texts: Iterable[str]) -> None:
        """Add warnings about an entry."""
        self.warnings += [entry.label + text for text in texts]

    def join(self, other: Part) -> None:
        """Add everything from another part."""
        for name in ("changes", "steps", "violations", "warnings", "missing", "claims", "filters", "ends"):
            getattr(self, name).extend(getattr(other, name))
        self.answers.update(other.answers)


@dataclass
class Planning:
    """The result of all planners for one run. claimed: entries by the kind and the ID of their resource."""

    declaration: Declaration
    account: Account
    plan: Plan
    answers: dict[Entry, Answer]
    missing: list[str]
    claimed: dict[tuple[str, str], Entry]
    filters: list[NewFilters]


def required(entry: Entry, after: Values) -> list[str]:
    """Violations for missing options that are required to create a resource, unless other violations explain them."""
    return [] if entry.mistakes else entry.kind.missing(after, entry.title)


@dataclass(frozen=True)
class Tagging:
    """The change of a resource's tags. before, after: option values. to_set, to_remove: the tags for the calls."""

    before: dict[str, Any]
    after: dict[str, Any]
    to_set: dict[str, str]
    to_remove: list[str]

    def wanted(self) -> list[dict[str, str]]:
        """All tags of a new resource, in the format of the API."""
        owner = {SETUP_TAG: self.after["setup"]} if self.after["setup"] else {}
        tags: list[dict[str, str]] = ansible_dict_to_boto3_tag_list({**(self.after["tags"] or {}), **owner})
        return tags


def plan_tags(entry: Entry, current: Mapping[str, str] | None) -> Tagging:
    """The tag options before and after. current: None if the tags were not read."""
    own = user_tags(current)
    before = {"tags": own, "setup": (current or {}).get(SETUP_TAG)}
    wanted, purge = given_tags(entry.values.get("tags")), bool(entry.values.get("purge_tags", True))
    to_set: dict[str, str] = {}
    to_remove: list[str] = []
    after = dict(before)
    if wanted is not None:
        to_set, to_remove = compare_aws_tags(own or {}, wanted, purge)
        after["tags"] = {k: v for k, v in {**(own or {}), **to_set}.items() if k not in to_remove}
    if entry.values.get("setup") == "" and before["setup"]:
        to_remove = [*to_remove, SETUP_TAG]
        after["setup"] = None
    elif entry.setup and entry.setup != before["setup"]:
        to_set = {**to_set, SETUP_TAG: entry.setup}
        after["setup"] = entry.setup
    return Tagging(before, after, to_set, to_remove)


def tag_steps(tagging: Tagging, change: Change, resource_type: str, resource_id: Id) -> list[Step]:
    """The calls that change the tags of an existing resource."""
    where = {"ResourceType": resource_type, "ResourceId": resource_id}
    retry = frozenset({"TooManyUpdates"})
    title, steps = f"{change.title} {resource_id}", []
    if tagging.to_set:
        request = {**where, "Tags": ansible_dict_to_boto3_tag_list(tagging.to_set)}
        steps.append(Step(f"{title} tags", change, "AddTagsToResource", request, retry=retry))
    if tagging.to_remove:
        request = {**where, "TagKeys": sorted(tagging.to_remove)}
        steps.append(Step(f"{title} untag", change, "RemoveTagsFromResource", request, retry=retry))
    return steps


def rest_of(
    inputs: Inputs, kind: Kind, found: Resource, after: Raw, body: Raw, window: Id | None = None
) -> Rest | None:
    """What an update sends besides what it changes, or None."""
    changed = changed_names(kind, found.raw, after)
    tops = {str(dict(kind.managed())[name].api).partition(".")[0] for name in changed}
    kept = inputs.members(kind.update) - tops - {"Replace"} if body.get("Replace") else frozenset[str]()
    shared = frozenset(partly_changed(kind, changed) & set(found.raw))
    return Rest(kind, window, found.id, found.raw, kept, shared) if kept or shared else None


def create_body(members: frozenset[str], after: Raw) -> Raw:
    """The members of a resource's structure that its creation sends."""
    return {name: value for name, value in after.items() if name in members}


def differing(
    kind: Kind, before: Raw, after: Raw, new: dict[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Option values before and after, made equal where they mean the same to AWS. new: the values after, if known."""
    new = values_of(kind, after) if new is None else new
    if before == after:
        return new, new
    names, old = set(changed_names(kind, before, after)), values_of(kind, before)
    return {name: old[name] if name in names else new[name] for name in old}, new
