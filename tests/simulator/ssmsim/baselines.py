# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patch baselines, the default baseline of each operating system, and the patch properties.

Custom baselines are records in the table ``baselines``, in the format of GetPatchBaseline without the groups. The table
``default_baselines`` contains the default of the account for an operating system. The table ``patch_groups`` contains
the registrations (see :mod:`ssmsim.patch_groups`). The baselines of AWS are in :mod:`ssmsim.aws_baselines`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from ssmsim.aws_baselines import partition, predefined, predefined_defaults
from ssmsim.errors import (
    ServiceError,
    does_not_exist,
    invalid_resource_id,
    limit_exceeded,
    resource_in_use,
    validation,
)
from ssmsim.filters import Test, equals, select
from ssmsim.paging import page
from ssmsim.patch_properties import PATCH_SETS, property_values, refuse_filters
from ssmsim.registry import operation
from ssmsim.store import Record, Region
from ssmsim.tags import drop_tags, store_tags

MOST_BASELINES = 50
_RESOURCE_TYPE = "PatchBaseline"
_BASELINE_ID = re.compile(r"(arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:patchbaseline/)?pb-[0-9a-f]{17}")
_WITHOUT_SOURCES = frozenset({"WINDOWS", "MACOS"})
_DEFAULTS: Record = {
    "GlobalFilters": {"PatchFilters": []},
    "ApprovalRules": {"PatchRules": []},
    "ApprovedPatches": [],
    "ApprovedPatchesComplianceLevel": "UNSPECIFIED",
    "ApprovedPatchesEnableNonSecurity": False,
    "RejectedPatches": [],
    "RejectedPatchesAction": "ALLOW_AS_DEPENDENCY",
    "Sources": [],
}
_OPTIONAL = ("Description", "AvailableSecurityUpdatesComplianceStatus")
_RULE_DEFAULTS: Record = {"ComplianceLevel": "UNSPECIFIED", "EnableNonSecurity": False}


@operation("CreatePatchBaseline")
def create_patch_baseline(region: Region, request: Record) -> Record:
    def create() -> str:
        system = request.get("OperatingSystem", "WINDOWS")
        definition = _complete({"Name": request["Name"], "OperatingSystem": system}, request)
        _validate(region, definition)
        if len(region.table("baselines").latest_values()) >= MOST_BASELINES:
            raise limit_exceeded(f"The quota of {MOST_BASELINES} patch baselines has been reached.")
        baseline_id, now = region.new_id("pb-"), region.now()
        store_tags(region, _RESOURCE_TYPE, baseline_id, request.get("Tags", []))
        record = {"BaselineId": baseline_id, **definition, "CreatedDate": now, "ModifiedDate": now}
        region.table("baselines").put(baseline_id, record)
        return baseline_id

    return {"BaselineId": region.idempotent("CreatePatchBaseline", request, create)}


@operation("GetPatchBaseline")
def get_patch_baseline(region: Region, request: Record) -> Record:
    record = existing(region, request["BaselineId"])
    mappings = region.table("patch_groups").values()
    groups = [mapping["PatchGroup"] for mapping in mappings if mapping["BaselineId"] == record["BaselineId"]]
    return {**_as_read(region, record), "PatchGroups": region.arrange(groups)}


@operation("UpdatePatchBaseline")
def update_patch_baseline(region: Region, request: Record) -> Record:
    """Update a baseline. Omitted members are kept, or reset to their defaults with Replace. Lists are replaced."""
    record = _own(region, known_form(request["BaselineId"], validation))
    if record is None:
        raise _missing()
    name, replace = request.get("Name"), request.get("Replace", False)
    if replace and name is None:
        raise validation("Name is required when Replace is true.")
    fixed = {"Name": name or record["Name"], "OperatingSystem": record["OperatingSystem"]}
    kept = {} if replace else {key: record[key] for key in (*_DEFAULTS, *_OPTIONAL) if key in record}
    definition = _complete(fixed, {**kept, **request})
    _validate(region, definition)
    updated = {
        "BaselineId": record["BaselineId"],
        **definition,
        "CreatedDate": record["CreatedDate"],
        "ModifiedDate": region.now(),
    }
    region.table("baselines").put(record["BaselineId"], updated)
    return _as_read(region, updated)


