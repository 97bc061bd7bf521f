# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress of a command in the output of a play."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import playbook
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from simulator import RUNNING, in_step, serving

NODES = [{"InstanceId": f"i-{number:017x}", "Tags": {"PatchGroup": "Web"}, "MissingCount": 2} for number in range(4)]
SETTINGS = {"delivery_seconds": 1, "scan_seconds": 1, "install_seconds": 300, "spread": 0}
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  module_defaults:
    group/patchfleet.aws.aws:
      region: REGION
  tasks:
    - patchfleet.aws.ssm_patch_run:
        operation: Scan
        patch_groups: [Web]
        max_concurrency: 100%
        poll_interval: 1
"""


@pytest.mark.parametrize("callback", ["default", "ansible.posix.json"])
def test_a_play_shows_it_where_it_belongs(tmp_path: Path, callback: str) -> None:
    seed = {
        "commands": SETTINGS,
        "regions": [{"account": ACCOUNT, "region": REGION, "fleet": {"nodes": NODES}}],
    }
    (tmp_path / "seed.json").write_text(json.dumps(seed))
    (tmp_path / "play.yml").write_text(PLAY.replace("REGION", REGION))
    with serving(*RUNNING, "--profile", chosen_profile(), "--seed", str(tmp_path / "seed.json")) as endpoint:
        env = {**in_step(endpoint), "ANSIBLE_STDOUT_CALLBACK": callback, "ANSIBLE_LOCALHOST_WARNING": "false"}
        done = subprocess.run(
            [*playbook(), "play.yml"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )

    assert done.returncode == 0, done.stdout + done.stderr
    line = "0 done, 0 failed, 4 in progress, of 4"
    if callback == "default":
        assert line in done.stdout
        assert "changed=1" in done.stdout
    else:
        assert line in done.stderr
        (task,) = json.loads(done.stdout)["plays"][0]["tasks"]
        assert [one["status"] for one in task["hosts"]["localhost"]["instances"]] == ["Success"] * 4
