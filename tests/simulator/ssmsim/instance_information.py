# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeInstanceInformation: the information that nodes report about themselves."""

from __future__ import annotations

import uuid
import zlib
from typing import Any

from ssmsim.errors import ServiceError, validation
from ssmsim.fleet import Fleet, Node, Test, of
from ssmsim.paging import page
from ssmsim.platforms import AGENTS
from ssmsim.registry import operation
from ssmsim.store import Record, Region

_MEMBERS = {
    "InstanceIds": "InstanceId",
    "AgentVersion": "AgentVersion",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "ActivationIds": "ActivationId",
    "IamRole": "IamRole",
    "ResourceType": "ResourceType",
    "AssociationStatus": "AssociationStatus",
}
"""The member for each filter key."""
_VALUES = {
    "PingStatus": {"Online", "ConnectionLost", "Inactive"},
    "PlatformTypes": {"Windows", "Linux", "MacOS"},
    "ResourceType": {"EC2Instance", "ManagedInstance"},
}
_DAY = 86_400.0
_REGISTERED = 1_600_000_000


@operation("DescribeInstanceInformation")
def describe_instance_information(region: Region, request: Record) -> Record:
    fleet, name = of(region), "DescribeInstanceInformation"
    filters = [(entry["Key"], entry["Values"]) for entry in request.get("Filters", [])]
    old = [(entry["key"], entry["valueSet"]) for entry in request.get("InstanceInformationFilterList", [])]
    if filters and old:
        raise validation("Filters and InstanceInformationFilterList can't be used together.")
    tests = [_test(fleet, key, values) for key, values in filters or old]
    nodes, size = region.arrange(list(fleet)), 10 if region.strict else 50
    answer = page(
        region, name, request, nodes, "InstanceInformationList", size, lambda node: all(t(node) for t in tests)
    )
    return answer | {
        "InstanceInformationList": [information(region, node) for node in answer["InstanceInformationList"]]
    }


def information(region: Region, node: Node) -> Record:
    """The InstanceInformation of a node."""
    mark, platform = zlib.crc32(node.instance_id.encode()), node.platform
    now = region.now().timestamp()
    agent = AGENTS[0 if mark % 10 < 7 else 1 + mark % 2]
    ip = f"10.{mark >> 16 & 255}.{mark >> 8 & 255}.{mark & 255}"
    record: dict[str, Any] = {
        "InstanceId": node.instance_id,
        "PingStatus": node.ping_status,
        "LastPingDateTime": now - mark % 300 if node.silent_since is None else node.silent_since,
        "AgentVersion": agent,
        "IsLatestVersion": agent == AGENTS[0],
        "PlatformType": platform.kind,
        "PlatformName": platform.name,
        "PlatformVersion": platform.version,
        "ResourceType": "ManagedInstance" if node.hybrid else "EC2Instance",
        "IPAddress": ip,
        "ComputerName": _computer_name(region, node, ip, mark),
        "SourceId": node.instance_id,
        "SourceType": "AWS::SSM::ManagedInstance" if node.hybrid else "AWS::EC2::Instance",
    }
    if node.hybrid:
        record |= {
            "ActivationId": str(uuid.UUID(int=mark, version=4)),
            "IamRole": "service-role/AmazonEC2RunCommandRoleForManagedInstances",
            "RegistrationDate": _REGISTERED + mark % 1_000 * _DAY,
            "Name": record["ComputerName"],
        }
    return record | (node.told or {})


def _computer_name(region: Region, node: Node, ip: str, mark: int) -> str:
    if node.hybrid:
        return f"dc1-{node.platform.kind.lower()}-{mark % 10_000:04d}"
    if node.platform.kind == "Windows":
        return f"EC2AMAZ-{mark:07X}"[:15]
    return f"ip-{ip.replace('.', '-')}.{region.region}.compute.internal"


def _test(fleet: Fleet, key: str, values: list[str]) -> Test:
    if key == "tag-key" or (key.startswith("tag:") and len(key) > 4):
        return fleet.test(key, values)
    if key not in _MEMBERS:
        raise ServiceError("InvalidFilterKey", f"The filter key {key} is not valid.")
    wanted = frozenset(values)
    strangers = sorted(wanted - _VALUES.get(key, wanted))
    if strangers:
        text = f"The value {strangers[0]} of the filter {key} is not valid."
        raise ServiceError("InvalidInstanceInformationFilterValue", text)
    if key == "InstanceIds":
        return lambda node: node.instance_id in wanted
    return lambda node: information(fleet.region, node).get(_MEMBERS[key]) in wanted
