# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way of writing to a window, its content, a baseline, its groups and its default, against every owner.

What must come of it is computed from the rule: a run writes to what carries its own tag; what carries none it adopts,
or, where it has no name, writes to as it is; a named run removes only what is its own; the rest needs take_over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account
from ssmsim.tags import store_tags

Args = dict[str, Any]
LINUX = "AMAZON_LINUX_2023"
STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/one"
OWNERS = ("mine", None, "other", "stack", "stack of mine", "unreadable")
TYPES = {"window": "MaintenanceWindow", "baseline": "PatchBaseline"}
NAMES = {"window": "prod", "baseline": "linux"}
WINDOW = {"window": "prod"}
PROD = {"name": "prod"}
BASE = {"name": "linux", "operating_system": LINUX}


@dataclass(frozen=True)
class Write:
    """One way of writing. args: of the module, in which IDs stand for ids.

    of: whose owner decides. removes: the column of the rule. place: the list of ssm_patch_setup whose first entry says
    take_over and setup; none for the modules of one resource. lost: the resource loses something to another one.
    retags: whether a run with a name leaves its tag.
    """

    title: str
    module: str
    args: Args
    of: str = "window"
    removes: bool = False
    place: str = ""
    lost: bool = False
    retags: bool = True
    prunes: bool = False


GONE: Args = {"state": "absent"}


def _of_windows() -> Iterator[Write]:
    window, target, gone = "ssm_maintenance_window", "ssm_window_target", GONE
    yield Write("disable", window, {**PROD, "enabled": False})
    yield Write("reschedule", window, {**PROD, "schedule": "rate(1 day)"})
    yield Write("clear", window, {**PROD, "description": ""})
    yield Write("rename", window, {"window_id": "WINDOW", "name": "renamed"})
    yield Write("tag", window, {**PROD, "tags": {"Env": "test"}})
    yield Write("untag", window, {**PROD, "tags": {}})
    yield Write("remove", window, {**PROD, **gone}, removes=True, retags=False)
    yield Write("register", target, {**WINDOW, "name": "new", "patch_groups": ["new"]})
    yield Write("retarget", target, {**WINDOW, "name": "web", "patch_groups": ["other"]})
    yield Write("clear target", target, {**WINDOW, "name": "web", "description": ""})
    yield Write("replace target", target, {**WINDOW, "name": "web", "resource_group": "web"})
    yield Write("rename target", target, {**WINDOW, "window_target_id": "TARGET", "name": "renamed"})
    yield Write("remove target", target, {**WINDOW, "name": "free", **gone}, removes=True, retags=False)
    yield Write("force target", target, {**WINDOW, "name": "web", "force": True, **gone}, removes=True, retags=False)


def _of_tasks() -> Iterator[Write]:
    patch, other, gone = "ssm_patch_task", "ssm_window_task", GONE
    new = {**WINDOW, "name": "new", "window_targets": ["free"]}
    yield Write("register patch task", patch, {**new, "operation": "Scan"})
    install = {"operation": "Install", "reboot_option": "NoReboot"}
    yield Write("install", patch, {**WINDOW, "name": "scan", **install})
    yield Write("clear patch task", patch, {**WINDOW, "name": "scan", "description": ""})
    yield Write("remove patch task", patch, {**WINDOW, "name": "scan", **gone}, removes=True, retags=False)
    automation = {"task_type": "AUTOMATION", "task_arn": "AWS-Nothing"}
    yield Write("register task", other, {**new, **automation})
    yield Write("change task", other, {**WINDOW, "name": "scan", "priority": 7})
    yield Write("replace task", other, {**WINDOW, "name": "scan", **automation})
    yield Write("remove task", other, {**WINDOW, "name": "scan", **gone}, removes=True, retags=False)


def _of_baselines() -> Iterator[Write]:
    baseline, gone = "ssm_patch_baseline", GONE
    of: Args = {"of": "baseline"}
    yield Write("describe", baseline, {**BASE, "description": "new"}, **of)
    yield Write("clear baseline", baseline, {**BASE, "description": ""}, **of)
    yield Write("rename baseline", baseline, {"baseline_id": "BASELINE", "name": "renamed"}, **of)
    yield Write("tag baseline", baseline, {**BASE, "tags": {"Env": "test"}}, **of)
    yield Write("add group", baseline, {**BASE, "patch_groups": ["new"], "purge_patch_groups": False}, **of)
    yield Write("drop group", baseline, {**BASE, "patch_groups": []}, **of)
    yield Write("give up default", baseline, {**BASE, "default": False}, **of)
    yield Write("recreate", baseline, {"baseline_id": "BASELINE", "operating_system": "UBUNTU", "recreate": True}, **of)
    yield Write("remove baseline", baseline, {**BASE, **gone}, removes=True, retags=False, **of)
    second = {"name": "second", "operating_system": LINUX}
    lost: Args = {"of": "baseline", "lost": True, "retags": False}
    yield Write("take group", baseline, {**second, "patch_groups": ["web"], "move_patch_groups": True}, **lost)
    yield Write("take default", baseline, {**second, "default": True}, **lost)
    fresh = {"name": "fresh", "operating_system": LINUX}
    yield Write("take default anew", baseline, {**fresh, "default": True}, **lost)
    yield Write(
        "take default for AWS", baseline, {"name": "AWS-AmazonLinux2023DefaultPatchBaseline", "default": True}, **lost
    )


