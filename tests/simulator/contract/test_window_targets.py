# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Register, update, deregister and describe the targets of a window, and the windows of a target."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .support import (
    INSTANCE,
    OTHER_INSTANCE,
    PREFIX,
    UNKNOWN_UUID,
    UNKNOWN_WINDOW,
    Client,
    Maker,
    as_sets,
    refused,
    targets_of,
)

LABELS = {"Name": "Database-Servers", "Description": "all database servers", "OwnerInformation": "the DBA team"}
VALID: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "ids": ("INSTANCE", [{"Key": "InstanceIds", "Values": [INSTANCE, OTHER_INSTANCE]}]),
    "managed node": ("INSTANCE", [{"Key": "InstanceIds", "Values": ["mi-0123456789abcdef0"]}]),
    "tag": ("INSTANCE", [{"Key": "tag:Patch Group", "Values": ["Database Servers", "Front-End Servers"]}]),
    "tag key": ("INSTANCE", [{"Key": "tag-key", "Values": ["Backup", "Retention"]}]),
    "five tags": ("INSTANCE", [{"Key": f"tag:Part{n}", "Values": ["a"]} for n in range(5)]),
    "tag and key": ("INSTANCE", [{"Key": "tag:Env", "Values": ["prod"]}, {"Key": "tag-key", "Values": ["Backup"]}]),
    "group": ("RESOURCE_GROUP", [{"Key": "resource-groups:Name", "Values": ["database-servers"]}]),
    "typed group": (
        "RESOURCE_GROUP",
        [
            {"Key": "resource-groups:Name", "Values": ["database-servers"]},
            {"Key": "resource-groups:ResourceTypeFilters", "Values": ["AWS::EC2::Instance"]},
        ],
    ),
    "fifty ids": ("INSTANCE", [{"Key": "InstanceIds", "Values": [f"i-{n:017x}" for n in range(50)]}]),
}
INVALID: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "ids beside a tag": (
        "INSTANCE",
        [{"Key": "InstanceIds", "Values": [INSTANCE]}, {"Key": "tag:Env", "Values": ["prod"]}],
    ),
    "ids twice": ("INSTANCE", [{"Key": "InstanceIds", "Values": [i]} for i in (INSTANCE, OTHER_INSTANCE)]),
    "51 ids": ("INSTANCE", [{"Key": "InstanceIds", "Values": [f"i-{n:017x}" for n in range(51)]}]),
    "six tags": ("INSTANCE", [{"Key": f"tag:Part{n}", "Values": ["a"]} for n in range(6)]),
    "bare key": ("INSTANCE", [{"Key": "Role", "Values": ["Web"]}]),
    "window targets": ("INSTANCE", [{"Key": "WindowTargetIds", "Values": [UNKNOWN_UUID]}]),
    "group as instance": ("INSTANCE", [{"Key": "resource-groups:Name", "Values": ["web"]}]),
    "ids as group": ("RESOURCE_GROUP", [{"Key": "InstanceIds", "Values": [INSTANCE]}]),
    "tag as group": ("RESOURCE_GROUP", [{"Key": "tag:Env", "Values": ["prod"]}]),
    "two groups": ("RESOURCE_GROUP", [{"Key": "resource-groups:Name", "Values": ["web", "db"]}]),
    "no values": ("INSTANCE", [{"Key": "tag:Env", "Values": []}]),
    "no ids": ("INSTANCE", [{"Key": "InstanceIds", "Values": []}]),
    "nothing": ("INSTANCE", []),
    "plus in the key": ("INSTANCE", [{"Key": "tag:a+b", "Values": ["c"]}]),
}


def labels(shown: dict[str, Any]) -> dict[str, Any]:
    return {key: shown[key] for key in LABELS if shown.get(key)}


@pytest.mark.parametrize(("kind", "targets"), VALID.values(), ids=VALID)
def test_each_documented_form_is_read_back(
    ssm: Client, make: Maker, window: str, kind: str, targets: list[dict[str, Any]]
) -> None:
    target = make.target(window, ResourceType=kind, Targets=targets)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", target)
    shown = targets_of(ssm, window)[target]
    assert (shown["WindowId"], shown["ResourceType"]) == (window, kind)
    assert as_sets(shown["Targets"]) == as_sets(targets)
    assert len(shown["Targets"]) == len(targets)


