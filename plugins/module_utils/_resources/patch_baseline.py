# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patch baselines, their patch groups and the default of an operating system: options and rules. Pure functions.

Rules: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreatePatchBaseline.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-patch-groups.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._options.codecs import FILTERS, RULES, SOURCES, WORDS, filter_values, is_blank, is_day
from .._options.kind import Kind, Listing, Rule, Values
from .._options.limits import blank_entries, breaches, shown
from .._options.mistakes import near_names
from .._options.option import Option

_LEVELS = "C(CRITICAL), C(HIGH), C(MEDIUM), C(LOW), C(INFORMATIONAL) or C(UNSPECIFIED)"

RULE_OPTIONS = (
    Option(
        "filters",
        (
            "What the rule applies to: filter key (such as C(CLASSIFICATION)) to a list of values; C(*) means all.",
            "New values are compared with those that AWS lists for the operating system (C(DescribePatchProperties)),"
            " in check mode, too.",
            "For Windows, C(PATCH_SET: [APPLICATION]) needs C(PRODUCT) as well; without C(PATCH_SET) a rule is about"
            " the operating system.",
        ),
        type="dict",
        required=True,
    ),
    Option("approve_after_days", "Days after the release of a patch until it is approved, 0 to 360.", type="int"),
    Option("approve_until_date", "Patches released up to this day (C(YYYY-MM-DD)) are approved."),
    Option("compliance_level", f"Severity of a missing patch of this rule: {_LEVELS}."),
    Option("enable_non_security", "Whether the rule covers updates other than security ones (Linux).", type="bool"),
)
SOURCE_OPTIONS = (
    Option("name", "Name of the repository.", required=True),
    Option("products", "Operating system versions that use it.", type="list", elements="str", required=True),
    Option("configuration", "The repository's configuration, as in a yum or apt file.", required=True, no_log=False),
)
OPTIONS = (
    Option(
        "name",
        (
            "Name of the baseline. It is found by this exact name and O(operating_system), or by the name alone where"
            " that is unique.",
            "An AWS-owned baseline (C(AWS-...)) takes only O(operating_system), O(patch_groups) and O(default).",
            "Required unless O(baseline_id) is given; with O(baseline_id) the baseline is renamed.",
        ),
        api="Name",
        clearable=False,
    ),
    Option(
        "baseline_id", "Id or ARN of the baseline, to rename it, to reach one of two namesakes, or one that AWS owns."
    ),
    Option(
        "operating_system",
        "Operating system, as the API names it: V(WINDOWS), V(AMAZON_LINUX_2023), V(UBUNTU), ... Required on creation.",
        api="OperatingSystem",
        clearable=False,
    ),
    Option("description", "At most 1024 characters. An empty string removes it.", api="Description"),
    Option(
        "approval_rules",
        "Rules that approve patches, at most 10; each has exactly one of O(approval_rules[].approve_after_days) and"
        " O(approval_rules[].approve_until_date). An empty list removes all.",
        type="list",
        elements="dict",
        suboptions=RULE_OPTIONS,
        api="ApprovalRules",
        codec=RULES,
        empty={"PatchRules": []},
    ),
    Option(
        "global_filters",
        "Filters that hold for the whole baseline: filter key to a list of values. An empty dict removes all.",
        type="dict",
        api="GlobalFilters",
        codec=FILTERS,
        empty={"PatchFilters": []},
    ),
    Option(
        "approved_patches",
        "Patches that are approved whatever the rules say, at most 50. An empty list removes all.",
        type="list",
        elements="str",
        api="ApprovedPatches",
        codec=WORDS,
        empty=[],
    ),
    Option(
        "approved_patches_compliance_level",
        f"Severity of a missing patch of O(approved_patches): {_LEVELS}.",
        api="ApprovedPatchesComplianceLevel",
        absent="UNSPECIFIED",
    ),
    Option(
        "approved_patches_enable_non_security",
        "Whether O(approved_patches) covers updates other than security ones (Linux).",
        type="bool",
        api="ApprovedPatchesEnableNonSecurity",
        absent=False,
    ),
    Option(
        "rejected_patches",
        "Patches that are never installed, at most 50. An empty list removes all.",
        type="list",
        elements="str",
        api="RejectedPatches",
        codec=WORDS,
        empty=[],
    ),
    Option(
        "rejected_patches_action",
        "V(ALLOW_AS_DEPENDENCY), which AWS takes where none is set, or V(BLOCK).",
        api="RejectedPatchesAction",
        absent="ALLOW_AS_DEPENDENCY",
    ),
    Option(
        "sources",
        "Other repositories (Linux), at most 20. An empty list removes all.",
        type="list",
        elements="dict",
        suboptions=SOURCE_OPTIONS,
        api="Sources",
        codec=SOURCES,
        empty=[],
    ),
    Option(
        "available_security_updates_compliance_status",
        "Whether security updates that are available but not approved make a node V(COMPLIANT) or V(NON_COMPLIANT)"
        " (Windows).",
        api="AvailableSecurityUpdatesComplianceStatus",
    ),
    Option(
        "setup",
        "Name of the setup that owns the baseline, stored as the tag C(patchfleet:setup). An empty string removes it."
        " A baseline that carries the tag of another setup, or that CloudFormation manages, is an error unless"
        " O(take_over=true).",
    ),
    Option(
        "take_over",
        "Change or remove a baseline that another setup or CloudFormation owns, take a patch group or the default from"
        " such a one, or with O(state=absent) and O(setup) remove one that no setup owns. With O(setup) it gets the tag"
        " of this setup. V(false) where it is not given.",
        type="bool",
    ),
    Option(
        "tags",
        (
            "Tags of the baseline. An empty dict removes all that O(purge_tags) allows; not given, tags are not read."
            " A tag whose value is null counts as not given.",
            "Keys that begin with C(aws:) or C(patchfleet:) are reserved and left alone.",
        ),
        type="dict",
        aliases=("resource_tags",),
    ),
    Option("purge_tags", "Whether tags that O(tags) does not list are removed.", type="bool", default=True),
    Option(
        "patch_groups",
        "Patch groups that use the baseline, at most 25. An empty list deregisters all.",
        type="list",
        elements="str",
    ),
    Option(
        "purge_patch_groups",
        "Whether groups that O(patch_groups) does not list are deregistered.",
        type="bool",
        default=True,
    ),
    Option(
        "move_patch_groups",
        "Take over groups that another baseline of the same operating system holds; otherwise such a group is an error"
        " that names the holder.",
        type="bool",
        default=False,
    ),
    Option(
        "default",
        "V(true) makes it the default baseline of its operating system in this account and region. V(false) restores"
        " the default of AWS if this baseline is the default now.",
        type="bool",
    ),
    Option(
        "recreate",
        "Allow another O(operating_system) for a O(baseline_id): the baseline is made anew, its groups and default"
        " follow, the old one is removed. Give O(name) too, by which the next run finds the new one.",
        type="bool",
        default=False,
    ),
    Option(
        "state",
        (
            "V(present) creates the baseline or makes it as declared.",
            "V(absent) restores the default of AWS if this baseline was the default, deregisters its groups and deletes"
            " it.",
        ),
        choices=("present", "absent"),
        default="present",
    ),
)
AWS_OWNED_OPTIONS = frozenset(
    {"name", "baseline_id", "operating_system", "patch_groups", "default", "state"}
    # Whose the run is decides what it may take from other baselines.
    | {"purge_patch_groups", "move_patch_groups", "purge_tags", "setup", "take_over", "recreate"}
)

