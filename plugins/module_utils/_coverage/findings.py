# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: what prevents nodes from being patched as expected, each with a corrective action. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from .._aws.nodes import GROUP_TAGS, OTHER_GROUP_TAG
from .._fleet.estimates import Estimate
from .._fleet.model import DISABLED, ENDED, INSTALL, NEVER, Account, PatchTask, Target, Window
from .._resources.window_target import GROUP_KEYS

# The most urgent first: findings about nodes, then findings about windows and their contents.
NODE_FINDINGS = (
    "not_managed",
    "not_reached",
    "scan_only",
    "double_covered",
    "group_misspelt",
    "group_without_baseline",
    "two_patch_groups",
    "baseline_approves_nothing",
    "agent_offline",
)
FINDINGS = (
    *NODE_FINDINGS,
    "window_disabled",
    "window_ended",
    "window_never_opens",
    "too_many_nodes",
    "task_without_targets",
    "target_reaches_nobody",
    "target_group_without_baseline",
)
# The fields for the resource of a finding. None if they do not apply.
ABOUT = (
    "window",
    "window_id",
    "task",
    "window_task_id",
    "window_target",
    "window_target_id",
    "patch_group",
    "baseline_id",
)


class NodeFinding(NamedTuple):
    """A finding about a node. Nodes with the same cause have equal findings. about: fields of ABOUT."""

    finding: str
    text: str
    action: str
    about: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Finding:
    """A finding about a window, a target or a task."""

    finding: str
    text: str
    action: str
    about: Mapping[str, Any]
    computed_from: Mapping[str, Any] | None = None


class Clash(NamedTuple):
    """Two consecutive Installs on a node."""

    one: PatchTask
    other: PatchTask
    first: datetime
    second: datetime

    @property
    def gap(self) -> timedelta:
        """The time between them, in UTC: in the same time zone, Python would subtract the local times."""
        return self.second.astimezone(UTC) - self.first.astimezone(UTC)


def closest(sources: Iterable[tuple[PatchTask, int]]) -> Clash | None:
    """The closest two runs of different Installs. sources: each task with each target that selects the node."""
    runs = [(run, number, task) for number, (task, _target) in enumerate(sources) for run in task.window.runs]
    runs.sort(key=lambda one: (one[0].timestamp(), one[1]))
    clashes = (Clash(one[2], two[2], one[0], two[0]) for one, two in pairwise(runs) if one[1] != two[1])
    return min(clashes, key=lambda clash: clash.gap, default=None)


def not_reached(others: Iterable[PatchTask], example: str | None) -> NodeFinding:
    """No task of an open window reaches the node. others: Installs that select it but do not run on it."""
    text = "No scheduled Install or Scan task reaches the node." + _without_effect(others)
    return NodeFinding("not_reached", text, _reach_it(example))


def scan_only(scans: Iterable[PatchTask], others: Iterable[PatchTask], example: str | None) -> NodeFinding:
    """Only Scans of open windows reach the node."""
    text = f"The node is only scanned, by {_names(scans)}; no Install task reaches it." + _without_effect(others)
    return NodeFinding("scan_only", text, _reach_it(example))


def double_covered(clash: Clash) -> NodeFinding:
    """Two Installs on the node are closer than the specified time."""
    hours = clash.gap / timedelta(hours=1)
    apart = f"{hours:.4g} {'hour' if hours == 1 else 'hours'} apart"
    when = f"{clash.first.isoformat()} and {clash.second.isoformat()}, {apart}"
    if clash.one is clash.other:
        text = f"Two targets of the task {clash.one.title} select the node, so each run installs twice."
        action = "Change the criteria of the targets so that only one of them selects the node."
    elif clash.one.window is clash.other.window and not clash.gap:
        text = f"Two Install tasks run on the node in the same window: {clash.one.title} and {clash.other.title}."
        action = "Change the targets so that only one of the tasks runs on the node, or remove one of the tasks."
    else:
        text = (
            f"Two Install tasks run on the node within a short time: {clash.one.title} and {clash.other.title}, {when}."
        )
        action = (
            "Change the targets so that only one of the tasks runs on the node, or change the schedule of one of the"
            " windows so that they open further apart (install_gap_hours)."
        )
    return NodeFinding("double_covered", text, action)


