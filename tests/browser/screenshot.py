#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the picture of the report that the README shows, of a made-up fleet.

usage: screenshot.py FILE
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from ansible_collections.patchfleet.aws.tests.browser.chromium import Chromium
from ansible_collections.patchfleet.aws.tests.browser.pages import write_page
from ansible_collections.patchfleet.aws.tests.support.report_rows import sample

NODES = 60
# So that its text can be read where the README is 830 pixels wide.
WIDTH = 1000
RULES = {"compliance_percent": 75, "critical_noncompliant": 5, "ungraded": 0, "never_scanned": 1, "uncovered": 0}


def main(target: Path) -> None:
    """Write the picture: the top of the page down to what happens next."""
    with tempfile.TemporaryDirectory() as folder:
        page = write_page(Path(folder, "report.html"), sample(NODES), gate=RULES)
        browser = Chromium(Path(folder, "profile"))
        try:
            browser.open(page, width=WIDTH, scale=2)
            last = browser.find("#next").rect
            picture = browser.picture(WIDTH, round(last["y"] + last["height"] + 12))
        finally:
            browser.quit()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(base64.b64decode(picture))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
