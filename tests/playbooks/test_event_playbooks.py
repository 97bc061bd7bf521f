# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks for events: what they show, what they refuse, and the queue that brings the events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.event_account import ACCOUNT, NODE, QUEUE, REGION, EventAccount

pytestmark = pytest.mark.xdist_group("event_playbooks")
PERSON = f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/alice"
EVENT_ID = "0c1f1e0a-6a3b-4f0e-9f0e-0123456789ab"
PLACE: dict[str, Any] = {"patch_event_account": ACCOUNT, "patch_event_region": REGION}
CALL = {"patch_event_action": "UpdateMaintenanceWindow", "patch_event_id": EVENT_ID, "patch_event_actor": PERSON}


@pytest.fixture(scope="module")
def account(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> EventAccount:
    """An account with a window that failed."""
    return EventAccount(endpoint, tmp_path_factory.mktemp("events"))


def test_only_the_rules_of_this_account_may_send_to_the_queue(account: EventAccount) -> None:
    attributes = account.client("sqs").get_queue_attributes(QueueUrl=account.queue, AttributeNames=["All"])
    allow, deny = json.loads(attributes["Attributes"]["Policy"])["Statement"]
    assert (allow["Principal"], allow["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    assert allow["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{QUEUE}-*"},
    }
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert attributes["Attributes"]["SqsManagedSseEnabled"] == "true"


def test_the_queue_is_made_once_and_leaves_nothing_when_it_is_removed(account: EventAccount) -> None:
    prefix = {"patch_events_queue": "other-events"}
    first = account.play("event_queue", **prefix)
    assert "changed=3" in first.stdout, first.stdout
    assert "changed=0" in account.play("event_queue", **prefix).stdout
    rules = account.client("events").list_rules(NamePrefix="other-events")["Rules"]
    assert sorted(rule["Name"].removeprefix("other-events-") for rule in rules) == ["change", "compliance", "window"]

    account.play("event_queue", **prefix, patch_events_state="absent")

    assert account.client("events").list_rules(NamePrefix="other-events")["Rules"] == []
    assert "QueueUrls" not in account.client("sqs").list_queues(QueueNamePrefix="other-events")


def test_own_roles_may_be_text(account: EventAccount) -> None:
    roles = [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("patching", "pipeline")]

    account.play("event_queue", patch_events_queue="text", patch_events_own_roles=", ".join(roles))

    rule = account.client("events").describe_rule(Name="text-change")
    issuer = json.loads(rule["EventPattern"])["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]
    assert issuer == {"arn": [{"exists": False}, {"anything-but": roles}]}


def test_rules_send_to_a_bus_instead_of_a_queue(account: EventAccount) -> None:
    bus, role = "arn:aws:events:eu-west-1:333333333333:event-bus/default", f"arn:aws:iam::{ACCOUNT}:role/forward"
    sent = {"patch_events_bus_arn": bus, "patch_events_bus_role_arn": role, "patch_events_queue": "forwarded"}

    done = account.play("event_queue", **sent)

    assert done.returncode == 0, done.stdout
    [target] = account.client("events").list_targets_by_rule(Rule="forwarded-window")["Targets"]
    assert (target["Arn"], target["RoleArn"]) == (bus, role)
    assert "QueueUrls" not in account.client("sqs").list_queues(QueueNamePrefix="forwarded")


def test_a_failed_execution_is_shown_with_its_task_and_nodes(account: EventAccount) -> None:
    execution = {"patch_event_execution_id": account.execution["WindowExecutionId"]}

    said = account.play("window_failed", **PLACE, patch_event_window_id=account.window_id, **execution).stdout

    assert f"{ACCOUNT}, {REGION}" in said
    assert f"weekly ({account.window_id}): FAILED" in said
    assert "Task install: FAILED" in said
    assert f"web ({NODE['InstanceId']}): FAILED" in said


def test_noncompliant_nodes_are_shown_with_what_the_next_window_installs(account: EventAccount) -> None:
    said = account.play("nodes_noncompliant", **PLACE, patch_event_instance_id=NODE["InstanceId"]).stdout

    assert f"{ACCOUNT}, {REGION}" in said
    assert f"Event: {NODE['InstanceId']} became noncompliant" in said
    assert f"Noncompliant: 1 of 1 managed node: {NODE['InstanceId']}" in said
    assert "weekly/install: installs 2 patches on 1 of 1 node" in said


def test_a_change_by_hand_fails_only_where_the_account_differs_and_is_not_put_back(account: EventAccount) -> None:
    client = account.client("ssm")
    same = account.play("changed_by_hand", **PLACE, **CALL)
    assert same.returncode == 0, same.stdout
    assert f"{ACCOUNT}, {REGION}: {PERSON} called UpdateMaintenanceWindow" in same.stdout
    client.update_maintenance_window(WindowId=account.window_id, Duration=7)
    before = len(account.calls())

    done = account.play("changed_by_hand", **PLACE, **CALL)

    assert done.returncode != 0
    assert "The account differs from the declaration: Would update 1 window: weekly (duration)" in done.stdout
    assert [call["op"] for call in account.calls()[before:] if call["write"]] == []
    client.update_maintenance_window(WindowId=account.window_id, Duration=4)


@pytest.mark.parametrize(
    ("playbook", "wrong", "message"),
    [
        ("window_failed", {"patch_event_window_id": "mw-1"}, "patch_event_window_id is missing or does not match"),
        ("nodes_noncompliant", {"patch_event_account": "1"}, "patch_event_account is missing or does not match"),
        (
            "changed_by_hand",
            {**CALL, "patch_event_account": "999999999999"},
            "The inventory has no host with aws_account_id 999999999999 and aws_region eu-west-1",
        ),
    ],
)
def test_an_event_of_another_form_or_account_is_refused_before_anything_is_read(
    account: EventAccount, playbook: str, wrong: dict[str, str], message: str
) -> None:
    before = len(account.calls())

    done = account.play(playbook, **{**PLACE, **wrong})

    assert done.returncode != 0
    assert message in " ".join(done.stdout.split())
    assert len(account.calls()) == before
