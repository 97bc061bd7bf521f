# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selects the nodes of a run, and determines their patch groups.

A few hundred bytes are kept for each node. Patch states are read later, node by node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from queue import SimpleQueue
from typing import Any

from .._aws.client import Api, Job, page_job, start_jobs
from .._aws.errors import ApiError
from .._aws.nodes import GROUP_TAGS, NODES_PER_CALL, chunks
from .._aws.structures import Raw
from .._options.codecs import is_blank
from .gaps import Gaps
from .listings import Groups, Listings, Unmanaged
from .rows import Facts

_EC2_VALUES = 200
_NAMED = 10
_REPORTED = "reported"
_OF_GROUP = (*GROUP_TAGS, _REPORTED)


@dataclass
class Scope:
    """The nodes of a run.

    facts: the managed nodes, in the order of their listing. groups: the patch groups of nodes by their tags and, for
    specified groups, by their last reports. unmanaged: instances that Systems Manager does not manage, with their
    groups, None if not read. not_found: specified IDs that are in neither. unread_groups: specified groups that might
    have more nodes. groups_unread: whether tags could not be read. pages: the IDs of nodes while they are listed, None
    if facts is complete. grouping: ends when all tags are read.
    """

    facts: dict[str, Facts] = field(default_factory=dict)
    groups: dict[str, Groups] = field(default_factory=dict)
    unmanaged: dict[str, Unmanaged] | None = None
    not_found: list[str] = field(default_factory=list)
    unread_groups: set[str] = field(default_factory=set)
    groups_unread: bool = False
    pages: Iterator[list[str]] | None = None
    grouping: Future[None] | None = None

    def parts(self) -> Iterator[list[str]]:
        """The IDs of the nodes, in lists of at most the number that one call supports."""
        return chunks(self.facts, NODES_PER_CALL) if self.pages is None else self.pages


def tag_filters(tags: Mapping[str, Any] | None) -> list[Raw]:
    """Filters for tags, each of which has a value or a list of values."""
    pairs = ((key, value if isinstance(value, list) else [value]) for key, value in (tags or {}).items())
    return [_filter(f"tag:{key}", [str(value) for value in values]) for key, values in pairs]


def tag_violations(tags: Mapping[str, Any] | None, most: int | None = None) -> list[str]:
    """Violations in tags, each of which has a value or a list of values. most: the maximum length of a list."""
    found = []
    for key, value in (tags or {}).items():
        values = value if isinstance(value, list) else [value]
        if is_blank(key):
            found.append("instance_tags: a tag key is empty; specify a key")
        if not values or any(map(is_blank, values)):
            found.append(f"instance_tags: the tag {key!r} requires a value or a list of values that are not empty")
        if most is not None and len(values) > most:
            found.append(f"instance_tags: {len(values)} values of {key!r}; specify at most {most}")
    return found


def not_found_warnings(ids: Sequence[str]) -> list[str]:
    """The warning about specified IDs that are not managed."""
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    text = "instance_ids: not managed by Systems Manager in this account and Region, and not included in any count: "
    return [f"{text}{', '.join(ids[:_NAMED])}{more}."] if ids else []


