# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts and Regions in the simulator, including four broken accounts, and runs of playbooks in slices.

A slice is a separate process with every n-th host, as with job slicing on a controller. All slices run concurrently.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.patchfleet.aws.tests.support.doors import door
from simulator import in_step

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "ap-south-1")
# The problem and the number of each broken account.
BROKEN = {"denied": 1, "throttled": 2, "suspended": 3, "wrong-account": 4}
UNREADABLE = ("denied", "suspended", "wrong-account")
_NAMES = ("Web & Shop", "Zoë's team", 'The "new" one', "支払い", "<b>Data</b>")
_RECAP = re.compile(r"^(\S+) +: ok=\d+ +changed=(\d+) .*failed=(\d+)", re.MULTILINE)
_WINDOW = {
    "name": "weekly",
    "schedule": "cron(0 2 ? * SUN *)",
    "duration": 4,
    "cutoff": 1,
    "targets": [{"name": "web", "patch_groups": ["web"]}],
    "patch_tasks": [{"name": "install", "operation": "Install", "window_targets": ["web"]}],
}
_BASELINE = {
    "name": "linux",
    "operating_system": "AMAZON_LINUX_2023",
    "approval_rules": [{"filters": {"CLASSIFICATION": ["Security"]}, "approve_after_days": 7}],
    "patch_groups": ["web"],
}


class Done(NamedTuple):
    """The numbers of changed and of failed tasks on a host."""

    changed: int
    failed: int


@dataclass(frozen=True)
class Slice:
    """A completed run of some hosts. cpu: the CPU time of its processes in seconds."""

    output: str
    cpu: float

    @property
    def hosts(self) -> dict[str, Done]:
        """The result of each host."""
        return {host: Done(int(changed), int(failed)) for host, changed, failed in _RECAP.findall(self.output)}


class AccountFleet:
    """The accounts of an organization in a simulator.

    Args:
        endpoint: The simulator.
        folder: The directory of the inventory, reports and outputs.
        accounts: The number of accounts, at least five.
        command: The command that runs a playbook.
    """

    def __init__(self, endpoint: str, folder: Path, accounts: int, command: Sequence[str]) -> None:
        self._endpoint, self._folder, self._command = endpoint, folder, list(command)
        self._accounts = [f"{100000000000 + number}" for number in range(accounts)]
        self.broken = {kind: self._accounts[number] for kind, number in BROKEN.items()}
        self.hosts = {f"{account}-{region}": (account, region) for account in self._accounts for region in REGIONS}
        nodes = {"fleet": {"count": 3, "patch_groups": {"web": 1}, "operating_systems": {"AMAZON_LINUX_2023": 1}}}
        places = [{"account": account, "region": region, **nodes} for account, region in self.hosts.values()]
        self._door("seed", {"regions": places})
        self._door("policies", {self.broken["denied"]: {"Version": "2012-10-17", "Statement": [_NOTHING]}})
        throttled = {"op": "*", "do": "ThrottlingException", "rate": 0.2, "account": self.broken["throttled"]}
        # The response of AWS to credentials of a suspended account.
        suspended = {"op": "*", "do": "InvalidClientTokenId", "status": 403, "account": self.broken["suspended"]}
        self._door("faults", [throttled, {**suspended, "service": "*"}])

    def name(self, account: str) -> str:
        """The name of an account."""
        return f"{_NAMES[int(account) % len(_NAMES)]} {account[-3:]}"

    def readable(self) -> set[str]:
        """The hosts that can be managed."""
        lost = {self.broken[kind] for kind in UNREADABLE}
        return {name for name, (account, _region) in self.hosts.items() if account not in lost}

    def run(self, playbook: str, slices: int, forks: int, **variables: Any) -> list[Slice]:
        """Run a playbook of the collection, or a file, on all hosts.

        C(<slice>) in a variable is replaced with the number of the slice.
        """
        names = sorted(self.hosts)
        started = [self._start(playbook, names[n::slices], forks, n, variables) for n in range(slices)]
        return [self._ended(process, log) for process, log in started]

    def log(self) -> list[dict[str, Any]]:
        """The calls since the last read."""
        log: list[dict[str, Any]] = door(self._endpoint, "log")
        self._door("log", {})
        return log

    def merge(self, inputs: Sequence[Path], dest: Path) -> dict[str, Any]:
        """Merge several reports into one, and return its JSON."""
        role = {"role": "patchfleet.aws.patch_report", "patch_report_inputs": [str(path) for path in inputs]}
        role |= {"patch_report_dest": str(dest), "patch_report_formats": ["html", "json"], "patch_report_gate": {}}
        local = {"hosts": "localhost", "connection": "local", "gather_facts": False}
        play = [{"name": "One report", **local, "vars": _PYTHON, "roles": [role]}]
        book = self._folder / "merge.json"
        book.write_text(json.dumps(play), encoding="utf-8")
        command = [*self._command, "-i", "localhost,", str(book)]
        done = subprocess.run(command, env=self._env(), cwd=self._folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        report: dict[str, Any] = json.loads((dest / "report.json").read_text(encoding="utf-8"))
        return report

    def _host(self, name: str) -> dict[str, str]:
        account, region = self.hosts[name]
        host = {"aws_account_id": account, "aws_account_name": self.name(account), "aws_region": region}
        if account == self.broken["suspended"]:
            return {**host, "aws_access_key": account, "aws_secret_key": "x"}
        other = account == self.broken["wrong-account"]
        return {**host, "aws_role_arn": f"arn:aws:iam::{self._accounts[0] if other else account}:role/patching"}

    def _start(
        self, playbook: str, names: Sequence[str], forks: int, number: int, variables: dict[str, Any]
    ) -> tuple[subprocess.Popen[bytes], Path]:
        declared = {"patching_setup": "fleet", "patching_baselines": [_BASELINE], "patching_windows": [_WINDOW]}
        group = {"hosts": {name: self._host(name) for name in names}, "vars": {**_PYTHON, **declared}}
        inventory = self._folder / f"slice-{number}.yml"
        inventory.write_text(json.dumps({"patching": group}), encoding="utf-8")
        given = json.dumps({"patch_hosts": "patching", **variables}).replace("<slice>", str(number))
        log = self._folder / f"{Path(playbook).stem}-{number}.log"
        book = playbook if os.sep in playbook else f"patchfleet.aws.{playbook}"
        command = [*self._command, "-i", str(inventory), f"--forks={forks}", book, "-e", given]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, env=self._env(), cwd=self._folder, stdout=output, stderr=subprocess.STDOUT
            )
        return process, log

    def _ended(self, process: subprocess.Popen[bytes], log: Path) -> Slice:
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return Slice(log.read_text(encoding="utf-8"), usage.ru_utime + usage.ru_stime)

    def _env(self) -> dict[str, str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        return {**in_step(self._endpoint), "PATH": path, "ANSIBLE_NOCOLOR": "true"}

    def _door(self, name: str, body: Any) -> None:
        door(self._endpoint, name, body)


_NOTHING = {"Effect": "Deny", "Action": "ssm:*", "Resource": "*"}
_PYTHON = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "ansible_connection": "local"}
