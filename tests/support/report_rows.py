# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of an invented fleet, in the format of ssm_patch_compliance_info and ssm_maintenance_window_info."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.patchfleet.aws.plugins.module_utils._readings.model import Reading
from ansible_collections.patchfleet.aws.plugins.module_utils._readings.parse import parsed

Json = dict[str, Any]
READ_AT = "2026-03-02T08:15:00Z"
_NEXT = {
    "Database Servers": ("2026-03-07T22:00:00-05:00", "Production-Saturdays"),
    "Front-End Servers": ("2026-03-10T22:00:00+01:00", "Production-Tuesdays"),
}
_TAG_IT = (
    "Add a tag to the node that a target of an Install task selects, such as PatchGroup=build for monthly/install, or"
    " register a target that selects the node and run an Install task on it."
)
_TWICE = (
    "Two Install tasks run on the node within a short time: Production-Tuesdays/install and monthly/install,"
    " 16 hours apart."
)
_SCANNED = "The node is only scanned, by scan-daily/scan; no Install task reaches it."
_APART = (
    "Change the targets so that only one of the tasks runs on the node, or change the schedule of one of the windows so"
    " that they open further apart (install_gap_hours)."
)
GROUPS = ("Database Servers", "Front-End Servers", "batch", "build")
SYSTEMS = (
    ("Windows", "Microsoft Windows Server 2022 Datacenter", "10.0.20348"),
    ("Windows", "Microsoft Windows Server 2019 Datacenter", "10.0.17763"),
    ("Linux", "Amazon Linux", "2023"),
    ("Linux", "Ubuntu", "22.04"),
    ("Linux", "Red Hat Enterprise Linux", "9.4"),
)
STATUSES = {
    "compliant": 74, "noncompliant": 11, "failed": 3, "pending_reboot": 4, "stale": 4, "never_scanned": 2,
    "unmanaged": 2,
}  # fmt: skip
SEVERITIES = ("Critical", "Important", "Moderate", "Low", "Unspecified")
NO_REPORT = ("never_scanned", "unmanaged")


def sample(count: int, seed: int = 1, **members: Any) -> Json:
    """A reading of this many nodes, in the format of a JSON report."""
    chance = random.Random(seed)
    catalogue = [_patch(number, chance) for number in range(40)]
    nodes = [_node(number, chance) for number in range(count)]
    patches = [row for node in nodes for row in _patches(node, catalogue, chance)]
    reading = {
        "partition": "aws", "account_id": "123456789012", "region": "eu-central-1", "read_at": READ_AT,
        "scope": {}, "not_read": [], "gaps": [], "windows": _windows(chance) if count else [],
        "nodes": nodes, "patches": patches, "findings": findings(nodes),
    }  # fmt: skip
    return {**reading, **members}


def reading(count: int, seed: int = 1, **members: Any) -> Reading:
    """The same as an object."""
    return parsed(Reading, sample(count, seed, **members), {})


