# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can happen to a run: rules of faults, and what somebody else does in the middle. All by a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from .applying import Call, apply_calls
from .faulty_account import FaultyAccount, KilledError

Json = Any
Rules = list[dict[str, Json]]
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


def one_call(what: str) -> Callable[[random.Random], Rules]:
    """One call, any, is disturbed once."""
    return lambda draw: [{"op": draw.choice(("*", *WRITES)), "do": what, "after": draw.randrange(6), "times": 1}]


def from_then_on(what: str) -> Callable[[random.Random], Rules]:
    """From some call on, all are refused."""
    return lambda draw: [{"do": what, "after": draw.randrange(60)}]


def denied(draw: random.Random) -> Rules:
    """One action is forbidden, from the beginning or after a few calls."""
    return [{"op": draw.choice(WRITES), "do": "AccessDeniedException", "after": draw.choice((0, 0, 1, 2))}]


def now_and_then(*whats: str) -> Callable[[random.Random], Rules]:
    """Calls are disturbed at random."""
    return lambda draw: [{"do": what, "rate": draw.uniform(0.05, 0.6 / len(whats))} for what in whats]


def pages(draw: random.Random) -> Rules:
    """Listings come in any order, with empty pages and with entries that come twice; nothing of that is an error."""
    return [{"op": "Describe*", "do": do, "rate": draw.uniform(0.05, 0.4)} for do in ("repeat", "shuffle", "blank")]


def lying(draw: random.Random) -> Rules:
    """One read says less than the truth."""
    do = draw.choice(("lose", "shorten", "strip", "cut"))
    return [{"op": draw.choice(READS), "do": do, "after": draw.randrange(4), "times": draw.choice((1, 1, 2))}]


def mute(draw: random.Random) -> Rules:
    """A write has its effect, but its answer is not what the service meant."""
    rule = {"op": draw.choice(WRITES), "after": draw.randrange(3), "times": 1}
    return [
        {**rule, "do": "html", "status": 200} if draw.random() < 0.3 else {**rule, "do": draw.choice(("strip", "cut"))}
    ]


def odd(draw: random.Random) -> Rules:
    """An error that says little, about a call of any kind."""
    codes = (
        "RequestTimeTooSkewed",
        "UnrecognizedClientException",
        "TooManyUpdates",
        "DoesNotExistException",
        "Strange",
    )
    return [{"op": draw.choice(WRITES + READS), "do": draw.choice(codes), "after": draw.randrange(5), "times": 1}]


STORM = ("ThrottlingException", "lost", "drop", "InternalServerError", "ServiceUnavailable")
RULES: dict[str, Callable[[random.Random], Rules]] = {
    "lost": one_call("lost"),
    "dropped": one_call("drop"),
    "proxy": one_call("html"),
    "error": one_call("InternalServerError"),
    "denied": denied,
    "expired": from_then_on("ExpiredTokenException"),
    "cut": from_then_on("drop"),
    "throttled": now_and_then("ThrottlingException"),
    "stormy": now_and_then(*STORM),
    "pages": pages,
    "lying": lying,
    "mute": mute,
    "odd": odd,
    "calm": lambda _draw: [],
}
# After these a run can know whether it wrote: no answer is lost, none is other than it was meant.
KNOWING = frozenset({"dropped", "error", "denied", "expired", "throttled", "pages", "calm"})


def _groups(account: FaultyAccount, listed: dict[str, Json]) -> list[str]:
    baseline_id = listed.get("BaselineId")
    return account.by_hand("GetPatchBaseline", BaselineId=baseline_id).get("PatchGroups") or [] if baseline_id else []


def remove_by_hand(account: FaultyAccount, listing: str, result: str, name: str, delete: str, member: str) -> None:
    """Delete a resource of the setup, if it is there."""
    windows = {
        one["Name"]: one["WindowId"] for one in account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    }
    inside = result in ("Targets", "Tasks")
    if inside and "prod" not in windows:
        return
    where = {"WindowId": windows["prod"]} if inside else {}
    for one in account.by_hand(listing, **where)[result]:
        if name in (one.get("Name"), one.get("BaselineName")):
            for group in _groups(account, one):
                request = {"BaselineId": one[member], "PatchGroup": group}
                account.by_hand("DeregisterPatchBaselineForPatchGroup", **request)
            account.by_hand(delete, **where, **{member: one[member]})


def killed(account: FaultyAccount, draw: random.Random, calls: list[Call]) -> None:
    """A run that dies at some call, before or after its effect."""
    account.kill(draw.randrange(1, 70 if len(calls) == 1 else 160), late=draw.random() < 0.5)
    try:
        apply_calls(account, calls)
    except KilledError:
        pass
    finally:
        account.kill(None)


def lagging(account: FaultyAccount, draw: random.Random, calls: list[Call]) -> None:
    """Runs that see the account as it was up to five seconds ago; some of them are disturbed besides."""
    lag = draw.uniform(0.1, 5)
    account.simulator.set_lag(lag)
    for _again in range(2):
        rules = draw.choice((RULES["calm"], RULES["stormy"], RULES["pages"]))(draw)
        account.faults_from(draw.randrange(1000), *rules)
        if draw.random() < 0.5:
            killed(account, draw, calls)
        else:
            apply_calls(account, calls)
    account.faults()
    account.simulator.advance(lag)
    account.simulator.set_lag(0)


def raced(account: FaultyAccount, draw: random.Random, calls: list[Call]) -> None:
    """Two or five controllers at once, of one mind, perhaps in bad weather."""
    account.faults_from(draw.randrange(1000), *draw.choice((RULES["calm"], RULES["stormy"]))(draw))
    account.at_once(*[calls[0][1]] * draw.choice((2, 5)))
    account.faults()


def meddled(account: FaultyAccount, draw: random.Random, calls: list[Call]) -> None:
    """Somebody deletes something in the middle of a run."""
    name = draw.choice(list(REMOVALS))
    account.before[draw.choice(READS + WRITES)] = lambda: remove_by_hand(account, *REMOVALS[name])
    apply_calls(account, calls)
    account.before.clear()


SPECIAL: dict[str, Callable[[FaultyAccount, random.Random, list[Call]], None]] = {
    "killed": killed,
    "lagging": lagging,
    "raced": raced,
    "meddled": meddled,
}
# The more that can happen at a moment, the more often it is drawn.
DISTURBANCES = (*SPECIAL, "killed", "killed", "lagging", "lying", "lying", *RULES)
