# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes a reading is about, and in which patch groups they are.

A few hundred bytes of each node are kept; how its patches are is read later, node by node.
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
    """The nodes of a reading.

    facts: the managed nodes, in the order of their listing. groups: the patch groups of nodes by their tags, and by
    their last reports where a group was asked for. unmanaged: instances that Systems Manager does not know, with their
    groups; None where they were not read. not_found: ids that were asked for and are neither.
    unread_groups: groups that were asked for and may have more nodes. groups_unread: whether tags were not read.
    pages: the ids of nodes while they are listed; None where facts holds all. grouping: ends when all tags are read.
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
        """The ids of the nodes, at most as many at a time as one call takes."""
        return chunks(self.facts, NODES_PER_CALL) if self.pages is None else self.pages


def tag_filters(tags: Mapping[str, Any] | None) -> list[Raw]:
    """Tags, key to a value or a list of values, as filters."""
    pairs = ((key, value if isinstance(value, list) else [value]) for key, value in (tags or {}).items())
    return [_filter(f"tag:{key}", [str(value) for value in values]) for key, values in pairs]


def tag_violations(tags: Mapping[str, Any] | None, most: int | None = None) -> list[str]:
    """What is wrong with tags, key to a value or a list of at most so many values."""
    found = []
    for key, value in (tags or {}).items():
        values = value if isinstance(value, list) else [value]
        if is_blank(key):
            found.append("instance_tags: a tag key is empty; name a key")
        if not values or any(map(is_blank, values)):
            found.append(f"instance_tags: the tag {key!r} requires a value or a list of values that are not empty")
        if most is not None and len(values) > most:
            found.append(f"instance_tags: {len(values)} values of {key!r}, but a tag takes at most {most}")
    return found


def not_found_warnings(ids: Sequence[str]) -> list[str]:
    """The warning about IDs that were asked for and are not managed."""
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    text = "instance_ids: not managed by Systems Manager in this account and Region, and not included in any count: "
    return [f"{text}{', '.join(ids[:_NAMED])}{more}."] if ids else []


class ScopeReader:
    """Reads the nodes that fit the options; a node has to fit all that are given."""

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
        # Ids in the order of their listing, by what was listed.
        self._listed: dict[tuple[str, ...], list[str]] = {}
        # Groups that have a baseline, and whether it is known which nodes carry their tags.
        self._registered: list[str] = []
        self._is_grouped = False
        self._candidates: list[list[Unmanaged] | None] = []
        self._scope = Scope()

    def read(self) -> Scope:
        """The nodes. Where no list has to be complete before it is known which they are, they are still coming in."""
        if self._ids is None and self._asked is None:
            return self._begin()
        start_jobs(self._pool, self._first_jobs()).result()
        ids = self._fitting()
        # What only its last report puts into a group is looked up by its ID.
        unknown = [one for one in ids if one not in self._facts]
        named = [partial(self._list_named, _REPORTED, part) for part in chunks(unknown, NODES_PER_CALL)]
        start_jobs(self._pool, named).result()
        scope = self._scope
        scope.facts = {one: self._facts.pop(one) for one in ids if one in self._facts}
        self._group(self._asked)
        self._tell_unmanaged()
        found = {*self._listed.get(("id",), ()), *(scope.unmanaged or ())}
        scope.not_found = [one for one in self._ids or () if one not in found]
        self._facts, self._listed, self._candidates = {}, {}, []
        return scope

    def _begin(self) -> Scope:
        """Start to read all nodes of these tags, and the tags of groups beside them."""
        listed: SimpleQueue[list[str] | None] = SimpleQueue()
        known = self._scope.facts

        def take(page: list[Facts]) -> Iterable[Job]:
            # A listing that changes while it is read may give a node twice.
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
            self._tell_unmanaged()

        nodes = page_job(self._listings.nodes(self._tags), NODES_PER_CALL, take)
        listing = start_jobs(self._pool, [nodes, *self._instance_jobs()])
        listing.add_done_callback(lambda _ended: listed.put(None))
        grouping = start_jobs(self._pool, [self._list_groups])
        self._scope.pages, self._scope.grouping = pages(), grouping
        return self._scope

    def look_up_groups(self, reported: Iterable[str]) -> None:
        """Read which nodes carry the tag of a group that has a baseline, or of one of these, unless that is known."""
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
        # Nodes of the same groups share one tuple.
        shared: dict[Groups, Groups] = {}
        for group in groups or ():
            for one in dict.fromkeys(chain(*(self._listed.pop((kind, group), ()) for kind in _OF_GROUP))):
                # While nodes are still coming in, all that carry the tag are among them.
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
        """For nodes of which only is needed which they are."""
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
            # One of them is not managed, and the service does not say which.
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
        what = "patch groups that have a baseline, and which nodes carry their tags"
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

    def _tell_unmanaged(self) -> None:
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
