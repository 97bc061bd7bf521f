#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the missing requirements of the browser tests of the report.

usage: make_browser.py

Chromium and its driver are installed as Debian packages, as root or with passwordless sudo. Selenium is installed in
the virtual environment that runs this script, and axe-core, in the version of tests/browser/package-lock.json, in
.ansible. If nothing is missing, nothing is downloaded.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from debian import InstallError, install, run

CHECKOUT = Path(__file__).resolve().parent.parent
TESTS = CHECKOUT / "tests" / "browser"
MODULES = CHECKOUT / ".ansible" / "browser"
AXE = MODULES / "node_modules" / "axe-core"
# The commands and their Debian packages.
PACKAGES = {"chromium": "chromium", "chromedriver": "chromium-driver", "npm": "npm"}


def install_commands() -> None:
    """Install the packages of missing commands."""
    install([package for command, package in PACKAGES.items() if not shutil.which(command)], "the browser tests")


def install_selenium() -> None:
    """Install requirements.txt, with uv like tools/make_venv.py, or else with pip."""
    wanted = ["install", "--quiet", "-r", str(TESTS / "requirements.txt")]
    try:
        run([sys.executable, "-m", "uv", "pip", *wanted])
    except InstallError:
        run([sys.executable, "-m", "pip", *wanted])


def install_axe() -> None:
    """Install axe-core unless it has the required version already."""
    wanted = json.loads((TESTS / "package.json").read_text(encoding="utf-8"))["dependencies"]["axe-core"]
    manifest = AXE / "package.json"
    if manifest.is_file() and json.loads(manifest.read_text(encoding="utf-8"))["version"] == wanted:
        return
    MODULES.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(TESTS / name, MODULES)
    run(["npm", "ci", "--prefix", str(MODULES), "--ignore-scripts", "--no-audit", "--no-fund"])


def main() -> int:
    """Run from the command line, and return the exit status."""
    try:
        install_commands()
        install_selenium()
        install_axe()
    except InstallError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
