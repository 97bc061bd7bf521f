# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether, when and why a baseline approves a patch. Pure functions.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PatchRule.html
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import NamedTuple

from .._aws.structures import Raw
from .._compliance.levels import fitting_rules
from .._compliance.platforms import product_fits
from .._compliance.rows import AVAILABLE, NOT_INSTALLED, Row
from .._schedules.schedule import parse_instant

_REJECTED = "EXPLICIT_REJECTED"
_CHOSEN = "EXPLICIT_APPROVED"
_BY_REJECTION = "rejected_patches"


class Approval(NamedTuple):
    """Whether a patch is approved at a given time. at: its approval time, None if AWS returns none. by: the option."""

    approved: bool
    at: datetime | None = None
    by: str | None = None


class Approvals:
    """What a baseline approves. effective: its effective patches, None if AWS does not list them for its system."""

    def __init__(self, raw: Raw | None, effective: Iterable[Row] | None, product: str | None) -> None:
        self._raw = raw or {}
        self._product = product
        # For Windows, AWS lists all patches that a baseline approves or will approve.
        self._lists_all = bool(raw) and effective is not None
        self._effective: dict[str, Row] = {}
        for one in effective or ():
            if one["kb_id"] and self._concerns(one):
                self._effective.setdefault(one["kb_id"], one)

    def _concerns(self, patch: Row) -> bool:
        wanted = patch["product"]
        return not wanted or self._product is None or product_fits(self._product, wanted)

    def approval(self, patch: Row, moment: datetime) -> Approval:
        """The approval of a patch for a node at a given time.

        A patch that AWS does not list is approved if the last report lists it as missing or failed, unless the
        baseline rejects it now. For Windows, the baseline must also approve it by a rule or by name.
        """
        by, listed = self._by(patch), self._effective.get(patch["kb_id"] or "")
        if listed is None:
            if self._rejects(patch):
                return Approval(False, None, _BY_REJECTION)
            was_approved = patch["state"] in NOT_INSTALLED
            return Approval(was_approved and (by is not None or not self._lists_all), None, by)
        at = parse_instant(str(listed["approval_date"] or ""))
        if listed["deployment_status"] == _REJECTED:
            return Approval(False, None, _BY_REJECTION)
        if listed["deployment_status"] == _CHOSEN:
            return Approval(True, at, "approved_patches")
        if listed["deployment_status"] == "APPROVED":
            return Approval(True, at, by)
        return Approval(at is not None and at <= moment, at, by)

    def newly_approved(self, now: datetime, moment: datetime) -> list[Row]:
        """The patches that are not approved yet but will be at a given time, sorted by approval time."""
        found = []
        for one in self._effective.values():
            at = parse_instant(str(one["approval_date"] or ""))
            if one["deployment_status"] == "PENDING_APPROVAL" and at is not None and now < at <= moment:
                kept = ("kb_id", "title", "classification", "severity", "product", "release_date")
                found.append({**{name: one[name] for name in kept}, "approved_at": at.isoformat()})
        return sorted(found, key=lambda one: (one["approved_at"], one["kb_id"]))

    def _rejects(self, patch: Row) -> bool:
        """Whether the baseline rejects the patch by ID, by ID without the architecture, or by title, with wildcards."""
        name = patch["kb_id"] or ""
        names = (name, name.rpartition(".")[0], patch.get("title") or "")
        return any(fnmatchcase(one, wanted) for wanted in self._raw.get("RejectedPatches") or () for one in names)

    def _by(self, patch: Row) -> str | None:
        if patch["kb_id"] in (self._raw.get("ApprovedPatches") or ()):
            return "approved_patches"
        released = patch.get("release_date") or ""
        for rule in fitting_rules(self._raw, patch, self._product):
            until = rule.get("ApproveUntilDate")
            if not until:
                return f"approve_after_days: {rule.get('ApproveAfterDays', 0)}"
            if released[: len(until)] <= until:
                return f"approve_until_date: {until}"
        return None


def may_be_installed(patch: Row) -> bool:
    """Whether a patch is in a state in which an Install can install it."""
    return patch["state"] in NOT_INSTALLED or patch["state"] == AVAILABLE
