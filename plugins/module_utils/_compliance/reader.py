# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads patch states and patches of nodes concurrently, and returns them in the order of the nodes, a few at a time."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from .._aws.client import Api
from .._aws.nodes import chunks
from .._aws.structures import Raw
from .baselines import Baselines, Policy
from .gaps import Gaps
from .levels import compliance_level
from .platforms import product
from .rows import (
    AVAILABLE,
    NEVER_SCANNED,
    NO_REPORT,
    NONCOMPLIANT_STATES,
    NOT_INSTALLED,
    PATCH_PAGE,
    STATES,
    UNMANAGED,
    UNREAD,
    Facts,
    Row,
    Verdict,
    instance_row,
    iso,
    judge,
    listings,
    patch_row,
    report_of,
    severity_of,
    state_filter,
    state_of,
)
from .scope import Scope

T = TypeVar("T")

_IDS_PER_CALL = 20
# The maximum numbers of nodes and patches whose release dates are read together.
_NODES_AT_ONCE, _PATCHES_AT_ONCE = 50, 2000
# The maximum number of parts of 50 nodes that are read before their groups are known, which is about 25 MiB.
_PARTS_AHEAD = 200


@dataclass(slots=True)
class Result:
    """What was read about one node.

    patches: rows, empty if not requested. missing: the number of missing and failed patches by severity, None if they
    could not be read. baseline: the baseline of its report, None if it was not read.
    """

    facts: Facts
    verdict: Verdict
    row: Row
    groups: list[str]
    wanted: frozenset[str] | None = None
    report: Row | None = None
    patches: list[Row] = field(default_factory=list)
    missing: Mapping[str, int] | None = field(default_factory=dict)
    baseline: Raw | None = None


