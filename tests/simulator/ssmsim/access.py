# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Identity-based IAM policies, and their evaluation for a call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ssmsim.errors import ServiceError
from ssmsim.faults import Call
from ssmsim.needs import Need

Context = Mapping[str, str | list[str]]
_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}
# The error codes and statuses of services for denied calls. All others are like JSON services.
_REFUSALS = {
    "s3": ("AccessDenied", 403),
    "iam": ("AccessDenied", 403),
    "sts": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "ec2": ("UnauthorizedOperation", 403),
}


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. conditions: operator, key and values, all of which must be met."""

    allows: bool
    actions: list[str]
    resources: list[str]
    conditions: list[tuple[str, str, list[str]]]

    def covers(self, need: Need, resource: str, context: Context) -> bool:
        """Whether the statement applies to this action on this resource in this context."""
        return (
            any(_like(pattern.lower())(need.action.lower()) for pattern in self.actions)
            and any(_like(pattern)(resource) for pattern in self.resources)
            and all(_holds(condition, context) for condition in self.conditions)
        )


class Policies:
    """The current policies by account. ``*`` stands for all others. Without a policy, everything is allowed."""

    def __init__(self) -> None:
        self._statements: dict[str, list[Statement]] = {}

    def set(self, documents: dict[str, Any]) -> None:
        """Replace all policies. Raises ValueError for an invalid policy, or one with unsupported elements."""
        self._statements = {account: _statements(document) for account, document in documents.items()}

    def judge(
        self, call: Call, needs: Iterable[Need], tags: Callable[[str], Mapping[str, str]] = lambda _arn: {}
    ) -> ServiceError | None:
        """The error for a denied call, or None if the call is allowed. tags: the tags of a resource by its ARN."""
        statements = self._statements.get(call.account, self._statements.get("*"))
        if statements is None:
            return None
        for need in needs:
            for resource in need.resources:
                context = _context(call, need, resource, tags)
                found = [statement.allows for statement in statements if statement.covers(need, resource, context)]
                if not found or not all(found):
                    return _refusal(call, need, resource, explicit=False in found)
        return None


def _context(call: Call, need: Need, resource: str, tags: Callable[[str], Mapping[str, str]]) -> Context:
    """The condition keys of a request for a resource."""
    owner = resource.split(":")[4] if resource.count(":") >= 5 else ""
    known = {**tags(resource), **need.tags}
    return {
        **need.context,
        "aws:PrincipalAccount": call.account,
        **({"aws:ResourceAccount": owner} if owner else {}),
        **{f"aws:ResourceTag/{key}": value for key, value in known.items()},
        **{f"ssm:resourceTag/{key}": value for key, value in known.items() if call.service == "ssm"},
    }


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
    if strange := {operator for operator, _key, _values in conditions if not _is_known(operator)}:
        raise ValueError(f"the simulator does not judge the condition {', '.join(sorted(strange))}")
    return Statement(entry["Effect"] == "Allow", _listed(entry["Action"]), _listed(entry["Resource"]), conditions)


def _holds(condition: tuple[str, str, list[str]], context: Context) -> bool:
    """Whether a condition is met, according to the rules of IAM, including those for missing keys.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    operator, key, values = condition
    quantifier, _colon, plain = operator.rpartition(":")
    if plain == "Null":
        return (key not in context) == (str(values[0]).lower() == "true")
    is_optional, plain = plain.endswith("IfExists"), plain.removesuffix("IfExists")
    is_negated = plain in _NEGATED
    if key not in context:
        return is_optional or is_negated or quantifier == "ForAllValues"
    matches = _OPERATORS[_NEGATED.get(plain, plain)]
    wanted = [_filled(value, context) for value in values]
    met = [any(matches(one, given) for one in wanted) != is_negated for given in _listed(context[key])]
    return any(met) if quantifier == "ForAnyValue" else all(met)


def _filled(value: str, context: Context) -> str:
    """A value with its policy variables replaced by keys of the request."""
    return re.sub(r"\$\{([^}]+)\}", lambda found: str(context.get(found[1], found[0])), value)


def _is_known(operator: str) -> bool:
    quantifier, _colon, plain = operator.rpartition(":")
    plain = plain.removesuffix("IfExists")
    return quantifier in ("", "ForAllValues", "ForAnyValue") and (
        plain == "Null" or _NEGATED.get(plain, plain) in _OPERATORS
    )


@cache
def _like(pattern: str) -> Callable[[str], bool]:
    """A function that matches values with a pattern. Only ``*`` and ``?`` have a special meaning."""
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
_NEGATED = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike", "ArnNotLike": "ArnLike"}
