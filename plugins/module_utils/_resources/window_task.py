# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of any type: options and rules. Pure functions.

Rules: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_MaintenanceWindowTaskInvocationParameters.html
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from .._options.codecs import JSON_BYTES, JSON_TEXT, PARAMETERS, is_json
from .._options.kind import Rule, TypeOf, Values
from .._options.option import Option
from .tasks import (
    DELIVERY_OPTIONS,
    RUN_COMMAND,
    SHARED_OPTIONS,
    STATE,
    TaskKind,
    alarm_violations,
    bucket_violations,
    bucket_warnings,
    changed,
    given_target_violations,
    name_options,
    notification_violations,
    rate_violations,
    role_warnings,
)

_AUTOMATION = "TaskInvocationParameters.Automation"
_LAMBDA = "TaskInvocationParameters.Lambda"
_STEP_FUNCTIONS = "TaskInvocationParameters.StepFunctions"
# The block of options that belongs to each type of task.
BLOCKS = {
    "RUN_COMMAND": "run_command",
    "AUTOMATION": "automation",
    "LAMBDA": "lambda_function",
    "STEP_FUNCTIONS": "step_functions",
}
_PSEUDO_PARAMETER = re.compile(r"\{\{[^{}]*\}\}")
_NEW_NOTIFICATION = {"notification.events": ["Failed", "TimedOut"], "notification.type": "Command"}
# Members of the API structure that users tend to specify as parameters of the document.
_MISPLACED = {
    "CloudWatchOutputConfig": "run_command.cloudwatch_output and run_command.cloudwatch_log_group",
    "NotificationConfig": "run_command.notification",
    "ServiceRoleArn": "service_role_arn or run_command.notification.role_arn",
    "OutputS3BucketName": "run_command.output_s3_bucket",
    "OutputS3KeyPrefix": "run_command.output_s3_prefix",
    "MaxConcurrency": "max_concurrency",
    "MaxErrors": "max_errors",
}

OPTIONS = (
    *name_options("patchfleet.aws.ssm_patch_task"),
    Option(
        "task_type",
        "The type of the task. Required to register a task. If you change the type of an existing task, the module"
        " replaces the task.",
        choices=tuple(BLOCKS),
        api="TaskType",
        clearable=False,
    ),
    Option(
        "task_arn",
        "The name or ARN of the document or Lambda function, or the ARN of the state machine. Required to register"
        " a task.",
        api="TaskArn",
        clearable=False,
    ),
    *SHARED_OPTIONS,
    Option(
        "run_command",
        "The settings of a V(RUN_COMMAND) task. Suboptions that you omit stay unchanged. An empty dictionary clears"
        " them all.",
        type="dict",
        suboptions=(
            Option(
                "parameters",
                "The parameters of the document, as a dictionary of names and their value or list of values. They"
                " replace all existing parameters.",
                type="dict",
                api=f"{RUN_COMMAND}.Parameters",
                codec=PARAMETERS,
            ),
            *DELIVERY_OPTIONS,
        ),
    ),
    Option(
        "automation",
        "The settings of an V(AUTOMATION) task.",
        type="dict",
        suboptions=(
            Option(
                "document_version",
                "The version of the runbook: V($DEFAULT), V($LATEST) or a version number. Without a value, AWS uses"
                " V($DEFAULT).",
                api=f"{_AUTOMATION}.DocumentVersion",
                absent="$DEFAULT",
            ),
            Option(
                "parameters",
                "The parameters of the runbook, as a dictionary of names and their value or list of values. They"
                " replace all existing parameters.",
                type="dict",
                api=f"{_AUTOMATION}.Parameters",
                codec=PARAMETERS,
            ),
        ),
    ),
    Option(
        "lambda_function",
        "The settings of a V(LAMBDA) task.",
        type="dict",
        suboptions=(
            Option(
                "payload",
                "The JSON input of the function, as text or as a data structure. The module encodes it for you.",
                type="raw",
                api=f"{_LAMBDA}.Payload",
                codec=JSON_BYTES,
            ),
            Option("client_context", "The client context, encoded in base64.", api=f"{_LAMBDA}.ClientContext"),
            Option("qualifier", "The version or alias of the function.", api=f"{_LAMBDA}.Qualifier"),
        ),
    ),
    Option(
        "step_functions",
        "The settings of a V(STEP_FUNCTIONS) task.",
        type="dict",
        suboptions=(
            Option(
                "input",
                "The JSON input of the execution, as text or as a data structure.",
                type="raw",
                api=f"{_STEP_FUNCTIONS}.Input",
                codec=JSON_TEXT,
            ),
            Option("name", "The name of the execution.", api=f"{_STEP_FUNCTIONS}.Name"),
        ),
    ),
    STATE,
)


