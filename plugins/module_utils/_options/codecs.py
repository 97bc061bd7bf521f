# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversion between members of API structures and option values, and comparison of values.

Each codec has three pure functions: decode (member to option value, None where nothing is stored), encode (option value
to member) and normal (option value to a form that compares equal only if the values are equivalent to the service).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from .._schedules.schedule import parse_instant

Json = Any
_DAY_LENGTH = len("2026-01-31")


def _same(value: Json) -> Json:
    return value


def _text(value: Json) -> Json:
    return None if value == "" else value


@dataclass(frozen=True)
class Codec:
    """decode, encode and normal for one member format. All are pure, and none raises for a response of the service."""

    decode: Callable[[Json], Json] = _text
    encode: Callable[[Json], Json] = _same
    normal: Callable[[Json], Json] = _text


def _words(value: Json) -> Json:
    return tuple(sorted({str(word) for word in value})) if value else None


def _instant(value: Json) -> Json:
    return (parse_instant(value) or value) if value else None


def _only(values: Json) -> Json:
    return _text(values[0]) if values else None


def one_of(values: Json) -> list[str]:
    """The list with one string that documents expect as a parameter."""
    return [str(values)]


TEXT = Codec()


def _iso(value: Json) -> str:
    # An unquoted YAML date can arrive with a space between date and time, which the service refuses.
    instant = parse_instant(str(value))
    return instant.isoformat() if instant and " " in str(value) else str(value)


def _strict_rate(schedule: Json) -> Json:
    """The service also stores "rate(1 days)". Singular and plural are equivalent."""
    return re.sub(r"^(rate\(\s*\d+\s+(?:minute|hour|day))s?(\s*\))$", r"\1\2", str(schedule)) if schedule else None


SCHEDULE = Codec(normal=_strict_rate)
INSTANT = Codec(encode=_iso, normal=_instant)
WORDS = Codec(
    decode=lambda member: list(member) if member else None,
    encode=lambda value: list(dict.fromkeys(str(entry) for entry in value)),
    normal=_words,
)
ONE = Codec(decode=_only, encode=one_of)


def _alarm_name(alarms: Json) -> Json:
    return alarms[0].get("Name") if alarms else None


ALARM_NAME = Codec(decode=_alarm_name, encode=lambda name: [{"Name": name}])


def target_ids(key: str) -> Codec:
    """The IDs in one key of a task's targets (C(WindowTargetIds) or C(InstanceIds)), in any order."""

    def decode(member: Json) -> Json:
        ids = [value for target in member or () if target.get("Key") == key for value in target.get("Values") or ()]
        return ids or None

    return Codec(decode, lambda ids: [{"Key": key, "Values": list(dict.fromkeys(ids))}], _words)


def _as_list(value: Json) -> list[str]:
    entries = value if isinstance(value, (list, tuple)) else [value]
    return [str(entry) for entry in entries if entry is not None]


def _parameter(value: Json) -> str:
    """A value in the format that documents expect: booleans and structures are JSON."""
    return json.dumps(value) if isinstance(value, (bool, dict, list)) else str(value)


def _parameter_values(value: Json) -> list[str]:
    entries = value if isinstance(value, (list, tuple)) else [value]
    return [_parameter(entry) for entry in entries if entry is not None]


def _parameters(value: Json) -> Json:
    # The console stores empty parameters as [""]. A document treats them as omitted.
    values = {key: _parameter_values(entry) for key, entry in (value or {}).items()}
    return {key: entry for key, entry in values.items() if entry not in ([""], [])} or None


PARAMETERS = Codec(
    decode=lambda member: dict(member) if member else None,
    encode=lambda value: {key: _parameter_values(entry) for key, entry in value.items() if _parameter_values(entry)},
    normal=_parameters,
)


