# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The waiting of ssm_patch_run, on the controller: one call of the module sends, each further one takes a look.

So progress can be shown, and no process runs between two looks. With async, in check mode and without waiting the
module is called once; it can wait by itself.
"""

from __future__ import annotations

from typing import Any

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.text import printable
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import ACCOUNT_ID, argument_spec
from ansible_collections.patchfleet.aws.plugins.module_utils._patch_run.command import is_running, progress
from ansible_collections.patchfleet.aws.plugins.module_utils._patch_run.options import OPTIONS, WAIT_OPTIONS
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock

Args = dict[str, Any]
Result = dict[str, Any]

# What makes a call of the module a look: it tells how far the command is, and lists the instances once that has ended.
_LOOK = {"wait": False, "include_running": False}
display = Display()


class ActionModule(ActionBase):
    """The action of the module's name."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Run the task; gives the result of the module."""
        super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        args = self._task.args
        wait = self._wait_options()
        if wait is None or self._task.check_mode or self._task.async_val:
            return self._module(args)
        first = self._module({**args, **_LOOK})
        if not _goes_on(first):
            return first
        last = self._watch(first, wait["wait_timeout"], wait["poll_interval"])
        if _goes_on(last):
            # The time is over: what becomes of the command, and how it stands, is for the module to tell.
            chosen = {name: args[name] for name in ("cancel_on_timeout", "include_running") if name in args}
            last = self._look(first, {"wait": True, "wait_timeout": 0, **chosen})
        return _joined(first, last)

    def _wait_options(self) -> Args | None:
        """How to wait; None where not to, or where the options are wrong, which the module will tell."""
        given = {option.name: self._task.args[option.name] for option in WAIT_OPTIONS if option.name in self._task.args}
        judged = ArgumentSpecValidator(argument_spec(WAIT_OPTIONS)).validate(given)
        options: Args = judged.validated_parameters
        return None if judged.error_messages or not options["wait"] else options

    def _module(self, args: Args) -> Result:
        wrap_async = self._task.async_val and not self._connection.has_native_async
        result: Result = self._execute_module(module_args=args, task_vars=self._task_vars, wrap_async=wrap_async)
        return result

    def _look(self, first: Result, options: Args) -> Result:
        """Look at a command with the connection of the task."""
        own = {option.name for option in OPTIONS if option is not ACCOUNT_ID}
        connection = {name: value for name, value in self._task.args.items() if name not in own}
        return self._module({**connection, "command_id": first["command"]["command_id"], **options})

    def _watch(self, first: Result, timeout: float, interval: float) -> Result:
        """Look until the command has ended, a look fails or the time is over; gives the last look."""
        end = clock.monotonic() + timeout
        last, told = first, ""
        while _goes_on(last):
            line = progress(last["command"])
            if line != told:
                self._tell(f"command {first['command']['command_id']}: {line}")
                told = line
            left = end - clock.monotonic()
            if left <= 0:
                break
            clock.sleep(min(interval, left))
            last = self._look(first, _LOOK)
        return last

    def _tell(self, text: str) -> None:
        if self._task.no_log:
            return
        host = self._task_vars.get("inventory_hostname", "localhost")
        # A callback that writes JSON needs standard output for itself.
        to_stderr = "json" in constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK")
        display.display(printable(f"[{host}] {text}"), stderr=to_stderr)


def _goes_on(result: Result) -> bool:
    """Whether the module succeeded and tells of a command that has not ended."""
    if result.get("failed") or result.get("unreachable"):
        return False
    command = result.get("command") or {}
    return bool(command.get("command_id")) and is_running(command)


def _joined(first: Result, last: Result) -> Result:
    """The last answer, with what only the call that sent the command knows."""
    joined = {
        **last,
        "changed": bool(first["changed"] or last.get("changed")),
        "command": last.get("command") or first["command"],
        "instances": last.get("instances"),
    }
    if warnings := [*(first.get("warnings") or ()), *(last.get("warnings") or ())]:
        joined["warnings"] = warnings
    if "invocation" in first:
        joined["invocation"] = first["invocation"]
    return joined
