#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `ansible-test sanity` without containers on the content of the built collection.

usage: sanity.py TARBALL [ARGUMENT ...]

ansible-test requires a directory `ansible_collections/<namespace>/<name>` outside of any other git work tree, does not
find collections in site-packages, and downloads pip's bootstrap script from its own host. Therefore, the tarball is
unpacked in a temporary directory with links to its dependencies, and the cache of ansible-test gets a stub of the
script that uses uv, or the pip of Python. Its virtual environments are kept in `.ansible/test-home`.

All tests run with the Python of this environment. Without further arguments, `compile` and `import` also run with all
other versions of Python on this machine that this ansible-core supports. With those, modules and plugins are imported,
which import all of module_utils, but not each of its files by itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ansible_test._internal.constants import CONTROLLER_PYTHON_VERSIONS
from make_venv import SetupError, find_interpreter

CHECKOUT = Path(__file__).resolve().parent.parent
HOME = CHECKOUT / ".ansible" / "test-home"
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
COLLECTION = Path("patchfleet", "aws")
DEPENDENCIES = ("amazon", "community")
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"

PIP_BOOTSTRAP = """\
import os
import shutil
import subprocess
import sys

packages = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
uv = shutil.which("uv")
command = [uv, "pip", "install", "--quiet", "--python", sys.executable, *packages]
if not uv or subprocess.call(command, env={**os.environ, "UV_SYSTEM_CERTS": "1"}):
    subprocess.check_call([sys.executable, "-m", "ensurepip"])
    subprocess.check_call([sys.executable, "-m", "pip", "install", *packages])
"""


def install_bootstrap() -> None:
    """Write the stub with the name that this release of ansible-test expects, `get_pip_<version>.py`."""
    source = SITE_PACKAGES / "ansible_test" / "_internal" / "python_requirements.py"
    versions = re.findall(r"pip=['\"]([0-9.]+)['\"]", source.read_text(encoding="utf-8"))
    if not versions:
        raise SystemExit(f"{source} no longer names the version of pip that it bootstraps: adapt tools/sanity.py")
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in versions:
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(PIP_BOOTSTRAP, encoding="utf-8")


def lay_out(tarball: Path, folder: Path) -> Path:
    """Unpack the collection in `folder`, add its test settings and dependencies, and return its path."""
    collections = folder / "ansible_collections"
    place = collections / COLLECTION
    with tarfile.open(tarball) as archive:
        archive.extractall(place, filter="data")
    (place / "tests").mkdir()
    shutil.copy(CHECKOUT / "tests" / "config.yml", place / "tests")
    if (CHECKOUT / "tests" / "sanity").is_dir():
        shutil.copytree(CHECKOUT / "tests" / "sanity", place / "tests" / "sanity")
    for namespace in DEPENDENCIES:
        (collections / namespace).symlink_to(SITE_PACKAGES / "ansible_collections" / namespace)
    return place


def other_pythons() -> Iterator[tuple[str, Path]]:
    """The other Python versions that this ansible-core supports on a controller, with their paths on this machine."""
    for version in CONTROLLER_PYTHON_VERSIONS:
        if version == OWN:
            continue
        try:
            yield version, find_interpreter(f"python{version}")
        except SetupError:
            print(f"Python {version} is not installed: left out", flush=True)


def run(place: Path, version: str, *arguments: str, path: str = os.environ["PATH"]) -> int:
    """Run the sanity tests with one version of Python, and return the exit status."""
    command = ["ansible-test", "sanity", "--local", "--python", version, "--color", "no", *arguments]
    return subprocess.run(
        command, cwd=place, env={**os.environ, "HOME": str(HOME), "PATH": path}, check=False
    ).returncode


def main(arguments: list[str]) -> int:
    """Run from the command line, and return the exit status of ansible-test."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    install_bootstrap()
    with tempfile.TemporaryDirectory(prefix="patchfleet-sanity-") as folder:
        place = lay_out(Path(arguments[0]), Path(folder))
        failed = run(place, OWN, *arguments[1:])
        for version, interpreter in () if arguments[1:] else other_pythons():
            # Before the stubs of a version manager, and after the tools of this environment.
            path = os.pathsep.join([str(Path(sys.executable).parent), str(interpreter.parent), os.environ["PATH"]])
            entries = [f"plugins/{kind.name}/" for kind in (place / "plugins").iterdir() if kind.name != "module_utils"]
            for test in (["--test", "compile"], ["--test", "import", *entries]):
                failed = run(place, version, *test, path=path) or failed
        return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
