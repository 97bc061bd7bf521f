# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook compliance_report has few tasks for each host, since what it reads is in Ansible's own directory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

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
