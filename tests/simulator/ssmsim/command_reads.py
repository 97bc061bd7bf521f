# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Command: reads of commands and their invocations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from ssmsim import fleet
from ssmsim.command_course import COMMANDS, Course
from ssmsim.commands import missing_command
from ssmsim.documents import Document, Step
from ssmsim.errors import ServiceError, validation
from ssmsim.node_runs import NOTHING, Result
from ssmsim.paging import page
from ssmsim.registry import operation
from ssmsim.store import Record, Region

MOST_OUTPUT, MOST_ERRORS, MOST_PLUGIN_OUTPUT = 24_000, 8_000, 2_500
_CUT = "\n--output truncated--"
_EXECUTING = ("Pending", "InProgress", "Cancelling", "Delayed")
_STATUSES = (
    *("Pending", "InProgress", "Success", "Cancelled", "Failed", "TimedOut", "AccessDenied"),
    *("DeliveryTimedOut", "ExecutionTimedOut"),
)
_OF_COMMANDS = frozenset({*_STATUSES, "Incomplete", "NoInstancesInTag", "LimitExceeded"})
_OF_INVOCATIONS = frozenset({*_STATUSES, "Delayed", "Undeliverable", "InvalidPlatform", "Terminated"})
# A plugin has fewer statuses than its invocation.
_PLUGIN_STATES = {"Delayed": "Pending", "Cancelling": "InProgress"}

Test = Callable[[Record], bool]


