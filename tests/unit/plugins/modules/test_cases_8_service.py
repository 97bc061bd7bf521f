# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acceptance cases 94, 99 and 100, and those without a number: errors, throttling, schedules, late consistency."""

from __future__ import annotations

import pytest
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import Account
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.comparing import apply
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.subjects import PATCH_TASK, PROD, SUBJECTS, Subject

ROLE = "arn:aws:iam::123456789012:role/patching-windows"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:patching"
# A role is known to IAM before it is known everywhere; the words are not the service's own.
NEW_ROLE = {"do": "ValidationException", "message": f"The role {ROLE} cannot be assumed by ssm.amazonaws.com"}
WITH_ROLE = [{"service_role_arn": ROLE}, {"notification": {"role_arn": ROLE, "topic_arn": TOPIC}}]
SUBJECT = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.module)


@SUBJECT
def test_case_094_an_action_that_is_not_allowed_is_named(account: Account, subject: Subject) -> None:
    subject.prepare(account)
    account.faults({"op": subject.kind.create, "do": "AccessDeniedException"})

    failed = account.fails(subject.module, **subject.creation())

    assert f"Allow the action ssm:{subject.kind.create} in the policy" in failed["msg"]
    (error,) = failed["errors"]
    assert error["code"] == "AccessDeniedException"
    assert error["request_id"] in failed["msg"]


@SUBJECT
def test_a_read_that_is_not_allowed(account: Account, subject: Subject) -> None:
    account.faults({"op": "Describe*", "do": "AccessDeniedException"})

    failed = account.fails(subject.module, **subject.creation())

    assert failed["changed"] is False
    assert "Nothing was written." in failed["msg"]
    assert failed["error"]["code"] == "AccessDeniedException"


@SUBJECT
def test_case_100_from_names_alone_nothing_is_made_twice(account: Account, subject: Subject) -> None:
    subject.prepare(account)

    results = [account.run(subject.module, **subject.creation())["changed"] for _ in range(5)]

    assert results == [True, False, False, False, False]
    assert account.calls()[subject.kind.create] == 1


@SUBJECT
def test_throttled_twice(account: Account, subject: Subject) -> None:
    subject.prepare(account)
    account.faults({"op": "*", "do": "ThrottlingException", "times": 2})

    assert account.run(subject.module, **subject.creation())["changed"]


@SUBJECT
def test_throttled_for_ever(account: Account, subject: Subject) -> None:
    subject.prepare(account)
    account.faults({"op": subject.kind.create, "do": "ThrottlingException"})

    failed = account.fails(subject.module, **subject.creation())

    assert f"ssm:{subject.kind.create} failed" in failed["msg"]
    assert "lower concurrency" in failed["msg"]
    tokens = {request["ClientToken"] for request in account.inputs(subject.kind.create)}
    assert len(tokens) == 1
    assert account.calls()[subject.kind.create] > 2


@SUBJECT
@pytest.mark.parametrize("fault", ["InternalServerError", "drop", "lost", "html"])
def test_a_disturbed_connection_is_survived(account: Account, subject: Subject, fault: str) -> None:
    subject.prepare(account)
    account.faults({"op": "*", "do": fault, "times": 1}, {"op": subject.kind.create, "do": fault, "times": 1})

    done = account.run(subject.module, **subject.creation())

    assert done["changed"]
    again = account.run(subject.module, **subject.creation())
    assert not again["changed"]
    id_option = subject.kind.id_option
    assert again[subject.result][id_option] == done[subject.result][id_option]


@SUBJECT
def test_reads_that_lag(account: Account, subject: Subject) -> None:
    subject.prepare(account)
    account.simulator.set_lag(3)

    done = account.run(subject.module, **subject.creation())

    assert done["changed"]
    assert account.calls()[subject.kind.create] == 1


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ("cron(0 16 * * TUE *)", "day-of-month"),
        ("0 16 * * 2", "cron("),
        ("rate(0 days)", "rate"),
        ("cron(0 25 ? * TUE *)", "hours"),
        ("cron(0 16 ? * TUES *)", "day-of-week"),
    ],
)
def test_a_schedule_that_is_none(account: Account, schedule: str, field: str) -> None:
    violations = account.refuses("ssm_maintenance_window", **{**PROD, "schedule": schedule})

    assert any(text.startswith("schedule: ") and field in text for text in violations), violations
    assert not account.calls()


@SUBJECT
def test_case_099_drift_is_shown_in_check_mode(account: Account, subject: Subject) -> None:
    subject.prepare(account)
    declared = {**subject.creation(), "description": "declared"}
    account.run(subject.module, **declared)

    shown = account.run(subject.module, check=True, **{**declared, "description": "other"})

    (entry,) = shown["diff"]
    assert entry["before"] == {"description": "declared"}
    assert entry["after"] == {"description": "other"}


@pytest.mark.parametrize("roles", WITH_ROLE, ids=lambda roles: next(iter(roles)))
@pytest.mark.parametrize("operation", [PATCH_TASK.kind.create, PATCH_TASK.kind.update])
def test_a_role_that_was_made_a_moment_ago_is_waited_for(
    account: Account, roles: dict[str, object], operation: str
) -> None:
    PATCH_TASK.prepare(account)
    if operation == PATCH_TASK.kind.update:
        account.run("ssm_patch_task", **PATCH_TASK.creation())
    account.faults({**NEW_ROLE, "op": operation, "times": 2})
    account.clear_log()

    account.run("ssm_patch_task", **PATCH_TASK.creation(), **roles)

    assert account.calls()[operation] == 3


def test_a_role_is_not_waited_for_for_ever(account: Account) -> None:
    PATCH_TASK.prepare(account)
    account.faults({**NEW_ROLE, "op": PATCH_TASK.kind.create})

    failed = account.fails("ssm_patch_task", **PATCH_TASK.creation(), service_role_arn=ROLE)

    assert NEW_ROLE["message"] in failed["msg"]
    assert 2 < account.calls()[PATCH_TASK.kind.create] < 20


def test_another_refusal_is_not_tried_again(account: Account) -> None:
    PATCH_TASK.prepare(account)
    account.faults({"op": PATCH_TASK.kind.create, "do": "ValidationException", "message": "something else"})

    account.fails("ssm_patch_task", **PATCH_TASK.creation(), service_role_arn=ROLE)

    assert account.calls()[PATCH_TASK.kind.create] == 1


def test_a_setup_survives_lag_and_throttling_together(account: Account) -> None:
    account.simulator.set_lag(2)
    account.faults({"op": "*", "do": "ThrottlingException", "rate": 0.2})
    setup = {
        "baselines": [{"name": "linux", "operating_system": "AMAZON_LINUX_2023", "patch_groups": ["Web"]}],
        "windows": [
            {
                **PROD,
                "targets": [{"name": "web", "patch_groups": ["Web"]}],
                "patch_tasks": [{"name": "install", "operation": "Install", "window_targets": ["web"]}],
            }
        ],
    }

    account.run("ssm_patch_setup", **setup)
    account.faults()
    account.simulator.set_lag(0)

    apply(account, "ssm_patch_setup", **setup)
    assert account.calls()["DeleteMaintenanceWindow"] == 0
