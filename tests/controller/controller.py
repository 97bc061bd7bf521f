# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller of its own: starts job templates as AWX does, with ansible-runner.

As in AWX, the answers of a survey, the results of earlier steps and the variables of a template are extra variables in
JSON, and the inventory is what ansible-inventory exports. A sliced job is dealt the hosts by turns, sorted by name, and
knows nothing of its slice.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import ansible_runner
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.patchfleet.aws.tests.support.ansible_commands import commands
from simulator import CHECKOUT, in_step

DATA = CHECKOUT / "extensions" / "controller"
# For a job that is canceled, which ends the process that ansible-runner started. Modules of AWS run in the process of
# their task, which is a third of the time.
_COMMAND = CHECKOUT / "tests" / "support" / "playbook_command.py"


@cache
def data() -> dict[str, Any]:
    """What the plays of extensions/controller apply."""
    known: dict[str, Any] = {"patchfleet_access_key": "testing", "patchfleet_secret_key": "testing"}
    for path in sorted((DATA / "vars").glob("*.yml")):
        known |= DataLoader().load_from_file(str(path), trusted_as_template=True)
    resolved: dict[str, Any] = Templar(loader=DataLoader(), variables=known).template(known)
    # Plain values, as they are in the database of a controller.
    return dict(json.loads(json.dumps(resolved)))


def template(name: str) -> dict[str, Any]:
    """A job template."""
    [found] = [one for one in data()["controller_templates"] if one["name"] == name]
    return dict(found)


@dataclass(frozen=True)
class Job:
    """A job that has ended. results: what it hands to the next step of a workflow."""

    status: str
    output: str
    events: Sequence[Mapping[str, Any]]
    folder: Path

    @property
    def results(self) -> dict[str, Any]:
        """What the plays set with set_stats."""
        [stats] = [one["event_data"] for one in self.events if one["event"] == "playbook_on_stats"]
        return dict(stats.get("artifact_data", {}))

    @property
    def failures(self) -> dict[str, str]:
        """Hosts that failed, and the message of each."""
        failed = [one["event_data"] for one in self.events if one["event"] == "runner_on_failed"]
        return {str(one["host"]): str(one["res"].get("msg")) for one in failed if not one.get("ignore_errors")}

    @property
    def hosts(self) -> set[str]:
        """Hosts that the job worked on."""
        return {str(one["event_data"]["host"]) for one in self.events if one["event"] == "runner_on_ok"}


class Controller:
    """Starts jobs.

    Args:
        folder: Where its project and the data of its jobs are.
        accounts: The content of the inventory file in the project.
        endpoint: The simulator.
    """

    def __init__(self, folder: Path, accounts: Mapping[str, Any], endpoint: str) -> None:
        self._folder, self._endpoint = folder, endpoint
        self.project = folder / "project"
        shutil.copytree(DATA / "project", self.project)
        self._commands = folder / "bin"
        self._commands.mkdir()
        command = self._commands / "ansible-playbook"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{_COMMAND}" "$@"\n', encoding="utf-8")
        command.chmod(command.stat().st_mode | stat.S_IXUSR)
        self._jobs = 0
        [source] = data()["controller_inventory_sources"]
        inventory = self.project / source["source_path"]
        inventory.write_text(json.dumps(accounts), encoding="utf-8")
        command = [str(commands() / "ansible-inventory"), "-i", str(inventory), "--list", "--export"]
        exported = subprocess.run(command, env=in_step(endpoint), capture_output=True, text=True, check=True).stdout
        self._inventory: dict[str, Any] = json.loads(exported)

    def launch(
        self,
        name: str,
        answers: Mapping[str, Any] | None = None,
        results: Mapping[str, Any] | None = None,
        slices: int = 1,
        **prompts: Any,
    ) -> list[Job]:
        """Run a job template, in slices side by side; gives the job of each slice.

        Args:
            name: The template.
            answers: What was answered to the survey; the rest has the defaults of the survey.
            results: Of the steps before in a workflow.
            slices: How many jobs share the hosts.
            prompts: extra_vars, forks or limit of this launch.
        """
        chosen = template(name)
        spec = chosen["survey_spec"]["spec"] if chosen["survey_enabled"] else ()
        defaults = {one["variable"]: one["default"] for one in spec if "default" in one}
        given = {**chosen["extra_vars"], **defaults, **(results or {}), **(answers or {})}
        variables = {**given, **prompts.pop("extra_vars", {})}
        command = "--check" if chosen["job_type"] == "check" else ""
        command += " --diff" if chosen.get("diff_mode") else ""
        names = sorted(self._inventory["_meta"]["hostvars"])
        folders = [self._prepared(names[number::slices], variables) for number in range(slices)]
        settings = {"forks": chosen["forks"], "cmdline": command.strip() or None, **prompts}
        with ThreadPoolExecutor(slices) as pool:
            return list(pool.map(lambda folder: self._run(folder, chosen["playbook"], settings), folders))

    def play(self, playbook: str, variables: Mapping[str, Any], **settings: Any) -> Job:
        """Run a playbook of the project on all hosts."""
        folder = self._prepared(sorted(self._inventory["_meta"]["hostvars"]), variables)
        return self._run(folder, playbook, settings)

    def _prepared(self, names: Sequence[str], variables: Mapping[str, Any]) -> Path:
        """The private data of a job."""
        self._jobs += 1
        folder = self._folder / f"job-{self._jobs}"
        for name in ("inventory", "env"):
            (folder / name).mkdir(parents=True)
        shutil.copytree(self.project, folder / "project")
        known = self._inventory["_meta"]["hostvars"]
        listed = {
            "account_regions": {**self._inventory["account_regions"], "hosts": list(names)},
            "_meta": {"hostvars": {name: known[name] for name in names}},
        }
        inventory = folder / "inventory" / "hosts"
        inventory.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(listed)}\nEND\n", encoding="utf-8")
        inventory.chmod(0o700)
        job = {f"{product}_job_id": self._jobs for product in ("awx", "tower")}
        (folder / "env" / "extravars").write_text(json.dumps({**variables, **job}), encoding="utf-8")
        return folder

    def _run(self, folder: Path, playbook: str, settings: Mapping[str, Any]) -> Job:
        first = self._commands if "cancel_callback" in settings else commands()
        path = os.pathsep.join([str(first), str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {
            **in_step(self._endpoint),
            "PATH": path,
            # The same for all tests, so that they can use the same commands.
            "ANSIBLE_HOME": str(self._folder.parent / "home"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "NO_COLOR": "1",
        }
        done = ansible_runner.run(
            private_data_dir=str(folder), playbook=playbook, envvars=environment, quiet=True, **settings
        )
        with done.stdout as output:
            text = output.read()
        return Job(done.status, text, list(done.events), folder / "artifacts" / str(done.config.ident))
