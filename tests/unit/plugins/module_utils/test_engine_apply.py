# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a plan: order, failures, retries, the create token and the reading back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._engine.apply import (
    apply_plan,
    create_token,
    finished,
    not_attempted,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._planners.changes import (
    Change,
    Creation,
    Plan,
    Ref,
    Step,
    chained,
)
from ansible_collections.patchfleet.aws.plugins.module_utils._resources import window
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import apply
from ansible_collections.patchfleet.aws.tests.support.engine import WORKERS, Engine
from ansible_collections.patchfleet.aws.tests.support.resource_cases import PROD, RESOURCE_CASES, ResourceCase

EACH_RESOURCE = pytest.mark.parametrize("case", RESOURCE_CASES, ids=lambda case: case.module)
WINDOW = {"Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 1, "AllowUnassociatedTargets": False}
LISTINGS = {"window": "DescribeMaintenanceWindows", "baseline": "DescribePatchBaselines"}


@pytest.fixture
def engine(account: Account) -> Engine:
    """The engine in the account."""
    assert account
    return Engine()


def _change(name: str, window_id: str) -> Change:
    return Change("window", name, "update", window_id, {"description": None}, {"description": name})


def _described(change: Change, **options: Any) -> Step:
    return Step(
        change.title,
        change,
        "UpdateMaintenanceWindow",
        {"WindowId": change.id, "Description": change.name},
        **options,
    )


def _windows(account: Account, *names: str) -> list[str]:
    return [account.by_hand("CreateMaintenanceWindow", Name=name, **WINDOW)["WindowId"] for name in names]


def _plan(*pairs: tuple[Change, list[Step]]) -> Plan:
    changes = [change for change, _steps in pairs]
    return Plan(changes, [step for _change, steps in pairs for step in chained(steps)])


def test_a_failing_step_stops_only_what_needs_it(account: Account, engine: Engine) -> None:
    missing = "mw-00000000000000000"
    ids = _windows(account, "one", "two")
    broken, free, bound = _change("broken", missing), _change("one", ids[0]), _change("two", ids[1])
    plan = _plan(
        (broken, [_described(broken)]),
        (free, [_described(free, after={broken.title})]),
        (bound, [_described(bound, needs={broken.title})]),
    )

    outcome = apply_plan(engine.api, plan, WORKERS)

    assert [failure.change for failure in outcome.failures] == [broken]
    assert finished(plan, outcome) == [free]
    assert not_attempted(plan, outcome) == [(bound, [broken.title])]
    assert outcome.touched == [free]
    assert len(account.inputs("UpdateMaintenanceWindow")) == 2


def test_steps_of_a_change_run_in_order_and_know_what_was_done(account: Account, engine: Engine) -> None:
    (window_id,) = _windows(account, "one")
    change = _change("one", window_id)
    second = Step("second", change, "DeleteMaintenanceWindow", {"WindowId": "mw-zz"}, if_failed="the first stays")
    plan = _plan((change, [_described(change), second]))

    outcome = apply_plan(engine.api, plan, WORKERS)

    (failure,) = outcome.failures
    assert failure.done == ["UpdateMaintenanceWindow"]
    assert "Completed: UpdateMaintenanceWindow." in failure.text()
    assert "Note: the first stays." in failure.text()
    assert finished(plan, outcome) == []
    assert outcome.touched == [change]


def test_what_is_put_back_when_a_step_fails(account: Account, engine: Engine) -> None:
    ids = _windows(account, "one", "two")
    change = _change("one", "mw-00000000000000000")
    undo = ("UpdateMaintenanceWindow", {"WindowId": ids[1], "Description": "put back"})

    outcome = apply_plan(engine.api, _plan((change, [_described(change, undo=undo, if_failed="all is back")])), WORKERS)

    assert "Note: all is back." in outcome.failures[0].text()
    assert account.by_hand("GetMaintenanceWindow", WindowId=ids[1])["Description"] == "put back"


def test_what_cannot_be_put_back_is_told(account: Account, engine: Engine) -> None:
    change = _change("one", "mw-00000000000000000")
    undo = ("UpdateMaintenanceWindow", {"WindowId": "mw-00000000000000001", "Description": "put back"})

    outcome = apply_plan(engine.api, _plan((change, [_described(change, undo=undo, if_failed="all is back")])), WORKERS)

    assert "the rollback also failed" in outcome.failures[0].text()
    assert "all is back" not in outcome.failures[0].text()
    assert account.calls(writes=True)["UpdateMaintenanceWindow"] == 2


def test_errors_that_pass_are_waited_for(account: Account, engine: Engine) -> None:
    (window_id,) = _windows(account, "one")
    change = _change("one", window_id)
    account.faults({"op": "UpdateMaintenanceWindow", "do": "TooManyUpdates", "times": 4})

    outcome = apply_plan(
        engine.api, _plan((change, [_described(change, retry=frozenset({"TooManyUpdates"}))])), WORKERS
    )

    assert not outcome.failures
    assert len(account.inputs("UpdateMaintenanceWindow")) == 5


def test_errors_that_do_not_pass_end_the_waiting(account: Account, engine: Engine) -> None:
    (window_id,) = _windows(account, "one")
    change = _change("one", window_id)
    account.faults({"op": "UpdateMaintenanceWindow", "do": "TooManyUpdates"})

    outcome = apply_plan(
        engine.api, _plan((change, [_described(change, retry=frozenset({"TooManyUpdates"}))])), WORKERS
    )

    assert len(outcome.failures) == 1
    assert len(account.inputs("UpdateMaintenanceWindow")) == 10


def test_errors_that_mean_already_so(account: Account, engine: Engine) -> None:
    change = _change("gone", "mw-00000000000000000")
    tolerant = _described(change, tolerate=frozenset({"DoesNotExistException"}))

    assert not apply_plan(engine.api, _plan((change, [tolerant])), WORKERS).failures
    assert account.calls(writes=True)["UpdateMaintenanceWindow"] == 1


def test_a_token_is_that_of_the_resource() -> None:
    creation, other = Creation(window.KIND, "one"), Creation(window.KIND, "two")

    token = create_token(creation, {"Name": "one", "Duration": 1})

    assert token == create_token(creation, {"Duration": 1, "Name": "one"})
    assert len(token) == 64
    assert (
        len({token, create_token(creation, {"Duration": 2}), create_token(other, {"Name": "one", "Duration": 1})}) == 3
    )
    assert token != create_token(creation, {"Name": "one", "Duration": 1}, "salt")


@EACH_RESOURCE
def test_a_lost_answer_makes_no_second_resource(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    account.faults({"op": case.kind.create, "do": "lost", "times": 3})

    account.run(case.module, **case.creation())

    requests = account.inputs(case.kind.create)
    assert len(requests) == 4
    assert len({request["ClientToken"] for request in requests}) == 1


@EACH_RESOURCE
def test_the_token_differs_with_the_body(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    account.run(case.module, **case.creation())
    account.run(case.module, **case.identity, state="absent")
    account.run(case.module, **case.creation(), description="new")

    tokens = [request["ClientToken"] for request in account.inputs(case.kind.create)]
    assert len(set(tokens)) == len(tokens) == 2


@EACH_RESOURCE
def test_a_token_whose_resource_was_deleted(account: Account, case: ResourceCase) -> None:
    case.prepare(account)
    id_option = case.kind.id_option
    first = account.run(case.module, **case.creation())[case.result][id_option]
    account.run(case.module, **case.identity, state="absent")

    second = apply(account, case.module, **case.creation())[case.result][id_option]

    assert second != first
    tokens = [request["ClientToken"] for request in account.inputs(case.kind.create)]
    assert tokens[0] == tokens[1]
    # Where the service remembers the token, it gives the deleted id, and the creation is renewed under another token.
    assert len(tokens) == (3 if account.profile == "strict" else 2)


def test_of_two_namesakes_made_at_once_the_newer_goes(account: Account, engine: Engine) -> None:
    planning = engine.plan(windows=[{**PROD}])
    (rival,) = _windows(account, "prod")
    account.simulator.advance(60)

    outcome = engine.apply(planning)

    assert "at the same time" in outcome.failures[0].text()
    assert rival in outcome.failures[0].text()
    left = account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    assert [window["WindowId"] for window in left] == [rival]


def test_the_older_namesake_stays(account: Account, engine: Engine) -> None:
    planning = engine.plan(windows=[{**PROD}])
    account.simulator.advance(-3600)
    creation = next(step.creation for step in planning.plan.steps if step.creation)
    request = {**planning.plan.steps[0].request}
    own = account.by_hand("CreateMaintenanceWindow", **request, ClientToken=create_token(creation, request))["WindowId"]
    account.simulator.advance(3600)
    (rival,) = _windows(account, "prod")

    outcome = engine.apply(planning)

    left = {window["WindowId"] for window in account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]}
    assert left == {own, rival}
    assert not account.calls()["DeleteMaintenanceWindow"]
    assert not outcome.failures


def test_a_namesake_that_was_there_before_is_never_removed(account: Account) -> None:
    account.run("ssm_maintenance_window", **PROD)
    account.run("ssm_maintenance_window", **{**PROD, "name": "other"})

    assert not account.calls()["DeleteMaintenanceWindow"]


def test_a_creation_that_no_read_shows(account: Account) -> None:
    account.simulator.set_lag(1000)

    failed = account.fails("ssm_maintenance_window", **PROD)

    assert "AWS does not return it yet" in failed["msg"]
    account.simulator.set_lag(0)
    made = {window["WindowId"] for window in account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]}
    again = account.outcome("ssm_maintenance_window", **PROD)
    assert not again.get("changed")
    assert len(made) == 1 or all(one in again["msg"] for one in made)


@pytest.mark.parametrize("lag", [0, 2])
def test_a_group_is_registered_though_the_answer_was_lost(account: Account, lag: int) -> None:
    operation = "RegisterPatchBaselineForPatchGroup"
    lost, refused = {"op": operation, "do": "lost", "times": 1}, {"op": operation, "do": "AlreadyExistsException"}
    account.faults(lost, refused)
    account.simulator.set_lag(lag)

    made = account.run("ssm_patch_baseline", name="web", operating_system="UBUNTU", patch_groups=["Web"])

    assert made["baseline"]["patch_groups"] == ["Web"]
    assert len(account.inputs(operation)) == 2


def test_a_group_that_is_not_registered_is_an_error(account: Account) -> None:
    account.faults({"op": "RegisterPatchBaselineForPatchGroup", "do": "AlreadyExistsException"})

    failed = account.fails("ssm_patch_baseline", name="web", operating_system="UBUNTU", patch_groups=["Web"])

    assert "AlreadyExistsException" in failed["msg"]


def test_ids_reach_the_steps_that_need_them(account: Account, engine: Engine) -> None:
    made = Change("window", "one", "create", Ref("window one"), {}, {"name": "one"})
    request = {"Name": "one", **WINDOW}
    create = Step("window one", made, window.KIND.create, request, creation=Creation(window.KIND, "one"))
    describe = Step(
        "second", made, "UpdateMaintenanceWindow", {"WindowId": Ref("window one"), "Description": "described"}
    )

    outcome = apply_plan(engine.api, _plan((made, [create, describe])), WORKERS)

    window_id = outcome.ids["window one"]
    assert account.by_hand("GetMaintenanceWindow", WindowId=window_id)["Description"] == "described"
    assert outcome.resolve({"a": [Ref("window one"), Ref("unknown")]}) == {"a": [window_id, None]}
