# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declaration needs to know about the account, read concurrently and each thing once. No decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from .._aws.answers import BASELINE_MEMBERS, IDENTITY_MEMBERS, TARGET_MEMBERS, TASK_MEMBERS, WINDOW_MEMBERS, require
from .._aws.client import GONE, Api, Job, run_jobs
from .._aws.errors import ApiError
from .._aws.structures import Raw
from .._options.kind import Kind
from .._resources import patch_baseline, patch_task, window, window_target
from .._resources.ownership import REPLACED, SETUP_TAG
from .._resources.tasks import modernised, tidied
from .._schedules import clock
from .declaration import Declaration, Entry


@dataclass
class Resource:
    """One resource as the service answers it. full: read by a Get, not only listed. tags: None where not read."""

    id: str
    name: str | None
    raw: Raw
    full: bool = False
    tags: dict[str, str] | None = None


Found = dict[str, Resource]
# The types under which the service knows the tags of each kind.
RESOURCE_TYPES = {window.KIND.name: window.RESOURCE_TYPE, patch_baseline.KIND.name: patch_baseline.RESOURCE_TYPE}


@dataclass(frozen=True)
class Subject:
    """A window or baseline whose tags record the owner of what is written, by the name of its kind and its id."""

    kind: str
    id: str


class PatchProperty(NamedTuple):
    """One listing of DescribePatchProperties; patch_set: C(OS) or C(APPLICATION), for Windows where it matters."""

    system: str
    name: str
    patch_set: str | None = None


@dataclass
class Listings:
    """The values that the service lists for patch properties, and why some of them were not read."""

    values: dict[PatchProperty, tuple[str, ...]] = field(default_factory=dict)
    unread: dict[PatchProperty, str] = field(default_factory=dict)


_NAME_LENGTH = 128
_GETS = {
    "window": ("GetMaintenanceWindow", WINDOW_MEMBERS),
    "task": ("GetMaintenanceWindowTask", TASK_MEMBERS),
    "baseline": ("GetPatchBaseline", BASELINE_MEMBERS),
}


def _now() -> datetime:
    # Looked up with each call, since tests replace it.
    return clock.now()


@dataclass
class Account:
    """What was read. targets, tasks: by window id, and only of windows whose children were read.

    identities: all baselines as listed, those of AWS included. groups: holder of a patch group by operating system.
    read_at: when that was.
    """

    windows: Found = field(default_factory=dict)
    targets: dict[str, Found] = field(default_factory=dict)
    tasks: dict[str, Found] = field(default_factory=dict)
    baselines: Found = field(default_factory=dict)
    identities: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[tuple[str, str], str] = field(default_factory=dict)
    read_at: datetime = field(default_factory=_now)

    def of(self, kind: str) -> Found:
        """The windows or the baselines, by the name of their kind."""
        return self.windows if kind == window.KIND.name else self.baselines


def read_account(api: Api, declaration: Declaration, workers: int) -> Account:
    """Read what the declaration needs."""
    reader = _Reader(api, declaration)
    run_jobs(reader.first_jobs(), workers)
    return reader.agreed()


# Without the permission to read them the values are left to the service, which may not list all systems either.
_UNLISTED = frozenset({"AccessDeniedException", "ValidationException"})
_PROPERTIES_PER_PAGE = 50


def read_properties(api: Api, wanted: Iterable[PatchProperty], workers: int) -> Listings:
    """Read the values of patch properties, each listing once."""
    listings = Listings()

    def job(listing: PatchProperty) -> Job:
        request = {"OperatingSystem": listing.system, "Property": listing.name, "MaxResults": _PROPERTIES_PER_PAGE}
        if listing.patch_set:
            request["PatchSet"] = listing.patch_set

        def read() -> list[Job]:
            try:
                entries = list(api.pages("DescribePatchProperties", "Properties", **request))
            except ApiError as error:
                if error.code not in _UNLISTED:
                    raise
                listings.unread[listing] = str(error)
            else:
                listings.values[listing] = tuple(entry["Name"] for entry in entries if entry.get("Name"))
            return []

        return read

    run_jobs([job(listing) for listing in wanted], workers)
    return listings


def read_tags(api: Api, account: Account, subjects: Iterable[Subject], workers: int) -> None:
    """Read the tags of more windows and baselines; one whose tags cannot be read is an error."""

    def job(subject: Subject) -> Job:
        def read() -> list[Job]:
            found = account.of(subject.kind).setdefault(subject.id, Resource(subject.id, None, {}))
            found.tags = api.tags(RESOURCE_TYPES[subject.kind], subject.id)
            return []

        return read

    run_jobs([job(subject) for subject in subjects], workers)


