# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A listing that does not end is an error of every module that reads it, before anything is written or sent."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account

WEB = {"name": "web", "patch_groups": ["Web"]}
SCAN = {"name": "scan", "operation": "Scan", "window_targets": ["web"]}
WINDOW = {"name": "prod", "schedule": "cron(0 2 ? * TUE *)", "duration": 4, "cutoff": 1}
BASELINE = {"name": "base", "operating_system": "UBUNTU", "patch_groups": ["Web"]}
SETUP = {"setup": "mine", "windows": [{**WINDOW, "targets": [WEB], "patch_tasks": [SCAN]}], "baselines": [BASELINE]}
MODULES: dict[str, dict[str, Any]] = {
    "ssm_patch_setup": {**SETUP, "prune": True},
    "ssm_maintenance_window": {**WINDOW, "setup": "mine", "description": "changed"},
    "ssm_patch_baseline": {**BASELINE, "setup": "mine", "description": "changed"},
    "ssm_maintenance_window_info": {"include": ["targets", "tasks", "next_runs", "executions"]},
    "ssm_patch_baseline_info": {"owner": "all", "include": ["patch_groups"]},
    "ssm_patch_compliance_info": {"level": "instances"},
    "ssm_patch_run": {"operation": "Scan", "patch_groups": ["Web"]},
}


@pytest.mark.parametrize("module", MODULES)
def test_every_listing_of_every_module_ends(account: Account, module: str) -> None:
    nodes = [{"InstanceId": f"i-{number:017x}", "Tags": {"PatchGroup": "Web"}} for number in range(1)]
    place = {"account": ACCOUNT, "region": REGION, "fleet": {"nodes": nodes}}
    account.simulator.plant({"commands": {"scan_seconds": 1}, "regions": [place]})
    account.run("ssm_patch_setup", **SETUP)
    account.clear_log()
    account.run(module, check=module != "ssm_patch_run", **MODULES[module])
    listings = {call["op"] for call in account.simulator.log() if "MaxResults" in call["input"]}
    assert listings

    ended = 0
    for operation in sorted(listings):
        account.faults({"op": operation, "do": "endless"})
        account.clear_log()
        result = account.outcome(module, **MODULES[module])
        # Who needs the first entries only, such as the next runs, asks for no more.
        ended += not result.get("failed")
        if result.get("failed"):
            assert "does not end" in result["msg"]
            assert f"ssm:{operation}" in result["msg"]
            assert module == "ssm_patch_run" or not account.calls(writes=True)
    assert ended < len(listings)
