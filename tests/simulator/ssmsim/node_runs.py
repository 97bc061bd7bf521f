# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command does on one node: how long it takes, what it changes, what it prints."""

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
"""How long things take: the keys of ``commands`` in a seed."""


@dataclass(frozen=True)
class Result:
    """What a step left behind; the exit code is -1 where it did not run."""

    exit_code: int
    stdout: str = ""
    stderr: str = ""


NOTHING = Result(-1)
# The agent's exit code for a process that it had to kill.
STOPPED = Result(137)


def checked(asked: dict[str, Any]) -> dict[str, Any]:
    """The ``commands`` of a seed. Raises ValueError for a key that there is not, or a number that cannot be."""
    unknown = asked.keys() - SETTINGS.keys() - {"documents"}
    if unknown:
        raise ValueError(f"commands: unknown keys: {', '.join(sorted(unknown))}")
    for key in SETTINGS.keys() & asked.keys():
        if not asked[key] >= 0 or (key == "spread" and asked[key] > 1):
            raise ValueError(f"commands: {key} is {asked[key]}; it is 0 or more, and spread at most 1")
    return asked


def duration(region: Region, document: Document, command: Record, instance_id: str) -> float:
    """The seconds that the command takes on a node, which vary from node to node and are the same in each run."""
    operation = documents.resolved(document, command["Parameters"]).get("Operation") if document.operates else None
    key = {"Scan": "scan_seconds", "Install": "install_seconds"}.get(operation or "", "other_seconds")
    spread = setting(region, "spread")
    varied = random.Random(f"{command['CommandId']}/{instance_id}").uniform(1 - spread, 1 + spread)
    return setting(region, key) * varied


def setting(region: Region, key: str) -> float:
    """What the seed says of commands, or the default."""
    return float(region.command_settings.get(key, SETTINGS[key]))


def timeout(document: Document, command: Record) -> int:
    """The seconds after which the agent stops the one step that runs on a node."""
    if document.operates and len(document.steps) > 1:
        return documents.PATCH_STEP_SECONDS
    return document.timeout(command["Parameters"])


def carry_out(region: Region, document: Document, command: Record, instance_id: str, start: datetime) -> Result:
    """Do on the node what the command says, at the moment at which it ends there."""
    parameters = documents.resolved(document, command["Parameters"])
    if not document.operates:
        # Nothing is run here: the output of a script is the script.
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
        # Run by an association, the compliance is that of the association, and the record of the node stays.
        overridden=bool(parameters.get("BaselineOverride")) or document.name == documents.OF_ASSOCIATIONS,
    )
    return Result(outcome.exit_code, outcome.stdout, "" if outcome.success else "failed to run commands: exit status 1")


def _refused(region: Region, parameters: dict[str, str]) -> str:
    """Why a patch document fails before it does anything; nothing if it does not."""
    if parameters.get("BaselineOverride") and parameters.get("InstallOverrideList"):
        return "BaselineOverride and InstallOverrideList cannot be used together."
    if parameters["Operation"] == "Install":
        for hook in documents.HOOKS:
            if hook in parameters and documents.find(region, parameters[hook]) is None:
                return f"{hook}: the document {parameters[hook]} does not exist."
    return ""
