# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every constraint of the API model is enforced: one request for each violation, derived from the model itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from .support import (
    INSTANCE,
    UNKNOWN_BASELINE,
    UNKNOWN_UUID,
    UNKNOWN_WINDOW,
    Client,
    Endpoint,
    Maker,
    hooked,
    refused,
)

# botocore is untyped, and each kind of shape has attributes of its own.
Shape = Any
WINDOW = {"WindowId": UNKNOWN_WINDOW}
TARGET = WINDOW | {"WindowTargetId": UNKNOWN_UUID}
TASK = WINDOW | {"WindowTaskId": UNKNOWN_UUID}
BASELINE = {"BaselineId": UNKNOWN_BASELINE}
GROUP = {"PatchGroup": "Database Servers"}
RESOURCE = {"ResourceType": "MaintenanceWindow", "ResourceId": UNKNOWN_WINDOW}
NODE = {"InstanceId": INSTANCE}
SOURCE = {"SyncType": "SyncFromSource", "SyncSource": {"SourceType": "SingleAccountMultiRegions", "SourceRegions": []}}
BY_TAG = [{"Key": "tag:Env", "Values": ["prod"]}]
# Requests that satisfy the model and, where they name a resource, an unknown one, so that a lapse changes nothing.
REQUESTS: dict[str, dict[str, Any]] = {
    "CreateMaintenanceWindow": {
        "Name": "patchfleet-verify-validation",
        "Schedule": "rate(7 days)",
        "Duration": 4,
        "Cutoff": 1,
        "AllowUnassociatedTargets": True,
    },
    "GetMaintenanceWindow": WINDOW,
    "UpdateMaintenanceWindow": WINDOW,
    "DeleteMaintenanceWindow": WINDOW,
    "DescribeMaintenanceWindows": {},
    "RegisterTargetWithMaintenanceWindow": WINDOW | {"ResourceType": "INSTANCE", "Targets": BY_TAG},
    "UpdateMaintenanceWindowTarget": TARGET,
    "DeregisterTargetFromMaintenanceWindow": TARGET,
    "DescribeMaintenanceWindowTargets": WINDOW,
    "RegisterTaskWithMaintenanceWindow": WINDOW | {"TaskArn": "AWS-StopEC2Instance", "TaskType": "AUTOMATION"},
    "UpdateMaintenanceWindowTask": TASK,
    "DeregisterTaskFromMaintenanceWindow": TASK,
    "DescribeMaintenanceWindowTasks": WINDOW,
    "GetMaintenanceWindowTask": TASK,
    "DescribeMaintenanceWindowSchedule": WINDOW,
    "DescribeMaintenanceWindowsForTarget": {"ResourceType": "INSTANCE", "Targets": BY_TAG},
    "CreatePatchBaseline": {"Name": "patchfleet-verify-validation"},
    "GetPatchBaseline": BASELINE,
    "UpdatePatchBaseline": BASELINE,
    "DeletePatchBaseline": BASELINE,
    "DescribePatchBaselines": {},
    "GetDefaultPatchBaseline": {},
    "RegisterDefaultPatchBaseline": BASELINE,
    "RegisterPatchBaselineForPatchGroup": BASELINE | GROUP,
    "DeregisterPatchBaselineForPatchGroup": BASELINE | GROUP,
    "GetPatchBaselineForPatchGroup": GROUP,
    "DescribePatchGroups": {},
    "DescribePatchProperties": {"OperatingSystem": "WINDOWS", "Property": "PRODUCT"},
    "SendCommand": {"DocumentName": "patchfleet-verify-no-document", "Targets": BY_TAG},
    "CancelCommand": {"CommandId": UNKNOWN_UUID},
    "GetCommandInvocation": {"CommandId": UNKNOWN_UUID, "InstanceId": INSTANCE},
    "ListCommandInvocations": {},
    "ListCommands": {},
    "DescribeInstanceInformation": {},
    "DescribePatchGroupState": GROUP,
    "DescribeInstancePatchStates": {"InstanceIds": [INSTANCE]},
    "DescribeInstancePatchStatesForPatchGroup": GROUP,
    "DescribeInstancePatches": NODE,
    "DescribeEffectivePatchesForPatchBaseline": BASELINE,
    "DescribeAvailablePatches": {},
    "GetDeployablePatchSnapshotForInstance": NODE | {"SnapshotId": UNKNOWN_UUID},
    "ListComplianceItems": {},
    "ListComplianceSummaries": {},
    "ListResourceComplianceSummaries": {},
    "PutComplianceItems": {
        "ResourceId": INSTANCE,
        "ResourceType": "ManagedInstance",
        "ComplianceType": "Custom:Verify",
        "ExecutionSummary": {"ExecutionTime": 0},
        "Items": [],
    },
    "GetInventory": {},
    "ListInventoryEntries": NODE | {"TypeName": "AWS:InstanceInformation"},
    "CreateResourceDataSync": {"SyncName": "patchfleet-verify"},
    "UpdateResourceDataSync": {"SyncName": "patchfleet-verify"} | SOURCE,
    "DeleteResourceDataSync": {"SyncName": "patchfleet-verify-unknown"},
    "ListResourceDataSync": {},
    "AddTagsToResource": RESOURCE | {"Tags": [{"Key": "Stack", "Value": "Test"}]},
    "RemoveTagsFromResource": RESOURCE | {"TagKeys": ["Stack"]},
    "ListTagsForResource": RESOURCE,
}
# Where the operation models an error of its own for the member, either code is the service's.
OWN_CODES = {
    "BaselineId": "InvalidResourceId",
    "ResourceType": "InvalidResourceType",
    "ResourceId": "InvalidResourceId",
    "Tags": "TooManyTagsError",
}
FORM = re.compile(r"\d+ validation errors? detected: Value .*failed to satisfy constraint", re.DOTALL)


