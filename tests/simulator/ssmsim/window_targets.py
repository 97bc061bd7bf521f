# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registered targets of a window, and the windows of a target."""

from __future__ import annotations

from typing import Any

from ssmsim.errors import ServiceError, does_not_exist, limit_exceeded, target_in_use, validation
from ssmsim.filters import equals, select
from ssmsim.fleet import of
from ssmsim.paging import page
from ssmsim.registry import operation
from ssmsim.store import Record, Region
from ssmsim.validate import require
from ssmsim.windows import TARGETS, TASKS, WINDOWS, addressed, missing_window, of_window, window_of

MOST_TARGETS = 100
_LABELS = ("OwnerInformation", "Name", "Description")
_GROUP_KEY, _GROUP_FILTER_KEY = "resource-groups:Name", "resource-groups:ResourceTypeFilters"
_FILTERS = {
    "Type": equals("ResourceType"),
    "WindowTargetId": equals("WindowTargetId"),
    "OwnerInformation": equals("OwnerInformation"),
}
_FORMATS = (
    "Targets must be specified in one of the following formats: 1) 1 target with Key=InstanceIds and up to 50 "
    "instance IDs in Values or 2) Up to 5 targets, each of which can be either Key=tag:<key> or Key=tag-key"
)
_WRONG_TYPE = "Target Type does not match with the provided target."


