# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patching now through proxies that answer in the place of the service: nothing is sent twice, nothing is claimed."""

from __future__ import annotations

import datetime
import json
from types import SimpleNamespace
from typing import Any

import botocore.auth
import pytest
from ansible_collections.patchfleet.aws.tests.support.account import CLIENTS, Account
from ansible_collections.patchfleet.aws.tests.support.proxies import (
    LOST,
    OWN,
    REFUSALS,
    Answer,
    answer_instead,
    document,
    in_json,
    sent,
)
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, CredentialRetrievalError, SSLError, UnauthorizedSSOTokenError

from .test_ssm_patch_run_faults import MODULE, NODES, SCAN, commands, fleet

__all__ = ["fleet"]
INSTALL = {**SCAN, "operation": "Install", "reboot_option": "NoReboot"}


def never_claims(result: dict[str, Any]) -> None:
    """The result of a run that cannot know whether the command was sent."""
    assert result["failed"]
    assert "It is unknown whether the command was sent, and it was not sent again" in result["msg"]
    assert "No command was sent" not in result["msg"]
    assert result["command"]["snapshot_id"] in result["msg"]
    assert result["changed"]


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST.keys())
def test_a_command_that_took_effect_is_found_whatever_a_proxy_answers(fleet: Account, answer: Answer) -> None:
    answer_instead(fleet, "SendCommand", answer, forward=True)

    done = fleet.run(MODULE, **INSTALL)

    (command,) = commands(fleet)
    assert done["command"]["command_id"] == command["CommandId"]
    assert [one["status"] for one in done["instances"]] == ["Success"] * 3
    assert sent(fleet, "SendCommand") == 1


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST.keys())
def test_a_proxy_that_keeps_the_command_back_is_no_refusal(fleet: Account, answer: Answer) -> None:
    answer_instead(fleet, "SendCommand", answer, forward=False)

    never_claims(fleet.fails(MODULE, **INSTALL))
    assert sent(fleet, "SendCommand") == 1


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS.keys())
def test_a_document_of_the_service_is_a_refusal(fleet: Account, answer: Answer) -> None:
    answer_instead(fleet, "SendCommand", answer, forward=False)

    failed = fleet.fails(MODULE, **INSTALL)

    assert failed["msg"].endswith("No command was sent.")
    assert not failed["changed"]
    assert sent(fleet, "SendCommand") == 1
    assert sent(fleet, "ListCommands") == 0


def other_command(**changed: Any) -> Answer:
    """The answer to somebody else's command."""
    parameters = {"Operation": ["Scan"], "SnapshotId": ["00000000-0000-0000-0000-000000000000"]}
    command = {"CommandId": "0831e1a8-2d1c-4f8a-9a3e-5b1f7d6f2c11", "Status": "Pending", "Parameters": parameters}
    return in_json(200, {"Command": {**command, **changed}}, OWN)


OTHERS = {
    "another snapshot": other_command(),
    "no snapshot": other_command(Parameters={"Operation": ["Scan"]}),
    "no parameters": other_command(Parameters=None),
    "an empty snapshot": other_command(Parameters={"SnapshotId": []}),
    "no id": other_command(CommandId=None),
    "no status": other_command(Status=""),
    "no command": in_json(200, {"Command": None}, OWN),
    "a list of commands": in_json(200, {"Command": []}, OWN),
}


@pytest.mark.parametrize("answer", OTHERS.values(), ids=OTHERS.keys())
def test_an_answer_about_another_command_is_a_lost_answer(fleet: Account, answer: Answer) -> None:
    answer_instead(fleet, "SendCommand", answer, forward=True)

    done = fleet.run(MODULE, **INSTALL)

    (command,) = commands(fleet)
    assert done["command"]["command_id"] == command["CommandId"]
    assert done["command"]["operation"] == "Install"
    assert sent(fleet, "SendCommand") == 1


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("looked", ["forbidden page", "redirect", "page", "empty", "bad gateway", "no request id"])
def test_a_lookup_that_is_lost_as_well(fleet: Account, looked: str, forward: bool) -> None:
    answer_instead(fleet, "SendCommand", LOST["forbidden"], forward=forward)
    answer_instead(fleet, "ListCommands", LOST[looked], forward=True)

    failed = fleet.fails(MODULE, **INSTALL)

    never_claims(failed)
    assert "the last lookup failed: ssm:ListCommands failed" in failed["msg"]
    assert sent(fleet, "SendCommand") == 1


