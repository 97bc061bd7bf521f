# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identity-based IAM policies, and their judgement of a call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ssmsim.errors import ServiceError
from ssmsim.faults import Call
from ssmsim.needs import Need

_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}
# Each service refuses in its own words and with its own status; the rest has those of JSON services.
_REFUSALS = {
    "s3": ("AccessDenied", 403),
    "iam": ("AccessDenied", 403),
    "sts": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "ec2": ("UnauthorizedOperation", 403),
}


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. conditions: operator, key and values; all have to hold."""

    allows: bool
    actions: list[str]
    resources: list[str]
    conditions: list[tuple[str, str, list[str]]]

    def covers(self, need: Need, resource: str) -> bool:
        """Whether the statement speaks of this action on this resource, in this context."""
        return (
            any(_like(pattern.lower())(need.action.lower()) for pattern in self.actions)
            and any(_like(pattern)(resource) for pattern in self.resources)
            and all(_holds(condition, need.context) for condition in self.conditions)
        )


class Policies:
    """The policies in force, by account; ``*`` stands for all others. Without a policy everything is allowed."""

    def __init__(self) -> None:
        self._statements: dict[str, list[Statement]] = {}

    def set(self, documents: dict[str, Any]) -> None:
        """Replace all policies. Raises ValueError for what is no policy, or has elements that are not judged here."""
        self._statements = {account: _statements(document) for account, document in documents.items()}

    def judge(self, call: Call, needs: Iterable[Need]) -> ServiceError | None:
        """The refusal of a call, or None where all that it needs is allowed."""
        statements = self._statements.get(call.account, self._statements.get("*"))
        if statements is None:
            return None
        for need in needs:
            for resource in need.resources:
                found = [statement.allows for statement in statements if statement.covers(need, resource)]
                if not found or not all(found):
                    return _refusal(call, need, resource, explicit=False in found)
        return None


def _refusal(call: Call, need: Need, resource: str, explicit: bool) -> ServiceError:
    reason = (
        "with an explicit deny in an identity-based policy"
        if explicit
        else f"because no identity-based policy allows the {need.action} action"
    )
    user = f"User: arn:aws:iam::{call.account}:user/simulated"
    text = f"{user} is not authorized to perform: {need.action} on resource: {resource} {reason}"
    code, status = _REFUSALS.get(call.service, ("AccessDeniedException", 400))
    return ServiceError(code, text, status)


def _statements(document: Any) -> list[Statement]:
    if not isinstance(document, dict) or document.keys() - {"Version", "Id", "Statement"}:
        raise ValueError(f"a policy has Version and Statement: {document}")
    return [_statement(entry) for entry in _listed(document["Statement"])]


def _statement(entry: dict[str, Any]) -> Statement:
    if unknown := entry.keys() - _ELEMENTS:
        raise ValueError(f"the simulator does not judge {', '.join(sorted(unknown))} of a statement")
    if entry["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"Effect is Allow or Deny, not {entry['Effect']}")
    conditions = [
        (operator, key, _listed(values))
        for operator, keys in entry.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    if strange := {operator for operator, _key, _values in conditions} - _OPERATORS.keys():
        raise ValueError(f"the simulator does not judge the condition {', '.join(sorted(strange))}")
    return Statement(entry["Effect"] == "Allow", _listed(entry["Action"]), _listed(entry["Resource"]), conditions)


def _holds(condition: tuple[str, str, list[str]], context: dict[str, str]) -> bool:
    operator, key, values = condition
    return key in context and any(_OPERATORS[operator](value, context[key]) for value in values)


@cache
def _like(pattern: str) -> Callable[[str], bool]:
    """Whether a value matches a pattern with ``*`` and ``?``; nothing else in it is special."""
    expression = re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
    return lambda value: expression.fullmatch(value) is not None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, value: wanted == value,
    "StringLike": lambda wanted, value: _like(wanted)(value),
    "ArnEquals": lambda wanted, value: _like(wanted)(value),
    "ArnLike": lambda wanted, value: _like(wanted)(value),
}