@pytest.mark.parametrize(("kind", "targets"), INVALID.values(), ids=INVALID)
def test_other_forms_are_invalid(
    ssm: Client, make: Maker, window: str, kind: str, targets: list[dict[str, Any]]
) -> None:
    with refused("ValidationException"):
        make.target(window, ResourceType=kind, Targets=targets)
    assert targets_of(ssm, window) == {}


def test_resource_types_without_a_group(make: Maker, window: str, settle: Callable[..., None]) -> None:
    types = [{"Key": "resource-groups:ResourceTypeFilters", "Values": ["AWS::EC2::Instance"]}]
    try:
        make.target(window, ResourceType="RESOURCE_GROUP", Targets=types)
        outcome = "accepted"
    except ClientError as error:
        outcome = error.response["Error"]["Code"]
    settle("a target of resource types without a group", outcome, strict="ValidationException", lenient="accepted")


def test_the_messages_of_the_service(make: Maker, window: str) -> None:
    with refused("ValidationException", saying="Target Type does not match with the provided target."):
        make.target(window, ResourceType="RESOURCE_GROUP", Targets=[{"Key": "InstanceIds", "Values": [INSTANCE]}])
    with refused("ValidationException", saying="Targets must be specified in one of the following formats"):
        make.target(window, Targets=[{"Key": "Role", "Values": ["Web"]}])
    with refused("ValidationException", saying="Please specify at least one target."):
        make.target(window, Targets=[{"Key": "tag:Env", "Values": []}])


def test_labels_are_read_back(ssm: Client, make: Maker, window: str) -> None:
    target = make.target(window, **LABELS)
    assert labels(targets_of(ssm, window)[target]) == LABELS


@pytest.mark.parametrize("field", LABELS)
def test_an_unset_label_is_absent_or_empty(
    ssm: Client, make: Maker, window: str, settle: Callable[..., None], field: str
) -> None:
    target = make.target(window)
    shown = targets_of(ssm, window)[target].get(field)
    settle(f"unset {field} of a target", shown, strict="", lenient=None)


def test_order_of_targets_and_values_on_read(
    ssm: Client, make: Maker, window: str, settle: Callable[..., None]
) -> None:
    sent = [{"Key": f"tag:{key}", "Values": ["1", "2", "3", "4"]} for key in ("Role", "Env", "Site", "Tier")]
    target = make.target(window, Targets=sent)
    shown = targets_of(ssm, window)[target]["Targets"]
    assert as_sets(shown) == as_sets(sent)
    settle("Targets are read in the order sent", shown == sent, strict=False, lenient=True)


def test_the_same_definition_twice_makes_two_targets(ssm: Client, make: Maker, window: str) -> None:
    targets = {make.target(window, **LABELS), make.target(window, **LABELS)}
    assert set(targets_of(ssm, window)) == targets
    assert len(targets) == 2


def test_an_unknown_window_has_no_targets(ssm: Client, make: Maker) -> None:
    with refused("DoesNotExistException"):
        make.target(UNKNOWN_WINDOW)
    with refused("DoesNotExistException"):
        ssm.describe_maintenance_window_targets(WindowId=UNKNOWN_WINDOW)


@pytest.mark.parametrize("field", LABELS)
def test_an_update_changes_only_the_label_it_sends(ssm: Client, make: Maker, window: str, field: str) -> None:
    target = make.target(window, **LABELS)
    before = targets_of(ssm, window)[target]
    answer = ssm.update_maintenance_window_target(WindowId=window, WindowTargetId=target, **{field: "changed"})
    after = targets_of(ssm, window)[target]
    assert labels(answer) == labels(after) == LABELS | {field: "changed"}
    assert as_sets(after["Targets"]) == as_sets(before["Targets"])


def test_an_update_replaces_the_whole_list(ssm: Client, make: Maker, window: str) -> None:
    target = make.target(window, Targets=[{"Key": "InstanceIds", "Values": [INSTANCE]}], **LABELS)
    sent = [{"Key": "InstanceIds", "Values": [OTHER_INSTANCE]}]
    answer = ssm.update_maintenance_window_target(WindowId=window, WindowTargetId=target, Targets=sent)
    shown = targets_of(ssm, window)[target]
    assert as_sets(answer["Targets"]) == as_sets(shown["Targets"]) == as_sets(sent)
    assert labels(shown) == LABELS


