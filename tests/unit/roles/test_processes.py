# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many processes the roles start, each of which takes longer than many API calls."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from simulator import STILL, in_step, serving

WINDOWS = 3
TARGET = {"name": "web", "patch_groups": ["web"]}
DECLARED: dict[str, Any] = {
    "patching_setup": "fleet",
    "patching_baselines": [{"name": "linux", "operating_system": "AMAZON_LINUX_2023", "patch_groups": ["web"]}],
    "patching_windows": [
        {
            "name": f"weekly-{number}",
            "schedule": "cron(0 2 ? * SUN *)",
            "duration": 4,
            "cutoff": 1,
            "targets": [TARGET],
            "patch_tasks": [{"name": "scan", "operation": "Scan", "window_targets": ["web"]}],
        }
        for number in range(WINDOWS)
    ],
}
AROUND = {
    "patch_prerequisites_service_role": {"name": "patching-windows"},
    "patch_prerequisites_notification_role": {"name": "patching-notifications"},
    "patch_prerequisites_notification_topic": {"name": "patching"},
}
EXPECTED = {
    # However many resources there are.
    "patching": ["ssm_patch_setup"],
    "patch_prerequisites": ["patch_prerequisites"],
    # The directory for what is read, the reading, the report, and the end of the directory.
    "patch_report": ["tempfile", "ssm_patch_report_info", "patch_report", "file"],
}


def test_a_role_starts_few_processes_however_much_it_manages(tmp_path: Path) -> None:
    started = tmp_path / "started"
    python = tmp_path / "python"
    # Each module is a program of Ansible's that the interpreter gets.
    python.write_text(
        f'#!/bin/sh\necho "$1" >> {shlex.quote(str(started))}\nexec {shlex.quote(sys.executable)} "$@"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    local = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    # A task between the roles shows where one ends.
    mark = {"ansible.builtin.command": {"argv": ["true"]}, "changed_when": False}
    plays = [{"name": role, **local, "roles": [f"patchfleet.aws.{role}"], "post_tasks": [mark]} for role in EXPECTED]
    (tmp_path / "book.json").write_text(json.dumps(plays), encoding="utf-8")
    given = {"ansible_python_interpreter": str(python), "patch_report_dest": str(tmp_path / "report")}
    book = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", str(tmp_path / "book.json")]

    with serving(*STILL) as endpoint:
        done = subprocess.run(
            [*book, "-e", json.dumps({**given, **DECLARED, **AROUND})],
            env=in_step(endpoint),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    names = [Path(line).stem.removeprefix("AnsiballZ_") for line in started.read_text(encoding="utf-8").splitlines()]
    assert names == [name for modules in EXPECTED.values() for name in (*modules, "command")]
