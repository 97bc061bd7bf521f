# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of windows and baselines."""

from __future__ import annotations

from typing import Any

import pytest

from .support import UNKNOWN_BASELINE, UNKNOWN_WINDOW, Client, Maker, refused

MAXIMUM = 50


@pytest.fixture(params=["MaintenanceWindow", "PatchBaseline"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def resource(kind: str, make: Maker) -> dict[str, str]:
    """The address of an untagged resource, as the tag operations take it."""
    return {"ResourceType": kind, "ResourceId": created(kind, make)}


def created(kind: str, make: Maker, **request: Any) -> str:
    return make.window(**request) if kind == "MaintenanceWindow" else make.baseline(**request)


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def numbered(count: int) -> list[dict[str, str]]:
    return tags(**{f"key{n}": str(n) for n in range(count)})


def shown(ssm: Client, resource: dict[str, str]) -> dict[str, str]:
    found = ssm.list_tags_for_resource(**resource)["TagList"]
    by_key = {tag["Key"]: tag["Value"] for tag in found}
    assert len(by_key) == len(found)
    return by_key


def test_an_untagged_resource_has_an_empty_list(ssm: Client, resource: dict[str, str]) -> None:
    assert shown(ssm, resource) == {}


def test_tags_given_at_creation(ssm: Client, make: Maker, kind: str) -> None:
    made = created(kind, make, Tags=tags(Stack="Production", Empty=""))
    assert shown(ssm, {"ResourceType": kind, "ResourceId": made}) == {"Stack": "Production", "Empty": ""}


def test_added_tags_join_and_overwrite(ssm: Client, resource: dict[str, str]) -> None:
    ssm.add_tags_to_resource(Tags=tags(Stack="Test", Owner="ops"), **resource)
    ssm.add_tags_to_resource(Tags=tags(Stack="Production", stack="lower"), **resource)
    assert shown(ssm, resource) == {"Stack": "Production", "Owner": "ops", "stack": "lower"}


def test_removed_tags_go_and_unknown_keys_are_ignored(ssm: Client, resource: dict[str, str]) -> None:
    ssm.add_tags_to_resource(Tags=tags(Stack="Test", Owner="ops"), **resource)
    ssm.remove_tags_from_resource(TagKeys=["Stack", "Nothing"], **resource)
    assert shown(ssm, resource) == {"Owner": "ops"}
    ssm.remove_tags_from_resource(TagKeys=["Stack"], **resource)
    assert shown(ssm, resource) == {"Owner": "ops"}


def test_the_character_set_of_tags(ssm: Client, resource: dict[str, str]) -> None:
    sent = {"Größe _.:/=+-@": "Schlüssel _.:/=+-@ 1"}
    ssm.add_tags_to_resource(Tags=tags(**sent), **resource)
    assert shown(ssm, resource) == sent


@pytest.mark.parametrize("tag", [("a*b", "x"), ("a", "x*y"), ("", "x"), ("k" * 129, "x"), ("k", "x" * 257)])
def test_tags_outside_the_character_set_or_length(ssm: Client, resource: dict[str, str], tag: tuple[str, str]) -> None:
    with refused("ValidationException"):
        ssm.add_tags_to_resource(Tags=tags(**{tag[0]: tag[1]}), **resource)
    assert shown(ssm, resource) == {}


def test_the_reserved_prefix(ssm: Client, make: Maker, kind: str, resource: dict[str, str]) -> None:
    reserved = tags(**{"aws:cloudformation:stack-name": "x"})
    with refused("ValidationException"):
        ssm.add_tags_to_resource(Tags=reserved, **resource)
    with refused("ValidationException"):
        created(kind, make, Tags=reserved)
    assert shown(ssm, resource) == {}


def test_fifty_tags_and_no_more(ssm: Client, resource: dict[str, str]) -> None:
    ssm.add_tags_to_resource(Tags=numbered(MAXIMUM), **resource)
    with refused("TooManyTagsError"):
        ssm.add_tags_to_resource(Tags=tags(one="more"), **resource)
    ssm.add_tags_to_resource(Tags=tags(key0="changed"), **resource)
    found = shown(ssm, resource)
    assert len(found) == MAXIMUM
    assert found["key0"] == "changed"


def test_no_more_than_fifty_at_creation(make: Maker, kind: str) -> None:
    with refused("TooManyTagsError", "ValidationException"):
        created(kind, make, Tags=numbered(MAXIMUM + 1))


OPERATIONS = {
    "add_tags_to_resource": {"Tags": tags(Stack="Test")},
    "remove_tags_from_resource": {"TagKeys": ["Stack"]},
    "list_tags_for_resource": {},
}


@pytest.mark.parametrize(("operation", "request_"), OPERATIONS.items(), ids=OPERATIONS)
def test_an_unknown_id_is_no_resource_id(ssm: Client, kind: str, operation: str, request_: dict[str, Any]) -> None:
    missing = {"MaintenanceWindow": UNKNOWN_WINDOW, "PatchBaseline": UNKNOWN_BASELINE}[kind]
    with refused("InvalidResourceId"):
        getattr(ssm, operation)(ResourceType=kind, ResourceId=missing, **request_)


@pytest.mark.parametrize(("operation", "request_"), OPERATIONS.items(), ids=OPERATIONS)
def test_an_unknown_type_is_no_resource_type(
    ssm: Client, window: str, operation: str, request_: dict[str, Any]
) -> None:
    with refused("InvalidResourceType", "ValidationException"):
        getattr(ssm, operation)(ResourceType="MaintenanceWindowTarget", ResourceId=window, **request_)


def test_the_type_must_be_that_of_the_id(ssm: Client, window: str) -> None:
    with refused("InvalidResourceId", "InvalidResourceType"):
        ssm.list_tags_for_resource(ResourceType="PatchBaseline", ResourceId=window)


def test_an_aws_owned_baseline_takes_no_tags(ssm: Client) -> None:
    filters = [{"Key": "OWNER", "Values": ["AWS"]}]
    arn = ssm.describe_patch_baselines(Filters=filters)["BaselineIdentities"][0]["BaselineId"]
    with refused("InvalidResourceId", "ValidationException", "AccessDeniedException"):
        ssm.add_tags_to_resource(ResourceType="PatchBaseline", ResourceId=arn, Tags=tags(Stack="Test"))