@operation("ListCommands")
def list_commands(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    commands = _commands(region, request)
    if "InstanceId" in request:
        commands = [one for one in commands if request["InstanceId"] in _course(one).instance_ids]
    for test in _tests(request, _OF_COMMANDS, stages=True):
        commands = [one for one in commands if test(one)]
    return page(region, "ListCommands", request, commands, "Commands")


@operation("ListCommandInvocations")
def list_command_invocations(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    tests = _tests(request, _OF_INVOCATIONS, stages=False)
    answer = page(region, "ListCommandInvocations", request, _places(region, request, tests), "CommandInvocations")
    found = ((command, _course(command).invocations.get(one)) for command, one in answer["CommandInvocations"])
    details = request.get("Details", False)
    shown = [_shown(region, command, invocation, details) for command, invocation in found if invocation]
    return answer | {"CommandInvocations": shown}


@operation("GetCommandInvocation")
def get_command_invocation(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    command = region.table(COMMANDS).get(request["CommandId"])
    invocation = _course(command).invocations.get(request["InstanceId"]) if command else None
    if command is None or invocation is None:
        raise _missing_invocation()
    step = _step(region, _course(command).document, request.get("PluginName"))
    if step is None:
        # Without the name of a step, there is no output.
        state = {"Status": invocation["Status"], "StatusDetails": invocation["StatusDetails"]}
        return _times(invocation, {**_common(command, invocation), **state, "PluginName": "", "ResponseCode": -1})
    status, details, result = _step_state(step, invocation)
    urls = _urls(region, command, invocation, step) if result is not NOTHING else ("", "")
    return _times(
        invocation,
        {
            **_common(command, invocation),
            "PluginName": step.name,
            "Status": status,
            "StatusDetails": details,
            "ResponseCode": result.exit_code,
            "StandardOutputContent": cut(result.stdout, MOST_OUTPUT),
            "StandardOutputUrl": urls[0],
            "StandardErrorContent": cut(result.stderr, MOST_ERRORS),
            "StandardErrorUrl": urls[1],
        },
    )


def cut(text: str, most: int) -> str:
    """The text, truncated to the limit of a response, including the mark at its end."""
    return text if len(text) <= most else text[: most - len(_CUT)] + _CUT


def _course(command: Record) -> Course:
    course: Course = command["Course"]
    return course


def _commands(region: Region, request: dict[str, Any], listing: bool = False) -> list[Record]:
    """The commands that reads see, latest first, or the one that a request names.

    For a command that reads do not see yet, a listing of its invocations is empty without an error.
    """
    _refuse_unknown_instance(region, request)
    if "CommandId" not in request:
        return region.table(COMMANDS).values()[::-1]
    command = region.table(COMMANDS).get(request["CommandId"])
    if command is None and listing and region.table(COMMANDS).latest(request["CommandId"]):
        return []
    if command is None:
        raise missing_command()
    return [command]


def _refuse_unknown_instance(region: Region, request: dict[str, Any]) -> None:
    """It is unknown whether an ID without a node is an error."""
    instance_id = request.get("InstanceId")
    if region.strict and instance_id and fleet.of(region).find(instance_id) is None:
        raise ServiceError("InvalidInstanceId", f"Instance {instance_id} is not a managed node.")


def _places(region: Region, request: dict[str, Any], tests: list[Test]) -> Iterator[tuple[Record, str]]:
    """The commands and nodes whose invocations are listed.

    Without a filter, invocations are not looked up, because a page in the middle of 50,000 nodes skips those before.
    """
    for command in _commands(region, request, listing=True):
        course = _course(command)
        if "InstanceId" in request:
            wanted = [request["InstanceId"]] if course.invocations.get(request["InstanceId"]) else []
        else:
            wanted = region.arrange(course.instance_ids) if course.shown else []
        for instance_id in wanted:
            if not tests or _fits(command, course.invocations.get(instance_id), tests):
                yield command, instance_id


def _fits(command: Record, invocation: Record | None, tests: list[Test]) -> bool:
    return invocation is not None and all(test({**command, **invocation}) for test in tests)


def _tests(request: dict[str, Any], statuses: frozenset[str], *, stages: bool) -> list[Test]:
    return [_test(entry["key"], entry["value"], statuses, stages) for entry in request.get("Filters", [])]


def _test(key: str, value: str, statuses: frozenset[str], stages: bool) -> Test:
    match key:
        case "InvokedAfter":
            after = _moment(value)
            return lambda record: bool(record["RequestedDateTime"] >= after)
        case "InvokedBefore":
            before = _moment(value)
            return lambda record: bool(record["RequestedDateTime"] < before)
        case "DocumentName":
            return lambda record: bool(record["DocumentName"] == value)
        case "Status" if value in statuses:
            return lambda record: value in (record["Status"], record["StatusDetails"])
        case "ExecutionStage" if stages and value in ("Executing", "Complete"):
            return lambda record: (record["Status"] in _EXECUTING) == (value == "Executing")
        case "ExecutionStage" if not stages:
            raise ServiceError("InvalidFilterKey", "The filter ExecutionStage is not valid for ListCommandInvocations.")
    raise validation(f"{value} is not a valid value of the filter {key}.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise validation(f"{text} is not a valid date, use a form such as 2026-01-31T00:00:00Z.") from error
    if moment.tzinfo is None:
        raise validation(f"{text} has no time zone, use a form such as 2026-01-31T00:00:00Z.")
    return moment


def _missing_invocation() -> ServiceError:
    # Without a message, as in responses in public threads.
    return ServiceError("InvocationDoesNotExist", "")


def _common(command: Record, invocation: Record) -> dict[str, Any]:
    members = ("CommandId", "Comment", "DocumentName", "DocumentVersion", "CloudWatchOutputConfig")
    blank = dict.fromkeys(
        ("StandardOutputContent", "StandardOutputUrl", "StandardErrorContent", "StandardErrorUrl"), ""
    )
    return {"InstanceId": invocation["InstanceId"], **{name: command[name] for name in members}, **blank}


def _times(invocation: Record, answer: dict[str, Any]) -> dict[str, Any]:
    """Add the times of a step, which are empty strings before it has run."""
    start, end = invocation.get("Start"), invocation.get("End")
    times = {
        "ExecutionStartDateTime": _iso(start) if start else "",
        "ExecutionEndDateTime": _iso(end) if start and end else "",
        "ExecutionElapsedTime": _elapsed(end - start) if start and end else "",
    }
    return answer | times


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _elapsed(length: timedelta) -> str:
    """A duration in ISO 8601 format, with only the required units."""
    minutes, seconds = divmod(length.total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = [f"{hours}H" if hours else "", f"{minutes}M" if minutes else "", f"{seconds:g}S" if seconds else ""]
    return "PT" + ("".join(parts) or "0S")


def _step(region: Region, document: Document, name: str | None) -> Step | None:
    """The step that a request names, or the only one.

    Without a name, one of several steps cannot be selected. It is unknown whether this is an error or returns no
    output, and which of two errors a wrong name causes.
    """
    if name is None and len(document.steps) == 1:
        return document.steps[0]
    found = next((step for step in document.steps if step.name == name), None)
    if found is None and region.strict:
        raise _missing_invocation()
    if found is None and name is not None:
        raise ServiceError("InvalidPluginName", "The plugin name is not valid.")
    return found


def _step_state(step: Step, invocation: Record) -> tuple[str, str, Result]:
    """The status, details and result of one step. Steps for other platforms are skipped, which counts as success."""
    platform = invocation.get("Platform")
    if step.platform and platform and step.platform != platform:
        return "Success", "Success", Result(0, _skipped(step))
    result: Result = invocation["Result"]
    return invocation["Status"], invocation["StatusDetails"], result


def _skipped(step: Step) -> str:
    condition = f'"StringEquals": [platformType, {step.platform}]'
    return f"Step execution skipped due to unsatisfied preconditions: '{condition}'. Step name: {step.name}"


def _shown(region: Region, command: Record, invocation: Record, details: bool) -> dict[str, Any]:
    steps = _course(command).document.steps
    single = len(steps) == 1 and invocation["Result"] is not NOTHING
    urls = _urls(region, command, invocation, steps[0]) if single else ("", "")
    members = ("RequestedDateTime", "ServiceRole", "NotificationConfig")
    return {
        **_common(command, invocation),
        **{name: command[name] for name in members},
        "InstanceName": "",
        "Status": invocation["Status"],
        "StatusDetails": invocation["StatusDetails"],
        "TraceOutput": "",
        "StandardOutputUrl": urls[0],
        "StandardErrorUrl": urls[1],
        "CommandPlugins": [_plugin(region, command, invocation, step) for step in steps] if details else [],
    }


def _plugin(region: Region, command: Record, invocation: Record, step: Step) -> dict[str, Any]:
    status, details, result = _step_state(step, invocation)
    urls = _urls(region, command, invocation, step) if result is not NOTHING else ("", "")
    output = result.stdout + (f"\n----------ERROR-------\n{result.stderr}" if result.stderr else "")
    folder = _folder(command, invocation, step) if command["OutputS3BucketName"] else ""
    return {
        "Name": step.name,
        "Status": _PLUGIN_STATES.get(status, status),
        "StatusDetails": _PLUGIN_STATES.get(details, details),
        "ResponseCode": result.exit_code,
        "ResponseStartDateTime": invocation.get("Start"),
        "ResponseFinishDateTime": invocation.get("End"),
        "Output": cut(output, MOST_PLUGIN_OUTPUT),
        "StandardOutputUrl": urls[0],
        "StandardErrorUrl": urls[1],
        "OutputS3Region": region.region,
        "OutputS3BucketName": command["OutputS3BucketName"],
        "OutputS3KeyPrefix": folder,
    }


def _folder(command: Record, invocation: Record, step: Step) -> str:
    prefix = command["OutputS3KeyPrefix"].strip("/")
    parts = (prefix, command["CommandId"], invocation["InstanceId"], step.action.replace(":", ""))
    return "/".join(part for part in parts if part)


def _urls(region: Region, command: Record, invocation: Record, step: Step) -> tuple[str, str]:
    """The URLs of stdout and stderr of a step in S3, or empty strings without a bucket."""
    bucket = command["OutputS3BucketName"]
    if not bucket:
        return "", ""
    # A document with one step has the old schema, in which steps are numbered.
    name = f"0.{step.action.replace(':', '')}" if step.name == step.action else step.name
    base = f"https://s3.{region.region}.amazonaws.com/{bucket}/{_folder(command, invocation, step)}/{name}"
    return f"{base}/stdout", f"{base}/stderr"
