# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, Get, Update, Delete and Describe of maintenance windows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from .support import (
    IDLE_SCHEDULE,
    UNKNOWN_WINDOW,
    Client,
    Maker,
    instant,
    outcome,
    refused,
    targets_of,
    window_of,
)

FULL = {
    "Description": "third Thursday of the month",
    "StartDate": "2036-01-01T00:00:00-08:00",
    "EndDate": "2036-12-31T00:00:00-08:00",
    "Schedule": "cron(0 2 ? * THU#3 *)",
    "ScheduleTimezone": "America/Los_Angeles",
    "ScheduleOffset": 2,
    "Duration": 3,
    "Cutoff": 2,
    "AllowUnassociatedTargets": False,
}
OPTIONAL = ("Description", "StartDate", "EndDate", "ScheduleTimezone", "ScheduleOffset")
DATES = ("StartDate", "EndDate")


def get(ssm: Client, window: str) -> dict[str, Any]:
    return {k: v for k, v in ssm.get_maintenance_window(WindowId=window).items() if k != "ResponseMetadata"}


def comparable(shown: dict[str, Any]) -> dict[str, Any]:
    """A window as shown, dates as moments, unset strings absent, without what the service adds."""
    added = ("WindowId", "NextExecutionTime", "CreatedDate", "ModifiedDate", "ResponseMetadata")
    kept = {key: value for key, value in shown.items() if key not in added and value != ""}
    return kept | {key: instant(kept[key]) for key in DATES if key in kept}


def test_create_answers_an_id_of_the_documented_form(window: str) -> None:
    assert re.fullmatch(r"mw-[0-9a-f]{17}", window)


def test_a_minimal_window_is_enabled_and_shows_no_unset_field(ssm: Client, make: Maker) -> None:
    request = make.window_request()
    window = ssm.create_maintenance_window(**request)["WindowId"]
    assert comparable(get(ssm, window)) == request | {"Enabled": True}
    assert not [key for key in OPTIONAL if get(ssm, window).get(key)]


def test_every_field_is_read_back(ssm: Client, make: Maker) -> None:
    request = make.window_request(**FULL)
    window = ssm.create_maintenance_window(**request)["WindowId"]
    assert comparable(get(ssm, window)) == comparable(request) | {"Enabled": True}


@pytest.mark.parametrize("field", DATES)
def test_dates_are_shown_as_sent_or_rendered_anew(
    ssm: Client, make: Maker, settle: Callable[..., None], field: str
) -> None:
    shown = get(ssm, make.window(**FULL))[field]
    rendered = {"StartDate": "2036-01-01T08:00Z", "EndDate": "2036-12-31T08:00Z"}
    settle(f"rendering of {field}", shown, strict=rendered[field], lenient=FULL[field])


def test_get_shows_when_the_window_was_made(ssm: Client, window: str) -> None:
    shown = get(ssm, window)
    assert abs(datetime.now(UTC) - shown["CreatedDate"]) < timedelta(minutes=10)
    assert shown["ModifiedDate"] >= shown["CreatedDate"]


def test_an_update_moves_the_modified_date_only(ssm: Client, window: str) -> None:
    before = get(ssm, window)
    ssm.update_maintenance_window(WindowId=window, Duration=5)
    after = get(ssm, window)
    assert after["CreatedDate"] == before["CreatedDate"]
    assert after["ModifiedDate"] >= before["ModifiedDate"]


def test_get_never_shows_tags(ssm: Client, make: Maker) -> None:
    assert "Tags" not in get(ssm, make.window(Tags=[{"Key": "Stack", "Value": "Production"}]))


def test_names_are_labels_and_may_repeat(make: Maker) -> None:
    name = make.name()
    assert make.window(Name=name) != make.window(Name=name)


def test_the_shortest_window_is_valid(ssm: Client, make: Maker) -> None:
    shown = get(ssm, make.window(Duration=1, Cutoff=0))
    assert (shown["Duration"], shown["Cutoff"]) == (1, 0)


