# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of ssm_patch_forecast_info."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._aws.client import Api, Job, connect, run_jobs, worker_pool
from .._compliance.gaps import Gaps
from .._compliance.platforms import product
from .._compliance.reader import ComplianceReader
from .._compliance.rows import AVAILABLE, NOT_INSTALLED, Row
from .._compliance.scope import Scope as ReadScope
from .._coverage.runner import read_account
from .._coverage.scope import Scope
from .._coverage.survey import Survey
from .._files.row_file import RowFile
from .._fleet.executions import execution_jobs
from .._fleet.model import INSTALL, Account
from .._info.effective_patches import effective_patches
from .._options.module import finish, make_module, refuse
from .._schedules import clock
from .approvals import Approvals
from .forecast import INSTANCE_FIELDS, PATCH_FIELDS, NodeForecast, Runs, forecast_node, node_row
from .options import OPTIONS, violations
from .planned import PlannedSetup, known_id

# Options of the modules whose readers this module uses.
_READING: Mapping[str, Any] = {"include_unmanaged": False, "execution_count": 0}
_COMPLIANCE: Mapping[str, Any] = {
    "stale_after_hours": 168,
    "severities": None,
    "only_noncompliant": False,
    "states": [*sorted(NOT_INSTALLED), AVAILABLE],
}


def run_forecast_info() -> None:
    """The main function of ssm_patch_forecast_info."""
    module = make_module(OPTIONS)
    refuse(module, violations(module.params))

    def read() -> tuple[dict[str, Any], list[str]]:
        reading = _Reading(module)
        refuse(module, reading.unknown_window())
        return reading.result()

    finish(module, read)


