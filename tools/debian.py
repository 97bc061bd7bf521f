# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs Debian packages that some tests require, if the user can run apt-get."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence


class InstallError(Exception):
    """Something is missing that the user must install first."""


def run(command: Sequence[str]) -> None:
    """Run a command quietly. Raises InstallError with the output if it fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        raise InstallError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")


def _administrator() -> list[str] | None:
    """Return the prefix that runs a command as root, or None if this user cannot do so."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def install(packages: Sequence[str], purpose: str) -> None:
    """Install packages as root or with passwordless sudo. Raises InstallError if neither is possible."""
    if not packages:
        return
    prefix = _administrator()
    if prefix is None or not shutil.which("apt-get"):
        raise InstallError(f"Install first what {purpose} need (names of Debian): {' '.join(packages)}")
    print(f"Installing {', '.join(packages)} ...", flush=True)
    run([*prefix, "apt-get", "update", "--quiet"])
    run([*prefix, "apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *packages])
