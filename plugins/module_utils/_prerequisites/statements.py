# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the statements, in the format of IAM, that users add to the policy of the service role. Pure functions.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from .._options.limits import shown
from .policies import Place, service_policy

_MEMBERS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_SID = re.compile("[A-Za-z0-9]*")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE = re.compile(r"\*|arn:[!-~\u00a0-\u00ff ]+")
# A service, and at least the first letter of an action.
_NARROW_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z][A-Za-z0-9*?]*")
# On resources with a wildcard, these actions give access to the most powerful role of the account.
_ROLE_ACTIONS = frozenset({"iam:passrole", "sts:assumerole"})
_NOWHERE = Place("aws", "", "")


def statement_mistakes(path: str, statements: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Violations in each statement by itself."""
    for number, statement in enumerate(statements):
        for text in (*_form_mistakes(statement), *_wide_allowances(statement)):
            yield f"{path}[{number}]: {text}"


def sid_mistakes(path: str, role: Mapping[str, Any]) -> Iterator[str]:
    """Duplicate Sids in the policy of a role, which IAM rejects. role: the options of the role."""
    sids = Counter(statement.get("Sid") for statement in service_policy(_NOWHERE, role, ["any"])["Statement"])
    for sid in sorted(str(sid) for sid, count in sids.items() if sid and count > 1):
        yield f"{path}: {shown(sid)} is the Sid of two statements of the policy; choose another one"


def _form_mistakes(statement: Mapping[str, Any]) -> Iterator[str]:
    if unknown := sorted(map(str, statement.keys() - _MEMBERS)):
        yield f"{', '.join(unknown)} is not allowed; choose from {', '.join(sorted(_MEMBERS))}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield "Effect must be Allow or Deny"
    if not _SID.fullmatch(str(statement.get("Sid", ""))):
        yield f"Sid {shown(statement['Sid'])} may contain only letters and digits"
    if not isinstance(statement.get("Condition", {}), Mapping):
        yield "Condition must be a dictionary"
    for name, form in (("Action", _ACTION), ("Resource", _RESOURCE)):
        if bool(statement.get(name)) == bool(statement.get(f"Not{name}")):
            yield f"specify either {name} or Not{name}"
        for value in (*_listed(statement, name), *_listed(statement, f"Not{name}")):
            if not form.fullmatch(value):
                yield f"{shown(value)} is not {'an action' if name == 'Action' else 'the ARN of a resource'}"


def _wide_allowances(statement: Mapping[str, Any]) -> Iterator[str]:
    """Permissions that are broader than what the statement names. A Deny can be as broad as needed."""
    if statement.get("Effect") != "Allow":
        return
    for name in ("NotAction", "NotResource"):
        if statement.get(name):
            yield f"{name} allows everything except what it names; use {name.removeprefix('Not')}"
    actions = _listed(statement, "Action")
    narrow = [action for action in actions if _NARROW_ACTION.fullmatch(action)]
    for action in actions:
        if _ACTION.fullmatch(action) and action not in narrow:
            yield f"{shown(action)} allows a whole service; specify its actions, such as s3:GetObject or s3:Get*"
    roles = [action for action in narrow if any(fnmatchcase(one, action.lower()) for one in _ROLE_ACTIONS)]
    wide = [resource for resource in _listed(statement, "Resource") if re.search(r"[*?]|\$\{", resource)]
    if roles and wide:
        yield f"{', '.join(roles)} on {shown(wide[0])} includes roles that you did not name; specify their ARNs"


def _listed(statement: Mapping[str, Any], name: str) -> list[str]:
    value = statement.get(name)
    return [str(one) for one in (value if isinstance(value, list) else [value] if value else [])]