class _Reading:
    """One run: reads the account, then the reports of the nodes with an upcoming Install."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self._params: Mapping[str, Any] = module.params
        self._check_mode: bool = module.check_mode
        self._region = module.region
        self._gaps = Gaps()
        self._now = clock.now()
        self._api: Api = connect(module, self._params["concurrency"], is_lenient=True)
        self._planned = PlannedSetup(self._params["planned"]) if self._params["planned"] else None
        adjust = {"adjust": self._planned.apply} if self._planned else {}
        params = {**self._params, **_READING}
        self._account: Account = read_account(module, self._api, params, self._gaps, self._now, **adjust)
        self._survey = Survey(self._account, timedelta(0))
        self._with_patches = self._params["level"] == "patches"
        self._effective: dict[str, list[Row] | None] = {}
        self._approvals: dict[tuple[str | None, str | None], Approvals] = {}
        self._instances: list[Row] = []
        self._patches: list[Row] = []

    def unknown_window(self) -> list[str]:
        """The violation if the specified window does not exist."""
        wanted = self._params["window"]
        if wanted is None or self._windows():
            return []
        text = "is not in the planned setup" if self._planned else "does not exist in this account and Region"
        return [f"window: {wanted!r} {text}"]

    def _windows(self) -> set[str] | None:
        """The IDs of the windows to forecast. None for all."""
        wanted = self._params["window"]
        planned = self._planned.windows if self._planned else None
        if wanted is None:
            return planned
        named = {one.id for one in self._account.windows if wanted in (one.id, one.name)}
        return named if planned is None else named & planned

    def result(self) -> tuple[dict[str, Any], list[str]]:
        """The result of the module, and its warnings."""
        scope, level = Scope(self._params), self._params["level"]
        nodes = [node for node in self._account.nodes if scope.holds(node)]
        windows, planned = self._windows(), self._planned
        waiting: dict[str, NodeForecast] = {}
        for node in nodes:
            verdict = self._survey.verdict(node)
            task = verdict.next_task(INSTALL, windows)
            if task is not None:
                found = NodeForecast(node, verdict, task, task.window.runs[0])
                found.new_baseline = planned is not None and planned.changes_baseline(verdict)
                waiting[node.facts.instance_id] = found
        self._read_executions(waiting)
        self._read_effective(waiting)
        runs, count = Runs(self._now), len(waiting)
        dest, fields = self._params["dest"], PATCH_FIELDS if self._with_patches else INSTANCE_FIELDS
        with RowFile(dest, fields, self._check_mode) if dest else nullcontext() as file:
            for found in self._forecast(waiting):
                runs.add(found, self._approvals_of(found) if self._with_patches else None)
                if level != "summary":
                    self._keep(found, file)
        answer: dict[str, Any] = {"changed": bool(file and file.changed), "runs": runs.rows()}
        if not dest and level != "summary":
            answer["instances"] = self._instances
        if not dest and self._with_patches:
            answer["patches"] = self._patches
        answer["summary"] = {"managed": len(nodes), "forecast": count, "without_install": len(nodes) - count}
        answer["computed_from"] = "patches" if self._with_patches else "reports"
        answer["gaps"], answer["not_found"] = self._gaps.told(), scope.not_found()
        answer["region"], answer["read_at"] = self._region, self._now.isoformat()
        return answer, self._gaps.warnings()

    def _keep(self, found: NodeForecast, file: RowFile | None) -> None:
        row = node_row(found, self._survey.baseline_name(found.verdict))
        if file is None:
            self._instances.append(row)
            self._patches += found.patches
            return
        for one in found.patches if self._with_patches else [row]:
            file.add_row(one)

    def _forecast(self, waiting: dict[str, NodeForecast]) -> Iterator[NodeForecast]:
        params = {**self._params, **_COMPLIANCE, "instance_ids": [*waiting]}
        groups = {one: found.verdict.groups for one, found in waiting.items()}
        scope = ReadScope({one: found.node.facts for one, found in waiting.items()}, groups)
        with worker_pool(self._params["concurrency"]) as pool:
            for result in ComplianceReader(self._api, pool, params, self._gaps, self._now).results(scope):
                # A forecast is removed as soon as it is returned, to save memory.
                found = waiting.pop(result.facts.instance_id)
                yield forecast_node(found, result, self._approvals_of(found) if self._with_patches else None)

    def _read_executions(self, waiting: Mapping[str, NodeForecast]) -> None:
        """Read the last executions of the windows, and estimate what their tasks reach before the cutoff."""
        windows = {one for found in waiting.values() if (one := known_id(found.task.window.id))}
        count, workers = self._params["execution_count"], self._params["concurrency"]
        run_jobs(execution_jobs(self._api, self._gaps, count, self._account, windows), workers)
        for found in waiting.values():
            found.outlook = self._survey.outlook(found.task)

    def _read_effective(self, waiting: Mapping[str, NodeForecast]) -> None:
        """Read the effective patches of the baselines of Windows nodes. AWS lists none for other systems."""
        if not self._with_patches:
            return
        names = {found.verdict.baseline.baseline_id for found in waiting.values() if found.verdict.system == "WINDOWS"}
        unread = self._planned.rewritten if self._planned else frozenset[str]()
        known = sorted(one for one in names if one in self._account.identities and one not in unread)
        run_jobs([partial(self._list_effective, one) for one in known], self._params["concurrency"])

    def _list_effective(self, name: str) -> list[Job]:
        full = self._account.identities[name]["BaselineId"]
        operation = "DescribeEffectivePatchesForPatchBaseline"
        self._effective[name] = self._gaps.read(
            operation, "approval dates of the baseline", [name], lambda: effective_patches(self._api, full)
        )
        return []

    def _approvals_of(self, found: NodeForecast) -> Approvals:
        name, of_node = found.verdict.baseline.baseline_id, product(found.node.facts)
        key = (name, of_node)
        if key not in self._approvals:
            raw, effective = self._account.baselines.get(name or ""), self._effective.get(name or "")
            self._approvals[key] = Approvals(raw, effective, of_node)
        return self._approvals[key]
