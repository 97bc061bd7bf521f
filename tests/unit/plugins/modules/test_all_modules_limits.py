# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every limit of the service's model is told in check mode, before any call that writes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import Option
from ansible_collections.patchfleet.aws.tests.support.account import LOADER, Account
from ansible_collections.patchfleet.aws.tests.support.resource_cases import (
    RESOURCE_CASES,
    ResourceCase,
    block,
    joined,
    leaves,
)

# Members of another form than the option: they are told apart in the tests below.
TRANSLATED = ("ApprovalRules", "GlobalFilters", "Sources", "Targets", "AlarmConfiguration.Alarms")


@cache
def _input_shape(operation: str) -> Any:
    session = botocore.session.get_session()
    session.register_component("data_loader", LOADER)
    return session.get_service_model("ssm").operation_model(operation).input_shape


def _shape(case: ResourceCase, option: Option) -> Any:
    """The shape of the member that stores an option; None where the request names no such member."""
    shape = _input_shape(case.kind.create)
    for part in str(option.api).split("."):
        if shape.type_name == "map" or part not in shape.members:
            return None
        shape = shape.members[part]
    return shape


def _too_much(shape: Any) -> Iterator[tuple[str, Any]]:
    """Values beyond each limit of a shape, with the name of the limit."""
    kind = shape.type_name
    if getattr(shape, "enum", None):
        yield "enum", "UNKNOWN"
    elif kind == "string":
        yield from _wrong_texts(shape.metadata)
    elif kind in ("integer", "long"):
        yield from _wrong_numbers(shape.metadata)
    elif kind == "list":
        if "max" in shape.metadata:
            yield "max", [f"one-{number}" for number in range(shape.metadata["max"] + 1)]
        for limit, value in _too_much(shape.member):
            yield f"entry-{limit}", [value]


def _wrong_texts(limits: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if "max" in limits:
        yield "max", "1" * (limits["max"] + 1)
    if limits.get("min", 0) > 1:
        yield "min", "1" * (limits["min"] - 1)
    if "pattern" in limits:
        yield "pattern", "\x07!"


def _wrong_numbers(limits: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if "max" in limits:
        yield "max", limits["max"] + 1
    if "min" in limits:
        # Where the least is 1, 0 may be the way to clear the option.
        yield "min", -1 if limits["min"] == 1 else limits["min"] - 1


def _limits() -> Iterator[Any]:
    for case in RESOURCE_CASES:
        for name, option in leaves(case.options):
            if not option.api or option.api.startswith(TRANSLATED) or (shape := _shape(case, option)) is None:
                continue
            for limit, value in _too_much(shape):
                yield pytest.param(case, name, value, id=f"{case.module}-{name}-{limit}")


@pytest.mark.parametrize(("case", "name", "value"), list(_limits()))
def test_a_value_beyond_a_limit_is_refused(account: Account, case: ResourceCase, name: str, value: Any) -> None:
    creation = case.creation(case.alterations.get(name))

    for check in (True, False):
        failed = account.fails(case.module, check=check, **joined(creation, block(name, value)))
        assert name.rpartition(".")[2] in failed["msg"]

    assert not account.calls(writes=True)


def test_the_model_has_limits_for_most_options() -> None:
    assert len(list(_limits())) > 70


RULE = {"filters": {"PRODUCT": ["*"]}, "approve_after_days": 1}
SOURCE = {"name": "extra", "products": ["x"], "configuration": "[x]"}
LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023"}


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"approval_rules": [RULE] * 11}, "approval_rules: "),
        ({"approval_rules": [{**RULE, "approve_after_days": 361}]}, "approval_rules[0].approve_after_days: 361"),
        ({"approval_rules": [{**RULE, "approve_after_days": -1}]}, "approval_rules[0].approve_after_days: -1"),
        ({"approval_rules": [{**RULE, "compliance_level": "HUGE"}]}, "approval_rules[0].compliance_level: 'HUGE'"),
        ({"approval_rules": [{**RULE, "filters": {"PRODUCT": ["x"] * 21}}]}, "at most 20 entries, not 21"),
        ({"approval_rules": [{**RULE, "filters": {"PRODUCT": ["x" * 65]}}]}, "at most 64 characters"),
        ({"approval_rules": [{**RULE, "filters": {"PRODUCT": []}}]}, "requires at least one value"),
        ({"global_filters": {"PRODUCT": ["x"] * 21}}, "global_filters"),
        ({"sources": [SOURCE] * 21}, "sources: "),
        ({"sources": [{**SOURCE, "name": "x"}]}, "sources[0].name: 'x'"),
        ({"sources": [{**SOURCE, "products": ["x"] * 21}]}, "sources[0].products: "),
        ({"sources": [{**SOURCE, "configuration": "x" * 1025}]}, "sources[0].configuration: "),
        ({"tags": {f"k{number}": "v" for number in range(51)}}, "tags: 51 tags"),
        ({"tags": {"k" * 129: "v"}}, "tags: "),
        ({"tags": {"k": "v" * 257}}, "tags: "),
        ({"setup": "v" * 257}, "setup: "),
    ],
    ids=str,
)
def test_a_value_beyond_a_limit_inside_of_a_list_is_refused(account: Account, args: dict[str, Any], told: str) -> None:
    violations = account.refuses("ssm_patch_baseline", **LINUX, **args)

    assert any(told in text for text in violations), violations
    assert not account.calls()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"duration": 2, "cutoff": 2}, "cutoff: 2 must be less than duration"),
        ({"start_date": "2027-01-02T00:00:00Z", "end_date": "2027-01-01T00:00:00Z"}, "end_date: "),
        ({"start_date": "2027-01-01T00:00:00Z", "end_date": "2027-01-01T01:00:00+01:00"}, "end_date: "),
        ({"start_date": "tomorrow"}, "start_date: "),
        ({"schedule_timezone": "Europe/Atlantis"}, "schedule_timezone: "),
        ({"name": "a b c"}, "name: 'a b c' must have 3 to 128 characters"),
    ],
    ids=str,
)
def test_a_window_that_breaks_a_rule_is_refused(account: Account, args: dict[str, Any], told: str) -> None:
    window = {"name": "prod", "schedule": "rate(1 day)", "duration": 4, "cutoff": 1}

    violations = account.refuses("ssm_maintenance_window", **{**window, **args})

    assert any(text.startswith(told) for text in violations), violations


def test_all_violations_are_told_at_once(account: Account) -> None:
    window = {"name": "x", "schedule": "never", "duration": 25, "cutoff": 24, "description": "d" * 129}

    violations = account.refuses("ssm_maintenance_window", **window)

    assert {text.partition(":")[0] for text in violations} == {"name", "schedule", "duration", "cutoff", "description"}


@pytest.mark.parametrize("case", RESOURCE_CASES, ids=lambda case: case.module)
def test_what_a_creation_needs(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    violations = account.refuses(case.module, **case.identity)

    assert violations
    assert any(" missing; " in text for text in violations)
