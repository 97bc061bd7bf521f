#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible commands without their startup time: a process that has imported Ansible, boto3 and the collection forks for
each call. Settings, inventories, variables, roles and output are the same as in a separate process.

Modules for AWS and for files run in the worker of their task, as in playbook_command.py, unless the environment
variable PATCHFLEET_MODULES is `processes`.

usage: ansible_commands.py FOLDER

Writes `ansible`, `ansible-inventory` and `ansible-playbook` to FOLDER, prints READY, and serves until its input ends.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

COMMANDS = {"ansible": "adhoc.AdHocCLI", "ansible-inventory": "inventory.InventoryCLI"}
COMMANDS["ansible-playbook"] = "playbook.PlaybookCLI"
# The variables that Ansible reads when it is imported.
_SETTINGS = ("ANSIBLE_", "NO_COLOR", "PYTHON", "HOME", "LANG", "LC_", "TZ", "TERM", "COLUMNS")
# Settings that a plugin reads when a command runs.
_OF_PLUGINS = ("ANSIBLE_CACHE_PLUGIN_CONNECTION",)
# Plugins of most playbooks. The first filter of a collection loads the others, too.
_PLUGINS = {
    "action": "assert debug fail include_vars normal set_fact set_stats patchfleet.aws.preflight",
    "cache": "memory",
    "filter": "ansible.builtin.combine patchfleet.aws.summary",
    "inventory": "host_list script auto yaml ini toml",
    "strategy": "linear",
    "test": "ansible.builtin.version",
}
# The number of standby processes with other settings.
_AT_ONCE = 8
_CLIENT = """\
import json, os, signal, socket, struct, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
call = json.dumps((sys.argv, os.getcwd(), dict(os.environ))).encode()
socket.send_fds(server, [struct.pack("I", len(call))], [0, 1, 2])
server.sendall(call)
process = struct.unpack("i", server.recv(4))[0]
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _frame: os.kill(process, number))
status = server.recv(4)
sys.exit(struct.unpack("i", status)[0] if status else 70)
"""


@cache
def commands() -> Path:
    """Start the server of this process once, and return the directory with the commands."""
    usual = Path(sys.executable).parent
    if "COVERAGE_PROCESS_START" in os.environ:
        # Forked processes do not report their coverage.
        return usual
    folder = tempfile.TemporaryDirectory(prefix="patchfleet-")
    command = [sys.executable, "-P", __file__, folder.name]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin
    assert server.stdout
    if server.stdout.readline() != b"READY\n":
        raise RuntimeError("the server of Ansible's commands did not start")

    def end() -> None:
        server.stdin.close()  # type: ignore[union-attr]
        server.wait()
        folder.cleanup()

    atexit.register(end)
    return Path(folder.name)


def playbook() -> list[str]:
    """The command that runs a playbook."""
    return [str(commands() / "ansible-playbook")]


def write_commands(folder: Path, address: str) -> None:
    """Write the client commands."""
    for name in COMMANDS:
        path = folder / name
        path.write_text(f"#!{sys.executable} -IS\n{_CLIENT.format(address=address)}", encoding="utf-8")
        path.chmod(0o700)


def settings_of(environment: dict[str, str], folder: str) -> tuple[Any, ...]:
    """The settings that Ansible reads when it is imported. Calls with other settings require another process."""
    settings = (pair for pair in environment.items() if pair[0] not in _OF_PLUGINS)
    chosen = sorted(pair for pair in settings if pair[0].startswith(_SETTINGS))
    own = os.path.join(folder, "ansible.cfg")
    return (*chosen, own if os.path.exists(own) else "")


def received(connection: socket.socket) -> tuple[list[int], bytes]:
    """A call: the files of its client, and its message."""
    head, files, _flags, _address = socket.recv_fds(connection, 4, 4)
    if len(head) < 4:
        raise EOFError
    left, said = struct.unpack("I", head)[0], b""
    while len(said) < left:
        said += connection.recv(left - len(said))
    return list(files), said


def load_services() -> None:
    """Import boto3 and the libraries of Ansible, and load the models of the most frequently used services."""
    import boto3
    import botocore.loaders
    import botocore.session

    for name in ("jinja2.nativetypes", "packaging.requirements", "resolvelib", "yaml"):
        import_module(name)
    loader = botocore.loaders.Loader()
    botocore.session.create_loader = lambda _path=None: loader
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "eu-west-1"}
    for service in ("ssm", "sts", "ec2"):
        boto3.session.Session(**keys).client(service)


def code(loader: Any, name: str) -> Any:
    """Return the code of a file of a collection from its bytecode; Ansible compiles the source in each process."""
    path = loader._source_code_path
    return SourceFileLoader(name, path).get_code(name) if path else None