def write_rows(path: Path, rows: list[Json]) -> str:
    """Write a JSON Lines file of rows, and return its path."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def moment(days: float) -> str:
    """The time this many days before the reading."""
    return (datetime.fromisoformat(READ_AT) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _node(number: int, chance: random.Random) -> Json:
    [status] = chance.choices([*STATUSES], [*STATUSES.values()])
    platform, name, version = chance.choice(SYSTEMS)
    group = chance.choices(GROUPS, (4, 4, 2, 1))[0] if chance.random() < 0.97 else None
    node: Json = {
        "instance_id": f"i-{number:017x}", "name": f"{(group or 'lone').split()[0].lower()}-{number:05}.example.com",
        "platform_type": platform, "platform_name": name, "platform_version": version, "resource_type": "EC2Instance",
        "ping_status": "Online" if status not in NO_REPORT else "ConnectionLost",
        "last_ping_time": moment(chance.random()), "agent_version": "3.3.987.0",
        "patch_groups": [group] if group else [], "status": status, "compliant": status == "compliant",
        "stale": status == "stale", "pending_reboot": status == "pending_reboot", "ungraded": False,
        "patch_group": group,
        "coverage": "unmanaged" if status == "unmanaged" else _coverage(number),
    }  # fmt: skip
    if status not in NO_REPORT:
        node |= _state(status, platform, chance)
    return node | (_next(node) if node["coverage"] == "covered" else {})


def _next(node: Json) -> Json:
    """What the next Install does on a node, according to its last report."""
    when, window = _NEXT.get(node["patch_group"], ("2026-03-12T02:00:00Z", "monthly"))
    counts = [node.get(name) for name in ("missing_count", "failed_count", "installed_pending_reboot_count")]
    known: Json = {"next_install_unknown": "never_scanned"}
    if counts[0] is not None:
        known = {"next_install_count": sum(counts[:2]), "next_install_reboot": any(counts)}
    return {"next_install": when, "next_install_window": window, "next_install_task": "install", **known}


def _coverage(number: int) -> str:
    kinds = {5: "uncovered", 7: "scan_only", 11: "double_covered"}
    return kinds.get(number % 20, "covered")


def findings(nodes: list[Json]) -> list[Json]:
    """The coverage findings for these nodes and for a target."""
    texts = {
        "unmanaged": ("not_managed", "Systems Manager does not manage this running instance.", "Check its agent."),
        "uncovered": ("not_reached", "No scheduled Install or Scan task reaches the node.", _TAG_IT),
        "scan_only": ("scan_only", _SCANNED, _TAG_IT),
        "double_covered": ("double_covered", _TWICE, _APART),
    }  # fmt: skip
    found = []
    for coverage, (finding, text, action) in texts.items():
        ids = [node["instance_id"] for node in nodes if node["coverage"] == coverage]
        if ids:
            about = {"node_count": len(ids), "instance_ids": ids[:10]}
            found.append({"finding": finding, "text": text, "action": action, **about})
    target = {"window": "monthly", "window_target": "archive", "node_count": None, "instance_ids": []}
    text = "No managed nodes match tag:PatchGroup archive."
    action = "Correct the criteria of the target or the tags of the nodes, or remove the target."
    return [*found, {"finding": "target_reaches_nobody", "text": text, "action": action, **target}] if nodes else []


def _state(status: str, platform: str, chance: random.Random) -> Json:
    missing = chance.randint(1, 9) if status in ("noncompliant", "failed") else 0
    critical = chance.randint(0, missing)
    scanned = chance.uniform(9, 40) if status == "stale" else chance.uniform(0.1, 6)
    return {
        "baseline_id": f"pb-{'0' * 16}{1 if platform == 'Windows' else 2}",
        "operation": chance.choice(["Scan", "Install"]),
        "snapshot_id": f"{chance.randrange(8):08x}-0000-4000-8000-000000000000", "reboot_option": "RebootIfNeeded",
        "operation_start_time": moment(scanned + 0.01), "operation_end_time": moment(scanned),
        "installed_count": chance.randint(20, 200), "installed_other_count": chance.randint(0, 90),
        "installed_pending_reboot_count": 2 if status == "pending_reboot" else 0, "installed_rejected_count": 0,
        "missing_count": missing, "failed_count": 1 if status == "failed" else 0,
        "not_applicable_count": 500, "unreported_not_applicable_count": 0, "critical_noncompliant_count": critical,
        "security_noncompliant_count": missing - critical, "other_noncompliant_count": 0,
        "available_security_update_count": 0,
    }  # fmt: skip


def _patch(number: int, chance: random.Random) -> Json:
    windows = number % 2 == 0
    name = "Cumulative Update for Windows Server" if windows else chance.choice(["openssl", "kernel", "curl", "glibc"])
    return {
        "title": f"2026-0{1 + number % 2} {name} (KB50{number:05})" if windows else f"{name}.x86_64:3.{number}-1",
        "kb_id": f"KB50{number:05}" if windows else f"{name}.{number}", "classification": "SecurityUpdates",
        "severity": chance.choices(SEVERITIES, (3, 4, 2, 1, 1))[0],
        "cve_ids": [f"CVE-2026-{1000 + number * 7 + one}" for one in range(chance.randint(0, 6))],
        "release_date": moment(chance.uniform(1, 160)) if windows else None,
    }  # fmt: skip


def _patches(node: Json, catalogue: list[Json], chance: random.Random) -> list[Json]:
    states = {
        "MISSING": "missing_count",
        "FAILED": "failed_count",
        "INSTALLED_PENDING_REBOOT": "installed_pending_reboot_count",
    }
    wanted = [state for state, count in states.items() for _ in range(node.get(count) or 0)]
    windows = node["platform_type"] == "Windows"
    fitting = [patch for patch in catalogue if patch["kb_id"].startswith("KB") == windows]
    who = {name: node[name] for name in ("instance_id", "name", "patch_group")}
    pairs = zip(chance.sample(fitting, len(wanted)), wanted, strict=True)
    return [{**who, **patch, "state": state, "installed_time": None} for patch, state in pairs]


def _windows(chance: random.Random) -> list[Json]:
    zones = [("Production-Tuesdays", "Europe/Berlin", 7, 1), ("Production-Saturdays", "America/New_York", 7, 5),
             ("scan-daily", "Asia/Kolkata", 1, 0), ("monthly", None, 30, 9)]  # fmt: skip
    found = []
    for number, (name, zone, step, first) in enumerate(zones):
        start = datetime.fromisoformat(READ_AT).astimezone(UTC) + timedelta(days=first, hours=14 + number)
        runs = [(start + timedelta(days=step * one)).strftime("%Y-%m-%dT%H:%M:%SZ") for one in range(60 // step)]
        past = [_run(number * 100 + one, moment(step * one + 3), chance) for one in range(3)]
        found.append({
            "window_id": f"mw-{number:017x}", "name": name, "description": None, "schedule": "cron(0 22 ? * TUE *)",
            "schedule_timezone": zone, "schedule_offset": None, "duration": 3, "cutoff": 1, "enabled": True,
            "next_runs": runs, "executions": past,
        })  # fmt: skip
    off = {
        **found[-1],
        "window_id": f"mw-{99:017x}",
        "name": "paused",
        "enabled": False,
        "next_runs": [],
        "executions": [],
    }
    return [*found, off]


def _run(number: int, start: str, chance: random.Random) -> Json:
    status = chance.choices(["SUCCESS", "FAILED", "TIMED_OUT"], (8, 2, 1))[0]
    end = (datetime.fromisoformat(start) + timedelta(minutes=chance.randint(9, 110))).strftime("%Y-%m-%dT%H:%M:%SZ")
    times = {"start_time": start, "end_time": end}
    details = None if status == "SUCCESS" else "One or more tasks in the orchestration failed."
    task = {"name": "install", "task_arn": "AWS-RunPatchBaseline", "task_type": "RUN_COMMAND", "status": status,
            "status_details": details, **times}  # fmt: skip
    run_id = f"{number:08x}-0000-4000-8000-000000000000"
    return {"window_execution_id": run_id, "status": status, "status_details": details, **times, "tasks": [task]}
