# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks and commands of README, guides and roles do what the pages say. Each page begins with an empty account.

A `yaml` block that begins with a comment `# name.yml` is a file; where it is a playbook, it is run, with
`inventory.yml` if the page has one before it. So is every `ansible` and `ansible-playbook` command of a `console`
block; those of an `sh` block are not. An export, a report, check mode and a repeated command write nothing to the
account, any other command does.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import commands
from ansible_collections.patchfleet.aws.tests.support.doors import door
from ansible_collections.patchfleet.aws.tests.support.guides import PAGES, Block, blocks, seed
from simulator import CHECKOUT, in_step

ROLES = ("patching", "patch_prerequisites", "patch_report")
# What a playbook has in it that is to change something.
_WRITING = re.compile(r"patchfleet\.aws\.(ssm(?!\w*_info)|patching)")
_READING = frozenset(
    f"patchfleet.aws.{name}"
    for name in ("export", "compliance_report", "forecast", "audit", "event_queue", "changed_by_hand")
)


class Shell:
    """Somebody who saves the files of a page and types in its commands."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self._folder = folder
        self._env = {**in_step(endpoint), "ANSIBLE_LOCALHOST_WARNING": "false"}
        self._endpoint = endpoint
        self._done: set[str] = set()

    def save(self, block: Block) -> None:
        """Keep a file for later commands; run it at once where it is a playbook."""
        path = self._folder / str(block.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        if isinstance(DataLoader().load(block.text), list):
            has_inventory = (self._folder / "inventory.yml").exists()
            inventory = ["-i", "inventory.yml"] if has_inventory else []
            writes = self._writes(["ansible-playbook", *inventory, str(block.file)], block.place)
            assert bool(writes) == bool(_WRITING.search(block.text)), f"{block.place}: {writes}"

    def type(self, block: Block) -> None:
        """Run the commands of Ansible in a console block."""
        for line in block.text.replace("\\\n", " ").splitlines():
            command = shlex.split(line.removeprefix("$ "), comments=True) if line.startswith("$ ") else []
            if command and command[0] in ("ansible", "ansible-playbook"):
                writes = self._writes(command, block.place)
                silent = bool({"--check", *_READING} & set(command)) or line in self._done
                assert bool(writes) != silent, f"{block.place}: {line}: {writes}"
                self._done.add(line)

    def _writes(self, command: list[str], place: str) -> list[str]:
        door(self._endpoint, "log", {})
        started = [str(commands() / command[0]), *command[1:]]
        done = subprocess.run(started, cwd=self._folder, env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{place}: {shlex.join(command)}\n{done.stdout}{done.stderr}"
        log = door(self._endpoint, "log")
        return [call["op"] for call in log if call["write"] and call["service"] == "ssm"]


def begin(endpoint: str, content: dict[str, Any]) -> None:
    """Begin again with this in the account."""
    door(endpoint, "reset", {})
    door(endpoint, "seed", content)


def steps(page: Path) -> list[Block]:
    """The blocks of a page that are files, or may have commands."""
    return [block for block in blocks(page) if block.file or block.language == "console"]


@pytest.mark.parametrize("page", [page for page in PAGES if steps(page)], ids=lambda page: page.name)
def test_playbooks_and_commands_do_what_the_page_says(page: Path, endpoint: str, tmp_path: Path) -> None:
    begin(endpoint, seed(page))
    shell = Shell(tmp_path, endpoint)
    for block in steps(page):
        if block.file:
            shell.save(block)
        else:
            shell.type(block)


@pytest.mark.parametrize("role", ROLES)
def test_the_play_of_a_role_does_what_its_page_says(role: str, endpoint: str, tmp_path: Path) -> None:
    # A fleet that keeps the gate.
    begin(endpoint, seed(CHECKOUT / "docs" / "report.md"))
    plays = [block for block in blocks(CHECKOUT / "roles" / role / "README.md") if block.file]
    assert plays
    for block in plays:
        Shell(tmp_path, endpoint).save(block)