@operation("DeletePatchBaseline")
def delete_patch_baseline(region: Region, request: Record) -> Record:
    record = _own(region, known_form(request["BaselineId"], validation))
    if record is None:
        if region.strict:
            raise _missing()
        return {"BaselineId": request["BaselineId"]}
    baseline_id = record["BaselineId"]
    _refuse_used(region, baseline_id)
    region.table("baselines").remove(baseline_id)
    drop_tags(region, _RESOURCE_TYPE, baseline_id)
    return {"BaselineId": baseline_id}


@operation("DescribePatchBaselines")
def describe_patch_baselines(region: Region, request: Record) -> Record:
    tests: dict[str, Test] = {
        "NAME_PREFIX": lambda record, value: record["Name"].startswith(value),
        "OWNER": _is_owned_by,
        "OPERATING_SYSTEM": equals("OperatingSystem"),
    }
    records = [*predefined(region.region).values(), *region.table("baselines").values()]
    found = region.arrange(select(records, request.get("Filters", []), tests))
    answer = page(region, "DescribePatchBaselines", request, found, "BaselineIdentities")
    answer["BaselineIdentities"] = [identity(region, record) for record in answer["BaselineIdentities"]]
    return answer


@operation("GetDefaultPatchBaseline")
def get_default_patch_baseline(region: Region, request: Record) -> Record:
    system = request.get("OperatingSystem", "WINDOWS")
    return {"BaselineId": default_baseline(region, system), "OperatingSystem": system}


@operation("RegisterDefaultPatchBaseline")
def register_default_patch_baseline(region: Region, request: Record) -> Record:
    record = existing(region, request["BaselineId"])
    system, baseline_id = record["OperatingSystem"], record["BaselineId"]
    region.table("default_baselines").put(system, {"OperatingSystem": system, "BaselineId": baseline_id})
    # An example of the CLI shows the bare ID in the response to a request with an ARN.
    return {"BaselineId": baseline_id.rpartition("/")[2]}


@operation("DescribePatchProperties")
def describe_patch_properties(region: Region, request: Record) -> Record:
    system, name = request["OperatingSystem"], request["Property"]
    values = property_values(system, name, request.get("PatchSet"))
    if values is None:
        raise validation(f"The property {name} is not valid for the operating system {system}.")
    return page(region, "DescribePatchProperties", request, region.arrange(values), "Properties")


def existing(region: Region, baseline_id: str) -> Record:
    """The baseline, custom (by ID or ARN) or of AWS (by ARN), as reads see it. Raises the error of the service."""
    record = find(region, known_form(baseline_id, invalid_resource_id))
    if record is None:
        raise _missing()
    return record


def find(region: Region, baseline_id: str) -> Record | None:
    """The baseline, custom (by ID or ARN) or of AWS (by ARN), as reads see it."""
    return predefined(region.region).get(baseline_id) or region.table("baselines").get(own_id(region, baseline_id))


def own_id(region: Region, baseline_id: str) -> str:
    """The bare ID of a custom baseline from its ARN. Other values are returned unchanged."""
    prefix = f"arn:{partition(region.region)}:ssm:{region.region}:{region.account}:patchbaseline/"
    return baseline_id.removeprefix(prefix)


def default_baseline(region: Region, operating_system: str) -> str:
    """The ID (or the ARN, if it is of AWS) of the current default baseline of an operating system."""
    chosen = region.table("default_baselines").get(operating_system)
    return str(chosen["BaselineId"]) if chosen else predefined_defaults(region.region)[operating_system]


def identity(region: Region, record: Record) -> Record:
    """The PatchBaselineIdentity of a baseline."""
    shown = {
        "BaselineId": record["BaselineId"],
        "BaselineName": record["Name"],
        "OperatingSystem": record["OperatingSystem"],
        "DefaultBaseline": default_baseline(region, record["OperatingSystem"]) == record["BaselineId"],
    }
    return shown | ({"BaselineDescription": record["Description"]} if "Description" in record else {})


def _is_owned_by(record: Record, owner: str) -> bool:
    if owner not in ("AWS", "Self", "All"):
        raise validation(f"Invalid filter value: {owner}. Valid values of OWNER: AWS, Self, All.")
    return owner in ("All", "AWS" if record["BaselineId"].startswith("arn:") else "Self")


def known_form(baseline_id: str, error: Callable[[str], ServiceError]) -> str:
    """The ID itself if it is a valid ID or ARN. The error for an invalid one depends on the operation."""
    if not _BASELINE_ID.fullmatch(baseline_id):
        raise error(f"{baseline_id} is not a valid patch baseline ID.")
    return baseline_id


