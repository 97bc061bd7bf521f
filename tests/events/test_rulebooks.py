# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks are valid; an event of EventBridge runs the playbook that its rule names, and changes nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.patchfleet.aws.tests.support.event_account import (
    ACCOUNT,
    CONTROLLER,
    NODE,
    REGION,
    EventAccount,
)
from simulator import CHECKOUT, STILL, serving

RULEBOOK = CHECKOUT / "extensions" / "eda" / "rulebooks" / "patch_events.yml"
COMMAND = CHECKOUT / ".venv-events" / "bin" / "ansible-rulebook"
SOURCES = CHECKOUT / "tests" / "events" / "sources"
# What a person waits for and a test need not.
SHORTER = {"5 minutes": "5 seconds", "1 minute": "5 seconds"}

pytestmark = [
    pytest.mark.skipif(not COMMAND.exists(), reason="ansible-rulebook is not installed; make test-events installs it"),
    pytest.mark.skipif(not shutil.which("java"), reason="ansible-rulebook needs Java; make test-events installs it"),
    pytest.mark.xdist_group("events"),
]
FAILED = "Maintenance Window Execution State-change Notification"
COMPLIANCE = "Configuration Compliance State Change"
CALL = "AWS API Call via CloudTrail"
PERSON = f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/alice"
EVENT_ID = "0c1f1e0a-6a3b-4f0e-9f0e-0123456789ab"


@pytest.mark.parametrize("path", sorted(RULEBOOK.parent.iterdir()), ids=lambda path: path.name)
def test_a_rulebook_fits_the_schema_of_ansible_rulebook(path: Path) -> None:
    check = (
        "import sys, yaml; from ansible_rulebook.validators import Validate;"
        "Validate.rulebook(yaml.safe_load(open(sys.argv[1])))"
    )
    command = [COMMAND.with_name("python"), "-c", check, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventAccount]:
    """An account with a window that failed."""
    with serving(*STILL) as endpoint:
        yield EventAccount(endpoint, tmp_path_factory.mktemp("events"))


def react(events: EventAccount) -> str:
    """Run the rulebook until the queue is empty and each event had its effect; return what it says."""
    name_account(events)
    text = RULEBOOK.read_text(encoding="utf-8")
    for long, short in SHORTER.items():
        text = text.replace(long, short)
    (events.folder / "rulebook.yml").write_text(text, encoding="utf-8")
    (events.folder / "vars.yml").write_text(yaml.safe_dump({"patch_events_region": REGION}), encoding="utf-8")
    options = ["-r", "rulebook.yml", "-i", "inventory.yml", "-e", "vars.yml", "-S", str(SOURCES)]
    # The rulebook ends with its source, after the actions that have begun.
    done = events.run([str(COMMAND), *options, "--shutdown-delay", "3600"], EVENTS_IDLE_SECONDS="15")
    assert done.returncode == 0, done.stdout + done.stderr
    # The output of a playbook that failed is among the errors once more.
    return done.stdout


def name_account(events: EventAccount) -> None:
    """Give the messages in the queue their account, which moto leaves out."""
    client = events.client("sqs")
    bodies = []
    while messages := client.receive_message(QueueUrl=events.queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            bodies.append(message["Body"].replace('{"id":', f'{{"account": "{ACCOUNT}", "id":', 1))
            client.delete_message(QueueUrl=events.queue, ReceiptHandle=message["ReceiptHandle"])
    for body in bodies:
        events.send(body)


def failed(events: EventAccount, **more: Any) -> dict[str, Any]:
    """The detail of an event of the window execution, as AWS documents it."""
    return {
        "start-time": "2026-01-04T02:00:00.039273Z",
        "end-time": "2026-01-04T02:05:18.083773Z",
        "window-id": events.window_id,
        "window-execution-id": events.execution["WindowExecutionId"],
        "status": "FAILED",
        **more,
    }


def noncompliant(**more: Any) -> dict[str, Any]:
    """The detail of an event of a node, as AWS documents it."""
    return {
        "resource-type": "managed-instance",
        "resource-id": NODE["InstanceId"],
        "compliance-status": "non_compliant",
        "compliance-type": "Patch",
        "patch-baseline-id": "pb-0123456789abcdef0",
        "severity": "critical",
        **more,
    }


def called(arn: str = PERSON, role: str = f"arn:aws:iam::{ACCOUNT}:role/admin", **more: Any) -> dict[str, Any]:
    """The detail of a call of the API: a record of CloudTrail."""
    session = {"sessionContext": {"sessionIssuer": {"type": "Role", "arn": role}}}
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "arn": arn, "accountId": ACCOUNT, **session},
        "eventSource": "ssm.amazonaws.com",
        "eventName": "UpdateMaintenanceWindow",
        "awsRegion": REGION,
        "userAgent": "console {{ lookup('pipe', 'touch hostile') }}",
        "requestParameters": {
            "windowId": "mw-0123456789abcdef0",
            "description": "{{ lookup('pipe', 'touch hostile') }}",
        },
        "eventID": EVENT_ID,
        "readOnly": False,
        **more,
    }


