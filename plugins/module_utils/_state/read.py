# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads everything about the account that a declaration requires, concurrently and only once. No decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .._aws.answers import require
from .._aws.client import GONE, Api, Job, run_jobs
from .._aws.errors import ApiError
from .._aws.structures import Raw
from .._options.kind import Kind
from .._resources import patch_baseline
from .._resources.patch_filters import PatchProperty
from .._resources.register import IN_WINDOWS, KINDS
from .._resources.tasks import patches
from .account import Account, Found, Listings, Resource, Subject
from .declaration import Declaration, Entry
from .identity import (
    is_of_another_type,
    matching,
    matching_baselines,
    owned_by,
    replaced_name,
    successor_identities,
)


def read_account(api: Api, declaration: Declaration, workers: int) -> Account:
    """Read what the declaration requires."""
    reader = _Reader(api, declaration)
    run_jobs(reader.first_jobs(), workers)
    return reader.agreed()


# Without the permission to read them, values are left to the service, which might not list all systems.
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
    """Read the tags of more resources. Tags that cannot be read are an error."""

    def job(subject: Subject) -> Job:
        def read() -> list[Job]:
            found = account.of(subject.kind).setdefault(subject.id, Resource(subject.id, None, {}))
            found.tags = api.tags(subject.kind.resource_type, subject.id)
            return []

        return read

    run_jobs([job(subject) for subject in subjects], workers)


def read_again(api: Api, kind: Kind, resource_id: str, window_id: str | None) -> Raw:
    """The current state of one resource, in the format of the planners."""
    where = {kind.parent_member: window_id} if kind.parent_member else {}
    if kind.get:
        raw = api.get(kind.get, *kind.decisive, **where, **{kind.id_member: resource_id})
    else:
        listing = api.pages(kind.listing.operation, kind.listing.result, *kind.listing.members, **where)
        raw = next((one for one in listing if one[kind.id_member] == resource_id), {})
    return kind.modernise(kind.tidy(raw))


def task_names(entries: Iterable[Entry]) -> set[str | None]:
    """Names and IDs of declared tasks, including those of unfinished replacements."""
    names: set[str | None] = set()
    for entry in entries:
        names |= {entry.id, entry.name, replaced_name(entry.name) if entry.name else None}
    return names - {None}


