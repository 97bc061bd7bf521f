# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Situations in which a run once did other than it said: each the smallest that shows it."""

from __future__ import annotations

from typing import Any

import pytest

from .faulty_account import FaultyAccount

Json = Any
LINUX = "AMAZON_LINUX_2023"
WINDOW = {"name": "prod", "schedule": "cron(0 2 ? * TUE *)", "duration": 4, "cutoff": 1}


def defect(reason: str) -> pytest.MarkDecorator:
    """A test of what is not right yet; it has to lose this mark with the repair."""
    return pytest.mark.xfail(strict=True, reason=reason)


def window(**more: Json) -> dict[str, Json]:
    """The window with what a test changes."""
    return {**WINDOW, **more}


def baseline(name: str, **more: Json) -> dict[str, Json]:
    """A baseline of one operating system."""
    return {"name": name, "operating_system": LINUX, **more}


def default_of(account: FaultyAccount, system: str = LINUX) -> str:
    """The name of the default baseline."""
    answer = account.by_hand("GetDefaultPatchBaseline", OperatingSystem=system)
    return str(account.by_hand("GetPatchBaseline", BaselineId=answer["BaselineId"])["Name"])


def groups_of(account: FaultyAccount, name: str) -> list[str]:
    """The groups of the only baseline of a name."""
    (found,) = [one for one in account.content()["baselines"] if one["Name"] == name]
    return list(found["PatchGroups"])


def test_a_finished_half_of_recreate_keeps_the_groups(account: FaultyAccount) -> None:
    account.setup(baselines=[baseline("base", patch_groups=["web", "db"])])
    old = account.setup(baselines=[baseline("base")])["baselines"][0]["baseline_id"]
    moved = {"baseline_id": old, "name": "base", "operating_system": "UBUNTU", "recreate": True}
    account.faults({"op": "DeletePatchBaseline", "do": "AccessDeniedException"})
    assert account.setup(baselines=[moved])["failed"]
    account.faults()
    account.setup(baselines=[moved])
    assert groups_of(account, "base") == ["db", "web"]


def test_recreate_is_repeated_without_complaint(account: FaultyAccount) -> None:
    old = account.setup(baselines=[baseline("base")])["baselines"][0]["baseline_id"]
    account.settled(baselines=[{"baseline_id": old, "name": "base", "operating_system": "UBUNTU", "recreate": True}])


def test_recreate_adopts_no_baseline_of_another_setup(account: FaultyAccount) -> None:
    old = account.setup(setup="mine", baselines=[baseline("base")])["baselines"][0]["baseline_id"]
    account.setup(setup="theirs", baselines=[baseline("base", operating_system="UBUNTU")])
    moved = {"baseline_id": old, "name": "base", "operating_system": "UBUNTU", "recreate": True}
    assert "theirs" in account.setup(setup="mine", baselines=[moved])["msg"]


@pytest.mark.parametrize("leaver", ["default_false", "absent", "pruned", "reset"])
def test_the_default_goes_to_the_baseline_that_is_declared(account: FaultyAccount, leaver: str) -> None:
    before = [baseline("a-new"), baseline("old", default=True)]
    account.setup(setup="mine", baselines=before)
    old = {"default_false": [baseline("old", default=False)], "absent": [baseline("old", state="absent")], "pruned": []}
    # One call at a time: otherwise it depends on luck which of two steps that do not wait for each other comes last.
    args: dict[str, Json] = {"setup": "mine", "prune": leaver == "pruned", "concurrency": 1}
    args["unset"] = "reset" if leaver == "reset" else "keep"
    args["baselines"] = [baseline("a-new", default=True), *old.get(leaver, [baseline("old")])]
    account.settled(**args)
    assert default_of(account) == "a-new"


def test_two_defaults_of_one_system_are_refused_however_they_are_named(account: FaultyAccount) -> None:
    made = account.setup(baselines=[baseline("one"), baseline("two")])["baselines"]
    entries = [{"baseline_id": one["baseline_id"], "default": True} for one in made]
    assert account.setup(check=True, baselines=entries).get("failed")


def test_one_group_claimed_by_two_baselines_is_refused(account: FaultyAccount) -> None:
    entries = [baseline(name, patch_groups=["web"], move_patch_groups=True) for name in ("one", "two")]
    assert account.setup(check=True, baselines=entries).get("failed")


