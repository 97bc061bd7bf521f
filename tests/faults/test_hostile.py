# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempts to make a run remove what it should not, or make something twice: reads that lie, others in the middle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .field import Field

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


def begun(field: Field) -> dict[str, Json]:
    """A setup of which half is not declared any more; gives the declaration, whose first step is an update."""
    made = field.setup(setup="mine", windows=[window(), OLD], baselines=[BASE, OLD_BASE])
    assert not made.get("failed"), made["msg"]
    field.pass_time()
    field.clear_log()
    return {"setup": "mine", "prune": True, "windows": [window(description="later")], "baselines": [BASE]}


def window_id(field: Field, name: str) -> str:
    """The id of the only window of a name."""
    (found,) = [
        one["WindowId"]
        for one in field.by_hand("DescribeMaintenanceWindows", MaxResults=100)["WindowIdentities"]
        if one["Name"] == name
    ]
    return str(found)


def baseline_id(field: Field, name: str) -> str:
    """The id of the only baseline of a name."""
    own = [{"Key": "OWNER", "Values": ["Self"]}]
    listed = field.by_hand("DescribePatchBaselines", Filters=own)["BaselineIdentities"]
    (found,) = [one["BaselineId"] for one in listed if one["BaselineName"] == name]
    return str(found)


def children(field: Field, name: str, listing: str, result: str) -> list[dict[str, Json]]:
    """The targets or tasks of a window."""
    return list(field.by_hand(listing, WindowId=window_id(field, name))[result])


def names(field: Field) -> list[str]:
    """The names of all windows and baselines."""
    content = field.content()
    return sorted(one["Name"] for one in (*content["windows"], *content["baselines"]))


def tag(field: Field, kind: str, resource_id: str, setup: str) -> None:
    """Somebody gives a resource to a setup."""
    tags = [{"Key": "patchfleet:setup", "Value": setup}]
    field.by_hand("AddTagsToResource", ResourceType=kind, ResourceId=resource_id, Tags=tags)


def adopt_window(field: Field) -> None:
    tag(field, "MaintenanceWindow", window_id(field, "old"), "theirs")


def rename_window(field: Field) -> None:
    field.by_hand("UpdateMaintenanceWindow", WindowId=window_id(field, "old"), Name="saved")


def fill_window(field: Field) -> None:
    criteria = [{"Key": "tag:Role", "Values": ["db"]}]
    request = {"WindowId": window_id(field, "old"), "ResourceType": "INSTANCE", "Targets": criteria}
    field.by_hand("RegisterTargetWithMaintenanceWindow", Name="database", **request)


def adopt_baseline(field: Field) -> None:
    tag(field, "PatchBaseline", baseline_id(field, "old-base"), "theirs")


def rename_baseline(field: Field) -> None:
    field.by_hand("UpdatePatchBaseline", BaselineId=baseline_id(field, "old-base"), Name="saved-base")


MEANWHILE = {
    adopt_window: ("old", "MaintenanceWindow"),
    rename_window: ("saved", "its name is 'saved' now"),
    fill_window: ("old", "it holds"),
    adopt_baseline: ("old-base", "PatchBaseline"),
    rename_baseline: ("saved-base", "its name is 'saved-base' now"),
}


@pytest.mark.parametrize("meanwhile", MEANWHILE, ids=lambda one: one.__name__)
def test_what_somebody_claims_in_the_middle_is_not_pruned(field: Field, meanwhile: Callable[[Field], None]) -> None:
    declaration = begun(field)
    kept, _reason = MEANWHILE[meanwhile]
    field.before["UpdateMaintenanceWindow"] = lambda: meanwhile(field)
    result = field.setup(**declaration)
    assert "changed since it was read" in result["msg"]
    assert kept in names(field)
    assert result["changed"] is True
    if "baseline" in meanwhile.__name__:
        (one,) = [one for one in field.content()["baselines"] if one["Name"] == kept]
        assert one["PatchGroups"] == ["old"]
    field.settled(**declaration)


