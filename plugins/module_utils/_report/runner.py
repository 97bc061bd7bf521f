# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main function of patch_report: reads the files, counts the nodes, evaluates the gate and writes the report."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from .._aws.text import printable
from .._compliance.rows import SUMMARY
from .._files.whole_file import write_text
from .._options.option import argument_spec
from .._options.results import LocalModule
from .._readings.exceptions import exception_row, exception_warnings, judged
from .._readings.gate import AGE_RULE, DEFAULT_AGE, WHOLE, expired_verdicts, has_rules, verdicts
from .._readings.history import figures_of, file_content, file_name, read_history
from .._readings.merge import Fleet, merged
from .._readings.missing_patches import missing_patches
from .._readings.model import Finding, Gap, Node, NodeCoverage, Patch, PatchException, Reading, Scope, Window
from .._readings.parse import MalformedError, ReportError, parsed, plain, read_report, read_rows
from .._readings.times import instant, utc_text
from .._readings.totals import COVERAGE, CRITICAL, totals_of
from .._readings.upcoming import set_next_install
from .._schedules import clock
from . import page as html
from .formats import as_json, as_junit, coverage_as_csv, nodes_as_csv, patches_as_csv
from .options import OPTIONS, violations
from .trend import points_of

# The maximum difference between the clocks of two controllers.
_AHEAD = timedelta(minutes=5)


@dataclass(slots=True)
class _File:
    """One file of the report. content: generates it in parts."""

    format: str
    name: str
    content: Callable[[], Iterable[str]]


def run_report() -> None:
    """The main function of the module."""
    module = LocalModule(argument_spec(OPTIONS), supports_check_mode=True)
    if "html" in module.params["formats"] and html.MISSING:
        module.fail_json(msg=missing_required_lib("Jinja2"), exception=html.MISSING)
    if found := violations(module.params):
        module.fail_json(msg=printable("; ".join(found)), violations=found)
    try:
        report = make_report(module.params)
        warnings = _warnings(report, module.params)
        changed = _write(module, report)
    except ReportError as error:
        module.fail_json(msg=printable(f"{error}. Nothing was written."))
    except OSError as error:
        module.fail_json(msg=f"dest: {error}", exception=traceback.format_exc())
    for warning in warnings:
        module.warn(printable(warning))
    module.exit_json(changed=changed, **_answer(report, module.params))


def make_report(params: Mapping[str, Any]) -> html.Report:
    """The report from all readings."""
    shared: dict[str, str] = {}
    readings = [_reading(one, shared) for one in params["readings"]]
    readings += [one for path in params["inputs"] for one in read_report(path, shared)]
    now = clock.now()
    _refuse_future(readings, now)
    held = judged(Fleet(merged(readings)), _exceptions(params), now.astimezone(UTC).date())
    fleet = held.fleet
    totals, patches = totals_of(fleet), missing_patches(fleet)
    found = verdicts(_rules(params), fleet, totals, patches, params["gate_each_group"], now)
    found = [*expired_verdicts(held.applied), *found]
    report = html.Report(params["title"], fleet, totals, patches, found, params["next_run_count"], judged=held)
    report.has_csv = "csv" in params["formats"]
    if params["history"]:
        report.history = read_history(params["history"])
        report.figures = figures_of(fleet, report.history)
        report.points = points_of(report.figures, report.history) if report.figures else []
    return report


def _exceptions(params: Mapping[str, Any]) -> list[PatchException]:
    return [PatchException(**{**one, "until": str(one["until"]).strip()}) for one in params["exceptions"]]


def _rules(params: Mapping[str, Any]) -> dict[str, Any]:
    """The rules of the gate. With any rule, the age of reports from other runs is limited by default."""
    rules = dict(params["gate"] or {})
    if params["inputs"] and has_rules(rules) and rules.get(AGE_RULE) is None:
        rules[AGE_RULE] = DEFAULT_AGE
    return rules


def _refuse_future(readings: Iterable[Reading], now: datetime) -> None:
    """Refuse readings from the future, which would replace all later ones and never become too old."""
    for one in readings:
        moment = instant(one.read_at)
        if moment is not None and moment > now + _AHEAD:
            raise ReportError(
                f"The reading of {one.place_name()} is from the future: read_at is {one.read_at}, and the"
                " current time is"
                f" {now:%Y-%m-%dT%H:%M:%SZ}. Correct the clock of the machine that read it, and read again"
            )


def _reading(given: Mapping[str, Any], shared: dict[str, str]) -> Reading:
    gaps = [{"message": "unknown reason", **gap} for gap in given["gaps"]]
    unknown = _unknown(given, {(gap.get("action") or "").rpartition(":")[2] for gap in gaps})
    try:
        return Reading(
            **{name: given[name] for name in ("partition", "account_id", "account_name", "region")},
            read_at=utc_text(given["read_at"]) or "",
            scope=parsed(Scope, {name: value for name, value in given["scope"].items() if value}, shared),
            not_read=tuple(sorted(unknown)),
            gaps=tuple(parsed(Gap, gap, shared) for gap in gaps),
            windows=_windows(given["windows"], shared),
            nodes=tuple(_nodes(given, shared)),
            patches=tuple(read_rows(given["patches"], Patch, shared) if given["patches"] else ()),
            findings=tuple(parsed(Finding, one, shared) for one in given["findings"]),
        )
    except MalformedError as error:
        raise ReportError(f"readings: {error}") from error


