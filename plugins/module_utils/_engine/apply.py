# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies a plan: its calls in the order of their dependencies, concurrently where possible.

A failure does not stop independent changes. A create call is safe against lost responses and a second controller: its
token is a hash of the resource, and the name is read back afterwards.
"""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .._aws.client import GONE, Api, Job, run_jobs
from .._aws.errors import LOST_ANSWER, ApiError, PatchingError
from .._aws.structures import Raw, member
from .._aws.text import printable
from .._options.kind import Kind
from .._planners.changes import Change, Creation, Owner, Plan, Ref, Step
from .._schedules import clock
from . import guard

# Seconds between reads of what AWS might not return yet. Their sum exceeds any observed lag.
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.0, 1.5, 2.0, 2.0, 2.0)
# The prefixes of error codes for invalid requests.
_REFUSALS = ("Validation", "Invalid")


@dataclass
class Failure:
    """A change that was not completed, and the reason."""

    change: Change
    error: PatchingError
    done: list[str] = field(default_factory=list)
    note: str = ""

    def text(self) -> str:
        """The failure, the completed calls, and a note for the user."""
        done = f" Completed: {', '.join(self.done)}." if self.done else ""
        note = f" Note: {self.note}." if self.note else ""
        return printable(f"{self.change.title}: {self.error}{done}{note}")


@dataclass
class Outcome:
    """The result of a plan.

    ids: of created resources, by step key. succeeded: keys of steps. touched: changes that wrote something.
    """

    ids: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    succeeded: set[str] = field(default_factory=set)
    touched: list[Change] = field(default_factory=list)

    def resolve(self, value: Any) -> Any:
        """A request or result with the known IDs. A Ref to a resource that was not created becomes None."""
        if isinstance(value, Ref):
            return self.ids.get(value.step)
        if isinstance(value, dict):
            return {key: self.resolve(entry) for key, entry in value.items()}
        return [self.resolve(entry) for entry in value] if isinstance(value, list) else value


def apply_plan(api: Api, plan: Plan, workers: int) -> Outcome:
    """Run all steps of a plan that can run."""
    run = _Run(api, plan)
    run_jobs(run.jobs(), workers)
    run.tell_unfinished()
    return run.outcome


@dataclass
class _Look:
    """The check of a resource's owner before the first write to it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    is_done: bool = False
    objection: str | None = None


