# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds all errors in the format of options at once: unknown names, wrong types, values other than the choices.

ansible-core finds the same errors, but it names neither the entry nor a similar option, stops at the first invalid
list, and lists all options of all levels. Pure functions. A specification has the format of ansible-core.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

from ansible.module_utils.common.validation import (
    check_type_bool,
    check_type_dict,
    check_type_float,
    check_type_int,
    check_type_list,
)

from .._aws.text import itemized, printable

Spec = Mapping[str, Mapping[str, Any]]

# ansible-core shows an error twice, so this is about half of what a user sees on a screen.
_MESSAGE_LENGTH = 600
_SHOWN_NAMES = 12
_SHOWN_VALUE = 64
_NOUNS = {
    "bool": "a boolean, true or false",
    "int": "an integer",
    "float": "a number",
    "str": "a text",
    "path": "a path",
    "list": "a list",
    "dict": "a dictionary",
}


@dataclass(frozen=True)
class _Place:
    """A dictionary of options, and its location.

    outer: the dictionary that contains it as an option. noun: the term for its names.
    """

    path: str
    spec: Spec
    outer: _Place | None = None
    noun: str = "option"

    def message(self, text: str) -> str:
        """An error with its location."""
        return f"{self.path}: {text}" if self.path else text


def find_mistakes(
    spec: Spec, given: Mapping[str, Any], constraints: Mapping[str, Any] | None = None, noun: str = "option"
) -> list[str]:
    """All errors in the specified options, each with its location.

    Args:
        spec: The options in the format of AnsibleModule.
        given: The options by name. A nested option that is None counts as omitted.
        constraints: C(required_one_of) and C(mutually_exclusive) of the top-level options.
        noun: The term for the top-level names.
    """
    return _of_options(_Place("", spec, noun=noun), given, constraints or {})


def describe_mistakes(mistakes: Sequence[str]) -> str:
    """Errors as one message that fits on a screen, with the number of those that do not fit."""
    shown: list[str] = []
    for text in mistakes:
        if shown and sum(map(len, shown)) + len(text) > _MESSAGE_LENGTH:
            break
        shown.append(text)
    left = len(mistakes) - len(shown)
    head = f"{len(mistakes)} input errors; nothing was done" if len(mistakes) > 1 else "Invalid input; nothing was done"
    return itemized(head, [*shown, *([f"and {left} more"] if left else [])])


def entry_path(outer: str, option: str, number: int, entry: Any) -> str:
    """The path of an entry of a list, with its name or id: C(windows[0] prod / patch_tasks[1] install)."""
    return below(outer, f"{option}[{number}] {_name(entry)}".rstrip())


def near_names(name: str, known: Iterable[str], least: float = 0) -> list[str]:
    """The known names that are most similar to a misspelt one, at most two.

    least: the minimum similarity, 0 to 1. Without it, names that share a word are also similar.
    """
    plain, folded = _folded(name), {_folded(one): one for one in sorted(known)}
    if same := [one for one in folded if one.replace("_", "") == plain.replace("_", "")]:
        return [folded[same[0]]]
    names = list(folded)
    # A common part of all names, such as the prefix of a role, does not count as similarity.
    words = zip(*(one.split("_") for one in (plain, *names)), strict=False)
    shared = "".join(f"{same[0]}_" for same in takewhile(lambda same: len(set(same)) == 1, words))
    near = _near(plain.removeprefix(shared), [one.removeprefix(shared) for one in names], least)
    return [folded[shared + one] for one in near]


