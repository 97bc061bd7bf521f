# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main function of patch_report: read the files, count, judge, write."""

from __future__ import annotations

import json
import os
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._aws.text import printable
from .._compliance.rows import SUMMARY
from . import page as html
from .files import write
from .formats import as_json, as_junit, nodes_as_csv, patches_as_csv
from .gate import MAXIMA, MINIMA, PATCH_RULES, WHOLE, verdicts
from .merge import Fleet, merged
from .missing_patches import missing_patches
from .model import Gap, Node, Patch, Reading, Scope, Window
from .parse import MalformedError, ReportError, parsed, plain, read_report, read_rows
from .times import utc_text
from .totals import totals_of

FORMATS = ("html", "csv", "json", "junit")
_LIST = {"type": "list", "elements": "str"}
_RULE = {
    "max": {"type": "int", "default": 0},
    "severities": _LIST,
    "classifications": _LIST,
    "older_than_days": {"type": "int"},
    "unknown_age": {"type": "str", "choices": ["count", "ignore"], "default": "count"},
}
_GATE = {
    **{name: {"type": "float"} for name in MINIMA},
    **{name: {"type": "int"} for name in MAXIMA},
    PATCH_RULES: {"type": "list", "elements": "dict", "options": _RULE},
}
_READING = {
    "partition": {"type": "str", "default": "aws"},
    **{name: {"type": "str", "required": True} for name in ("account_id", "region", "read_at")},
    **{name: {"type": "dict", "default": {}} for name in ("scope", "summary")},
    **{name: {"type": "path"} for name in ("instances", "patches", "windows")},
    "gaps": {"type": "list", "elements": "dict", "default": []},
}
_SPEC = {
    "dest": {"type": "path", "required": True},
    "formats": {**_LIST, "choices": list(FORMATS), "default": list(FORMATS)},
    "mode": {"type": "str", "default": "0600"},
    "title": {"type": "str", "default": "Patch compliance"},
    "readings": {"type": "list", "elements": "dict", "options": _READING, "default": []},
    "inputs": {"type": "list", "elements": "path", "default": []},
    "gate": {"type": "dict", "options": _GATE},
    "gate_each_group": {"type": "bool", "default": False},
    "page": {
        "type": "dict",
        "options": {name: {"type": "str", "required": True} for name in ("template", "style", "script")},
    },
    "next_run_count": {"type": "int", "default": 100},
}


@dataclass(slots=True)
class _File:
    """One file of the report. content: makes it anew, piece by piece."""

    format: str
    name: str
    content: Callable[[], Iterable[str]]


def run_report() -> None:
    """The main function of the module."""
    module = AnsibleModule(_SPEC, supports_check_mode=True)
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


def violations(params: Mapping[str, Any]) -> list[str]:
    """What is wrong with the options, whatever the files hold."""
    gate, found = params["gate"] or {}, []
    if "html" in params["formats"] and params["page"] is None:
        found.append("page: is required for the format html; give the files of the role patch_report")
    if not re.fullmatch("0?[0-7]{3}", params["mode"]):
        found.append(f"mode: {params['mode']!r} must be three octal digits in quotes, such as '0640'")
    if not params["readings"] and not params["inputs"]:
        found.append("readings, inputs: one of them is required, or there is nothing to report")
    share = gate.get("compliance_percent")
    if share is not None and not 0 <= share <= 100:
        found.append(f"gate.compliance_percent: {share:g} must be from 0 to 100")
    numbers = {f"gate.{name}": gate.get(name) for name in MAXIMA}
    for position, rule in enumerate(gate.get(PATCH_RULES) or ()):
        numbers |= {f"gate.{PATCH_RULES}[{position}].{name}": rule[name] for name in ("max", "older_than_days")}
    found += [f"{name}: {value} must not be negative" for name, value in numbers.items() if (value or 0) < 0]
    found += [
        f"readings[{number}].read_at: {one['read_at']!r} is no date and time in ISO-8601"
        for number, one in enumerate(params["readings"])
        if utc_text(one["read_at"]) is None
    ]
    return found


