# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a plan: its calls in order of dependency, concurrently where nothing depends.

What fails does not stop what does not depend on it. A create is made safe against lost answers and against a second
controller: its token is a hash of what is created, and afterwards the name is read back.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from .api import Api
from .errors import ApiError, PatchingError
from .kind import Raw
from .plan import Change, Creation, Plan, Ref, Step

# Seconds between looks at what another read may not show yet; together longer than any lag that was seen.
_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.0, 1.5, 2.0, 2.0, 2.0)


@dataclass
class Failure:
    """A change that did not come to its end, and why."""

    change: Change
    error: PatchingError
    done: list[str] = field(default_factory=list)
    note: str = ""

    def text(self) -> str:
        """What failed, what was done before, what the user must know."""
        done = f" Done before: {', '.join(self.done)}." if self.done else ""
        note = f" Note: {self.note}." if self.note else ""
        return f"{self.change.title}: {self.error}{done}{note}"


@dataclass
class Outcome:
    """What became of a plan. ids: of created resources by step key. done: changes whose calls all succeeded."""

    ids: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    succeeded: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    touched: list[Change] = field(default_factory=list)

    def resolve(self, value: Any) -> Any:
        """A request or answer with the ids that are known by now; Refs of what was not created become None."""
        if isinstance(value, Ref):
            return self.ids.get(value.step)
        if isinstance(value, dict):
            return {key: self.resolve(entry) for key, entry in value.items()}
        return [self.resolve(entry) for entry in value] if isinstance(value, list) else value


def apply_plan(api: Api, plan: Plan, workers: int) -> Outcome:
    """Carry out all steps of a plan that can be."""
    run = _Run(api, plan)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        running: dict[Future[None], str] = {}
        while True:
            for key in run.ready():
                running[pool.submit(run.work, key)] = key
            if not running:
                run.check_all_ended()
                return run.outcome
            done, _rest = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
                run.end(running.pop(future))


