# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks do and for how long, when windows run next and which baseline decides: inputs and what comes out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.baselines import effective_baseline
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.estimates import WindowTimes
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.model import Account, Pace, Window
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.openings import HORIZON, set_opening
from ansible_collections.patchfleet.aws.plugins.module_utils._fleet.tasks import collect, operation_of

NOW = datetime.fromisoformat("2026-01-10T00:00:00+00:00")
DAILY = "cron(0 2 * * ? *)"


def command(operation: str, target: str = "t-1", **members: Any) -> dict[str, Any]:
    """A patch task on one registered target."""
    parameters = {"Operation": [operation], **members.pop("Parameters", {})}
    targets = [{"Key": "WindowTargetIds", "Values": [target]}]
    invocation = {"RunCommand": {"Parameters": parameters}}
    return {"TaskType": "RUN_COMMAND", "Targets": targets, "TaskInvocationParameters": invocation, **members}


def runbook(name: str) -> dict[str, Any]:
    """An Automation task."""
    return {"TaskType": "AUTOMATION", "TaskArn": name}


@pytest.mark.parametrize(
    ("raw", "operation", "overridden"),
    [
        (command("Scan"), "Scan", False),
        (command("Install"), "Install", False),
        (command("{{ Operation }}"), None, False),
        (command("Install", Parameters={"InstallOverrideList": ["s3://a/b"]}), "Install", True),
        (command("Install", Parameters={"BaselineOverride": ["s3://a/b"]}), "Install", True),
        (runbook("AWS-PatchInstanceWithRollback"), "Install", True),
        (runbook("arn:aws:ssm:eu-west-1::automation-definition/AWS-PatchAsgInstance"), "Install", True),
        (runbook("AWS-RestartEC2Instance"), None, False),
        ({"TaskType": "LAMBDA", "TaskArn": "AWS-PatchAsgInstance"}, None, False),
    ],
)
def test_what_a_task_does(raw: dict[str, Any], operation: str | None, overridden: bool) -> None:
    assert operation_of(raw) == operation

    _targets, tasks = collect(Account([Window("mw-0", "prod", {}, tasks={"k": raw})]))

    assert [(one.operation, one.is_overridden) for one in tasks] == ([(operation, overridden)] if operation else [])


def test_tasks_are_in_the_order_in_which_they_run_with_what_they_lost() -> None:
    tasks = {
        "c": command("Scan", Priority=1),
        "b": command("Install", "t-2", Priority=1, Name="install"),
        "a": command("Scan", Priority=5),
        "d": command("Install", Parameters={"RebootOption": ["NoReboot"]}),
    }
    window = Window("mw-0", "prod", {}, targets={"t-1": {"Targets": [], "Name": "web"}}, tasks=tasks)

    targets, found = collect(Account([window]))

    assert [target.title for target in targets] == ["web"]
    assert [(one.title, one.targets, one.lost_targets, one.reboot_option) for one in found] == [
        ("prod/d", (0,), (), "NoReboot"),
        ("prod/install", (), ("t-2",), "RebootIfNeeded"),
        ("prod/c", (0,), (), "RebootIfNeeded"),
        ("prod/a", (0,), (), "RebootIfNeeded"),
    ]


