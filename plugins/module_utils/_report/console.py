# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of nodes and windows in the AWS console of their partition and Region. Pure functions."""

from __future__ import annotations

import re

from .._readings.model import Place

# Each Region has its own host. The host without a Region opens the Region that was used last.
_DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}
_REGION = re.compile("[a-z]{2}(-[a-z]+)+-[0-9]+")
_ID = re.compile("(i|mi|mw)-[0-9a-f]{8,17}")
# The placeholder for the ID.
_GAP = "{}"
_PAGES = {"i": "fleet-manager/managed-nodes/{}/general", "mw": "maintenance-windows/{}/description"}


def node_pattern(place: Place) -> str | None:
    """The address of a node, with C({}) in place of its ID. None if the console of the place is unknown."""
    return _address(place, _PAGES["i"])


def patches_address(place: Place) -> str | None:
    """The address of Patch Manager."""
    return _address(place, "patch-manager/dashboard")


def node_address(place: Place, instance_id: str) -> str | None:
    """The address of a node. None if the console or the format of the ID is unknown."""
    return _with_id(node_pattern(place), instance_id)


def window_address(place: Place, window_id: str) -> str | None:
    """The address of a window."""
    return _with_id(_address(place, _PAGES["mw"]), window_id)


def _address(place: Place, path: str) -> str | None:
    domain = _DOMAINS.get(place.partition)
    if domain is None or not _REGION.fullmatch(place.region):
        return None
    return f"https://{place.region}.{domain}/systems-manager/{path}?region={place.region}"


def _with_id(pattern: str | None, name: str) -> str | None:
    return pattern.replace(_GAP, name) if pattern and _ID.fullmatch(name) else None
