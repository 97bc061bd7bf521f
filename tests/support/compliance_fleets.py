# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed nodes in the simulated account, and their compliance counted independently from API responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ssmsim.model import shape

from .account import ACCOUNT, REGION, Account

Raw = dict[str, Any]
knows_available_updates = pytest.mark.skipif(
    "AvailableSecurityUpdateCount" not in shape("InstancePatchState")["members"],
    reason="the installed botocore does not know available security updates",
)
WEEK = 168 * 3600.0
GROUP_KEYS = ("PatchGroup", "Patch Group")


def plant(account: Account, *baselines: Raw, **fleet: Any) -> None:
    """Create managed nodes from the keys of a seed's fleet, and clear the log."""
    region = {"account": ACCOUNT, "region": REGION, "baselines": list(baselines), "fleet": fleet}
    account.simulator.plant({"regions": [region]})
    account.clear_log()


def node(number: int, group: str | None = None, **members: Any) -> Raw:
    """A node of a fleet, by default without any problem."""
    tags = {} if group is None else {"PatchGroup": group}
    return {"InstanceId": f"i-{number:017x}", "Tags": tags, **members}


def baseline(*groups: str, system: str = "AMAZON_LINUX_2023", **members: Any) -> Raw:
    """Create a baseline that is registered for patch groups."""
    return {"Name": f"baseline-{system}", "OperatingSystem": system, "PatchGroups": list(groups), **members}


GRADED = {
    "ApprovalRules": {
        "PatchRules": [
            {
                "PatchFilterGroup": {"PatchFilters": [{"Key": "PRODUCT", "Values": ["*"]}]},
                "ApproveAfterDays": 0,
                "ComplianceLevel": "CRITICAL",
            }
        ]
    }
}
"""The members with which a baseline assigns compliance levels."""


def pages(account: Account, operation: str, result: str, **request: Any) -> Iterator[Raw]:
    """A listing, read without the collection."""
    token = None
    while True:
        answer = account.by_hand(operation, **request, **({"NextToken": token} if token else {}))
        yield from answer[result]
        token = answer.get("NextToken")
        if not token:
            return


def expected(account: Account, ids: set[str] | None = None) -> Raw:
    """The expected summary, counted from the records of AWS."""
    listed = pages(account, "DescribeInstanceInformation", "InstanceInformationList")
    managed = [raw["InstanceId"] for raw in listed if ids is None or raw["InstanceId"] in ids]
    states: dict[str, Raw] = {}
    for start in range(0, len(managed), 50):
        part = managed[start : start + 50]
        for raw in pages(account, "DescribeInstancePatchStates", "InstancePatchStates", InstanceIds=part):
            states[raw["InstanceId"]] = raw
    known = [raw for raw in states.values() if raw["OperationEndTime"] > 0]
    limit = account.simulator.now().timestamp() - WEEK
    baselines = _baselines(account)
    lacking = [raw for raw in known if _lacks(baselines, raw)]
    graded = [raw for raw in known if _grades(baselines[raw["BaselineId"]])]
    compliant = [raw for raw in known if raw not in lacking and raw["OperationEndTime"] >= limit]
    return {
        "managed": len(managed),
        "compliant": len(compliant),
        "noncompliant": len(lacking),
        "critical_noncompliant": sum(raw["CriticalNonCompliantCount"] > 0 for raw in graded) if graded else None,
        "security_noncompliant": sum(raw["SecurityNonCompliantCount"] > 0 for raw in known),
        "pending_reboot": sum(raw["InstalledPendingRebootCount"] > 0 for raw in known),
        "failed": sum(raw["FailedCount"] > 0 for raw in known),
        "never_scanned": len(managed) - len(known),
        "stale": sum(raw["OperationEndTime"] < limit for raw in known),
        "unmanaged": None,
        "ungraded": len(known) - len(graded),
        "compliance_percent": int(len(compliant) / len(managed) * 10_000) / 100 if managed else None,
    }


def _baselines(account: Account) -> dict[str, Raw]:
    """All baselines, by the ID that nodes report."""
    listed = pages(account, "DescribePatchBaselines", "BaselineIdentities")
    ids = [one["BaselineId"] for one in listed]
    return {one.rpartition("/")[2]: account.by_hand("GetPatchBaseline", BaselineId=one) for one in ids}


def _grades(baseline: Raw) -> bool:
    rules = baseline["ApprovalRules"]["PatchRules"]
    return any(rule.get("ComplianceLevel", "UNSPECIFIED") != "UNSPECIFIED" for rule in rules)


def _lacks(baselines: dict[str, Raw], raw: Raw) -> bool:
    counts = ("MissingCount", "FailedCount", "InstalledRejectedCount", "InstalledPendingRebootCount")
    if any(raw[name] for name in counts):
        return True
    if not raw.get("AvailableSecurityUpdateCount"):
        return False
    return baselines[raw["BaselineId"]].get("AvailableSecurityUpdatesComplianceStatus") == "NON_COMPLIANT"
