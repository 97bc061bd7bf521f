# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patching at once: options, rules between them, and the request to Run Command. Pure functions.

The options are those of a patch task and of a window's target, stored elsewhere: SendCommand takes at the top what a
task keeps in its invocation parameters.

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
# What the options of a task say of tasks that exist already.
_DESCRIPTIONS: dict[str, tuple[str, ...] | str] = {
    "operation": "V(Scan) reports what is missing, V(Install) also installs it. Required without O(command_id).",
    "reboot_option": "V(RebootIfNeeded) or V(NoReboot). Required with O(operation=Install). With V(NoReboot)"
    " an instance counts as noncompliant until it was rebooted and scanned.",
    "document": f"Document that patches, by name or ARN. C({resources_tasks.PLAIN_DOCUMENT}) where none is given,"
    f" C({resources_tasks.HOOKS_DOCUMENT}) with O(hooks); another one must take the same parameters.",
    "hooks": "Documents that run around the installation, by name or ARN. Excludes O(install_override_list) and"
    " O(baseline_override).",
    "max_concurrency": "How many instances at a time, a number or a percentage. V(10%) where none is given.",
    "max_errors": "How many errors are put up with, a number or a percentage; after one more no further instance is"
    " begun. V(10%) where none is given.",
    "alarm": "CloudWatch alarm that stops the command.",
    "ignore_poll_failure": "Whether the command goes on when the state of the alarm cannot be read.",
    "timeout_seconds": "Seconds, 30 to 2592000, for the command to be delivered to an instance. The service takes 3600"
    " where none is given.",
    "notification": "Notification of state changes through SNS.",
    "role_arn": "Role that publishes to the topic.",
    "events": "States that notify: V(All), V(InProgress), V(Success), V(TimedOut), V(Cancelled), V(Failed)."
    " V([Failed, TimedOut]) where none is given.",
    "type": "V(Command), one notification for the command, or V(Invocation), one for each instance. V(Command) where"
    " none is given.",
}


def _sent(option: Option) -> Option:
    """An option of a patch task as SendCommand takes it."""
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
        "Wait until the command has ended, and fail where an instance failed. With V(false) the answer tells how things"
        " are now.",
        type="bool",
        default=True,
    ),
    Option("wait_timeout", "Seconds to wait at most. With V(0) there is one look.", type="int", default=3600),
    Option("poll_interval", "Seconds between two looks.", type="int", default=15),
)
OPTIONS: Options = (
    *COMMAND_OPTIONS,
    *window_target.CRITERIA_OPTIONS,
    *WAIT_OPTIONS,
    Option(
        "cancel_on_timeout",
        "Cancel the command when O(wait_timeout) is over. Otherwise it goes on, and can be waited for with"
        " O(command_id).",
        type="bool",
        default=False,
    ),
    Option(
        "command_id",
        "Id of a command that was sent before, to wait for it or to look at it. Excludes all that would be sent.",
    ),
    ACCOUNT_ID,
    Option(
        "include_running",
        "Whether the answer lists the instances of a command that has not ended. V(false) spares a call for each 50 of"
        " them; they are listed once it has ended.",
        type="bool",
        default=True,
    ),
)
COMMAND = Structure(COMMAND_OPTIONS)
# What would be sent; patch_group_key has a default and says nothing by itself.
SENT: tuple[str, ...] = tuple(
    option.name for option in (*COMMAND_OPTIONS, *window_target.CRITERIA_OPTIONS) if option.name != "patch_group_key"
)
_NARROWING = {
    "install_override_list": "install what the baseline approves instead of the list",
    "baseline_override": "install by the baselines of the account",
    "document": "run the document of AWS",
    "hooks": "run without hooks",
}
_TAG_VALUES = 5
_FORMS = "patch_groups, instance_tags, tag_keys, instance_ids, resource_group or targets"


def violations(params: Params, input_shape: Callable[[str], Any]) -> list[str]:
    """Everything that is wrong with the options; input_shape: the botocore shape of an operation's input."""
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
    """The options of the command that were given; nothing is stored that an empty one could clear."""
    options = dict(COMMAND.managed())
    return {name: value for name, value in given(COMMAND_OPTIONS, params).items() if not options[name].is_empty(value)}


def _waiting_violations(params: Params) -> Iterator[str]:
    for name, least in (("wait_timeout", 0), ("poll_interval", 1)):
        if params[name] < least:
            yield f"{name}: {params[name]} must be at least {least}"


def _id_violations(params: Params) -> list[str]:
    found = []
    if not window_target.UUID.fullmatch(params["command_id"]):
        found.append(f"command_id: {params['command_id']!r} is no id of a command")
    if sent := [name for name in SENT if params[name] is not None]:
        found.append(f"{', '.join(sent)}: cannot be given with command_id, which only looks at what was sent before")
    return found


def _missing(params: Params) -> Iterator[str]:
    if not params["operation"]:
        yield "operation: is missing; give Scan or Install, or command_id to look at a command that was sent before"
    if params["operation"] == "Install" and not params["reboot_option"]:
        yield "reboot_option: is missing; an Install needs RebootIfNeeded or NoReboot"
    if all(
        params[option.name] is None for option in window_target.CRITERIA_OPTIONS if option.name != "patch_group_key"
    ):
        yield f"targets: are missing; give {_FORMS}"


def _empty(params: Params) -> Iterator[str]:
    """What reaches more nodes or installs more where it is empty, as when a template found nothing."""
    for name, effect in _NARROWING.items():
        if _is_empty(params[name]):
            yield f"{name}: is empty, which would {effect}; give a value, or leave the option out"
    keys = {str(entry["key"]) for entry in params["targets"] or ()}
    group, types = window_target.GROUP_KEYS
    if types in keys and group not in keys:
        yield f"targets: {types} needs {group}; which nodes it reaches without a group is not known"


def _is_empty(value: Any) -> bool:
    """Whether an option was given, and is empty or holds an empty text."""
    if isinstance(value, dict):
        return not any(value.values()) or "" in value.values()
    return value is not None and not value


def request(params: Params) -> Raw:
    """The request of SendCommand, without what makes it one of its kind."""
    made = merge(COMMAND, {}, patch_task.completed(_values(params), {}))
    targets = api_targets(params)
    # Only in this form the service refuses ids that it does not manage.
    ids = [entry["Values"] for entry in targets if entry["Key"] == "InstanceIds"]
    return {**made, "InstanceIds": ids[0]} if ids else {**made, "Targets": targets}


def with_snapshot(request: Raw, snapshot_id: str) -> Raw:
    """A request whose command can be told from all others, and with which all instances install the same patches."""
    return {**request, "Parameters": {**request["Parameters"], "SnapshotId": [snapshot_id]}}


def api_targets(params: Params) -> list[Raw]:
    """The criteria in the API's own form."""
    return [
        {"Key": entry["key"], "Values": list(dict.fromkeys(entry["values"]))}
        for entry in window_target.criteria(params)[0]["targets"]
    ]


def warnings(params: Params) -> list[str]:
    """What the user should know although it is allowed."""
    many = [entry["Key"] for entry in api_targets(params) if len(entry["Values"]) > _TAG_VALUES]
    return patch_task.warnings(_values(params)) + [
        f"targets: more than {_TAG_VALUES} values of {key}; the guide of AWS has that as the limit of a command"
        for key in many
        if key != "InstanceIds"
    ]