def call(ssm: Client, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    return getattr(ssm, xform_name(operation))(**request)


def sample(shape: Shape) -> Any:
    """A value that satisfies the shape; `abc` fits every required string of these operations."""
    match shape.type_name:
        case "structure":
            return {name: sample(shape.members[name]) for name in shape.required_members}
        case "list":
            return [sample(shape.member)]
        case "map":
            return {"abc": sample(shape.value)}
        case "integer" | "long" | "timestamp":
            return shape.metadata.get("min", 0)
        case "boolean":
            return False
        case "blob":
            return b"abc"
        case _:
            return shape.enum[0] if shape.enum else "abc"


def violations(shape: Shape, within: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Labels and values that break one constraint of the shape or of a shape inside it, which is not inside itself."""
    if shape.name in within:
        return
    within |= {shape.name}
    match shape.type_name:
        case "structure":
            yield from structure_violations(shape, within)
        case "list":
            yield from size_violations(shape, lambda count: [sample(shape.member)] * count)
            yield from ((f"[]{label}", [value]) for label, value in violations(shape.member, within))
        case "map":
            yield from size_violations(shape, lambda n: {f"k{i}": sample(shape.value) for i in range(n)})
            yield from ((f"{{}}{label}", {"abc": value}) for label, value in violations(shape.value, within))
            yield from ((f"{{key}}{label}", {value: sample(shape.value)}) for label, value in violations(shape.key))
        case "integer" | "long":
            yield from ((f" {b}", shape.metadata[b] + s) for b, s in (("min", -1), ("max", 1)) if b in shape.metadata)
        case "blob":
            yield from size_violations(shape, lambda count: b"a" * count)
        case "string":
            yield from string_violations(shape)


def structure_violations(shape: Shape, within: frozenset[str]) -> Iterator[tuple[str, Any]]:
    whole = sample(shape)
    for name in shape.required_members:
        yield f".{name} missing", {key: value for key, value in whole.items() if key != name}
    for name, member in shape.members.items():
        yield from ((f".{name}{label}", whole | {name: value}) for label, value in violations(member, within))


def size_violations(shape: Shape, build: Callable[[int], Any]) -> Iterator[tuple[str, Any]]:
    if shape.metadata.get("min", 0) > 0:
        yield " min", build(shape.metadata["min"] - 1)
    if "max" in shape.metadata:
        yield " max", build(shape.metadata["max"] + 1)


def string_violations(shape: Shape) -> Iterator[tuple[str, Any]]:
    if shape.enum:
        yield " enum", "no-such-value"
        return
    yield from size_violations(shape, lambda count: "a" * count)
    if pattern := shape.metadata.get("pattern"):
        plain = pattern.replace(r"\p{L}", "a-zA-Z").replace(r"\p{Z}", " ").replace(r"\p{N}", "0-9")
        length = max(shape.metadata.get("min", 1), 1)
        yield " pattern", next(c * length for c in "! " if not re.fullmatch(plain, c * length))


def judged(ssm: Client, operation: str, request: dict[str, Any], member: str) -> str:
    """Empty if the service refuses the member in the documented form, else what it did."""
    modelled = {shape.name for shape in ssm.meta.service_model.operation_model(operation).error_shapes}
    try:
        call(ssm, operation, request)
    except ClientError as refusal:
        code, message = refusal.response["Error"]["Code"], refusal.response["Error"]["Message"]
        if code == OWN_CODES.get(member) and code in modelled:
            return ""
        named = f"at '{member[0].lower()}{member[1:]}" in message
        return "" if code == "ValidationException" and FORM.match(message) and named else f"{code}: {message}"
    return "accepted"


# Documented examples break this limit; see test_patch_filters.
OPEN = "PatchFilters max"


@pytest.mark.parametrize("operation", REQUESTS)
def test_every_constraint_of_the_model(ssm: Client, endpoint: Endpoint, operation: str) -> None:
    if endpoint.aws and operation == "RegisterDefaultPatchBaseline":
        pytest.skip("the default baselines of an account are not to be touched")
    shape = ssm.meta.service_model.operation_model(operation).input_shape
    base = REQUESTS[operation]
    wrong = {}
    for name in shape.required_members:
        request = {key: value for key, value in base.items() if key != name}
        wrong[f"{name} missing"] = judged(ssm, operation, request, name)
    for name, member in shape.members.items():
        for label, value in violations(member):
            if f"{name}{label}".endswith(OPEN):
                continue
            wrong[f"{name}{label}"] = judged(ssm, operation, base | {name: value}, name)
    assert {label: verdict for label, verdict in wrong.items() if verdict} == {}
    assert wrong or not any(member.metadata for member in shape.members.values())


def test_the_message_of_an_empty_date(ssm: Client, window: str) -> None:
    message = (
        "1 validation error detected: Value '' at 'startDate' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )
    with refused("ValidationException", saying=message):
        ssm.update_maintenance_window(WindowId=window, StartDate="")


def test_all_members_in_violation_are_named_at_once(ssm: Client, make: Maker) -> None:
    with refused("ValidationException", saying="3 validation errors detected") as caught:
        ssm.create_maintenance_window(**make.window_request(Name=None, Duration=25, Cutoff=-1))
    message = caught.value.response["Error"]["Message"]
    assert all(f"at '{member}'" in message for member in ("name", "duration", "cutoff"))


def test_a_member_in_two_violations(make: Maker, settle: Callable[..., None]) -> None:
    with refused("ValidationException") as caught:
        make.window(Name="ab")
    count = int(caught.value.response["Error"]["Message"].split()[0])
    settle("violations told of a short name, which also breaks the pattern", count, strict=2, lenient=1)


def with_members(ssm: Client, **members: Any) -> AbstractContextManager[None]:
    """Add members to the creations of windows in the block that botocore would not send."""

    def change(params: dict[str, Any], **_: Any) -> None:
        params["body"] = json.dumps(json.loads(params["body"]) | members).encode()

    return hooked(ssm, "before-call.ssm.CreateMaintenanceWindow", change)


@pytest.mark.parametrize(
    "change",
    [{"Duration": "four"}, {"Name": 5}, {"AllowUnassociatedTargets": "yes"}, {"Tags": {"Stack": "Test"}}],
    ids=lambda change: next(iter(change)),
)
def test_a_value_of_another_type_is_refused(ssm: Client, make: Maker, change: dict[str, Any]) -> None:
    with with_members(ssm, **change), refused("SerializationException", "ValidationException"):
        make.window()


def test_unknown_members_are_ignored(ssm: Client, make: Maker) -> None:
    with with_members(ssm, Enabled=False, NoSuchMember=1):
        window = make.window()
    assert ssm.get_maintenance_window(WindowId=window)["Enabled"] is True


def test_longest_values_are_accepted(ssm: Client, make: Maker) -> None:
    name, text = f"{make.name()}-".ljust(128, "x"), "d" * 128
    shown = ssm.get_maintenance_window(WindowId=make.window(Name=name, Description=text))
    assert (shown["Name"], shown["Description"]) == (name, text)
