#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop the simulator, or run a command against one.

usage: simulator.py start [--port N] [--profile P] [--seed FILE] [--clock ISO] [--still] [--pid-file FILE]
       simulator.py stop [--pid-file FILE]
       simulator.py run [--port N] [--profile P] [--seed FILE] [--clock ISO] [--still] -- COMMAND ...
       simulator.py free-port

`start` prints the endpoint when the simulator is ready. Its output is in `<pid file>.log`. The simulator locks its pid
file while it runs, so that neither a stale file nor another process with the same ID is mistaken for it. `run` runs
COMMAND in an environment that can only reach the simulator, and returns its exit status.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

CHECKOUT = Path(__file__).resolve().parent.parent
PID_FILE = CHECKOUT / ".ansible" / "simulator.pid"
REGION = "eu-west-1"
START_SECONDS = 30.0
STOP_SECONDS = 10.0
# The time at which tests begin.
CLOCK = "2026-01-01T00:00:00Z"
# Options for a simulator whose clock runs from that time, for tests that wait for a command, or stands still.
RUNNING = ("--port", "0", "--clock", CLOCK)
STILL = ("--port", "0", "--clock", CLOCK, "--still")


class SimulatorError(Exception):
    """The simulator did not start or did not stop."""


def free_port() -> int:
    """Return a loopback port that is currently free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(endpoint: str) -> dict[str, str]:
    """Return the environment of this process for the simulator, without the AWS settings of the user.

    Configuration files are also disabled, because a profile can disable endpoint variables.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    aws = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "not-a-real-secret",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    return {**kept, **aws, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def in_step(endpoint: str) -> dict[str, str]:
    """Return the same for a test in which the clock stands still: the collection uses the time of the simulator."""
    with urlopen(f"{endpoint}/_sim/clock") as answer:  # noqa: S310 - the address is our own
        return {**environment(endpoint), "PATCHFLEET_CLOCK": json.load(answer)["now"]}


def launch(arguments: Sequence[str], log: Path, lock: int) -> subprocess.Popen[bytes]:
    """Start the simulator in its own session. It inherits the lock and keeps it until it ends."""
    path = os.pathsep.join([str(CHECKOUT / "tests" / "simulator"), os.environ.get("PYTHONPATH", "")])
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "ssmsim", *arguments],
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[lock],
            start_new_session=True,
        )


def await_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return the endpoint when the simulator has printed it. Raises SimulatorError with its output if it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text(encoding="utf-8").splitlines():
            if line.startswith("READY "):
                return line.removeprefix("READY ").strip()
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise SimulatorError(f"The simulator did not start:\n{log.read_text(encoding='utf-8')}")


def start(arguments: Sequence[str], pid_file: Path = PID_FILE) -> str:
    """Start the simulator in the background, stop any earlier one of this pid file first, and return the endpoint."""
    stop(pid_file)
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    log = Path(f"{pid_file}.log")
    with pid_file.open("w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process = launch(arguments, log, handle.fileno())
        handle.write(f"{process.pid}\n")
    return await_ready(process, log)


def is_running(pid_file: Path) -> bool:
    """Return whether a simulator holds the lock on this pid file."""
    try:
        with pid_file.open("r+", encoding="ascii") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def stop(pid_file: Path = PID_FILE) -> None:
    """Stop the simulator of this pid file, if there is one, and wait until it has ended."""
    if is_running(pid_file):
        pid = int(pid_file.read_text(encoding="ascii"))
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while is_running(pid_file):
            if time.monotonic() > deadline:
                raise SimulatorError(f"The simulator (process {pid}) did not stop within {STOP_SECONDS:.0f} s")
            time.sleep(0.02)
    pid_file.unlink(missing_ok=True)


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """Run a separate simulator for the duration of the block, and yield its endpoint."""
    with tempfile.TemporaryDirectory(prefix="patchfleet-") as folder:
        pid_file = Path(folder, "simulator.pid")
        try:
            yield start(arguments or ["--port", "0"], pid_file)
        finally:
            stop(pid_file)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line according to the usage above."""
    parser = argparse.ArgumentParser(description="Start and stop the simulator, or run a command against one.")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("free-port", help="print a free loopback port")
    starting = [actions.add_parser("start", help="in the background"), actions.add_parser("run", help="for a command")]
    for action in starting:
        action.add_argument("--port", default="0", help="0, the default, takes a free one")
        for name in ("--profile", "--seed", "--clock"):
            action.add_argument(name)
        action.add_argument("--still", action="store_true", help="time passes only where a test moves the clock")
    starting[1].add_argument("command", nargs="+")
    for action in (starting[0], actions.add_parser("stop", help="the one that the pid file names")):
        action.add_argument("--pid-file", type=Path, default=PID_FILE)
    return parser.parse_args(arguments)


def simulator_arguments(options: argparse.Namespace) -> list[str]:
    """Return the command line of the simulator, without omitted and empty options."""
    names = ("port", "profile", "seed", "clock")
    given = [part for name in names if (value := getattr(options, name)) for part in (f"--{name}", value)]
    return [*given, "--still"] if options.still else given


def run_command(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a command with the programs of this environment first in its path, and return its exit status."""
    path = os.pathsep.join([str(Path(sys.executable).parent), variables.get("PATH", os.defpath)])
    # subprocess searches the command in the path of this process, not in the one that it passes on.
    program = shutil.which(command[0], path=path)
    if program is None:
        raise SimulatorError(
            f"There is no command {command[0]}. Run `make setup`, then .venv/bin/python {sys.argv[0]} ..."
        )
    return subprocess.run([program, *command[1:]], env={**variables, "PATH": path}, check=False).returncode


def main(arguments: Sequence[str]) -> int:
    """Run from the command line, and return the exit status."""
    options = parse(arguments)
    try:
        if options.action == "free-port":
            print(free_port())
        elif options.action == "start":
            print(start(simulator_arguments(options), options.pid_file))
        elif options.action == "stop":
            stop(options.pid_file)
        else:
            # The simulator of a terminated run must also end.
            signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
            with serving(*simulator_arguments(options)) as endpoint:
                return run_command(options.command, (in_step if options.still else environment)(endpoint))
    except SimulatorError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