def test_namesakes_for_two_systems_keep_their_tags_apart(account: FaultyAccount) -> None:
    entries = [baseline("base"), baseline("base", operating_system="UBUNTU")]
    account.setup(baselines=entries)
    account.settled(setup="mine", baselines=[{**one, "tags": {"Team": "x"}} for one in entries])
    assert all(one["tags"] == {"Team": "x", "patchfleet:setup": "mine"} for one in account.content()["baselines"])


def test_namesakes_by_id_are_both_changed(account: FaultyAccount) -> None:
    for text in ("one", "two"):
        account.by_hand(
            "CreateMaintenanceWindow",
            Name="prod",
            Schedule="rate(1 day)",
            Duration=4,
            Cutoff=1,
            AllowUnassociatedTargets=False,
            Description=text,
        )
    ids = [one["WindowId"] for one in account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]]
    account.settled(windows=[{"window_id": one, "duration": 5} for one in ids])


def test_namesake_targets_by_id_are_both_changed(account: FaultyAccount) -> None:
    window_id = account.setup(windows=[window()])["windows"][0]["window_id"]
    ids = [
        account.by_hand(
            "RegisterTargetWithMaintenanceWindow",
            WindowId=window_id,
            Name="web",
            ResourceType="INSTANCE",
            Targets=[{"Key": "tag:Env", "Values": [value]}],
        )["WindowTargetId"]
        for value in ("a", "b")
    ]
    account.settled(windows=[window(targets=[{"window_target_id": one, "description": "x"} for one in ids])])


def test_a_replaced_target_that_a_pruned_task_uses(account: FaultyAccount) -> None:
    targets = [{"name": "web", "patch_groups": ["web"]}]
    tasks = [
        {"name": name, "operation": "Scan", "window_targets": ["web"], "max_errors": "1"} for name in ("keep", "drop")
    ]
    account.setup(setup="mine", windows=[window(targets=targets, patch_tasks=tasks)])
    targets = [{"name": "web", "resource_group": "web"}]
    account.settled(setup="mine", prune=True, windows=[window(targets=targets, patch_tasks=tasks[:1])])


def test_nothing_is_pruned_where_a_new_window_did_not_last(account: FaultyAccount) -> None:
    account.setup(setup="mine", windows=[window(name="old")])
    account.faults({"op": "DescribeMaintenanceWindows", "do": "AccessDeniedException", "after": 1})
    assert account.setup(setup="mine", prune=True, windows=[window(name="new")])["failed"]
    assert "old" in [one["Name"] for one in account.content()["windows"]]


def test_what_was_created_is_told_where_it_cannot_be_read_back(account: FaultyAccount) -> None:
    account.faults({"op": "DescribeMaintenanceWindows", "do": "ExpiredTokenException", "after": 1})
    result = account.setup(windows=[window()])
    (made,) = account.by_hand("DescribeMaintenanceWindows")["WindowIdentities"]
    assert result["changed"] is True
    assert made["WindowId"] in result["msg"]


def test_a_window_that_was_renamed_by_hand_is_made_anew(account: FaultyAccount) -> None:
    window_id = account.setup(windows=[window()])["windows"][0]["window_id"]
    account.by_hand("UpdateMaintenanceWindow", WindowId=window_id, Name="prod-old")
    account.settled(windows=[window()])
    assert [one["Name"] for one in account.content()["windows"]] == ["prod", "prod-old"]


def test_reset_without_criteria_leaves_a_target_its_own(account: FaultyAccount) -> None:
    account.setup(windows=[window(targets=[{"name": "web", "patch_groups": ["web"], "description": "x"}])])
    account.settled(unset="reset", windows=[window(targets=[{"name": "web"}])])
    assert account.content()["windows"][0]["targets"][0]["Name"] == "web"


def test_reset_takes_no_foreign_task_for_a_patch_task(account: FaultyAccount) -> None:
    shell = {
        "name": "clean",
        "task_type": "RUN_COMMAND",
        "task_arn": "AWS-RunShellScript",
        "window_targets": ["web"],
        "run_command": {"parameters": {"commands": ["true"]}},
    }
    targets = [{"name": "web", "patch_groups": ["web"]}]
    account.setup(windows=[window(targets=targets, tasks=[shell])])
    patch = {"name": "clean", "operation": "Install", "window_targets": ["web"]}
    result = account.setup(unset="reset", windows=[window(targets=targets, patch_tasks=[patch])])
    assert "ssm_window_task" in result.get("msg", "")


