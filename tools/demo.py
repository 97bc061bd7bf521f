#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the main job on a simulated account: check, apply and apply again AWS's tutorial "Patch a server environment".

The playbook and the variables file are those that a user runs against AWS. What is printed about calls comes from the
log of the simulator, what is printed about windows is read by boto3. The exit status is 1 when anything is not as the
text says.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from simulator import CHECKOUT, environment, serving

VARIABLES = "playbooks/vars/patch_server_environment.yml"
COMMAND = ("ansible-playbook", "patchfleet.aws.setup", "-e", f"@{VARIABLES}")
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
    """Something is not as the demo says."""


@dataclass(frozen=True)
class Run:
    """One run of the playbook. changed: tasks that the recap counts. resources: those in its diff, in order."""

    changed: int
    resources: list[str]
    reads: int
    writes: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.reads} reads, {self.writes} writes, {self.seconds:.1f} s"


def isolate(endpoint: str) -> None:
    """Leave this process nothing but the simulator; refuse an endpoint that is not on this machine."""
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


def calls(endpoint: str) -> list[dict[str, Any]]:
    """The calls since the last time, from the log of the simulator."""
    simulator = HTTPConnection(urlsplit(endpoint).netloc)
    simulator.request("GET", "/_sim/log")
    log: list[dict[str, Any]] = json.load(simulator.getresponse())
    simulator.request("POST", "/_sim/log")
    simulator.getresponse().read()
    return log


def play(endpoint: str, *options: str) -> Run:
    """Run the playbook; raise DemoError with its output when it fails."""
    print(f"\n$ {' '.join((*COMMAND, *options))}", flush=True)
    started = time.monotonic()
    done = subprocess.run(
        [*COMMAND, *options],
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
    return Run(int(recap[1]), shown, len(log) - writes, writes, seconds)


def account() -> list[str]:
    """What is there, as boto3 reads it: a line for each patch group and each window."""
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


def expect(holds: bool, claim: str, seen: object) -> None:
    """Raise DemoError unless the claim holds."""
    if not holds:
        raise DemoError(f"not true: {claim}; seen: {seen}")


def show(endpoint: str) -> None:
    """The demo itself."""
    print('AWS\'s tutorial "Patch a server environment" as code, in a simulated account: AWS is not reached.')

    run = play(endpoint, "--check", "--diff")
    expect(sorted(run.resources) == sorted(RESOURCES) and run.changed == 1, "check mode predicts every resource", run)
    expect(run.writes == 0, "check mode writes nothing", run)
    print(f"Would create {len(RESOURCES)} resources, and wrote nothing ({run}):")
    print("".join(f"  {resource}\n" for resource in run.resources), end="")

    run = play(endpoint)
    there = account()
    calls(endpoint)
    expect(run.changed == 1 and len(there) == 4, "the run makes two patch groups and two windows", (run, there))
    print(f"Created them ({run}). What is there:")
    print("".join(f"  {line}\n" for line in there), end="")

    run = play(endpoint)
    expect(run.changed == 0 and run.writes == 0, "the second run changes nothing", run)
    print(f"Nothing to do ({run}).")

    print(f"\nThe same command sets up an AWS account; copy {VARIABLES} and make it yours.")
    print("Compliance of the servers and the report come with a later version.")


def main() -> int:
    """Run the demo; return the exit status."""
    try:
        with serving() as endpoint:
            isolate(endpoint)
            show(endpoint)
    except DemoError as problem:
        print(f"The demo failed: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
