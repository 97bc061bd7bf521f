# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters rings and ring_gates: what rings become, when they open, and which of them may."""

from __future__ import annotations

from calendar import Calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.patchfleet.aws.plugins.filter import ring_gates as gates_plugin
from ansible_collections.patchfleet.aws.plugins.filter import rings as rings_plugin
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import Options
from ansible_collections.patchfleet.aws.plugins.module_utils._rings.options import RING_OPTIONS
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules.schedule import next_runs
from hypothesis import given
from hypothesis import strategies as st

rings = rings_plugin.FilterModule().filters()["rings"]
ring_gates = gates_plugin.FilterModule().filters()["ring_gates"]

WINDOWS = {
    "name": "windows",
    "operating_system": "WINDOWS",
    "approval_rules": [{"filters": {"CLASSIFICATION": ["CriticalUpdates", "SecurityUpdates"]}}],
}
BERLIN = {"time": "03:00", "timezone": "Europe/Berlin"}
TWO: list[dict[str, Any]] = [
    {"name": "test", "patch_groups": ["test"], "days_after_patch_tuesday": 1},
    {"name": "production", "patch_groups": ["production"], "days_after_previous": 7, "gate_percent": 95},
]


def ring(name: str, **options: Any) -> dict[str, Any]:
    """A ring of one patch group."""
    return {"name": name, "patch_groups": [name], "time": "21:00", **options}


def patch_tuesday(year: int, month: int) -> date:
    """The second Tuesday, found by counting."""
    return [day for day in Calendar().itermonthdates(year, month) if day.month == month and day.weekday() == 1][1]


def openings(window: dict[str, Any], after: datetime, count: int) -> list[datetime]:
    """When a declared window opens."""
    names = ("schedule", "schedule_timezone", "schedule_offset")
    schedule, zone, offset = (window[name] for name in names)
    return next_runs(schedule, zone, offset, after=after, count=count)


