# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules with exactly the documented policy, and without each of its actions, one at a time."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from iam_policies import PREREQUISITES, policies
from simulator import CHECKOUT
from ssmsim import others
from ssmsim.model import shape

from . import recording
from .module_cases import MODULE_CASES, Args, ModuleCase
from .policies import Policy, administrators_policy, known, policy, policy_for, without

REFUSED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
# S3 gives no reason where it refuses a HEAD request.
NAMED_OTHERWISE = {"s3:ListBucket": "the credentials lack s3:ListBucket on it"}
# Without it, only the name of the account is missing.
ACCOUNT_NAME = "iam:ListAccountAliases"
# Modules that work on what others have read, and what the cases of the playbooks call.
WITHOUT_CASES = {"connect", "patch_report", "preflight"}
MODULES = known()["modules"]
# Where an old botocore leaves these counts out, nothing more is asked about them.
KNOWS_UPDATES = pytest.mark.skipif(
    "AvailableSecurityUpdateCount" not in shape("InstancePatchState")["members"],
    reason="the installed botocore does not know available security updates",
)
NEEDS_UPDATES = ("ssm_patch_compliance_info", "ssm:GetPatchBaseline")
CASES = [
    pytest.param(
        module,
        action,
        # What is recorded of a case is kept in the process of its tests.
        marks=[pytest.mark.xdist_group(module), *([KNOWS_UPDATES] if (module, action) == NEEDS_UPDATES else [])],
    )
    for module, kinds in MODULES.items()
    for action in (*kinds["read"], *kinds["write"])
]


@KNOWS_UPDATES
def test_the_documented_actions_are_those_that_are_called() -> None:
    called = {
        module: {"read": sorted(actions.read - actions.write), "write": sorted(actions.write)}
        for module, actions in recording.of_modules().items()
    }

    assert called == MODULES, "run tools/iam.py"


@pytest.mark.parametrize("name", policies(known()))
def test_the_example_policies_are_made_of_the_documented_actions(name: str) -> None:
    assert policy(name) == policies(known())[name], "run tools/iam.py"


def test_every_module_has_scenes() -> None:
    modules = {path.stem for path in (CHECKOUT / "plugins" / "modules").glob("*.py")}

    assert modules == {case.module for case in MODULE_CASES} | WITHOUT_CASES


@pytest.mark.parametrize("case", MODULE_CASES, ids=lambda case: case.name)
def test_the_documented_policy_is_enough(account: Account, case: ModuleCase) -> None:
    recording.prepare(account, case)
    account.simulator.set_policies({"*": _policy(case)})

    for args in case.given:
        account.run(case.module, check=True, **args)
        (account.fails if case.fails else account.run)(case.module, **args)
        _assert_converges(account, case, args)

    assert not _refused(account)


@pytest.mark.parametrize("case", MODULE_CASES, ids=lambda case: case.name)
def test_check_mode_needs_the_reading_policy_only(account: Account, case: ModuleCase) -> None:
    recording.prepare(account, case)
    document = policy("prerequisites" if case.module in PREREQUISITES else "read-only")
    reading = [one for one in document["Statement"] if one["Sid"].startswith("Read")]
    account.simulator.set_policies({"*": {**document, "Statement": reading}})

    account.run(case.module, check=True, **case.given[0])

    assert not _refused(account)


@pytest.mark.parametrize(("module", "action"), CASES)
def test_without_an_action(account: Account, module: str, action: str) -> None:
    """The action is missed somewhere; where it is, the run says so, and with the action the next one converges."""
    calling = [case for case in MODULE_CASES if case.module == module and action in _recorded(case.name)[0]]

    missed = [_misses(account, case, action) for case in calling]

    assert any(missed)


@cache
def _recorded(name: str) -> tuple[set[str], list[Args]]:
    """The actions that a case calls, without another one of which it runs as it does with all, and its predictions."""
    [case] = [case for case in MODULE_CASES if case.name == name]
    actions = recording.Actions()
    with recording.account(chosen_profile()) as account:
        predicted = recording.record(account, case, actions)
    return actions.all, predicted


def _misses(account: Account, case: ModuleCase, action: str) -> bool:
    account.simulator.reset()
    others.reset()
    recording.prepare(account, case)
    missed = False
    for args, predicted in zip(case.given, _recorded(case.name)[1], strict=True):
        account.simulator.set_policies({"*": without(_policy(case), action)})
        account.clear_log()
        result = account.outcome(case.module, **args)
        account.simulator.set_policies({"*": _policy(case)})
        if _refused(account):
            missed = True
            _assert_told(account, predicted, result, action)
            _assert_converges(account, case, args)
    return missed


def _assert_told(account: Account, predicted: Args, result: Args, action: str) -> None:
    """A refused call is a failure or a warning that names the action, and what was written is told."""
    reading = result.get("reading", {})
    gaps = [gap["message"] for gap in reading.get("gaps", ())]
    said = " ".join([str(result.get("msg", "")), *result["warnings"], *gaps])
    if action == ACCOUNT_NAME:
        assert reading["account_name"] is None
    else:
        assert NAMED_OTHERWISE.get(action, f"to perform: {action} on resource") in said
    written = [call["op"] for call in account.simulator.log() if call["write"] and call["status"] < 300]
    if set(written) == {"CreateBucket", "DeleteBucket"}:
        # The creation was taken back.
        written = []
    # The data of a report is in files, so the result can be changed without a write to the account.
    assert result.get("changed", False) == bool(written) or (reading and not written)
    if not result.get("failed"):
        return
    if "command" in result:
        assert not written or f"Command {result['command']['command_id']} " in said
    else:
        _assert_all_told(predicted, result, written)


def _assert_all_told(predicted: Args, result: Args, written: list[str]) -> None:
    """What is done, begun, failed and not attempted is together what was to be done."""
    planned = {entry["before_header"] for entry in predicted.get("diff", ())}
    broken, missed = ({_title(one) for one in result.get(name, ())} for name in ("errors", "not_attempted"))
    assert broken | missed <= planned
    if "changes" in result:
        assert {_title(one) for one in result["changes"]} == planned - broken - missed
    if broken | missed == planned:
        assert all(operation in result["msg"] for operation in written)
    assert broken or not written


def _assert_converges(account: Account, case: ModuleCase, args: Args) -> None:
    if case.fails:
        return
    again = account.run(case.module, **args)
    if again["changed"]:
        again = account.run(case.module, **args)
    assert not again["changed"] or case.module == "ssm_patch_run"


def _policy(case: ModuleCase) -> Policy:
    return administrators_policy(case.module) if case.administrator else policy_for(case.module)


def _refused(account: Account) -> list[str]:
    return [call["op"] for call in account.simulator.log() if call["error"] in REFUSED]


def _title(change: dict[str, Any]) -> str:
    """What heads the diff of a change."""
    within = f"{change['window']}/" if "window" in change else ""
    return f"{change['kind']} {within}{change['name']}"
