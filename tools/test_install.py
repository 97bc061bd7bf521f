#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the built collection in an empty directory and use it from there, like its users.

usage: test_install.py TARBALL

Checks that the tarball contains no development files. Then deletes everything from the installed collection except the
directories that Ansible's requirements allow it to use: meta, plugins, roles and playbooks. With these, the
documentation of all modules and roles must be readable, a module must create a maintenance window in the simulator and
change nothing in a second run, and the playbook of the demo must do the same with its setup.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from simulator import environment, serving

COLLECTION = "patchfleet.aws"
SETUP = "patch_server_environment"
DEVELOPMENT = {
    "tests",
    "tools",
    "extensions/molecule",
    "build",
    "Makefile",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements-docs.txt",
    "requirements-release.txt",
}
KEPT = {"meta", "plugins", "roles", "playbooks"}
RULEBOOK = "extensions/eda/rulebooks/patch_events.yml"
WINDOW = {"name": "install-test", "schedule": "rate(7 days)", "duration": 2, "cutoff": 1}


class InstallError(Exception):
    """The built collection does not work, with the reason."""


def members(tarball: Path) -> list[PurePosixPath]:
    """Return the paths in the tarball. Raises InstallError for development files, or if the rulebooks are missing."""
    with tarfile.open(tarball) as archive:
        paths = [PurePosixPath(name) for name in archive.getnames()]
    stray = [
        str(path) for path in paths if path.name.startswith(".") or any(path.is_relative_to(one) for one in DEVELOPMENT)
    ]
    if stray:
        raise InstallError(f"The tarball holds files that only development needs: {', '.join(stray)}")
    if PurePosixPath(RULEBOOK) not in paths:
        raise InstallError(f"The tarball lacks {RULEBOOK}")
    return paths


def contents(paths: list[PurePosixPath]) -> dict[str, list[str]]:
    """Return the names that ansible-doc lists, by type: `{"module": [...], "role": [...]}`."""
    modules = [path.stem for path in paths if path.parent == PurePosixPath("plugins/modules") and path.suffix == ".py"]
    roles = [path.parts[1] for path in paths if path.match("roles/*/meta/argument_specs.yml")]
    return {"module": [name for name in modules if name != "__init__"], "role": roles}


def output(command: list[str], folder: Path, env: dict[str, str]) -> str:
    """Run the command in `folder` and return its output. Raises InstallError with the output if it fails."""
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def delete_the_rest(collection: Path) -> None:
    """Delete the files that a collection must not require."""
    for path in collection.iterdir():
        if path.is_dir() and path.name not in KEPT:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()


def check_documentation(kind: str, names: list[str], folder: Path, env: dict[str, str]) -> None:
    """Read the documentation of all plugins of one type, which must be from `folder` and not from the checkout."""
    full_names = [f"{COLLECTION}.{name}" for name in names]
    documents = json.loads(output(["ansible-doc", "--json", "--type", kind, *full_names], folder, env))
    for name in full_names:
        document = documents[name]
        origin = document["path"] if kind == "role" else document["doc"]["filename"]
        if not Path(origin).resolve().is_relative_to(folder.resolve()):
            raise InstallError(f"{name} was read from {origin}, not from the installed collection")


def apply_window(folder: Path, env: dict[str, str]) -> dict[str, Any]:
    """Run the module once from the command line and return its result."""
    command = ["ansible", "localhost", "-m", f"{COLLECTION}.ssm_maintenance_window", "-a", json.dumps(WINDOW)]
    run = {**env, "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1", "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    plays = json.loads(output(command, folder, run))["plays"]
    result: dict[str, Any] = plays[0]["tasks"][0]["hosts"]["localhost"]
    return result


def check_module(folder: Path, env: dict[str, str]) -> None:
    """Declare a window twice. The first run must create it, and the second run must change nothing."""
    first, second = apply_window(folder, env), apply_window(folder, env)
    if not first["changed"] or second["changed"]:
        raise InstallError(f"The window was not created once: {first} then {second}")
    if first["window"]["window_id"] != second["window"]["window_id"]:
        raise InstallError(f"The second run found another window: {first} then {second}")


def check_playbook(folder: Path, env: dict[str, str]) -> None:
    """Run the playbook of the demo twice with the installed variables. Only the first run must change something."""
    variables = folder / "ansible_collections" / "patchfleet" / "aws" / "playbooks" / "vars" / f"{SETUP}.yml"
    command = ["ansible-playbook", f"{COLLECTION}.setup", "-e", f"@{variables}"]
    recaps = [re.search(r"changed=(\d+)", output(command, folder, env)) for _run in range(2)]
    changed = [recap and recap[1] for recap in recaps]
    if changed != ["1", "0"]:
        raise InstallError(f"{' '.join(command)}: changed is {changed[0]} and then {changed[1]}, not 1 and 0")


def check(tarball: Path) -> str:
    """Run all checks in a temporary directory, and return a line with the result."""
    found = contents(members(tarball))
    with tempfile.TemporaryDirectory(prefix="patchfleet-install-") as name, serving() as endpoint:
        folder = Path(name)
        env = {**environment(endpoint), "ANSIBLE_COLLECTIONS_PATH": name, "ANSIBLE_HOME": os.path.join(name, "home")}
        env.pop("PYTHONPATH", None)
        # The link to the checkout counts as installed, so nothing would be unpacked without --force.
        install = ["ansible-galaxy", "collection", "install", str(tarball), "-p", name, "--offline", "--force"]
        output([*install, "--no-deps"], folder, env)
        delete_the_rest(folder / "ansible_collections" / "patchfleet" / "aws")
        for kind, names in found.items():
            if names:
                check_documentation(kind, names, folder, env)
        check_module(folder, env)
        check_playbook(folder, env)
    return f"{tarball.name}: {len(found['module'])} modules and {len(found['role'])} roles work when installed"


def main(arguments: list[str]) -> int:
    """Run from the command line, and return the exit status."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(check(Path(arguments[0]).resolve()))
    except InstallError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
