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
            "The patches that the rule applies to, as a dictionary of filter keys, such as C(CLASSIFICATION), and"
            " lists of values. C(*) matches all values.",
            "The module compares new values with those that AWS lists for the operating system"
            " (C(DescribePatchProperties)), also in check mode.",
            "For Windows, C(PATCH_SET: [APPLICATION]) also requires C(PRODUCT). Without C(PATCH_SET), the rule"
            " applies to patches for the operating system.",
        ),
        type="dict",
        required=True,
    ),
    Option(
        "approve_after_days",
        "The number of days, 0 to 360, between the release of a patch and its approval.",
        type="int",
    ),
    Option("approve_until_date", "The rule approves all patches released on or before this date (C(YYYY-MM-DD))."),
    Option(
        "compliance_level",
        f"The severity of the compliance violation if a patch that the rule approves is missing: {_LEVELS}.",
    ),
    Option(
        "enable_non_security",
        "Whether the rule also approves updates that are not security updates (Linux only).",
        type="bool",
    ),
)
SOURCE_OPTIONS = (
    Option("name", "The name of the repository.", required=True),
    Option(
        "products",
        "The versions of the operating system that the repository applies to.",
        type="list",
        elements="str",
        required=True,
    ),
    Option(
        "configuration",
        "The configuration of the repository, in the format of a yum or apt file.",
        required=True,
        no_log=False,
    ),
)
OPTIONS = (
    Option(
        "name",
        (
            "The name of the patch baseline. The module finds the baseline by its exact name and"
            " O(operating_system), or by the name alone if it is unique.",
            "For an AWS-owned baseline (C(AWS-...)), you can specify only O(operating_system), O(patch_groups) and"
            " O(default).",
            "Required unless you specify O(baseline_id). If you specify both, the module renames the baseline.",
        ),
        api="Name",
        clearable=False,
    ),
    Option(
        "baseline_id",
        "The ID or ARN of the patch baseline. Use it to rename a baseline, to select one of two baselines with the"
        " same name, or to select an AWS-owned baseline.",
    ),
    Option(
        "operating_system",
        "The operating system of the baseline, as the API names it, such as V(WINDOWS), V(AMAZON_LINUX_2023) or"
        " V(UBUNTU). Required to create a baseline.",
        api="OperatingSystem",
        clearable=False,
    ),
    Option(
        "description",
        "A description of the patch baseline, up to 1024 characters. An empty string removes it.",
        api="Description",
    ),
    Option(
        "approval_rules",
        "The rules that approve patches, up to 10. Each rule requires either O(approval_rules[].approve_after_days)"
        " or O(approval_rules[].approve_until_date). An empty list removes all rules.",
        type="list",
        elements="dict",
        suboptions=RULE_OPTIONS,
        api="ApprovalRules",
        codec=RULES,
        empty={"PatchRules": []},
    ),
    Option(
        "global_filters",
        "Filters that apply to the whole baseline, as a dictionary of filter keys and lists of values. An empty"
        " dictionary removes all filters.",
        type="dict",
        api="GlobalFilters",
        codec=FILTERS,
        empty={"PatchFilters": []},
    ),
    Option(
        "approved_patches",
        "Patches that are approved explicitly, up to 50. An empty list removes them all.",
        type="list",
        elements="str",
        api="ApprovedPatches",
        codec=WORDS,
        empty=[],
    ),
    Option(
        "approved_patches_compliance_level",
        f"The severity of the compliance violation if a patch of O(approved_patches) is missing: {_LEVELS}.",
        api="ApprovedPatchesComplianceLevel",
        absent="UNSPECIFIED",
    ),
    Option(
        "approved_patches_enable_non_security",
        "Whether O(approved_patches) includes updates that are not security updates (Linux only).",
        type="bool",
        api="ApprovedPatchesEnableNonSecurity",
        absent=False,
    ),
    Option(
        "rejected_patches",
        "Patches that are rejected explicitly, up to 50. An empty list removes them all.",
        type="list",
        elements="str",
        api="RejectedPatches",
        codec=WORDS,
        empty=[],
    ),
    Option(
        "rejected_patches_action",
        "Whether a rejected patch can still be installed as a dependency: V(ALLOW_AS_DEPENDENCY) or V(BLOCK)."
        " Without a value, AWS uses V(ALLOW_AS_DEPENDENCY).",
        api="RejectedPatchesAction",
        absent="ALLOW_AS_DEPENDENCY",
    ),
    Option(
        "sources",
        "Alternative patch source repositories, up to 20 (Linux only). An empty list removes them all.",
        type="list",
        elements="dict",
        suboptions=SOURCE_OPTIONS,
        api="Sources",
        codec=SOURCES,
        empty=[],
    ),
    Option(
        "available_security_updates_compliance_status",
        "The compliance status of nodes with security updates that are available but not approved: V(COMPLIANT) or"
        " V(NON_COMPLIANT) (Windows only).",
        api="AvailableSecurityUpdatesComplianceStatus",
    ),
    Option(
        "setup",
        "The name of the setup that owns the baseline. The module stores it in the tag C(patchfleet:setup). An"
        " empty string removes the tag. If the baseline has the tag of another setup, or if CloudFormation manages"
        " it, the module fails unless O(take_over=true).",
    ),
    Option(
        "take_over",
        "Change or delete a baseline that another setup or CloudFormation owns, and take patch groups and the"
        " default from such a baseline. With O(state=absent) and O(setup), also delete a baseline that no setup"
        " owns. With O(setup), a baseline that is kept gets the tag of this setup. The default is V(false).",
        type="bool",
    ),
    Option(
        "tags",
        (
            "The tags of the baseline. An empty dictionary removes all tags, if O(purge_tags=true). If you omit"
            " this option, the module does not read tags. A tag with the value null counts as omitted.",
            "Tag keys that begin with C(aws:) or C(patchfleet:) are reserved. The module does not change these tags.",
        ),
        type="dict",
        aliases=("resource_tags",),
    ),
    Option("purge_tags", "Whether to remove tags that are not listed in O(tags).", type="bool", default=True),
    Option(
        "patch_groups",
        "The patch groups to register with the baseline, up to 25. An empty list deregisters all groups.",
        type="list",
        elements="str",
    ),
    Option(
        "purge_patch_groups",
        "Whether to deregister patch groups that are not listed in O(patch_groups).",
        type="bool",
        default=True,
    ),
    Option(
        "move_patch_groups",
        "Whether to move patch groups that are registered with another baseline for the same operating system. With"
        " V(false), the module fails for such a group and names the other baseline.",
        type="bool",
        default=False,
    ),
    Option(
        "default",
        "V(true) makes the baseline the default for its operating system in the account and Region. V(false)"
        " restores the default of AWS if this baseline is the current default.",
        type="bool",
    ),
    Option(
        "recreate",
        "Allow a change of the O(operating_system) of an existing O(baseline_id). The module creates a new"
        " baseline, moves the patch groups and the default to it, and deletes the old one. Also specify O(name), so"
        " that the next run finds the new baseline.",
        type="bool",
        default=False,
    ),
    Option(
        "state",
        (
            "V(present) creates the baseline, or updates it to match the options that you specify.",
            "V(absent) restores the default of AWS if this baseline is the default, deregisters its patch groups,"
            " and deletes it.",
        ),
        choices=("present", "absent"),
        default="present",
    ),
)
AWS_OWNED_OPTIONS = frozenset(
    {"name", "baseline_id", "operating_system", "patch_groups", "default", "state"}
    # The owner of the run determines what it can take from other baselines.
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
# Operating systems that are not in this list are left to the service.
FILTER_KEYS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_RPM_SYSTEMS, _RPM),
    **dict.fromkeys(("DEBIAN", "UBUNTU", "RASPBIAN"), _DEB),
    "MACOS": frozenset({"PRODUCT", "CLASSIFICATION"}),
    "WINDOWS": frozenset({"PATCH_SET", "PRODUCT", "PRODUCT_FAMILY", "CLASSIFICATION", "MSRC_SEVERITY"}),
}
PATCH_SETS = ("OS", "APPLICATION")
# Some predefined Windows baselines end in -OS. The default of each system does not.
_AWS_DEFAULT = re.compile(r"AWS-[0-9A-Za-z]+PatchBaseline")


