# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the declaration with the existing resources: the changes, and the violations that prevent them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

from .._resources.ownership import SETUP_TAG, TAKEN_OVER_TAG, given_tags, refusal, user_tags
from .declaration import ORDER, Declaration
from .policies import same_policy
from .resource import Call, Resource, Stored, Values

_POLICIES = ("policy", "trust_policy")


@dataclass(frozen=True)
class Change:
    """A change of one resource. before, after: its values and tags, or None if it does not exist.

    undo: reverts the first call if the second one fails and would leave a resource without an owner.
    """

    option: str
    kind: str
    name: str
    action: str
    before: Values | None
    after: Values | None
    calls: tuple[Call, ...]
    undo: Call | None = None

    @property
    def title(self) -> str:
        """The name of the resource in messages and in the diff."""
        return f"{self.kind} {self.name}"

    @property
    def fields(self) -> list[str]:
        """The values that differ."""
        old, new = self.before or {}, self.after or {}
        return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))

    def diff(self) -> dict[str, Any]:
        """The change in the format of Ansible. An update contains only the values that differ."""
        names = self.fields if self.action in ("update", "withdraw") else None

        def shown(values: Values | None) -> Values:
            return {name: value for name, value in (values or {}).items() if names is None or name in names}

        return {
            "before_header": self.title,
            "after_header": self.title,
            "before": shown(self.before),
            "after": shown(self.after),
        }


@dataclass
class Plan:
    """All changes in order. kept: resources that are declared absent but are kept."""

    changes: list[Change] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)


def plan(declaration: Declaration, made: Mapping[str, Resource], stored: Mapping[str, Stored | None]) -> Plan:
    """Plan the creations and updates, then the removals in the reverse order."""
    result = Plan()
    for option in ORDER:
        if declaration.mode(option) == "present":
            _present(result, declaration, made[option], stored[option])
        elif declaration.mode(option) == "existing" and option in made and stored[option] is None:
            result.violations.append(_missing(made[option]))
    for option in reversed(ORDER):
        if declaration.mode(option) == "absent":
            _absent(result, declaration, made[option], stored[option])
    return result


def _missing(resource: Resource) -> str:
    where = f"account {resource.place.account}, Region {resource.place.region}"
    return (
        f"{resource.option}.name: the {resource.title} does not exist in {where}; check the name, or omit"
        " existing to create it"
    )


def _present(result: Plan, declaration: Declaration, resource: Resource, stored: Stored | None) -> None:
    if stored is None:
        tags = (given_tags(resource.options.get("tags")) or {}) | {SETUP_TAG: declaration.setup}
        after = resource.wanted(None, False)
        calls = tuple(resource.create(after, tags))
        undo, known = resource.undo_creation(), {**after, "tags": tags}
        change = Change(resource.option, resource.noun, resource.name, "create", None, known, calls, undo)
        result.changes.append(change)
        return
    result.violations += resource.read_violations(stored)
    foreign = _owner_violations(declaration, resource, stored)
    if foreign:
        result.violations += foreign
        return
    owner = stored.tags.get(SETUP_TAG)
    # A setup manages resources that it created as a whole. In other resources, the statements of others are kept.
    join = owner is None or TAKEN_OVER_TAG in stored.tags
    to_set, to_remove = _tag_changes(resource, stored, declaration.setup, join)
    after = resource.wanted(stored, join)
    tags = {**stored.tags, **to_set}
    calls = (*resource.tag(stored, to_set, to_remove), *resource.update(stored, after))
    result.warnings += resource.warnings(stored, join)
    kept = _kept(stored.values, after)
    if owner is None and TAKEN_OVER_TAG not in stored.tags:
        result.violations += _lost_violations(declaration, resource, stored, kept)
    _changed(result, resource, "update", stored, kept, tags, to_remove, calls)


def _absent(result: Plan, declaration: Declaration, resource: Resource, stored: Stored | None) -> None:
    if stored is None:
        return
    ours = TAKEN_OVER_TAG not in stored.tags and SETUP_TAG in stored.tags
    if forbidden := _removal_violations(declaration, resource, stored, ours):
        result.violations += forbidden
    elif not ours:
        _withdraw(result, declaration, resource, stored)
    elif stored.extra.get("empty") is False:
        result.warnings.append(
            f"The {resource.title} contains objects and was kept. Empty it and run again to delete it."
        )
        result.kept.add(resource.option)
    else:
        before = {**stored.values, "tags": stored.tags}
        if stored.extra.get("subscriptions"):
            before["subscriptions"] = stored.extra["subscriptions"]
        calls = tuple(resource.delete(stored))
        result.changes.append(Change(resource.option, resource.noun, resource.name, "delete", before, None, calls))


