# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of patch_report, the variables of the role, and their violations that do not depend on files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .._compliance.options import OPTIONS as COMPLIANCE_OPTIONS
from .._compliance.rows import SEVERITIES
from .._options.mistakes import near_names
from .._options.option import Option, Options
from .._readings.exceptions import exception_violations
from .._readings.gate import AGE_RULE, DEFAULT_AGE, MAXIMA, MINIMA, PATCH_RULES
from .._readings.times import utc_text

FORMATS = ("html", "csv", "json", "junit")
_COUNTS: dict[str, tuple[str, ...] | str] = {
    "noncompliant": "The maximum number of noncompliant nodes.",
    "critical_noncompliant": (
        "The maximum number of nodes that are missing a patch with the compliance level CRITICAL in their baseline.",
        "If a baseline assigns no compliance level, the count of its nodes is always 0, regardless of the severity"
        " of missing patches. The rule therefore fails if there are such nodes (O(ungraded)), unless a rule on"
        " O(ungraded) allows them. It also fails if no node has a baseline that assigns compliance levels.",
    ),
    "security_noncompliant": "The maximum number of nodes that are missing a security patch.",
    "pending_reboot": "The maximum number of nodes that need a reboot.",
    "failed": "The maximum number of nodes where the installation of a patch failed.",
    "never_scanned": "The maximum number of nodes that have never been scanned.",
    "stale": "The maximum number of nodes whose last scan is stale.",
    "unmanaged": "The maximum number of EC2 instances that have the tag of a patch group but are not managed by"
    " Systems Manager.",
    "ungraded": "The maximum number of nodes whose baseline assigns no compliance level.",
    "uncovered": "The maximum number of managed nodes that no Install task of an enabled maintenance window reaches.",
    "double_covered": "The maximum number of managed nodes that two Install tasks reach within 24 hours.",
}
_PATCH_RULE: Options = (
    Option(
        "max",
        "The maximum number of missing patches that match the rule. A patch that is missing on several nodes counts"
        " once.",
        "int",
        default=0,
    ),
    Option("severities", "Only patches with these severities, such as V(Critical).", "list", elements="str"),
    Option(
        "classifications",
        "Only patches with these classifications, such as V(SecurityUpdates).",
        "list",
        elements="str",
    ),
    Option("older_than_days", "Only patches that were released more than this number of days ago.", "int"),
    Option(
        "unknown_age",
        "Whether patches with an unknown release date match O(older_than_days). AWS returns the release date of"
        " missing patches only for Windows.",
        choices=("count", "ignore"),
        default="count",
    ),
)
_GATE: Options = (
    Option("compliance_percent", "The minimum percentage of managed nodes that are compliant.", "float"),
    *(Option(name, _COUNTS[name], "int") for name in MAXIMA),
    Option(
        PATCH_RULES,
        "Rules on patches that are approved but not installed.",
        "list",
        elements="dict",
        suboptions=_PATCH_RULE,
    ),
    Option(
        AGE_RULE,
        "The maximum age of a reading in hours. If you merge reports of other runs and specify any other rule, the"
        f" default is {DEFAULT_AGE}.",
        "int",
    ),
)
_READING: Options = (
    Option("partition", "The AWS partition of the account.", default="aws"),
    Option("account_id", "The ID of the account, or the name of a host that could not be read.", required=True),
    Option("account_name", "The name of the account."),
    Option("region", "The name of the Region.", required=True),
    Option(
        "read_at", "The date and time when the data was read, in ISO-8601 format with an offset or C(Z).", required=True
    ),
    Option(
        "scope",
        "The values of O(ignore:patch_groups), O(ignore:instance_ids) and O(ignore:instance_tags) that the data was"
        " read with.",
        "dict",
        default={},
    ),
    Option(
        "instances",
        "The path of a file with the rows of the level V(ignore:instances), as one JSON object on each line.",
        "path",
    ),
    Option(
        "patches",
        "The path of a file with the rows of the level V(ignore:patches), as one JSON object on each line.",
        "path",
    ),
    Option("windows", "The path of a JSON file with the list of maintenance windows.", "path"),
    Option(
        "coverage",
        "The path of a file with the rows of the level V(ignore:instances) of"
        " M(patchfleet.aws.ssm_patch_coverage_info), as one JSON object on each line.",
        "path",
    ),
    Option(
        "findings", "The findings of M(patchfleet.aws.ssm_patch_coverage_info).", "list", elements="dict", default=[]
    ),
    Option(
        "summary",
        "The summary of M(patchfleet.aws.ssm_patch_compliance_info). The report shows counts that are null as unknown.",
        "dict",
        default={},
    ),
    Option(
        "gaps",
        "The reads that failed, with C(action), C(code), C(message) and C(scope).",
        "list",
        elements="dict",
        default=[],
    ),
)
_DEST = Option(
    "dest",
    (
        "The directory for the files C(report.html), C(nodes.csv), C(patches.csv), C(coverage.csv), C(report.json)"
        " and C(junit.xml).",
        "If the directory does not exist, it is created. Only its owner can access it.",
    ),
    "path",
    required=True,
)
_FORMATS = Option(
    "formats",
    "The formats of the report. V(csv) writes three files.",
    "list",
    elements="str",
    choices=FORMATS,
    default=list(FORMATS),
)
_MODE = Option("mode", "The permissions of the files, as an octal number in quotes.", default="0600")
_TITLE = Option("title", "The title of the report.", default="Patch compliance")
_INPUTS = Option(
    "inputs", "The paths of JSON reports of other runs to merge into this report.", "list", elements="path", default=[]
)
_HISTORY = Option(
    "history",
    (
        "The directory to which each report adds a small JSON file. The page shows the trend over these files. Without"
        " this option, there is no trend.",
        "A file holds, for each account and Region, the percentage of compliant nodes, the number of missing patches of"
        " severity Critical, the age of the oldest missing patch and the mean time to patch.",
        "The mean time to patch is computed from reports that follow each other: how many fewer nodes lack a patch, and"
        " the days since its release. AWS returns the release date of Windows patches only. For other patches, the days"
        " since the first report that found the patch missing count.",
        "Files that are broken or of another kind are named in a warning and ignored. Check mode writes no file.",
    ),
    "path",
)
_EXCEPTION: Options = (
    Option("node", "The ID, the tag C(Name) or the computer name of the node."),
    Option("group", "The name of the patch group."),
    Option("patch", "The KB number, package name or title of the patch."),
    Option("reason", "The reason for the exception.", required=True),
    Option("owner", "The person or team that is responsible for the exception.", required=True),
    Option("until", "The last day of the exception, in UTC, such as V(2026-03-31).", required=True),
)
_EXCEPTIONS = Option(
    "exceptions",
    (
        "Nodes and patches to leave out of the counts and of the gate until a date. The report lists them separately,"
        " with reason and owner.",
        "Each entry names a node, a group or a patch. If it names several of them, all must match. Without"
        " O(ignore:patch), the entry applies to whole nodes. With it, a node is evaluated by its other patches.",
        "An exception that has expired has no effect, and the gate fails. An exception that matches nothing causes a"
        " warning.",
    ),
    "list",
    elements="dict",
    suboptions=_EXCEPTION,
    default=[],
)
_RULES = Option(
    "gate",
    (
        "The rules that the fleet must meet. The module evaluates them and returns the result. It does not fail.",
        "Percentages are minimums and counts are maximums. A rule fails if its value was not read or is unknown, or"
        " if there is no managed node. The gate fails if a patch group in the scope has no node, or if an instance"
        " in the scope is not managed.",
    ),
    "dict",
    suboptions=_GATE,
)
_EACH_GROUP = Option(
    "gate_each_group",
    "Whether every patch group must meet the rules as well. With V(false), the report shows the result of each"
    " group, but the gate applies only to the whole fleet.",
    "bool",
    default=False,
)
OPTIONS: Options = (
    _DEST,
    _FORMATS,
    _MODE,
    _TITLE,
    Option(
        "readings",
        "The data that was read in each account and Region.",
        "list",
        elements="dict",
        suboptions=_READING,
        default=[],
    ),
    _INPUTS,
    _RULES,
    _EACH_GROUP,
    _EXCEPTIONS,
    _HISTORY,
    Option(
        "page",
        "The C(template), C(style) and C(script) of the HTML page, from the role"
        " P(patchfleet.aws.patch_report#role). Required for V(html).",
        "dict",
        suboptions=(
            Option("template", "The Jinja template of the page.", required=True),
            Option("style", "The style sheet.", required=True),
            Option("script", "The script.", required=True),
        ),
    ),
    Option("next_run_count", "The maximum number of next runs that were read for each window.", "int", default=100),
)
_COMPLIANCE = {option.name: option for option in COMPLIANCE_OPTIONS}
# The variables of the role, without their prefix.
ROLE_OPTIONS: Options = (
    replace(_DEST, type="str", required=False, default="patch-report"),
    _FORMATS,
    _TITLE,
    _MODE,
    Option(
        "scope",
        "The nodes to read. A node must match every option that you specify. An empty scope reads all managed nodes.",
        "dict",
        suboptions=tuple(_COMPLIANCE[name] for name in ("patch_groups", "instance_ids", "instance_tags")),
        default={},
    ),
    _COMPLIANCE["stale_after_hours"],
    replace(
        _COMPLIANCE["include_unmanaged"],
        description=(
            "Also count running EC2 instances that have the tag of a patch group but are not managed by Systems"
            " Manager. Requires the permission C(ec2:DescribeInstances). With V(false), C(unmanaged) is unknown.",
        ),
        default=True,
    ),
    Option(
        "tags",
        "The keys of the tags to show for each node, in addition to C(Name). The role reads them together with"
        " O(coverage), without additional API calls.",
        "list",
        elements="str",
        default=["Owner"],
    ),
    Option(
        "coverage",
        "Also read which windows reach the nodes, for the coverage section and for the rules O(gate.uncovered) and"
        " O(gate.double_covered). Requires the permission C(ec2:DescribeInstances).",
        "bool",
        default=True,
    ),
    _COMPLIANCE["concurrency"],
    replace(
        _INPUTS,
        description=(
            "The paths of JSON reports of other runs to merge into this report.",
            "The role then reads nothing from AWS, unless O(read=true).",
        ),
        elements="str",
    ),
    Option("read", "Whether to read the account and Region. The default is V(true) if O(inputs) is empty.", "bool"),
    replace(
        _RULES,
        description=("The rules that the fleet must meet. If a rule fails, the play fails.", _RULES.description[1]),
    ),
    _EACH_GROUP,
    _EXCEPTIONS,
    replace(_HISTORY, type="str", default=""),
)