@pytest.mark.parametrize(("duration", "cutoff"), [(1, 1), (2, 2), (2, 3), (23, 23)])
def test_the_cutoff_is_smaller_than_the_duration(make: Maker, duration: int, cutoff: int) -> None:
    """The text, its typo included, is that of https://github.com/aws/aws-cli/issues/9793."""
    told = f"Cuttoff was {cutoff} but must be smaller than {duration - 1} (Duration  - 1 )"
    with refused("ValidationException", saying=told):
        make.window(Duration=duration, Cutoff=cutoff)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Name", "patchfleet-verify_renamed.v2"),
        ("Description", "every Tuesday night"),
        ("StartDate", "2036-02-03T04:05:06Z"),
        ("EndDate", "2036-02-03T04:05:06+09:00"),
        ("Schedule", "cron(0 16 ? * TUE *)"),
        ("ScheduleTimezone", "Asia/Seoul"),
        ("Duration", 24),
        ("Cutoff", 3),
        ("AllowUnassociatedTargets", False),
        ("Enabled", False),
    ],
)
def test_an_update_changes_only_what_it_sends(ssm: Client, make: Maker, field: str, value: Any) -> None:
    window = make.window(Description="as made")
    before = comparable(get(ssm, window))
    answer = ssm.update_maintenance_window(WindowId=window, **{field: value})
    expected = before | comparable({field: value})
    assert answer["WindowId"] == window
    assert comparable(answer) == expected
    assert comparable(get(ssm, window)) == expected


def test_an_update_of_nothing_changes_nothing(ssm: Client, make: Maker) -> None:
    window = make.window(**FULL)
    before = comparable(get(ssm, window))
    assert comparable(ssm.update_maintenance_window(WindowId=window)) == before
    assert comparable(get(ssm, window)) == before


def test_the_update_answer_has_no_times_and_no_tags(ssm: Client, make: Maker) -> None:
    window = make.window(Tags=[{"Key": "Stack", "Value": "Production"}])
    answer = ssm.update_maintenance_window(WindowId=window, Duration=5)
    assert not {"NextExecutionTime", "CreatedDate", "ModifiedDate", "Tags"} & set(answer)


def test_replace_drops_what_it_does_not_name(ssm: Client, make: Maker) -> None:
    window = make.window(**FULL)
    request = make.window_request() | {"Enabled": True}
    answer = ssm.update_maintenance_window(WindowId=window, Replace=True, **request)
    assert comparable(answer) == request
    assert comparable(get(ssm, window)) == request


@pytest.mark.parametrize("missing", ["Name", "Schedule", "Duration", "Cutoff", "AllowUnassociatedTargets"])
def test_replace_needs_what_create_needs(ssm: Client, make: Maker, missing: str) -> None:
    window = make.window(Description="kept")
    request = make.window_request(**{missing: None})
    with refused("ValidationException"):
        ssm.update_maintenance_window(WindowId=window, Replace=True, Enabled=True, **request)
    assert get(ssm, window)["Description"] == "kept"


def test_replace_without_enabled(ssm: Client, make: Maker, settle: Callable[..., None]) -> None:
    window = make.window()
    ssm.update_maintenance_window(WindowId=window, Enabled=False)
    ssm.update_maintenance_window(WindowId=window, Replace=True, **make.window_request())
    settle("Enabled after Replace without it", get(ssm, window)["Enabled"], strict=True, lenient=False)


def test_replace_keeps_targets_tasks_and_tags(ssm: Client, make: Maker) -> None:
    window = make.window(Tags=[{"Key": "Stack", "Value": "Production"}])
    target, task = make.target(window), make.task(window)
    ssm.update_maintenance_window(WindowId=window, Replace=True, Enabled=True, **make.window_request())
    assert list(targets_of(ssm, window)) == [target]
    assert ssm.get_maintenance_window_task(WindowId=window, WindowTaskId=task)["WindowTaskId"] == task
    tags = ssm.list_tags_for_resource(ResourceType="MaintenanceWindow", ResourceId=window)["TagList"]
    assert tags == [{"Key": "Stack", "Value": "Production"}]


