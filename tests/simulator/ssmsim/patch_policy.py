# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effect of a baseline on a patch: whether and when it is approved, and its compliance level."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from ssmsim.patch_catalogue import Patch
from ssmsim.store import Record

LEVELS = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNSPECIFIED")
"""The compliance levels, most severe first."""
# Repositories of apt have no reliable release dates: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PatchRule.html
_UNDATED = frozenset({"DEBIAN", "RASPBIAN", "UBUNTU"})


class Status(NamedTuple):
    """The PatchStatus of an effective patch."""

    deployment: str
    level: str
    approved: datetime | None


class Approval(NamedTuple):
    """One approval rule that a patch matches."""

    level: str
    approved: datetime


class Grades(NamedTuple):
    """The compliance level of each patch in a list, and the numbers of critical, security and other ones up to each.

    A critical security patch is both.
    """

    levels: tuple[str, ...]
    critical: tuple[int, ...]
    security: tuple[int, ...]
    other: tuple[int, ...]

    def among(self, begin: int, end: int) -> tuple[int, int, int]:
        """The numbers of critical, security and other patches from ``begin`` up to, but excluding, ``end``."""
        critical, security, other = (sums[end] - sums[begin] for sums in (self.critical, self.security, self.other))
        return critical, security, other


class Policy:
    """A baseline at a certain time. Records of baselines are never changed in place."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._graded: dict[int, tuple[tuple[Patch, ...], Grades]] = {}
        self._matched: dict[Patch, tuple[Approval, ...]] = {}

    @property
    def reported_id(self) -> str:
        """The ID that nodes report, which is without the rest of the ARN for a baseline of AWS."""
        return str(self.record["BaselineId"]).rpartition("/")[2]

    @property
    def blocks_rejected(self) -> bool:
        """Whether an installed rejected patch makes a node noncompliant."""
        return self.record.get("RejectedPatchesAction") == "BLOCK"

    @property
    def counts_available(self) -> bool:
        """Whether a security update that is available but not approved makes a node noncompliant."""
        return self.record.get("AvailableSecurityUpdatesComplianceStatus") == "NON_COMPLIANT"

    def grades(self, patches: tuple[Patch, ...]) -> Grades:
        """The grades of a list in the catalog, computed once."""
        known = self._graded.get(id(patches))
        if known is None:
            known = self._graded[id(patches)] = (patches, self._grade(patches))
        return known[1]

    def level(self, patch: Patch) -> str:
        """The compliance level of a patch in this baseline, whether or not it is already approved."""
        if patch.id in self._approved:
            return str(self.record["ApprovedPatchesComplianceLevel"])
        return min((approval.level for approval in self._approvals(patch)), key=LEVELS.index, default="UNSPECIFIED")

    def effective(self, patches: Iterable[Patch], now: datetime) -> Iterator[tuple[Patch, Status]]:
        """The patches that the baseline approves, will approve or rejects."""
        for patch in patches:
            status = self._status(patch, now)
            if status is not None:
                yield patch, status

    @cached_property
    def _approved(self) -> frozenset[str]:
        return frozenset(self.record["ApprovedPatches"])

    @cached_property
    def _rejected(self) -> frozenset[str]:
        return frozenset(self.record["RejectedPatches"])

    def _grade(self, patches: tuple[Patch, ...]) -> Grades:
        levels = tuple(map(self.level, patches))
        critical = [level == "CRITICAL" for level in levels]
        security = [patch.is_security for patch in patches]
        other = [not (grave or secure) for grave, secure in zip(critical, security, strict=True)]
        return Grades(levels, *(tuple(accumulate(flags, initial=0)) for flags in (critical, security, other)))

    def _status(self, patch: Patch, now: datetime) -> Status | None:
        if patch.id in self._rejected:
            return Status("EXPLICIT_REJECTED", "UNSPECIFIED", None)
        if patch.id in self._approved:
            return Status("EXPLICIT_APPROVED", self.level(patch), None)
        approvals = self._approvals(patch)
        if not approvals:
            return None
        approved = min(approval.approved for approval in approvals)
        return Status("APPROVED" if approved <= now else "PENDING_APPROVAL", self.level(patch), approved)

    def _approvals(self, patch: Patch) -> tuple[Approval, ...]:
        """The rules that a patch matches, computed once, because each page of a listing needs them."""
        known = self._matched.get(patch)
        if known is None:
            known = self._matched[patch] = tuple(self._matches(patch))
        return known

    def _matches(self, patch: Patch) -> Iterator[Approval]:
        if not _fits(patch, self.record["GlobalFilters"]):
            return
        for rule in self.record["ApprovalRules"]["PatchRules"]:
            if not _fits(patch, rule["PatchFilterGroup"], PATCH_SET=("OS",)):
                continue
            until = rule.get("ApproveUntilDate")
            if self.record.get("OperatingSystem") in _UNDATED:
                yield Approval(rule["ComplianceLevel"], patch.released)
            elif until is None:
                yield Approval(rule["ComplianceLevel"], patch.released + timedelta(days=rule["ApproveAfterDays"]))
            elif patch.released.astimezone(UTC).date() <= date.fromisoformat(until):
                yield Approval(rule["ComplianceLevel"], patch.released)


def _fits(patch: Patch, group: Record, **unless_named: tuple[str, ...]) -> bool:
    """Whether a patch matches a filter group, with default filters for keys that are not in the group."""
    wanted = unless_named | {entry["Key"]: entry["Values"] for entry in group["PatchFilters"]}
    known = members(patch)
    return all("*" in values or known.get(key, "") in values for key, values in wanted.items())


def members(patch: Patch) -> dict[str, str]:
    """The values of a patch by filter key."""
    return {
        "PATCH_SET": "OS" if patch.family in ("Windows", patch.product) else "APPLICATION",
        "PRODUCT": patch.product,
        "PRODUCT_FAMILY": patch.family,
        "CLASSIFICATION": patch.classification,
        "MSRC_SEVERITY": patch.severity,
        "SEVERITY": patch.severity,
        "PRIORITY": patch.severity,
        "SECTION": patch.classification,
        "PATCH_ID": patch.id,
    }
