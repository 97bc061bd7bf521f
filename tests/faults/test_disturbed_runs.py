# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeded disturbances of every declaration: whatever happened to a run, the next one makes it good.

PATCHFLEET_FAULT_RUNS says how many, PATCHFLEET_FAULT_SEED where the seeds begin; the number of a test is its seed.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import CLOCK
from ansible_collections.patchfleet.aws.tests.support.effort import fault_runs
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from ssmsim import Simulator

from .applying import Call, apply_calls, assert_settles, in_bulk, one_by_one
from .disturbances import DISTURBANCES, KNOWING, RULES, SPECIAL
from .faulty_account import FaultyAccount
from .transitions import OTHER, TRANSITIONS, other_values, whole

Json = Any
RUNS = fault_runs()
SEED = int(os.environ.get("PATCHFLEET_FAULT_SEED", "0"))
NEIGHBOUR: dict[str, Json] = {
    "setup": "theirs",
    "baselines": [{"name": "linux-theirs", "operating_system": "AMAZON_LINUX_2023", "patch_groups": ["theirs"]}],
    "windows": [
        {
            "name": "prod-theirs",
            "schedule": "rate(1 day)",
            "duration": 2,
            "cutoff": 0,
            "targets": [{"name": "web", "patch_groups": ["theirs"]}],
            "patch_tasks": [{"name": "install", "operation": "Install", "window_targets": ["web"]}],
        }
    ],
}


# What these do not declare stays as it is, and does not come back when somebody deletes it or hides it from a run.
HALF_DECLARED = frozenset({"revert", "reset", "modernise"})
# What these say of the whole setup cannot be said by one module for each resource.
ONE_CALL = frozenset({"prune", "limit", "reset", "remove"})


def prepared(account: FaultyAccount, transition: str) -> dict[str, Json]:
    """An account with a neighbour and with what the transition begins with; gives what is to become of it."""
    account.simulator.reset()
    account.setup(**NEIGHBOUR)
    before, after = TRANSITIONS[transition]
    if before:
        result = account.setup(**before)
        assert not result.get("failed"), result["msg"]
    if transition == "modernise":
        make_old(account)
    account.pass_time()
    account.clear_log()
    return after


def make_old(account: FaultyAccount) -> None:
    """Put the patch tasks of a window where the older API kept their parameters."""
    ids = account.ids()
    for name, operation in (("scan", "Scan"), ("install", "Install")):
        where = {"WindowId": ids["window", "prod"], "WindowTaskId": ids["Task", "prod", name]}
        task = account.by_hand("GetMaintenanceWindowTask", **where)
        kept = {key: task[key] for key in ("Targets", "TaskArn", "MaxConcurrency", "MaxErrors", "Priority")}
        account.by_hand(
            "UpdateMaintenanceWindowTask",
            **where,
            **kept,
            Name=name,
            Replace=True,
            TaskParameters={"Operation": {"Values": [operation]}},
            LoggingInfo={"S3BucketName": "old-bucket", "S3Region": "eu-central-1"},
        )


@cache
def expected(transition: str) -> Json:
    """What an undisturbed run makes of a transition."""
    with pytest.MonkeyPatch.context() as patch:
        account = FaultyAccount(Simulator(profile=chosen_profile(), clock=CLOCK), chosen_profile(), patch)
        result = account.setup(**prepared(account, transition))
        assert not result.get("failed"), result["msg"]
        return account.content()


def assert_told(account: FaultyAccount, results: list[dict[str, Json]], knowing: bool) -> None:
    """Results are honest: changed where something was written, and failed with the reason."""
    written = [call["op"] for call in account.simulator.log() if call["write"] and call["status"] == 200]
    if knowing:
        changed = any(result["changed"] for result in results)
        assert changed is bool(written), (written, results[-1].get("msg"))
    if results[-1].get("failed"):
        assert results[-1]["msg"]
        if "Nothing was written" in results[-1]["msg"] and len(results) == 1:
            assert not written


def assert_accounted(predicted: dict[str, Json], result: dict[str, Json]) -> None:
    """Whatever was to change is told as done, as failed or as not tried."""
    if "errors" not in result:
        assert result["failed"]
        return

    def keys(told: str) -> set[tuple[str | None, ...]]:
        return {(one["kind"], one.get("window"), one["name"], one["action"]) for one in result[told]}

    done, failed, missed = keys("changes"), keys("errors"), keys("not_attempted")
    everything = {(one["kind"], one.get("window"), one["name"], one["action"]) for one in predicted["changes"]}
    assert done | failed | missed == everything
    assert not done & (failed | missed)
    assert bool(failed) is bool(result.get("failed"))
    assert all(name[2] in result["msg"] for name in failed | missed)