def test_a_foreign_task_is_no_patch_task_whatever_the_document(account: FaultyAccount) -> None:
    shell = {
        "name": "clean",
        "task_type": "RUN_COMMAND",
        "task_arn": "AWS-RunShellScript",
        "window_targets": ["web"],
        "run_command": {"parameters": {"commands": ["true"]}},
    }
    targets = [{"name": "web", "patch_groups": ["web"]}]
    account.setup(windows=[window(targets=targets, tasks=[shell])])
    patch = {"name": "clean", "operation": "Install", "document": "AWS-RunPatchBaseline", "window_targets": ["web"]}
    assert "ssm_window_task" in account.setup(windows=[window(targets=targets, patch_tasks=[patch])]).get("msg", "")


def test_one_resource_as_present_and_absent_is_refused(account: FaultyAccount) -> None:
    window_id = account.setup(windows=[window()])["windows"][0]["window_id"]
    entries = [{"name": "prod", "state": "absent"}, {"window_id": window_id, "name": "other"}]
    assert account.setup(check=True, windows=entries).get("failed")


def test_a_replaced_task_with_an_id_keeps_its_name(account: FaultyAccount) -> None:
    targets = [{"name": "web", "patch_groups": ["web"]}]
    task = {"name": "job", "task_type": "AUTOMATION", "task_arn": "AWS-Nothing", "window_targets": ["web"]}
    made = account.setup(windows=[window(targets=targets, tasks=[task])])
    task_id = made["windows"][0]["tasks"][0]["window_task_id"]
    other = {"window_task_id": task_id, "task_type": "LAMBDA", "task_arn": "arn:aws:lambda:eu-central-1:1:function:f"}
    account.faults({"op": "RegisterTaskWithMaintenanceWindow", "do": "AccessDeniedException"})
    args = {"windows": [window(targets=targets, tasks=[{**other, "window_targets": ["web"]}])]}
    assert account.setup(**args)["failed"]
    account.faults()
    account.setup(**args)
    assert [one["Name"] for one in account.content()["windows"][0]["tasks"]] == ["job"]


def test_a_replacement_by_id_and_name_is_finished(account: FaultyAccount) -> None:
    targets = [{"name": "web", "patch_groups": ["web"]}]
    task = {"name": "job", "task_type": "AUTOMATION", "task_arn": "AWS-Nothing", "window_targets": ["web"]}
    made = account.setup(windows=[window(targets=targets, tasks=[task])])
    task_id = made["windows"][0]["tasks"][0]["window_task_id"]
    other = {
        "window_task_id": task_id,
        "name": "job",
        "task_type": "LAMBDA",
        "task_arn": "arn:aws:lambda:eu-central-1:1:function:f",
        "window_targets": ["web"],
    }
    account.faults({"op": "DeregisterTaskFromMaintenanceWindow", "do": "AccessDeniedException"})
    args = {"windows": [window(targets=targets, tasks=[other])]}
    assert account.setup(**args)["failed"]
    account.faults()
    result = account.setup(**args)
    assert not result.get("failed"), result["msg"]
    assert [one["Name"] for one in account.content()["windows"][0]["tasks"]] == ["job"]


def test_a_name_and_its_replaced_form_are_not_both_declared(account: FaultyAccount) -> None:
    targets = [{"name": name, "patch_groups": [name]} for name in ("web", "web.replaced")]
    account.setup(windows=[window(targets=targets)])
    result = account.setup(windows=[window(targets=targets)])
    assert result.get("failed") or not result["changed"]


def test_long_names_of_one_beginning_are_replaced_apart(account: FaultyAccount) -> None:
    names = ["n" * 127 + end for end in "ab"]
    account.setup(windows=[window(targets=[{"name": one, "patch_groups": [one]} for one in names])])
    account.faults({"op": "DeregisterTargetFromMaintenanceWindow", "do": "AccessDeniedException", "times": 1})
    args = {"windows": [window(targets=[{"name": one, "resource_group": one[-3:]} for one in names])]}
    account.setup(**args)
    account.faults()
    account.settled(**args)


def test_a_rename_to_the_name_of_another_baseline_is_refused(account: FaultyAccount) -> None:
    made = account.setup(baselines=[baseline("one"), baseline("two")])["baselines"]
    rename = {"baseline_id": made[0]["baseline_id"], "name": "two"}
    assert account.setup(check=True, baselines=[rename]).get("failed")


