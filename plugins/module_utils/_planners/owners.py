# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The owners of the resources that a plan writes to, and whether this run may write to them. Pure functions.

This is the only place that decides this, for every step, based on its request. No planner can omit it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from .._aws.errors import PatchingError
from .._options.kind import Kind
from .._resources import patch_baseline
from .._resources.ownership import OWNER_TAGS, SETUP_TAG, refusal
from .._resources.register import KINDS
from .._state.account import Subject
from .._state.declaration import Entry
from .changes import Change, Id, Owner, Plan, Step
from .planning import Planning, Tagging, tag_steps

_TAG_OPERATIONS = ("AddTagsToResource", "RemoveTagsFromResource")


@dataclass(frozen=True)
class _Write:
    """One step and one resource that it writes to.

    entry: the entry of the resource, or None if it is not declared. claimant: the entry of the resource that takes
    something away from it, such as a patch group or the default.
    """

    step: Step
    subject: Subject
    entry: Entry | None
    claimant: Entry | None = None


def unread(planning: Planning) -> list[Subject]:
    """The resources that the plan writes to and whose tags have not been read."""
    written = dict.fromkeys(write.subject for write in _writes(planning))
    return [subject for subject in written if _tags(planning, subject) is None]


def with_owners(planning: Planning, just_read: Collection[Subject]) -> Planning:
    """The planning with a violation for each write that this run must not make, and its adoptions.

    Each step records the owners that it relies on. just_read: resources whose tags were read after the planning. A
    first write can rely on them, unless it waits for other resources.
    """
    writes = list(_writes(planning))
    plan = planning.plan
    violations = [*plan.violations, *_refusals(planning, writes)]
    changes, steps = list(plan.changes), list(plan.steps)
    parents = {write.subject: write.entry for write in writes if write.entry and not write.entry.declared}
    for subject, entry in parents.items():
        if adoption := _adoption(planning, subject, entry):
            change, adopting = adoption
            waiting = {write.step for write in writes if write.subject == subject}
            needs = {step.key for step in adopting}
            steps = [*adopting, *(step.waiting(needs) if step in waiting else step for step in steps)]
            changes.insert(0, change)
    owned = replace(planning, plan=Plan(changes, steps, plan.warnings, violations))
    owners: dict[Step, list[Owner]] = {}
    resources = {step.key: _resource(step) for step in steps}
    for write in _writes(owned):
        waits = {resources[key] for key in write.step.needs if key in resources} - {_resource(write.step)}
        owners.setdefault(write.step, []).append(_owner(owned, write, write.subject in just_read and not waits))
    owned.plan.steps = [replace(step, owners=(*step.owners, *owners.get(step, ()))) for step in steps]
    return owned


def _resource(step: Step) -> tuple[str, str | None]:
    """The window or baseline that a step changes, found by its name."""
    change = step.change
    return ("window", change.window) if change.window else (change.kind, change.name)


def _writes(planning: Planning) -> Iterator[_Write]:
    claimants = {answer.id: entry for entry, answer in planning.answers.items() if answer.id is not None}
    for step in planning.plan.steps:
        for subject in _subjects(step):
            planned = claimants.get(step.change.id) or _claimed(planning, step.change)
            entry = planning.claimed.get((subject.kind.name, subject.id))
            if entry is None and subject.id == step.change.id:
                entry = planned
            if entry is None and (planned is None or not subject.kind.loses):
                raise PatchingError(f"The step {step.key} declares no resource; this is a bug in the collection.")
            lost = subject.kind.loses and entry is not planned
            yield _Write(step, subject, entry, planned if lost else None)


def _claimed(planning: Planning, change: Change) -> Entry | None:
    return planning.claimed.get((change.kind, change.id)) if isinstance(change.id, str) else None


def _subjects(step: Step) -> Iterator[Subject]:
    """The existing resources that a step writes to, according to its request. Baselines of AWS are never changed."""
    for kind, resource_id in _named(step):
        if isinstance(resource_id, str) and resource_id and not patch_baseline.is_aws_owned(resource_id):
            yield Subject(kind, patch_baseline.bare_id(resource_id))


