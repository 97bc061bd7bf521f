# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeded disturbances of every declaration: whatever happened to a run, the next one makes it good.

PATCHFLEET_FAULT_RUNS says how many; a seed that fails is repeated with -k and its number.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.plugins.module_utils._patching import apply
from ansible_collections.patchfleet.aws.tests.unit.plugins.support.account import CLOCK
from ssmsim import Simulator

from .conftest import PROFILES
from .field import Field, KilledError
from .scenarios import OTHER, SCENARIOS, other_values, whole

Json = Any
RUNS = int(os.environ.get("PATCHFLEET_FAULT_RUNS", "20"))
WRITES = (
    "CreateMaintenanceWindow",
    "UpdateMaintenanceWindow",
    "DeleteMaintenanceWindow",
    "RegisterTargetWithMaintenanceWindow",
    "UpdateMaintenanceWindowTarget",
    "DeregisterTargetFromMaintenanceWindow",
    "RegisterTaskWithMaintenanceWindow",
    "UpdateMaintenanceWindowTask",
    "DeregisterTaskFromMaintenanceWindow",
    "CreatePatchBaseline",
    "UpdatePatchBaseline",
    "DeletePatchBaseline",
    "RegisterPatchBaselineForPatchGroup",
    "DeregisterPatchBaselineForPatchGroup",
    "RegisterDefaultPatchBaseline",
    "AddTagsToResource",
    "RemoveTagsFromResource",
)
READS = (
    "DescribeMaintenanceWindows",
    "GetMaintenanceWindow",
    "DescribeMaintenanceWindowTargets",
    "DescribeMaintenanceWindowTasks",
    "GetMaintenanceWindowTask",
    "ListTagsForResource",
    "DescribePatchBaselines",
    "GetPatchBaseline",
    "DescribePatchGroups",
)
# What somebody deletes: listing, its result, the name, what deletes it, the member of the id.
REMOVALS = {
    "window": ("DescribeMaintenanceWindows", "WindowIdentities", "test", "DeleteMaintenanceWindow", "WindowId"),
    "target": (
        "DescribeMaintenanceWindowTargets",
        "Targets",
        "web",
        "DeregisterTargetFromMaintenanceWindow",
        "WindowTargetId",
    ),
    "task": (
        "DescribeMaintenanceWindowTasks",
        "Tasks",
        "install",
        "DeregisterTaskFromMaintenanceWindow",
        "WindowTaskId",
    ),
    "baseline": ("DescribePatchBaselines", "BaselineIdentities", "spare", "DeletePatchBaseline", "BaselineId"),
}
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


def prepared(field: Field, scenario: str) -> dict[str, Json]:
    """An account with a neighbour and with what the scenario begins with; gives what is to become of it."""
    field.simulator.reset()
    field.setup(**NEIGHBOUR)
    before, after = SCENARIOS[scenario]
    if before:
        result = field.setup(**before)
        assert not result.get("failed"), result["msg"]
    field.clear_log()
    return after


@cache
def expected(scenario: str, profile: str) -> Json:
    """What an undisturbed run makes of a scenario."""
    with pytest.MonkeyPatch.context() as patch:
        field = Field(Simulator(profile=profile, clock=CLOCK), profile, patch)
        result = field.setup(**prepared(field, scenario))
        assert not result.get("failed"), result["msg"]
        return field.content()


def assert_told(field: Field, result: dict[str, Json], exact: bool) -> None:
    """A result is honest: changed where something was written, and failed with the reason.

    exact: no answer was lost, so that the run can know.
    """
    written = [call["op"] for call in field.simulator.log() if call["write"] and call["status"] == 200]
    if exact:
        assert result["changed"] is bool(written), (written, result.get("msg"))
    if result.get("failed"):
        assert result["msg"]
        if "Nothing was written" in result["msg"]:
            assert not written


def without_others(value: Json) -> Json:
    """Content without descriptions by another controller, which a declaration without descriptions leaves alone."""
    if isinstance(value, dict):
        kept = {name: entry for name, entry in value.items() if (name, entry) != ("Description", OTHER)}
        return {name: without_others(entry) for name, entry in kept.items()}
    return sorted((without_others(entry) for entry in value), key=repr) if isinstance(value, list) else value


def one_call(what: str) -> Callable[[random.Random], list[dict[str, Json]]]:
    """One call, any, is disturbed once."""
    return lambda draw: [{"op": draw.choice(("*", *WRITES)), "do": what, "after": draw.randrange(6), "times": 1}]


def from_then_on(what: str) -> Callable[[random.Random], list[dict[str, Json]]]:
    """From some call on, all are refused."""
    return lambda draw: [{"do": what, "after": draw.randrange(60)}]


def denied(draw: random.Random) -> list[dict[str, Json]]:
    """One action is forbidden, from the beginning or after a few calls."""
    return [{"op": draw.choice(WRITES), "do": "AccessDeniedException", "after": draw.choice((0, 0, 1, 2))}]


def now_and_then(*whats: str) -> Callable[[random.Random], list[dict[str, Json]]]:
    """Calls are disturbed at random."""
    return lambda draw: [{"do": what, "rate": draw.uniform(0.05, 0.6 / len(whats))} for what in whats]


