# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans maintenance windows. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .._aws.structures import Raw
from .._options.kind import values_of
from .._schedules.schedule import check_schedule, next_run, run_text
from .._state.account import Resource
from .._state.declaration import Entry
from .changes import Change, Id, Ref, Step, created
from .planning import Answer, Inputs, Part, ViolationError
from .resource import Draft, create, find_resource, removal, update

_DECIDE_RUNS = ("enabled", "schedule", "schedule_timezone", "schedule_offset", "start_date", "end_date")


@dataclass(frozen=True)
class WindowPlan:
    """A window for the plans of its targets and tasks: its ID, and the steps that must run before theirs.

    values, planned: its values and structure after the run; planned is empty if only its children are declared. part:
    the plan of the window itself.
    """

    entry: Entry
    id: Id
    resource: Resource | None
    values: dict[str, Any]
    planned: Raw = field(default_factory=dict)
    needs: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    part: Part = field(default_factory=Part)

    @property
    def read_id(self) -> str:
        """The ID for which children were read. A new window has none."""
        return self.resource.id if self.resource else ""


def plan_window(inputs: Inputs, entry: Entry) -> WindowPlan | None:
    """Plan one present window; None if there is no window in which children could be registered.

    Raises:
        ViolationError: The entry refers to no window, or to more than one.
    """
    resource = find_resource(inputs, entry)
    if not entry.declared:
        return _parent(entry, resource)
    return _update(inputs, entry, resource) if resource else _create(inputs, entry)


def _parent(entry: Entry, resource: Resource | None) -> WindowPlan | None:
    if resource:
        part = Part(claims=[(entry, resource.id)])
        return WindowPlan(entry, resource.id, resource, values_of(entry.kind, resource.raw), part=part)
    if all(child.absent for child in entry.contents):
        return None
    if entry.id:
        # No other task of a play can create a certain ID.
        raise ViolationError(f"window: {entry.id!r} does not exist; specify the ID or name of an existing window")
    missing = f"window: {entry.title!r} does not exist; create it first, with ssm_maintenance_window"
    return WindowPlan(entry, Ref(f"window {entry.title}"), None, {}, part=Part(missing=[missing]))


def _create(inputs: Inputs, entry: Entry) -> WindowPlan:
    known = frozenset(one.id for one in inputs.account.windows.values() if one.name == entry.name)
    draft = create(inputs, entry, known)
    change, steps = draft.change, list(draft.steps)
    if draft.after["enabled"] is False:
        failed = "the window exists and is enabled, although it is declared disabled"
        request = {"WindowId": change.id, "Enabled": False}
        steps.append(Step(f"{change.title} disable", change, entry.kind.update, request, if_failed=failed))
    part = _part(inputs, entry, draft, {})
    keys = part.add(change, steps)
    after = frozenset(creation.group for creation in created(steps))
    return WindowPlan(entry, change.id, None, draft.after, draft.planned, frozenset(keys), after, part)


def _update(inputs: Inputs, entry: Entry, resource: Resource) -> WindowPlan:
    draft = update(inputs, entry, resource)
    part = _part(inputs, entry, draft, resource.raw)
    part.claims.append((entry, resource.id))
    schedule = str(draft.after["schedule"])
    if draft.body.get("Replace") and schedule.startswith("rate(") and schedule == draft.before["schedule"]:
        text = f"schedule: the unchanged {schedule} must be sent again, and AWS might restart its interval"
        part.warn(entry, [text])
    keys = part.add(draft.change, draft.steps) if draft.steps else []
    return WindowPlan(entry, resource.id, resource, draft.after, draft.planned, frozenset(keys), part=part)


def _part(inputs: Inputs, entry: Entry, draft: Draft, raw: Raw) -> Part:
    """The result of a window, with its violations and warnings."""
    facts = entry.kind.facts(raw) | _next_execution(inputs, draft, raw)
    part = Part(answers={entry: Answer(draft.change.id, draft.change.after, facts)})
    part.refuse(entry, draft.violations)
    part.warn(entry, _warnings_of_no_run(inputs, draft.after))
    return part


def _next_execution(inputs: Inputs, draft: Draft, raw: Raw) -> dict[str, Any]:
    """When the window opens next, computed if a change affects it. Null if the window is disabled."""
    before, after = draft.before, draft.after
    if not after["enabled"]:
        return {"next_execution_time": None}
    if all(name in before and after[name] == before[name] for name in _DECIDE_RUNS):
        return {"next_execution_time": raw.get("NextExecutionTime") or None}
    moment = next_run(after, inputs.account.read_at, is_new=after["schedule"] != before.get("schedule"))
    return {"next_execution_time": run_text(moment) if moment else None}


def _warnings_of_no_run(inputs: Inputs, after: dict[str, Any]) -> list[str]:
    """Warnings about a valid schedule without a next run, which is most likely a mistake or an outdated window."""
    schedule = str(after["schedule"])
    if not after["enabled"] or check_schedule(schedule) or next_run(after, inputs.account.read_at):
        return []
    until = f" before end_date {after['end_date']}" if after.get("end_date") else ""
    return [f"schedule: {schedule} never opens the window again{until}, so nothing is patched"]


def plan_window_removal(inputs: Inputs, entry: Entry) -> Part:
    """Delete a window, and show its targets and tasks, which are deleted with it."""
    resource = find_resource(inputs, entry)
    part = Part(answers={entry: Answer(None, {})})
    if resource is None:
        return part
    part.claims.append((entry, resource.id))
    found = {kind: inputs.account.inside(kind, resource.id) for kind in entry.kind.contents}
    change, steps = removal(entry, resource, [child_id for inside in found.values() for child_id in inside])
    part.add(change, steps)
    part.changes += [
        Change(
            kind.name,
            child.name or child.id,
            "delete",
            child.id,
            values_of(kind, child.raw),
            follows=change,
            window=change.name,
            late=entry.pruned,
        )
        for kind, inside in found.items()
        for child in inside.values()
    ]
    return part
