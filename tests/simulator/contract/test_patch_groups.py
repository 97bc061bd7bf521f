# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patch groups and the default baseline of each operating system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .support import UNKNOWN_BASELINE, Client, Maker, outcome, refused

SYSTEM = "AMAZON_LINUX_2023"


def register(ssm: Client, baseline: str, group: str) -> dict[str, Any]:
    return ssm.register_patch_baseline_for_patch_group(BaselineId=baseline, PatchGroup=group)


def deregister(ssm: Client, baseline: str, group: str) -> dict[str, Any]:
    return ssm.deregister_patch_baseline_for_patch_group(BaselineId=baseline, PatchGroup=group)


def mappings(ssm: Client, prefix: str, system: str | None = None) -> set[tuple[str, str]]:
    filters = [{"Key": "NAME_PREFIX", "Values": [prefix]}]
    if system:
        filters.append({"Key": "OPERATING_SYSTEM", "Values": [system]})
    pages = ssm.get_paginator("describe_patch_groups").paginate(Filters=filters)
    return {(found["PatchGroup"], found["BaselineIdentity"]["BaselineId"]) for p in pages for found in p["Mappings"]}


def last(baseline: str) -> str:
    """The bare id: the service answers with the id or with the ARN."""
    return baseline.rsplit("/", 1)[-1]


def aws_default(ssm: Client, system: str = SYSTEM) -> str:
    """The ARN of the AWS-owned baseline that is the default of an untouched account."""
    filters = [{"Key": "OWNER", "Values": ["AWS"]}, {"Key": "OPERATING_SYSTEM", "Values": [system]}]
    pages = ssm.get_paginator("describe_patch_baselines").paginate(Filters=filters)
    names = {"WINDOWS": "AWS-DefaultPatchBaseline"}
    found = [entry for page in pages for entry in page["BaselineIdentities"]]
    wanted = names.get(system, found[0]["BaselineName"])
    return next(entry["BaselineId"] for entry in found if entry["BaselineName"] == wanted)


@pytest.mark.parametrize("suffix", ["", " Front-End Servers", "_.:/=+-@", " Datenbank-Größe"])
def test_a_group_is_registered_and_deregistered(ssm: Client, make: Maker, suffix: str) -> None:
    baseline, group = make.baseline(), make.name("group") + suffix
    assert not mappings(ssm, group)
    answer = register(ssm, baseline, group)
    assert (answer["BaselineId"], answer["PatchGroup"]) == (baseline, group)
    assert mappings(ssm, group) == {(group, baseline)}
    assert ssm.get_patch_baseline(BaselineId=baseline)["PatchGroups"] == [group]
    answer = deregister(ssm, baseline, group)
    assert (answer["BaselineId"], answer["PatchGroup"]) == (baseline, group)
    assert mappings(ssm, group) == set()
    assert ssm.get_patch_baseline(BaselineId=baseline)["PatchGroups"] == []


def test_a_mapping_shows_the_identity(ssm: Client, make: Maker) -> None:
    name, group = make.name("baseline"), make.name("group")
    baseline = make.baseline(Name=name, Description="described")
    register(ssm, baseline, group)
    (found,) = ssm.describe_patch_groups(Filters=[{"Key": "NAME_PREFIX", "Values": [group]}])["Mappings"]
    assert found == {
        "PatchGroup": group,
        "BaselineIdentity": {
            "BaselineId": baseline,
            "BaselineName": name,
            "BaselineDescription": "described",
            "OperatingSystem": "WINDOWS",
            "DefaultBaseline": False,
        },
    }


def test_one_baseline_for_each_system_of_a_group(ssm: Client, make: Maker) -> None:
    group = make.name("group")
    windows, linux = make.baseline(), make.baseline(OperatingSystem=SYSTEM)
    register(ssm, windows, group)
    register(ssm, linux, group)
    assert mappings(ssm, group) == {(group, windows), (group, linux)}
    assert mappings(ssm, group, SYSTEM) == {(group, linux)}


def test_a_second_baseline_of_the_same_system_is_refused(ssm: Client, make: Maker) -> None:
    first, second, group = make.baseline(), make.baseline(), make.name("group")
    register(ssm, first, group)
    message = f"Patch Group {group} already has a baseline registered for OperatingSystem WINDOWS."
    with refused("AlreadyExistsException", saying=message):
        register(ssm, second, group)
    deregister(ssm, first, group)
    register(ssm, second, group)
    assert mappings(ssm, group) == {(group, second)}


def test_group_names_are_case_sensitive(ssm: Client, make: Maker) -> None:
    first, second, group = make.baseline(), make.baseline(), make.name("group")
    register(ssm, first, group)
    register(ssm, second, group.upper())
    assert mappings(ssm, group) == {(group, first)}


def test_the_same_pair_again(ssm: Client, make: Maker, settle: Callable[..., None]) -> None:
    baseline, group = make.baseline(), make.name("group")
    register(ssm, baseline, group)
    result = outcome(lambda: register(ssm, baseline, group))
    settle("the same (group, baseline) registered again", result, strict="AlreadyExistsException", lenient="success")
    assert mappings(ssm, group) == {(group, baseline)}


def test_deregister_of_a_pair_that_is_not_there(ssm: Client, make: Maker, settle: Callable[..., None]) -> None:
    baseline = make.baseline()
    result = outcome(lambda: deregister(ssm, baseline, make.name("group")))
    settle(
        "deregistration of a pair that is not there",
        result,
        strict="DoesNotExistException",
        lenient="success",
        also=("InvalidResourceId",),
    )


