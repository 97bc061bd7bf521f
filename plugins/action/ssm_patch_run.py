# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The waiting of ssm_patch_run, on the controller: one call of the module sends, each further one takes a look."""

from __future__ import annotations

from ansible_collections.patchfleet.aws.plugins.module_utils._options.option import ACCOUNT_ID
from ansible_collections.patchfleet.aws.plugins.module_utils._patch_run.command import is_running, progress
from ansible_collections.patchfleet.aws.plugins.module_utils._patch_run.options import OPTIONS, WAIT_OPTIONS
from ansible_collections.patchfleet.aws.plugins.module_utils._schedules import clock
from ansible_collections.patchfleet.aws.plugins.plugin_utils.looking import Args, LookingAction, Result

# What makes a call of the module a look: it tells how far the command is, and lists the instances once that has ended.
_LOOK = {"wait": False, "include_running": False}
_OWN = tuple(option for option in OPTIONS if option is not ACCOUNT_ID)


class ActionModule(LookingAction):
    """The action of the module's name."""

    waiting = WAIT_OPTIONS

    def _waited(self, wait: Args) -> Result:
        args = self._task.args
        first = self._module({**args, **_LOOK})
        if not _goes_on(first):
            return first
        last = self._watch(first, wait["wait_timeout"], wait["poll_interval"])
        if _goes_on(last):
            # The time is over: what becomes of the command, and how it stands, is for the module to tell.
            chosen = {name: args[name] for name in ("cancel_on_timeout", "include_running") if name in args}
            last = self._look(first, {"wait": True, "wait_timeout": 0, **chosen})
        return _joined(first, last)

    def _look(self, first: Result, options: Args) -> Result:
        """Look at a command with the connection of the task."""
        return self._module({**self._others(_OWN), "command_id": first["command"]["command_id"], **options})

    def _watch(self, first: Result, timeout: float, interval: float) -> Result:
        """Look until the command has ended, a look fails or the time is over; gives the last look."""
        end = clock.monotonic() + timeout
        last, told = first, ""
        while _goes_on(last):
            line = progress(last["command"])
            if line != told:
                self._show(f"command {first['command']['command_id']}: {line}")
                told = line
            left = end - clock.monotonic()
            if left <= 0:
                break
            clock.sleep(min(interval, left))
            last = self._look(first, _LOOK)
        return last


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
