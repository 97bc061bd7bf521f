# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the next Install does on a node, based on the last report of the node. Pure functions."""

from __future__ import annotations

from typing import NamedTuple

from .._resources.patch_baseline import bare_id
from .rows import Row

REBOOT_IF_NEEDED, NO_REBOOT = "RebootIfNeeded", "NoReboot"
# Why it is unknown how much is installed, or why nothing is installed.
OVERRIDE, NEVER_SCANNED, UNREAD, OFFLINE = "override", "never_scanned", "not_read", "agent_offline"
NEW_BASELINE = "baseline_changes"


class Outlook(NamedTuple):
    """How many patches are installed, and whether the node reboots. None if unknown. reason: why, or why nothing is."""

    install_count: int | None
    reboot: bool | None
    reason: str | None = None


def reason_of(report: Row, is_overridden: bool, baseline_id: str | None = None) -> str | None:
    """Why a report does not show what an Install will install. None if it does.

    report: the row of a node. is_overridden: whether a list or another baseline determines what the task installs.
    baseline_id: the ID of the effective baseline, None if unknown.
    """
    if report["ping_status"] not in (None, "Online"):
        return OFFLINE
    if is_overridden:
        return OVERRIDE
    if report["missing_count"] is None:
        return UNREAD if report["status"] is None else NEVER_SCANNED
    is_of_another = baseline_id and report["baseline_id"] and bare_id(report["baseline_id"]) != baseline_id
    return NEW_BASELINE if is_of_another else None


def outlook(report: Row, reboot_option: str | None, reason: str | None, count: int | None = None) -> Outlook:
    """What an Install does. count: the number of patches, by default of those that are missing or failed."""
    if reason == OFFLINE:
        # Nothing is installed on an offline node, unless it comes back online.
        return Outlook(0, False, reason)
    if reason is not None:
        return Outlook(None, None, reason)
    if count is None:
        count = (report["missing_count"] or 0) + (report["failed_count"] or 0)
    needs_reboot = bool(count or report["installed_pending_reboot_count"])
    return Outlook(count, needs_reboot and reboot_option != NO_REBOOT)