def test_register_of_an_unknown_baseline(ssm: Client, make: Maker) -> None:
    with refused("DoesNotExistException"):
        register(ssm, UNKNOWN_BASELINE, make.name("group"))


def test_no_unknown_baseline_becomes_a_default(ssm: Client, private_account: None) -> None:
    with refused("DoesNotExistException"):
        ssm.register_default_patch_baseline(BaselineId=UNKNOWN_BASELINE)


@pytest.mark.parametrize(
    "operation", ["register_patch_baseline_for_patch_group", "deregister_patch_baseline_for_patch_group"]
)
def test_an_id_of_another_form_is_no_resource_id(ssm: Client, make: Maker, operation: str) -> None:
    with refused("InvalidResourceId", "ValidationException"):
        getattr(ssm, operation)(BaselineId="not-a-baseline-at-all", PatchGroup=make.name("group"))


def test_an_aws_owned_baseline_may_serve_a_group(ssm: Client, make: Maker) -> None:
    arn, group = aws_default(ssm), make.name("group")
    assert register(ssm, arn, group)["BaselineId"] == arn
    assert mappings(ssm, group) == {(group, arn)}
    deregister(ssm, arn, group)
    assert mappings(ssm, group) == set()


def test_the_baseline_of_a_group_and_its_fallback(ssm: Client, make: Maker) -> None:
    baseline, group = make.baseline(OperatingSystem=SYSTEM), make.name("group")
    default = ssm.get_default_patch_baseline(OperatingSystem=SYSTEM)["BaselineId"]
    request = {"PatchGroup": group, "OperatingSystem": SYSTEM}
    assert last(ssm.get_patch_baseline_for_patch_group(**request)["BaselineId"]) == last(default)
    register(ssm, baseline, group)
    answer = ssm.get_patch_baseline_for_patch_group(**request)
    assert {key: answer[key] for key in (*request, "BaselineId")} == request | {"BaselineId": baseline}
    windows = ssm.get_patch_baseline_for_patch_group(PatchGroup=group)
    assert windows["OperatingSystem"] == "WINDOWS"
    assert last(windows["BaselineId"]) == last(ssm.get_default_patch_baseline()["BaselineId"])


def test_the_default_of_windows_is_asked_for_when_no_system_is_named(ssm: Client) -> None:
    answer = ssm.get_default_patch_baseline()
    assert answer["OperatingSystem"] == "WINDOWS"
    assert answer["BaselineId"] == ssm.get_default_patch_baseline(OperatingSystem="WINDOWS")["BaselineId"]


@pytest.fixture
def own_default(ssm: Client, make: Maker, private_account: None) -> Iterator[str]:
    """An own baseline that is the default of its system, until the test ends."""
    before = ssm.get_default_patch_baseline(OperatingSystem=SYSTEM)["BaselineId"]
    baseline = make.baseline(OperatingSystem=SYSTEM)
    ssm.register_default_patch_baseline(BaselineId=baseline)
    yield baseline
    ssm.register_default_patch_baseline(BaselineId=before)


@pytest.mark.parametrize("system", ["WINDOWS", "UBUNTU", SYSTEM])
def test_an_untouched_account_has_the_defaults_of_aws(ssm: Client, private_account: None, system: str) -> None:
    assert ssm.get_default_patch_baseline(OperatingSystem=system)["BaselineId"] == aws_default(ssm, system)


def defaults(ssm: Client) -> set[str]:
    filters = [{"Key": "OPERATING_SYSTEM", "Values": [SYSTEM]}]
    found = ssm.describe_patch_baselines(Filters=filters)["BaselineIdentities"]
    return {entry["BaselineId"] for entry in found if entry["DefaultBaseline"]}


def test_an_own_default(ssm: Client, make: Maker, own_default: str) -> None:
    assert ssm.get_default_patch_baseline(OperatingSystem=SYSTEM)["BaselineId"] == own_default
    assert defaults(ssm) == {own_default}
    windows = ssm.get_default_patch_baseline()["BaselineId"]
    assert windows == aws_default(ssm, "WINDOWS")
    request = {"PatchGroup": make.name("group"), "OperatingSystem": SYSTEM}
    assert ssm.get_patch_baseline_for_patch_group(**request)["BaselineId"] == own_default


def test_the_default_again_and_back_to_the_one_of_aws(ssm: Client, own_default: str) -> None:
    assert ssm.register_default_patch_baseline(BaselineId=own_default)["BaselineId"] == own_default
    arn = aws_default(ssm)
    assert last(ssm.register_default_patch_baseline(BaselineId=arn)["BaselineId"]) == last(arn)
    assert defaults(ssm) == {arn}


def test_a_default_is_in_use(ssm: Client, own_default: str) -> None:
    with refused("ResourceInUseException"):
        ssm.delete_patch_baseline(BaselineId=own_default)
    ssm.register_default_patch_baseline(BaselineId=aws_default(ssm))
    ssm.delete_patch_baseline(BaselineId=own_default)


def test_no_default_of_another_form(ssm: Client, private_account: None) -> None:
    with refused("InvalidResourceId", "ValidationException"):
        ssm.register_default_patch_baseline(BaselineId="not-a-baseline-at-all")
