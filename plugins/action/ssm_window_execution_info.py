# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waits for ssm_window_execution_info on the controller."""

from __future__ import annotations

from typing import Any

from ansible_collections.patchfleet.aws.plugins.module_utils._window_execution.options import OPTIONS, WAIT_OPTIONS
from ansible_collections.patchfleet.aws.plugins.module_utils._window_execution.progress import Progress
from ansible_collections.patchfleet.aws.plugins.module_utils._window_execution.waiting import WaitError, follow
from ansible_collections.patchfleet.aws.plugins.plugin_utils.looking import Args, LookingAction, Result


class _FailedLookError(Exception):
    def __init__(self, result: Result) -> None:
        self.result = result
        super().__init__()


class ActionModule(LookingAction):
    """The action with the name of the module."""

    waiting = WAIT_OPTIONS

    def _waited(self, wait: Args) -> Result:
        args, progress, result = self._task.args, Progress(), {}
        wanted = {name: args.get(name) for name in ("window", "window_execution_id")}
        self._looked = False
        try:
            for result in follow(self._look, {**wanted, **wait}):
                for line in progress.lines(result):
                    self._show(line)
        except _FailedLookError as failed:
            known = {name: value for name, value in result.items() if name in ("window", "execution")}
            return {**failed.result, **known}
        except WaitError as error:
            return {**result, "failed": True, "msg": str(error)}
        return result

    def _look(self, window: str, execution_id: str | None) -> Result:
        # The first read has all arguments, so that the module checks them.
        if not self._looked:
            given: dict[str, Any] = {**self._task.args, "wait": False}
        else:
            given = {**self._others(OPTIONS), "window": window, "window_execution_id": execution_id}
        self._looked = True
        result = self._module(given)
        if result.get("failed") or result.get("unreachable"):
            raise _FailedLookError(result)
        return result
