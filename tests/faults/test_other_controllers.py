# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempts to make a run remove what it should not, or make something twice: reads that lie, others in the middle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .faulty_account import FaultyAccount

Json = Any
LINUX = "AMAZON_LINUX_2023"
WINDOW = {"name": "prod", "schedule": "cron(0 2 ? * TUE *)", "duration": 4, "cutoff": 1}
WEB = {"name": "web", "patch_groups": ["web"]}
SCAN = {"name": "scan", "operation": "Scan", "window_targets": ["web"]}
OLD = {**WINDOW, "name": "old", "targets": [WEB], "patch_tasks": [SCAN]}
BASE = {"name": "base", "operating_system": LINUX}
OLD_BASE = {"name": "old-base", "operating_system": LINUX, "patch_groups": ["old"]}
LISTINGS = (
    "DescribeMaintenanceWindows",
    "DescribeMaintenanceWindowTargets",
    "DescribeMaintenanceWindowTasks",
    "DescribePatchBaselines",
    "DescribePatchGroups",
)


def window(**more: Json) -> dict[str, Json]:
    """The window that stays, with a target and a task."""
    return {**WINDOW, "targets": [WEB], "patch_tasks": [SCAN], **more}


def begun(account: FaultyAccount) -> dict[str, Json]:
    """A setup of which half is not declared any more; gives the declaration, whose first step is an update."""
    made = account.setup(setup="mine", windows=[window(), OLD], baselines=[BASE, OLD_BASE])
    assert not made.get("failed"), made["msg"]
    account.pass_time()
    account.clear_log()
    return {"setup": "mine", "prune": True, "windows": [window(description="later")], "baselines": [BASE]}


def window_id(account: FaultyAccount, name: str) -> str:
    """The id of the only window of a name."""
    (found,) = [
        one["WindowId"]
        for one in account.by_hand("DescribeMaintenanceWindows", MaxResults=100)["WindowIdentities"]
        if one["Name"] == name
    ]
    return str(found)


def baseline_id(account: FaultyAccount, name: str) -> str:
    """The id of the only baseline of a name."""
    own = [{"Key": "OWNER", "Values": ["Self"]}]
    listed = account.by_hand("DescribePatchBaselines", Filters=own)["BaselineIdentities"]
    (found,) = [one["BaselineId"] for one in listed if one["BaselineName"] == name]
    return str(found)


def children(account: FaultyAccount, name: str, listing: str, result: str) -> list[dict[str, Json]]:
    """The targets or tasks of a window."""
    return list(account.by_hand(listing, WindowId=window_id(account, name))[result])


def names(account: FaultyAccount) -> list[str]:
    """The names of all windows and baselines."""
    content = account.content()
    return sorted(one["Name"] for one in (*content["windows"], *content["baselines"]))


def tag(account: FaultyAccount, kind: str, resource_id: str, setup: str) -> None:
    """Somebody gives a resource to a setup."""
    tags = [{"Key": "patchfleet:setup", "Value": setup}]
    account.by_hand("AddTagsToResource", ResourceType=kind, ResourceId=resource_id, Tags=tags)


def adopt_window(account: FaultyAccount) -> None:
    tag(account, "MaintenanceWindow", window_id(account, "old"), "theirs")


def rename_window(account: FaultyAccount) -> None:
    account.by_hand("UpdateMaintenanceWindow", WindowId=window_id(account, "old"), Name="saved")


def fill_window(account: FaultyAccount) -> None:
    criteria = [{"Key": "tag:Role", "Values": ["db"]}]
    request = {"WindowId": window_id(account, "old"), "ResourceType": "INSTANCE", "Targets": criteria}
    account.by_hand("RegisterTargetWithMaintenanceWindow", Name="database", **request)


def adopt_baseline(account: FaultyAccount) -> None:
    tag(account, "PatchBaseline", baseline_id(account, "old-base"), "theirs")


def rename_baseline(account: FaultyAccount) -> None:
    account.by_hand("UpdatePatchBaseline", BaselineId=baseline_id(account, "old-base"), Name="saved-base")


MEANWHILE = {
    adopt_window: ("old", "MaintenanceWindow"),
    rename_window: ("saved", "its name is now 'saved'"),
    fill_window: ("old", "it holds"),
    adopt_baseline: ("old-base", "PatchBaseline"),
    rename_baseline: ("saved-base", "its name is now 'saved-base'"),
}


