# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of ssm_patch_compliance_info: checks the options, and builds the result node by node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._aws.client import Api, connect, worker_pool
from .._files.row_file import RowFile, dest_violations
from .._options.module import finish, make_module, refuse
from .._options.option import concurrency_violations
from .._resources.patch_baseline import group_violations
from .._resources.window_target import instance_id_violations
from .._schedules import clock
from .gaps import Gaps
from .listings import AwsListings, Listings
from .options import OPTIONS
from .reader import ComplianceReader, Result
from .rows import (
    AVAILABLE,
    INSTANCE_FIELDS,
    MISSING_BY_SEVERITY,
    PATCH_FIELDS,
    SUMMARY,
    UNREAD,
    Row,
    Totals,
)
from .scope import ScopeReader, not_found_warnings, tag_violations

_MOST_VALUES = 100
# Ten years.
_MOST_HOURS = 87600


def run_compliance_info() -> None:
    """The main function of ssm_patch_compliance_info."""
    module = make_module(OPTIONS)
    params = module.params
    refuse(module, violations(params))
    api = connect(module, params["concurrency"], is_lenient=True)
    refuse(module, model_violations(api, params))
    ec2 = cache(lambda: connect(module, params["concurrency"], "ec2", is_lenient=True))
    with worker_pool(params["concurrency"]) as pool:
        reading = Reading(params, api, AwsListings(api, ec2), pool)
        finish(module, lambda: (_answer(module, reading), reading.warnings()))


def _answer(module: AnsibleAWSModule, reading: Reading) -> dict[str, Any]:
    """The result. Rows are returned or written to the file while the nodes are read."""
    level, dest = module.params["level"], module.params["dest"]
    with_patches = level == "patches"
    fields = PATCH_FIELDS if with_patches else INSTANCE_FIELDS
    instances: list[Row] = []
    patches: list[Row] = []
    with RowFile(dest, fields, module.check_mode) if dest else nullcontext() as file:
        for result in reading.results():
            if level == "summary" or not reading.wants(result):
                continue
            if file is None:
                instances.append(result.row)
                patches += result.patches
                continue
            file.add_rows(result.patches if with_patches else [result.row])
    answer: dict[str, Any] = {"changed": bool(file and file.changed), **reading.counts()}
    if not dest and level != "summary":
        answer["instances"] = instances
    if not dest and with_patches:
        answer["patches"] = patches
    return {**answer, **reading.origin(), "region": module.region}


def violations(params: Mapping[str, Any]) -> list[str]:
    """Violations in the options, which are checked before anything is read."""
    found = instance_id_violations(params["instance_ids"] or [])
    found += tag_violations(params["instance_tags"], _MOST_VALUES)
    if not 1 <= params["stale_after_hours"] <= _MOST_HOURS:
        found.append(f"stale_after_hours: {params['stale_after_hours']} must be from 1 to {_MOST_HOURS}")
    found += concurrency_violations(params["concurrency"])
    if params["level"] != "patches":
        found += [
            f"{option}: requires level=patches" for option in ("states", "severities") if params[option] is not None
        ]
    return found + dest_violations(params["dest"], params["level"], "level=instances or level=patches")


def model_violations(api: Api, params: Mapping[str, Any]) -> list[str]:
    """Violations of the service model in the installed botocore."""
    return _unknown_states(api, params) + _group_violations(api, params)


def _unknown_states(api: Api, params: Mapping[str, Any]) -> list[str]:
    """States whose counts the installed botocore removes from responses, so that nothing would be found."""
    # The same version added both.
    is_old = "AvailableSecurityUpdatesComplianceStatus" not in api.input_members("CreatePatchBaseline")
    if not is_old or AVAILABLE not in (params["states"] or ()):
        return []
    return [f"states: the installed botocore does not know {AVAILABLE}; install a newer boto3 and botocore"]


def _group_violations(api: Api, params: Mapping[str, Any]) -> list[str]:
    shape = api.input_shape("DescribeInstancePatchStatesForPatchGroup").members["PatchGroup"]
    return group_violations(params["patch_groups"], shape)


class Reading:
    """One run, which reads each node when it is requested, and counts it."""

    def __init__(self, params: Mapping[str, Any], api: Api, listings: Listings, pool: ThreadPoolExecutor) -> None:
        self._params = params
        self._gaps = Gaps()
        self._scope_reader = ScopeReader(api, listings, params, self._gaps, pool)
        self._read_at = clock.now()
        look_up_groups = self._scope_reader.look_up_groups
        self._reader = ComplianceReader(api, pool, params, self._gaps, self._read_at, look_up_groups)
        self._with_patches = params["level"] == "patches"
        self._summary = Totals(self._with_patches)
        self._groups: dict[str | None, Totals] = {
            group: Totals(self._with_patches) for group in params["patch_groups"] or ()
        }
        self._groups_unread = False

    def results(self) -> Iterator[Result]:
        """All nodes in the scope. The other methods are complete after the last one."""
        self._scope = self._scope_reader.read()
        for result in self._reader.results(self._scope):
            self._count(result)
            yield result

    def wants(self, result: Result) -> bool:
        """Whether to return the rows of a node."""
        return not self._params["only_noncompliant"] or result.verdict.holds("noncompliant") is not False

    def _count(self, result: Result) -> None:
        self._summary.add(result.verdict, result.missing)
        asked = self._params["patch_groups"]
        groups: list[str | None] = [*result.groups] or [None]
        for group in groups:
            if asked is None or group in asked:
                if group not in self._groups:
                    self._groups[group] = Totals(self._with_patches)
                self._groups[group].add(result.verdict, result.missing)
        # A node whose report was not read can belong to any group.
        self._groups_unread |= asked is None and result.verdict is UNREAD

    def counts(self) -> dict[str, Any]:
        """The counts of all nodes, and of each group."""
        scope = self._scope
        never = {"unmanaged"} if scope.unmanaged is None else set()
        everything = {*SUMMARY, MISSING_BY_SEVERITY}
        groups = []
        for group in sorted(self._groups, key=lambda name: (name is None, name)):
            is_unread = self._groups_unread or scope.groups_unread or group in scope.unread_groups
            groups.append({"patch_group": group, **self._groups[group].counts(everything if is_unread else never)})
        return {"summary": self._summary.counts(everything if scope.unread_groups else never), "groups": groups}

    def origin(self) -> dict[str, Any]:
        """The time of the read, and what could not be read."""
        read_at = self._read_at.isoformat()
        return {"gaps": self._gaps.told(), "not_found": self._scope.not_found, "read_at": read_at}

    def warnings(self) -> list[str]:
        """The warnings of the module."""
        scope = self._scope
        texts = [*self._gaps.warnings(), *not_found_warnings(scope.not_found)]
        for group in self._params["patch_groups"] or ():
            counts = self._groups[group].counts()
            if not counts["managed"] and not counts["unmanaged"] and group not in scope.unread_groups:
                texts.append(f"patch_groups: no managed node has a tag for {group!r} or reported it.")
        return texts