def make_report(params: Mapping[str, Any]) -> html.Report:
    """Everything that the files tell."""
    shared: dict[str, str] = {}
    readings = [_reading(one, shared) for one in params["readings"]]
    readings += [one for path in params["inputs"] for one in read_report(path, shared)]
    fleet = Fleet(merged(readings))
    totals, patches = totals_of(fleet), missing_patches(fleet)
    judged = verdicts(params["gate"] or {}, fleet, totals, patches, params["gate_each_group"])
    return html.Report(params["title"], fleet, totals, patches, judged, params["next_run_count"])


def _reading(given: Mapping[str, Any], shared: dict[str, str]) -> Reading:
    gaps = [{"message": "not told", **gap} for gap in given["gaps"]]
    summary = given["summary"]
    unknown = {name for name in SUMMARY if name in summary and summary[name] is None}
    if given["instances"] is None:
        unknown |= {*SUMMARY}
    if given["patches"] is None or any((gap.get("action") or "").endswith("DescribeInstancePatches") for gap in gaps):
        unknown.add("patches")
    try:
        return Reading(
            **{name: given[name] for name in ("partition", "account_id", "region")},
            read_at=utc_text(given["read_at"]) or "",
            scope=parsed(Scope, {name: value for name, value in given["scope"].items() if value}, shared),
            not_read=tuple(sorted(unknown)),
            gaps=tuple(parsed(Gap, gap, shared) for gap in gaps),
            windows=_windows(given["windows"], shared),
            nodes=tuple(read_rows(given["instances"], Node, shared) if given["instances"] else ()),
            patches=tuple(read_rows(given["patches"], Patch, shared) if given["patches"] else ()),
        )
    except MalformedError as error:
        raise ReportError(f"readings: {error}") from error


def _windows(path: str | None, shared: dict[str, str]) -> tuple[Window, ...] | None:
    if path is None:
        return None
    try:
        return tuple(parsed(Window, one, shared) for one in json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ReportError(f"readings: {path} holds no list of windows: {error}") from error


def _warnings(report: html.Report, params: Mapping[str, Any]) -> list[str]:
    total = report.totals
    found = []
    if not total.total.nodes() and not report.verdicts:
        found.append("The report has no node: nothing that was asked for is a managed node.")
    elif empty := [name for name, tally in total.groups.items() if name is not None and not tally.nodes()]:
        found.append(f"No node is in the patch group {', '.join(empty)}.")
    return found


def _write(module: AnsibleModule, report: html.Report) -> bool:
    """Write the files; gives whether one of them changed, or would."""
    directory, mode, changed = Path(module.params["dest"]), int(module.params["mode"], 8), False
    if not module.check_mode:
        # makedirs gives its mode to the last directory only, which is the one that is meant.
        os.makedirs(directory, mode=0o700, exist_ok=True)
    for one in _files(report, module.params):
        path, content = directory / one.name, one.content()
        changed |= write(path, content, mode, module.check_mode)
    return changed


def _files(report: html.Report, params: Mapping[str, Any]) -> list[_File]:
    fleet, title = report.fleet, report.title
    assets = html.Assets(**params["page"]) if params["page"] else html.Assets("", "", "")
    files = [
        _File("html", "report.html", lambda: html.page(report, assets)),
        _File("csv", "nodes.csv", lambda: nodes_as_csv(fleet)),
        _File("csv", "patches.csv", lambda: patches_as_csv(fleet)),
        _File("json", "report.json", lambda: as_json(title, fleet, report.totals, report.verdicts)),
        _File("junit", "junit.xml", lambda: as_junit(title, report.verdicts)),
    ]
    return [one for one in files if one.format in params["formats"]]


def _answer(report: html.Report, params: Mapping[str, Any]) -> dict[str, Any]:
    broken = [one for one in report.verdicts if one.judged and not one.passed]
    named = {"nodes.csv": "nodes_csv", "patches.csv": "patches_csv"}
    return {
        "files": {
            named.get(one.name, one.format): os.path.join(os.path.abspath(params["dest"]), one.name)
            for one in _files(report, params)
        },
        "read_at": report.fleet.read_at(),
        "summary": report.totals.total.summary(),
        "groups": [{"patch_group": name, **tally.summary()} for name, tally in report.totals.groups.items()],
        "gate": {
            "passed": not broken,
            "broken": [one.message if one.group == WHOLE else f"{one.group}: {one.message}" for one in broken],
            "rules": [plain(one) for one in report.verdicts],
        },
    }