def test_tasks_of_one_priority_run_together_and_priorities_one_after_the_other() -> None:
    tasks = {
        "a": command("Scan", Priority=1, MaxConcurrency="5"),
        "b": command("Install", "t-2", Priority=1, MaxConcurrency="2"),
        "c": command("Install", Priority=2, MaxConcurrency="50%"),
        "unknown": command("Install", Priority=3),
    }
    stored = {"t-1": {"Targets": []}, "t-2": {"Targets": []}}
    window = Window("mw-0", "prod", {"Duration": 3, "Cutoff": 1}, targets=stored, tasks=tasks)
    account = Account([window])
    targets, found = collect(account)
    reached = {number: {"t-1": 10, "t-2": 5}[str(target.id)] for number, target in enumerate(targets)}
    # Two rounds of 200 s; the middle one of three; one round.
    account.paces["a"] = [Pace(3, 2, 400, "e-1")]
    account.paces["b"] = [Pace(2, 2, seconds, "e-1") for seconds in (90, 100, 500)]
    account.paces["c"] = [Pace(1, 1, 200, "e-2")]

    estimated = WindowTimes(window, found, reached, account).estimate()

    assert estimated is not None
    # a: 2 rounds of 200 s beside b: 3 rounds of 100 s; then c: 2 rounds of 200 s.
    assert (estimated.needed, estimated.available) == (400 + 400, 2 * 3600)
    assert (estimated.nodes, estimated.concurrency, estimated.seconds_for_node) == (10, 5, 200)
    assert estimated.executions == ("e-1", "e-2")
    scans = [one for one in found if one.operation == "Scan"]
    assert WindowTimes(window, scans, reached, account).estimate() is None
    assert WindowTimes(window, found, dict.fromkeys(reached, 0), account).estimate() is None


@pytest.mark.parametrize(
    ("raw", "opening", "first"),
    [
        ({"Schedule": DAILY}, "open", "2026-01-10T02:00:00+00:00"),
        ({"Schedule": DAILY, "Enabled": False}, "disabled", None),
        ({"Schedule": DAILY, "Enabled": None}, "disabled", None),
        ({"Schedule": DAILY, "EndDate": "2026-01-10T00:00:00Z"}, "ended", None),
        ({"Schedule": DAILY, "EndDate": "2026-01-10T01:00:00Z"}, "never", None),
        ({"Schedule": DAILY, "StartDate": "2026-01-12T00:00:00Z"}, "open", "2026-01-12T02:00:00+00:00"),
        ({"Schedule": "at(2027-01-01T00:00:00)"}, "open", "2027-01-01T00:00:00+00:00"),
        ({"Schedule": "at(2025-01-01T00:00:00)"}, "never", None),
        # From when a rate counts, only the service knows.
        (
            {
                "Schedule": "rate(7 days)",
                "StartDate": "2025-12-01T00:00:00Z",
                "NextExecutionTime": "2026-01-12T05:00:00Z",
            },
            "open",
            "2026-01-12T05:00:00+00:00",
        ),
        # What this version does not know may run all the same.
        ({"Schedule": "sometimes", "NextExecutionTime": "2026-01-12T05:00:00Z"}, "open", "2026-01-12T05:00:00+00:00"),
        ({"Schedule": "sometimes", "NextExecutionTime": "2026-01-10T00:00:00Z"}, "never", None),
    ],
)
def test_when_a_window_runs_next(raw: dict[str, Any], opening: str, first: str | None) -> None:
    window = Window("mw-0", "prod", {"Enabled": True, **raw})

    set_opening(window, NOW)

    assert window.opening == opening
    assert [run.isoformat() for run in window.runs[:1]] == ([first] if first else [])


def test_runs_are_those_of_three_months() -> None:
    window = Window("mw-0", "prod", {"Enabled": True, "Schedule": "cron(0 0 * * ? *)"})

    set_opening(window, NOW)

    assert (window.runs[0], window.runs[-1]) == (NOW + timedelta(days=1), NOW + HORIZON)


@pytest.mark.parametrize(
    ("system", "groups", "expected"),
    [
        ("WINDOWS", ("web",), ("pb-web", "patch_group", "web")),
        ("WINDOWS", (), ("pb-default", "default", None)),
        ("WINDOWS", ("other",), ("pb-default", "default", None)),
        ("UBUNTU", ("web",), (None, "default", None)),
        (None, ("web",), (None, "unknown_system", None)),
        ("WINDOWS", ("web", "same"), ("pb-web", "patch_group", "same")),
        ("WINDOWS", ("web", "other"), (None, "two_patch_groups", None)),
    ],
)
def test_which_baseline_decides(system: str | None, groups: tuple[str, ...], expected: tuple[Any, ...]) -> None:
    registered = {("WINDOWS", "web"): "pb-web", ("WINDOWS", "same"): "pb-web"}
    account = Account(registered=registered, defaults={"WINDOWS": "pb-default"})

    assert effective_baseline(account, system, groups) == expected
