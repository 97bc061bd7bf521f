# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values the filters of baselines take: those of DescribePatchProperties and the wildcard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from .support import Client, Maker, outcome, refused

APPLICATION = ("PATCH_SET", ["APPLICATION"])
OFFICE = (APPLICATION, ("PRODUCT_FAMILY", ["Office"]), ("PRODUCT", ["Office 2016"]))


def group(*filters: tuple[str, list[str]]) -> dict[str, Any]:
    return {"PatchFilters": [{"Key": key, "Values": values} for key, values in filters]}


def rules(*filters: tuple[str, list[str]]) -> dict[str, Any]:
    return {"PatchRules": [{"PatchFilterGroup": group(*filters), "ApproveAfterDays": 7}]}


def values(ssm: Client, system: str, name: str, **request: str) -> list[str]:
    pages = ssm.get_paginator("describe_patch_properties").paginate(OperatingSystem=system, Property=name, **request)
    return [entry["Name"] for page in pages for entry in page["Properties"]]


def test_the_message_for_a_value_that_the_system_does_not_know(ssm: Client, make: Maker) -> None:
    """As in https://github.com/hashicorp/terraform-provider-aws/issues/18359."""
    with refused(
        "ValidationException", saying="Invalid Filter Value: All for Key: PRODUCT, valid values are: "
    ) as caught:
        make.baseline(OperatingSystem="AMAZON_LINUX", ApprovalRules=rules(("PRODUCT", ["All"])))
    told = caught.value.response["Error"]["Message"].partition("valid values are: ")[2].split(", ")
    assert sorted(told) == sorted(values(ssm, "AMAZON_LINUX", "PRODUCT"))


@pytest.mark.parametrize(
    ("system", "key", "value"),
    [
        ("WINDOWS", "MSRC_SEVERITY", "critical"),
        ("WINDOWS", "CLASSIFICATION", "Security"),
        ("WINDOWS", "PRODUCT", "WindowsServer1999"),
        ("WINDOWS", "PATCH_SET", "Os"),
        ("AMAZON_LINUX_2023", "CLASSIFICATION", "SecurityUpdates"),
        ("REDHAT_ENTERPRISE_LINUX", "SEVERITY", "Unspecified"),
        ("UBUNTU", "PRIORITY", "Critical"),
        ("MACOS", "PRODUCT", "MacOSX"),
    ],
)
def test_values_are_those_of_the_system(make: Maker, system: str, key: str, value: str) -> None:
    """The values are exact: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PatchFilter.html."""
    told = f"Invalid Filter Value: {value} for Key: {key}, valid values are: "
    with refused("ValidationException", saying=told):
        make.baseline(OperatingSystem=system, ApprovalRules=rules((key, [value])))
    if key != "PRODUCT":
        # A global filter may also be about applications, whose products are open.
        with refused("ValidationException", saying=told):
            make.baseline(OperatingSystem=system, GlobalFilters=group((key, [value])))


def test_an_update_checks_values(ssm: Client, make: Maker) -> None:
    baseline = make.baseline(OperatingSystem="UBUNTU")
    with refused("ValidationException", saying="Invalid Filter Value: Urgent for Key: PRIORITY"):
        ssm.update_patch_baseline(BaselineId=baseline, ApprovalRules=rules(("PRIORITY", ["Required", "Urgent"])))


@pytest.mark.parametrize(
    ("system", "key"), [("WINDOWS", "PRODUCT"), ("UBUNTU", "PRIORITY"), ("SUSE", "SEVERITY"), ("DEBIAN", "SECTION")]
)
def test_the_wildcard_matches_all(make: Maker, system: str, key: str) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PatchFilter.html."""
    assert make.baseline(OperatingSystem=system, ApprovalRules=rules((key, ["*"])))


@pytest.mark.parametrize(
    ("system", "name"),
    [("WINDOWS", "CLASSIFICATION"), ("WINDOWS", "PRODUCT"), ("AMAZON_LINUX_2", "SEVERITY"), ("DEBIAN", "PRODUCT")],
)
def test_every_listed_value_is_taken(ssm: Client, make: Maker, system: str, name: str) -> None:
    listed = values(ssm, system, name)
    for start in range(0, len(listed), 20):
        assert make.baseline(OperatingSystem=system, ApprovalRules=rules((name, listed[start : start + 20])))


def test_applications_need_a_product(make: Maker) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-cli-commands.html."""
    with refused("ValidationException"):
        make.baseline(ApprovalRules=rules(APPLICATION))
    assert make.baseline(ApprovalRules=rules(*OFFICE))


def test_products_of_applications_that_nothing_lists(make: Maker, settle: Callable[..., None]) -> None:
    """The guide's page on troubleshooting Patch Manager finds misspelt and retired ones in stored baselines."""
    sent = rules(APPLICATION, ("PRODUCT", ["Offce 2016"]))
    found = outcome(partial(make.baseline, ApprovalRules=sent))
    settle("a product of applications that is not listed", found, strict="ValidationException", lenient="success")


def test_five_filters_in_a_rule(make: Maker, settle: Callable[..., None]) -> None:
    """Four in the API model, five in an example of CloudFormation's page on AWS::SSM::PatchBaseline."""
    sent = rules(*OFFICE, ("CLASSIFICATION", ["SecurityUpdates"]), ("MSRC_SEVERITY", ["Critical"]))
    found = outcome(partial(make.baseline, ApprovalRules=sent))
    settle("a rule with five filters", found, strict="ValidationException", lenient="success")
