# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter summary: a few lines for what modules did or would do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.patchfleet.aws.plugins.filter import summary as plugin
from ansible_collections.patchfleet.aws.tests.support.account import Account

summary = plugin.FilterModule().filters()["summary"]
BASELINE = {"name": "base", "operating_system": "WINDOWS"}
TASKS = [{"name": "scan", "operation": "Scan", "window_targets": ["web"]}]
WINDOW: dict[str, Any] = {
    "name": "prod",
    "schedule": "cron(0 2 ? * TUE *)",
    "duration": 2,
    "cutoff": 1,
    "targets": [{"name": "web", "patch_groups": ["web"]}],
    "patch_tasks": TASKS,
}
NODES = [
    {"instance_id": "i-1", "name": "web-1", "status": "Success", "status_details": "Success", "exit_code": 0},
    {"instance_id": "i-2", "name": None, "status": "Failed", "status_details": "Failed", "exit_code": 1},
]
COMMAND = {"command_id": "c-1", "operation": "Install", "status": "Failed", "target_count": 2}


def test_what_a_setup_does_is_said_by_action_and_name(account: Account) -> None:
    declared: dict[str, Any] = {"setup": "fleet", "baselines": [BASELINE], "windows": [WINDOW]}
    created = [" 1 baseline: base", " 1 window: prod", " 1 target: prod/web", " 1 task: prod/scan"]

    assert summary(account.run("ssm_patch_setup", check=True, **declared), True) == [
        f"Would create{x}" for x in created
    ]
    assert summary(account.run("ssm_patch_setup", **declared)) == [f"Created{one}" for one in created]
    same = account.run("ssm_patch_setup", **declared)
    assert summary(same) == ["No changes. Up to date: 1 baseline and 1 window"]
    longer = {**WINDOW, "duration": 3, "patch_tasks": [{**TASKS[0], "priority": 2}]}
    assert summary(account.run("ssm_patch_setup", setup="fleet", windows=[longer])) == [
        "Updated 1 window: prod (duration)",
        "Updated 1 task: prod/scan (priority)",
    ]
    gone = account.run("ssm_patch_setup", **{**declared, "state": "absent"})
    assert [line.partition(":")[0] for line in summary(gone)] == [
        "Deleted 1 baseline", "Deleted 1 window", "Deleted 1 target", "Deleted 1 task",
    ]  # fmt: skip
    assert summary(account.run("ssm_patch_setup", **{**declared, "state": "absent"})) == ["No changes"]


def test_what_failed_and_what_was_not_attempted_is_said(account: Account) -> None:
    account.faults({"op": "CreateMaintenanceWindow", "do": "AccessDeniedException"})

    result = account.fails("ssm_patch_setup", baselines=[BASELINE], windows=[WINDOW])

    assert summary(result, windows=[WINDOW]) == [
        "Created 1 baseline: base",
        "Failed: create window prod",
        "Not attempted: create target prod/web, create task prod/scan",
    ]


@pytest.mark.parametrize(("count", "more"), [(10, ""), (11, " and 1 more"), (12, " and 2 more")])
def test_long_lists_are_cut_and_counted(count: int, more: str) -> None:
    changes = [{"kind": "window", "name": f"w{n}", "action": "create", "fields": []} for n in range(count)]

    [line] = summary({"changes": changes})

    assert line == f"Created {count} windows: w0, w1, w2, w3, w4, w5, w6, w7, w8, w9{more}"


@pytest.mark.parametrize(
    ("window", "line"),
    [
        ({"schedule": "at(2999-01-02T03:04:05)"}, "prod opens 2999-01-02T03:04:05+00:00"),
        (
            {"schedule": "at(2999-01-02T03:04:05)", "schedule_timezone": "Asia/Tokyo"},
            "prod opens 2999-01-02T03:04:05+09:00",
        ),
        ({"schedule": "cron(0 2 31 2 ? *)"}, "prod never opens"),
        (
            {"schedule": "rate(7 days)", "start_date": "2999-01-02T00:00:00Z"},
            "prod opens 2999-01-02T00:00:00+00:00, 2999-01-09T00:00:00+00:00, 2999-01-16T00:00:00+00:00",
        ),
    ],
)
def test_when_a_window_opens_next(window: dict[str, Any], line: str) -> None:
    [found] = summary({}, windows=[{"name": "prod", **window}])

    assert found == line


