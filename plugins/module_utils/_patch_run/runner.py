# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of ssm_patch_run: sends a command or reads an earlier one, waits for it, and returns the result.

The action plugin waits on the controller instead, with one call of the module for each read, so that it can show
progress.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .._aws.client import Api, connect
from .._aws.errors import ApiError, PatchingError, error_facts
from .._aws.structures import Raw
from .._aws.text import itemized, printable
from .._options.module import check_account, make_module
from . import options as patch_run_options
from . import send
from .command import Facts, command_facts, described, failure, is_running, planned_instance, progress
from .reach import Nodes, Reach

# The number of seconds to wait for a canceled command to end, and the number of seconds between two reads.
_CANCEL_SECONDS, _CANCEL_INTERVAL = 20, 4


@dataclass
class Run:
    """One run, and what is known of its command. A command without an ID was not sent, or this is unknown.

    instances: None if they were not read.
    """

    module: AnsibleAWSModule
    api: Api
    command: Raw
    instances: list[Facts] | None = None
    changed: bool = False
    waited: bool = False
    cancelled: bool = False

    @property
    def params(self) -> patch_run_options.Params:
        """The options."""
        params: patch_run_options.Params = self.module.params
        return params

    @property
    def facts(self) -> Facts:
        """The command in the format of the result."""
        return command_facts(self.command)

    @property
    def is_running(self) -> bool:
        """Whether the command has not ended."""
        return is_running(self.facts)

    def predict(self) -> None:
        """Predict what a run would send, and to which nodes, or read the status of an earlier command once."""
        if self.params["command_id"]:
            self._look()
            self._read_instances()
            return
        reached = self._reach(whole=True)
        self.command = patch_run_options.request(self.params)
        self.changed = True
        if reached.nodes is not None:
            self.command["TargetCount"] = len(reached.nodes)
            self.instances = [planned_instance(node) for node in reached.nodes]

    def carry_out(self) -> None:
        """Send the command, or read the earlier one, and wait for it."""
        if self.params["command_id"]:
            self._look()
        else:
            self._reach(whole=False)
            request = patch_run_options.with_snapshot(patch_run_options.request(self.params), str(uuid4()))
            self._send(send.connect_once(self.module), request)
        if self.params["wait"]:
            self._wait()
        self._read_instances()

    def _reach(self, whole: bool) -> Reach:
        nodes = Nodes(self.api, lambda: connect(self.module, 1, "resource-groups", is_lenient=True), whole)
        reached = nodes.reached(patch_run_options.api_targets(self.params))
        for text in [*patch_run_options.warnings(self.params), *reached.warnings]:
            warn(printable(text))
        return reached

    def _send(self, once: Api, request: Raw) -> None:
        try:
            self.command = send.send(self.api, once, request)
        except send.LostAnswerError:
            self.command = request
            self.changed = True
            raise
        self.changed = True

    def _look(self) -> None:
        self.command = send.look(self.api, self.params["command_id"])

    def _wait(self) -> None:
        self._follow(self.params["wait_timeout"], self.params["poll_interval"])
        self.waited = True
        if self.is_running and self.params["cancel_on_timeout"]:
            self.api.write("CancelCommand", CommandId=self.command["CommandId"])
            self.changed = self.cancelled = True
            self._follow(_CANCEL_SECONDS, _CANCEL_INTERVAL)

    def _follow(self, timeout: int, interval: int) -> None:
        for command in send.wait(self.api, self.command, timeout, interval):
            self.command = command

    def _read_instances(self) -> None:
        if self.params["include_running"] or not self.is_running:
            self.instances = send.instances(self.api, self.command)

    def problem(self) -> str | None:
        """The reason why the run failed although every call succeeded."""
        if self.cancelled:
            return self._cancellation()
        if not self.is_running:
            return failure(self.facts, self.instances or []) if self.facts["status"] else None
        if not self.waited:
            return None
        return f"wait_timeout expired before the command finished: {progress(self.facts)}. {self._way_on()}"

    def _cancellation(self) -> str:
        states = Counter(described(one) for one in self.instances or ())
        reached = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or progress(self.facts)
        rest = " Nodes that already started may still finish." if self.is_running else ""
        name = f"command {self.facts['command_id']}"
        return f"wait_timeout expired and {name} was cancelled: it is {described(self.facts)}; {reached}.{rest}"

    def message(self, error: PatchingError) -> str:
        """The error, with what is known of the command."""
        code = error.code if isinstance(error, ApiError) else None
        if isinstance(error, send.LostAnswerError) or code == send.UNKNOWN:
            return str(error)
        if not self.facts["command_id"]:
            return f"{error} No command was sent."
        ended = f"Command {self.facts['command_id']} ended {described(self.facts)}."
        return f"{error} {self._way_on() if self.is_running else ended}"

    def _way_on(self) -> str:
        command_id = self.facts["command_id"]
        return f"Command {command_id} continues; wait for it with command_id: {command_id}."

    def answer(self) -> dict[str, Any]:
        """The result of the module."""
        return {"changed": self.changed, "command": self.facts if self.command else None, "instances": self.instances}


def run_patch_run() -> None:
    """The main function of ssm_patch_run."""
    module = make_module(patch_run_options.OPTIONS)
    api = connect(module, 1, is_lenient=True)
    if found := patch_run_options.violations(module.params, api.input_shape):
        module.fail_json(msg=itemized("No command was sent", found), violations=found, changed=False)
    try:
        check_account(module)
    except PatchingError as error:
        module.fail_json(msg=f"{error} No command was sent.", changed=False, **error_facts(error))
    run = Run(module, api, _known(module.params))
    try:
        if module.check_mode:
            run.predict()
        else:
            run.carry_out()
    except PatchingError as error:
        module.fail_json(msg=printable(run.message(error)), **run.answer(), **error_facts(error))
    if problem := run.problem():
        module.fail_json(msg=printable(problem), **run.answer())
    module.exit_json(**run.answer())


def _known(params: patch_run_options.Params) -> Raw:
    """The command before the first call. An earlier command is assumed to be running."""
    return {"CommandId": params["command_id"], "Status": "InProgress"} if params["command_id"] else {}
