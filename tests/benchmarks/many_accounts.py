#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what an account and Region costs when there are hundreds of them, four accounts of which are broken.

usage: many_accounts.py [--accounts N] [--slices N] [--forks N] [--in-process] [--once]

Applies a setup to all of them in slices side by side, applies it again, and reports their compliance as one report of
all slices. Exits with 1 unless exactly the broken ones are missing. `--in-process` runs the modules in the workers of
their tasks, which takes less than half of the time; `--once` leaves the second run out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from ansible_collections.patchfleet.aws.tests.support.account_fleet import AccountFleet, Slice
from simulator import CHECKOUT, STILL, serving

_IN_PROCESS = [sys.executable, "-P", str(CHECKOUT / "tests" / "support" / "playbook_command.py")]


def show(what: str, fleet: AccountFleet, runs: list[Slice], wall: float) -> None:
    """Print the cost of a run for each account and Region."""
    hosts, calls = len(fleet.hosts), fleet.calls()
    cpu = sum(one.cpu for one in runs)
    managed = [
        calls[fleet.hosts[name]] for name in fleet.readable() if fleet.hosts[name][0] != fleet.broken["throttled"]
    ]
    print(
        f"{what:<20} {wall:6.0f} s in all, {wall / hosts:5.2f} s, {cpu / hosts:5.2f} CPU s and"
        f" {min(managed)} to {max(managed)} calls for each account and Region",
        flush=True,
    )


def measure(fleet: AccountFleet, options: argparse.Namespace, folder: Path) -> bool:
    """Run everything; return whether exactly the broken accounts are missing."""
    right = True
    for what in ("setup",) if options.once else ("setup", "setup"):
        began = time.monotonic()
        runs = fleet.run(what, options.slices, options.forks, patch_serial=["1", "10%", "100%"])
        show(what, fleet, runs, time.monotonic() - began)
        right &= {host for one in runs for host, done in one.hosts.items() if not done.failed} == fleet.readable()
    began = time.monotonic()
    runs = fleet.run("compliance_report", options.slices, options.forks, patch_report_dest=f"{folder}/slice-<slice>")
    show("compliance_report", fleet, runs, time.monotonic() - began)
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
    parser.add_argument("--in-process", action="store_true")
    parser.add_argument("--once", action="store_true")
    options = parser.parse_args()
    command = _IN_PROCESS if options.in_process else ["ansible-playbook"]
    with tempfile.TemporaryDirectory() as name, serving(*STILL) as endpoint:
        fleet = AccountFleet(endpoint, Path(name), options.accounts, command)
        return 0 if measure(fleet, options, Path(name)) else 1


if __name__ == "__main__":
    sys.exit(main())
