# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook ring_gate on several accounts at once: one ring passes, one has no nodes, and one never passes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import playbook as playbook_command
from ansible_collections.patchfleet.aws.tests.support.doors import door
from simulator import CHECKOUT, REGION, in_step

pytestmark = pytest.mark.xdist_group("ring_gate")
RINGS = yaml.safe_load((CHECKOUT / "playbooks" / "vars" / "patch_rings.yml").read_text(encoding="utf-8"))
GOOD, EMPTY, FAILING = "111111111111", "222222222222", "333333333333"
NAMES = {GOOD: "Alpha", FAILING: "Gamma"}
OPENS, OPENED = "2026-01-17T03:00:00+01:00", "2026-01-14T03:00:00+01:00"
WAITS = "production: closed until the next window of staging ends"


def node(number: int, ring: str, **members: Any) -> dict[str, Any]:
    system = {"OperatingSystem": "AMAZON_LINUX_2023", "Tags": {"PatchGroup": ring}}
    return {"InstanceId": f"i-{number:017x}", **system, **members}


class Accounts:
    """Three accounts with the windows of the same rings."""

    def __init__(self, endpoint: str, folder: Path) -> None:
        self._endpoint, self._folder = endpoint, folder
        hosts = {
            f"account-{account}": {"aws_account_id": account, "aws_access_key": account, "aws_secret_key": "x"}
            | ({"aws_account_name": NAMES[account]} if account in NAMES else {})
            for account in (GOOD, EMPTY, FAILING)
        }
        connection = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        inventory = {"all": {"vars": {**connection, "aws_region": REGION, **RINGS}, "hosts": hosts}}
        (folder / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        nodes = {
            GOOD: [node(1, "test"), node(2, "staging")],
            EMPTY: [node(3, "staging")],
            FAILING: [node(4, "test", MissingCount=2, Failing=True), node(5, "staging")],
        }
        fleets = [{"account": account, "region": REGION, "fleet": {"nodes": found}} for account, found in nodes.items()]
        self.door("seed", {"regions": fleets})
        done = self.play("setup")
        assert done.returncode == 0, done.stdout

    def door(self, name: str, body: Any) -> None:
        """Use a door of the simulator."""
        door(self._endpoint, name, body)

    def play(self, playbook: str, *flags: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook on all accounts."""
        given = ["-e", json.dumps({"patch_hosts": "all", **variables})]
        command = [*playbook_command(), "-i", "inventory.yml", f"patchfleet.aws.{playbook}", *given, *flags]
        environment = {**in_step(self._endpoint), "ANSIBLE_NOCOLOR": "1"}
        return subprocess.run(command, cwd=self._folder, env=environment, capture_output=True, text=True, check=False)

    def window(self, account: str, name: str = "staging") -> tuple[bool, str]:
        """Whether a window is enabled, and its schedule."""
        keys = {"aws_access_key_id": account, "aws_secret_access_key": "x"}
        client = boto3.client("ssm", region_name=REGION, endpoint_url=self._endpoint, **keys)
        [found] = [one for one in client.describe_maintenance_windows()["WindowIdentities"] if one["Name"] == name]
        return found["Enabled"], found["Schedule"]


@pytest.fixture(scope="module")
def accounts(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Accounts:
    return Accounts(endpoint, tmp_path_factory.mktemp("rings"))


def changed(done: subprocess.CompletedProcess[str]) -> dict[str, bool]:
    """Whether anything changed in each account, by the recap."""
    recap = done.stdout.partition("PLAY RECAP")[2].splitlines()
    return {
        account: f"account-{account} " in line and "changed=0" not in line
        for account in (GOOD, EMPTY, FAILING)
        for line in recap
        if f"account-{account} " in line
    }


def test_each_account_has_its_own_gates(accounts: Accounts) -> None:
    accounts.door("clock", {"set": "2026-01-14T12:00:00Z"})
    closed = accounts.window(GOOD)

    predicted = accounts.play("ring_gate", "--check")
    assert accounts.window(GOOD) == closed
    first = accounts.play("ring_gate")
    again = accounts.play("ring_gate")

    required = f"the gate requires that 95.0 % of the nodes of test are compliant since {OPENED}"
    says = {
        GOOD: f"staging: opens {OPENS}; {required}, and 100.0 % are",
        EMPTY: f"staging: stays closed and can open until {OPENS}; {required}, and no node of test is managed",
        FAILING: f"staging: stays closed and can open until {OPENS}; {required}, and 0.0 % are",
    }
    for done, is_change in ((predicted, True), (first, True), (again, False)):
        assert done.returncode == 2
        assert changed(done) == {GOOD: is_change, EMPTY: False, FAILING: False}
        for text in says.values():
            assert f'"{text}"' in done.stdout
        assert done.stdout.count(f'"{WAITS}"') == 3
        assert f'"{EMPTY}, {REGION}: {says[EMPTY]}"' in done.stdout
        assert f'"Gamma ({FAILING}), {REGION}: {says[FAILING]}"' in done.stdout
    assert accounts.window(GOOD) == (True, "at(2026-01-17T03:00:00)")
    assert accounts.window(EMPTY) == accounts.window(FAILING) == closed == (False, "cron(0 3 ? * TUE#2 *)")

    # What somebody opened by hand is closed again, but not while it may run.
    accounts.door("clock", {"set": "2026-01-17T02:30:00Z"})
    running = accounts.play("ring_gate")
    assert running.returncode == 0
    assert changed(running) == {GOOD: False, EMPTY: False, FAILING: False}
    assert running.stdout.count('"staging: the window opened and might still be open"') == 1
    assert running.stdout.count('"staging: stayed closed; the gate can open again after the next window of test') == 2


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"patch_ring_prefix": "win-"}, "There is no window win-staging, win-production. Check the names"),
        ({"patch_rings": []}, "rings: is empty; specify at least one ring"),
        ({"patch_rings": RINGS["patch_rings"][:1]}, "No ring has a gate. Specify gate_percent"),
    ],
)
def test_rings_without_windows_or_gates_are_refused(
    accounts: Accounts, variables: dict[str, Any], message: str
) -> None:
    done = accounts.play("ring_gate", **variables)

    assert done.returncode == 2
    assert done.stdout.count("fatal: ") == 3
    assert message in " ".join(done.stdout.split())
