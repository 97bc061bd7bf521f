# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a change lets a window install more: each way to change a window, its targets or its tasks."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.structures import Raw, put_member
from ansible_collections.patchfleet.aws.plugins.module_utils._resources.exposure import (
    WINDOW,
    installs_more,
    may_install,
)

Key = tuple[str, str]
WEB, DB, GROUP, IDS = ("target", "web"), ("target", "db"), ("target", "group"), ("target", "ids")
INSTALL, SCAN, SCRIPT, RUNBOOK = ("task", "install"), ("task", "scan"), ("task", "script"), ("task", "runbook")
COMMAND = "TaskInvocationParameters.RunCommand"
PARAMETERS = f"{COMMAND}.Parameters"
GONE = "gone"


def _command(name: str, document: str, parameters: dict[str, list[str]], *targets: str) -> Raw:
    return {
        "Name": name,
        "TaskType": "RUN_COMMAND",
        "TaskArn": document,
        "Targets": [{"Key": "WindowTargetIds", "Values": list(targets)}],
        "TaskInvocationParameters": {"RunCommand": {"Parameters": parameters, "TimeoutSeconds": 600}},
        "MaxConcurrency": "10%",
        "MaxErrors": "2",
        "Priority": 1,
        "CutoffBehavior": "CONTINUE_TASK",
    }


PATCH = "AWS-RunPatchBaseline"
PARTS: dict[Key, Raw] = {
    WINDOW: {
        "Name": "prod",
        "Enabled": True,
        "Schedule": "cron(0 2 ? * SUN *)",
        "ScheduleTimezone": "Europe/Berlin",
        "StartDate": "2026-02-01T00:00:00Z",
        "EndDate": "2026-12-01T00:00:00Z",
        "Duration": 4,
        "Cutoff": 1,
        "AllowUnassociatedTargets": False,
    },
    WEB: {"Targets": [{"Key": "tag:Role", "Values": ["web", "proxy"]}]},
    DB: {"Targets": [{"Key": "tag:Role", "Values": ["db"]}]},
    GROUP: {
        "Targets": [
            {"Key": "resource-groups:Name", "Values": ["prod"]},
            {"Key": "resource-groups:ResourceTypeFilters", "Values": ["AWS::EC2::Instance", "AWS::SSM::Managed"]},
        ]
    },
    IDS: {"Targets": [{"Key": "InstanceIds", "Values": ["i-1", "i-2"]}]},
    INSTALL: _command("install", PATCH, {"Operation": ["Install"]}, "web", "group", "ids"),
    SCAN: _command("scan", PATCH, {"Operation": ["Scan"]}, "web", "db"),
}
HOOKED = {"Operation": ["Scan"], "OnExitHookDocName": ["Notify"]}


def _changed(key: Key, *members: tuple[str, Any]) -> dict[Key, Raw]:
    """All parts, with members of one as given; GONE removes a member."""
    parts = deepcopy(PARTS)
    part = parts.setdefault(key, {})
    for path, value in members:
        put_member(part, path, None if value is GONE else value)
    return parts


def _added(key: Key, raw: Raw) -> dict[Key, Raw]:
    return {**deepcopy(PARTS), key: raw}


def _targets(*pairs: tuple[str, list[str]]) -> tuple[str, Any]:
    return "Targets", [{"Key": key, "Values": values} for key, values in pairs]


