# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The predefined baselines that AWS owns: their ids, names and rules."""

from __future__ import annotations

from typing import Any

import pytest

from .support import Client, Endpoint

# The User Guide's page on predefined baselines has the name; public examples have the ids of us-east-1 and us-east-2.
PUBLISHED = {
    ("us-east-1", "UBUNTU"): "arn:aws:ssm:us-east-1:075727635805:patchbaseline/pb-0c7e89f711c3095f4",
    ("us-east-1", "CENTOS"): "arn:aws:ssm:us-east-1:075727635805:patchbaseline/pb-03e3f588eec25344c",
    ("us-east-1", "REDHAT_ENTERPRISE_LINUX"): "arn:aws:ssm:us-east-1:075727635805:patchbaseline/pb-0cbb3a633de00f07c",
    ("us-east-2", "AMAZON_LINUX"): "arn:aws:ssm:us-east-2:733109147000:patchbaseline/pb-0e392de35e7c563b7",
}


def predefined(ssm: Client, system: str) -> list[dict[str, Any]]:
    filters = [{"Key": "OWNER", "Values": ["AWS"]}, {"Key": "OPERATING_SYSTEM", "Values": [system]}]
    pages = ssm.get_paginator("describe_patch_baselines").paginate(Filters=filters)
    return [found for page in pages for found in page["BaselineIdentities"]]


@pytest.mark.parametrize(("region", "system"), PUBLISHED)
def test_ids_and_owners_are_those_of_the_region(endpoint: Endpoint, region: str, system: str) -> None:
    """GetPatchBaseline's documentation for us-east-2, scripts in public repositories for us-east-1."""
    ssm = endpoint.client(region_name=region)
    assert [found["BaselineId"] for found in predefined(ssm, system)] == [PUBLISHED[region, system]]


def test_the_baselines_of_windows_have_one_owner(ssm: Client) -> None:
    found = {one["BaselineName"]: one["BaselineId"] for one in predefined(ssm, "WINDOWS")}
    names = {"AWS-DefaultPatchBaseline", "AWS-WindowsPredefinedPatchBaseline-OS"}
    assert names | {"AWS-WindowsPredefinedPatchBaseline-OS-Applications"} == found.keys()
    assert len({arn.split(":")[4] for arn in found.values()}) == 1
    assert len(set(found.values())) == 3


def test_the_name_of_the_baseline_for_raspbian(ssm: Client) -> None:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-predefined-and-custom-patch-baselines.html"""
    assert [found["BaselineName"] for found in predefined(ssm, "RASPBIAN")] == ["AWS-RaspbianDefaultPatchBaseline"]


def test_the_rule_of_the_baseline_for_ubuntu(ssm: Client) -> None:
    """As in the snapshot that a node fetched: https://github.com/tekumara/aws-ssm-patch-manager."""
    (found,) = predefined(ssm, "UBUNTU")
    shown = ssm.get_patch_baseline(BaselineId=found["BaselineId"])
    assert shown["GlobalFilters"] == {"PatchFilters": [{"Key": "PRODUCT", "Values": ["*"]}]}
    (rule,) = shown["ApprovalRules"]["PatchRules"]
    (priorities,) = rule["PatchFilterGroup"]["PatchFilters"]
    assert (priorities["Key"], rule["ApproveAfterDays"], rule["EnableNonSecurity"]) == ("PRIORITY", 7, False)
    assert set(priorities["Values"]) == {"Required", "Important", "Standard", "Optional", "Extra"}