@pytest.mark.parametrize(
    "window",
    [
        {"schedule": "rate(7 days)"},
        {"schedule": "cron(0 2 ? * TUE *)", "enabled": "false"},
        {"schedule": "cron(0 2 ? * TUE *)", "state": "absent"},
        {"schedule": "every tuesday"},
        {},
    ],
)
def test_of_other_windows_nothing_is_said(window: dict[str, Any]) -> None:
    assert summary({}, windows=[{"name": "prod", **window}]) == []


def test_many_windows_are_counted() -> None:
    windows = [{"name": f"w{day}", "schedule": f"at(2999-01-{day:02}T00:00:00)"} for day in range(12, 0, -1)]

    lines = summary({}, windows=windows)

    assert lines[0] == "w1 opens 2999-01-01T00:00:00+00:00"
    assert lines[-1] == "2 more windows open later"
    assert len(lines) == 11
    assert summary({}, windows=windows[1:])[10:] == ["1 more window opens later"]
    assert len(summary({}, windows=windows[2:])) == 10
    never = {"name": "never", "schedule": "cron(0 2 31 2 ? *)"}
    assert summary({}, windows=[never, windows[0]])[1] == "never never opens"


@pytest.mark.parametrize(
    ("result", "check_mode", "lines"),
    [
        (
            {"command": COMMAND, "instances": NODES},
            False,
            [
                "Install ended Failed: 1 of 2 nodes succeeded (command c-1)",
                "Failed: 1 node: i-2 (exit code 1)",
                "Success: 1 node: i-1 (web-1)",
            ],
        ),
        (
            {"command": {**COMMAND, "command_id": None}, "instances": NODES},
            True,
            ["Would run Install on 2 nodes: i-1 (web-1), i-2 (exit code 1)"],
        ),
        (
            {"command": {**COMMAND, "command_id": None}, "instances": None},
            True,
            ["Would run Install on nodes that are not known yet"],
        ),
        (
            {
                "command": {**COMMAND, "target_count": 3},
                "instances": [NODES[0], {**NODES[1], "status": "TimedOut", "status_details": "Undeliverable"}],
            },
            False,
            [
                "Install ended Failed: 1 of 3 nodes succeeded (command c-1)",
                "Undeliverable: 1 node: i-2 (exit code 1)",
                "Success: 1 node: i-1 (web-1)",
            ],
        ),
        ({"command": {**COMMAND, "status": None}}, False, ["The result of Install is unknown (command c-1)"]),
        *(
            (
                {"command": {**COMMAND, "status": status}, "instances": None},
                False,
                ["Install continues; wait for it with patch_now_command_id=c-1 (command c-1)"],
            )
            for status in ("Pending", "InProgress", "Delayed", "Cancelling")
        ),
        ({"command": None, "instances": None}, False, ["No command was sent"]),
    ],
)
def test_what_a_patch_run_did_to_which_node(result: dict[str, Any], check_mode: bool, lines: list[str]) -> None:
    assert summary(result, check_mode) == lines


def test_a_large_patch_run_says_where_the_rest_is() -> None:
    nodes = [{**NODES[1], "instance_id": f"i-{number}"} for number in range(500)]

    lines = summary({"command": {**COMMAND, "target_count": 500}, "instances": nodes})

    assert len("\n".join(lines)) < 500
    assert lines[1].endswith(" and 490 more")
    assert lines[-1] == "To list all nodes, run with patch_now_command_id=c-1 and -v"
    for count, is_cut in ((10, False), (11, True)):
        lines = summary({"command": {**COMMAND, "target_count": count}, "instances": nodes[:count]})
        assert lines[-1].startswith("To list all nodes") is is_cut


def report(**counts: Any) -> dict[str, Any]:
    """The result of a report with these counts and a gate that fails."""
    rules = [{"judged": True}, {"judged": True}, {"judged": False}]
    return {
        "summary": {
            "managed": 20,
            "compliant": 19,
            "noncompliant": 1,
            "unmanaged": None,
            "compliance_percent": 95.0,
            **counts,
        },
        "gate": {"passed": False, "broken": ["stale: 3 nodes, but at most 0"], "rules": rules},
        "files": {"html": "/r/report.html"},
    }


def test_a_report_says_share_counts_gate_and_files() -> None:
    assert summary(report()) == [
        "95.0 % compliant: 19 of 20 managed nodes",
        "Nodes: noncompliant 1, unmanaged unknown",
        "Gate failed: stale: 3 nodes, but at most 0",
        "Report: /r/report.html",
    ]
    passed = {**report(), "gate": {"passed": True, "broken": [], "rules": [{}, {}, {"judged": False}]}, "files": {}}
    assert summary(passed)[2:] == ["Gate passed: 2 rules"]
    assert summary({**passed, "gate": {"passed": True, "broken": [], "rules": []}})[2:] == ["No gate"]
    assert summary(report(managed=0))[0] == "No managed nodes"
    assert summary(report(compliant=None))[0] == "Compliance is unknown because part of the fleet could not be read"
    assert summary(report(), True)[-1] == "Would write: /r/report.html"


