# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The EC2 instances of a fleet in moto's EC2, both managed and unmanaged ones."""

from __future__ import annotations

from itertools import islice
from xml.sax.saxutils import escape

from ssmsim.fleet import Fleet, Tags

MOST_NODES = 1000
"""The maximum number of managed nodes to create in moto, which takes two milliseconds for each. See described."""
_IMAGE = "ami-12345678"


def plant_instances(fleet: Fleet) -> None:
    """Create the missing instances in moto, which stores their tags from then on, like EC2."""
    nodes = [node for node in fleet if not node.hybrid] if len(fleet) <= MOST_NODES else []
    wanted = {node.instance_id: node.tags for node in nodes} | fleet.unmanaged
    missing = [instance_id for instance_id in wanted if instance_id not in fleet.in_ec2]
    if not missing:
        return
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[fleet.region.account][fleet.region.region]
    fleet.ec2_tags = backend.tags
    fleet.in_ec2.update(missing)
    reservation = backend.run_instances(
        _IMAGE, len(missing), None, [], instance_type="t3.micro", is_instance_type_default=True
    )
    for instance, instance_id in zip(reservation.instances, missing, strict=True):
        instance.id = instance_id
        instance.add_tags(dict(wanted[instance_id]))


def described(fleet: Fleet, sent: dict[str, str], *, by_moto: bool = True) -> bytes | None:
    """The response of DescribeInstances, with pages, for a fleet that is too large for moto. None for other fleets.

    All its instances are running. Only a filter for that state is supported.
    by_moto: whether moto responds for smaller fleets.
    """
    if (by_moto and len(fleet) <= MOST_NODES) or any(value != "instance-state-name" for value in _filters(sent)):
        return None
    begin, size = int(sent.get("NextToken", "0")), int(sent.get("MaxResults", "1000"))
    known = {node.instance_id: node.tags for node in fleet if not node.hybrid} | fleet.unmanaged
    found = list(islice(known.items(), begin, begin + size))
    items = "".join(map(_item, found))
    more = f"<nextToken>{begin + size}</nextToken>" if begin + size < len(known) else ""
    name = "DescribeInstancesResponse"
    return f"<{name}><reservationSet>{items}</reservationSet>{more}</{name}>".encode()


def _filters(sent: dict[str, str]) -> list[str]:
    return [value for key, value in sent.items() if key.startswith("Filter.") and key.endswith(".Name")]


def _item(instance: tuple[str, Tags]) -> str:
    instance_id, tags = instance
    set_of_tags = "".join(f"<item><key>{escape(key)}</key><value>{escape(value)}</value></item>" for key, value in tags)
    return (
        f"<item><instancesSet><item><instanceId>{instance_id}</instanceId>"
        "<instanceState><code>16</code><name>running</name></instanceState>"
        f"<tagSet>{set_of_tags}</tagSet></item></instancesSet></item>"
    )
