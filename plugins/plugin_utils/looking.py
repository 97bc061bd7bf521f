# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A base class for actions that wait on the controller: each call of the module reads once, and lines show progress.

No process runs on the host between two reads. With async, in check mode and without waiting, the module is called only
once, because it can wait by itself.
"""

from __future__ import annotations

from typing import Any

from ansible import constants
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.patchfleet.aws.plugins.module_utils._aws.text import printable
from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import Options, argument_spec

Args = dict[str, Any]
Result = dict[str, Any]

display = Display()


class LookingAction(ActionBase):
    """The base class of such actions. waiting: the options for waiting, including C(wait)."""

    _supports_check_mode = True
    _supports_async = True
    waiting: Options = ()

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        """Run the task and return the result of the module."""
        super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        wait = self._wait_options()
        if wait is None or self._task.check_mode or self._task.async_val:
            return self._module(self._task.args)
        return self._waited(wait)

    def _waited(self, wait: Args) -> Result:
        """Read until there is nothing left to wait for, and return the result."""
        raise NotImplementedError

    def _wait_options(self) -> Args | None:
        """The options for waiting. None without waiting, or if they are invalid, which the module reports."""
        given = {option.name: self._task.args[option.name] for option in self.waiting if option.name in self._task.args}
        judged = ArgumentSpecValidator(argument_spec(self.waiting)).validate(given)
        options: Args = judged.validated_parameters
        return None if judged.error_messages or not options["wait"] else options

    def _module(self, args: Args) -> Result:
        wrap_async = bool(self._task.async_val)
        result: Result = self._execute_module(module_args=args, task_vars=self._task_vars, wrap_async=wrap_async)
        return result

    def _others(self, options: Options) -> Args:
        """The arguments of the task other than these options, which are those of the connection."""
        names = {option.name for option in options}
        return {name: value for name, value in self._task.args.items() if name not in names}

    def _show(self, text: str) -> None:
        if self._task.no_log:
            return
        host = self._task_vars.get("inventory_hostname", "localhost")
        # Other lines on standard output would break the output of a JSON callback.
        to_stderr = "json" in constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK")
        display.display(printable(f"[{host}] {text}"), stderr=to_stderr)