def test_a_report_says_what_is_excepted() -> None:
    lines = summary({**report(), "excepted": {"nodes": 1, "patches": 4}})

    assert "Excepted: 1 node, and 4 patches on other nodes" in lines
    assert summary({**report(), "excepted": {"nodes": 0, "patches": 0}}) == summary(report())


def test_a_report_counts_missing_patches_and_gives_each_broken_rule_a_line() -> None:
    broken = [f"rule {number} is 3, 3 above the maximum of 0" for number in range(7)]
    result = {**report(missing_by_severity={"Critical": 2, "Low": 0, "Unspecified": 1})}
    result["gate"] = {**result["gate"], "broken": broken}

    lines = summary(result)

    assert lines[1] == "Nodes: noncompliant 1, unmanaged unknown"
    assert lines[2] == "Missing patches, counted for each node: Critical 2, Unspecified 1"
    assert lines[3:9] == [*(f"Gate failed: {text}" for text in broken[:5]), "Gate failed: 2 more"]
    for count, last in ((5, f"Gate failed: {broken[4]}"), (6, "Gate failed: 1 more")):
        assert summary({**result, "gate": {**result["gate"], "broken": broken[:count]}})[-2] == last
    assert summary(report(missing_by_severity={"Critical": 0}))[2] == "Missing patches: none"
    assert summary(report(missing_by_severity=None))[2] == "Missing patches: unknown"


def test_an_export_says_what_is_in_the_file_and_what_is_not() -> None:
    window = {"name": "prod", "declaration": {"name": "prod"}, "undeclared": ["a task without a name"]}

    lines = summary({"exported": "/x.yml", "baselines": [], "windows": [window]})

    assert lines == ["No baselines", "1 window: prod", "Not in the file: a task without a name", "File: /x.yml"]


def test_an_export_over_another_file_says_where_that_is_now() -> None:
    lines = summary({"exported": "/x.yml", "backup": "/x.yml.1~", "baselines": [], "windows": []})

    assert lines[-2:] == ["File: /x.yml", "Previous file: /x.yml.1~"]


def test_names_cannot_steer_a_terminal() -> None:
    [line] = summary({"changes": [{"kind": "window", "name": "a\x1b[2J\n", "action": "delete", "fields": []}]})

    assert line.isprintable()


def test_something_else_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="must be the result of a module, not list"):
        summary([])


def test_an_execution_is_shown_with_what_did_not_succeed() -> None:
    done = {"status": "SUCCESS", "status_details": None, "window_target": "db", "instance_ids": ["i-1"]}
    failed = {"status": "FAILED", "status_details": "Failed", "window_target": "web", "instance_ids": ["i-2"]}
    task = {"name": None, "possible_names": ["install-a", "install-b"], "task_arn": "AWS-RunPatchBaseline"}
    task |= {"status": "FAILED", "status_details": None}
    execution = {"status": "TIMED_OUT", "start_time": "2026-01-04T02:00:00+00:00", "end_time": None}
    window = {"name": "weekly", "window_id": "mw-1"}
    tasks = [{**task, "invocations": [done, {**failed, "command_id": "c-1"}]}]

    assert summary({"windows": [{**window, "executions": [{**execution, "tasks": tasks}]}]}) == [
        "weekly (mw-1): TIMED_OUT, started 2026-01-04T02:00:00+00:00, not ended",
        "Task install-a or install-b: FAILED",
        "web (i-2): FAILED (Failed), command c-1",
    ]
    assert summary({"windows": [{**window, "executions": []}]}) == ["weekly (mw-1): AWS does not list this execution"]
    assert summary({"windows": []}) == ["The window does not exist in this account and Region"]


def test_nodes_that_are_not_compliant_are_named_with_what_they_lack() -> None:
    nodes = [
        {"instance_id": "i-1", "name": "web-1", "compliant": False, "missing_count": 2, "failed_count": 1},
        {"instance_id": "i-2", "name": None, "compliant": None},
        {"instance_id": "i-3", "name": "web-3", "compliant": True},
        {
            "instance_id": "i-4",
            "compliant": False,
            "installed_rejected_count": 3,
            "installed_pending_reboot_count": 4,
        },
    ]
    result: dict[str, Any] = {"summary": {"managed": 3}, "groups": [], "instances": nodes}

    assert summary(result) == [
        "Noncompliant: 3 of 3 managed nodes: i-1 (web-1, 2 missing, 1 failed), i-2, i-4 (3 rejected, 4 pending reboot)"
    ]
    assert summary({**result, "summary": {"managed": None}, "instances": []}) == ["Noncompliant: 0"]


