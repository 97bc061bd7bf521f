# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of ssm_patch_run, the rules between them, and the request to Run Command. Pure functions.

The options are those of a patch task and of a window target, but SendCommand has as top-level members what a task has
in its invocation parameters.

Rules: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._aws.structures import Raw
from .._options.kind import Structure, merge
from .._options.limits import option_breaches, unknown_options
from .._options.option import ACCOUNT_ID, Option, Options, given
from .._resources import patch_task, window_target
from .._resources import tasks as resources_tasks

Params = Mapping[str, Any]

_NOT_SENT = frozenset({"window_targets", "instance_ids", "priority", "service_role_arn", "cutoff_behavior"})
# Descriptions that replace those of a task's options, which refer to existing tasks.
_DESCRIPTIONS: dict[str, tuple[str, ...] | str] = {
    "operation": "V(Scan) reports missing patches. V(Install) also installs them. Required unless you specify"
    " O(command_id).",
    "reboot_option": (
        "Whether nodes reboot after the installation: V(RebootIfNeeded) or V(NoReboot). Required with"
        " O(operation=Install). With V(NoReboot), a node that needs a reboot is noncompliant until you reboot and scan"
        " it."
    ),
    "document": (
        f"The name or ARN of the document that patches. The default is C({resources_tasks.PLAIN_DOCUMENT}), or"
        f" C({resources_tasks.HOOKS_DOCUMENT}) if you specify O(hooks). Another document must take the same parameters."
    ),
    "hooks": (
        "The names or ARNs of documents to run before and after the installation. Mutually exclusive with"
        " O(install_override_list) and O(baseline_override)."
    ),
    "max_concurrency": (
        "The maximum number of nodes that run the command at the same time, as a number or a percentage. The default is"
        " V(10%)."
    ),
    "max_errors": (
        "The maximum number of errors allowed, as a number or a percentage. After one more error, Run Command stops"
        " sending the command to further nodes. The default is V(10%)."
    ),
    "alarm": "The CloudWatch alarm that stops the command.",
    "ignore_poll_failure": "Whether the command continues if Systems Manager cannot read the state of the alarm.",
    "timeout_seconds": (
        "The number of seconds, 30 to 2592000, within which the command must start on a node. The default of AWS is"
        " 3600."
    ),
    "notification": "The Amazon SNS notifications about status changes of the command.",
    "role_arn": "The ARN of the IAM role that publishes the notifications to the topic.",
    "events": (
        "The statuses to send notifications for: V(All), V(InProgress), V(Success), V(TimedOut), V(Cancelled) and"
        " V(Failed). The default is V([Failed, TimedOut])."
    ),
    "type": (
        "V(Command) sends a notification when the status of the command changes. V(Invocation) sends one for each node."
        " The default is V(Command)."
    ),
}


def _sent(option: Option) -> Option:
    """An option of a patch task as an option of SendCommand."""
    api = option.api and option.api.removeprefix(f"{resources_tasks.RUN_COMMAND}.")
    return replace(
        option,
        api="DocumentName" if api == "TaskArn" else api,
        description=_DESCRIPTIONS.get(option.name, option.description),
        suboptions=tuple(_sent(suboption) for suboption in option.suboptions),
    )


COMMAND_OPTIONS: Options = tuple(
    _sent(option)
    for option in (*patch_task.PATCH_OPTIONS, *resources_tasks.SHARED_OPTIONS, *resources_tasks.DELIVERY_OPTIONS)
    if option.name not in _NOT_SENT
)
WAIT_OPTIONS: Options = (
    Option(
        "wait",
        "Wait for the command to finish, and fail if it failed on a node. With V(false), the module returns the"
        " current status.",
        type="bool",
        default=True,
    ),
    Option(
        "wait_timeout",
        "The maximum number of seconds to wait. With V(0), the module reads the status once.",
        type="int",
        default=3600,
    ),
    Option("poll_interval", "The number of seconds between two reads of the status.", type="int", default=15),
)
OPTIONS: Options = (
    *COMMAND_OPTIONS,
    *window_target.CRITERIA_OPTIONS,
    *WAIT_OPTIONS,
    Option(
        "cancel_on_timeout",
        "Cancel the command when O(wait_timeout) expires. Otherwise the command continues, and you can wait for it"
        " with O(command_id).",
        type="bool",
        default=False,
    ),
    Option(
        "command_id",
        "The ID of a command that you sent before, to wait for it or to read its status. Mutually exclusive with"
        " all options of a new command.",
    ),
    ACCOUNT_ID,
    Option(
        "include_running",
        "Whether to return the nodes of a command that has not finished. V(false) saves one call for every 50"
        " nodes. The module always returns them after the command has finished.",
        type="bool",
        default=True,
    ),
)
COMMAND = Structure(COMMAND_OPTIONS)
# The options of a new command. patch_group_key has a default and has no effect by itself.
SENT: tuple[str, ...] = tuple(
    option.name for option in (*COMMAND_OPTIONS, *window_target.CRITERIA_OPTIONS) if option.name != "patch_group_key"
)
_NARROWING = {
    "install_override_list": "install what the baseline approves instead of the list",
    "baseline_override": "install by the baselines of the account",
    "document": "run the document of AWS",
    "hooks": "run without hooks",
}
# Options whose omission reaches more nodes or installs more.
NARROWING = frozenset(
    {*_NARROWING, *(option.name for option in window_target.CRITERIA_OPTIONS if option.name != "patch_group_key")}
)
_TAG_VALUES = 5
_FORMS = "patch_groups, instance_tags, tag_keys, instance_ids, resource_group or targets"


