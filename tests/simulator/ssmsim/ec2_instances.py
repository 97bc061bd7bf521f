# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The EC2 instances of a fleet, in moto's EC2: those that Systems Manager knows and those that it does not."""

from __future__ import annotations

from ssmsim.fleet import Fleet

MOST_NODES = 1000
"""The managed nodes of a larger fleet are not planted: an instance costs moto two milliseconds."""
_IMAGE = "ami-12345678"


def plant_instances(fleet: Fleet) -> None:
    """Let moto know the instances that it does not know yet. From then on it holds their tags, as EC2 does."""
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
