# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page has to tell of rows, counted here from the rows alone."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
# The most urgent first.
STATUSES = {
    "failed": "Patch failed",
    "noncompliant": "Patches missing",
    "pending_reboot": "Reboot pending",
    "stale": "Scan too old",
    "never_scanned": "Never scanned",
    "unmanaged": "Not managed",
    "compliant": "Compliant",
}
SEVERITIES = ("Critical", "Important", "Moderate", "Low", "Unspecified")
NO_GROUP = "no patch group"
UNKNOWN = "\N{EN DASH}"


def counts(nodes: list[Json]) -> dict[str, int]:
    """How many nodes are in each count."""
    states = [node["status"] for node in nodes]
    some = {name: sum((node.get(f"{name}_count") or 0) > 0 for node in nodes) for name in (
        "critical_noncompliant", "security_noncompliant", "failed",
    )}  # fmt: skip
    return {
        "managed": len(nodes) - states.count("unmanaged"),
        "noncompliant": sum(state in ("failed", "noncompliant", "pending_reboot") for state in states),
        **some,
        **{state: states.count(state) for state in ("pending_reboot", "stale", "never_scanned", "unmanaged")},
        "ungraded": 0,
    }


def critical_missing(nodes: list[Json], rows: list[Json]) -> int:
    """How many missing patches of severity Critical the nodes have, counted on each node."""
    ids = {node["instance_id"] for node in nodes}
    lacking = (row for row in rows if row["instance_id"] in ids and row["state"] in ("MISSING", "FAILED"))
    return sum(row["severity"] == "Critical" for row in lacking)


def percent(nodes: list[Json]) -> str:
    """The share of the managed nodes that are compliant, rounded down to two digits, as the page writes it."""
    managed = [node for node in nodes if node["status"] != "unmanaged"]
    if not managed:
        return "unknown"
    return f"{10_000 * sum(node['status'] == 'compliant' for node in managed) // len(managed) / 100:g} %"


def by(nodes: list[Json], what: str) -> dict[str, list[Json]]:
    """The nodes of each patch group or operating system."""
    found: dict[str, list[Json]] = defaultdict(list)
    for node in nodes:
        found[group(node) if what == "group" else system(node)].append(node)
    return dict(found)


def group(node: Json) -> str:
    """The patch group of a node; none of the sample is in two."""
    return node["patch_group"] or NO_GROUP


def system(node: Json) -> str:
    """The operating system with its version."""
    return f"{node['platform_name']} {node['platform_version']}"


def urgency(node: Json) -> tuple[int, ...]:
    """Where a node stands when the most urgent is last: by what misses it most, then by its status."""
    names = ("critical_noncompliant", "failed", "security_noncompliant", "missing")
    return (*(node.get(f"{name}_count") or 0 for name in names), -[*STATUSES].index(node["status"]))


def patches(rows: list[Json]) -> dict[tuple[str, str], list[Json]]:
    """The rows of each patch in each state."""
    found: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for row in rows:
        found[row["title"], row["state"]].append(row)
    return dict(found)


def age(patch: Json, read_at: str) -> int | None:
    """Whole days since the release of a patch."""
    if patch["release_date"] is None:
        return None
    return (datetime.fromisoformat(read_at) - datetime.fromisoformat(patch["release_date"])).days


def clock(moment: datetime) -> str:
    """A moment as a browser writes it for a reader in America."""
    return f"{moment:%b} {moment.day}, {moment.year}, {moment.hour % 12 or 12}:{moment:%M %p}"


def utc(text: str) -> datetime:
    """A moment of the rows."""
    return datetime.fromisoformat(text).astimezone(UTC)


def natural(text: str) -> list[str | int]:
    """Where a text stands among others for a person, to whom 9 comes before 10."""
    parts = re.split(r"(\d+)", text.casefold())
    return [int(part) if number % 2 else part for number, part in enumerate(parts)]


def words(state: str) -> str:
    """A state of the service in words."""
    return state.capitalize().replace("_", " ")