_RPM = frozenset({"PRODUCT", "CLASSIFICATION", "SEVERITY"})
_DEB = frozenset({"PRODUCT", "PRIORITY", "SECTION"})
_RPM_SYSTEMS = [
    "AMAZON_LINUX",
    "AMAZON_LINUX_2",
    "AMAZON_LINUX_2022",
    "AMAZON_LINUX_2023",
    "CENTOS",
    "ORACLE_LINUX",
    "REDHAT_ENTERPRISE_LINUX",
    "ROCKY_LINUX",
    "ALMA_LINUX",
    "SUSE",
]
# Operating systems that are newer than this list are left to the service.
FILTER_KEYS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_RPM_SYSTEMS, _RPM),
    **dict.fromkeys(("DEBIAN", "UBUNTU", "RASPBIAN"), _DEB),
    "MACOS": frozenset({"PRODUCT", "CLASSIFICATION"}),
    "WINDOWS": frozenset({"PATCH_SET", "PRODUCT", "PRODUCT_FAMILY", "CLASSIFICATION", "MSRC_SEVERITY"}),
}
PATCH_SETS = ("OS", "APPLICATION")
# The predefined Windows baselines end in -OS; the default of each system does not.
_AWS_DEFAULT = re.compile(r"AWS-[0-9A-Za-z]+PatchBaseline")


