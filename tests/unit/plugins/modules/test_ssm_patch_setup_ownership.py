# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ownership in a whole setup: tags that come and go, what is adopted, who loses a default, and what is read for it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account
from ansible_collections.patchfleet.aws.tests.support.checked_runs import apply

Args = dict[str, Any]
LINUX = "AMAZON_LINUX_2023"
PROD: Args = {"name": "prod", "schedule": "rate(7 days)", "duration": 4, "cutoff": 1}
WEB: Args = {"name": "web", "patch_groups": ["web"]}
BASE: Args = {"name": "base", "operating_system": LINUX}


def _tag(account: Account, window: Args) -> str | None:
    where = {"ResourceType": "MaintenanceWindow", "ResourceId": window["window_id"]}
    tags = {one["Key"]: one["Value"] for one in account.by_hand("ListTagsForResource", **where)["TagList"]}
    return tags.get("patchfleet:setup")


def test_a_setup_takes_its_tag_off_what_is_its_own(account: Account) -> None:
    window = account.run("ssm_patch_setup", setup="mine", windows=[PROD])["windows"][0]

    apply(account, "ssm_patch_setup", setup="mine", windows=[{**PROD, "setup": ""}])

    assert _tag(account, window) is None


@pytest.mark.parametrize("args", [{}, {"setup": "mine"}])
def test_no_tag_is_taken_off_what_is_another_setups(account: Account, args: Args) -> None:
    window = account.run("ssm_patch_setup", setup="theirs", windows=[PROD])["windows"][0]

    account.refuses("ssm_patch_setup", "'theirs'", windows=[{**PROD, "setup": ""}], **args)
    account.refuses("ssm_maintenance_window", "'theirs'", name="prod", setup="")
    assert _tag(account, window) == "theirs"

    apply(account, "ssm_maintenance_window", name="prod", setup="", take_over=True)
    assert _tag(account, window) is None


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("ssm_window_target", {"name": "new", "patch_groups": ["new"]}),
        ("ssm_patch_task", {"name": "scan", "operation": "Scan", "window_targets": ["web"]}),
        ("ssm_window_task", {"name": "after", "task_type": "AUTOMATION", "task_arn": "AWS-Nothing"}),
    ],
)
def test_a_window_is_adopted_by_the_first_write_to_its_content(account: Account, module: str, args: Args) -> None:
    window = account.run("ssm_patch_setup", windows=[{**PROD, "targets": [WEB]}])["windows"][0]

    done = apply(account, module, window="prod", setup="mine", **args)

    assert done["diff"][0]["after_header"] == "window prod"
    assert (done["diff"][0]["before"], done["diff"][0]["after"]) == ({"setup": None}, {"setup": "mine"})
    assert _tag(account, window) == "mine"


def test_content_that_is_as_declared_adopts_nothing_and_reads_no_tags(account: Account) -> None:
    window = account.run("ssm_patch_setup", windows=[{**PROD, "targets": [WEB]}])["windows"][0]
    account.clear_log()

    assert not account.run("ssm_window_target", window="prod", setup="mine", **WEB)["changed"]

    assert not account.calls()["ListTagsForResource"]
    assert _tag(account, window) is None


@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize("takes", [False, True])
def test_all_that_a_group_of_another_setup_needs_is_named_at_once(account: Account, moves: bool, takes: bool) -> None:
    account.run("ssm_patch_baseline", **BASE, setup="theirs", patch_groups=["web"])
    taker = {"name": "taker", "operating_system": LINUX, "patch_groups": ["web"], "setup": "mine"}
    args = {**taker, "move_patch_groups": moves, "take_over": takes}
    needed = ["specify move_patch_groups: true"][moves:] + ["specify take_over: true"][takes:]
    if not needed:
        apply(account, "ssm_patch_baseline", **args)
        return

    violations = account.refuses("ssm_patch_baseline", *needed, **args)

    assert len(violations) == len(needed)


BLANK = ["", " ", "\t\n", "\u00a0", "\u2003"]
CLAIMS: dict[str, Args] = {
    "ssm_window_target": {"window": "prod", "name": "new", "patch_groups": ["new"]},
    "ssm_patch_task": {"window": "prod", "name": "scan", "operation": "Scan", "window_targets": ["web"]},
    "ssm_window_task": {"window": "prod", "name": "after", "task_type": "AUTOMATION", "task_arn": "AWS-Nothing"},
    "ssm_patch_setup": {"windows": [PROD]},
}


