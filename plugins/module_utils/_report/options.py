# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of patch_report and the variables of the role, with what is wrong with them before a file is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .._compliance.rows import SEVERITIES
from .._compliance.runner import OPTIONS as COMPLIANCE_OPTIONS
from .._options.mistakes import near_names
from .._options.option import Option, Options
from .gate import AGE_RULE, DEFAULT_AGE, MAXIMA, MINIMA, PATCH_RULES
from .times import utc_text

FORMATS = ("html", "csv", "json", "junit")
_COUNTS: dict[str, tuple[str, ...] | str] = {
    "noncompliant": "The most nodes that are not compliant.",
    "critical_noncompliant": (
        "The most nodes that lack a patch whose compliance level in their baseline is CRITICAL.",
        "Baselines that assign no compliance level make this 0, however critical the missing patches are. So the rule"
        " is broken while there are such nodes (O(ungraded)), unless a rule on O(ungraded) says how many there may be,"
        " and where no node is under a baseline that assigns levels.",
    ),
    "security_noncompliant": "The most nodes that lack a security patch.",
    "pending_reboot": "The most nodes that wait for a reboot.",
    "failed": "The most nodes on which the installation of a patch failed.",
    "never_scanned": "The most nodes that were never scanned.",
    "stale": "The most nodes whose last scan is too old.",
    "unmanaged": "The most instances that carry a patch group and that Systems Manager does not manage.",
    "ungraded": "The most nodes whose baseline assigns no compliance level.",
    "uncovered": "The most managed nodes that no Install of an open maintenance window reaches.",
    "double_covered": "The most managed nodes that two Installs reach within 24 hours.",
}
_PATCH_RULE: Options = (
    Option("max", "The most patches of this kind that may be missing anywhere, each counted once.", "int", default=0),
    Option("severities", "Only patches of these severities, such as V(Critical).", "list", elements="str"),
    Option(
        "classifications",
        "Only patches of these classifications, such as V(SecurityUpdates).",
        "list",
        elements="str",
    ),
    Option("older_than_days", "Only patches that were released more days ago.", "int"),
    Option(
        "unknown_age",
        "Whether patches count as older whose release date AWS does not give. It gives that of missing patches of"
        " Windows only.",
        choices=("count", "ignore"),
        default="count",
    ),
)
_GATE: Options = (
    Option("compliance_percent", "The least share of managed nodes that are compliant, in percent.", "float"),
    *(Option(name, _COUNTS[name], "int") for name in MAXIMA),
    Option(
        PATCH_RULES,
        "Rules on patches that are approved and not installed.",
        "list",
        elements="dict",
        suboptions=_PATCH_RULE,
    ),
    Option(
        AGE_RULE,
        f"The greatest age of a reading in hours. With reports of other runs any other rule brings this one along,"
        f" with {DEFAULT_AGE} if it is not given.",
        "int",
    ),
)
_READING: Options = (
    Option("partition", "Partition of the account.", default="aws"),
    Option("account_id", "Id of the account, or the name of a host that was not read.", required=True),
    Option("account_name", "Name of the account."),
    Option("region", "Name of the region.", required=True),
    Option("read_at", "When it was read, ISO-8601 with offset or Z.", required=True),
    Option(
        "scope",
        "The O(ignore:patch_groups), O(ignore:instance_ids) and O(ignore:instance_tags) that were asked for.",
        "dict",
        default={},
    ),
    Option("instances", "File with the rows of level V(ignore:instances), one JSON object on a line.", "path"),
    Option("patches", "File with the rows of level V(ignore:patches), one JSON object on a line.", "path"),
    Option("windows", "File with the list of maintenance windows in JSON.", "path"),
    Option(
        "coverage",
        "File with the rows of level V(ignore:instances) of M(patchfleet.aws.ssm_patch_coverage_info), one JSON object"
        " on a line.",
        "path",
    ),
    Option("findings", "The findings of that module.", "list", elements="dict", default=[]),
    Option(
        "summary",
        "The summary as it was returned. Of its counts, those that are null are not known in the report.",
        "dict",
        default={},
    ),
    Option(
        "gaps",
        "The reads that failed, as C(action), C(code), C(message) and C(scope).",
        "list",
        elements="dict",
        default=[],
    ),
)
_DEST = Option(
    "dest",
    (
        "Directory of the files C(report.html), C(nodes.csv), C(patches.csv), C(coverage.csv), C(report.json) and"
        " C(junit.xml).",
        "It is made, for its owner alone, if it does not exist.",
    ),
    "path",
    required=True,
)
_FORMATS = Option(
    "formats",
    "The formats to write. V(csv) is three files.",
    "list",
    elements="str",
    choices=FORMATS,
    default=list(FORMATS),
)
_MODE = Option("mode", "Permissions of the files, as an octal number in quotes.", default="0600")
_TITLE = Option("title", "Heading of the report.", default="Patch compliance")
_INPUTS = Option("inputs", "Reports in JSON of other runs.", "list", elements="path", default=[])
_RULES = Option(
    "gate",
    (
        "Rules that the fleet has to keep. The module only tells what became of them.",
        "Shares are minima and counts are maxima. A rule on a value that was not read or cannot be known is broken, and"
        " so is every rule where there is no managed node, and the gate where a patch group of the scope has none, or"
        " an instance of the scope is not managed.",
    ),
    "dict",
    suboptions=_GATE,
)
_EACH_GROUP = Option(
    "gate_each_group",
    "Each patch group has to keep the rules as well. Otherwise the report shows how the groups stand, and only the"
    " whole is judged.",
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
        "What was read of each account and region.",
        "list",
        elements="dict",
        suboptions=_READING,
        default=[],
    ),
    _INPUTS,
    _RULES,
    _EACH_GROUP,
    Option(
        "page",
        "The C(template), C(style) and C(script) of the page, as the role has them. Required for V(html).",
        "dict",
        suboptions=(
            Option("template", "Template of the page, for Jinja.", required=True),
            Option("style", "Style sheet.", required=True),
            Option("script", "Script.", required=True),
        ),
    ),
    Option("next_run_count", "How many next runs were read of a window at most.", "int", default=100),
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
        "The nodes to read; all managed nodes where it is empty. A node has to fit all kinds that are given.",
        "dict",
        suboptions=tuple(_COMPLIANCE[name] for name in ("patch_groups", "instance_ids", "instance_tags")),
        default={},
    ),
    _COMPLIANCE["stale_after_hours"],
    replace(
        _COMPLIANCE["include_unmanaged"],
        description=(
            "Also count running EC2 instances that carry a patch group and that Systems Manager does not manage. Needs"
            " C(ec2:DescribeInstances). With V(false), C(unmanaged) is not known.",
        ),
        default=True,
    ),
    Option(
        "coverage",
        "Also read which windows reach the nodes, for the section on coverage and the rules O(gate.uncovered) and"
        " O(gate.double_covered) of the gate. Needs C(ec2:DescribeInstances).",
        "bool",
        default=True,
    ),
    _COMPLIANCE["concurrency"],
    replace(
        _INPUTS,
        description=(
            "Reports in JSON of other runs, which become one report.",
            "Nothing is read from AWS then, unless O(read) says so.",
        ),
        elements="str",
    ),
    Option("read", "Whether the account and region is read. The default is V(true) without O(inputs).", "bool"),
    replace(_RULES, description=("Rules that the fleet has to keep; the play fails otherwise.", _RULES.description[1])),
    _EACH_GROUP,
)


def violations(params: Mapping[str, Any]) -> list[str]:
    """What is wrong with the options, whatever the files hold."""
    found = []
    if "html" in params["formats"] and params["page"] is None:
        found.append("page: is required for the format html; give the files of the role patch_report")
    if not re.fullmatch("0?[0-7]{3}", params["mode"]):
        found.append(f"mode: {params['mode']!r} must be three octal digits in quotes, such as '0640'")
    if not params["readings"] and not params["inputs"]:
        found.append("readings, inputs: one of them is required, or there is nothing to report")
    found += _gate_violations(params["gate"] or {})
    found += [
        f"readings[{number}].read_at: {one['read_at']!r} is no date and time in ISO-8601"
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
    """A slip in a severity, which no patch would have; other words stay, because each vendor has words of its own."""
    for severity in severities:
        near = near_names(severity.strip(), SEVERITIES, 0.75)
        if not severity.strip() or (near and severity.capitalize() not in SEVERITIES):
            yield f"{option}: {severity!r} is no severity; {f'did you mean {near[0]}?' if near else 'remove it'}"