class ComplianceReader:
    """Reads the nodes of a scope.

    look_up: reads into the scope which nodes have the tag of a group that has a baseline, or of one of these groups.
    """

    def __init__(
        self,
        api: Api,
        pool: ThreadPoolExecutor,
        params: Mapping[str, Any],
        gaps: Gaps,
        now: datetime,
        look_up: Callable[[Iterable[str]], None] = lambda _groups: None,
    ) -> None:
        self._api = api
        self._pool = pool
        self._gaps = gaps
        self._now = now
        self._look_up_groups = look_up
        # Tags are then unknown until a node requires them.
        self._is_by_id = params["instance_ids"] is not None
        self._stale_after = timedelta(hours=params["stale_after_hours"])
        self._workers: int = params["concurrency"]
        self._with_patches = params["level"] == "patches"
        self._states = None if params["states"] is None else frozenset(params["states"])
        self._severities = None if params["severities"] is None else {one.casefold() for one in params["severities"]}
        self._only_noncompliant: bool = params["only_noncompliant"]
        self._baselines = Baselines(api, gaps)
        self._release_dates: dict[str, str | None] = {}

    def results(self, scope: Scope) -> Iterator[Result]:
        """The nodes in order, then those that never reported and have no known group, then unmanaged instances."""
        parts = (partial(self._part, scope, ids) for ids in scope.parts())
        read = (result for part in self._ordered(parts, scope.grouping) for result in part)
        results = self._grouped(scope, read)
        if self._with_patches:
            jobs = (partial(self._patched, result) for result in results)
            results = self._dated(self._ordered(jobs))
        yield from results
        for facts, groups in (scope.unmanaged or {}).values():
            row = instance_row(facts, groups, NO_REPORT, UNMANAGED)
            yield Result(facts, UNMANAGED, row, [*groups])

    def _grouped(self, scope: Scope, results: Iterable[Result]) -> Iterator[Result]:
        """Each result with its groups. Groups without a baseline are known from the reports."""
        waiting: list[str] = []
        reported: set[str] = set()
        is_known = scope.grouping is None
        for result in results:
            if not is_known:
                self._look_up_groups(())
                is_known = True
            group = result.row["patch_group"]
            if group:
                reported.add(group)
            elif result.facts.instance_id not in scope.groups:
                if result.verdict is NEVER_SCANNED:
                    waiting.append(result.facts.instance_id)
                    continue
                if self._is_by_id:
                    self._look_up_groups(())
                    self._is_by_id = False
            yield _in_groups(scope, result)
        if waiting:
            self._look_up_groups(reported)
            for one in waiting:
                yield _in_groups(scope, self._result(scope.facts[one], NO_REPORT))

    def _part(self, scope: Scope, ids: list[str]) -> list[Result]:
        operation = "DescribeInstancePatchStates"
        states = self._gaps.read(
            operation,
            "patch states",
            ids,
            lambda: {
                raw["InstanceId"]: report_of(raw)
                for raw in self._api.pages(operation, "InstancePatchStates", "InstanceId", InstanceIds=ids)
            },
        )
        results = []
        for one in ids:
            report = None if states is None else states.get(one, NO_REPORT)
            results.append(self._result(scope.facts[one], report))
        return results

    def _result(self, facts: Facts, report: Row | None) -> Result:
        if report is None:
            row = instance_row(facts, [], NO_REPORT, UNREAD)
            return Result(facts, UNREAD, row, [], self._wanted(None))
        is_known = report is not NO_REPORT and report["operation_end_time"] is not None
        policy = self._baselines.policy(report["baseline_id"]) if is_known else Policy()
        counts = policy.counts_available if report["available_security_update_count"] else False
        verdict = judge(report, self._now, self._stale_after, counts, policy.assigns_levels)
        report = NO_REPORT if verdict is NEVER_SCANNED else report
        row = instance_row(facts, [], report, verdict)
        return Result(facts, verdict, row, [], self._wanted(counts), report, baseline=policy.raw)

    def _wanted(self, counts_available: bool | None) -> frozenset[str] | None:
        """The states of the patches to return. None for all."""
        if not self._only_noncompliant:
            return self._states
        lacking = {*NONCOMPLIANT_STATES} if counts_available is False else {*NONCOMPLIANT_STATES, AVAILABLE}
        return frozenset(lacking & (self._states or {*STATES}))

    def _patched(self, result: Result) -> Result:
        one, operation = result.facts.instance_id, "DescribeInstancePatches"
        # Patches that are not installed are always counted, even if they are not returned.
        wanted = listings(result.report, None if result.wanted is None else result.wanted | NOT_INSTALLED)
        raws = self._gaps.read(
            operation, "patches", [one], lambda: [raw for state in wanted for raw in self._listed_patches(one, state)]
        )
        # A listing that changes while it is read can return an entry twice.
        found = {(raw.get("KBId"), raw.get("State"), raw.get("Title")): raw for raw in raws or ()}
        lacking = Counter(severity_of(raw) for raw in found.values() if state_of(raw) in NOT_INSTALLED)
        result.missing = None if raws is None else lacking
        result.patches = [patch_row(result.row, raw) for raw in found.values() if self._fits(raw, result.wanted)]
        if result.baseline is not None and result.patches:
            # Patches that the baseline does not approve have no level, and neither do installed patches.
            named = product(result.facts)
            for row in result.patches:
                if row["state"] in _UNDONE:
                    row["compliance_level"] = compliance_level(result.baseline, row, named)
        return result

    def _listed_patches(self, one: str, state: str | None) -> Iterator[Raw]:
        filters = {"Filters": state_filter(state)} if state else {}
        operation, size = "DescribeInstancePatches", {"MaxResults": PATCH_PAGE}
        return self._api.pages(operation, "Patches", InstanceId=one, **size, **filters)

    def _fits(self, raw: Raw, wanted: frozenset[str] | None) -> bool:
        severities = self._severities
        return (wanted is None or state_of(raw) in wanted) and (
            severities is None or (raw.get("Severity") or "").casefold() in severities
        )

    def _ordered(self, jobs: Iterable[Callable[[], T]], grouping: Future[None] | None = None) -> Iterator[T]:
        """The results of jobs in order. Only a few jobs are started ahead of the result that is requested.

        grouping: no result can be used before it ends, so more jobs are started until then.
        """
        running: deque[Future[T]] = deque()
        for job in jobs:
            running.append(self._pool.submit(job))
            while len(running) > (self._workers if grouping is None or grouping.done() else _PARTS_AHEAD):
                yield running.popleft().result()
        while running:
            yield running.popleft().result()

    def _dated(self, results: Iterable[Result]) -> Iterator[Result]:
        """Add the release dates of noncompliant and available Windows patches. Each date is read once."""
        for batch in _batches(results):
            rows = [(one.facts, row) for one in batch for row in one.patches if row["kb_id"]]
            dated = [row for facts, row in rows if facts.platform_type == "Windows" and row["state"] in _UNDONE]
            unknown = dict.fromkeys(row["kb_id"] for row in dated if row["kb_id"] not in self._release_dates)
            for found in self._pool.map(self._read_dates, chunks(unknown, _IDS_PER_CALL)):
                self._release_dates.update(found)
            for row in dated:
                row["release_date"] = self._release_dates[row["kb_id"]]
            yield from batch

    def _read_dates(self, ids: list[str]) -> dict[str, str | None]:
        operation = "DescribeAvailablePatches"
        filters = [{"Key": "PATCH_ID", "Values": ids}]
        found = self._gaps.read(
            operation, "release dates", ids, lambda: [*self._api.pages(operation, "Patches", Filters=filters)]
        )
        dates: dict[str, str | None] = dict.fromkeys(ids)
        # A patch for several products can have several release dates. The first one shows its age.
        for raw in sorted((raw for raw in found or () if raw.get("ReleaseDate")), key=lambda raw: raw["ReleaseDate"]):
            number = raw.get("KbNumber")
            if number in dates and dates[number] is None:
                dates[number] = iso(raw["ReleaseDate"])
        return dates


def _in_groups(scope: Scope, result: Result) -> Result:
    reported = result.row["patch_group"]
    groups = [*scope.groups.get(result.facts.instance_id, ()), *([reported] if reported else [])]
    result.groups = result.row["patch_groups"] = [*dict.fromkeys(groups)]
    return result


_UNDONE = frozenset({*NONCOMPLIANT_STATES, AVAILABLE})


def _batches(results: Iterable[Result]) -> Iterator[list[Result]]:
    batch: list[Result] = []
    patches = 0
    for result in results:
        batch.append(result)
        patches += len(result.patches)
        if len(batch) == _NODES_AT_ONCE or patches > _PATCHES_AT_ONCE:
            yield batch
            batch, patches = [], 0
    yield batch
