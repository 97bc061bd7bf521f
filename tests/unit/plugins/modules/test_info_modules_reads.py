# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The info modules against the simulator: filters, what is read and how often, declarations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.patchfleet.aws.tests.support.account import ACCOUNT, REGION, Account

WINDOWS = "ssm_maintenance_window_info"
BASELINES = "ssm_patch_baseline_info"
NODE = "i-0123456789abcdef0"
SCHEDULE = {"Schedule": "cron(0 2 ? * TUE *)", "Duration": 3, "Cutoff": 1, "AllowUnassociatedTargets": False}
EVERYTHING = ["targets", "tasks", "next_runs"]
GROUPS = {"include": ["patch_groups"]}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def make_window(account: Account, name: str = "prod", **members: Any) -> str:
    tags = tag_list(members.pop("tags", {}))
    answer = account.by_hand("CreateMaintenanceWindow", Name=name, **{**SCHEDULE, **members}, Tags=tags)
    return str(answer["WindowId"])


def fill(account: Account, window_id: str) -> str:
    """A target and two tasks, one of which patches; gives the id of the target."""
    register = "RegisterTargetWithMaintenanceWindow"
    target = [{"Key": "InstanceIds", "Values": [NODE]}]
    made = account.by_hand(register, WindowId=window_id, Name="web", ResourceType="INSTANCE", Targets=target)
    target_id = str(made["WindowTargetId"])
    where = {"WindowId": window_id, "Targets": [{"Key": "WindowTargetIds", "Values": [target_id]}]}
    rates = {"MaxConcurrency": "10%", "MaxErrors": "10%", "TaskType": "RUN_COMMAND"}
    for number, (name, arn, parameters) in enumerate(
        [("scan", "AWS-RunPatchBaseline", {"Operation": ["Scan"]}), ("tell", "Custom", {"a": ["x", "y"]})]
    ):
        invocation = {"RunCommand": {"Parameters": parameters}}
        account.by_hand(
            "RegisterTaskWithMaintenanceWindow",
            **{**where, **rates, "Name": name, "TaskArn": arn, "Priority": 2 - number},
            TaskInvocationParameters=invocation,
        )
    return target_id


def make_baseline(account: Account, name: str, system: str = "WINDOWS", **members: Any) -> str:
    answer = account.by_hand("CreatePatchBaseline", Name=name, OperatingSystem=system, **members)
    return str(answer["BaselineId"])


def names(result: dict[str, Any], key: str = "windows") -> list[str]:
    return [entry["name"] for entry in result[key]]


def test_an_empty_account_has_no_windows(account: Account) -> None:
    assert account.run(WINDOWS, include=EVERYTHING)["windows"] == []
    assert account.calls() == {"DescribeMaintenanceWindows": 1}


def test_filters_of_windows_combine(account: Account) -> None:
    prod = make_window(account, tags={"Env": "prod", "Ring": "1", "patchfleet:setup": "one"})
    test = make_window(account, "test", tags={"Env": "test"})
    account.by_hand("UpdateMaintenanceWindow", WindowId=test, Enabled=False)
    fill(account, prod)
    missing = "mw-0123456789abcdef0"
    for fitting, filters in [
        (["prod", "test"], {}),
        (["prod"], {"names": ["prod", "pro", "other"]}),
        (["test"], {"window_ids": [test, missing]}),
        (["prod"], {"enabled": True}),
        (["test"], {"enabled": False}),
        (["prod"], {"tags": {"Env": "prod"}}),
        (["prod"], {"tags": {"Ring": 1}}),
        (["prod"], {"tags": {"patchfleet:setup": "one", "Env": "prod"}}),
        (["prod", "test"], {"tags": {}}),
        (["prod"], {"instance_id": NODE}),
        ([], {"instance_id": "i-0123456789abcdef1"}),
        ([], {"names": ["prod"], "enabled": False}),
        ([], {"names": ["prod"], "window_ids": [test]}),
        ([], {"tags": {"Env": "prod"}, "enabled": False}),
        ([], {"window_ids": [missing]}),
        ([], {"names": []}),
        (["prod", "test"], {"next_run_count": 100, "execution_count": 1000}),
    ]:
        result = account.run(WINDOWS, **filters)
        assert (names(result), result["changed"]) == (fitting, False), filters


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"window_ids": ["prod"]}, "window_ids: 'prod' is not a valid ID of a window"),
        ({"instance_id": "web-1"}, "instance_id: 'web-1' is not a valid instance ID"),
        ({"next_run_count": 0}, "next_run_count: 0 must be from 1 to 100"),
        ({"include": ["all"]}, "include"),
    ],
)
def test_malformed_options_of_windows_are_told_before_any_call(account: Account, args: Any, text: str) -> None:
    assert text in account.fails(WINDOWS, **args)["msg"]
    assert not account.calls()


