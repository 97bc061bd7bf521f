# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effect of a baseline on each available patch."""

from __future__ import annotations

from typing import Any

from .._aws.client import Api
from .._aws.errors import ApiError
from .._aws.structures import Raw, iso_date

_UNSUPPORTED = "UnsupportedOperatingSystem"
_PATCH = {
    "kb_id": "KbNumber",
    "title": "Title",
    "classification": "Classification",
    "severity": "MsrcSeverity",
    "product_family": "ProductFamily",
    "product": "Product",
    "release_date": "ReleaseDate",
    "content_url": "ContentUrl",
}
_STATUS = {
    "deployment_status": "DeploymentStatus",
    "compliance_level": "ComplianceLevel",
    "approval_date": "ApprovalDate",
}


def effective_patches(api: Api, baseline_id: str) -> list[dict[str, Any]] | None:
    """The patches, newest first. None if the service does not return them for the operating system."""
    operation = "DescribeEffectivePatchesForPatchBaseline"
    try:
        listed = list(api.pages(operation, "EffectivePatches", "Patch", "PatchStatus", BaselineId=baseline_id))
    except ApiError as error:
        if error.code == _UNSUPPORTED:
            return None
        raise
    entries = [_entry(raw["Patch"], raw["PatchStatus"]) for raw in listed]
    by_name = sorted(entries, key=lambda one: (one["kb_id"] or "", one["product"] or "", one["title"] or ""))
    return sorted(by_name, key=lambda one: one["release_date"] or "", reverse=True)


def _entry(patch: Raw, status: Raw) -> dict[str, Any]:
    return {
        **{name: iso_date(patch.get(member)) or None for name, member in _PATCH.items()},
        **{name: iso_date(status.get(member)) or None for name, member in _STATUS.items()},
    }
