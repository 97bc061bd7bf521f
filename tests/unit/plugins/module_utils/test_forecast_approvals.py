# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a baseline approves a patch of a node, and by what: what AWS lists about the patch, and what comes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._forecast.approvals import Approvals, may_be_installed

NOW, RUN = "2026-01-13T02:00:00+00:00", "2026-02-10T02:00:00+00:00"
BEFORE, AFTER = "2026-02-10T01:59:59+00:00", "2026-02-10T02:00:01+00:00"
PATCH = {"kb_id": "KB1", "state": "MISSING", "classification": "SecurityUpdates", "severity": "Critical"}
SECURITY = {"Key": "CLASSIFICATION", "Values": ["SecurityUpdates"]}
RULES = {"ApprovalRules": {"PatchRules": [{"PatchFilterGroup": {"PatchFilters": [SECURITY]}, "ApproveAfterDays": 7}]}}
BY_RULE = "approve_after_days: 7"


def listed(kb_id: str, status: str, date: str | None, **changed: Any) -> dict[str, Any]:
    """An effective patch of a baseline, as ssm_patch_baseline_info returns it."""
    told = {"title": kb_id, "classification": "SecurityUpdates", "severity": "Critical", "release_date": None}
    return {"kb_id": kb_id, "deployment_status": status, "approval_date": date, "product": None, **told, **changed}


@pytest.mark.parametrize(
    ("status", "date", "approved", "by"),
    [
        ("EXPLICIT_REJECTED", BEFORE, False, "rejected_patches"),
        ("EXPLICIT_APPROVED", None, True, "approved_patches"),
        ("APPROVED", BEFORE, True, BY_RULE),
        ("PENDING_APPROVAL", BEFORE, True, BY_RULE),
        ("PENDING_APPROVAL", RUN, True, BY_RULE),
        ("PENDING_APPROVAL", AFTER, False, BY_RULE),
        ("PENDING_APPROVAL", None, False, BY_RULE),
    ],
)
def test_what_aws_lists_decides(status: str, date: str | None, approved: bool, by: str) -> None:
    approvals = Approvals(RULES, [listed("KB1", status, date), listed("KB1", "APPROVED", NOW)], None)

    found = approvals.approval(PATCH, datetime.fromisoformat(RUN))

    assert (found.approved, found.by) == (approved, by)
    assert found.at == (datetime.fromisoformat(date) if date and status != "EXPLICIT_REJECTED" else None)


@pytest.mark.parametrize(
    ("raw", "patch", "product", "approved", "by"),
    [
        (RULES, PATCH, None, True, BY_RULE),
        (RULES, {**PATCH, "state": "FAILED"}, None, True, BY_RULE),
        (RULES, {**PATCH, "state": "AVAILABLE_SECURITY_UPDATE"}, None, False, BY_RULE),
        (RULES, {**PATCH, "classification": "Updates"}, None, True, None),
        ({**RULES, "ApprovedPatches": ["KB1"]}, PATCH, None, True, "approved_patches"),
        (
            {"ApprovalRules": {"PatchRules": [{"ApproveUntilDate": "2026-01-31"}]}},
            PATCH,
            None,
            True,
            "approve_until_date: 2026-01-31",
        ),
        (
            {"ApprovalRules": {"PatchRules": [{"ApproveUntilDate": "2026-01-31"}]}},
            {**PATCH, "release_date": "2026-01-31T18:00:00+00:00"},
            None,
            True,
            "approve_until_date: 2026-01-31",
        ),
        (
            {"ApprovalRules": {"PatchRules": [{"ApproveUntilDate": "2026-01-31"}]}},
            {**PATCH, "release_date": "2026-02-01T00:00:00+00:00"},
            None,
            True,
            None,
        ),
        ({"ApprovalRules": {"PatchRules": [{}]}}, PATCH, None, True, "approve_after_days: 0"),
        (None, PATCH, None, True, None),
    ],
)
def test_without_a_list_what_the_last_report_lacks_is_approved(
    raw: Any, patch: dict[str, Any], product: str | None, approved: bool, by: str | None
) -> None:
    found = Approvals(raw, None, product).approval(patch, datetime.fromisoformat(RUN))

    assert (found.approved, found.at, found.by) == (approved, None, by)


@pytest.mark.parametrize(
    ("product", "approved"),
    [("WindowsServer2022", True), ("WindowsServer2019", False), (None, True)],
)
def test_a_patch_of_another_product_is_another_patch(product: str | None, approved: bool) -> None:
    other = listed("KB1", "EXPLICIT_REJECTED", None, product="WindowsServer2016")
    own = listed("KB1", "APPROVED", NOW, product="WindowsServer2022")
    patch = {**PATCH, "state": "AVAILABLE_SECURITY_UPDATE"}

    found = Approvals(RULES, [own, other], product).approval(patch, datetime.fromisoformat(RUN))

    assert found.approved is approved


def test_what_is_approved_between_two_moments_is_newly_approved() -> None:
    dates = {"KB1": NOW, "KB2": RUN, "KB3": BEFORE, "KB4": AFTER, "KB5": None}
    pending = [listed(name, "PENDING_APPROVAL", date) for name, date in dates.items()]
    others = [listed("KB6", "APPROVED", BEFORE), listed("KB7", "EXPLICIT_REJECTED", BEFORE)]
    approvals = Approvals(RULES, [*pending, *others], None)

    found = approvals.newly_approved(datetime.fromisoformat(NOW), datetime.fromisoformat(RUN))

    assert [(one["kb_id"], one["approved_at"]) for one in found] == [("KB3", BEFORE), ("KB2", RUN)]


@pytest.mark.parametrize(
    ("state", "may"),
    [("MISSING", True), ("FAILED", True), ("AVAILABLE_SECURITY_UPDATE", True), ("INSTALLED_REJECTED", False)],
)
def test_what_an_install_could_install(state: str, may: bool) -> None:
    assert may_be_installed({"state": state}) is may
