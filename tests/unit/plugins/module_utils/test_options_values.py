# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of options: codecs, which of them mean the same, merging them over what is stored."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.structures import member, put_member
from ansible_collections.patchfleet.aws.plugins.module_utils._options import codecs
from ansible_collections.patchfleet.aws.plugins.module_utils._options.kind import (
    changed_names,
    merge,
    update_body,
    values_of,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._options.limits import unknown_options
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import Option, argument_spec, given, nested
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import (
    patch_baseline,
    patch_task,
    window,
    window_task,
)
from hypothesis import given as given_any
from hypothesis import strategies as st

OPTION = "available_security_updates_compliance_status"
RULE = {"filters": {"PRODUCT": ["*"]}, "approve_after_days": 7}
SOURCE = {"name": "a", "products": ["b"], "configuration": "c"}
ROUND_TRIPS = [
    (codecs.TEXT, "one", "one"),
    (codecs.SCHEDULE, "rate(1 day)", "rate(1 day)"),
    (codecs.INSTANT, "2027-01-01 00:00:00Z", "2027-01-01T00:00:00+00:00"),
    (codecs.WORDS, ["a", 1], ["a", "1"]),
    (codecs.ONE, "one", ["one"]),
    (codecs.ALARM_NAME, "one", [{"Name": "one"}]),
    (codecs.target_ids("InstanceIds"), ["i-1"], [{"Key": "InstanceIds", "Values": ["i-1"]}]),
    (codecs.target_ids("WindowTargetIds"), ["b", "a", "b"], [{"Key": "WindowTargetIds", "Values": ["b", "a"]}]),
    (codecs.WORDS, ["b", "a", "b"], ["b", "a"]),
    (codecs.PARAMETERS, {"a": "b", "c": ["d"]}, {"a": ["b"], "c": ["d"]}),
    (codecs.JSON_TEXT, {"a": 1}, '{"a": 1}'),
    (codecs.JSON_BYTES, {"a": 1}, b'{"a": 1}'),
    (codecs.FILTERS, {"PRODUCT": "x"}, {"PatchFilters": [{"Key": "PRODUCT", "Values": ["x"]}]}),
    (
        codecs.RULES,
        [RULE],
        {
            "PatchRules": [
                {"PatchFilterGroup": {"PatchFilters": [{"Key": "PRODUCT", "Values": ["*"]}]}, "ApproveAfterDays": 7}
            ]
        },
    ),
    (
        codecs.SOURCES,
        [SOURCE],
        [{"Name": "a", "Products": ["b"], "Configuration": "c"}],
    ),
    (codecs.CRITERIA, [{"key": "tag:A", "values": ["b"]}], [{"Key": "tag:A", "Values": ["b"]}]),
]
SAME = [
    (codecs.TEXT, "", None),
    (codecs.SCHEDULE, "rate(1 days)", "rate(1 day)"),
    (codecs.INSTANT, "2027-01-01T00:00:00Z", "2027-01-01T01:00+01:00"),
    (codecs.WORDS, ["a", "b"], ["b", "a", "b"]),
    (codecs.WORDS, [], None),
    (codecs.PARAMETERS, {"a": "b"}, {"a": ["b"], "c": [""], "d": []}),
    (codecs.PARAMETERS, {"a": True, "b": [{"c": 1}, 2]}, {"a": ["true"], "b": ['{"c": 1}', "2"]}),
    (codecs.JSON_TEXT, '{"a": 1, "b": 2}', {"b": 2, "a": 1}),
    (codecs.JSON_BYTES, b'{"a":1}', {"a": 1}),
    (codecs.FILTERS, {"A": ["1", "2"], "B": "3"}, {"B": ["3"], "A": ["2", "1"]}),
    (codecs.RULES, [RULE, {**RULE, "approve_after_days": 8}], [{**RULE, "approve_after_days": 8}, RULE]),
    (codecs.SOURCES, [SOURCE, {**SOURCE, "name": "b"}], [{**SOURCE, "name": "b"}, SOURCE]),
    (codecs.RULES, [RULE], [{**RULE, "compliance_level": "UNSPECIFIED", "enable_non_security": False}]),
    (codecs.CRITERIA, [{"key": "a", "values": ["1", "2"]}], [{"key": "a", "values": ["2", "1"]}]),
]
DIFFERENT = [
    (codecs.TEXT, "one", "One"),
    (codecs.SCHEDULE, "rate(1 day)", "rate(2 days)"),
    (codecs.INSTANT, "2027-01-01T00:00:00Z", "2027-01-01T00:00:00+01:00"),
    (codecs.WORDS, ["a"], ["a", "b"]),
    (codecs.PARAMETERS, {"a": ["b", "c"]}, {"a": ["c", "b"]}),
    (codecs.PARAMETERS, {"a": "b"}, {"a": ["b"], "c": ["d"]}),
    (codecs.JSON_TEXT, "1", '"1"'),
    (codecs.JSON_TEXT, "not json", "not  json"),
    (codecs.FILTERS, {"A": "1"}, {"B": "1"}),
    (codecs.RULES, [{**RULE, "approve_after_days": 0}], [{"filters": RULE["filters"]}]),
    (codecs.RULES, [RULE], [RULE, RULE]),
    (codecs.CRITERIA, [{"key": "a", "values": ["1"]}], [{"key": "b", "values": ["1"]}]),
]


@pytest.mark.parametrize(("codec", "value", "stored"), ROUND_TRIPS)
def test_a_value_comes_back_as_it_was_sent(codec: codecs.Codec, value: Any, stored: Any) -> None:
    assert codec.encode(value) == stored
    assert codec.normal(codec.decode(stored)) == codec.normal(value)
    assert codec.decode(None) is None


@pytest.mark.parametrize(("codec", "one", "other"), SAME)
def test_values_that_mean_the_same(codec: codecs.Codec, one: Any, other: Any) -> None:
    assert codec.normal(one) == codec.normal(other)


@pytest.mark.parametrize(("codec", "one", "other"), DIFFERENT)
def test_values_that_differ(codec: codecs.Codec, one: Any, other: Any) -> None:
    assert codec.normal(one) != codec.normal(other)


def test_arguments_of_an_option() -> None:
    inner = Option("inner", "x", type="int", choices=("a",), required=True, no_log=False)
    option = Option("one", "x", type="list", elements="dict", default="d", aliases=("other",), suboptions=(inner,))

    assert argument_spec((option,)) == {
        "one": {
            "type": "list",
            "elements": "dict",
            "default": "d",
            "aliases": ["other"],
            "options": {"inner": {"type": "int", "choices": ["a"], "required": True, "no_log": False}},
        }
    }


def test_what_is_given() -> None:
    params = {
        "name": "prod",
        "description": None,
        "priority": 0,
        "window_targets": [],
        "alarm": {"name": None, "ignore_poll_failure": True},
        "hooks": {"pre_install": None, "post_install": None, "on_exit": None},
        "state": "present",
    }

    assert given(patch_task.OPTIONS, params) == {
        "name": "prod",
        "state": "present",
        "priority": 0,
        "window_targets": [],
        "alarm.ignore_poll_failure": True,
        "hooks.pre_install": "",
        "hooks.post_install": "",
        "hooks.on_exit": "",
    }


def test_an_empty_block_inside_of_a_block() -> None:
    values = given(window_task.OPTIONS, {"run_command": {"comment": None, "notification": {"topic_arn": None}}})

    assert set(values) == {f"run_command.notification.{name}" for name in ("topic_arn", "role_arn", "events", "type")}
    assert set(values.values()) == {""}


def test_flat_values_as_blocks() -> None:
    flat = {"a": 1, "b.c": 2, "b.d.e": 3, "f.g": None, "f.h.i": None}

    assert nested(flat) == {"a": 1, "b": {"c": 2, "d": {"e": 3}}, "f": None}


@pytest.mark.parametrize(
    ("value", "expected"), [("", True), ([], True), ({}, True), (0, False), (False, False), (None, False), ("a", False)]
)
def test_empty_is_what_has_no_content(value: Any, expected: bool) -> None:
    assert Option("one", "x").is_empty(value) is expected
    assert Option("one", "x", zero_clears=True).is_empty(0)
    assert not Option("one", "x", zero_clears=True).is_empty(False)


def test_members_are_put_and_taken_by_path() -> None:
    raw: dict[str, Any] = {}
    put_member(raw, "A.B.C", 1)
    put_member(raw, "A.D", 2)
    assert raw == {"A": {"B": {"C": 1}, "D": 2}}
    assert member(raw, "A.B.C") == 1
    assert member(raw, "A.D.C") is None

    put_member(raw, "A.B.C", None)
    assert raw == {"A": {"D": 2}}
    put_member(raw, "A.D", None)
    assert raw == {}


RAW = {
    "Name": "prod",
    "Schedule": "rate(1 day)",
    "Duration": 2,
    "Cutoff": 1,
    "AllowUnassociatedTargets": False,
    "Enabled": True,
    "Description": "one",
    "Unknown": {"kept": True},
}
MEMBERS = frozenset(RAW) - {"Unknown"} | {"StartDate", "Replace"}


def test_merging_keeps_what_is_not_named() -> None:
    after = merge(window.KIND, RAW, {"duration": 4})

    assert after == {**RAW, "Duration": 4}
    assert RAW["Duration"] == 2
    assert changed_names(window.KIND, RAW, after) == ["duration"]
    assert update_body(window.KIND, RAW, after, MEMBERS) == {"Duration": 4}


def test_clearing_replaces_with_all_that_is_known() -> None:
    after = merge(window.KIND, RAW, {"description": "", "duration": 4})

    assert "Description" not in after
    body = update_body(window.KIND, RAW, after, MEMBERS)
    expected = {name: value for name, value in RAW.items() if name not in ("Description", "Unknown")}
    assert body == {**expected, "Duration": 4, "Replace": True}


def test_the_same_in_other_words_is_not_touched() -> None:
    raw = {**RAW, "StartDate": "2027-01-01T00:00:00Z", "Schedule": "rate(1 days)"}

    after = merge(window.KIND, raw, {"start_date": "2027-01-01T01:00+01:00", "schedule": "rate(1 day)"})

    assert after == raw
    assert update_body(window.KIND, raw, after, MEMBERS) == {}


def test_of_two_options_that_share_a_member_the_one_that_is_set_wins() -> None:
    raw = {"Targets": [{"Key": "InstanceIds", "Values": ["i-1"]}]}

    for values in ({"instance_ids": [], "window_targets": ["t"]}, {"window_targets": ["t"], "instance_ids": []}):
        after = merge(patch_task.KIND, raw, values)
        assert after["Targets"] == [{"Key": "WindowTargetIds", "Values": ["t"]}]


def test_a_block_that_is_not_in_use_is_null() -> None:
    empty, used = (
        values_of(patch_task.KIND, {}),
        values_of(patch_task.KIND, {"AlarmConfiguration": {"Alarms": [{"Name": "a"}]}}),
    )

    assert empty["alarm.ignore_poll_failure"] is None
    assert used["alarm.ignore_poll_failure"] is False
    assert empty["cutoff_behavior"] == "CONTINUE_TASK"


@given_any(st.dictionaries(st.sampled_from(["description", "duration", "cutoff", "schedule_timezone"]), st.just("")))
def test_merging_twice_changes_nothing_more(values: dict[str, Any]) -> None:
    once = merge(window.KIND, RAW, values)

    assert merge(window.KIND, once, values) == once
    assert changed_names(window.KIND, once, once) == []


def test_an_option_that_the_installed_botocore_cannot_send_is_refused() -> None:
    given = {"name": "base", OPTION: "COMPLIANT", "state": "present"}
    [violation] = unknown_options(patch_baseline.KIND, given, {"Name", "Description"})

    assert violation.startswith(f"{OPTION}: ")
    assert "newer boto3" in violation
    assert not unknown_options(patch_baseline.KIND, given, {"Name", "AvailableSecurityUpdatesComplianceStatus"})
    assert not unknown_options(patch_baseline.KIND, {OPTION: ""}, {"Name"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-02-28", True),
        ("2026-02-29", False),
        ("2026-02-28T23:59:59", True),
        ("2026-02-28 23:59", True),
        ("2026-02-28T25:00:00", False),
        ("2026-02-28Tomorrow", False),
        ("20260228", False),
        ("2026-W09-6", False),
        ("tomorrow", False),
        (None, False),
    ],
)
def test_a_day_exists_alone_or_at_the_beginning_of_a_timestamp(value: str | None, expected: bool) -> None:
    assert codecs.is_day(value) is expected