def remember_actions() -> None:
    """Look up the modules of the action group once; Ansible searches the files of each in each process."""
    from ansible.playbook.base import Base
    from ansible.playbook.play import Play

    look_up = Base._resolve_action
    known: dict[str, Any] = {}

    def resolve(base: Any, name: str, mandatory: bool = True) -> Any:
        if name not in known:
            known[name] = look_up(base, name, mandatory)
        return known[name]

    Base._resolve_action = resolve
    Play()._resolve_group("patchfleet.aws.all")


def load() -> None:
    """Import the requirements of a command, with the settings of this process."""
    from ansible import cli
    from ansible.plugins import loader
    from ansible.utils.collection_loader import _collection_finder

    _collection_finder._AnsibleCollectionPkgLoaderBase.get_code = code
    loader.init_plugin_loader()
    cli.init_plugin_loader = lambda *_paths: None
    for name in COMMANDS.values():
        import_module(f"ansible.cli.{name.partition('.')[0]}")
    import_module("ansible.executor.task_queue_manager")
    import_module("ansible_collections.patchfleet.aws.tests.support.playbook_command")
    modules = Path(__file__).resolve().parents[2] / "plugins" / "modules"
    for path in sorted(modules.glob("[a-z]*.py")):
        import_module(f"ansible_collections.patchfleet.aws.plugins.modules.{path.stem}")
    for name in ("copy", "file", "stat", "tempfile"):
        import_module(f"ansible.modules.{name}")
    # A playbook loads all plugins of these kinds with their documentation.
    for kind in ("become", "connection", "shell"):
        list(getattr(loader, f"{kind}_loader").all(class_only=True))
    for kind, names in _PLUGINS.items():
        for name in names.split():
            getattr(loader, f"{kind}_loader").get(name, class_only=True)
    remember_actions()


def carry_out(arguments: list[str]) -> int:
    """Run an Ansible command in this process, and return its exit status."""
    from ansible.plugins.action import ActionBase
    from ansible_collections.patchfleet.aws.tests.support.playbook_command import execute

    if os.environ.get("PATCHFLEET_MODULES") != "processes":
        ActionBase._execute_module = execute
    module, _dot, name = COMMANDS[Path(arguments[0]).name].partition(".")
    sys.argv = arguments
    try:
        getattr(import_module(f"ansible.cli.{module}"), name).cli_executor(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def answer(connection: socket.socket, files: list[int], said: bytes) -> None:
    """Run a call in this process, with the files of its client, and report its exit status."""
    atexit._clear()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    arguments, folder, environment = json.loads(said)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    connection.send(struct.pack("i", os.getpid()))
    status = 70
    try:
        status = carry_out(arguments)
    finally:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        connection.send(struct.pack("i", status))
        os._exit(status)


def stand_by(calls: socket.socket, environment: dict[str, str], folder: str) -> None:
    """Load Ansible with these settings, and fork for each call until there are no more calls."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    load()
    # These objects stay; a collection in a fork would copy their pages.
    gc.freeze()
    # A call can start in a directory that is deleted later.
    os.chdir("/")
    while True:
        try:
            (connection, *files), said = received(calls)
        except EOFError:
            return
        if os.fork() == 0:
            calls.close()
            answer(socket.socket(fileno=connection), files, said)
        for file in (connection, *files):
            os.close(file)


def serve(folder: Path) -> None:
    """Pass each call to the process with its settings, which is started for the first call."""
    load_services()
    address = str(folder / "socket")
    door = socket.socket(socket.AF_UNIX)
    door.bind(address)
    door.listen(64)
    write_commands(folder, address)
    print("READY", flush=True)
    waiting: dict[tuple[Any, ...], socket.socket] = {}
    while True:
        connection, _address = door.accept()
        files, said = received(connection)
        arguments, place, environment = json.loads(said)
        key = settings_of(environment, place)
        if waiting and arguments[1:] == ["--version"]:
            # Molecule asks before each step, with settings of its own. The version is the same with all.
            key = next(reversed(waiting))
        if key in waiting:
            waiting[key] = waiting.pop(key)
        else:
            if len(waiting) == _AT_ONCE:
                # The least recently used process ends after its current calls.
                waiting.pop(next(iter(waiting))).close()
            mine, its = socket.socketpair()
            if os.fork() == 0:
                for one in (door, mine, connection, *waiting.values()):
                    one.close()
                for file in files:
                    os.close(file)
                stand_by(its, environment, place)
                sys.exit(0)
            its.close()
            waiting[key] = mine
        socket.send_fds(waiting[key], [struct.pack("I", len(said))], [connection.fileno(), *files])
        waiting[key].sendall(said)
        connection.close()
        for file in files:
            os.close(file)


def end_with(stream: int) -> None:
    """End this process when a stream ends."""
    import threading

    def watch() -> None:
        os.read(stream, 1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    # Nothing waits for the processes that are forked here. They end by themselves.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    end_with(os.dup(0))
    serve(Path(sys.argv[1]))
