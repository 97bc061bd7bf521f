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


def test_long_lists_are_cut_and_counted() -> None:
    changes = [{"kind": "window", "name": f"w{n}", "action": "create", "fields": []} for n in range(12)]

    [line] = summary({"changes": changes})

    assert line == "Created 12 windows: w0, w1, w2, w3, w4, w5, w6, w7, w8, w9 and 2 more"


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
            "prod opens 2999-01-02T00:00:00+00:00, 2999-",
        ),
    ],
)
def test_when_a_window_opens_next(window: dict[str, Any], line: str) -> None:
    [found] = summary({}, windows=[{"name": "prod", **window}])

    assert found.startswith(line)


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
            {"command": {**COMMAND, "status": "InProgress"}, "instances": None},
            False,
            ["Install continues; wait for it with patch_now_command_id=c-1 (command c-1)"],
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
    passed = {**report(), "gate": {"passed": True, "broken": [], "rules": [{}, {}]}, "files": {}}
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

    assert lines[2] == "Missing patches, counted for each node: Critical 2, Unspecified 1"
    assert lines[3:9] == [*(f"Gate failed: {text}" for text in broken[:5]), "Gate failed: 2 more"]
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
        {"instance_id": "i-2", "name": None, "compliant": False},
        {"instance_id": "i-3", "name": "web-3", "compliant": True},
    ]
    result: dict[str, Any] = {"summary": {"managed": 3}, "groups": [], "instances": nodes}

    assert summary(result) == ["Noncompliant: 2 of 3 managed nodes: i-1 (web-1, 2 missing, 1 failed), i-2"]
    assert summary({**result, "summary": {"managed": None}, "instances": []}) == ["Noncompliant: 0"]