def bare_id(baseline_id: str) -> str:
    """The C(pb-) part of an id or ARN; the service answers with either for the same baseline."""
    return baseline_id.rpartition("/")[2]


def is_aws_owned(baseline_id: str) -> bool:
    """Own baselines are listed by bare id, those of AWS by ARN."""
    return baseline_id.startswith("arn:")


def aws_default(identities: list[dict[str, Any]], operating_system: str) -> str | None:
    """The id of the baseline that AWS uses as default for a system, in the region that was read.

    No call names it: https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-predefined-and-custom-patch-baselines.html
    """
    ids = [
        str(identity["BaselineId"])
        for identity in identities
        if is_aws_owned(str(identity["BaselineId"]))
        and identity.get("OperatingSystem") == operating_system
        and _AWS_DEFAULT.fullmatch(str(identity.get("BaselineName")))
    ]
    return ids[0] if len(ids) == 1 else None


def group_violations(groups: Iterable[Any] | None, shape: Any) -> list[str]:
    """Patch groups that the service does not take; shape: the botocore shape of a patch group."""
    listed = list(groups or ())
    found = blank_entries("patch_groups", listed)
    for number, group in enumerate(listed):
        broken = () if is_blank(group) else breaches(shape, str(group))
        found += [f"patch_groups[{number}]: {shown(finding.value)} {finding.rule}" for finding in broken]
    return found


def _approval_violations(values: Values, _before: Values, _after: Values) -> list[str]:
    rules = enumerate(values.get("approval_rules") or ())
    return [text for number, rule in rules for text in _rule_violations(rule, f"approval_rules[{number}]")]


def _rule_violations(rule: Mapping[str, Any], where: str) -> list[str]:
    found = []
    days, until = rule.get("approve_after_days"), rule.get("approve_until_date")
    if (days is None) == (until is None):
        given = "neither is" if days is None else "both are"
        found.append(f"{where}: give exactly one of approve_after_days and approve_until_date; {given} given")
    if until is not None and not is_day(until):
        found.append(f"{where}.approve_until_date: {until!r} is not a day that exists, in the form YYYY-MM-DD")
    filters = rule.get("filters") or {}
    return found + [text for key, one in filters.items() for text in _value_violations(one, f"{where}.filters.{key}")]


def _global_filter_violations(values: Values, _before: Values, _after: Values) -> list[str]:
    filters = values.get("global_filters") or {}
    return [text for key, one in filters.items() for text in _value_violations(one, f"global_filters.{key}")]


def _approval_key_violations(values: Values, _before: Values, after: Values) -> list[str]:
    rules = enumerate(values.get("approval_rules") or ())
    return [
        text
        for number, rule in rules
        for text in _key_violations(rule.get("filters") or {}, f"approval_rules[{number}].filters", after)
    ]


def _global_key_violations(values: Values, _before: Values, after: Values) -> list[str]:
    return _key_violations(values.get("global_filters") or {}, "global_filters", after)


def _key_violations(filters: Mapping[str, Any], where: str, after: Values) -> list[str]:
    """Keys that the operating system does not filter by."""
    system = str(after.get("operating_system") or "")
    keys = FILTER_KEYS.get(system)
    if keys is None:
        return []
    found = []
    for key in filters:
        if key not in keys:
            near = near_names(key.upper(), keys)
            hint = f"did you mean {near[0]}? " if near else ""
            found.append(f"{where}: {key!r} is not a filter of {system}; {hint}valid are {', '.join(sorted(keys))}")
    return found + (_patch_set_violations(filters, where) if system == "WINDOWS" else [])