def _nodes(given: Mapping[str, Any], shared: dict[str, str]) -> Iterable[Node]:
    """The nodes, with their coverage and tags if these were read."""
    rows = read_rows(given["coverage"], NodeCoverage, shared) if given["coverage"] else ()
    covered = {one.instance_id: one for one in rows}
    for node in read_rows(given["instances"], Node, shared) if given["instances"] else ():
        if one := covered.get(node.instance_id):
            node.coverage = one.coverage
            set_next_install(node, one)
            node.instance_name, node.tags = one.instance_name, one.tags
        yield node


def _unknown(given: Mapping[str, Any], refused: set[str]) -> set[str]:
    """The names of what is unknown in a reading. refused: operations that failed."""
    summary = given["summary"]
    unknown = {name for name in SUMMARY if name in summary and summary[name] is None}
    if summary.get("ungraded") is not None:
        # The count is also null if no baseline assigns compliance levels, which is not unknown.
        unknown.discard(CRITICAL)
    unknown |= {name for name in COVERAGE if given["coverage"] is None or summary.get(name, 0) is None}
    if given["instances"] is None:
        unknown |= {*SUMMARY}
    if given["patches"] is None or "DescribeInstancePatches" in refused:
        unknown.add("patches")
    if "DescribeAvailablePatches" in refused:
        unknown.add("release_dates")
    return unknown


def _windows(path: str | None, shared: dict[str, str]) -> tuple[Window, ...] | None:
    if path is None:
        return None
    try:
        return tuple(parsed(Window, one, shared) for one in json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ReportError(f"readings: {path} does not contain a list of windows: {error}") from error


def _warnings(report: html.Report, params: Mapping[str, Any]) -> list[str]:
    total = report.totals
    found = [*report.history.warnings, *exception_warnings(report.judged.applied if report.judged else ())]
    if not total.total.nodes() and not report.verdicts:
        found.append("The report has no nodes: no managed nodes match the scope.")
    elif empty := [name for name, tally in total.groups.items() if name is not None and not tally.nodes()]:
        found.append(f"No nodes are in the patch group {', '.join(empty)}.")
    return found


def _write(module: LocalModule, report: html.Report) -> bool:
    """Write the files and return whether any of them changed, or would change."""
    directory, mode = Path(module.params["dest"]), int(module.params["mode"], 8)
    changed = bool(report.points) and _write_history(module, report, mode)
    if not module.check_mode:
        # makedirs applies the mode only to the last directory, as intended.
        os.makedirs(directory, mode=0o700, exist_ok=True)
    for one in _files(report, module.params):
        path, content = directory / one.name, one.content()
        changed |= write_text(path, content, mode, module.check_mode)
    return changed


def _write_history(module: LocalModule, report: html.Report, mode: int) -> bool:
    path = _history_path(report, module.params)
    try:
        if not module.check_mode:
            os.makedirs(path.parent, mode=0o700, exist_ok=True)
        content = file_content(report.title, report.points[-1].values(), report.figures)
        return write_text(path, [content], mode, module.check_mode)
    except OSError as error:
        raise ReportError(f"history: {path} cannot be written: {error.strerror}") from error


def _history_path(report: html.Report, params: Mapping[str, Any]) -> Path:
    return Path(params["history"], file_name(report.figures))


def _files(report: html.Report, params: Mapping[str, Any]) -> list[_File]:
    fleet, title = report.fleet, report.title
    # Reports that other runs merge must contain the data as it was read.
    source = report.judged.source if report.judged else fleet
    assets = html.Assets(**params["page"]) if params["page"] else html.Assets("", "", "")
    files = [
        _File("html", "report.html", lambda: html.page(report, assets)),
        _File("csv", "nodes.csv", lambda: nodes_as_csv(source)),
        _File("csv", "patches.csv", lambda: patches_as_csv(source)),
        _File("csv", "coverage.csv", lambda: coverage_as_csv(fleet)),
        _File("json", "report.json", lambda: as_json(title, source, report.totals, report.verdicts, report.judged)),
        _File("junit", "junit.xml", lambda: as_junit(title, report.verdicts)),
    ]
    return [one for one in files if one.format in params["formats"]]


def _answer(report: html.Report, params: Mapping[str, Any]) -> dict[str, Any]:
    broken = [one for one in report.verdicts if one.judged and not one.passed]
    named = {"nodes.csv": "nodes_csv", "patches.csv": "patches_csv", "coverage.csv": "coverage_csv"}
    files = {
        named.get(one.name, one.format): os.path.join(os.path.abspath(params["dest"]), one.name)
        for one in _files(report, params)
    }
    if report.points:
        files["history"] = os.path.abspath(_history_path(report, params))
    return {
        "files": files,
        "excepted": report.judged.counts() if report.judged else {"nodes": 0, "patches": 0},
        "exceptions": [exception_row(one) for one in report.judged.applied] if report.judged else [],
        "figures": report.points[-1].values() if report.points else None,
        "read_at": report.fleet.read_at(),
        "summary": report.totals.total.summary(),
        "groups": [{"patch_group": name, **tally.summary()} for name, tally in report.totals.groups.items()],
        "gate": {
            "passed": not broken,
            "broken": [one.message if one.group == WHOLE else f"{one.group}: {one.message}" for one in broken],
            "rules": [plain(one) for one in report.verdicts],
        },
    }
