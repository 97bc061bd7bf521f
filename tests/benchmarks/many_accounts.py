#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what an account and Region costs when there are hundreds of them, four accounts of which are broken.

usage: many_accounts.py [--accounts N] [--slices N] [--forks N] [--intact] [--in-process] [--once]

Applies a setup to all of them in slices side by side, applies it again, and reports their compliance as one report of
all slices. Exits with 1 unless exactly the broken ones are missing. Compares the processor time of an account and
Region with that of the least that is possible: a play of the smallest module of amazon.aws on the same hosts, and the
same number of API calls with plain boto3. `--accounts 9 --intact` leaves the broken accounts out, so that 20 accounts
and Regions are enough for this comparison. `--in-process` runs the modules in the workers of their tasks, which takes
less than half of the time; `--once` leaves the second run out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from ansible_collections.patchfleet.aws.tests.support.account_fleet import AccountFleet, Slice
from simulator import CHECKOUT, STILL, environment, serving

_HERE = Path(__file__).resolve().parent
_IN_PROCESS = [sys.executable, "-P", str(CHECKOUT / "tests" / "support" / "playbook_command.py")]
# How often the calls of one host are repeated, so that their processor time stands out from that of the process.
_TIMES = 50


@dataclass
class Cost:
    """What a run took for each account and Region: seconds of the processor, and API calls of the readable ones."""

    what: str
    cpu: float
    calls: int


def cost(what: str, fleet: AccountFleet, runs: list[Slice], wall: float, log: list[dict[str, Any]]) -> Cost:
    """Print and return the cost of a run for each account and Region."""
    hosts, calls = len(fleet.hosts), Counter((call["account"], call["region"]) for call in log)
    cpu = sum(one.cpu for one in runs)
    managed = [
        calls[fleet.hosts[name]] for name in fleet.readable() if fleet.hosts[name][0] != fleet.broken["throttled"]
    ]
    print(
        f"{what:<20} {wall:6.0f} s in all, {wall / hosts:5.2f} s, {cpu / hosts:5.2f} CPU s and"
        f" {min(managed)} to {max(managed)} calls for each account and Region",
        flush=True,
    )
    return Cost(what, cpu / hosts, max(managed))


def cpu_of_a_call(endpoint: str, place: tuple[str, str], log: list[dict[str, Any]], folder: Path) -> float:
    """Seconds of the processor that plain boto3 takes for a call: the reads of one account and Region, repeated."""
    reads = [
        {"operation": call["op"], "request": call["input"], "gives": None}
        for call in log
        if (call["account"], call["region"], call["service"]) == (*place, "ssm") and not call["write"]
    ]
    settings = {**environment(endpoint), "AWS_ACCESS_KEY_ID": place[0], "AWS_REGION": place[1]}
    settings["AWS_DEFAULT_REGION"] = place[1]
    used = []
    for calls in ([], reads * _TIMES):
        file = folder / "calls.json"
        file.write_text(json.dumps(calls), encoding="utf-8")
        process = subprocess.Popen([sys.executable, str(_HERE / "replay.py"), str(file), "4"], env=settings)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError("replay.py failed")
        used.append(usage.ru_utime + usage.ru_stime)
    return (used[1] - used[0]) / (len(reads) * _TIMES)


def compare(costs: list[Cost], module: float, call: float) -> None:
    """Print how many times the least each run took."""
    print(f"the least: {module:.2f} CPU s for a play of the smallest module, and {call * 1000:.1f} ms for each call")
    for one in costs:
        print(f"{one.what:<20} {one.cpu / (module + one.calls * call):5.2f} times the least")


def measure(fleet: AccountFleet, endpoint: str, options: argparse.Namespace, folder: Path) -> bool:
    """Run everything; return whether exactly the broken accounts are missing."""
    right = True
    costs = []
    fleet.log()
    for what in ("setup",) if options.once else ("setup", "setup"):
        began = time.monotonic()
        runs = fleet.run(what, options.slices, options.forks, patch_serial=["1", "10%", "100%"])
        costs.append(cost(what, fleet, runs, time.monotonic() - began, fleet.log()))
        right &= {host for one in runs for host, done in one.hosts.items() if not done.failed} == fleet.readable()
    began = time.monotonic()
    runs = fleet.run("compliance_report", options.slices, options.forks, patch_report_dest=f"{folder}/slice-<slice>")
    wall, log = time.monotonic() - began, fleet.log()
    costs.append(cost("compliance_report", fleet, runs, wall, log))
    smallest = fleet.run(str(_HERE / "plays" / "callers.yml"), options.slices, options.forks)
    one = fleet.hosts[min(fleet.readable())]
    cpu = sum(run.cpu for run in smallest) / len(fleet.hosts)
    compare(costs, cpu, cpu_of_a_call(endpoint, one, log, folder))
    began = time.monotonic()
    report = fleet.merge([folder / f"slice-{n}" / "report.json" for n in range(options.slices)], folder / "all")
    read = {f"{one['account_id']}-{one['region']}" for one in report["readings"] if one["windows"] is not None}
    page = (folder / "all" / "report.html").stat().st_size
    print(f"one report of {len(report['readings'])} in {time.monotonic() - began:.0f} s, {page / 1e6:.1f} MB")
    print(f"read {len(read)}, not read {len(report['readings']) - len(read)}, as expected: {read == fleet.readable()}")
    return right and read == fleet.readable()


def main() -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Measure what an account and Region costs.")
    parser.add_argument("--accounts", type=int, default=50, help="each has four Regions")
    parser.add_argument("--slices", type=int, default=4)
    parser.add_argument("--forks", type=int, default=5)
    parser.add_argument("--intact", action="store_true", help="leave the broken accounts out")
    parser.add_argument("--in-process", action="store_true")
    parser.add_argument("--once", action="store_true")
    options = parser.parse_args()
    command = _IN_PROCESS if options.in_process else ["ansible-playbook"]
    with tempfile.TemporaryDirectory() as name, serving(*STILL) as endpoint:
        fleet = AccountFleet(endpoint, Path(name), options.accounts, command)
        if options.intact:
            broken = {*fleet.broken.values()}
            fleet.hosts = {name: place for name, place in fleet.hosts.items() if place[0] not in broken}
        return 0 if measure(fleet, endpoint, options, Path(name)) else 1


if __name__ == "__main__":
    sys.exit(main())
