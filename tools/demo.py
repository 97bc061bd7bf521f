#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the main job on a simulated account: check, apply and reapply AWS's tutorial "Patch a server environment", let
its windows run, and write the report of patch compliance.

The playbooks and the variables file are those that users run against AWS. The printed calls come from the log of the
simulator, the windows and their runs are read with boto3, and the compliance is counted again with boto3. The exit
status is 1 if anything differs from the text.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from simulator import CHECKOUT, REGION, environment, serving

VARIABLES = "playbooks/vars/patch_server_environment.yml"
SETUP = ("patchfleet.aws.setup", "-e", f"@{VARIABLES}")
# The approximate number of servers in each patch group. No window of the tutorial patches the last group.
SERVERS = {"Database Servers": 8, "Front-End Servers": 16, "Build Servers": 8}
# The misspelled tag of one server, which no window patches either.
MISSPELT = "Front-End Server"
PATCHED = ["Database Servers", "Front-End Servers"]
REPORT_FOLDER = "build/demo"
# Each window opens once a week. The clock of the account starts this many days ago, so that its week ends now. Which
# nodes are stale depends on the clock of this machine.
DAYS = 7
STALE_DAYS = 21
# The windows open at 22:00 UTC and close by midnight. The week neither begins nor ends after this hour.
LAST_HOUR = 20
REPORT = (
    "patchfleet.aws.compliance_report",
    "-e",
    f"patch_report_dest={REPORT_FOLDER}",
    "-e",
    f"patch_report_stale_after_hours={STALE_DAYS * 24}",
)
FORECAST = ("patchfleet.aws.forecast", "-e", "forecast_level=instances")
FLEET = {
    "count": sum(SERVERS.values()),
    "seed": 4,
    "patch_group_tag": "PatchGroup",
    "patch_groups": SERVERS,
    "operating_systems": {"WINDOWS": 1},
    "missing": 0.5,
    "failed": 0.05,
    "pending_reboot": 0.1,
    "never_scanned": 0.08,
    "stale": 0.08,
    "rejected": 0,
    "available_security": 0,
    "connection_lost": 0,
    "nodes": [
        {
            "InstanceId": "i-0f00d0000000000ff",
            "OperatingSystem": "WINDOWS",
            "Tags": {"PatchGroup": MISSPELT, "Name": "front-end-17"},
            "MissingCount": 3,
        }
    ],
}
RESOURCES = [
    "baseline Production-Baseline",
    "window Production-Tuesdays",
    "window Production-Saturdays",
    "target Production-Tuesdays/database-servers",
    "target Production-Saturdays/front-end-servers",
    "task Production-Tuesdays/patch-database-servers",
    "task Production-Saturdays/patch-front-end-servers",
]


class DemoError(Exception):
    """Something differs from the text of the demo."""


@dataclass(frozen=True)
class Run:
    """One run of a playbook. changed: the count of changed tasks. resources: the resources in its diff, in order."""

    changed: int
    resources: list[str]
    reads: int
    writes: int
    seconds: float
    output: str = ""

    def __str__(self) -> str:
        return f"{self.reads} reads, {self.writes} writes, {self.seconds:.1f} s"


def week_before(now: datetime) -> datetime:
    """The start time of the account, so that each of its windows opens and closes once until about now."""
    return min(now, now.replace(hour=LAST_HOUR, minute=0)) - timedelta(days=DAYS)


def isolate(endpoint: str) -> None:
    """Limit this process to the simulator, and refuse an endpoint that is not on this machine."""
    if urlsplit(endpoint).hostname != "127.0.0.1":
        raise DemoError(f"{endpoint} is not on this machine")
    kept = {name: value for name, value in environment(endpoint).items() if not name.startswith("ANSIBLE_")}
    os.environ.clear()
    os.environ.update(
        kept,
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}",
        ANSIBLE_HOME=str(CHECKOUT / ".ansible"),
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
        ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
        ANSIBLE_LOCALHOST_WARNING="false",
    )


def door(endpoint: str, method: str, name: str, body: Any = None) -> Any:
    """The response of an administrative endpoint of the simulator."""
    simulator = HTTPConnection(urlsplit(endpoint).netloc)
    simulator.request(method, f"/_sim/{name}", json.dumps(body) if body else None)
    return json.load(simulator.getresponse())


