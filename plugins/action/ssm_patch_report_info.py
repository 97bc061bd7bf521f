# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creates the directory of ssm_patch_report_info if C(dest) is omitted.

Modules that create and remove it would be two more processes for each host. Ansible removes its own temporary directory
at the end of a run.
"""

from __future__ import annotations

import tempfile
from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """The action with the name of the module."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task and return the result of the module."""
        super().run(tmp, task_vars)
        args = self._task.args
        # Another host does not see the directories of the controller, and the module fails without one.
        if not args.get("dest") and self._connection.transport == "local":
            args = {**args, "dest": tempfile.mkdtemp(prefix="patch-report-", dir=constants.DEFAULT_LOCAL_TMP)}
        wrap_async = self._task.async_val and not self._connection.has_native_async
        result: dict[str, Any] = self._execute_module(module_args=args, task_vars=task_vars, wrap_async=wrap_async)
        return result
