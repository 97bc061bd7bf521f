# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook compliance_report has few tasks for each host, since what it reads is in Ansible's own directory.

On another host than the controller, the role removes the directory.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.patchfleet.aws.tests.support.doors import door
from simulator import CHECKOUT, in_step

# The run must end, which removes the directory. The commands that stand by do not.
COMMAND = [sys.executable, "-P", str(CHECKOUT / "tests" / "support" / "playbook_command.py")]

# Each takes some 50 ms for each host, whatever it does; only one host writes.
TASKS = [
    "Validate the variables",
    "Assume the role and check the account",
    "Validate the variables of the role",
    "Fail if a report of several batches would be incomplete",
    "Initialize the state of the host",
    "Read the account and Region",
    "Mark the host as done",
    "Write the report",
    "Write | Write the report",
    "Write | Show the summary",
    "Write | Pass the result to the next workflow step",
    "Write | Check the gate",
    "Remove the files from a remote host",
    "Upload the report",
]


def test_what_was_read_is_removed_with_the_run(tmp_path: Path, emptied: str) -> None:
    own = tmp_path / "own"
    environment = {**in_step(emptied), "ANSIBLE_LOCAL_TEMP": str(own)}
    command = [*COMMAND, "-v", "-i", "localhost,", "patchfleet.aws.compliance_report", "-e"]
    given = json.dumps({"patch_report_dest": str(tmp_path / "report")})
    done = subprocess.run([*command, given], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "report" / "report.json").exists()
    assert re.findall(r"^TASK \[(?:[\w.]+ : )?(.*)\]", done.stdout, re.MULTILINE) == TASKS
    assert f"{own}/ansible-local-" in done.stdout
    assert "/patch-report-" in done.stdout
    assert not [*own.iterdir()]


ELSEWHERE = """
from ansible.plugins.connection import local

DOCUMENTATION = local.DOCUMENTATION.replace("name: local", "name: elsewhere")


class Connection(local.Connection):
    transport = "elsewhere"
"""
PLAY = """
- hosts: bastion
  gather_facts: false
  connection: elsewhere
  roles:
    - patchfleet.aws.patch_report
"""


@pytest.fixture
def remote() -> Iterator[Path]:
    """A temporary directory with a short name, because sockets of Ansible are in it."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize("is_expired", [False, True])
def test_nothing_is_left_on_a_remote_host(tmp_path: Path, remote: Path, emptied: str, is_expired: bool) -> None:
    (tmp_path / "connection_plugins").mkdir()
    (tmp_path / "connection_plugins" / "elsewhere.py").write_text(ELSEWHERE, encoding="utf-8")
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    if is_expired:
        faults = [{"op": "DescribeInstanceInformation", "do": "ExpiredTokenException"}]
        door(emptied, "faults", faults)
    environment = {**in_step(emptied), "TMPDIR": str(remote), "ANSIBLE_NOCOLOR": "1"}
    variables = {"patch_report_dest": str(tmp_path / "report"), "ansible_python_interpreter": sys.executable}
    command = [*COMMAND, "-v", "-i", "bastion,", "play.yml", "-e", json.dumps(variables)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert bool(done.returncode) == ("ExpiredTokenException" in done.stdout) == is_expired, done.stdout + done.stderr
    assert (tmp_path / "report" / "report.json").exists() != is_expired
    assert (f"{remote}/patch-report-" in done.stdout) != is_expired
    assert not [*remote.glob("patch-report-*")]