def _named(step: Step) -> Iterator[tuple[Kind, Id | None]]:
    request, kinds = step.request, [kind for kind in KINDS.values() if kind.resource_type]
    if step.operation in _TAG_OPERATIONS:
        yield {kind.resource_type: kind for kind in kinds}[request["ResourceType"]], request["ResourceId"]
        return
    written = [(kind, request[kind.id_member]) for kind in kinds if kind.id_member in request]
    if not written and step.operation not in {kind.create for kind in kinds}:
        raise PatchingError(f"The resource that {step.operation} changes is unknown; this is a bug in the collection.")
    yield from written
    if step.default_before:
        yield written[0][0], step.default_before[1]


def _tags(planning: Planning, subject: Subject) -> dict[str, str] | None:
    resource = planning.account.of(subject.kind).get(subject.id)
    return resource.tags if resource else None


def _refusals(planning: Planning, writes: list[_Write]) -> list[str]:
    """The violations for writes to resources that this run does not own, one for each entry and resource."""
    found: dict[tuple[Entry, Subject, str], str] = {}
    for write in writes:
        entries = [one for one in (write.claimant, write.entry) if one]
        reasons = [_reason(planning, write, entry) for entry in entries]
        # A declared baseline may lose a group by its own entry, or by the entry of the baseline that claims the group.
        if all(reasons):
            taken = str(write.step.request.get("PatchGroup", write.step.operation)) if write.claimant else ""
            found.setdefault((entries[0], write.subject, taken), f"{entries[0].label}{reasons[0]}")
    return list(found.values())


def _reason(planning: Planning, write: _Write, entry: Entry) -> str | None:
    subject, lost = write.subject, bool(write.claimant)
    reason = refusal(_tags(planning, subject) or {}, entry.claim, entry.take_over, not lost and _removes(entry))
    if not reason:
        return None
    if not lost:
        return f"{subject.kind.name} {_title(planning, subject, entry)} ({subject.id}) {reason}"
    what = "default" if write.step.default_before else f"patch group {write.step.request['PatchGroup']!r}"
    return f"the {what} is that of baseline {_title(planning, subject)} ({subject.id}), which {reason}"


def _title(planning: Planning, subject: Subject, entry: Entry | None = None) -> str:
    names = [one["BaselineName"] for one in planning.account.identities if one["BaselineId"] == subject.id]
    resource = planning.account.of(subject.kind).get(subject.id)
    found = (entry and entry.name, resource and resource.name, *names)
    return next((str(name) for name in found if name), subject.id)


def _removes(entry: Entry) -> bool:
    """Whether an entry removes its resource or, for a window that is only a parent, everything declared in it."""
    if entry.declared:
        return entry.absent
    return all(child.absent for child in entry.contents)


def _adoption(planning: Planning, subject: Subject, entry: Entry) -> tuple[Change, list[Step]] | None:
    """The steps that make the run the owner of a window, if only the content of the window is declared."""
    tags = _tags(planning, subject) or {}
    if not entry.claim or _removes(entry) or tags.get(SETUP_TAG) == entry.claim:
        return None
    before, after = {"setup": tags.get(SETUP_TAG)}, {"setup": entry.claim}
    change = Change(subject.kind.name, _title(planning, subject, entry), "update", subject.id, before, after)
    tagging = Tagging(before, after, {SETUP_TAG: entry.claim}, [])
    return change, tag_steps(tagging, change, subject.kind.resource_type, subject.id)


def _owner(planning: Planning, write: _Write, just_read: bool) -> Owner:
    """The owner that a step relies on. Before a removal, a loss or a change of the owner, the tags are read again."""
    tags, entry, step = _tags(planning, write.subject) or {}, write.entry, write.step
    kept = {key: tags.get(key) for key in OWNER_TAGS}
    own = kept[SETUP_TAG]
    if entry:
        own = entry.claim if entry.setup or not entry.declared else own
        own = None if entry.values.get("setup") == "" else own
    owning = step.operation in _TAG_OPERATIONS and own != kept[SETUP_TAG]
    each_time = bool(step.guard or write.claimant or owning)
    look = "each time" if each_time else "never" if just_read else "once"
    return Owner(write.subject.kind.resource_type, write.subject.id, kept, own, look)
