# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What setups of other tools are made of: raw calls in wire form, and the declaration that means the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Raw = dict[str, Any]
ROLE = "arn:aws:iam::123456789012:role/maintenance-window"
LINKED_ROLE = "arn:aws:iam::123456789012:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:patching"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:SSMDrain"
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:SSMDrain"
ONE, TWO = "i-0123456789abcdef0", "i-0123456789abcdef1"
PATCH = "AWS-RunPatchBaseline"
SUNDAYS = {"schedule": "cron(0 2 ? * SUN *)", "duration": 4, "cutoff": 1}


@dataclass
class Setup:
    """One window as another tool makes it, and the declaration that means the same.

    targets: raw, by a key, under which C(on) of a task names them. stack: CloudFormation has tagged the window.
    written: options besides names that adopting changes, because the tool stored something that cannot work.
    """

    tool: str
    window: Raw
    targets: dict[str, Raw]
    tasks: list[Raw]
    declared: Raw
    baseline: Raw | None = None
    groups: tuple[str, ...] = ()
    declared_baseline: Raw | None = None
    stack: bool = False
    written: frozenset[str] = field(default_factory=frozenset)


def window(name: str, schedule: str = "cron(0 2 ? * SUN *)", hours: int = 4, cutoff: int = 1, **more: Any) -> Raw:
    """A window, on Sundays if not said otherwise."""
    basics = {"Name": name, "Schedule": schedule, "Duration": hours, "Cutoff": cutoff}
    return {"AllowUnassociatedTargets": False, **basics, **more}


def tagged(key: str, *values: str, **more: Any) -> Raw:
    """A target by one tag."""
    return {"ResourceType": "INSTANCE", "Targets": [{"Key": f"tag:{key}", "Values": list(values)}], **more}


def run_command(document: str, on: list[str], parameters: Raw | None, rates: tuple[str, str], **more: Any) -> Raw:
    """A Run Command task. command: further members of C(RunCommand)."""
    command = more.pop("command", {})
    if parameters is not None:
        command = {"Parameters": parameters, **command}
    return {
        "TaskType": "RUN_COMMAND",
        "TaskArn": document,
        "on": on,
        "MaxConcurrency": rates[0],
        "MaxErrors": rates[1],
        "Priority": 1,
        **({"TaskInvocationParameters": {"RunCommand": command}} if command else {}),
        **more,
    }


def patch_task(name: str, operation: str, targets: list[str], rates: tuple[str, str], **more: Any) -> Raw:
    """A patch task as it is declared."""
    basics = {"name": name, "operation": operation, "window_targets": targets}
    return {**basics, "max_concurrency": rates[0], "max_errors": rates[1], **more}


INSTALL, SCAN = {"Operation": ["Install"]}, {"Operation": ["Scan"]}
REBOOTING = {**INSTALL, "RebootOption": ["RebootIfNeeded"]}
