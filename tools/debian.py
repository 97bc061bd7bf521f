# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of Debian that some tests need, installed where apt-get may be run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence


class InstallError(Exception):
    """What the user has to install first."""


def run(command: Sequence[str]) -> None:
    """Run quietly; raise InstallError with the output if the command fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        raise InstallError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")


def _administrator() -> list[str] | None:
    """Return what a command of an administrator begins with, or None if this user cannot run one."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def install(packages: Sequence[str], purpose: str) -> None:
    """Install packages, by root or by sudo without a password; raise InstallError where neither can be used."""
    if not packages:
        return
    prefix = _administrator()
    if prefix is None or not shutil.which("apt-get"):
        raise InstallError(f"Install first what {purpose} need (names of Debian): {' '.join(packages)}")
    print(f"Installing {', '.join(packages)} ...", flush=True)
    run([*prefix, "apt-get", "update", "--quiet"])
    run([*prefix, "apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *packages])
