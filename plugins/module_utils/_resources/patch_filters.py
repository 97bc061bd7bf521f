# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the filters of a baseline with the values that AWS lists for its operating system. Pure functions.

Values are exact, or the wildcard: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PatchFilter.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._options.codecs import filter_values
from .._options.kind import Values
from .._options.mistakes import near_names
from . import patch_baseline

# The filter keys that DescribePatchProperties lists. Others are left to the service.
_LISTED = frozenset({"PRODUCT", "PRODUCT_FAMILY", "CLASSIFICATION", "MSRC_SEVERITY", "PRIORITY", "SEVERITY"})
_BY_PATCH_SET = frozenset({"PRODUCT", "PRODUCT_FAMILY"})
# The maximum of a filter group in the API model. The example of a baseline for CloudFormation has one more.
_MODELLED_FILTERS = 4
_FEW = 12


class PatchProperty(NamedTuple):
    """One listing of DescribePatchProperties. patch_set: C(OS) or C(APPLICATION), for Windows if relevant."""

    system: str
    name: str
    patch_set: str | None = None


@dataclass(frozen=True)
class NewFilters:
    """A group of filters for a baseline. label, place: its path in messages, C(approval_rules[0].filters).

    stored: existing keys and values of the baseline. is_global: whether they apply to the whole baseline.
    """

    label: str
    place: str
    system: str
    filters: Mapping[str, Any]
    stored: frozenset[tuple[str, str]]
    is_global: bool

    def new_values(self) -> dict[str, list[str]]:
        """Values by key that are not stored yet."""
        return {
            key: values
            for key, given in self.filters.items()
            if (values := [one for one in filter_values(given) if one != "*" and (key, one) not in self.stored])
            and key in _LISTED
        }

    def patch_sets(self) -> tuple[str, ...]:
        """The patch sets that it applies to. A rule without one applies to the operating system."""
        absent = () if self.is_global else ("OS",)
        given = filter_values(self.filters["PATCH_SET"]) if "PATCH_SET" in self.filters else absent
        return tuple(one for one in patch_baseline.PATCH_SETS if one in given) or patch_baseline.PATCH_SETS

    def properties(self, key: str) -> list[PatchProperty]:
        """The listings that together contain the values of a key."""
        by_set = self.system == "WINDOWS" and key in _BY_PATCH_SET
        return [PatchProperty(self.system, key, one) for one in (self.patch_sets() if by_set else (None,))]


def new_filters(label: str, values: Values, written: Mapping[str, Any], stored: Mapping[str, Any]) -> list[NewFilters]:
    """The filter groups that a request writes. values: the future options. stored: the current structure."""
    groups: dict[str, Mapping[str, Any]] = {}
    if written.get("ApprovalRules"):
        rules = enumerate(values.get("approval_rules") or ())
        groups = {f"approval_rules[{number}].filters": rule["filters"] for number, rule in rules}
    if written.get("GlobalFilters"):
        groups["global_filters"] = values.get("global_filters") or {}
    system, pairs = str(values["operating_system"]), _pairs(stored)
    return [
        NewFilters(label, place, system, filters, pairs, place == "global_filters") for place, filters in groups.items()
    ]


def _pairs(raw: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """The filters of a stored baseline, which the service accepted before, as key and value."""
    groups = [raw.get("GlobalFilters") or {}]
    groups += [rule["PatchFilterGroup"] for rule in (raw.get("ApprovalRules") or {}).get("PatchRules") or ()]
    return frozenset(
        (one["Key"], value) for group in groups for one in group.get("PatchFilters") or () for value in one["Values"]
    )


def needed_properties(groups: Iterable[NewFilters]) -> list[PatchProperty]:
    """The listings that are required to check the filters, each once."""
    return list(dict.fromkeys(one for group in groups for key in group.new_values() for one in group.properties(key)))


def filter_violations(groups: Iterable[NewFilters], listed: Mapping[PatchProperty, tuple[str, ...]]) -> list[str]:
    """Values that are not in any of the listings."""
    found: list[str] = []
    for group in groups:
        for key, values in group.new_values().items():
            known = [listed.get(one) for one in group.properties(key)]
            if all(known):
                names = list(dict.fromkeys(name for one in known for name in one or ()))
                found += [group.label + text for text in _unknown_values(group, key, values, names)]
    return found


def filter_warnings(groups: Iterable[NewFilters]) -> list[str]:
    """Warnings about values that cannot be checked."""
    found = []
    for group in groups:
        where = group.label + group.place
        for key, values in group.new_values().items():
            wild = [one for one in values if "*" in one]
            found += [f"{where}.{key}: AWS might refuse {one!r}; only '*' alone is documented" for one in wild]
        if (count := len(group.filters)) > _MODELLED_FILTERS:
            found.append(
                f"{where}: {count} filters, but the API model allows {_MODELLED_FILTERS}; AWS might refuse them"
            )
    return found


def _unknown_values(group: NewFilters, key: str, values: list[str], names: list[str]) -> Iterator[str]:
    for value in values:
        if value not in names and "*" not in value:
            near = ["*"] if value.casefold() in ("all", "any", "") else near_names(value, names)
            hint = f"did you mean {' or '.join(repr(name) for name in near)}? " if near else ""
            way = _way_out(group, key, names)
            yield f"{group.place}.{key}: AWS does not list {value!r} for {group.system}; {hint}{way}"


def _way_out(group: NewFilters, key: str, names: list[str]) -> str:
    shown = ", ".join(["*", *sorted(names)[:_FEW]]) + (f", ... ({len(names)} in total)" if len(names) > _FEW else "")
    text = f"valid values are {shown}"
    if group.system == "WINDOWS" and key in _BY_PATCH_SET and group.patch_sets() == ("OS",):
        text += "; for those of Microsoft applications, specify PATCH_SET: [APPLICATION] in the same filters"
    return text
