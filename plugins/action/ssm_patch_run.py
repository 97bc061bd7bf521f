# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waits for ssm_patch_run on the controller: one call of the module sends the command, each further call reads it."""

from __future__ import annotations

from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import ACCOUNT_ID
from ansible_collections.patchfleet.aws.plugins.module_utils._patch_run.command import is_running, progress
from ansible_collections.patchfleet.aws.plugins.module_utils._patch_run.options import OPTIONS, WAIT_OPTIONS
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock
from ansible_collections.patchfleet.aws.plugins.plugin_utils.looking import Args, LookingAction, Result

# Options for a single read: it returns the progress of the command, and the instances after the command has ended.
_LOOK = {"wait": False, "include_running": False}
_OWN = tuple(option for option in OPTIONS if option is not ACCOUNT_ID)


class ActionModule(LookingAction):
    """The action with the name of the module."""

    waiting = WAIT_OPTIONS

    def _waited(self, wait: Args) -> Result:
        args = self._task.args
        first = self._module({**args, **_LOOK})
        if not _goes_on(first):
            return first
        last = self._watch(first, wait["wait_timeout"], wait["poll_interval"])
        if _goes_on(last):
            # The timeout has expired. The module cancels the command if requested, and reports its status.
            chosen = {name: args[name] for name in ("cancel_on_timeout", "include_running") if name in args}
            last = self._look(first, {"wait": True, "wait_timeout": 0, **chosen})
        return _joined(first, last)

    def _look(self, first: Result, options: Args) -> Result:
        """Read a command with the connection of the task."""
        return self._module({**self._others(_OWN), "command_id": first["command"]["command_id"], **options})

    def _watch(self, first: Result, timeout: float, interval: float) -> Result:
        """Read until the command has ended, a read fails or the timeout expires, and return the last result."""
        end = clock.monotonic() + timeout
        last, shown = first, ""
        while _goes_on(last):
            line = progress(last["command"])
            if line != shown:
                self._show(f"command {first['command']['command_id']}: {line}")
                shown = line
            left = end - clock.monotonic()
            if left <= 0:
                break
            clock.sleep(min(interval, left))
            last = self._look(first, _LOOK)
        return last


def _goes_on(result: Result) -> bool:
    """Whether the module succeeded and returned a command that has not ended."""
    command = result.get("command") or {}
    return not result.get("failed") and bool(command.get("command_id")) and is_running(command)


def _joined(first: Result, last: Result) -> Result:
    """The last result, with the values that only the call that sent the command knows."""
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