@operation("RegisterTargetWithMaintenanceWindow")
def register_target_with_maintenance_window(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    def register() -> str:
        window_id = window_of(region, request)["WindowId"]
        _validate(region, request["ResourceType"], request["Targets"])
        if len(of_window(region, TARGETS, window_id)) >= MOST_TARGETS:
            raise limit_exceeded(f"The maximum number of targets of a maintenance window is {MOST_TARGETS}")
        target_id = region.new_uuid()
        members = ("WindowId", "ResourceType", "Targets", *_LABELS)
        target = {key: request[key] for key in members if key in request}
        region.table(TARGETS).put(target_id, {"WindowTargetId": target_id, **target})
        return target_id

    return {"WindowTargetId": region.idempotent("RegisterTargetWithMaintenanceWindow", request, register)}


@operation("UpdateMaintenanceWindowTarget")
def update_maintenance_window_target(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    stored = _addressed(region, request)
    if request.get("Replace"):
        require(request, "Targets")
        stored = {key: value for key, value in stored.items() if key not in _LABELS}
    target = stored | {key: request[key] for key in ("Targets", *_LABELS) if key in request}
    _validate(region, target["ResourceType"], target["Targets"])
    region.table(TARGETS).put(target["WindowTargetId"], target)
    return _shown(region, target)


@operation("DeregisterTargetFromMaintenanceWindow")
def deregister_target_from_maintenance_window(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    target_id = _addressed(region, request)["WindowTargetId"]
    if request.get("Safe"):
        for task in of_window(region, TASKS, request["WindowId"]):
            if target_id in values_of(task.get("Targets", []), "WindowTargetIds"):
                text = "This Target cannot be deregistered because it is still referenced in Task: "
                raise target_in_use(text + task["WindowTaskId"])
    region.table(TARGETS).remove(target_id)
    return {"WindowId": request["WindowId"], "WindowTargetId": target_id}


@operation("DescribeMaintenanceWindowTargets")
def describe_maintenance_window_targets(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    window_id = window_of(region, request)["WindowId"]
    targets = of_window(region, TARGETS, window_id, lagging=True)
    found = region.arrange(select(targets, request.get("Filters", []), _FILTERS))
    answer = page(region, "DescribeMaintenanceWindowTargets", request, found, "Targets")
    return answer | {"Targets": [_shown(region, target) for target in answer["Targets"]]}


@operation("DescribeMaintenanceWindowsForTarget")
def describe_maintenance_windows_for_target(region: Region, request: dict[str, Any]) -> dict[str, Any]:
    found = windows_for(region, request["Targets"], request["ResourceType"])
    identities = [{"WindowId": window["WindowId"], "Name": window["Name"]} for window in region.arrange(found)]
    return page(region, "DescribeMaintenanceWindowsForTarget", request, identities, "WindowIdentities")


def windows_for(region: Region, targets: list[dict[str, Any]], resource_type: str | None) -> list[Record]:
    """The windows with a target, or a task on instances, that shares a key and a value with one of ``targets``, or that
    includes a managed node whose ID is in ``targets``."""
    nodes = [node for node in map(of(region).find, values_of(targets, "InstanceIds")) if node is not None]
    concerned = {
        record["WindowId"]
        for table in (TARGETS, TASKS)
        for record in region.table(table).values()
        if _shares(record, targets, resource_type)
        or any(of(region).fits(node, record.get("Targets", [])) for node in nodes)
    }
    return [window for window in region.table(WINDOWS).values() if window["WindowId"] in concerned]


def _shares(record: Record, targets: list[dict[str, Any]], resource_type: str | None) -> bool:
    if resource_type not in (None, record.get("ResourceType", "INSTANCE")):
        return False
    own = record.get("Targets", [])
    return any(set(wanted.get("Values", [])) & set(values_of(own, wanted.get("Key", ""))) for wanted in targets)


def values_of(targets: list[dict[str, Any]], key: str) -> list[str]:
    """All values of a key in targets."""
    return [value for entry in targets if entry.get("Key") == key for value in entry.get("Values", [])]


def shown_targets(region: Region, targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Targets in the order of reads, which AWS does not document."""
    return region.arrange([{**entry, "Values": region.arrange(entry["Values"])} for entry in targets])


def refuse_valueless(targets: list[dict[str, Any]]) -> None:
    """Reject an empty list of targets, and a target without values."""
    valueless = next((entry.get("Key") for entry in targets if not entry.get("Values")), None)
    if not targets or valueless is not None:
        reason = f" Filter values can't be null and {valueless} is." if targets else ""
        raise validation(f"Please specify at least one target.{reason}")


def _addressed(region: Region, request: dict[str, Any]) -> Record:
    window_id, target_id = request["WindowId"], request["WindowTargetId"]
    if addressed(region, WINDOWS, window_id) is None:
        raise missing_window(window_id)
    target = addressed(region, TARGETS, target_id)
    if target is None or target["WindowId"] != window_id:
        raise _missing_target(window_id, target_id)
    return target


def _missing_target(window_id: str, target_id: str) -> ServiceError:
    return does_not_exist(f"Target {target_id} of maintenance window {window_id} does not exist")


def _shown(region: Region, target: Record) -> dict[str, Any]:
    """A target in the format of reads. It is unknown whether an unset label is empty or absent."""
    unset = dict.fromkeys(_LABELS, "") if region.strict else {}
    return unset | target | {"Targets": shown_targets(region, target["Targets"])}


def _validate(region: Region, resource_type: str, targets: list[dict[str, Any]]) -> None:
    keys = [entry.get("Key", "") for entry in targets]
    group = resource_type == "RESOURCE_GROUP"
    if any((key in (_GROUP_KEY, _GROUP_FILTER_KEY)) != group for key in keys):
        raise validation(_WRONG_TYPE)
    refuse_valueless(targets)
    if group:
        _validate_group(region, targets, keys)
    elif keys != ["InstanceIds"] and not all(key == "tag-key" or (key[:4] == "tag:" and key[4:]) for key in keys):
        raise validation(_FORMATS)


def _validate_group(region: Region, targets: list[dict[str, Any]], keys: list[str]) -> None:
    # Terraform's documentation has a target with resource types only. The User Guide has none.
    types_alone = keys == [_GROUP_FILTER_KEY] and not region.strict
    if len(set(keys)) < len(keys) or (len(values_of(targets, _GROUP_KEY)) != 1 and not types_alone):
        raise validation(
            f"A target of type RESOURCE_GROUP needs Key={_GROUP_KEY} with one resource group in Values, and may have "
            f"Key={_GROUP_FILTER_KEY} besides"
        )
