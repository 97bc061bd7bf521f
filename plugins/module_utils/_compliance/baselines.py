# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the baselines by which nodes were judged make of a patch that is missing.

Nodes report the bare id of a baseline, which GetPatchBaseline refuses for those of AWS; the listing has their ARNs.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from .._aws.client import Api
from .._aws.structures import Raw
from .._resources.patch_baseline import bare_id
from .gaps import Gaps


@dataclass(frozen=True, slots=True)
class Policy:
    """How a baseline judges.

    counts_available: whether an available security update makes a node noncompliant. assigns_levels: whether a missing
    patch can have a compliance level. raw: the baseline. All are None where it could not be read.
    """

    counts_available: bool | None = None
    assigns_levels: bool | None = None
    raw: Raw | None = None


class Baselines:
    """The baselines of an account and region, by the id that nodes report; each is read once, when it is needed."""

    def __init__(self, api: Api, gaps: Gaps) -> None:
        self._api = api
        self._gaps = gaps
        self._lock = Lock()
        self._listed: dict[str, str] | None = None
        self._is_listed = False
        self._policies: dict[str, Policy] = {}

    def policy(self, baseline_id: str | None) -> Policy:
        """How the baseline judges; one that is gone assigned no level that anybody can still look up."""
        if baseline_id is None:
            return Policy()
        with self._lock:
            if not self._is_listed:
                self._listed, self._is_listed = self._list(), True
            name = bare_id(baseline_id)
            if name not in self._policies:
                self._policies[name] = self._read(name)
            return self._policies[name]

    def _list(self) -> dict[str, str] | None:
        operation = "DescribePatchBaselines"
        return self._gaps.read(
            operation,
            "which baselines there are",
            [],
            lambda: {
                bare_id(raw["BaselineId"]): raw["BaselineId"]
                for raw in self._api.pages(operation, "BaselineIdentities", "BaselineId")
            },
        )

    def _read(self, name: str) -> Policy:
        operation = "GetPatchBaseline"
        known = self._listed or {}
        raw = self._gaps.read(
            operation,
            "the compliance levels of the baseline",
            [name],
            lambda: self._api.get(operation, "BaselineId", BaselineId=known.get(name, name)),
        )
        if raw is None:
            is_gone = self._listed is not None and name not in known
            return Policy(assigns_levels=False if is_gone else None)
        return Policy(raw.get("AvailableSecurityUpdatesComplianceStatus") == "NON_COMPLIANT", assigns_levels(raw), raw)


def assigns_levels(raw: Raw) -> bool:
    """Whether a baseline gives any patch that it approves a compliance level."""
    rules = (raw.get("ApprovalRules") or {}).get("PatchRules") or ()
    levels = [rule.get("ComplianceLevel") for rule in rules]
    if raw.get("ApprovedPatches"):
        levels.append(raw.get("ApprovedPatchesComplianceLevel"))
    return any(level not in (None, "", "UNSPECIFIED") for level in levels)