def completed(values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The specified values with derived values: creation defaults, and rates if and only if there are targets.

    before: stored option values, empty for a new task.
    """
    result = dict(values)
    if not before:
        result.setdefault("priority", 1)
    after = {**before, **result}
    if after.get("window_targets") or after.get("instance_ids"):
        for rate in ("max_concurrency", "max_errors"):
            if not before.get(rate):
                result.setdefault(rate, "10%")
    else:
        result.update(
            {rate: "" for rate in ("max_concurrency", "max_errors") if before.get(rate) and not values.get(rate)}
        )
    topic = "run_command.notification.topic_arn"
    if values.get(topic) and not before.get(topic):
        result = {**{f"run_command.{name}": value for name, value in _NEW_NOTIFICATION.items()}, **result}
    return result


def _payload_violations(values: Mapping[str, Any]) -> list[str]:
    """A payload that is already encoded: the function would receive base64 instead of its input."""
    payload = values.get("lambda_function.payload")
    if not isinstance(payload, str) or is_json(payload) or "{{" in payload:
        return []
    try:
        inside = b64decode(payload, validate=True).decode()
    except ValueError:
        return []
    if not is_json(inside):
        return []
    return ["lambda_function.payload: must be JSON, not base64; the module encodes it"]


def _machine_warnings(changed: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The service accepts functions by name or ARN, but state machines only by ARN."""
    arn = str(after.get("task_arn") or "")
    if after.get("task_type") != "STEP_FUNCTIONS" or "task_arn" not in changed or not arn or "{{" in arn:
        return []
    if re.fullmatch(r"arn:[^:]+:states:[^:]*:[^:]*:stateMachine:.+", arn):
        return []
    return [
        f"task_arn: {arn!r} is not the ARN of a state machine, which AWS requires; specify it in the form"
        " arn:aws:states:REGION:ACCOUNT:stateMachine:NAME"
    ]


def _input_warnings(values: Mapping[str, Any]) -> list[str]:
    """Text that is not JSON, whatever AWS puts in place of its pseudo parameters."""
    texts = {name: values.get(name) for name in ("lambda_function.payload", "step_functions.input")}
    return [
        f"{name}: is not JSON, which AWS requires when the task starts; specify JSON, or a dictionary, which the"
        " module encodes"
        for name, text in texts.items()
        if isinstance(text, str) and text and not is_json(_PSEUDO_PARAMETER.sub("0", text))
    ]


def _block_violations(values: Values, _before: Values, after: Values) -> list[str]:
    task_type, found = after.get("task_type"), []
    for kind, block in BLOCKS.items():
        if task_type and kind != task_type and any(v and name.startswith(f"{block}.") for name, v in values.items()):
            way = f"specify {BLOCKS[task_type]} instead" if task_type in BLOCKS else f"omit {block}"
            found.append(f"{block}: applies only to {kind} tasks, and the task_type is {task_type}; {way}")
    if task_type == "RUN_COMMAND" and not after.get("window_targets") and not after.get("instance_ids"):
        found.append("window_targets: is missing; a RUN_COMMAND task requires window_targets or instance_ids")
    return found


class _WindowTask(TaskKind):
    def complete(self, values: Values, before: Values) -> dict[str, Any]:
        """Creation defaults, and rates if and only if there are targets."""
        return completed(values, before)

    def given_violations(self, values: Values, input_shape: Callable[[str], Any]) -> list[str]:
        """The rules for targets, and for parameters that are options."""
        found = given_target_violations(values)
        for name in values.get("run_command.parameters") or ():
            if name in _MISPLACED:
                found.append(f"run_command.parameters: {name} is not a parameter of a document; use {_MISPLACED[name]}")
        return found

    def warnings(self, given: Values, before: Values, after: Values) -> list[str]:
        """Values that the service stores but might not be able to use."""
        new = changed(given, before)
        common = bucket_warnings(new, "run_command.") + role_warnings(new, "run_command.")
        return common + _machine_warnings(new, after) + _input_warnings(new)


KIND = _WindowTask(
    module="ssm_window_task",
    in_setup=(
        "The other tasks of the window, with the options of M(patchfleet.aws.ssm_window_task) except C(window). Tasks"
        " that you do not list stay unchanged."
    ),
    options=OPTIONS,
    required=("name", "task_type", "task_arn"),
    type=TypeOf("task_type", "TaskType", tuple(BLOCKS)),
    rules=(
        Rule(rate_violations),
        Rule(lambda _values, _before, after: alarm_violations(after)),
        Rule(lambda _values, _before, after: notification_violations(after, "run_command.")),
        Rule(_block_violations),
        Rule(lambda values, before, _after: bucket_violations(changed(values, before), "run_command.")),
        Rule(lambda values, before, _after: _payload_violations(changed(values, before))),
    ),
)
