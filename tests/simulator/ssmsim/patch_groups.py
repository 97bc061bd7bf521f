# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registered baselines of patch groups: at most one for each operating system and group."""

from __future__ import annotations

from ssmsim.baselines import default_baseline, existing, find, identity, known_form, own_id
from ssmsim.errors import already_exists, does_not_exist, invalid_resource_id, limit_exceeded
from ssmsim.filters import Test, equals, select
from ssmsim.paging import page
from ssmsim.registry import operation
from ssmsim.store import Record, Region

MOST_GROUPS = 25
_TABLE = "patch_groups"


@operation("RegisterPatchBaselineForPatchGroup")
def register_patch_baseline_for_patch_group(region: Region, request: Record) -> Record:
    record, group = existing(region, request["BaselineId"]), request["PatchGroup"]
    baseline_id, system = record["BaselineId"], record["OperatingSystem"]
    mappings = region.table(_TABLE)
    registered = mappings.latest((group, system))
    if registered and (region.strict or registered["BaselineId"] != baseline_id):
        raise already_exists(f"Patch Group {group} already has a baseline registered for OperatingSystem {system}.")
    if not registered:
        if sum(mapping["BaselineId"] == baseline_id for mapping in mappings.latest_values()) >= MOST_GROUPS:
            raise limit_exceeded(f"The quota of {MOST_GROUPS} patch groups per patch baseline has been reached.")
        mappings.put((group, system), {"PatchGroup": group, "OperatingSystem": system, "BaselineId": baseline_id})
    return {"BaselineId": baseline_id, "PatchGroup": group}


@operation("DeregisterPatchBaselineForPatchGroup")
def deregister_patch_baseline_for_patch_group(region: Region, request: Record) -> Record:
    """Deregister a baseline. A missing registration is an error in the strict profile, although not in the model."""
    group = request["PatchGroup"]
    baseline_id = own_id(region, known_form(request["BaselineId"], invalid_resource_id))

    def is_meant(mapping: Record) -> bool:
        return bool(mapping["PatchGroup"] == group and mapping["BaselineId"] == baseline_id)

    mappings = region.table(_TABLE)
    if region.strict and not any(map(is_meant, mappings.values())):
        raise does_not_exist(f"Patch Group {group} is not registered with the patch baseline {baseline_id}.")
    for mapping in filter(is_meant, mappings.latest_values()):
        mappings.remove((group, mapping["OperatingSystem"]))
    return {"BaselineId": baseline_id, "PatchGroup": group}


@operation("GetPatchBaselineForPatchGroup")
def get_patch_baseline_for_patch_group(region: Region, request: Record) -> Record:
    group, system = request["PatchGroup"], request.get("OperatingSystem", "WINDOWS")
    return {"BaselineId": baseline_for(region, group, system), "PatchGroup": group, "OperatingSystem": system}


@operation("DescribePatchGroups")
def describe_patch_groups(region: Region, request: Record) -> Record:
    tests: dict[str, Test] = {
        "NAME_PREFIX": lambda mapping, value: mapping["PatchGroup"].startswith(value),
        "OPERATING_SYSTEM": equals("OperatingSystem"),
    }
    mappings = select(region.table(_TABLE).values(), request.get("Filters", []), tests)
    shown = [(mapping["PatchGroup"], find(region, mapping["BaselineId"])) for mapping in mappings]
    found = [{"PatchGroup": group, "BaselineIdentity": identity(region, record)} for group, record in shown if record]
    return page(region, "DescribePatchGroups", request, region.arrange(found), "Mappings")


def baseline_for(region: Region, group: str | None, operating_system: str) -> str:
    """The ID of the baseline that nodes of a group use: the registered one, or else the default."""
    mapping = region.table(_TABLE).get((group, operating_system))
    return str(mapping["BaselineId"]) if mapping else default_baseline(region, operating_system)