def _whole() -> Iterator[Write]:
    module = "ssm_patch_setup"
    windows: Args = {"place": "windows"}
    baselines: Args = {"place": "baselines", "of": "baseline"}
    gone = GONE
    yield Write("setup: window", module, {"windows": [{**PROD, "enabled": False}]}, **windows)
    web = {**PROD, "targets": [{"name": "web", "patch_groups": ["other"]}]}
    yield Write("setup: target", module, {"windows": [web]}, **windows)
    task = {"name": "scan", "operation": "Install", "reboot_option": "NoReboot"}
    yield Write("setup: task", module, {"windows": [{**PROD, "patch_tasks": [task]}]}, **windows)
    dropped = {**PROD, "targets": [{"name": "free", **gone}]}
    yield Write("setup: target goes", module, {"windows": [dropped]}, **windows)
    unset = {"name": "prod", "schedule": "rate(7 days)", "duration": 2, "cutoff": 1}
    yield Write("setup: reset", module, {"unset": "reset", "windows": [unset]}, **windows)
    yield Write("setup: entry goes", module, {"windows": [{**PROD, **gone}]}, removes=True, retags=False, **windows)
    yield Write("setup: all goes", module, {"windows": [PROD], **gone}, removes=True, retags=False, **windows)
    yield Write("setup: baseline", module, {"baselines": [{**BASE, "description": "new"}]}, **baselines)
    yield Write("setup: reset baseline", module, {"unset": "reset", "baselines": [BASE]}, **baselines)
    leaves = {"removes": True, "retags": False}
    yield Write("setup: baseline goes", module, {"baselines": [{**BASE, **gone}]}, **leaves, **baselines)
    second = {"name": "second", "operating_system": LINUX}
    taken = {**second, "patch_groups": ["web"], "move_patch_groups": True}
    lost: Args = {**baselines, "lost": True, "retags": False}
    yield Write("setup: take group", module, {"baselines": [taken]}, **lost)
    yield Write("setup: take default", module, {"baselines": [{**second, "default": True}]}, **lost)
    shared = {"name": "third", "schedule": "rate(7 days)", "duration": 2, "cutoff": 1}
    pruned: Args = {"removes": True, "retags": False, "prunes": True}
    yield Write("prune window", module, {"prune": True, "windows": [shared]}, place="windows", **pruned)
    yield Write("prune baseline", module, {"prune": True, "baselines": [second]}, **baselines, **pruned)


def _seed(account: Account, owner: str | None, of: str) -> dict[str, str]:
    """An account with a window and baselines, one of which has an owner; gives the ids."""
    account.simulator.reset()
    account.clear_log()
    ids = {**_window(account), "BASELINE": _baseline(account, "linux")}
    _baseline(account, "second")
    account.by_hand("RegisterPatchBaselineForPatchGroup", BaselineId=ids["BASELINE"], PatchGroup="web")
    account.by_hand("RegisterDefaultPatchBaseline", BaselineId=ids["BASELINE"])
    tags = {"Env": "prod"}
    if owner in ("mine", "other", "stack of mine"):
        tags["patchfleet:setup"] = "other" if owner == "other" else "mine"
    if owner in ("stack", "stack of mine"):
        tags["aws:cloudformation:stack-id"] = STACK
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    store_tags(account.simulator._region(ACCOUNT, REGION), TYPES[of], ids[of.upper()], listed, system=True)
    return ids


def _baseline(account: Account, name: str) -> str:
    made = account.by_hand("CreatePatchBaseline", Name=name, OperatingSystem=LINUX, Description="old")
    return str(made["BaselineId"])


def _window(account: Account) -> dict[str, str]:
    shape = {"Schedule": "rate(7 days)", "Duration": 2, "Cutoff": 1, "AllowUnassociatedTargets": True}
    where = account.by_hand("CreateMaintenanceWindow", Name="prod", Description="old", **shape)
    targets = []
    for name in ("web", "free"):
        criteria = {"ResourceType": "INSTANCE", "Targets": [{"Key": "tag:PatchGroup", "Values": [name]}]}
        named = {**where, "Name": name, "Description": "old"}
        targets.append(account.by_hand("RegisterTargetWithMaintenanceWindow", **named, **criteria)["WindowTargetId"])
    account.by_hand(
        "RegisterTaskWithMaintenanceWindow",
        **where,
        Name="scan",
        Description="old",
        TaskType="RUN_COMMAND",
        TaskArn="AWS-RunPatchBaseline",
        Targets=[{"Key": "WindowTargetIds", "Values": targets[:1]}],
        MaxConcurrency="10%",
        MaxErrors="10%",
        TaskInvocationParameters={"RunCommand": {"Parameters": {"Operation": ["Scan"]}}},
    )
    return {"WINDOW": str(where["WindowId"]), "TARGET": targets[0]}