@pytest.mark.parametrize("meanwhile", [adopt_window, rename_window, fill_window], ids=lambda one: one.__name__)
def test_what_somebody_claims_in_the_middle_is_not_removed(field: Field, meanwhile: Callable[[Field], None]) -> None:
    begun(field)
    entries = [{**WINDOW, "description": "first"}, {"name": "old", "state": "absent"}]
    field.before["UpdateMaintenanceWindow"] = lambda: meanwhile(field)
    # One call at a time: the update and what happens at its moment come before the removal.
    result = field.setup(setup="mine", windows=entries, concurrency=1)
    assert "changed since it was read" in result["msg"]
    assert MEANWHILE[meanwhile][0] in names(field)


@pytest.mark.parametrize("kind", ["target", "task"])
def test_a_child_that_somebody_renames_in_the_middle_is_not_pruned(field: Field, kind: str) -> None:
    spare = {**WEB, "name": "spare"} if kind == "target" else {**SCAN, "name": "spare"}
    more = {"targets": [WEB, spare]} if kind == "target" else {"patch_tasks": [SCAN, spare]}
    field.setup(setup="mine", windows=[window(**more)])
    listing, result, member, update = {
        "target": ("DescribeMaintenanceWindowTargets", "Targets", "WindowTargetId", "UpdateMaintenanceWindowTarget"),
        "task": ("DescribeMaintenanceWindowTasks", "Tasks", "WindowTaskId", "UpdateMaintenanceWindowTask"),
    }[kind]
    (found,) = [one[member] for one in children(field, "prod", listing, result) if one["Name"] == "spare"]
    request = {"WindowId": window_id(field, "prod"), member: found, "Name": "mine-now"}
    field.before["UpdateMaintenanceWindow"] = lambda: field.by_hand(update, **request)
    told = field.setup(setup="mine", prune=True, windows=[window(description="later")])
    assert "its name is 'mine-now' now" in told["msg"]
    assert found in [one[member] for one in children(field, "prod", listing, result)]


def test_a_window_that_somebody_adopts_in_the_middle_keeps_its_children(field: Field) -> None:
    field.setup(setup="mine", windows=[window(targets=[WEB, {**WEB, "name": "spare"}])])
    adopted = window_id(field, "prod")
    field.before["UpdateMaintenanceWindow"] = lambda: tag(field, "MaintenanceWindow", adopted, "theirs")
    result = field.setup(setup="mine", prune=True, windows=[window(description="later")])
    assert "patchfleet:setup" in result["msg"]
    listed = children(field, "prod", "DescribeMaintenanceWindowTargets", "Targets")
    assert sorted(one["Name"] for one in listed) == ["spare", "web"]


@pytest.mark.parametrize("lie", ["lose", "shorten", "cut", "strip"])
@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize("seed", range(2))
def test_a_listing_that_lies_once_removes_and_doubles_nothing(field: Field, listing: str, lie: str, seed: int) -> None:
    declaration = begun(field)
    declaration["baselines"] = [{**BASE, "patch_groups": ["web"]}]
    before = {name: window_id(field, name) for name in ("prod", "old")}
    field.simulator.set_faults([{"op": listing, "do": lie, "times": 1}], seed)
    field.setup(**declaration)
    field.faults()
    assert window_id(field, "prod") == before["prod"]
    assert names(field).count("base") == 1
    for child in LISTINGS[1:3]:
        assert len(children(field, "prod", child, child.removeprefix("DescribeMaintenanceWindow"))) == 1
    field.settled(**declaration)
    assert names(field) == ["base", "prod"]


@pytest.mark.parametrize("setup", ["mine", None])
@pytest.mark.parametrize("module", ["ssm_maintenance_window", "ssm_patch_setup"])
def test_tags_that_are_hidden_once_make_nobody_the_owner(field: Field, module: str, setup: str | None) -> None:
    field.setup(setup="theirs", windows=[OLD])

    def hidden(_answer: dict[str, Json]) -> dict[str, Json]:
        del field.answers["ListTagsForResource"]
        return {"TagList": []}

    field.answers["ListTagsForResource"] = hidden
    entry = {"name": "old", "state": "absent"}
    args = {"windows": [entry], "setup": setup} if module == "ssm_patch_setup" else {**entry, "setup": setup}
    result = field.outcome(module, **args)
    assert "patchfleet:setup" in result["msg"]
    assert result["changed"] is False
    assert names(field) == ["old"]


