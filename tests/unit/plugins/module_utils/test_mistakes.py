# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in the form of options: each is named with its place and a way out, and all of them at once."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.patchfleet.aws.plugins.module_utils._options.mistakes import (
    describe_mistakes,
    find_mistakes,
    near_names,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import argument_spec
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import setup
from ansible_collections.patchfleet.aws.tests.support.effort import example_count
from hypothesis import given, settings
from hypothesis import strategies as st

SPEC = argument_spec(setup.OPTIONS)
TASK = "windows[0] prod / patch_tasks[0] install"


def in_window(**options: Any) -> dict[str, Any]:
    """A setup whose only window has these options."""
    return {"windows": [{"name": "prod", **options}]}


def in_task(**options: Any) -> dict[str, Any]:
    """A setup whose only patch task has these options."""
    return in_window(patch_tasks=[{"name": "install", **options}])


@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        ({"windws": []}, "windws is not an option; did you mean windows?"),
        (in_task(opertion="Scan"), f"{TASK}: opertion is not an option; did you mean operation?"),
        (
            in_window(ScheduleTimezone="UTC"),
            "windows[0] prod: ScheduleTimezone is not an option; did you mean schedule_",
        ),
        (in_window(timezone="UTC"), "windows[0] prod: timezone is not an option; did you mean schedule_timezone?"),
        (in_window(zzz=1), "windows[0] prod: zzz is not an option; choose from allow_unassociated_targets, cutoff,"),
        (in_window(operation="Scan"), "windows[0] prod: operation is an option of patch_tasks, one level below; check"),
        (in_task(duration=3), f"{TASK}: duration is an option of windows[0] prod; check the indentation"),
        (in_task(prune=True), f"{TASK}: prune is an option of the top level; check the indentation"),
        (in_task(hooks={"preinstall": "x"}), f"{TASK} / hooks: preinstall is not an option; did you mean pre_install?"),
        (
            in_window(targets={"name": "x"}),
            "windows[0] prod: targets must be a list of dictionaries, but is a dictionary",
        ),
        (in_window(targets="web"), "windows[0] prod: targets must be a list of dictionaries, but is 'web'"),
        (in_window(targets=["web"]), "windows[0] prod: targets[0] must be a dictionary, but is 'web'"),
        ({"windows": [None]}, "windows[0] must be a dictionary, but is empty"),
        ({"windows": None}, None),
        (in_window(enabled="maybe"), "windows[0] prod: enabled must be a boolean, true or false, but is 'maybe'"),
        (in_window(enabled="yes", duration="3"), None),
        (in_window(duration="three"), "windows[0] prod: duration must be an integer, but is 'three'"),
        (in_window(duration=True), "windows[0] prod: duration must be an integer, but is true"),
        (in_window(duration=2.5), "windows[0] prod: duration must be an integer, but is 2.5"),
        (in_window(schedule=["rate(1 day)"]), "windows[0] prod: schedule must be a text, but is a list"),
        (in_task(window_targets={"a": 1}), f"{TASK}: window_targets must be a list, but is a dictionary"),
        (in_task(window_targets=[["a"]]), f"{TASK}: window_targets[0] must be a text, but is a list"),
        ({"state": "abset"}, "state must be one of present, absent, but is 'abset'; did you mean absent?"),
        ({"prune": None}, "prune has no value; specify one, or omit prune"),
        (
            {"baselines": [{"name": "b", "sources": [{"products": ["x"], "configuration": "x"}]}]},
            "baselines[0] b / sources[0]: name is missing",
        ),
        ({"windows": [{"window_id": "mw-1", "x": 1}]}, "windows[0] mw-1: x is not an option"),
        ({True: 1}, "True is not an option"),
        ({"resource_tags": {}}, "resource_tags is not an option"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_a_way_out(options: dict[str, Any], mistake: str | None) -> None:
    found = find_mistakes(SPEC, options)

    assert len(found) == (mistake is not None)
    assert mistake is None or found[0].startswith(mistake)


def test_all_mistakes_of_all_levels_are_found_at_once() -> None:
    options = {**in_task(opertion="Scan", hooks={"x": 1}), "prun": True, "baselines": [{"nam": "b", "default": "x"}]}

    assert len(find_mistakes(SPEC, options)) == 5


def test_an_alias_is_an_option() -> None:
    spec = {"tags": {"type": "dict", "aliases": ["resource_tags"]}}

    assert find_mistakes(spec, {"resource_tags": {}}) == []


def test_constraints_hold_at_the_top_and_inside() -> None:
    pair = {"name": {"type": "str"}, "arn": {"type": "str"}}
    rules = {"required_one_of": [["name", "arn"]], "mutually_exclusive": [["name", "arn"]]}
    spec = {**pair, "role": {"type": "dict", "options": pair, **rules}}

    assert find_mistakes(spec, {"role": {}}, rules) == [
        "role: one of name, arn is missing",
        "one of name, arn is missing",
    ]
    assert find_mistakes(spec, {"name": "a", "arn": "b"}, rules) == [
        "name and arn are mutually exclusive; specify only one"
    ]


def test_a_secret_is_not_shown() -> None:
    spec = {"secret": {"type": "int", "no_log": True}}

    assert find_mistakes(spec, {"secret": "hunter2"}) == ["secret must be an integer"]


def test_a_name_cannot_steer_a_terminal() -> None:
    [mistake] = find_mistakes(SPEC, {"windows": [{"name": "a\x1b[2Jb\n", "x": 1}]})

    assert mistake.isprintable()


def test_a_message_fits_on_a_screen_and_counts_the_rest() -> None:
    found = find_mistakes(SPEC, {"windows": [{"name": f"window-{number}", "duraton": 1} for number in range(50)]})

    message = describe_mistakes(found)
    assert message.startswith("50 input errors; nothing was done:\n- windows[0] window-0: duraton is not an option")
    assert len(message) < 700
    assert message.endswith(f"\n- and {50 - message.count('duraton is')} more")


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("opertion", ["operation"]),
        ("PatchGroups", ["patch_groups"]),
        ("timezone", ["schedule_timezone"]),
        ("resource_tags", ["tags"]),
        ("group", ["patch_groups", "resource_group"]),
        ("zzz", []),
    ],
)
def test_near_names(name: str, near: list[str]) -> None:
    known = ["cloudwatch_log_group", "operation", "patch_groups", "resource_group", "schedule_timezone", "tags"]

    assert near_names(name, known) == near


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False),
    st.sampled_from(["", "yes", "3", "a,b", "x=1"]),
)
_NAMES = st.sampled_from(
    [*SPEC, "name", "schedule", "duration", "enabled", "targets", "patch_tasks", "hooks", "filters"]
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=example_count(300))
@given(st.dictionaries(st.sampled_from(list(SPEC)), _VALUES, max_size=4))
def test_what_has_no_mistake_passes_the_validation_of_ansible_core(options: dict[str, Any]) -> None:
    if not find_mistakes(SPEC, options):
        assert ArgumentSpecValidator(SPEC).validate(deepcopy(options)).error_messages == []


def test_no_message_acts_on_a_terminal() -> None:
    found = find_mistakes(SPEC, {"a\x1b[2J\u202e": 1, "windows": [{"name": "b", "c\x9b\n": 1}]})

    assert len(found) >= 2
    assert all(line.isprintable() for line in describe_mistakes(found).split("\n"))
