# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed nodes in the simulator, for tests of patching now."""

from __future__ import annotations

from typing import Any

from .account import ACCOUNT, REGION, Account

MODULE = "ssm_patch_run"
WEB, DATABASE = ("i-00000000000000001", "i-00000000000000002"), ("i-00000000000000003",)
SCAN = {"operation": "Scan", "patch_groups": ["Web"]}
INSTALL = {"operation": "Install", "reboot_option": "NoReboot", "patch_groups": ["Web"]}


def node(instance_id: str, group: str, **members: Any) -> dict[str, Any]:
    """A node of a patch group, in the format of a seed."""
    return {"InstanceId": instance_id, "Tags": {"PatchGroup": group, "Env": "prod"}, "MissingCount": 2, **members}


def plant(account: Account, *nodes: dict[str, Any], **commands: Any) -> None:
    """Create nodes on which a command takes exactly the configured time."""
    fleet = {"nodes": list(nodes)}
    settings = {"scan_seconds": 30, "install_seconds": 300, "spread": 0, **commands}
    account.simulator.plant({"commands": settings, "regions": [{"account": ACCOUNT, "region": REGION, "fleet": fleet}]})
    account.clear_log()


def plant_servers(account: Account, **members: Any) -> None:
    """Create two web servers, the second with these members, and a database server."""
    plant(account, node(WEB[0], "Web"), node(WEB[1], "Web", **members), node(DATABASE[0], "Database"))


def statuses(result: dict[str, Any]) -> dict[str, str]:
    """The status of each instance in a result."""
    return {one["instance_id"]: one["status_details"] for one in result["instances"]}
