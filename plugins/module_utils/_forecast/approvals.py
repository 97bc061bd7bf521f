# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a baseline approves a patch, and by what. Pure functions.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PatchRule.html
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from .._aws.structures import Raw
from .._compliance.levels import fitting_rules
from .._compliance.platforms import product_fits
from .._compliance.rows import AVAILABLE, NOT_INSTALLED, Row
from .._schedules.schedule import parse_instant

_REJECTED = "EXPLICIT_REJECTED"
_CHOSEN = "EXPLICIT_APPROVED"


class Approval(NamedTuple):
    """Whether a patch is approved at a moment, from when on, and by what. at: None where AWS does not say."""

    approved: bool
    at: datetime | None = None
    by: str | None = None


class Approvals:
    """What a baseline approves. effective: its effective patches, None where AWS lists none for its system."""

    def __init__(self, raw: Raw | None, effective: Iterable[Row] | None, product: str | None) -> None:
        self._raw = raw or {}
        self._product = product
        self._effective: dict[str, Row] = {}
        for one in effective or ():
            if one["kb_id"] and self._concerns(one):
                self._effective.setdefault(one["kb_id"], one)

    def _concerns(self, patch: Row) -> bool:
        wanted = patch["product"]
        return not wanted or self._product is None or product_fits(self._product, wanted)

    def approval(self, patch: Row, moment: datetime) -> Approval:
        """The approval of a patch of a node at a moment.

        Where the baseline does not list patches, those that the last report calls missing or failed are approved.
        """
        by, listed = self._by(patch), self._effective.get(patch["kb_id"] or "")
        was_approved = patch["state"] in NOT_INSTALLED
        if listed is None:
            return Approval(was_approved, None, by)
        at = parse_instant(str(listed["approval_date"] or ""))
        if listed["deployment_status"] == _REJECTED:
            return Approval(False, None, "rejected_patches")
        if listed["deployment_status"] == _CHOSEN:
            return Approval(True, at, "approved_patches")
        if listed["deployment_status"] == "APPROVED":
            return Approval(True, at, by)
        return Approval(at is not None and at <= moment, at, by)

    def newly_approved(self, now: datetime, moment: datetime) -> list[Row]:
        """The patches that are not approved now and will be at a moment, by their dates."""
        found = []
        for one in self._effective.values():
            at = parse_instant(str(one["approval_date"] or ""))
            if one["deployment_status"] == "PENDING_APPROVAL" and at is not None and now < at <= moment:
                kept = ("kb_id", "title", "classification", "severity", "product", "release_date")
                found.append({**{name: one[name] for name in kept}, "approved_at": at.isoformat()})
        return sorted(found, key=lambda one: (one["approved_at"], one["kb_id"]))

    def _by(self, patch: Row) -> str | None:
        if patch["kb_id"] in (self._raw.get("ApprovedPatches") or ()):
            return "approved_patches"
        for rule in fitting_rules(self._raw, patch, self._product):
            if rule.get("ApproveUntilDate"):
                return f"approve_until_date: {rule['ApproveUntilDate']}"
            return f"approve_after_days: {rule.get('ApproveAfterDays', 0)}"
        return None


def may_be_installed(patch: Row) -> bool:
    """Whether a patch is one that an Install could install."""
    return patch["state"] in NOT_INSTALLED or patch["state"] == AVAILABLE
