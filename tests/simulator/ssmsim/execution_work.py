# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of an execution's tasks: its nodes and parameters, its start and its end."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from ssmsim import commands, documents, fleet, resource_groups
from ssmsim import executions as ex
from ssmsim.errors import ServiceError
from ssmsim.executions import Execution, Invocation, TaskExecution
from ssmsim.store import Record, Region
from ssmsim.window_targets import values_of
from ssmsim.windows import TARGETS, of_window

UNFIT_ROLE = "The provided role does not contain the correct SSM permissions."
SETTINGS: dict[str, Any] = {"seconds": 60, "failing": [], "unfit_roles": [], "parameters": []}
"""The results of tasks: the keys of ``executions`` in a seed."""
_COMMAND_STATUS = {"Success": ex.SUCCESS, "Cancelled": ex.CANCELLED, "TimedOut": ex.TIMED_OUT, "Failed": ex.FAILED}
_PSEUDO_PARAMETER = re.compile(r"\{\{\s*([A-Z_]+)\s*\}\}")
_SSM_PARAMETER = re.compile(r"\{\{\s*ssm:([\w./-]+)\s*\}\}")
# By task type: the structure in TaskInvocationParameters, and the names of its members in an invocation.
_BLOCKS: dict[str, tuple[str, dict[str, str]]] = {
    "RUN_COMMAND": (
        "RunCommand",
        {"Parameters": "parameters", "TimeoutSeconds": "timeoutSeconds", "Comment": "comment"},
    ),
    "AUTOMATION": ("Automation", {"DocumentVersion": "documentVersion", "Parameters": "parameters"}),
    "LAMBDA": ("Lambda", {"ClientContext": "clientContext", "Qualifier": "qualifier", "Payload": "payload"}),
    "STEP_FUNCTIONS": ("StepFunctions", {"Input": "input", "Name": "name"}),
}

Ended = Callable[..., None]


def checked(asked: dict[str, Any]) -> dict[str, Any]:
    """The ``executions`` of a seed. Raises ValueError for an unknown key or an invalid value."""
    unknown = asked.keys() - SETTINGS.keys()
    if unknown:
        raise ValueError(f"executions: unknown keys: {', '.join(sorted(unknown))}")
    for key, value in asked.items():
        if not (isinstance(value, list) if key != "seconds" else value >= 0):
            raise ValueError(f"executions: {key} is {value}; seconds are 0 or more, anything else is a list")
    return asked


def invocation_block(task: Record) -> dict[str, Any]:
    """The structure for a task's type in its TaskInvocationParameters, or else the deprecated members of a command."""
    block, _names = _BLOCKS[task["TaskType"]]
    if "TaskInvocationParameters" in task or task["TaskType"] != "RUN_COMMAND":
        found: dict[str, Any] = task.get("TaskInvocationParameters", {}).get(block, {})
        return found
    logging = task.get("LoggingInfo", {})
    deprecated = {
        "Parameters": {name: given["Values"] for name, given in task.get("TaskParameters", {}).items()},
        "OutputS3BucketName": logging.get("S3BucketName"),
        "OutputS3KeyPrefix": logging.get("S3KeyPrefix"),
    }
    return {name: value for name, value in deprecated.items() if value}


def task_parameters(region: Region, task: Record) -> dict[str, list[str]]:
    """The parameters of a task's document. Those of a command include the defaults of the document."""
    given: dict[str, list[str]] = invocation_block(task).get("Parameters", {})
    document = documents.find(region, task["TaskArn"]) if task["TaskType"] == "RUN_COMMAND" else None
    if document is None:
        return given
    defaults = {name: [one.default] for name, one in document.parameters.items() if one.default is not None}
    if "SnapshotId" in defaults:
        defaults["SnapshotId"] = [documents.ORCHESTRATION_ID]
    return defaults | given


def missing_parameters(region: Region, tasks: list[Record]) -> list[str]:
    """The references ``{{ssm:name}}`` in commands of tasks that are missing in the ``executions`` of the seed."""
    used = {
        name
        for task in tasks
        if task["TaskType"] == "RUN_COMMAND"
        for name in _SSM_PARAMETER.findall(json.dumps(invocation_block(task).get("Parameters", {})))
    }
    return sorted(used - set(_setting(region, "parameters")))


def invocations_of(region: Region, execution: Execution, task: TaskExecution) -> list[Invocation]:
    """The invocations of a task before their start: one for each target of a command, otherwise one for each node."""
    definition = task.task
    if not definition.get("Targets"):
        invocations = [Invocation(region.new_uuid())]
    else:
        single = definition["TaskType"] != "RUN_COMMAND"
        invocations = [
            Invocation(region.new_uuid(), nodes=nodes, target=target)
            for target, found in _targeted(region, execution.window, definition)
            for nodes in ([[node] for node in found] if single else [found] if found else [])
        ]
    for invocation in invocations:
        invocation.parameters = _parameters(region, execution, task, invocation)
    return invocations


def lacks_target(region: Region, execution: Execution, task: TaskExecution) -> bool:
    """Whether a task refers to a target that is no longer registered."""
    registered = of_window(region, TARGETS, execution.window["WindowId"])
    named = values_of(task.task.get("Targets", []), "WindowTargetIds")
    return not set(named) <= {target["WindowTargetId"] for target in registered}


