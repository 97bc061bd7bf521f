# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends a command exactly once, even if responses are lost, and reads it until it has ended.

SendCommand has no client token, so a second call creates a second command. The call is repeated only if AWS throttled
it. If there is no response, or one for another command, the command is searched by its SnapshotId.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible.module_utils.api import generate_jittered_backoff

from .._aws.answers import not_understood, require
from .._aws.client import Api
from .._aws.errors import ApiError, PatchingError
from .._aws.moments import read_dates
from .._aws.structures import Raw
from .._schedules import clock
from .command import Facts, command_facts, instance_facts, is_running, snapshot_id

# The largest page of ListCommands and ListCommandInvocations.
_PAGE = 50
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException"})
# The error code for a command that does not exist, or is not visible yet.
UNKNOWN = "InvalidCommandId"
# Seconds before each search for a command whose response was lost, because listings can lag behind.
_LOST_LOOKS = (1, 2, 4, 8, 15, 30)
# Seconds before each further read of a command that was just sent, or has just ended, and is not visible as such yet.
_LAG_LOOKS = (1, 2, 3, 4, 5)


class LostAnswerError(PatchingError):
    """It is unknown whether the command was sent."""


def connect_once(module: Any) -> Api:
    """An API without the retries of botocore, regardless of O(aws_config)."""
    client = module.client("ssm", config={"retries": {"mode": "standard", "total_max_attempts": 1}})
    client.meta.events.unregister("needs-retry.ssm", unique_id="retry-config-ssm")
    return Api(read_dates(client))


def send(api: Api, once: Api, request: Raw) -> Raw:
    """Send a command and return it as the service does. once: an API without retries."""
    delays = generate_jittered_backoff(retries=10, delay_base=1, delay_threshold=20)
    while True:
        try:
            command: Raw = once.get("SendCommand", "Command", **request)["Command"]
            require("SendCommand", command, ["CommandId", "Status"])
            if snapshot_id(command) != snapshot_id(request):
                raise not_understood("SendCommand", "the response is about another command")
        except ApiError as error:
            if not error.refused:
                return _found(api, request, error)
            delay = next(delays, None) if error.code in _THROTTLED else None
            if delay is None:
                raise
            clock.sleep(delay)
        else:
            return command


def _found(api: Api, request: Raw, lost: ApiError) -> Raw:
    """The command whose response was lost."""
    wanted = snapshot_id(request)
    reason = ""
    for delay in _LOST_LOOKS:
        clock.sleep(delay)
        reason = f"no command with this SnapshotId appeared within {sum(_LOST_LOOKS)} seconds"
        try:
            for command in _sent(api, request, ended=delay == _LOST_LOOKS[-1]):
                if snapshot_id(command) == wanted:
                    return command
        except ApiError as error:
            # The network that lost the response can lose a search, too. Only a rejection is final.
            reason = f"the last lookup failed: {error}"
            if error.refused:
                break
    raise LostAnswerError(
        f"{lost} It is unknown whether the command was sent, and it was not sent again: {reason}. Before you run"
        f" again, look in the Run Command history for a command with the SnapshotId"
        f" {wanted}. If you find it, specify its ID as command_id."
    ) from lost


def _sent(api: Api, request: Raw, ended: bool) -> Iterator[Raw]:
    """Commands of the same document: those in progress, or the whole history."""
    filters = [] if ended else [{"key": "ExecutionStage", "value": "Executing"}]
    if ":" not in request["DocumentName"]:
        filters.append({"key": "DocumentName", "value": request["DocumentName"]})
    wanted = {"Filters": filters} if filters else {}
    return api.pages("ListCommands", "Commands", "CommandId", "Status", MaxResults=_PAGE, **wanted)


def look(api: Api, command_id: str) -> Raw:
    """The current state of a command. A new command might not be visible immediately."""
    for delay in (*_LAG_LOOKS, None):
        try:
            listed = api.pages(
                "ListCommands", "Commands", "CommandId", "Status", CommandId=command_id, MaxResults=_PAGE
            )
            for command in listed:
                return _about("ListCommands", command_id, command)
        except ApiError as error:
            if error.code != UNKNOWN:
                raise
        if delay:
            clock.sleep(delay)
    raise ApiError("ListCommands", UNKNOWN, f"the command {command_id} does not exist")


def _about(operation: str, command_id: str, entry: Raw) -> Raw:
    """An entry of a listing for one command. Raises ApiError if it belongs to another command."""
    found = entry.get("CommandId", command_id)
    if found != command_id:
        raise not_understood(operation, f"AWS returned {found} instead of {command_id}")
    return entry


def wait(api: Api, command: Raw, timeout: float, interval: float) -> Iterator[Raw]:
    """Yield the state of the command at each read, until it has ended or the timeout expires."""
    end = clock.monotonic() + timeout
    while is_running(command_facts(command)) and (left := end - clock.monotonic()) > 0:
        clock.sleep(min(interval, left))
        command = look(api, command["CommandId"])
        yield command


def instances(api: Api, command: Raw) -> list[Facts]:
    """The facts of each instance of a command, in the order of the IDs."""
    found = list_instances(api, command["CommandId"])
    ended = not is_running(command_facts(command))
    for delay in _LAG_LOOKS:
        # The listing of the instances can lag behind the command.
        if not ended or not (any(map(is_running, found)) or len(found) < command.get("TargetCount", 0)):
            break
        clock.sleep(delay)
        found = list_instances(api, command["CommandId"])
    return found


def list_instances(api: Api, command_id: str) -> list[Facts]:
    """The facts of each instance that is currently listed, in the order of the IDs. Empty for an unknown command."""
    operation = "ListCommandInvocations"
    wanted = {"CommandId": command_id, "Details": True, "MaxResults": _PAGE}
    pages = api.pages(operation, "CommandInvocations", "InstanceId", "Status", **wanted)
    try:
        found = {one["InstanceId"]: instance_facts(_about(operation, command_id, one)) for one in pages}
    except ApiError as error:
        if error.code != UNKNOWN:
            raise
        return []
    return [found[instance_id] for instance_id in sorted(found)]
