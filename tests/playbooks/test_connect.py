# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credentials of an assumed role in a playbook: its modules use them, and no output shows them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from ansible_collections.patchfleet.aws.tests.support.ansible_commands import playbook
from ansible_collections.patchfleet.aws.tests.support.doors import door
from simulator import in_step

ACCOUNT = "210987654321"
HOST = {
    "aws_role_arn": f"arn:aws:iam::{ACCOUNT}:role/patching",
    "aws_account_id": ACCOUNT,
    "patching_windows": [{"name": "weekly", "schedule": "rate(7 days)", "duration": 4, "cutoff": 1}],
}
# Registered by the playbook.
KEYS = {"ansible.builtin.copy": {"content": "{{ __patch_connected.credentials | to_json }}", "dest": "keys.json"}}


def test_modules_use_the_credentials_which_no_output_shows(tmp_path: Path, emptied: str) -> None:
    plays = [
        {"ansible.builtin.import_playbook": "patchfleet.aws.setup"},
        {"name": "Keep the keys", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [KEYS]},
    ]
    (tmp_path / "book.json").write_text(json.dumps(plays), encoding="utf-8")
    command = [*playbook(), "-vvvv", "-i", "localhost,", "book.json", "-e", json.dumps(HOST)]
    environment = in_step(emptied)
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    calls = [(call["op"], call["account"]) for call in door(emptied, "log")]

    assert done.returncode == 0, done.stdout + done.stderr
    assert ("CreateMaintenanceWindow", ACCOUNT) in calls
    assert [name for name, _account in calls].count("AssumeRole") == 1
    keys = json.loads((tmp_path / "keys.json").read_text(encoding="utf-8"))
    assert keys["secret_key"] not in done.stdout + done.stderr
    assert keys["session_token"] not in done.stdout + done.stderr
