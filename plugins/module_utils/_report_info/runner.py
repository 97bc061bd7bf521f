# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of ssm_patch_report_info, which uses the readers of three other modules and shares what they read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._aws.client import Api, connect, worker_pool
from .._aws.errors import ApiError
from .._compliance.gaps import Gaps
from .._compliance.listings import AwsListings, Listings
from .._compliance.rows import INSTANCE_FIELDS, PATCH_FIELDS
from .._compliance.runner import Reading as ComplianceReading
from .._compliance.runner import model_violations
from .._coverage.runner import Reading as CoverageReading
from .._coverage.runner import read_account
from .._files.row_file import RowFile
from .._files.whole_file import WholeFile
from .._fleet.listings import AccountListings
from .._info.windows import WindowReader
from .._options.module import finish, make_module, refuse
from .._schedules import clock
from .api import ReportApi
from .options import (
    COVERAGE,
    INSTANCES,
    OPTIONS,
    PATCHES,
    SCOPE,
    WINDOWS,
    compliance_params,
    coverage_params,
    violations,
    window_params,
)

T = TypeVar("T")
# Without this permission, the patch groups of a node are unknown.
_TAGS = "ssm:ListTagsForResource"


def run_report_info() -> None:
    """The main function of the module."""
    module = make_module(OPTIONS)
    refuse(module, violations(module.params))
    api = connect(module, module.params["concurrency"], is_lenient=True, make=ReportApi)
    refuse(module, model_violations(api, compliance_params(module.params)))
    finish(module, lambda: _Reading(module, api).result())


class _Reading:
    """One run. Coverage is first, because it reads all nodes and their tags."""

    def __init__(self, module: AnsibleAWSModule, api: Api) -> None:
        self._module = module
        self._params = module.params
        self._api = api
        self._changed = False
        self._gaps: list[dict[str, Any]] = []
        self._warnings: list[str] = []
        self._listings: Listings = AwsListings(api, cache(lambda: self._connect("ec2")))

    def result(self) -> tuple[dict[str, Any], list[str]]:
        """The result of the module, and its warnings."""
        identity = self._identity()
        coverage = self._unless_refused(self._read_coverage) if self._params["coverage"] else None
        compliance = self._read_compliance()
        windows = self._unless_refused(self._read_windows)
        missing = compliance["not_found"]
        reading = {
            **identity,
            "region": self._module.region,
            "read_at": compliance["read_at"],
            "scope": {name: self._params[name] for name in SCOPE if self._params[name] is not None},
            "instances": self._path(INSTANCES),
            "patches": self._path(PATCHES),
            "windows": windows,
            "coverage": coverage and self._path(COVERAGE),
            "findings": coverage["findings"] if coverage else [],
            "summary": {**(coverage["summary"] if coverage else {}), **compliance["summary"]},
            "gaps": [
                *self._gaps,
                *([{"message": f"Not managed by Systems Manager: {', '.join(missing)}"}] if missing else []),
            ],
        }
        answer = {"changed": self._changed, "reading": reading, "not_found": missing}
        return answer, [*dict.fromkeys(self._warnings)]

    def _connect(self, service: str) -> Api:
        return connect(self._module, self._params["concurrency"], service, is_lenient=True)

    def _path(self, name: str) -> str:
        return os.path.join(self._params["dest"], name)

    def _unless_refused(self, read: Callable[[], T]) -> T | None:
        """The result of a read, or None and a gap if AWS rejects it, because a report without it is still useful."""
        try:
            return read()
        except ApiError as error:
            self._gaps.append({"message": str(error), "code": error.code})
            return None

    def _identity(self) -> dict[str, Any]:
        caller = self._connect("sts").get("GetCallerIdentity", "Account", "Arn")
        name = self._params["account_name"] or self._alias()
        return {"partition": caller["Arn"].split(":")[1], "account_id": caller["Account"], "account_name": name}

    def _alias(self) -> str | None:
        try:
            aliases = self._connect("iam").get("ListAccountAliases", "AccountAliases")["AccountAliases"]
        except ApiError:
            return None
        return aliases[0] if aliases else None

    def _read_coverage(self) -> dict[str, Any]:
        params, gaps, now = coverage_params(self._params), Gaps(), clock.now()
        account = read_account(self._module, self._api, params, gaps, now)
        reading = CoverageReading(params, self._module.check_mode, account, gaps, now)
        answer = reading.answer()
        self._keep(answer, reading.warnings())
        if not any(gap["action"] == _TAGS for gap in answer["gaps"]):
            self._listings = AccountListings(account)
        return answer

    def _read_compliance(self) -> dict[str, Any]:
        params, check_mode = compliance_params(self._params), self._module.check_mode
        instances = RowFile(self._path(INSTANCES), INSTANCE_FIELDS, check_mode)
        patches = RowFile(self._path(PATCHES), PATCH_FIELDS, check_mode)
        with instances, patches, worker_pool(params["concurrency"]) as pool:
            reading = ComplianceReading(params, self._api, self._listings, pool)
            for result in reading.results():
                instances.add_row(result.row)
                patches.add_rows(result.patches if reading.wants(result) else ())
        answer = {**reading.counts(), **reading.origin(), "changed": instances.changed or patches.changed}
        self._keep(answer, reading.warnings())
        return answer

    def _read_windows(self) -> str:
        windows = WindowReader(self._api, window_params(self._params)).read()
        path = self._path(WINDOWS)
        with WholeFile(Path(path), None, self._module.check_mode) as file:
            file.add(json.dumps(windows).encode("ascii"))
        self._changed |= file.changed
        return path

    def _keep(self, answer: dict[str, Any], warnings: list[str]) -> None:
        self._changed |= answer["changed"]
        self._gaps += [gap for gap in answer["gaps"] if gap not in self._gaps]
        self._warnings += warnings