def _removal_violations(declaration: Declaration, resource: Resource, stored: Stored, ours: bool) -> list[str]:
    if SETUP_TAG not in stored.tags:
        # A resource without a setup is kept, so there is nothing to prevent.
        return []
    found = _owner_violations(declaration, resource, stored)
    if stored.holders and ours:
        held = ", ".join(stored.holders)
        found.append(
            f"{resource.option}: the {resource.title} has {held}, which this setup did not attach; detach them first"
        )
    return found


def _withdraw(result: Plan, declaration: Declaration, resource: Resource, stored: Stored) -> None:
    """Remove what this module added to a resource that others created. The resource is kept."""
    result.kept.add(resource.option)
    marks = [key for key in (SETUP_TAG, TAKEN_OVER_TAG) if key in stored.tags]
    if not marks:
        result.warnings.append(f"The {resource.title} belongs to no setup, so it was kept.")
        return
    after = _kept(stored.values, resource.withdrawn(stored.values))
    calls = (*resource.update(stored, after), *resource.tag(stored, {}, marks))
    _changed(result, resource, "withdraw", stored, after, stored.tags, marks, calls)
    result.warnings.append(f"The {resource.title} existed before this setup used it, so it was kept.")


def _changed(
    result: Plan,
    resource: Resource,
    action: str,
    stored: Stored,
    after: Values,
    tags: dict[str, str],
    removed: list[str],
    calls: tuple[Call, ...],
) -> None:
    if not calls:
        return
    left = {key: value for key, value in tags.items() if key not in removed}
    before = {**stored.values, "tags": stored.tags}
    change = Change(resource.option, resource.noun, resource.name, action, before, {**after, "tags": left}, calls)
    result.changes.append(change)


def _kept(before: Values, after: Values) -> Values:
    """The values after the run, with policies unchanged if they mean the same."""
    return {
        name: before[name] if name in _POLICIES and same_policy(before[name], value) else value
        for name, value in after.items()
    }


def _owner_violations(declaration: Declaration, resource: Resource, stored: Stored) -> list[str]:
    """Violations if another owner prevents a change. Unlike a window, a resource without an owner is not adopted."""
    if declaration.take_over:
        return []
    reason = refusal(stored.tags, declaration.setup, False, False)
    if not reason and SETUP_TAG not in stored.tags:
        reason = "exists and belongs to no setup; specify take_over: true to change it"
    ways = "existing: true to use it as it is, or another name"
    return [f"{resource.option}: the {resource.title} {reason}, {ways}"] if reason else []


def _lost_violations(declaration: Declaration, resource: Resource, stored: Stored, after: Values) -> list[str]:
    """Violations if parts of others have names of this collection, and a run would replace and later remove them."""
    without = _kept(stored.values, resource.withdrawn(stored.values))
    lost = sorted(name for name, value in stored.values.items() if without[name] != value and after[name] != value)
    return [
        f"{resource.option}: the {resource.title} belongs to no setup, but its {name} has a part under a name that this"
        f" collection uses and would replace; rename or remove that part, or, if an earlier run made it, set the tag"
        f" {SETUP_TAG}: {declaration.setup}"
        for name in lost
    ]


def _tag_changes(resource: Resource, stored: Stored, setup: str, join: bool) -> tuple[dict[str, str], list[str]]:
    wanted = given_tags(resource.options.get("tags"))
    to_set: dict[str, str] = {}
    to_remove: list[str] = []
    if wanted is not None:
        to_set, to_remove = compare_aws_tags(user_tags(stored.tags), wanted, resource.options.get("purge_tags", True))
    marks = {SETUP_TAG: setup} | ({TAKEN_OVER_TAG: "true"} if join else {})
    return {**to_set, **{k: v for k, v in marks.items() if stored.tags.get(k) != v}}, sorted(to_remove)