class _Run:
    """The state of one application: steps by key, and the readings-back that creations of a listing share."""

    def __init__(self, api: Api, plan: Plan) -> None:
        self._api = api
        self.outcome = Outcome()
        self._steps = {step.key: step for step in plan.steps}
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

    def ready(self) -> list[str]:
        """The keys that wait for nothing any more, each once; what cannot run for a failure ends here."""
        keys: list[str] = []
        while self._ready:
            key = self._ready.pop(0)
            step = self._steps.get(key)
            if step is None or step.needs <= self.outcome.succeeded:
                keys.append(key)
            else:
                self.end(key)
        return keys

    def end(self, key: str) -> None:
        """Let go what waited for this key."""
        self.outcome.ended.add(key)
        for follower in self._followers.get(key, ()):
            self._waiting[follower].discard(key)
            if not self._waiting[follower]:
                self._ready.append(follower)

    def check_all_ended(self) -> None:
        """A plan whose steps wait for each other would end with some of them silently left out."""
        left = sorted(set(self._steps) - self.outcome.ended)
        if left and not self.outcome.failures:
            raise PatchingError(f"The plan could not be finished, its steps wait for each other: {', '.join(left)}")

    def work(self, key: str) -> None:
        """Carry out one step, or read back one group of creations."""
        if key in self._groups:
            self._read_back(self._groups[key])
            return
        step = self._steps[key]
        try:
            self._carry_out(step)
        except ApiError as error:
            self._fail(step, error)
        else:
            self.outcome.succeeded.add(key)
            self.outcome.touched.append(step.change)

    def _fail(self, step: Step, error: PatchingError) -> None:
        note = step.if_failed
        if step.undo:
            operation, request = step.undo
            try:
                self._api.call(operation, **self.outcome.resolve(request))
            except ApiError as second:
                note = f"putting things back failed too: {second}"
        created = self.outcome.resolve(step.change.id)
        done = [
            self._steps[key].operation + (f" ({created})" if self._steps[key].creation and created else "")
            for key in self.outcome.succeeded
            if self._steps[key].change is step.change
        ]
        self.outcome.failures.append(Failure(step.change, error, sorted(done), note))

    def _carry_out(self, step: Step) -> None:
        request = self.outcome.resolve(step.request)
        if step.creation:
            self.outcome.ids[step.key] = self._create(step, step.creation, request)
            return
        try:
            self._call_patiently(step, request)
        except ApiError as error:
            if error.code not in step.tolerate and not self._is_registered(error, request):
                raise

    def _call_patiently(self, step: Step, request: Raw) -> Raw:
        for pause in _PAUSES:
            try:
                return self._api.call(step.operation, **request)
            except ApiError as error:
                if error.code not in step.retry:
                    raise
            time.sleep(pause)
        return self._api.call(step.operation, **request)

    def _is_registered(self, error: ApiError, request: Raw) -> bool:
        """A group may be registered already by a call whose answer was lost."""
        if error.code != "AlreadyExistsException":
            return False
        answer = self._api.call("GetPatchBaseline", BaselineId=request["BaselineId"])
        return request["PatchGroup"] in (answer.get("PatchGroups") or ())

    def _create(self, step: Step, creation: Creation, request: Raw, salt: str = "") -> str:
        """The token says "this very resource": a repeated call, and another controller's, get the same id."""
        token = create_token(creation, request, salt)
        answer = self._call_patiently(step, {**request, "ClientToken": token})
        return str(answer[creation.id_member])

    def _read_back(self, group: list[tuple[Step, Creation]]) -> None:
        created = [(step, creation) for step, creation in group if step.key in self.outcome.succeeded]
        if not created:
            return
        try:
            hidden, listing = self._hidden(created)
            for step, creation in hidden:
                # The service remembers tokens: the id may be that of a resource which was deleted since.
                request = self.outcome.resolve(step.request)
                self.outcome.ids[step.key] = self._create(step, creation, request, salt=uuid.uuid4().hex)
            if hidden:
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
        """The creations that no read shows, after waiting for reads to catch up, and the last listing."""
        shared = created[0][1]
        where = self.outcome.resolve(shared.where)
        pauses = iter(_PAUSES)
        while True:
            listing = list(self._api.pages(shared.listing, shared.result, **where))
            ids = {entry.get(shared.id_member) for entry in listing}
            hidden = [(step, creation) for step, creation in created if self.outcome.ids[step.key] not in ids]
            pause = next(pauses, None)
            if not hidden or pause is None:
                return hidden, listing
            time.sleep(pause)

    def _check_created(self, step: Step, creation: Creation, listing: list[Raw], hidden: bool) -> None:
        own = self.outcome.ids[step.key]
        if hidden:
            self._lose(step, PatchingError(f"was created as {own}, but no read shows it yet; run again in a minute"))
            return
        rivals = [
            str(entry[creation.id_member])
            for entry in listing
            if entry.get(creation.name_member) == creation.name
            and entry.get(creation.id_member) not in creation.known | {own}
            and all(entry.get(name) == value for name, value in creation.like.items())
        ]
        if rivals:
            self._settle(step, creation, own, rivals)

    def _settle(self, step: Step, creation: Creation, own: str, rivals: list[str]) -> None:
        """Of namesakes made at the same moment the older stays; only what this run made is removed."""
        oldest = min((self._created_date(creation, one), one) for one in [own, *rivals])[1]
        if oldest == own:
            return
        where = {"WindowId": self.outcome.resolve(creation.parent)} if creation.parent else {}
        self._api.call(creation.delete, **where, **{creation.id_member: own})
        self._lose(
            step,
            PatchingError(
                f"another run created {oldest} of the same name at the same moment; this run's {own} was removed again;"
                " run again"
            ),
        )

    def _created_date(self, creation: Creation, resource_id: str) -> float:
        """Creation dates are told for windows and baselines; targets and tasks have none, and the id decides."""
        operation = {"WindowId": "GetMaintenanceWindow", "BaselineId": "GetPatchBaseline"}.get(creation.id_member)
        if operation is None:
            return 0.0
        moment = self._api.call(operation, **{creation.id_member: resource_id}).get("CreatedDate")
        return float(moment.timestamp()) if moment is not None else 0.0

    def _lose(self, step: Step, error: PatchingError) -> None:
        self.outcome.succeeded.discard(step.key)
        if step.change in self.outcome.touched:
            self.outcome.touched.remove(step.change)
        self._fail(step, error)


def create_token(creation: Creation, request: Raw, salt: str = "") -> str:
    """The ClientToken of a creation: 64 hexadecimal characters, the longest that the service takes."""
    body = json.dumps([creation.listing, creation.name, request, salt], sort_keys=True, default=str)
    return hashlib.sha256(body.encode()).hexdigest()


def not_attempted(plan: Plan, outcome: Outcome) -> list[Change]:
    """Changes of which nothing failed by itself, but which did not come to their end."""
    failed = {id(failure.change) for failure in outcome.failures}
    unfinished = {id(step.change) for step in plan.steps if step.key not in outcome.succeeded}
    return [change for change in plan.changes if id(_root(change)) in unfinished - failed]


def finished(plan: Plan, outcome: Outcome) -> list[Change]:
    """Changes that came to their end."""
    unfinished = {id(step.change) for step in plan.steps if step.key not in outcome.succeeded}
    return [change for change in plan.changes if id(_root(change)) not in unfinished]


def _root(change: Change) -> Change:
    return change.follows or change
