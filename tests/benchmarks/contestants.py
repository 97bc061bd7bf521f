# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to apply the workload, each timed as a user would wait for it: from the start of its process to its end."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service import Recording

HERE = Path(__file__).resolve().parent
# Many times what the slowest contestant takes.
TIMEOUT_SECONDS = 900


class ContestantError(Exception):
    """A contestant failed; holds its output."""


@dataclass(frozen=True)
class Sample:
    """One run. wall: seconds. cpu (seconds), rss (KiB): of the process that made the calls, None if not measured."""

    wall: float
    cpu: float | None = None
    rss: int | None = None


class Contestants:
    """Runs each of the ways against one simulator. folder: a scratch directory of this benchmark's own."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self._folder = folder
        self._usage = folder / "usage"
        self._environment = {name: value for name, value in environment.items() if not name.startswith("ANSIBLE_")} | {
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "PATCHFLEET_BENCH_USAGE": str(self._usage),
            # Without compiled bytecode every way would take longer, those with more imports the most.
            "PYTHONDONTWRITEBYTECODE": "",
        }
        self._interpreter = folder / "measured-python"
        command = shlex.join([sys.executable, "-IS", str(HERE / "measured.py")])
        self._interpreter.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        self._interpreter.chmod(0o755)

    def play(self, name: str, **variables: Any) -> Sample:
        """Run a play; cpu and rss are those of its last module."""
        variables["ansible_python_interpreter"] = str(self._interpreter)
        file = self._folder / "variables.json"
        file.write_text(json.dumps(variables), encoding="utf-8")
        playbook = Path(sys.executable).parent / "ansible-playbook"
        return self._run([str(playbook), str(HERE / "plays" / f"{name}.yml"), "--extra-vars", f"@{file}"])

    def replay(self, recording: Recording, threads: int) -> Sample:
        """Make the calls of a recording with plain boto3."""
        file = self._folder / "recording.json"
        file.write_text(json.dumps(recording.calls), encoding="utf-8")
        return self._run([str(self._interpreter), str(HERE / "replay.py"), str(file), str(threads)])

    def paged(self, listings: list[dict[str, Any]], threads: int) -> Sample:
        """Read listings with plain boto3, and keep nothing."""
        file = self._folder / "listings.json"
        file.write_text(json.dumps(listings), encoding="utf-8")
        return self._run([str(self._interpreter), str(HERE / "paged.py"), str(file), str(threads)])

    def calls(self, recording: list[dict[str, Any]]) -> Sample:
        """Make recorded calls of any service with plain boto3, one at a time."""
        file = self._folder / "calls.json"
        file.write_text(json.dumps(recording), encoding="utf-8")
        return self._run([str(self._interpreter), str(HERE / "calls.py"), str(file)])

    def record(self, module: str, options: dict[str, Any]) -> list[dict[str, Any]]:
        """Run a module, and return the calls that it makes."""
        given, made = self._folder / "options.json", self._folder / "recorded.json"
        given.write_text(json.dumps(options), encoding="utf-8")
        self._run([sys.executable, str(HERE / "record.py"), module, str(given), str(made)])
        recorded: list[dict[str, Any]] = json.loads(made.read_text(encoding="utf-8"))
        return recorded

    def modules(self) -> int:
        """How many processes of modules the last play started."""
        return len(self._usage.read_text(encoding="ascii").splitlines())

    def aws(self, program: Path, *arguments: str) -> Sample:
        """Make one call with the AWS command line."""
        return self._run([str(program), "ssm", *arguments])

    def install_aws(self) -> Path:
        """Install the AWS command line into an environment of its own; return the program."""
        home = self._folder / "awscli"
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "awscli"]
        for command in ([sys.executable, "-m", "venv", str(home)], pip):
            subprocess.run(command, check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""})
        return home / "bin" / "aws"

    def _run(self, command: list[str]) -> Sample:
        self._usage.unlink(missing_ok=True)
        begin = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
        wall = time.perf_counter() - begin
        if done.returncode:
            raise ContestantError(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        if not self._usage.exists():
            return Sample(wall)
        cpu, rss = self._usage.read_text(encoding="ascii").splitlines()[-1].split()
        return Sample(wall, float(cpu), int(rss))
