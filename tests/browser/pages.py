# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of made-up fleets, written as the module patch_report writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ansible_collections.patchfleet.aws.plugins.module_utils._files.whole_file import write_text
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.model import SCHEMA, SCHEMA_VERSION
from ansible_collections.patchfleet.aws.plugins.module_utils._report.formats import nodes_as_csv, patches_as_csv
from ansible_collections.patchfleet.aws.plugins.module_utils._report.page import Assets, page
from ansible_collections.patchfleet.aws.plugins.module_utils._report.runner import make_report
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock
from ansible_collections.patchfleet.aws.tests.support.report_rows import READ_AT

from .chromium import CHECKOUT

Json = dict[str, Any]
TITLE = "Patch compliance"
RULES = {"compliance_percent": 95, "critical_noncompliant": 0, "stale": 10_000}
_FILES = CHECKOUT / "roles/patch_report/files"


def write_page(
    path: Path, *readings: Json, title: str = TITLE, gate: Mapping[str, Any] = RULES, history: Path | None = None,
    exceptions: Sequence[Json] = (), formats: Sequence[str] = ("html",),
) -> Path:  # fmt: skip
    """Write the page of these readings."""
    report = path.with_suffix(".json")
    whole = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "readings": readings}
    report.write_text(json.dumps(whole), encoding="utf-8")
    given = {
        "readings": [], "inputs": [str(report)], "title": title, "gate": gate, "gate_each_group": False,
        "next_run_count": 100, "exceptions": exceptions, "history": history and str(history), "formats": formats,
    }  # fmt: skip
    # Soon after the readings, whatever the date is.
    with patch.object(clock, "now", lambda: datetime.fromisoformat(READ_AT) + timedelta(hours=1)):
        made = make_report(given)
    names = ("report.html.j2", "report.css", "report.js")
    assets = Assets(*((_FILES / name).read_text(encoding="utf-8") for name in names))
    write_text(path, page(made, assets), 0o600, False)
    if "csv" in formats:
        for name, content in (("nodes", nodes_as_csv), ("patches", patches_as_csv)):
            write_text(path.with_name(f"{name}.csv"), content(made.fleet), 0o600, False)
    return path
