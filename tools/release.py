#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare a release, or check it and create its files.

usage: release.py version VERSION
       release.py check IMPORTER_PYTHON

`version` writes the version to galaxy.yml, and the changelog from its fragments. `check` fails unless the work tree is
clean, the tag of the version is on HEAD, the changelog contains the version, and no fragment is left. Then it builds
the collection twice and compares the bytes, checks it with galaxy-importer, installs it in an empty directory and runs
the playbook of the demo there. The tarball and its checksum are in build/release.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml
from pack import CHECKOUT, pack
from test_install import InstallError
from test_install import check as check_installed

GALAXY = CHECKOUT / "galaxy.yml"
CHANGELOG = CHECKOUT / "CHANGELOG.md"
CHANGES = CHECKOUT / "changelogs" / "changelog.yaml"
FRAGMENTS = CHECKOUT / "changelogs" / "fragments"
RELEASE = CHECKOUT / "build" / "release"
_SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")
_VERSION_LINE = re.compile(r"^version: .+$", re.MULTILINE)
# Lines that galaxy-importer prints if Galaxy would accept a collection only with complaints.
_COMPLAINT = re.compile(r"^(WARNING|ERROR).*$", re.MULTILINE)
# ansible-lint, as galaxy-importer calls it, looks for the playbooks of a collection in a wrong directory.
_UNFOUND = re.compile(r"Failed to find patchfleet\.aws\.(?P<name>\w+) playbook\.")
# galaxy-importer gives ansible-lint three minutes, which a loaded machine exceeds.
_RUN_IMPORTER = """
import subprocess
import sys
from galaxy_importer import main
from galaxy_importer.loaders import collection

class Patient(subprocess.Popen):
    def communicate(self, input=None, timeout=None):
        return super().communicate(input)

collection.Popen = Patient
sys.exit(main.main())
"""


class ReleaseError(Exception):
    """The reason why the release is not possible."""


def git(*arguments: str) -> str:
    """The output of git, without surrounding whitespace."""
    done = subprocess.run(["git", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def tool(name: str) -> str:
    """The path of a program in the current environment."""
    return str(Path(sys.executable).with_name(name))


def current_version() -> str:
    """The version in galaxy.yml."""
    return str(yaml.safe_load(GALAXY.read_text(encoding="utf-8"))["version"])


def precedence(version: str) -> tuple[int, int, int, bool]:
    """The sort key of a semantic version. A pre-release comes before its release."""
    found = _SEMANTIC.fullmatch(version)
    if not found:
        raise ReleaseError(f"{version!r} is not a semantic version, such as 1.0.0 or 1.1.0-rc.1")
    return int(found[1]), int(found[2]), int(found[3]), not found[4]


def with_version(galaxy: str, version: str) -> str:
    """The text of galaxy.yml with another version."""
    return _VERSION_LINE.sub(f"version: {version}", galaxy, count=1)


def set_version(version: str) -> None:
    """Write the version and its changelog."""
    if precedence(version) < precedence(current_version()):
        raise ReleaseError(f"{version} comes before {current_version()}, the version in galaxy.yml")
    GALAXY.write_text(with_version(GALAXY.read_text(encoding="utf-8"), version), encoding="utf-8")
    subprocess.run([tool("antsibull-changelog"), "release"], cwd=CHECKOUT, check=True)
    print(f"Read CHANGELOG.md, then: git add -A && git commit -m 'Release {version}' && git tag -s {version}")


def objections(version: str, changes: dict[str, dict[str, object]], fragments: list[str]) -> Iterator[str]:
    """Problems with the changelog of a release. changes: the releases in changelog.yaml."""
    if not changes.get(version, {}).get("release_date"):
        yield f"changelogs/changelog.yaml has no {version} with a date: run make version VERSION={version}"
    if fragments:
        yield f"changelogs/fragments still holds {', '.join(fragments)}"


def check_state(version: str) -> None:
    """Raise ReleaseError with all problems of the checkout."""
    precedence(version)
    changes = yaml.safe_load(CHANGES.read_text(encoding="utf-8"))["releases"]
    found = list(objections(version, changes, sorted(path.name for path in FRAGMENTS.glob("*.yml"))))
    if version.replace(".", "\\.") not in CHANGELOG.read_text(encoding="utf-8"):
        found.append(f"CHANGELOG.md has no {version}")
    if git("status", "--porcelain"):
        found.append("the work tree is not clean")
    if version not in git("tag", "--points-at", "HEAD").split():
        found.append(f"HEAD does not carry the tag {version}")
    if found:
        raise ReleaseError("; ".join(found))


def packed_twice() -> Path:
    """Build the tarball and return it. A build from a new clone must have the same bytes."""
    shutil.rmtree(RELEASE, ignore_errors=True)
    tarball = pack(RELEASE)
    with tempfile.TemporaryDirectory(prefix="patchfleet-release-") as folder:
        clone = Path(folder, "clone")
        git("clone", "--quiet", "--no-hardlinks", str(CHECKOUT), str(clone))
        subprocess.run([sys.executable, "tools/pack.py", folder], cwd=clone, check=True, stdout=subprocess.DEVNULL)
        if Path(folder, tarball.name).read_bytes() != tarball.read_bytes():
            raise ReleaseError(f"a fresh clone gives another {tarball.name}")
    return tarball


def complaints(output: str, packed: Iterable[str]) -> list[str]:
    """What galaxy-importer complains about, except playbooks that it does not find. packed: names in the tarball."""
    playbooks = {f"playbooks/{found['name']}.yml": found[0] for found in _UNFOUND.finditer(output)}
    mistaken = [text for name, text in playbooks.items() if name in {*packed}]
    lines = [match[0] for match in _COMPLAINT.finditer(output)]
    return [line for line in lines if not any(text in line for text in mistaken)]


def check_importer(tarball: Path, python: str) -> None:
    """Check the tarball with galaxy-importer, like Galaxy. Raises ReleaseError with its complaints."""
    # Absolute, because it runs in another directory. Not resolved, because an environment is a link to Python.
    interpreter = Path(python).absolute()
    environment = {**os.environ, "PATH": f"{interpreter.parent}{os.pathsep}{os.environ['PATH']}"}
    command = [str(interpreter), "-c", _RUN_IMPORTER, str(tarball)]
    with tempfile.TemporaryDirectory(prefix="patchfleet-importer-") as folder:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    with tarfile.open(tarball) as archive:
        found = complaints(done.stdout + done.stderr, archive.getnames())
    if done.returncode or found:
        raise ReleaseError("galaxy-importer: " + ("\n".join(found) or done.stderr[-2000:]))


def write_checksum(tarball: Path) -> None:
    """Write SHA256SUMS to the directory of the tarball."""
    digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
    (RELEASE / "SHA256SUMS").write_text(f"{digest}  {tarball.name}\n", encoding="utf-8")
    print(f"{digest}  {tarball.relative_to(CHECKOUT)}")


def check(importer: str) -> None:
    """Check the release and create its files."""
    version = current_version()
    check_state(version)
    print(f"Version {version}: changelog, work tree and tag fit")
    tarball = packed_twice()
    print("Packed twice with the same bytes")
    check_importer(tarball, importer)
    print("galaxy-importer has no complaint")
    print(check_installed(tarball))
    write_checksum(tarball)


def main(arguments: list[str]) -> int:
    """Run from the command line, and return the exit status."""
    if len(arguments) != 2 or arguments[0] not in ("version", "check"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        (set_version if arguments[0] == "version" else check)(arguments[1])
    except (ReleaseError, InstallError) as problem:
        print(f"No release: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