def bare_id(baseline_id: str) -> str:
    """The C(pb-) part of an ID or ARN. The service returns either for the same baseline."""
    return baseline_id.rpartition("/")[2]


def is_aws_owned(baseline_id: str) -> bool:
    """Own baselines are listed by bare ID, those of AWS by ARN."""
    return baseline_id.startswith("arn:")


def aws_default(identities: list[dict[str, Any]], operating_system: str) -> str | None:
    """The ID of the baseline that AWS uses as the default for an operating system in this Region.

    No call returns it: https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-predefined-and-custom-patch-baselines.html
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
    """Violations in patch groups. shape: the botocore shape of a patch group."""
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
        found.append(f"{where}: specify exactly one of approve_after_days and approve_until_date; {given} specified")
    if until is not None and not is_day(until):
        found.append(f"{where}.approve_until_date: {until!r} is not a valid date in the format YYYY-MM-DD")
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
    """Filter keys that the operating system does not support."""
    system = str(after.get("operating_system") or "")
    keys = FILTER_KEYS.get(system)
    if keys is None:
        return []
    found = []
    for key in filters:
        if key not in keys:
            near = near_names(key.upper(), keys)
            hint = f"did you mean {near[0]}? " if near else ""
            found.append(
                f"{where}: {key!r} is not a filter for {system}; {hint}valid filters are {', '.join(sorted(keys))}"
            )
    return found + (_patch_set_violations(filters, where) if system == "WINDOWS" else [])


def _product_violations(values: Values, _before: Values, _after: Values) -> list[str]:
    sources = enumerate(values.get("sources") or ())
    return [text for n, one in sources for text in blank_entries(f"sources[{n}].products", one.get("products"))]


def _source_violations(values: Values, _before: Values, after: Values) -> list[str]:
    system = after.get("operating_system")
    if not values.get("sources") or system not in ("WINDOWS", "MACOS"):
        return []
    return [f"sources: alternative repositories are supported on Linux only, not on {system}; omit sources"]


def _status_violations(values: Values, _before: Values, after: Values) -> list[str]:
    name, system = "available_security_updates_compliance_status", after.get("operating_system")
    if not values.get(name) or system in (None, "", "WINDOWS"):
        return []
    return [f"{name}: {values[name]!r} applies only to WINDOWS, not to {system}; omit {name}"]


def _value_violations(values: Any, where: str) -> list[str]:
    if is_blank(values) or values in ([], {}):
        return [f"{where}: requires at least one value; '*' means all"]
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
        found.append(
            f"{where}: PATCH_SET: [APPLICATION] also requires PRODUCT; PRODUCT: ['*'] matches all applications"
        )
    return found


class _Baseline(Kind):
    def given_violations(self, values: Values, input_shape: Callable[[str], Any]) -> list[str]:
        """The rules of options and the limits of patch groups."""
        shape = input_shape("RegisterPatchBaselineForPatchGroup").members["PatchGroup"]
        return group_violations(values.get("patch_groups"), shape) + super().given_violations(values, input_shape)

    def reset(self, values: Values) -> Values:
        """Registrations are reset as well. AWS-owned baselines have nothing else."""
        if is_aws_owned(values.get("baseline_id") or "") or (values.get("name") or "").startswith("AWS-"):
            return values
        return {"patch_groups": [], **super().reset(values), "default": bool(values.get("default"))}


KIND = _Baseline(
    name="baseline",
    module="ssm_patch_baseline",
    in_setup="The patch baselines, with the options of M(patchfleet.aws.ssm_patch_baseline).",
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