class _Run:
    """The state while a plan is applied: steps by key, and the read-backs that creates of one listing share."""

    def __init__(self, api: Api, plan: Plan) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._looks: dict[str, _Look] = {}
        self.outcome = Outcome()
        self._steps = {step.key: step for step in plan.steps}
        if len(self._steps) < len(plan.steps):
            raise PatchingError("Two steps of the plan have the same name; this is a bug in the collection.")
        self._groups: dict[str, list[tuple[Step, Creation]]] = {}
        for step in plan.steps:
            if step.creation:
                self._groups.setdefault(step.creation.group, []).append((step, step.creation))
        self._waiting: dict[str, set[str]] = {}
        for step in plan.steps:
            self._waiting[step.key] = {
                key for key in step.needs | step.after if key in self._steps or key in self._groups
            }
        for group, members in self._groups.items():
            self._waiting[group] = {step.key for step, _creation in members}
        self._followers: dict[str, list[str]] = {}
        for key, blockers in self._waiting.items():
            for blocker in blockers:
                self._followers.setdefault(blocker, []).append(key)
        self._ready = [key for key, blockers in self._waiting.items() if not blockers]
        self._refuse_cycles()

    def jobs(self) -> list[Job]:
        """Everything that no longer waits, each once. Each item returns what it releases."""
        return [partial(self._job, key) for key in self._take_ready()]

    def _job(self, key: str) -> list[Job]:
        self._work(key)
        with self._lock:
            self._end(key)
            return self.jobs()

    def _take_ready(self) -> list[str]:
        """The keys that no longer wait. Steps that cannot run because of a failure end here."""
        keys: list[str] = []
        while self._ready:
            key = self._ready.pop(0)
            step = self._steps.get(key)
            if step is None or step.needs <= self.outcome.succeeded:
                keys.append(key)
            else:
                self._end(key)
        return keys

    def _end(self, key: str) -> None:
        """Release what waited for this key."""
        for follower in self._followers.get(key, ()):
            self._waiting[follower].discard(key)
            if not self._waiting[follower]:
                self._ready.append(follower)

    def _refuse_cycles(self) -> None:
        """Steps that wait for each other would be omitted silently."""
        waiting = {key: set(blockers) for key, blockers in self._waiting.items()}
        ready = [key for key, blockers in waiting.items() if not blockers]
        while ready:
            key = ready.pop()
            del waiting[key]
            for follower in self._followers.get(key, ()):
                waiting[follower].discard(key)
                if not waiting[follower]:
                    ready.append(follower)
        if waiting:
            raise PatchingError(f"Steps of the plan wait for each other: {', '.join(sorted(waiting))}.")

    def _work(self, key: str) -> None:
        """Run one step, or read back one group of created resources."""
        if key in self._groups:
            self._read_back(self._groups[key])
            return
        step = self._steps[key]
        try:
            self._carry_out(step)
        except PatchingError as error:
            self._fail(step, error)
        else:
            self.outcome.succeeded.add(key)
            self.outcome.touched.append(step.change)

    def _fail(self, step: Step, error: PatchingError) -> None:
        notes = [step.if_failed]
        if isinstance(error, ApiError) and error.code.startswith(_REFUSALS):
            notes.append(step.if_refused)
        if isinstance(error, ApiError) and error.operation == step.operation and not error.refused:
            # It is unknown whether something was written.
            self.outcome.touched.append(step.change)
            notes.append(LOST_ANSWER)
        if step.undo:
            operation, request = step.undo
            try:
                self._api.write(operation, **self.outcome.resolve(request))
            except ApiError as second:
                notes = [f"the rollback also failed: {second}"]
        note = "; ".join(filter(None, notes))
        self.outcome.failures.append(Failure(step.change, error, self._done(step.change), note))

    def _done(self, change: Change) -> list[str]:
        """The completed calls of a change."""
        created = self.outcome.resolve(change.id)
        # Other threads add to the set concurrently.
        made = [self._steps[key] for key in tuple(self.outcome.succeeded) if self._steps[key].change is change]
        return sorted(step.operation + (f" ({created})" if step.creation and created else "") for step in made)

    def tell_unfinished(self) -> None:
        """A change that started and then waited for a failed one does not count as not attempted."""
        told = {id(failure.change) for failure in self.outcome.failures}
        begun = {id(change) for change in self.outcome.touched}
        for step in self._steps.values():
            change = step.change
            if step.key not in self.outcome.succeeded and id(change) in begun - told:
                told.add(id(change))
                error = PatchingError("started, but not finished, because a change that it depends on failed.")
                self.outcome.failures.append(Failure(change, error, self._done(change)))

    def _carry_out(self, step: Step) -> None:
        request = self._look_again(step, self.outcome.resolve(step.request))
        if step.creation:
            self.outcome.ids[step.key] = self._create(step, step.creation, request)
            return
        try:
            self._call_patiently(step, request)
        except ApiError as error:
            if error.code not in step.tolerate and not self._is_registered(error, request):
                raise

    def _look_again(self, step: Step, request: Raw) -> Raw:
        """Refuse a step if its resources changed since they were read.

        Returns the request, with current values for the members that the plan does not change.
        """
        objections = [self._looked(one) for one in step.owners if one.look == "once"]
        each_time = [one for one in step.owners if one.look == "each time"]
        objection = next(filter(None, objections), None) or guard.objection(self._api, step, each_time)
        if step.rest and not objection:
            window_id = self.outcome.resolve(step.rest.window)
            request, objection = guard.with_rest(self._api, step.rest, request, window_id)
        if objection:
            done = "deleted" if step.guard else "changed"
            raise PatchingError(f"changed after it was read ({objection}), so it was not {done}; run again")
        return request

    def _looked(self, owner: Owner) -> str | None:
        """The result of the check before the first write to a resource. All writes wait for it and share it."""
        with self._lock:
            look = self._looks.setdefault(owner.id, _Look())
        with look.lock:
            if not look.is_done:
                look.objection = guard.new_owner(self._api, owner)
                look.is_done = True
        return look.objection

    def _call_patiently(self, step: Step, request: Raw) -> Raw:
        for pause in _PAUSES:
            try:
                return self._api.write(step.operation, **request)
            except ApiError as error:
                if error.code not in step.retry and not _is_about_role(error, request):
                    raise
            clock.sleep(pause)
        return self._api.write(step.operation, **request)

    def _is_registered(self, error: ApiError, request: Raw) -> bool:
        """A group can be registered by a call whose response was lost, and reads can lag behind."""
        if error.code != "AlreadyExistsException" or "PatchGroup" not in request:
            return False
        for pause in (*_PAUSES, None):
            answer = self._api.call("GetPatchBaseline", BaselineId=request["BaselineId"])
            if request["PatchGroup"] in (answer.get("PatchGroups") or ()):
                return True
            if pause is not None:
                clock.sleep(pause)
        return False

    def _create(self, step: Step, creation: Creation, request: Raw, salt: str = "") -> str:
        """The token identifies the exact resource: a repeated call and another controller receive the same ID."""
        token = create_token(creation, request, salt)
        answer = self._call_patiently(step, {**request, "ClientToken": token})
        if not answer.get(creation.kind.id_member):
            raise ApiError(step.operation, "UnexpectedAnswer", f"the response contains no {creation.kind.id_member}")
        return str(answer[creation.kind.id_member])

    def _read_back(self, group: list[tuple[Step, Creation]]) -> None:
        created = [(step, creation) for step, creation in group if step.key in self.outcome.succeeded]
        if not created:
            return
        try:
            hidden, listing = self._hidden(created)
            again = [(step, creation) for step, creation in hidden if not self._stands(step, creation)]
            for step, creation in again:
                # The service remembers tokens, so the ID can be that of a resource that has been deleted since.
                request = self.outcome.resolve(step.request)
                self.outcome.ids[step.key] = self._create(step, creation, request, salt=uuid.uuid4().hex)
            if again:
                hidden, listing = self._hidden(created)
        except ApiError as error:
            for step, _creation in created:
                self._lose(step, error)
            return
        for step, creation in created:
            try:
                self._check_created(step, creation, listing, (step, creation) in hidden)
            except ApiError as error:
                self._lose(step, error)

    def _hidden(self, created: list[tuple[Step, Creation]]) -> tuple[list[tuple[Step, Creation]], list[Raw]]:
        """The created resources that no read returns by name after a wait, and the last listing.

        If the ID has another name, the resource has been renamed since, and waiting does not help.
        """
        kind = created[0][1].kind
        pauses = iter(_PAUSES)
        while True:
            listing = self._listed(created[0][1])
            names = {entry.get(kind.id_member): entry.get(kind.listing.name_member) for entry in listing}
            hidden = [one for one in created if names.get(self.outcome.ids[one[0].key]) != one[1].name]
            pause = next(pauses, None)
            if pause is None or all(self.outcome.ids[step.key] in names for step, _creation in hidden):
                return hidden, listing
            clock.sleep(pause)

    def _listed(self, creation: Creation) -> list[Raw]:
        """All resources in the listing of a created resource."""
        kind, where = creation.kind, self.outcome.resolve(creation.where)
        listing = kind.listing
        return list(self._api.pages(listing.operation, listing.result, kind.id_member, **listing.own, **where))

    def _stands(self, step: Step, creation: Creation) -> bool:
        """Whether a resource exists that no listing contains. Targets can only be listed."""
        kind, where = creation.kind, self.outcome.resolve(creation.where)
        if not kind.get:
            return False
        try:
            answer = self._api.get(kind.get, kind.id_member, **where, **{kind.id_member: self.outcome.ids[step.key]})
        except ApiError as error:
            if error.code not in GONE:
                raise
            return False
        return bool(answer.get("Name") == creation.name)

    def _check_created(self, step: Step, creation: Creation, listing: list[Raw], hidden: bool) -> None:
        own = self.outcome.ids[step.key]
        if hidden:
            self._lose(
                step, PatchingError(f"was created as {own}, but AWS does not return it yet; run again in a minute")
            )
            return
        rivals = [
            str(entry[creation.kind.id_member])
            for entry in listing
            if entry.get(creation.kind.listing.name_member) == creation.name
            and entry.get(creation.kind.id_member) not in creation.known | {own}
            and all(entry.get(name) == value for name, value in creation.like.items())
        ]
        if rivals:
            self._settle(step, creation, own, rivals)

    def _settle(self, step: Step, creation: Creation, own: str, rivals: list[str]) -> None:
        """Of resources created with the same name at the same time, the oldest is kept. A run deletes only its own."""
        if self._stays(creation, own, rivals):
            return
        self._take_back(creation, own)
        self._lose(
            step,
            PatchingError(
                f"another run created {', '.join(rivals)} with the same name at the same time, so {own} of this"
                " run was deleted; run again"
            ),
        )

    def _take_back(self, creation: Creation, own: str) -> None:
        """Delete the resource of this run. A remembered token can refer to an older one that is in use."""
        kind, where = creation.kind, self.outcome.resolve(creation.where)
        if guard.content(self._api, kind, own):
            raise ApiError(
                kind.delete,
                "InUse",
                f"{own} has the same name as another resource and is already in use; delete one of them by its ID",
            )
        self._api.write(kind.delete, **where, **{kind.id_member: own}, **kind.withdrawal)

    def _stays(self, creation: Creation, own: str, rivals: list[str]) -> bool:
        if creation.kind.dated:
            dates = {one: self._created_date(creation.kind, one) for one in [own, *rivals]}
            standing = {one: date for one, date in dates.items() if date is not None}
            if own not in standing or standing[own] > min(standing.values()):
                return False
            rivals = [one for one in rivals if standing.get(one) == standing[own]]
        # Without dates, or with equal dates, the ID decides. A rival that remains anyway belongs to a run that ended
        # before this one started.
        return not rivals or (own < min(rivals) and self._withdrawn(creation, rivals))

    def _created_date(self, kind: Kind, resource_id: str) -> float | None:
        """The creation date of a resource with the same name. None if it no longer exists."""
        try:
            moment = self._api.get(kind.get, kind.id_member, **{kind.id_member: resource_id}).get("CreatedDate")
        except ApiError as error:
            if error.code not in GONE:
                raise
            return None
        return float(moment.timestamp()) if moment is not None else 0.0

    def _withdrawn(self, creation: Creation, rivals: list[str]) -> bool:
        """Whether the rivals disappear within the time in which their run would delete them."""
        for pause in _PAUSES:
            clock.sleep(pause)
            if not {entry.get(creation.kind.id_member) for entry in self._listed(creation)} & set(rivals):
                return True
        return False

    def _lose(self, step: Step, error: PatchingError) -> None:
        """The created resource stays in the result, but no step can use it."""
        self._fail(step, error)
        self.outcome.succeeded.discard(step.key)