def test_the_merged_window_is_what_must_be_valid(ssm: Client, make: Maker) -> None:
    window = make.window(Duration=2, Cutoff=1)
    with refused("ValidationException", saying="must be smaller than"):
        ssm.update_maintenance_window(WindowId=window, Cutoff=2)
    with refused("ValidationException", saying="must be smaller than"):
        ssm.update_maintenance_window(WindowId=window, Duration=1)
    assert (get(ssm, window)["Duration"], get(ssm, window)["Cutoff"]) == (2, 1)


@pytest.mark.parametrize("schedule", ["rate(7 days)", "at(2036-07-07T15:55:00)", "cron(0 2 ? * THU *)"])
def test_a_stored_offset_forbids_a_schedule_that_cannot_carry_it(ssm: Client, make: Maker, schedule: str) -> None:
    window = make.window(Schedule="cron(0 2 ? * THU#3 *)", ScheduleOffset=2)
    with refused("ValidationException"):
        ssm.update_maintenance_window(WindowId=window, Schedule=schedule)
    request = make.window_request(Schedule=schedule)
    ssm.update_maintenance_window(WindowId=window, Replace=True, Enabled=True, **request)
    assert get(ssm, window)["Schedule"] == schedule
    assert not get(ssm, window).get("ScheduleOffset")


@pytest.mark.parametrize("field", ["Name", "Description", "StartDate", "EndDate", "Schedule"])
def test_an_empty_string_clears_nothing_and_is_refused(ssm: Client, make: Maker, field: str) -> None:
    window = make.window(**FULL)
    before = comparable(get(ssm, window))
    with refused("ValidationException"):
        ssm.update_maintenance_window(WindowId=window, **{field: ""})
    assert comparable(get(ssm, window)) == before


def test_an_offset_of_zero_is_not_a_value(ssm: Client, make: Maker) -> None:
    window = make.window(Schedule="cron(0 2 ? * THU#3 *)", ScheduleOffset=2)
    with refused("ValidationException"):
        ssm.update_maintenance_window(WindowId=window, ScheduleOffset=0)


@pytest.mark.parametrize("operation", ["get_maintenance_window", "update_maintenance_window"])
def test_an_unknown_window_does_not_exist(ssm: Client, operation: str) -> None:
    with refused("DoesNotExistException"):
        getattr(ssm, operation)(WindowId=UNKNOWN_WINDOW)


@pytest.mark.parametrize(
    "operation", ["get_maintenance_window", "update_maintenance_window", "delete_maintenance_window"]
)
@pytest.mark.parametrize("window", ["mw-0c50858d01EXAMPLE", "mw-0123", "0123456789abcdef0123"])
def test_a_malformed_id_is_invalid(ssm: Client, operation: str, window: str) -> None:
    with refused("ValidationException"):
        getattr(ssm, operation)(WindowId=window)


def test_a_deleted_window_is_gone_with_its_targets_tasks_and_tags(ssm: Client, make: Maker) -> None:
    window = make.window(Tags=[{"Key": "Stack", "Value": "Production"}])
    target = make.target(window)
    task = make.task(window, Targets=[{"Key": "WindowTargetIds", "Values": [target]}])
    assert ssm.delete_maintenance_window(WindowId=window)["WindowId"] == window
    with refused("DoesNotExistException"):
        ssm.get_maintenance_window(WindowId=window)
    with refused("DoesNotExistException"):
        ssm.describe_maintenance_window_targets(WindowId=window)
    with refused("DoesNotExistException"):
        ssm.describe_maintenance_window_tasks(WindowId=window)
    with refused("DoesNotExistException"):
        ssm.get_maintenance_window_task(WindowId=window, WindowTaskId=task)
    with refused("InvalidResourceId", "DoesNotExistException"):
        ssm.list_tags_for_resource(ResourceType="MaintenanceWindow", ResourceId=window)


