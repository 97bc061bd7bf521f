# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of windows that patch: what they do, and on which targets. Pure functions."""

from __future__ import annotations

from .._aws.nodes import INSTANCE_ID
from .._aws.structures import Raw, member
from .._compliance.outlook import REBOOT_IF_NEEDED
from .._resources.tasks import document_name, parameters_of
from .._resources.window_target import strangers
from .model import INSTALL, SCAN, Account, PatchTask, Target, Window

# Runbooks that install patches: https://docs.aws.amazon.com/systems-manager-automation-runbooks/latest/userguide/automation-ref-patch.html
_RUNBOOKS = frozenset({"AWS-PatchInstanceWithRollback", "AWS-PatchAsgInstance"})
# Documents for Windows that install updates without a baseline, and those that only run on Windows:
# https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-ssm-documents.html
_WINDOWS_UPDATES = frozenset({"AWS-InstallMissingWindowsUpdates", "AWS-InstallWindowsUpdates"})
_FOR_WINDOWS = _WINDOWS_UPDATES | {"AWS-ApplyPatchBaseline"}
_OVERRIDES = frozenset({"InstallOverrideList", "BaselineOverride"})


def operation_of(raw: Raw) -> str | None:
    """The operation of a task: C(Scan), C(Install), or None if it does not patch."""
    document, parameters = document_name(raw.get("TaskArn")), parameters_of(raw)
    if raw.get("TaskType") == "AUTOMATION":
        return INSTALL if document in _RUNBOOKS else None
    if document in _WINDOWS_UPDATES:
        return INSTALL if parameters.get("Action", [INSTALL]) == [INSTALL] else None
    operation = parameters.get("Operation")
    return operation[0] if operation in ([SCAN], [INSTALL]) else None


def collect(account: Account) -> tuple[list[Target], list[PatchTask]]:
    """The targets of the patch tasks in an account, and these tasks."""
    targets: list[Target] = []
    tasks: list[PatchTask] = []
    for window in account.windows:
        numbers: dict[str, int] = {}
        for task_id, raw in sorted(window.tasks.items(), key=lambda item: (item[1].get("Priority") or 0, item[0])):
            operation = operation_of(raw)
            if operation:
                tasks.append(_task(window, task_id, raw, operation, targets, numbers))
    return targets, tasks


def _task(
    window: Window, task_id: str, raw: Raw, operation: str, targets: list[Target], numbers: dict[str, int]
) -> PatchTask:
    found, lost = _targets(window, raw, targets, numbers)
    parameters, document = parameters_of(raw), document_name(raw.get("TaskArn"))
    is_runbook = raw.get("TaskType") == "AUTOMATION"
    return PatchTask(
        window,
        task_id,
        raw.get("Name") or None,
        operation,
        parameters.get("RebootOption", [REBOOT_IF_NEEDED])[0],
        raw.get("Priority") or 0,
        raw.get("MaxConcurrency"),
        tuple(dict.fromkeys(found)),
        tuple(lost),
        is_runbook or document in _WINDOWS_UPDATES or not _OVERRIDES.isdisjoint(parameters),
        is_runbook,
        raw.get("CutoffBehavior") == "CANCEL_TASK",
        document in _FOR_WINDOWS,
    )


def _targets(window: Window, raw: Raw, targets: list[Target], numbers: dict[str, int]) -> tuple[list[int], list[str]]:
    """The numbers of the targets of a task, which are added to C(targets), and the IDs that are not registered."""
    found, lost = [], []
    for entry in raw.get("Targets") or ():
        values = [str(value) for value in entry.get("Values") or ()]
        if entry.get("Key") == "InstanceIds":
            found.append(len(targets))
            targets.append(Target(window, None, None, (("InstanceIds", tuple(_own_ids(window, values))),)))
            continue
        for target_id in values:
            if target_id not in window.targets:
                lost.append(target_id)
                continue
            if target_id not in numbers:
                numbers[target_id] = len(targets)
                targets.append(_registered(window, target_id))
            found.append(numbers[target_id])
    if not raw.get("Targets") and (named := _named_nodes(raw)):
        found.append(len(targets))
        targets.append(Target(window, None, None, (("InstanceIds", named),)))
    return found, lost


def _named_nodes(raw: Raw) -> tuple[str, ...]:
    """The nodes in the parameter of a runbook without targets."""
    ids = (member(raw, "TaskInvocationParameters.Automation.Parameters") or {}).get("InstanceId") or ()
    return tuple(one for one in ids if INSTANCE_ID.fullmatch(one))


def _own_ids(window: Window, ids: list[str]) -> list[str]:
    """The instance IDs of a task that its window allows: any, or those that its targets can select."""
    if window.allows_unassociated:
        return ids
    unregistered = set(strangers(ids, window.targets.values()))
    return [one for one in ids if one not in unregistered]


def _registered(window: Window, target_id: str) -> Target:
    raw = window.targets[target_id]
    criteria = ((entry["Key"], tuple(entry.get("Values") or ())) for entry in raw.get("Targets") or ())
    return Target(window, target_id, raw.get("Name") or None, tuple(criteria))
