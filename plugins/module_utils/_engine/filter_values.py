# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the filter values that a plan would write against what the service lists for the operating system. No I/O.

Values are exact, or the wildcard: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PatchFilter.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from .._options.codecs import filter_values
from .._planners.planning import Planning
from .._resources import patch_baseline
from .._state.declaration import Entry
from .._state.read import Listings, PatchProperty

# The keys of filters that DescribePatchProperties lists; others are left to the service.
_LISTED = frozenset({"PRODUCT", "PRODUCT_FAMILY", "CLASSIFICATION", "MSRC_SEVERITY", "PRIORITY", "SEVERITY"})
_BY_PATCH_SET = frozenset({"PRODUCT", "PRODUCT_FAMILY"})
# As many as a filter group has in the API model; CloudFormation's own example of a baseline has one more.
_MODELLED_FILTERS = 4
_FEW = 12


@dataclass(frozen=True)
class _Filter:
    """The values of one key that are new to a baseline. place: as users write it, C(approval_rules[0].filters)."""

    entry: Entry
    place: str
    system: str
    key: str
    values: tuple[str, ...]
    patch_sets: tuple[str, ...]

    @property
    def listings(self) -> list[PatchProperty]:
        """The listings that together have the values of the key."""
        by_set = self.system == "WINDOWS" and self.key in _BY_PATCH_SET
        return [PatchProperty(self.system, self.key, one) for one in (self.patch_sets if by_set else (None,))]


def needed_listings(planning: Planning) -> list[PatchProperty]:
    """The listings without which the filters of the plan cannot be judged, each once."""
    return list(dict.fromkeys(listing for one in _new_filters(planning) for listing in one.listings))


def judge(planning: Planning, listings: Listings) -> None:
    """Refuse values that none of the listings has, and warn of what cannot be judged."""
    for one in _new_filters(planning):
        known = [listings.values.get(listing) for listing in one.listings]
        if all(known):
            names = list(dict.fromkeys(name for listed in known for name in listed or ()))
            for text in _wrong_values(one, names):
                planning.refuse(one.entry, text)
        for value in one.values:
            if "*" in value and value != "*":
                planning.warn(
                    one.entry, f"{one.place}.{one.key}: AWS may refuse {value!r}; it documents only '*' alone"
                )
    for entry, place, count in _crowded(planning):
        planning.warn(
            entry, f"{place}: {count} filters, but the API model counts to {_MODELLED_FILTERS}; AWS may refuse them"
        )
    for listing, reason in listings.unread.items():
        planning.plan.warnings.append(
            f"Filter values of {listing.name} for {listing.system} are not checked before they are written: {reason}"
        )


def _written(planning: Planning) -> Iterator[tuple[Entry, str, dict[str, Mapping[str, Any]], set[tuple[str, str]]]]:
    """Each baseline whose filters the plan writes, with its system, its filter groups by place, and what is stored."""
    entries = {id(answer.values): answer for answer in planning.answers.values()}
    for step in planning.plan.steps:
        answer = entries.get(id(step.change.after))
        if answer is None or step.operation not in (patch_baseline.KIND.create, patch_baseline.KIND.update):
            continue
        groups: dict[str, Mapping[str, Any]] = {}
        if step.request.get("ApprovalRules"):
            rules = answer.values.get("approval_rules") or ()
            groups = {f"approval_rules[{number}].filters": rule["filters"] for number, rule in enumerate(rules)}
        if step.request.get("GlobalFilters"):
            groups["global_filters"] = answer.values.get("global_filters") or {}
        stored = planning.account.baselines.get(str(step.request.get("BaselineId")))
        yield answer.entry, str(answer.values["operating_system"]), groups, _pairs(stored.raw if stored else {})


def _pairs(raw: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The filters of a stored baseline, which the service took once: key and value."""
    groups = [raw.get("GlobalFilters") or {}]
    groups += [rule["PatchFilterGroup"] for rule in (raw.get("ApprovalRules") or {}).get("PatchRules") or ()]
    return {
        (one["Key"], value) for group in groups for one in group.get("PatchFilters") or () for value in one["Values"]
    }


def _new_filters(planning: Planning) -> Iterator[_Filter]:
    for entry, system, groups, stored in _written(planning):
        for place, filters in groups.items():
            patch_sets = _patch_sets(filters, () if place == "global_filters" else ("OS",))
            for key, given in filters.items():
                values = tuple(value for value in filter_values(given) if value != "*" and (key, value) not in stored)
                if key in _LISTED and values:
                    yield _Filter(entry, place, system, key, values, patch_sets)


def _crowded(planning: Planning) -> Iterator[tuple[Entry, str, int]]:
    for entry, _system, groups, _stored in _written(planning):
        for place, filters in groups.items():
            if len(filters) > _MODELLED_FILTERS:
                yield entry, place, len(filters)


def _patch_sets(filters: Mapping[str, Any], absent: tuple[str, ...]) -> tuple[str, ...]:
    """The patch sets that a group of filters is about; absent: what it means without C(PATCH_SET), empty for all."""
    named = tuple(filter_values(filters["PATCH_SET"])) if "PATCH_SET" in filters else absent
    known = tuple(one for one in patch_baseline.PATCH_SETS if one in named)
    return known or patch_baseline.PATCH_SETS


def _wrong_values(one: _Filter, names: list[str]) -> Iterator[str]:
    for value in one.values:
        if value not in names and "*" not in value:
            near = near_values(value, names)
            hint = f"did you mean {' or '.join(repr(name) for name in near)}? " if near else ""
            yield f"{one.place}.{one.key}: AWS does not know {value!r} for {one.system}; {hint}{_way_out(one, names)}"


def _way_out(one: _Filter, names: list[str]) -> str:
    shown = ", ".join(["*", *sorted(names)[:_FEW]]) + (f", ... ({len(names)} in all)" if len(names) > _FEW else "")
    text = f"valid are {shown}"
    if one.system == "WINDOWS" and one.key in _BY_PATCH_SET and one.patch_sets == ("OS",):
        text += "; for those of Microsoft applications, give PATCH_SET: [APPLICATION] in the same filters"
    return text


def near_values(value: str, names: Iterable[str]) -> list[str]:
    """The listed values that somebody may have meant, at most three."""
    if value.casefold() in ("all", "any", ""):
        return ["*"]
    folded = {_folded(name): name for name in names}
    plain = _folded(value)
    if plain in folded:
        return [folded[plain]]
    inside = [name for name in folded if len(min(name, plain, key=len)) > 2 and (name in plain or plain in name)]
    close = get_close_matches(plain, folded, 3, 0.7)
    return [folded[name] for name in dict.fromkeys([*close, *sorted(inside, key=len, reverse=True)])][:3]


def _folded(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum() or character == ".")