def test_a_window_with_all_that_is_in_it(account: Account) -> None:
    window_id = make_window(account, tags={"Env": "prod", "patchfleet:setup": "one"})
    target_id = fill(account, window_id)
    for check in (True, False):
        (found,) = account.run(WINDOWS, check=check, include=EVERYTHING, next_run_count=2)["windows"]
        assert (found["window_id"], found["tags"], found["setup"]) == (window_id, {"Env": "prod"}, "one")
        assert (found["schedule"], found["description"], found["enabled"]) == (SCHEDULE["Schedule"], None, True)
        assert found["created_date"].startswith("2026-01-01T00:00:00")
        (target,) = found["targets"]
        assert (target["name"], target["window_target_id"], target["window_id"]) == ("web", target_id, window_id)
        assert target["targets"] == [{"key": "InstanceIds", "values": [NODE]}]
        assert [(one["name"], one["priority"]) for one in found["tasks"]] == [("tell", 1), ("scan", 2)]
        assert found["tasks"][0]["window_targets"] == ["web"]
        assert found["tasks"][1]["run_command"]["parameters"] == {"Operation": ["Scan"]}
        assert [run[:13] for run in found["next_runs"]] == ["2026-01-06T02", "2026-01-13T02"]
        assert found["undeclared"] == []
        assert found["declaration"] == {
            "name": "prod",
            "schedule": "cron(0 2 ? * TUE *)",
            "duration": 3,
            "cutoff": 1,
            "tags": {"Env": "prod"},
            "targets": [{"name": "web", "instance_ids": [NODE]}],
            "patch_tasks": [{"name": "scan", "operation": "Scan", "window_targets": ["web"], "priority": 2}],
            "tasks": [
                {
                    "name": "tell",
                    "task_type": "RUN_COMMAND",
                    "task_arn": "Custom",
                    "window_targets": ["web"],
                    "run_command": {"parameters": {"a": ["x", "y"]}},
                }
            ],
        }


def test_only_what_is_asked_for_is_in_the_answer(account: Account) -> None:
    fill(account, make_window(account))
    (plain,) = account.run(WINDOWS)["windows"]
    assert not {"targets", "tasks", "next_runs"} & set(plain)
    assert set(plain["declaration"]) == {"name", "schedule", "duration", "cutoff"}
    (targets,) = account.run(WINDOWS, include=["targets"])["windows"]
    assert set(targets["declaration"]) - set(plain["declaration"]) == {"targets"}
    (tasks,) = account.run(WINDOWS, include=["tasks"])["windows"]
    assert "targets" not in tasks
    assert set(tasks["declaration"]) - set(plain["declaration"]) == {"targets", "patch_tasks", "tasks"}


def test_every_thing_of_windows_is_read_once(account: Account) -> None:
    enabled, disabled, other = (make_window(account, name, tags={"Env": name}) for name in ("one", "two", "three"))
    account.by_hand("UpdateMaintenanceWindow", WindowId=disabled, Enabled=False)
    for window_id in (enabled, disabled, other):
        fill(account, window_id)
    listing = {"DescribeMaintenanceWindows": 1}
    counts = {
        (): {"GetMaintenanceWindow": 3, "ListTagsForResource": 3},
        ("targets",): {"GetMaintenanceWindow": 3, "ListTagsForResource": 3, "DescribeMaintenanceWindowTargets": 3},
        # A disabled window has no runs to ask for.
        ("next_runs",): {"GetMaintenanceWindow": 3, "ListTagsForResource": 3, "DescribeMaintenanceWindowSchedule": 2},
        ("tasks",): {
            "GetMaintenanceWindow": 3,
            "ListTagsForResource": 3,
            "DescribeMaintenanceWindowTargets": 3,
            "DescribeMaintenanceWindowTasks": 3,
            "GetMaintenanceWindowTask": 6,
        },
    }
    for include, expected in counts.items():
        account.clear_log()
        result = account.run(WINDOWS, include=list(include))
        assert account.calls() == {**listing, **expected}
        if include == ("next_runs",):
            assert {one["name"]: len(one["next_runs"]) for one in result["windows"]} == {"one": 5, "three": 5, "two": 0}
            asked = account.inputs("DescribeMaintenanceWindowSchedule")
            assert {entry["WindowId"]: entry["MaxResults"] for entry in asked} == {enabled: 5, other: 5}
    account.clear_log()
    account.run(WINDOWS, tags={"Env": "one"})
    assert account.calls() == {**listing, "ListTagsForResource": 3, "GetMaintenanceWindow": 1}
    account.clear_log()
    account.run(WINDOWS, instance_id=NODE, names=["two"])
    assert account.calls() == {
        **listing,
        "DescribeMaintenanceWindowsForTarget": 1,
        "GetMaintenanceWindow": 1,
        "ListTagsForResource": 1,
    }