def calls(endpoint: str) -> list[dict[str, Any]]:
    """The calls since the last read of the simulator's log."""
    log: list[dict[str, Any]] = door(endpoint, "GET", "log")
    door(endpoint, "POST", "log")
    return log


def play(endpoint: str, *arguments: str) -> Run:
    """Run a playbook. Raises DemoError with its output if it fails."""
    command = ["ansible-playbook", *arguments]
    print(f"\n$ {' '.join(command)}", flush=True)
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    recap = re.search(r"^localhost .*\bchanged=(\d+)", done.stdout, re.MULTILINE)
    if done.returncode or recap is None:
        raise DemoError(f"the playbook failed:\n{done.stdout}")
    log = calls(endpoint)
    writes = sum(call["write"] for call in log)
    shown = re.findall(r"^\+\+\+ after: (.+)$", done.stdout, re.MULTILINE)
    return Run(int(recap[1]), shown, len(log) - writes, writes, seconds, done.stdout)


def account() -> list[str]:
    """The state of the account, read with boto3: one line for each patch group and each window."""
    ssm = boto3.client("ssm")
    lines = [
        f"{mapping['PatchGroup']:20}  is patched by {mapping['BaselineIdentity']['BaselineName']}"
        for mapping in ssm.describe_patch_groups()["Mappings"]
    ]
    for window in ssm.describe_maintenance_windows()["WindowIdentities"]:
        [task] = ssm.describe_maintenance_window_tasks(WindowId=window["WindowId"])["Tasks"]
        [target] = ssm.describe_maintenance_window_targets(WindowId=window["WindowId"])["Targets"]
        groups = ", ".join(value for criterion in target["Targets"] for value in criterion["Values"])
        opens = f"opens next on {window['NextExecutionTime']} for {window['Duration']} h"
        lines.append(f"{window['Name']:20}  {opens}: {task['TaskArn']} on {groups}")
    return sorted(lines)


def compliance() -> dict[str, tuple[int, int]]:
    """The numbers of compliant nodes and of all nodes in each patch group, counted from the reports of the nodes."""
    ssm = boto3.client("ssm")
    counted = {}
    for group in (*SERVERS, MISSPELT):
        tagged = [{"Key": "tag:PatchGroup", "Values": [group]}]
        listed = ssm.get_paginator("describe_instance_information").paginate(Filters=tagged)
        nodes = [node["InstanceId"] for page in listed for node in page["InstanceInformationList"]]
        states = ssm.describe_instance_patch_states(InstanceIds=nodes)["InstancePatchStates"]
        fresh = datetime.now(UTC) - timedelta(days=STALE_DAYS)
        counted[group] = (sum(_compliant(state) and state["OperationEndTime"] > fresh for state in states), len(nodes))
    return counted


def _compliant(state: dict[str, Any]) -> bool:
    counts = ("MissingCount", "FailedCount", "InstalledRejectedCount", "InstalledPendingRebootCount")
    return not any(state.get(count) for count in counts)


def report(endpoint: str) -> dict[str, tuple[int, int]]:
    """Write the report, and return its numbers of compliant nodes and of all nodes in each patch group."""
    play(endpoint, *REPORT)
    document = json.loads(Path(CHECKOUT, REPORT_FOLDER, "report.json").read_text(encoding="utf-8"))
    counts = {group["patch_group"]: (group["compliant"], group["managed"]) for group in document["groups"]}
    expect(counts == compliance(), "the report counts what the nodes reported", (counts, compliance()))
    for group, (compliant, managed) in counts.items():
        print(f"  {group:20}  {compliant:2} of {managed:2} nodes are compliant")
    return counts


def show_coverage() -> None:
    """Print the coverage from the report, after comparing it with the tags of the servers."""
    document = json.loads(Path(CHECKOUT, REPORT_FOLDER, "report.json").read_text(encoding="utf-8"))
    nodes = document["readings"][0]["nodes"]
    uncovered = sum(not {*node["patch_groups"]} & {*PATCHED} for node in nodes)
    found = document["summary"]["uncovered"]
    expect(found == uncovered, "the report counts the servers that no window patches", (found, uncovered))
    print(f"  {found} of {len(nodes)} servers are not patched by any window. Recommended actions:")
    named = [one for one in document["readings"][0]["findings"] if one["finding"] in ("not_reached", "group_misspelt")]
    expect(any(MISSPELT in one["text"] for one in named), "the slip in a tag is found", named)
    print("".join(f"  - {one['text']}\n    {one['action']}\n" for one in named), end="")


