# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose resources a plan writes to, and whether this run may. Pure functions.

The one place that decides it: for every step, from the request that it sends. No planner can leave it out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from .._aws.errors import PatchingError
from .._options.kind import Kind
from .._resources import patch_baseline, window
from .._resources.ownership import OWNER_TAGS, SETUP_TAG, refusal
from .._state.declaration import Entry
from .._state.read import RESOURCE_TYPES, Subject
from .changes import Change, Id, Owner, Ref, Step
from .planning import Planning, Tagging, tag_steps

_REGISTER_DEFAULT = "RegisterDefaultPatchBaseline"
_TAG_OPERATIONS = ("AddTagsToResource", "RemoveTagsFromResource")
_CREATIONS = (window.KIND.create, patch_baseline.KIND.create)
_KINDS = {window.RESOURCE_TYPE: window.KIND, patch_baseline.RESOURCE_TYPE: patch_baseline.KIND}


@dataclass(frozen=True)
class _Write:
    """One step and one resource that it writes to.

    entry: of the resource itself, None where it is not declared. claimant: of the baseline that takes a group or the
    default away from the resource.
    """

    step: Step
    subject: Subject
    entry: Entry | None
    claimant: Entry | None = None


def unread(planning: Planning) -> list[Subject]:
    """The resources that the plan writes to and whose tags are not read yet."""
    written = dict.fromkeys(write.subject for write in _writes(planning))
    return [subject for subject in written if _tags(planning, subject) is None]


def settle(planning: Planning, just_read: Collection[Subject]) -> None:
    """Refuse what this run must not write, adopt what it may, and note on each step whose resources it relies on.

    just_read: resources whose tags were read after the planning, so that a first write can rely on them.
    """
    writes = list(_writes(planning))
    for write in writes:
        _judge(planning, write)
    parents = {write.subject: write.entry for write in writes if write.entry and not write.entry.declared}
    for subject, entry in parents.items():
        _adopt(planning, subject, entry, [write.step for write in writes if write.subject == subject])
    for write in _writes(planning):
        write.step.owners += (_owner(planning, write, write.subject in just_read),)
        if write.step.operation == _REGISTER_DEFAULT:
            write.step.default_before = _default_before(planning, write.step)


def _writes(planning: Planning) -> Iterator[_Write]:
    claimants = {answer.id: answer.entry for answer in planning.answers.values() if answer.id is not None}
    for step in planning.plan.steps:
        for subject in _subjects(planning, step):
            planned = claimants.get(step.change.id) or _claimed(planning, step.change)
            entry = planning.claimed.get((subject.kind, subject.id))
            if entry is None and subject.id == step.change.id:
                entry = planned
            if entry is None and (planned is None or subject.kind == window.KIND.name):
                raise PatchingError(f"Nothing declares what {step.key} writes; this is a defect of the collection.")
            lost = subject.kind == patch_baseline.KIND.name and entry is not planned
            yield _Write(step, subject, entry, planned if lost else None)


def _claimed(planning: Planning, change: Change) -> Entry | None:
    return planning.claimed.get((change.kind, change.id)) if isinstance(change.id, str) else None


def _subjects(planning: Planning, step: Step) -> Iterator[Subject]:
    """The existing resources that a step writes to, by its request; those of AWS are only ever registered."""
    for kind, resource_id in _named(planning, step):
        if isinstance(resource_id, str) and resource_id and not patch_baseline.is_aws_owned(resource_id):
            yield Subject(kind.name, patch_baseline.bare_id(resource_id))


def _named(planning: Planning, step: Step) -> Iterator[tuple[Kind, Id | None]]:
    request = step.request
    if step.operation in _TAG_OPERATIONS:
        yield _KINDS[request["ResourceType"]], request["ResourceId"]
    elif "WindowId" in request:
        yield window.KIND, request["WindowId"]
    elif "BaselineId" in request:
        yield patch_baseline.KIND, request["BaselineId"]
        if step.operation == _REGISTER_DEFAULT:
            yield patch_baseline.KIND, _default_before(planning, step)[1]
    elif step.operation not in _CREATIONS:
        raise PatchingError(f"Nothing says what {step.operation} writes; this is a defect of the collection.")


