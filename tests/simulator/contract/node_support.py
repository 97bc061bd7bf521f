# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes for the contract tests, planted through the simulator's doors: an account of AWS has none for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .support import REGION, Doors

WINDOWS, LINUX, SILENT, BLANK = (f"i-{number}0123456789abcde" for number in ("0a", "0b", "0c", "0d"))
HYBRID = "mi-0123456789abcdef0"
UNKNOWN = "i-0fedcba9876543210"
NODES: list[dict[str, Any]] = [
    {
        "InstanceId": WINDOWS,
        "OperatingSystem": "WINDOWS",
        "Tags": {"PatchGroup": "Web", "Role": "front"},
        "MissingCount": 3,
        "FailedCount": 1,
        "InstalledPendingRebootCount": 2,
        "InstalledRejectedCount": 1,
        "NotApplicableCount": 5,
        "AvailableSecurityUpdateCount": 2,
        "InstalledOtherCount": 4,
        "Operation": "Install",
        "RebootOption": "NoReboot",
    },
    {"InstanceId": LINUX, "Tags": {"PatchGroup": "Web", "Role": "back"}, "MissingCount": 1, "InstalledOtherCount": 2},
    {"InstanceId": SILENT, "Tags": {"PatchGroup": "Web"}, "Record": "absent"},
    {"InstanceId": BLANK, "Tags": {"PatchGroup": "Web"}, "Record": "blank"},
    {"InstanceId": HYBRID, "OperatingSystem": "UBUNTU", "PingStatus": "ConnectionLost"},
]


def plant(doors: Doors, account: str, nodes: list[dict[str, Any]] = NODES, **wish: Any) -> None:
    """Let the account have these nodes in the tests' region."""
    doors.post("seed", {"regions": [{"account": account, "region": REGION, "fleet": {"nodes": nodes, **wish}}]})


def walk(call: Callable[..., dict[str, Any]], key: str, **request: Any) -> Iterator[dict[str, Any]]:
    """The entries of all pages, none of which is longer than asked for."""
    while True:
        answer = call(**request)
        assert len(answer[key]) <= request.get("MaxResults", len(answer[key]))
        yield from answer[key]
        if not answer.get("NextToken"):
            return
        request["NextToken"] = answer["NextToken"]