def show_forecast(endpoint: str) -> None:
    """Forecast the next run of each window."""
    run = play(endpoint, *FORECAST)
    expect(run.writes == 0, "a forecast writes nothing", run)
    lines = re.findall(r"\d{4}-\d\d-\d\dT[^\"]+: installs \d+ [^\"]+", run.output)
    expect(len(lines) == 2, "each window has a forecast", run.output)
    print("".join(f"  {line}\n" for line in lines), end="")


def executions() -> list[str]:
    """The executions, read with boto3: one line for each execution of a window."""
    ssm = boto3.client("ssm")
    lines = []
    for window in ssm.describe_maintenance_windows()["WindowIdentities"]:
        found = ssm.describe_maintenance_window_executions(WindowId=window["WindowId"])["WindowExecutions"]
        lines += [
            f"{window['Name']:20}  ran {run['StartTime']:%a %d %b %H:%M} to {run['EndTime']:%H:%M} UTC: {run['Status']}"
            for run in found
        ]
    return lines


def expect(holds: bool, claim: str, seen: object) -> None:
    """Raise DemoError unless the claim holds."""
    if not holds:
        raise DemoError(f"not true: {claim}; seen: {seen}")


def show_setup(endpoint: str) -> None:
    """Check, apply, apply again."""
    run = play(endpoint, *SETUP, "--check", "--diff")
    expect(sorted(run.resources) == sorted(RESOURCES) and run.changed == 1, "check mode predicts every resource", run)
    expect(run.writes == 0, "check mode writes nothing", run)
    print(f"Would create {len(RESOURCES)} resources, and wrote nothing ({run}):")
    print("".join(f"  {resource}\n" for resource in run.resources), end="")

    run = play(endpoint, *SETUP)
    there = account()
    calls(endpoint)
    expect(run.changed == 1 and len(there) == 4, "the run makes two patch groups and two windows", (run, there))
    print(f"Created them ({run}). The account now has:")
    print("".join(f"  {line}\n" for line in there), end="")

    run = play(endpoint, *SETUP)
    expect(run.changed == 0 and run.writes == 0, "the second run changes nothing", run)
    print(f"Nothing to do ({run}).")


def show_patching(endpoint: str) -> None:
    """Report, let the windows run, report again."""
    before = report(endpoint)
    print(f"\n... {DAYS} days pass in the simulated account, and the windows open ...")
    door(endpoint, "POST", "clock", {"advance": timedelta(days=DAYS).total_seconds()})
    ran = executions()
    expect(len(ran) == 2, "each window has run once", ran)
    print("".join(f"  {line}\n" for line in ran), end="")
    print("  (An installation on one of the servers always fails, to show how a failure looks.)")
    after = report(endpoint)
    expect(
        all(after[group][0] > before[group][0] for group in PATCHED), "each group is better patched", (before, after)
    )


def show(endpoint: str) -> None:
    """Run all parts of the demo."""
    print('AWS\'s tutorial "Patch a server environment" as code, in a simulated account. Nothing is sent to AWS.')
    show_setup(endpoint)
    show_patching(endpoint)
    show_coverage()
    show_forecast(endpoint)
    print(f"\nThe same commands work on an AWS account; copy {VARIABLES} and edit it.")
    print(f"Open the report in a browser: {REPORT_FOLDER}/report.html")


def main() -> int:
    """Run the demo; return the exit status."""
    try:
        with tempfile.TemporaryDirectory(prefix="patchfleet-") as folder:
            seed = Path(folder, "seed.json")
            seed.write_text(
                json.dumps({"fleet": FLEET, "regions": [{"region": REGION, "fleet": FLEET}]}), encoding="utf-8"
            )
            start = week_before(datetime.now(UTC))
            with serving("--port", "0", "--seed", str(seed), "--clock", start.isoformat()) as endpoint:
                isolate(endpoint)
                show(endpoint)
    except DemoError as problem:
        print(f"The demo failed: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
