# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account in which any answer may be a lie, at any time: no run removes what belongs to others or is declared."""

from __future__ import annotations

import random
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from ssmsim import Simulator

from .faulty_account import FaultyAccount
from .test_disturbed_runs import NEIGHBOUR, RUNS, SEED, prepared
from .transitions import TRANSITIONS

Json = Any
LIES = ("lose", "shorten", "strip", "cut", "repeat", "shuffle", "blank")
TABLES = {"windows": "WindowId", "window_tasks": "WindowTaskId", "baselines": "BaselineId"}
CODES = (
    *("DoesNotExistException", "InvalidResourceId", "AlreadyExistsException", "ResourceInUseException"),
    *("TargetInUseException", "IdempotentParameterMismatch", "ResourceLimitExceededException", "TooManyUpdates"),
    *("InvalidNextToken", "lost", "drop", "html"),
)


def theirs(account: FaultyAccount) -> list[Json]:
    """All that the neighbour has."""
    content = account.content()
    names = {one["name"] for one in (*NEIGHBOUR["windows"], *NEIGHBOUR["baselines"])}
    return [one for one in (*content["windows"], *content["baselines"]) if one["Name"] in names]


def declared(transition: str) -> set[tuple[str, ...]]:
    """Kind and name of the windows, tasks and baselines that a transition wants to be there before and after."""
    before, after = TRANSITIONS[transition]
    if not before or after.get("state") == "absent":
        return set()

    def names(declaration: dict[str, Json]) -> set[tuple[str, ...]]:
        there = [one for one in declaration["windows"] if one.get("state") != "absent"]
        tasks = [
            (one["name"], task) for one in there for kind in ("patch_tasks", "tasks") for task in one.get(kind, ())
        ]
        return {
            *(("window", one["name"]) for one in there),
            *(("baseline", one["name"]) for one in declaration["baselines"] if one.get("state") != "absent"),
            *(("Task", window, task["name"]) for window, task in tasks if task.get("state") != "absent"),
        }

    return names(before) & names(after)


@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS))
def test_lies_at_any_time(seed: int, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)
    transition = draw.choice(sorted(TRANSITIONS.keys() - {"create"}))
    account = FaultyAccount(simulator, chosen_profile(), monkeypatch)
    declaration = {**prepared(account, transition), "concurrency": draw.choice((1, 16))}
    before, neighbour = account.ids(), theirs(account)
    rate = draw.uniform(0.02, 0.3)
    lies = [{"do": do, "rate": rate} for do in draw.sample(LIES, 3)]
    errors = [{"do": do, "rate": rate / 3} for do in draw.sample(CODES, 3)]
    for _run in range(2):
        account.faults_from(draw.randrange(1000), *lies, *errors)
        account.setup(**declaration)
        account.faults()
    assert theirs(account) == neighbour
    # By id, behind all reads: there may be namesakes by now.
    after = {one[member] for table, member in TABLES.items() for one in account.region.table(table).latest_values()}
    wanted = declared(transition)
    # The key of a baseline also has its operating system.
    kept = {
        key: found for key, found in before.items() if key in wanted or (key[0] == "baseline" and key[:2] in wanted)
    }
    assert kept or transition == "remove"
    # What cannot be changed in place is made anew.
    lost = {key for key, found in kept.items() if found not in after}
    assert lost <= ({("Task", "prod", "after")} if transition == "replace" else set()), lost
