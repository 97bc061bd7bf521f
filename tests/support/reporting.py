# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module patch_report in this process, and creates reports from readings without it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType
from typing import Any
from unittest.mock import patch

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.gate import verdicts
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.merge import Fleet, merged
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.missing_patches import missing_patches
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.model import SCHEMA, SCHEMA_VERSION, Reading
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.totals import totals_of
from ansible_collections.patchfleet.aws.plugins.module_utils._report import page as html
from ansible_collections.patchfleet.aws.plugins.module_utils._report.page import Assets, Report, page
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock
from ansible_collections.patchfleet.aws.plugins.modules import patch_report
from jinja2 import Environment

from .report_rows import READ_AT

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "roles" / "patch_report" / "files"
PAGE = {
    "template": (FILES / "report.html.j2").read_text(encoding="utf-8"),
    "style": (FILES / "report.css").read_text(encoding="utf-8"),
    "script": (FILES / "report.js").read_text(encoding="utf-8"),
}
NOW = datetime.fromisoformat(READ_AT) + timedelta(hours=1)


_COMPILED: dict[str, CodeType] = {}


class _Environment(Environment):
    """Compiles each template once for all tests, because this takes longer than rendering it."""

    def compile(self, source: Any, *args: Any, **options: Any) -> Any:
        if source not in _COMPILED:
            _COMPILED[source] = super().compile(source, *args, **options)
        return _COMPILED[source]


def report_of(
    readings: Iterable[Reading],
    rules: Any = None,
    *,
    each_group: bool = False,
    title: str = "T",
    now: datetime = NOW,
) -> Report:
    """The report of these readings."""
    fleet = Fleet(merged(readings))
    totals, patches = totals_of(fleet), missing_patches(fleet)
    found = verdicts(rules or {}, fleet, totals, patches, each_group, now)
    return Report(title, fleet, totals, patches, found, 100)


def page_of(report: Report) -> str:
    """The page of this report."""
    with patch.object(html, "Environment", _Environment):
        return "".join(page(report, Assets(**PAGE)))


def write_history(folder: Path, *readings: dict[str, Any], **options: Any) -> None:
    """Write the history files of reports that were created an hour after each of these readings."""
    with TemporaryDirectory() as made:
        for one in readings:
            report = Path(made, "report.json")
            whole = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "readings": [one]}
            report.write_text(json.dumps(whole), encoding="utf-8")
            now = datetime.fromisoformat(one["read_at"]) + timedelta(hours=1)
            given = {"formats": ["junit"], "inputs": [str(report)], "dest": made, "history": str(folder), **options}
            assert "failed" not in run_module(now=now, **given)


def run_module(*, check: bool = False, now: datetime = NOW, **args: Any) -> dict[str, Any]:
    """The result of the module, failed or not, by default an hour after the readings."""
    printed = io.StringIO()
    warnings: list[str] = []
    steering = {"_ansible_check_mode": check, "_ansible_remote_tmp": "/tmp"}
    # In a process that has loaded parts of the controller, ansible-core displays warnings instead of returning them.
    kept = patch.object(AnsibleModule, "warn", lambda _module, text: warnings.append(text))
    standing = patch.object(clock, "now", lambda: now)
    compiled = patch.object(html, "Environment", _Environment)
    given = patch_module_args({**args, **steering})
    with kept, standing, compiled, given, redirect_stdout(printed), pytest.raises(SystemExit):
        patch_report.main()
    answer: dict[str, Any] = json.loads(printed.getvalue())
    return {**answer, "warnings": warnings}
