# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource Groups: only ListGroupResources for the groups of a fleet."""

from __future__ import annotations

from typing import Any

from ssmsim import fleet
from ssmsim.needs import partition_of
from ssmsim.paging import page
from ssmsim.store import Region

SERVICE, LIST, PATH = "resource-groups", "ListGroupResources", "/list-group-resources"


def members(region: Region, request: dict[str, Any]) -> dict[str, Any] | None:
    """The response of ListGroupResources for the name or ARN of a group. None if the group does not exist."""
    nodes = fleet.of(region)
    name = str(request.get("Group") or request.get("GroupName")).rpartition("/")[2]
    if name not in nodes.resource_groups:
        return None
    entries = [_entry(region, one) for one in nodes.matching(nodes.resource_groups[name])]
    for wanted in request.get("Filters") or ():
        entries = [one for one in entries if one["ResourceType"] in wanted["Values"]]
    answer = page(region, LIST, request, [{"Identifier": one} for one in entries], "Resources")
    return answer | {"ResourceIdentifiers": [one["Identifier"] for one in answer["Resources"]]}


def arn_of(region: Region, instance_id: str) -> str:
    """The ARN of a node in a group."""
    service, kind = ("ssm", "managed-instance") if _is_hybrid(instance_id) else ("ec2", "instance")
    return f"arn:{partition_of(region.region)}:{service}:{region.region}:{region.account}:{kind}/{instance_id}"


def _is_hybrid(instance_id: str) -> bool:
    return instance_id.startswith("mi-")


def _entry(region: Region, instance_id: str) -> dict[str, str]:
    kind = "AWS::SSM::ManagedInstance" if _is_hybrid(instance_id) else "AWS::EC2::Instance"
    return {"ResourceArn": arn_of(region, instance_id), "ResourceType": kind}
