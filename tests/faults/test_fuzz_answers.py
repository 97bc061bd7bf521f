# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are mangled at any place: a run fails and says so, or is right; it never takes them for an absence."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.effort import fault_runs
from ansible_collections.patchfleet.aws.tests.support.profiles import chosen_profile
from ssmsim import Simulator

from .disturbances import READS
from .faulty_account import FaultyAccount
from .transitions import LINUX

Json = Any
Path = tuple[str | int, ...]
RUNS = 2 * fault_runs()
SEED = int(os.environ.get("PATCHFLEET_FAULT_SEED", "0"))
ODD: tuple[Json, ...] = (
    *(None, "", [], {}, 0, -1, 10**15, True, 1.5, "unknown", "Ünbekannt 東京", "x" * 5000, [None], [{}], {"New": "x"}),
    *("2026-01-01T00:00:00+09:00", "1970-01-01", "rate(", "cron(0 0 ? * * *)", "100%", "NaN", float("inf")),
)
WEB = {"name": "web", "patch_groups": ["web"]}
SCAN = {"name": "scan", "operation": "Scan", "window_targets": ["web"], "output_s3_bucket": "some-bucket"}
AFTER = {"name": "after", "task_type": "AUTOMATION", "task_arn": "AWS-Nothing", "window_targets": ["web"]}
PROD = {
    "name": "prod",
    "schedule": "cron(0 2 ? * TUE#2 *)",
    "schedule_offset": 2,
    "schedule_timezone": "Europe/Berlin",
    "start_date": "2026-02-01T00:00:00Z",
    "duration": 4,
    "cutoff": 1,
    "targets": [WEB],
    "patch_tasks": [SCAN],
    "tasks": [AFTER],
}
BASE = {
    "name": "base",
    "operating_system": LINUX,
    "approval_rules": [{"filters": {"CLASSIFICATION": ["Security"]}, "approve_after_days": 7}],
    "patch_groups": ["web"],
    "tags": {"Team": "x"},
}
BEFORE = {"setup": "mine", "baselines": [BASE, {"name": "old", "operating_system": LINUX}], "windows": [PROD]}
BEFORE["windows"] = [PROD, {**PROD, "name": "old"}]
THEIRS = {"setup": "theirs", "baselines": [{**BASE, "name": "their-base", "patch_groups": ["theirs"]}]}
THEIRS["windows"] = [{**PROD, "name": "their-prod"}]
DECLARATIONS: dict[str, dict[str, Json]] = {
    "prune": {
        "setup": "mine",
        "prune": True,
        "baselines": [{**BASE, "description": "later"}],
        "windows": [{**PROD, "description": "later", "schedule": "rate(1 day)", "schedule_offset": 0}],
    },
    "remove": {
        "setup": "mine",
        "baselines": [{"name": "old", "state": "absent"}],
        "windows": [{"name": "old", "state": "absent"}, {**PROD, "duration": 5}],
    },
    "new": {
        "setup": "mine",
        "baselines": [{**BASE, "name": "new", "patch_groups": ["new"]}],
        "windows": [{**PROD, "name": "new"}],
    },
}
INFO: dict[str, dict[str, Json]] = {
    "ssm_maintenance_window_info": {"include": ["targets", "tasks", "next_runs"]},
    "ssm_patch_baseline_info": {"owner": "all", "include": ["patch_groups"], "as_override": True},
}


def paths(value: Json, at: Path = ()) -> Iterator[Path]:
    """Every place in an answer."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield (*at, key)
        yield from paths(entry, (*at, key))


def mangled(answer: dict[str, Json], draw: random.Random) -> dict[str, Json]:
    """The answer with one place changed: left out, other than it was, or with a member that nobody knows."""
    changed = deepcopy(answer)
    places = list(paths(changed))
    if not places:
        return changed
    *way, last = draw.choice(places)
    holder: Json = changed
    for key in way:
        holder = holder[key]
    how = draw.random()
    if how < 0.3:
        del holder[last]
    elif how < 0.4:
        holder[last] = {"Unknown": holder[last]}
    elif how < 0.5 and isinstance(holder, list):
        holder.append(deepcopy(holder[last]))
    else:
        holder[last] = draw.choice(ODD)
    return changed


def mangle(account: FaultyAccount, operation: str, seed: int, always: bool) -> None:
    """Mangle the answers of an operation, at the same place each time, or only the first of them."""

    def once(answer: dict[str, Json]) -> dict[str, Json]:
        if not always:
            account.answers.pop(operation, None)
        return mangled(answer, random.Random(seed))

    account.answers[operation] = once


def begun(account: FaultyAccount) -> dict[tuple[str, ...], str]:
    """Two setups side by side; gives all ids."""
    for declaration in (THEIRS, BEFORE):
        made = account.setup(**declaration)
        assert not made.get("failed"), made["msg"]
    account.pass_time()
    return account.ids()


def theirs(account: FaultyAccount) -> list[Json]:
    """All that belongs to the neighbours, and what is known of them."""
    content = account.content()
    own = [one for one in (*content["windows"], *content["baselines"]) if one["tags"]["patchfleet:setup"] == "theirs"]
    return [*own, *[group for group in content["groups"] if group[0] == "theirs"]]


def names(account: FaultyAccount) -> Counter[tuple[str, ...]]:
    """How often there is a window, target, task or baseline of each name."""
    content = account.content()
    found = Counter(("baseline", one["Name"]) for one in content["baselines"])
    for window in content["windows"]:
        found["window", window["Name"]] += 1
        found.update(
            (kind, window["Name"], one.get("Name", "")) for kind in ("targets", "tasks") for one in window[kind]
        )
    return found


@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS))
def test_no_mangled_answer_removes_or_doubles(seed: int, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)
    account = FaultyAccount(simulator, chosen_profile(), monkeypatch)
    account.simulator.reset()
    ids, neighbours = begun(account), theirs(account)
    what = draw.choice(list(DECLARATIONS))
    always = draw.random() < 0.5
    mangle(account, draw.choice(READS), seed, always)
    account.setup(**DECLARATIONS[what], concurrency=1)
    account.answers.clear()
    assert theirs(account) == neighbours
    after = account.ids()
    goes = "old" if what in ("prune", "remove") else None
    # A target that lost its name in all reads cannot be told from one without a name, and is made anew.
    lost = {key: ids[key] for key in ids.keys() - after.keys() if goes not in key}
    assert not {key: one for key, one in lost.items() if not (always and key[0] == "Target")}
    if not always:
        assert max(names(account).values()) == 1
        assert {key: after[key] for key in ids.keys() & after.keys()} == {
            key: ids[key] for key in ids.keys() & after.keys()
        }


@pytest.mark.parametrize("module", INFO)
@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS // 6))
def test_no_mangled_answer_ends_an_info_module_without_a_word(
    seed: int, module: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    account = FaultyAccount(simulator, chosen_profile(), monkeypatch)
    account.simulator.reset()
    begun(account)
    mangle(account, draw.choice((*READS, "DescribeMaintenanceWindowSchedule")), seed, always=True)
    result = Account.outcome(account, module, **INFO[module])
    # An empty listing is an answer like any other.
    told = result["msg"] if result.get("failed") else result["windows" if "window" in module else "baselines"]
    assert isinstance(told, list) or told