@pytest.mark.parametrize("code", ["InvalidResourceId", "DoesNotExistException", "AccessDeniedException"])
@pytest.mark.parametrize("state", ["absent", "present"])
def test_tags_that_cannot_be_read_make_nobody_the_owner(field: Field, state: str, code: str) -> None:
    field.setup(setup="theirs", windows=[OLD])
    before = field.content()
    field.faults({"op": "ListTagsForResource", "do": code})
    result = field.setup(setup="mine", windows=[{**WINDOW, "name": "old", "state": state}])
    assert "ListTagsForResource" in result["msg"]
    assert "Nothing was written" in result["msg"]
    field.faults()
    assert field.content() == before


@pytest.mark.parametrize("other", ["mine2", "Mine", "min", "mine-eu", "mine.", "yours"])
def test_setups_of_similar_names_are_apart(field: Field, other: str) -> None:
    field.setup(setup=other, windows=[OLD], baselines=[OLD_BASE])
    theirs = field.content()
    field.setup(setup="mine", windows=[window()], baselines=[BASE])
    for declaration in (
        {"prune": True, "prune_limit": 0, "windows": [window()], "baselines": [BASE]},
        {"state": "absent", "windows": [WINDOW]},
    ):
        result = field.setup(setup="mine", **declaration)
        assert not result.get("failed"), result["msg"]
    assert field.content() == theirs


@pytest.mark.parametrize("similar", ["Patchfleet:setup", "patchfleet:setup2", "patchfleet:Setup", "setup"])
def test_a_tag_of_a_similar_key_owns_nothing(field: Field, similar: str) -> None:
    field.setup(windows=[OLD])
    tags = [{"Key": similar, "Value": "mine"}]
    request = {"ResourceType": "MaintenanceWindow", "ResourceId": window_id(field, "old")}
    field.by_hand("AddTagsToResource", Tags=tags, **request)
    result = field.setup(setup="mine", prune=True, windows=[window()])
    assert not result.get("failed"), result["msg"]
    assert names(field) == ["old", "prod"]