@pytest.mark.parametrize("alarm", [{"ignore_poll_failure": True}, {"name": "", "ignore_poll_failure": True}])
def test_an_alarm_without_a_name_is_refused_before_the_first_write(
    account: FaultyAccount, alarm: dict[str, Json]
) -> None:
    targets = [{"name": "web", "patch_groups": ["web"]}]
    task = {"name": "scan", "operation": "Scan", "window_targets": ["web"], "alarm": alarm}
    result = account.setup(windows=[window(targets=targets, patch_tasks=[task])])
    assert result.get("failed")
    assert not account.content()["windows"]


def test_a_null_parameter_is_not_given(account: FaultyAccount) -> None:
    task = {
        "name": "job",
        "task_type": "AUTOMATION",
        "task_arn": "AWS-Nothing",
        "automation": {"parameters": {"A": "x", "B": None, "C": [None]}},
    }
    result = account.setup(windows=[window(tasks=[task])])
    assert result.get("failed") or "None" not in str(
        account.content()["windows"][0]["tasks"][0]["TaskInvocationParameters"]
    )


@pytest.mark.parametrize("concurrency", [0, -1])
def test_no_concurrency_is_refused(account: FaultyAccount, concurrency: int) -> None:
    assert account.setup(check=True, windows=[window()], concurrency=concurrency).get("failed")


@pytest.mark.parametrize(
    "operation",
    [
        "GetMaintenanceWindow",
        "ListTagsForResource",
        "GetPatchBaseline",
    ],
)
def test_an_answer_of_a_proxy_is_no_answer(account: FaultyAccount, operation: str) -> None:
    args: dict[str, Json] = {"setup": "mine", "windows": [window()], "baselines": [baseline("base")]}
    account.setup(**args)
    before = account.content()
    account.answers[operation] = lambda _answer: {}
    result = account.setup(**args)
    assert result.get("failed")
    assert account.content() == before


def test_an_answer_of_a_proxy_to_a_creation_is_an_error(account: FaultyAccount) -> None:
    account.answers["CreateMaintenanceWindow"] = lambda _answer: {}
    assert account.setup(windows=[window()]).get("failed")


def test_an_entry_that_comes_on_two_pages_is_one(account: FaultyAccount) -> None:
    account.setup(baselines=[baseline("base")])

    def twice(answer: dict[str, Json]) -> dict[str, Json]:
        return {**answer, "BaselineIdentities": answer["BaselineIdentities"] * 2}

    account.answers["DescribePatchBaselines"] = twice
    result = account.setup(baselines=[baseline("base")])
    assert not result.get("failed"), result.get("msg")


def test_a_name_of_the_wrong_type_does_not_make_a_target_unnamed(account: FaultyAccount) -> None:
    account.setup(windows=[window(targets=[{"name": "web", "patch_groups": ["web"]}])])
    account.clear_log()

    account.answers["DescribeMaintenanceWindowTargets"] = lambda answer: {
        "Targets": [{**one, "Name": 5} for one in answer["Targets"]]
    }
    result = account.setup(windows=[window(targets=[{"name": "other", "patch_groups": ["web"]}])])

    assert "Name does not match the service model" in result["msg"]
    assert not account.calls(writes=True)


def test_of_two_namesakes_made_at_once_one_stays(account: FaultyAccount) -> None:
    for number in range(6):
        name = f"prod-{number}"
        account.setup(windows=[window(name=name)])

        def other_run(name: str = name) -> None:
            targets = [{"name": "web", "patch_groups": ["web"]}]
            assert not account.setup(windows=[window(name=name, targets=targets)]).get("failed")

        account.before["RegisterTargetWithMaintenanceWindow"] = other_run
        account.setup(windows=[window(name=name, targets=[{"name": "web", "patch_groups": ["other"]}])])
    assert [len(one["targets"]) for one in account.content()["windows"]] == [1] * 6


