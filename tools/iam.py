#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the actions and policies of docs/iam.md from what modules, roles and playbooks call in the simulator.

usage: iam.py

What they are told is in tests/privileges; the tests there hold the files against what is called.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from simulator import CHECKOUT, STILL, serving

sys.path.insert(0, str(CHECKOUT / "tests" / "simulator"))

from ansible_collections.patchfleet.aws.tests.privileges import playbook_runs, recording
from ansible_collections.patchfleet.aws.tests.privileges.policies import AROUND
from ansible_collections.patchfleet.aws.tests.privileges.recording import Actions

Known = dict[str, dict[str, Actions]]
Statement = dict[str, Any]

PAGE = CHECKOUT / "docs" / "iam.md"
FOLDER = CHECKOUT / "docs" / "iam"
BEGIN, END = "<!-- Written by tools/iam.py: -->", "<!-- End of what tools/iam.py wrote. -->"
_SSM = "ssm.amazonaws.com"
# Actions that are never allowed on everything: title, resources, condition.
SCOPED: dict[str, tuple[str, list[str], Statement]] = {
    "iam:PassRole": (
        "PassRoles",
        ["arn:aws:iam::*:role/patching-*"],
        {"StringEquals": {"iam:PassedToService": _SSM}},
    ),
    "iam:CreateServiceLinkedRole": (
        "ServiceLinkedRole",
        [f"arn:aws:iam::*:role/aws-service-role/{_SSM}/*"],
        {"StringEquals": {"iam:AWSServiceName": _SSM}},
    ),
    "sts:AssumeRole": ("AssumeRoles", ["arn:aws:iam::*:role/patching-*"], {}),
    "ssm:SendCommand": (
        "SendPatchDocuments",
        [
            "arn:aws:ssm:*::document/AWS-RunPatchBaseline*",
            "arn:aws:ec2:*:*:instance/*",
            "arn:aws:ssm:*:*:managed-instance/*",
        ],
        {},
    ),
}
# The names that the role patch_prerequisites may make things under.
NAMES = {
    "iam": ["arn:aws:iam::*:role/patching-*", "arn:aws:iam::*:instance-profile/patching-*"],
    "s3": ["arn:aws:s3:::patching-*"],
    "sns": ["arn:aws:sns:*:*:patching*"],
    "events": ["arn:aws:events:*:*:rule/patching*"],
}


def record() -> Known:
    """The actions of all modules, roles and playbooks."""
    with serving(*STILL) as endpoint, tempfile.TemporaryDirectory() as folder:
        playbook_runs.arrange(endpoint, playbook_runs.RUNS)
        playbook_runs.run_all(endpoint, playbook_runs.RUNS, Path(folder))
        log = playbook_runs.logged(endpoint)
    kinds = {kind: recording.of_plays(log, playbook_runs.RUNS, kind) for kind in ("roles", "playbooks")}
    modules = recording.of_modules()
    # The role hands all of its variables to the module.
    kinds["roles"]["patch_prerequisites"].join(modules["patch_prerequisites"])
    return {"modules": modules, **kinds}


def listed(known: Known) -> dict[str, dict[str, dict[str, list[str]]]]:
    """All actions by kind and name, for a file."""
    return {
        kind: {
            name: {"read": sorted(actions.read - actions.write), "write": sorted(actions.write)}
            for name, actions in sorted(names.items())
        }
        for kind, names in known.items()
    }


def policies(known: Known) -> dict[str, Statement]:
    """The example policies by the name of their file."""
    around, patching = Actions(), Actions()
    for names in known.values():
        for name, actions in names.items():
            (around if name in AROUND else patching).join(actions)
    return {
        "controller": _policy(_plain(patching)),
        "read-only": _policy(_plain(Actions(patching.read - patching.write))),
        "prerequisites": _policy(_named(around)),
    }


def _policy(statements: Iterable[Statement]) -> Statement:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _plain(actions: Actions) -> list[Statement]:
    """Systems Manager on everything; windows and baselines have no names in their ARNs."""
    read, write = sorted(actions.read - actions.write - SCOPED.keys()), sorted(actions.write - SCOPED.keys())
    parts = [_statement("Read", read, ["*"]), _statement("Write", write, ["*"])]
    for action in sorted(actions.all & SCOPED.keys()):
        sid, resources, condition = SCOPED[action]
        parts.append(_statement(sid, [action], resources, condition))
    return [part for part in parts if part["Action"]]


def _named(actions: Actions) -> list[Statement]:
    """Other services on what bears a name of patching; some actions know no resource."""
    everywhere = sorted(actions.all - actions.somewhere)
    parts = [_statement("WithoutResource", everywhere, ["*"])]
    for service, resources in NAMES.items():
        own = {action for action in actions.somewhere if action.startswith(f"{service}:")}
        title = {"iam": "Roles", "s3": "Bucket", "sns": "Topic", "events": "Rule"}[service]
        parts += [
            _statement(f"Read{title}", sorted(own & actions.read - actions.write), resources),
            _statement(f"Write{title}", sorted(own & actions.write), resources),
        ]
    return [part for part in parts if part["Action"]]


def _statement(sid: str, actions: list[str], resources: list[str], condition: Statement | None = None) -> Statement:
    statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement


def tables(known: Known) -> str:
    """The part of the page that is written here."""
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
    """The files with what they are to hold."""
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(f"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", re.DOTALL)
    files = {PAGE: pattern.sub(lambda _match: f"\n{tables(known)}\n", page)}
    for name, content in {"actions": listed(known), **policies(known)}.items():
        files[FOLDER / f"{name}.json"] = json.dumps(content, indent=2) + "\n"
    return files


def main() -> None:
    """Record and write."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in written(record()).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