def violations(params: Params, input_shape: Callable[[str], Any]) -> list[str]:
    """All violations in the options. input_shape: returns the botocore shape of an operation's input."""
    found = [*_waiting_violations(params)]
    if params["command_id"] is not None:
        return found + _id_violations(params)
    values = _values(params)
    after = patch_task.completed(values, {})
    shape = input_shape("SendCommand")
    found += _missing(params)
    found += _empty(params)
    found += window_target.criteria(params)[1]
    found += patch_task.given_violations(values) + resources_tasks.bucket_violations(values)
    found += patch_task.document_violations(after)
    found += resources_tasks.alarm_violations(values) + resources_tasks.notification_violations(after)
    found += unknown_options(COMMAND, values, shape.members)
    return found + option_breaches(COMMAND, shape, merge(COMMAND, {}, values), set(values))


def _values(params: Params) -> dict[str, Any]:
    """The specified options of the command, without empty ones, because there is no stored value to clear."""
    options = dict(COMMAND.managed())
    return {name: value for name, value in given(COMMAND_OPTIONS, params).items() if not options[name].is_empty(value)}


def _waiting_violations(params: Params) -> Iterator[str]:
    for name, least in (("wait_timeout", 0), ("poll_interval", 1)):
        if params[name] < least:
            yield f"{name}: {params[name]} must be at least {least}"


def _id_violations(params: Params) -> list[str]:
    found = []
    if not window_target.UUID.fullmatch(params["command_id"]):
        found.append(f"command_id: {params['command_id']!r} is not a valid command ID")
    if sent := [name for name in SENT if params[name] is not None]:
        found.append(
            f"{', '.join(sent)}: cannot be combined with command_id, which only reads the status of an existing command"
        )
    return found


def _missing(params: Params) -> Iterator[str]:
    if not params["operation"]:
        yield "operation: is missing; specify Scan or Install, or command_id to read the status of an existing command"
    if params["operation"] == "Install" and not params["reboot_option"]:
        yield "reboot_option: is missing; an Install requires RebootIfNeeded or NoReboot"
    if all(
        params[option.name] is None for option in window_target.CRITERIA_OPTIONS if option.name != "patch_group_key"
    ):
        yield f"targets: are missing; specify {_FORMS}"


def _empty(params: Params) -> Iterator[str]:
    """Empty options that would reach more nodes or install more, such as the empty result of a template."""
    for name, effect in _NARROWING.items():
        if _is_empty(params[name]):
            yield f"{name}: is empty, which would {effect}; specify a value, or omit the option"
    keys = {str(entry["key"]) for entry in params["targets"] or ()}
    group, types = window_target.GROUP_KEYS
    if types in keys and group not in keys:
        yield f"targets: {types} requires {group}, which determines the nodes"


def _is_empty(value: Any) -> bool:
    """Whether an option is specified, but is empty or contains an empty string."""
    if isinstance(value, dict):
        return not any(value.values()) or "" in value.values()
    return value is not None and not value


def request(params: Params) -> Raw:
    """The request for SendCommand, without the SnapshotId that makes it unique."""
    made = merge(COMMAND, {}, patch_task.completed(_values(params), {}))
    targets = api_targets(params)
    # AWS rejects IDs of unmanaged nodes only in this member.
    ids = [entry["Values"] for entry in targets if entry["Key"] == "InstanceIds"]
    return {**made, "InstanceIds": ids[0]} if ids else {**made, "Targets": targets}


def with_snapshot(request: Raw, snapshot_id: str) -> Raw:
    """The request with a SnapshotId, which identifies the command and makes all instances install the same patches."""
    return {**request, "Parameters": {**request["Parameters"], "SnapshotId": [snapshot_id]}}


def api_targets(params: Params) -> list[Raw]:
    """The criteria in the format of the API."""
    return [
        {"Key": entry["key"], "Values": list(dict.fromkeys(entry["values"]))}
        for entry in window_target.criteria(params)[0]["targets"]
    ]


def warnings(params: Params) -> list[str]:
    """Warnings about values that are allowed."""
    many = [entry["Key"] for entry in api_targets(params) if len(entry["Values"]) > _TAG_VALUES]
    return patch_task.warnings(_values(params)) + [
        f"targets: more than {_TAG_VALUES} values of {key}; the AWS documentation states this limit for a command"
        for key in many
        if key != "InstanceIds"
    ]
