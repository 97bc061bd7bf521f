# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings of nodes, and of instances that Systems Manager does not manage, for the scope of a run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from sys import intern
from typing import Protocol

from .._aws.client import Api
from .._aws.node_listings import listed_nodes
from .._aws.structures import Raw
from .rows import Facts, facts_of, unmanaged_facts

_EC2_PAGE = 1000
Groups = tuple[str, ...]
# An instance and the patch groups of its tags.
Unmanaged = tuple[Facts, Groups]


class Listings(Protocol):
    """The source of nodes and instances. filters: in the format of the API. No filter means all."""

    def nodes(self, filters: list[Raw]) -> Iterator[Facts]:
        """The managed nodes that match all filters of DescribeInstanceInformation."""

    def ids(self, filters: list[Raw]) -> Iterator[str]:
        """The IDs of these nodes."""

    def instances(self, filters: list[Raw]) -> Iterator[Unmanaged]:
        """The instances that match all filters of DescribeInstances. Filter values are literal, without wildcards."""


class AwsListings:
    """Listings from the API. ec2: connects to EC2."""

    def __init__(self, api: Api, ec2: Callable[[], Api]) -> None:
        self._api = api
        self._ec2 = ec2

    def nodes(self, filters: list[Raw]) -> Iterator[Facts]:
        return map(facts_of, listed_nodes(self._api, filters))

    def ids(self, filters: list[Raw]) -> Iterator[str]:
        return (intern(raw["InstanceId"]) for raw in listed_nodes(self._api, filters))

    def instances(self, filters: list[Raw]) -> Iterator[Unmanaged]:
        listed = self._ec2().pages(
            "DescribeInstances", "Reservations", MaxResults=_EC2_PAGE, Filters=[*map(_literal, filters)]
        )
        return (
            unmanaged_facts(instance)
            for raw in listed
            for instance in raw.get("Instances", ())
            if instance.get("InstanceId")
        )


def _literal(one: Raw) -> Raw:
    """A filter with literal values: EC2 would interpret * and ? as wildcards."""
    return {**one, "Values": [re.sub(r"([*?\\])", r"\\\1", value) for value in one["Values"]]}