def violations(params: Mapping[str, Any]) -> list[str]:
    """Violations in the options, regardless of the files."""
    found = []
    if "html" in params["formats"] and params["page"] is None:
        found.append("page: is required for the format html; specify the files of the role patch_report")
    if not re.fullmatch("0?[0-7]{3}", params["mode"]):
        found.append(f"mode: {params['mode']!r} must be three octal digits in quotes, such as '0640'")
    if not params["readings"] and not params["inputs"]:
        found.append("readings: is missing; specify readings or inputs")
    found += _gate_violations(params["gate"] or {})
    found += exception_violations("exceptions", params["exceptions"])
    found += [
        f"readings[{number}].read_at: {one['read_at']!r} is not a date and time in ISO-8601 format"
        for number, one in enumerate(params["readings"])
        if utc_text(one["read_at"]) is None
    ]
    return found


def _gate_violations(gate: Mapping[str, Any]) -> Iterable[str]:
    for name in MINIMA:
        if gate.get(name) is not None and not 0 <= gate[name] <= 100:
            yield f"gate.{name}: {gate[name]:g} must be from 0 to 100"
    numbers = {f"gate.{name}": gate.get(name) for name in MAXIMA}
    for position, rule in enumerate(gate.get(PATCH_RULES) or ()):
        numbers |= {f"gate.{PATCH_RULES}[{position}].{name}": rule[name] for name in ("max", "older_than_days")}
        yield from _severity_violations(f"gate.{PATCH_RULES}[{position}].severities", rule.get("severities") or ())
    yield from (f"{name}: {value} must not be negative" for name, value in numbers.items() if (value or 0) < 0)
    age = gate.get(AGE_RULE)
    if age is not None and age < 1:
        yield f"gate.{AGE_RULE}: {age} must be at least 1"


def _severity_violations(option: str, severities: Iterable[str]) -> Iterable[str]:
    """Misspelled severities, which no patch has. Other values are allowed, because each vendor uses its own."""
    for severity in severities:
        near = near_names(severity.strip(), SEVERITIES, 0.75)
        if not severity.strip() or (near and severity.capitalize() not in SEVERITIES):
            yield f"{option}: {severity!r} is not a severity; {f'did you mean {near[0]}?' if near else 'remove it'}"
