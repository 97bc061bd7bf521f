# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of ssm_patch_coverage_info."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._aws.client import Api, connect
from .._compliance.gaps import Gaps
from .._compliance.rows import Row
from .._compliance.scope import not_found_warnings
from .._files.row_file import RowFile
from .._fleet.model import Account, Node
from .._fleet.openings import HORIZON
from .._fleet.reader import AccountReader
from .._options.module import finish, make_module, refuse
from .._schedules import clock
from .options import OPTIONS, violations
from .rows import INSTANCE_FIELDS, NodeFindings, NodeRows, Totals, finding_rows, window_row
from .scope import Scope
from .survey import Survey, Verdict


def run_coverage_info() -> None:
    """The main function of ssm_patch_coverage_info."""
    module = make_module(OPTIONS)
    params = module.params
    refuse(module, violations(params))
    gaps, read_at = Gaps(), clock.now()

    def read() -> tuple[dict[str, Any], list[str]]:
        api = connect(module, params["concurrency"], is_lenient=True)
        reading = Reading(params, module.check_mode, read_account(module, api, params, gaps, read_at), gaps, read_at)
        return {**reading.answer(), "region": module.region}, reading.warnings()

    finish(module, read)


def read_account(
    module: AnsibleAWSModule,
    api: Api,
    params: Mapping[str, Any],
    gaps: Gaps,
    now: datetime,
    **adjust: Callable[[Account], None],
) -> Account:
    """Read everything that coverage is computed from. adjust: the argument of AccountReader."""
    ec2, groups = (
        cache(lambda service=service: connect(module, params["concurrency"], service, is_lenient=True))
        for service in ("ec2", "resource-groups")
    )
    return AccountReader(api, ec2, groups, params, gaps, now, **adjust).read()


class Reading:
    """The result for an account. It counts each node, and returns its row or writes it to the file, one at a time."""

    def __init__(
        self, params: Mapping[str, Any], check_mode: bool, account: Account, gaps: Gaps, read_at: datetime
    ) -> None:
        self._params = params
        self._check_mode = check_mode
        self._account = account
        self._gaps = gaps
        self._read_at = read_at
        self._survey = Survey(self._account, timedelta(hours=self._params["install_gap_hours"]))
        self._scope = Scope(self._params)
        self._summary = Totals()
        self._groups: dict[str | None, Totals] = {group: Totals() for group in self._params["patch_groups"] or ()}
        self._findings = NodeFindings()

    def answer(self) -> dict[str, Any]:
        """The result of the module without the Region. Writes the file."""
        dest, runs = self._params["dest"], self._params["next_run_count"]
        rows = NodeRows(self._survey, runs, self._params["include_tags"])
        with_rows = self._params["level"] != "summary"
        instances: list[Row] = []
        with RowFile(dest, INSTANCE_FIELDS, self._check_mode) if dest else nullcontext() as file:
            for node, verdict, managed in self._nodes():
                self._count(node, verdict, managed)
                if not with_rows or (self._params["only_findings"] and not verdict.findings):
                    continue
                row = rows.row(node, verdict, managed)
                (file.add_row if file else instances.append)(row)
        answer: dict[str, Any] = {"changed": bool(file and file.changed), **self._counts()}
        answer["windows"] = [window_row(one, runs) for one in self._survey.windows]
        answer["findings"] = [*self._findings.rows(), *finding_rows(self._survey.findings())]
        if with_rows and not dest:
            answer["instances"] = instances
        answer["computed_from"] = self._computed_from()
        answer["gaps"], answer["not_found"] = self._gaps.told(), self._scope.not_found()
        answer["read_at"] = self._read_at.isoformat()
        return answer

    def _nodes(self) -> Iterator[tuple[Node, Verdict, bool]]:
        for node in self._account.nodes:
            if self._scope.holds(node):
                yield node, self._survey.verdict(node), True
        for node in self._account.unmanaged or ():
            if self._scope.holds(node):
                yield node, self._survey.unmanaged(node), False

    def _count(self, node: Node, verdict: Verdict, managed: bool) -> None:
        self._summary.add(verdict, managed)
        self._findings.add(node, verdict)
        for group in self._scope.groups(verdict.groups):
            self._groups.setdefault(group, Totals()).add(verdict, managed)

    def _counts(self) -> dict[str, Any]:
        unread = {"unmanaged"} if self._account.unmanaged is None else set()
        if None in self._account.baselines.values():
            unread.add("baseline_approves_nothing")
        ordered = sorted(self._groups, key=lambda name: (name is None, name))
        return {
            "summary": self._summary.counts(unread),
            "groups": [{"patch_group": group, **self._groups[group].counts(unread)} for group in ordered],
        }

    def _computed_from(self) -> dict[str, Any]:
        account = self._account
        return {
            "windows": len(account.windows),
            "patch_tasks": len(self._survey.tasks),
            "targets": len(self._survey.targets),
            "nodes": len(account.nodes),
            "baselines": len(account.identities),
            "patch_groups": len({group for _system, group in account.registered}),
            "executions": len({pace.window_execution_id for paces in account.paces.values() for pace in paces}),
            "runs_until": (self._read_at + HORIZON).isoformat(),
            "install_gap_hours": self._params["install_gap_hours"],
        }

    def warnings(self) -> list[str]:
        """The warnings of the module."""
        return [*self._gaps.warnings(), *not_found_warnings(self._scope.not_found())]