@pytest.mark.parametrize("meanwhile", MEANWHILE, ids=lambda one: one.__name__)
def test_what_somebody_claims_in_the_middle_is_not_pruned(
    account: FaultyAccount, meanwhile: Callable[[FaultyAccount], None]
) -> None:
    declaration = begun(account)
    kept, _reason = MEANWHILE[meanwhile]
    account.before["UpdateMaintenanceWindow"] = lambda: meanwhile(account)
    result = account.setup(**declaration)
    assert "changed after it was read" in result["msg"]
    assert kept in names(account)
    assert result["changed"] is True
    if "baseline" in meanwhile.__name__:
        (one,) = [one for one in account.content()["baselines"] if one["Name"] == kept]
        assert one["PatchGroups"] == ["old"]
    account.settled(**declaration)


@pytest.mark.parametrize("meanwhile", [adopt_window, rename_window, fill_window], ids=lambda one: one.__name__)
def test_what_somebody_claims_in_the_middle_is_not_removed(
    account: FaultyAccount, meanwhile: Callable[[FaultyAccount], None]
) -> None:
    begun(account)
    entries = [{**WINDOW, "description": "first"}, {"name": "old", "state": "absent"}]
    account.before["UpdateMaintenanceWindow"] = lambda: meanwhile(account)
    # One call at a time: the update and what happens at its moment come before the removal.
    result = account.setup(setup="mine", windows=entries, concurrency=1)
    assert "changed after it was read" in result["msg"]
    assert MEANWHILE[meanwhile][0] in names(account)


@pytest.mark.parametrize(("kind", "name"), [("target", "mine-now"), ("task", "mine-now"), ("target", None)])
def test_a_child_that_somebody_renames_in_the_middle_is_not_pruned(
    account: FaultyAccount, kind: str, name: str | None
) -> None:
    spare = {**WEB, "name": "spare"} if kind == "target" else {**SCAN, "name": "spare"}
    more = {"targets": [WEB, spare]} if kind == "target" else {"patch_tasks": [SCAN, spare]}
    account.setup(setup="mine", windows=[window(**more)])
    listing, result, member, update = {
        "target": ("DescribeMaintenanceWindowTargets", "Targets", "WindowTargetId", "UpdateMaintenanceWindowTarget"),
        "task": ("DescribeMaintenanceWindowTasks", "Tasks", "WindowTaskId", "UpdateMaintenanceWindowTask"),
    }[kind]
    (stored,) = [one for one in children(account, "prod", listing, result) if one["Name"] == "spare"]
    found = stored[member]
    renamed = {"Name": name} if name else {"Targets": stored["Targets"], "Replace": True}
    request = {"WindowId": window_id(account, "prod"), member: found, **renamed}
    account.before["UpdateMaintenanceWindow"] = lambda: account.by_hand(update, **request)
    told = account.setup(setup="mine", prune=True, windows=[window(description="later")])
    assert f"its name is now {name!r}" in told["msg"]
    assert found in [one[member] for one in children(account, "prod", listing, result)]


def test_a_window_that_somebody_adopts_in_the_middle_keeps_its_children(account: FaultyAccount) -> None:
    account.setup(setup="mine", windows=[window(targets=[WEB, {**WEB, "name": "spare"}])])
    adopted = window_id(account, "prod")
    account.before["UpdateMaintenanceWindow"] = lambda: tag(account, "MaintenanceWindow", adopted, "theirs")
    result = account.setup(setup="mine", prune=True, windows=[window(description="later")])
    assert "patchfleet:setup" in result["msg"]
    listed = children(account, "prod", "DescribeMaintenanceWindowTargets", "Targets")
    assert sorted(one["Name"] for one in listed) == ["spare", "web"]


@pytest.mark.parametrize("lie", ["lose", "shorten", "cut", "strip"])
@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize("seed", range(2))
def test_a_listing_that_lies_once_removes_and_doubles_nothing(
    account: FaultyAccount, listing: str, lie: str, seed: int
) -> None:
    declaration = begun(account)
    declaration["baselines"] = [{**BASE, "patch_groups": ["web"]}]
    before = {name: window_id(account, name) for name in ("prod", "old")}
    account.simulator.set_faults([{"op": listing, "do": lie, "times": 1}], seed)
    account.setup(**declaration)
    account.faults()
    assert window_id(account, "prod") == before["prod"]
    assert names(account).count("base") == 1
    for child in LISTINGS[1:3]:
        assert len(children(account, "prod", child, child.removeprefix("DescribeMaintenanceWindow"))) == 1
    account.settled(**declaration)
    assert names(account) == ["base", "prod"]