def test_a_rival_that_removed_itself_is_no_rival(account: FaultyAccount) -> None:
    made: dict[str, Json] = {}

    def rival_comes() -> None:
        values = {"Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 0, "AllowUnassociatedTargets": False}
        made.update(account.by_hand("CreateMaintenanceWindow", Name="prod", **values))
        account.before["GetMaintenanceWindow"] = lambda: account.by_hand("DeleteMaintenanceWindow", **made)

    def read_back(answer: dict[str, Json]) -> dict[str, Json]:
        if not made and answer["WindowIdentities"]:
            rival_comes()
            return account.by_hand("DescribeMaintenanceWindows")
        return answer

    account.answers["DescribeMaintenanceWindows"] = read_back
    result = account.setup(windows=[window()])
    assert not result.get("failed"), result["msg"]


def test_a_new_window_that_somebody_removes_leaves_its_rival(account: FaultyAccount) -> None:
    own: list[str] = []

    def read_back(answer: dict[str, Json]) -> dict[str, Json]:
        if own or not answer["WindowIdentities"]:
            return answer
        own.append(answer["WindowIdentities"][0]["WindowId"])
        values = {"Schedule": "rate(1 day)", "Duration": 2, "Cutoff": 0, "AllowUnassociatedTargets": False}
        account.by_hand("CreateMaintenanceWindow", Name="prod", **values)
        account.before["GetMaintenanceWindow"] = lambda: account.by_hand("DeleteMaintenanceWindow", WindowId=own[0])
        return account.by_hand("DescribeMaintenanceWindows")

    account.answers["DescribeMaintenanceWindows"] = read_back
    result = account.setup(windows=[window()])

    assert [one["code"] for one in result["errors"]] == ["DoesNotExistException"]
    assert [one["Name"] for one in account.content()["windows"]] == ["prod"]
    account.settled(windows=[window()])


def test_a_registration_whose_answer_was_lost_is_seen_in_time(account: FaultyAccount) -> None:
    if account.profile == "lenient":
        pytest.skip("there a group can be registered twice")
    account.setup(baselines=[baseline("one", patch_groups=["web"]), baseline("two")])
    account.simulator.set_lag(4)
    account.faults({"op": "RegisterPatchBaselineForPatchGroup", "do": "lost", "times": 1})
    entries = [baseline("one", patch_groups=[]), baseline("two", patch_groups=["web"], move_patch_groups=True)]
    result = account.setup(baselines=entries)
    assert not result.get("failed"), result["msg"]


@pytest.mark.parametrize("groups", [{"patch_groups": []}, {}])
def test_a_move_between_declared_baselines_is_told_of_both(account: FaultyAccount, groups: dict[str, Json]) -> None:
    account.setup(baselines=[baseline("one", patch_groups=["web"]), baseline("two")])
    entries = [baseline("one", **groups), baseline("two", patch_groups=["web"], move_patch_groups=True)]
    result = account.setup(baselines=entries)
    assert {change["name"] for change in result["changes"]} == {"one", "two"}
    assert [one["patch_groups"] for one in result["baselines"]] == [[], ["web"]]


def test_a_target_that_is_named_twice_is_one(account: FaultyAccount) -> None:
    targets = [{"name": "web", "patch_groups": ["web"]}]
    target_id = account.setup(windows=[window(targets=targets)])["windows"][0]["targets"][0]["window_target_id"]
    task = {"name": "scan", "operation": "Scan", "window_targets": ["web", target_id]}
    account.setup(windows=[window(targets=targets, patch_tasks=[task])])
    (stored,) = account.content()["windows"][0]["tasks"]
    assert stored["Targets"] == [{"Key": "WindowTargetIds", "Values": ["web"]}]


def test_a_baseline_that_would_have_lost_a_group_is_told(account: FaultyAccount) -> None:
    account.setup(baselines=[baseline("one", patch_groups=["web"]), baseline("two")])
    account.faults({"op": "DeregisterPatchBaselineForPatchGroup", "do": "AccessDeniedException"})
    result = account.setup(baselines=[baseline("two", patch_groups=["web"], move_patch_groups=True), baseline("one")])
    assert [one["name"] for one in result["errors"]] == ["two"]
    assert [one["name"] for one in result["not_attempted"]] == ["one"]


def test_the_content_of_a_window_that_could_not_go_is_told(account: FaultyAccount) -> None:
    account.setup(setup="mine", windows=[window(targets=[{"name": "web", "patch_groups": ["web"]}])])
    account.faults({"op": "DeleteMaintenanceWindow", "do": "AccessDeniedException"})
    result = account.setup(setup="mine", windows=[window(state="absent")])
    assert [one["kind"] for one in result["not_attempted"]] == ["target"]


def test_an_error_that_other_calls_do_not_give_is_an_error(account: FaultyAccount) -> None:
    account.setup(windows=[window()])
    account.faults({"op": "AddTagsToResource", "do": "AlreadyExistsException"})
    result = account.setup(windows=[window(tags={"Team": "x"})])
    assert "AlreadyExistsException" in result["msg"]