def group_misspelt(group: str, near: str) -> NodeFinding:
    """The patch group of the node is unknown but similar to a known one."""
    text = f"The patch group {group!r} of the node has no baseline and no target; {near!r} is similar."
    action = f"If you meant {near!r}, correct the value of the patch group tag of the node."
    return NodeFinding("group_misspelt", text, action, (("patch_group", group),))


def group_key_misspelt(key: str) -> NodeFinding:
    """The node has a tag key that is similar to that of a patch group."""
    text = (
        f"The tag {key!r} of the node does not assign a patch group: AWS reads only"
        f" {' and '.join(map(repr, GROUP_TAGS))}."
    )
    return NodeFinding("group_misspelt", text, f"Replace the tag with {GROUP_TAGS[0]!r} and the same value.")


def group_without_baseline(group: str, system: str, default: str) -> NodeFinding:
    """No baseline for the operating system of the node is registered for its patch group."""
    text = (
        f"No {system} baseline is registered for the patch group {group!r} of the node, so the default baseline"
        f" {default} applies."
    )
    action = f"Register a baseline for {system} and the patch group (patch_groups), or correct the tag of the node."
    return NodeFinding("group_without_baseline", text, action, (("patch_group", group),))


def two_patch_groups(groups: Sequence[str]) -> NodeFinding:
    """The two patch group tags of the node specify groups with different baselines."""
    names = " and ".join(f"{group!r} ({key})" for key, group in zip(GROUP_TAGS, groups, strict=True))
    text = (
        f"The tags of the node assign two patch groups, {names}. AWS does not document which of their baselines"
        " applies."
    )
    return NodeFinding("two_patch_groups", text, "Remove one of the tags, or specify the same patch group in both.")


def baseline_approves_nothing(name: str, baseline_id: str, product: str | None, system: str) -> NodeFinding:
    """The baseline has neither rules for the operating system of the node nor approved patches."""
    text = (
        f"The baseline {name} approves no patches for {product or system}: none of its approval rules applies, and it"
        " has no approved patches."
    )
    action = (
        "Add an approval rule for this operating system to the baseline (approval_rules), or register another baseline"
        " for the patch group (patch_groups)."
    )
    return NodeFinding("baseline_approves_nothing", text, action, (("baseline_id", baseline_id),))


def agent_offline(state: str | None) -> NodeFinding:
    """The SSM Agent of the node does not respond."""
    if state in ("stopped", "stopping"):
        text = "The EC2 instance is stopped, so tasks cannot run on the node."
        action = "Start the instance before its window opens, or terminate it if you no longer need it."
    else:
        text = "The SSM Agent is offline, so tasks cannot run on the node."
        action = "Check that the SSM Agent is running and can reach Systems Manager."
    return NodeFinding("agent_offline", text, action)


def not_managed() -> NodeFinding:
    """A running instance is not a managed node."""
    text = "Systems Manager does not manage this running EC2 instance, so no task reaches it."
    action = (
        "Attach an instance profile with the policy AmazonSSMManagedInstanceCore, or use Default Host Management"
        " Configuration, and check that the SSM Agent is running and can reach Systems Manager."
    )
    return NodeFinding("not_managed", text, action)


def window_findings(window: Window, estimated: Estimate | None) -> Iterator[Finding]:
    """Findings about a window that has patch tasks."""
    about = {"window": window.name, "window_id": window.id}
    if window.opening == DISABLED:
        action = "Enable the window (enabled: true), or delete it if you no longer need it."
        yield Finding("window_disabled", "The window is disabled.", action, about)
    elif window.opening == ENDED:
        text = f"The window has ended: end_date is {window.raw.get('EndDate')}."
        action = "Specify a later end_date, remove it (end_date: ''), or delete the window."
        yield Finding("window_ended", text, action, about)
    elif window.opening == NEVER:
        before = f" before its end_date {window.raw['EndDate']}" if window.raw.get("EndDate") else ""
        text = f"The window never opens again: the schedule {window.raw.get('Schedule')} has no next run{before}."
        action = "Change schedule, start_date or end_date so that the window opens again, or delete the window."
        yield Finding("window_never_opens", text, action, about)
    elif estimated and estimated.needed > estimated.available:
        text = (
            f"{estimated.nodes} nodes, {estimated.concurrency} at a time and {_time(estimated.seconds_for_node)} each,"
            f" need {_time(estimated.needed)}, but the window has only {_time(estimated.available)} before its cutoff."
        )
        action = (
            "Increase max_concurrency of the task or duration of the window, decrease cutoff, or distribute the nodes"
            " among several windows."
        )
        yield Finding("too_many_nodes", text, action, about, estimated._asdict())