def test_an_update_may_switch_the_kind_of_target(ssm: Client, make: Maker, window: str) -> None:
    target = make.target(window, Targets=[{"Key": "InstanceIds", "Values": [INSTANCE]}])
    sent = [{"Key": "tag:Env", "Values": ["prod"]}]
    ssm.update_maintenance_window_target(WindowId=window, WindowTargetId=target, Targets=sent)
    assert as_sets(targets_of(ssm, window)[target]["Targets"]) == as_sets(sent)


def test_an_update_cannot_change_the_resource_type(ssm: Client, make: Maker, window: str) -> None:
    target = make.target(window)
    sent = [{"Key": "resource-groups:Name", "Values": ["web"]}]
    with refused("ValidationException"):
        ssm.update_maintenance_window_target(WindowId=window, WindowTargetId=target, Targets=sent)
    assert targets_of(ssm, window)[target]["ResourceType"] == "INSTANCE"


def test_the_update_answer_names_the_ids_but_no_resource_type(ssm: Client, make: Maker, window: str) -> None:
    target = make.target(window)
    answer = ssm.update_maintenance_window_target(WindowId=window, WindowTargetId=target, Name="renamed")
    assert (answer["WindowId"], answer["WindowTargetId"]) == (window, target)
    assert "ResourceType" not in answer


def test_replace_drops_the_labels_it_does_not_name(ssm: Client, make: Maker, window: str) -> None:
    target = make.target(window, **LABELS)
    sent = [{"Key": "tag:Env", "Values": ["prod"]}]
    ssm.update_maintenance_window_target(
        WindowId=window, WindowTargetId=target, Targets=sent, Name="kept", Replace=True
    )
    shown = targets_of(ssm, window)[target]
    assert labels(shown) == {"Name": "kept"}
    assert as_sets(shown["Targets"]) == as_sets(sent)


def test_replace_needs_targets(ssm: Client, make: Maker, window: str) -> None:
    target = make.target(window, **LABELS)
    with refused("ValidationException"):
        ssm.update_maintenance_window_target(WindowId=window, WindowTargetId=target, Name="kept", Replace=True)
    assert labels(targets_of(ssm, window)[target]) == LABELS


@pytest.mark.parametrize("targets", [t for kind, t in INVALID.values() if kind == "INSTANCE"])
def test_an_update_to_an_invalid_form_changes_nothing(
    ssm: Client, make: Maker, window: str, targets: list[dict[str, Any]]
) -> None:
    target = make.target(window)
    before = targets_of(ssm, window)[target]
    with refused("ValidationException"):
        ssm.update_maintenance_window_target(WindowId=window, WindowTargetId=target, Targets=targets)
    assert targets_of(ssm, window)[target] == before


@pytest.mark.parametrize("operation", ["update_maintenance_window_target", "deregister_target_from_maintenance_window"])
def test_a_missing_target_or_window_does_not_exist(ssm: Client, make: Maker, window: str, operation: str) -> None:
    target, other = make.target(window), make.window()
    for ids in ((window, UNKNOWN_UUID), (UNKNOWN_WINDOW, target), (other, target)):
        with refused("DoesNotExistException"):
            getattr(ssm, operation)(WindowId=ids[0], WindowTargetId=ids[1])
    assert list(targets_of(ssm, window)) == [target]


def test_deregister_answers_the_ids_and_removes_the_target(ssm: Client, make: Maker, window: str) -> None:
    target, other = make.target(window), make.target(window)
    answer = ssm.deregister_target_from_maintenance_window(WindowId=window, WindowTargetId=target)
    assert (answer["WindowId"], answer["WindowTargetId"]) == (window, target)
    assert list(targets_of(ssm, window)) == [other]
    with refused("DoesNotExistException"):
        ssm.deregister_target_from_maintenance_window(WindowId=window, WindowTargetId=target)


def test_safe_protects_a_target_in_use(ssm: Client, make: Maker, window: str) -> None:
    target = make.target(window)
    task = make.task(window, Targets=[{"Key": "WindowTargetIds", "Values": [target]}])
    ids = {"WindowId": window, "WindowTargetId": target}
    message = f"This Target cannot be deregistered because it is still referenced in Task: {task}"
    with refused("TargetInUseException", saying=message):
        ssm.deregister_target_from_maintenance_window(Safe=True, **ids)
    assert list(targets_of(ssm, window)) == [target]
    ssm.deregister_task_from_maintenance_window(WindowId=window, WindowTaskId=task)
    ssm.deregister_target_from_maintenance_window(Safe=True, **ids)
    assert targets_of(ssm, window) == {}