def _state(account: Account, ids: dict[str, str], of: str) -> Any:
    """All that is stored of the resource; None where it is gone."""
    region = account.simulator._region(ACCOUNT, REGION)
    own = ids[of.upper()]
    record = region.table(f"{of}s").latest(own)
    if record is None:
        return None
    tags = region.table("tags").latest((TYPES[of], own))
    if of == "window":
        targets, tasks = (
            account.by_hand(f"DescribeMaintenanceWindow{kind}", WindowId=own)[kind] for kind in ("Targets", "Tasks")
        )
        ids_of_tasks = [task["WindowTaskId"] for task in tasks]
        children = (
            targets,
            [account.by_hand("GetMaintenanceWindowTask", WindowId=own, WindowTaskId=one) for one in ids_of_tasks],
        )
        return record, children, tags
    groups = account.by_hand("GetPatchBaseline", BaselineId=own)["PatchGroups"]
    default = account.by_hand("GetDefaultPatchBaseline", OperatingSystem=LINUX)["BaselineId"]
    return record, groups, default, tags


def _tag(account: Account, ids: dict[str, str], of: str) -> str | None:
    region = account.simulator._region(ACCOUNT, REGION)
    value: str | None = (region.table("tags").latest((TYPES[of], ids[of.upper()])) or {}).get("patchfleet:setup")
    return value


def _may(write: Write, owner: str | None, setup: str | None, take_over: bool) -> bool:
    """The table of the rule."""
    if owner == "unreadable":
        return False
    if take_over:
        return True
    if owner in ("stack", "stack of mine"):
        return False
    if owner is not None:
        return owner == setup
    return not (write.removes and setup)


def _with_ids(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _with_ids(entry, ids) for name, entry in value.items()}
    if isinstance(value, list):
        return [_with_ids(entry, ids) for entry in value]
    return ids.get(value, value) if isinstance(value, str) else value


def _arguments(write: Write, ids: dict[str, str], setup: str | None, shared: bool, own: bool | None) -> Args:
    args: Args = _with_ids(write.args, ids)
    if write.place:
        entry = {**args[write.place][0], "take_over": own}
        return {**args, "setup": setup, "take_over": shared, write.place: [entry]}
    return {**args, "setup": setup, "take_over": own}


SINGLE, WHOLE = [*_of_windows(), *_of_tasks(), *_of_baselines()], list(_whole())
CLAIMS = [
    *product(SINGLE, [(False, None), (False, True)]),
    *product(WHOLE, [(False, None), (True, None), (False, True), (True, False)]),
]


def _check(account: Account, write: Write, owner: str | None, setup: str | None, claim: Any) -> None:
    shared, own = claim
    ids = _seed(account, owner, write.of)
    args = _arguments(write, ids, setup, shared, own)
    if owner == "unreadable":
        account.faults({"op": "ListTagsForResource", "do": "AccessDeniedException"})
    before = _state(account, ids, write.of)
    take_over = bool(shared if own is None or write.prunes else own)
    may = _may(write, owner, setup, take_over)
    if write.prunes:
        # A prune goes by the tag alone; a stack's needs take_over besides.
        may = bool(setup) and owner in ("mine", "stack of mine") and may
    fails = not may and (not write.prunes or owner in ("unreadable", "stack of mine") or not setup)

    predicted = account.outcome(write.module, check=True, **args)
    assert _state(account, ids, write.of) == before
    done = account.outcome(write.module, **args)

    assert bool(predicted.get("failed")) is bool(done.get("failed")) is fails, done.get("msg")
    assert (_state(account, ids, write.of) != before) is may
    if fails:
        assert not account.calls(writes=True)
        assert predicted.get("violations") == done.get("violations")
        if owner != "unreadable" and (setup or not write.prunes):
            assert "take_over" in done["msg"]
        return
    assert predicted["changed"] is done["changed"] is True
    if may and setup and write.retags and _state(account, ids, write.of):
        assert _tag(account, ids, write.of) == setup
        shown = [one for one in done["diff"] if one["after_header"].startswith(write.of)]
        assert owner in ("mine", "stack of mine") or any(one["after"].get("setup") == setup for one in shown)


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize(("write", "claim"), CLAIMS, ids=lambda value: getattr(value, "title", str(value)))
def test_a_write_goes_by_the_owner(account: Account, write: Write, claim: Any, owner: str | None) -> None:
    for setup in ("mine", None):
        _check(account, write, owner, setup, claim)
