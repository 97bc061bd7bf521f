#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Link the checkout as an Ansible collection, as an editable install links a Python package.

usage: link_collection.py [DIRECTORY]

The link is DIRECTORY/ansible_collections/<namespace>/<name>; without DIRECTORY it goes into the site-packages of the
interpreter that runs this, where Ansible, pytest and the documentation tools look for collections by themselves.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def collection_path() -> Path:
    """Return `<namespace>/<name>` as galaxy.yml states them."""
    metadata = (CHECKOUT / "galaxy.yml").read_text(encoding="utf-8")
    fields = dict(re.findall(r"^(namespace|name): *(\w+)$", metadata, re.MULTILINE))
    return Path(fields["namespace"], fields["name"])


def link(directory: Path) -> Path:
    """Make or renew the link below `directory` and return it; raise FileExistsError if something else is there."""
    place = directory / "ansible_collections" / collection_path()
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink():
        place.unlink()
    place.symlink_to(CHECKOUT, target_is_directory=True)
    return place


if __name__ == "__main__":
    link(Path(sys.argv[1] if len(sys.argv) > 1 else sysconfig.get_path("purelib")))
