# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What prune and C(state: absent) of a whole setup remove, and what an empty list never removes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import Account

WINDOW = {"name": "prod", "schedule": "rate(1 day)", "duration": 2, "cutoff": 1}
TARGETS = [{"name": "web", "patch_groups": ["Web"]}, {"name": "all", "tag_keys": ["PatchGroup"]}]
PATCH_TASKS = [{"name": "install", "operation": "Install", "window_targets": ["web"]}]
TASKS = [{"name": "images", "task_type": "AUTOMATION", "task_arn": "AWS-PatchAsgInstance"}]
FULL = {**WINDOW, "targets": TARGETS, "patch_tasks": PATCH_TASKS, "tasks": TASKS}
LINUX = {"name": "linux", "operating_system": "AMAZON_LINUX_2023", "patch_groups": ["Web"]}
EVERYTHING: dict[str, Any] = {"setup": "one", "windows": [FULL], "baselines": [LINUX]}


def _removed(account: Account, **declared: Any) -> set[str]:
    """What a prune removes, in check mode as in the run."""
    account.run("ssm_patch_setup", **EVERYTHING)
    predicted = account.run("ssm_patch_setup", check=True, setup="one", prune=True, **declared)
    done = account.run("ssm_patch_setup", setup="one", prune=True, **declared)
    assert [one["name"] for one in predicted["changes"]] == [one["name"] for one in done["changes"]]
    return {one["name"] for one in done["changes"] if one["action"] == "delete"}


@pytest.mark.parametrize("nothing", [[], None])
@pytest.mark.parametrize(
    ("window", "removed", "warning"),
    [
        ({"targets": TARGETS, "patch_tasks": PATCH_TASKS}, {"images"}, None),
        ({"targets": TARGETS, "tasks": TASKS}, {"install"}, None),
        ({"targets": TARGETS[:1], "patch_tasks": PATCH_TASKS, "tasks": TASKS}, {"all"}, None),
        (
            {"patch_tasks": PATCH_TASKS, "tasks": TASKS},
            set(),
            "targets: the list is empty or missing, so these are not",
        ),
        ({"targets": TARGETS}, set(), "patch_tasks and tasks: the lists are empty or missing, so these are not"),
    ],
)
def test_an_empty_list_in_a_window_prunes_nothing_of_its_kind(
    account: Account, window: dict[str, Any], removed: set[str], warning: str | None, nothing: list[Any] | None
) -> None:
    empty = dict.fromkeys(("targets", "patch_tasks", "tasks"), nothing)
    declared = {"windows": [{**WINDOW, **empty, **window}], "baselines": [LINUX]}

    assert _removed(account, **declared) == removed
    warnings = account.run("ssm_patch_setup", setup="one", prune=True, **declared)["warnings"]
    assert bool(warnings) is bool(warning)
    if warning:
        assert f"prune: windows[0] prod: {warning} deleted: " in warnings[0]


@pytest.mark.parametrize("nothing", [[], None])
def test_an_empty_list_of_windows_or_baselines_prunes_none(account: Account, nothing: list[Any] | None) -> None:
    account.run("ssm_patch_setup", setup="two", baselines=[{"name": "other", "operating_system": "WINDOWS"}])

    assert not _removed(account, windows=[FULL], baselines=nothing)
    (warning,) = account.run("ssm_patch_setup", setup="one", prune=True, windows=[FULL], baselines=nothing)["warnings"]
    assert warning.startswith("prune: baselines: the list is empty or missing, so these are not deleted: linux;")
    assert not _removed(account, baselines=[LINUX], windows=nothing)
    (warning,) = account.run("ssm_patch_setup", setup="one", prune=True, baselines=[LINUX], windows=nothing)["warnings"]
    assert warning.startswith("prune: windows: the list is empty or missing, so these are not deleted: prod;")


def _absent(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "state": "absent"} for name in names]


def test_the_last_ones_go_by_their_state(account: Account) -> None:
    contents = {"targets": _absent("web", "all"), "patch_tasks": _absent("install"), "tasks": _absent("images")}

    assert _removed(account, windows=[{**WINDOW, **contents}], baselines=_absent("linux")) == {
        "web",
        "all",
        "install",
        "images",
        "linux",
    }
    assert _removed(account, windows=_absent("prod"), baselines=_absent("linux")) >= {"prod", "linux"}


@pytest.mark.parametrize(
    ("window", "removed", "left"),
    [
        ({"targets": _absent("all"), "patch_tasks": PATCH_TASKS}, {"all", "images"}, "targets: every entry has"),
        ({"targets": TARGETS, "patch_tasks": _absent("install")}, {"install"}, "patch_tasks and tasks: every entry"),
        ({"targets": TARGETS, "patch_tasks": _absent("install"), "tasks": TASKS}, {"install"}, None),
    ],
)
def test_a_list_in_a_window_whose_entries_all_go_prunes_nothing_else(
    account: Account, window: dict[str, Any], removed: set[str], left: str | None
) -> None:
    declared = {"windows": [{**WINDOW, **window}], "baselines": [LINUX]}

    assert _removed(account, **declared) == removed
    warnings = account.run("ssm_patch_setup", setup="one", prune=True, **declared)["warnings"]
    assert [text.startswith(f"prune: windows[0] prod: {left}") for text in warnings] == ([True] if left else [])


