#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create the virtual environment for development and tests, with the checkout linked into it.

usage: make_venv.py DIRECTORY INTERPRETER [CONSTRAINTS]

INTERPRETER is a path or a command name such as ``python3.13``. A command on PATH can be a stub of a version manager
that only prints an error, so each candidate is tried. DIRECTORY is replaced. On success, its file ``.stamp`` contains
the path of the checkout, which no longer matches after the checkout is moved. CONSTRAINTS is a pip constraints file.

This script runs before anything is installed, with any ``python3``. It uses only the standard library and no syntax
newer than Python 3.8, so that an old interpreter prints the message about its version instead of a SyntaxError.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator, List

OLDEST = (3, 11)
CHECKOUT = Path(__file__).resolve().parent.parent
PROBE = "import sys; print(*sys.version_info[:2]); import ensurepip, venv"


class SetupError(Exception):
    """Something prevents the creation of the environment, and the user must change it."""


def candidates(name: str) -> Iterator[Path]:
    """Yield the files that `name` can refer to: a path, commands on PATH, and versions in pyenv that are not active."""
    if os.sep in name:
        yield Path(name)
        return
    for folder in os.get_exec_path():
        # Environments of this checkout are about to be replaced.
        if CHECKOUT not in Path(folder).absolute().parents:
            yield Path(folder, name)
    if re.fullmatch(r"python3\.\d+", name):
        pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
        yield from sorted(pyenv.glob("versions/*/bin/" + name), reverse=True)


def complaint(interpreter: Path) -> str | None:
    """Run the interpreter, and return the reason why it cannot be used, or None if it can."""
    try:
        probe = subprocess.run([str(interpreter), "-c", PROBE], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    version = re.fullmatch(r"(\d+) (\d+)", probe.stdout.strip())
    if version is None:
        return f"it does not run (exit status {probe.returncode})"
    if (int(version[1]), int(version[2])) < OLDEST:
        return f"it is Python {version[1]}.{version[2]}, and {OLDEST[0]}.{OLDEST[1]} is the oldest supported"
    if probe.returncode:
        return "its venv module is missing (on Debian and Ubuntu: the package python3-venv)"
    return None


def find_interpreter(name: str) -> Path:
    """Return the first usable interpreter of that name. Raises SetupError with the problem of each candidate."""
    found = []
    for candidate in candidates(name):
        if candidate.is_file():
            problem = complaint(candidate)
            if problem is None:
                return candidate
            found.append(f"\n  {candidate}: {problem}")
    details = "".join(found) or " no such command"
    raise SetupError(f"No usable interpreter {name!r}:{details}\nChoose another: make PYTHON=/path/to/python3.13 ...")


def run(*command: str | Path, **environment: str) -> None:
    """Run a command quietly. Raises SetupError with the output if it fails."""
    arguments = [str(part) for part in command]
    done = subprocess.run(
        arguments,
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetupError(f"{' '.join(arguments)}: exit status {done.returncode}\n{done.stdout}")


def install(python: Path, constraints: List[str]) -> None:
    """Install requirements-dev.txt with uv, which takes a fifth of the time of pip, or else with pip."""
    wanted = ["-r", "requirements-dev.txt", *(part for path in constraints for part in ("-c", path))]
    try:
        run(python, "-m", "pip", "install", "--quiet", "uv")
        # uv does not read the configuration of pip, so the certificates of the machine must be enabled.
        run(python, "-m", "uv", "pip", "install", "--quiet", *wanted, UV_SYSTEM_CERTS="1")
    except SetupError as problem:
        print(f"uv could not install the requirements, pip takes over:\n{problem}", file=sys.stderr)
        run(python, "-m", "pip", "install", "--quiet", *wanted)


def make(directory: Path, interpreter: Path, constraints: List[str]) -> None:
    """Create the environment in `directory`, and replace an earlier one."""
    if directory.exists():
        if not (directory / "pyvenv.cfg").exists():
            raise SetupError(f"{directory} is there and is no virtual environment: it is left alone")
        shutil.rmtree(directory)
    run(interpreter, "-m", "venv", directory)
    python = directory / "bin" / "python"
    install(python, constraints)
    run(python, CHECKOUT / "tools" / "link_collection.py")
    run(python, CHECKOUT / "tools" / "link_collection.py", CHECKOUT / ".ansible" / "source")
    (directory / ".stamp").write_text(f"{CHECKOUT}\n", encoding="utf-8")


def main() -> int:
    """Run from the command line, and return the exit status."""
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    directory, name = CHECKOUT / sys.argv[1], sys.argv[2]
    started = time.monotonic()
    try:
        interpreter = find_interpreter(name)
        print(f"Setting up {sys.argv[1]} with {interpreter} (once) ...", flush=True)
        make(directory, interpreter, sys.argv[3:])
    except SetupError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"Set-up done in {time.monotonic() - started:.0f} s.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
