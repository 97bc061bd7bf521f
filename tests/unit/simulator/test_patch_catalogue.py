# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of patches, and what a baseline says of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ssmsim.fleet import Counts, available_places, rejected_places
from ssmsim.patch_catalogue import MONTHS, OS_PRODUCTS, Patch, latest_month, microsoft, patches_of, unlisted
from ssmsim.patch_policy import Policy
from ssmsim.platforms import PLATFORMS

MONTH = 2026 * 12
SERVER = "WindowsServer2019"
BASELINE: dict[str, Any] = {
    "BaselineId": "pb-0123456789abcdef0",
    "GlobalFilters": {"PatchFilters": []},
    "ApprovalRules": {"PatchRules": []},
    "ApprovedPatches": [],
    "ApprovedPatchesComplianceLevel": "UNSPECIFIED",
    "RejectedPatches": [],
}


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        ("2026-01-13T17:59:59+00:00", 2025 * 12 + 11),
        ("2026-01-13T18:00:00+00:00", 2026 * 12),
        ("2025-04-08T18:00:00+00:00", 2025 * 12 + 3),
        ("2025-07-31T00:00:00+00:00", 2025 * 12 + 6),
    ],
)
def test_patches_come_out_on_the_second_tuesday(moment: str, month: int) -> None:
    assert latest_month(datetime.fromisoformat(moment)) == month


def test_no_patch_of_microsoft_comes_twice() -> None:
    ids = [patch.id for patch in microsoft(MONTH)]
    assert len(set(ids)) == len(ids) > len(OS_PRODUCTS) * MONTHS


def test_a_month_later_two_patches_more_are_the_newest() -> None:
    now, later = (patches_of(SERVER, "kb", month) for month in (MONTH, MONTH + 1))
    assert later[2:] == now[:-2]
    assert {patch.released for patch in later[:2]} == {datetime(2026, 2, 10, 18, tzinfo=UTC)}
    assert [patch.released for patch in later] == sorted((patch.released for patch in later), reverse=True)


@pytest.mark.parametrize("system", sorted(PLATFORMS))
def test_the_patches_of_a_product_are_different(system: str) -> None:
    for platform in PLATFORMS[system]:
        listed = {patch.id for patch in patches_of(platform.product, platform.packaging, MONTH)}
        others = [patch.id for kind in (0, 1) for patch in unlisted(platform.packaging, kind, 300)]
        assert len(set(others)) == len(others)
        assert listed.isdisjoint(others)
        assert len(listed) == len(patches_of(platform.product, platform.packaging, MONTH)) >= MONTHS * 2


def test_available_patches_are_security_and_never_rejected_ones() -> None:
    patches, counts = patches_of(SERVER, "kb", MONTH), Counts(rejected=20, available_security=20)
    available, rejected = available_places(patches, counts), rejected_places(patches, counts)
    assert all(patches[place].is_security for place in available)
    assert (len(available), len(rejected), set(available) & set(rejected)) == (20, 20, set())


def graded(patches: tuple[Patch, ...], **changes: Any) -> tuple[str, ...]:
    return Policy(BASELINE | changes).grades(patches).levels


def test_levels_follow_the_gravest_rule_and_the_list_of_approved_patches() -> None:
    patches = patches_of(SERVER, "kb", MONTH)
    rules = [
        {
            "PatchFilterGroup": {"PatchFilters": [{"Key": "CLASSIFICATION", "Values": [name]}]},
            "ComplianceLevel": level,
            "ApproveAfterDays": 0,
        }
        for name, level in (("*", "LOW"), ("SecurityUpdates", "CRITICAL"))
    ]
    rated = graded(patches, ApprovalRules={"PatchRules": rules})
    assert [level == "CRITICAL" for level in rated] == [patch.is_security for patch in patches]
    assert set(rated) == {"CRITICAL", "LOW"}
    named = graded(patches, ApprovedPatches=[patches[3].id], ApprovedPatchesComplianceLevel="HIGH")
    assert [place for place, level in enumerate(named) if level == "HIGH"] == [3]


def test_grades_are_counted_between_two_places() -> None:
    patches = patches_of(SERVER, "kb", MONTH)
    policy = Policy(BASELINE | {"ApprovedPatches": [patches[1].id], "ApprovedPatchesComplianceLevel": "CRITICAL"})
    for begin, end in ((0, 0), (0, 2), (1, 2), (2, 30), (0, len(patches))):
        critical = sum(place == 1 for place in range(begin, end))
        security = sum(patches[place].is_security for place in range(begin, end))
        other = sum(not patches[place].is_security and place != 1 for place in range(begin, end))
        assert policy.grades(patches).among(begin, end) == (critical, security, other)
