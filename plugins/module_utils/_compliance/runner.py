# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the nodes are patched: options of the module, and its answer out of what is read node by node."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._aws.client import Api, connect, worker_pool
from .._files.row_file import RowFile, dest_violations
from .._options.module import finish, make_module, refuse
from .._options.option import Option, Options
from .._resources.patch_baseline import group_violations
from .._resources.window_target import instance_id_violations
from .._schedules import clock
from .gaps import Gaps
from .reader import ComplianceReader, Result
from .rows import (
    AVAILABLE,
    INSTANCE_FIELDS,
    MISSING_BY_SEVERITY,
    PATCH_FIELDS,
    STATES,
    SUMMARY,
    UNREAD,
    Row,
    Totals,
)
from .scope import Scope, ScopeReader, tag_violations

_MOST_VALUES = 100
# Ten years.
_MOST_HOURS = 87600
_NAMED = 10

OPTIONS: Options = (
    Option(
        "patch_groups",
        "Only nodes of these patch groups. A node belongs to a group by its tag C(PatchGroup) or C(Patch Group), or"
        " by the group in its last report.",
        type="list",
        elements="str",
    ),
    Option("instance_ids", "Only nodes with these IDs (C(i-) or C(mi-)).", type="list", elements="str"),
    Option(
        "instance_tags",
        "Only nodes that have all of these tags, as a dictionary of tag keys and their value or list of values. Any"
        " value of a list matches.",
        type="dict",
    ),
    Option(
        "level",
        "The level of detail to return in addition to RV(summary) and RV(groups). V(instances) adds RV(instances)."
        " V(patches) adds RV(instances) and RV(patches).",
        choices=("summary", "instances", "patches"),
        default="summary",
    ),
    Option(
        "states",
        "Only return patches in these states in RV(patches). Requires O(level=patches).",
        type="list",
        elements="str",
        choices=STATES,
    ),
    Option(
        "severities",
        "Only return patches with these severities in RV(patches), as the publisher names them, such as"
        " V(Critical). Not case-sensitive. Requires O(level=patches).",
        type="list",
        elements="str",
    ),
    Option(
        "only_noncompliant",
        "Only return noncompliant nodes in RV(instances), and in RV(patches) only the patches that make them"
        " noncompliant, as AWS counts them. Nodes whose patch state could not be read are kept.",
        type="bool",
        default=False,
    ),
    Option(
        "stale_after_hours",
        "The number of hours, 1 to 87600, after the last scan or installation when the data of a node counts as stale.",
        type="int",
        default=168,
    ),
    Option(
        "include_unmanaged",
        (
            "Also report running EC2 instances that have the tag of a patch group but are not managed by Systems"
            " Manager. With O(instance_ids), report those instances with or without the tag.",
            "Requires the permission C(ec2:DescribeInstances).",
        ),
        type="bool",
        default=False,
    ),
    Option("concurrency", "The maximum number of concurrent API calls.", type="int", default=16),
    Option(
        "dest",
        (
            "Write the rows of O(level) to this file as they are read, instead of returning RV(instances) and"
            " RV(patches). Memory use then does not grow with the number of rows. The file name must end in"
            " C(.jsonl) or C(.csv), and the directory must exist.",
            "The module replaces the file only after everything is read. A new file gets the mode 0600.",
        ),
        type="path",
    ),
)


def run_compliance_info() -> None:
    """The main function of ssm_patch_compliance_info."""
    module = make_module(OPTIONS)
    refuse(module, violations(module.params))
    api = connect(module, module.params["concurrency"], is_lenient=True)
    refuse(module, _unknown_states(api, module.params) + _group_violations(api, module.params))
    with worker_pool(module.params["concurrency"]) as pool:
        finish(module, lambda: _Reading(module, api, pool).result())


def violations(params: Mapping[str, Any]) -> list[str]:
    """What is wrong with the options, before anything is read."""
    found = instance_id_violations(params["instance_ids"] or [])
    found += tag_violations(params["instance_tags"], _MOST_VALUES)
    if not 1 <= params["stale_after_hours"] <= _MOST_HOURS:
        found.append(f"stale_after_hours: {params['stale_after_hours']} must be from 1 to {_MOST_HOURS}")
    if params["concurrency"] < 1:
        found.append(f"concurrency: {params['concurrency']} must be at least 1")
    if params["level"] != "patches":
        found += [
            f"{option}: requires level=patches" for option in ("states", "severities") if params[option] is not None
        ]
    return found + dest_violations(params["dest"], params["level"], "level=instances or level=patches")