@pytest.mark.parametrize("setup", ["mine", None])
@pytest.mark.parametrize("module", ["ssm_maintenance_window", "ssm_patch_setup"])
def test_tags_that_are_hidden_once_make_nobody_the_owner(
    account: FaultyAccount, module: str, setup: str | None
) -> None:
    account.setup(setup="theirs", windows=[OLD])

    def hidden(_answer: dict[str, Json]) -> dict[str, Json]:
        del account.answers["ListTagsForResource"]
        return {"TagList": []}

    account.answers["ListTagsForResource"] = hidden
    entry = {"name": "old", "state": "absent"}
    args = {"windows": [entry], "setup": setup} if module == "ssm_patch_setup" else {**entry, "setup": setup}
    result = account.outcome(module, **args)
    assert "patchfleet:setup" in result["msg"]
    assert result["changed"] is False
    assert names(account) == ["old"]


@pytest.mark.parametrize("code", ["InvalidResourceId", "DoesNotExistException", "AccessDeniedException"])
@pytest.mark.parametrize("state", ["absent", "present"])
def test_tags_that_cannot_be_read_make_nobody_the_owner(account: FaultyAccount, state: str, code: str) -> None:
    account.setup(setup="theirs", windows=[OLD])
    before = account.content()
    account.faults({"op": "ListTagsForResource", "do": code})
    result = account.setup(setup="mine", windows=[{**WINDOW, "name": "old", "state": state}])
    assert "ListTagsForResource" in result["msg"]
    assert "Nothing was written" in result["msg"]
    account.faults()
    assert account.content() == before


@pytest.mark.parametrize("other", ["mine2", "Mine", "min", "mine-eu", "mine.", "yours"])
def test_setups_of_similar_names_are_apart(account: FaultyAccount, other: str) -> None:
    account.setup(setup=other, windows=[OLD], baselines=[OLD_BASE])
    theirs = account.content()
    account.setup(setup="mine", windows=[window()], baselines=[BASE])
    for declaration in (
        {"prune": True, "prune_limit": 0, "windows": [window()], "baselines": [BASE]},
        {"state": "absent", "windows": [WINDOW]},
    ):
        result = account.setup(setup="mine", **declaration)
        assert not result.get("failed"), result["msg"]
    assert account.content() == theirs


@pytest.mark.parametrize("similar", ["Patchfleet:setup", "patchfleet:setup2", "patchfleet:Setup", "setup"])
def test_a_tag_of_a_similar_key_owns_nothing(account: FaultyAccount, similar: str) -> None:
    account.setup(windows=[OLD])
    tags = [{"Key": similar, "Value": "mine"}]
    request = {"ResourceType": "MaintenanceWindow", "ResourceId": window_id(account, "old")}
    account.by_hand("AddTagsToResource", Tags=tags, **request)
    result = account.setup(setup="mine", prune=True, windows=[window()])
    assert not result.get("failed"), result["msg"]
    assert names(account) == ["old", "prod"]


