# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distorted responses: repeated pages, missing entries, truncated JSON."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

Answer = dict[str, Any]
# Returns the same page once more. ``paging`` removes it from a token.
AGAIN = "again:"


def distorted(do: str, answer: Answer, sent: Answer, draw: random.Random) -> Answer | bytes:
    """The distorted response, or the bytes that are sent instead of it."""
    if do == "cut":
        content = json.dumps(answer).encode()
        return content[: draw.randrange(len(content))]
    changed = _WAYS[do](answer, sent, draw)
    return answer if changed is None else changed


def _listing(answer: Answer) -> str | None:
    """The name of the member with the entries of a listing."""
    return next((name for name, value in answer.items() if isinstance(value, list)), None)


def _entries(change: Callable[[list[Any], random.Random], list[Any]]) -> Callable[..., Answer | None]:
    """A distortion that affects only the entries of a listing."""

    def way(answer: Answer, _sent: Answer, draw: random.Random) -> Answer | None:
        name = _listing(answer)
        return {**answer, name: change(list(answer[name]), draw)} if name else None

    return way


def _lose(entries: list[Any], draw: random.Random) -> list[Any]:
    lost = draw.randrange(len(entries)) if entries else None
    return [entry for number, entry in enumerate(entries) if number != lost]


def _shuffle(entries: list[Any], draw: random.Random) -> list[Any]:
    return draw.sample(entries, len(entries))


def _shorten(answer: Answer, _sent: Answer, _draw: random.Random) -> Answer | None:
    name = _listing(answer)
    return {name: answer[name][: len(answer[name]) // 2]} if name else None


def _blank(answer: Answer, sent: Answer, _draw: random.Random) -> Answer | None:
    name = _listing(answer)
    # A response without pages cannot have an empty page.
    return {name: [], "NextToken": AGAIN + sent.get("NextToken", "")} if name and "MaxResults" in sent else None


def _endless(answer: Answer, sent: Answer, _draw: random.Random) -> Answer | None:
    name = _listing(answer)
    return {**answer, "NextToken": AGAIN + sent.get("NextToken", "")} if name and "MaxResults" in sent else None


def _vacant(answer: Answer, _sent: Answer, _draw: random.Random) -> Answer | None:
    name = _listing(answer)
    return {name: []} if name else None


def _strip(answer: Answer, _sent: Answer, draw: random.Random) -> Answer | None:
    """The response without one member, of an entry if there are any."""
    name = _listing(answer)
    entries = [number for number, entry in enumerate(answer[name]) if isinstance(entry, dict)] if name else []
    if not name or not entries:
        return _without_one(answer, draw)
    chosen = draw.choice(entries)
    kept = [_without_one(entry, draw) if number == chosen else entry for number, entry in enumerate(answer[name])]
    return {**answer, name: kept}


def _without_one(structure: Answer, draw: random.Random) -> Answer:
    lost = draw.choice(sorted(structure)) if structure else None
    return {name: value for name, value in structure.items() if name != lost}


_WAYS: dict[str, Callable[..., Answer | None]] = {
    "repeat": _entries(lambda entries, _draw: entries * 2),
    "shuffle": _entries(_shuffle),
    "lose": _entries(_lose),
    "shorten": _shorten,
    "blank": _blank,
    "endless": _endless,
    "vacant": _vacant,
    "strip": _strip,
}
DISTORTIONS = frozenset({*_WAYS, "cut"})
