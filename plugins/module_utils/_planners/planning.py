# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planners of all kinds share: violations, limits, tags and ownership, requests of one resource. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    compare_aws_tags,
)

from .._aws.structures import Raw
from .._options.kind import Kind, changed_names, partly_changed, values_of
from .._options.limits import option_breaches
from .._resources.ownership import SETUP_TAG, given_tags, user_tags
from .._state.declaration import Declaration, Entry
from .._state.read import Account, Resource
from .changes import Change, Guard, Id, Plan, Rest, Step
from .identity import Adoptions


class ViolationError(Exception):
    """One thing that is wrong with an entry, after which it cannot be planned any further."""


@dataclass
class Answer:
    """What the module answers about one declared resource; ids may be Refs until the plan is applied."""

    entry: Entry
    id: Id | None
    values: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)
    parent: Id | None = None


@dataclass
class Planning:
    """One run of the planners: what is declared, what was read, what comes out.

    input_shape: the botocore shape of an operation's input. missing: parents that do not exist, which a real run
    refuses and check mode only tells. baseline_steps, baseline_creations: what must have succeeded, and ended, before
    a window may install more than before. default_claims:
    the step that makes another baseline the default, by operating system. claimed: entries by kind and id of what they
    mean.
    """

    declaration: Declaration
    account: Account
    input_shape: Callable[[str], Any]
    plan: Plan = field(default_factory=Plan)
    answers: dict[int, Answer] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    baseline_steps: set[str] = field(default_factory=set)
    baseline_creations: set[str] = field(default_factory=set)
    default_claims: dict[str, str] = field(default_factory=dict)
    claimed: dict[tuple[str, str], Entry] = field(default_factory=dict)
    adoptions: Adoptions = field(default_factory=Adoptions)

    def refuse(self, entry: Entry, text: str) -> None:
        """Record a violation of an entry."""
        self.plan.violations.append(entry.label + text)

    def claim(self, entry: Entry, resource_id: str) -> None:
        """Note which resource an entry means; raises ViolationError where another entry means it too."""
        first = self.claimed.setdefault((entry.kind.name, resource_id), entry)
        if first is not entry:
            raise ViolationError(f"{entry.kind.id_option}: {resource_id} is declared already as {first.title!r}")

    def warn(self, entry: Entry, text: str) -> None:
        """Record a warning about an entry."""
        self.plan.warnings.append(entry.label + text)

    def answer(self, entry: Entry, answer: Answer) -> None:
        """Record what is answered about an entry."""
        self.answers[id(entry)] = answer

    def members(self, operation: str) -> frozenset[str]:
        """The members that an operation takes."""
        return frozenset(self.input_shape(operation).members)

    def check_limits(self, entry: Entry, values: Mapping[str, Any], after: Raw) -> None:
        """Limits of the service on what this run derives from the entry beyond what was given literally."""
        derived = set(values) - set(entry.values)
        for text in option_breaches(entry.kind, self.input_shape(entry.kind.create), after, derived):
            self.refuse(entry, text)


def required(entry: Entry, names: tuple[str, ...], after: Mapping[str, Any]) -> list[str]:
    """Violations for options without which a resource cannot be created."""
    missing = [name for name in names if after.get(name) is None]
    return [f"{name}: is missing; it is required to create the {entry.kind.name} {entry.title}" for name in missing]


def guard_of(kind: Kind, resource: Resource, content: frozenset[str] | None = None) -> Guard:
    """What the removal of a window or baseline relies on."""
    return Guard(kind.name, resource.id, resource.name, content=content)


@dataclass
class Tagging:
    """What becomes of a resource's tags. before, after: option values; to_set and to_remove: what to call for."""

    before: dict[str, Any]
    after: dict[str, Any]
    to_set: dict[str, str]
    to_remove: list[str]

    def wanted(self) -> dict[str, str]:
        """All tags that a new resource gets."""
        owner = {SETUP_TAG: self.after["setup"]} if self.after["setup"] else {}
        return {**(self.after["tags"] or {}), **owner}


def plan_tags(entry: Entry, current: Mapping[str, str] | None) -> Tagging:
    """The tag options before and after; current: None for tags that were not read."""
    own = user_tags(current)
    before = {"tags": own, "setup": (current or {}).get(SETUP_TAG)}
    wanted, purge = given_tags(entry.params.get("tags")), bool(entry.params.get("purge_tags", True))
    to_set: dict[str, str] = {}
    to_remove: list[str] = []
    after = dict(before)
    if wanted is not None:
        to_set, to_remove = compare_aws_tags(own or {}, wanted, purge)
        after["tags"] = {k: v for k, v in {**(own or {}), **to_set}.items() if k not in to_remove}
    if entry.params.get("setup") == "" and before["setup"]:
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
    steps = []
    if tagging.to_set:
        request = {**where, "Tags": ansible_dict_to_boto3_tag_list(tagging.to_set)}
        steps.append(Step(f"{change.title} {resource_id} tags", change, "AddTagsToResource", request, retry=retry))
    if tagging.to_remove:
        request = {**where, "TagKeys": sorted(tagging.to_remove)}
        steps.append(
            Step(f"{change.title} {resource_id} untag", change, "RemoveTagsFromResource", request, retry=retry)
        )
    return steps


def rest_of(
    planning: Planning, kind: Kind, found: Resource, after: Raw, body: Raw, window: Id | None = None
) -> Rest | None:
    """What an update sends besides what it changes; None where it sends nothing else."""
    changed = changed_names(kind, found.raw, after)
    tops = {str(dict(kind.managed())[name].api).partition(".")[0] for name in changed}
    kept = planning.members(kind.update) - tops - {"Replace"} if body.get("Replace") else frozenset[str]()
    shared = frozenset(partly_changed(kind, changed) & set(found.raw))
    return Rest(kind, window, found.id, found.raw, kept, shared) if kept or shared else None


def create_body(members: frozenset[str], after: Raw) -> Raw:
    """What a create sends of a resource's structure."""
    return {name: value for name, value in after.items() if name in members}


def differing(kind: Kind, before: Raw, after: Raw) -> tuple[dict[str, Any], dict[str, Any]]:
    """Option values before and after, made equal where the service means the same."""
    names = set(changed_names(kind, before, after))
    old, new = values_of(kind, before), values_of(kind, after)
    return {name: old[name] if name in names else new[name] for name in old}, new
