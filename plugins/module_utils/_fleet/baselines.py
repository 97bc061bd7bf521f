# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which baseline applies to a node, why, and whether it approves any patches for it. Pure functions.

https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-patch-groups.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, NamedTuple

from .._aws.nodes import GROUP_TAGS
from .._aws.structures import Raw
from .._compliance.platforms import product_fits
from .model import Account, Tags

BY_GROUP, BY_DEFAULT, TWO_GROUPS, UNKNOWN_SYSTEM = "patch_group", "default", "two_patch_groups", "unknown_system"
_SEPARATORS = re.compile(r"[\s_.-]+")
# Also between a lowercase and an uppercase letter.
_BETWEEN_WORDS = re.compile(rf"{_SEPARATORS.pattern}|(?<=[a-z])(?=[A-Z])")
_DIGITS = re.compile(r"\d+")
_NEAR = 0.85


class Effective(NamedTuple):
    """The effective baseline, None if unknown, and the reason. group: the patch group that it is registered for."""

    baseline_id: str | None
    reason: str
    group: str | None = None


def effective_baseline(account: Account, system: str | None, groups: Iterable[str]) -> Effective:
    """The baseline of a node with this operating system and these patch groups."""
    if system is None:
        return Effective(None, UNKNOWN_SYSTEM)
    found = {account.registered.get((system, group)): group for group in groups}
    if len(found) > 1:
        # AWS does not document which of the two tags takes precedence.
        return Effective(None, TWO_GROUPS)
    for baseline_id, group in found.items():
        if baseline_id is not None:
            return Effective(baseline_id, BY_GROUP, group)
    return Effective(account.defaults.get(system), BY_DEFAULT)


def misspelt_key(tags: Tags) -> str | None:
    """A tag key that is similar to that of a patch group. None if the node has a patch group tag."""
    known = dict(tags)
    if any(key in known for key in GROUP_TAGS):
        return None
    return next((key for key in known if is_like_group_key(key)), None)


@lru_cache(maxsize=1000)
def is_like_group_key(key: str) -> bool:
    """Whether a tag key is that of a patch group, or similar to it."""
    return any(_likeness(key, one) >= _NEAR for one in ("Patch Group", "patchgroup"))


def nearly_fitting(group: str, known: Iterable[str]) -> str | None:
    """The known group that is most similar to a name. None if none is similar."""
    rated = [(_likeness(group, one), one) for one in known if one != group]
    best = max(rated, default=(0.0, None))
    return best[1] if best[0] >= _NEAR else None


def _likeness(one: str, other: str) -> float:
    """The similarity of two names, from 0 to 1: that of the two corresponding words that differ most.

    Names with different numbers or a different count of words are not similar.
    """
    if _DIGITS.findall(one) != _DIGITS.findall(other):
        return 0.0
    if _plain(one) == _plain(other):
        return 1.0
    words, others = ([word.casefold() for word in _BETWEEN_WORDS.split(name) if word] for name in (one, other))
    if len(words) != len(others):
        return 0.0
    return min((SequenceMatcher(None, *pair).ratio() for pair in zip(words, others, strict=True)), default=0.0)


def approves_nothing(raw: Raw, product: str | None) -> bool:
    """Whether a baseline approves no patch for the operating system of a node with this product."""
    if raw.get("ApprovedPatches"):
        return False
    rules = (raw.get("ApprovalRules") or {}).get("PatchRules") or ()
    shared = _filters(raw.get("GlobalFilters"))
    return not any(
        _concerns(shared, product) and _concerns(_filters(one.get("PatchFilterGroup")), product) for one in rules
    )


def _filters(group: Mapping[str, Any] | None) -> dict[str, list[str]]:
    return {entry["Key"]: entry.get("Values") or [] for entry in (group or {}).get("PatchFilters") or ()}


def _concerns(filters: Mapping[str, list[str]], product: str | None) -> bool:
    if filters.get("PATCH_SET") == ["APPLICATION"]:
        return False
    wanted = filters.get("PRODUCT")
    return not wanted or product is None or any(product_fits(product, one) for one in wanted)


def _plain(text: str) -> str:
    return _SEPARATORS.sub("", text).casefold()