def read_again(api: Api, kind: Kind, resource_id: str, window_id: str | None) -> Raw:
    """One resource as it is now, in the form in which the planners know it."""
    where = {"WindowId": window_id} if window_id else {}
    if kind is window_target.KIND:
        listing = api.pages("DescribeMaintenanceWindowTargets", "Targets", *TARGET_MEMBERS, **where)
        return next((_without_blanks(one) for one in listing if one[kind.id_member] == resource_id), {})
    operation, members = _GETS[kind.name]
    raw = api.get(operation, *members, **where, **{kind.id_member: resource_id})
    return modernised(tidied(raw)) if kind.name == "task" else _without_blanks(raw)


def matching(entry: Entry, found: Iterable[Resource]) -> list[Resource]:
    """The resources that an entry may mean: the one with its id, else all of its exact name."""
    if entry.id:
        return [resource for resource in found if resource.id == entry.id]
    return [resource for resource in found if entry.name and resource.name == entry.name]


def matching_baselines(entry: Entry, identities: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The listed baselines that an entry may mean: by id or ARN, else by name and, where given, operating system."""
    if entry.id:
        wanted = patch_baseline.bare_id(entry.id)
        found = [one for one in identities if patch_baseline.bare_id(one["BaselineId"]) == wanted]
        # Where the old one is gone already, a recreated baseline is the one of the same name.
        if found or not entry.name or not entry.params.get("recreate"):
            return found
    system = entry.values.get("operating_system")
    return [
        one
        for one in identities
        if one.get("BaselineName") == entry.name and system in (None, one.get("OperatingSystem"))
    ]


def successor_identities(
    entry: Entry, old: dict[str, Any], identities: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What an earlier run made to take the place of a baseline that is recreated for another operating system."""
    system = entry.values.get("operating_system")
    if not entry.params.get("recreate") or system in (None, old.get("OperatingSystem")):
        return []
    name = entry.name or old.get("BaselineName")
    return [one for one in identities if one.get("BaselineName") == name and one.get("OperatingSystem") == system]


def owned_by(resource: Resource, setup: str | None) -> bool:
    """Whether a resource carries the tag of a setup."""
    return setup is not None and (resource.tags or {}).get(SETUP_TAG) == setup


def task_names(entries: Iterable[Entry]) -> set[str | None]:
    """Names and ids of declared tasks, those of unfinished replacements included."""
    names: set[str | None] = set()
    for entry in entries:
        names |= {entry.id, entry.name, replaced_name(entry.name) if entry.name else None}
    return names - {None}


def replaced_name(name: str) -> str:
    """The name of a resource that is being replaced; names have at most 128 characters, so a long one is cut."""
    if len(name) + len(REPLACED) <= _NAME_LENGTH:
        return name + REPLACED
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: _NAME_LENGTH - len(REPLACED) - len(mark) - 1]}-{mark}{REPLACED}"