def test_one_look_that_is_lost_is_followed_by_another(fleet: Account) -> None:
    answer_instead(fleet, "SendCommand", LOST["forbidden"], forward=True)
    fleet.faults({"op": "ListCommands", "do": "html", "status": 403, "times": 2})

    done = fleet.run(MODULE, **INSTALL)

    assert done["command"]["command_id"] == commands(fleet)[0]["CommandId"]


@pytest.mark.parametrize("operation", ["ListCommands", "ListCommandInvocations"])
def test_a_look_that_is_answered_about_another_command(fleet: Account, operation: str) -> None:
    entry = {"CommandId": "0831e1a8-2d1c-4f8a-9a3e-5b1f7d6f2c11", "Status": "Success", "InstanceId": NODES[0]}
    result = "Commands" if operation == "ListCommands" else "CommandInvocations"
    command_id = fleet.run(MODULE, **SCAN, wait=False)["command"]["command_id"]
    answer_instead(fleet, operation, in_json(200, {result: [entry]}, OWN), forward=False)

    failed = fleet.fails(MODULE, command_id=command_id)

    assert f"AWS returned {entry['CommandId']} instead of {command_id}" in failed["msg"]
    assert failed["command"]["command_id"] == command_id


@pytest.mark.parametrize("hours", [-7, -1, 1, 12, 24 * 400])
def test_a_clock_that_is_wrong_sends_nothing(fleet: Account, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    send = fleet.send

    def judging(request: Any) -> AWSResponse:
        signed = datetime.datetime.strptime(_text(request.headers["X-Amz-Date"]), "%Y%m%dT%H%M%SZ")
        if abs(signed - _now()) > datetime.timedelta(minutes=15):
            fleet.requests.append(request)
            return document(400, "InvalidSignatureException").response(request.url)
        return send(request)

    CLIENTS.clear()
    _sign_at(monkeypatch, _now() + datetime.timedelta(hours=hours))
    monkeypatch.setattr(fleet, "send", judging)

    failed = fleet.fails(MODULE, **INSTALL)

    assert "the clock of this machine is wrong" in failed["msg"]
    assert failed["msg"].endswith("No command was sent.")
    assert commands(fleet) == []


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def _sign_at(monkeypatch: pytest.MonkeyPatch, moment: datetime.datetime) -> None:
    """Let botocore sign as if it were then."""
    if hasattr(botocore.auth, "get_current_datetime"):
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_args, **_options: moment)
    else:
        # Releases before 1.40 ask the class itself.
        clock = type("Clock", (datetime.datetime,), {"utcnow": staticmethod(lambda: moment)})
        monkeypatch.setattr(botocore.auth, "datetime", SimpleNamespace(datetime=clock))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def raising(fleet: Account, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let a SendCommand raise instead of being sent."""
    send = fleet.send

    def between(request: Any) -> AWSResponse:
        if _text(request.headers["X-Amz-Target"]) == "AmazonSSM.SendCommand":
            raise error
        return send(request)

    monkeypatch.setattr(fleet, "send", between)


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "AssumeRole"),
        CredentialRetrievalError(provider="process", error_msg="no"),
        UnauthorizedSSOTokenError(),
    ],
    ids=["role", "process", "sso"],
)
def test_credentials_that_cannot_be_had_send_nothing(
    fleet: Account, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    raising(fleet, monkeypatch, error)

    failed = fleet.fails(MODULE, **INSTALL)

    assert failed["msg"].endswith("No command was sent.")
    assert sent(fleet, "ListCommands") == 0


def test_a_broken_tls_session_is_a_lost_answer(fleet: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(fleet, monkeypatch, SSLError(endpoint_url="https://ssm", error="EOF"))

    never_claims(fleet.fails(MODULE, **INSTALL))


def test_what_is_refused_after_it_was_throttled_sends_nothing(fleet: Account) -> None:
    fleet.faults(
        {"op": "SendCommand", "do": "ThrottlingException", "times": 2},
        {"op": "SendCommand", "do": "AccessDeniedException"},
    )

    failed = fleet.fails(MODULE, **INSTALL)

    assert failed["msg"].endswith("No command was sent.")
    assert json.dumps(failed["error"])
    assert fleet.calls()["SendCommand"] == 3