@pytest.mark.parametrize("unsafe", [{}, {"Safe": False}])
def test_without_safe_the_task_keeps_a_dangling_reference(
    ssm: Client, make: Maker, window: str, unsafe: dict[str, bool]
) -> None:
    target = make.target(window)
    reference = [{"Key": "WindowTargetIds", "Values": [target]}]
    task = make.task(window, Targets=reference)
    ssm.deregister_target_from_maintenance_window(WindowId=window, WindowTargetId=target, **unsafe)
    assert targets_of(ssm, window) == {}
    assert ssm.get_maintenance_window_task(WindowId=window, WindowTaskId=task)["Targets"] == reference


def filtered(ssm: Client, window: str, *filters: dict[str, Any]) -> set[str]:
    pages = ssm.get_paginator("describe_maintenance_window_targets").paginate(WindowId=window, Filters=list(filters))
    return {found["WindowTargetId"] for page in pages for found in page["Targets"]}


def test_each_filter_of_a_listing(ssm: Client, make: Maker, window: str) -> None:
    owned = make.target(window, OwnerInformation="the DBA team")
    group = make.target(window, ResourceType="RESOURCE_GROUP", Targets=VALID["group"][1])
    by_id = {"Key": "WindowTargetId", "Values": [owned]}
    assert filtered(ssm, window, by_id) == {owned}
    assert filtered(ssm, window, {"Key": "Type", "Values": ["RESOURCE_GROUP"]}) == {group}
    assert filtered(ssm, window, {"Key": "OwnerInformation", "Values": ["the DBA team"]}) == {owned}
    assert filtered(ssm, window, by_id, {"Key": "Type", "Values": ["RESOURCE_GROUP"]}) == set()
    assert filtered(ssm, window, {"Key": "WindowTargetId", "Values": [owned, group]}) == {owned, group}


def windows_for(ssm: Client, kind: str, targets: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    paginator = ssm.get_paginator("describe_maintenance_windows_for_target")
    pages = paginator.paginate(ResourceType=kind, Targets=targets)
    return {found["WindowId"]: found for page in pages for found in page["WindowIdentities"]}


def test_windows_for_a_target_show_id_and_name_alone(ssm: Client, make: Maker) -> None:
    name = make.name()
    window, other = make.window(Name=name), make.window()
    wanted = [{"Key": "tag:Patch Group", "Values": [name]}]
    make.target(window, Targets=wanted)
    make.target(other, Targets=[{"Key": "tag:Patch Group", "Values": ["another"]}])
    assert windows_for(ssm, "INSTANCE", wanted) == {window: {"WindowId": window, "Name": name}}


def test_windows_for_an_instance_through_targets_and_tasks(ssm: Client, make: Maker) -> None:
    by_target, by_task, other = make.window(), make.window(), make.window()
    wanted = [{"Key": "InstanceIds", "Values": [INSTANCE]}]
    make.target(by_target, Targets=[{"Key": "InstanceIds", "Values": [OTHER_INSTANCE, INSTANCE]}])
    make.task(by_task, Targets=wanted)
    make.target(other, Targets=[{"Key": "InstanceIds", "Values": [OTHER_INSTANCE]}])
    found = set(windows_for(ssm, "INSTANCE", wanted))
    assert {by_target, by_task} <= found
    assert other not in found


def test_windows_for_a_resource_group(ssm: Client, make: Maker, window: str) -> None:
    wanted = [{"Key": "resource-groups:Name", "Values": [f"{PREFIX}-group"]}]
    make.target(window, ResourceType="RESOURCE_GROUP", Targets=wanted)
    assert set(windows_for(ssm, "RESOURCE_GROUP", wanted)) == {window}


def test_windows_for_a_target_that_nothing_names(ssm: Client, window: str) -> None:
    nobody = [{"Key": "tag:Patch Group", "Values": [f"{PREFIX}-nobody"]}]
    assert windows_for(ssm, "INSTANCE", nobody) == {}