def _is_about_role(error: ApiError, request: Raw) -> bool:
    """Whether a refusal concerns a role in the request, which might be too new to be known yet."""
    roles = (request.get("ServiceRoleArn"), member(request, "TaskInvocationParameters.RunCommand.ServiceRoleArn"))
    return error.code == "ValidationException" and any(role and role in error.message for role in roles)


def create_token(creation: Creation, request: Raw, salt: str = "") -> str:
    """The ClientToken of a create call: 64 hexadecimal characters, the maximum of the service."""
    body = json.dumps([creation.kind.listing.operation, creation.name, request, salt], sort_keys=True, default=str)
    return hashlib.sha256(body.encode()).hexdigest()


def not_attempted(plan: Plan, outcome: Outcome) -> list[tuple[Change, list[str]]]:
    """Changes that were not completed although none of their steps failed, each with what it waited for."""
    failed = {id(failure.change): failure.change.title for failure in outcome.failures}
    unfinished = {id(step.change) for step in plan.steps if step.key not in outcome.succeeded}
    by_key = {step.key: step for step in plan.steps}
    return [
        (change, _obstacles(_root(change), plan, by_key, failed))
        for change in plan.changes
        if id(_root(change)) in unfinished and id(change) not in failed
    ]


def _obstacles(change: Change, plan: Plan, steps: dict[str, Step], failed: dict[int, str]) -> list[str]:
    """The titles of the failed changes that a change waited for, directly or indirectly."""
    if id(change) in failed:
        return [failed[id(change)]]
    waiting = [step.key for step in plan.steps if step.change is change]
    seen: set[str] = set(waiting)
    while waiting:
        more = {key for key in steps[waiting.pop()].needs if key in steps} - seen
        seen |= more
        waiting += more
    return sorted({failed[id(steps[key].change)] for key in seen if id(steps[key].change) in failed})


def finished(plan: Plan, outcome: Outcome) -> list[Change]:
    """Completed changes."""
    unfinished = {id(step.change) for step in plan.steps if step.key not in outcome.succeeded}
    return [change for change in plan.changes if id(_root(change)) not in unfinished]


def _root(change: Change) -> Change:
    return change.follows or change