def _product_violations(values: Values, _before: Values, _after: Values) -> list[str]:
    sources = enumerate(values.get("sources") or ())
    return [text for n, one in sources for text in blank_entries(f"sources[{n}].products", one.get("products"))]


def _source_violations(values: Values, _before: Values, after: Values) -> list[str]:
    system = after.get("operating_system")
    if not values.get("sources") or system not in ("WINDOWS", "MACOS"):
        return []
    return [f"sources: other repositories exist for Linux only, not for {system}; leave it out"]


def _status_violations(values: Values, _before: Values, after: Values) -> list[str]:
    name, system = "available_security_updates_compliance_status", after.get("operating_system")
    if not values.get(name) or system in (None, "", "WINDOWS"):
        return []
    return [f"{name}: {values[name]!r} is for WINDOWS only, not for {system}; leave it out"]


def _value_violations(values: Any, where: str) -> list[str]:
    if is_blank(values) or values in ([], {}):
        return [f"{where}: needs at least one value; '*' means all"]
    return blank_entries(where, values)


def _patch_set_violations(filters: Mapping[str, Any], where: str) -> list[str]:
    """Rules: https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-cli-commands.html."""
    patch_sets = filter_values(filters.get("PATCH_SET") or ())
    found = [
        f"{where}.PATCH_SET: {value!r} must be one of {', '.join(PATCH_SETS)}"
        for value in patch_sets
        if value not in (*PATCH_SETS, "*")
    ]
    if "APPLICATION" in patch_sets and not filters.get("PRODUCT"):
        found.append(f"{where}: PATCH_SET: [APPLICATION] needs PRODUCT as well; PRODUCT: ['*'] takes all applications")
    return found


class _Baseline(Kind):
    def given_violations(self, values: Values, input_shape: Callable[[str], Any]) -> list[str]:
        """The rules of options and the limits of patch groups."""
        shape = input_shape("RegisterPatchBaselineForPatchGroup").members["PatchGroup"]
        return group_violations(values.get("patch_groups"), shape) + super().given_violations(values, input_shape)

    def reset(self, values: Values) -> Values:
        """Registrations are reset, too. AWS's own baselines have nothing else."""
        if is_aws_owned(values.get("baseline_id") or "") or (values.get("name") or "").startswith("AWS-"):
            return values
        return {"patch_groups": [], **super().reset(values), "default": bool(values.get("default"))}


KIND = _Baseline(
    name="baseline",
    module="ssm_patch_baseline",
    in_setup="Patch baselines, with the options of M(patchfleet.aws.ssm_patch_baseline).",
    options=OPTIONS,
    id_option="baseline_id",
    id_member="BaselineId",
    id_pattern=re.compile(r"pb-[0-9a-f]{17}|arn:[^:]+:ssm:[^:]*:\d+:patchbaseline/pb-[0-9a-f]{17}"),
    create="CreatePatchBaseline",
    update="UpdatePatchBaseline",
    delete="DeletePatchBaseline",
    listing=Listing(
        "DescribePatchBaselines",
        "BaselineIdentities",
        ("BaselineId", "BaselineName", "OperatingSystem"),
        name_member="BaselineName",
        own={"Filters": [{"Key": "OWNER", "Values": ["Self"]}]},
    ),
    get="GetPatchBaseline",
    decisive=("BaselineId", "Name", "OperatingSystem"),
    dated=True,
    resource_type="PatchBaseline",
    required=("name", "operating_system"),
    name_scope=("operating_system",),
    loses=True,
    rules=(
        Rule(_approval_violations, ("approval_rules",)),
        Rule(_global_filter_violations, ("global_filters",)),
        Rule(_approval_key_violations, ("approval_rules",), ("operating_system",)),
        Rule(_global_key_violations, ("global_filters",), ("operating_system",)),
        Rule(_product_violations, ("sources",)),
        Rule(_source_violations, ("sources",), ("operating_system",)),
        Rule(_status_violations, ("available_security_updates_compliance_status",), ("operating_system",)),
    ),
)