@pytest.mark.parametrize("blank", BLANK, ids=repr)
@pytest.mark.parametrize("module", CLAIMS)
@pytest.mark.parametrize("more", [{}, {"take_over": True}, {"state": "absent"}], ids=str)
def test_a_setup_that_only_claims_must_not_be_blank(account: Account, module: str, blank: str, more: Args) -> None:
    account.run("ssm_patch_setup", windows=[{**PROD, "targets": [WEB]}])

    violations = account.refuses(module, **{**CLAIMS[module], "setup": blank, **more})

    assert violations == [f"setup: {blank!r} is blank; specify the name of the setup, or omit it"]


@pytest.mark.parametrize("blank", BLANK[1:], ids=repr)
def test_the_setup_of_a_window_or_baseline_may_be_empty_but_not_blank(account: Account, blank: str) -> None:
    text = f"setup: {blank!r} is blank; specify the name of the setup; an empty string removes the tag"

    assert account.refuses("ssm_maintenance_window", **PROD, setup=blank) == [text]
    assert account.refuses("ssm_patch_baseline", **BASE, setup=blank) == [text]
    assert account.refuses("ssm_patch_setup", windows=[{**PROD, "setup": blank}]) == [f"windows[0] prod: {text}"]


def test_an_empty_setup_removes_no_resource(account: Account) -> None:
    account.run("ssm_patch_setup", windows=[PROD], baselines=[BASE])
    gone: Args = {"setup": "", "state": "absent"}

    for module, name in (("ssm_maintenance_window", "prod"), ("ssm_patch_baseline", "base")):
        account.refuses(module, "setup: is empty, which removes the tag from", name=name, **gone)
    account.refuses("ssm_patch_setup", "windows[0] prod: setup: is empty", windows=[{"name": "prod", **gone}])
    account.run("ssm_patch_setup", setup="mine", windows=[PROD])
    account.run("ssm_patch_setup", setup="mine", windows=[{"name": "prod", **gone}])


def test_the_diff_names_the_baseline_that_loses_the_default(account: Account) -> None:
    account.run("ssm_patch_baseline", **BASE, setup="theirs", default=True)
    taker = {"name": "taker", "operating_system": LINUX, "default": True}

    account.refuses("ssm_patch_baseline", "baseline base", "'theirs'", **taker, setup="mine")
    done = apply(account, "ssm_patch_baseline", **taker, setup="mine", take_over=True)

    lost = {one["after_header"]: (one["before"], one["after"]) for one in done["diff"]}
    assert lost["baseline base"] == ({"default": True}, {"default": False})


def test_a_declared_baseline_may_lose_by_what_it_says_itself(account: Account) -> None:
    account.run("ssm_patch_baseline", **BASE, setup="theirs", default=True)
    taker = {"name": "taker", "operating_system": LINUX, "default": True}

    apply(account, "ssm_patch_setup", setup="mine", baselines=[{**BASE, "take_over": True}, taker])


def test_a_baseline_of_aws_takes_the_default_only_from_what_is_the_runs_own(account: Account) -> None:
    account.run("ssm_patch_baseline", **BASE, setup="theirs", default=True)
    of_aws = {"name": "AWS-AmazonLinux2023DefaultPatchBaseline", "default": True}

    account.refuses("ssm_patch_baseline", "'theirs'", **of_aws)
    apply(account, "ssm_patch_baseline", **of_aws, setup="theirs")


def test_a_recreated_baseline_goes_by_the_owner_of_both(account: Account) -> None:
    old = account.run("ssm_patch_baseline", **BASE, setup="mine")["baseline"]["baseline_id"]
    account.run("ssm_patch_baseline", name="base", operating_system="UBUNTU", setup="theirs")
    moved = {"baseline_id": old, "name": "base", "operating_system": "UBUNTU", "recreate": True}

    account.refuses("ssm_patch_setup", "'theirs'", setup="mine", baselines=[moved])
    apply(account, "ssm_patch_setup", setup="mine", take_over=True, baselines=[moved])


def test_what_is_adopted_in_a_run_is_not_pruned_in_it(account: Account) -> None:
    more = {"name": "more", "patch_groups": ["more"]}
    account.run("ssm_patch_setup", windows=[{**PROD, "targets": [WEB, more]}])
    declared: Args = {"setup": "mine", "prune": True, "windows": [{**PROD, "targets": [WEB]}]}

    adopted = account.run("ssm_patch_setup", **declared)
    pruned = account.run("ssm_patch_setup", **declared)

    assert [(one["kind"], one["action"]) for one in adopted["changes"]] == [("window", "update")]
    assert [(one["kind"], one["action"]) for one in pruned["changes"]] == [("target", "delete")]