def run(**members: Any) -> dict[str, Any]:
    """A run of ssm_patch_forecast_info."""
    keys = {"window_id": "mw-1", "window_task_id": "t-1", "run_time": "2026-01-06T02:00Z"}
    counts = {"patch_count": 3, "install_node_count": 2, "node_count": 4, "reboot_count": 1}
    unknown = {"offline_count": 0, "unknown_count": 0, "newly_approved": [], "late_count": 0, "estimate": None}
    return {**keys, "window": "prod", "task": "install", **counts, **unknown, **members}


INSTALLS = "2026-01-06T02:00Z prod/install: installs 3 patches on 2 of 4 nodes, reboots 1"
ESTIMATE = {"nodes": 4, "starts_after": 10, "needed": 20, "available": 30}


@pytest.mark.parametrize(
    ("members", "line"),
    [
        ({}, INSTALLS),
        ({"estimate": ESTIMATE}, INSTALLS),
        ({"estimate": {**ESTIMATE, "available": 29}}, f"{INSTALLS}, may continue after the cutoff"),
        (
            {"estimate": ESTIMATE, "late_count": 1},
            f"{INSTALLS}, 1 of 4 nodes may not be reached before the cutoff",
        ),
        (
            {"offline_count": 1, "unknown_count": 2, "newly_approved": ["KB1"]},
            f"{INSTALLS}, 1 offline, 2 unknown, 1 newly approved",
        ),
    ],
)
def test_what_the_next_install_does(members: dict[str, Any], line: str) -> None:
    assert summary({"runs": [run(**members)], "summary": {"without_install": 0}}) == [line]


def test_which_nodes_reboot_in_which_run() -> None:
    runs = [run(), run(window="test", window_id="mw-2")]
    keys = {"window_task_id": "t-1", "run_time": runs[0]["run_time"], "instance_name": None}
    nodes = [
        {**keys, "instance_id": "i-1", "name": "web-1", "reboot": True, "window_id": "mw-1"},
        {**keys, "instance_id": "i-2", "name": None, "reboot": True, "window_id": "mw-2"},
        {**keys, "instance_id": "i-3", "name": None, "reboot": False, "window_id": "mw-1"},
    ]

    lines = summary({"runs": runs, "instances": nodes, "summary": {"without_install": 1}})

    assert [line for line in lines if " prod/" not in line and " test/" not in line] == [
        "Reboots in prod: i-1 (web-1)",
        "Reboots in test: i-2",
        "1 node has no next Install; ssm_patch_coverage_info shows the reasons",
    ]
    assert summary({"runs": [], "summary": {"without_install": 0}}) == ["No next Install"]


def test_who_changed_what() -> None:
    call = {"kind": "window", "name": "prod", "id": "mw-1", "setup": "fleet", "by_hand": False, "error_code": None}
    call |= {"time": "2026-01-06T02:00Z", "action": "update", "principal": "ops"}
    other = {**call, "kind": "baseline", "name": None, "id": "pb-1", "setup": None, "by_hand": True}
    other |= {"error_code": "AccessDenied", "principal": None}

    assert summary({"calls": [call, other], "summary": {"by_hand": 1}}) == [
        "2 changes, 1 by hand",
        "2026-01-06T02:00Z update window prod (mw-1), setup fleet: ops",
        "2026-01-06T02:00Z update baseline pb-1, no setup, by hand, refused: AccessDenied: unknown principal",
    ]
    for count, last in ((20, "setup fleet: ops"), (21, "And 1 more")):
        assert summary({"calls": [call] * count, "summary": {"by_hand": 0}})[-1].endswith(last)


@pytest.mark.parametrize(
    ("status", "follows"), [("PENDING", True), ("IN_PROGRESS", True), ("CANCELLING", True), ("CANCELLED", False)]
)
def test_an_execution_that_has_not_ended_can_be_followed(status: str, follows: bool) -> None:
    execution = {"status": status, "window_execution_id": "e-1", "tasks": []}

    [line] = summary({"window": {"name": "prod", "window_id": "mw-1"}, "execution": execution})

    assert ("watch_window=mw-1 watch_window_execution_id=e-1" in line) is follows
