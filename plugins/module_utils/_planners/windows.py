# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of maintenance windows. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from .._aws.client import GONE
from .._aws.structures import Raw
from .._options.kind import merge, update_body, values_of
from .._resources import patch_task, window, window_target
from .._schedules.schedule import check_schedule, next_run, run_text
from .._state.declaration import Entry
from .._state.read import Resource, matching
from .changes import Change, Creation, Id, Ref, Step, created
from .planning import (
    Answer,
    Planning,
    Tagging,
    ViolationError,
    create_body,
    differing,
    guard_of,
    plan_tags,
    required,
    rest_of,
    tag_steps,
)

_DECIDE_RUNS = ("enabled", "schedule", "schedule_timezone", "schedule_offset", "start_date", "end_date")


@dataclass
class WindowPlan:
    """A window as its children see it: its id, and the steps that must have run before them.

    planned: its structure as it will be; empty where only its children are declared.
    """

    entry: Entry
    id: Id
    resource: Resource | None
    values: dict[str, Any]
    planned: Raw = field(default_factory=dict)
    needs: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)

    @property
    def read_id(self) -> str:
        """The id under which children were read, which a new window does not have."""
        return self.resource.id if self.resource else ""


def find_window(planning: Planning, entry: Entry) -> Resource | None:
    """The window that an entry means; raises ViolationError where it means none or several."""
    windows = planning.account.windows.values()
    matches = matching(entry, windows)
    if len(matches) > 1:
        ids = ", ".join(sorted(resource.id for resource in matches))
        option = "window_id" if entry.declared else "window"
        raise ViolationError(
            f"{'name' if entry.declared else 'window'}: {entry.name!r} is the name of several windows ({ids});"
            f" give {option} as id"
        )
    if entry.id and not matches and not entry.absent and entry.declared:
        raise ViolationError(f"window_id: {entry.id!r} does not exist; leave it out to create a window")
    if entry.id and entry.name and entry.declared and not entry.absent:
        rivals = [resource.id for resource in windows if resource.name == entry.name and resource.id != entry.id]
        if rivals:
            raise ViolationError(
                f"name: {entry.name!r} is already the name of window {', '.join(rivals)}; choose another"
            )
    return matches[0] if matches else None


def plan_window(planning: Planning, entry: Entry) -> WindowPlan | None:
    """Plan one present window; None where there is nothing that children could be registered with."""
    resource = find_window(planning, entry)
    if not entry.declared:
        return _parent(planning, entry, resource)
    if resource is None:
        return _create(planning, entry)
    planning.claim(entry, resource.id)
    return _update(planning, entry, resource)


def _parent(planning: Planning, entry: Entry, resource: Resource | None) -> WindowPlan | None:
    if resource:
        planning.claim(entry, resource.id)
        return WindowPlan(entry, resource.id, resource, values_of(window.KIND, resource.raw))
    children = [*(entry.targets or ()), *(entry.tasks or ())]
    if all(child.absent for child in children):
        return None
    if entry.id:
        # No other task of a play can bring an id into being.
        raise ViolationError(f"window: {entry.id!r} does not exist; give one that does, or a name")
    planning.missing.append(f"window: {entry.title!r} does not exist; create it first, with ssm_maintenance_window")
    return WindowPlan(entry, Ref(f"window {entry.title}"), None, {})


def _create(planning: Planning, entry: Entry) -> WindowPlan:
    defaults = {name: option.created for name, option in window.KIND.managed() if option.created is not None}
    values = {**defaults, **entry.values}
    after = merge(window.KIND, {}, values)
    shown = values_of(window.KIND, after)
    _check(planning, entry, values, {}, shown, required(entry, window.REQUIRED, shown))
    tagging = plan_tags(entry, {})
    change = Change("window", entry.title, "create", Ref(f"window {entry.title}"), {}, {**shown, **tagging.after})
    steps = [_create_step(planning, entry, change, after, tagging)]
    if shown["enabled"] is False:
        steps.append(
            Step(
                f"{change.title} disable",
                change,
                window.KIND.update,
                {"WindowId": change.id, "Enabled": False},
                if_failed="the window exists and is enabled, although it is declared disabled",
            )
        )
    keys = planning.plan.add(change, steps)
    planning.answer(
        entry, Answer(entry, change.id, change.after, window.facts({}) | _next_execution(planning, shown, {}, {}))
    )
    _warn_of_no_run(planning, entry, shown)
    return WindowPlan(entry, change.id, None, shown, after, set(keys), {creation.group for creation in created(steps)})