def start_work(region: Region, execution: Execution, task: TaskExecution, invocation: Invocation, ended: Ended) -> None:
    """Start the work of an invocation. ``ended`` is called later with the status, details and number of failures."""
    definition = task.task
    if definition.get("ServiceRoleArn") in _setting(region, "unfit_roles"):
        _later(region, 0, partial(ended, ex.FAILED, UNFIT_ROLE, max(1, len(invocation.nodes))))
    elif definition["TaskType"] == "RUN_COMMAND":
        _start_command(region, execution, task, invocation, ended)
    else:
        invocation.execution_id = region.new_uuid()
        failing = definition["TaskArn"] in _setting(region, "failing")
        outcome = partial(ended, ex.FAILED, "Failed", 1) if failing else partial(ended, ex.SUCCESS, "Success")
        _later(region, _setting(region, "seconds"), outcome)


def stop_work(region: Region, task: TaskExecution, invocation: Invocation) -> None:
    """Stop the work if it is a command. Other work continues until its end."""
    if task.task["TaskType"] == "RUN_COMMAND" and invocation.execution_id is not None:
        commands.cancel(region, invocation.execution_id)


def _targeted(region: Region, window: Record, task: Record) -> list[tuple[Record, list[str]]]:
    """The nodes of a task by registered target, with {} as the target of nodes that the task itself specifies."""
    registered = {target["WindowTargetId"]: target for target in of_window(region, TARGETS, window["WindowId"])}
    nodes, targets = fleet.of(region), task["Targets"]
    named = [registered[one] for one in values_of(targets, "WindowTargetIds") if one in registered]
    found: list[tuple[Record, list[str]]] = [(target, nodes.matching(target["Targets"])) for target in named]
    own = [instance_id for instance_id in values_of(targets, "InstanceIds") if nodes.find(instance_id)]
    if not window["AllowUnassociatedTargets"]:
        known = {value for target in registered.values() for value in values_of(target["Targets"], "InstanceIds")}
        own = [instance_id for instance_id in own if instance_id in known]
    return [*found, ({}, own)] if own else found


def _parameters(region: Region, execution: Execution, task: TaskExecution, invocation: Invocation) -> dict[str, Any]:
    """The parameters in an invocation, with pseudo parameters replaced by IDs."""
    definition = task.task
    _block, names = _BLOCKS[definition["TaskType"]]
    block = invocation_block(definition)
    shown = {names[member]: value for member, value in block.items() if member in names}
    if "payload" in shown:
        # The function receives the decoded text. Only requests and responses contain base64.
        shown["payload"] = base64.b64decode(shown["payload"]).decode("utf-8", "replace")
    if definition["TaskType"] == "RUN_COMMAND":
        shown |= {
            "documentName": definition["TaskArn"],
            "parameters": task_parameters(region, definition),
            "instanceIds": invocation.nodes,
            "maxConcurrency": definition["MaxConcurrency"],
            "maxErrors": definition["MaxErrors"],
        }
    known = _pseudo_parameters(region, execution, task, invocation)
    text = _PSEUDO_PARAMETER.sub(lambda match: known.get(match[1], match[0]), json.dumps(shown))
    filled: dict[str, Any] = json.loads(text)
    return filled


def _pseudo_parameters(
    region: Region, execution: Execution, task: TaskExecution, invocation: Invocation
) -> dict[str, str]:
    """The values of the pseudo parameters.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/maintenance-window-tasks-pseudo-parameters.html
    """
    target_type = invocation.target.get("ResourceType", "INSTANCE")
    known = {
        "WINDOW_ID": execution.window["WindowId"],
        "WINDOW_TASK_ID": task.task["WindowTaskId"],
        "WINDOW_TARGET_ID": invocation.target.get("WindowTargetId", ""),
        "WINDOW_EXECUTION_ID": execution.id,
        "TASK_EXECUTION_ID": task.id,
        "INVOCATION_ID": invocation.id,
        "TARGET_TYPE": target_type,
    }
    if task.task["TaskType"] != "RUN_COMMAND" and invocation.nodes:
        node = invocation.nodes[0]
        in_group = target_type == "RESOURCE_GROUP"
        known |= {"TARGET_ID": resource_groups.arn_of(region, node) if in_group else node, "RESOURCE_ID": node}
    return known


def _start_command(
    region: Region, execution: Execution, task: TaskExecution, invocation: Invocation, ended: Ended
) -> None:
    block = {name: value for name, value in invocation_block(task.task).items() if name != "Parameters"}
    request = block | {
        "DocumentName": task.task["TaskArn"],
        "Parameters": invocation.parameters.get("parameters", {}),
        "InstanceIds": invocation.nodes,
        "MaxConcurrency": task.task["MaxConcurrency"],
        "MaxErrors": task.task["MaxErrors"],
    }

    def command_ended(command: Record) -> None:
        # With errors that MaxErrors allows, a command can be incomplete, but its invocation has not failed.
        details = command["StatusDetails"]
        status = ex.SUCCESS if details == "Incomplete" else _COMMAND_STATUS[command["Status"]]
        ended(status, details, command["ErrorCount"])

    try:
        invocation.execution_id = commands.start(
            region, request, invocation.nodes, orchestration_id=execution.id, on_end=command_ended
        )
    except ServiceError as error:
        _later(region, 0, partial(ended, ex.FAILED, error.message[:250], len(invocation.nodes)))


def _setting(region: Region, key: str) -> Any:
    return region.execution_settings.get(key, SETTINGS[key])


def _later(region: Region, seconds: float, action: Callable[[], None]) -> None:
    region.at(region.now() + timedelta(seconds=seconds), action)