def test_many_windows_come_page_by_page(account: Account) -> None:
    for number in range(45):
        make_window(account, f"window-{number:02}")
    account.faults({"op": "*", "do": "ThrottlingException", "times": 3})
    assert names(account.run(WINDOWS)) == [f"window-{number:02}" for number in range(45)]


@pytest.mark.parametrize(
    "operation",
    [
        "GetMaintenanceWindow",
        "ListTagsForResource",
        "DescribeMaintenanceWindowTargets",
        "DescribeMaintenanceWindowTasks",
        "DescribeMaintenanceWindowSchedule",
    ],
)
def test_a_window_that_vanishes_meanwhile_is_left_out(account: Account, operation: str) -> None:
    fill(account, make_window(account, "one"))
    code = "InvalidResourceId" if operation == "ListTagsForResource" else "DoesNotExistException"
    account.faults({"op": operation, "do": code})
    assert account.run(WINDOWS, include=EVERYTHING)["windows"] == []


def test_a_task_that_vanishes_meanwhile_is_left_out(account: Account) -> None:
    fill(account, make_window(account))
    account.faults({"op": "GetMaintenanceWindowTask", "do": "DoesNotExistException", "times": 1})
    (found,) = account.run(WINDOWS, include=["tasks"])["windows"]
    assert len(found["tasks"]) == 1


def test_a_failed_read_is_an_error_and_no_empty_list(account: Account) -> None:
    make_window(account)
    account.faults({"op": "GetMaintenanceWindow", "do": "AccessDeniedException"})
    failed = account.fails(WINDOWS)
    assert "ssm:GetMaintenanceWindow" in failed["msg"]
    assert failed["error"]["code"] == "AccessDeniedException"
    assert failed["error"]["request_id"]


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("DescribeMaintenanceWindows", "WindowIdentities"),
        ("GetMaintenanceWindow", "WindowId"),
        ("ListTagsForResource", "TagList"),
        ("DescribeMaintenanceWindowTargets", "Targets"),
        ("GetMaintenanceWindowTask", "WindowTaskId"),
        ("DescribeMaintenanceWindowSchedule", "ScheduledWindowExecutions"),
    ],
)
def test_an_answer_that_lacks_what_it_must_have_is_an_error(
    account: Account, operation: str, member: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(account, make_window(account))
    real = account.simulator.execute

    def execute(called: str, region: str, number: str, body: Any) -> dict[str, Any]:
        answer = real(called, region, number, body)
        return {name: value for name, value in answer.items() if called != operation or name != member}

    monkeypatch.setattr(account.simulator, "execute", execute)
    failed = account.fails(WINDOWS, include=EVERYTHING)
    assert f"ssm:{operation} failed: the response contains no {member}" in failed["msg"]


def test_a_window_past_its_end_has_no_next_run(account: Account) -> None:
    make_window(account, EndDate="2026-01-10T00:00:00Z")
    account.simulator.advance(30 * 86400)
    (found,) = account.run(WINDOWS, include=["next_runs"])["windows"]
    assert (found["next_execution_time"], found["next_runs"]) == (None, [])


def test_while_a_run_goes_on_the_next_one_is_told(account: Account) -> None:
    make_window(account)
    account.simulator.set_clock("2026-01-06T02:30:00Z")
    (found,) = account.run(WINDOWS, include=["next_runs"], next_run_count=1)["windows"]
    assert found["next_execution_time"].startswith("2026-01-13T02:00")
    assert [run[:16] for run in found["next_runs"]] == ["2026-01-13T02:00"]


def test_namesakes_outside_the_filter_are_known(account: Account) -> None:
    one, _other = make_window(account), make_window(account)
    (found,) = account.run(WINDOWS, window_ids=[one])["windows"]
    assert found["declaration"] is None
    way = f"to name it, use ssm_maintenance_window with window_id: {one}"
    assert found["undeclared"] == [
        f"window prod: 2 windows have this name, but a declaration requires unique names; {way}"
    ]


def test_what_a_window_declares_changes_nothing(account: Account) -> None:
    fill(account, make_window(account, tags={"Env": "prod"}))
    declared = [one["declaration"] for one in account.run(WINDOWS, include=EVERYTHING)["windows"]]
    for unset in ("keep", "reset"):
        result = account.run("ssm_patch_setup", windows=declared, unset=unset)
        assert (result["changed"], result["diff"]) == (False, [])


def test_filters_of_baselines_combine(account: Account) -> None:
    one = make_baseline(account, "one")
    make_baseline(account, "two", "UBUNTU")
    account.by_hand("RegisterDefaultPatchBaseline", BaselineId=one)
    for fitting, filters in [
        (["one", "two"], {}),
        (["two"], {"operating_system": "UBUNTU"}),
        (["one"], {"default_only": True}),
        (["one"], {"names": ["one", "on"]}),
        ([], {"names": ["two"], "default_only": True}),
        ([], {"baseline_ids": ["pb-0123456789abcdef0"]}),
        ([], {"owner": "aws", "operating_system": "WINDOWS", "default_only": True}),
        ([], {"baseline_ids": []}),
    ]:
        result = account.run(BASELINES, **filters)
        assert (names(result, "baselines"), result["changed"]) == (fitting, False), filters


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({"baseline_ids": ["one"]}, "baseline_ids: 'one' is not a valid ID of a baseline"),
        ({"operating_system": "BEOS"}, "operating_system: 'BEOS' must be one of WINDOWS, "),
    ],
)
def test_malformed_options_of_baselines_are_told_before_any_call(account: Account, args: Any, text: str) -> None:
    assert text in account.fails(BASELINES, **args)["msg"]
    assert not account.calls()


