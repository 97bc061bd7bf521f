# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creates the directory of ssm_patch_report_info if C(dest) is omitted.

On the controller, modules that create and remove it would be two more processes for each host, and Ansible removes its
own temporary directory at the end of a run. On another host, the user of the files removes the directory.
"""

from __future__ import annotations

import tempfile
from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase

_PREFIX = "patch-report-"


class ActionModule(ActionBase):
    """The action with the name of the module."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task and return the result of the module."""
        super().run(tmp, task_vars)
        args = self._task.args
        remote: dict[str, Any] = {}
        if not args.get("dest"):
            if self._connection.transport == "local":
                directory = tempfile.mkdtemp(prefix=_PREFIX, dir=constants.DEFAULT_LOCAL_TMP)
            else:
                made = self._module("ansible.builtin.tempfile", {"state": "directory", "prefix": _PREFIX}, task_vars)
                if "path" not in made:
                    return made
                directory = made["path"]
                remote = {"directory": directory}
            args = {**args, "dest": directory}
        wrap_async = bool(self._task.async_val)
        result: dict[str, Any] = self._execute_module(module_args=args, task_vars=task_vars, wrap_async=wrap_async)
        if remote and result.get("failed"):
            self._module("ansible.builtin.file", {"path": directory, "state": "absent"}, task_vars)
            return result
        return {**result, **remote}

    def _module(self, name: str, args: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(module_name=name, module_args=args, task_vars=task_vars)
        return result