class ScopeReader:
    """Reads the nodes that match all specified options."""

    def __init__(
        self, api: Api, listings: Listings, params: Mapping[str, Any], gaps: Gaps, pool: ThreadPoolExecutor
    ) -> None:
        self._api = api
        self._listings = listings
        self._gaps = gaps
        self._pool = pool
        self._include_unmanaged: bool = params["include_unmanaged"]
        self._ids = _unique(params["instance_ids"])
        self._asked = _unique(params["patch_groups"])
        self._tags = tag_filters(params["instance_tags"])
        self._facts: dict[str, Facts] = {}
        # IDs in the order of their listing, by what was listed.
        self._listed: dict[tuple[str, ...], list[str]] = {}
        # Groups that have a baseline, and whether it is known which nodes have their tags.
        self._registered: list[str] = []
        self._is_grouped = False
        self._candidates: list[list[Unmanaged] | None] = []
        self._scope = Scope()

    def read(self) -> Scope:
        """The nodes. If no listing must be complete to select them, they are still being listed."""
        if self._ids is None and self._asked is None:
            return self._begin()
        start_jobs(self._pool, self._first_jobs()).result()
        ids = self._fitting()
        # Nodes that belong to a group only by their last report are listed by ID.
        unknown = [one for one in ids if one not in self._facts]
        named = [partial(self._list_named, _REPORTED, part) for part in chunks(unknown, NODES_PER_CALL)]
        start_jobs(self._pool, named).result()
        scope = self._scope
        scope.facts = {one: self._facts.pop(one) for one in ids if one in self._facts}
        self._group(self._asked)
        self._set_unmanaged()
        found = {*self._listed.get(("id",), ()), *(scope.unmanaged or ())}
        scope.not_found = [one for one in self._ids or () if one not in found]
        self._facts, self._listed, self._candidates = {}, {}, []
        return scope

    def _begin(self) -> Scope:
        """Start to list all nodes with the specified tags and, concurrently, the tags of groups."""
        listed: SimpleQueue[list[str] | None] = SimpleQueue()
        known = self._scope.facts

        def take(page: list[Facts]) -> Iterable[Job]:
            # A listing that changes while it is read can return a node twice.
            fresh = {one.instance_id: one for one in page if one.instance_id not in known}
            known.update(fresh)
            if fresh:
                listed.put([*fresh])
            return ()

        def pages() -> Iterator[list[str]]:
            while (ids := listed.get()) is not None:
                yield ids
            listing.result()
            grouping.result()
            self._set_unmanaged()

        nodes = page_job(self._listings.nodes(self._tags), NODES_PER_CALL, take)
        listing = start_jobs(self._pool, [nodes, *self._instance_jobs()])
        listing.add_done_callback(lambda _ended: listed.put(None))
        grouping = start_jobs(self._pool, [self._list_groups])
        self._scope.pages, self._scope.grouping = pages(), grouping
        return self._scope

    def look_up_groups(self, reported: Iterable[str]) -> None:
        """Read which nodes have the tag of a group that has a baseline, or of a reported group, unless known."""
        if self._asked is not None:
            return
        if not self._is_grouped:
            self._is_grouped = True
            (self._scope.grouping or start_jobs(self._pool, [self._list_groups])).result()
            self._group(self._registered)
        more = sorted({*reported}.difference(self._registered))
        start_jobs(self._pool, self._tag_jobs(more)).result()
        self._group(more)

    def _first_jobs(self) -> list[Job]:
        jobs: list[Job] = [partial(self._list_named, "id", part) for part in chunks(self._ids or (), NODES_PER_CALL)]
        for group in self._asked or ():
            jobs += [self._list((key, group), [_filter(f"tag:{key}", [group])]) for key in GROUP_TAGS]
            jobs.append(partial(self._list_reported, group))
        if self._tags:
            jobs.append(self._list(("node",), self._tags))
        return [*jobs, *self._instance_jobs()]

    def _instance_jobs(self) -> list[Job]:
        if not self._include_unmanaged:
            return []
        return [partial(self._list_instances, filters) for filters in self._instance_filters()]

    def _fitting(self) -> list[str]:
        parts = []
        if self._asked is not None:
            parts.append(chain(*(self._listed.get((kind, group), ()) for group in self._asked for kind in _OF_GROUP)))
        if self._tags:
            parts.append(chain(self._listed.pop(("node",), ())))
        if self._ids is not None:
            listed = frozenset(self._listed.get(("id",), ()))
            parts.append(chain(one for one in self._ids if one in listed))
        first, *others = (dict.fromkeys(part) for part in parts)
        return [one for one in first if all(one in other for other in others)]

    def _group(self, groups: Iterable[str] | None) -> None:
        known, wanted = self._scope.groups, self._scope.facts
        # Nodes in the same groups share one tuple.
        shared: dict[Groups, Groups] = {}
        for group in groups or ():
            for one in dict.fromkeys(chain(*(self._listed.pop((kind, group), ()) for kind in _OF_GROUP))):
                # While nodes are still being listed, all nodes with the tag will be among them.
                if self._scope.pages or one in wanted:
                    joined = (*known.get(one, ()), group)
                    known[one] = shared.setdefault(joined, joined)

    def _list(self, key: tuple[str, ...], filters: list[Raw]) -> Job:
        ids = self._listed[key] = []

        def take(page: list[Facts]) -> Iterable[Job]:
            ids.extend(one.instance_id for one in page)
            self._facts.update({one.instance_id: one for one in page})
            return ()

        return page_job(self._listings.nodes(filters), NODES_PER_CALL, take)

    def _list_ids(self, key: tuple[str, ...], filters: list[Raw]) -> Job:
        """List nodes of which only the IDs are needed."""
        ids = self._listed[key] = []

        def take(page: list[str]) -> Iterable[Job]:
            ids.extend(page)
            return ()

        return page_job(self._listings.ids(filters), NODES_PER_CALL, take)

    def _list_named(self, key: str, ids: list[str]) -> Iterable[Job]:
        try:
            facts = [*self._listings.nodes([_filter("InstanceIds", ids)])]
        except ApiError as error:
            if error.code != "InvalidInstanceId":
                raise
            # One of them is not managed, but the service does not return which.
            half = len(ids) // 2
            return [partial(self._list_named, key, part) for part in (ids[:half], ids[half:]) if half]
        self._facts.update({one.instance_id: one for one in facts})
        self._listed.setdefault((key,), []).extend(one.instance_id for one in facts)
        return ()

    def _list_reported(self, group: str) -> Iterable[Job]:
        operation = "DescribeInstancePatchStatesForPatchGroup"
        ids = self._gaps.read(
            operation,
            "nodes by their last report",
            [group],
            lambda: [
                raw["InstanceId"]
                for raw in self._api.pages(operation, "InstancePatchStates", "InstanceId", PatchGroup=group)
            ],
        )
        if ids is None:
            self._scope.unread_groups.add(group)
        self._listed[_REPORTED, group] = ids or []
        return ()

    def _list_groups(self) -> Iterable[Job]:
        operation = "DescribePatchGroups"
        what = "patch groups with a baseline, and their nodes"
        found = self._gaps.read(
            operation,
            what,
            [],
            lambda: [raw["PatchGroup"] for raw in self._api.pages(operation, "Mappings", "PatchGroup")],
        )
        self._scope.groups_unread = found is None
        self._registered = sorted({*(found or ())})
        return self._tag_jobs(self._registered)

    def _tag_jobs(self, groups: Iterable[str]) -> list[Job]:
        return [
            self._list_ids((key, group), [_filter(f"tag:{key}", [group]), *self._tags])
            for group in groups
            for key in GROUP_TAGS
        ]

    def _instance_filters(self) -> Iterator[list[Raw]]:
        running = {"Name": "instance-state-name", "Values": ["running"]}
        tags = [_ec2_filter(one["Key"], one["Values"]) for one in self._tags]
        tagged = [[_ec2_filter("tag-key", [*GROUP_TAGS])]] if self._ids is None else [[]]
        if self._asked is not None:
            parts = [*chunks(self._asked, _EC2_VALUES)]
            tagged = [[_ec2_filter(f"tag:{key}", part)] for key in GROUP_TAGS for part in parts]
        of_ec2 = (one for one in self._ids or () if one.startswith("i-"))
        named = [[_ec2_filter("instance-id", part)] for part in chunks(of_ec2, _EC2_VALUES)]
        for group in tagged:
            for ids in [[]] if self._ids is None else named:
                yield [running, *tags, *group, *ids]

    def _list_instances(self, filters: list[Raw]) -> Iterable[Job]:
        operation = "DescribeInstances"
        found = self._gaps.read(
            operation,
            "unmanaged instances",
            [],
            lambda: [*self._listings.instances(filters)],
        )
        self._candidates.append(found)
        return ()

    def _set_unmanaged(self) -> None:
        if not self._include_unmanaged or None in self._candidates:
            return
        known = self._scope.facts.keys() | {*self._listed.get(("id",), ())}
        found = {one[0].instance_id: one for part in self._candidates for one in part or ()}
        self._scope.unmanaged = {one: found[one] for one in sorted(found) if one not in known}


def _filter(key: str, values: list[str]) -> Raw:
    return {"Key": key, "Values": values}


def _ec2_filter(name: str, values: list[str]) -> Raw:
    return {"Name": name, "Values": values}


def _unique(values: list[str] | None) -> list[str] | None:
    return None if values is None else [*dict.fromkeys(values)]