class _Reader:
    """The reads as jobs. Each job stores its result and returns further reads."""

    def __init__(self, api: Api, declaration: Declaration) -> None:
        self._api = api
        self._declaration = declaration
        self._gone: set[str] = set()
        self._untagged: dict[str, ApiError] = {}
        self.account = Account()

    def agreed(self) -> Account:
        """The account without resources that any read found deleted, so that the order of reads makes no difference.

        If the tags of an existing resource are denied, it would seem to have no owner, so this is an error.
        """
        account, gone = self.account, self._gone
        for name, found in account.resources.items():
            account.resources[name] = {key: one for key, one in found.items() if key not in gone}
        for name, contents in account.contents.items():
            account.contents[name] = {
                window_id: {key: one for key, one in inside.items() if key not in gone}
                for window_id, inside in contents.items()
                if window_id not in gone
            }
        account.identities = [one for one in account.identities if one["BaselineId"] not in gone]
        for resource_id, error in self._untagged.items():
            if resource_id not in gone:
                raise error
        return account

    def first_jobs(self) -> list[Job]:
        """The first reads, which lead to all others."""
        own: dict[str, Callable[[], list[Job]]] = {"baselines": self._baseline_first_jobs}
        # Reads that others wait for come first.
        ordered = sorted(KINDS.items(), key=lambda one: not one[1].contents)
        return [job for name, kind in ordered for job in (own[name]() if name in own else self._first_jobs(kind))]

    def _first_jobs(self, kind: Kind) -> list[Job]:
        entries = self._declaration.of(kind)
        if self._declaration.owned or any(entry.name for entry in entries):
            return [lambda: self._list(kind)]
        ids = [(entry, entry.id) for entry in entries if entry.id and kind.is_id(entry.id)]
        return [job for entry, resource_id in ids for job in self._jobs(entry, resource_id)]

    def _list(self, kind: Kind) -> list[Job]:
        listing, entries, found = kind.listing, self._declaration.of(kind), self.account.of(kind)
        names = {entry.name for entry in entries}
        # The service can match a prefix of the name or the whole name, so equality is checked here.
        one = listing.name_filter and len(names) == 1 and None not in names and not self._declaration.owned
        only = {"Filters": [{"Key": listing.name_filter, "Values": [*names]}]} if one else listing.own
        for raw in self._api.pages(listing.operation, listing.result, *listing.members, **only):
            found[raw[kind.id_member]] = Resource(raw[kind.id_member], raw.get(listing.name_member), raw)
        jobs: list[Job] = []
        declared: set[str] = set()
        for entry in entries:
            matches = matching(entry, list(found.values()))
            if entry.id and kind.is_id(entry.id) and not matches:
                jobs += self._jobs(entry, entry.id)
            elif len(matches) == 1:
                jobs += self._jobs(entry, matches[0].id)
                declared.add(matches[0].id)
        if self._declaration.owned:
            jobs += [self._owner_job(kind, one) for one in found if one not in declared]
        return jobs

    def _owner_job(self, kind: Kind, resource_id: str) -> Job:
        """The tags of an undeclared resource, and its contents if the setup owns it."""

        def read() -> list[Job]:
            self._list_tags(kind, resource_id, needed=False)
            if not self.is_owned(self.account.of(kind)[resource_id]) or not kind.contents:
                return []
            return [
                lambda: self._list_targets(resource_id, (), False),
                lambda: self._list_tasks(resource_id, ()),
            ]

        return read

    def is_owned(self, resource: Resource) -> bool:
        """Whether a resource has the tag of the declaration's setup."""
        return owned_by(resource, self._declaration.setup)

    def _jobs(self, entry: Entry, resource_id: str) -> list[Job]:
        kind, jobs = entry.kind, list[Job]()
        removed = entry.declared and entry.absent
        needs_rule = any("instance_ids" in task.values for task in entry.tasks or ())
        if (entry.declared and (not removed or resource_id not in self.account.of(kind))) or needs_rule:
            jobs.append(lambda: self._get(kind, resource_id))
        whole = bool(kind.contents) and (removed or self._declaration.owned)
        if whole or entry.targets is not None or entry.tasks is not None:
            targets = () if whole else entry.targets or ()
            jobs.append(lambda: self._list_targets(resource_id, targets, entry.tasks is None))
        if whole or entry.tasks is not None:
            jobs.append(lambda: self._list_tasks(resource_id, entry.tasks or ()))
        if entry.reads_tags:
            jobs.append(lambda: self._list_tags(kind, resource_id))
        return jobs

    def _get(self, kind: Kind, resource_id: str) -> list[Job]:
        try:
            raw = self._api.get(kind.get, *kind.decisive, **{kind.id_member: resource_id})
        except ApiError as error:
            return self._note_gone(resource_id, error)
        known = self.account.of(kind).setdefault(resource_id, Resource(resource_id, None, {}))
        known.name, known.raw, known.full = raw.get("Name"), kind.tidy(raw), True
        return []

    def _list_targets(self, window_id: str, declared: Sequence[Entry], alone: bool) -> list[Job]:
        """alone: the tasks are not read otherwise, and are required only if a target that they might use is removed."""
        found = self._list_contents(IN_WINDOWS["targets"], window_id)
        if found is not None and alone and any(_goes(entry, one) for entry in declared for one in found.values()):
            return [lambda: self._list_tasks(window_id, ())]
        return []

    def _list_tasks(self, window_id: str, declared: Sequence[Entry]) -> list[Job]:
        kind = IN_WINDOWS["tasks"]
        found = self._list_contents(kind, window_id)
        if found is None:
            return []

        def get_task(task: Resource) -> Job:
            return lambda: self._get_task(kind, window_id, task)

        wanted = task_names(declared)
        alike = [entry for entry in declared if not (entry.absent or entry.id or matching(entry, found.values()))]
        return [
            get_task(task)
            for task in found.values()
            if task.id in wanted or task.name in wanted or any(_may_be(entry, task) for entry in alike)
        ]

    def _list_contents(self, kind: Kind, window_id: str) -> Found | None:
        """The contents of a window. None if the window no longer exists."""
        listing = kind.listing
        try:
            listed = list(self._api.pages(listing.operation, listing.result, *listing.members, WindowId=window_id))
        except ApiError as error:
            self._note_gone(window_id, error)
            return None
        self.account.windows.setdefault(window_id, Resource(window_id, None, {}))
        found = {
            raw[kind.id_member]: Resource(raw[kind.id_member], raw.get("Name") or None, kind.tidy(raw), not kind.get)
            for raw in listed
        }
        self.account.contents[kind.name][window_id] = found
        return found

    def _get_task(self, kind: Kind, window_id: str, task: Resource) -> list[Job]:
        try:
            raw = self._api.get(kind.get, *kind.decisive, WindowId=window_id, **{kind.id_member: task.id})
        except ApiError as error:
            return self._note_gone(task.id, error)
        task.raw, task.full = kind.tidy(raw), True
        return []

    def _note_gone(self, resource_id: str, error: ApiError) -> list[Job]:
        """Record that a resource was deleted while it was read. Any other error ends the run."""
        if error.code not in GONE:
            raise error
        self._gone.add(resource_id)
        return []

    def _list_tags(self, kind: Kind, resource_id: str, needed: bool = True) -> list[Job]:
        """needed: whether the owner of the resource matters. If not, a resource without tags has no owner."""
        try:
            tags = self._api.tags(kind.resource_type, resource_id)
        except ApiError as error:
            if error.code not in GONE:
                raise
            if needed:
                self._untagged[resource_id] = error
            return []
        self.account.of(kind).setdefault(resource_id, Resource(resource_id, None, {})).tags = tags
        return []

    def _baseline_first_jobs(self) -> list[Job]:
        entries = self._declaration.baselines
        listed: list[Job] = [self._list_baselines] if self._declaration.owned or entries else []
        grouped = any(entry.values.get("patch_groups") and not entry.absent for entry in entries)
        return [*listed, *([self._list_groups] if grouped else [])]

    def _list_baselines(self) -> list[Job]:
        kind = KINDS["baselines"]
        listing = kind.listing
        # An entry can appear on two pages if the listing changes in between.
        listed = self._api.pages(listing.operation, listing.result, *listing.members)
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
                    jobs += self._baseline_jobs(kind, baseline_id, entry.reads_tags)
                    declared.add(baseline_id)
        if self._declaration.owned:
            others = [one["BaselineId"] for one in self.account.identities if one["BaselineId"] not in declared]
            jobs += [self._baseline_owner_job(kind, one) for one in others if not patch_baseline.is_aws_owned(one)]
        return jobs

    def _baseline_owner_job(self, kind: Kind, baseline_id: str) -> Job:
        """The tags of an undeclared baseline, and the baseline itself if the setup owns it."""

        def read() -> list[Job]:
            self._list_tags(kind, baseline_id, needed=False)
            known = self.account.baselines.get(baseline_id)
            return [lambda: self._get(kind, baseline_id)] if known and self.is_owned(known) else []

        return read

    def _baseline_jobs(self, kind: Kind, baseline_id: str, reads_tags: bool) -> list[Job]:
        jobs: list[Job] = [lambda: self._get(kind, baseline_id)]
        if reads_tags:
            jobs.append(lambda: self._list_tags(kind, baseline_id))
        return jobs

    def _list_groups(self) -> list[Job]:
        for mapping in self._api.pages("DescribePatchGroups", "Mappings", "PatchGroup", "BaselineIdentity"):
            identity = mapping["BaselineIdentity"]
            require("DescribePatchGroups", identity, ("BaselineId", "OperatingSystem"))
            self.account.groups[identity["OperatingSystem"], mapping["PatchGroup"]] = identity["BaselineId"]
        return []


def _goes(entry: Entry, found: Resource) -> bool:
    """Whether a target is removed, or replaced because its resource type changes."""
    if entry.name and found.name == replaced_name(entry.name):
        return True
    if found.id != entry.id and found.name != entry.name:
        return False
    return entry.absent or is_of_another_type(entry, found)


def _may_be(entry: Entry, task: Resource) -> bool:
    """Whether a listed task must be read to create another one: it might be the same, or install on the same nodes."""
    return not task.name or (entry.values.get("operation") == "Install" and patches(task.raw))