RULES: dict[str, Callable[[random.Random], list[dict[str, Json]]]] = {
    "lost": one_call("lost"),
    "dropped": one_call("drop"),
    "proxy": one_call("html"),
    "error": one_call("InternalServerError"),
    "denied": denied,
    "expired": from_then_on("ExpiredTokenException"),
    "cut": from_then_on("drop"),
    "throttled": now_and_then("ThrottlingException"),
    "stormy": now_and_then("ThrottlingException", "lost", "drop", "InternalServerError", "ServiceUnavailable"),
    "calm": lambda _draw: [],
}


def disturbed(field: Field, draw: random.Random, disturbance: str, declaration: dict[str, Json]) -> None:
    """One run under a disturbance, and what must be true right after it."""
    field.faults(*RULES[disturbance](draw))
    result = field.setup(**declaration)
    field.faults()
    assert_told(field, result, exact=disturbance in ("denied", "expired", "throttled", "error", "dropped", "calm"))


def _groups(field: Field, listed: dict[str, Json]) -> list[str]:
    baseline_id = listed.get("BaselineId")
    return field.by_hand("GetPatchBaseline", BaselineId=baseline_id).get("PatchGroups") or [] if baseline_id else []


def remove_by_hand(field: Field, listing: str, result: str, name: str, delete: str, member: str) -> None:
    """Delete a resource of the setup, if it is there."""
    windows = {one["Name"]: one["WindowId"] for one in field.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]}
    inside = result in ("Targets", "Tasks")
    if inside and "prod" not in windows:
        return
    where = {"WindowId": windows["prod"]} if inside else {}
    for one in field.by_hand(listing, **where)[result]:
        if name in (one.get("Name"), one.get("BaselineName")):
            for group in _groups(field, one):
                request = {"BaselineId": one[member], "PatchGroup": group}
                field.by_hand("DeregisterPatchBaselineForPatchGroup", **request)
            field.by_hand(delete, **where, **{member: one[member]})


def killed(field: Field, draw: random.Random, declaration: dict[str, Json]) -> None:
    """A run that dies at some call, before or after its effect."""
    field.kill(draw.randrange(1, 70), late=draw.random() < 0.5)
    try:
        field.setup(**declaration)
    except KilledError:
        pass
    finally:
        field.kill(None)


def lagging(field: Field, draw: random.Random, declaration: dict[str, Json]) -> None:
    """Runs that see the account as it was up to five seconds ago."""
    lag = draw.uniform(0.1, 5)
    field.simulator.set_lag(lag)
    for _again in range(2):
        if draw.random() < 0.5:
            killed(field, draw, declaration)
        else:
            field.setup(**declaration)
    apply.time.sleep(lag)
    field.simulator.set_lag(0)


def raced(field: Field, draw: random.Random, declaration: dict[str, Json]) -> None:
    """Two or five controllers at once, of one mind."""
    field.at_once(*[declaration] * draw.choice((2, 5)))


def meddled(field: Field, draw: random.Random, declaration: dict[str, Json]) -> None:
    """Somebody deletes something in the middle of a run."""
    name = draw.choice(list(REMOVALS))
    field.before[draw.choice(READS + WRITES)] = lambda: remove_by_hand(field, *REMOVALS[name])
    result = field.setup(**declaration)
    field.before.clear()
    assert_told(field, result, exact=True)


# What these do not declare stays as it is, and does not come back when somebody deletes it.
HALF_DECLARED = ("revert", "reset")
DISTURBANCES = ("killed", "killed", "killed", "lagging", "raced", "meddled", *RULES)


@pytest.mark.parametrize("seed", range(RUNS))
def test_the_next_run_makes_it_good(
    seed: int, simulators: dict[str, Simulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(seed)
    profile = PROFILES[seed % 2]
    scenario = draw.choice(list(SCENARIOS))
    disturbance = draw.choice(DISTURBANCES)
    wanted = expected(scenario, profile)
    field = Field(simulators[profile], profile, monkeypatch)
    declaration = prepared(field, scenario)
    single = {"killed": killed, "lagging": lagging, "raced": raced, "meddled": meddled}.get(disturbance)
    if single:
        single(field, draw, declaration)
    else:
        disturbed(field, draw, disturbance, declaration)
    field.settled(**declaration)
    if disturbance != "meddled" or scenario not in HALF_DECLARED:
        assert field.content() == wanted, (scenario, disturbance)


@pytest.mark.parametrize("seed", range(RUNS // 10))
def test_controllers_of_two_minds(seed: int, simulators: dict[str, Simulator], monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)
    profile = PROFILES[seed % 2]
    scenario = draw.choice(list(SCENARIOS))
    wanted = expected(scenario, profile)
    field = Field(simulators[profile], profile, monkeypatch)
    declaration = prepared(field, scenario)
    field.at_once(declaration, *[other_values(declaration)] * draw.choice((1, 4)))
    field.settled(**declaration)
    assert without_others(field.content()) == without_others(wanted), scenario


def test_two_setups_are_pruned_in_turn(field: Field) -> None:
    declaration = prepared(field, "prune")
    mine = whole()
    for _turn in range(2):
        theirs = [one for one in field.content()["windows"] if one["Name"] == "prod-theirs"]
        field.settled(**declaration)
        assert [one for one in field.content()["windows"] if one["Name"] == "prod-theirs"] == theirs
        result = field.setup(**NEIGHBOUR, prune=True)
        assert not result["changed"]
        field.setup(**mine)
