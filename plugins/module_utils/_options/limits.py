# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of the service from the installed botocore model, expressed by option names.

botocore itself checks only types, required members and lower bounds; upper bounds, patterns and enums would come back
from the service one at a time, after part of a setup was written.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from .._aws.structures import Raw
from .codecs import is_blank
from .kind import Structure
from .mistakes import near_names
from .option import Option

# Java's classes of letters, digits and separators; \w holds the first two.
_SEPARATORS = " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_IN_WORDS = {
    r"^[a-zA-Z0-9_\-.]{3,128}$": "must have 3 to 128 characters, each a letter, a digit, '_', '-' or '.'",
    r"^[a-zA-Z0-9_\-.]{3,50}$": "must have 3 to 50 characters, each a letter, a digit, '_', '-' or '.'",
    r"^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$": "must be a number from 1, or a percentage from 1% to 100%",
    r"^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$": "must be a number from 0, or a percentage from 0% to 100%",
    r"([$]LATEST|[$]DEFAULT|^[1-9][0-9]*$)": "must be $DEFAULT, $LATEST or a version number",
    r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$": "may hold only letters, digits, spaces and '_.:/=+-@'",
}
ACCOUNT_FORM = re.compile("[0-9]{12}")
ACCOUNT_RULE = "must have 12 digits; write it in quotes"
# Rules: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET_NAME = re.compile(
    r"(?!\d{1,3}(?:\.\d{1,3}){3}$)(?!.*(?:\.\.|\.-|-\.))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII
)
BUCKET_NAME_RULE = (
    "must have 3 to 63 lower-case letters, digits, dots and hyphens, with a letter or digit on both sides of each dot"
    " and at both ends, and must not be an IP address"
)

# Examples in the AWS documentation have more entries than its model allows, so the service decides.
_OPEN = frozenset({"PatchFilterList"})


class Finding(NamedTuple):
    """A value that breaks a limit: the path of its member, the value, the rule in words."""

    path: str
    value: Any
    rule: str


class _Hidden:
    """The placeholder in messages for a value that the AWS model marks as sensitive."""

    def __repr__(self) -> str:
        return "(a value that is not shown)"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(r"\p{L}", r"\w").replace(r"\p{N}", "").replace(r"\p{Z}", _SEPARATORS))


def breaches(shape: Any, value: Any, path: str = "") -> Iterator[Finding]:
    """Every limit of a botocore shape that a request value violates. IDs that are not known yet are skipped.

    A value that the model marks as sensitive, such as the payload of a function, is not in the findings.
    """
    found = _breaches(shape, value, path)
    return (finding._replace(value=_Hidden()) for finding in found) if shape.metadata.get("sensitive") else found


def _breaches(shape: Any, value: Any, path: str) -> Iterator[Finding]:
    kind = shape.type_name
    if kind == "structure":
        yield from _structure_breaches(shape, value, path)
    elif kind == "list":
        yield from _size_breaches(shape, value, path, "entries")
        for number, entry in enumerate(value):
            yield from breaches(shape.member, entry, f"{path}[{number}]")
    elif kind == "map":
        yield from _size_breaches(shape, value, path, "entries")
        for key, entry in value.items():
            yield from breaches(shape.key, key, path)
            yield from breaches(shape.value, entry, f"{path}.{key}")
    elif kind in ("integer", "long"):
        yield from _number_breaches(shape, value, path)
    elif isinstance(value, (str, bytes)):
        yield from _text_breaches(shape, value, path)


def _structure_breaches(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[Finding]:
    for name, entry in value.items():
        if name in shape.members:
            yield from breaches(shape.members[name], entry, f"{path}.{name}" if path else name)


def _size_breaches(shape: Any, value: Any, path: str, unit: str) -> Iterator[Finding]:
    low, high = shape.metadata.get("min"), None if shape.name in _OPEN else shape.metadata.get("max")
    if low and len(value) < low:
        yield Finding(path, value, f"needs at least {low} {unit}")
    if high and len(value) > high:
        yield Finding(path, value, f"takes at most {high} {unit}, not {len(value)}")


def _number_breaches(shape: Any, value: int, path: str) -> Iterator[Finding]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        yield Finding(path, value, f"must be from {low} to {high}" if high is not None else f"must be at least {low}")


def _text_breaches(shape: Any, value: str | bytes, path: str) -> Iterator[Finding]:
    enum, pattern = getattr(shape, "enum", None), shape.metadata.get("pattern")
    if enum:
        if value not in enum:
            near = near_names(str(value), enum, 0.75)
            yield Finding(
                path, value, f"must be one of {', '.join(enum)}" + (f"; did you mean {near[0]}?" if near else "")
            )
        return
    if pattern in _IN_WORDS and not _compiled(pattern).fullmatch(str(value)):
        yield Finding(path, value, _IN_WORDS[pattern])
        return
    yield from _size_breaches(shape, value, path, "characters")
    if pattern and isinstance(value, str) and not _compiled(pattern).fullmatch(value):
        yield Finding(path, value, f"must match {pattern}")


def option_breaches(kind: Structure, shape: Any, request: Raw, names: set[str]) -> list[str]:
    """Violations of the named options, each as C(option: value: rule)."""
    found = []
    for finding in breaches(shape, request):
        name, rest = _option_at(kind, finding.path)
        # Rules of the option name the key of a filter that is empty.
        if name in names and not (finding.value in ("", []) and "Filter" in finding.path):
            found.append(f"{name}{_words(rest)}: {shown(finding.value)} {finding.rule}")
    return found


def blank_entries(name: str, entries: Any) -> list[str]:
    """Empty entries of a list of texts, each as C(option[0]: rule)."""
    listed = entries if isinstance(entries, (list, tuple)) else ()
    return [f"{name}[{number}]: is empty; remove it" for number, entry in enumerate(listed) if is_blank(entry)]


def unknown_options(kind: Structure, values: Mapping[str, Any], members: Container[str]) -> list[str]:
    """Options that an old botocore cannot send, because its model does not know their members."""
    used = {name: str(option.api).partition(".")[0] for name, option in kind.managed() if _is_set(option, values, name)}
    return [
        f"{name}: the installed botocore does not know {top}; install a newer boto3 and botocore"
        for name, top in used.items()
        if top not in members
    ]


def _is_set(option: Option, values: Mapping[str, Any], name: str) -> bool:
    return name in values and not option.is_empty(values[name])


def _option_at(kind: Structure, path: str) -> tuple[str, str]:
    best = ("", path)
    reach = -1
    for name, option in kind.managed():
        api = str(option.api)
        if (path == api or path.startswith((f"{api}.", f"{api}["))) and len(api) > reach:
            best, reach = (name, path[len(api) :]), len(api)
    return best


_WRAPPERS = re.compile(r"\.?(PatchRules|PatchFilterGroup|Values(?=\[))")


def _words(rest: str) -> str:
    """The rest of a member path as users write it: C(.PatchRules[0].ApproveAfterDays) is C([0].approve_after_days)."""
    rest = re.sub(r"\.?PatchFilters\[(\d+)\]", r".filters", _WRAPPERS.sub("", rest))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", rest).lower().replace("..", ".")


def shown(value: Any) -> str:
    """A value as messages quote it."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