def _own(region: Region, baseline_id: str) -> Record | None:
    """The actual state of the custom baseline that an update or delete addresses by ID or ARN.

    None unless reads see it and it still exists. A baseline of AWS is rejected.
    """
    if baseline_id in predefined(region.region):
        raise validation("A patch baseline that is provided by AWS can't be changed or deleted.")
    rows, key = region.table("baselines"), own_id(region, baseline_id)
    return rows.latest(key) if rows.get(key) else None


def _missing() -> ServiceError:
    return does_not_exist("Patch Baseline to be retrieved does not exist.")


def _refuse_used(region: Region, baseline_id: str) -> None:
    """Refuse to delete a baseline that is used in the actual state or in reads, because these can lag behind."""
    groups, defaults = region.table("patch_groups"), region.table("default_baselines")
    for mapping in (*groups.values(), *groups.latest_values()):
        if mapping["BaselineId"] == baseline_id:
            raise resource_in_use(f"PatchBaseline to be deleted is used for Patch Group: {mapping['PatchGroup']}")
    for chosen in (*defaults.values(), *defaults.latest_values()):
        if chosen["BaselineId"] == baseline_id:
            raise resource_in_use(f"PatchBaseline to be deleted is the default for {chosen['OperatingSystem']}")


def _complete(fixed: Record, wanted: Record) -> Record:
    """The definition of a baseline with the defaults of the service."""
    definition = {**fixed, **_DEFAULTS, **{key: wanted[key] for key in (*_DEFAULTS, *_OPTIONAL) if key in wanted}}
    rules = [{**_RULE_DEFAULTS, **rule} for rule in definition["ApprovalRules"]["PatchRules"]]
    return {**definition, "ApprovalRules": {"PatchRules": rules}}


def _as_read(region: Region, record: Record) -> Record:
    """A copy in which sets have the order of reads."""
    rules = [
        {**rule, "PatchFilterGroup": _filters_as_read(region, rule["PatchFilterGroup"])}
        for rule in record["ApprovalRules"]["PatchRules"]
    ]
    return {
        **record,
        "GlobalFilters": _filters_as_read(region, record["GlobalFilters"]),
        "ApprovalRules": {"PatchRules": rules},
        "ApprovedPatches": region.arrange(record["ApprovedPatches"]),
        "RejectedPatches": region.arrange(record["RejectedPatches"]),
    }


def _filters_as_read(region: Region, group: Record) -> Record:
    return {"PatchFilters": [{**entry, "Values": region.arrange(entry["Values"])} for entry in group["PatchFilters"]]}


def _validate(region: Region, definition: Record) -> None:
    system = definition["OperatingSystem"]
    refuse_filters(system, definition["GlobalFilters"], region.strict, PATCH_SETS)
    for rule in definition["ApprovalRules"]["PatchRules"]:
        refuse_filters(system, rule["PatchFilterGroup"], region.strict)
        _validate_approval(rule)
    _validate_sources(system, definition["Sources"])
    # The model says that the member is only for Windows, not that other systems reject it.
    if region.strict and system != "WINDOWS" and "AvailableSecurityUpdatesComplianceStatus" in definition:
        raise validation("AvailableSecurityUpdatesComplianceStatus is supported for WINDOWS only.")


def _validate_approval(rule: Record) -> None:
    if ("ApproveAfterDays" in rule) == ("ApproveUntilDate" in rule):
        raise validation("An approval rule must contain either ApproveAfterDays or ApproveUntilDate.")
    until = rule.get("ApproveUntilDate")
    if until is not None and not _is_date(until):
        raise validation(f"ApproveUntilDate {until} is not valid, the format must be YYYY-MM-DD.")


def _is_date(text: str) -> bool:
    try:
        return re.fullmatch(r"\d{4}-\d\d-\d\d", text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _validate_sources(operating_system: str, sources: list[Record]) -> None:
    if sources and operating_system in _WITHOUT_SOURCES:
        raise validation(f"Patch sources are not supported for the operating system {operating_system}.")
    pairs = [(source["Name"], product) for source in sources for product in source["Products"]]
    if len(set(pairs)) < len(pairs):
        raise validation("Patch sources must not repeat a name with the same product.")