def _as_text(value: Json) -> Json:
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "surrogateescape")
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _as_json(value: Json) -> Json:
    text = _as_text(value)
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def is_json(text: str) -> bool:
    """Whether a text is JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


JSON_TEXT = Codec(decode=lambda member: _text(_as_text(member)), encode=_as_text, normal=_as_json)
JSON_BYTES = Codec(
    decode=lambda member: _text(_as_text(member)),
    encode=lambda value: _as_text(value).encode(errors="surrogateescape"),
    normal=_as_json,
)


def is_blank(value: Json) -> bool:
    """Whether a value in a list is empty: null, or a text without visible characters."""
    return value is None or (isinstance(value, str) and not value.strip())


def filter_values(values: Json) -> list[str]:
    """The values of one filter key, which can be a text or a list."""
    return _as_list(values)


def _filters(member: Json) -> dict[str, list[str]] | None:
    pairs = (member or {}).get("PatchFilters") or ()
    return {pair["Key"]: list(pair["Values"]) for pair in pairs} or None


def _filter_group(value: Mapping[str, Iterable[str]]) -> dict[str, Json]:
    return {"PatchFilters": [{"Key": key, "Values": _as_list(values)} for key, values in (value or {}).items()]}


def _normal_filters(value: Json) -> Json:
    return {key: _words(_as_list(values)) for key, values in value.items()} if value else None


FILTERS = Codec(_filters, _filter_group, _normal_filters)

# Option of an approval rule: (member, the value that the service assumes if none is stored).
RULE_MEMBERS = {
    "approve_after_days": ("ApproveAfterDays", None),
    "approve_until_date": ("ApproveUntilDate", None),
    "compliance_level": ("ComplianceLevel", "UNSPECIFIED"),
    "enable_non_security": ("EnableNonSecurity", False),
}


def _rule(member: Mapping[str, Json]) -> dict[str, Json]:
    rule: dict[str, Json] = {"filters": _filters(member.get("PatchFilterGroup")) or {}}
    for name, (key, absent) in RULE_MEMBERS.items():
        value = absent if member.get(key) is None else member[key]
        if value is not None:
            rule[name] = value
    return rule


def _day(value: Json) -> Json:
    # An unquoted YAML date can arrive as a full timestamp.
    return str(value)[:_DAY_LENGTH] if value is not None and str(value)[_DAY_LENGTH:][:1] in ("T", " ") else value


def is_day(value: Json) -> bool:
    """Whether a value is an existing date, alone or at the beginning of a timestamp."""
    text = str(value)
    try:
        day = date.fromisoformat(str(_day(value)))
        return text[:10] == day.isoformat() and (len(text) == _DAY_LENGTH or bool(datetime.fromisoformat(text)))
    except ValueError:
        return False


def _rule_member(rule: Mapping[str, Json]) -> dict[str, Json]:
    member: dict[str, Json] = {"PatchFilterGroup": _filter_group(rule.get("filters") or {})}
    for name, (key, _absent) in RULE_MEMBERS.items():
        if rule.get(name) is not None:
            member[key] = _day(rule[name]) if name == "approve_until_date" else rule[name]
    return member


def _normal_rule(rule: Mapping[str, Json]) -> str:
    members = _rule(_rule_member(rule))
    return json.dumps({**members, "filters": _normal_filters(members["filters"])}, sort_keys=True)


RULES = Codec(
    decode=lambda member: [_rule(rule) for rule in (member or {}).get("PatchRules") or ()] or None,
    encode=lambda rules: {"PatchRules": [_rule_member(rule) for rule in rules]},
    normal=lambda rules: sorted(_normal_rule(rule) for rule in rules) if rules else None,
)

_SOURCE_MEMBERS = {"name": "Name", "products": "Products", "configuration": "Configuration"}


def _source(member: Mapping[str, Json]) -> dict[str, Json]:
    return {name: member.get(key) for name, key in _SOURCE_MEMBERS.items()}


def _normal_source(source: Mapping[str, Json]) -> str:
    return json.dumps([source["name"], _words(source["products"]), source["configuration"]])


SOURCES = Codec(
    decode=lambda member: [_source(source) for source in member] if member else None,
    encode=lambda sources: [{key: source[name] for name, key in _SOURCE_MEMBERS.items()} for source in sources],
    normal=lambda sources: sorted(_normal_source(source) for source in sources) if sources else None,
)


CRITERIA = Codec(
    decode=lambda member: [{"key": t["Key"], "values": list(t.get("Values") or ())} for t in member or ()] or None,
    encode=lambda targets: [{"Key": t["key"], "Values": _as_list(t["values"])} for t in targets],
    normal=lambda targets: {t["key"]: _words(_as_list(t["values"])) for t in targets} if targets else None,
)