TYPES = "resource-groups:ResourceTypeFilters"
# What changes, the parts with it, and whether these install more than before, and whether the way back does.
CASES: list[tuple[str, dict[Key, Raw], bool, bool]] = [
    ("nothing", deepcopy(PARTS), False, False),
    # The window.
    ("disabled", _changed(WINDOW, ("Enabled", False)), False, True),
    ("disabled and rescheduled", _changed(WINDOW, ("Enabled", False), ("Schedule", "rate(1 day)")), False, True),
    ("another day", _changed(WINDOW, ("Schedule", "cron(0 2 ? * SAT *)")), True, True),
    ("denser", _changed(WINDOW, ("Schedule", "cron(0 2 ? * * *)")), True, True),
    ("another zone", _changed(WINDOW, ("ScheduleTimezone", "Asia/Tokyo")), True, True),
    ("no zone", _changed(WINDOW, ("ScheduleTimezone", GONE)), True, True),
    ("an offset", _changed(WINDOW, ("ScheduleOffset", 2)), True, True),
    ("starts earlier", _changed(WINDOW, ("StartDate", "2026-01-01T00:00:00Z")), True, False),
    ("starts at the same moment", _changed(WINDOW, ("StartDate", "2026-02-01T01:00:00+01:00")), False, False),
    ("starts at once", _changed(WINDOW, ("StartDate", GONE)), True, False),
    ("ends later", _changed(WINDOW, ("EndDate", "2027-01-01T00:00:00Z")), True, False),
    ("never ends", _changed(WINDOW, ("EndDate", GONE)), True, False),
    ("longer", _changed(WINDOW, ("Duration", 5)), True, False),
    ("shorter, with as many hours in which tasks start", _changed(WINDOW, ("Duration", 3), ("Cutoff", 0)), False, True),
    ("shorter, with more hours in which tasks start", _changed(WINDOW, ("Duration", 3), ("Cutoff", 2)), False, True),
    ("cutoff earlier", _changed(WINDOW, ("Cutoff", 2)), False, True),
    ("any instance", _changed(WINDOW, ("AllowUnassociatedTargets", True)), True, False),
    ("renamed and described", _changed(WINDOW, ("Name", "other"), ("Description", "text")), False, False),
    ("a member that is not known here", _changed(WINDOW, ("Hurry", "yes")), True, True),
    # What targets select.
    ("one value more", _changed(WEB, _targets(("tag:Role", ["web", "proxy", "db"]))), True, False),
    ("another order", _changed(WEB, _targets(("tag:Role", ["proxy", "web"]))), False, False),
    ("one more condition", _changed(WEB, _targets(("tag:Role", ["web"]), ("tag:Env", ["prod"]))), False, True),
    ("another key", _changed(WEB, _targets(("tag:Env", ["prod"]))), True, True),
    ("any value", _changed(WEB, _targets(("tag-key", ["Role"]))), True, True),
    ("instances", _changed(WEB, _targets(("InstanceIds", ["i-3"]))), True, True),
    ("one instance more", _changed(IDS, _targets(("InstanceIds", ["i-1", "i-2", "i-3"]))), True, False),
    ("another group", _changed(GROUP, _targets(("resource-groups:Name", ["test"]))), True, True),
    ("any type", _changed(GROUP, _targets(("resource-groups:Name", ["prod"]))), True, False),
    (
        "one type",
        _changed(GROUP, _targets(("resource-groups:Name", ["prod"]), (TYPES, ["AWS::EC2::Instance"]))),
        False,
        True,
    ),
    ("a target of a task that scans", _changed(DB, _targets(("tag-key", ["Role"]))), False, False),
    (
        "a target of no task",
        _added(("target", "more"), {"Targets": [{"Key": "tag-key", "Values": ["a"]}]}),
        False,
        False,
    ),
    ("labels of a target", _changed(WEB, ("Name", "other"), ("OwnerInformation", "text")), False, False),
    # Tasks that come and go, and where they run.
    ("a second task", _added(RUNBOOK, deepcopy(PARTS[INSTALL])), True, False),
    ("a task that scans", _added(("task", "more"), deepcopy(PARTS[SCAN])), False, False),
    (
        "a script",
        _added(SCRIPT, _command("script", "AWS-RunShellScript", {"commands": ["yum update"]}, "web")),
        True,
        False,
    ),
    ("a runbook", _added(RUNBOOK, {"TaskType": "AUTOMATION", "TaskArn": "AWS-PatchInstanceWithRollback"}), True, False),
    ("a task on nothing", _added(SCRIPT, _command("script", "AWS-RunShellScript", {}, "none")), False, False),
    ("one target more", _changed(INSTALL, _targets(("WindowTargetIds", ["web", "group", "ids", "db"]))), True, False),
    ("instances of a target", _changed(INSTALL, _targets(("InstanceIds", ["i-1"]))), False, True),
    ("other instances", _changed(INSTALL, _targets(("InstanceIds", ["i-3"]))), True, True),
    ("renamed", _changed(INSTALL, ("Name", "other")), True, True),
    # What a task does.
    ("Scan to Install", _changed(SCAN, (f"{PARAMETERS}.Operation", ["Install"])), True, False),
    ("Scan with a hook", _changed(SCAN, (PARAMETERS, HOOKED)), True, False),
    ("NoReboot", _changed(INSTALL, (f"{PARAMETERS}.RebootOption", ["NoReboot"])), False, True),
    ("RebootIfNeeded, as without", _changed(INSTALL, (f"{PARAMETERS}.RebootOption", ["RebootIfNeeded"])), False, False),
    ("a list of patches", _changed(INSTALL, (f"{PARAMETERS}.InstallOverrideList", ["s3://bucket/key"])), True, True),
    ("other baselines", _changed(INSTALL, (f"{PARAMETERS}.BaselineOverride", ["s3://bucket/key"])), True, True),
    ("another document", _changed(INSTALL, ("TaskArn", "Company-Patch")), True, True),
    ("another document that scans", _changed(SCAN, ("TaskArn", "Company-Patch")), True, False),
    ("another version", _changed(INSTALL, (f"{COMMAND}.DocumentVersion", "2")), True, True),
    ("the default version, as without", _changed(INSTALL, (f"{COMMAND}.DocumentVersion", "$DEFAULT")), False, False),
    ("another role", _changed(INSTALL, ("ServiceRoleArn", "arn:aws:iam::123456789012:role/patch")), True, True),
    ("other rates", _changed(INSTALL, ("MaxConcurrency", "100%")), True, False),
    ("a number instead of a share", _changed(INSTALL, ("MaxConcurrency", "1")), True, True),
    ("more errors", _changed(INSTALL, ("MaxErrors", "3")), True, False),
    ("another turn", _changed(INSTALL, ("Priority", 0)), True, True),
    ("stopped at the cutoff", _changed(INSTALL, ("CutoffBehavior", "CANCEL_TASK")), False, True),
    ("an alarm", _changed(INSTALL, ("AlarmConfiguration.Alarms", [{"Name": "one"}])), False, True),
    ("the default at the cutoff", _changed(INSTALL, ("CutoffBehavior", GONE)), False, False),
    ("patience", _changed(INSTALL, (f"{COMMAND}.TimeoutSeconds", 60)), True, True),
    (
        "reports",
        _changed(
            INSTALL,
            ("Description", "text"),
            (f"{COMMAND}.Comment", "text"),
            (f"{COMMAND}.OutputS3BucketName", "bucket"),
            (f"{COMMAND}.ServiceRoleArn", "arn:aws:iam::123456789012:role/notify"),
            (f"{COMMAND}.NotificationConfig", {"NotificationArn": "arn"}),
        ),
        False,
        False,
    ),
    ("a member that is not known here", _changed(INSTALL, ("Hurry", "yes")), True, True),
]