def disturbed(account: FaultyAccount, draw: random.Random, disturbance: str, calls: list[Call]) -> None:
    """One run under a disturbance, and what must be true right after it."""
    predicted = account.setup(check=True, **calls[0][1]) if len(calls) == 1 else None
    account.clear_log()
    account.faults_from(draw.randrange(1000), *RULES[disturbance](draw))
    results = apply_calls(account, calls)
    account.faults()
    assert_told(account, results, disturbance in KNOWING)
    if predicted and disturbance not in ("lying", "odd"):
        assert_accounted(predicted, results[0])
    if disturbance in ("pages", "calm"):
        assert not results[-1].get("failed"), results[-1]["msg"]


def assert_kept(before: dict[tuple[str, ...], str], after: dict[tuple[str, ...], str], transition: str) -> None:
    """Nothing was removed and made again: what has the same name has the same id."""
    for key in before.keys() & after.keys():
        assert before[key] == after[key] or (transition == "replace" and key[0] in ("Target", "Task")), key


@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS))
def test_the_next_run_makes_it_good(seed: int, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)
    transition, disturbance = draw.choice(list(TRANSITIONS)), draw.choice(DISTURBANCES)
    wanted = expected(transition)
    account = FaultyAccount(simulator, chosen_profile(), monkeypatch)
    # With one call at a time a seed always makes the same calls in the same order.
    declaration = {**prepared(account, transition), "concurrency": draw.choice((1, 1, 16))}
    separate = transition not in ONE_CALL and disturbance != "raced" and draw.random() < 0.3
    calls = one_by_one(declaration) if separate else in_bulk(declaration)
    before = account.ids()
    if disturbance in SPECIAL:
        SPECIAL[disturbance](account, draw, calls)
    else:
        disturbed(account, draw, disturbance, calls)
    assert_settles(account, calls)
    if disturbance not in ("meddled", "lying", "odd") or transition not in HALF_DECLARED:
        assert account.content() == wanted, (transition, disturbance)
    if disturbance != "meddled":
        assert_kept(before, account.ids(), transition)


def without_others(value: Json) -> Json:
    """Content without descriptions by another controller, which a declaration without descriptions leaves alone."""
    if isinstance(value, dict):
        kept = {name: entry for name, entry in value.items() if (name, entry) != ("Description", OTHER)}
        return {name: without_others(entry) for name, entry in kept.items()}
    return sorted((without_others(entry) for entry in value), key=repr) if isinstance(value, list) else value


def of_other_values(declaration: dict[str, Json], number: int) -> dict[str, Json]:
    """Another controller of the same setup, which differs about values."""
    return other_values(declaration, number)


def of_another_setup(declaration: dict[str, Json], number: int) -> dict[str, Json]:
    """Another controller that claims the same resources for a setup of its own."""
    return {**other_values(declaration, number), "setup": f"mine-{number}"}


@pytest.mark.parametrize("other", [of_other_values, of_another_setup], ids=lambda one: one.__name__)
@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS // 10))
def test_controllers_of_many_minds(
    seed: int,
    other: Callable[[dict[str, Json], int], dict[str, Json]],
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw = random.Random(seed)
    transition = draw.choice(sorted(TRANSITIONS.keys() - {"take over"}))
    wanted = expected(transition)
    account = FaultyAccount(simulator, chosen_profile(), monkeypatch)
    declaration = prepared(account, transition)
    account.at_once(declaration, *[other(declaration, number + 1) for number in range(draw.choice((1, 4)))])
    if other is of_another_setup:
        # What another one made is theirs; it takes a word of the user to have it.
        declaration = {**declaration, "take_over": True}
    account.settled(**declaration)
    assert without_others(account.content()) == without_others(wanted), transition


def test_two_setups_are_pruned_in_turn(account: FaultyAccount) -> None:
    declaration = prepared(account, "prune")
    mine = whole()
    for _turn in range(2):
        theirs = [one for one in account.content()["windows"] if one["Name"] == "prod-theirs"]
        account.settled(**declaration)
        assert [one for one in account.content()["windows"] if one["Name"] == "prod-theirs"] == theirs
        result = account.setup(**NEIGHBOUR, prune=True)
        assert not result["changed"]
        account.setup(**mine)
