# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The waiting of ssm_window_execution_info on the controller: which looks it takes, and what it shows meanwhile."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.patchfleet.aws.plugins.action import ssm_window_execution_info as action
from ansible_collections.patchfleet.aws.plugins.filter.summary import filter_summary
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ansible_collections.patchfleet.aws.tests.support.web_window import INSTALL, patch_task, web_node, web_window

MODULE = "ssm_window_execution_info"
NODES = [f"i-{number:017x}" for number in range(4)]
WAIT: dict[str, Any] = {"window": "prod", "wait": True, "begin_timeout": 7200, "region": REGION, "poll_interval": 300}


class Controller:
    """Runs the action; the module runs in this process.

    calls: of the module. lines: what was shown. reachable: calls until the host is unreachable.
    """

    def __init__(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        self.account = account
        self.calls: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self.reachable = 1000
        monkeypatch.setattr(Display, "display", lambda _self, text, **_options: self.lines.append(text))
        monkeypatch.setattr(action.ActionModule, "_execute_module", self._execute)

    def _execute(self, module_args: dict[str, Any], task_vars: dict[str, Any], wrap_async: bool) -> dict[str, Any]:
        self.calls.append(module_args)
        if len(self.calls) > self.reachable:
            return {"unreachable": True, "msg": "timed out"}
        return self.account.outcome(MODULE, check=task_vars["check"], **module_args)

    def run(self, check: bool = False, background: int = 0, no_log: bool = False, **args: Any) -> dict[str, Any]:
        task = SimpleNamespace(args=args, check_mode=check, async_val=background, no_log=no_log)
        connection = SimpleNamespace(has_native_async=False, _shell=SimpleNamespace(tmpdir=None))
        ran = action.ActionModule(task, connection, None, None, None, None)
        result: dict[str, Any] = ran.run(task_vars={"inventory_hostname": "acme", "check": check})
        return result


@pytest.fixture
def controller(account: Account, monkeypatch: pytest.MonkeyPatch) -> Controller:
    """A controller, and a window that scans and installs on four nodes, of which one fails and one is offline."""
    special: dict[str, dict[str, Any]] = {NODES[1]: {"Failing": True}, NODES[3]: {"PingStatus": "ConnectionLost"}}
    nodes = [web_node(one, **special.get(one, {})) for one in NODES]
    lambda_task = {"TaskType": "LAMBDA", "TaskArn": "arn:aws:lambda:eu-central-1:123456789012:function:note"}
    window = web_window(
        [
            patch_task("install", INSTALL, Priority=1, MaxConcurrency="2", MaxErrors="4"),
            patch_task("note", Priority=2, TaskInvocationParameters={"Lambda": {}}, **lambda_task),
        ]
    )
    for one in window["Tasks"][1:]:
        for name in ("Targets", "MaxConcurrency", "MaxErrors"):
            del one[name]
    settings = {"delivery_seconds": 0, "scan_seconds": 600, "install_seconds": 600, "spread": 0}
    place = {"account": ACCOUNT, "region": REGION, "fleet": {"nodes": nodes}, "windows": [window]}
    account.simulator.plant({"commands": settings, "executions": {"seconds": 60}, "regions": [place]})
    account.clear_log()
    return Controller(account, monkeypatch)


def test_a_line_tells_each_change_and_nothing_twice(controller: Controller) -> None:
    done = controller.run(**WAIT, wait_timeout=48 * 3600)

    execution_id = done["execution"]["window_execution_id"]
    command_id = done["execution"]["tasks"][0]["invocations"][0]["command_id"]
    assert command_id
    lines = [line.removeprefix("[acme] ").replace(execution_id, "ID") for line in controller.lines]
    zero, one, two, three = NODES
    counts = "install: IN_PROGRESS, {} done, {} failed, {} in progress, of 4"
    assert lines[:5] == [
        "prod opens 2026-01-01T02:00:00+00:00, in 2 h",
        "prod: execution ID IN_PROGRESS",
        counts.format(0, 0, 4),
        f"{counts.format(1, 1, 2)}; Delayed: {three}; Failed: {one} (exit code 1); Success: {zero}",
        f"{counts.format(2, 1, 1)}; Success: {two}",
    ]
    (install,) = [line for line in lines[5:] if line.startswith("install: ")]
    assert install.startswith("install: SUCCESS, 2 done, 2 failed, 0 in progress, of 4; TimedOut (DeliveryTimedOut): ")
    # The profiles differ in when the service gives up the node, and the strict one does so after the cutoff.
    note = ["note: TIMED_OUT"] if controller.account.profile == "strict" else ["note: IN_PROGRESS", "note: SUCCESS"]
    assert [line for line in lines[5:] if line.startswith("note: ")] == note
    assert lines[-1].startswith("prod: execution ID ")


def test_the_looks_know_what_to_look_at(controller: Controller) -> None:
    controller.run(**WAIT, wait_timeout=48 * 3600)

    first, *others = controller.calls
    assert first == {**WAIT, "wait_timeout": 48 * 3600, "wait": False}
    assert all(set(look) == {"region", "window", "window_execution_id"} for look in others)
    assert {look["window"][:3] for look in others} == {"mw-"}
    waiting = [look for look in others if look["window_execution_id"] is None]
    assert others[: len(waiting)] == waiting


def test_the_module_gives_the_same_by_itself(controller: Controller) -> None:
    controller.run(**WAIT, wait_timeout=48 * 3600)
    shown = controller.run(**WAIT, last=True)
    own = controller.account.run(MODULE, **WAIT, last=True)

    assert {name: shown[name] for name in ("window", "execution", "problem", "changed")} == {
        name: own[name] for name in ("window", "execution", "problem", "changed")
    }
    assert controller.lines[-1].startswith("[acme] prod: execution")


@pytest.mark.parametrize("given", [{"wait": False}, {"background": 3600}, {"check": True}, {"wait_timeout": "soon"}])
def test_the_module_is_called_once(controller: Controller, given: dict[str, Any]) -> None:
    controller.run(**{**WAIT, "begin_timeout": 7200, **given})

    assert len(controller.calls) == 1
    assert not controller.lines


def test_a_window_that_opens_too_late(controller: Controller) -> None:
    failed = controller.run(**{**WAIT, "begin_timeout": 60})

    assert failed["failed"]
    assert "in 2 h, and begin_timeout is 60 seconds" in failed["msg"]
    assert len(controller.calls) == 1
    assert filter_summary(failed) == ["prod: no execution; it opens 2026-01-01T02:00Z next"]


def test_a_look_that_fails_loses_nothing(controller: Controller) -> None:
    controller.account.faults({"op": "ListCommandInvocations", "do": "AccessDeniedException", "after": 3})

    failed = controller.run(**WAIT)

    assert "Allow the action ssm:ListCommandInvocations" in failed["msg"]
    assert failed["execution"]["status"] == "IN_PROGRESS"
    way = f"watch_window={failed['window']['window_id']} watch_window_execution_id="
    assert way in filter_summary(failed)[0]


def test_a_host_that_is_unreachable_meanwhile_loses_nothing(controller: Controller) -> None:
    controller.reachable = 3

    lost = controller.run(**WAIT)

    assert lost["unreachable"]
    assert lost["window"]["name"] == "prod"
    assert len(controller.calls) == 4


def test_a_task_that_is_not_logged_shows_nothing(controller: Controller) -> None:
    assert controller.run(**WAIT, no_log=True)["window"]
    assert not controller.lines


def test_the_summary(controller: Controller) -> None:
    predicted = controller.run(check=True, **WAIT)
    controller.account.simulator.set_clock("2026-01-01T02:05:00Z")
    followed = controller.run(check=True, **WAIT)
    controller.account.simulator.advance(20 * 3600)
    done = controller.run(**WAIT, last=True)

    assert filter_summary(predicted, True) == ["Would wait for prod, which opens 2026-01-01T02:00Z"]
    assert filter_summary(followed, True)[0].startswith(
        "Would follow prod, started 2026-01-01T02:00:00+00:00, not ended"
    )
    head, *lines = filter_summary(done)
    assert head.startswith("prod: ")
    assert head.endswith(f"(execution {done['execution']['window_execution_id']})")
    assert [line.partition(":")[0] for line in lines] == ["install"] * 4 + ["note"]
    assert "2 of 4 nodes succeeded" in lines[0]
    assert f"install: Failed: 1 node: {NODES[1]} (exit code 1)" in lines
