# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of Run Command share: nodes of each sort, commands for them, and what reads tell of commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .support import Client

LINUX, WINDOWS, FAILING, LOST = (f"i-{number}{'0' * 16}" for number in range(1, 5))
NODES = [
    {"InstanceId": LINUX, "Tags": {"Role": "web", "Patch Group": "Web"}, "MissingCount": 3},
    {"InstanceId": WINDOWS, "OperatingSystem": "WINDOWS", "Tags": {"Role": "web"}, "MissingCount": 3},
    {"InstanceId": FAILING, "Tags": {"Role": "database"}, "MissingCount": 3, "Failing": True},
    {"InstanceId": LOST, "Tags": {"Role": "far"}, "PingStatus": "ConnectionLost"},
]
STRANGER = "i-0123456789abcdef0"
PATCH = "AWS-RunPatchBaseline"
SCAN = {"Operation": ["Scan"]}
INSTALL = {"Operation": ["Install"]}
SCRIPT: dict[str, Any] = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
SNAPSHOT = "6c2d8a5e-1b7f-4a3e-9d55-0f8e6f1c2b34"
WEB = [{"Key": "tag:Role", "Values": ["web"]}]
LONG = 3600

Advance = Callable[[float], None]


def request(**changes: Any) -> dict[str, Any]:
    whole = {"DocumentName": PATCH, "InstanceIds": [LINUX], "Parameters": SCAN} | changes
    return {key: value for key, value in whole.items() if value is not None}


def to(targets: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return request(InstanceIds=None, Targets=targets, **changes)


def send(ssm: Client, **changes: Any) -> dict[str, Any]:
    return ssm.send_command(**request(**changes))["Command"]


def command_of(ssm: Client, command: str) -> dict[str, Any]:
    [found] = ssm.list_commands(CommandId=command)["Commands"]
    return found


def invocations_of(ssm: Client, command: str, **more: Any) -> dict[str, dict[str, Any]]:
    pages = ssm.get_paginator("list_command_invocations").paginate(CommandId=command, **more)
    return {found["InstanceId"]: found for page in pages for found in page["CommandInvocations"]}


def invocation_of(
    ssm: Client, command: str, instance: str = LINUX, plugin: str | None = "PatchLinux"
) -> dict[str, Any]:
    named = {"PluginName": plugin} if plugin else {}
    return ssm.get_command_invocation(CommandId=command, InstanceId=instance, **named)