def test_delete_of_a_missing_window(ssm: Client, window: str, settle: Callable[..., None]) -> None:
    ssm.delete_maintenance_window(WindowId=window)
    for missing in (window, UNKNOWN_WINDOW):
        result = outcome(partial(ssm.delete_maintenance_window, WindowId=missing))
        settle("DeleteMaintenanceWindow of a missing id", result, strict="DoesNotExistException", lenient="success")


def test_a_listing_shows_all_but_what_only_get_shows(ssm: Client, make: Maker) -> None:
    window = make.window(**FULL)
    whole = get(ssm, window)
    hidden = {"AllowUnassociatedTargets", "CreatedDate", "ModifiedDate"}
    assert window_of(ssm, window) == {key: value for key, value in whole.items() if key not in hidden}


def test_a_disabled_window_is_listed_without_next_run(ssm: Client, make: Maker) -> None:
    window = make.window()
    assert window_of(ssm, window)["NextExecutionTime"]
    ssm.update_maintenance_window(WindowId=window, Enabled=False)
    listed = window_of(ssm, window)
    assert listed["Enabled"] is False
    assert not listed.get("NextExecutionTime")
    assert not get(ssm, window).get("NextExecutionTime")
    ssm.update_maintenance_window(WindowId=window, Enabled=True)
    assert get(ssm, window)["NextExecutionTime"]


def listed_names(ssm: Client, *filters: dict[str, Any]) -> set[str]:
    pages = ssm.get_paginator("describe_maintenance_windows").paginate(Filters=list(filters))
    return {found["Name"] for page in pages for found in page["WindowIdentities"]}


def test_the_name_filter_finds_the_exact_name(ssm: Client, make: Maker) -> None:
    name = make.name()
    make.window(Name=name)
    make.window()
    assert listed_names(ssm, {"Key": "Name", "Values": [name]}) == {name}


def test_the_name_filter_and_prefixes(ssm: Client, make: Maker, settle: Callable[..., None]) -> None:
    name = make.name()
    make.window(Name=f"{name}-first")
    make.window(Name=f"{name}-second")
    found = listed_names(ssm, {"Key": "Name", "Values": [name]})
    assert found in (set(), {f"{name}-first", f"{name}-second"})
    settle("the Name filter of windows is a prefix", bool(found), strict=True, lenient=False)


def test_values_of_a_filter_are_alternatives_and_filters_add_up(ssm: Client, make: Maker) -> None:
    first, second = make.name(), make.name()
    make.window(Name=first)
    disabled = make.window(Name=second)
    ssm.update_maintenance_window(WindowId=disabled, Enabled=False)
    names = {"Key": "Name", "Values": [first, second]}
    assert listed_names(ssm, names) == {first, second}
    assert listed_names(ssm, names, {"Key": "Enabled", "Values": ["true"]}) == {first}
    assert listed_names(ssm, names, {"Key": "Enabled", "Values": ["false"]}) == {second}


def test_the_enabled_filter_takes_the_capitals_of_the_documentation(ssm: Client, make: Maker) -> None:
    name = make.name()
    make.window(Name=name)
    names = {"Key": "Name", "Values": [name]}
    assert listed_names(ssm, names, {"Key": "Enabled", "Values": ["True"]}) == {name}
    assert listed_names(ssm, names, {"Key": "Enabled", "Values": ["False"]}) == set()


def test_last_writer_wins(ssm: Client, window: str) -> None:
    ssm.update_maintenance_window(WindowId=window, Schedule="cron(0 16 ? * TUE *)")
    ssm.update_maintenance_window(WindowId=window, Schedule=IDLE_SCHEDULE)
    assert get(ssm, window)["Schedule"] == IDLE_SCHEDULE
