# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run of a command on one node: its duration, effects and output."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ssmsim import documents, fleet
from ssmsim.documents import Document
from ssmsim.store import Record, Region

SETTINGS = {
    "delivery_seconds": 1.0,
    "scan_seconds": 30.0,
    "install_seconds": 300.0,
    "other_seconds": 5.0,
    "spread": 0.25,
}
"""Durations in seconds and their spread: the keys of ``commands`` in a seed."""


@dataclass(frozen=True)
class Result:
    """The result of a step. The exit code is -1 if it did not run."""

    exit_code: int
    stdout: str = ""
    stderr: str = ""


NOTHING = Result(-1)
# The exit code of the agent for a process that it killed.
STOPPED = Result(137)


def checked(asked: dict[str, Any]) -> dict[str, Any]:
    """The ``commands`` of a seed. Raises ValueError for an unknown key or an invalid number."""
    unknown = asked.keys() - SETTINGS.keys() - {"documents"}
    if unknown:
        raise ValueError(f"commands: unknown keys: {', '.join(sorted(unknown))}")
    for key in SETTINGS.keys() & asked.keys():
        if not asked[key] >= 0 or (key == "spread" and asked[key] > 1):
            raise ValueError(f"commands: {key} is {asked[key]}; it is 0 or more, and spread at most 1")
    return asked


def duration(region: Region, document: Document, command: Record, instance_id: str) -> float:
    """The duration of the command on a node in seconds. It varies between nodes and is the same in each test run."""
    operation = documents.resolved(document, command["Parameters"]).get("Operation") if document.operates else None
    key = {"Scan": "scan_seconds", "Install": "install_seconds"}.get(operation or "", "other_seconds")
    spread = setting(region, "spread")
    varied = random.Random(f"{command['CommandId']}/{instance_id}").uniform(1 - spread, 1 + spread)
    return setting(region, key) * varied


def setting(region: Region, key: str) -> float:
    """A setting for commands from the seed, or its default."""
    return float(region.command_settings.get(key, SETTINGS[key]))


def timeout(document: Document, command: Record) -> int:
    """The number of seconds after which the agent stops the step that runs on a node."""
    if document.operates and len(document.steps) > 1:
        return documents.PATCH_STEP_SECONDS
    return document.timeout(command["Parameters"])


def carry_out(region: Region, document: Document, command: Record, instance_id: str, start: datetime) -> Result:
    """Apply the effects of the command to the node when it ends there."""
    parameters = documents.resolved(document, command["Parameters"])
    if not document.operates:
        # Scripts are not run. Their output is the script itself.
        return Result(0, "\n".join(command["Parameters"].get("commands", [])))
    refused = _refused(region, parameters)
    if refused:
        return Result(1, stderr=refused)
    snapshot = parameters.get("SnapshotId", "")
    if snapshot == documents.ORCHESTRATION_ID:
        snapshot = command["OrchestrationId"]
    outcome = fleet.of(region).operate(
        instance_id,
        parameters["Operation"],
        reboot_option=parameters.get("RebootOption", "RebootIfNeeded"),
        started=start,
        when=region.now(),
        snapshot_id=snapshot or region.new_uuid(),
        execution_id=command["CommandId"],
        install_override_list=parameters.get("InstallOverrideList", ""),
        # The compliance of an association does not change the record of the node.
        overridden=bool(parameters.get("BaselineOverride")) or document.name == documents.OF_ASSOCIATIONS,
    )
    return Result(outcome.exit_code, outcome.stdout, "" if outcome.success else "failed to run commands: exit status 1")


def _refused(region: Region, parameters: dict[str, str]) -> str:
    """The reason why a patch document fails before it starts, or an empty string."""
    if parameters.get("BaselineOverride") and parameters.get("InstallOverrideList"):
        return "BaselineOverride and InstallOverrideList cannot be used together."
    if parameters["Operation"] == "Install":
        for hook in documents.HOOKS:
            if hook in parameters and documents.find(region, parameters[hook]) is None:
                return f"{hook}: the document {parameters[hook]} does not exist."
    return ""
