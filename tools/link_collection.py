#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Link the checkout as an Ansible collection, like an editable install of a Python package.

usage: link_collection.py [DIRECTORY]

The link is DIRECTORY/ansible_collections/<namespace>/<name>. The default directory is site-packages of the interpreter
that runs this script, where Ansible, pytest and the documentation tools find collections.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def collection_path() -> Path:
    """Return `<namespace>/<name>` from galaxy.yml."""
    metadata = (CHECKOUT / "galaxy.yml").read_text(encoding="utf-8")
    fields = dict(re.findall(r"^(namespace|name): *(\w+)$", metadata, re.MULTILINE))
    return Path(fields["namespace"], fields["name"])


def link(directory: Path) -> Path:
    """Create or correct the link in `directory` and return it. Raises FileExistsError if another file has its name."""
    place = directory / "ansible_collections" / collection_path()
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink() and place.readlink() == CHECKOUT:
        # Checks may be using it while another environment is made.
        return place
    if place.is_symlink():
        place.unlink()
    place.symlink_to(CHECKOUT, target_is_directory=True)
    return place


if __name__ == "__main__":
    link(Path(sys.argv[1] if len(sys.argv) > 1 else sysconfig.get_path("purelib")))