def test_an_arn_and_a_bare_id_are_the_same_baseline(account: Account) -> None:
    bare = make_baseline(account, "one")
    account.by_hand("RegisterDefaultPatchBaseline", BaselineId=bare)
    arn = f"arn:aws:ssm:eu-central-1:123456789012:patchbaseline/{bare}"
    for given in (bare, arn):
        (found,) = account.run(BASELINES, baseline_ids=[given])["baselines"]
        assert (found["baseline_id"], found["owner"], found["default"]) == (bare, "self", True)


def test_a_baseline_of_aws_by_name_arn_and_bare_id(account: Account) -> None:
    name = "AWS-AmazonLinux2023DefaultPatchBaseline"
    (found,) = account.run(BASELINES, owner="aws", names=[name])["baselines"]
    arn = found["baseline_id"]
    assert arn.startswith("arn:aws:ssm:")
    assert (found["owner"], found["default"], found["tags"], found["declaration"]) == ("aws", True, {}, None)
    account.by_hand("RegisterPatchBaselineForPatchGroup", BaselineId=arn, PatchGroup="Web")
    for given in (arn, arn.rpartition("/")[2]):
        (found,) = account.run(BASELINES, owner="all", baseline_ids=[given], **GROUPS)["baselines"]
        assert (found["name"], found["patch_groups"]) == (name, ["Web"])
        assert found["declaration"] == {
            "name": name,
            "operating_system": "AMAZON_LINUX_2023",
            "patch_groups": ["Web"],
        }
        result = account.run("ssm_patch_setup", baselines=[found["declaration"]])
        assert not result["changed"]


def test_each_operating_system_has_its_default_baseline(account: Account) -> None:
    found = account.run(BASELINES, owner="aws", default_only=True)["baselines"]
    systems = {one["operating_system"]: one["baseline_id"] for one in found}
    assert len(found) == len(systems) == len(set(systems.values())) >= 14
    for system, baseline_id in systems.items():
        asked = account.run(BASELINES, owner="aws", operating_system=system, default_only=True)["baselines"]
        assert [one["baseline_id"] for one in asked] == [baseline_id]


def test_another_baseline_of_aws_as_the_default_is_declared(account: Account) -> None:
    name = "AWS-WindowsPredefinedPatchBaseline-OS"
    (found,) = account.run(BASELINES, owner="aws", names=[name])["baselines"]
    account.by_hand("RegisterDefaultPatchBaseline", BaselineId=found["baseline_id"])
    (found,) = account.run(BASELINES, owner="aws", names=[name])["baselines"]
    assert found["declaration"] == {"name": name, "operating_system": "WINDOWS", "default": True}


