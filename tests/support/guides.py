# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages with examples, their fenced blocks, and what the account of a page holds at its beginning.

A `yaml` block that begins with a comment `# name.yml` is a file, any other contains tasks. A page of FLEETS begins with
managed nodes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from simulator import CHECKOUT
from simulator import REGION as SHELL_REGION
from ssmsim.platforms import PLATFORMS

from .account import ACCOUNT, REGION
from .compliance_fleets import GRADED as GRADES

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
# A fleet that keeps the gates of the pages, under baselines that assign compliance levels.
PATCHED = {
    "count": 30,
    "patch_groups": {"Web Servers": 1, "Database Servers": 1},
    **dict.fromkeys(("missing", "failed", "pending_reboot", "rejected", "available_security"), 0),
    **dict.fromkeys(("never_scanned", "stale", "connection_lost"), 0),
}
GRADED = [{"Name": f"graded-{system}", "OperatingSystem": system, "Default": True, **GRADES} for system in PLATFORMS]
FLEETS = {
    "report.md": PATCHED,
    "compliance.md": PATCHED,
    "targets.md": {
        "nodes": [
            {"InstanceId": "i-0123456789abcdef0", "Tags": {"Environment": "production", "Role": "web"}},
            {"InstanceId": "i-0fedcba9876543210", "Tags": {"PatchGroup": "Database Servers"}},
        ]
    },
    # Two that are covered, one whose group is misspelt, one that is not managed.
    "coverage.md": {
        "nodes": [
            {"InstanceId": f"i-{number:017x}", "Tags": {"PatchGroup": group}, "Managed": number < 4}
            for number, group in enumerate(("web", "web", "Web", "web"), 1)
        ]
    },
    "patch-now.md": {
        "count": 30,
        "patch_groups": {"Web Servers": 1, "Database Servers": 1},
        "patch_group_tag": "PatchGroup",
        "connection_lost": 0,
        "failed": 0,
    },
}
_FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# (?P<name>[\w/.-]+\.yml)\n")


class Block(NamedTuple):
    """A fenced block. place: page and line. file: its name where it is one. told: the `text` block right after it."""

    language: str
    text: str
    place: str
    file: str | None
    told: str | None


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    matches = [*_FENCE.finditer(text)]
    found = []
    for number, match in enumerate(matches):
        after = matches[number + 1] if number + 1 < len(matches) else None
        is_next = after and after["language"] == "text" and not text[match.end() : after.start()].strip()
        named = _FILE.match(match["text"]) if match["language"] == "yaml" else None
        place = f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}"
        told = after["text"] if after and is_next else None
        found.append(Block(match["language"], match["text"], place, named and named["name"], told))
    return found


def seed(page: Path) -> dict[str, Any]:
    """What the account of a page holds at its beginning."""
    fleet = FLEETS.get(page.name, {})
    there = {"account": ACCOUNT, "fleet": fleet, "baselines": GRADED if fleet is PATCHED else []}
    return {"regions": [{**there, "region": region} for region in (REGION, SHELL_REGION)]}
