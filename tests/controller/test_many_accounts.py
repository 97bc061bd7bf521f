# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices that run side by side bring all accounts to the declaration but those that cannot be reached; one report says
which these are. tests/benchmarks/many_accounts.py does the same with 200 accounts and Regions."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.patchfleet.aws.tests.support.account_fleet import AccountFleet
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import playbook
from simulator import STILL, serving

pytestmark = pytest.mark.xdist_group("many_accounts")


def test_all_converge_but_the_broken_ones_and_one_report_names_these(tmp_path: Path) -> None:
    with serving(*STILL) as endpoint:
        fleet = AccountFleet(endpoint, tmp_path, 5, playbook())

        first = fleet.run("setup", 2, 5, patch_serial=[2, "100%"])
        again = fleet.run("setup", 2, 5, patch_serial=[2, "100%"])
        fleet.run("compliance_report", 2, 5, patch_report_dest=str(tmp_path / "slice-<slice>"))
        report = fleet.merge([tmp_path / f"slice-{n}" / "report.json" for n in (0, 1)], tmp_path / "all")

    for runs, changed in ((first, 1), (again, 0)):
        done = {host: one for run in runs for host, one in run.hosts.items()}
        assert {host for host, one in done.items() if not one.failed} == fleet.readable()
        assert {done[host].changed for host in fleet.readable()} == {changed}
    readings = {f"{one['account_id']}-{one['region']}": one for one in report["readings"]}
    assert set(readings) == set(fleet.hosts)
    assert {name for name, one in readings.items() if one["nodes"]} == fleet.readable()
    for name, (account, _region) in fleet.hosts.items():
        assert readings[name]["account_name"] == fleet.name(account)
        told = " ".join(gap["message"] for gap in readings[name]["gaps"])
        assert (f"The host {name} failed" in told) is (name not in fleet.readable())
    # Of a fleet that was read in part, no count of the whole is known.
    assert report["summary"]["managed"] is None