def _folded(name: str) -> str:
    """Names that differ only in case and separators are equal: ScheduleTimezone and schedule-timezone."""
    return re.sub(r"[^a-z0-9.]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())


def _near(plain: str, names: Sequence[str], least: float) -> list[str]:
    if least:
        return get_close_matches(plain, names, 2, least)
    # Names with the fewest additional words first.
    parts = sorted((one for one in names if _share_words(plain, one)), key=len)
    return get_close_matches(plain, names, 2, 0.75) or parts[:2] or get_close_matches(plain, names, 1, 0.6)


def _share_words(one: str, other: str) -> bool:
    """Whether all words of one name are in the other, in their order, as singular or plural."""
    first, second = (f"_{re.sub('s(?=_|$)', '', name)}_" for name in (one, other))
    return first in second or second in first


def below(outer: str, inner: str) -> str:
    """The path of an item inside another."""
    return f"{outer} / {inner}" if outer else inner


def _name(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return ""
    names = ["name", *sorted(key for key in entry if str(key).endswith("_id"))]
    return next((_shortened(entry[key]) for key in names if isinstance(entry.get(key), str) and entry[key]), "")


def _shortened(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _SHOWN_VALUE else f"{shown[: _SHOWN_VALUE - 3]}..."


def _of_options(place: _Place, given: Mapping[str, Any], constraints: Mapping[str, Any]) -> list[str]:
    known = {name: name for name in place.spec}
    known |= {alias: name for name, option in place.spec.items() for alias in option.get("aliases") or ()}
    found: list[str] = []
    for name, value in given.items():
        if name not in known:
            found.append(place.message(_unknown(place, str(name))))
        else:
            found += _of_value(place, str(name), place.spec[known[name]], value)
    present = {known[name] for name, value in given.items() if name in known and value is not None}
    return found + [place.message(text) for text in _of_presence(place.spec, present, constraints)]


def _of_presence(spec: Spec, present: set[str], constraints: Mapping[str, Any]) -> Iterable[str]:
    for name, option in spec.items():
        if option.get("required") and name not in present:
            yield f"{name} is missing"
    for names in constraints.get("required_one_of") or ():
        if not present.intersection(names):
            yield f"one of {', '.join(names)} is missing"
    for names in constraints.get("mutually_exclusive") or ():
        if len(both := [name for name in names if name in present]) > 1:
            yield f"{' and '.join(both)} are mutually exclusive; specify only one"


def _unknown(place: _Place, name: str) -> str:
    # A name with the wrong indentation is not the same error as a misspelt name.
    outer = place.outer
    while outer:
        if name in outer.spec:
            return f"{name} is an option of {outer.path or 'the top level'}; check the indentation"
        outer = outer.outer
    for option, entry in place.spec.items():
        if name in (entry.get("options") or {}) and not near_names(name, [option]):
            return f"{name} is an option of {option}, one level below; check the indentation"
    noun = f"an {place.noun}" if place.noun == "option" else f"a {place.noun}"
    if near := near_names(name, place.spec):
        return f"{name} is not {noun}; did you mean {' or '.join(near)}?"
    names = sorted(place.spec)
    more = ", ..." if len(names) > _SHOWN_NAMES else ""
    return f"{name} is not {noun}; choose from {', '.join(names[:_SHOWN_NAMES])}{more}"


def _of_value(place: _Place, name: str, option: Mapping[str, Any], value: Any) -> list[str]:
    if value is None:
        # For options with a default, ansible-core accepts null only for texts.
        is_text = option.get("type", "str") in ("str", "raw") and not option.get("choices")
        if is_text or option.get("default") is None:
            return []
        return [place.message(f"{name} has no value; specify one, or omit {name}")]
    wanted = option.get("type") or "str"
    if wanted == "list":
        return _of_list(place, name, option, value)
    return _of_one(place, name, wanted, option, value)


def _of_list(place: _Place, name: str, option: Mapping[str, Any], value: Any) -> list[str]:
    elements = option.get("elements")
    if elements == "dict" and not isinstance(value, list):
        way_out = "begin each entry with a dash" if isinstance(value, Mapping) else "an extra variable takes it as JSON"
        return [place.message(f"{name} must be a list of dictionaries, but is {_described(value)}; {way_out}")]
    try:
        entries = check_type_list(value)
    except TypeError:
        return [place.message(f"{name} must be a list, but is {_described(value)}")]
    found: list[str] = []
    for number, entry in enumerate(entries):
        if not elements:
            continue
        if elements == "dict" and isinstance(entry, Mapping) and option.get("options"):
            path = entry_path(place.path, name, number, entry)
            found += _of_options(_Place(path, option["options"], place), entry, option)
        else:
            found += _of_one(place, f"{name}[{number}]", elements, option, entry)
    return found


def _of_one(place: _Place, name: str, wanted: str, option: Mapping[str, Any], value: Any) -> list[str]:
    """Errors in a value that is not a list, or in one element of a list."""
    try:
        converted = _TYPES.get(wanted, _raw)(value)
    except (TypeError, ValueError):
        shown = "" if option.get("no_log") else _described(value)
        return [place.message(f"{name} must be {_NOUNS.get(wanted, wanted)}" + (f", but is {shown}" if shown else ""))]
    if wanted == "dict" and option.get("options"):
        return _of_options(_Place(below(place.path, name), option["options"], place), converted, option)
    choices = option.get("choices")
    if choices and converted not in choices:
        near = near_names(str(value), [str(one) for one in choices])
        hint = f"; did you mean {near[0]}?" if near else ""
        listed = ", ".join(map(str, choices))
        return [place.message(f"{name} must be one of {listed}, but is {_described(value)}{hint}")]
    return []


def _described(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a dictionary"
    if isinstance(value, (list, tuple)):
        return "a list"
    if value is None:
        return "empty"
    return repr(_shortened(str(value))) if isinstance(value, str) else str(value).lower()


def _raw(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    """A text, a number, a boolean or a date. ansible-core would also accept Python lists or dictionaries."""
    if value is None or isinstance(value, (Mapping, list, tuple, set)):
        raise TypeError
    return str(value)


def _integer(value: Any) -> int:
    # To ansible-core true is 1.
    if isinstance(value, bool):
        raise TypeError
    return int(check_type_int(value))


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(check_type_float(value))


_TYPES: dict[str, Callable[[Any], Any]] = {
    "bool": check_type_bool,
    "dict": check_type_dict,
    "float": _number,
    "int": _integer,
    "path": _text,
    "str": _text,
}