def _create_step(planning: Planning, entry: Entry, change: Change, after: Raw, tagging: Tagging) -> Step:
    body = create_body(planning.members(window.KIND.create), after)
    if tags := tagging.wanted():
        body["Tags"] = ansible_dict_to_boto3_tag_list(tags)
    creation = Creation(
        name=str(entry.name),
        id_member="WindowId",
        listing="DescribeMaintenanceWindows",
        result="WindowIdentities",
        name_member="Name",
        delete=window.KIND.delete,
        known=frozenset(one.id for one in planning.account.windows.values() if one.name == entry.name),
    )
    return Step(change.title, change, window.KIND.create, body, creation=creation)


def _update(planning: Planning, entry: Entry, resource: Resource) -> WindowPlan:
    before_raw = resource.raw
    after_raw = merge(window.KIND, before_raw, entry.values)
    before, after = differing(window.KIND, before_raw, after_raw)
    _check(planning, entry, entry.values, before, after, [])
    tagging = plan_tags(entry, resource.tags)
    name = entry.name or resource.name or resource.id
    change = Change("window", name, "update", resource.id, {**before, **tagging.before}, {**after, **tagging.after})
    facts = window.facts(resource.raw) | _next_execution(planning, after, before, resource.raw)
    planning.answer(entry, Answer(entry, resource.id, change.after, facts))
    _warn_of_no_run(planning, entry, after)
    steps = []
    body = update_body(window.KIND, before_raw, after_raw, planning.members(window.KIND.update))
    if body:
        request = {**body, "WindowId": resource.id}
        rest = rest_of(planning, window.KIND, resource, after_raw, body)
        steps.append(Step(f"{change.title} {resource.id}", change, window.KIND.update, request, rest=rest))
        schedule = str(after["schedule"])
        if body.get("Replace") and schedule.startswith("rate(") and schedule == before["schedule"]:
            planning.warn(
                entry, f"schedule: the unchanged {schedule} has to be sent again; AWS may restart its cadence"
            )
    steps += tag_steps(tagging, change, window.RESOURCE_TYPE, resource.id)
    keys = planning.plan.add(change, steps) if steps else []
    return WindowPlan(entry, resource.id, resource, after, after_raw, set(keys))


def _next_execution(planning: Planning, after: dict[str, Any], before: dict[str, Any], raw: Raw) -> dict[str, Any]:
    """When the window opens next, computed where anything changes on which that depends; null where it is disabled."""
    if not after["enabled"]:
        return {"next_execution_time": None}
    if all(name in before and after[name] == before[name] for name in _DECIDE_RUNS):
        return {"next_execution_time": raw.get("NextExecutionTime") or None}
    moment = next_run(after, planning.account.read_at)
    return {"next_execution_time": run_text(moment) if moment else None}


def _warn_of_no_run(planning: Planning, entry: Entry, after: dict[str, Any]) -> None:
    """A schedule that is valid but never comes true is most likely a slip, or a window that has served its time."""
    if (
        after["enabled"]
        and not check_schedule(str(after["schedule"]))
        and next_run(after, planning.account.read_at) is None
    ):
        until = f" before end_date {after['end_date']}" if after.get("end_date") else ""
        planning.warn(entry, f"schedule: {after['schedule']} never opens the window again{until}; nothing is patched")


def _check(
    planning: Planning,
    entry: Entry,
    values: dict[str, Any],
    before: dict[str, Any],
    after: dict[str, Any],
    found: list[str],
) -> None:
    known = {entry.label + text for text in window.violations(entry.values, {}, entry.values)}
    for text in found + window.violations(values, before, after):
        if entry.label + text not in known:
            planning.refuse(entry, text)


def plan_window_removal(planning: Planning, entry: Entry) -> None:
    """Delete a window; its targets and tasks go with it and are told."""
    resource = find_window(planning, entry)
    planning.answer(entry, Answer(entry, None, {}))
    if resource is None:
        return
    planning.claim(entry, resource.id)
    name = resource.name or resource.id
    change = Change("window", name, "delete", resource.id, values_of(window.KIND, resource.raw), late=entry.pruned)
    children = (
        ("target", window_target.KIND, planning.account.targets.get(resource.id, {})),
        ("task", patch_task.KIND, planning.account.tasks.get(resource.id, {})),
    )
    content = frozenset(child_id for _name, _kind, found in children for child_id in found)
    guard = guard_of(window.KIND, resource, content)
    key, request = f"{change.title} {resource.id} delete", {"WindowId": resource.id}
    planning.plan.add(change, [Step(key, change, window.KIND.delete, request, tolerate=GONE, guard=guard)])
    for kind_name, kind, found in children:
        for child in found.values():
            planning.plan.changes.append(
                Change(
                    kind_name,
                    child.name or child.id,
                    "delete",
                    child.id,
                    values_of(kind, child.raw),
                    follows=change,
                    window=name,
                    late=entry.pruned,
                )
            )