def test_events_run_playbooks_that_show_what_happened_and_change_nothing(events: EventAccount) -> None:
    events.client("ssm").update_maintenance_window(WindowId=events.window_id, Duration=7)
    before = len(events.calls())
    events.put(FAILED, failed(events))
    events.put(FAILED, failed(events))
    for _again in range(3):
        events.put(COMPLIANCE, noncompliant())
    events.put(CALL, called())
    events.put(CALL, called())
    assert events.waiting() == 7

    said = react(events)

    assert said.count("Show what failed in a window]") == 1
    assert f"weekly ({events.window_id}): FAILED" in said
    assert said.count("Show noncompliant nodes, and what the next windows install on them]") == 1
    assert f"Event: {NODE['InstanceId']} became noncompliant" in said
    assert said.count("Compare the account with the declaration]") == 1
    assert f"{PERSON} called UpdateMaintenanceWindow (CloudTrail event {EVENT_ID}). The account differs" in said
    assert "Would update 1 window: weekly (duration)" in said
    later = events.calls()[before:]
    assert len(later) > 0
    assert [call["op"] for call in later if call["write"]] == []


def test_the_rules_of_eventbridge_send_nothing_else(events: EventAccount) -> None:
    events.put(FAILED, failed(events, status="SUCCESS"))
    events.put(FAILED, failed(events), source="of.somebody")
    events.put(COMPLIANCE, noncompliant(**{"compliance-status": "compliant"}))
    events.put(COMPLIANCE, noncompliant(**{"compliance-type": "Association"}))
    events.put(CALL, called(eventName="DescribeMaintenanceWindows"))
    events.put(CALL, called(errorCode="AccessDenied"))
    events.put(CALL, called(f"arn:aws:sts::{ACCOUNT}:assumed-role/patching/patchfleet", CONTROLLER))

    assert events.waiting() == 0


def test_text_of_an_account_is_neither_run_nor_passed_on(events: EventAccount, tmp_path: Path) -> None:
    hostile = f"{{{{ lookup('pipe', 'touch {tmp_path}/hostile') }}}}"
    window, node = events.window_id, str(NODE["InstanceId"])
    events.send("no JSON")
    events.send(json.dumps(["a", "list"]))
    for name in (window + "\n", window + hostile, hostile, "mw-0123456789abcdeF0", "", None, [window]):
        events.put(FAILED, failed(events, **{"window-id": name}))
    for name in (f"{node}\n", hostile, "i-012 -e x=y"):
        events.put(COMPLIANCE, noncompliant(**{"resource-id": name}))
    events.put(CALL, called(eventID=f"{EVENT_ID}\n"))
    events.put(CALL, called(f"arn:aws:iam::{ACCOUNT}:user/{hostile}"))

    said = react(events)

    assert said.count("PLAY RECAP") == 1
    assert f"arn:aws:iam::{ACCOUNT}:user/???lookup??pipe?,??touch?{tmp_path}/hostile????? called" in said
    assert "{{" not in said
    assert list(tmp_path.iterdir()) == []


def test_no_event_of_another_form_keeps_the_next_one_from_its_playbook(events: EventAccount) -> None:
    good = {"version": "0", "source": "aws.ssm", "account": ACCOUNT, "region": REGION, "detail-type": FAILED}
    good["detail"] = failed(events)
    # Patterns with repeated groups are where an engine of regular expressions runs out of stack.
    long = "eu" + "-a" * 50_000 + "-1"
    wrong = [
        {},
        {"body": good},
        *({**good, "detail": detail} for detail in (None, "text", [good["detail"]], {"detail": good["detail"]})),
        *({**good, "account": account} for account in (int(ACCOUNT), None, [ACCOUNT], {"id": ACCOUNT}, "\uff11" * 12)),
        *({**good, "region": region} for region in (long, "eu-west-1" + "x" * 200_000, "", ["eu-west-1"])),
        {**good, "detail": failed(events, **{"window-execution-id": "0" * 200_000})},
        {**good, "detail-type": [FAILED]},
        {**good, "detail": failed(events, status={"FAILED": 1})},
    ]
    for event in wrong:
        events.send(json.dumps(event))
    foreign = {**good, "account": "999999999999"}
    foreign["detail"] = failed(events, **{"window-execution-id": "99999999-6a3b-4f0e-9f0e-0123456789ab"})
    events.send(json.dumps(foreign))
    events.send(json.dumps(good))

    said = react(events)

    assert said.count(f"weekly ({events.window_id}): FAILED") == 1, said
    assert f"{ACCOUNT}, {REGION}" in said
    assert "The inventory has no host with aws_account_id 999999999999" in said
    # That of the account, and that of the foreign one, which ended before it read anything.
    assert said.count("PLAY RECAP") == 2
