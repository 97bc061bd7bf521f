# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of ssm_patch_report_info: on the controller that of the run, elsewhere one that a failure removes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import constants
from ansible_collections.patchfleet.aws.plugins.action import ssm_patch_report_info

TEMPFILE, FILE = "ansible.builtin.tempfile", "ansible.builtin.file"
REMOTE = "/tmp/patch-report-1"
MADE = {"path": REMOTE}
READ = {"reading": {}}
FAILED = {"failed": True, "msg": "expired"}


class Host:
    """A host with a connection, on which modules return what they are told to."""

    def __init__(self, connection: str, results: dict[str | None, dict[str, Any]]) -> None:
        self._connection, self._results = connection, results
        self.calls: list[tuple[str | None, dict[str, Any]]] = []

    def run(self, **args: Any) -> dict[str, Any]:
        """The result of the task. A module without a name is that of the task."""
        task = SimpleNamespace(args=args, check_mode=False, async_val=0, no_log=False)
        connection = SimpleNamespace(
            transport=self._connection, has_native_async=False, _shell=SimpleNamespace(tmpdir="")
        )
        action = ssm_patch_report_info.ActionModule(task, connection, None, None, None, None)
        action._execute_module = self._execute
        result: dict[str, Any] = action.run(task_vars={})
        return result

    def _execute(self, module_args: dict[str, Any], module_name: str | None = None, **_others: Any) -> dict[str, Any]:
        self.calls.append((module_name, module_args))
        return dict(self._results[module_name])


@pytest.mark.parametrize("given", [{"concurrency": 4}, {"concurrency": 4, "dest": ""}])
def test_the_controller_has_a_directory_of_the_run(
    given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    host = Host("local", {None: READ})

    assert host.run(**given) == READ
    [directory] = tmp_path.iterdir()
    assert host.calls == [(None, {"concurrency": 4, "dest": str(directory)})]


@pytest.mark.parametrize("connection", ["local", "ssh"])
def test_a_directory_that_is_specified_is_used(connection: str) -> None:
    host = Host(connection, {None: READ})

    assert host.run(dest="/srv/read") == READ
    assert host.calls == [(None, {"dest": "/srv/read"})]


def test_another_host_has_a_directory_to_remove() -> None:
    host = Host("ssh", {TEMPFILE: MADE, None: READ})

    assert host.run() == {**READ, "directory": REMOTE}
    assert host.calls == [(TEMPFILE, {"state": "directory", "prefix": "patch-report-"}), (None, {"dest": REMOTE})]


def test_a_failure_leaves_nothing_on_another_host() -> None:
    host = Host("ssh", {TEMPFILE: MADE, None: FAILED, FILE: {}})

    assert host.run() == FAILED
    assert host.calls[-1] == (FILE, {"path": REMOTE, "state": "absent"})


def test_without_a_directory_nothing_is_read() -> None:
    host = Host("ssh", {TEMPFILE: FAILED})

    assert host.run() == FAILED
    assert [name for name, _args in host.calls] == [TEMPFILE]