@pytest.mark.parametrize(("change", "more", "there", "back"), CASES, ids=[case[0] for case in CASES])
def test_a_change_and_its_reverse(change: str, more: dict[Key, Raw], there: bool, back: bool) -> None:
    assert installs_more(PARTS, more) is there, change
    assert installs_more(more, PARTS) is back, f"not {change}"


def test_a_new_window_installs_more_only_with_such_tasks() -> None:
    scanning = {key: raw for key, raw in PARTS.items() if key != INSTALL}

    assert installs_more({}, PARTS)
    assert not installs_more({}, scanning)
    assert not installs_more(PARTS, {})


def test_a_rate_counts_from_its_start() -> None:
    rate = _changed(WINDOW, ("Schedule", "rate(7 days)"))
    later = deepcopy(rate)
    later[WINDOW]["StartDate"] = "2026-03-01T00:00:00Z"

    assert installs_more(rate, later)
    plural = deepcopy(rate)
    plural[WINDOW]["Schedule"] = "rate(7 day)"
    assert not installs_more(rate, plural)


def test_any_other_tag_keys_may_select_more_nodes() -> None:
    several = _changed(WEB, _targets(("tag-key", ["Env", "Role"])))
    fewer = _changed(WEB, _targets(("tag-key", ["Role"])))

    assert installs_more(several, fewer)
    assert installs_more(fewer, several)


def test_an_alarm_that_cannot_be_read_stops_more_than_one_that_is_ignored() -> None:
    strict = _changed(INSTALL, ("AlarmConfiguration", {"Alarms": [{"Name": "one"}], "IgnorePollAlarmFailure": False}))
    patient = deepcopy(strict)
    patient[INSTALL]["AlarmConfiguration"]["IgnorePollAlarmFailure"] = True

    assert installs_more(strict, patient)
    assert not installs_more(patient, strict)


def test_only_a_scan_by_a_document_of_aws_is_known_to_install_nothing() -> None:
    arn = "arn:aws:ssm:eu-central-1::document/AWS-RunPatchBaseline"
    for document in (arn, "AWS-RunPatchBaselineWithHooks", "AWS-RunPatchBaselineAssociation"):
        assert not may_install(_command("scan", document, {"Operation": ["Scan"], "RebootOption": ["NoReboot"]}, "web"))
    older = {"TaskType": "RUN_COMMAND", "TaskArn": PATCH, "TaskParameters": {"Operation": {"Values": ["Scan"]}}}
    assert not may_install(older)
    for task in ({}, {"TaskType": "RUN_COMMAND", "TaskArn": PATCH}, {"TaskType": "LAMBDA", "TaskArn": "scan"}):
        assert may_install(task)