def test_a_namesake_made_in_between_stays_alone(account: FaultyAccount) -> None:
    values = {"Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 0, "AllowUnassociatedTargets": False}
    account.before["CreateMaintenanceWindow"] = lambda: account.by_hand(
        "CreateMaintenanceWindow", Name="prod", **values
    )
    result = account.setup(windows=[window()])
    assert "with the same name at the same time" in result["msg"]
    assert [one["Duration"] for one in account.content()["windows"]] == [2]


@pytest.mark.parametrize("kind", ["window", "baseline"])
def test_one_that_is_renamed_to_the_name_in_between_stays_alone(account: FaultyAccount, kind: str) -> None:
    third = {**WINDOW, "name": "third"}
    account.setup(windows=[{**WINDOW, "name": "other"}, third], baselines=[{**BASE, "name": "other"}])
    account.pass_time()
    if kind == "window":
        renamed = {"WindowId": window_id(account, "other"), "Name": "prod"}
        account.before["CreateMaintenanceWindow"] = lambda: account.by_hand("UpdateMaintenanceWindow", **renamed)
    else:
        renamed = {"BaselineId": baseline_id(account, "other"), "Name": "base"}
        account.before["CreatePatchBaseline"] = lambda: account.by_hand("UpdatePatchBaseline", **renamed)
    # A second name, so that the first read lists all windows; it exists, so that only one window is created.
    args = {"windows": [WINDOW, third]} if kind == "window" else {"baselines": [BASE]}
    result = account.setup(**args)
    assert "with the same name at the same time" in result["msg"]
    account.settled(**args)
    assert names(account).count(renamed["Name"]) == 1
    assert next(iter(renamed.values())) in (
        window_id(account, "prod") if kind == "window" else baseline_id(account, "base")
    )


def test_a_token_that_leads_to_a_window_in_use_removes_it_not(account: FaultyAccount) -> None:
    account.setup(windows=[{**WINDOW, "name": "older"}])
    older = window_id(account, "older")
    account.setup(windows=[window()])
    used = window_id(account, "prod")
    account.before["CreateMaintenanceWindow"] = lambda: account.by_hand(
        "UpdateMaintenanceWindow", WindowId=older, Name="prod"
    )

    def hiding(answer: dict[str, Json]) -> dict[str, Json]:
        del account.answers["DescribeMaintenanceWindows"]
        return {"WindowIdentities": [one for one in answer["WindowIdentities"] if one["WindowId"] != used]}

    account.answers["DescribeMaintenanceWindows"] = hiding
    result = account.setup(windows=[window()])
    assert "already in use" in result["msg"]
    assert names(account) == ["prod", "prod"]
    assert len(account.by_hand("DescribeMaintenanceWindowTasks", WindowId=used)["Tasks"]) == 1


@pytest.mark.parametrize("operation", ["GetMaintenanceWindow", "GetPatchBaseline", "GetMaintenanceWindowTask"])
def test_an_answer_about_another_resource_is_none(account: FaultyAccount, operation: str) -> None:
    declaration = begun(account)
    before = account.content()
    member = {"GetMaintenanceWindow": "WindowId", "GetPatchBaseline": "BaselineId"}.get(operation, "WindowTaskId")
    account.answers[operation] = lambda answer: {**answer, member: answer[member][:-1] + "x"}
    result = account.setup(**declaration)
    assert result["error"]["code"] == "UnexpectedAnswer"
    assert account.content() == before


@pytest.mark.parametrize(
    "operation",
    [
        "UpdateMaintenanceWindow",
        "DeleteMaintenanceWindow",
        "DeletePatchBaseline",
        "DeregisterTargetFromMaintenanceWindow",
    ],
)
def test_a_page_of_html_is_no_success(account: FaultyAccount, operation: str) -> None:
    declaration = begun(account)
    if operation.startswith("Deregister"):
        account.setup(setup="mine", windows=[window(targets=[WEB, {**WEB, "name": "spare"}])])
    account.faults({"op": operation, "do": "html", "status": 200})
    result = account.setup(**declaration)
    account.faults()
    assert operation in result["msg"]
    account.settled(**declaration)


def test_a_page_that_leads_to_itself_ends(account: FaultyAccount) -> None:
    declaration = begun(account)
    before = account.content()
    account.answers["DescribeMaintenanceWindows"] = lambda answer: {**answer, "NextToken": "again:"}
    result = account.setup(**declaration)
    assert "AWS returned the same page twice" in result["msg"]
    assert account.content() == before


def test_pages_that_never_end_end(account: FaultyAccount) -> None:
    declaration = begun(account)
    account.faults({"op": "DescribeMaintenanceWindows", "do": "blank"})
    result = account.setup(**declaration)
    assert "DescribeMaintenanceWindows" in result["msg"]
    assert result["changed"] is False


def test_an_id_that_means_another_window_by_now_is_not_removed(account: FaultyAccount) -> None:
    declaration = begun(account)
    reused = window_id(account, "old")

    def reuse() -> None:
        table = account.region.table("windows")
        table.put(reused, {**table.latest(reused), "Name": "quite-another"})

    account.before["UpdateMaintenanceWindow"] = reuse
    assert "quite-another" in account.setup(**declaration)["msg"]
    assert "quite-another" in names(account)


def test_what_is_taken_over_is_not_emptied_in_the_same_run(account: FaultyAccount) -> None:
    account.setup(setup="theirs", windows=[window(targets=[WEB, {**WEB, "name": "theirs"}])])
    result = account.setup(setup="mine", prune=True, take_over=True, windows=[window()])
    assert not result.get("failed"), result["msg"]
    listed = children(account, "prod", "DescribeMaintenanceWindowTargets", "Targets")
    assert sorted(one["Name"] for one in listed) == ["theirs", "web"]


@pytest.mark.parametrize("limit", [0, 3, 4])
def test_a_prune_beyond_its_limit_writes_nothing(account: FaultyAccount, limit: int) -> None:
    declaration = begun(account)
    before = account.content()
    result = account.setup(**declaration, prune_limit=limit)
    # The window, its target and its task, and the baseline.
    assert ("prune_limit: 4" in result.get("msg", "")) is (limit < 4)
    assert (account.content() == before) is (limit < 4)


@pytest.mark.parametrize("listing", ["DescribeMaintenanceWindowTargets", "GetMaintenanceWindowTask"])
def test_what_is_of_a_type_that_nobody_knows_is_not_replaced(account: FaultyAccount, listing: str) -> None:
    after = {"name": "after", "task_type": "AUTOMATION", "task_arn": "AWS-Nothing", "window_targets": ["web"]}
    declaration = {"windows": [window(tasks=[after])]}
    account.setup(**declaration)
    before = account.content()

    def newer(answer: dict[str, Json]) -> dict[str, Json]:
        if "Targets" in answer and "WindowTaskId" not in answer:
            return {**answer, "Targets": [{**one, "ResourceType": "FLEET"} for one in answer["Targets"]]}
        return {**answer, "TaskType": "RUN_COMMAND" if answer["Name"] == "scan" else "AGENT"}

    account.answers[listing] = newer
    result = account.setup(**declaration)
    assert "which this version does not support" in result["msg"]
    assert account.content() == before


def test_a_block_for_a_task_of_an_unknown_type_is_refused(account: FaultyAccount) -> None:
    after = {"name": "after", "task_type": "AUTOMATION", "task_arn": "AWS-Nothing", "window_targets": ["web"]}
    account.setup(windows=[window(tasks=[after])])
    account.answers["GetMaintenanceWindowTask"] = lambda answer: {**answer, "TaskType": "AGENT"}
    changed = {"name": "after", "automation": {"document_version": "2"}}
    args = {"window": "prod", **changed}
    assert "automation: applies only to AUTOMATION tasks" in account.outcome("ssm_window_task", **args)["msg"]


@pytest.mark.parametrize("kind", ["window", "task", "baseline"])
def test_what_no_listing_shows_but_is_there_is_not_made_twice(account: FaultyAccount, kind: str) -> None:
    account.setup(windows=[{**WINDOW, "name": "outer"}])
    listing, result, name = {
        "window": ("DescribeMaintenanceWindows", "WindowIdentities", "Name"),
        "task": ("DescribeMaintenanceWindowTasks", "Tasks", "Name"),
        "baseline": ("DescribePatchBaselines", "BaselineIdentities", "BaselineName"),
    }[kind]
    new = {"window": "prod", "task": "new-task", "baseline": "base"}[kind]
    account.answers[listing] = lambda answer: {
        **answer,
        result: [one for one in answer[result] if one.get(name) != new],
    }
    task = {"name": new, "task_type": "AUTOMATION", "task_arn": "AWS-Nothing"}
    declarations: dict[str, dict[str, Json]] = {
        "window": {"windows": [WINDOW]},
        "task": {"windows": [{**WINDOW, "name": "outer", "tasks": [task]}]},
        "baseline": {"baselines": [BASE]},
    }
    told = account.setup(**declarations[kind])
    account.answers.clear()
    assert "AWS does not return it yet" in told["msg"]
    content = account.content()
    found = [*content["windows"], *content["baselines"], *(one for each in content["windows"] for one in each["tasks"])]
    assert [one["Name"] for one in found].count(new) == 1
    account.settled(**declarations[kind])


READS_OF_A_WINDOW = ("GetMaintenanceWindow", "DescribeMaintenanceWindowTargets", "DescribeMaintenanceWindowTasks")


@pytest.mark.parametrize("denial", READS_OF_A_WINDOW)
@pytest.mark.parametrize("state", ["absent", "present"])
def test_what_one_read_calls_gone_is_neither_removed_nor_doubled(
    account: FaultyAccount, denial: str, state: str
) -> None:
    account.setup(setup="mine", windows=[window(), OLD])
    before = account.ids()
    account.faults({"op": denial, "do": "DoesNotExistException", "times": 1})
    account.setup(setup="mine", windows=[{**window(description="later"), "state": state}], concurrency=1)
    account.faults()
    if state == "absent" and denial == "GetMaintenanceWindow":
        # Only the look before the removal asks for a window that goes; that one is there is no reason to keep it.
        assert account.ids().keys() < before.keys()
    else:
        assert account.ids() == before
    account.settled(setup="mine", windows=[{**window(description="later"), "state": state}])


def test_what_is_called_gone_is_gone_whatever_read_comes_last(account: FaultyAccount) -> None:
    made = account.setup(windows=[window()])["windows"][0]
    before = account.content()
    account.faults({"op": "GetMaintenanceWindow", "do": "DoesNotExistException"})
    entry = {"window_id": made["window_id"], "name": "renamed", "targets": [WEB]}
    result = account.setup(windows=[entry], concurrency=1)
    assert "does not exist" in result["msg"]
    account.faults()
    assert account.content() == before
