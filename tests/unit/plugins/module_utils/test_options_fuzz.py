# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any value of any option: it is refused with a message, or it is taken, and then a second run has nothing to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import Option
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import patch_baseline, setup
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules.schedule import (
    ScheduleError,
    check_date,
    check_schedule,
    check_timezone,
    next_runs,
    parse_instant,
)
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.effort import example_count
from ansible_collections.patchfleet.aws.tests.support.resource_cases import RESOURCE_CASES, ResourceCase
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FUZZ = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Pieces of what users write, so that halves and mixtures of it come up, and what no alphabet expects.
PIECES = st.sampled_from(
    [
        *("cron(", "rate(", "at(", ")", "0", "2", "12", "?", "*", "TUE", "TUE#2", "#", "L", "W", "/", "-", ",", " "),
        *("day", "days", "hours", "2026-01-31", "T02:00:00", "Z", "+01:00", "-25:00", "9999-12-31", "0000-00-00", ":"),
        *(
            "Europe/Berlin",
            "UTC",
            "Mars/Phobos",
            "../etc/passwd",
            "10%",
            "100%",
            "101%",
            "0%",
            "%",
            "1e3",
            "-1",
            "\uff11",
        ),
        *(
            "https://",
            "s3://",
            "bucket/key",
            "arn:aws:",
            "iam::123456789012:role/x",
            "mw-0123456789abcdef0",
            "i-",
            "pb-",
        ),
        *("AWS-", "WINDOWS", "tag:", "PatchGroup", "{{ x }}", "\x00", "\n", "東京", "ß", "'", '"', "[", "{}"),
    ]
)
TEXT = st.lists(PIECES, max_size=6).map("".join) | st.text(max_size=8)
ANYTHING = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers(-5, 400) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


def values(option: Option) -> st.SearchStrategy[Any]:
    """Values of an option's type, most of them wrong."""
    if option.choices:
        return st.sampled_from(option.choices)
    if option.suboptions:
        block = blocks(option.suboptions)
        return st.lists(block, max_size=3) if option.type == "list" else block
    if option.type == "list":
        return st.lists(TEXT, max_size=4)
    simple: dict[str, st.SearchStrategy[Any]] = {
        "bool": st.booleans(),
        "int": st.integers(-3, 400) | st.integers(),
        "dict": st.dictionaries(TEXT, ANYTHING, max_size=3),
        "str": TEXT,
    }
    return simple.get(option.type, ANYTHING)


def blocks(options: Iterable[Option]) -> st.SearchStrategy[dict[str, Any]]:
    """Blocks in which what is required is given, and some of the rest."""
    options = tuple(options)
    return st.fixed_dictionaries(
        {option.name: values(option) for option in options if option.required},
        optional={option.name: values(option) for option in options if not option.required},
    )


def overlays(options: Iterable[Option]) -> st.SearchStrategy[dict[str, Any]]:
    """One to three options, any."""
    chosen = [option for option in options if option.name not in ("window", "concurrency")]
    return st.lists(st.sampled_from(chosen), min_size=1, max_size=3, unique_by=lambda option: option.name).flatmap(
        lambda some: st.fixed_dictionaries({option.name: values(option) for option in some})
    )


def assert_refused_or_taken(account: Account, module: str, **args: Any) -> None:
    """No traceback; what check mode refuses a run refuses too; what is taken is taken once."""
    checked = account.outcome(module, check=True, **args)
    done = account.outcome(module, **args)
    assert done["msg"] if done.get("failed") else not checked.get("failed")
    if not done.get("failed"):
        again = account.outcome(module, **args)
        assert not again.get("failed"), again["msg"]
        assert again["changed"] is False, again["diff"]


@pytest.mark.parametrize("case", RESOURCE_CASES, ids=lambda case: case.module)
def test_options_of_one_resource(account: Account, case: ResourceCase) -> None:
    @settings(FUZZ, max_examples=example_count(25))
    @given(overlay=overlays(case.options))
    def law(overlay: dict[str, Any]) -> None:
        account.simulator.reset()
        case.prepare(account)
        account.run(case.module, **case.where, **case.base)
        assert_refused_or_taken(account, case.module, **{**case.where, **case.base, **overlay})

    law()


def test_options_of_a_setup(account: Account) -> None:
    @settings(FUZZ, max_examples=example_count(40))
    @given(args=blocks(setup.OPTIONS))
    def law(args: dict[str, Any]) -> None:
        account.simulator.reset()
        assert_refused_or_taken(account, "ssm_patch_setup", **{**args, "concurrency": 1})

    law()


@settings(FUZZ, max_examples=example_count(400))
@given(expression=TEXT, zone=st.none() | TEXT, offset=st.none() | st.integers(-2, 9))
def test_schedules(expression: str, zone: str | None, offset: int | None) -> None:
    problems = check_schedule(expression)
    start = parse_instant("2026-01-01T00:00:00Z")
    assert start
    try:
        next_runs(expression, zone, offset, after=start, count=3)
    except ScheduleError:
        return
    assert not problems


@settings(FUZZ, max_examples=example_count(60))
@given(text=TEXT)
def test_dates_and_zones(text: str) -> None:
    assert bool(check_date(text)) or parse_instant(text) is not None
    assert all(isinstance(problem, str) for problem in check_timezone(text))


@settings(FUZZ, max_examples=example_count(100))
@given(text=TEXT)
def test_ids_of_baselines(text: str) -> None:
    assert isinstance(patch_baseline.bare_id(text), str)
    assert isinstance(patch_baseline.is_aws_owned(text), bool)