def test_every_thing_of_baselines_is_read_once(account: Account) -> None:
    one = make_baseline(account, "one")
    make_baseline(account, "two", "UBUNTU")
    account.by_hand("RegisterPatchBaselineForPatchGroup", BaselineId=one, PatchGroup="Web")
    account.clear_log()
    (found, _two) = account.run(BASELINES, **GROUPS)["baselines"]
    assert (found["patch_groups"], found["declaration"]["patch_groups"]) == (["Web"], ["Web"])
    assert account.calls() == {"DescribePatchBaselines": 1, "GetPatchBaseline": 2, "ListTagsForResource": 2}
    account.clear_log()
    found = account.run(BASELINES, owner="all", operating_system="UBUNTU", **GROUPS)["baselines"]
    assert account.calls() == {
        "DescribePatchBaselines": 1,
        "DescribePatchGroups": 1,
        "GetPatchBaseline": len(found),
        "ListTagsForResource": 1,
    }


def test_a_baseline_as_an_override_holds_no_nulls(account: Account) -> None:
    filters = {"PatchFilters": [{"Key": "CLASSIFICATION", "Values": ["SecurityUpdates"]}]}
    rules = {"PatchRules": [{"PatchFilterGroup": filters, "ApproveUntilDate": "2026-02-02"}]}
    make_baseline(account, "one", ApprovalRules=rules, Description="not in an override")
    (found,) = account.run(BASELINES, as_override=True)["baselines"]
    (override,) = json.loads(found["override"])
    assert "null" not in found["override"]
    assert (override["OperatingSystem"], override["RejectedPatchesAction"]) == ("WINDOWS", "ALLOW_AS_DEPENDENCY")
    (rule,) = override["ApprovalRules"]["PatchRules"]
    assert (rule["ApproveUntilDate"], "ApproveAfterDays" in rule) == ("2026-02-02", False)
    assert not {"Name", "Description", "BaselineId", "CreatedDate", "PatchGroups"} & set(override)
    assert found["declaration"]["approval_rules"] == [
        {"filters": {"CLASSIFICATION": ["SecurityUpdates"]}, "approve_until_date": "2026-02-02"}
    ]


def test_baselines_that_vanish_meanwhile_are_left_out(account: Account) -> None:
    make_baseline(account, "one")
    account.faults({"op": "GetPatchBaseline", "do": "DoesNotExistException"})
    assert account.run(BASELINES)["baselines"] == []


def test_namesakes_and_stacks_among_baselines(account: Account) -> None:
    make_baseline(account, "one")
    make_baseline(account, "one")
    make_baseline(account, "one", "UBUNTU")
    stack = tag_list({"aws:cloudformation:stack-id": "arn"})
    seed = {"account": ACCOUNT, "region": REGION, "baselines": [{"Name": "two", "SystemTags": stack}]}
    account.simulator.plant({"regions": [seed]})
    found = account.run(BASELINES)["baselines"]
    assert [(one["name"], bool(one["declaration"])) for one in found] == [
        ("one", True),
        ("one", False),
        ("one", False),
        ("two", False),
    ]
    assert found[0]["operating_system"] == "UBUNTU"
    assert "2 baselines" in found[1]["undeclared"][0]
    assert "CloudFormation" in found[3]["undeclared"][0]


def test_what_a_baseline_declares_changes_nothing(account: Account) -> None:
    one = make_baseline(account, "one", Tags=tag_list({"Env": "prod"}))
    account.by_hand("RegisterDefaultPatchBaseline", BaselineId=one)
    account.by_hand("RegisterPatchBaselineForPatchGroup", BaselineId=one, PatchGroup="Web")
    (found,) = account.run(BASELINES)["baselines"]
    for unset in ("keep", "reset"):
        result = account.run("ssm_patch_setup", baselines=[found["declaration"]], unset=unset)
        assert (result["changed"], result["diff"]) == (False, [])


def test_a_target_whose_name_is_not_unique_is_shown_by_its_id(account: Account) -> None:
    window_id = make_window(account)
    target_id = fill(account, window_id)
    criteria = [{"Key": "tag:Env", "Values": ["prod"]}]
    register = "RegisterTargetWithMaintenanceWindow"
    account.by_hand(register, WindowId=window_id, Name="web", ResourceType="INSTANCE", Targets=criteria)

    (found,) = account.run(WINDOWS, include=["tasks"])["windows"]

    assert [one["window_targets"] for one in found["tasks"]] == [[target_id], [target_id]]