def _unknown_states(api: Api, params: Mapping[str, Any]) -> list[str]:
    """States whose counts the installed botocore leaves out of the answers, so that nothing would be found."""
    # Both came with the same version.
    is_old = "AvailableSecurityUpdatesComplianceStatus" not in api.input_members("CreatePatchBaseline")
    if not is_old or AVAILABLE not in (params["states"] or ()):
        return []
    return [f"states: the installed botocore does not know {AVAILABLE}; install a newer boto3 and botocore"]


def _group_violations(api: Api, params: Mapping[str, Any]) -> list[str]:
    shape = api.input_shape("DescribeInstancePatchStatesForPatchGroup").members["PatchGroup"]
    return group_violations(params["patch_groups"], shape)


class _Reading:
    """One run: rows go to where they are wanted while the nodes are read, and are counted on their way."""

    def __init__(self, module: AnsibleAWSModule, api: Api, pool: ThreadPoolExecutor) -> None:
        self._params: Mapping[str, Any] = module.params
        self._check_mode: bool = module.check_mode
        self._region = module.region
        self._gaps = Gaps()
        ec2 = cache(lambda: connect(module, self._params["concurrency"], "ec2", is_lenient=True))
        self._scope_reader = ScopeReader(api, ec2, self._params, self._gaps, pool)
        self._read_at = clock.now()
        look_up_groups = self._scope_reader.look_up_groups
        self._reader = ComplianceReader(api, pool, self._params, self._gaps, self._read_at, look_up_groups)
        self._with_patches = self._params["level"] == "patches"
        self._summary = Totals(self._with_patches)
        self._groups: dict[str | None, Totals] = {
            group: Totals(self._with_patches) for group in self._params["patch_groups"] or ()
        }
        self._groups_unread = False
        self._instances: list[Row] = []
        self._patches: list[Row] = []

    def result(self) -> tuple[dict[str, Any], list[str]]:
        """The answer of the module, and its warnings."""
        scope = self._scope_reader.read()
        level, dest = self._params["level"], self._params["dest"]
        fields = PATCH_FIELDS if level == "patches" else INSTANCE_FIELDS
        with RowFile(dest, fields, self._check_mode) if dest else nullcontext() as file:
            for result in self._reader.results(scope):
                self._count(result)
                if level != "summary":
                    self._tell(result, file)
        answer: dict[str, Any] = {"changed": bool(file and file.changed), **self._counts(scope)}
        if not dest and level != "summary":
            answer["instances"] = self._instances
        if not dest and level == "patches":
            answer["patches"] = self._patches
        answer["gaps"], answer["not_found"], answer["region"] = self._gaps.told(), scope.not_found, self._region
        answer["read_at"] = self._read_at.isoformat()
        return answer, self._warnings(scope)

    def _count(self, result: Result) -> None:
        self._summary.add(result.verdict, result.missing)
        asked = self._params["patch_groups"]
        groups: list[str | None] = [*result.groups] or [None]
        for group in groups:
            if asked is None or group in asked:
                self._groups.setdefault(group, Totals(self._with_patches)).add(result.verdict, result.missing)
        # A report that was not read may have put the node into any group.
        self._groups_unread |= asked is None and result.verdict is UNREAD

    def _tell(self, result: Result, file: RowFile | None) -> None:
        if self._params["only_noncompliant"] and result.verdict.holds("noncompliant") is False:
            return
        rows = result.patches if self._params["level"] == "patches" else [result.row]
        if file is None:
            self._instances.append(result.row)
            self._patches += result.patches
            return
        for row in rows:
            file.add_row(row)

    def _counts(self, scope: Scope) -> dict[str, Any]:
        never = {"unmanaged"} if scope.unmanaged is None else set()
        everything = {*SUMMARY, MISSING_BY_SEVERITY}
        groups = []
        for group in sorted(self._groups, key=lambda name: (name is None, name)):
            is_unread = self._groups_unread or scope.groups_unread or group in scope.unread_groups
            groups.append({"patch_group": group, **self._groups[group].counts(everything if is_unread else never)})
        return {"summary": self._summary.counts(everything if scope.unread_groups else never), "groups": groups}

    def _warnings(self, scope: Scope) -> list[str]:
        texts = self._gaps.warnings()
        if scope.not_found:
            more = f" and {len(scope.not_found) - _NAMED} more" if len(scope.not_found) > _NAMED else ""
            texts.append(
                "instance_ids: not managed by Systems Manager in this account and Region, and not included in any"
                " count:"
                f" {', '.join(scope.not_found[:_NAMED])}{more}."
            )
        for group in self._params["patch_groups"] or ():
            counts = self._groups[group].counts()
            if not counts["managed"] and not counts["unmanaged"] and group not in scope.unread_groups:
                texts.append(f"patch_groups: no node carries the tag of {group!r}, and none has reported it.")
        return texts