class _Reader:
    """The reads as jobs: each stores its result and names the reads that it made possible."""

    def __init__(self, api: Api, declaration: Declaration) -> None:
        self._api = api
        self._declaration = declaration
        self._gone: set[str] = set()
        self._untagged: dict[str, ApiError] = {}
        self.account = Account()

    def agreed(self) -> Account:
        """The account without what any of the reads called gone, so that their order makes no difference.

        Tags that are denied to a resource which is there would make it look as if it belonged to nobody: an error.
        """
        account, gone = self.account, self._gone
        for resource_id in gone:
            for found in (account.windows, account.targets, account.tasks, account.baselines):
                found.pop(resource_id, None)
        for window_id, tasks in account.tasks.items():
            account.tasks[window_id] = {key: task for key, task in tasks.items() if key not in gone}
        account.identities = [one for one in account.identities if one["BaselineId"] not in gone]
        for resource_id, error in self._untagged.items():
            if resource_id not in gone:
                raise error
        return account

    def first_jobs(self) -> list[Job]:
        windows, baselines = self._declaration.windows, self._declaration.baselines
        jobs: list[Job] = []
        owned = self._declaration.owned
        if owned or any(entry.name for entry in windows):
            jobs.append(self._list_windows)
        else:
            ids = [(entry, entry.id) for entry in windows if entry.id and entry.kind.is_id(entry.id)]
            jobs += [job for entry, window_id in ids for job in self._window_jobs(entry, window_id)]
        if owned or baselines:
            jobs.append(self._list_baselines)
        if any(entry.params.get("patch_groups") and not entry.absent for entry in baselines):
            jobs.append(self._list_groups)
        return jobs

    def _list_windows(self) -> list[Job]:
        names = {entry.name for entry in self._declaration.windows}
        # The service may match a prefix of the name or all of it; equality is checked here.
        one = len(names) == 1 and None not in names and not self._declaration.owned
        only = {"Filters": [{"Key": "Name", "Values": [*names]}]} if one else {}
        for raw in self._api.pages("DescribeMaintenanceWindows", "WindowIdentities", "WindowId", "Name", **only):
            self.account.windows[raw["WindowId"]] = Resource(raw["WindowId"], raw.get("Name"), raw)
        jobs: list[Job] = []
        declared: set[str] = set()
        for entry in self._declaration.windows:
            matches = matching(entry, list(self.account.windows.values()))
            if entry.id and entry.kind.is_id(entry.id) and not matches:
                jobs += self._window_jobs(entry, entry.id)
            elif len(matches) == 1:
                jobs += self._window_jobs(entry, matches[0].id)
                declared.add(matches[0].id)
        if self._declaration.owned:
            jobs += [self._owner_job(window_id) for window_id in self.account.windows if window_id not in declared]
        return jobs

    def _owner_job(self, window_id: str) -> Job:
        """The tags of a window that is not declared, and its children if the setup owns it."""

        def read() -> list[Job]:
            self._list_tags(self.account.windows, window.RESOURCE_TYPE, window_id, needed=False)
            if not self.is_owned(self.account.windows[window_id]):
                return []
            return [lambda: self._list_targets(window_id, [], False), lambda: self._list_tasks(window_id, ())]

        return read

    def is_owned(self, resource: Resource) -> bool:
        """Whether a resource carries the tag of the declaration's setup."""
        return owned_by(resource, self._declaration.setup)

    def _window_jobs(self, entry: Entry, window_id: str) -> list[Job]:
        jobs: list[Job] = []
        removed = entry.declared and entry.absent
        needs_rule = any("instance_ids" in task.values for task in entry.tasks or ())
        if (entry.declared and (not removed or window_id not in self.account.windows)) or needs_rule:
            jobs.append(lambda: self._get_window(window_id))
        whole = removed or self._declaration.owned
        if whole or entry.targets is not None or entry.tasks is not None:
            targets = [] if whole else entry.targets or []
            jobs.append(lambda: self._list_targets(window_id, targets, entry.tasks is None))
        if whole or entry.tasks is not None:
            jobs.append(lambda: self._list_tasks(window_id, entry.tasks or ()))
        if entry.reads_tags:
            jobs.append(lambda: self._list_tags(self.account.windows, window.RESOURCE_TYPE, window_id))
        return jobs

    def _get_window(self, window_id: str) -> list[Job]:
        try:
            raw = self._api.get("GetMaintenanceWindow", *WINDOW_MEMBERS, WindowId=window_id)
        except ApiError as error:
            return self._note_gone(window_id, error)
        known = self.account.windows.setdefault(window_id, Resource(window_id, None, {}))
        known.name, known.raw, known.full = raw.get("Name"), _without_blanks(raw), True
        return []

    def _list_targets(self, window_id: str, declared: list[Entry], alone: bool) -> list[Job]:
        """alone: the tasks are not read otherwise, and are needed only where a target that they may use goes."""
        listing = self._children("DescribeMaintenanceWindowTargets", "Targets", window_id, *TARGET_MEMBERS)
        if listing is None:
            return []
        found = [
            Resource(raw[window_target.KIND.id_member], raw.get("Name") or None, _without_blanks(raw), full=True)
            for raw in listing
        ]
        self.account.targets[window_id] = {one.id: one for one in found}
        if alone and any(_goes(entry, one) for entry in declared for one in found):
            return [lambda: self._list_tasks(window_id, ())]
        return []

    def _list_tasks(self, window_id: str, declared: Sequence[Entry]) -> list[Job]:
        listing = self._children("DescribeMaintenanceWindowTasks", "Tasks", window_id, "WindowTaskId")
        if listing is None:
            return []
        found = {
            raw["WindowTaskId"]: Resource(raw["WindowTaskId"], raw.get("Name") or None, tidied(raw)) for raw in listing
        }
        self.account.tasks[window_id] = found

        def get_task(task: Resource) -> Job:
            return lambda: self._get_task(window_id, task)

        wanted = task_names(declared)
        alike = [entry for entry in declared if not (entry.absent or entry.id or matching(entry, found.values()))]
        return [
            get_task(task)
            for task in found.values()
            if task.id in wanted or task.name in wanted or any(_may_be(entry, task) for entry in alike)
        ]

    def _children(self, operation: str, result: str, window_id: str, *members: str) -> list[Raw] | None:
        """The children of a window; None where the window is gone."""
        try:
            children = list(self._api.pages(operation, result, *members, WindowId=window_id))
        except ApiError as error:
            self._note_gone(window_id, error)
            return None
        self.account.windows.setdefault(window_id, Resource(window_id, None, {}))
        return children

    def _get_task(self, window_id: str, task: Resource) -> list[Job]:
        try:
            raw = self._api.get("GetMaintenanceWindowTask", *TASK_MEMBERS, WindowId=window_id, WindowTaskId=task.id)
        except ApiError as error:
            return self._note_gone(task.id, error)
        task.raw, task.full = tidied(raw), True
        return []

    def _note_gone(self, resource_id: str, error: ApiError) -> list[Job]:
        """Note that a resource went while it was read; any other error ends the run."""
        if error.code not in GONE:
            raise error
        self._gone.add(resource_id)
        return []

    def _list_tags(self, found: Found, resource_type: str, resource_id: str, needed: bool = True) -> list[Job]:
        """needed: who owns the resource decides what becomes of it; without, one without tags is simply not owned."""
        try:
            tags = self._api.tags(resource_type, resource_id)
        except ApiError as error:
            if error.code not in GONE:
                raise
            if needed:
                self._untagged[resource_id] = error
            return []
        found.setdefault(resource_id, Resource(resource_id, None, {})).tags = tags
        return []

    def _list_baselines(self) -> list[Job]:
        # An entry may come on two pages when the listing changes in between.
        listed = self._api.pages("DescribePatchBaselines", "BaselineIdentities", *IDENTITY_MEMBERS)
        self.account.identities = list({identity["BaselineId"]: identity for identity in listed}.values())
        jobs: list[Job] = []
        declared: set[str] = set()
        for entry in self._declaration.baselines:
            matches = matching_baselines(entry, self.account.identities)
            own = [one["BaselineId"] for one in matches if not patch_baseline.is_aws_owned(one["BaselineId"])]
            if len(matches) == 1 and own:
                successors = [
                    one["BaselineId"] for one in successor_identities(entry, matches[0], self.account.identities)
                ]
                for baseline_id in (*own, *successors):
                    jobs += self._baseline_jobs(baseline_id, entry.reads_tags)
                    declared.add(baseline_id)
        if self._declaration.owned:
            others = [one["BaselineId"] for one in self.account.identities if one["BaselineId"] not in declared]
            jobs += [self._baseline_owner_job(one) for one in others if not patch_baseline.is_aws_owned(one)]
        return jobs

    def _baseline_owner_job(self, baseline_id: str) -> Job:
        """The tags of a baseline that is not declared, and the baseline itself if the setup owns it."""

        def read() -> list[Job]:
            self._list_tags(self.account.baselines, patch_baseline.RESOURCE_TYPE, baseline_id, needed=False)
            known = self.account.baselines.get(baseline_id)
            return [lambda: self._get_baseline(baseline_id)] if known and self.is_owned(known) else []

        return read

    def _baseline_jobs(self, baseline_id: str, reads_tags: bool) -> list[Job]:
        jobs: list[Job] = [lambda: self._get_baseline(baseline_id)]
        if reads_tags:
            jobs.append(lambda: self._list_tags(self.account.baselines, patch_baseline.RESOURCE_TYPE, baseline_id))
        return jobs

    def _get_baseline(self, baseline_id: str) -> list[Job]:
        try:
            raw = self._api.get("GetPatchBaseline", *BASELINE_MEMBERS, BaselineId=baseline_id)
        except ApiError as error:
            return self._note_gone(baseline_id, error)
        known = self.account.baselines.setdefault(baseline_id, Resource(baseline_id, None, {}))
        known.name, known.raw, known.full = raw.get("Name"), _without_blanks(raw), True
        return []

    def _list_groups(self) -> list[Job]:
        for mapping in self._api.pages("DescribePatchGroups", "Mappings", "PatchGroup", "BaselineIdentity"):
            identity = mapping["BaselineIdentity"]
            require("DescribePatchGroups", identity, ("BaselineId", "OperatingSystem"))
            self.account.groups[identity["OperatingSystem"], mapping["PatchGroup"]] = identity["BaselineId"]
        return []


def _goes(entry: Entry, found: Resource) -> bool:
    """Whether a target is removed, or replaced because the kind of its resources changes."""
    if entry.name and found.name == replaced_name(entry.name):
        return True
    if found.id != entry.id and found.name != entry.name:
        return False
    return entry.absent or entry.values.get("resource_type") not in (None, found.raw.get("ResourceType"))


def _may_be(entry: Entry, task: Resource) -> bool:
    """Whether a listed task has to be known for one to be made: it may be the same, or install on the same nodes."""
    installs = entry.kind is patch_task.KIND and entry.values.get("operation") == "Install"
    patches = patch_task.document_name(task.raw.get("TaskArn")) in patch_task.SCANNING_DOCUMENTS
    return not task.name or (installs and patches)


def _without_blanks(raw: Raw) -> Raw:
    """An absent text may come back as an empty one."""
    return {name: value for name, value in raw.items() if value not in ("", None)}
