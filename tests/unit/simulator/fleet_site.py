# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator with a fleet, and its listings as a client that follows the tokens gets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ssmsim import Simulator
from ssmsim.fleet import Fleet, of
from ssmsim.simulator import DEFAULT_ACCOUNT

CLOCK = "2026-01-15T00:00:00Z"
REGION = "us-east-1"
# Lacking security patches of Windows are critical, and available ones count, as rejected ones do.
BASELINE = {
    "Name": "Production",
    "OperatingSystem": "WINDOWS",
    "PatchGroups": ["Web Servers"],
    "AvailableSecurityUpdatesComplianceStatus": "NON_COMPLIANT",
    "RejectedPatchesAction": "BLOCK",
    "ApprovalRules": {
        "PatchRules": [
            {
                "PatchFilterGroup": {"PatchFilters": [{"Key": "MSRC_SEVERITY", "Values": ["Critical"]}]},
                "ComplianceLevel": "CRITICAL",
                "ApproveAfterDays": 7,
            },
            {
                "PatchFilterGroup": {"PatchFilters": [{"Key": "CLASSIFICATION", "Values": ["SecurityUpdates"]}]},
                "ComplianceLevel": "HIGH",
                "ApproveAfterDays": 7,
            },
        ]
    },
}


class Site:
    """The simulator and the default region of its default account."""

    def __init__(self, profile: str = "lenient", **seed: Any) -> None:
        self.simulator = Simulator(profile=profile, clock=CLOCK, seed=seed)

    @property
    def fleet(self) -> Fleet:
        """The nodes."""
        return of(self.simulator._region(DEFAULT_ACCOUNT, REGION))

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """The answer of the service."""
        return self.simulator.execute(operation, REGION, DEFAULT_ACCOUNT, request)

    def pages(self, operation: str, key: str, **request: Any) -> Iterator[Any]:
        """The entries of all pages of a listing."""
        token: str | None = None
        while token != "":
            answer = self.call(operation, **request, **({"NextToken": token} if token else {}))
            yield from answer[key]
            token = answer.get("NextToken", "")

    def information(self) -> dict[str, dict[str, Any]]:
        """DescribeInstanceInformation of all nodes, by id."""
        listed = self.pages("DescribeInstanceInformation", "InstanceInformationList")
        return {entry["InstanceId"]: entry for entry in listed}

    def states(self) -> dict[str, dict[str, Any]]:
        """The state records of all nodes that have one, by id."""
        ids = self.fleet.ids()
        parts = (ids[start : start + 50] for start in range(0, len(ids), 50))
        found = (
            record
            for part in parts
            for record in self.pages("DescribeInstancePatchStates", "InstancePatchStates", InstanceIds=part)
        )
        return {record["InstanceId"]: record for record in found}

    def patches(self, instance_id: str, **request: Any) -> list[dict[str, Any]]:
        """The patches of a node."""
        return list(self.pages("DescribeInstancePatches", "Patches", InstanceId=instance_id, **request))
