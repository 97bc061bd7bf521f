# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example policies of the documentation, and what is left of them without an action."""

from __future__ import annotations

import json
from typing import Any

from iam_policies import PREREQUISITES
from simulator import CHECKOUT

Policy = dict[str, Any]
_FOLDER = CHECKOUT / "docs" / "iam"


def known() -> dict[str, dict[str, dict[str, list[str]]]]:
    """The documented actions by kind, name, and read or write."""
    found: dict[str, dict[str, dict[str, list[str]]]] = json.loads((_FOLDER / "actions.json").read_text())
    return found


def policy(name: str) -> Policy:
    """A documented policy."""
    found: Policy = json.loads((_FOLDER / f"{name}.json").read_text())
    return found


def policy_for(name: str) -> Policy:
    """The documented policy for a module, role or playbook."""
    return policy("prerequisites" if name in PREREQUISITES else "controller")


def administrators_policy(module: str) -> Policy:
    """All documented actions of a module, on everything."""
    actions = known()["modules"][module]
    statement = {"Sid": "Write", "Effect": "Allow", "Action": [*actions["read"], *actions["write"]], "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def without(document: Policy, action: str) -> Policy:
    """The policy that allows all but one action."""
    left = [{**one, "Action": [each for each in one["Action"] if each != action]} for one in document["Statement"]]
    return {**document, "Statement": [one for one in left if one["Action"]]}
