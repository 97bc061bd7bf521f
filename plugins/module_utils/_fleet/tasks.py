# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks of windows that patch: what they do, on which targets, and how long they take. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from math import ceil
from statistics import median
from typing import Any, NamedTuple

from .._aws.nodes import INSTANCE_ID
from .._aws.structures import Raw, member
from .._compliance.outlook import REBOOT_IF_NEEDED
from .._resources.tasks import document_name, parameters_of
from .._resources.window_target import strangers
from .model import INSTALL, SCAN, Account, PatchTask, Target, Window

# Runbooks that install patches: https://docs.aws.amazon.com/systems-manager-automation-runbooks/latest/userguide/automation-ref-patch.html
_RUNBOOKS = frozenset({"AWS-PatchInstanceWithRollback", "AWS-PatchAsgInstance"})
_OVERRIDES = frozenset({"InstallOverrideList", "BaselineOverride"})


def operation_of(raw: Raw) -> str | None:
    """The operation of a task: C(Scan), C(Install), or None if it does not patch."""
    if raw.get("TaskType") == "AUTOMATION":
        return INSTALL if document_name(raw.get("TaskArn")) in _RUNBOOKS else None
    operation = parameters_of(raw).get("Operation")
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
    parameters = parameters_of(raw)
    if not raw.get("Targets") and (named := _named_nodes(raw)):
        found.append(len(targets))
        targets.append(Target(window, None, None, (("InstanceIds", named),)))
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
        raw.get("TaskType") == "AUTOMATION" or not _OVERRIDES.isdisjoint(parameters),
    )


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


def concurrency_of(text: Any, nodes: int) -> int:
    """The number of concurrent nodes for a rate such as C(10) or C(10%). A percentage allows at least one."""
    rate = str(text or "1")
    number = rate.removesuffix("%")
    if not number.isdigit():
        return 1
    return max(1, min(nodes, nodes * int(number) // 100 if rate.endswith("%") else int(number)))


class Estimate(NamedTuple):
    """The time in seconds that a window needs for its nodes, and the time that is available before its cutoff.

    nodes, concurrency, seconds_for_node: of its slowest Install. executions: the source of the times, by ID.
    """

    nodes: int
    concurrency: int
    seconds_for_node: float
    needed: float
    available: float
    executions: tuple[str, ...]


def estimate(
    window: Window, tasks: Sequence[PatchTask], reached: Mapping[int, int], account: Account
) -> Estimate | None:
    """The estimate of a window. None if no execution shows how long a node takes.

    Targets of a task run one after the other, tasks with the same priority concurrently. reached: nodes of each target.
    """
    known = [task for task in tasks if account.paces.get(task.id) and any(reached[one] for one in task.targets)]
    installs = [task for task in known if task.operation == INSTALL]
    if not installs:
        return None
    needed = sum(
        max(_needed(task, reached, account) for task in together)
        for _priority, together in groupby(sorted(known, key=lambda task: task.priority), lambda task: task.priority)
    )
    slowest = max(installs, key=lambda task: _needed(task, reached, account))
    nodes = sum(reached[one] for one in slowest.targets)
    available = (int(window.raw.get("Duration") or 0) - int(window.raw.get("Cutoff") or 0)) * 3600
    executions = dict.fromkeys(pace.window_execution_id for task in known for pace in account.paces[task.id])
    concurrency = concurrency_of(slowest.max_concurrency, max(reached[one] for one in slowest.targets))
    return Estimate(nodes, concurrency, _seconds_for_node(account, slowest), needed, available, tuple(executions))


def _needed(task: PatchTask, reached: Mapping[int, int], account: Account) -> float:
    typical = _seconds_for_node(account, task)
    counts = (reached[one] for one in task.targets)
    return sum(ceil(count / concurrency_of(task.max_concurrency, count)) * typical for count in counts if count)


def _seconds_for_node(account: Account, task: PatchTask) -> float:
    return float(median(pace.seconds / ceil(pace.nodes / pace.concurrency) for pace in account.paces[task.id]))


def count_reached(targets: Iterable[tuple[int, ...]]) -> Counter[int]:
    """The number of nodes that each target reaches. targets: numbers of the targets of each node."""
    return Counter(number for numbers in targets for number in numbers)
