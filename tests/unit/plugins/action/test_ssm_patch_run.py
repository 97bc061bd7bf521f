# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The waiting of ssm_patch_run on the controller: which calls of the module it makes, and what it shows meanwhile."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.patchfleet.aws.plugins.action import ssm_patch_run as action
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account

MODULE = "ssm_patch_run"
NODES = [{"InstanceId": f"i-{number:017x}", "Tags": {"PatchGroup": "Web"}, "MissingCount": 2} for number in range(4)]
SETTINGS = {"delivery_seconds": 1, "scan_seconds": 30, "install_seconds": 300, "spread": 0}
SCAN = {"operation": "Scan", "patch_groups": ["Web"], "max_concurrency": "1", "poll_interval": 10, "region": REGION}


class Controller:
    """Runs the action; the module runs in this process.

    calls, answers: of the module. lines: what was shown. reachable: calls until the host is unreachable.
    """

    def __init__(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        self.account = account
        self.calls: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self.wrapped: list[bool] = []
        self.reachable = 1000
        monkeypatch.setattr(Display, "display", lambda _self, text, **_options: self.lines.append(text))
        monkeypatch.setattr(action.ActionModule, "_execute_module", self._execute)

    def _execute(self, module_args: dict[str, Any], task_vars: dict[str, Any], wrap_async: bool) -> dict[str, Any]:
        self.calls.append(module_args)
        self.wrapped.append(bool(wrap_async))
        if len(self.calls) > self.reachable:
            return {"unreachable": True, "msg": "timed out"}
        self.answers.append(self.account.outcome(MODULE, check=task_vars.get("check", False), **module_args))
        return self.answers[-1]

    def run(self, check: bool = False, background: int = 0, no_log: bool = False, **args: Any) -> dict[str, Any]:
        task = SimpleNamespace(args=args, check_mode=check, async_val=background, no_log=no_log)
        connection = SimpleNamespace(has_native_async=False, _shell=SimpleNamespace(tmpdir=None))
        ran = action.ActionModule(task, connection, None, None, None, None)
        result: dict[str, Any] = ran.run(task_vars={"inventory_hostname": "prod", "check": check})
        return result

    def progress(self) -> list[str]:
        """The lines without host and command."""
        return [line.partition(": ")[2] for line in self.lines]


@pytest.fixture
def controller(account: Account, monkeypatch: pytest.MonkeyPatch) -> Controller:
    """A controller, and four nodes."""
    place = {"account": ACCOUNT, "region": REGION, "fleet": {"nodes": NODES}}
    account.simulator.plant({"commands": SETTINGS, "regions": [place]})
    account.clear_log()
    return Controller(account, monkeypatch)


def test_a_line_tells_each_change_and_nothing_twice(controller: Controller) -> None:
    done = controller.run(**SCAN)

    assert [line for line in controller.progress() if line != "instances are unknown so far"] == [
        "0 done, 0 failed, 4 in progress, of 4",
        "1 done, 0 failed, 3 in progress, of 4",
        "2 done, 0 failed, 2 in progress, of 4",
        "3 done, 0 failed, 1 in progress, of 4",
    ]
    command_id = done["command"]["command_id"]
    assert {line.partition(": ")[0] for line in controller.lines} == {f"[prod] command {command_id}"}
    # Four scans one after the other take 121 seconds.
    assert len(controller.calls) == 1 + 13


def test_it_is_sent_once_and_the_last_look_is_the_answer(controller: Controller) -> None:
    done = controller.run(**SCAN, account_id=ACCOUNT)

    assert controller.account.calls()["SendCommand"] == 1
    assert done["changed"]
    assert done["command"]["status"] == "Success"
    assert [one["status"] for one in done["instances"]] == ["Success"] * 4
    # Not every release of ansible-core tells the arguments; where it does, those that sent the command count.
    assert done.get("invocation") == controller.answers[0].get("invocation")
    looks = controller.calls[1:]
    connection = {"region": REGION, "account_id": ACCOUNT}
    expected = {"command_id": done["command"]["command_id"], "wait": False, "include_running": False}
    assert all(look == {**connection, **expected} for look in looks)
    # The instances are read once, at the end.
    assert controller.account.calls()["ListCommandInvocations"] == 1


def test_what_the_module_answers_by_itself_is_the_same(controller: Controller) -> None:
    own = controller.account.run(MODULE, **SCAN)
    done = controller.run(**SCAN)

    volatile = {"command_id", "snapshot_id", "requested_date_time", "expires_after"}
    assert {name: value for name, value in done["command"].items() if name not in volatile} == {
        name: value for name, value in own["command"].items() if name not in volatile
    }
    assert done.keys() == own.keys()


def test_warnings_of_the_first_call_are_kept(controller: Controller) -> None:
    done = controller.run(**{**SCAN, "patch_groups": ["Web", "Databse"]})

    assert done["warnings"] == ["No managed node matches tag:PatchGroup Databse."]


def test_the_time_is_over(controller: Controller) -> None:
    failed = controller.run(**SCAN, wait_timeout=45)

    assert controller.account.simulator.passed() == 45
    assert failed["failed"]
    assert failed["changed"]
    assert "wait_timeout expired before the command finished: 1 done, 0 failed, 3 in progress, of 4" in failed["msg"]
    assert len(failed["instances"]) == 4
    assert controller.account.calls()["CancelCommand"] == 0


def test_the_time_is_over_and_the_command_is_cancelled(controller: Controller) -> None:
    failed = controller.run(**SCAN, wait_timeout=45, cancel_on_timeout=True)

    assert controller.account.calls()["CancelCommand"] == 1
    assert "was cancelled: it is Cancelled; 3 Cancelled, 1 Success" in failed["msg"]


@pytest.mark.parametrize("given", [{"wait_timeout": "45"}, {"wait": "yes", "wait_timeout": 45}])
def test_text_is_read_as_ansible_reads_it(controller: Controller, given: dict[str, Any]) -> None:
    assert "wait_timeout expired" in controller.run(**SCAN, **given)["msg"]


@pytest.mark.parametrize(
    "given", [{"wait": False}, {"wait": "no"}, {"background": 3600}, {"check": True}, {"wait_timeout": -1}]
)
def test_the_module_is_called_once(controller: Controller, given: dict[str, Any]) -> None:
    controller.run(**SCAN, **given)

    assert len(controller.calls) == 1
    assert controller.wrapped == ["background" in given]
    assert not controller.lines


def test_options_that_are_wrong_are_for_the_module_to_tell(controller: Controller) -> None:
    failed = controller.run(**SCAN, wait_timeout="soon")

    assert failed["failed"]
    assert "wait_timeout" in failed["msg"]
    assert not controller.account.calls()


def test_a_look_that_fails_loses_nothing(controller: Controller) -> None:
    controller.account.faults({"op": "ListCommands", "do": "AccessDeniedException", "after": 2})

    failed = controller.run(**SCAN)

    assert failed["changed"]
    assert failed["command"]["command_id"]
    assert "Allow the action ssm:ListCommands" in failed["msg"]
    assert len(controller.calls) == 4


def test_a_host_that_is_unreachable_meanwhile_loses_nothing(controller: Controller) -> None:
    controller.reachable = 3

    lost = controller.run(**SCAN)

    assert (lost["unreachable"], lost["changed"]) == (True, True)
    assert lost["command"] == controller.answers[0]["command"]
    assert len(controller.calls) == 4


def test_a_command_that_was_sent_before_is_waited_for(controller: Controller) -> None:
    command_id = controller.account.run(MODULE, **SCAN, wait=False)["command"]["command_id"]

    done = controller.run(command_id=command_id, region=REGION)

    assert not done["changed"]
    assert controller.lines
    assert len(done["instances"]) == 4


def test_a_task_that_is_not_logged_shows_nothing(controller: Controller) -> None:
    assert controller.run(**SCAN, no_log=True)["changed"]
    assert not controller.lines
