# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many processes the roles and playbooks start, each of which takes longer than many API calls, and their size."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import playbook
from simulator import in_step

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
    # What is read is in the directory of the run.
    "patch_report": ["ssm_patch_report_info", "patch_report"],
}

# Of the playbook setup. Each takes some 50 ms for each host, whatever it does.
TASKS = [
    "Validate the variables",
    "Assume the role and check the account",
    "Validate the variables of the role",
    "Manage the setup, and show what it leads to",
    "Bulk | Manage patch baselines and maintenance windows",
    "Bulk | Show the summary",
    "Pass the result to the next workflow step",
]
ROLE = {"aws_role_arn": "arn:aws:iam::100000000001:role/patching", "aws_account_id": "100000000001"}
LOADED = "import sys, importlib; importlib.import_module(sys.argv[1]); print(*sys.modules)"
# Of the module of a setup: each file takes time in each play, since Ansible parses it and the module compiles it.
FILES, BYTES = 65, 440_000


class Started:
    """Modules that plays start. names: in their order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._python = folder / "python"
        self._programs = folder / "programs"
        self._programs.mkdir()
        # Each module is a program of Ansible's that the interpreter gets.
        self._python.write_text(
            "#!/bin/sh\n"
            f'cp "$1" {shlex.quote(str(self._programs))}/$(date +%s%N)-$(basename "$1")\n'
            f'exec {shlex.quote(sys.executable)} "$@"\n',
            encoding="utf-8",
        )
        self._python.chmod(0o755)

    def play(self, endpoint: str, *arguments: str, **variables: Any) -> list[str]:
        """Run a playbook, and return the names of its tasks, each of which forks a process for each host."""
        given = {"ansible_python_interpreter": str(self._python), **variables}
        done = subprocess.run(
            [*playbook(), "-i", "localhost,", *arguments, "-e", json.dumps(given)],
            env={**in_step(endpoint), "PATCHFLEET_MODULES": "processes"},
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return re.findall(r"^TASK \[(?:[\w.]+ : )?(.*)\]", done.stdout, re.MULTILINE)

    @property
    def names(self) -> list[str]:
        """The modules, without their collection."""
        return [path.stem.partition("AnsiballZ_")[2] for path in sorted(self._programs.iterdir())]

    def packed(self) -> ZipFile:
        """What the program of the last module contains."""
        text = sorted(self._programs.iterdir())[-1].read_text(encoding="utf-8")
        return ZipFile(BytesIO(b64decode(max(re.findall("[A-Za-z0-9+/=]+", text), key=len))))


@pytest.fixture
def started(tmp_path: Path) -> Started:
    """The modules of the plays of a test."""
    return Started(tmp_path)


def test_a_role_starts_few_processes_however_much_it_manages(started: Started, emptied: str, tmp_path: Path) -> None:
    local = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    # A task between the roles shows where one ends.
    mark = {"ansible.builtin.command": {"argv": ["true"]}, "changed_when": False}
    plays = [{"name": role, **local, "roles": [f"patchfleet.aws.{role}"], "post_tasks": [mark]} for role in EXPECTED]
    book = tmp_path / "book.json"
    book.write_text(json.dumps(plays), encoding="utf-8")

    started.play(emptied, str(book), patch_report_dest=str(tmp_path / "report"), **DECLARED, **AROUND)

    assert started.names == [name for modules in EXPECTED.values() for name in (*modules, "command")]


@pytest.mark.parametrize("host", [{}, {"aws_account_id": "123456789012"}, ROLE])
def test_a_playbook_starts_no_process_before_the_role(started: Started, emptied: str, host: dict[str, str]) -> None:
    tasks = started.play(emptied, "patchfleet.aws.setup", **host, **DECLARED)

    assert started.names == ["ssm_patch_setup"]
    assert tasks == TASKS


def test_what_is_packed_for_a_setup_is_needed(started: Started, emptied: str) -> None:
    started.play(emptied, "patchfleet.aws.setup", **DECLARED)

    packed = {one.filename: one.file_size for one in started.packed().infolist() if "/patchfleet/" in one.filename}
    files = {name: size for name, size in packed.items() if size}
    command = [sys.executable, "-c", LOADED, "ansible_collections.patchfleet.aws.plugins.modules.ssm_patch_setup"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files} <= {*loaded}
    assert len(files) <= FILES
    assert sum(files.values()) <= BYTES
