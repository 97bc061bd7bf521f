# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform's acceptance tests of aws_ssm_maintenance_window, told as module calls.

What Terraform undoes when a line leaves the configuration is here an empty value, or C(unset: reset) of a setup.
"""

from __future__ import annotations

from typing import Any

import pytest

from .scenario_runner import ABSENT, WINDOW, Args, Call, Refused, Run, Scenario, ScenarioRunner, scenarios

TUESDAYS = {"name": "afternoons", "schedule": "cron(0 16 ? * TUE *)", "duration": 3, "cutoff": 1}
BY_ID = {"window_id": "<afternoons.window_id>"}
NAMED = {"name": "afternoons"}
STORED = {
    "Name": "afternoons",
    "Schedule": "cron(0 16 ? * TUE *)",
    "Duration": 3,
    "Cutoff": 1,
    "Enabled": True,
    "AllowUnassociatedTargets": False,
}


def create(**options: Any) -> Args:
    """Arguments of a creation."""
    return {**TUESDAYS, **options}


def one_after_the_other(title: str, option: str, member: str, *values: Any, **others: Any) -> Scenario:
    """One option with several values; the window keeps its id and all else."""
    first, *rest = [{**others, option: value} for value in values]
    steps = [Run(WINDOW, create(**first), {member: values[0]})]
    steps += [Run(WINDOW, {**NAMED, **given}, {**STORED, member: given[option]}) for given in rest]
    return Scenario(title, tuple(steps))


def set_changed_cleared(title: str, option: str, member: str, first: Any, second: Any) -> Scenario:
    """An option that is set, changed, left out, which changes nothing, and cleared."""
    return Scenario(
        title,
        (
            Run(WINDOW, create(**{option: first}), {**STORED, member: first}),
            Run(WINDOW, create(**{option: second}), {**STORED, member: second}),
            Run(WINDOW, create(), {**STORED, member: second}, changed=False),
            Run(WINDOW, create(**{option: ""}), {**STORED, member: ABSENT}),
        ),
    )


@scenarios(
    Scenario(
        "basic",
        (
            Run(
                WINDOW,
                create(),
                {
                    **STORED,
                    "EndDate": ABSENT,
                    "StartDate": ABSENT,
                    "ScheduleTimezone": ABSENT,
                    "ScheduleOffset": ABSENT,
                },
            ),
            Run(WINDOW, {**BY_ID, "schedule": TUESDAYS["schedule"]}, {**STORED, "Tags": {}}, changed=False),
            Run(WINDOW, {**NAMED, "state": "absent"}),
        ),
    ),
    one_after_the_other("description", "description", "Description", "foo", "bar"),
    Scenario(
        "tags",
        (
            Run(WINDOW, create(tags={"key1": "value1"}), {"Tags": {"key1": "value1"}}),
            Run(
                WINDOW,
                create(tags={"key1": "value1updated", "key2": "value2"}),
                {**STORED, "Tags": {"key1": "value1updated", "key2": "value2"}},
            ),
            Run(WINDOW, create(tags={"key2": "value2"}), {**STORED, "Tags": {"key2": "value2"}}),
            Run(WINDOW, create(), {"Tags": {"key2": "value2"}}, changed=False),
            Run(WINDOW, create(tags={}), {**STORED, "Tags": {}}),
        ),
    ),
    Scenario(
        "disappears",
        (
            Run(WINDOW, create()),
            Call("DeleteMaintenanceWindow", {"WindowId": "<afternoons.window_id>"}),
            Refused(WINDOW, {**BY_ID, "duration": 4}, ("<afternoons.window_id>",)),
            Run(WINDOW, {**NAMED, "state": "absent"}, changed=False),
            Run(WINDOW, create(), STORED, new_id=True),
        ),
    ),
    Scenario(
        "multipleUpdates",
        (
            Run(WINDOW, create(), STORED),
            Run(
                WINDOW,
                {
                    **BY_ID,
                    "name": "evenings",
                    "schedule": "cron(0 16 ? * WED *)",
                    "duration": 10,
                    "cutoff": 8,
                    "enabled": False,
                },
                {
                    "Name": "evenings",
                    "Schedule": "cron(0 16 ? * WED *)",
                    "Duration": 10,
                    "Cutoff": 8,
                    "Enabled": False,
                    "WindowId": "<afternoons.window_id>",
                },
            ),
        ),
    ),
    one_after_the_other("cutoff", "cutoff", "Cutoff", 1, 2),
    one_after_the_other("duration", "duration", "Duration", 3, 10),
    one_after_the_other("enabled", "enabled", "Enabled", False, True, False),
    one_after_the_other("schedule", "schedule", "Schedule", "cron(0 16 ? * TUE *)", "cron(0 16 ? * WED *)"),
    set_changed_cleared("endDate", "end_date", "EndDate", "2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"),
    set_changed_cleared("startDate", "start_date", "StartDate", "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"),
    set_changed_cleared(
        "scheduleTimezone", "schedule_timezone", "ScheduleTimezone", "America/Los_Angeles", "America/New_York"
    ),
    Scenario(
        "scheduleOffset",
        (
            Run(WINDOW, create(schedule="cron(0 16 ? * TUE#3 *)", schedule_offset=2), {"ScheduleOffset": 2}),
            Run(WINDOW, {**NAMED, "schedule_offset": 5}, {"ScheduleOffset": 5, "Schedule": "cron(0 16 ? * TUE#3 *)"}),
            Refused(WINDOW, create(), ("schedule_offset: 0",)),
            Run(WINDOW, create(schedule_offset=0), {**STORED, "ScheduleOffset": ABSENT}),
        ),
    ),
)
def test_terraform(runner: ScenarioRunner, scenario: Scenario) -> None:
    runner.run_steps(*scenario.steps)


@pytest.mark.parametrize(
    ("option", "member", "value"),
    [
        ("end_date", "EndDate", "2027-01-01T00:00:00Z"),
        ("start_date", "StartDate", "2026-01-01T01:00:00Z"),
        ("schedule_timezone", "ScheduleTimezone", "America/Los_Angeles"),
        ("description", "Description", "foo"),
    ],
)
def test_what_leaves_the_file_is_undone(runner: ScenarioRunner, option: str, member: str, value: str) -> None:
    account = runner.account
    setup: Args = {"setup": "acceptance", "unset": "reset"}
    account.run("ssm_patch_setup", **setup, windows=[create(**{option: value})])
    (before,) = runner.ssm.describe_maintenance_windows()["WindowIdentities"]
    runner.holds(runner.read(WINDOW, before["WindowId"]) or {}, {**STORED, member: value})
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        result = account.run("ssm_patch_setup", check=check, **setup, windows=[create()])
        assert result["changed"] is changed, result["diff"]
    runner.holds(runner.read(WINDOW, before["WindowId"]) or {}, {**STORED, member: ABSENT})