def task_findings(task: PatchTask) -> Iterator[Finding]:
    """The finding about a task that has no targets."""
    if task.targets:
        return
    about = {**_of(task.window), "task": task.name, "window_task_id": task.id}
    lost = f": its targets {', '.join(task.lost_targets)} are no longer registered" if task.lost_targets else ""
    text = f"The {task.operation} task has no targets{lost}."
    action = "Specify registered targets of the window (window_targets), or remove the task."
    yield Finding("task_without_targets", text, action, about)


def target_findings(account: Account, target: Target, tasks: Sequence[PatchTask], reached: int) -> Iterator[Finding]:
    """Findings about a target of patch tasks: it selects no nodes, or a patch group without a registered baseline."""
    about = {**_of(target.window), "window_target": target.name, "window_target_id": target.id}
    if target.id is None:
        task = tasks[0]
        about |= {"task": task.name, "window_task_id": task.id}
    values = dict(target.criteria)
    group = values.get(GROUP_KEYS[0], ("",))[0]
    if not reached and account.members.get(group, frozenset()) is not None:
        yield Finding("target_reaches_nobody", *_nobody(account, target, values, group), about)
    known = {name for _system, name in account.registered}
    for key in OTHER_GROUP_TAG:
        for name in values.get(key, ()):
            if name not in known:
                text = (
                    f"No baseline is registered for the patch group {name!r}, so default baselines apply to its nodes."
                )
                action = (
                    "Register a baseline for the patch group (patch_groups), or correct the patch group in the target."
                )
                found = {**about, "patch_group": name}
                yield Finding("target_group_without_baseline", text, action, found)


def _nobody(account: Account, target: Target, values: Mapping[str, Any], group: str) -> tuple[str, str]:
    selected = " and ".join(f"{key} {' or '.join(names)}" for key, names in values.items())
    if group in account.gone_groups:
        return (
            f"There is no resource group {group!r}.",
            "Correct resource_group in the target, or create the resource group.",
        )
    if not any(values.values()):
        return "The window does not allow tasks on nodes that are not registered as targets.", (
            "Set allow_unassociated_targets: true for the window, or register the instances as a target (instance_ids)."
        )
    other = next((OTHER_GROUP_TAG[key] for key in values if key in OTHER_GROUP_TAG), None)
    hint = f" The nodes might have the tag {other!r} instead (patch_group_key)." if other else ""
    return (
        f"No managed nodes match {selected}.",
        f"Correct the criteria of the target or the tags of the nodes, or remove the target.{hint}",
    )


def _of(window: Window) -> dict[str, Any]:
    return {"window": window.name, "window_id": window.id}


def _reach_it(example: str | None) -> str:
    such = f", such as {example}" if example else ""
    return (
        f"Add a tag to the node that a target of an Install task selects{such}, or register a target that selects"
        " the node and run an Install task on it."
    )


def _without_effect(tasks: Iterable[PatchTask]) -> str:
    tasks = [*tasks]
    idle = _names(task for task in tasks if not task.window.is_open)
    unfit = _names(task for task in tasks if task.window.is_open)
    text = f" {idle} would reach it, but does not open." if idle else ""
    return text + (f" {unfit} selects it, but with a document for Windows." if unfit else "")


def example_of(tasks: Iterable[PatchTask], targets: Mapping[int, Target]) -> str | None:
    """An example of a tag with which an Install of an open window would reach a node."""
    for task in tasks:
        is_example = task.operation == INSTALL and task.window.is_open and not task.is_for_windows
        for number in task.targets if is_example else ():
            criteria = targets[number].criteria
            if len(criteria) == 1 and criteria[0][0].startswith("tag:") and criteria[0][1]:
                return f"{criteria[0][0].removeprefix('tag:')}={criteria[0][1][0]} for {task.title}"
    return None


def _names(tasks: Iterable[PatchTask]) -> str:
    return ", ".join(dict.fromkeys(task.title for task in tasks))


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"
