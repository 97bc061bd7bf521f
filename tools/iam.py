#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the actions and policies of docs/iam.md from the calls of modules, roles and playbooks to the simulator.

usage: iam.py

Their options are in tests/privileges. The tests there compare the files with the calls.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import textwrap
from pathlib import Path

from iam_policies import policies
from simulator import CHECKOUT, RUNNING, serving

sys.path.insert(0, str(CHECKOUT / "tests" / "simulator"))

from ansible_collections.patchfleet.aws.tests.privileges import playbook_runs, recording
from ansible_collections.patchfleet.aws.tests.privileges.recording import Actions
from ansible_collections.patchfleet.aws.tests.support.doors import door

Known = dict[str, dict[str, Actions]]

PAGE = CHECKOUT / "docs" / "iam.md"
FOLDER = CHECKOUT / "docs" / "iam"
BEGIN, END = "<!-- Written by tools/iam.py: -->", "<!-- End of what tools/iam.py wrote. -->"


def record() -> Known:
    """The actions of all modules, roles and playbooks."""
    with serving(*RUNNING) as endpoint, tempfile.TemporaryDirectory() as folder:
        playbook_runs.arrange(endpoint, playbook_runs.RUNS)
        playbook_runs.run_all(endpoint, playbook_runs.RUNS, Path(folder))
        log = door(endpoint, "log")
    kinds = {kind: recording.of_plays(log, playbook_runs.RUNS, kind) for kind in ("roles", "playbooks")}
    modules = recording.of_modules()
    # The role passes all its variables to the module.
    kinds["roles"]["patch_prerequisites"].join(modules["patch_prerequisites"])
    return {"modules": modules, **kinds}


def listed(known: Known) -> dict[str, dict[str, dict[str, list[str]]]]:
    """All actions by kind and name, in the format of the file."""
    return {
        kind: {
            name: {"read": sorted(actions.read - actions.write), "write": sorted(actions.write)}
            for name, actions in sorted(names.items())
        }
        for kind, names in known.items()
    }


def tables(known: Known) -> str:
    """The generated part of the page."""
    parts = []
    for kind, names in listed(known).items():
        parts.append(f"## {kind.capitalize()}\n")
        for name, actions in names.items():
            lines = [f"### {name}\n"]
            for title, key in (("Reads", "read"), ("Writes", "write")):
                if actions[key]:
                    text = f"{title}: " + ", ".join(f"`{action}`" for action in actions[key])
                    lines.append(textwrap.fill(text, 120, break_on_hyphens=False) + "\n")
            parts.append("\n".join(lines))
    return "\n".join(parts)


def written(known: Known) -> dict[Path, str]:
    """The files with their new content."""
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(f"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", re.DOTALL)
    files = {PAGE: pattern.sub(lambda _match: f"\n{tables(known)}\n", page)}
    for name, content in {"actions": listed(known), **policies(listed(known))}.items():
        files[FOLDER / f"{name}.json"] = json.dumps(content, indent=2) + "\n"
    return files


def main() -> None:
    """Record the calls and write the files."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in written(record()).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