def test_windows_and_baselines_whose_entries_all_go_prune_nothing_else(account: Account) -> None:
    more = {"windows": [FULL, {**WINDOW, "name": "old"}], "baselines": [LINUX, {**LINUX, "name": "old"}]}
    more["baselines"][1]["patch_groups"] = []
    account.run("ssm_patch_setup", setup="one", **more)

    done = account.run("ssm_patch_setup", setup="one", prune=True, windows=_absent("old"), baselines=_absent("old"))

    assert [(one["kind"], one["name"], one["action"]) for one in done["changes"]] == [
        ("window", "old", "delete"),
        ("baseline", "old", "delete"),
    ]
    assert sorted(text.partition("; ")[0] for text in done["warnings"]) == [
        "prune: baselines: every entry has state: absent, so these are not deleted: linux",
        "prune: windows: every entry has state: absent, so these are not deleted: prod",
    ]


@pytest.mark.parametrize(("setup", "take_over"), [("", None), ("two", None), ("two", True)])
def test_a_window_that_is_given_away_keeps_its_content(account: Account, setup: str, take_over: bool | None) -> None:
    account.run("ssm_patch_setup", **EVERYTHING)
    window = {**WINDOW, "targets": TARGETS[:1], "patch_tasks": PATCH_TASKS, "setup": setup, "take_over": take_over}
    args = {"setup": "one", "prune": True, "windows": [window], "baselines": [LINUX]}
    if setup and not take_over:
        account.refuses("ssm_patch_setup", "belongs to the setup 'one', not 'two'", **args)
        return

    done = account.run("ssm_patch_setup", **args)

    assert [(one["name"], one["action"], one["fields"]) for one in done["changes"]] == [("prod", "update", ["setup"])]
    assert not account.run("ssm_patch_setup", **args)["changed"]


def test_a_removed_setup_has_a_limit_for_what_is_not_declared(account: Account) -> None:
    account.run("ssm_patch_setup", **EVERYTHING)
    account.run("ssm_patch_setup", setup="one", windows=[{**WINDOW, "name": f"w{n:02}"} for n in range(9)])

    (violation,) = account.refuses("ssm_patch_setup", setup="one", state="absent", windows=[], baselines=[])
    assert violation.startswith(
        "prune_limit: 15 resources would be deleted in addition to the declared resources, but the limit is 10"
    )
    assert "task prod/images" in violation
    account.run("ssm_patch_setup", setup="one", state="absent", check=True, windows=[WINDOW])
    account.refuses("ssm_patch_setup", setup="one", state="absent", windows=[WINDOW], prune_limit=9)

    done = account.run("ssm_patch_setup", setup="one", state="absent", prune_limit=15)

    assert len(done["changes"]) == 15
    assert not account.run("ssm_patch_setup", setup="one", state="absent")["changed"]


def test_what_is_declared_goes_without_a_limit(account: Account) -> None:
    windows = [{**WINDOW, "name": f"w{n:02}"} for n in range(12)]
    account.run("ssm_patch_setup", setup="one", windows=windows)

    done = account.run("ssm_patch_setup", setup="one", state="absent", windows=windows, prune_limit=0)

    assert len(done["changes"]) == 12


def test_a_name_and_an_id_that_mean_two_resources_remove_neither(account: Account) -> None:
    second = {**WINDOW, "name": "second"}
    made = account.run(
        "ssm_patch_setup", windows=[FULL, second], baselines=[LINUX, {**LINUX, "name": "second", "patch_groups": []}]
    )
    window, other = made["windows"]
    task = window["tasks"][0]["window_task_id"]
    target = window["targets"][1]["window_target_id"]
    baseline = made["baselines"][1]["baseline_id"]
    gone: dict[str, Any] = {"state": "absent"}

    for module, args in (
        ("ssm_maintenance_window", {"name": "prod", "window_id": other["window_id"]}),
        ("ssm_patch_baseline", {"name": "linux", "baseline_id": baseline}),
        ("ssm_window_task", {"window": "prod", "name": "install", "window_task_id": task}),
        ("ssm_window_target", {"window": "prod", "name": "web", "window_target_id": target}),
    ):
        account.refuses(module, "specify the one to delete, by name or ID", **args, **gone)
    account.run("ssm_maintenance_window", name="renamed", window_id=other["window_id"], **gone)


@pytest.mark.parametrize("more", [{"prune": True}, {"state": "absent"}])
def test_a_negative_limit_is_refused(account: Account, more: dict[str, Any]) -> None:
    account.run("ssm_patch_setup", **EVERYTHING)

    (violation,) = account.refuses("ssm_patch_setup", **EVERYTHING, prune_limit=-1, **more)

    assert violation == "prune_limit: -1 must be at least 0"