@given(
    days=st.integers(0, 20),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Seoul", "Pacific/Auckland"]),
    hour=st.sampled_from([0, 4, 12, 23]),
    minute=st.integers(0, 59),
)
def test_a_ring_opens_its_days_after_the_second_tuesday_in_every_month(
    days: int, zone: str, hour: int, minute: int
) -> None:
    at = f"{hour:02}:{minute:02}"
    [window] = rings([ring("some", days_after_patch_tuesday=days, time=at, timezone=zone)])["patching_windows"]
    here = ZoneInfo(zone)
    # The first run belongs to January: whatever December brings in this year comes before its second Tuesday.
    found = openings(
        window, datetime.combine(patch_tuesday(2024, 1), datetime.min.time(), here) - timedelta(hours=1), 480
    )
    expected_days = [patch_tuesday(2024 + n // 12, n % 12 + 1) + timedelta(days=days) for n in range(480)]
    ours = [moment for moment in found if moment.astimezone(here).date() >= expected_days[0]]

    assert [moment.astimezone(here).date() for moment in ours] == expected_days[: len(ours)]
    assert len(ours) >= 479
    assert {(moment.astimezone(here).hour, moment.astimezone(here).minute) for moment in ours} == {(hour, minute)}


def test_what_two_rings_become() -> None:
    made = rings(TWO, [WINDOWS], BERLIN, prefix="win-", scan="cron(0 1 ? * * *)")

    assert [(one["name"], one["patch_groups"]) for one in made["patching_baselines"]] == [
        ("win-test-windows", ["test"]),
        ("win-production-windows", ["production"]),
    ]
    # The second ring approves what the first could install when it opened, and nothing newer.
    assert [one["approval_rules"][0]["approve_after_days"] for one in made["patching_baselines"]] == [0, 7]
    scan, first, second = made["patching_windows"]
    assert scan["patch_tasks"] == [
        {"name": "scan-test", "operation": "Scan", "window_targets": ["test"]},
        {"name": "scan-production", "operation": "Scan", "window_targets": ["production"]},
    ]
    assert first == {
        "name": "win-test",
        "description": "Ring test, 1 day after Patch Tuesday",
        "schedule": "cron(0 3 ? * TUE#2 *)",
        "schedule_offset": 1,
        "schedule_timezone": "Europe/Berlin",
        "duration": 4,
        "cutoff": 1,
        "enabled": True,
        "targets": [{"name": "test", "patch_groups": ["test"]}],
        "patch_tasks": [
            {
                "name": "install",
                "operation": "Install",
                "reboot_option": "RebootIfNeeded",
                "window_targets": ["test"],
            }
        ],
    }
    assert (second["schedule"], second["schedule_offset"], second["enabled"]) == ("cron(0 3 ? * TUE#3 *)", 1, False)


def test_options_of_windows_and_tasks_are_merged_and_what_was_given_stays_as_it_was() -> None:
    defaults = {**BERLIN, "window": {"duration": 6, "tags": {"team": "a"}}, "task": {"timeout_seconds": 900}}
    own = {**TWO[0], "window": {"duration": 8}, "task": {"reboot_option": "NoReboot"}, "max_errors": 2}
    [window] = rings([own], (), defaults)["patching_windows"]

    assert (window["duration"], window["tags"]) == (8, {"team": "a"})
    assert window["patch_tasks"][0] == {
        "name": "install",
        "operation": "Install",
        "reboot_option": "NoReboot",
        "window_targets": ["test"],
        "max_errors": "2",
        "timeout_seconds": 900,
    }
    assert defaults["window"] == {"duration": 6, "tags": {"team": "a"}}


def test_a_ring_has_a_duration_and_a_cutoff_of_its_own_and_a_cutoff_may_be_zero() -> None:
    made = rings([{**TWO[0], "duration": 3, "cutoff": 0}, {**TWO[1], "duration": 5, "cutoff": 2}], (), BERLIN)

    assert [(one["duration"], one["cutoff"]) for one in made["patching_windows"]] == [(3, 0), (5, 2)]


def test_a_ring_with_a_gate_may_open_when_the_one_before_it_ends() -> None:
    made = rings([TWO[0], {**TWO[1], "days_after_previous": 0, "time": "07:00"}], (), BERLIN)

    assert [one["duration"] for one in made["patching_windows"]] == [4, 4]


def test_rules_with_a_delay_or_a_date_of_their_own_keep_it() -> None:
    rules = [
        {"filters": {"MSRC_SEVERITY": ["Critical"]}, "approve_after_days": 0},
        {"filters": {"CLASSIFICATION": ["SecurityUpdates"]}, "approve_until_date": "2026-01-31"},
        {"filters": {"CLASSIFICATION": ["CriticalUpdates"]}},
    ]
    made = rings(TWO, [{**WINDOWS, "approval_rules": rules}], BERLIN)["patching_baselines"][1]["approval_rules"]

    assert [one.get("approve_after_days") for one in made] == [0, None, 7]


def test_systems_without_release_dates_have_no_delay() -> None:
    ubuntu = {"name": "ubuntu", "operating_system": "UBUNTU", "approval_rules": [{"filters": {"PRODUCT": ["*"]}}]}
    made = rings(TWO, [ubuntu], BERLIN)["patching_baselines"]

    assert [one["approval_rules"][0]["approve_after_days"] for one in made] == [0, 0]


def test_yaml_reads_an_unquoted_time_as_minutes() -> None:
    assert yaml.safe_load("22:30") == 22 * 60 + 30
    [window] = rings([ring("some", time=22 * 60 + 30, days_after_patch_tuesday=0)])["patching_windows"]

    assert window["schedule"] == "cron(30 22 ? * TUE#2 *)"


def test_a_ring_that_selects_its_nodes_is_not_narrowed_by_the_defaults() -> None:
    [window] = rings([ring("some", days_after_patch_tuesday=0)], (), {"instance_tags": {"a": "b"}})["patching_windows"]

    assert window["targets"] == [{"name": "some", "patch_groups": ["some"]}]


DEV = ring("development", days_after_patch_tuesday=0)
MISTAKES = [
    ([], {}, "specify at least one ring"),
    ([{"name": "x"}], {}, "specify one of patch_groups"),
    ([{**DEV, "pach_groups": ["a"]}], {}, "pach_groups is not an option; did you mean patch_groups"),
    ([DEV, DEV], {}, "ring development: two rings have this name"),
    (
        [ring("some", days_after_patch_tuesday=21)],
        {},
        "opens 21 days after Patch Tuesday, but the maximum is 20",
    ),
    ([ring("some", days_after_patch_tuesday=-1)], {}, "the minimum is 0"),
    ([ring("some")], {}, "specify one of days_after_patch_tuesday and days_after_previous"),
    ([ring("some", days_after_previous=1)], {}, "the first ring has no previous ring"),
    ([ring("some", days_after_patch_tuesday=1, days_after_previous=1)], {}, "specify one of"),
    ([ring("later", days_after_patch_tuesday=3), DEV], {}, "list the rings in the order in which they open"),
    ([ring("some", days_after_patch_tuesday=1, time="25:00")], {}, "'25:00' is not a time of day; specify HH:MM"),
    ([ring("some", days_after_patch_tuesday=1, time=3)], {}, "3 is not a time of day"),
    ([ring("some", days_after_patch_tuesday=1, timezone="europe/berlin")], {}, "did you mean Europe/Berlin"),
    ([ring("r", days_after_patch_tuesday=1)], {}, "'r' is not a valid window name"),
    ([{**DEV, "gate_percent": 95}], {}, "the first ring has no previous ring"),
    ([DEV, ring("some", days_after_previous=0, gate_percent=95)], {}, "must end before some opens"),
    ([DEV, ring("some", days_after_previous=1, gate_percent=101)], {}, "must be above 0 and at most 100"),
    (
        [
            {"name": "all", "tag_keys": ["a"], "days_after_patch_tuesday": 0, "time": "21:00"},
            {**TWO[1], "time": "21:00"},
        ],
        {},
        "the compliance of all, the previous ring, cannot be read by tag_keys",
    ),
    ([{**DEV, "window": {"schedule": "cron(0 2 ? * SUN *)"}}], {}, "are mutually exclusive; specify only one"),
    ([ring("some", window={"schedule": "cron(0 2 * * SUN *)"})], {}, "window.schedule: the day-of-month field"),
    ([ring("some", window={"schedul": "x"})], {}, "schedul is not an option; did you mean schedule"),
    ([{**DEV, "time": "03:00"}], {"baselines": [WINDOWS]}, "opens before its baseline approves the patches"),
    (
        [ring("some", days_after_patch_tuesday=1, approve_after_days=2)],
        {"baselines": [WINDOWS]},
        "approve_after_days is 2, and the ring opens 1 days",
    ),
    (
        [{"name": "all", "instance_tags": {"a": "b"}, "days_after_patch_tuesday": 1, "time": "21:00"}],
        {"baselines": [WINDOWS]},
        "with baselines, each ring requires patch_groups",
    ),
    ([DEV], {"baselines": [{**WINDOWS, "patch_groups": ["a"]}]}, "is set by each ring; omit it"),
    ([DEV], {"baselines": [{"name": "some"}]}, "operating_system is required"),
    (
        [ring("some", window={"schedule": "cron(0 2 ? * SUN *)"})],
        {"baselines": [WINDOWS]},
        "its days after Patch Tuesday are unknown; specify approve_after_days",
    ),
]


@pytest.mark.parametrize(("declared", "others", "message"), MISTAKES, ids=[message for *_, message in MISTAKES])
def test_a_mistake_is_an_error_that_names_the_ring_and_the_way_out(
    declared: Any, others: dict[str, Any], message: str
) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        rings(declared, **others)

    assert message in str(error.value)


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(AnsibleFilterError, match=r"(?s)ring aaa.*not a time of day.*ring bbb.*maximum is 20"):
        rings([ring("aaa", time="x", days_after_patch_tuesday=1), ring("bbb", days_after_patch_tuesday=30)])


def documented(options: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    return {name: (option["type"], option.get("default")) for name, option in options.items()}


def declared(options: Options) -> dict[str, tuple[str, Any]]:
    return {option.name: (option.type, option.default) for option in options}


def test_the_documentation_has_the_options_of_a_ring() -> None:
    options = yaml.safe_load(rings_plugin.DOCUMENTATION)["options"]["_input"]["suboptions"]

    assert documented(options) == declared(RING_OPTIONS)


# What four public descriptions of rings ask for, and when their windows open in two months.
PUBLISHED: dict[str, tuple[list[dict[str, Any]], dict[str, list[str]]]] = {
    # https://www.stammtech.com/feed/patch-tuesday-without-the-panic-how-we-roll-out-updates-rings-monitoring-and-rollback
    # Ring 0 the same day, ring 1 24 to 72 hours later, ring 2 once the checks of ring 1 pass.
    "same day, pilot, broad": (
        [
            ring("ring-0", days_after_patch_tuesday=0, timezone="America/Chicago"),
            ring("ring-1", days_after_previous=2, timezone="America/Chicago"),
            ring("ring-2", days_after_previous=2, timezone="America/Chicago", gate_percent=95),
        ],
        {
            "ring-0": ["2026-01-13T21:00:00-06:00", "2026-02-10T21:00:00-06:00"],
            "ring-1": ["2026-01-15T21:00:00-06:00", "2026-02-12T21:00:00-06:00"],
            "ring-2": ["2026-01-17T21:00:00-06:00", "2026-02-14T21:00:00-06:00"],
        },
    ),
    # https://github.com/ministryofjustice/modernisation-platform-environments, terraform/modules/patch_manager
    # Development on the second Tuesday at 21:00 UTC, test a day later. They write WED#2, which in months that begin on
    # a Wednesday is six days before the second Tuesday and not a day after it.
    "a day later is not the second Wednesday": (
        [ring("development", days_after_patch_tuesday=0), ring("test", days_after_previous=1)],
        {
            "development": ["2026-04-14T21:00:00+00:00", "2026-05-12T21:00:00+00:00"],
            "test": ["2026-04-15T21:00:00+00:00", "2026-05-13T21:00:00+00:00"],
        },
    ),
    # https://docs.aws.amazon.com/managedservices/latest/accelerate-guide/acc-p-maint-window-ams-console.html
    # The first and the second weekend after Patch Tuesday.
    "two weekends": (
        [
            ring("first", days_after_patch_tuesday=4, time="00:00"),
            ring("second", days_after_previous=7, time="23:00"),
        ],
        {
            "first": ["2026-01-17T00:00:00+00:00", "2026-02-14T00:00:00+00:00"],
            "second": ["2026-01-24T23:00:00+00:00", "2026-02-21T23:00:00+00:00"],
        },
    ),
    # https://vulnarex.com/courses/operating-system-security/lessons/windows-update-wsus-wufb
    # Approval for the pilot at once and for the broad ring after seven days.
    "no delay and seven days": (
        [ring("pilot", days_after_patch_tuesday=0), ring("broad", days_after_patch_tuesday=7)],
        {
            "pilot": ["2026-01-13T21:00:00+00:00", "2026-02-10T21:00:00+00:00"],
            "broad": ["2026-01-20T21:00:00+00:00", "2026-02-17T21:00:00+00:00"],
        },
    ),
}


@pytest.mark.parametrize(("published", "expected"), PUBLISHED.values(), ids=PUBLISHED)
def test_rings_that_others_published(published: list[dict[str, Any]], expected: dict[str, list[str]]) -> None:
    made = rings(published, [WINDOWS])
    first = datetime.fromisoformat(min(min(runs) for runs in expected.values()))

    found = {
        window["name"]: [run.isoformat() for run in openings(window, first - timedelta(minutes=1), 2)]
        for window in made["patching_windows"]
    }
    assert found == expected
    delays = {one["name"]: one["approval_rules"][0]["approve_after_days"] for one in made["patching_baselines"]}
    assert delays == {
        f"{name}-windows": (datetime.fromisoformat(runs[0]) - first).days for name, runs in expected.items()
    }


# Test opens on 14 January and production on 21 January 2026, both at 03:00 in Berlin.
PHASES = [
    ("2026-01-10T00:00:00Z", "waiting", "2026-01-21T03:00:00+01:00"),
    ("2026-01-13T12:00:00Z", "waiting", "2026-01-21T03:00:00+01:00"),
    ("2026-01-14T05:59:00Z", "waiting", "2026-01-21T03:00:00+01:00"),
    ("2026-01-14T06:00:00Z", "due", "2026-01-21T03:00:00+01:00"),
    ("2026-01-21T01:59:00Z", "due", "2026-01-21T03:00:00+01:00"),
    ("2026-01-21T02:00:00Z", "running", "2026-02-18T03:00:00+01:00"),
    ("2026-01-21T05:59:00Z", "running", "2026-02-18T03:00:00+01:00"),
    ("2026-01-21T06:00:00Z", "waiting", "2026-02-18T03:00:00+01:00"),
]


@pytest.mark.parametrize(("now", "phase", "opens"), PHASES)
def test_a_gate_is_due_between_the_ring_before_and_its_own(now: str, phase: str, opens: str) -> None:
    [gate] = ring_gates(TWO, BERLIN, now=now)

    assert (gate["ring"], gate["previous"], gate["phase"], gate["opens"]) == ("production", "test", phase, opens)


def test_a_ring_may_open_at_the_moment_at_which_the_one_before_it_ends() -> None:
    declared = [DEV, {**ring("some", days_after_previous=1, gate_percent=95), "time": "01:00"}]

    phases = {
        hour: ring_gates(declared, now=f"2026-01-14T{hour}:00:00Z")[0]["phase"] for hour in ("00", "01", "04", "05")
    }

    assert phases == {"00": "waiting", "01": "running", "04": "running", "05": "waiting"}


# The clocks of Berlin change while the window of the ring before is open, on 29 March and on 25 October 2026.
@pytest.mark.parametrize(("days", "ends"), [(19, "2026-03-29T04:00:00+00:00"), (12, "2026-10-25T03:00:00+00:00")])
def test_a_window_is_open_for_its_hours_when_clocks_change(days: int, ends: str) -> None:
    night = {**BERLIN, "time": "01:00", "window": {"duration": 4}}
    two = [{**TWO[0], "days_after_patch_tuesday": days}, {**TWO[1], "days_after_previous": 1}]
    end = datetime.fromisoformat(ends)

    [before], [after] = (ring_gates(two, night, now=moment.isoformat()) for moment in (end - timedelta(seconds=1), end))

    assert (before["phase"], after["phase"]) == ("waiting", "due")


def test_what_a_gate_reads_and_writes() -> None:
    [gate] = ring_gates(TWO, BERLIN, "win-", now="2026-01-14T10:30:00Z")

    assert gate["scope"] == {"patch_groups": ["test"]}
    assert gate["previous_opened"] == "2026-01-14T03:00:00+01:00"
    assert gate["stale_after_hours"] == 9
    # A cron with an offset that is enabled after its Tuesday would skip the run of this month.
    assert gate["open"] == {
        "name": "win-production",
        "schedule": "at(2026-01-21T03:00:00)",
        "schedule_offset": 0,
        "schedule_timezone": "Europe/Berlin",
        "enabled": True,
    }
    assert gate["closed"] == {
        **gate["open"],
        "schedule": "cron(0 3 ? * TUE#3 *)",
        "schedule_offset": 1,
        "enabled": False,
    }


def test_an_open_gate_and_its_ring_open_at_the_same_moment() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(0, 365, 3):
        now = start + timedelta(days=day)
        [gate] = ring_gates(TWO, BERLIN, now=now.isoformat())
        assert openings(gate["open"], now, 1) == openings(gate["closed"], now, 1)


def test_only_rings_with_a_gate_have_one() -> None:
    assert ring_gates(TWO[:1], BERLIN) == []


def test_gates_name_what_is_wrong() -> None:
    with pytest.raises(AnsibleFilterError, match="not a time of day"):
        ring_gates(TWO)
    with pytest.raises(AnsibleFilterError, match=r"now: .* has no offset"):
        ring_gates(TWO, BERLIN, now="2026-01-14T10:30:00")
