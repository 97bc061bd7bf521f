#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection in a directory, with the same bytes for the same commit.

usage: pack.py DIRECTORY

ansible-galaxy writes the files in the order of the file system, with the times of the checkout, and with empty
directories, which a clone does not have. Here, the files are sorted, empty directories are omitted, the lists and
checksums are adapted, and all times are that of the last commit.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
MANIFEST, FILES = "MANIFEST.json", "FILES.json"


def commit_time() -> int:
    """The time of the last commit, in seconds since 1970."""
    command = ["git", "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout)


def dumped(data: Any) -> bytes:
    """JSON in the format of ansible-galaxy."""
    return json.dumps(data, indent=True).encode()


def filled(names: Iterable[str]) -> set[str]:
    """The parent directories of these files and links, including "."."""
    return {str(folder) for name in names for folder in PurePosixPath(name).parents}


def ordered(manifest: bytes, files: bytes) -> tuple[bytes, bytes]:
    """The manifest and the list of files, sorted by name and without empty directories."""
    listing = json.loads(files)
    kept = filled(entry["name"] for entry in listing["files"] if entry["ftype"] == "file")
    listing["files"] = sorted(
        (entry for entry in listing["files"] if entry["ftype"] == "file" or entry["name"] in kept),
        key=lambda entry: entry["name"],
    )
    listed = dumped(listing)
    described = json.loads(manifest)
    described["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(listed).hexdigest()
    return dumped(described), listed


def repacked(tarball: Path, time: int) -> bytes:
    """The bytes of a built collection, which depend only on its content, not on the machine."""
    with tarfile.open(tarball) as archive:
        members = {member.name: member for member in archive.getmembers()}
        content = {
            name: stream.read()
            for name, member in members.items()
            if member.isfile() and (stream := archive.extractfile(member))
        }
    content[MANIFEST], content[FILES] = ordered(content[MANIFEST], content[FILES])
    packed = io.BytesIO()
    # ansible-galaxy reads the manifest first.
    kept = {name for name, member in members.items() if not member.isdir()}
    kept |= filled(kept) & set(members)
    names = [MANIFEST, FILES, *sorted(kept - {MANIFEST, FILES})]
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in names:
            member = members[name]
            member.mtime, member.pax_headers = time, {}
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.size = len(content.get(name, b""))
            archive.addfile(member, io.BytesIO(content[name]) if name in content else None)
    return gzip.compress(packed.getvalue(), 9, mtime=time)


def pack(folder: Path) -> Path:
    """Build the collection in `folder` and return the tarball."""
    folder.mkdir(parents=True, exist_ok=True)
    galaxy = str(Path(sys.executable).with_name("ansible-galaxy"))
    with tempfile.TemporaryDirectory(prefix="patchfleet-pack-") as scratch:
        command = [galaxy, "collection", "build", "--output-path", scratch]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{done.stdout}{done.stderr}")
        (built,) = Path(scratch).glob("*.tar.gz")
        tarball = folder / built.name
        tarball.write_bytes(repacked(built, commit_time()))
    return tarball


def main(arguments: list[str]) -> int:
    """Run from the command line, and return the exit status."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    print(f"Packed {pack(Path(arguments[0]))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
