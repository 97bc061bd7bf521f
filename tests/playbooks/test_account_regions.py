# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin account_regions by the commands ansible-inventory and ansible."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import commands
from simulator import in_step

BLUE, STAGING = "111111111111", "222222222222"
ACCOUNTS = [{"id": BLUE, "name": "all blue"}, {"id": STAGING, "name": "staging"}]


@pytest.fixture
def ask(endpoint: str, tmp_path: Path) -> Callable[..., str]:
    """Gives what a command says of an inventory file with two accounts."""
    path = tmp_path / "fleet.account_regions.yml"
    options: dict[str, Any] = {"accounts": ACCOUNTS, "regions": ["eu-west-1"], "hostname": "aws_account_name"}
    path.write_text(yaml.safe_dump({"plugin": "patchfleet.aws.account_regions", **options}))

    def run(command: str, *arguments: str) -> str:
        started = [str(commands() / command), "-i", str(path), *arguments]
        return subprocess.run(started, env=in_step(endpoint), capture_output=True, text=True, check=True).stdout

    return run


def test_hosts_have_the_accounts_as_variables(ask: Callable[..., str]) -> None:
    hosts = json.loads(ask("ansible-inventory", "--list"))["_meta"]["hostvars"]

    assert set(hosts) == {f"all_blue_{BLUE}_eu-west-1", "staging"}
    assert hosts["staging"]["aws_region"] == "eu-west-1"


def test_the_name_of_a_host_is_a_limit_that_means_this_host_alone(ask: Callable[..., str]) -> None:
    every = ask("ansible", "--list-hosts", "all")
    name = next(line.strip() for line in every.splitlines() if "blue" in line)
    one = ask("ansible", "--list-hosts", "all", "--limit", name)

    assert name == f"all_blue_{BLUE}_eu-west-1"
    assert one.split() == ["hosts", "(1):", name]