def test_a_namesake_made_in_between_stays_alone(field: Field) -> None:
    values = {"Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 0, "AllowUnassociatedTargets": False}
    field.before["CreateMaintenanceWindow"] = lambda: field.by_hand("CreateMaintenanceWindow", Name="prod", **values)
    result = field.setup(windows=[window()])
    assert "of the same name at the same moment" in result["msg"]
    assert [one["Duration"] for one in field.content()["windows"]] == [2]


@pytest.mark.parametrize("kind", ["window", "baseline"])
def test_one_that_is_renamed_to_the_name_in_between_stays_alone(field: Field, kind: str) -> None:
    field.setup(windows=[{**WINDOW, "name": "other"}], baselines=[{**BASE, "name": "other"}])
    if kind == "window":
        renamed = {"WindowId": window_id(field, "other"), "Name": "prod"}
        field.before["CreateMaintenanceWindow"] = lambda: field.by_hand("UpdateMaintenanceWindow", **renamed)
    else:
        renamed = {"BaselineId": baseline_id(field, "other"), "Name": "base"}
        field.before["CreatePatchBaseline"] = lambda: field.by_hand("UpdatePatchBaseline", **renamed)
    # A second name, so that the first read lists all windows.
    args = {"windows": [WINDOW, {**WINDOW, "name": "third"}]} if kind == "window" else {"baselines": [BASE]}
    result = field.setup(**args)
    assert "of the same name at the same moment" in result["msg"]
    field.settled(**args)
    assert names(field).count(renamed["Name"]) == 1
    assert next(iter(renamed.values())) in (
        window_id(field, "prod") if kind == "window" else baseline_id(field, "base")
    )


def test_a_token_that_leads_to_a_window_in_use_removes_it_not(field: Field) -> None:
    field.setup(windows=[{**WINDOW, "name": "older"}])
    older = window_id(field, "older")
    field.setup(windows=[window()])
    used = window_id(field, "prod")
    field.before["CreateMaintenanceWindow"] = lambda: field.by_hand(
        "UpdateMaintenanceWindow", WindowId=older, Name="prod"
    )

    def hiding(answer: dict[str, Json]) -> dict[str, Json]:
        del field.answers["DescribeMaintenanceWindows"]
        return {"WindowIdentities": [one for one in answer["WindowIdentities"] if one["WindowId"] != used]}

    field.answers["DescribeMaintenanceWindows"] = hiding
    result = field.setup(windows=[window()])
    assert "in use already" in result["msg"]
    assert names(field) == ["prod", "prod"]
    assert len(field.by_hand("DescribeMaintenanceWindowTasks", WindowId=used)["Tasks"]) == 1


@pytest.mark.parametrize("operation", ["GetMaintenanceWindow", "GetPatchBaseline", "GetMaintenanceWindowTask"])
def test_an_answer_about_another_resource_is_none(field: Field, operation: str) -> None:
    declaration = begun(field)
    before = field.content()
    member = {"GetMaintenanceWindow": "WindowId", "GetPatchBaseline": "BaselineId"}.get(operation, "WindowTaskId")
    field.answers[operation] = lambda answer: {**answer, member: answer[member][:-1] + "x"}
    result = field.setup(**declaration)
    assert result["error"]["code"] == "UnexpectedAnswer"
    assert field.content() == before


@pytest.mark.parametrize(
    "operation",
    [
        "UpdateMaintenanceWindow",
        "DeleteMaintenanceWindow",
        "DeletePatchBaseline",
        "DeregisterTargetFromMaintenanceWindow",
    ],
)
def test_a_page_of_html_is_no_success(field: Field, operation: str) -> None:
    declaration = begun(field)
    if operation.startswith("Deregister"):
        field.setup(setup="mine", windows=[window(targets=[WEB, {**WEB, "name": "spare"}])])
    field.faults({"op": operation, "do": "html", "status": 200})
    result = field.setup(**declaration)
    field.faults()
    assert operation in result["msg"]
    field.settled(**declaration)


def test_a_page_that_leads_to_itself_ends(field: Field) -> None:
    declaration = begun(field)
    before = field.content()
    field.answers["DescribeMaintenanceWindows"] = lambda answer: {**answer, "NextToken": "again:"}
    result = field.setup(**declaration)
    assert "the same page came twice" in result["msg"]
    assert field.content() == before


def test_pages_that_never_end_end(field: Field) -> None:
    declaration = begun(field)
    field.faults({"op": "DescribeMaintenanceWindows", "do": "blank"})
    result = field.setup(**declaration)
    assert "DescribeMaintenanceWindows" in result["msg"]
    assert result["changed"] is False


def test_an_id_that_means_another_window_by_now_is_not_removed(field: Field) -> None:
    declaration = begun(field)
    reused = window_id(field, "old")

    def reuse() -> None:
        table = field.region.table("windows")
        table.put(reused, {**table.latest(reused), "Name": "quite-another"})

    field.before["UpdateMaintenanceWindow"] = reuse
    assert "quite-another" in field.setup(**declaration)["msg"]
    assert "quite-another" in names(field)


def test_what_is_taken_over_is_not_emptied_in_the_same_run(field: Field) -> None:
    field.setup(setup="theirs", windows=[window(targets=[WEB, {**WEB, "name": "theirs"}])])
    result = field.setup(setup="mine", prune=True, take_over=True, windows=[window()])
    assert not result.get("failed"), result["msg"]
    listed = children(field, "prod", "DescribeMaintenanceWindowTargets", "Targets")
    assert sorted(one["Name"] for one in listed) == ["theirs", "web"]


@pytest.mark.parametrize("limit", [0, 3, 4])
def test_a_prune_beyond_its_limit_writes_nothing(field: Field, limit: int) -> None:
    declaration = begun(field)
    before = field.content()
    result = field.setup(**declaration, prune_limit=limit)
    # The window, its target and its task, and the baseline.
    assert ("prune_limit: 4" in result.get("msg", "")) is (limit < 4)
    assert (field.content() == before) is (limit < 4)


@pytest.mark.parametrize("listing", ["DescribeMaintenanceWindowTargets", "GetMaintenanceWindowTask"])
def test_what_is_of_a_type_that_nobody_knows_is_not_replaced(field: Field, listing: str) -> None:
    after = {"name": "after", "task_type": "AUTOMATION", "task_arn": "AWS-Nothing", "window_targets": ["web"]}
    declaration = {"windows": [window(tasks=[after])]}
    field.setup(**declaration)
    before = field.content()

    def newer(answer: dict[str, Json]) -> dict[str, Json]:
        if "Targets" in answer and "WindowTaskId" not in answer:
            return {**answer, "Targets": [{**one, "ResourceType": "FLEET"} for one in answer["Targets"]]}
        return {**answer, "TaskType": "RUN_COMMAND" if answer["Name"] == "scan" else "AGENT"}

    field.answers[listing] = newer
    result = field.setup(**declaration)
    assert "is not known here" in result["msg"]
    assert field.content() == before


def test_a_block_for_a_task_of_an_unknown_type_is_refused(field: Field) -> None:
    after = {"name": "after", "task_type": "AUTOMATION", "task_arn": "AWS-Nothing", "window_targets": ["web"]}
    field.setup(windows=[window(tasks=[after])])
    field.answers["GetMaintenanceWindowTask"] = lambda answer: {**answer, "TaskType": "AGENT"}
    changed = {"name": "after", "automation": {"document_version": "2"}}
    args = {"window": "prod", **changed}
    assert "automation: is for AUTOMATION tasks only" in field.outcome("ssm_window_task", **args)["msg"]


@pytest.mark.parametrize("kind", ["window", "task", "baseline"])
def test_what_no_listing_shows_but_is_there_is_not_made_twice(field: Field, kind: str) -> None:
    field.setup(windows=[{**WINDOW, "name": "outer"}])
    listing, result, name = {
        "window": ("DescribeMaintenanceWindows", "WindowIdentities", "Name"),
        "task": ("DescribeMaintenanceWindowTasks", "Tasks", "Name"),
        "baseline": ("DescribePatchBaselines", "BaselineIdentities", "BaselineName"),
    }[kind]
    new = {"window": "prod", "task": "new-task", "baseline": "base"}[kind]
    field.answers[listing] = lambda answer: {
        **answer,
        result: [one for one in answer[result] if one.get(name) != new],
    }
    task = {"name": new, "task_type": "AUTOMATION", "task_arn": "AWS-Nothing"}
    declarations: dict[str, dict[str, Json]] = {
        "window": {"windows": [WINDOW]},
        "task": {"windows": [{**WINDOW, "name": "outer", "tasks": [task]}]},
        "baseline": {"baselines": [BASE]},
    }
    told = field.setup(**declarations[kind])
    field.answers.clear()
    assert "no read shows it yet" in told["msg"]
    content = field.content()
    found = [*content["windows"], *content["baselines"], *(one for each in content["windows"] for one in each["tasks"])]
    assert [one["Name"] for one in found].count(new) == 1
    field.settled(**declarations[kind])


READS_OF_A_WINDOW = ("GetMaintenanceWindow", "DescribeMaintenanceWindowTargets", "DescribeMaintenanceWindowTasks")


@pytest.mark.parametrize("denial", READS_OF_A_WINDOW)
@pytest.mark.parametrize("state", ["absent", "present"])
def test_what_one_read_calls_gone_is_neither_removed_nor_doubled(field: Field, denial: str, state: str) -> None:
    field.setup(setup="mine", windows=[window(), OLD])
    before = field.ids()
    field.faults({"op": denial, "do": "DoesNotExistException", "times": 1})
    field.setup(setup="mine", windows=[{**window(description="later"), "state": state}], concurrency=1)
    field.faults()
    if state == "absent" and denial == "GetMaintenanceWindow":
        # Only the look before the removal asks for a window that goes; that one is there is no reason to keep it.
        assert field.ids().keys() < before.keys()
    else:
        assert field.ids() == before
    field.settled(setup="mine", windows=[{**window(description="later"), "state": state}])


def test_what_is_called_gone_is_gone_whatever_read_comes_last(field: Field) -> None:
    made = field.setup(windows=[window()])["windows"][0]
    before = field.content()
    field.faults({"op": "GetMaintenanceWindow", "do": "DoesNotExistException"})
    entry = {"window_id": made["window_id"], "name": "renamed", "targets": [WEB]}
    result = field.setup(windows=[entry], concurrency=1)
    assert "does not exist" in result["msg"]
    field.faults()
    assert field.content() == before
