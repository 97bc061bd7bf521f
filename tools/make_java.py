#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install Java, which ansible-rulebook requires, if it is missing.

usage: make_java.py
"""

from __future__ import annotations

import shutil
import sys

from debian import InstallError, install


def main() -> int:
    """Run from the command line, and return the exit status."""
    try:
        install([] if shutil.which("java") else ["default-jre-headless"], "the tests of the rulebooks")
    except InstallError as problem:
        # Without Java, the tests are skipped with a reason.
        print(problem, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
