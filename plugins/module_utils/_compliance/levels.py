# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules of a baseline match a patch, and the compliance level that they assign. Pure functions.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PatchRule.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from .._aws.structures import Raw
from .platforms import product_fits

# The most severe first.
LEVELS = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNSPECIFIED")
# The filter keys of a rule, with the field of a patch that they apply to.
_KEYS = {"CLASSIFICATION": "classification", "SEVERITY": "severity", "MSRC_SEVERITY": "severity"}


def fitting_rules(raw: Raw, patch: Mapping[str, Any], product: str | None) -> Iterator[Raw]:
    """The approval rules that match a patch, based on what a node reports about it. product: of the node."""
    for rule in (raw.get("ApprovalRules") or {}).get("PatchRules") or ():
        if _fits(rule, patch, product):
            yield rule


def _fits(rule: Raw, patch: Mapping[str, Any], product: str | None) -> bool:
    for entry in (rule.get("PatchFilterGroup") or {}).get("PatchFilters") or ():
        key, values = entry.get("Key"), entry.get("Values") or []
        if key == "PRODUCT" and product and not any(product_fits(product, one) for one in values):
            return False
        if key in _KEYS and not any(fnmatchcase(patch[_KEYS[key]] or "", one) for one in values):
            return False
    return True


def compliance_level(raw: Raw, patch: Mapping[str, Any], product: str | None) -> str | None:
    """The level of a patch: that of approved patches, or the highest of the rules that match. None if none applies."""
    if patch["kb_id"] in (raw.get("ApprovedPatches") or ()):
        return raw.get("ApprovedPatchesComplianceLevel") or LEVELS[-1]
    found = {rule.get("ComplianceLevel") or LEVELS[-1] for rule in fitting_rules(raw, patch, product)}
    return next((level for level in LEVELS if level in found), None)