def _default_before(planning: Planning, step: Step) -> tuple[str, str]:
    """The operating system whose default a step sets, and the baseline that is its default now."""
    baseline_id, identities = step.request["BaselineId"], planning.account.identities
    if isinstance(baseline_id, Ref):
        system = next(one.request["OperatingSystem"] for one in planning.plan.steps if one.key == baseline_id.step)
    else:
        bare = patch_baseline.bare_id(baseline_id)
        system = next(one["OperatingSystem"] for one in identities if patch_baseline.bare_id(one["BaselineId"]) == bare)
    defaults = [
        one["BaselineId"] for one in identities if one["OperatingSystem"] == system and one.get("DefaultBaseline")
    ]
    return system, defaults[0] if defaults else ""


def _tags(planning: Planning, subject: Subject) -> dict[str, str] | None:
    resource = planning.account.of(subject.kind).get(subject.id)
    return resource.tags if resource else None


def _judge(planning: Planning, write: _Write) -> None:
    """Refuse a write to what is not this run's, once for each resource and entry."""
    entries = [one for one in (write.claimant, write.entry) if one]
    reasons = [_reason(planning, write, entry) for entry in entries]
    # A baseline that is declared itself may lose a group by what it says, or by what the one says that claims it.
    if all(reasons):
        text = f"{entries[0].label}{reasons[0]}"
        if text not in planning.plan.violations:
            planning.plan.violations.append(text)


def _reason(planning: Planning, write: _Write, entry: Entry) -> str | None:
    subject, lost = write.subject, bool(write.claimant)
    reason = refusal(_tags(planning, subject) or {}, entry.claim, entry.take_over, not lost and _removes(entry))
    if not reason:
        return None
    if not lost:
        return f"{subject.kind} {_title(planning, subject, entry)} ({subject.id}) {reason}"
    what = (
        "default" if write.step.operation == _REGISTER_DEFAULT else f"patch group {write.step.request['PatchGroup']!r}"
    )
    return f"the {what} is that of baseline {_title(planning, subject)} ({subject.id}), which {reason}"


def _title(planning: Planning, subject: Subject, entry: Entry | None = None) -> str:
    names = [one["BaselineName"] for one in planning.account.identities if one["BaselineId"] == subject.id]
    resource = planning.account.of(subject.kind).get(subject.id)
    found = (entry and entry.name, resource and resource.name, *names)
    return next((str(name) for name in found if name), subject.id)


def _removes(entry: Entry) -> bool:
    """Whether an entry removes: itself, or, of a window that is only a parent, all that is declared in it."""
    if entry.declared:
        return entry.absent
    return all(child.absent for child in (*(entry.targets or ()), *(entry.tasks or ())))


def _adopt(planning: Planning, subject: Subject, entry: Entry, steps: Iterable[Step]) -> None:
    """A window of which only the content is declared becomes the run's own before that is written."""
    tags = _tags(planning, subject) or {}
    if not entry.claim or _removes(entry) or tags.get(SETUP_TAG) == entry.claim:
        return
    before, after = {"setup": tags.get(SETUP_TAG)}, {"setup": entry.claim}
    change = Change("window", _title(planning, subject, entry), "update", subject.id, before, after)
    tagging = Tagging(before, after, {SETUP_TAG: entry.claim}, [])
    adoption = tag_steps(tagging, change, window.RESOURCE_TYPE, subject.id)
    for step in steps:
        step.needs |= {one.key for one in adoption}
    planning.plan.changes.insert(0, change)
    planning.plan.steps[:0] = adoption


def _owner(planning: Planning, write: _Write, just_read: bool) -> Owner:
    """What a step relies on. A removal, a loss and a change of the owner are worth a look of their own."""
    tags, entry, step = _tags(planning, write.subject) or {}, write.entry, write.step
    kept = {key: tags.get(key) for key in OWNER_TAGS}
    own = kept[SETUP_TAG]
    if entry:
        own = entry.claim if entry.setup or not entry.declared else own
        own = None if entry.params.get("setup") == "" else own
    owning = step.operation in _TAG_OPERATIONS and own != kept[SETUP_TAG]
    each_time = bool(step.guard or write.claimant or owning)
    look = "each time" if each_time else "never" if just_read else "once"
    return Owner(RESOURCE_TYPES[write.subject.kind], write.subject.id, kept, own, look)
